"""A local cluster: its forming with nodes in memory, its processes with a reactor that only notes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from miniredis.app.cluster_forming import Forming, FormingFailed, count_primaries
from miniredis.app.local_cluster import LocalCluster, node_config
from miniredis.app.options import Start
from miniredis.cluster.moving import NotConnected, Replies, Target, TargetLinks
from miniredis.config.config import Config
from miniredis.resp.encoder import encode_command
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser

from cluster.harness import MemoryCluster, MemoryNode, nodes_of


class NodeTarget(Target):
    """A client of a node in memory, answered at once."""

    def __init__(self, node: MemoryNode) -> None:
        super().__init__()
        self.client = node.server.connect()

    def ask(self, commands: list[list[bytes]], timeout_s: float) -> Deferred[Replies]:
        parser = ReplyParser()
        self.client.send(b"".join([encode_command(argv) for argv in commands]))
        parser.feed(self.client.received())
        replies: list[object] = []
        while (reply := parser.next()) is not NEEDS_MORE:
            replies.append(reply)
        return succeed(replies)

    def close(self) -> None:
        self.client.disconnect()


class NodeLinks(TargetLinks):
    def __init__(self, joined: MemoryCluster) -> None:
        self.joined = joined

    def connect(self, host: bytes, port: int, timeout_s: float) -> Deferred[Target]:
        return succeed(NodeTarget(self.joined.nodes[port]))

    def give_back(self, target: Target) -> None: ...


def form(joined: MemoryCluster) -> list[Any]:
    def wait(seconds: float) -> Deferred[None]:
        joined.run(seconds)
        return succeed(None)

    outcome: list[Any] = []
    forming = Forming(NodeLinks(joined), list(joined.nodes), wait)
    forming.reach().addCallback(lambda _: forming.run()).addBoth(outcome.append)
    return outcome


@pytest.mark.parametrize("count", [3, 6])
def test_nodes_become_a_cluster(count: int) -> None:
    joined = MemoryCluster()
    for _ in range(count):
        joined.add()
    assert form(joined) == [None]
    nodes = nodes_of(joined)
    assert all(node.view.is_up for node in nodes)
    assert sum(node.view.myself.is_replica for node in nodes) == count - count_primaries(count)
    # Nodes that are one already stay as they are.
    assert form(joined) == [None]


def test_a_node_that_refuses_is_named() -> None:
    joined = MemoryCluster()
    first = joined.add()
    joined.add()
    first.call("CLUSTER", "SET-CONFIG-EPOCH", 5)
    [failure] = form(joined)
    assert failure.check(FormingFailed)
    assert "port 7001: ERR Node config epoch" in failure.getErrorMessage()


def test_nodes_that_do_not_agree_in_time() -> None:
    joined = MemoryCluster()
    joined.add()
    joined.add().is_down = True
    [failure] = form(joined)
    assert failure.check(FormingFailed)


class NotingReactor(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.spawned: list[tuple[Any, list[str]]] = []
        self.stopped = 0
        self.signals: list[str] = []

    def spawnProcess(self, protocol: Any, executable: str, args: list[str], env: Any, childFDs: Any) -> None:
        protocol.transport = self
        self.spawned.append((protocol, args))

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)

    def callWhenRunning(self, call: Any) -> None: ...

    def connectTCP(self, host: str, port: int, factory: Any, timeout: float) -> None:
        self.callLater(0, factory.clientConnectionFailed, None, Failure(NotConnected()))

    def stop(self) -> None:
        self.stopped += 1


def local(monkeypatch: pytest.MonkeyPatch, folder: Path) -> tuple[LocalCluster, NotingReactor]:
    config = Config()
    config.assign("cluster-local", b"4")
    config.assign("port", b"8000")
    config.assign("dir", os.fsencode(folder))
    config.assign("maxmemory", b"1000000")
    reactor = NotingReactor()
    return LocalCluster(Start(config, ""), reactor), reactor


def test_each_node_is_a_process_with_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parent, reactor = local(monkeypatch, tmp_path)
    parent.startService()
    assert [args[args.index("--port") + 1] for _, args in reactor.spawned] == ["8000", "8001", "8002", "8003"]
    assert b"maxmemory 1000000\n" in (tmp_path / "8003" / "node.conf").read_bytes()
    stopped: list[object] = []
    parent.stopService().addCallback(stopped.append)
    assert reactor.signals == ["TERM"] * 4
    for protocol, _ in reactor.spawned[:3]:
        protocol.processEnded(Failure(ProcessDone(0)))
    reactor.advance(11)
    assert reactor.signals[4:] == ["KILL"]
    assert not stopped
    reactor.spawned[3][0].processEnded(Failure(ProcessDone(0)))
    assert len(stopped) == 1


def test_a_temporary_folder_goes_with_the_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PWD", str(tmp_path))
    parent, reactor = local(monkeypatch, tmp_path)
    parent.startService()
    folder = Path(reactor.spawned[0][1][3]).parent.parent
    assert folder != tmp_path
    assert folder.exists()
    parent.stopService()
    for protocol, _ in reactor.spawned:
        protocol.processEnded(Failure(ProcessDone(0)))
    assert not folder.exists()


def noted(parent: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the parent says."""
    lines: list[str] = []
    monkeypatch.setattr(parent, "say", lambda text, level="notice": lines.append(text))
    return lines


def test_a_node_that_ends_before_the_cluster_is_made_ends_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parent, reactor = local(monkeypatch, tmp_path)
    said = noted(parent, monkeypatch)
    parent.startService()
    (tmp_path / "8001" / "log").write_text("".join(f"line {number}\n" for number in range(30)) + "bind: in use\n")
    reactor.spawned[1][0].processEnded(Failure(ProcessDone(1)))
    assert reactor.stopped == 1
    assert parent.has_failed
    assert said[-1] == "The cluster could not be made: the node on port 8001 has ended"
    assert said[-2] == "  bind: in use"
    assert "  line 29" in said
    assert "  line 3" not in said


def test_a_node_that_ends_without_a_log_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parent, reactor = local(monkeypatch, tmp_path)
    said = noted(parent, monkeypatch)
    parent.startService()
    reactor.spawned[2][0].processEnded(Failure(ProcessDone(1)))
    assert said[-2:] == [
        "The node on port 8002 has ended. The end of its log:",
        "The cluster could not be made: the node on port 8002 has ended",
    ]


def test_nodes_that_never_answer_are_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parent, reactor = local(monkeypatch, tmp_path)
    said = noted(parent, monkeypatch)
    parent.startService()
    reactor.pump([0.05] * 300)
    assert reactor.stopped == 0
    reactor.pump([0.05] * 300)
    assert reactor.stopped == 1
    assert said[-1] == "The cluster could not be made: port 8000: nobody listens"


def test_nodes_are_told_what_the_parent_was_told() -> None:
    config = Config()
    config.assign("cluster-local", b"3")
    config.assign("port", b"8000")
    config.assign("cluster-node-timeout", b"777")
    text = node_config(config)
    assert b"cluster-node-timeout 777" in text
    assert b"8000" not in text
    assert b"cluster-local" not in text
