"""Bits of strings against the plain model: a list of zeros and ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.bitmaps import (
    OVERFLOW_FAIL,
    OVERFLOW_SATURATE,
    OVERFLOW_WRAP,
    bits_and,
    bits_not,
    bits_or,
    bits_xor,
    count_bits,
    find_bit,
    fit_field,
    get_bit,
    get_field,
    set_bit,
    set_field,
)


def bits_of(value: bytes | bytearray) -> list[int]:
    return [(byte >> shift) & 1 for byte in value for shift in range(7, -1, -1)]


def ends(value: bytes, a: int, b: int) -> tuple[int, int]:
    size = len(value) * 8
    return a % size, b % size


@given(st.binary(max_size=20), st.integers(0, 400))
def test_a_bit_is_read_as_the_model_has_it(value: bytes, offset: int) -> None:
    model = bits_of(value)
    assert get_bit(value, offset) == (model[offset] if offset < len(model) else 0)


@given(st.binary(max_size=20), st.integers(0, 400), st.integers(0, 1))
def test_setting_a_bit_changes_that_bit_only(value: bytes, offset: int, bit: int) -> None:
    model = bits_of(value)
    model += [0] * ((offset // 8 + 1) * 8 - len(model))
    changed = bytearray(value)
    assert set_bit(changed, offset, bit) == model[offset]
    model[offset] = bit
    assert bits_of(changed) == model


@given(st.binary(min_size=1, max_size=30), st.integers(0), st.integers(0))
def test_bits_are_counted_in_any_range(value: bytes, a: int, b: int) -> None:
    first, last = ends(value, a, b)
    assert count_bits(value, first, last) == sum(bits_of(value)[first : last + 1])


@given(st.binary(min_size=1, max_size=8), st.integers(0), st.integers(0), st.integers(0, 1))
def test_the_first_bit_of_a_range_is_found(value: bytes, a: int, b: int, bit: int) -> None:
    first, last = ends(value, a, b)
    wanted = [at for at in range(first, last + 1) if bits_of(value)[at] == bit]
    assert find_bit(value, bit, first, last) == (wanted[0] if wanted else -1)


def test_long_values_are_worked_on_slice_by_slice() -> None:
    value = bytes(100_000) + b"\x10" + bytes(100_000)
    assert count_bits(value, 0, len(value) * 8 - 1) == 1
    assert find_bit(value, 1, 0, len(value) * 8 - 1) == 800_003
    assert find_bit(value, 1, 800_004, len(value) * 8 - 1) == -1
    inverted = bits_not(value)
    assert find_bit(inverted, 0, 5, len(value) * 8 - 1) == 800_003
    assert bits_xor([value, inverted]) == b"\xff" * len(value)
    assert bits_and([value, inverted]) == bytes(len(value))
    assert bits_or([value, b""]) == value


@given(st.lists(st.binary(max_size=12), min_size=1, max_size=4))
def test_values_are_combined_as_if_padded_with_zeros(values: list[bytes]) -> None:
    size = max(map(len, values))
    rows = [bits_of(value.ljust(size, b"\0")) for value in values]
    columns = list(zip(*rows, strict=True))
    arguments: list[bytes | bytearray] = [bytearray(value) for value in values]
    assert bits_of(bits_and(arguments)) == [int(all(column)) for column in columns]
    assert bits_of(bits_or(arguments)) == [int(any(column)) for column in columns]
    assert bits_of(bits_xor(arguments)) == [sum(column) % 2 for column in columns]
    assert bits_of(bits_not(values[0])) == [1 - bit for bit in bits_of(values[0])]


@given(st.binary(max_size=20), st.integers(0, 200), st.integers(1, 64))
def test_a_field_is_the_number_its_bits_spell(value: bytes, offset: int, width: int) -> None:
    model = (bits_of(value) + [0] * 300)[offset : offset + width]
    number = int("".join(map(str, model)), 2)
    assert get_field(value, offset, width, signed=False) == number
    assert get_field(value, offset, width, signed=True) == number - (model[0] << width)


@given(st.binary(max_size=20), st.integers(0, 200), st.integers(1, 64), st.integers(-(1 << 64), 1 << 64))
def test_writing_a_field_touches_its_bits_only(value: bytes, offset: int, width: int, number: int) -> None:
    changed = bytearray(value)
    set_field(changed, offset, width, number)
    assert len(changed) == max(len(value), (offset + width + 7) // 8)
    assert get_field(changed, offset, width, signed=False) == number % (1 << width)
    before = bits_of(value) + [0] * (8 * (len(changed) - len(value)))
    after = bits_of(changed)
    assert after[:offset] == before[:offset]
    assert after[offset + width :] == before[offset + width :]


@settings(max_examples=examples(200))
@given(st.integers(-(1 << 66), 1 << 66), st.integers(1, 64), st.booleans())
def test_a_number_is_fitted_by_the_overflow_rule(number: int, width: int, signed: bool) -> None:
    least = -(1 << (width - 1)) if signed else 0
    greatest = least + (1 << width) - 1
    fits = least <= number <= greatest
    wrapped = fit_field(number, width, signed, OVERFLOW_WRAP)
    assert wrapped is not None
    assert least <= wrapped <= greatest
    assert (wrapped - number) % (1 << width) == 0
    assert fit_field(number, width, signed, OVERFLOW_SATURATE) == min(max(number, least), greatest)
    assert fit_field(number, width, signed, OVERFLOW_FAIL) == (number if fits else None)


def test_an_empty_range_has_no_bits() -> None:
    assert count_bits(b"\xff", 5, 4) == 0
    assert find_bit(b"\xff", 1, 5, 4) == -1
