"""The listening socket of an engine: its connections become sessions in the hub at once."""

from __future__ import annotations

import errno
import socket
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from miniredis.server.hub import HubReader
from miniredis.server.session_loop import add_client

ACCEPTS_A_TURN = 128
#: How long no connection is accepted after the process ran out of file descriptors.
PAUSE_WITHOUT_DESCRIPTORS_S = 0.1


def bind_tcp(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket; OSError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)
        listening.bind((host, port))
        listening.listen(backlog)
    except OSError:
        listening.close()
        raise
    return listening


def name_address(address: Any) -> bytes:
    """As CLIENT LIST shows it."""
    host, port = address[0], address[1]
    return f"[{host}]:{port}".encode() if ":" in host else f"{host}:{port}".encode()


@implementer(IListeningPort, IReadDescriptor)
class SessionPort:
    """A port for a factory with IDirectSessions.  Nothing is accepted before the hub runs."""

    def __init__(self, reader: HubReader, factory: Any, port: int, interface: str, backlog: int) -> None:
        self.reader = reader
        self.factory = factory
        self.requested_port = port
        self.interface = interface
        self.backlog = backlog
        self.socket: socket.socket | None = None

    def startListening(self) -> None:
        """Bind and listen; CannotListenError when the address cannot be had."""
        try:
            self.socket = bind_tcp(self.interface, self.requested_port, self.backlog)
        except OSError as problem:
            raise CannotListenError(self.interface, self.requested_port, problem) from problem
        self._begin()

    def adopt(self, listening: socket.socket) -> None:
        """Accept from a socket that listens already: somebody else opened it for us."""
        listening.setblocking(False)
        self.socket = listening
        self._begin()

    def _begin(self) -> None:
        self.factory.doStart()
        self.reader.descriptors.addReader(self)

    def stopListening(self) -> Deferred[None]:
        if self.socket is not None:
            self.reader.descriptors.removeReader(self)
            self.socket.close()
            self.socket = None
            self.factory.doStop()
        return succeed(None)

    def getHost(self) -> IPv4Address | IPv6Address:
        assert self.socket is not None
        address = self.socket.getsockname()
        return IPv6Address("TCP", *address) if len(address) == 4 else IPv4Address("TCP", *address)

    def fileno(self) -> int:
        return -1 if self.socket is None else self.socket.fileno()

    def doRead(self) -> None:
        assert self.socket is not None
        for _ in range(ACCEPTS_A_TURN):
            try:
                accepted, address = self.socket.accept()
            except BlockingIOError:
                return
            except OSError as problem:
                if problem.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    self._rest()
                return
            self._take(accepted, address)

    def _take(self, accepted: socket.socket, address: Any) -> None:
        accepted.setblocking(False)
        try:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            keepalive_s = self.factory.keepalive_s()
            if keepalive_s > 0:
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keepalive_s)
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(keepalive_s // 3, 1))
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
            refusal = self.factory.admit(address[0])
            if refusal:
                self._refuse(accepted, refusal)
                return
            local = accepted.getsockname()
        except OSError:  # it went away already
            accepted.close()
            return
        self._enter(accepted, name_address(address), name_address(local))

    def _refuse(self, accepted: socket.socket, refusal: bytes) -> None:
        accepted.send(refusal)
        accepted.close()

    def _enter(self, accepted: socket.socket, peer: bytes, local: bytes) -> None:
        add_client(self.reader.hub, accepted, peer, local)

    def _rest(self) -> None:
        """Out of descriptors: the socket stays readable, so look away for a moment instead of spinning."""
        self.reader.descriptors.removeReader(self)
        self.reader.reactor.callLater(PAUSE_WITHOUT_DESCRIPTORS_S, self._go_on)

    def _go_on(self) -> None:
        if self.socket is not None:
            self.reader.descriptors.addReader(self)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops."""
        self.stopListening()

    def logPrefix(self) -> str:
        return "sessions"
