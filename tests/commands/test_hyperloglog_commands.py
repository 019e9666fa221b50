"""HyperLogLog: bytes in, bytes out, and what is replayed and notified."""

from __future__ import annotations

from commands.conftest import CommandClient
from commands.recording import Record

EMPTY = b"HYLL\x01" + bytes(10) + b"\x80\x7f\xff"
CORRUPT = b"-INVALIDOBJ Corrupted HLL object detected\r\n"
NO_HYPERLOGLOG = b"-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"
WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"


def test_adding(client: CommandClient, record: Record) -> None:
    assert client.run("PFADD h") == b":1\r\n"
    assert client.run("GET h") == b"$%d\r\n%s\r\n" % (len(EMPTY), EMPTY)
    assert record.dirty() == 1
    assert client.run("PFADD h") == b":0\r\n"
    assert record.events() == ["pfadd h"]
    assert client.run("PFADD h a b a") == b":1\r\n"
    assert record.dirty() == 2
    assert client.run("PFADD h a") == b":0\r\n"
    assert record.replayed() == ["PFADD h", "PFADD h a b a"]


def test_counting_changes_the_value_once(client: CommandClient, record: Record) -> None:
    client.run("PFADD h a b c")
    record.replayed()
    record.events()
    record.modified()
    assert client.run("PFCOUNT h") == b":3\r\n"
    assert record.replayed() == ["PFCOUNT h"]
    assert record.events() == []
    assert record.modified() == ["h"]
    assert client.run("PFCOUNT h") == b":3\r\n"
    assert record.replayed() == []
    client.run("PFADD g c d")
    assert client.run("PFCOUNT h g none") == b":4\r\n"
    assert client.run("PFCOUNT none") == b":0\r\n"
    assert client.run("PFCOUNT none none") == b":0\r\n"


def test_a_value_stored_by_set_is_counted_and_changed(client: CommandClient) -> None:
    client(b"SET", b"h", EMPTY)
    assert client.run("PFCOUNT h") == b":0\r\n"
    client(b"SET", b"h", EMPTY)
    assert client.run("PFADD h a") == b":1\r\n"
    assert client.run("PFCOUNT h") == b":1\r\n"


def test_merging(client: CommandClient, record: Record) -> None:
    client.run("PFADD a 1 2 3")
    client.run("PFADD b 3 4")
    record.events()
    assert client.run("PFMERGE m a b none") == b"+OK\r\n"
    assert record.events() == ["pfadd m"]
    assert client.run("PFCOUNT m") == b":4\r\n"
    assert client.run("PFDEBUG ENCODING m") == b"+sparse\r\n"
    client.run("PFDEBUG TODENSE b")
    assert client.run("PFMERGE m b") == b"+OK\r\n"
    assert client.run("PFDEBUG ENCODING m") == b"+dense\r\n"
    assert client.run("PFMERGE empty") == b"+OK\r\n"
    assert client.run("PFCOUNT empty") == b":0\r\n"


def test_looking_inside(client: CommandClient, record: Record) -> None:
    client.run("PFADD h a")
    assert client.run("PFDEBUG DECODE h") == b"$20\r\nZ:12711 v:2,1 Z:3672\r\n"
    record.dirty()
    registers = client.run("PFDEBUG GETREG h")
    assert registers.startswith(b"*16384\r\n")
    assert registers.count(b":2\r\n") == 1
    assert record.dirty() == 1
    assert client.run("PFDEBUG ENCODING h") == b"+dense\r\n"
    assert client.run("PFDEBUG TODENSE h") == b":0\r\n"
    assert client.run("PFDEBUG DECODE h") == b"-ERR HLL encoding is not sparse\r\n"
    assert client.run("PFDEBUG FOO h") == b"-ERR Unknown PFDEBUG subcommand 'FOO'\r\n"
    assert client.run("PFDEBUG FOO none") == b"-ERR The specified key does not exist\r\n"
    assert client.run("PFSELFTEST") == b"+OK\r\n"


def test_what_is_no_hyperloglog(client: CommandClient) -> None:
    client.run("SET s x")
    client.run("RPUSH l x")
    client(b"SET", b"bad", EMPTY[:16])
    for command in ("PFADD {} a", "PFCOUNT {}", "PFCOUNT none {}", "PFMERGE {}", "PFMERGE x {}", "PFDEBUG TODENSE {}"):
        assert client.run(command.format("s")) == NO_HYPERLOGLOG
        assert client.run(command.format("l")) == WRONG_TYPE
        assert client.run(command.format("bad")) == CORRUPT
