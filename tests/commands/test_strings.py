"""Strings: bytes in, bytes out, and what is replayed and notified."""

from __future__ import annotations

import pytest

from commands.conftest import CommandClient, CommandServer, ServerClock
from commands.recording import Record

NULL = b"$-1\r\n"
OK = b"+OK\r\n"
SYNTAX_ERROR = b"-ERR syntax error\r\n"
WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"


def test_a_plain_set_is_replayed_as_it_came(client: CommandClient, record: Record) -> None:
    assert client.run("SET k v") == OK
    assert record.replayed() == ["SET k v"]
    assert record.events() == ["set k"]
    assert record.new_and_missed() == ["new k"]
    client.run("SET k w")
    assert record.new_and_missed() == []
    assert record.dirty() == 2


def test_a_miss_is_notified(client: CommandClient, record: Record) -> None:
    assert client.run("GET k") == NULL
    assert record.new_and_missed() == ["keymiss k"]
    assert record.replayed() == []


@pytest.mark.parametrize(
    ("command", "replayed"),
    [
        ("SET k v EX 100", "SET k v PXAT {100000}"),
        ("SET k v PX 100", "SET k v PXAT {100}"),
        ("SET k v EXAT 4102444800", "SET k v PXAT 4102444800000"),
        ("SET k v PXAT 4102444800000 NX", "SET k v PXAT 4102444800000"),
        ("SET k v KEEPTTL", "SET k v KEEPTTL"),
        ("SET k v NX", "SET k v"),
        ("SET k v GET", "SET k v"),
        ("SETEX k 100 v", "SET k v PXAT {100000}"),
        ("PSETEX k 100 v", "SET k v PXAT {100}"),
        ("GETSET k v", "SET k v"),
        ("SETNX k v", "SETNX k v"),
        ("MSETNX k v l w", "MSETNX k v l w"),
        ("INCRBYFLOAT k 0.1", "SET k 0.1 KEEPTTL"),
        ("INCR k", "INCR k"),
        ("APPEND k v", "APPEND k v"),
        ("SETRANGE k 2 v", "SETRANGE k 2 v"),
    ],
)
def test_what_is_replayed_is_absolute(
    client: CommandClient, record: Record, clock: ServerClock, command: str, replayed: str
) -> None:
    client.run(command)
    before, brace, rest = replayed.partition("{")
    if brace:
        replayed = before + str(clock.now_ms + int(rest.rstrip("}")))
    assert record.replayed() == [replayed]


@pytest.mark.parametrize(
    ("command", "events"),
    [
        ("SET k v EX 100", ["set k", "expire k"]),
        ("SETEX k 100 v", ["set k", "expire k"]),
        ("GETEX old EX 100", ["expire old"]),
        ("GETEX timed PERSIST", ["persist timed"]),
        ("GETEX old EXAT 1", ["del old"]),
        ("GETDEL old", ["del old"]),
        ("DELIFEQ old 1", ["del old"]),
        ("DELIFEQ old 2", []),
        ("MSET a 1 b 2", ["set a", "set b"]),
        ("MSETEX 2 a 1 b 2 PX 5", ["set a", "expire a", "set b", "expire b"]),
        ("DECR old", ["incrby old"]),
        ("INCRBYFLOAT old 1", ["incrbyfloat old"]),
        ("APPEND old x", ["append old"]),
        ("SETRANGE old 1 x", ["setrange old"]),
        ("SET old x NX", []),
        ("GETEX old", []),
        ("GETEX old PERSIST", []),
    ],
)
def test_events(client: CommandClient, record: Record, command: str, events: list[str]) -> None:
    client.run("SET old 1")
    client.run("SET timed 1 EX 100")
    record.events()
    record.modified()
    client.run(command)
    assert record.events() == events
    assert record.modified() == list(dict.fromkeys(event.split()[1] for event in events))


def test_set_gives_the_old_value_where_asked(client: CommandClient) -> None:
    assert client.run("SET k v GET") == NULL
    assert client.run("SET k w GET XX") == b"$1\r\nv\r\n"
    assert client.run("SET k x GET NX") == b"$1\r\nw\r\n"
    assert client.resp3.run("SET l x XX") == b"_\r\n"
    assert client.run("GET k") == b"$1\r\nw\r\n"


@pytest.mark.parametrize(
    "options",
    [
        "FOO",
        "EX",
        "NX XX",
        "EX 1 PX 1",
        "EX 1 KEEPTTL",
        "KEEPTTL EX 1",
        "IFEQ",
        "IFEQ a NX",
        "PERSIST",
        "IFEQ a IFEQ b",
    ],
)
def test_options_that_do_not_go_together(client: CommandClient, options: str) -> None:
    assert client.run("SET k v " + options) == SYNTAX_ERROR


def test_a_comparison_guards_a_set(client: CommandClient, record: Record) -> None:
    assert client.run("SET k v IFEQ v") == NULL
    client.run("SET k v")
    assert client.run("SET k w IFEQ x") == NULL
    record.replayed()
    assert client.run("SET k w IFEQ v") == OK
    assert record.replayed() == ["SET k w"]
    client.run("RPUSH l a")
    assert client.run("SET l w IFEQ v") == WRONG_TYPE


def test_a_key_set_to_a_time_in_the_past_is_gone(client: CommandClient) -> None:
    assert client.run("SET k v EXAT 1") == OK
    assert client.run("GET k") == NULL


def test_expiry_times_have_bounds(client: CommandClient) -> None:
    assert client.run("SET k v EX 0") == b"-ERR invalid expire time in 'set' command\r\n"
    assert client.run("SETEX k -1 v") == b"-ERR invalid expire time in 'setex' command\r\n"
    assert client.run("PSETEX k 9223372036854775807 v") == b"-ERR invalid expire time in 'psetex' command\r\n"
    assert client.run("SET k v EX 9223372036854775") == b"-ERR invalid expire time in 'set' command\r\n"
    client.run("SET k v")
    assert client.run("GETEX k EX 0") == b"-ERR invalid expire time in 'getex' command\r\n"
    assert client.run("SET k v EX x") == b"-ERR value is not an integer or out of range\r\n"


def test_getex_changes_the_expiry(client: CommandClient, record: Record, clock: ServerClock) -> None:
    assert client.run("GETEX k EX 10") == NULL
    client.run("SET k v")
    record.replayed()
    assert client.run("GETEX k EX 10") == b"$1\r\nv\r\n"
    assert client.run("TTL k") == b":10\r\n"
    assert client.run("GETEX k PERSIST") == b"$1\r\nv\r\n"
    assert client.run("TTL k") == b":-1\r\n"
    assert client.run("GETEX k PXAT 5") == b"$1\r\nv\r\n"
    assert client.run("EXISTS k") == b":0\r\n"
    assert record.replayed() == [f"PEXPIREAT k {clock.now_ms + 10_000}", "PERSIST k", "DEL k"]


def test_getdel_and_delifeq_are_replayed_as_del(client: CommandClient, record: Record) -> None:
    assert client.run("GETDEL k") == NULL
    assert client.run("DELIFEQ k v") == b":0\r\n"
    client.run("MSET k v l w")
    record.replayed()
    assert client.run("GETDEL k") == b"$1\r\nv\r\n"
    assert client.run("DELIFEQ l x") == b":0\r\n"
    assert client.run("DELIFEQ l w") == b":1\r\n"
    assert record.replayed() == ["DEL k", "DEL l"]


def test_msetex_is_replayed_as_single_sets(client: CommandClient, record: Record) -> None:
    assert client.run("MSETEX 2 a 1 b 2 PXAT 4102444800000") == b":1\r\n"
    assert record.replayed() == ["MULTI", "SET a 1 PXAT 4102444800000", "SET b 2 PXAT 4102444800000", "EXEC"]
    assert client.run("MSETEX 2 a 1 c 2 NX") == b":0\r\n"
    assert client.run("MSETEX 2 a 1 c 2 XX") == b":0\r\n"
    assert client.run("MSETEX 0 a 1") == b"-ERR invalid numkeys value or out of range\r\n"
    assert client.run("MSETEX 3 a 1 b 2") == SYNTAX_ERROR
    assert record.replayed() == []


def test_msetex_with_its_condition_met(client: CommandClient, record: Record) -> None:
    client.run("SET a 1 EX 100")
    record.replayed()
    assert client.run("MSETEX 1 a 2 XX KEEPTTL") == b":1\r\n"
    assert client.run("TTL a") == b":100\r\n"
    assert record.replayed() == ["SET a 2 KEEPTTL"]


@pytest.mark.parametrize("command", ["SET k w", "SET k w KEEPTTL", "MSET k w", "SETEX k 100 w", "MSETEX 1 k w KEEPTTL"])
def test_a_key_whose_time_is_over_is_gone_before_it_is_set(
    client: CommandClient, record: Record, clock: ServerClock, command: str
) -> None:
    client.run("SET k v PX 10")
    clock.advance(1)
    record.events()
    record.replayed()
    client.run(command)
    assert record.events()[:2] == ["expired k", "set k"]
    assert record.replayed()[0] == "DEL k"
    assert client.run("GET k") == b"$1\r\nw\r\n"
    assert client.run("TTL k") == (b":100\r\n" if "SETEX k" in command else b":-1\r\n")


def test_several_strings_at_once(client: CommandClient) -> None:
    assert client.run("MSET a 1 b 2") == OK
    client.run("RPUSH l x")
    client.run("APPEND b 3")
    assert client.run("MGET a b l none") == b"*4\r\n$1\r\n1\r\n$2\r\n23\r\n$-1\r\n$-1\r\n"
    assert client.run("MSET a") == b"-ERR wrong number of arguments for 'mset' command\r\n"
    assert client.run("MSET a 1 b") == b"-ERR wrong number of arguments for 'mset' command\r\n"
    assert client.run("MSETNX a 1 b") == b"-ERR wrong number of arguments for 'msetnx' command\r\n"
    assert client.run("MSETNX a 5 z 6") == b":0\r\n"
    assert client.run("MSETNX y 5 z 6") == b":1\r\n"
    assert client.run("SETNX y 7") == b":0\r\n"


def test_other_types_are_refused(client: CommandClient) -> None:
    client.run("RPUSH l x")
    for command in (
        "GET l", "SET l x GET", "GETSET l x", "GETDEL l", "GETEX l", "DELIFEQ l x", "STRLEN l", "APPEND l x", "INCR l",
        "INCRBYFLOAT l 1", "GETRANGE l 0 1", "SETRANGE l 0 x",
    ):  # fmt: skip
        assert client.run(command) == WRONG_TYPE, command
    assert client.run("LCS l l") == b"-ERR The specified keys must contain string values\r\n"


def test_a_string_changed_in_place_is_read_by_everything(client: CommandClient) -> None:
    client.run("APPEND k 12")
    assert client.run("APPEND k 34") == b":4\r\n"
    assert client.run("APPEND k 5") == b":5\r\n"
    assert client.run("GET k") == b"$5\r\n12345\r\n"
    assert client.run("GETRANGE k 1 -2") == b"$3\r\n234\r\n"
    assert client.run("STRLEN k") == b":5\r\n"
    assert client.run("SETRANGE k 7 9") == b":8\r\n"
    assert client.run("GET k") == b"$8\r\n12345\0\x009\r\n"
    assert client.run("SETRANGE k 0 0") == b":8\r\n"
    client.run("SETRANGE n 0 12")
    assert client.run("INCR n") == b":13\r\n"


def test_ranges_and_their_ends(client: CommandClient) -> None:
    client.run("SET k Hello")
    assert client.run("GETRANGE k -3 -1") == b"$3\r\nllo\r\n"
    assert client.run("GETRANGE k -1 -3") == b"$0\r\n\r\n"
    assert client.run("SUBSTR k 0 -100") == b"$1\r\nH\r\n"
    assert client.run("GETRANGE k -100 1") == b"$2\r\nHe\r\n"
    assert client.run("GETRANGE none 0 1") == b"$0\r\n\r\n"
    assert client(b"SETRANGE", b"none", b"5", b"") == b":0\r\n"
    assert client(b"SETRANGE", b"k", b"5", b"") == b":5\r\n"
    assert client.run("SETRANGE k -1 x") == b"-ERR offset is out of range\r\n"


def test_a_string_cannot_outgrow_what_a_client_may_send(client: CommandClient, server: CommandServer) -> None:
    too_long = b"-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"
    assert client.run("SETRANGE k 536870912 x") == too_long
    assert client.run("SETRANGE k 9223372036854775807 xx") == too_long
    server.engine.config.assign("proto-max-bulk-len", b"1mb")
    client(b"SET", b"k", b"x" * (1 << 20))
    assert client.run("APPEND k y") == too_long
    assert client.run("STRLEN k") == b":1048576\r\n"


def test_counters_and_their_bounds(client: CommandClient) -> None:
    assert client.run("INCR n") == b":1\r\n"
    assert client.run("DECRBY n 11") == b":-10\r\n"
    assert client.run("DECR n") == b":-11\r\n"
    client.run("SET n 9223372036854775807")
    assert client.run("INCR n") == b"-ERR increment or decrement would overflow\r\n"
    assert client.run("INCRBY n -9223372036854775808") == b":-1\r\n"
    assert client.run("DECRBY n -9223372036854775808") == b"-ERR decrement would overflow\r\n"
    assert client.run("INCRBY n 01") == b"-ERR value is not an integer or out of range\r\n"
    client.run("SET n x")
    assert client.run("INCR n") == b"-ERR value is not an integer or out of range\r\n"


def test_floating_point_counters(client: CommandClient) -> None:
    client.run("SET f 3.0e3")
    assert client.run("INCRBYFLOAT f 0.1") == b"$22\r\n3000.10000000000000009\r\n"
    assert client.run("INCRBYFLOAT f x") == b"-ERR value is not a valid float\r\n"
    assert client.run("INCRBYFLOAT f inf") == b"-ERR increment would produce NaN or Infinity\r\n"
    client.run("SET f x")
    assert client.run("INCRBYFLOAT f 1") == b"-ERR value is not a valid float\r\n"


def test_common_subsequences(client: CommandClient) -> None:
    client.run("MSET a ohmytext b mynewtext")
    client.run("APPEND b !")
    assert client.run("LCS a b") == b"$6\r\nmytext\r\n"
    assert client.run("LCS a b LEN") == b":6\r\n"
    assert client.resp3.run("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN") == (
        b"%2\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n$3\r\nlen\r\n:6\r\n"
    )
    assert client.run("LCS a b IDX MINMATCHLEN 4") == (
        b"*4\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n$3\r\nlen\r\n:6\r\n"
    )
    assert client.run("LCS a none IDX") == b"*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n"
    assert client.run("LCS a b FOO") == SYNTAX_ERROR
    assert b"just use IDX" in client.run("LCS a b IDX LEN")
    client.run("SETRANGE a 20000 x")
    assert b"Insufficient memory" in client.run("LCS a a LEN")


def test_the_memory_count_follows_strings_that_grow_in_place(client: CommandClient, server: CommandServer) -> None:
    keyspace = server.engine.keyspace
    keyspace.count_memory(True)
    empty = keyspace.memory.used
    for command in (
        "SET k v", "APPEND k 12345", "APPEND k 678", "SETRANGE k 100 x", "SETBIT k 9000 1", "BITFIELD k SET u8 20000 1",
        "PFADD h a b c", "PFDEBUG TODENSE h", "PFMERGE h2 h", "RENAME k l", "COPY l m", "GETSET m x", "RPUSH list a b",
        "RENAME list list2", "MOVE list2 1",
    ):  # fmt: skip
        client.run(command)
        counted = keyspace.memory.used
        assert counted == sum(database.count_all() for database in keyspace.databases), command
    client.run("FLUSHALL")
    assert keyspace.memory.used == empty
