"""Numbers as text, exactly as strictly as Redis reads and exactly as it writes them.

Integers: no sign `+`, no leading zeros, no spaces, 64 bits. Doubles: what C's strtod takes of the whole text, hex
and ``inf`` included, but no NaN, no leading space, and nothing that overflows or vanishes to zero. Long doubles
(INCRBYFLOAT, HINCRBYFLOAT): the 80-bit format of x86, computed here with integers, so that the digits are the same
on every machine. The parsers return None for what Redis refuses; the caller chooses the error.
"""

import re
from math import copysign
from typing import Final

from mypy_extensions import i64

INT64_MIN: Final = -(1 << 63)
INT64_MAX: Final = (1 << 63) - 1
UINT64_MAX: Final = (1 << 64) - 1

_DECIMAL: Final = re.compile(rb"([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
_HEX: Final = re.compile(rb"([+-]?)0[xX](?=\.?[0-9a-fA-F])([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?[0-9]+))?")
_INFINITY: Final = re.compile(rb"([+-]?)inf(?:inity)?", re.IGNORECASE)
_UNSIGNED: Final = re.compile(rb"[ \t\n\v\f\r]*\+?([0-9]+)")
_NONZERO_DIGIT: Final = re.compile(rb"[1-9a-fA-F]")

# Long double: 64 bits of mantissa; values are mantissa * 2**exponent.
_PRECISION: Final = 64
_LEAST_EXPONENT: Final = -16445
_GREATEST_EXPONENT: Final = 16384 - 64
# redis-server copies the text into a buffer of this size, terminator included.
_LONG_DOUBLE_TEXT_MAX: Final = 5 * 1024
# Exponents beyond this overflow or vanish whatever the digits are, so 10**exponent is never computed for them.
_EXPONENT_CLAMP: Final = 40000
_FRACTION_DIGITS: Final = 17
#: Up to so many digits are read one by one: quicker than Python's way to an integer.
_SHORT: Final = 8
_READY: Final[list[bytes]] = [b"%d" % number for number in range(1000)]


def parse_int64(text: bytes) -> int | None:
    """The signed 64-bit integer that `text` is the canonical spelling of, or None."""
    length: i64 = len(text)
    if length == 0 or length > 20:
        return None
    first: i64 = text[0]
    if length <= _SHORT and 49 <= first <= 57:
        short: i64 = first - 48
        at: i64 = 1
        while at < length:
            digit: i64 = text[at] - 48
            if digit < 0 or digit > 9:
                return None
            short = short * 10 + digit
            at += 1
        return short
    if first == 48:
        return 0 if length == 1 else None
    if first == 45:
        if length == 1 or text[1] == 48 or not text[1:].isdigit():
            return None
    elif not text.isdigit():
        return None
    value = int(text)
    if length >= 19 and not INT64_MIN <= value <= INT64_MAX:
        return None
    return value


def format_int(number: int) -> bytes:
    """Its decimal digits; small numbers share theirs."""
    if 0 <= number < 1000:
        return _READY[number]
    return str(number).encode()


def parse_uint64(text: bytes) -> int | None:
    """An unsigned 64-bit integer as C's strtoull reads the whole text (`+5`, ` 5` and `05` pass), or None."""
    found = _UNSIGNED.fullmatch(text)
    if found is None:
        return None
    digits = found[1].lstrip(b"0")
    if len(digits) > 20:
        return None
    value = int(digits or b"0")
    return None if value > UINT64_MAX else value


def parse_double(text: bytes) -> float | None:
    """The double that `text` spells, rounded to nearest; None for NaN, overflow, underflow to zero and all else."""
    if text.isdigit() and len(text) < 300:
        return float(text)
    if _DECIMAL.fullmatch(text) is not None:
        value = float(text)
        if value - value != 0.0 or (value == 0.0 and not _spells_zero(text)):
            return None
        return value
    if _HEX.fullmatch(text) is not None:
        try:
            value = float.fromhex(text.decode("ascii"))
        except OverflowError:
            return None
        return None if value == 0.0 and not _spells_zero(text) else value
    found = _INFINITY.fullmatch(text)
    if found is None:
        return None
    return float("-inf") if found[1] == b"-" else float("inf")


def _spells_zero(text: bytes) -> bool:
    """Whether the digits before any exponent, of a text of one of the two syntaxes, are all zeros."""
    found = _HEX.fullmatch(text) or _DECIMAL.fullmatch(text)
    assert found is not None
    return _NONZERO_DIGIT.search(found[2] + (found[3] or b"")) is None


def format_double(value: float) -> bytes:
    """A double as redis-server 7.0 replies it: 17 significant digits, `inf`, `-inf`, `nan`, `-0`."""
    if -1e15 < value < 1e15:
        whole = int(value)
        if whole == value and (whole != 0 or copysign(1.0, value) > 0):
            return b"%d" % whole
    return b"%.17g" % value


class LongDouble:
    """One value of the 80-bit format: mantissa * 2**exponent, or an infinity, or NaN."""

    def __init__(self, mantissa: int, exponent: int, special: float = 0.0) -> None:
        self.mantissa = mantissa
        self.exponent = exponent
        # 0.0 for a finite value, else the infinity or the NaN itself.
        self.special = special

    @property
    def is_finite(self) -> bool:
        return self.special == 0.0

    def plus(self, other: "LongDouble") -> "LongDouble":
        if not (self.is_finite and other.is_finite):
            return LongDouble(0, 0, self.special + other.special)
        exponent = min(self.exponent, other.exponent)
        total = (self.mantissa << (self.exponent - exponent)) + (other.mantissa << (other.exponent - exponent))
        return _rounded(total, 1, exponent)

    def format(self) -> bytes:
        """The value with up to 17 decimals, without trailing zeros, never `-0`. Finite values only."""
        scaled = abs(self.mantissa) * 10**_FRACTION_DIGITS
        if self.exponent >= 0:
            scaled <<= self.exponent
        else:
            scaled = _divided_to_even(scaled, 1 << -self.exponent)
        digits = _decimal_digits(scaled).rjust(_FRACTION_DIGITS + 1, b"0")
        text = digits[:-_FRACTION_DIGITS]
        fraction = digits[-_FRACTION_DIGITS:].rstrip(b"0")
        if fraction:
            text += b"." + fraction
        return b"-" + text if self.mantissa < 0 and scaled else text


def parse_long_double(text: bytes) -> LongDouble | None:
    """The long double that `text` spells; None for NaN, overflow, underflow to zero and whatever is not a number."""
    if len(text) >= _LONG_DOUBLE_TEXT_MAX:
        return None
    found = _DECIMAL.fullmatch(text)
    base = 10
    if found is None:
        found = _HEX.fullmatch(text)
        base = 16
        if found is None:
            found = _INFINITY.fullmatch(text)
            if found is None:
                return None
            return LongDouble(0, 0, float("-inf") if found[1] == b"-" else float("inf"))
    fraction = found[3] or b""
    mantissa = _digits_to_int((found[2] + fraction).lstrip(b"0"), base)
    if mantissa == 0:
        return LongDouble(0, 0)
    if found[1] == b"-":
        mantissa = -mantissa
    exponent = _clamped_exponent(found[4] or b"0")
    if base == 16:
        value = _rounded(mantissa, 1, exponent - 4 * len(fraction))
    else:
        exponent -= len(fraction)
        power = 10 ** abs(exponent)
        value = _rounded(mantissa * power, 1, 0) if exponent >= 0 else _rounded(mantissa, power, 0)
    if value.mantissa == 0:
        # Overflow and underflow to zero: both are errors where the text was finite and not zero.
        return None
    return value


def add_long_double(a_text: bytes, b_text: bytes) -> bytes | None:
    """The sum of two texts that `parse_long_double` takes, as INCRBYFLOAT stores it; None for infinity or NaN.

    Raises ValueError if one of the texts is no long double.
    """
    a = parse_long_double(a_text)
    b = parse_long_double(b_text)
    if a is None or b is None:
        raise ValueError("not a long double")
    total = a.plus(b)
    return total.format() if total.is_finite else None


def _clamped_exponent(text: bytes) -> int:
    digits = text.lstrip(b"+-").lstrip(b"0")
    value = _EXPONENT_CLAMP if len(digits) > 5 else min(int(digits or b"0"), _EXPONENT_CLAMP)
    return -value if text[0] == 45 else value


def _digits_to_int(digits: bytes, base: int) -> int:
    """Like int(digits, base), also beyond the 4,300 digits where int() refuses."""
    value = 0
    for start in range(0, len(digits), 4000):
        piece = digits[start : start + 4000]
        value = value * base ** len(piece) + int(piece, base)
    return value


def _decimal_digits(value: int) -> bytes:
    """Like str(value).encode() for value >= 0, also beyond the 4,300 digits where str() refuses."""
    pieces: list[bytes] = []
    step = 10**4000
    while value >= step:
        value, low = divmod(value, step)
        pieces.append((b"%d" % low).rjust(4000, b"0"))
    pieces.append(b"%d" % value)
    pieces.reverse()
    return b"".join(pieces)


def _divided_to_even(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded to the nearest integer, ties to the even one. Both positive or zero."""
    quotient, rest = divmod(numerator, denominator)
    doubled = rest * 2
    if doubled > denominator or (doubled == denominator and quotient & 1):
        quotient += 1
    return quotient


def _rounded(numerator: int, denominator: int, exponent: int) -> LongDouble:
    """numerator / denominator * 2**exponent in the 80-bit format, ties to even; too large gives an infinity."""
    magnitude = abs(numerator)
    if magnitude == 0:
        return LongDouble(0, 0)
    # Shift so that the quotient has 64 bits or one more; the second try then has exactly 64.
    shift = magnitude.bit_length() - denominator.bit_length() - _PRECISION
    top = magnitude // (denominator << shift) if shift >= 0 else (magnitude << -shift) // denominator
    shift += top.bit_length() - _PRECISION
    if exponent + shift < _LEAST_EXPONENT:
        shift = _LEAST_EXPONENT - exponent
    if shift >= 0:
        mantissa = _divided_to_even(magnitude, denominator << shift)
    else:
        mantissa = _divided_to_even(magnitude << -shift, denominator)
    exponent += shift
    if mantissa == 1 << _PRECISION:
        mantissa >>= 1
        exponent += 1
    if exponent > _GREATEST_EXPONENT:
        return LongDouble(0, 0, float("-inf") if numerator < 0 else float("inf"))
    return LongDouble(-mantissa if numerator < 0 else mantissa, exponent)
