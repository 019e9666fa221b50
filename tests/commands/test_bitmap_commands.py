"""Bits and bit fields: bytes in, bytes out, and what is replayed and notified."""

from __future__ import annotations

import pytest

from commands.conftest import CommandClient
from commands.recording import Record

SYNTAX_ERROR = b"-ERR syntax error\r\n"
BAD_OFFSET = b"-ERR bit offset is not an integer or out of range\r\n"
WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"


def test_single_bits(client: CommandClient, record: Record) -> None:
    assert client.run("SETBIT k 7 1") == b":0\r\n"
    assert client.run("GET k") == b"$1\r\n\x01\r\n"
    assert record.events() == ["setbit k"]
    assert client.run("SETBIT k 7 1") == b":1\r\n"
    assert record.events() == []
    assert client.run("SETBIT k 12 0") == b":0\r\n"
    assert record.events() == ["setbit k"]
    assert client.run("STRLEN k") == b":2\r\n"
    assert client.run("GETBIT k 7") == b":1\r\n"
    assert client.run("GETBIT k 100") == b":0\r\n"
    assert client.run("GETBIT none 0") == b":0\r\n"
    assert record.replayed() == ["SETBIT k 7 1", "SETBIT k 12 0"]


def test_bit_offsets_have_bounds(client: CommandClient) -> None:
    for offset in ("-1", "4294967296", "x", "01"):
        assert client.run(f"SETBIT k {offset} 1") == BAD_OFFSET
        assert client.run(f"GETBIT k {offset}") == BAD_OFFSET
        assert client.run(f"BITFIELD k GET u8 {offset}") == BAD_OFFSET
        assert client.run(f"BITFIELD k GET u8 #{offset}") == BAD_OFFSET
    assert client.run("GETBIT k 4294967295") == b":0\r\n"
    assert client.run("SETBIT k 1 2") == b"-ERR bit is not an integer or out of range\r\n"


def test_counting(client: CommandClient) -> None:
    client.run("SET k foobar")
    found = [
        client.run("BITCOUNT " + words)
        for words in ("k", "k 0 0", "k 1 1 BYTE", "k 5 30 BIT", "k 4", "none", "k -2 -3")
    ]
    assert found == [b":26\r\n", b":4\r\n", b":6\r\n", b":17\r\n", b":7\r\n", b":0\r\n", b":0\r\n"]
    assert client.run("BITCOUNT k 0 1 BIT x") == SYNTAX_ERROR
    assert client.run("BITCOUNT k 0 1 X") == SYNTAX_ERROR
    assert client.run("BITCOUNT k x") == b"-ERR value is not an integer or out of range\r\n"


def test_finding(client: CommandClient) -> None:
    client(b"SET", b"k", b"\xff\xf0\x00")
    found = [
        client.run("BITPOS " + words) for words in ("k 0", "k 1 2", "k 1 2 -1", "k 0 7 15 BIT", "none 1", "none 0")
    ]
    assert found == [b":12\r\n", b":-1\r\n", b":-1\r\n", b":12\r\n", b":-1\r\n", b":0\r\n"]
    client(b"SET", b"full", b"\xff")
    assert client.run("BITPOS full 0") == b":8\r\n"
    assert client.run("BITPOS full 0 0 -1") == b":-1\r\n"
    assert client.run("BITPOS full 0 1") == b":-1\r\n"
    assert client.run("BITPOS full 2") == b"-ERR The bit argument must be 1 or 0.\r\n"
    assert client.run("BITPOS full 0 0 1 BIT x") == SYNTAX_ERROR


def test_combining(client: CommandClient, record: Record) -> None:
    client(b"MSET", b"a", b"\x0f", b"b", b"\xff\x01")
    record.events()
    found = []
    for words in ("AND d a b", "OR d a b", "XOR d a b", "NOT d a"):
        assert client.run("BITOP " + words).startswith(b":")
        found.append(client.run("GET d"))
    assert found == [b"$2\r\n\x0f\0\r\n", b"$2\r\n\xff\x01\r\n", b"$2\r\n\xf0\x01\r\n", b"$1\r\n\xf0\r\n"]
    assert record.events() == ["set d"] * 4
    assert client.run("BITOP OR d none none") == b":0\r\n"
    assert record.events() == ["del d"]
    assert client.run("BITOP OR d none none") == b":0\r\n"
    assert record.events() == []
    assert client.run("BITOP NOT d a b") == b"-ERR BITOP NOT must be called with a single source key.\r\n"
    assert client.run("BITOP NAND d a b") == SYNTAX_ERROR


def test_fields(client: CommandClient, record: Record) -> None:
    assert client.run("BITFIELD k SET u8 0 200 GET u4 0 INCRBY i8 #1 -5") == b"*3\r\n:0\r\n:12\r\n:-5\r\n"
    assert record.dirty() == 2
    assert record.events() == ["setbit k"]
    assert client.run(
        "BITFIELD k OVERFLOW SAT INCRBY u8 0 100 OVERFLOW FAIL INCRBY u8 0 1 OVERFLOW WRAP INCRBY u8 0 1"
    ) == (b"*3\r\n:255\r\n$-1\r\n:0\r\n")
    assert client.run("BITFIELD k SET u8 0 0") == b"*1\r\n:0\r\n"
    assert client.run("BITFIELD new OVERFLOW FAIL SET u8 0 300") == b"*1\r\n$-1\r\n"
    assert client.run("STRLEN new") == b":1\r\n"
    record.events()
    assert client.run("BITFIELD new GET u8 0 GET i64 100") == b"*2\r\n:0\r\n:0\r\n"
    assert client.run("BITFIELD none GET u8 0") == b"*1\r\n:0\r\n"
    assert client.run("BITFIELD none") == b"*0\r\n"
    assert client.run("BITFIELD_RO k GET i8 8") == b"*1\r\n:-5\r\n"
    assert record.events() == []


def test_a_string_that_only_grew_is_replayed_too(client: CommandClient, record: Record) -> None:
    assert client.run("BITFIELD k OVERFLOW FAIL SET u8 0 300") == b"*1\r\n$-1\r\n"
    assert record.replayed() == ["BITFIELD k OVERFLOW FAIL SET u8 0 300"]
    assert record.events() == []
    assert record.modified() == ["k"]
    assert client.run("BITFIELD k OVERFLOW FAIL SET u8 0 300") == b"*1\r\n$-1\r\n"
    assert record.replayed() == []


def test_a_negative_number_fills_an_unsigned_field(client: CommandClient) -> None:
    client.run("BITFIELD k SET u8 0 -1")
    assert client.run("BITFIELD k GET u8 0") == b"*1\r\n:255\r\n"


@pytest.mark.parametrize("kind", ["u0", "u64", "i0", "i65", "U8", "x8", "u", "u08", "8"])
def test_a_field_has_a_width(client: CommandClient, kind: str) -> None:
    assert client.run(f"BITFIELD k GET {kind} 0").startswith(b"-ERR Invalid bitfield type.")


@pytest.mark.parametrize("operations", ["GET u8", "SET u8 0", "INCRBY u8 0", "OVERFLOW", "FOO u8 0"])
def test_an_operation_is_whole(client: CommandClient, operations: str) -> None:
    assert client.run(f"BITFIELD k {operations}") == SYNTAX_ERROR
    assert client.run("BITFIELD k OVERFLOW LOW GET u8 0") == b"-ERR Invalid OVERFLOW type specified\r\n"
    assert client.run("BITFIELD k SET u8 0 x") == b"-ERR value is not an integer or out of range\r\n"
    assert client.run("BITFIELD_RO k SET u8 0 1") == b"-ERR BITFIELD_RO only supports the GET subcommand\r\n"


def test_other_types_are_refused(client: CommandClient) -> None:
    client.run("RPUSH l x")
    for command in (
        "SETBIT l 0 1", "GETBIT l 0", "BITCOUNT l", "BITPOS l 1", "BITOP OR d l", "BITFIELD l GET u8 0",
        "BITFIELD l SET u8 0 1", "BITFIELD_RO l GET u8 0",
    ):  # fmt: skip
        assert client.run(command) == WRONG_TYPE, command
