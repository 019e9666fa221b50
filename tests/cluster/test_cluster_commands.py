"""CLUSTER and its kin as a client sees them; what can be compared with a real node is in tests/oracle."""

from __future__ import annotations

import re

import pytest

from miniredis.cluster.commands import group as telling
from miniredis.cluster.node_commands import group as changing
from miniredis.cluster.scanning import tag_of
from miniredis.cluster.slot_commands import group as slots
from miniredis.keyspace.slots import key_slot
from miniredis.testing.memory import MemoryServer

from cluster.harness import MemoryCluster, MemoryNode, alone, formed, nodes_of, quick_config

OK = b"+OK\r\n"
NOWHERE = b"0" * 40


@pytest.fixture
def node() -> MemoryNode:
    return alone()


def test_without_cluster_mode_nothing_of_it_works() -> None:
    client = MemoryServer().connect()
    words = {
        "CLUSTER " + command.name.decode(): command
        for group in (telling, changing, slots)
        for command in group.commands
    }
    disabled = b"-ERR This instance has cluster support disabled\r\n"
    for command in words.values():
        if command.container:
            argv = [b"CLUSTER", command.name, *[b"1"] * (abs(command.arity) - 2)]
            assert client.call(*argv) == disabled, command.name
    for word in (b"ASKING", b"READONLY", b"READWRITE"):
        assert client.call(word) == disabled
    assert client.call(b"CLUSTERSCAN", b"0") == disabled


def test_info_counts_slots_nodes_and_messages() -> None:
    first, second, _ = nodes_of(formed(3))
    text = first.call("CLUSTER", "INFO").decode()
    for line in ("cluster_state:ok", "cluster_slots_assigned:16384", "cluster_known_nodes:3", "cluster_size:3",
                 "cluster_current_epoch:3", "cluster_my_epoch:1"):  # fmt: skip
        assert line + "\r\n" in text
    assert re.search(r"cluster_stats_messages_ping_sent:[1-9]", text)
    second.is_down = True
    first.joined.run(3.5)
    failing = first.call("CLUSTER", "INFO").decode()
    assert "cluster_slots_fail:5461\r\n" in failing
    assert "cluster_nodes_fail:1\r\n" in failing


def test_nodes_tells_of_each_node_in_a_line() -> None:
    first, second, *_ = nodes_of(formed(3, 1))
    text = first.call("CLUSTER", "NODES").decode()
    assert text.count("\n") == 8
    assert re.search(rf"{first.id.decode()} 127.0.0.1:7001@17001 myself,master - 0 \d+ 1 connected 0-5460\n", text)
    replica = re.escape(second.id.decode())
    assert re.search(rf"127.0.0.1:7005@17005 slave {replica} 0 \d+ 2 connected\n", text)


def test_slots_and_shards_tell_who_serves_what() -> None:
    joined = formed(3, 1)
    first, *_, replica = nodes_of(joined)
    for node in nodes_of(joined):
        node.replication.position = 100
    joined.run(2)
    text = first.call("CLUSTER", "SLOTS")
    assert text.startswith(b"*3\r\n*4\r\n:0\r\n:5460\r\n*4\r\n$9\r\n127.0.0.1\r\n:7001\r\n$40\r\n" + first.id)
    assert b":7006\r\n$40\r\n" + replica.id in text
    shards = first.call("CLUSTER", "SHARDS")
    assert shards.count(b"online") == 6
    assert shards.count(b"replica\r\n") == 3
    replica.is_down = True
    joined.run(4)
    assert b":7006\r\n$40\r\n" + replica.id not in first.call("CLUSTER", "SLOTS")
    assert b"$4\r\nfail\r\n" in first.call("CLUSTER", "SHARDS")


def test_clients_are_told_the_endpoint_that_is_preferred() -> None:
    config = quick_config()
    config.assign("cluster-announce-hostname", b"here.example")
    config.assign("cluster-announce-tls-port", b"7443")
    node = alone(config)
    assert b"hostname\r\n$12\r\nhere.example" in node.call("CLUSTER", "SLOTS")
    node.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
    assert b"*4\r\n$12\r\nhere.example\r\n:7001" in node.call("CLUSTER", "SLOTS")
    node.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
    assert b"*4\r\n$-1\r\n:7001" in node.call("CLUSTER", "SLOTS")
    assert b"tls-port\r\n:7443" in node.call("CLUSTER", "SHARDS")
    node.client.session.port.is_tls = True
    assert b":7443" in node.call("CLUSTER", "SLOTS")
    assert b":7443@17001,here.example" in node.call("CLUSTER", "NODES")
    node.client.session.port.is_tls = False
    assert b":7001@17001,here.example" in node.call("CLUSTER", "NODES")


def test_clients_are_told_an_address_of_their_own_by_how_they_came() -> None:
    """As Valkey 9.1 does: by the family of the client's address, on every node; the bus keeps to its own."""
    first, second, third = nodes_of(formed(3))
    for name, value in (("ipv4", "1.2.3.4"), ("ipv6", "::9"), ("port", "777"), ("tls-port", "888")):
        assert third.call("CONFIG", "SET", f"cluster-announce-client-{name}", value) == OK
    first.joined.run(2)
    assert first.call("GET", "foo") == b"-MOVED 12182 1.2.3.4:777\r\n"
    assert b" 1.2.3.4:777@17003 " in first.call("CLUSTER", "NODES")
    assert b"$7\r\n1.2.3.4\r\n:777\r\n" in second.call("CLUSTER", "SLOTS")
    shards = first.call("CLUSTER", "SHARDS")
    assert b"$4\r\nport\r\n:777\r\n" in shards
    assert shards.count(b"$7\r\n1.2.3.4\r\n") == 2  # ip and endpoint
    by_ipv6 = first.server.connect()
    by_ipv6.peer = b"[::1]:5000"
    assert by_ipv6.call(b"GET", b"foo") == b"-MOVED 12182 ::9:777\r\n"
    assert b" ::9:777@17003 " in by_ipv6.call(b"CLUSTER", b"NODES")
    assert b" 127.0.0.1:7001@17001 " in by_ipv6.call(b"CLUSTER", b"NODES")
    # What is on disk is known after a restart.
    fields = b",client-ipv4=1.2.3.4,client-ipv6=::9,client-tcp-port=777,client-tls-port=888,"
    assert fields in first.saved[-1]
    again = MemoryCluster().add(text=first.saved[-1])
    assert b" 1.2.3.4:777@17003 " in again.call("CLUSTER", "NODES")


def test_a_redirection_names_the_preferred_endpoint() -> None:
    first, _, third = nodes_of(formed(3))
    first.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
    assert first.call("GET", "foo") == b"-MOVED 12182 ?:7003\r\n"
    third.call("CONFIG", "SET", "cluster-announce-hostname", "third.example")
    first.joined.run(2)
    assert first.call("GET", "foo") == b"-MOVED 12182 third.example:7003\r\n"
    first.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
    assert first.call("GET", "foo") == b"-MOVED 12182 :7003\r\n"


def test_links_tells_of_both_directions() -> None:
    first, *_ = nodes_of(formed(3))
    text = first.call("CLUSTER", "LINKS")
    assert text.startswith(b"*4\r\n")
    assert text.count(b"$2\r\nto\r\n") == text.count(b"$4\r\nfrom\r\n") == 2


def test_info_counts_the_connections_between_nodes() -> None:
    joined = formed(3)
    first, second, _ = nodes_of(joined)
    assert b"cluster_connections:4\r\n" in first.call("INFO", "clients")
    assert b"mem_cluster_links:0\r\n" in first.call("INFO", "memory")
    link = next(node.link for node in first.view.peers() if node.id == second.id)
    assert link is not None
    link.is_up = False
    assert b"cluster_connections:3\r\n" in first.call("INFO", "clients")
    assert b"cluster_connections:0\r\n" in MemoryServer().connect().call(b"INFO", b"clients")


def test_names_of_node_and_shard(node: MemoryNode) -> None:
    assert node.call("CLUSTER", "MYID") == b"$40\r\n" + node.id + b"\r\n"
    assert node.call("CLUSTER", "MYSHARDID") == b"$40\r\n" + node.view.myself.shard_id + b"\r\n"
    assert b"KEYSLOT" in node.call("CLUSTER", "HELP")


def test_replicas_are_listed_by_either_name() -> None:
    joined = formed(3, 1)
    first, *_, replica = nodes_of(joined)
    third = nodes_of(joined)[2]
    for word in ("REPLICAS", "SLAVES"):
        assert b":7006@17006 slave" in first.call("CLUSTER", word, third.id)
    assert first.call("CLUSTER", "REPLICAS", replica.id) == b"-ERR The specified node is not a master\r\n"
    assert first.call("CLUSTER", "COUNT-FAILURE-REPORTS", third.id) == b":0\r\n"


def test_statistics_of_slots(node: MemoryNode) -> None:
    for number in range(3):
        node.call("SET", b"{foo}%d" % number, "v")
    node.call("SET", "a", "v")
    key_count = b"$9\r\nkey-count\r\n:"
    assert node.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 12182, 12182) == (
        b"*1\r\n*2\r\n:12182\r\n*2\r\n" + key_count + b"3\r\n"
    )
    assert node.call("CLUSTER", "SLOT-STATS", "ORDERBY", "KEY-COUNT", "LIMIT", 2, "DESC") == (
        b"*2\r\n*2\r\n:12182\r\n*2\r\n" + key_count + b"3\r\n*2\r\n:15495\r\n*2\r\n" + key_count + b"1\r\n"
    )
    assert node.call("CLUSTER", "SLOT-STATS", "ORDERBY", "KEY-COUNT", "LIMIT", 1, "ASC") == (
        b"*1\r\n*2\r\n:0\r\n*2\r\n" + key_count + b"0\r\n"
    )
    for words in (("ORDERBY", "cpu-usec"), ("ORDERBY", "key-count", "LIMIT", 0), ("ORDERBY", "key-count", "X"),
                  ("SLOTSRANGE", 2, 1), ("FOO", "x")):  # fmt: skip
        assert node.call("CLUSTER", "SLOT-STATS", *words).startswith(b"-ERR"), words


def test_slots_are_flushed_and_their_keys_deleted(node: MemoryNode) -> None:
    node.call("MSET", "{foo}1", "v", "{foo}2", "v")
    assert node.call("CLUSTER", "FLUSHSLOTS") == b"-ERR DB must be empty to perform CLUSTER FLUSHSLOTS.\r\n"
    assert node.call("CLUSTER", "FLUSHSLOT", 12182, "ASYNC") == OK
    assert node.call("DBSIZE") == b":0\r\n"
    assert node.call("CLUSTER", "FLUSHSLOT", 12182, "SYNC", "x").startswith(b"-ERR unknown subcommand or wrong number")
    assert node.call("CLUSTER", "FLUSHSLOTS") == OK
    assert node.view.myself.ranges == ()


def test_keys_of_slots_that_were_lost_are_removed() -> None:
    first, second, _ = nodes_of(formed(3))
    first.call("SET", "{06S}k", "v")
    waiting = first.server.connect()
    waiting.call(b"BLPOP", b"{06S}list", b"0")
    subscriber = first.server.connect()
    subscriber.call(b"SSUBSCRIBE", b"{06S}")
    second.view.assign(0, second.view.myself)
    second.call("CLUSTER", "BUMPEPOCH")
    first.joined.run(2)
    assert first.view.owners[0] is not None
    assert first.view.owners[0].id == second.id
    assert first.engine.keyspace.total_keys() == 0
    assert waiting.received() == b"-MOVED 0 127.0.0.1:7002\r\n"
    assert subscriber.received() == b"*3\r\n$12\r\nsunsubscribe\r\n$5\r\n{06S}\r\n:0\r\n"


def test_waiting_clients_learn_that_the_cluster_is_down(node: MemoryNode) -> None:
    config = quick_config()
    config.assign("cluster-require-full-coverage", b"no")
    partial = alone(config)
    for each, slot, reply in ((node, 1, b"-CLUSTERDOWN The cluster is down\r\n"),
                              (partial, 12182, b"-CLUSTERDOWN Hash slot not served\r\n")):  # fmt: skip
        waiting = each.server.connect()
        waiting.call(b"BLPOP", b"foo", b"0")
        each.call("CLUSTER", "DELSLOTS", slot)
        assert each.call("PING") == b"+PONG\r\n"
        assert waiting.received() == reply


def test_messages_are_published_everywhere_and_shards_in_theirs() -> None:
    joined = formed(3, 1)
    first, second, _, replica, *_ = nodes_of(joined)
    listeners = [each.server.connect() for each in (second, replica)]
    for listener in listeners:
        listener.call(b"SUBSCRIBE", b"news")
    replica_listener = replica.server.connect()
    replica_listener.call(b"SSUBSCRIBE", b"{06S}")
    assert first.call("PUBLISH", "news", "x" * 20_000) == b":0\r\n"
    assert first.call("SPUBLISH", "{06S}", "m") == b":0\r\n"
    joined.pump()
    for listener in listeners:
        assert listener.received().endswith(b"x" * 20_000 + b"\r\n")
    assert replica_listener.received() == b"*3\r\n$8\r\nsmessage\r\n$5\r\n{06S}\r\n$1\r\nm\r\n"


def test_a_node_is_forgotten_and_stays_out_for_a_while() -> None:
    joined = formed(3)
    first, second, third = nodes_of(joined)
    assert first.call("CLUSTER", "FORGET", third.id) == OK
    assert first.call("CLUSTER", "FORGET", third.id) == OK
    joined.run(1)
    assert first.view.find(third.id) is None
    joined.run(62)
    assert first.view.find(third.id) is not None


def test_a_primary_cannot_be_forgotten_by_its_replica_nor_chained() -> None:
    joined = formed(3, 1)
    first, second, third, replica, other, _ = nodes_of(joined)
    assert replica.call("CLUSTER", "FORGET", first.id) == b"-ERR Can't forget my master!\r\n"
    assert other.call("CLUSTER", "REPLICATE", replica.id).startswith(b"-ERR I can only replicate a master")
    assert replica.call("CLUSTER", "SETSLOT", 1, "STABLE") == b"-ERR Please use SETSLOT only with masters.\r\n"
    assert first.call("CLUSTER", "SETSLOT", 1, "MIGRATING", replica.id) == b"-ERR Target node is not a master\r\n"
    assert first.call("CLUSTER", "SETSLOT", 1, "NODE", replica.id) == b"-ERR Target node is not a master\r\n"
    assert first.call("CLUSTER", "SETSLOT", 1, "MIGRATING", second.id, "TIMEOUT", 10) == OK
    first.is_down = True
    joined.run(4)
    assert first.call("CLUSTER", "FAILOVER").startswith(b"-ERR You should send CLUSTER FAILOVER to a replica")
    assert other.call("CLUSTER", "REPLICATE", third.id) == OK
    assert other.replication.primary == ("127.0.0.1", third.port)


def test_failover_needs_a_primary_that_answers() -> None:
    joined = formed(3, 1)
    first, _, _, replica, *_ = nodes_of(joined)
    joined.nodes[first.port].is_down = True
    replica.call("CONFIG", "SET", "cluster-replica-no-failover", "yes")
    joined.run(4)
    assert replica.view.myself.is_replica
    assert b"slave,nofailover" in replica.call("CLUSTER", "NODES")
    assert replica.call("CLUSTER", "FAILOVER").startswith(b"-ERR Master is down or failed")
    replica.view.remove(replica.view.myself.primary)  # type: ignore[arg-type]
    assert replica.call("CLUSTER", "FAILOVER").startswith(b"-ERR I'm a replica but my master is unknown")


def test_a_replica_leaves_its_primary_with_no_one_and_with_reset() -> None:
    joined = formed(3, 2)
    nodes = nodes_of(joined)
    replica, other = nodes[3], nodes[6]
    replica.engine.keyspace.databases[0].put(b"{06S}k", b"v")
    assert replica.call("CLUSTER", "REPLICATE", "NO", "TWO") == b"-ERR syntax error\r\n"
    assert replica.call("CLUSTER", "REPLICATE", "NO", "ONE") == OK
    assert replica.view.myself.is_primary
    assert replica.engine.keyspace.total_keys() == 0
    assert replica.call("CLUSTER", "REPLICATE", "NO", "ONE") == OK
    assert replica.call("CLUSTER", "REPLICATE", "a", "b", "c").startswith(b"-ERR unknown subcommand or wrong")
    epoch = other.view.current_epoch
    other.call("CLUSTER", "RESET")
    assert list(other.view.nodes) == [other.id]
    assert other.view.current_epoch == epoch
    assert not other.replication.is_following()
    assert other.call("CLUSTER", "SET-CONFIG-EPOCH", 10) == b"-ERR Node config epoch is already non-zero\r\n"
    other.call("CLUSTER", "RESET", "HARD")
    assert other.call("CLUSTER", "SET-CONFIG-EPOCH", 9) == OK
    assert other.view.current_epoch == 9


def test_a_node_with_keys_is_not_reset(node: MemoryNode) -> None:
    node.call("SET", "k", "v")
    assert node.call("CLUSTER", "RESET").startswith(b"-ERR CLUSTER RESET can't be called with master nodes containing")


def test_the_state_is_saved_when_asked(node: MemoryNode) -> None:
    before = len(node.saved)
    assert node.call("CLUSTER", "SAVECONFIG") == OK
    assert len(node.saved) == before + 1
    node.disk_fails = True
    assert node.call("CLUSTER", "SAVECONFIG").startswith(b"-ERR error saving the cluster node config")


def test_only_database_0_is_there_unless_more_are_asked_for(node: MemoryNode) -> None:
    node.call("SET", "k", "v")
    assert node.call("SELECT", 0) == OK
    assert node.call("SELECT", 1) == b"-ERR SELECT is not allowed in cluster mode\r\n"
    assert node.call("SELECT", "x").startswith(b"-ERR value is not an integer")
    assert node.call("MOVE", "k", 1) == b"-ERR MOVE is not allowed in cluster mode\r\n"
    assert node.call("SWAPDB", 0, 1) == b"-ERR SWAPDB is not allowed in cluster mode\r\n"
    assert (
        node.call("COPY", "k", "{k}2", "DB", 1)
        == b"-ERR Copying to another database is not allowed in cluster mode\r\n"
    )
    assert node.call("COPY", "k", "{k}2", "DB", 0) == b":1\r\n"
    config = quick_config()
    config.assign("cluster-databases", b"2")
    several = alone(config)
    several.call("SET", "k", "v")
    assert several.call("SELECT", 1) == OK
    several.call("SET", "k", "w")
    assert several.call("CLUSTER", "COUNTKEYSINSLOT", 7629) == b":2\r\n"
    assert several.call("SWAPDB", 0, 1) == b"-ERR SWAPDB is not allowed in cluster mode\r\n"
    several.call("CLUSTER", "FLUSHSLOT", 7629)
    assert several.engine.keyspace.total_keys() == 0


def scanned(node: MemoryNode, *options: str | int) -> tuple[list[bytes], int]:
    """All keys by CLUSTERSCAN, and how many calls that took."""
    keys: list[bytes] = []
    cursor, calls = b"0", 0
    while True:
        reply = node.call("CLUSTERSCAN", cursor, *options)
        calls += 1
        words = reply.split(b"\r\n")[2:]
        cursor, keys = words[0], keys + words[3::2]
        if cursor == b"0":
            return keys, calls


def test_a_scan_meets_every_key_once(node: MemoryNode) -> None:
    names = {b"key:%d" % number for number in range(50)} | {b"{foo}%d" % number for number in range(50)}
    for name in names:
        node.call("SET", name, "v")
    node.call("RPUSH", "list", "v")
    keys, calls = scanned(node, "COUNT", 7, "TYPE", "string")
    assert sorted(keys) == sorted(names)
    assert calls > 10
    keys, _ = scanned(node, "SLOT", 12182, "MATCH", "{foo}1*")
    assert sorted(keys) == sorted(name for name in names if name.startswith(b"{foo}1"))
    assert scanned(node, "MATCH", "key:7")[0] == [b"key:7"]
    assert scanned(node, "MATCH", "{foo}3")[0] == [b"{foo}3"]


def test_a_scan_goes_on_at_the_node_of_the_next_slot() -> None:
    first, *_ = nodes_of(formed(3))
    reply = first.call("CLUSTERSCAN", "0-{06S}-0", "COUNT", 10)
    assert b"0-{%s}-0" % tag_of(5461) in reply
    assert first.call("CLUSTERSCAN", b"0-{%s}-0" % tag_of(5461)) == b"-MOVED 5461 127.0.0.1:7002\r\n"


@pytest.mark.parametrize("cursor", ["x", "0-{a}", "0-{}-0", "0-{a}-x", "1"])
def test_cursors_that_make_no_sense(node: MemoryNode, cursor: str) -> None:
    assert node.call("CLUSTERSCAN", cursor) == b"-ERR invalid cursor\r\n"


def test_a_cursor_of_another_slot_is_refused(node: MemoryNode) -> None:
    assert node.call("CLUSTERSCAN", "0-{06S}-0", "SLOT", 5) == b"-ERR Cursor slot mismatch with SLOT argument\r\n"


@pytest.mark.parametrize("slot", [0, 1, 5461, 16383])
def test_a_tag_hashes_to_its_slot(slot: int) -> None:
    assert key_slot(b"{%s}k" % tag_of(slot)) == slot


def test_time_and_traffic_of_slots_are_counted_when_asked_for(node: MemoryNode) -> None:
    node.call("CONFIG", "SET", "cluster-slot-stats-enabled", "yes")
    node.call("SET", "foo", "bar")
    node.call("GET", "foo")
    node.call("PING")
    shown = node.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 12182, 12182)
    assert b"network-bytes-in\r\n:53\r\n$17\r\nnetwork-bytes-out\r\n:14\r\n" in shown
    assert b"cpu-usec" in shown
    ranked = node.call("CLUSTER", "SLOT-STATS", "ORDERBY", "NETWORK-BYTES-OUT", "LIMIT", 1)
    assert b"*1\r\n*2\r\n:12182\r\n" in ranked
    node.call("CONFIG", "SET", "cluster-slot-stats-enabled", "no")
    assert b"cpu-usec" not in node.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 12182, 12182)
    assert node.engine.on_timed == []
