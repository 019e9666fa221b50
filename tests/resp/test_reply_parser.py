"""Bytes of a server to values, whole, byte by byte and split at random."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.resp.encoder import encode_reply
from miniredis.resp.errors import ProtocolError, ReplyError
from miniredis.resp.replies import Attribute, BigNumber, MapReply, Push, SetReply, Status, Verbatim
from miniredis.resp.reply_parser import DEEPEST, LONGEST_LINE, NEEDS_MORE, ReplyParser


def plain(value: object) -> object:
    """Something that can be compared."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, Status):
        return ("status", value.text)
    if isinstance(value, ReplyError):
        return ("error", value.message)
    if isinstance(value, MapReply):
        return ("map", plain(value.flat))
    if isinstance(value, SetReply):
        return ("set", plain(value.members))
    if isinstance(value, Push):
        return ("push", plain(value.items))
    if isinstance(value, Verbatim):
        return ("verbatim", value.form, value.text)
    if isinstance(value, BigNumber):
        return ("big", value.digits)
    if isinstance(value, Attribute):
        return ("attribute", plain(value.flat), plain(value.reply))
    if isinstance(value, float):
        return ("double", repr(value))
    if isinstance(value, bool):
        return ("bool", value)
    return value


def parse(pieces: list[bytes]) -> list[object]:
    parser = ReplyParser()
    found: list[object] = []
    for piece in pieces:
        parser.feed(piece)
        while (value := parser.next()) is not NEEDS_MORE:
            found.append(plain(value))
    assert parser.pending_bytes() == 0
    return found


CASES = [
    (b"+OK\r\n", ("status", b"OK")),
    (b"+\r\n", ("status", b"")),
    (b"-ERR no\r\n", ("error", b"ERR no")),
    (b":-5\r\n", -5),
    (b"$3\r\na\r\n\r\n", b"a\r\n"),
    (b"$0\r\n\r\n", b""),
    (b"$-1\r\n", None),
    (b"*-1\r\n", None),
    (b"_\r\n", None),
    (b"*0\r\n", []),
    (b"*2\r\n*1\r\n:1\r\n*0\r\n", [[1], []]),
    (b"#t\r\n", ("bool", True)),
    (b"#f\r\n", ("bool", False)),
    (b",1.5\r\n", ("double", "1.5")),
    (b",-inf\r\n", ("double", "-inf")),
    (b"(123456789012345678901234567890\r\n", ("big", b"123456789012345678901234567890")),
    (b"=7\r\ntxt:abc\r\n", ("verbatim", b"txt", b"abc")),
    (b"!7\r\nERR bad\r\n", ("error", b"ERR bad")),
    (b"%1\r\n+a\r\n:1\r\n", ("map", [("status", b"a"), 1])),
    (b"%0\r\n", ("map", [])),
    (b"~2\r\n:1\r\n:2\r\n", ("set", [1, 2])),
    (b">2\r\n+message\r\n$1\r\nx\r\n", ("push", [("status", b"message"), b"x"])),
    (b"|1\r\n+ttl\r\n:3\r\n:9\r\n", ("attribute", [("status", b"ttl"), 3], 9)),
    (b"|0\r\n:9\r\n", 9),
]


@pytest.mark.parametrize(("data", "value"), CASES)
def test_each_kind_of_reply(data, value):
    assert parse([data]) == [value]


@pytest.mark.parametrize(("data", "value"), CASES)
def test_each_kind_byte_by_byte(data, value):
    assert parse([data[at : at + 1] for at in range(len(data))]) == [value]


def test_all_kinds_split_at_random():
    whole = b"".join(data for data, _ in CASES) * 20
    expected = [value for _, value in CASES] * 20
    for seed in range(50):
        chance = random.Random(seed)
        cuts = sorted(chance.sample(range(1, len(whole)), 40))
        pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        assert parse(pieces) == expected


values = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.binary() | st.booleans(),
    lambda inner: st.lists(inner),
    max_leaves=20,
)


@given(values)
def test_what_we_encode_is_parsed_to_the_same(value):
    assert parse([encode_reply(value, 3)]) == [plain(value)]


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"?\r\n",
        b":1x\r\n",
        b"$-2\r\n",
        b"=-1\r\n",
        b"$1\r\nabc",
        b"*-2\r\n",
        b"~-1\r\n",
        b"*99999999999\r\n",
        b"#x\r\n",
        b",1_0\r\n",
        b",--1\r\n",
        b",\r\n",
        b"*1\r\n" * (DEEPEST + 1),
        b"+" + b"x" * (LONGEST_LINE + 1),
    ],
)
def test_what_no_server_says_is_refused(data):
    parser = ReplyParser()
    parser.feed(data)
    with pytest.raises(ProtocolError):
        parser.next()


def test_a_long_announcement_takes_no_memory():
    parser = ReplyParser()
    parser.feed(b"*1000000000\r\n$500000000\r\nabc")
    assert parser.next() is NEEDS_MORE
    assert parser.pending_bytes() == 3


def test_consumed_bytes_are_dropped_while_a_reply_is_incomplete():
    parser = ReplyParser()
    parser.feed(b"*3\r\n$100000\r\n" + b"x" * 100_000 + b"\r\n$2\r\na")
    assert parser.next() is NEEDS_MORE
    assert parser.pending_bytes() == 1
    parser.feed(b"b\r\n:1\r\n:2\r\n")
    value = parser.next()
    assert isinstance(value, list)
    assert value[1:] == [b"ab", 1]
    assert parser.next() == 2


def test_the_rest_is_handed_over():
    parser = ReplyParser()
    parser.feed(b"+FULLRESYNC\r\nREDIS0010")
    assert isinstance(parser.next(), Status)
    assert parser.take_rest() == b"REDIS0010"
    assert parser.pending_bytes() == 0


def test_attributes_of_one_reply_are_bounded_as_they_nest() -> None:
    attribute = b"|1\r\n+a\r\n+b\r\n"
    parser = ReplyParser()
    parser.feed(attribute * DEEPEST + b":1\r\n" + attribute * (DEEPEST + 1))
    assert encode_reply(parser.next(), 3) == attribute * DEEPEST + b":1\r\n"
    with pytest.raises(ProtocolError, match="too many attributes"):
        parser.next()
