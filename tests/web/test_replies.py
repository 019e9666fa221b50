"""Replies as JSON, arguments out of JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.resp.encoder import encode_reply
from miniredis.resp.errors import error
from miniredis.resp.replies import OK, Attribute, BigNumber, Double, MapReply, NullArray, Push, SetReply, Verbatim
from miniredis.web.replies import argument, error_of, parse_replies, text_or_bytes


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (b"text", "text"),
        (b"", ""),
        (b"\xff", {"b64": "/w=="}),
        ("é\r\n".encode(), "é\r\n"),
        (OK, {"ok": "OK"}),
        (error(b"no"), {"error": "ERR no"}),
        (7, 7),
        (-(2**53), {"int": "-9007199254740992"}),
        (2**53 - 1, 2**53 - 1),
        (Double(b"1.5"), {"double": "1.5"}),
        (float("inf"), {"double": "inf"}),
        (None, None),
        (True, True),
        (False, False),
        (NullArray(), None),
        ([b"a", [1, None]], ["a", [1, None]]),
        (MapReply([b"k", 1, b"l", []]), {"map": [["k", 1], ["l", []]]}),
        (SetReply([b"a"]), {"set": ["a"]}),
        (Push([b"message", b"c", b"m"]), {"push": ["message", "c", "m"]}),
        (Verbatim(b"txt", b"# Server"), {"text": "# Server"}),
        (BigNumber(b"123456789012345678901234567890"), {"int": "123456789012345678901234567890"}),
        (Attribute([b"k", 1], b"v"), "v"),
    ],
)
def test_each_kind_of_reply_has_its_form(reply: object, shown: object) -> None:
    assert parse_replies(encode_reply(reply, 3)) == [shown]
    json.dumps(shown)


def test_old_nulls_are_nulls_too() -> None:
    assert parse_replies(b"$-1\r\n*-1\r\n:1\r\n") == [None, None, 1]


def test_what_is_no_reply_is_a_defect() -> None:
    with pytest.raises(ValueError, match="no reply begins with"):
        parse_replies(b"!x\r\n")


VALUES = st.recursive(
    st.binary() | st.integers(-(2**63), 2**63 - 1) | st.none() | st.booleans(),
    lambda inner: st.lists(inner),
    max_leaves=20,
)


@given(st.lists(VALUES))
def test_replies_in_a_row_are_taken_apart(replies: list[object]) -> None:
    found = parse_replies(b"".join(encode_reply(reply, 3) for reply in replies))
    assert len(found) == len(replies)
    assert json.loads(json.dumps(found)) == found


@given(st.binary())
def test_bytes_survive_the_way_to_the_page_and_back(data: bytes) -> None:
    assert argument(text_or_bytes(data)) == data


@pytest.mark.parametrize("value", [None, 1.5, True, [], {}, {"b64": 1}, {"b64": "="}])
def test_what_is_no_argument_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="argument|base64"):
        argument(value)


def test_error_replies_are_recognized() -> None:
    assert error_of({"error": "ERR x"}) == "ERR x"
    assert error_of({"ok": "OK"}) == ""
    assert error_of("text") == ""
