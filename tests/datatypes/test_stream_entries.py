"""Entries of streams written in Python and by the twin in C, which is built here: byte for byte alike."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.stream_entries import append_entry_in_python
from native_build import build_native

numbers = st.integers(0, (1 << 64) - 1) | st.sampled_from([0, 1, 127, 128, 1 << 14, 1 << 35, (1 << 64) - 1])
integers = st.integers(-(1 << 64), 1 << 64) | st.sampled_from([-(1 << 63), (1 << 63) - 1, -(1 << 63) - 1, 1 << 63])
texts = (
    st.binary(max_size=6)
    | integers.map(lambda number: b"%d" % number)
    | st.sampled_from([b"-0", b"00", b"-", b"01", b"-01", b"+1", b" 1", b"1 ", b"x" * 63, b"x" * 64, b"9" * 21])
    | st.integers(60, 20_000).map(lambda length: b"y" * length)
)


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return build_native("entries", tmp_path_factory.mktemp("native"))


def both(native: ModuleType, ms: int, seq: int, fields: list[bytes], items: list[bytes]) -> int:
    """The size that both give for an entry that both write alike behind what was there."""
    here, there = bytearray(b"before"), bytearray(b"before")
    size = append_entry_in_python(here, ms, seq, fields, items)
    assert native.append_entry(there, ms, seq, fields, items) == size
    assert here == there
    return size


@settings(max_examples=examples(300))
@given(ms=numbers, seq=numbers, fields=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_the_twins_write_the_same(
    native: ModuleType, ms: int, seq: int, fields: list[bytes], data: st.DataObject
) -> None:
    values = data.draw(st.lists(texts, min_size=len(fields), max_size=len(fields)))
    same = [word for pair in zip(fields, values, strict=True) for word in pair]
    both(native, ms, seq, fields, same)
    both(native, ms, seq, fields, [bytes(bytearray(word)) for word in same])
    both(native, ms, seq, fields, data.draw(st.lists(texts, min_size=2, max_size=8)))


@pytest.mark.parametrize("length", [4095, 4096, 16378, 16379, 16384, 2097146, 2097147, 268435450, 268435451])
def test_the_length_behind_a_long_element_grows_with_it(native: ModuleType, length: int) -> None:
    assert both(native, 0, 0, [b"f"], [b"f", bytes(length)]) > length


@pytest.mark.parametrize(
    "arguments",
    [
        (bytearray(), 0, 0, [b"f"]),
        (b"", 0, 0, [b"f"], [b"f", b"v"]),
        (bytearray(), 0, 0, (b"f",), [b"f", b"v"]),
        (bytearray(), 0, 0, [b"f"], [b"f", "v"]),
        (bytearray(), "0", 0, [b"f"], [b"f", b"v"]),
    ],
)
def test_what_is_no_entry_is_refused(native: ModuleType, arguments: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        native.append_entry(*arguments)


@pytest.mark.parametrize(("ms", "seq"), [(-1, 0), (0, -1), (1 << 64, 0), (0, 1 << 64)])
def test_what_is_no_time_is_refused(native: ModuleType, ms: int, seq: int) -> None:
    data = bytearray(b"before")
    with pytest.raises(OverflowError):
        native.append_entry(data, ms, seq, [b"f"], [b"f", b"v"])
    assert data == b"before"
