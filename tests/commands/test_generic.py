"""Keys of any type: bytes in, bytes out, and what is replayed and notified."""

from __future__ import annotations

import pytest

from miniredis.keyspace.database import EXPIRE_HIDE

from commands.conftest import CommandClient, CommandServer, ServerClock
from commands.recording import Record

NULL = b"$-1\r\n"
OK = b"+OK\r\n"
SYNTAX_ERROR = b"-ERR syntax error\r\n"


def test_deleting(client: CommandClient, record: Record, clock: ServerClock) -> None:
    client.run("MSET a 1 b 2 c 3")
    client.run("RPUSH l x")
    client.run("PEXPIRE c 10")
    clock.advance(1)
    record.events()
    record.replayed()
    assert client.run("DEL a a none c") == b":1\r\n"
    assert record.events() == ["del a", "expired c"]
    assert record.replayed() == ["DEL c", "DEL a a none c"]
    assert client.run("UNLINK b l") == b":2\r\n"
    assert record.events() == ["del b", "del l"]
    assert client.run("DEL b") == b":0\r\n"
    assert record.replayed() == ["UNLINK b l"]


def test_asking_is_no_use_of_a_key(client: CommandClient, clock: ServerClock, server: CommandServer) -> None:
    client.run("SET k v")
    assert client.run("OBJECT IDLETIME k") == b":0\r\n"
    clock.advance(7)
    for command in ("EXISTS k k", "TYPE k", "TTL k", "OBJECT ENCODING k", "PTTL k", "EXPIRETIME k"):
        client.run(command)
    assert client.run("OBJECT IDLETIME k") == b":7\r\n"
    assert client.run("TOUCH k none") == b":1\r\n"
    assert client.run("OBJECT IDLETIME k") == b":0\r\n"
    statistics = server.engine.keyspace.statistics
    hits, misses = statistics.hits, statistics.misses
    assert client.run("EXISTS k k none") == b":2\r\n"
    assert (statistics.hits - hits, statistics.misses - misses) == (2, 1)


def test_types(client: CommandClient) -> None:
    client.run("SET s v")
    client.run("APPEND s v")
    client.run("RPUSH l v")
    client.run("HSET h f v")
    client.run("SADD u v")
    client.run("ZADD z 1 v")
    found = [client.run("TYPE " + key) for key in ("s", "l", "h", "u", "z", "none")]
    assert found == [b"+string\r\n", b"+list\r\n", b"+hash\r\n", b"+set\r\n", b"+zset\r\n", b"+none\r\n"]


@pytest.mark.parametrize(
    ("command", "ms"),
    [("EXPIRE k 10", 10_000), ("PEXPIRE k 10", 10), ("EXPIREAT k {s}", 100_000), ("PEXPIREAT k {ms}", 100_000)],
)
def test_expiry_is_replayed_as_an_absolute_time(
    client: CommandClient, record: Record, clock: ServerClock, command: str, ms: int
) -> None:
    when = clock.now_ms + 100_000
    client.run("SET k v")
    record.replayed()
    record.events()
    assert client.run(command.replace("{s}", str(when // 1000)).replace("{ms}", str(when)) + " NX") == b":1\r\n"
    assert record.replayed() == [f"PEXPIREAT k {clock.now_ms + ms}"]
    assert record.events() == ["expire k"]
    assert record.modified() == ["k"]


def test_a_time_in_the_past_deletes(client: CommandClient, record: Record) -> None:
    for command in ("EXPIRE k -1", "PEXPIRE k 0", "EXPIREAT k 1", "PEXPIREAT k -5"):
        client.run("SET k v")
        record.replayed()
        record.events()
        assert client.run(command) == b":1\r\n"
        assert client.run("EXISTS k") == b":0\r\n"
        assert record.replayed() == ["DEL k"]
        assert record.events() == ["del k"]


def test_a_replica_keeps_what_its_primary_says_is_over(client: CommandClient, server: CommandServer) -> None:
    client.run("SET k v")
    server.engine.keyspace.set_expire_policy(EXPIRE_HIDE)
    assert client.run("PEXPIREAT k -5") == b":1\r\n"
    assert client.run("GET k") == NULL
    assert server.engine.keyspace.databases[0].size() == 1
    assert server.engine.keyspace.databases[0].expiry(b"k") == 0


@pytest.mark.parametrize(
    ("current", "condition", "result"),
    [
        ("", "NX", 1), ("100", "NX", 0), ("", "XX", 0), ("100", "XX", 1), ("", "GT", 0), ("100", "GT", 0),
        ("10", "GT", 1), ("", "LT", 1), ("100", "LT", 1), ("10", "LT", 0), ("100", "XX LT", 1), ("", "XX LT", 0),
        ("50", "GT", 0), ("50", "LT", 0), ("10", "XX GT", 1),
    ],
)  # fmt: skip
def test_conditions_of_expiry(client: CommandClient, current: str, condition: str, result: int) -> None:
    client.run("SET k v")
    if current:
        client.run(f"EXPIRE k {current}")
    assert client.run(f"EXPIRE k 50 {condition}") == b":%d\r\n" % result


def test_expiry_says_what_is_wrong(client: CommandClient) -> None:
    client.run("SET k v")
    both = b"-ERR NX and XX, GT or LT options at the same time are not compatible\r\n"
    assert client.run("EXPIRE k 10 NX XX") == both
    assert client.run("EXPIRE k 10 GT LT") == b"-ERR GT and LT options at the same time are not compatible\r\n"
    assert client.run("EXPIRE k x FOO") == b"-ERR Unsupported option FOO\r\n"
    assert client.run("EXPIRE k x") == b"-ERR value is not an integer or out of range\r\n"
    assert client.run("EXPIRE k 9223372036854775807") == b"-ERR invalid expire time in 'expire' command\r\n"
    assert client.run("PEXPIRE k 9223372036854775807") == b"-ERR invalid expire time in 'pexpire' command\r\n"
    assert client.run("EXPIREAT k -9223372036854775808") == b"-ERR invalid expire time in 'expireat' command\r\n"
    assert client.run("EXPIRE none 10") == b":0\r\n"


def test_time_to_live(client: CommandClient, clock: ServerClock, record: Record) -> None:
    client.run("SET k v")
    for command in ("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"):
        assert client.run(f"{command} k") == b":-1\r\n"
        assert client.run(f"{command} none") == b":-2\r\n"
    client.run("PEXPIRE k 10499")
    assert client.run("TTL k") == b":10\r\n"
    assert client.run("PTTL k") == b":10499\r\n"
    assert client.run("PEXPIRETIME k") == b":%d\r\n" % (clock.now_ms + 10_499)
    assert client.run("EXPIRETIME k") == b":%d\r\n" % ((clock.now_ms + 10_499 + 500) // 1000)
    record.events()
    assert client.run("PERSIST k") == b":1\r\n"
    assert record.events() == ["persist k"]
    assert client.run("PERSIST k") == b":0\r\n"
    assert client.run("PERSIST none") == b":0\r\n"


def test_renaming(client: CommandClient, record: Record) -> None:
    assert client.run("RENAME none k") == b"-ERR no such key\r\n"
    client.run("SET k v EX 100")
    client.run("RPUSH l a")
    record.events()
    record.modified()
    record.dirty()
    assert client.run("RENAME k k") == OK
    assert client.run("RENAMENX k k") == b":0\r\n"
    assert client.run("RENAMENX k l") == b":0\r\n"
    assert record.modified() == []
    assert client.run("RENAME k l") == OK
    assert record.events() == ["rename_from k", "rename_to l"]
    assert record.modified() == ["k", "l"]
    assert record.dirty() == 1
    assert client.run("TTL l") == b":100\r\n"
    assert client.run("EXISTS k") == b":0\r\n"
    assert client.run("RENAMENX l k") == b":1\r\n"


def test_moving(client: CommandClient, record: Record) -> None:
    client.run("SET k v EX 100")
    record.events()
    assert client.run("MOVE k 0") == b"-ERR source and destination objects are the same\r\n"
    assert client.run("MOVE k 99") == b"-ERR DB index is out of range\r\n"
    assert client.run("MOVE k x") == b"-ERR value is not an integer or out of range\r\n"
    assert b"value must between" in client.run("MOVE k 9999999999")
    assert client.run("MOVE none 1") == b":0\r\n"
    assert client.run("MOVE k 1") == b":1\r\n"
    assert record.events() == ["move_from k", "move_to k@1"]
    client.run("SET k w")
    assert client.run("MOVE k 1") == b":0\r\n"
    client.run("SELECT 1")
    assert client.run("GET k") == b"$1\r\nv\r\n"
    assert client.run("TTL k") == b":100\r\n"


def test_copying(client: CommandClient, record: Record) -> None:
    client.run("SET k v EX 100")
    record.events()
    assert client.run("COPY k l") == b":1\r\n"
    assert record.events() == ["copy_to l"]
    assert client.run("TTL l") == b":100\r\n"
    assert client.run("COPY k l") == b":0\r\n"
    assert client.run("COPY k l REPLACE DB 2") == b":1\r\n"
    assert record.events() == ["copy_to l@2"]
    assert client.run("COPY none l") == b":0\r\n"
    assert client.run("COPY k k") == b"-ERR source and destination objects are the same\r\n"
    assert client.run("COPY k l FOO") == SYNTAX_ERROR
    assert client.run("COPY k l DB") == SYNTAX_ERROR
    client.run("RPUSH list a")
    assert client.run("COPY list l REPLACE") == b":1\r\n"
    client.run("RPUSH l b")
    assert client.run("LLEN list") == b":1\r\n"
    client.run("APPEND k w")
    client.run("COPY k m")
    client.run("APPEND m x")
    assert client.run("MGET k m") == b"*2\r\n$2\r\nvw\r\n$3\r\nvwx\r\n"


def test_fields_with_an_expiry_go_along(client: CommandClient, clock: ServerClock, server: CommandServer) -> None:
    client.run("HSET h f v g w")
    client.run("HPEXPIRE h 1000 FIELDS 1 f")
    client.run("COPY h copy")
    client.run("RENAME h renamed")
    client.run("COPY copy moved")
    client.run("MOVE moved 1")
    assert server.engine.keyspace.databases[0].volatile_hashes.size() == 2
    assert server.engine.keyspace.databases[1].volatile_hashes.size() == 1
    clock.advance(2)
    for key in ("copy", "renamed"):
        assert client.run(f"HMGET {key} f g") == b"*2\r\n$-1\r\n$1\r\nw\r\n"


def test_names_by_pattern(client: CommandClient, clock: ServerClock) -> None:
    client.run("MSET aa 1 ab 2 b 3")
    client.run("PEXPIRE b 10")
    assert client.run("KEYS a?").startswith(b"*2\r\n")
    assert client.run("KEYS *").startswith(b"*3\r\n")
    clock.advance(1)
    assert client.run("KEYS *").startswith(b"*2\r\n")
    assert client.run("KEYS b*") == b"*0\r\n"


def scan_all(client: CommandClient, options: str) -> set[str]:
    found: set[str] = set()
    cursor = "0"
    while True:
        words = client.run(f"SCAN {cursor} {options}").decode().split("\r\n")
        cursor = words[2]
        found.update(words[5::2])
        if cursor == "0":
            return found - {""}


def test_a_scan_meets_every_key(client: CommandClient, clock: ServerClock) -> None:
    names = {f"key:{number}" for number in range(1000)}
    client(b"MSET", *[word.encode() for name in sorted(names) for word in (name, "v")])
    client.run("RPUSH list a")
    assert scan_all(client, "COUNT 7") == names | {"list"}
    assert scan_all(client, "MATCH key:1?? COUNT 50") == {f"key:{number}" for number in range(100, 200)}
    assert scan_all(client, "TYPE LIST COUNT 100") == {"list"}
    client.run("PEXPIRE list 1")
    clock.advance(1)
    assert scan_all(client, "MATCH *") == names


@pytest.mark.parametrize("cursor", ["x", "1x", "-", "-x", "18446744073709551616", "0x1"])
def test_a_cursor_is_a_number(client: CommandClient, cursor: str) -> None:
    assert client.run(f"SCAN {cursor}") == b"-ERR invalid cursor\r\n"
    assert client(b"SCAN", b" 0") == b"-ERR invalid cursor\r\n"
    assert client.run("SCAN -1") == b"*2\r\n$1\r\n0\r\n*0\r\n"


@pytest.mark.parametrize("options", ["COUNT", "COUNT 0", "MATCH", "TYPE", "FOO x", "NOVALUES"])
def test_options_of_scan(client: CommandClient, options: str) -> None:
    assert client.run(f"SCAN 0 {options}") == SYNTAX_ERROR


def test_a_random_key(client: CommandClient, clock: ServerClock) -> None:
    assert client.run("RANDOMKEY") == NULL
    client.run("MSET a 1 b 2")
    assert {client.run("RANDOMKEY") for _ in range(50)} == {b"$1\r\na\r\n", b"$1\r\nb\r\n"}
    client.run("PEXPIRE a 1")
    clock.advance(1)
    assert {client.run("RANDOMKEY") for _ in range(20)} == {b"$1\r\nb\r\n"}


def test_object(client: CommandClient) -> None:
    client.run("SET k 12")
    client.run("SET big 12345")
    client.run("RPUSH l a")
    assert client.run("OBJECT ENCODING k") == b"$3\r\nint\r\n"
    assert client.run("OBJECT ENCODING l") == b"$8\r\nlistpack\r\n"
    assert client.run("OBJECT REFCOUNT k") == b":2147483647\r\n"
    assert client.run("OBJECT REFCOUNT big") == b":1\r\n"
    assert client.run("OBJECT REFCOUNT l") == b":1\r\n"
    for subcommand in ("ENCODING", "REFCOUNT", "IDLETIME", "FREQ"):
        assert client.run(f"OBJECT {subcommand} none") == NULL
    assert client.run("OBJECT HELP").startswith(b"*")
    assert client.run("OBJECT FREQ k").startswith(b"-ERR An LFU maxmemory policy is not selected")


def test_object_with_an_lfu_policy(client: CommandClient, server: CommandServer) -> None:
    client.run("SET k v")
    server.engine.keyspace.track_access(True)
    assert client.run("OBJECT IDLETIME k").startswith(b"-ERR An LFU maxmemory policy is selected")
    assert client.run("OBJECT FREQ k") == b":5\r\n"
