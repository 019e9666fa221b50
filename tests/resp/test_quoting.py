"""Words and quotes of a line, compared with what redis-server makes of the same bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.resp.quoting import quote, split_arguments


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", []),
        (b"   \t ", []),
        (b"SET key value", [b"SET", b"key", b"value"]),
        (b"  a \t b\r\n", [b"a", b"b"]),
        (b'a "b c" d', [b"a", b"b c", b"d"]),
        (b"a 'b c' d", [b"a", b"b c", b"d"]),
        (b'""', [b""]),
        (b"'' ''", [b"", b""]),
        (b'"\\n\\r\\t\\b\\a"', [b"\n\r\t\b\a"]),
        (b'"\\x41\\x0a"', [b"A\n"]),
        (b'"\\x4g"', [b"x4g"]),
        (b'"\\x4"', [b"x4"]),
        (b'"\\q\\\\"', [b"q\\"]),
        (b"'it\\'s \\n'", [b"it's \\n"]),
        (b'pre"fix ed"', [b"prefix ed"]),
        (b"pre'fix ed'", [b"prefix ed"]),
        (b'"a"\t"b"', [b"a", b"b"]),
        (b'"a"\x0b"b"', [b"a", b"b"]),
        (b"a\x0bb \x0c c", [b"a\x0bb", b"c"]),
        (b"a\x00b", [b"a"]),
        (b"\x00", []),
    ],
)
def test_a_line_is_split_into_words(line: bytes, words: list[bytes]) -> None:
    assert split_arguments(line) == words


@pytest.mark.parametrize(
    "line", [b'"', b"'", b'"a', b"'a", b'"a"b', b"'a'b", b'"a""b"', b'"\\', b"a 'b\\'", b'"a\x00"']
)
def test_unbalanced_quotes_are_no_words(line: bytes) -> None:
    assert split_arguments(line) is None


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        (b"", b'""'),
        (b"plain", b'"plain"'),
        (b'say "hi"\\', b'"say \\"hi\\"\\\\"'),
        (b"\n\r\t\a\b", b'"\\n\\r\\t\\a\\b"'),
        (b"\x00\x1f\x7f\xff", b'"\\x00\\x1f\\x7f\\xff"'),
        (b"it's ~", b'"it\'s ~"'),
    ],
)
def test_text_is_quoted(text: bytes, quoted: bytes) -> None:
    assert quote(text) == quoted


@settings(max_examples=examples(200))
@given(st.lists(st.binary(max_size=20), max_size=5))
def test_quoted_words_come_back(words: list[bytes]) -> None:
    assert split_arguments(b" ".join(quote(word) for word in words)) == words
