"""The log of large replies: COMMANDLOG GET n large-reply."""

from __future__ import annotations

import pytest

from miniredis.testing.memory import MemoryClient, MemoryServer


@pytest.fixture
def client() -> MemoryClient:
    client = MemoryServer().connect()
    client.call(b"CONFIG", b"SET", b"commandlog-reply-larger-than", b"10000")
    client.call(b"SET", b"large", b"x" * 10_000)
    client.call(b"RPUSH", b"many", *[b"element:%d" % number for number in range(2000)])
    client.call(b"RPUSH", b"few", *[b"x" * 3000] * 4)
    client.call(b"COMMANDLOG", b"RESET", b"large-reply")
    return client


def logged(client: MemoryClient) -> int:
    return int(client.call(b"COMMANDLOG", b"LEN", b"large-reply")[1:])


@pytest.mark.parametrize("command", [b"GET large", b"LRANGE many 0 -1", b"LRANGE few 0 -1", b"MGET large none"])
def test_a_large_reply_is_logged(client: MemoryClient, command: bytes) -> None:
    client.call(*command.split())
    assert logged(client) == 1
    entry = client.call(b"COMMANDLOG", b"GET", b"-1", b"large-reply")
    assert command.split()[0] in entry


@pytest.mark.parametrize("command", [b"GET none", b"LRANGE many 0 20", b"LRANGE few 0 1", b"STRLEN large", b"PING"])
def test_others_are_not(client: MemoryClient, command: bytes) -> None:
    client.call(*command.split())
    assert logged(client) == 0


def test_it_can_be_turned_off(client: MemoryClient) -> None:
    client.call(b"CONFIG", b"SET", b"commandlog-reply-larger-than", b"-1")
    client.call(b"GET", b"large")
    client.call(b"LRANGE", b"many", b"0", b"-1")
    assert logged(client) == 0
