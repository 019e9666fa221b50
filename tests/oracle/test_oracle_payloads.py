"""Value payloads exchanged with real servers: theirs read by us, ours by them, digests equal.

The codecs alone; tests of DUMP and RESTORE as commands are beside this file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from miniredis.datatypes.limits import EncodingLimits
from miniredis.formats.dump import dump_value, payload_version, restore_value
from miniredis.formats.rdb_values import build_registry

from oracle.comparison import Backend
from oracle.wire import Connection

REGISTRY = build_registry(EncodingLimits())


def data_set(seed: int) -> list[list[bytes]]:
    """Commands that make keys of every type and encoding."""
    chance = random.Random(seed)

    def word() -> bytes:
        kind = chance.randrange(6)
        if kind == 0:
            return b"%d" % chance.choice([0, 5, -1, 127, 128, -4097, 40000, -9000000, 1 << 31, (1 << 63) - 1])
        if kind == 1:
            return chance.randbytes(chance.choice([0, 1, 20, 63, 64, 65, 200, 5000]))
        if kind == 2:
            return b"ab" * chance.randrange(300)
        return b"word %d" % chance.randrange(1 << chance.choice([4, 20, 40]))

    def score() -> bytes:
        return chance.choice([b"1", b"-3.25", b"inf", b"-inf", b"1e300", b"0.1", b"-0", b"12345678901234567890"])

    commands: list[list[bytes]] = []
    for size in (1, 5, 100, 600):
        commands.append([b"SET", b"string:%d" % size, word() * (size // 5 + 1)])
        commands.append([b"RPUSH", b"list:%d" % size, *[word() for _ in range(size)]])
        commands.append([b"SADD", b"set:%d" % size, *[word() for _ in range(size)]])
        commands.append([b"SADD", b"intset:%d" % size, *[b"%d" % chance.randrange(-size, size) for _ in range(size)]])
        commands.append(
            [b"SADD", b"wide:%d" % size, *[b"%d" % chance.randrange(-(1 << 60), 1 << 60) for _ in range(size)]]
        )
        commands.append([b"ZADD", b"zset:%d" % size, *[each for _ in range(size) for each in (score(), word())]])
        commands.append([b"HSET", b"hash:%d" % size, *[word() for _ in range(2 * size)]])
        for number in range(size):
            fields = [b"a", word(), b"b", word()] if chance.random() < 0.8 else [word(), word()]
            commands.append([b"XADD", b"stream:%d" % size, b"%d-%d" % (number // 3 + 1, number % 3), *fields])
        commands.append([b"XDEL", b"stream:%d" % size, b"1-1", b"%d-0" % (size // 5), b"2-2"])
        for group in (b"g", b"h"):
            commands.append([b"XGROUP", b"CREATE", b"stream:%d" % size, group, b"0"])
            for consumer in (b"alice", b"bob"):
                read = [b"XREADGROUP", b"GROUP", group, consumer, b"COUNT", b"%d" % (size // 3)]
                commands.append([*read, b"STREAMS", b"stream:%d" % size, b">"])
    commands.append([b"RPUSH", b"huge", b"x" * 100_000, b"y", b"z" * 50_000])
    commands.append([b"XGROUP", b"CREATE", b"empty", b"g", b"$", b"MKSTREAM"])
    commands.append([b"SETRANGE", b"string:5", b"3", b"xyz"])
    return commands


def bulk(reply: bytes) -> bytes:
    end = reply.index(b"\r\n")
    return reply[end + 2 : -2]


def keys_of(connection: Connection) -> list[bytes]:
    return sorted(part for part in connection(b"KEYS", b"*").split(b"\r\n")[2::2])


def value_digest(connection: Connection, key: bytes) -> bytes:
    return connection(b"DEBUG", b"DIGEST-VALUE", key).split(b"\r\n")[1].lstrip(b"+")


@pytest.fixture(params=["redis", "valkey"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    backend: Backend = request.getfixturevalue(f"{request.param}_backend")
    connection = backend.connect()
    connection(b"FLUSHALL")
    yield connection
    connection(b"FLUSHALL")
    connection.close()


@pytest.mark.parametrize("seed", range(3))
def test_payloads_of_a_real_server_are_restored_and_ours_by_it(connection: Connection, seed: int) -> None:
    for command in data_set(seed):
        reply = connection(*command)
        assert not reply.startswith(b"-"), (command[:2], reply)
    keys = keys_of(connection)
    assert len(keys) > 30
    for key in keys:
        theirs = bulk(connection(b"DUMP", key))
        version = payload_version(theirs, REGISTRY)
        assert version in (10, 80)
        value = restore_value(REGISTRY, theirs, version)
        digest = value_digest(connection, key)
        if version == 10 or not key.startswith(b"zset"):  # Valkey writes scores in another way than "%.17g"
            assert b"%040x" % REGISTRY.digest(value, -1) == digest, key
        ours = dump_value(REGISTRY, value)
        reply = connection(b"RESTORE", b"copy", b"0", ours, b"REPLACE")
        assert reply == b"+OK\r\n", (key, reply)
        assert value_digest(connection, b"copy") == digest
        if key.startswith(b"stream"):
            full = connection(b"XINFO", b"STREAM", b"copy", b"FULL", b"COUNT", b"0")
            # A consumer's last activity is not in what Redis 7.0 reads.
            if version == 10:
                assert full == connection(b"XINFO", b"STREAM", key, b"FULL", b"COUNT", b"0")
        if not key.startswith((b"string:5", b"set", b"stream", b"empty")) and version == 10:
            assert connection(b"OBJECT", b"ENCODING", b"copy") == connection(b"OBJECT", b"ENCODING", key), key


def test_fields_that_expire_in_valkey_expire_here(valkey_backend: Backend) -> None:
    connection = valkey_backend.connect()
    connection(b"HSET", b"h", b"f", b"1", b"g", b"2")
    connection(b"HPEXPIREAT", b"h", b"2000000000000", b"FIELDS", b"1", b"f")
    payload = bulk(connection(b"DUMP", b"h"))
    value = restore_value(REGISTRY, payload, payload_version(payload, REGISTRY))
    assert value.expiries() == {b"f": 2_000_000_000_000}  # type: ignore[attr-defined]
    assert b"%040x" % REGISTRY.digest(value, -1) == value_digest(connection, b"h")
    connection(b"FLUSHALL")
    connection.close()


def old_forms() -> dict[bytes, bytes]:
    """Payloads as Redis 2.6 to 6.2 made them, by key."""
    import struct

    from miniredis.formats.crc64 import crc64

    def ziplist(entries: list[bytes]) -> bytes:
        body = b""
        previous = last = 0
        for entry in entries:
            last = len(body)
            body += bytes([previous, len(entry)]) + entry
            previous = 2 + len(entry)
        return struct.pack("<IIH", 11 + len(body), 10 + last, len(entries)) + body + b"\xff"

    def text(data: bytes) -> bytes:
        return bytes([len(data)]) + data

    entries = [b"a", b"1.5", b"b", b"long text"]
    bodies = {
        b"list": b"\x01\x02\x01a\xc0\x05",
        b"zset": b"\x03\x02\x01a\x031.5\x01b\xfe",
        b"zipmap": b"\x09" + text(b"\x02\x01f\x01\x00v\x01g\x02\x0112!\xff"),
        b"ziplist": b"\x0a" + text(ziplist(entries)),
        b"hash": b"\x0d" + text(ziplist(entries)),
        b"scores": b"\x0c" + text(ziplist([b"a", b"1.5", b"b", b"2"])),
        b"quicklist": b"\x0e\x02" + text(ziplist(entries)) + text(ziplist(entries[:1])),
    }
    payloads = {}
    for key, body in bodies.items():
        sealed = body + struct.pack("<H", 6)
        payloads[key] = sealed + crc64(sealed).to_bytes(8, "little")
    return payloads


def test_old_forms_mean_here_what_they_mean_there(redis_backend: Backend) -> None:
    connection = redis_backend.connect()
    connection(b"FLUSHALL")
    for key, payload in old_forms().items():
        assert connection(b"RESTORE", key, b"0", payload) == b"+OK\r\n", key
        value = restore_value(REGISTRY, payload, payload_version(payload, REGISTRY))
        assert b"%040x" % REGISTRY.digest(value, -1) == value_digest(connection, key), key
    connection.close()
