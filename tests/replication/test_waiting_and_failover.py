"""WAIT, WAITAOF, FAILOVER, min-replicas-to-write, and what clients of either role are refused."""

from __future__ import annotations

import pytest

from miniredis.dispatch.gates import GATE_BUSY
from miniredis.dispatch.log_buffer import LogBuffer
from miniredis.dispatch.roles import FAILOVER_IN_PROGRESS, NO_FAILOVER, WAITING_FOR_SYNC
from miniredis.resp.errors import ReplyError
from replication.world import Node, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def pair(world: World) -> tuple[Node, Node]:
    primary, replica = world.add(7001).start(), world.add(7002).start()
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    world.run(1.2)
    return primary, replica


class Log(LogBuffer):
    """A log whose disk is told when it has what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.safe = 0

    def settle(self) -> None:
        self.release(self.appended)

    def durable(self) -> int:
        return self.safe


def open_log(node: Node) -> Log:
    log = Log()
    node.engine.log_buffer = log
    node.engine.log_sinks.append(log)
    node.engine.refresh_listening()
    return log


# -- WAIT


def test_wait_ends_when_enough_replicas_have_it(world: World, pair: tuple[Node, Node]):
    primary, _ = pair
    client = primary.connect()
    client.call(b"SET", b"k", b"v")
    assert client.call(b"WAIT", b"1", b"0") == b""
    world.run(0.05)
    assert client.received() == b":1\r\n"
    assert client.call(b"WAIT", b"1", b"0") in (b":1\r\n", b"")


def test_wait_ends_with_its_time(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.is_paused = True
    client = primary.connect()
    client.call(b"SET", b"k", b"v")
    assert client.call(b"WAIT", b"2", b"500") == b""
    world.run(0.4)
    assert client.received() == b""
    world.run(0.2)
    assert client.received() == b":0\r\n"


def test_wait_can_be_unblocked_and_forgets_who_left(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.is_paused = True
    client, gone = primary.connect(), primary.connect()
    client.call(b"SET", b"k", b"v")
    client.call(b"WAIT", b"1", b"0")
    gone.call(b"WAIT", b"1", b"0")
    gone.disconnect()
    world.run(0.2)
    assert primary.call("CLIENT", "UNBLOCK", client.session.id) == b":1\r\n"
    assert client.received() == b":0\r\n"
    world.run(0.2)
    assert primary.engine.waiting.is_empty()


def test_wait_within_a_transaction_does_not_wait(pair: tuple[Node, Node]):
    primary, replica = pair
    replica.is_paused = True
    primary.call("SET", "k", "v")
    primary.call("MULTI")
    primary.call("WAIT", 1, 0)
    assert primary.call("EXEC") == b"*1\r\n:0\r\n"


def test_becoming_a_replica_ends_every_wait(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    blocked, waiting = primary.connect(), primary.connect()
    blocked.call(b"BLPOP", b"list", b"0")
    replica.is_paused = True
    waiting.call(b"SET", b"k", b"v")
    waiting.call(b"WAIT", b"1", b"0")
    primary.call("REPLICAOF", "10.0.0.1", 7009)
    for client in (blocked, waiting):
        assert client.received().startswith(b"-UNBLOCKED force unblock from blocking operation")


def test_waitaof_waits_for_our_disk_and_those_of_replicas(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    ours, theirs = open_log(primary), open_log(replica)
    client = primary.connect()
    client.call(b"SET", b"k", b"v")
    assert client.call(b"WAITAOF", b"1", b"1", b"0") == b""
    world.run(0.3)
    assert client.received() == b""
    ours.safe = ours.appended
    world.run(0.3)
    assert client.received() == b""
    theirs.safe = theirs.appended
    world.run(1.2)
    assert client.received() == b"*2\r\n:1\r\n:1\r\n"


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("0 0 0", b"*2\r\n:0\r\n:0\r\n"),
        ("1 0 0", b"-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n"),
        ("2 0 0", b"-ERR value is out of range, value must between 0 and 1\r\n"),
        ("0 -1 0", b"-ERR value is out of range, must be positive\r\n"),
        ("0 0 -1", b"-ERR timeout is negative\r\n"),
        ("0 0 x", b"-ERR timeout is not an integer or out of range\r\n"),
    ],
)
def test_waitaof_refuses(pair: tuple[Node, Node], words: str, reply: bytes):
    assert pair[0].call("WAITAOF", *words.split()) == reply


def test_waitaof_is_for_primaries(pair: tuple[Node, Node]):
    assert pair[1].call("WAITAOF", 0, 0, 0).startswith(b"-ERR WAITAOF cannot be used with replica instances")


# -- FAILOVER


def test_failover_holds_writes_until_they_are_refused_by_the_new_replica(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    primary.call("SET", "k", "v", "PX", 50)
    assert primary.call("FAILOVER") == b"+OK\r\n"
    assert primary.info("master_failover_state") == WAITING_FOR_SYNC.decode()
    writer = primary.connect()
    assert writer.call(b"SET", b"held", b"1") == b""
    assert primary.call("FAILOVER") == b"-ERR FAILOVER already in progress.\r\n"
    assert primary.call("REPLICAOF", "NO", "ONE") == b"-ERR REPLICAOF not allowed while failing over.\r\n"
    world.run_until(lambda: replica.info("role") == "master")
    world.run_until(primary.is_in_step)
    assert primary.replication.failover_state() == NO_FAILOVER
    assert writer.received() == b"-READONLY You can't write against a read only replica.\r\n"
    world.run(1.5)
    assert primary.digest() == replica.digest()
    assert replica.info("sync_full", "stats") == "0"


def test_failover_waits_for_the_target_it_was_given(world: World, pair: tuple[Node, Node]):
    primary, _ = pair
    other = world.add(7003).start()
    other.follow(primary)
    world.run_until(other.is_in_step)
    world.run(1.2)
    assert primary.call("FAILOVER", "TO", "10.0.0.1", 7003) == b"+OK\r\n"
    world.run_until(lambda: other.info("role") == "master" and primary.is_in_step())
    assert primary.replication.primary_address() == ("10.0.0.1", 7003)


def test_failover_is_given_up_when_nobody_catches_up(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.is_paused = True
    writer = primary.connect()
    assert primary.call("FAILOVER", "TIMEOUT", 500) == b"+OK\r\n"
    writer.call(b"SET", b"k", b"v")
    world.run(1)
    assert writer.received() == b"+OK\r\n"
    assert primary.said("Replica never caught up before timeout")
    assert primary.info("role") == "master"


def test_forced_failover_goes_on_without_the_target_having_all(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.is_paused = True
    primary.call("SET", "k", "v")
    assert primary.call("FAILOVER", "TO", "10.0.0.1", 7002, "FORCE", "TIMEOUT", 500) == b"+OK\r\n"
    world.run(0.8)
    assert primary.replication.failover_state() == FAILOVER_IN_PROGRESS
    replica.is_paused = False
    world.run_until(lambda: replica.info("role") == "master" and primary.is_in_step())
    assert primary.replication.failover_state() == NO_FAILOVER


def test_failover_is_aborted_by_hand_in_both_states(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    assert primary.call("FAILOVER", "ABORT") == b"-ERR No failover in progress.\r\n"
    replica.is_paused = True
    primary.call("SET", "k", "v")
    primary.call("FAILOVER", "TO", "10.0.0.1", 7002, "FORCE", "TIMEOUT", 500)
    assert primary.call("FAILOVER", "ABORT") == b"+OK\r\n"
    assert primary.call("SET", "k", "v") == b"+OK\r\n"
    primary.call("FAILOVER", "TO", "10.0.0.1", 7002, "FORCE", "TIMEOUT", 500)
    world.run(0.8)
    assert primary.info("role") == "slave"
    assert primary.call("FAILOVER", "ABORT") == b"+OK\r\n"
    assert primary.info("role") == "master"
    assert primary.call("SET", "k", "v") == b"+OK\r\n"


def test_failover_ends_when_the_target_will_not(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.replication.history.id = b"f" * 40
    assert primary.call("FAILOVER") == b"+OK\r\n"
    world.run_until(lambda: primary.said("Failover target rejected psync request"))
    assert primary.info("role") == "master"
    assert primary.call("SET", "k", "v") == b"+OK\r\n"


def test_failover_to_one_that_is_no_primary_yet(world: World, pair: tuple[Node, Node]):
    primary, _ = pair
    late = world.add(7003).start()
    primary.source.takes = 1000
    late.follow(primary)
    world.run(0.2)
    assert primary.call("FAILOVER", "TO", "10.0.0.1", 7003) == b"-ERR FAILOVER target replica is not online.\r\n"
    assert primary.call("FAILOVER", "TO", "10.0.0.1", 7009).startswith(b"-ERR FAILOVER target HOST and PORT is not")


def test_nobody_may_follow_one_that_hands_over(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.is_paused = True
    primary.call("SET", "k", "v")
    primary.call("FAILOVER")
    client = primary.connect()
    assert client.call(b"PSYNC", b"?", b"-1") == b"-NOMASTERLINK Can't SYNC while failing over\r\n"


# -- the end


def test_before_it_stops_a_primary_waits_for_its_replicas(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    told: list[str] = []
    farewell = primary.replication.say_farewell
    assert not farewell(10_000, lambda: told.append("nobody lags"))
    replica.is_paused = True
    primary.call("SET", "k", "v")
    assert not farewell(0, lambda: told.append("no time"))
    assert not replica.replication.say_farewell(10_000, lambda: told.append("no primary"))
    assert farewell(10_000, lambda: told.append("in step"))
    writer = primary.connect()
    assert writer.call(b"SET", b"k", b"w") == b""
    world.run(2)
    assert told == []
    replica.is_paused = False
    world.run(0.1)
    assert told == ["in step"]
    assert primary.said("1 of 1 replicas are in sync when shutting down.")
    assert not primary.replication.end_farewell()
    world.run(0)
    assert writer.received() == b"+OK\r\n"


def test_it_does_not_wait_for_ever_and_can_be_called_back(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    told: list[str] = []
    replica.is_paused = True
    primary.call("SET", "k", "v")
    assert primary.replication.say_farewell(1000, lambda: told.append("time is over"))
    world.run(1.2)
    assert told == ["time is over"]
    primary.replication.end_farewell()
    assert primary.replication.say_farewell(1000, lambda: told.append("again"))
    assert primary.replication.end_farewell()
    assert not primary.replication.end_farewell()
    world.run(1.2)
    assert told == ["time is over"]
    assert primary.call("SET", "k", "v") == b"+OK\r\n"


# -- min-replicas-to-write


def test_writes_need_as_many_good_replicas_as_configured(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    primary.call("CONFIG", "SET", "min-replicas-to-write", 1, "min-replicas-max-lag", 3)
    assert primary.info("min_slaves_good_slaves") == "1"
    assert primary.call("SET", "k", "v") == b"+OK\r\n"
    replica.is_paused = True
    world.run(5)
    assert primary.call("SET", "k", "v") == b"-NOREPLICAS Not enough good replicas to write.\r\n"
    assert primary.call("GET", "k") == b"$1\r\nv\r\n"
    assert primary.call("PUBLISH", "c", "m") == b":0\r\n"
    replica.is_paused = False
    world.run(2)
    assert primary.call("SET", "k", "v") == b"+OK\r\n"


# -- refusals


def test_stale_data_is_refused_when_configured(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.call("CONFIG", "SET", "replica-serve-stale-data", "no")
    assert replica.call("GET", "k") == b"$-1\r\n"
    primary.crash()
    world.run(0.1)
    assert replica.call("GET", "k").startswith(b"-MASTERDOWN Link with MASTER is down")
    assert replica.call("PING").startswith(b"-MASTERDOWN")
    assert replica.info("role") == "slave"
    replica.call("CONFIG", "SET", "replica-serve-stale-data", "yes")
    assert replica.call("GET", "k") == b"$-1\r\n"


def test_a_writable_replica_keeps_its_writes_to_itself(world: World, pair: tuple[Node, Node]):
    _, replica = pair
    last = world.add(7003).start()
    last.follow(replica)
    world.run_until(last.is_in_step)
    replica.call("CONFIG", "SET", "replica-read-only", "no")
    assert replica.call("SET", "local", "1") == b"+OK\r\n"
    world.run(0.2)
    assert last.call("EXISTS", "local") == b":0\r\n"


def test_a_replica_cannot_touch_keys_over_its_link(pair: tuple[Node, Node]):
    primary, _ = pair
    client = primary.connect()
    client.call(b"REPLCONF", b"listening-port", b"7009")
    client.call(b"PSYNC", b"?", b"-1")
    assert client.call(b"SET", b"k", b"v") == b""
    assert client.call(b"PSYNC", b"?", b"-1") == b""
    assert client.call(b"SYNC") == b""
    assert primary.call("EXISTS", "k") == b":0\r\n"


def test_a_replica_cannot_send_its_primary_away(pair: tuple[Node, Node]):
    primary, _ = pair
    session = primary.replication.primary.followers[0].session
    reply = primary.engine.execute(session, [b"REPLICAOF", b"10.0.0.1", b"7009"])
    assert isinstance(reply, ReplyError)
    assert reply.message == b"ERR Command is not valid when client is a replica."


def test_memory_limits_are_the_primarys_business(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.call("CONFIG", "SET", "maxmemory", 100)
    primary.call("SET", "k", "x" * 1000)
    world.run(0.1)
    assert replica.call("STRLEN", "k") == b":1000\r\n"
    replica.call("CONFIG", "SET", "replica-read-only", "no")
    assert replica.call("SET", "own", "1") == b"+OK\r\n"
    replica.call("CONFIG", "SET", "replica-ignore-maxmemory", "no")
    assert replica.call("SET", "own", "1").startswith(b"-OOM")


# -- what clients see


def test_client_list_shows_both_ends_and_kill_ends_them(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    assert b" flags=S " in primary.call("CLIENT", "LIST", "TYPE", "replica")
    assert b" flags=M " in replica.call("CLIENT", "LIST", "TYPE", "master")
    assert replica.call("CLIENT", "KILL", "TYPE", "master") == b":1\r\n"
    assert not replica.is_in_step()
    world.run_until(replica.is_in_step)
    assert primary.call("CLIENT", "KILL", "TYPE", "slave") == b":1\r\n"
    world.run(0.05)
    world.run_until(replica.is_in_step)
    assert primary.info("sync_partial_ok", "stats") == "2"
    assert primary.info("sync_full", "stats") == "1"


def test_role_and_info_tell_how_far_each_is(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    offset = int(primary.info("master_repl_offset"))
    assert primary.call("ROLE") == (
        b"*3\r\n$6\r\nmaster\r\n:%d\r\n*1\r\n*3\r\n$8\r\n10.0.0.1\r\n$4\r\n7002\r\n$%d\r\n%d\r\n"
        % (offset, len(str(offset)), offset)
    )
    assert replica.call("ROLE") == (
        b"*5\r\n$5\r\nslave\r\n$8\r\n10.0.0.1\r\n:7001\r\n$9\r\nconnected\r\n:%d\r\n" % offset
    )
    assert primary.info("slave0") == f"ip=10.0.0.1,port=7002,state=online,offset={offset},lag=0"
    assert replica.info("slave_repl_offset") == replica.info("slave_read_repl_offset") == str(offset)
    assert replica.info("master_last_io_seconds_ago") in ("0", "1")
    assert primary.info("mem_total_replication_buffers", "memory") == str(offset)


def test_a_replica_is_shown_as_it_announces_itself(world: World):
    primary = world.add(7001).start()
    replica = world.add(7002, replica_announce_ip="db.example", replica_announce_port="9999").start()
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    world.run(1.2)
    assert primary.info("slave0").startswith("ip=db.example,port=9999,state=online")


def test_the_log_of_a_replica_holds_every_command_of_the_stream(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    log = open_log(replica)
    client = primary.connect()
    for words in (b"MULTI", b"INCR a", b"INCR b", b"EXEC", b"INCR c", b"MULTI", b"INCR d", b"EXEC", b"INCR e"):
        client.call(*words.split())
    world.run(0.1)
    assert [line for line in log.take().split(b"\r\n") if line.isalpha()] == (
        b"MULTI SELECT INCR a INCR b EXEC INCR c INCR d INCR e".split()
    )


def test_monitors_of_a_replica_see_the_stream(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    watcher = replica.connect()
    watcher.call(b"MONITOR")
    primary.call("SET", "k", "v")
    world.run(0.1)
    assert b'"SET" "k" "v"' in watcher.received()


def test_publish_goes_down_the_stream(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    subscriber = replica.connect()
    subscriber.call(b"SUBSCRIBE", b"channel")
    primary.call("PUBLISH", "channel", "hello")
    world.run(0.1)
    assert subscriber.received() == b"*3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n$5\r\nhello\r\n"


def test_clients_that_wait_on_a_replica_are_served_by_the_stream(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    reader = replica.connect()
    reader.call(b"XREAD", b"BLOCK", b"0", b"STREAMS", b"s", b"$")
    primary.call("XADD", "s", "1-1", "f", "v")
    world.run(0.1)
    assert b"1-1" in reader.received()


def test_configured_replicas_start_as_such(world: World):
    primary = world.add(7001).start()
    primary.call("SET", "k", "v")
    replica = world.add(7002, replicaof="10.0.0.1 7001").start()
    assert replica.call("SET", "k", "x").startswith(b"-READONLY")
    world.run_until(replica.is_in_step)
    assert replica.call("GET", "k") == b"$1\r\nv\r\n"
    assert replica.call("CONFIG", "GET", "replicaof") == b"*2\r\n$9\r\nreplicaof\r\n$13\r\n10.0.0.1 7001\r\n"
    assert replica.call("REPLICAOF", "10.0.0.1", 7001) == b"+OK Already connected to specified master\r\n"


@pytest.mark.parametrize(("user", "password"), [("", "secret"), ("default", "secret")])
def test_a_replica_authenticates(world: World, user: str, password: str):
    primary = world.add(7001, requirepass="secret").start()
    primary.call("AUTH", "secret")
    replica = world.add(7002, masterauth="wrong", masteruser=user).start()
    replica.follow(primary)
    world.run(2)
    assert replica.said("Unable to AUTH to MASTER")
    replica.call("CONFIG", "SET", "masterauth", password)
    world.run_until(replica.is_in_step)


def test_the_interface_for_others(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    told: list[str] = []
    replica.replication.on_role_changed.append(lambda: told.append("role"))
    replica.replication.on_link_changed.append(lambda: told.append("link"))
    primary.replication.on_acknowledged.append(lambda: told.append("ack"))
    assert replica.engine.replication is replica.replication
    assert replica.replication.is_following()
    assert replica.replication.link_down_since_ms() == -1
    assert 0 <= replica.wall_ms() - replica.replication.heard_ms() < 11_000
    assert primary.replication.heard_ms() == 0
    status = primary.replication.replicas()[0]
    assert (status.host, status.port, status.state) == (b"10.0.0.1", 7002, b"online")
    assert status.acked_offset == primary.replication.offset() == replica.replication.offset()
    assert primary.replication.acknowledged_by(primary.replication.offset()) == 1
    assert primary.replication.replication_id() == replica.replication.replication_id()
    primary.replication.request_acknowledgements()
    world.run(0.05)
    primary.replication.disconnect_replicas()
    world.run(0.001)
    replica.replication.promote()
    assert {"ack", "link", "role"} <= set(told)
    assert replica.replication.link_down_since_ms() > 0
    replica.replication.promote()  # it is one already
    primary.replication.stop()


# -- while a script is busy


def test_the_stream_waits_while_a_script_of_the_replica_is_busy(world: World, pair: tuple[Node, Node]):
    """Redis gathers the stream meanwhile: a script's data does not change under it."""
    primary, replica = pair
    replica.engine.gates |= GATE_BUSY
    for number in range(100):
        primary.call("SET", f"key{number}", "v")
    world.run(1)
    assert replica.engine.keyspace.databases[0].table.get(b"key0") is None
    assert replica.is_in_step()
    replica.engine.gates &= ~GATE_BUSY
    world.run(0.2)
    assert replica.digest() == primary.digest()
    assert replica.replication.offset() == primary.replication.offset()


def test_a_failover_waits_while_a_script_of_the_primary_is_busy(world: World, pair: tuple[Node, Node]):
    primary, replica = pair
    replica.is_paused = True
    primary.call("SET", "k", "v")
    assert primary.call("FAILOVER") == b"+OK\r\n"
    primary.engine.gates |= GATE_BUSY
    follower = primary.replication.primary.followers[0]
    primary.replication.primary.acknowledge(follower, primary.replication.offset(), -1)
    assert not primary.engine.is_replica
    primary.engine.gates &= ~GATE_BUSY
    world.run(0.2)
    assert primary.info("role") == "slave"
