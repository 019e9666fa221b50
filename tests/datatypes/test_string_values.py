"""Encodings of strings, and common subsequences against the textbook's table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.datatypes.strings import CommonSubsequence, string_encoding


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (b"", b"embstr"),
        (b"12", b"int"),
        (b"-9223372036854775808", b"int"),
        (b"9223372036854775808", b"embstr"),
        (b"012", b"embstr"),
        (b"x" * 44, b"embstr"),
        (b"x" * 45, b"raw"),
        (bytearray(b"12"), b"raw"),
    ],
)
def test_an_encoding_is_named_as_redis_names_it(value: bytes | bytearray, encoding: bytes) -> None:
    assert string_encoding(value) == encoding


def table_of(a: bytes, b: bytes) -> list[list[int]]:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            if a[i - 1] == b[j - 1]:
                table[i][j] = table[i - 1][j - 1] + 1
            else:
                table[i][j] = max(table[i - 1][j], table[i][j - 1])
    return table


@given(st.text("ab", max_size=20), st.text("abc", max_size=20))
def test_a_common_subsequence_is_the_table_s(a_text: str, b_text: str) -> None:
    a, b = a_text.encode(), b_text.encode()
    table = table_of(a, b)
    chosen = []
    i, j = len(a), len(b)
    while i and j:
        if a[i - 1] == b[j - 1]:
            chosen.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif table[i - 1][j] > table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    common = CommonSubsequence(a, b)
    assert common.length == table[-1][-1]
    assert common.text() == bytes(a[i] for i, _ in reversed(chosen))
    found = []
    for piece in common.ranges():
        found += [(piece.a_first + n, piece.b_first + n) for n in range(piece.length - 1, -1, -1)]
    assert found == chosen
