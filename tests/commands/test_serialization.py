"""DUMP and RESTORE where no real server can be compared with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryServer


@pytest.fixture
def call() -> Callable[..., bytes]:
    config = Config()
    config.assign("enable-debug-command", b"yes")
    return MemoryServer(config).connect().call


def bulk(reply: bytes) -> bytes:
    return reply[reply.index(b"\r\n") + 2 : -2]


def test_a_frequency_is_restored_under_lfu(call: Callable[..., bytes]) -> None:
    call(b"CONFIG", b"SET", b"maxmemory-policy", b"allkeys-lfu")
    call(b"SET", b"a", b"1")
    payload = bulk(call(b"DUMP", b"a"))
    assert call(b"RESTORE", b"b", b"0", payload, b"FREQ", b"77") == b"+OK\r\n"
    assert call(b"OBJECT", b"FREQ", b"b") == b":77\r\n"
    assert call(b"RESTORE", b"c", b"0", payload, b"IDLETIME", b"77") == b"+OK\r\n"
    assert call(b"OBJECT", b"FREQ", b"c") != b":77\r\n"


def test_restore_asking_is_restore(call: Callable[..., bytes]) -> None:
    call(b"SET", b"a", b"1")
    payload = bulk(call(b"DUMP", b"a"))
    assert call(b"RESTORE-ASKING", b"b", b"0", payload) == b"+OK\r\n"
    assert call(b"GET", b"b") == b"$1\r\n1\r\n"


def test_a_corrupt_value_under_a_good_checksum_is_refused(call: Callable[..., bytes]) -> None:
    from miniredis.formats.crc64 import crc64

    body = b"\x02\x02\x01a\x01a\x0a\x00"
    payload = body + crc64(body).to_bytes(8, "little")
    assert call(b"RESTORE", b"a", b"0", payload) == b"-ERR Bad data format\r\n"


def test_fields_that_expire_are_carried_over(call: Callable[..., bytes]) -> None:
    call(b"HSET", b"h", b"f", b"1", b"g", b"2")
    call(b"HPEXPIRE", b"h", b"100000", b"FIELDS", b"1", b"f")
    assert call(b"RESTORE", b"copy", b"0", bulk(call(b"DUMP", b"h"))) == b"+OK\r\n"
    assert call(b"HPTTL", b"copy", b"FIELDS", b"2", b"f", b"g") == b"*2\r\n:100000\r\n:-1\r\n"


def test_debug_describes_the_nodes_of_a_list(call: Callable[..., bytes]) -> None:
    call(b"RPUSH", b"l", *[b"x" * 100 for _ in range(200)])
    assert call(b"DEBUG", b"QUICKLIST", b"l") == b"+Quicklist structure printed on stdout\r\n"
    call(b"SET", b"s", b"v")
    assert b"encoding:embstr serializedlength:2" in call(b"DEBUG", b"OBJECT", b"s")
    assert b" ql_nodes:3 ql_avg_node:66.67 ql_listpack_max:-2 ql_compressed:0" in call(b"DEBUG", b"OBJECT", b"l")
