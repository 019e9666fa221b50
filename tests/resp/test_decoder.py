"""Requests out of bytes: any split gives the same, and nonsense gets Redis's words."""

from __future__ import annotations

import socket
from random import Random
from select import select
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.resp.decoder import RequestDecoder
from miniredis.resp.encoder import encode_command
from miniredis.resp.errors import ProtocolError
from miniredis.server.receiving import receive_into

STREAM = (
    encode_command([b"SET", b"k", b"v" * 12])
    + b"PING\r\n"
    + b"*0\r\n\r\n"
    + encode_command([b"x" * 7] * 12)
    + b'set "a b" c\n'
    + encode_command([b"BIG", b"y" * 70_000, b"z" * 40_000, b""])
    + b"*-1\r\n"
    + encode_command([b"GET", b"k" * 300])
)
REQUESTS = [
    [b"SET", b"k", b"v" * 12],
    [b"PING"],
    [b"x" * 7] * 12,
    [b"set", b"a b", b"c"],
    [b"BIG", b"y" * 70_000, b"z" * 40_000, b""],
    [b"GET", b"k" * 300],
]


def drain(decoder: RequestDecoder) -> list[list[bytes]]:
    found: list[list[bytes]] = []
    while (argv := decoder.next()) is not None:
        found.append(argv)
    return found


def fed_in(pieces: list[bytes]) -> list[list[bytes]]:
    decoder = RequestDecoder()
    found: list[list[bytes]] = []
    for piece in pieces:
        decoder.feed(piece)
        found += drain(decoder)
    assert decoder.is_idle()
    assert decoder.pending_bytes() == 0
    return found


def test_a_stream_at_once() -> None:
    assert fed_in([STREAM]) == REQUESTS


def test_the_same_stream_byte_by_byte() -> None:
    assert fed_in([STREAM[at : at + 1] for at in range(len(STREAM))]) == REQUESTS


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32), st.integers(1, 30_000))
def test_the_same_stream_in_random_pieces(seed: int, longest: int) -> None:
    chance = Random(seed)
    pieces: list[bytes] = []
    at = 0
    while at < len(STREAM):
        size = chance.randint(1, longest)
        pieces.append(STREAM[at : at + size])
        at += size
    assert fed_in(pieces) == REQUESTS


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"*x\r\n", b"invalid multibulk length"),
        (b"*2147483648\r\n", b"invalid multibulk length"),
        (b"*1\r\n:5\r\n", b"expected '$', got ':'"),
        (b"*1\r\n$x\r\n", b"invalid bulk length"),
        (b"*1\r\n$-1\r\n", b"invalid bulk length"),
        (b"*1\r\n$536870913\r\n", b"invalid bulk length"),
        (b'set "a\r\n', b"unbalanced quotes in request"),
        (b"a" * 65_600, b"too big inline request"),
        (b"*" + b"1" * 65_600, b"too big mbulk count string"),
        (b"*1\r\n$" + b"1" * 65_600, b"too big bulk count string"),
    ],
)
def test_nonsense_is_named(stream: bytes, words: bytes) -> None:
    decoder = RequestDecoder()
    decoder.feed(stream)
    with pytest.raises(ProtocolError) as caught:
        decoder.next()
    assert caught.value.message == b"ERR Protocol error: " + words


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"*11\r\n", b"unauthenticated multibulk length"),
        (b"*1\r\n$16385\r\n", b"unauthenticated bulk length"),
    ],
)
def test_strangers_may_not_announce_much(stream: bytes, words: bytes) -> None:
    decoder = RequestDecoder()
    decoder.authenticated = False
    decoder.feed(stream)
    with pytest.raises(ProtocolError) as caught:
        decoder.next()
    assert caught.value.message == b"ERR Protocol error: " + words


def test_what_is_held_is_what_was_received_and_not_what_was_announced() -> None:
    decoder = RequestDecoder()
    decoder.feed(b"*3\r\n$3\r\nSET\r\n$100000000\r\n" + b"x" * 500)
    assert decoder.next() is None
    assert decoder.pending_bytes() == 3 + 500
    decoder.feed(b"y" * 1000)
    assert decoder.next() is None
    assert decoder.pending_bytes() == 3 + 1500
    assert not decoder.is_idle()


@given(
    sizes=st.lists(st.integers(0, 200_000), min_size=1, max_size=4),
    pieces=st.lists(st.tuples(st.booleans(), st.integers(1, 90_000)), max_size=60),
)
def test_big_arguments_are_received_straight_into_their_places(
    sizes: list[int], pieces: list[tuple[bool, int]]
) -> None:
    request = [b"%d" % number * (size // 2) for number, size in enumerate(sizes)]
    stream = encode_command(request) + b"PING\r\n"
    decoder = RequestDecoder()
    found: list[list[bytes]] = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        sender = Thread(target=theirs.sendall, args=(stream,))
        sender.start()
        left = len(stream)
        steps = iter(pieces)
        while left > 0:
            straight, most = next(steps, (True, 70_000))
            select([ours], [], [])
            if straight and decoder.is_gathering():
                came = decoder.receive_from(ours.fileno(), most, receive_into)
            else:
                data = ours.recv(most)
                decoder.feed(data)
                came = len(data)
            assert came > 0
            left -= came
            found += drain(decoder)
        sender.join()
        if not decoder.is_gathering():
            decoder.feed(b"*1\r\n$40000\r\nx")
            assert decoder.next() is None
        assert decoder.receive_from(ours.fileno(), 100, receive_into) == -1
        theirs.close()
        assert decoder.receive_from(ours.fileno(), 100, receive_into) == 0
    assert found == [request, [b"PING"]]


def test_the_bytes_of_a_request_are_there_when_it_came_in_one_piece() -> None:
    decoder = RequestDecoder()
    decoder.may_split = False
    request = encode_command([b"GET", b"k"])
    decoder.feed(b"PING\r\n" + request + request[:9])
    assert decoder.next() == [b"PING"]
    assert decoder.raw() is None
    assert decoder.next() == [b"GET", b"k"]
    assert decoder.raw() == request
    assert decoder.next() is None
    decoder.feed(request[9:])
    assert decoder.next() == [b"GET", b"k"]
    assert decoder.raw() is None
