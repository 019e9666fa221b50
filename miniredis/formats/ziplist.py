"""Ziplist, the packed list of Redis 2.6 to 6.2; only read.

Four bytes of total size, four of the last entry's offset, two of the entry count (65535: unknown), the entries,
a byte 255.  An entry is the size of the one before it (1 byte, or 254 and four), its encoding, its data.
"""

from __future__ import annotations

from typing import Final

from miniredis.formats.errors import FormatError
from miniredis.formats.packed import SMALL, PackedReader

HEADER_SIZE: Final = 10
UNKNOWN_COUNT: Final = 65535
END: Final = 255


class ZiplistReader(PackedReader):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        size = len(data)
        if size < HEADER_SIZE + 1:
            raise FormatError("ziplist: too short")
        if int.from_bytes(data[:4], "little") != size:
            raise FormatError("ziplist: wrong size")
        if data[size - 1] != END:
            raise FormatError("ziplist: no end")
        self._last_offset: int = int.from_bytes(data[4:8], "little")
        self._count: int = data[8] | data[9] << 8
        self._position = HEADER_SIZE
        self._previous_start: int = HEADER_SIZE

    def next_batch(self, count: int) -> list[bytes]:
        data = self._data
        last = self._last
        found: list[bytes] = []
        position = self._position
        while position < last and len(found) < count:
            start = position
            before = data[position]
            position += 1
            if before >= 254:
                if before == END or position + 4 > last:
                    raise FormatError("ziplist: wrong size of the previous entry")
                before = int.from_bytes(data[position : position + 4], "little")
                position += 4
            if before != start - self._previous_start:
                raise FormatError("ziplist: wrong size of the previous entry")
            if position >= last:
                raise FormatError("ziplist: entry beyond the end")
            first = data[position]
            position += 1
            if first < 0xC0:
                if first < 0x40:  # 6 bits of length
                    length = first
                elif first < 0x80:  # 14 bits
                    length = (first & 0x3F) << 8 | data[position]
                    position += 1
                elif first == 0x80:  # 32 bits, big endian
                    length = int.from_bytes(data[position : position + 4], "big")
                    position += 4
                else:
                    raise FormatError("ziplist: unknown encoding")
                end = position + length
                if end > last:
                    raise FormatError("ziplist: string beyond the end")
                found.append(data[position:end])
            elif 0xF1 <= first <= 0xFD:  # 0 to 12
                end = position
                found.append(SMALL[first - 0xF1])
            else:
                end = position + _integer_size(first)
                if end > last:
                    raise FormatError("ziplist: integer beyond the end")
                found.append(b"%d" % int.from_bytes(data[position:end], "little", signed=True))
            position = end
            self._previous_start = start
        self._position = position
        self._seen += len(found)
        if position == last:
            if self._last_offset != self._previous_start:
                raise FormatError("ziplist: wrong offset of the last entry")
            if self._count != UNKNOWN_COUNT and self._count != self._seen:
                raise FormatError("ziplist: wrong entry count")
        return found


def decode(data: bytes) -> list[bytes]:
    """The entries; integers as their decimal text."""
    return ZiplistReader(data).read_all()


def _integer_size(encoding: int) -> int:
    if encoding == 0xFE:
        return 1
    if encoding == 0xC0:
        return 2
    if encoding == 0xF0:
        return 3
    if encoding == 0xD0:
        return 4
    if encoding == 0xE0:
        return 8
    raise FormatError("ziplist: unknown encoding")
