"""Glob patterns: Redis's corners, and no pattern that takes long."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.resp.glob import Glob, glob_match


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (b"", b""),
        (b"abc", b"abc"),
        (b"*", b""),
        (b"*", b"anything"),
        (b"***", b"x"),
        (b"a*", b"a"),
        (b"*c", b"abc"),
        (b"*b*", b"abc"),
        (b"h?llo", b"hello"),
        (b"h*llo", b"heeeello"),
        (b"h[ae]llo", b"hallo"),
        (b"h[^e]llo", b"hbllo"),
        (b"h[a-c]llo", b"hbllo"),
        (b"h[c-a]llo", b"hbllo"),
        (b"h[^a-c]llo", b"hzllo"),
        (b"\\*", b"*"),
        (b"a\\?b*", b"a?bcd"),
        (b"[\\]]", b"]"),
        (b"[\\a]", b"a"),
        (b"abc\\", b"abc\\"),
        (b"[abc", b"c"),
        (b"[a-", b"-"),
        (b"[^", b"z"),
        (b"[^]", b"z"),
        (b"[a-]", b"^"),
        (b"[\\", b"\\"),
        (b"a[b-d]*e?", b"acxyzef"),
        (b"*a*b", b"xaybzab"),
        (b"a*c*", b"abc"),
        (b"[\xff]", b"\xff"),
        (b"?*", b"\x00"),
    ],
)
def test_it_matches(pattern: bytes, text: bytes) -> None:
    assert glob_match(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (b"", b"a"),
        (b"abc", b"abd"),
        (b"abc", b"ABC"),
        (b"a*", b"ba"),
        (b"*c", b"cd"),
        (b"*b*", b"acd"),
        (b"h?llo", b"hllo"),
        (b"h[ae]llo", b"hillo"),
        (b"h[^e]llo", b"hello"),
        (b"[]", b"]"),
        (b"[]", b""),
        (b"[", b"["),
        (b"\\*", b"a"),
        (b"a*b?", b"ab"),
        (b"?", b""),
        (b"?*?", b"a"),
        (b"*a*b", b"xayc"),
        (b"a?", b"abc"),
    ],
)
def test_it_does_not_match(pattern: bytes, text: bytes) -> None:
    assert not glob_match(pattern, text)


def test_letter_case_may_be_ignored() -> None:
    assert glob_match(b"HeL*", b"hello", nocase=True)
    assert glob_match(b"[A-C]x", b"BX", nocase=True)
    assert not glob_match(b"[A-C]x", b"dX", nocase=True)
    assert glob_match(b"MAX*", b"maxmemory", nocase=True)


def test_a_pattern_tells_what_kind_it_is() -> None:
    assert Glob(b"a\\*").is_literal
    assert not Glob(b"a*").is_literal
    assert Glob(b"**").matches_everything
    assert not Glob(b"*a").matches_everything


def test_many_stars_do_not_take_long() -> None:
    start = time.perf_counter()
    assert not glob_match(b"a*" * 60 + b"b", b"a" * 2000)
    assert not glob_match(b"*" * 100_000 + b"b", b"a" * 1000)
    assert time.perf_counter() - start < 5


@given(
    st.lists(st.sampled_from([b"*", b"?", b"a", b"b", b"[ab]", b"[^a]", b"\\*"]), max_size=8),
    st.text("ab*", max_size=10),
)
def test_it_agrees_with_a_regular_expression(tokens: list[bytes], text: str) -> None:
    expression = b"".join({b"*": b".*", b"?": b"."}.get(token, token) for token in tokens)
    expected = re.fullmatch(expression, text.encode(), re.DOTALL) is not None
    assert glob_match(b"".join(tokens), text.encode()) == expected
