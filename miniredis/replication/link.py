"""Links to a primary over Twisted: TCP, with the keepalive and the source address of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure

from miniredis.dispatch.executor import Engine
from miniredis.replication.outside import Link, LinkUser, Network


class LinkProtocol(Protocol):
    """Carries bytes to the link's user; a defect in there ends the link, not the server."""

    def __init__(self, link: TcpLink) -> None:
        self.link = link

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        self.link.made(transport)

    def dataReceived(self, data: bytes) -> None:
        self.link.received(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.link.lost(reason.getErrorMessage() if reason is not None else "closed")


class TcpLink(Link, ClientFactory):
    """One connection, from the try to its end."""

    noisy = False

    def __init__(self, engine: Engine, user: LinkUser) -> None:
        self.engine = engine
        self.user: LinkUser | None = user
        self.connector: Any = None
        self.transport: Any = None

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return LinkProtocol(self)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.lost(reason.getErrorMessage())

    # -- what happens

    def made(self, transport: Any) -> None:
        self.transport = transport
        self.peer = _name(transport.getPeer())
        self.local = _name(transport.getHost())
        user = self.user
        if user is None:
            transport.abortConnection()
        else:
            user.link_made()

    def received(self, data: bytes) -> None:
        user = self.user
        if user is None:
            return
        try:
            user.link_received(data)
        except Exception as defect:
            self.engine.log_failure("replication failed", defect)
            self.close()
            user.link_lost("a defect of this server")

    def lost(self, reason: str) -> None:
        user = self.user
        self.user = None
        self.transport = None
        self.connector = None
        if user is not None:
            user.link_lost(reason)

    # -- what is asked for

    def send(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def close(self) -> None:
        self.user = None
        connector, self.connector = self.connector, None
        if self.transport is not None:
            self.transport.abortConnection()
        elif connector is not None:
            connector.stopConnecting()

    def pause(self) -> None:
        if self.transport is not None:
            self.transport.pauseProducing()

    def resume(self) -> None:
        if self.transport is not None:
            self.transport.resumeProducing()


class TcpNetwork(Network):
    def __init__(self, engine: Engine, reactor: Any) -> None:
        self.engine = engine
        self.reactor = reactor
        #: Puts TLS, or nothing, around a factory that connects to a host.
        self.wrap: Callable[[Any, str], Any] = _as_it_is

    def connect(self, host: str, port: int, user: LinkUser, timeout_s: float) -> Link:
        link = TcpLink(self.engine, user)
        source = self.engine.config.string("bind-source-addr")
        bind = (source, 0) if source else None
        link.connector = self.reactor.connectTCP(host, port, self.wrap(link, host), timeout_s, bind)
        return link


def _as_it_is(factory: Any, host: str) -> Any:
    return factory


def _name(address: IAddress) -> bytes:
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}".encode()
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}".encode()
    return b"?:0"
