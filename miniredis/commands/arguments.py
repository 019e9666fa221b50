"""Arguments that many commands share, parsed as strictly as Redis does."""

from __future__ import annotations

from typing import Final

from miniredis.resp.errors import (
    error,
    not_a_float,
    not_an_integer,
    timeout_negative,
    timeout_not_a_float,
    timeout_out_of_range,
)
from miniredis.resp.numbers import parse_double, parse_int64, parse_long_double

#: The least double above 0.
TINIEST: Final = 5e-324
INT64_MAX: Final = (1 << 63) - 1
INT64_MIN: Final = -(1 << 63)
INT32_MAX: Final = (1 << 31) - 1
INT32_MIN: Final = -(1 << 31)


def parse_int(argument: bytes) -> int:
    """A 64-bit integer in its one canonical form."""
    value = parse_int64(argument)
    if value is None:
        raise not_an_integer()
    return value


def parse_int32(argument: bytes) -> int:
    """An integer that fits 32 bits."""
    value = parse_int(argument)
    if value < INT32_MIN or value > INT32_MAX:
        raise error(b"value is out of range, value must between -2147483648 and 2147483647")
    return value


def parse_float(argument: bytes) -> float:
    value = parse_double(argument)
    if value is None:
        raise not_a_float()
    return value


def _beyond_double(argument: bytes) -> float:
    """Of a number within a long double, which Redis reads for times, and beyond a double: one as good as it."""
    text = argument.decode("ascii").lower()
    try:
        seconds = float.fromhex(text) if "x" in text else float(text)
    except OverflowError:
        seconds = float("-inf") if text.startswith("-") else float("inf")
    return seconds if seconds != 0.0 or text.startswith("-") else TINIEST


def parse_timeout(argument: bytes) -> int:
    """Seconds with a fraction, as blocking commands take them, to milliseconds rounded up; 0: no end."""
    seconds = parse_double(argument)
    if seconds is None:
        if parse_long_double(argument) is None:
            raise timeout_not_a_float()
        seconds = _beyond_double(argument)
    if seconds != seconds or seconds * 1000 > INT64_MAX:
        raise timeout_out_of_range()
    if seconds * 1000 <= -1:  # what is nearer to 0 is rounded up to it
        raise timeout_negative()
    timeout_ms = int(seconds * 1000)
    return timeout_ms + 1 if timeout_ms < seconds * 1000 else timeout_ms
