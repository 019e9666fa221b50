"""Reads from the replicas of a cluster, over a network in memory."""

from __future__ import annotations

from typing import Any

import pytest

from miniredis.client.errors import AddressError, WrongType
from miniredis.client.reading import Reading
from miniredis.client.settings import Address

from client.test_client import outcome
from client.test_cluster import Node, Town


@pytest.fixture
def town() -> Town:
    town = Town()
    town.add_replica(7102, 7002)
    return town


def reads(node: Node) -> int:
    return node.names().count(b"GET")


def client_that_reads(town: Town, read_from: str, **changes: Any) -> Any:
    """Reads `a`, whose primary is 7002 and whose replica is 7102."""
    cluster = town.network.cluster(read_from=read_from, **changes)
    assert town.network.wait(cluster.set("a", 1)) == b"OK"
    return cluster


def test_reads_go_to_the_primary_unless_something_else_is_said(town):
    cluster = client_that_reads(town, "primary")
    assert town.network.wait(cluster.get("a")) == b"1"
    assert (reads(town.nodes[7002]), reads(town.nodes[7102])) == (1, 0)


def test_a_replica_reads_on_connections_that_said_so_and_writes_go_to_the_primary(town):
    cluster = client_that_reads(town, "replica")
    for _ in range(5):
        assert town.network.wait(cluster.get("a")) == b"1"
    assert (reads(town.nodes[7002]), reads(town.nodes[7102])) == (0, 5)
    assert town.nodes[7102].names()[1:3] == [b"READONLY", b"GET"]
    town.network.wait(cluster.incr("a"))
    assert town.nodes[7002].names().count(b"INCR") == 1
    assert b"INCR" not in town.nodes[7102].names()


def test_any_node_of_the_shard_reads(town):
    cluster = client_that_reads(town, "any")
    for _ in range(60):
        town.network.wait(cluster.get("a"))
    assert reads(town.nodes[7002]) > 5
    assert reads(town.nodes[7102]) > 5


def test_the_node_that_answers_soonest_reads(town, monkeypatch):
    monkeypatch.setattr("miniredis.client.reading.EXPLORED", 0.0)
    cluster = client_that_reads(town, "nearest")

    def get(slow: int = 0, seconds: float = 0.0) -> None:
        """A read while one node is slow."""
        town.network.frozen = {slow}
        found = outcome(cluster.get("a"))
        town.network.advance(seconds)
        town.network.frozen = set()
        town.network.pump()
        assert found == [b"1"]

    def who_read(times: int) -> tuple[int, int]:
        before = reads(town.nodes[7002]), reads(town.nodes[7102])
        for _ in range(times):
            get()
        return reads(town.nodes[7002]) - before[0], reads(town.nodes[7102]) - before[1]

    # Each is tried once, and the second one is slow.
    get()
    get(slow=7102, seconds=0.2)
    assert who_read(10) == (10, 0)
    # Nearness changes.
    get(slow=7002, seconds=2.0)
    assert who_read(10) == (0, 10)


def test_a_node_that_rests_and_a_node_that_is_gone_are_forgotten():
    primary, replica = Address(port=1), Address(port=2)
    reading = Reading("nearest")
    reading.answered(primary, 1.0)
    reading.answered(replica, 0.1)
    assert {reading.choose(primary, [replica], 0.0) for _ in range(5)} <= {primary, replica}
    reading.failed(replica, 0.0)
    assert {reading.choose(primary, [replica], 0.5) for _ in range(20)} == {primary}
    assert replica in {reading.choose(primary, [replica], 1.5) for _ in range(20)}
    reading.keep({primary})
    reading.answered(replica, 5.0)
    assert primary in {reading.choose(primary, [replica], 2.0) for _ in range(20)}


def test_keys_of_several_slots_are_read_where_each_is(town):
    cluster = client_that_reads(town, "replica")
    town.network.wait(cluster.set("b", 2))
    assert town.network.wait(cluster.mget("a", "b")) == [b"1", b"2"]
    assert b"MGET" in town.nodes[7102].names()
    assert b"MGET" in town.nodes[7000].names()


def test_blocking_commands_and_transactions_go_to_the_primary(town):
    cluster = client_that_reads(town, "replica")

    async def work() -> Any:
        async with cluster.transaction() as tx:
            tx.get("a")
        return tx.results

    assert town.network.wait(work()) == [b"1"]
    assert b"GET" not in town.nodes[7102].names()


def test_the_primary_is_asked_when_the_replica_is_down_and_the_replica_rests(town):
    cluster = client_that_reads(town, "replica")
    town.network.down.add(7102)
    town.network.cut(7102)
    assert town.network.wait(cluster.get("a"), 1) == b"1"
    attempts = town.network.attempts
    assert town.network.wait(cluster.get("a")) == b"1"
    assert town.network.attempts == attempts
    assert reads(town.nodes[7002]) == 2
    town.network.down.clear()
    town.network.advance(2)
    assert town.network.wait(cluster.get("a")) == b"1"
    assert reads(town.nodes[7102]) == 1


def test_a_read_that_was_lost_with_its_replica_is_asked_of_the_primary(town):
    cluster = client_that_reads(town, "replica")
    town.network.wait(cluster.get("a"))
    town.network.frozen.add(7102)
    found = outcome(cluster.get("a"))
    town.network.pump()
    assert not found
    town.network.cut(7102)
    town.network.advance(0.1)
    assert found == [b"1"]


@pytest.mark.parametrize(
    "refusal",
    [
        b"-MOVED 15495 127.0.0.1:7002",
        b"-CLUSTERDOWN the cluster is down",
        b"-LOADING it reads its data",
        b"-MASTERDOWN the link is down",
    ],
    ids=["moved", "cluster-down", "loading", "primary-down"],
)
def test_a_replica_that_cannot_answer_is_passed_over(town, refusal):
    cluster = client_that_reads(town, "replica")
    town.network.wait(cluster.get("a"))
    town.nodes[7102].refusals = [refusal + b"\r\n"]
    assert town.network.wait(cluster.get("a"), 1) == b"1"
    assert reads(town.nodes[7002]) == 1


def test_what_a_replica_answers_is_the_answer(town):
    cluster = client_that_reads(town, "replica")
    with pytest.raises(WrongType):
        town.network.wait(cluster.llen("a"))
    assert b"LLEN" not in town.nodes[7002].names()


def test_a_replica_that_left_is_forgotten(town):
    cluster = client_that_reads(town, "replica")
    town.network.wait(cluster.get("a"))
    assert town.network.alive(7102)
    town.replicas.clear()
    town.network.wait(cluster.refresh())
    town.network.pump()
    assert not town.network.alive(7102)
    assert town.network.wait(cluster.get("a")) == b"1"


def test_each_replica_has_a_pool_that_ends_with_the_client(town):
    cluster = client_that_reads(town, "replica")
    town.network.wait(cluster.get("a"))
    cluster.close()
    town.network.pump()
    assert not town.network.alive()


def test_who_reads_is_one_of_four(town):
    with pytest.raises(AddressError):
        town.network.cluster(read_from="nobody")
