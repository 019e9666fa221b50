"""CRC64 as Redis computes it, by the package and by the table."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.formats import crc64


def test_the_check_value_is_that_of_redis() -> None:
    assert crc64.crc64(b"123456789") == 0xE9C6D914C4B8D9CA


@settings(max_examples=examples(50))
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_pieces_give_the_sum_of_the_whole(first: bytes, second: bytes) -> None:
    assert crc64.crc64(second, crc64.crc64(first)) == crc64.crc64(first + second)


@settings(max_examples=examples(50))
@given(st.binary(max_size=300), st.integers(0, 2**64 - 1))
def test_the_table_agrees_with_the_package(data: bytes, start: int) -> None:
    assert crc64.table_crc64(data, start) == crc64.crc64(data, start)


def test_without_the_package_the_table_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anycrc", None)
    assert crc64.find_implementation()(b"123456789", 0) == 0xE9C6D914C4B8D9CA
