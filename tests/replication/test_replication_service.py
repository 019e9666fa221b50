"""The edge: snapshots by forked children, files without names, links over real sockets."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.internet.pollreactor import PollReactor

from miniredis.keyspace.snapshot import LOADED, SnapshotLoader
from miniredis.persistence.child import start_silent_child
from miniredis.replication.link import TcpNetwork
from miniredis.replication.outside import FAILED, READY, RUNNING, LinkUser, Snapshot, SnapshotWish
from miniredis.replication.service import FileStorage, ForkedSource, ReplicationEdge
from miniredis.testing.memory import MemoryServer


@pytest.fixture
def server(tmp_path: Path) -> MemoryServer:
    server = MemoryServer()
    server.engine.config.assign("dir", str(tmp_path).encode())
    client = server.connect()
    for number in range(200):
        client.call(b"SET", b"key%d" % number, b"v" * 1000)
    return server


@pytest.fixture
def source(server: MemoryServer) -> ForkedSource:
    return ForkedSource(
        server.engine, lambda work, now_s, kept: start_silent_child(work, now_s, kept), lambda size: True
    )


def wish(is_streamed: bool, has_keys: bool = True) -> SnapshotWish:
    return SnapshotWish([(b"repl-id", b"a" * 40)], 0, is_streamed, has_keys, True)


def collect(snapshot: Snapshot, is_streamed: bool) -> tuple[int, bytes]:
    data = b""
    deadline = time.monotonic() + 20
    while (state := snapshot.poll()) == RUNNING:
        assert time.monotonic() < deadline
        if is_streamed:
            data += snapshot.read(0, 100_000)
    if not is_streamed and state == READY:
        while len(data) < snapshot.size:
            data += snapshot.read(len(data), 10_000)
    return state, data


def load(data: bytes) -> SnapshotLoader:
    loader = SnapshotLoader(MemoryServer().engine.keyspace, False)
    loader.reader.feed(data)
    loader.reader.finish()
    while loader.run() != LOADED:
        pass
    return loader


@pytest.mark.parametrize("is_streamed", [True, False])
def test_a_child_makes_a_snapshot_of_the_moment(
    is_streamed: bool, source: ForkedSource, server: MemoryServer, tmp_path: Path
):
    snapshot = source.begin(wish(is_streamed))
    server.connect().call(b"FLUSHALL")
    state, data = collect(snapshot, is_streamed)
    snapshot.close()
    assert state == READY, snapshot.message
    loader = load(data)
    assert loader.keys == 200
    assert loader.aux[b"repl-id"] == b"a" * 40
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_streamed", [True, False])
def test_a_snapshot_nobody_wants_any_more_leaves_nothing(is_streamed: bool, source: ForkedSource, tmp_path: Path):
    snapshot = source.begin(wish(is_streamed))
    snapshot.close()
    snapshot.close()
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_may_hold_the_functions_only(source: ForkedSource):
    state, data = collect(source.begin(wish(True, has_keys=False)), True)
    assert (state, load(data).keys) == (READY, 0)


def test_a_folder_that_is_not_there_fails_the_snapshot(source: ForkedSource, server: MemoryServer):
    server.engine.config.assign("dir", b"/nonexistent")
    snapshot = source.begin(wish(False))
    state, _ = collect(snapshot, False)
    assert state == FAILED
    assert "No such file" in snapshot.message


def test_a_snapshot_whose_file_vanished_has_failed(source: ForkedSource, tmp_path: Path):
    snapshot = source.begin(wish(False))
    snapshot.path = lambda pid: str(tmp_path / "elsewhere")  # type: ignore[attr-defined]
    assert collect(snapshot, False)[0] == FAILED


@pytest.mark.parametrize("is_streamed", [True, False])
def test_without_memory_there_is_no_child(is_streamed: bool, server: MemoryServer):
    def no_child(work: Callable[[], None], now_s: int, kept: int) -> object:
        raise OSError(11, "Resource temporarily unavailable")

    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="not enough memory"):
        ForkedSource(server.engine, start_silent_child, lambda size: False).begin(wish(is_streamed))
    with pytest.raises(OSError, match="temporarily"):
        ForkedSource(server.engine, no_child, lambda size: True).begin(wish(is_streamed))  # type: ignore[arg-type]
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_store_has_no_name(server: MemoryServer, tmp_path: Path):
    store = FileStorage(server.engine).open()
    assert list(tmp_path.iterdir()) == []
    store.write(b"abc" * 1000)
    store.write(b"d")
    assert store.read(2000) + store.read(2000) == b"abc" * 1000 + b"d"
    assert store.read(10) == b""
    store.close()
    store.close()


# -- links


@pytest.fixture
def reactor() -> Iterator[PollReactor]:
    reactor = PollReactor()
    yield reactor
    reactor.removeAll()


class User(LinkUser):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails = False

    def link_made(self) -> None:
        self.told.append("made")

    def link_received(self, data: bytes) -> None:
        if self.fails:
            raise ValueError("a defect")
        self.told.append(data.decode())

    def link_lost(self, reason: str) -> None:
        self.told.append("lost: " + reason)


def turn(reactor: PollReactor, until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline
        reactor.iterate(0.01)


def echo(reactor: PollReactor) -> tuple[int, list[object]]:
    from twisted.internet.protocol import Factory
    from twisted.protocols.wire import Echo

    made: list[object] = []

    class Kept(Echo):
        def connectionMade(self) -> None:
            made.append(self.transport)

    factory = Factory()
    factory.protocol = Kept
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    number: int = port.getHost().port
    return number, made


def test_a_link_carries_bytes_and_tells_its_end(reactor: PollReactor):
    engine = MemoryServer().engine
    port, made = echo(reactor)
    user = User()
    link = TcpNetwork(engine, reactor).connect("127.0.0.1", port, user, 5)
    link.send(b"too early")
    turn(reactor, lambda: user.told == ["made"])
    assert link.peer == b"127.0.0.1:%d" % port
    assert link.local.startswith(b"127.0.0.1:")
    link.send(b"hello")
    turn(reactor, lambda: "hello" in user.told)
    link.pause()
    link.send(b"later")
    reactor.iterate(0.05)
    assert "later" not in user.told
    link.resume()
    turn(reactor, lambda: "later" in user.told)
    made[0].loseConnection()  # type: ignore[attr-defined]
    turn(reactor, lambda: user.told[-1].startswith("lost"))
    link.close()
    link.pause()
    link.resume()


def test_a_link_that_was_closed_says_nothing_more(reactor: PollReactor):
    port, _ = echo(reactor)
    first, second = User(), User()
    network = TcpNetwork(MemoryServer().engine, reactor)
    link = network.connect("127.0.0.1", port, first, 5)
    turn(reactor, lambda: first.told == ["made"])
    link.send(b"hello")
    link.close()
    network.connect("127.0.0.1", port, second, 5).close()
    for _ in range(10):
        reactor.iterate(0.01)
    assert (first.told, second.told) == (["made"], [])


def test_a_link_that_cannot_be_made_is_lost(reactor: PollReactor):
    engine = MemoryServer().engine
    engine.config.assign("bind-source-addr", b"127.0.0.1")
    user = User()
    TcpNetwork(engine, reactor).connect("127.0.0.1", 1, user, 5)
    turn(reactor, lambda: len(user.told) == 1)
    assert "refused" in user.told[0]


def test_a_defect_ends_the_link_only(reactor: PollReactor):
    server = MemoryServer()
    port, _ = echo(reactor)
    user = User()
    link = TcpNetwork(server.engine, reactor).connect("127.0.0.1", port, user, 5)
    turn(reactor, lambda: user.told == ["made"])
    user.fails = True
    link.send(b"x")
    turn(reactor, lambda: len(user.told) == 2)
    assert user.told[1] == "lost: a defect of this server"
    assert any("a defect" in text for _, text in server.logged)


def test_servers_follow_each_other_over_real_sockets(reactor: PollReactor, tmp_path: Path):
    from miniredis.config.config import Config
    from miniredis.server.protocol import SessionFactory

    servers = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        config = Config()
        config.assign("dir", str(folder).encode())
        config.assign("repl-diskless-sync-delay", b"0")
        server = MemoryServer(config)
        edge = ReplicationEdge(server.engine, reactor, start_silent_child, lambda size: True)
        factory = SessionFactory(server.engine, lambda call: reactor.callLater(0, call))
        port = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
        config.assign("port", b"%d" % port)
        servers.append((server, edge, port))
    (primary, first, port), (replica, second, _) = servers
    replica.engine.config.assign("replicaof", b"127.0.0.1 %d" % port)
    client = primary.connect()
    client.call(b"SET", b"k", b"x" * 100_000)
    for _, edge, _ in servers:
        edge.prepare()
        edge.start()
    watcher = replica.connect()

    def is_there() -> bool:
        for server, edge, _ in servers:
            server.advance(0.01)
            edge.tick()
        return watcher.call(b"GET", b"later") == b"$1\r\n1\r\n"

    turn(reactor, lambda: second.replication.is_link_up() or is_there())
    client.call(b"SET", b"later", b"1")
    turn(reactor, is_there)
    assert watcher.call(b"STRLEN", b"k") == b":100000\r\n"
    for _, edge, _ in servers:
        edge.stop()
    assert first.replication.replicas() != []
