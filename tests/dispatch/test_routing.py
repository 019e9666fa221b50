"""Cluster mode's rule: what runs here, what is sent on, what is refused."""

from __future__ import annotations

import pytest

from miniredis.dispatch.port import Port
from miniredis.dispatch.routing import Directory
from miniredis.keyspace.slots import KeysBySlot, key_slot

from cluster.harness import MemoryNode, alone, formed, nodes_of, quick_config

# Tags of slots of the first and the second of three nodes.
OURS, SECOND = b"{06S}", b"{k}"


def three() -> list[MemoryNode]:
    return nodes_of(formed(3))


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        (b"123456789", 12739),
        (b"foo", 12182),
        (b"{foo}bar", 12182),
        (b"a{foo}{bar}", 12182),
        (b"{}foo", 9500),
        (b"", 0),
    ],
)
def test_the_slot_of_a_key_is_that_of_its_tag(key: bytes, slot: int) -> None:
    assert key_slot(key) == slot


def test_a_key_of_another_node_is_sent_there() -> None:
    node, *_ = three()
    assert node.call("SET", OURS, "v") == b"+OK\r\n"
    assert node.call("SET", SECOND, "v") == b"-MOVED 7629 127.0.0.1:7002\r\n"
    assert node.call("GET", b"foo") == b"-MOVED 12182 127.0.0.1:7003\r\n"
    assert node.call("PING") == b"+PONG\r\n"


def test_keys_of_two_slots_are_refused() -> None:
    node, *_ = three()
    assert node.call("MGET", "a", "b") == b"-CROSSSLOT Keys in request don't hash to the same slot\r\n"
    assert node.call("MSET", OURS + b"1", "v", OURS + b"2", "v") == b"+OK\r\n"


def test_nothing_is_served_while_the_cluster_is_down() -> None:
    first, second, third = three()
    second.is_down = third.is_down = True
    first.joined.run(3)
    down = b"-CLUSTERDOWN The cluster is down\r\n"
    assert first.call("GET", OURS) == down
    assert first.call("SPUBLISH", OURS, "m") == b":0\r\n"
    first.call("CONFIG", "SET", "cluster-allow-pubsubshard-when-down", "no")
    assert first.call("SPUBLISH", OURS, "m") == down
    first.call("CONFIG", "SET", "cluster-allow-reads-when-down", "yes")
    assert first.call("GET", OURS) == b"$-1\r\n"
    assert first.call("SET", OURS, "v") == b"-CLUSTERDOWN The cluster is down and only accepts read commands\r\n"
    write = "return redis.call('SET', ARGV[1], 'v')"
    assert b"a write command while the cluster is down and readonly" in first.call("EVAL", write, 0, OURS)
    first.call("CONFIG", "SET", "cluster-allow-reads-when-down", "no")
    assert b"a command while the cluster is down script" in first.call("EVAL", write, 0, OURS)


def test_a_slot_of_nobody_is_not_served() -> None:
    config = quick_config()
    config.assign("cluster-require-full-coverage", b"no")
    node = alone(config)
    node.call("CLUSTER", "DELSLOTS", 12182)
    assert node.call("GET", "foo") == b"-CLUSTERDOWN Hash slot not served\r\n"


def test_a_slot_on_the_move() -> None:
    first, second, _ = three()
    slot, key, other = 0, OURS + b"1", OURS + b"2"
    first.call("SET", key, "v")
    first.call("CLUSTER", "SETSLOT", slot, "MIGRATING", second.id)
    second.call("CLUSTER", "SETSLOT", slot, "IMPORTING", first.id)
    assert first.call("GET", key) == b"$1\r\nv\r\n"
    assert first.call("GET", other) == b"-ASK 0 127.0.0.1:7002\r\n"
    assert first.call("MGET", key, other) == b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n"
    assert second.call("GET", other) == b"-MOVED 0 127.0.0.1:7001\r\n"
    assert second.call("ASKING") == b"+OK\r\n"
    assert second.call("SET", other, "w") == b"+OK\r\n"
    assert second.call("GET", other) == b"-MOVED 0 127.0.0.1:7001\r\n"
    second.call("ASKING")
    assert second.call("MGET", key, other) == b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n"
    second.call("ASKING")
    assert second.call("MGET", other, other) == b"*2\r\n$1\r\nw\r\n$1\r\nw\r\n"
    assert second.call("RESTORE-ASKING", key, 0, "x").startswith(b"-ERR DUMP payload")
    # MIGRATE reaches keys on the move, and those that have gone.
    assert first.call("MIGRATE", "127.0.0.1", 7002, other, 0, 100) == b"+NOKEY\r\n"
    assert first.call("SPUBLISH", OURS, "m") == b":0\r\n"


def test_reads_of_a_replica() -> None:
    joined = formed(3, 1)
    replica = nodes_of(joined)[3]
    moved = b"-MOVED 0 127.0.0.1:7001\r\n"
    assert replica.call("GET", OURS) == moved
    assert replica.call("READONLY") == b"+OK\r\n"
    assert replica.call("GET", OURS) == b"$-1\r\n"
    assert replica.call("SET", OURS, "v") == moved
    assert replica.call("GET", "foo") == b"-MOVED 12182 127.0.0.1:7003\r\n"
    replica.call("ASKING")
    assert replica.call("GET", OURS) == b"$-1\r\n"
    assert replica.call("GET", OURS) == b"$-1\r\n"
    assert replica.call("READWRITE") == b"+OK\r\n"
    assert replica.call("GET", OURS) == moved
    assert b"ssubscribe" in replica.call("SSUBSCRIBE", OURS)


def test_a_transaction_is_of_one_slot() -> None:
    node, second, _ = three()
    node.call("MULTI")
    assert node.call("SET", OURS + b"1", "v") == b"+QUEUED\r\n"
    assert node.call("SET", "foo", "v").startswith(b"-MOVED")
    assert node.call("EXEC").startswith(b"-EXECABORT")
    whole = alone()
    whole.call("WATCH", OURS)
    whole.call("MULTI")
    whole.call("SET", OURS, "v")
    whole.call("SET", "foo", "v")
    assert whole.call("EXEC").startswith(b"-CROSSSLOT")
    assert whole.call("EXEC") == b"-ERR EXEC without MULTI\r\n"
    whole.call("MULTI")
    whole.call("SET", OURS, "v")
    whole.call("MGET", OURS, OURS)
    assert whole.call("EXEC") == b"*2\r\n+OK\r\n*2\r\n$1\r\nv\r\n$1\r\nv\r\n"


def test_a_transaction_whose_slot_goes_meanwhile_is_sent_on() -> None:
    node, second, _ = three()
    node.call("MULTI")
    node.call("SET", OURS, "v")
    other = node.server.connect()
    assert other.call(b"CLUSTER", b"SETSLOT", b"0", b"NODE", second.id) == b"+OK\r\n"
    assert node.call("EXEC") == b"-MOVED 0 127.0.0.1:7002\r\n"
    assert node.call("EXEC") == b"-ERR EXEC without MULTI\r\n"


def test_asking_counts_for_the_next_command_only() -> None:
    first, second, _ = three()
    first.call("CLUSTER", "SETSLOT", 0, "MIGRATING", second.id)
    second.call("CLUSTER", "SETSLOT", 0, "IMPORTING", first.id)
    second.call("ASKING")
    second.call("MULTI")
    assert second.call("SET", OURS, "v").startswith(b"-MOVED")


def test_a_scan_of_the_cluster_may_begin_anywhere() -> None:
    node, *_ = three()
    assert node.call("CLUSTERSCAN", "0") == b"*2\r\n$9\r\n0-{06S}-0\r\n*0\r\n"
    assert node.call("CLUSTERSCAN", "0-{foo}-0") == b"-MOVED 12182 127.0.0.1:7003\r\n"


def test_what_a_script_calls_is_looked_at_too() -> None:
    node, *_ = three()
    local = "Script attempted to access a non local key in a cluster node"
    assert node.call("EVAL", "return redis.call('GET', KEYS[1])", 1, OURS) == b"$-1\r\n"
    assert local in node.call("EVAL", "return redis.call('GET', 'foo')", 0).decode()
    assert node.call("EVAL", "return 1", 1, "foo") == b"-MOVED 12182 127.0.0.1:7003\r\n"
    several = "#!lua%s\nredis.call('GET', '{06S}1') redis.call('GET', '{06S}2') return redis.call('GET', '{Qi}')"
    slots = "Script attempted to access keys that do not hash to the same slot"
    assert slots in node.call("EVAL", several % "", 0).decode()
    assert node.call("EVAL", several % " flags=allow-cross-slot-keys", 0) == b"$-1\r\n"
    node.world.routing.learn(node.world.routing.states, False)
    down = "Script attempted to execute a command while the cluster is down"
    assert down in node.call("EVAL", "return redis.call('GET', 'foo')", 0).decode()


def test_the_index_knows_the_keys_of_each_slot() -> None:
    index = KeysBySlot()
    for number in range(5):
        index.add(b"{foo}%d" % number)
    index.remove(b"{foo}0")
    index.remove(b"never there")
    assert index.count(12182) == 4
    assert len(index.some(12182, 3)) == 3
    for number in range(5):
        index.remove(b"{foo}%d" % number)
    assert index.some(12182, 3) == []
    index.add(b"foo")
    index.clear()
    assert index.count(12182) == 0


def test_only_a_node_knows_where_others_are() -> None:
    session = alone().engine.own_session(Port())
    with pytest.raises(AssertionError):
        Directory().owner(0, session)
    with pytest.raises(AssertionError):
        Directory().destination(0, session)


def test_the_index_follows_the_keys() -> None:
    node = alone()
    for number in range(10):
        node.call("SET", b"{foo}%d" % number, "v")
    node.call("SET", "{foo}1", "again")
    node.call("DEL", "{foo}0")
    node.call("RENAME", "{foo}2", "{foo}20")
    assert node.call("CLUSTER", "COUNTKEYSINSLOT", 12182) == b":9\r\n"
    node.call("FLUSHALL")
    assert node.call("CLUSTER", "COUNTKEYSINSLOT", 12182) == b":0\r\n"


def test_a_key_of_a_slot_that_another_has_taken_is_not_served_while_it_waits_to_be_dropped() -> None:
    first, second, _ = three()
    first.call("SET", OURS, "v")
    assert first.call("GET", OURS) == b"$1\r\nv\r\n"
    taker = first.view.find(second.id)
    assert taker is not None
    first.view.assign(0, taker)
    first.world.routes_changed()
    assert first.call("GET", OURS).startswith(b"-MOVED 0 ")
    first.world.drop_keys([0])
    first.server.advance(0.1)
    assert first.call("CLUSTER", "COUNTKEYSINSLOT", 0) == b":0\r\n"
