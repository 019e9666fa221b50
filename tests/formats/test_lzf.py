"""LZF both ways, by the C module and in Python."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.formats import lzf
from miniredis.formats.errors import FormatError

COMPRESSIBLE = st.lists(st.sampled_from([b"abc", b"abcabcabc", b"x" * 40, b"0123456789", b"\0\0\0\0"]), max_size=60)


@settings(max_examples=examples(100))
@given(COMPRESSIBLE.map(b"".join))
def test_what_was_compressed_comes_back(data: bytes) -> None:
    packed = lzf.compress(data)
    assert packed is None or (len(packed) <= len(data) - 4 and lzf.decompress(packed, len(data)) == data)


@settings(max_examples=examples(100))
@given(COMPRESSIBLE.map(b"".join))
def test_python_and_c_read_each_other(data: bytes) -> None:
    by_python = lzf.pure_compress(data, len(data) + 64)
    assert by_python is not None
    assert lzf.pure_decompress(by_python, len(data)) == data
    assert not data or lzf.decompress(by_python, len(data)) == data
    by_c = lzf.compress(data)
    assert by_c is None or lzf.pure_decompress(by_c, len(data)) == data


@settings(max_examples=examples(200))
@given(st.binary(min_size=1, max_size=40), st.integers(0, 400))
def test_any_stream_is_read_alike_or_refused_by_both(stream: bytes, size: int) -> None:
    def outcome(decompress: lzf.Decompress) -> bytes | None:
        try:
            plain = decompress(stream, max(size, 1))
        except ValueError:
            return None
        return plain if plain is not None and len(plain) == size else None

    assert outcome(lzf.pure_decompress) == outcome(lzf._decompress)


def test_what_does_not_shrink_by_four_bytes_is_left_alone() -> None:
    assert lzf.compress(bytes(range(100))) is None
    assert lzf.compress(b"aaaa") is None
    assert lzf.pure_compress(bytes(range(100)), 96) is None
    assert lzf.pure_compress(b"abcd" * 20, 5) is None


def test_a_match_far_back_is_not_used() -> None:
    data = b"needle" + bytes(index * 7 % 251 for index in range(9000)) + b"needle"
    packed = lzf.pure_compress(data, 2 * len(data))
    assert packed is not None and lzf.decompress(packed, len(data)) == data


@pytest.mark.parametrize(
    ("stream", "size"),
    [
        (b"\x05abc", 6),  # literals beyond the end
        (b"\x00a\x20", 3),  # a match without its distance
        (b"\x00a\xe0", 9),  # a long match without its length
        (b"\x00a\xe0\x00", 9),  # and without its distance
        (b"\x00a\x20\x05", 4),  # before the start
        (b"\x02abc", 2),  # more than declared
        (b"\x02abc", 4),  # less
        (b"\x02abc", 0),
        (b"\x02abc", 1 << 40),  # more than the stream can hold
    ],
)
def test_corrupt_streams_are_refused(stream: bytes, size: int) -> None:
    with pytest.raises(FormatError):
        lzf.decompress(stream, size)
    try:
        plain = lzf.pure_decompress(stream, size)
    except ValueError:
        plain = None
    assert plain is None or len(plain) != size


def test_without_the_package_python_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lzf", None)
    assert lzf.find_implementation() == (lzf.pure_compress, lzf.pure_decompress)


def test_lists_are_compressed_with_it() -> None:
    compressor = lzf.LzfCompressor()
    packed = compressor.compress(b"abc" * 100)
    assert packed is not None and compressor.decompress(packed, 300) == b"abc" * 100
