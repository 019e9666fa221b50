"""Bits of a string value: counting, searching, combining, and integers of any width at any bit.

Bit 0 is the highest bit of the first byte, as in Redis. Strings of any length are worked on in slices turned into
integers, so the inner loops run in C and the extra memory stays small. Positions are counted in bits; ranges
include both ends. Bits beyond the end read as zero.
"""

from typing import Final

# Large enough for the C loops to pay off, small enough to stay in the processor's cache.
_SLICE: Final = 32768

_INVERTED: Final = bytes(255 - byte for byte in range(256))

OVERFLOW_WRAP: Final = 0
OVERFLOW_SATURATE: Final = 1
OVERFLOW_FAIL: Final = 2


def get_bit(value: bytes | bytearray, offset: int) -> int:
    index = offset >> 3
    if index >= len(value):
        return 0
    return (value[index] >> (7 - (offset & 7))) & 1


def set_bit(value: bytearray, offset: int, bit: int) -> int:
    """Set one bit, growing the value with zeros up to it; return what the bit was."""
    index = offset >> 3
    if index >= len(value):
        value.extend(bytes(index + 1 - len(value)))
    mask = 1 << (7 - (offset & 7))
    byte = value[index]
    if bit:
        value[index] = byte | mask
    else:
        value[index] = byte & ~mask
    return 1 if byte & mask else 0


def count_bits(value: bytes | bytearray, first: int, last: int) -> int:
    """How many of the bits `first` to `last` are set; the range must lie within the value. O(n)."""
    if first > last:
        return 0
    start = first >> 3
    end = (last >> 3) + 1
    total = 0
    for at in range(start, end, _SLICE):
        total += int.from_bytes(value[at : min(at + _SLICE, end)], "big").bit_count()
    # Whole bytes were counted: take back the bits outside the range at both ends.
    total -= (value[start] >> (8 - (first & 7))).bit_count()
    total -= (value[end - 1] & ((1 << (7 - (last & 7))) - 1)).bit_count()
    return total


def find_bit(value: bytes | bytearray, bit: int, first: int, last: int) -> int:
    """The position of the first bit equal to `bit` in the range, or -1; the range lies within the value. O(n)."""
    if first > last:
        return -1
    start = first >> 3
    end = (last >> 3) + 1
    position = _find_in_byte(value[start], bit, start, first, last)
    if position >= 0:
        return position
    skipped = b"\x00" if bit else b"\xff"
    for at in range(start + 1, end, _SLICE):
        piece = value[at : min(at + _SLICE, end)]
        rest = len(piece.lstrip(skipped))
        if rest:
            index = at + len(piece) - rest
            return _find_in_byte(value[index], bit, index, first, last)
    return -1


def _find_in_byte(byte: int, bit: int, index: int, first: int, last: int) -> int:
    """Like find_bit, in the one byte at `index` of the value."""
    base = index << 3
    for position in range(max(base, first), min(base + 7, last) + 1):
        if (byte >> (7 - (position & 7))) & 1 == bit:
            return position
    return -1


def bits_not(value: bytes | bytearray) -> bytes:
    return bytes(value.translate(_INVERTED))


def bits_and(values: list[bytes | bytearray]) -> bytes:
    return _combine(values, 0)


def bits_or(values: list[bytes | bytearray]) -> bytes:
    return _combine(values, 1)


def bits_xor(values: list[bytes | bytearray]) -> bytes:
    return _combine(values, 2)


def _combine(values: list[bytes | bytearray], operation: int) -> bytes:
    """Combine values (at least one) bit by bit, the shorter ones with zeros at their ends. O(total length)."""
    length = max([len(value) for value in values])
    pieces: list[bytes] = []
    for at in range(0, length, _SLICE):
        end = min(at + _SLICE, length)
        # Little-endian: what a shorter value lacks at its end are then high zero bits.
        result = int.from_bytes(values[0][at:end], "little")
        for value in values[1:]:
            piece = int.from_bytes(value[at:end], "little")
            if operation == 0:
                result &= piece
            elif operation == 1:
                result |= piece
            else:
                result ^= piece
        pieces.append(result.to_bytes(end - at, "little"))
    return b"".join(pieces)


def get_field(value: bytes | bytearray, offset: int, width: int, signed: bool) -> int:
    """The integer of `width` bits (1 to 64) at bit `offset`."""
    start = offset >> 3
    end = ((offset + width - 1) >> 3) + 1
    piece = value[start:end]
    number = int.from_bytes(piece, "big") << (8 * (end - start - len(piece)))
    number = (number >> (8 * end - offset - width)) & ((1 << width) - 1)
    if signed and number >> (width - 1):
        number -= 1 << width
    return number


def set_field(value: bytearray, offset: int, width: int, number: int) -> None:
    """Write the low `width` bits of `number` at bit `offset`, growing the value with zeros up to them."""
    start = offset >> 3
    end = ((offset + width - 1) >> 3) + 1
    if end > len(value):
        value.extend(bytes(end - len(value)))
    shift = 8 * end - offset - width
    mask = ((1 << width) - 1) << shift
    old = int.from_bytes(value[start:end], "big")
    new = (old & ~mask) | ((number << shift) & mask)
    value[start:end] = new.to_bytes(end - start, "big")


def fit_field(number: int, width: int, signed: bool, overflow: int) -> int | None:
    """`number` brought into the range of a field of that width by one of the OVERFLOW rules; None if it FAILs."""
    if signed:
        least = -(1 << (width - 1))
        greatest = (1 << (width - 1)) - 1
    else:
        least = 0
        greatest = (1 << width) - 1
    if least <= number <= greatest:
        return number
    if overflow == OVERFLOW_FAIL:
        return None
    if overflow == OVERFLOW_SATURATE:
        return greatest if number > greatest else least
    return ((number - least) & ((1 << width) - 1)) + least
