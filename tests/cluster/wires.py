"""A reactor in memory whose connections end at whoever listens in it: bytes go by hand, time too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure


class Wire:
    """One end's transport."""

    def __init__(self, wires: Wires, host: IPv4Address, peer: IPv4Address) -> None:
        self.wires = wires
        self.protocol: Any = None
        self.twin: Wire
        self.host = host
        self.peer = peer
        self.is_open = True
        self.dataBuffer = b""  # what the other side has not read, while it does not read
        self.offset = 0
        self._tempDataLen = 0
        self.is_stuck = False
        self.disconnecting = False

    def write(self, data: bytes) -> None:
        if not self.is_open:
            return
        if self.is_stuck:
            self.dataBuffer += data
        else:
            self.wires.queue.append(lambda: self.twin.receive(data))

    def writeSequence(self, parts: list[bytes]) -> None:
        self.write(b"".join(parts))

    def receive(self, data: bytes) -> None:
        if self.is_open:
            self.protocol.dataReceived(data)

    def abortConnection(self) -> None:
        for end in (self, self.twin):
            if end.is_open:
                end.is_open = False
                self.wires.queue.append(partial(end.protocol.connectionLost, Failure(ConnectionDone())))

    loseConnection = abortConnection

    def setTcpNoDelay(self, enabled: bool) -> None: ...

    def getHost(self) -> IPv4Address:
        return self.host

    def getPeer(self) -> IPv4Address:
        return self.peer


class Connector:
    def __init__(self) -> None:
        self.is_stopped = False

    def stopConnecting(self) -> None:
        self.is_stopped = True


class Listener:
    def __init__(self, wires: Wires, port: int) -> None:
        self.wires = wires
        self.port = port

    def stopListening(self) -> None:
        self.wires.listeners.pop(self.port, None)


class Wires(Clock):
    """listenTCP, connectTCP, time; `flow` lets happen what was begun."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: list[Callable[[], object]] = []
        self.listeners: dict[int, Any] = {}
        self.used: set[int] = set()
        self.ends: list[Wire] = []

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Listener:
        if port in self.used:
            raise CannotListenError(interface, port, OSError("Address already in use"))
        self.listeners[port] = factory
        return Listener(self, port)

    def connectTCP(self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None) -> Connector:
        connector = Connector()
        self.queue.append(lambda: self._connect(host, port, factory, connector))
        return connector

    def _connect(self, host: str, port: int, factory: Any, connector: Connector) -> None:
        listening = self.listeners.get(port)
        if listening is None or connector.is_stopped:
            factory.clientConnectionFailed(connector, Failure(ConnectionRefusedError()))
            return
        here, there = IPv4Address("TCP", "127.0.0.1", 40000), IPv4Address("TCP", host, port)
        near, far = Wire(self, here, there), Wire(self, there, here)
        near.twin, far.twin = far, near
        self.ends += [near, far]
        for end, factory_of_end in ((far, listening), (near, factory)):
            end.protocol = factory_of_end.buildProtocol(end.peer)
            end.protocol.factory = factory_of_end
            end.protocol.makeConnection(end)

    def flow(self) -> None:
        while self.queue:
            self.queue.pop(0)()

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.advance(0.1)
            self.flow()
