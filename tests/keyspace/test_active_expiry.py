"""Keys whose time is over go by themselves, within a budget."""

from __future__ import annotations

from miniredis.app.upkeep import Upkeep
from miniredis.dispatch.port import Port
from miniredis.keyspace.database import EXPIRE_HIDE
from miniredis.testing.memory import MemoryServer


def with_volatile_keys(count: int) -> MemoryServer:
    server = MemoryServer()
    client = server.connect()
    for number in range(count):
        client.call(b"SET", b"k%d" % number, b"v", b"EX", b"10" if number % 2 else b"1000")
    return server


def test_every_key_that_is_over_is_removed_in_the_end() -> None:
    server = with_volatile_keys(1000)
    server.advance(11)
    expiry = server.engine.active_expiry
    for _ in range(200):
        expiry.run(lambda: True)
    assert server.engine.keyspace.databases[0].size() == 500
    assert server.engine.keyspace.statistics.expired == 500
    assert server.engine.keyspace.databases[0].average_ttl_ms > 0


def test_a_run_without_time_left_does_little() -> None:
    server = with_volatile_keys(1000)
    server.advance(11)
    removed = server.engine.active_expiry.run(lambda: False)
    assert 0 <= removed <= 20


def test_it_can_be_turned_off_and_a_replica_waits_for_its_primary() -> None:
    server = with_volatile_keys(100)
    server.advance(11)
    server.engine.active_expiry.enabled = False
    assert server.engine.active_expiry.run(lambda: True) == 0
    server.engine.active_expiry.enabled = True
    server.engine.keyspace.set_expire_policy(EXPIRE_HIDE)
    assert server.engine.active_expiry.run(lambda: True) == 0
    assert server.engine.keyspace.databases[0].size() == 100


def test_fields_of_hashes_go_by_themselves_too() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"HSET", b"h", b"a", b"1", b"b", b"2")
    client.call(b"HPEXPIRE", b"h", b"100", b"FIELDS", b"1", b"a")
    server.advance(1)
    for _ in range(5):
        server.engine.active_expiry.run(lambda: True)
    assert server.engine.keyspace.statistics.expired_fields == 1
    assert client.call(b"HKEYS", b"h") == b"*1\r\n$1\r\nb\r\n"


def test_a_failure_in_one_piece_of_upkeep_harms_no_other() -> None:
    server = with_volatile_keys(10)
    upkeep = Upkeep(server.engine, server.engine.own_session(Port()))
    done: list[str] = []

    def broken() -> None:
        raise ValueError("oh dear")

    upkeep.rounds = [broken, lambda: done.append("next")]
    upkeep.run()
    assert done == ["next"]
    assert any("oh dear" in text for _, text in server.logged)


def test_what_was_flushed_is_freed_between_other_work() -> None:
    server = with_volatile_keys(3000)
    client = server.connect()
    assert client.call(b"FLUSHALL", b"ASYNC") == b"+OK\r\n"
    assert server.engine.keyspace.total_keys() == 0
    assert server.engine.keyspace.discarded.pending >= 3000
    Upkeep(server.engine, server.engine.own_session(Port())).run()
    assert server.engine.keyspace.discarded.pending >= 3000
    server.advance(1)
    assert server.engine.keyspace.discarded.pending == 0


def test_a_flush_in_step_is_answered_when_memory_is_free() -> None:
    server = with_volatile_keys(60_000)
    client = server.connect()
    other = server.connect()
    client.send(b"FLUSHALL SYNC\r\nPING\r\n")
    assert client.received() == b""
    assert other.call(b"DBSIZE") == b":0\r\n"
    server.advance(1)
    assert client.received() == b"+OK\r\n+PONG\r\n"
    assert server.engine.keyspace.discarded.pending == 0


def test_a_flush_in_a_transaction_waits_for_nothing() -> None:
    server = with_volatile_keys(60_000)
    client = server.connect()
    client.send(b"MULTI\r\nFLUSHALL\r\nDBSIZE\r\nEXEC\r\n")
    assert client.received().endswith(b"*2\r\n+OK\r\n:0\r\n")
    server.advance(1)
    server.engine.freeing.stop()
