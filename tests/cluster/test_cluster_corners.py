"""The less usual ways: refusals of votes, addresses that change, servers without replication, links that go."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from miniredis.cluster import messages
from miniredis.cluster.cluster import Cluster
from miniredis.cluster.host import EngineWorld, settings_of
from miniredis.cluster.messages import Fail, Gossip, Ping, Publish, Update, Vote, VoteRequest
from miniredis.cluster.node import FAIL, HANDSHAKE, NOADDR, PFAIL, PRIMARY, ClusterNode
from miniredis.cluster.surroundings import Link, Surroundings
from miniredis.config.config import Config
from miniredis.testing.memory import MemoryServer

from cluster.harness import MemoryCluster, MemoryLink, MemoryNode, alone, formed, nodes_of, quick_config

STRANGER = b"f" * 40


def link_from(sender: MemoryNode, receiver: MemoryNode) -> MemoryLink:
    """The receiver's end of what the sender has connected."""
    node = sender.view.find(receiver.id)
    assert node is not None
    assert isinstance(node.link, MemoryLink)
    assert node.link.twin is not None
    return node.link.twin


def refusal(voter: MemoryNode, candidate: MemoryNode, **changes: object) -> str:
    """Why a request for a vote with these changes gets none."""
    header = replace(candidate.participant.header(), current_epoch=voter.view.current_epoch + 1, **changes)  # type: ignore[arg-type]
    before = len(voter.server.logged)
    voter.participant.receive(link_from(candidate, voter), VoteRequest(header))
    texts = [text for _, text in voter.server.logged[before:] if "auth denied" in text]
    return texts[0] if texts else ""


def test_votes_are_refused_for_reasons() -> None:
    joined = formed(3, 2)
    first, second, third, replica, other, _, sibling, *_ = nodes_of(joined)
    assert "its primary is up" in refusal(second, replica)
    assert "it is a primary node" in refusal(second, third)
    assert "we are no primary with slots" in refusal(other, replica)
    forced = {"is_forced": True}
    assert "epoch (1) > reqConfigEpoch (0)" in refusal(second, replica, config_epoch=0, **forced)
    assert refusal(second, replica, **forced) == ""
    assert "can't vote for any replica of" in refusal(second, sibling, **forced)
    low = replace(replica.participant.header(), current_epoch=1, is_forced=True)
    second.participant.receive(link_from(replica, second), VoteRequest(low))
    assert "reqEpoch (1) < curEpoch" in second.logged()
    second.view.last_vote_epoch = second.view.current_epoch + 1
    assert "already voted for epoch" in refusal(second, sibling, **forced)
    node = second.view.find(replica.id)
    assert node is not None
    second.view.unfollow(node)
    third.view.last_vote_epoch = 0
    header = replace(replica.participant.header(), current_epoch=second.view.current_epoch + 1)
    second.participant.receive(link_from(replica, second), VoteRequest(header))
    assert "I don't know its primary" in second.logged()


def test_an_election_without_a_majority_ends_and_is_tried_again() -> None:
    joined = formed(3, 1)
    first, second, third, replica, *_ = nodes_of(joined)
    first.is_down = True
    second.disk_fails = True
    joined.run(4)
    asked = replica.logged().count("Starting a failover election")
    assert asked >= 1
    assert replica.view.myself.is_replica
    joined.run(16)
    assert "expired" in replica.logged()
    second.disk_fails = False
    joined.run(12)
    assert replica.view.myself.is_primary


def test_a_replica_whose_disk_fails_asks_for_no_votes() -> None:
    joined = formed(3, 1)
    first, second, _, replica, *_ = nodes_of(joined)
    first.is_down = True
    replica.disk_fails = True
    joined.run(5)
    assert not any(isinstance(message, VoteRequest) for message in replica.sent)


def test_a_node_that_moves_is_found_at_its_new_address() -> None:
    joined = formed(3, 1)
    first, second, _, replica, *_ = nodes_of(joined)
    first.call("CONFIG", "SET", "cluster-announce-ip", "10.1.1.1")
    first.call("CONFIG", "SET", "cluster-announce-port", "9999")
    joined.run(2)
    node = second.view.find(first.id)
    assert node is not None
    assert (node.ip, node.port) == (b"10.1.1.1", 9999)
    assert replica.replication.primary == ("10.1.1.1", 9999)
    assert first.view.myself.ip == b"10.1.1.1"


def test_gossip_brings_the_new_address_of_who_is_not_reached() -> None:
    first, second, third = nodes_of(formed(3))
    node = first.view.find(third.id)
    assert node is not None
    node.flags |= PFAIL | NOADDR
    entry = Gossip(third.id, b"10.2.2.2", 7777, 0, 17777, PRIMARY, 100)
    first.participant.receive(link_from(second, first), Ping(second.participant.header(), messages.PING, [entry]))
    assert (node.ip, node.port, node.bus_port) == (b"10.2.2.2", 7777, 17777)
    assert not node.flags & NOADDR


def test_a_known_node_that_is_met_again_keeps_its_name() -> None:
    joined = formed(3)
    first, second, _ = nodes_of(joined)
    first.call("CLUSTER", "MEET", "127.0.0.1", second.port)
    assert len(first.view.nodes) == 4
    first.call("CLUSTER", "MEET", "127.0.0.1", second.port)
    assert len(first.view.nodes) == 4
    joined.run(1)
    assert len(first.view.nodes) == 3
    first.call("CLUSTER", "MEET", "127.0.0.1", 7999)
    joined.run(3)
    assert len(first.view.nodes) == 3


def test_frames_of_strangers_and_of_ourselves_do_not_count() -> None:
    first, second, third = nodes_of(formed(3))
    link = link_from(second, first)
    stranger = replace(second.participant.header(), node_id=STRANGER, current_epoch=99)
    first.participant.receive(link, Fail(stranger, third.id))
    first.participant.receive(link, Publish(stranger, b"c", b"m", False))
    assert first.view.current_epoch == 3
    assert not any(node.has_failed for node in first.view.nodes.values())
    known = second.participant.header()
    first.participant.receive(link, Fail(known, first.id))
    first.participant.receive(link, Fail(known, STRANGER))
    first.participant.receive(link, Update(known, STRANGER, 9, ((0, 0),)))
    first.participant.receive(link, Update(known, third.id, 1, ((0, 0),)))
    first.participant.receive(link, Vote(known))
    assert first.view.owners[0] is first.view.myself
    first.participant.receive(link, Update(known, third.id, 9, ((0, 0),)))
    assert first.view.owners[0] is first.view.find(third.id)


def test_a_primary_that_another_knows_better_is_told() -> None:
    joined = formed(3)
    first, second, third = nodes_of(joined)
    third.view.assign(0, third.view.myself)
    third.view.raise_own_epoch()
    third.view.current_epoch += 1
    third.view.myself.config_epoch = third.view.current_epoch
    joined.run(3)
    assert any(isinstance(message, Update) for node in (second, third) for message in node.sent) or (
        0 not in first.view.myself.slots
    )
    assert first.view.myself.ranges[0][0] == 1


def test_slots_that_their_owner_gave_up_can_be_claimed_by_anybody() -> None:
    joined = formed(3)
    first, second, third = nodes_of(joined)
    third.call("CLUSTER", "DELSLOTS", 16383)
    joined.run(2)
    node = first.view.find(third.id)
    assert node is not None
    assert first.view.owners[16383] is node
    assert first.view.unclaimed == {16383}
    third.call("CLUSTER", "ADDSLOTS", 16383)
    joined.run(2)
    assert first.view.unclaimed == set()
    third.call("CLUSTER", "DELSLOTS", 16383)
    joined.run(2)
    for each in (first, second, third):
        each.view.unassign(16383)
    first.call("CLUSTER", "ADDSLOTS", 16383)
    joined.run(2)
    assert second.view.owners[16383] is second.view.find(first.id)


def test_chains_of_replicas_are_cut_short() -> None:
    joined = formed(3, 1)
    first, second, _, replica, *_ = nodes_of(joined)
    head = replica.view.find(first.id)
    better = replica.view.find(second.id)
    assert head is not None
    assert better is not None
    replica.view.make_replica(head, better)
    replica.view.take_claims(better, 9, better.ranges)
    assert replica.view.myself.primary is better
    joined.run(1)


def test_a_link_that_comes_too_late_is_closed() -> None:
    first, second, _ = nodes_of(formed(3))
    node = first.view.find(second.id)
    assert node is not None
    late = MemoryLink(first, node, 0)
    first.participant.link_up(late)
    assert late.is_closed
    inbound = node.inbound
    assert inbound is not None
    first.participant.link_lost(inbound)
    assert node.inbound is None


def test_who_cannot_be_connected_counts_as_pinged() -> None:
    node = alone()
    stranger = ClusterNode(STRANGER, PRIMARY, node.world.now_ms())
    stranger.ip, stranger.port, stranger.bus_port = b"127.0.0.1", 7999, 17999
    node.view.add(stranger)
    node.world._connect = lambda _: None
    node.participant.tick()
    assert stranger.ping_sent_ms > 0


def test_a_failed_primary_that_is_heard_again_is_taken_back_in_time() -> None:
    joined = formed(3)
    first, second, third = nodes_of(joined)
    third.is_down = True
    joined.run(3.5)
    node = first.view.find(third.id)
    assert node is not None
    assert node.flags & FAIL
    third.is_down = False
    joined.run(2.5)
    joined.run(4)
    assert not node.flags & FAIL
    assert "nobody is serving its slots after some time" in first.logged()


def test_a_server_without_replication_is_a_replica_in_name() -> None:
    config = quick_config()
    config.assign("cluster-enabled", b"yes")
    server = MemoryServer(config)
    server.clock.advance(1000)
    world = EngineWorld(server.engine, Random(1), lambda node: None, lambda text, sync: True)
    cluster = Cluster(server.engine, world, b"", 7001, 0)
    cluster.begin()
    other = ClusterNode(STRANGER, PRIMARY, 0)
    cluster.view.add(other)
    cluster.view.follow(other)
    world.keep_following(other)
    assert server.engine.is_replica
    assert world.offset() == world.data_age_ms() == 0
    world.promote()
    assert not server.engine.is_replica


def test_keys_that_were_there_before_are_found_and_slots_taken() -> None:
    text = alone().saved[-1].replace(b" 0-16383", b" 0-100")
    joined = MemoryCluster()
    config = quick_config()
    config.assign("cluster-enabled", b"yes")
    server = MemoryServer(config)
    server.clock.advance(1000)
    client = server.connect()
    client.call(b"SET", b"foo", b"v")
    world = EngineWorld(server.engine, Random(1), lambda node: None, lambda saved, sync: True)
    cluster = Cluster(server.engine, world, text, 7001, 0)
    other = ClusterNode(STRANGER, PRIMARY, 0)
    cluster.view.add(other)
    client.call(b"SELECT", b"0")
    cluster.view.assign(15495, other)
    server.engine.keyspace.databases[0].put(b"a", b"v")
    cluster.begin()
    assert cluster.view.owners[12182] is cluster.view.myself
    assert cluster.view.coming == {15495: other}
    assert joined.nodes == {}


def test_the_port_for_tls_is_followed_where_replication_uses_it() -> None:
    joined = formed(3, 1)
    first, _, _, replica, *_ = nodes_of(joined)
    replica.engine.config.assign("tls-replication", b"yes")
    node = replica.view.find(first.id)
    assert node is not None
    node.tls_port = 7443
    replica.world.follow(node)
    assert replica.replication.primary == ("127.0.0.1", 7443)


def test_a_node_that_has_a_port_for_tls_only_is_followed_there() -> None:
    joined = formed(3, 1)
    first, _, _, replica, *_ = nodes_of(joined)
    node = replica.view.find(first.id)
    assert node is not None
    node.port, node.tls_port = 0, 7443
    replica.engine.config.assign("tls-replication", b"yes")
    replica.world.keep_following(node)
    assert replica.replication.primary == ("127.0.0.1", 7443)
    node.tls_port = 0
    replica.world.follow(node)  # there is nowhere to go
    replica.world.keep_following(node)
    assert replica.replication.primary == ("127.0.0.1", 7443)


def test_clients_get_the_port_that_speaks_as_they_do_or_the_only_one() -> None:
    node = ClusterNode(STRANGER, PRIMARY, 0)
    node.port, node.tls_port = 7000, 7443
    assert (node.port_by(False), node.port_by(True)) == (7000, 7443)
    node.tls_port = 0
    assert node.port_by(True) == 7000
    node.port, node.tls_port = 0, 7443
    assert node.port_by(False) == 7443


def test_whom_we_met_has_the_ports_that_it_tells() -> None:
    joined = formed(3)
    first, second, _ = nodes_of(joined)
    node = first.view.find(second.id)
    assert node is not None and node.link is not None
    node.flags |= HANDSHAKE
    header = second.participant.header()
    header.port, header.tls_port = 0, 7443
    first.participant.membership.answered(node.link, node, None, header)
    assert (node.port, node.tls_port) == (0, 7443)


def test_the_ports_a_node_announces_can_be_chosen() -> None:
    config = Config()
    config.assign("cluster-port", b"5000")
    server = MemoryServer(config)
    assert settings_of(server.engine, 7001, 0).bus_port == 5000
    config.assign("cluster-announce-bus-port", b"6000")
    assert settings_of(server.engine, 7001, 0).bus_port == 6000
    assert settings_of(server.engine, 0, 7443).tls_port == 7443


def test_surroundings_do_nothing_by_themselves() -> None:
    world = Surroundings(Random(1))
    node = ClusterNode(STRANGER, PRIMARY, 0)
    world.follow(node)
    world.keep_following(node)
    world.promote()
    world.drop_keys([1])
    world.pause_writes(1)
    world.resume_writes()
    world.published(b"c", b"m", False)
    world.routes_changed()
    world.log("notice", "nothing")
    assert world.wall_offset_ms() == world.offset() == world.data_age_ms() == world.keys_in(1) == 0
    assert Link(None, 0).unsent_bytes() == 0
    with pytest.raises(NotImplementedError):
        world.now_ms()


def test_requests_that_make_no_sense() -> None:
    node = alone()
    for words, text in (
        ("MEET 127.0.0.1 1 2 3", "unknown subcommand or wrong number"),
        ("MEET here 1", "Invalid node address specified: here:1"),
        ("MEET 127.0.0.1 x", "Invalid TCP base port specified: x"),
        ("MEET 127.0.0.1 0", "Invalid node address specified: 127.0.0.1:0"),
        ("FORGET " + node.id.decode(), "I tried hard but I can't forget myself..."),
        ("FORGET nobody", "Unknown node nobody"),
        ("REPLICATE " + node.id.decode(), "Can't replicate myself"),
        ("FAILOVER x", "syntax error"),
        ("FAILOVER FORCE x", "unknown subcommand or wrong number"),
        ("RESET x", "syntax error"),
        ("RESET HARD x", "unknown subcommand or wrong number"),
        ("SET-CONFIG-EPOCH -1", "Invalid config epoch specified: -1"),
        ("COUNTKEYSINSLOT 16384", "Invalid slot"),
        ("GETKEYSINSLOT 1 -1", "Invalid slot or number of keys"),
        ("ADDSLOTS x", "Invalid or out of range slot"),
        ("ADDSLOTS 1", "Slot 1 is already busy"),
        ("ADDSLOTSRANGE 1 2 3", "wrong number of arguments for 'cluster|addslotsrange' command"),
        ("ADDSLOTSRANGE 3 2", "start slot number 3 is greater than end slot number 2"),
        ("DELSLOTS 1 1", "Slot 1 specified multiple times"),
        ("SETSLOT 1 FOO", "Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP"),
        ("SETSLOT 1 IMPORTING nobody", "I'm already the owner of hash slot 1"),
        ("SETSLOT 1 MIGRATING nobody", "I don't know about node nobody"),
    ):
        assert text in node.call("CLUSTER", *words.split()).decode(), words
    assert node.call("CLUSTER", "DELSLOTSRANGE", 1, 2) == b"+OK\r\n"
    assert node.call("CLUSTER", "DELSLOTS", 1) == b"-ERR Slot 1 is already unassigned\r\n"
    assert node.call("CLUSTER", "SETSLOT", 1, "MIGRATING", node.id) == b"-ERR I'm not the owner of hash slot 1\r\n"
    assert node.call("CLUSTER", "SETSLOT", 5, "STABLE") == b"+OK\r\n"


def test_a_message_too_long_for_the_bus_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_PUBLISHED", 1000)
    first, *_ = nodes_of(formed(3))
    before = len(first.sent)
    first.call("PUBLISH", "news", "x" * 1000)
    assert len(first.sent) == before
    assert "too long for the other nodes" in first.logged()
