"""Twisted's own tests of TCP ports and transports, with the hub's endpoint in place of the reactor's listenTCP."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.test import test_tcp
from twisted.internet.test.reactormixins import ReactorBuilder

from miniredis.server.endpoint import HubEndpoint

REACTORS = [
    "twisted.internet.epollreactor.EPollReactor",
    "twisted.internet.selectreactor.SelectReactor",
    "twisted.internet.pollreactor.PollReactor",
    "twisted.internet.test.reactormixins.AsyncioSelectorReactor",
]


def listen(reactor: Any, factory: Any, port: int = 0, interface: str = "") -> Any:
    """As reactor.listenTCP, which answers at once."""
    listening: list[Any] = []
    HubEndpoint(reactor, port, interface).listen(factory).addCallback(listening.append)
    return listening[0]


class ReactorOnHub:
    """A reactor whose listenTCP is the hub's; for tests that call it themselves."""

    def buildReactor(self) -> Any:
        reactor: Any = super().buildReactor()  # type: ignore[misc]
        reactor.listenTCP = lambda port, factory, backlog=50, interface="": listen(reactor, factory, port, interface)
        return reactor


class HubCreator(test_tcp.TCPCreator):
    """Server on the hub, client on the reactor."""

    interface = "127.0.0.1"

    def server(self, reactor: Any) -> HubEndpoint:
        return HubEndpoint(reactor, 0, "127.0.0.1")

    def client(self, reactor: Any, serverAddress: Any) -> TCP4ClientEndpoint:
        return TCP4ClientEndpoint(reactor, "127.0.0.1", serverAddress.port)


class PortBuilder(
    ReactorBuilder, test_tcp.ConnectToTCPListenerMixin, test_tcp.TCPPortTestsMixin, test_tcp.StreamTransportTestsMixin
):
    _reactors = REACTORS

    def getListeningPort(self, reactor: Any, factory: Any, port: int = 0, interface: str = "") -> Any:
        return listen(reactor, factory, port, interface)


class TransportBuilder(ReactorOnHub, test_tcp.TCPTransportTestsBuilder):
    _reactors = REACTORS


class AbortBuilder(ReactorBuilder, test_tcp.AbortConnectionMixin):
    _reactors = REACTORS
    endpoints = HubCreator()


class ClientBuilder(test_tcp.TCP4ClientTestsBuilder):
    """Clients of the reactor that talk to servers on the hub: half closes, losses and producers of both sides."""

    _reactors = REACTORS
    endpoints = HubCreator()


class ConnectionBuilder(ReactorOnHub, test_tcp.TCPConnectionTestsBuilder):
    _reactors = REACTORS
    #: It looks for the transport among what the reactor watches; ours is in the hub's set. See test_endpoint.py.
    test_resumeProducing = None


for builder in (PortBuilder, TransportBuilder, AbortBuilder, ClientBuilder, ConnectionBuilder):
    globals().update(builder.makeTestCaseClasses())
    # The builder itself is no test: it has no reactor.
del builder, PortBuilder, TransportBuilder, AbortBuilder, ClientBuilder, ConnectionBuilder
