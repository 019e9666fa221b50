"""Both sides of replication between servers in memory: syncs, promotions, what clients are told."""

from __future__ import annotations

import pytest

from miniredis.dispatch.gates import GATE_LOADING
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_HIDE
from replication.world import Node, World


@pytest.fixture
def world() -> World:
    return World()


def pair(world: World, **options: str) -> tuple[Node, Node]:
    """A primary and its replica, in step."""
    primary, replica = world.add(7001, **options).start(), world.add(7002, **options).start()
    primary.call("SET", "before", "1")
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    world.run(1.1)
    return primary, replica


# -- full syncs


@pytest.mark.parametrize("mode", ["disabled", "on-empty-db", "swapdb", "flush-before-load"])
@pytest.mark.parametrize("diskless", ["yes", "no"])
def test_a_full_sync_brings_everything_in_every_mode(world: World, diskless: str, mode: str):
    primary = world.add(7001, repl_diskless_sync=diskless).start()
    replica = world.add(7002, repl_diskless_load=mode).start()
    for number in range(2000):
        primary.call("SET", f"key{number}", "x" * 20)
    primary.call("SELECT", 3)
    primary.call("RPUSH", "list", "a", "b")
    replica.call("SET", "old", "data")
    replica.follow(primary)
    primary.call("SET", "later", "1")
    world.run_until(replica.is_in_step)
    world.run(1.2)
    primary.call("INCR", "later")
    world.run(0.1)
    assert replica.digest() == primary.digest()
    assert replica.call("EXISTS", "old") == b":0\r\n"
    assert replica.info("master_repl_offset") == primary.info("master_repl_offset")
    assert not replica.engine.gates & GATE_LOADING
    assert all(store.is_closed for store in replica.storage.stores)


def test_a_streamed_sync_waits_for_more_replicas(world: World):
    primary = world.add(7001, repl_diskless_sync_delay="3").start()
    replicas = [world.add(7002).start(), world.add(7003).start()]
    replicas[0].follow(primary)
    world.run(2)
    replicas[1].follow(primary)
    assert primary.source.begun == []
    world.run(2)
    assert all(replica.is_in_step() for replica in replicas)
    assert len(primary.source.begun) == 1


def test_enough_replicas_end_the_wait(world: World):
    primary = world.add(7001, repl_diskless_sync_delay="1000", repl_diskless_sync_max_replicas="2").start()
    replicas = [world.add(7002).start(), world.add(7003).start()]
    for replica in replicas:
        replica.follow(primary)
    world.run(1)
    assert all(replica.is_in_step() for replica in replicas)


def test_who_comes_while_a_file_is_written_gets_the_same_file(world: World):
    primary = world.add(7001, repl_diskless_sync="no").start()
    primary.source.takes = 100
    first, second = world.add(7002).start(), world.add(7003).start()
    first.follow(primary)
    world.run(0.1)
    primary.call("SET", "meanwhile", "1")
    assert "state=wait_bgsave" in primary.info("slave0")
    second.follow(primary)
    world.run(3)
    assert len(primary.source.begun) == 1
    assert first.digest() == second.digest() == primary.digest()


def test_the_next_streamed_snapshot_begins_when_the_last_is_sent(world: World):
    primary = world.add(7001).start()
    primary.call("SET", "large", "x" * 200_000)
    primary.source.takes = 200
    first, second = world.add(7002).start(), world.add(7003).start()
    first.follow(primary)
    world.run(0.2)
    assert "state=send_bulk" in primary.info("slave0")
    second.follow(primary)
    world.run(0.2)
    assert len(primary.source.begun) == 1
    world.run(10)
    assert len(primary.source.begun) == 2
    assert first.digest() == second.digest() == primary.digest()


@pytest.mark.parametrize("diskless", ["yes", "no"])
@pytest.mark.parametrize("failure", ["at once", "child died", "unreadable"])
def test_a_snapshot_that_fails_is_made_again(world: World, diskless: str, failure: str):
    primary, replica = world.add(7001, repl_diskless_sync=diskless).start(), world.add(7002).start()
    if failure == "unreadable" and diskless == "yes":
        failure = "child died"
    primary.source.fails = failure
    replica.follow(primary)
    world.run(3)
    assert not replica.is_in_step()
    assert primary.said("Full sync failed")
    primary.source.fails = ""
    world.run_until(replica.is_in_step)


def test_a_full_disk_fails_the_sync_and_the_old_data_stays(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    replica.call("SET", "old", "data")
    replica.storage.is_full = True
    replica.follow(primary)
    world.run(3)
    assert replica.said("No space left on device")
    assert replica.call("GET", "old") == b"$4\r\ndata\r\n"
    replica.storage.is_full = False
    replica.storage.is_closed = True
    world.run(2)
    assert replica.said("Permission denied")
    replica.storage.is_closed = False
    world.run_until(replica.is_in_step)


def test_a_sync_that_breaks_while_loading_leaves_nothing_half(world: World):
    primary = world.add(7001).start()
    replica = world.add(7002, repl_diskless_load="flush-before-load").start()
    for number in range(3000):
        primary.call("SET", f"key{number}", "x" * 50)
    replica.follow(primary)
    world.run_until(lambda: replica.engine.keyspace.total_keys() > 0)
    assert replica.engine.gates & GATE_LOADING
    assert replica.call("GET", "key1").startswith(b"-LOADING")
    assert replica.info("master_sync_in_progress") == "1"
    for connection in list(world.connections):
        connection.break_now()
    world.run(0.01)
    assert replica.engine.keyspace.total_keys() == 0
    assert not replica.is_whole()
    world.run_until(replica.is_in_step)
    assert replica.digest() == primary.digest()


def test_corrupt_data_is_refused(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    primary.call("SET", "key", "value")
    primary.source.takes = 10
    replica.follow(primary)
    world.run_until(lambda: len(primary.source.begun) == 1)
    primary.source.takes = 0
    snapshot = primary.source.begun[0]
    snapshot.data = snapshot.data[:20] + b"\xfe" + snapshot.data[21:]
    world.run_until(lambda: replica.said("Failed trying to load the MASTER synchronization DB"))
    world.run_until(replica.is_in_step)


def test_a_store_that_cannot_be_read_back_is_told(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    replica.storage.is_broken = True
    replica.follow(primary)
    world.run_until(lambda: replica.said("Input/output error"))
    replica.storage.is_broken = False
    world.run_until(replica.is_in_step)


def test_watched_keys_count_as_changed_when_all_data_comes_anew(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    client = replica.connect()
    client.call(b"SET", b"key", b"v")
    client.call(b"WATCH", b"key")
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    client.call(b"MULTI")
    client.call(b"PING")
    assert client.call(b"EXEC") == b"*-1\r\n"


def test_access_counters_come_along_beside(world: World):
    options = {"maxmemory_policy": "allkeys-lfu", "repl_diskless_load": "swapdb", "maxmemory": "100mb"}
    primary, replica = pair(world, **options)
    assert replica.call("OBJECT", "FREQ", "before").startswith(b":")
    assert replica.engine.keyspace.memory.used > 0


# -- partial syncs


def test_a_link_that_broke_goes_on_where_it_was(world: World):
    primary, replica = pair(world)
    for connection in list(world.connections):
        connection.break_now()
    primary.call("SET", "meanwhile", "1")
    world.run_until(replica.is_in_step)
    world.run(0.1)
    assert replica.digest() == primary.digest()
    assert primary.info("sync_full", "stats") == "1"
    assert primary.info("sync_partial_ok", "stats") == "1"


def test_without_enough_backlog_everything_is_sent_again(world: World):
    primary, replica = pair(world, repl_backlog_size="16kb")
    world.cut = {(7001, 7002)}
    for connection in list(world.connections):
        connection.break_now()
    for _ in range(100):
        primary.call("SET", "meanwhile", "x" * 1000)
    world.run(1)
    world.cut = set()
    world.run_until(replica.is_in_step)
    assert primary.said("for lack of backlog")
    assert primary.info("sync_full", "stats") == "2"
    assert primary.info("sync_partial_err", "stats") == "2"  # and when the replica came with a past of its own
    assert replica.digest() == primary.digest()


def test_a_promoted_replica_shares_its_past(world: World):
    primary, replica = pair(world)
    other = world.add(7003).start()
    other.follow(primary)
    world.run_until(other.is_in_step)
    world.run(1.2)
    old_id = primary.info("master_replid")
    assert replica.call("REPLICAOF", "NO", "ONE") == b"+OK\r\n"
    assert replica.info("role") == "master"
    assert replica.info("master_replid2") == old_id
    assert replica.info("second_repl_offset") == str(int(replica.info("master_repl_offset")) + 1)
    other.follow(replica)
    primary.follow(replica)
    world.run_until(lambda: other.is_in_step() and primary.is_in_step())
    replica.call("SET", "new", "1")
    world.run(0.1)
    assert other.digest() == replica.digest() == primary.digest()
    assert replica.info("sync_full", "stats") == "0"


def test_one_that_wrote_more_than_the_new_primary_knows_begins_anew(world: World):
    primary, replica = pair(world)
    world.cut = {(7001, 7002)}
    primary.call("SET", "lost", "1")
    replica.call("SLAVEOF", "no", "one")
    replica.call("SET", "kept", "1")
    world.cut = set()
    primary.follow(replica)
    world.run_until(primary.is_in_step)
    world.run(0.1)
    assert primary.call("EXISTS", "lost", "kept") == b":1\r\n"
    assert replica.info("sync_full", "stats") == "1"


def test_all_follow_down_a_chain(world: World):
    primary, middle = pair(world)
    last = world.add(7003).start()
    last.follow(middle)
    world.run_until(last.is_in_step)
    world.run(1.2)
    primary.call("SELECT", 5)
    primary.call("SET", "k", "1")
    world.run(0.2)
    assert last.digest() == primary.digest()
    assert len({node.info("master_repl_offset") for node in (primary, middle, last)}) == 1
    primary.client.disconnect()
    middle.crash()
    last.follow(primary)
    world.run_until(last.is_in_step)
    assert primary.info("sync_partial_ok", "stats") == "1"


def test_a_replica_that_is_behind_whoever_asks_takes_nothing_from_it(world: World):
    """Hung below a sibling that lags, a replica waits for it: what it has acknowledged stays."""
    primary, lagging = pair(world)
    ahead = world.add(7003).start()
    ahead.follow(primary)
    world.run_until(ahead.is_in_step)
    world.run(1.2)
    world.cut = {(7001, 7002)}
    primary.call("SET", "acknowledged", "1")
    world.run(0.2)
    reached = ahead.replication.offset()
    ahead.follow(lagging)
    world.run(5)
    assert ahead.replication.offset() == reached
    assert ahead.call("GET", "acknowledged") == b"$1\r\n1\r\n"
    assert ahead.said("is behind")
    world.cut = set()
    world.run_until(ahead.is_in_step)
    assert lagging.info("sync_full", "stats") == "0"
    assert ahead.digest() == primary.digest()


def test_those_below_begin_anew_when_the_data_above_does(world: World):
    primary, middle = pair(world)
    last = world.add(7003).start()
    last.follow(middle)
    world.run_until(last.is_in_step)
    other = world.add(7004).start()
    other.call("SET", "other", "1")
    middle.follow(other)
    world.run_until(lambda: middle.is_in_step() and last.digest() == other.digest())
    assert last.call("EXISTS", "before") == b":0\r\n"


def test_a_file_says_where_to_go_on(world: World):
    primary, replica = pair(world)
    primary.call("SELECT", 2)
    primary.call("SET", "k", "1")
    world.run(0.1)
    data = replica.save()
    primary.call("INCR", "k")
    replica.crash()
    again = world.add(7002, replicaof="10.0.0.1 7001")
    again.replication.prepare()
    assert again.call("SET", "x", "y").startswith(b"-READONLY")
    again.load(data)
    again.replication.begin()
    world.run_until(again.is_in_step)
    world.run(0.1)
    assert again.digest() == primary.digest()
    assert primary.info("sync_full", "stats") == "1"


def test_a_primary_that_starts_from_its_file_lets_replicas_go_on(world: World):
    primary, replica = pair(world)
    primary.call("SET", "volatile", "1", "PX", 500)
    world.run(0.1)
    data = primary.save()
    primary.crash()
    world.run(1)
    again = world.add(7001).start()
    again.load(data)
    world.run_until(replica.is_in_step)
    world.run(0.3)
    assert again.info("sync_full", "stats") == "0"
    assert replica.digest() == again.digest()
    assert replica.call("DBSIZE") == b":1\r\n"


@pytest.mark.parametrize("aux", [{}, {b"repl-id": b"short", b"repl-offset": b"1"}, {b"repl-id": b"a" * 40}])
def test_a_file_that_does_not_say_where_it_belongs_is_of_no_history(world: World, aux: dict[bytes, bytes]):
    node = world.add(7001).start()
    before = node.replication.history.id
    node.replication.take_origin(aux)
    assert node.replication.history.id == before
    assert node.replication.snapshot_origin() == []


def test_the_backlog_is_forgotten_without_replicas(world: World):
    primary, replica = pair(world, repl_backlog_ttl="5")
    before = primary.info("master_replid")
    replica.crash()
    world.run(4)
    assert primary.info("repl_backlog_active") == "1"
    world.run(3)
    assert primary.info("repl_backlog_active") == "0"
    assert primary.info("master_replid") != before


def test_the_backlog_follows_its_size(world: World):
    primary, _ = pair(world)
    primary.call("CONFIG", "SET", "repl-backlog-size", "20kb")
    assert primary.info("repl_backlog_size") == "20480"
    assert primary.replication.history.open_backlog().size == 20480


# -- time


def test_a_silent_primary_is_left_and_found_again(world: World):
    primary, replica = pair(world, repl_timeout="5")
    primary.is_paused = True
    world.run(6.5)
    assert not replica.is_in_step()
    assert replica.said("MASTER timeout")
    assert replica.info("master_link_status") == "down"
    assert int(replica.info("master_link_down_since_seconds")) >= 0
    primary.is_paused = False
    world.run_until(replica.is_in_step)
    assert primary.info("sync_full", "stats") == "1"


def test_a_silent_replica_is_left(world: World):
    primary, replica = pair(world, repl_timeout="5")
    replica.is_paused = True
    world.run(7)
    assert primary.info("connected_slaves") == "0"
    assert primary.said("Disconnecting timedout replica (streaming sync)")


def test_a_sync_that_stands_still_is_given_up_on_both_sides(world: World):
    world.slowest_s = 0.1
    primary, replica = world.add(7001, repl_timeout="5").start(), world.add(7002, repl_timeout="5").start()
    for number in range(3000):
        primary.call("SET", f"key{number}", "x" * 50)
    replica.follow(primary)
    world.run_until(lambda: int(replica.info("master_sync_read_bytes") or 0) > 0)
    world.cut = {(7001, 7002)}
    world.run(9)
    assert primary.said("Disconnecting timedout replica (full sync)")
    assert replica.said("Timeout receiving bulk data from MASTER")
    world.cut = set()
    world.run_until(replica.is_in_step)


def test_a_primary_that_is_not_there_is_tried_each_second(world: World):
    replica = world.add(7002, repl_timeout="5").start()
    assert replica.call("REPLICAOF", "10.0.0.1", 7001) == b"+OK\r\n"
    world.run(2.5)
    assert sum("Connecting to MASTER" in line for _, line in replica.logged) == 3
    assert replica.said("Connection refused")
    assert replica.call("ROLE").startswith(b"*5\r\n$5\r\nslave\r\n")


def test_pings_keep_idle_links_alive(world: World):
    primary, replica = pair(world, repl_timeout="5", repl_ping_replica_period="1")
    world.run(20)
    assert replica.is_in_step()
    assert primary.info("sync_full", "stats") == "1"
    assert primary.info("sync_partial_ok", "stats") == "0"


def test_a_replica_that_does_not_read_is_cut_at_its_limit(world: World):
    primary, replica = pair(world, repl_backlog_size="16kb", client_output_buffer_limit="replica 200kb 0 0")
    replica.is_paused = True
    for _ in range(150):
        primary.call("SET", "k", "x" * 1000)
        world.run(0.001)
    assert primary.info("connected_slaves") == "1"
    for _ in range(100):
        primary.call("SET", "k", "x" * 1000)
        world.run(0.001)
    assert primary.info("connected_slaves") == "0"
    assert primary.said("closed for overcoming of output buffer limits")
    assert primary.replication.history.open_backlog().kept_bytes() < 60_000
    replica.is_paused = False
    world.run_until(replica.is_in_step)
    world.run(0.1)
    assert replica.digest() == primary.digest()


def test_a_limit_below_the_backlog_counts_as_the_backlog(world: World):
    primary, replica = pair(world, repl_backlog_size="1mb", client_output_buffer_limit="replica 1kb 0 0")
    replica.is_paused = True
    for _ in range(100):
        primary.call("SET", "k", "x" * 1000)
    world.run(1)
    assert primary.info("connected_slaves") == "1"


# -- keys that expire


def test_a_replica_hides_what_expired_and_waits_for_word(world: World):
    primary, replica = pair(world)
    primary.call("SET", "k", "v", "PX", 1000)
    world.run(0.1)
    primary.is_paused = True
    world.run(1.5)
    replica.engine.begin_turn()
    assert replica.call("GET", "k") == b"$-1\r\n"
    assert replica.call("DBSIZE") == b":2\r\n"
    primary.is_paused = False
    world.run(0.5)
    assert replica.call("DBSIZE") == b":1\r\n"
    replica.call("REPLICAOF", "NO", "ONE")
    assert replica.engine.keyspace.databases[0].expire_policy == EXPIRE_DELETE


def test_the_policy_is_that_of_a_replica_again_after_each_piece_of_the_stream(world: World):
    primary, replica = pair(world)
    primary.call("SET", "k", "v")
    world.run(0.1)
    assert replica.engine.keyspace.databases[0].expire_policy == EXPIRE_HIDE


# -- what is counted


def test_bytes_of_replication_are_counted_on_both_sides(world: World):
    primary, replica = pair(world)
    sent = int(primary.info("total_net_repl_output_bytes", "stats"))
    came = int(replica.info("total_net_repl_input_bytes", "stats"))
    assert sent > 0
    primary.call("SET", "k", "x" * 1000)
    world.run(0.1)
    assert 1000 < int(primary.info("total_net_repl_output_bytes", "stats")) - sent < 1200
    assert 1000 < int(replica.info("total_net_repl_input_bytes", "stats")) - came < 1200
    # Those that have left stay counted, until all is counted anew.
    sent = int(primary.info("total_net_repl_output_bytes", "stats"))
    replica.crash()
    world.run(0.1)
    assert int(primary.info("total_net_repl_output_bytes", "stats")) >= sent
    primary.call("CONFIG", "RESETSTAT")
    for field in ("total_net_repl_output_bytes", "total_net_repl_input_bytes", "sync_full"):
        assert primary.info(field, "stats") == "0"
