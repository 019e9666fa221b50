"""nodes.conf: what is written is read again, Redis's own is read, damage stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from miniredis.cluster.disk import NodesFile, NodesFileInUse
from miniredis.cluster.node import FAIL, PFAIL
from miniredis.cluster.nodes_file import BadNodesFile, load, own_id, render
from miniredis.cluster.view import ClusterView

from cluster.harness import MemoryCluster, MemoryNode, formed, nodes_of, quick_config

THIRD = b"61b29ce2b50323369033547d8c8c5b3653d4f66a"
#: Written by redis-server 7.0.
REDIS = b"""\
%s 127.0.0.1:7103@17103 master,fail? - 0 1795653235723 3 connected 10923-16383
410f62ec4d611308187f8bb4674bee3f330be579 127.0.0.1:7102@17102,host slave %s 0 1795653235924 3 connected
46e7913583a46a82c19396ca4ca6f75350f2b208 127.0.0.1:7101@17101 myself,master - 0 0 1 connected 0-5460 7000 \
[5-<-%s] [6->-%s]
vars currentEpoch 4 lastVoteEpoch 2
""" % (THIRD, THIRD, THIRD, THIRD)
NAME = b"46e7913583a46a82c19396ca4ca6f75350f2b208"


def restarted(node: MemoryNode) -> MemoryNode:
    return MemoryCluster().add(quick_config(), node.saved[-1])


def test_a_node_comes_back_as_it_was() -> None:
    joined = formed(3, 1)
    node, *others = nodes_of(joined)
    other = others[0].id
    node.call("CLUSTER", "SETSLOT", 7, "MIGRATING", other)
    node.call("CLUSTER", "SETSLOT", 6000, "IMPORTING", other)
    node.call("CLUSTER", "SAVECONFIG")
    again = restarted(node)
    assert again.id == node.id
    assert again.view.current_epoch == node.view.current_epoch
    assert set(again.view.nodes) == set(node.view.nodes)
    assert again.view.myself.ranges == node.view.myself.ranges
    assert again.view.myself.shard_id == node.view.myself.shard_id
    assert {slot: each.id for slot, each in again.view.leaving.items()} == {7: other}
    assert {slot: each.id for slot, each in again.view.coming.items()} == {6000: other}
    again.view._check()


def test_a_replica_follows_its_primary_again() -> None:
    joined = formed(3, 1)
    primary, _, _, replica, *_ = nodes_of(joined)
    again = restarted(replica)
    assert again.view.myself.is_replica
    assert again.replication.primary == ("127.0.0.1", primary.port)


def test_a_file_of_redis_is_read() -> None:
    node = MemoryCluster().add(quick_config(), REDIS)
    view = node.view
    assert node.id == NAME
    assert view.myself.ranges == ((0, 5460), (7000, 7000))
    assert view.current_epoch == 4
    assert view.last_vote_epoch == 2
    third = view.nodes[THIRD]
    assert not third.flags & (PFAIL | FAIL)
    assert [replica.hostname for replica in third.replicas] == [b"host"]
    assert view.coming == {5: third}
    assert view.leaving == {6: third}


def test_a_failed_node_is_failed_after_the_start() -> None:
    node = MemoryCluster().add(quick_config(), REDIS.replace(b"fail?", b"fail"))
    assert node.view.nodes[THIRD].has_failed


@pytest.mark.parametrize(
    "text",
    [
        b"\n",
        REDIS.replace(b"myself,", b""),
        REDIS[:-40],
        REDIS.replace(b"0-5460", b"0-99999"),
        REDIS.replace(b"master,fail?", b"emperor"),
        REDIS.replace(b"46e79", b"46e7"),
        REDIS.replace(b":7103", b":x"),
        REDIS.replace(b" 3 connected 10923-16383", b""),
        REDIS.replace(b"lastVoteEpoch 2", b"lastVoteEpoch"),
        REDIS.replace(b"vars", REDIS.split(b"\n")[0] + b"\nvars"),
        REDIS.replace(b"fail?", b"fail?,myself"),
        REDIS.replace(b"46e7913583a46a82c19396ca4ca6f75350f2b208", b"vars"),
    ],
)
def test_a_damaged_file_stops_the_start(text: bytes) -> None:
    with pytest.raises(BadNodesFile):
        MemoryCluster().add(quick_config(), text)


def test_what_is_rendered_is_what_is_loaded() -> None:
    node = MemoryCluster().add(quick_config(), REDIS)
    text = render(node.view, 0)
    view = ClusterView(node.world, own_id(text))
    load(view, text)
    assert render(view, 0) == text


@pytest.mark.parametrize("name", [b".", b"A" * 40, b"a" * 41])
def test_a_primary_whose_name_is_none_stops_the_start(name: bytes) -> None:
    # Written out again, such a file could not be read by the next start.
    node = MemoryCluster().add(quick_config(), REDIS)
    text = REDIS.replace(b"slave %s" % THIRD, b"slave %s" % name)
    assert text != REDIS
    with pytest.raises(BadNodesFile, match="40 digits"):
        load(ClusterView(node.world, own_id(text)), text)


def test_the_file_is_replaced_whole_and_locked(tmp_path: Path) -> None:
    file = NodesFile(str(tmp_path / "nodes.conf"))
    assert file.read() == b""
    file.lock()
    with pytest.raises(NodesFileInUse):
        NodesFile(file.path).lock()
    file.save(b"one", True)
    file.save(b"two", False)
    assert file.read() == b"two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nodes.conf", "nodes.conf.lock"]
    file.unlock()
    file.unlock()
    NodesFile(file.path).lock()


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = NodesFile(str(tmp_path / "gone" / "nodes.conf"))
    with pytest.raises(OSError, match="No such file"):
        file.save(b"text", True)
