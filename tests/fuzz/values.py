"""Payloads of values in every form, and the target that restores mutated ones and then uses what came of them."""

from __future__ import annotations

import struct
from functools import cache

from fuzz.loop import Target
from miniredis.config.config import Config
from miniredis.datatypes.limits import EncodingLimits
from miniredis.formats.crc64 import crc64
from miniredis.formats.dump import FOOTER_SIZE, payload_version, restore_value
from miniredis.formats.rdb_values import build_registry
from miniredis.testing.memory import MemoryClient, MemoryServer

REGISTRY = build_registry(EncodingLimits())
FAR_MS = b"9000000000000"
#: Commands that make a key `k` of each type and form.
MAKING = (
    "SET k hello",
    "SET k 12345",
    "SET k -7",
    "SETRANGE k 5000 x",
    "APPEND k " + "ab" * 200,
    "RPUSH k a b 1 -100 70000",
    "RPUSH k " + "x" * 9000 + " b",
    "RPUSH k " + " ".join(f"item{n}" for n in range(300)),
    "SADD k 1 2 3 -70000",
    "SADD k 5000000000 1",
    "SADD k a b c",
    "SADD k " + " ".join(f"m{n}" for n in range(600)),
    "HSET k f v g 1 h -3",
    "HSET k f " + "y" * 100,
    "HSET k " + " ".join(f"f{n} v{n}" for n in range(600)),
    "ZADD k 1 a 2.5 b -inf c inf d",
    "ZADD k " + " ".join(f"{n}.25 m{n}" for n in range(200)),
    "XADD k 1-1 a b c d",
    "PFADD k a b c",
    "GEOADD k 13.361389 38.115556 p 15.087269 37.502669 q",
)
STREAM = (
    "XADD k 1-1 a 1 b 2",
    "XADD k 1-2 a 3 b 4",
    "XADD k 5-0 c 5",
    "XADD k 6-0 a 1",
    "XDEL k 1-2",
    "XGROUP CREATE k g 0",
    "XREADGROUP GROUP g alice COUNT 2 STREAMS k >",
    "XREADGROUP GROUP g bob STREAMS k >",
    "XGROUP CREATE k empty $",
)
FIELDS = ("HSET k f v g w", f"HPEXPIREAT k {FAR_MS.decode()} FIELDS 1 f")
#: What is asked of a value that was let in; errors are fine, a defect is not.
USES = (
    "TYPE k",
    "OBJECT ENCODING k",
    "DEBUG DIGEST-VALUE k",
    "MEMORY USAGE k SAMPLES 0",
    "COPY k c REPLACE",
    "GET k",
    "STRLEN k",
    "APPEND k x",
    "BITCOUNT k",
    "PFCOUNT k",
    "PFADD k z",
    "LLEN k",
    "LRANGE k 0 -1",
    "LINDEX k -2",
    "LSET k 0 new",
    "LPUSH k x",
    "RPOP k",
    "LREM k 0 a",
    "LTRIM k 0 3",
    "SCARD k",
    "SMEMBERS k",
    "SISMEMBER k a",
    "SADD k new 5",
    "SREM k 1",
    "SPOP k",
    "HLEN k",
    "HGETALL k",
    "HSET k f new",
    "HDEL k g",
    "HSCAN k 0",
    "HPTTL k FIELDS 2 f g",
    "ZCARD k",
    "ZRANGE k 0 -1 WITHSCORES",
    "ZRANK k a",
    "ZADD k 3 new 4 a",
    "ZREM k b",
    "ZPOPMIN k",
    "ZRANGEBYSCORE k -inf +inf",
    "XLEN k",
    "XRANGE k - +",
    "XREVRANGE k + -",
    "XINFO STREAM k FULL",
    "XPENDING k g - + 10",
    "XINFO CONSUMERS k g",
    "XREADGROUP GROUP g carol STREAMS k >",
    "XAUTOCLAIM k g carol 0 0",
    "XACK k g 1-1",
    "XDEL k 5-0",
    "XADD k * a 1",
    "XTRIM k MAXLEN 1",
    "SORT k ALPHA",
)


class Server:
    """Ours in memory, that says when a command met a defect."""

    def __init__(self) -> None:
        config = Config()
        config.assign("enable-debug-command", b"yes")
        config.assign("save", b"")
        self.server = MemoryServer(config)
        self.client: MemoryClient = self.server.connect()

    def call(self, *words: bytes) -> bytes:
        """The reply; fails for an internal error."""
        reply = self.client.call(*words)
        defects = [text for _, text in self.server.logged if "defect" in text or "Traceback" in text]
        self.server.logged.clear()
        assert not defects, (words, defects)
        assert b"internal error" not in reply, (words, reply)
        if self.client.is_closed:
            self.client = self.server.connect()
        return reply

    def line(self, text: str) -> bytes:
        return self.call(*text.encode().split(b" "))


def bulk(reply: bytes) -> bytes:
    """The text of a bulk reply."""
    header, _, rest = reply.partition(b"\r\n")
    assert header[:1] == b"$", reply
    return rest[: int(header[1:])]


def body(payload: bytes) -> bytes:
    """Without version and checksum."""
    return payload[:-FOOTER_SIZE]


def short(data: bytes) -> bytes:
    """A text of fewer than 64 bytes, or any with a length of four, as an RDB file has it."""
    return (bytes([len(data)]) if len(data) < 64 else b"\x80" + struct.pack(">I", len(data))) + data


def old_forms() -> list[bytes]:
    """Forms that only older servers wrote: ziplists, a zipmap, plain lists and sorted sets with scores as text."""
    raw = b""
    before = 0
    for entry in (b"\x01a", b"\xfe\x07", b"\x02bc", b"\xc0\x2c\x01", b"\xf5", b"\xf0\x01\x02\x03"):
        whole = bytes([before]) + entry
        raw += whole
        before = len(whole)
    ziplist = struct.pack("<IIH", 11 + len(raw), 10 + len(raw) - before, 6) + raw + b"\xff"
    zipmap = b"\x02\x01f\x01\x00v\x01g\x01\x02w\0\0\xff"
    return [
        b"\x0a" + short(ziplist),
        b"\x0c" + short(ziplist),
        b"\x0d" + short(ziplist),
        b"\x0e\x01" + short(ziplist),
        b"\x09" + short(zipmap),
        b"\x01\x02\x01a\x01b",
        b"\x02\x02\x01a\x01b",
        b"\x04\x01\x01f\x01v",
        b"\x03\x02\x01a\x031.5\x01b\xfe",
        b"\x05\x01\x01a" + struct.pack("<d", 2.5),
        b"\x0b" + short(struct.pack("<IIHHH", 2, 3, 1, 2, 3)),
    ]


@cache
def bodies() -> tuple[bytes, ...]:
    """A payload of each form, without version and checksum."""
    server = Server()
    found: list[bytes] = []
    for line in MAKING:
        server.line("DEL k")
        server.line(line)
        found.append(body(bulk(server.line("DUMP k"))))
    for lines in (STREAM, FIELDS):
        server.line("DEL k")
        for line in lines:
            server.line(line)
        found.append(body(bulk(server.line("DUMP k"))))
    return (*found, *old_forms())


def sealed(data: bytes, version: int) -> bytes:
    data += version.to_bytes(2, "little")
    return data + crc64(data).to_bytes(8, "little")


def version_for(data: bytes) -> int:
    """Codes from 22 on are of Redis 7.4 or Valkey, which mean different things by the same ones."""
    return (10, 12, 80)[len(data) % 3] if data[:1] >= b"\x16" else 10


def restored_values(most: int) -> list[object]:
    """A value of each form whose payload is not longer than `most`."""
    found: list[object] = []
    for each in bodies():
        if len(each) > most:
            continue
        payload = sealed(each, 12)
        assert payload_version(payload, REGISTRY) == 12
        found.append(restore_value(REGISTRY, payload, 12))
    return found


class Restored:
    """The target: RESTORE, then everything that may be done with a value, then there and back by DUMP."""

    def __init__(self) -> None:
        self._server: Server | None = None

    def __call__(self, data: bytes) -> None:
        if self._server is None:
            self._server = Server()
        server = self._server
        server.line("DEL k c d")
        reply = server.call(b"RESTORE", b"k", b"0", sealed(data, version_for(data)))
        if reply != b"+OK\r\n":
            assert reply == b"-ERR Bad data format\r\n", reply
            return
        digest = server.line("DEBUG DIGEST-VALUE k")
        payload = bulk(server.line("DUMP k"))
        assert server.call(b"RESTORE", b"d", b"0", payload) == b"+OK\r\n", payload
        assert server.line("DEBUG DIGEST-VALUE d") == digest
        for line in USES:
            server.line(line)


RESTORE = Target(
    "restore",
    Restored(),
    bodies(),
    [
        b"\x80\xff\xff\xff\xff",
        b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xc0\x05",
        b"\xc3\x05\x80\xff\xff\xff\xff",
        b"\xc3",
        b"\xff",
        b"\xfe",
        b"\x40\x00",
        b"\xf4\xff\xff\xff\xff",
        b"\xf0\xff\xff\xff\xff",
    ],
)
