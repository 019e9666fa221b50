"""Nodes in memory: they form a cluster, find failures, elect, hand over, come back."""

from __future__ import annotations

from miniredis.cluster.node import FAIL, PFAIL

from cluster.harness import MemoryCluster, MemoryNode, alone, formed, nodes_of


def test_nodes_that_meet_know_each_other_through_gossip() -> None:
    first, *others = nodes_of(formed(3))
    assert set(first.view.nodes) == {first.id, *[other.id for other in others]}
    assert all(not node.is_in_handshake for node in first.view.nodes.values())
    assert [len(node.view.primaries()) for node in (first, *others)] == [3, 3, 3]


def test_a_failed_primary_is_replaced_by_its_replica_and_comes_back_as_replica() -> None:
    joined = formed(3, 1)
    first, second, third, replica, *_ = nodes_of(joined)
    slots = first.view.myself.ranges
    first.is_down = True
    joined.run(2.6)
    assert second.view.find(first.id).flags & (PFAIL | FAIL)  # type: ignore[union-attr]
    joined.run(1.4)
    assert replica.view.myself.is_primary
    assert replica.view.myself.ranges == slots
    assert not replica.replication.is_following()
    assert third.view.is_up
    assert replica.view.myself.config_epoch > 6
    assert b"lastVoteEpoch %d" % replica.view.myself.config_epoch in second.saved[-1]
    first.is_down = False
    joined.run(3)
    assert first.view.myself.primary is not None
    assert first.view.myself.primary.id == replica.id
    assert first.replication.primary == ("127.0.0.1", replica.port)
    assert not any(node.flags & FAIL for node in second.view.nodes.values())


def test_a_replica_whose_data_is_too_old_does_not_take_over() -> None:
    joined = formed(3, 1)
    first, _, _, replica, *_ = nodes_of(joined)
    replica.replication.link_up = False
    replica.replication.down_since = 0
    first.is_down = True
    joined.run(6)
    assert replica.view.myself.is_replica
    assert "data age" in replica.logged()


def test_a_replica_that_has_never_had_the_data_does_not_take_over() -> None:
    joined = formed(3, 1)
    first, second, third, replica, *_ = nodes_of(joined)
    replica.replication.link_up = False
    replica.replication.down_since = replica.engine.time.wall_ms()
    assert replica.view.myself.primary is not None
    replica.world.follow(replica.view.myself.primary)
    first.is_down = True
    joined.run(6)
    assert replica.view.myself.is_replica
    assert "data age" in replica.logged()


def test_the_replica_with_more_data_stands_first() -> None:
    joined = formed(3, 2)
    nodes = nodes_of(joined)
    first, behind, ahead = nodes[0], nodes[3], nodes[6]
    ahead.replication.position = 500
    behind.replication.position = 100
    joined.run(2)
    first.is_down = True
    joined.run(5)
    assert ahead.view.myself.is_primary
    assert behind.view.myself.primary is not None
    assert behind.view.myself.primary.id == ahead.id


def test_an_isolated_primary_stops_serving_within_a_node_timeout() -> None:
    joined = formed(3)
    first, second, third = nodes_of(joined)
    second.is_down = third.is_down = True
    joined.run(2.2)
    assert not first.view.is_up
    assert first.call("SET", "{06S}k", "v") == b"-CLUSTERDOWN The cluster is down\r\n"
    second.is_down = third.is_down = False
    joined.run(6)
    assert first.view.is_up


def test_a_manual_failover_waits_for_the_primarys_offset() -> None:
    joined = formed(3, 1)
    first, _, _, replica, *_ = nodes_of(joined)
    first.replication.position = 1000
    replica.replication.position = 900
    key = b"{06S}k"
    assert replica.call("CLUSTER", "FAILOVER") == b"+OK\r\n"
    joined.run(0.5)
    assert first.engine.pause.is_on()
    assert first.call("SET", key, "v") == b""
    assert replica.view.myself.is_replica
    replica.replication.position = 1000
    joined.run(0.5)
    assert replica.view.myself.is_primary
    assert first.view.myself.is_replica
    assert not first.engine.pause.is_on()
    assert first.client.received().startswith(b"-MOVED 0 127.0.0.1:7004")


def test_a_manual_failover_may_follow_at_once_on_becoming_a_replica() -> None:
    """Its primary, and those that vote, know of the new role before they are asked."""
    joined = formed(3)
    first = nodes_of(joined)[0]
    replica = joined.add()
    assert replica.call("CLUSTER", "MEET", "127.0.0.1", first.port) == b"+OK\r\n"
    joined.run(3)
    assert replica.call("CLUSTER", "REPLICATE", first.id) == b"+OK\r\n"
    assert replica.call("CLUSTER", "FAILOVER") == b"+OK\r\n"
    joined.run(1)
    assert replica.view.myself.is_primary
    assert len(replica.view.myself.slots) > 5000


def test_who_is_a_replica_no_more_says_so_at_once() -> None:
    joined = formed(3, 1)
    first, _, _, replica, *_ = nodes_of(joined)
    assert replica.call("CLUSTER", "REPLICATE", "NO", "ONE") == b"+OK\r\n"
    joined.pump()
    assert f"{replica.id.decode()} 127.0.0.1:{replica.port}@{replica.port + 10000} master" in str(
        first.call("CLUSTER", "NODES")
    )


def test_a_manual_failover_that_takes_too_long_is_given_up() -> None:
    joined = formed(3, 1)
    first, _, _, replica, *_ = nodes_of(joined)
    first.replication.position = 1000
    replica.call("CLUSTER", "FAILOVER")
    joined.run(6)
    assert replica.view.myself.is_replica
    assert "Manual failover timed out" in replica.logged()
    assert not first.engine.pause.is_on()


def test_a_forced_failover_does_not_ask_the_primary() -> None:
    joined = formed(3, 1)
    first, _, _, replica, *_ = nodes_of(joined)
    first.is_down = True
    joined.run(0.2)
    assert replica.call("CLUSTER", "FAILOVER", "FORCE") == b"+OK\r\n"
    joined.run(0.3)
    assert replica.view.myself.is_primary


def test_a_takeover_asks_nobody() -> None:
    joined = formed(3, 1)
    first, second, third, replica, *_ = nodes_of(joined)
    for node in (first, second, third):
        node.is_down = True
    assert replica.call("CLUSTER", "FAILOVER", "TAKEOVER") == b"+OK\r\n"
    assert replica.view.myself.is_primary
    assert replica.view.myself.config_epoch == 7
    for node in (first, second, third):
        node.is_down = False
    joined.run(4)
    assert first.view.myself.is_replica


def test_primaries_with_the_same_epoch_settle_it() -> None:
    joined = MemoryCluster()
    first, second = joined.add(), joined.add()
    first.call("CLUSTER", "MEET", "127.0.0.1", second.port)
    joined.run(3)
    assert {first.view.myself.config_epoch, second.view.myself.config_epoch} == {0, 1}


def test_a_spare_replica_goes_to_a_primary_without_one() -> None:
    joined = formed(3, 2)
    nodes = nodes_of(joined)
    first, replicas_of_first = nodes[0], (nodes[3], nodes[6])
    for replica in replicas_of_first:
        replica.is_down = True
    joined.run(12)
    assert first.view.myself.working_replicas() == 1
    assert "Migrating to orphaned primary" in "".join(node.logged() for node in nodes)


def test_no_vote_leaves_that_is_not_on_disk() -> None:
    joined = formed(3, 1)
    first, second, third, replica, *_ = nodes_of(joined)
    second.disk_fails = third.disk_fails = True
    first.is_down = True
    joined.run(6)
    assert replica.view.myself.is_replica
    assert second.view.last_vote_epoch == 0
    assert "could not be saved" in second.logged()


def test_a_node_that_answers_under_another_name_loses_its_address() -> None:
    joined = formed(3)
    first, second, _ = nodes_of(joined)
    old_id = second.id
    second.call("FLUSHALL")
    second.call("CLUSTER", "RESET", "HARD")
    assert second.id != old_id
    joined.run(1)
    assert first.view.find(old_id).flag_names().endswith(b"noaddr")  # type: ignore[union-attr]


def test_a_node_alone_serves_all() -> None:
    node: MemoryNode = alone()
    assert node.call("SET", "k", "v") == b"+OK\r\n"
    assert node.call("CLUSTER", "COUNTKEYSINSLOT", 7629) == b":1\r\n"
    assert node.call("CLUSTER", "GETKEYSINSLOT", 7629, 10) == b"*1\r\n$1\r\nk\r\n"
