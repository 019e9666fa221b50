"""Listpack, the packed list of Redis 5 and later.

Four bytes of total size, two of the element count (65535: unknown), the elements, a byte 255.  An element is
its encoding and data, then the length of both backwards (1 to 5 bytes of 7 bits).  Everything is checked.
"""

from __future__ import annotations

from typing import Final

from miniredis.formats.errors import FormatError
from miniredis.formats.packed import SMALL, PackedReader
from miniredis.resp.numbers import parse_int64

HEADER_SIZE: Final = 6
UNKNOWN_COUNT: Final = 65535
END: Final = 255
MAX_SIZE: Final = (1 << 32) - 1


class ListpackReader(PackedReader):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        size = len(data)
        if size < HEADER_SIZE + 1:
            raise FormatError("listpack: too short")
        if int.from_bytes(data[:4], "little") != size:
            raise FormatError("listpack: wrong size")
        if data[size - 1] != END:
            raise FormatError("listpack: no end")
        self._count: int = data[4] | data[5] << 8
        self._position = HEADER_SIZE

    def next_batch(self, count: int) -> list[bytes]:
        data = self._data
        last = self._last
        found: list[bytes] = []
        position = self._position
        while position < last and len(found) < count:
            start = position
            first = data[position]
            if first < 0x80:  # 0xxxxxxx: 0 to 127
                found.append(SMALL[first])
                position += 1
            elif first < 0xC0:  # 10xxxxxx: string, 6 bits of length
                position += 1 + (first & 0x3F)
                if position > last:
                    raise FormatError("listpack: string beyond the end")
                found.append(data[start + 1 : position])
            elif first < 0xE0:  # 110xxxxx: 13 bits signed
                position += 2
                if position > last:
                    raise FormatError("listpack: integer beyond the end")
                number = (first & 0x1F) << 8 | data[start + 1]
                found.append(b"%d" % (number - 8192 if number >= 4096 else number))
            elif first <= 0xF0:  # string, 12 bits of length (1110xxxx) or 32
                head = 5 if first == 0xF0 else 2
                if position + head > last:
                    raise FormatError("listpack: length beyond the end")
                if first == 0xF0:
                    length = int.from_bytes(data[start + 1 : start + 5], "little")
                else:
                    length = (first & 0x0F) << 8 | data[start + 1]
                position += head + length
                if position > last:
                    raise FormatError("listpack: string beyond the end")
                found.append(data[start + head : position])
            elif first <= 0xF4:  # 16, 24, 32, 64 bits signed
                position += 9 if first == 0xF4 else first - 0xEE
                if position > last:
                    raise FormatError("listpack: integer beyond the end")
                found.append(b"%d" % int.from_bytes(data[start + 1 : position], "little", signed=True))
            else:
                raise FormatError("listpack: unknown encoding")
            position = _check_back_length(data, position, last, position - start)
        self._position = position
        self._seen += len(found)
        if position == last and self._count != UNKNOWN_COUNT and self._count != self._seen:
            raise FormatError("listpack: wrong element count")
        return found


def decode(data: bytes) -> list[bytes]:
    """The elements; integers as their decimal text."""
    return ListpackReader(data).read_all()


def _check_back_length(data: bytes, position: int, last: int, length: int) -> int:
    """Where the next element starts, after the backward length at `position`."""
    if length <= 127:
        if position >= last or data[position] != length:
            raise FormatError("listpack: wrong backward length")
        return position + 1
    back = encode_back_length(length)
    end = position + len(back)
    if end > last or data[position:end] != back:
        raise FormatError("listpack: wrong backward length")
    return end


def encode_back_length(length: int) -> bytes:
    """`length` in as many 7-bit groups as Redis uses, to be read from the end."""
    if length <= 127:
        return bytes([length])
    if length < 16383:
        return bytes([length >> 7, length & 127 | 128])
    if length < 2097151:
        return bytes([length >> 14, length >> 7 & 127 | 128, length & 127 | 128])
    if length < 268435455:
        return bytes([length >> 21, length >> 14 & 127 | 128, length >> 7 & 127 | 128, length & 127 | 128])
    return bytes(
        [
            length >> 28,
            length >> 21 & 127 | 128,
            length >> 14 & 127 | 128,
            length >> 7 & 127 | 128,
            length & 127 | 128,
        ]
    )


def encode_integer(number: int) -> bytes:
    """An integer without its backward length, in the shortest form that Redis chooses."""
    if 0 <= number <= 127:
        return bytes([number])
    if -4096 <= number <= 4095:
        number &= 8191
        return bytes([0xC0 | number >> 8, number & 0xFF])
    if -32768 <= number <= 32767:
        return b"\xf1" + number.to_bytes(2, "little", signed=True)
    if -8388608 <= number <= 8388607:
        return b"\xf2" + number.to_bytes(3, "little", signed=True)
    if -2147483648 <= number <= 2147483647:
        return b"\xf3" + number.to_bytes(4, "little", signed=True)
    return b"\xf4" + number.to_bytes(8, "little", signed=True)


def encode_string(text: bytes) -> bytes:
    """A string without its backward length."""
    length = len(text)
    if length < 64:
        return bytes([0x80 | length]) + text
    if length < 4096:
        return bytes([0xE0 | length >> 8, length & 0xFF]) + text
    return b"\xf0" + length.to_bytes(4, "little") + text


def encode_element(text: bytes) -> bytes:
    """One element whole; text that is an integer is stored as one."""
    number = parse_int64(text)
    body = encode_string(text) if number is None else encode_integer(number)
    return body + encode_back_length(len(body))


def encode(elements: list[bytes], max_size: int = MAX_SIZE) -> bytes:
    """The listpack of `elements`; FormatError if it would be larger than `max_size`."""
    parts: list[bytes] = []
    for element in elements:
        parts.append(encode_element(element))
    body = b"".join(parts)
    size = HEADER_SIZE + len(body) + 1
    if size > max_size:
        raise FormatError("listpack: too large")
    count = min(len(elements), UNKNOWN_COUNT)
    return b"%b%b%b\xff" % (size.to_bytes(4, "little"), count.to_bytes(2, "little"), body)
