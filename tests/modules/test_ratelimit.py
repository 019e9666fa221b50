"""CL.THROTTLE lets through what keeps to the rate, and no more."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.servers import call, serving

RATELIMIT = b"miniredis.modules.ratelimit"


def numbers(reply: bytes) -> list[int]:
    """limited, limit, remaining, seconds until a retry makes sense, seconds until nothing is used."""
    return [int(line[1:]) for line in reply.split(b"\r\n")[1:-1]]


def test_a_burst_passes_and_then_the_rate():
    server, client = serving(RATELIMIT)
    throttle = "CL.THROTTLE user 2 1 10"
    assert [numbers(call(client, throttle)) for _ in range(4)] == [
        [0, 3, 2, -1, 10],
        [0, 3, 1, -1, 20],
        [0, 3, 0, -1, 30],
        [1, 3, 0, 10, 30],
    ]
    server.advance(9.5)
    assert numbers(call(client, throttle)) == [1, 3, 0, 1, 21]
    server.advance(0.5)
    assert numbers(call(client, throttle)) == [0, 3, 0, -1, 30]


def test_it_forgets_who_has_been_quiet():
    server, client = serving(RATELIMIT)
    call(client, "CL.THROTTLE user 2 1 10")
    server.advance(10)
    assert call(client, "EXISTS user") == b":0\r\n"
    assert numbers(call(client, "CL.THROTTLE user 2 1 10")) == [0, 3, 2, -1, 10]


def test_a_request_may_count_for_several_or_for_none():
    _, client = serving(RATELIMIT)
    assert numbers(call(client, "CL.THROTTLE user 9 1 1 0")) == [0, 10, 10, -1, 0]
    assert call(client, "EXISTS user") == b":0\r\n"
    assert numbers(call(client, "CL.THROTTLE user 9 1 1 4")) == [0, 10, 6, -1, 4]
    assert numbers(call(client, "CL.THROTTLE user 9 1 1 0")) == [0, 10, 6, -1, 4]
    assert numbers(call(client, "CL.THROTTLE user 9 1 1 7")) == [1, 10, 6, 1, 4]
    # More than fits at all never will.
    assert numbers(call(client, "CL.THROTTLE user 9 1 1 11")) == [1, 10, 6, -1, 4]


def test_what_is_kept_is_a_string_that_expires():
    _, client = serving(RATELIMIT)
    call(client, "CL.THROTTLE user 0 1 60")
    assert call(client, "TYPE user") == b"+string\r\n"
    assert call(client, "TTL user") == b":60\r\n"


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("k 1 1", b"-ERR wrong number of arguments for 'cl.throttle' command\r\n"),
        ("k 1 1 1 1 1", b"-ERR wrong number of arguments for 'cl.throttle' command\r\n"),
        ("k x 1 1", b"-ERR value is not an integer or out of range\r\n"),
        ("k -1 1 1", b"-ERR max_burst must be between 0 and 1000000000\r\n"),
        ("k 1 0 1", b"-ERR count_per_period must be between 1 and 1000000000\r\n"),
        ("k 1 1 0", b"-ERR period must be between 1 and 1000000000\r\n"),
        ("k 1 1 1 -1", b"-ERR quantity must be between 0 and 1000000000\r\n"),
        ("k 1000000000 1 1000000000", b"-ERR the burst takes longer than this server counts\r\n"),
        ("text 1 1 1", b"-ERR value is not an integer or out of range\r\n"),
    ],
)
def test_arguments_are_checked(words: str, reply: bytes):
    _, client = serving(RATELIMIT)
    call(client, "SET text hello")
    assert call(client, f"CL.THROTTLE {words}") == reply


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5), st.integers(1, 5), st.lists(st.integers(0, 3000), max_size=40))
def test_in_no_time_is_more_let_through_than_burst_and_rate(burst: int, count: int, pauses_ms: list[int]):
    server, client = serving(RATELIMIT)
    began_ms = server.wall_ms()
    passed = 0
    for pause_ms in pauses_ms:
        server.advance(pause_ms / 1000)
        passed += 1 - numbers(call(client, f"CL.THROTTLE k {burst} {count} 1"))[0]
        elapsed_s = (server.wall_ms() - began_ms) / 1000
        assert passed <= burst + 1 + elapsed_s * count + 1e-3


def test_whoever_waits_as_told_is_let_through():
    server, client = serving(RATELIMIT)
    for _ in range(20):
        limited, _, _, retry_s, _ = numbers(call(client, "CL.THROTTLE k 1 3 7"))
        if limited:
            server.advance(retry_s)
            assert numbers(call(client, "CL.THROTTLE k 1 3 7"))[0] == 0
