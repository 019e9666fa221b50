"""Zipmap, the packed hash of Redis 2.4 and before; only read.

A byte of the pair count (254 and more: unknown), then per pair: length, key, length, a byte of unused space,
value, that space; at the end a byte 255.  A length is one byte below 254, or 254 and four bytes.
"""

from __future__ import annotations

from typing import Final

from miniredis.formats.errors import FormatError
from miniredis.formats.packed import PackedReader

END: Final = 255
LONG: Final = 254


class ZipmapReader(PackedReader):
    """Fields and values in turn."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        if len(data) < 2:
            raise FormatError("zipmap: too short")
        if data[self._last] != END:
            raise FormatError("zipmap: no end")
        self._position = 1

    def next_batch(self, count: int) -> list[bytes]:
        data = self._data
        last = self._last
        found: list[bytes] = []
        position = self._position
        while position < last and len(found) < count:
            length = data[position]
            position += 1
            if length == LONG:
                if position + 4 > last:
                    raise FormatError("zipmap: length beyond the end")
                length = int.from_bytes(data[position : position + 4], "little")
                position += 4
            elif length == END:
                raise FormatError("zipmap: end inside")
            unused = 0
            if self._seen & 1:
                if position >= last:
                    raise FormatError("zipmap: value beyond the end")
                unused = data[position]
                position += 1
            if position + length + unused > last:
                raise FormatError("zipmap: text beyond the end")
            found.append(data[position : position + length])
            position += length + unused
            self._seen += 1
        self._position = position
        if position == last:
            if self._seen & 1:
                raise FormatError("zipmap: field without value")
            if data[0] < LONG and data[0] != self._seen >> 1:
                raise FormatError("zipmap: wrong pair count")
        return found


def decode(data: bytes) -> list[bytes]:
    """Fields and values in turn."""
    return ZipmapReader(data).read_all()
