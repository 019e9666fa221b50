"""The bus and the service around it, over connections in memory: real frames, real seals, real files."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from miniredis.app.assembly import build_engine
from miniredis.cluster.cluster import Cluster
from miniredis.cluster.service import ClusterEdge, ClusterFailed
from miniredis.config.config import Config
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Port, TimeSource

from cluster.wires import Wires


class Server:
    """An engine with the cluster's edge over shared wires."""

    def __init__(self, wires: Wires, port: int, folder: Path, **directives: str) -> None:
        config = Config()
        config.assign("cluster-enabled", b"yes")
        config.assign("cluster-node-timeout", b"2000")
        config.assign("bind", b"127.0.0.1")
        config.assign("cluster-config-file", str(folder / f"nodes-{port}.conf").encode())
        for name, value in directives.items():
            config.assign(name.replace("_", "-"), value.encode())
        self.logged: list[str] = []
        self.fatal: list[str] = []
        source = TimeSource(
            lambda: 1_700_000_000_000_000 + int(wires.seconds() * 1e6),
            lambda: int((1000 + wires.seconds()) * 1e9),
            wires.callLater,
            time.sleep,
        )
        self.engine: Engine = build_engine(config, source, Random(port), lambda _, text: self.logged.append(text))
        self.edge = ClusterEdge(self.engine, wires, self.fatal.append)
        self.port = port

    def start(self) -> Server:
        self.edge.prepare(self.port)
        self.edge.start()
        return self

    @property
    def cluster(self) -> Cluster:
        assert self.edge.cluster is not None
        return self.edge.cluster

    def call(self, *words: str) -> object:
        self.engine.begin_turn()
        return self.engine.execute(self.engine.own_session(Port()), [word.encode() for word in words])


@pytest.fixture
def wires() -> Wires:
    return Wires()


def pair(wires: Wires, folder: Path, first: str = "", second: str = "") -> tuple[Server, Server]:
    servers = (
        Server(wires, 7001, folder, cluster_secret=first).start(),
        Server(wires, 7002, folder, cluster_secret=second).start(),
    )
    servers[0].call("CLUSTER", "MEET", "127.0.0.1", "7002")
    wires.run(3)
    return servers


@pytest.mark.parametrize("secret", ["", "our secret"])
def test_nodes_with_the_same_secret_or_none_meet(wires: Wires, tmp_path: Path, secret: str) -> None:
    first, second = pair(wires, tmp_path, secret, secret)
    assert len(first.cluster.view.nodes) == len(second.cluster.view.nodes) == 2
    assert first.cluster.view.myself.ip == b"127.0.0.1"
    warned = sum("neither signed nor encrypted" in line for line in first.logged)
    assert warned == (0 if secret else 1)


@pytest.mark.parametrize(("first", "second"), [("one", "two"), ("one", ""), ("", "two")])
def test_nodes_with_different_secrets_do_not(wires: Wires, tmp_path: Path, first: str, second: str) -> None:
    servers = pair(wires, tmp_path, first, second)
    assert not any(node.id == servers[1].cluster.view.myself.id for node in servers[0].cluster.view.nodes.values())
    assert len(servers[1].cluster.view.nodes) == 1
    assert servers[0].edge.bus.refused + servers[1].edge.bus.refused > 0


class Stranger:
    """Somebody who connects to the bus and says what is wanted."""

    noisy = False

    def __init__(self) -> None:
        self.transport: Any = None
        self.received = b""
        self.is_lost = False

    def buildProtocol(self, addr: Any) -> Any:
        return self

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any) -> None:
        self.is_lost = True

    def say(self, wires: Wires, data: bytes) -> None:
        self.transport.write(data)
        wires.flow()


@pytest.mark.parametrize("data", [b"\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * 20_000, b"M1 PING " + b"a" * 300 + b"\n"])
def test_what_is_no_frame_ends_the_link_and_changes_nothing(wires: Wires, tmp_path: Path, data: bytes) -> None:
    server = Server(wires, 7001, tmp_path).start()
    before = server.cluster.view.nodes.copy()
    stranger = Stranger()
    wires.connectTCP("127.0.0.1", 17001, stranger)
    wires.flow()
    stranger.say(wires, data)
    assert stranger.is_lost
    assert server.edge.bus.refused == 1
    assert server.cluster.view.nodes == before


def test_frames_of_strangers_are_answered_but_do_not_count(wires: Wires, tmp_path: Path) -> None:
    first, second = pair(wires, tmp_path)
    third = Server(wires, 7003, tmp_path).start()
    recorder = Stranger()
    # The third node believes that the recorder is a node, and pings it.
    wires.listeners[17999] = recorder
    third.call("CLUSTER", "MEET", "127.0.0.1", "7999")
    wires.run(0.3)
    frame = recorder.received.replace(b" MEET ", b" PING ")
    assert b"M1 PING" in frame
    stranger = Stranger()
    wires.connectTCP("127.0.0.1", 17001, stranger)
    wires.flow()
    stranger.say(wires, frame)
    assert b"M1 PONG" in stranger.received
    assert len(first.cluster.view.nodes) == 2


def test_a_peer_that_does_not_read_is_cut_off(wires: Wires, tmp_path: Path) -> None:
    first, _ = pair(wires, tmp_path)
    first.call("CONFIG", "SET", "cluster-link-sendbuf-limit", "10000")
    for end in wires.ends:
        end.is_stuck = True
    first.call("PUBLISH", "news", "x" * 20_000)
    wires.flow()
    assert first.edge.bus.limit_exceeded > 0
    info = first.call("CLUSTER", "INFO")
    assert b"total_cluster_links_buffer_limit_exceeded:0" not in info.text  # type: ignore[attr-defined]


def test_a_node_that_stops_is_missed(wires: Wires, tmp_path: Path) -> None:
    first, second = pair(wires, tmp_path)
    second.edge.stop()
    wires.run(3)
    assert b"fail" in first.cluster.view.nodes[second.cluster.view.myself.id].flag_names()
    again = Server(wires, 7002, tmp_path).start()
    assert again.cluster.view.myself.id == second.cluster.view.myself.id
    wires.run(3)
    assert b"fail" not in first.cluster.view.nodes[second.cluster.view.myself.id].flag_names()
    first.edge.stop()


def test_what_must_stop_the_start(wires: Wires, tmp_path: Path) -> None:
    running = Server(wires, 7001, tmp_path).start()
    with pytest.raises(ClusterFailed, match="already used by a different server"):
        Server(wires, 7001, tmp_path).start()
    running.edge.stop()
    (tmp_path / "nodes-7002.conf").write_bytes(b"nonsense\n")
    with pytest.raises(ClusterFailed, match="corrupted cluster config file"):
        Server(wires, 7002, tmp_path).start()
    with pytest.raises(ClusterFailed, match="No such file"):
        Server(wires, 7003, tmp_path / "missing").start()
    wires.used.add(17004)
    with pytest.raises(ClusterFailed, match="Failed listening on port 17004"):
        Server(wires, 7004, tmp_path).start()
    with pytest.raises(ClusterFailed, match="Failed listening"):
        Server(wires, 7004, tmp_path, bind="-127.0.0.9").start()
    with pytest.raises(ClusterFailed, match="too high"):
        Server(wires, 60000, tmp_path).start()


def test_a_disk_that_fails_ends_the_server_unless_told_otherwise(wires: Wires, tmp_path: Path) -> None:
    server = Server(wires, 7001, tmp_path).start()
    server.edge.file.path = str(tmp_path / "missing" / "nodes.conf")
    server.call("CLUSTER", "SAVECONFIG")
    assert server.fatal == ["Fatal: can't update cluster config file."]
    server.call("CONFIG", "SET", "cluster-config-save-behavior", "best-effort")
    server.call("CLUSTER", "SAVECONFIG")
    assert len(server.fatal) == 1


def test_a_tick_that_fails_is_logged_and_the_next_one_comes(wires: Wires, tmp_path: Path) -> None:
    server = Server(wires, 7001, tmp_path).start()
    ticks: list[int] = []

    def broken() -> None:
        ticks.append(1)
        raise ValueError("oh dear")

    server.cluster.participant.tick = broken  # type: ignore[method-assign]
    wires.run(0.5)
    assert len(ticks) == 5
    assert any("oh dear" in line for line in server.logged)
