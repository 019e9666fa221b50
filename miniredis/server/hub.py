"""The hub under a Twisted reactor: one reader for all connections, listening sockets that feed it.

The reactor needs no epoll of its own: the hub's set is just a descriptor that becomes readable.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from miniredis.dispatch.executor import Engine
from miniredis.server.hub_loop import Hub

ACCEPTS_A_TURN = 128
#: How long no connection is accepted after the process ran out of file descriptors.
PAUSE_WITHOUT_DESCRIPTORS_S = 0.1


@implementer(IReadDescriptor)
class HubReader:
    """Lets the reactor run the hub's turns."""

    def __init__(self, engine: Engine, reactor: Any) -> None:
        self.reactor = reactor
        self.hub = Hub(engine, self.schedule)
        self.listeners: list[HubListener] = []
        self._is_scheduled = False

    def start(self) -> None:
        self.reactor.addReader(self)

    def stop(self) -> None:
        """Close all connections and the set."""
        self.reactor.removeReader(self)
        self.hub.close()

    def schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self.reactor.callLater(0, self._run_scheduled)

    def run_busy_turn(self) -> None:
        """Accept, run and send in the middle of a command that takes long."""
        for listener in list(self.listeners):
            listener.doRead()
        self.hub.run_busy_turn()

    def _run_scheduled(self) -> None:
        self._is_scheduled = False
        if not self.hub.is_closed:
            self.hub.run_turn()

    def fileno(self) -> int:
        return self.hub.fileno()

    def doRead(self) -> None:
        self.hub.run_turn()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops."""

    def logPrefix(self) -> str:
        return "hub"


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


@implementer(IReadDescriptor)
class HubListener:
    """A listening socket whose connections go to the hub.  `admit` may refuse one: it returns what to tell it."""

    def __init__(
        self, reader: HubReader, listening: socket.socket, keepalive_s: int, admit: Callable[[socket.socket], bytes]
    ) -> None:
        self.reader = reader
        self.socket = listening
        self.keepalive_s = keepalive_s
        self.admit = admit

    def start(self) -> None:
        self.reader.reactor.addReader(self)
        self.reader.listeners.append(self)

    def stop(self) -> None:
        self.reader.reactor.removeReader(self)
        if self in self.reader.listeners:
            self.reader.listeners.remove(self)
        self.socket.close()

    def port(self) -> int:
        number = self.socket.getsockname()[1]
        assert isinstance(number, int)
        return number

    def fileno(self) -> int:
        return self.socket.fileno()

    def doRead(self) -> None:
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
            if self.keepalive_s > 0:
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, self.keepalive_s)
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(self.keepalive_s // 3, 1))
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
            refusal = self.admit(accepted)
            if refusal:
                accepted.send(refusal)
                accepted.close()
                return
            local = accepted.getsockname()
        except OSError:  # it went away already
            accepted.close()
            return
        self.reader.hub.add(accepted, name_address(address), name_address(local))

    def _rest(self) -> None:
        """Out of descriptors: the socket stays readable, so look away for a moment instead of spinning."""
        self.reader.reactor.removeReader(self)
        self.reader.reactor.callLater(PAUSE_WITHOUT_DESCRIPTORS_S, self._go_on)

    def _go_on(self) -> None:
        if self.socket.fileno() >= 0:
            self.reader.reactor.addReader(self)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops."""

    def logPrefix(self) -> str:
        return "hub listener"
