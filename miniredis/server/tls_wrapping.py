"""TLS around Twisted's factories: links to other servers, the bus, and clients where there is no hub.

The contexts are asked for anew for each connection, so that it gets those that hold at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from miniredis.dispatch.session import Session
from miniredis.server.protocol import SessionFactory, SessionProtocol
from miniredis.server.tls_identity import is_address

#: Returns the context that holds now.
ContextNow = Callable[[], Any]


@implementer(IOpenSSLServerConnectionCreator)
class Answering:
    """Our side of what connects to us."""

    def __init__(self, context: ContextNow) -> None:
        self.context = context

    def serverConnectionForTLS(self, protocol: Any) -> Any:
        connection = SSL.Connection(self.context(), None)
        connection.set_accept_state()
        return connection


@implementer(IOpenSSLClientConnectionCreator)
class Dialing:
    """Our side of a connection to `host`, which we tell what we call it, and hold to it."""

    def __init__(self, context: ContextNow, host: str) -> None:
        self.context = context
        self.host = host

    def clientConnectionForTLS(self, protocol: Any) -> Any:
        connection = SSL.Connection(self.context(), None)
        connection.set_app_data(protocol)
        if not is_address(self.host):
            connection.set_tlsext_host_name(self.host.encode("idna"))
        connection.set_connect_state()
        return connection


class AtOnce(TLSMemoryBIOFactory):
    """Nothing is gathered: whoever is in here writes once a turn, and a goodbye must not overtake what was written."""

    protocol = TLSMemoryBIOProtocol
    #: The one that is to be reached.
    host = ""


def wrap_server(factory: Any, context: ContextNow, clock: Any) -> Any:
    creator: Any = Answering(context)
    return AtOnce(creator, False, factory, clock)


def wrap_client(factory: Any, host: str, context: ContextNow, clock: Any) -> Any:
    creator: Any = Dialing(context, host)
    wrapped = AtOnce(creator, True, factory, clock)
    wrapped.host = host
    return wrapped


@implementer(IHandshakeListener)
class TlsSessionProtocol(SessionProtocol):
    """A client over Twisted's TLS."""

    def connectionMade(self) -> None:
        self.port.is_tls = True
        super().connectionMade()

    def handshakeCompleted(self) -> None:
        transport: Any = self.transport
        if self.session is not None:
            self.factory.enter(self.session, transport.getHandle())


class TlsSessions:
    """The factory of such clients: the clients of a SessionFactory, whose sessions they are."""

    noisy = False

    def __init__(self, sessions: SessionFactory, enter: Callable[[Session, Any], None]) -> None:
        self.sessions = sessions
        self.enter = enter

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sessions, name)

    def buildProtocol(self, addr: object) -> Any:
        protocol = TlsSessionProtocol()
        protocol.factory = self
        return protocol
