"""Atomic slot migration between nodes in memory: before it is done nothing shows, afterwards nothing is missing."""

from __future__ import annotations

import pytest

from miniredis.cluster.slot_migration import BATCH
from miniredis.keyspace.slots import key_slot

from cluster.harness import MemoryNode, formed, nodes_of
from cluster.test_moving import MemoryLinks

OK = b"+OK\r\n"
KEY = b"{06S}%d"


class Moving:
    """Slot 0 and some more go from the first node to the second."""

    def __init__(self, keys: int) -> None:
        self.joined = formed(3, 1)
        self.source, self.target, self.third, *_ = nodes_of(self.joined)
        self.links = MemoryLinks(self.target.server)
        self.source.engine.migration_links = self.links
        for number in range(keys):
            self.source.call("SET", KEY % number, "v")

    def begin(self, first: int = 0, last: int = 99) -> bytes:
        return self.source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", first, last, "NODE", self.target.id)

    def answer(self) -> None:
        self.links.answer()
        self.source.server.run_woken()
        self.target.server.run_woken()

    def finish(self) -> None:
        while self.links.asked:
            self.answer()
        self.joined.run(1)

    def state(self, node: MemoryNode) -> bytes:
        return node.cluster.migrations.log[0].state


def test_slots_go_with_their_keys() -> None:
    moving = Moving(1000)
    moving.source.call("PEXPIRE", KEY % 3, 100_000)
    assert moving.begin() == OK
    moving.finish()
    assert moving.state(moving.source) == moving.state(moving.target) == b"success"
    assert moving.target.view.myself.ranges == ((0, 99), (5461, 10921))
    assert moving.target.call("GET", KEY % 999) == b"$1\r\nv\r\n"
    assert moving.target.call("DBSIZE") == b":1000\r\n"
    assert 90_000 < int(moving.target.call("PTTL", KEY % 3)[1:]) <= 100_000
    assert moving.source.call("GET", KEY % 1) == b"-MOVED 0 127.0.0.1:7002\r\n"
    assert moving.source.call("DBSIZE") == b":0\r\n"
    assert moving.third.call("GET", KEY % 1) == b"-MOVED 0 127.0.0.1:7002\r\n"
    assert not moving.source.engine.pause.is_on()
    assert moving.source.engine.event_sinks == []
    shown = moving.source.call("CLUSTER", "GETSLOTMIGRATIONS")
    assert b"$6\r\nEXPORT\r\n$11\r\nslot_ranges\r\n$4\r\n0-99\r\n" in shown
    assert b"$6\r\nIMPORT\r\n" in moving.target.call("CLUSTER", "GETSLOTMIGRATIONS")


def test_what_is_written_meanwhile_arrives_too() -> None:
    moving = Moving(1000)
    moving.begin()
    moving.answer()
    moving.answer()
    assert moving.target.call("GET", KEY % 0) == b"-MOVED 0 127.0.0.1:7001\r\n"
    for number in range(0, 1000, 10):
        assert moving.source.call("APPEND", KEY % number, "w") == b":2\r\n"
    moving.source.call("DEL", KEY % 1)
    moving.source.call("SET", KEY % 5000, "new")
    moving.source.call("SET", "{06S}other", "v")
    moving.finish()
    assert moving.target.call("GET", KEY % 990) == b"$2\r\nvw\r\n"
    assert moving.target.call("GET", KEY % 5000) == b"$3\r\nnew\r\n"
    assert moving.target.call("EXISTS", KEY % 1) == b":0\r\n"
    assert moving.target.call("DBSIZE") == b":1001\r\n"


def test_keys_are_gathered_slot_after_slot() -> None:
    """Millions of them at once would keep all clients waiting."""
    moving = Moving(0)
    keys = [key for key in (b"key%d" % number for number in range(100_000)) if key_slot(key) < 100]
    assert len(keys) > 2 * BATCH
    for key in keys:
        moving.source.call("SET", key, "v")
    moving.begin()
    moving.answer()
    [export] = moving.source.cluster.migrations.exports()
    assert len(export._pending) < BATCH
    moving.source.call("DEL", keys[-1])
    moving.source.call("SET", keys[-2], "w")
    moving.finish()
    assert moving.state(moving.source) == b"success"
    assert moving.target.call("DBSIZE") == b":%d\r\n" % (len(keys) - 1)
    assert moving.target.call("GET", keys[-2]) == b"$1\r\nw\r\n"


def test_writes_wait_at_the_end_and_are_sent_on() -> None:
    moving = Moving(10)
    moving.begin()
    moving.answer()
    writer = moving.source.server.connect()
    assert writer.call(b"APPEND", KEY % 1, b"w") == b""
    assert writer.call(b"PING") == b""
    moving.finish()
    assert writer.received() == b"-MOVED 0 127.0.0.1:7002\r\n+PONG\r\n"


def test_a_target_that_breaks_off_leaves_all_as_it_was() -> None:
    moving = Moving(1000)
    moving.begin()
    moving.answer()
    moving.answer()
    moving.links.asked.pop().fail()
    moving.joined.run(1)
    assert moving.state(moving.source) == moving.state(moving.target) == b"failed"
    assert moving.source.call("DBSIZE") == b":1000\r\n"
    assert moving.target.call("DBSIZE") == b":0\r\n"
    assert moving.source.call("APPEND", KEY % 1, "w") == b":2\r\n"
    assert not moving.target.world.importing
    assert moving.begin() == OK
    moving.finish()
    assert moving.state(moving.source) == b"success"


def test_who_is_paused_goes_on_after_a_failure() -> None:
    moving = Moving(10)
    moving.begin()
    moving.answer()
    writer = moving.source.server.connect()
    assert writer.call(b"APPEND", KEY % 1, b"w") == b""
    moving.links.asked.pop().fail()
    moving.source.server.run_woken()
    assert writer.received() == b":2\r\n"


def test_writes_stay_paused_while_nobody_knows_who_has_the_slots() -> None:
    moving = Moving(0)
    moving.begin()
    moving.answer()
    moving.links.asked.pop().fail()
    assert moving.source.engine.pause.is_on()
    moving.joined.run(11)
    assert not moving.source.engine.pause.is_on()


def test_a_target_that_is_not_there() -> None:
    moving = Moving(1)
    moving.links.remote = None
    assert moving.begin() == OK
    assert moving.state(moving.source) == b"failed"
    moving.source.engine.migration_links = None
    assert moving.begin() == b"-ERR this server cannot connect to others\r\n"


def test_cancelled_and_flushed_migrations_end() -> None:
    moving = Moving(1000)
    moving.begin()
    moving.answer()
    assert moving.source.call("CLUSTER", "CANCELSLOTMIGRATIONS") == OK
    assert moving.source.call("CLUSTER", "CANCELSLOTMIGRATIONS") == b"-ERR No migrations ongoing\r\n"
    assert moving.state(moving.source) == b"cancelled"
    moving.links.asked.clear()
    moving.begin()
    moving.answer()
    moving.source.call("FLUSHALL")
    assert moving.state(moving.source) == b"failed"


def test_the_password_of_the_cluster_is_told() -> None:
    moving = Moving(10)
    moving.target.engine.config.assign("requirepass", b"secret")
    moving.begin()
    moving.answer()
    assert b"NOAUTH" in moving.source.cluster.migrations.log[0].message
    moving.source.engine.config.assign("masterauth", b"secret")
    moving.begin()
    moving.finish()
    assert moving.state(moving.source) == b"success"
    moving.source.engine.config.assign("masteruser", b"default")
    moving.begin(500, 501)
    moving.finish()
    assert moving.state(moving.source) == b"success"


def test_a_node_that_gave_all_its_slots_follows_who_has_them() -> None:
    moving = Moving(10)
    assert moving.begin(0, 5460) == OK
    moving.finish()
    assert moving.source.view.myself.primary is not None
    assert moving.source.view.myself.primary.id == moving.target.id


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("FOO 1 2", "syntax error"),
        ("SLOTSRANGE 0 1", "syntax error"),
        ("SLOTSRANGE 0 1 NODE", "syntax error"),
        ("SLOTSRANGE 0 NODE B", "syntax error"),
        ("SLOTSRANGE x 0 NODE B", "No slot ranges specified"),
        ("SLOTSRANGE 1 0 NODE B", "Start slot number 1 is greater than end slot number 0."),
        ("SLOTSRANGE 0 16384 NODE B", "Invalid or out of range slot"),
        ("SLOTSRANGE 0 5462 NODE B", "Requested slots span multiple shards"),
        ("SLOTSRANGE 0 1 1 2 NODE B", "Slot range 1-2 overlaps with previous range 0-1."),
        ("SLOTSRANGE 0 1 NODE A", "Target node can not be this node."),
        ("SLOTSRANGE 6000 6000 NODE B", "Slots are not served by this node."),
        ("SLOTSRANGE 0 1 NODE B SLOTSRANGE 1 2 NODE B", "Slot ranges in migrations overlap"),
        ("SLOTSRANGE 0 1 NODE xx", "Invalid node name: xx"),
        ("SLOTSRANGE 0 1 NODE " + "0" * 40, "Unknown node name: " + "0" * 40),
        ("SLOTSRANGE 0 1 NODE R", "Target node is not a primary"),
    ],
)
def test_requests_that_make_no_sense(words: str, reply: str) -> None:
    source, target, _, replica, *_ = nodes_of(formed(3, 1))
    names = {"A": source.id, "B": target.id, "R": replica.id}
    argv = [names.get(word, word.encode()) for word in words.split()]
    assert source.call("CLUSTER", "MIGRATESLOTS", *argv) == b"-ERR " + reply.encode() + b"\r\n"
    assert replica.call("CLUSTER", "MIGRATESLOTS", *argv) == b"-ERR Only primaries can migrate slots\r\n"


def test_a_slot_is_migrated_once_at_a_time() -> None:
    moving = Moving(1000)
    moving.begin()
    assert moving.begin(99, 100) == b"-ERR I am already migrating slot 99.\r\n"


def test_a_target_takes_no_slots_that_the_source_does_not_have() -> None:
    source, target, third, replica, *_ = nodes_of(formed(3, 1))
    establish = ("CLUSTER", "SYNCSLOTS", "ESTABLISH", "SOURCE", source.id, "NAME", "n", "SLOTSRANGE")
    assert target.call(*establish, 16000, 16001) == b"-ERR Slots are not served by the source\r\n"
    assert replica.call(*establish, 0, 1) == b"-ERR Unknown source, or not a primary\r\n"
    assert target.call(*establish, 0, 1) == OK
    assert target.call(*establish, 1, 2) == b"-ERR Slots are being imported already\r\n"
    assert target.call("CLUSTER", "SYNCSLOTS", "FINISH", "other") == b"-ERR Unknown slot migration\r\n"
    assert target.server.connect().call(b"CLUSTER", b"SYNCSLOTS", b"FINISH", b"n").startswith(b"-ERR Unknown")
    assert target.call("CLUSTER", "SYNCSLOTS", "ESTABLISH", "X", "Y", "Z", "n", "S", 0, 1) == b"-ERR syntax error\r\n"


def test_writes_go_on_as_long_as_more_is_left_to_send_than_may_be() -> None:
    moving = Moving(1000)
    moving.source.call("CONFIG", "SET", "slot-migration-max-failover-repl-bytes", "1000")
    moving.begin()
    for _ in range(20):
        for number in range(200):
            moving.source.call("SET", KEY % number, "w" * 100)
        moving.answer()
    assert moving.state(moving.source) == b"snapshotting"
    moving.finish()
    assert moving.state(moving.source) == b"success"


@pytest.mark.parametrize("limit", ["1000000", "-1"])
def test_writes_wait_once_all_keys_went_out_and_what_changed_is_small_enough(limit: str) -> None:
    moving = Moving(1000)
    moving.source.call("CONFIG", "SET", "slot-migration-max-failover-repl-bytes", limit)
    moving.begin()
    moving.answer()
    assert moving.state(moving.source) == b"snapshotting", "most keys have not gone out at all"
    while moving.state(moving.source) == b"snapshotting":
        for number in range(200):
            moving.source.call("SET", KEY % number, "w")
        moving.answer()
    assert moving.state(moving.source) == b"failover-paused"
    moving.finish()
    assert moving.target.call("GET", KEY % 199) == b"$1\r\nw\r\n"
    assert moving.target.call("DBSIZE") == b":1000\r\n"
