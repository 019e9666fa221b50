"""Classes of vulnerabilities that Redis has had, each with what would show it here; test_tables.py names all."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniredis.formats.crc64 import crc64
from miniredis.testing.memory import MemoryClient, MemoryServer

BIG, SMALL = b"9223372036854775807", b"-9223372036854775808"
PROCESSOR_S = 2.0


@pytest.fixture
def client() -> Iterator[MemoryClient]:
    server = MemoryServer()
    client = server.connect()
    yield client
    assert client.call(b"PING") == b"+PONG\r\n"
    assert server.engine.counters.unexpected_errors == 0


def fill(client: MemoryClient) -> None:
    """A key of each type, some packed and some not."""
    client.call(b"SET", b"string", b"value")
    client.call(b"RPUSH", b"list", b"a", b"b", b"c")
    client.call(b"HSET", b"hash", b"f", b"1", b"g", b"2")
    client.call(b"HSET", b"long", b"f", b"x" * 100, b"g", b"2")
    client.call(b"SADD", b"set", b"a", b"b", b"c")
    client.call(b"SADD", b"ints", b"1", b"2", b"70000", b"5000000000")
    client.call(b"ZADD", b"zset", b"1", b"a", b"2", b"b")
    client.call(b"XADD", b"stream", b"1-1", b"f", b"v")
    client.call(b"XGROUP", b"CREATE", b"stream", b"g", b"0")
    client.call(b"XREADGROUP", b"GROUP", b"g", b"me", b"STREAMS", b"stream", b">")
    client.call(b"PFADD", b"hll", b"a", b"b", b"c")


KEYS = [b"string", b"list", b"hash", b"long", b"set", b"ints", b"zset", b"stream", b"hll"]


@pytest.mark.parametrize(
    ("request_line", "reply"),
    [
        (b"SETRANGE string BIG v", b"-ERR string exceeds maximum allowed size"),
        (b"SETRANGE string 536870911 vv", b"-ERR string exceeds maximum allowed size"),
        (b"SETRANGE string SMALL v", b"-ERR offset is out of range"),
        (b"GETRANGE string SMALL BIG", b"$5\r\nvalue"),
        (b"GETRANGE string BIG SMALL", b"$0\r\n"),
        (b"INCRBY string BIG", b"-ERR value is not an integer"),
        (b"DECRBY n SMALL", b"-ERR decrement would overflow"),
        (b"SETBIT string BIG 1", b"-ERR bit offset is not an integer or out of range"),
        (b"SETBIT string 4294967296 1", b"-ERR bit offset is not an integer or out of range"),
        (b"BITFIELD string SET u8 #BIG 1", b"-ERR bit offset is not an integer or out of range"),
        (b"BITFIELD string GET i64 #67108864", b"-ERR bit offset is not an integer or out of range"),
        (b"BITFIELD string INCRBY i64 0 BIG", b"*1\r\n"),
        (b"BITFIELD string GET u64 0", b"-ERR Invalid bitfield type"),
        (b"BITCOUNT string SMALL BIG", b":"),
        (b"BITPOS string 1 SMALL BIG", b":"),
        (b"LRANGE list SMALL BIG", b"*3\r\n"),
        (b"LTRIM list SMALL BIG", b"+OK"),
        (b"LINDEX list SMALL", b"$-1"),
        (b"LSET list SMALL v", b"-ERR index out of range"),
        (b"LREM list SMALL a", b":1"),
        (b"LPOP list BIG", b"*3\r\n"),
        (b"LPOP list SMALL", b"-ERR value is out of range, must be positive"),
        (b"LPOS list a RANK SMALL", b"-ERR"),
        (b"LPOS list a COUNT BIG MAXLEN BIG", b"*1\r\n"),
        (b"SPOP set BIG", b"*3\r\n"),
        (b"SRANDMEMBER set SMALL", b"-ERR value is out of range"),
        (b"HRANDFIELD hash SMALL", b"-ERR value is out of range"),
        (b"HRANDFIELD hash SMALL WITHVALUES", b"-ERR value is out of range"),
        (b"HRANDFIELD hash -4611686018427387905 WITHVALUES", b"-ERR value is out of range"),
        (b"ZRANDMEMBER zset SMALL", b"-ERR value is out of range"),
        (b"ZRANDMEMBER zset -4611686018427387905 WITHSCORES", b"-ERR value is out of range"),
        (b"ZRANGE zset SMALL BIG", b"*2\r\n"),
        (b"ZRANGEBYSCORE zset -inf inf LIMIT BIG BIG", b"*0\r\n"),
        (b"ZRANGEBYSCORE zset -inf inf LIMIT SMALL SMALL", b"*"),
        (b"ZPOPMIN zset BIG", b"*4\r\n"),
        (b"HINCRBY hash f BIG", b"-ERR increment or decrement would overflow"),
        (b"SORT list ALPHA LIMIT BIG BIG", b"*0\r\n"),
        (b"SORT list ALPHA LIMIT 1 BIG", b"*2\r\n"),
        (b"SORT list ALPHA LIMIT SMALL SMALL", b"*"),
        (b"XADD stream 18446744073709551615-18446744073709551615 f v", b"$41\r\n"),
        (b"XADD stream 18446744073709551616-0 f v", b"-ERR Invalid stream ID"),
        (b"XRANGE stream - + COUNT BIG", b"*1\r\n"),
        (b"XTRIM stream MAXLEN BIG", b":0"),
        (b"XREAD COUNT BIG STREAMS stream 0", b"*1\r\n"),
        (b"XAUTOCLAIM stream g me 0 0 COUNT BIG", b"-ERR COUNT must be > 0"),
        (b"XCLAIM stream g me BIG 1-1", b"*0\r\n"),
        (b"EXPIRE string BIG", b"-ERR invalid expire time in 'expire' command"),
        (b"EXPIRE string SMALL", b"-ERR invalid expire time in 'expire' command"),
        (b"PEXPIRE string BIG", b"-ERR invalid expire time in 'pexpire' command"),
        (b"SET string v EX BIG", b"-ERR invalid expire time in 'set' command"),
        (b"RESTORE other BIG x", b"-ERR"),
        (b"SCAN 0 COUNT BIG", b"*2\r\n"),
        (b"SCAN 18446744073709551615", b"*2\r\n"),
        (b"SINTERCARD BIG set", b"-ERR Number of keys can't be greater than number of args"),
        (b"LMPOP BIG list LEFT", b"-ERR syntax error"),
        (b"ZUNION BIG zset", b"-ERR syntax error"),
        (b"EVAL return BIG", b"-ERR Number of keys can't be greater than number of args"),
        (b"OBJECT FREQ string BIG", b"-ERR"),
    ],
)
def test_numbers_at_the_ends_of_their_range(client: MemoryClient, request_line: bytes, reply: bytes) -> None:
    fill(client)
    argv = [word.replace(b"BIG", BIG).replace(b"SMALL", SMALL) for word in request_line.split()]
    tracemalloc.start()
    try:
        assert client.call(*argv).startswith(reply)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@settings(max_examples=400)
@given(st.data())
def test_a_payload_with_flipped_bits_is_an_error_or_a_value(data: st.DataObject) -> None:
    """With a checksum that is right: what a client made on purpose."""
    server = MemoryServer()
    client = server.connect()
    fill(client)
    key = data.draw(st.sampled_from(KEYS))
    dumped = client.call(b"DUMP", key)
    payload = bytearray(dumped[dumped.index(b"\r\n") + 2 : -2][:-8])
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 3))] ^= 1 << data.draw(st.integers(0, 7))
    whole = bytes(payload) + crc64(bytes(payload)).to_bytes(8, "little")
    reply = client.call(b"RESTORE", b"new", b"0", whole)
    assert reply == b"+OK\r\n" or reply.startswith(b"-ERR")
    for command in (b"DUMP", b"TYPE", b"LLEN", b"HGETALL", b"SMEMBERS", b"PFCOUNT", b"DEL"):
        client.call(command, b"new")
    for words in ([b"ZRANGE", b"new", b"0", b"-1"], [b"XRANGE", b"new", b"-", b"+"], [b"LRANGE", b"new", b"0", b"-1"]):
        client.call(*words)
    assert client.call(b"PING") == b"+PONG\r\n"
    assert server.engine.counters.unexpected_errors == 0


@settings(max_examples=400)
@given(st.binary(max_size=60), st.sampled_from([0, 1, 2]), st.booleans())
def test_a_hyperloglog_made_by_hand_is_an_error_or_counts(registers: bytes, encoding: int, is_full: bool) -> None:
    server = MemoryServer()
    client = server.connect()
    body = registers.ljust(12288, b"\xff") if is_full else registers
    client.call(b"SET", b"h", b"HYLL" + bytes([encoding, 0, 0, 0]) + bytes(8) + body)
    for words in (
        [b"PFCOUNT", b"h"],
        [b"PFADD", b"h", b"a", b"b"],
        [b"PFMERGE", b"other", b"h"],
        [b"PFCOUNT", b"h", b"other"],
        [b"PFDEBUG", b"GETREG", b"h"],
        [b"PFDEBUG", b"DECODE", b"h"],
    ):
        reply = client.call(*words)
        assert reply[:1] in b":+*$-", reply
    assert server.engine.counters.unexpected_errors == 0


@pytest.mark.parametrize(
    "pattern", [b"a*" * 30 + b"b", b"*" * 5000, b"[" * 3000, b"\\" * 3000, b"?*" * 1000, b"[^" * 1000]
)
def test_patterns_take_little_time(client: MemoryClient, pattern: bytes) -> None:
    client.call(b"SET", b"a" * 200, b"v")
    client.call(b"SADD", b"s", b"a" * 200)
    client.call(b"SET", b"k", b"v")
    begin = time.process_time()
    for words in (
        [b"KEYS", pattern],
        [b"SCAN", b"0", b"MATCH", pattern],
        [b"SSCAN", b"s", b"0", b"MATCH", pattern],
        [b"CONFIG", b"GET", pattern],
        [b"PUBSUB", b"CHANNELS", pattern],
        [b"COMMAND", b"LIST", b"FILTERBY", b"PATTERN", pattern],
        [b"ACL", b"SETUSER", b"u", b"~" + pattern],
    ):
        assert client.call(*words)
    assert time.process_time() - begin < PROCESSOR_S


def test_empty_requests_cost_nothing(client: MemoryClient) -> None:
    client.send(b"\r\n" * 100_000 + b"*0\r\n" * 100_000 + b"*-1\r\n" * 100_000)
    assert client.received() == b""
    assert client.session.decoder.pending_bytes() == 0


@pytest.mark.parametrize(
    "script",
    [
        b"return redis.error_reply('x\\r\\n+OK\\r\\n')",
        b"return {err='x\\r\\n+OK\\r\\n'}",
        b"return {ok='x\\r\\n-ERR\\r\\n'}",
        b"return redis.status_reply('x\\r\\n$3\\r\\nabc\\r\\n')",
        b"error('x\\r\\n+OK\\r\\n')",
        b"error({err='x\\r\\n+OK\\r\\n'})",
        b"return redis.pcall('x\\r\\n+OK\\r\\n')",
    ],
)
def test_no_script_makes_a_second_reply(client: MemoryClient, script: bytes) -> None:
    reply = client.call(b"EVAL", script, b"0")
    assert reply.count(b"\r\n") == 1 and reply.endswith(b"\r\n")
    assert reply.count(b"\n") == 1


@pytest.mark.parametrize("word", [b"x\r\n+OK", b"\n", b"\x00\r\n"])
def test_no_request_makes_a_second_reply(client: MemoryClient, word: bytes) -> None:
    for words in ([word], [word, b"k"], [b"GET", word, word], [b"CONFIG", word], [b"ACL", b"SETUSER", b"u", word],
                  [b"OBJECT", word], [b"HELLO", word], [b"AUTH", word, word], [b"SORT", b"k", word]):  # fmt: skip
        reply = client.call(*words)
        assert reply.startswith(b"-")
        assert reply.count(b"\n") == 1, reply


@settings(max_examples=300)
@given(st.lists(st.text("()+-@~%&#<>!ab|:* \\[]?RWon", min_size=1, max_size=12), min_size=1, max_size=5))
def test_any_rule_is_taken_or_refused(words: list[str]) -> None:
    server = MemoryServer()
    client = server.connect()
    reply = client.call(b"ACL", b"SETUSER", b"u", *(word.encode() for word in words))
    assert reply == b"+OK\r\n" or reply.startswith(b"-ERR")
    assert client.call(b"ACL", b"LIST")[:1] == b"*"
    assert server.engine.counters.unexpected_errors == 0
