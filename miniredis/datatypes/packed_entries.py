"""Byte strings one after the other in one blob, readable from both ends.

An entry is its length, its bytes, and its length again: one byte when under 255, else 255 and four bytes
(mirrored at the end, so that the last byte of the blob always says which).
They are packed and unpacked in resp/bytework.py.  Two bytes of overhead on a short
element: what Redis's listpack has.  `listpack_size` says what the element would take in a real listpack,
which also packs integers: the thresholds of the configuration are counted in those bytes.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from miniredis.resp.bytework import LENGTH_BYTES, LONG

LISTPACK_HEADER: Final = 7  # six bytes before the entries of a listpack and one after them
INT64_MAX: Final = 9223372036854775807


def pack_entry(element: bytes) -> bytes:
    length = len(element)
    if length < LONG:
        edge = LENGTH_BYTES[length]
        return edge + element + edge
    wide = length.to_bytes(4, "little")
    return b"\xff" + wide + element + wide + b"\xff"


def skip_forward(raw: bytes, offset: int, count: int) -> int:
    """The offset `count` entries further on."""
    at: i64 = offset
    left: i64 = count
    while left > 0:
        left -= 1
        length: i64 = raw[at]
        if length < LONG:
            at += length + 2
        else:
            at += int.from_bytes(raw[at + 1 : at + 5], "little") + 10
    return at


def skip_backward(raw: bytes, offset: int, count: int) -> int:
    """The offset `count` entries before `offset`."""
    at: i64 = offset
    left: i64 = count
    while left > 0:
        left -= 1
        length: i64 = raw[at - 1]
        if length < LONG:
            at -= length + 2
        else:
            at -= int.from_bytes(raw[at - 5 : at - 1], "little") + 10
    return at


def offset_of(raw: bytes, index: int, total: int) -> int:
    """Where entry `index` of `total` begins (the end for `index == total`), from the nearer end."""
    if index * 2 <= total:
        return skip_forward(raw, 0, index)
    return skip_backward(raw, len(raw), total - index)


def listpack_integer_size(number: int) -> int:
    """Bytes of an integer in a listpack, its back length included."""
    if 0 <= number <= 127:
        return 2
    if -4096 <= number <= 4095:
        return 3
    if -32768 <= number <= 32767:
        return 4
    if -8388608 <= number <= 8388607:
        return 5
    if -2147483648 <= number <= 2147483647:
        return 6
    return 10


def listpack_size(element: bytes) -> int:
    """Bytes of `element` in a listpack, its back length included; canonical integers are packed there."""
    length = len(element)
    if length == 0:
        return 2
    if length <= 20:
        first = element[0]
        if first <= 57 and (first >= 49 or first == 45 or (first == 48 and length == 1)):
            digits = element[1:] if first == 45 else element
            if digits.isdigit() and (digits[0] != 48 or first == 48):
                number = int(element)
                if -INT64_MAX - 1 <= number <= INT64_MAX:
                    return listpack_integer_size(number)
        return length + 2
    if length < 64:
        return length + 2
    return string_size(length)


def string_size(length: int) -> int:
    """The same for a string of 64 bytes or more, which is no integer."""
    size = length + 2 if length < 4096 else length + 5
    if size <= 127:
        return size + 1
    if size < 16384:
        return size + 2
    if size < 2097152:
        return size + 3
    if size < 268435456:
        return size + 4
    return size + 5
