from __future__ import annotations

import pytest

from miniredis.commands.scanning import ScanOptions, parse_cursor, scan_reply
from miniredis.resp.errors import ReplyError


@pytest.mark.parametrize(
    ("text", "cursor"),
    [(b"0", 0), (b"17", 17), (b"", 0), (b"00", 0), (b"18446744073709551615", 2**64 - 1), (b"-1", 2**64 - 1)],
)
def test_cursors_are_read_as_c_reads_them(text: bytes, cursor: int) -> None:
    assert parse_cursor(text) == cursor


@pytest.mark.parametrize("text", [b" 0", b"x", b"5x", b"-", b"-x", b"18446744073709551616"])
def test_other_texts_are_no_cursors(text: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        parse_cursor(text)
    assert caught.value.message == b"ERR invalid cursor"


def test_options_in_any_order_and_any_case() -> None:
    options = ScanOptions([b"x", b"count", b"5", b"MATCH", b"a*", b"novalues"], 1, b"NOVALUES")
    assert (options.count, options.no_values) == (5, True)
    assert options.matching([b"a", b"ab", b"b"]) == [b"a", b"ab"]
    options = ScanOptions([b"TYPE", b"HASH", b"MATCH", b"*"], 0, b"TYPE")
    assert options.type_name == b"hash"
    assert options.pattern is None
    assert ScanOptions([], 0).count == 10


@pytest.mark.parametrize(
    "words", [[b"COUNT"], [b"COUNT", b"0"], [b"MATCH"], [b"TYPE", b"hash"], [b"NOVALUES"], [b"FOO", b"bar"]]
)
def test_other_options_are_refused(words: list[bytes]) -> None:
    with pytest.raises(ReplyError) as caught:
        ScanOptions(words, 0)
    assert caught.value.message == b"ERR syntax error"


def test_a_count_is_a_number() -> None:
    with pytest.raises(ReplyError) as caught:
        ScanOptions([b"COUNT", b"x"], 0)
    assert caught.value.message == b"ERR value is not an integer or out of range"


def test_the_cursor_is_replied_as_text() -> None:
    assert scan_reply(2**64 - 1, [b"a"]) == [b"18446744073709551615", [b"a"]]
