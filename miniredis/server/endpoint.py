"""The hub as a stream server endpoint: `redis:6379:interface=127.0.0.1`.

Any factory may listen on it, under any reactor that watches descriptors.  Where select.epoll is missing, or the
reactor watches none, Twisted's own TCP endpoint takes its place.
"""

from __future__ import annotations

import select
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IReactorFDSet, IStreamServerEndpoint
from twisted.internet.tcp import Port
from zope.interface import implementer

from miniredis.server.hub import HubReader, as_reactor, hub_of
from miniredis.server.interfaces import IDirectSessions
from miniredis.server.listener import SessionPort

DEFAULT_BACKLOG = 511


def has_hub(reactor: Any) -> bool:
    """Whether the hub can run under this reactor, on this system."""
    return hasattr(select, "epoll") and bool(IReactorFDSet.providedBy(reactor))


def ordinary_endpoint(reactor: Any, port: int, interface: str, backlog: int) -> Any:
    """Twisted's own for this address."""
    # Brings 10 MB along that the hub has no use for.
    from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint

    kind: Any = TCP6ServerEndpoint if ":" in interface else TCP4ServerEndpoint
    return kind(reactor, port, backlog, interface)


@implementer(IStreamServerEndpoint)
class HubEndpoint:
    """TCP on one address; `interface` empty: every IPv4 address."""

    def __init__(self, reactor: Any, port: int, interface: str = "", backlog: int = DEFAULT_BACKLOG) -> None:
        self._reactor = reactor
        self._port = port
        self._interface = interface
        self._backlog = backlog

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        if not has_hub(self._reactor):
            plain = ordinary_endpoint(self._reactor, self._port, self._interface, self._backlog)
            listening: Deferred[IListeningPort] = plain.listen(protocolFactory)
            return listening
        port: Any
        if IDirectSessions.providedBy(protocolFactory):
            sessions: Any = protocolFactory
            if sessions.hub is None:
                sessions.hub = HubReader(sessions.engine, self._reactor)
                sessions.hub.start()
            port = SessionPort(sessions.hub, sessions, self._port, self._interface, self._backlog)
        else:
            descriptors = as_reactor(hub_of(self._reactor).descriptors)
            port = Port(self._port, protocolFactory, self._backlog, self._interface, descriptors)
        try:
            port.startListening()
        except CannotListenError:
            return fail()
        return succeed(port)
