"""The instruments of the oracle tests, tried on real servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.comparison import Backend, Peer
from oracle.normalise import error_code, shape, unordered, unordered_pairs, within
from oracle.wire import Splitter, frame_end

FRAMES = [
    b"+OK\r\n",
    b"-ERR no\r\n",
    b":-12\r\n",
    b"$-1\r\n",
    b"$0\r\n\r\n",
    b"$4\r\na\r\nb\r\n",
    b"*-1\r\n",
    b"*0\r\n",
    b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
    b"%1\r\n+k\r\n~2\r\n,1.5\r\n_\r\n",
    b">2\r\n+a\r\n+b\r\n",
    b"|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n",
    b"=7\r\ntxt:abc\r\n",
    b"(123\r\n",
    b"#t\r\n",
]


@given(st.lists(st.sampled_from(FRAMES)), st.lists(st.integers(0, 60)))
def test_frames_come_out_whole_however_the_stream_is_split(frames: list[bytes], cuts: list[int]) -> None:
    stream, splitter, out = b"".join(frames), Splitter(), []
    edges = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    for start, end in zip(edges, edges[1:], strict=False):
        out += splitter.feed(stream[start:end])
    assert out == frames
    assert splitter.rest == b""


@pytest.mark.parametrize("frame", FRAMES)
def test_a_cut_frame_is_incomplete(frame: bytes) -> None:
    assert [frame_end(frame[:length]) for length in range(len(frame))] == [-1] * len(frame)
    assert frame_end(frame) == len(frame)


def test_normalisers_forgive_order_and_nothing_else() -> None:
    assert unordered(b"*2\r\n+b\r\n+a\r\n") == unordered(b"*2\r\n+a\r\n+b\r\n")
    assert unordered(b"*2\r\n+b\r\n+a\r\n") != unordered(b"~2\r\n+a\r\n+b\r\n")
    assert unordered_pairs(b"*4\r\n+a\r\n+1\r\n+b\r\n+2\r\n") == unordered_pairs(b"*4\r\n+b\r\n+2\r\n+a\r\n+1\r\n")
    assert unordered_pairs(b"*4\r\n+a\r\n+1\r\n+b\r\n+2\r\n") != unordered_pairs(b"*4\r\n+a\r\n+2\r\n+b\r\n+1\r\n")
    assert shape(b"*2\r\n$3\r\nabc\r\n:7\r\n") == shape(b"*2\r\n$1\r\nx\r\n:9\r\n") == b"*2\r\n$:"
    assert error_code(b"-ERR this\r\n") == error_code(b"-ERR that\r\n") != error_code(b"+ERR that\r\n")
    assert within(100)(b":149\r\n") == within(100)(b":101\r\n")


def test_a_server_compared_with_itself_agrees(redis_backend: Backend) -> None:
    itself = Peer("redis", redis_backend, redis_backend, lambda commands: None)
    replies = itself.compare(["SET k v", "GET k", [b"SET", b"a b", b"\x00\xff\r\n"], [b"GET", b"a b"], "NOSUCH"])
    assert replies[:4] == [b"+OK\r\n", b"$1\r\nv\r\n", b"+OK\r\n", b"$4\r\n\x00\xff\r\n\r\n"]
    assert itself.compare(["HELLO"], resp=3, normalise={b"HELLO": shape})[0].startswith(b"%")
    itself.compare_clients([(1, "BLPOP list 0"), (2, "RPUSH list a"), (1, "SUBSCRIBE c"), (2, "PUBLISH c m")])


def test_a_difference_is_reported_with_what_led_to_it(redis_backend: Backend, valkey_backend: Backend) -> None:
    peer = Peer("redis", redis_backend, valkey_backend, lambda commands: None)
    with pytest.raises(AssertionError, match=r"1 of 2 replies differ(.|\n)*SET k v(.|\n)*> LOLWUT version 5"):
        peer.compare(["SET k v", "LOLWUT version 5 1 1 1"])


def test_large_pipelines_do_not_wait_for_each_other(valkey_backend: Backend) -> None:
    connection = valkey_backend.connect()
    value = b"x" * 100_000
    assert connection.pipeline([[b"ECHO", value]] * 300) == [b"$100000\r\n" + value + b"\r\n"] * 300
    connection.close()
