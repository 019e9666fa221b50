"""Every reply value in both protocols."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.resp import errors, replies
from miniredis.resp.encoder import append_reply, command_size, encode_command, encode_error, encode_reply


@pytest.mark.parametrize(
    ("value", "old", "new"),
    [
        (b"hi", b"$2\r\nhi\r\n", b"$2\r\nhi\r\n"),
        (bytearray(b"hi"), b"$2\r\nhi\r\n", b"$2\r\nhi\r\n"),
        (None, b"$-1\r\n", b"_\r\n"),
        (True, b":1\r\n", b"#t\r\n"),
        (False, b":0\r\n", b"#f\r\n"),
        (7, b":7\r\n", b":7\r\n"),
        (-7, b":-7\r\n", b":-7\r\n"),
        (5000, b":5000\r\n", b":5000\r\n"),
        (1.5, b"$3\r\n1.5\r\n", b",1.5\r\n"),
        ([b"a", 1, None, []], b"*4\r\n$1\r\na\r\n:1\r\n$-1\r\n*0\r\n", b"*4\r\n$1\r\na\r\n:1\r\n_\r\n*0\r\n"),
        (replies.OK, b"+OK\r\n", b"+OK\r\n"),
        (replies.Status(b"a\r\nb"), b"+a  b\r\n", b"+a  b\r\n"),
        (replies.NULL_ARRAY, b"*-1\r\n", b"_\r\n"),
        (replies.NO_REPLY, b"", b""),
        (replies.MapReply([b"a", 1]), b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        (replies.SetReply([1, 2]), b"*2\r\n:1\r\n:2\r\n", b"~2\r\n:1\r\n:2\r\n"),
        (replies.Push([1]), b"*1\r\n:1\r\n", b">1\r\n:1\r\n"),
        (replies.Several([1, 2]), b":1\r\n:2\r\n", b":1\r\n:2\r\n"),
        (replies.Double(b"2"), b"$1\r\n2\r\n", b",2\r\n"),
        (replies.Verbatim(b"txt", b"hi"), b"$2\r\nhi\r\n", b"=6\r\ntxt:hi\r\n"),
        (replies.BigNumber(b"123"), b"$3\r\n123\r\n", b"(123\r\n"),
        (replies.Attribute([b"a", 1], b"x"), b"$1\r\nx\r\n", b"|1\r\n$1\r\na\r\n:1\r\n$1\r\nx\r\n"),
        (errors.syntax_error(), b"-ERR syntax error\r\n", b"-ERR syntax error\r\n"),
    ],
)
def test_a_value_in_both_protocols(value: object, old: bytes, new: bytes) -> None:
    assert encode_reply(value, 2) == old
    assert encode_reply(value, 3) == new


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 16_383, 16_384, 100_000])
def test_strings_of_any_size_have_their_length_before_them(size: int) -> None:
    assert encode_reply(b"x" * size, 2) == b"$%d\r\n%b\r\n" % (size, b"x" * size)
    assert encode_reply([b"x" * size], 2) == b"*1\r\n$%d\r\n%b\r\n" % (size, b"x" * size)


def test_a_large_value_is_a_chunk_of_its_own() -> None:
    value = b"x" * 100_000
    out: list[bytes] = []
    append_reply(out, value, 2)
    assert any(chunk is value for chunk in out)


def test_arrays_of_many_have_a_made_up_header() -> None:
    assert encode_reply([0] * 2000, 2) == b"*2000\r\n" + b":0\r\n" * 2000


def test_a_defect_is_no_reply() -> None:
    with pytest.raises(TypeError, match="dict"):
        encode_reply({}, 2)


def test_an_error_is_one_line() -> None:
    assert encode_error(b"ERR a\r\n+OK") == b"-ERR a  +OK\r\n"


def test_a_command_is_an_array_of_strings() -> None:
    assert encode_command([b"GET", b"k"]) == b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"


@given(argv=st.lists(st.binary(max_size=200), max_size=120))
def test_the_size_of_a_command_is_known_without_making_it(argv: list[bytes]) -> None:
    assert command_size(argv) == len(encode_command(argv))


def test_an_error_has_a_code() -> None:
    assert errors.wrong_type().code() == b"WRONGTYPE"
    assert errors.busy().code() == b"BUSY"
    assert errors.internal_error().code() == b"ERR"
    assert errors.loading().code() == b"LOADING"


def test_the_shown_beginning_of_an_unknown_command_is_bounded() -> None:
    message = errors.unknown_command([b"nope", b"a" * 200, b"b"]).message
    assert message.startswith(b"ERR unknown command 'nope', with args beginning with: 'aaa")
    assert len(message) < 300
