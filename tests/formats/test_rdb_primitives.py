"""Lengths, strings, doubles and times, whole and in pieces."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.formats.rdb_primitives import RdbSink, RdbSource, parse_score

TEXTS = st.one_of(
    st.binary(max_size=60),
    st.integers(-(1 << 33), 1 << 33).map(lambda number: b"%d" % number),
    st.sampled_from([b"", b"-", b"-0", b"007", b"+1", b"ab" * 200, b"x" * 20000]),
)
ENDS = [0, 63, 64, 16383, 16384, (1 << 32) - 1, 1 << 32, (1 << 64) - 1]


def finished(data: bytes) -> RdbSource:
    source = RdbSource(data)
    source.finish()
    return source


@pytest.mark.parametrize("length", ENDS)
def test_lengths_of_every_size(length: int) -> None:
    sink = RdbSink()
    sink.write_length(length)
    written = sink.take()
    assert len(written) == (1 if length < 64 else 2 if length < 16384 else 5 if length < 1 << 32 else 9)
    assert finished(written).read_length() == length


@settings(max_examples=examples(150))
@given(st.lists(TEXTS, max_size=6), st.booleans())
def test_strings_come_back(texts: list[bytes], compress: bool) -> None:
    sink = RdbSink(compress)
    for text in texts:
        sink.write_string(text)
    source = finished(sink.take())
    assert [source.read_string() for _ in texts] == texts
    assert source.at_end()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (b"5", b"\xc0\x05"),
        (b"-128", b"\xc0\x80"),
        (b"128", b"\xc1\x80\x00"),
        (b"-32768", b"\xc1\x00\x80"),
        (b"32768", b"\xc2\x00\x80\x00\x00"),
        (b"-2147483648", b"\xc2\x00\x00\x00\x80"),
        (b"2147483648", b"\x0a2147483648"),
        (b"05", b"\x0205"),
    ],
)
def test_integers_are_written_as_redis_does(text: bytes, written: bytes) -> None:
    sink = RdbSink()
    sink.write_string(text)
    assert sink.take() == written


@settings(max_examples=examples(60))
@given(st.floats(allow_nan=False))
def test_doubles_and_scores(number: float) -> None:
    sink = RdbSink()
    sink.write_double(number)
    assert finished(sink.take()).read_score(False) == number
    text = repr(number).encode()
    assert parse_score(text) == number
    assert finished(bytes([len(text)]) + text).read_score(True) == number


def test_old_doubles_have_marks_for_what_is_no_number() -> None:
    assert finished(b"\xfe").read_text_double() == math.inf
    assert finished(b"\xff").read_text_double() == -math.inf
    assert math.isnan(finished(b"\xfd").read_text_double())
    with pytest.raises(FormatError):
        finished(b"\xfd").read_score(True)
    with pytest.raises(FormatError):
        finished(b"\0\0\0\0\0\0\xf8\x7f").read_score(False)
    for text in (b"nan", b"", b"1 ", b"x"):
        with pytest.raises(FormatError):
            parse_score(text)


def test_times_are_signed() -> None:
    sink = RdbSink()
    sink.write_milliseconds(-1)
    sink.write_milliseconds(1 << 45)
    source = finished(sink.take())
    assert (source.read_milliseconds(), source.read_milliseconds()) == (-1, 1 << 45)


def test_a_string_is_not_a_length_and_some_bytes_are_neither() -> None:
    with pytest.raises(FormatError):
        finished(b"\xc0\x05").read_length()
    with pytest.raises(FormatError):
        finished(b"\xc4\x05").read_string()
    with pytest.raises(FormatError):
        finished(b"\x82\x05").read_length()


@pytest.mark.parametrize(
    "data", [b"", b"\x40", b"\x80\0\0", b"\x81\0\0\0\0", b"\x05abc", b"\xc1\0", b"\xc3\x05\x0aabc", b"\xc3\x02\x0a"]
)
def test_what_is_cut_is_incomplete_until_input_ends(data: bytes) -> None:
    source = RdbSource(data)
    with pytest.raises(IncompleteError):
        source.read_string()
    source.position = 0
    source.finish()
    assert source.is_finished()
    with pytest.raises(FormatError):
        source.read_string()


def test_a_length_beyond_the_known_size_fails_at_once() -> None:
    source = RdbSource(b"\x80\0\0\1\0abc", total_size=100)
    with pytest.raises(FormatError):
        source.read_string()


@settings(max_examples=examples(60))
@given(st.lists(TEXTS, min_size=1, max_size=5), st.integers(1, 9))
def test_a_source_fed_in_pieces_reads_the_same_and_sums_what_it_read(texts: list[bytes], size: int) -> None:
    from miniredis.formats.crc64 import crc64

    sink = RdbSink()
    for text in texts:
        sink.write_string(text)
    written = sink.take()
    source = RdbSource(checksum=True)
    found: list[bytes] = []
    pieces = [written[at : at + size] for at in range(0, len(written), size)]
    while len(found) < len(texts):
        start = source.position
        try:
            found.append(source.read_string())
        except IncompleteError:
            source.position = start
            while not source.refill() or source.at_end():
                source.feed(pieces.pop(0))
    assert found == texts
    assert source.rest() == b"" and source.offset() == len(written)
    assert source.crc() == crc64(written)


@pytest.mark.parametrize("length", [(1 << 48) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_a_length_that_overflows_a_position_is_refused_at_once(length: int) -> None:
    sink = RdbSink()
    sink.write_length(length)
    written = sink.take()
    for data in (written, written + b"x" * 40, b"\xc3" + written + b"\x05" + b"x" * 40):
        source = RdbSource(data)  # more input may come, but never as much
        with pytest.raises(FormatError, match="impossible length"):
            source.read_string()
