"""What is to know of a plain string value: its encoding as Redis would name it, and what two of them share.

A string is `bytes`, or a `bytearray` once it was changed in place.
"""

from __future__ import annotations

from typing import Final

from miniredis.resp.numbers import parse_int64

#: Redis keeps strings up to this length in one allocation with the object's header.
EMBEDDED_MAX: Final = 44


def string_encoding(value: bytes | bytearray) -> bytes:
    """As OBJECT ENCODING replies: int, embstr or raw."""
    if isinstance(value, bytearray):
        return b"raw"
    if parse_int64(value) is not None:
        return b"int"
    return b"embstr" if len(value) <= EMBEDDED_MAX else b"raw"


class SharedRange:
    """Equal pieces of two strings: first and last index in each."""

    __slots__ = ("a_first", "b_first", "length")

    def __init__(self, a_first: int, b_first: int, length: int) -> None:
        self.a_first = a_first
        self.b_first = b_first
        self.length = length


class CommonSubsequence:
    """The longest common subsequence of two strings, computed bit by bit in parallel (Crochemore, Iliopoulos,
    Pinzon and Reid, "A fast and practical bit-vector algorithm for the longest common subsequence problem", 2001).

    Row i is an integer with a bit for each byte of `b`, clear where the subsequence of a[:i] and b[:j+1] is one
    longer than that of a[:i] and b[:j].  O(len(a) * len(b) / 64) time, as many bytes times 8.
    """

    def __init__(self, a: bytes, b: bytes) -> None:
        self.a = a
        self.b = b
        width = len(b)
        mask = (1 << width) - 1
        places: dict[int, int] = {}
        for index in range(width):
            byte = b[index]
            places[byte] = places.get(byte, 0) | (1 << index)
        row = mask
        self._rows: list[int] = []
        for index in range(len(a)):
            matches = row & places.get(a[index], 0)
            row = ((row + matches) | (row - matches)) & mask
            self._rows.append(row)
        self.length = width - row.bit_count()

    def ranges(self) -> list[SharedRange]:
        """The pieces of the subsequence, from the ends of the strings to their beginnings, chosen as Redis does."""
        found: list[SharedRange] = []
        piece: SharedRange | None = None
        i = len(self.a)
        j = len(self.b)
        row = b""
        row_of = -1
        while i > 0 and j > 0:
            if self.a[i - 1] == self.b[j - 1]:
                i -= 1
                j -= 1
                if piece is None:
                    piece = SharedRange(i, j, 1)
                    found.append(piece)
                else:
                    piece.a_first = i
                    piece.b_first = j
                    piece.length += 1
                continue
            piece = None
            if row_of != i:
                row = self._rows[i - 1].to_bytes((len(self.b) + 7) // 8, "little")
                row_of = i
            if (row[(j - 1) >> 3] >> ((j - 1) & 7)) & 1:
                j -= 1
            else:
                i -= 1
        return found

    def text(self) -> bytes:
        pieces = [self.a[piece.a_first : piece.a_first + piece.length] for piece in self.ranges()]
        pieces.reverse()
        return b"".join(pieces)
