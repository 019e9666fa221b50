"""A network in memory: clients on one side, servers in memory or scripted ones on the other, one clock for all.

Nothing travels before `pump`, which carries bytes to and fro until there are none; `cut` breaks connections.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from miniredis.client.connecting import connect, connect_cluster
from miniredis.client.settings import Address, Settings
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser
from miniredis.testing.memory import MemoryServer


class Peer(Protocol):
    """The server's side of a connection."""

    def send(self, data: bytes) -> None: ...
    def received(self) -> bytes: ...
    def disconnect(self) -> None: ...


class Server(Protocol):
    def connect(self) -> Peer: ...


class ScriptedPeer:
    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.parser = ReplyParser()
        self.out: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.parser.feed(data)
        words = self.parser.next()
        while words is not NEEDS_MORE:
            assert isinstance(words, list)
            self.server.calls.append(words)
            self.out.append(self.server.answer(words))
            words = self.parser.next()

    def received(self) -> bytes:
        data = b"".join(self.out)
        self.out.clear()
        return data

    def disconnect(self) -> None:
        pass


class ScriptedServer:
    """Answers as `answer(words)` says; it remembers what it was asked."""

    def __init__(self, answer: Callable[[list[bytes]], bytes]) -> None:
        self.answer = answer
        self.calls: list[list[bytes]] = []

    def connect(self) -> ScriptedPeer:
        return ScriptedPeer(self)

    def names(self) -> list[bytes]:
        return [words[0] for words in self.calls]


class Wire:
    """A transport."""

    def __init__(self, network: Network, address: Address, peer: Peer) -> None:
        self.network = network
        self.address = address
        self.peer = peer
        self.protocol: Any = None
        self.outgoing: list[bytes] = []
        self.writes: list[bytes] = []
        self.is_paused = False
        self.is_lost = False
        self.ending: Exception | None = None

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        self.outgoing.append(data)

    def loseConnection(self) -> None:
        self.ending = ConnectionDone()

    def abortConnection(self) -> None:
        self.outgoing.clear()
        self.ending = ConnectionAborted()

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False

    def lose(self, reason: Exception | None = None) -> None:
        if not self.is_lost:
            self.is_lost = True
            self.peer.disconnect()
            self.protocol.connectionLost(Failure(reason or ConnectionDone()))

    def carry(self) -> bool:
        """Move bytes both ways; whether there were any."""
        if self.is_lost:
            return False
        if self.outgoing:
            data = b"".join(self.outgoing)
            self.outgoing.clear()
            self.peer.send(data)
            return True
        if self.ending is not None:
            self.lose(self.ending)
            return True
        if self.is_paused or self.address.port in self.network.frozen:
            return False
        back = self.peer.received()
        if back:
            self.protocol.dataReceived(back)
        return bool(back)


class Network:
    def __init__(self, **servers: Server) -> None:
        self.clock = Clock()
        #: By port.
        self.servers: dict[int, Server] = {}
        #: Ports that refuse connections, and those that answer nothing.
        self.down: set[int] = set()
        self.frozen: set[int] = set()
        self.wires: list[Wire] = []
        self.attempts = 0

    def serve(self, port: int = 6379, server: Server | None = None) -> Any:
        self.servers[port] = server or MemoryServer()
        return self.servers[port]

    def endpoint(self, reactor: Any, address: Address, settings: Settings) -> Any:
        return _Endpoint(self, address)

    def client(self, url: str = "redis://127.0.0.1", **changes: Any) -> Any:
        return connect(url, reactor=self.clock, endpoints=self.endpoint, **changes)

    def cluster(self, url: str = "redis+cluster://127.0.0.1:7000", **changes: Any) -> Any:
        return connect_cluster(url, reactor=self.clock, endpoints=self.endpoint, **changes)

    def alive(self, port: int | None = None) -> list[Wire]:
        return [wire for wire in self.wires if not wire.is_lost and port in (None, wire.address.port)]

    def cut(self, port: int | None = None) -> None:
        for wire in self.alive(port):
            wire.lose()

    def pump(self) -> None:
        busy = True
        while busy:
            self.clock.advance(0)
            for server in self.servers.values():
                if isinstance(server, MemoryServer):
                    server.end_turn()
            busy = sum(wire.carry() for wire in self.wires) > 0

    def advance(self, seconds: float) -> None:
        for _ in range(10):
            self.pump()
            self.clock.advance(seconds / 10)
            for server in self.servers.values():
                if isinstance(server, MemoryServer):
                    server.advance(seconds / 10)
        self.pump()

    def wait(self, work: Deferred[Any] | Coroutine[Any, Any, Any], seconds: float = 0) -> Any:
        """What a call comes to, now that everything travels."""
        results: list[Any] = []
        started = work if isinstance(work, Deferred) else Deferred.fromCoroutine(work)
        started.addBoth(results.append)
        self.pump()
        if seconds and not results:
            self.advance(seconds)
        assert results, "nothing came of it"
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]


class _Endpoint:
    def __init__(self, network: Network, address: Address) -> None:
        self.network = network
        self.address = address

    def connect(self, factory: Any) -> Deferred[Any]:
        network = self.network
        network.attempts += 1
        server = network.servers.get(self.address.port)
        if server is None or self.address.port in network.down:
            return fail(ConnectionRefusedError())
        wire = Wire(network, self.address, server.connect())
        wire.protocol = factory.buildProtocol(None)
        network.wires.append(wire)
        wire.protocol.makeConnection(wire)
        return succeed(wire.protocol)
