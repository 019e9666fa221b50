"""Targets that read streams: requests, replies, the append-only file, an RDB file.  Any split gives the same."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from fuzz.loop import Target
from fuzz.reference import decode
from fuzz.values import REGISTRY, restored_values
from miniredis.formats import aof, rdb_file
from miniredis.formats.aof import AofReader
from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError
from miniredis.formats.rdb_file import RdbReader, RdbWriter
from miniredis.resp.decoder import RequestDecoder
from miniredis.resp.encoder import encode_command, encode_reply
from miniredis.resp.errors import ProtocolError, ReplyError
from miniredis.resp.replies import Attribute, BigNumber, MapReply, Push, SetReply, Status, Verbatim
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser


def pieces(data: bytes) -> list[list[bytes]]:
    """Ways to cut the input: not at all, into bytes, in two places that the input decides, in many."""
    random = Random(crc64(data))
    found = [[data], [data[at : at + 1] for at in range(len(data))] if len(data) < 400 else [data]]
    for count in (1, 6):
        places = sorted(random.randrange(len(data) + 1) for _ in range(count))
        found.append([data[low:high] for low, high in zip([0, *places], [*places, len(data)], strict=True)])
    return found


def same_for_all(data: bytes, read: Callable[[list[bytes]], object]) -> object:
    """What reading gives, which must not depend on how the input is cut."""
    first, *others = (read(cut) for cut in pieces(data))
    for other in others:
        assert other == first, (other, first)
    return first


# -- requests


def read_requests(cut: list[bytes], max_bulk: int, authenticated: bool) -> tuple[list[list[bytes]], bytes]:
    decoder = RequestDecoder(max_bulk)
    decoder.authenticated = authenticated
    found: list[list[bytes]] = []
    fed = 0
    for piece in cut:
        decoder.feed(piece)
        fed += len(piece)
        while True:
            try:
                request = decoder.next()
            except ProtocolError as problem:
                return found, problem.message
            if request is None:
                break
            found.append(list(request))
            raw = decoder.raw()
            if raw is not None:
                assert decode(raw, max_bulk, authenticated) == ([request], b""), (raw, request)
        assert 0 <= decoder.pending_bytes() <= fed
        assert not decoder.is_idle() or decoder.pending_bytes() == 0
    return found, b""


def run_requests(data: bytes) -> None:
    """The first byte chooses what a client may send."""
    options, stream = data[:1] or b"\0", data[1:]
    authenticated = options[0] & 1 == 0
    max_bulk = (512 << 20, 100, 40_000)[options[0] // 2 % 3]
    found = same_for_all(stream, lambda cut: read_requests(cut, max_bulk, authenticated))
    expected = decode(stream, max_bulk, authenticated)
    assert found == expected, (found, expected)


REQUESTS = Target(
    "requests",
    run_requests,
    [
        b"\0" + encode_command([b"SET", b"k", b"v" * 20]) + encode_command([b"GET", b"k"]),
        b"\0*1\r\n$4\r\nPING\r\n*0\r\n*-1\r\nPING a\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n",
        b"\1*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n",
        b"\2SET key \"a\\x41\\n\\\"b\" 'c\\'d'\r\nGET key\n\r\n  PING  \r\n",
        b"\4" + encode_command([b"APPEND", b"key", b"x" * 33_000]) + encode_command([b"PING"]),
        b"\0" + encode_command([b"MSET", *[b"%d" % number for number in range(40)]]) * 3,
        b"\0" + encode_command([b"PING"]) * 40 + b"*1\r\n$4\r\nPI",
    ],
    [
        b"\r\n",
        b"*",
        b"$",
        b"*1\r\n",
        b"$1\r\n",
        b"*2147483647\r\n",
        b"$536870913\r\n",
        b"PING\r\n",
        b"$-1\r\n",
        b"*-1\r\n",
    ],
)


# -- replies


def comparable(value: object) -> object:
    """A reply as plain Python that can be compared; NaN as text."""
    match value:
        case Status():
            return ("status", value.text)
        case ReplyError():
            return ("error", value.message)
        case MapReply():
            return ("map", [comparable(item) for item in value.flat])
        case SetReply():
            return ("set", [comparable(item) for item in value.members])
        case Push():
            return ("push", [comparable(item) for item in value.items])
        case BigNumber():
            return ("big", value.digits)
        case Verbatim():
            return ("verbatim", value.form, value.text)
        case Attribute():
            return ("attribute", [comparable(item) for item in value.flat], comparable(value.reply))
        case list():
            return [comparable(item) for item in value]
        case bool() | float():
            return (type(value).__name__, repr(value))
        case _:
            return value


def read_replies(cut: list[bytes]) -> tuple[list[object], bytes]:
    parser = ReplyParser()
    found: list[object] = []
    fed = 0
    for piece in cut:
        parser.feed(piece)
        fed += len(piece)
        while True:
            try:
                value = parser.next()
            except ProtocolError as problem:
                return found, problem.message
            if value is NEEDS_MORE:
                break
            # What was understood can be said again; no more than that is asked of any value.
            encode_reply(value, 3)
            encode_reply(value, 2)
            found.append(comparable(value))
        assert 0 <= parser.pending_bytes() <= fed
    return found, b""


def run_replies(data: bytes) -> None:
    same_for_all(data, read_replies)


REPLIES = Target(
    "replies",
    run_replies,
    [
        b"+OK\r\n-ERR no\r\n:42\r\n$5\r\nhello\r\n$-1\r\n*2\r\n:1\r\n*-1\r\n",
        b"%2\r\n+a\r\n:1\r\n+b\r\n~2\r\n#t\r\n#f\r\n_\r\n,1.5\r\n,inf\r\n(12345678901234567890\r\n",
        b"=7\r\ntxt:abc\r\n!5\r\nERR x\r\n>2\r\n+message\r\n$1\r\na\r\n",
        b"|1\r\n+ttl\r\n:3\r\n*2\r\n|1\r\n+x\r\n+y\r\n:1\r\n:2\r\n",
        b"*1\r\n" * 60 + b":1\r\n",
    ],
    [
        b"|1\r\n+a\r\n+b\r\n",
        b"*1\r\n",
        b"%1\r\n",
        b"$0\r\n\r\n",
        b"=3\r\ntxt\r\n",
        b"|0\r\n",
        b"*4294967296\r\n",
        b">0\r\n",
    ],
)


# -- the append-only file


def read_aof(cut: list[bytes], verify: bool) -> tuple[object, ...]:
    reader = AofReader(verify=verify)
    events: list[object] = []
    waiting = list(cut)
    while True:
        try:
            event = reader.next_event()
        except FormatError as problem:
            return (*events, str(problem))
        if event == aof.NEED_INPUT:
            if waiting:
                reader.feed(waiting.pop(0))
            else:
                reader.finish()
        elif event == aof.COMMAND:
            events.append(list(reader.argv))
        elif event == aof.TIMESTAMP:
            events.append(reader.timestamp_s)
        elif event in (aof.END, aof.TORN):
            return (*events, event, reader.valid_offset, reader.torn_offset)
        else:
            events.append(("event", event))


def run_aof(data: bytes) -> None:
    for verify in (True, False):
        outcome = same_for_all(data, lambda cut, verify=verify: read_aof(cut, verify))  # type: ignore[misc]
        assert isinstance(outcome, tuple)
        if len(outcome) > 2 and outcome[-3] == aof.TORN:
            # What is left after the cut is whole, and says the same.
            again = read_aof([data[: outcome[-2]]], verify)
            assert again[-3] == aof.END, (outcome, again)


def covered(text: bytes) -> bytes:
    return text + aof.checksum_line(crc64(text), len(text))


RECORDS = b"".join(
    aof.encode_command([word.encode() for word in line.split()])
    for line in ("SELECT 0", "SET a 1", "RPUSH l a b c", "MULTI", "INCR a", "SADD s 1", "EXEC", "DEL a")
)
AOF = Target(
    "aof",
    run_aof,
    [
        RECORDS,
        covered(RECORDS),
        covered(RECORDS) + RECORDS,
        b"#TS:1700000000\r\n" + RECORDS + b"#TS:1700000001\r\n",
        covered(RECORDS) * 2,
        covered(b"#TS:1\r\n" + RECORDS) + b"*2\r\n$3\r\nGE",
    ],
    [
        b"\r\n",
        b"*1\r\n$5\r\nMULTI\r\n",
        b"*1\r\n$4\r\nEXEC\r\n",
        b"#TS:5\r\n",
        b"#CRC64:",
        b"#x\r\n",
        b"$281474976710656\r\n",
    ],
)


# -- an RDB file


def read_rdb(cut: list[bytes], verify: bool) -> tuple[object, ...]:
    reader = RdbReader(REGISTRY, verify)
    events: list[object] = []
    waiting = list(cut)
    while True:
        try:
            event = reader.next_event(7)
        except FormatError:
            return (*events, "refused")
        if event == rdb_file.NEED_INPUT:
            if waiting:
                reader.feed(waiting.pop(0))
            else:
                reader.finish()
        elif event == rdb_file.KEY:
            saved = REGISTRY.codec(reader.value)
            events.append(
                (reader.db, reader.key, reader.expiry_ms, reader.idle_s, reader.frequency, saved.code_for(reader.value))
            )
        elif event == rdb_file.END:
            return (*events, "end")
        elif event != rdb_file.UNDER_WAY:
            events.append(event)


def run_rdb(data: bytes) -> None:
    same_for_all(data, lambda cut: read_rdb(cut, False))
    read_rdb([data], True)


def written_rdb(db: int, version: int) -> bytes:
    writer = RdbWriter(REGISTRY, version)
    writer.aux(b"redis-ver", b"7.2.4")
    writer.aux(b"ctime", b"1700000000")
    writer.function(b"#!lua name=l\nserver.register_function('f', function() return 1 end)")
    values = restored_values(most=300)
    writer.database(db, len(values), 1)
    for number, value in enumerate(values):
        writer.entry(
            b"key:%d" % number, value, 1_900_000_000_000 if number % 3 == 0 else -1, 10 if number % 3 == 1 else -1
        )
    return writer.take() + writer.finish()


RDB = Target(
    "rdb",
    run_rdb,
    [written_rdb(0, 12), written_rdb(3, 80)],
    [
        b"REDIS0011",
        b"VALKEY080",
        b"\xff",
        b"\xf7\x81\0\0\0\0\0\0\0\1\0",
        b"\x80\xff\xff\xff\xff",
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xc3\x01\x7f",
        b"\xf3",
        b"\xf4\x01\x02\x03",
    ],
)
