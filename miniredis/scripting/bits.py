"""The functions of the `bit` library: 32-bit integers, as LuaBitOp has them."""

from __future__ import annotations

import struct
from typing import Final

MASK: Final = 0xFFFFFFFF
#: Adding it leaves the low 32 bits of a double in the low half of its mantissa.
BIAS: Final = 6755399441055744.0


class ArgumentError(Exception):
    """What the library says of an argument; the message is complete."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message)
        self.message = message


def type_name(value: object) -> bytes:
    """As Lua's `type` names what came across."""
    if value is None:
        return b"nil"
    if isinstance(value, bool):
        return b"boolean"
    if isinstance(value, int | float):
        return b"number"
    return b"string" if isinstance(value, bytes) else b"table"


def bad_argument(index: int, name: bytes, problem: bytes) -> ArgumentError:
    return ArgumentError(b"bad argument #%d to '%b' (%b)" % (index, name, problem))


def number_at(arguments: tuple[object, ...], index: int, name: bytes) -> float:
    """Argument `index`, from 0, as a number; texts that are numbers count, as everywhere in Lua."""
    if index >= len(arguments):
        raise bad_argument(index + 1, name, b"number expected, got no value")
    value = arguments[index]
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, bytes):
        try:
            return float(int(value, 16)) if value.strip().lower().startswith(b"0x") else float(value)
        except ValueError:
            pass
    raise bad_argument(index + 1, name, b"number expected, got " + type_name(value))


def low_bits(number: float) -> int:
    """The low 32 bits of a number, rounded to even."""
    if -2251799813685248.0 <= number <= 2251799813685248.0:
        return round(number) & MASK
    (bits,) = struct.unpack("<I", struct.pack("<d", number + BIAS)[:4])
    return int(bits)


def signed(bits: int) -> int:
    bits &= MASK
    return bits - 0x100000000 if bits & 0x80000000 else bits


def to_hex(bits: int, digits: int) -> bytes:
    """So many hexadecimal digits, at most 8; a negative count asks for capital letters."""
    count = min(abs(digits), 8)
    if count == 0:
        return b""
    text = b"%08x" % bits
    return (text.upper() if digits < 0 else text)[8 - count :]


def compute(name: bytes, arguments: tuple[object, ...]) -> object:
    """The function `name` of the library.  Raises `ArgumentError`."""
    bits = low_bits(number_at(arguments, 0, name))
    if name in (b"band", b"bor", b"bxor"):
        for index in range(1, len(arguments)):
            other = low_bits(number_at(arguments, index, name))
            bits = bits & other if name == b"band" else bits | other if name == b"bor" else bits ^ other
        return signed(bits)
    if name == b"tobit":
        return signed(bits)
    if name == b"bnot":
        return signed(~bits)
    if name == b"bswap":
        return signed(int.from_bytes(bits.to_bytes(4, "little"), "big"))
    if name == b"tohex":
        return to_hex(bits, signed(low_bits(number_at(arguments, 1, name))) if len(arguments) > 1 else 8)
    shift = low_bits(number_at(arguments, 1, name)) & 31
    if name == b"lshift":
        return signed(bits << shift)
    if name == b"rshift":
        return signed(bits >> shift)
    if name == b"arshift":
        return signed(signed(bits) >> shift)
    if name == b"ror":
        shift = -shift & 31
    return signed((bits << shift) | (bits >> (32 - shift)))
