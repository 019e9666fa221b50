"""Numbers in text: what Redis takes, what it refuses, what it prints."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.resp.numbers import (
    add_long_double,
    format_double,
    format_int,
    parse_double,
    parse_int64,
    parse_long_double,
    parse_uint64,
)


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_every_64_bit_integer_is_read_back(value: int) -> None:
    assert parse_int64(b"%d" % value) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-",
        b"+4",
        b" 4",
        b"4 ",
        b"04",
        b"-0",
        b"-01",
        b"1_0",
        b"0x1",
        b"1.0",
        b"9223372036854775808",
        b"-9223372036854775809",
        b"1" * 4301,
        b"1\x00",
        "١".encode(),
        b"-x",
    ],
)
def test_other_spellings_of_integers_are_refused(text: bytes) -> None:
    assert parse_int64(text) is None


def test_zero_is_an_integer() -> None:
    assert parse_int64(b"0") == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"0", 0),
        (b"00", 0),
        (b"+5", 5),
        (b" 5", 5),
        (b"\t\n05", 5),
        (b"18446744073709551615", 18446744073709551615),
        (b"18446744073709551616", None),
        (b"0" * 100 + b"7", 7),
        (b"1" * 30, None),
        (b"", None),
        (b"-1", None),
        (b"5x", None),
        (b"5 ", None),
    ],
)
def test_unsigned_integers_are_read_as_strtoull_does(text: bytes, value: int | None) -> None:
    assert parse_uint64(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1", 1.0),
        (b"+1", 1.0),
        (b"-1.5", -1.5),
        (b"1.", 1.0),
        (b".5", 0.5),
        (b"1e3", 1000.0),
        (b"1E+3", 1000.0),
        (b"0x10", 16.0),
        (b"0X1p3", 8.0),
        (b"-0x.8p1", -1.0),
        (b"0x1.8", 1.5),
        (b"0x0p9", 0.0),
        (b"0e99999", 0.0),
        (b"4.9e-324", 5e-324),
        (b"inf", math.inf),
        (b"+INF", math.inf),
        (b"-Infinity", -math.inf),
        (b"1" * 300, float("1" * 300)),
    ],
)
def test_doubles_are_read_as_strtod_does(text: bytes, value: float) -> None:
    assert parse_double(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-",
        b".",
        b" 1",
        b"1 ",
        b"1_0",
        b"nan",
        b"-nan",
        b"infinit",
        b"5e",
        b"5e+",
        b"0x",
        b"0x.",
        b"1f",
        b"1\x00",
        b"1e400",
        b"9" * 400,
        b"1e-400",
        b"0x1p5000",
        b"0x1p-5000",
        b"0xep-5000",
    ],
)
def test_what_is_no_double_is_refused(text: bytes) -> None:
    assert parse_double(text) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, b"0"),
        (-0.0, b"-0"),
        (3.0, b"3"),
        (-17.0, b"-17"),
        (0.1, b"0.10000000000000001"),
        (3.14159, b"3.1415899999999999"),
        (1e16, b"10000000000000000"),
        (1e17, b"1e+17"),
        (123456789012345678.0, b"1.2345678901234568e+17"),
        (1e-5, b"1.0000000000000001e-05"),
        (1e308, b"1e+308"),
        (math.inf, b"inf"),
        (-math.inf, b"-inf"),
        (math.nan, b"nan"),
    ],
)
def test_doubles_are_replied_with_17_significant_digits(value: float, text: bytes) -> None:
    assert format_double(value) == text


@given(st.floats(allow_nan=False))
def test_a_replied_double_is_read_back(value: float) -> None:
    text = format_double(value)
    assert text == b"%.17g" % value
    assert parse_double(text) == value


@pytest.mark.parametrize(
    ("a", "b", "total"),
    [
        (b"0.1", b"0.2", b"0.3"),
        (b"10.50", b"0.1", b"10.6"),
        (b"5.0e3", b"2.0e2", b"5200"),
        (b"3", b"-1.25", b"1.75"),
        (b"1", b"-1", b"0"),
        (b"0", b"-1e-20", b"0"),
        (b"-0", b"0", b"0"),
        (b"0", b"0.000000000000000005", b"0"),
        (b"0", b"0.0000000000000000051", b"0.00000000000000001"),
        (b"-1e-17", b"0", b"-0.00000000000000001"),
        (b"9007199254740993", b"0.5", b"9007199254740993.5"),
        (b"18446744073709551615", b"1", b"18446744073709551616"),
        (b"18446744073709551615", b"2", b"18446744073709551616"),
        (b"36893488147419103233", b"0", b"36893488147419103232"),
        (b"36893488147419103235", b"0", b"36893488147419103236"),
        (b"0x10", b"0X.8p1", b"17"),
        (b"0" * 5118 + b"1", b"0", b"1"),
        (b"0", b"0x1p-16445", b"0"),
        (b"0x1.ffffffffffffffffp0", b"0", b"2"),
    ],
)
def test_long_doubles_add_up_as_in_redis(a: bytes, b: bytes, total: bytes) -> None:
    assert add_long_double(a, b) == total


def test_a_sum_may_have_thousands_of_digits() -> None:
    total = add_long_double(b"1e4000", b"1e4000")
    assert total is not None
    assert total.startswith(b"1999999999999999999993092774619924756986498516701391526260301666608652388661268")
    assert len(total) == 4001
    huge = add_long_double(b"1e4900", b"0")
    assert huge is not None
    assert len(huge) == 4901


def test_a_number_of_thousands_of_digits_is_read() -> None:
    assert parse_long_double(b"1" * 4900) is not None
    assert add_long_double(b"0." + b"3" * 5000, b"0") == b"0.33333333333333333"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (b"inf", b"1"),
        (b"inf", b"-inf"),
        (b"1.18973149535723176502e4932", b"1.18973149535723176502e4932"),
        (b"-0x1p16383", b"-0x1p16383"),
    ],
)
def test_a_sum_that_is_not_finite_has_no_text(a: bytes, b: bytes) -> None:
    assert add_long_double(a, b) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nan",
        b" 1",
        b"1_0",
        b"1e5000",
        b"1e-5000",
        b"1e999999999999",
        b"1e-999999999999",
        b"0x1p16384",
        b"0x1p-16446",
        b"1" * 5119,
        b"0" * 5119 + b"1",
    ],
)
def test_what_is_no_long_double_is_refused(text: bytes) -> None:
    assert parse_long_double(text) is None
    with pytest.raises(ValueError, match="not a long double"):
        add_long_double(text, b"0")
    with pytest.raises(ValueError, match="not a long double"):
        add_long_double(b"0", text)


def test_underflow_is_not_an_error_where_the_text_is_zero() -> None:
    value = parse_long_double(b"0e-999999")
    assert value is not None
    assert value.format() == b"0"


def test_numbers_below_the_normal_range_lose_bits_not_value() -> None:
    value = parse_long_double(b"3.6e-4951")
    assert value is not None
    assert (value.mantissa, value.exponent) == (1, -16445)


@settings(max_examples=examples(300))
@given(st.fractions(-(10**12), 10**12), st.integers(-30, 30))
def test_rounding_is_to_the_nearest_of_64_bits(number: Fraction, exponent: int) -> None:
    digits = round(number * 10**6)
    exact = Fraction(digits) * Fraction(10) ** exponent
    value = parse_long_double(b"%de%d" % (digits, exponent))
    assert value is not None
    found = value.mantissa * Fraction(2) ** value.exponent
    assert abs(found - exact) * 2 <= Fraction(2) ** value.exponent
    assert exact == 0 or abs(value.mantissa).bit_length() == 64


def test_digits_are_the_same_whoever_makes_them():
    for number in (0, 7, 999, 1000, -1, 1 << 70):
        assert format_int(number) == b"%d" % number
