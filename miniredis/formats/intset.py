"""Intset, the packed set of integers: four bytes of element width (2, 4, 8), four of the count, then the
elements in ascending order, all little endian."""

from __future__ import annotations

import struct
from typing import Final

from miniredis.formats.errors import FormatError
from miniredis.formats.packed import PackedReader

HEADER_SIZE: Final = 8
_LETTERS: Final = {2: "h", 4: "i", 8: "q"}


class IntsetReader(PackedReader):
    """Gives the integers as text, or as numbers by `next_numbers`."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        if len(data) < HEADER_SIZE:
            raise FormatError("intset: too short")
        self._width: int = int.from_bytes(data[:4], "little")
        self.count: int = int.from_bytes(data[4:8], "little")
        if self._width not in _LETTERS:
            raise FormatError("intset: unknown width")
        if len(data) != HEADER_SIZE + self._width * self.count:
            raise FormatError("intset: wrong size")
        self._position = HEADER_SIZE
        self._previous: int = -(1 << 63) - 1

    def next_numbers(self, count: int) -> list[int]:
        """Up to `count` integers in ascending order; none at the end."""
        taken = min(count, self.count - self._seen)
        form = f"<{taken}{_LETTERS[self._width]}"
        numbers: list[int] = list(struct.unpack_from(form, self._data, self._position))
        previous = self._previous
        for number in numbers:
            if number <= previous:
                raise FormatError("intset: out of order")
            previous = number
        self._previous = previous
        self._seen += taken
        self._position += taken * self._width
        return numbers

    def next_batch(self, count: int) -> list[bytes]:
        return [b"%d" % number for number in self.next_numbers(count)]


def decode(data: bytes) -> list[int]:
    """The integers in ascending order."""
    reader = IntsetReader(data)
    return reader.next_numbers(reader.count)


def encode(numbers: list[int]) -> bytes:
    """The intset of `numbers`, signed 64-bit integers in ascending order."""
    width = 2
    if numbers:
        least = numbers[0]
        greatest = numbers[len(numbers) - 1]
        if least < -(1 << 31) or greatest >= 1 << 31:
            width = 8
        elif least < -(1 << 15) or greatest >= 1 << 15:
            width = 4
    return struct.pack(f"<II{len(numbers)}{_LETTERS[width]}", width, len(numbers), *numbers)
