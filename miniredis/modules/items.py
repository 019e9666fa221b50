"""What a module's value is made of in RDB data: numbers, doubles and strings, each with a mark of its kind.

Because every item says what it is, a server without the module can pass over the value.  The list ends with a mark of
its own.
"""

from __future__ import annotations

from typing import Final

from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.formats.module_items import (
    MODULE_DOUBLE,
    MODULE_END,
    MODULE_FLOAT,
    MODULE_SIGNED,
    MODULE_STRING,
    MODULE_UNSIGNED,
)
from miniredis.formats.rdb_primitives import RdbSink, RdbSource

Item = int | float | bytes

BITS_64: Final = 1 << 64


class ItemWriter:
    """Collects the items of one value."""

    def __init__(self) -> None:
        self.items: list[tuple[int, Item]] = []

    def number(self, value: int) -> None:
        """An integer of 64 bits with a sign."""
        if not -BITS_64 // 2 <= value < BITS_64 // 2:
            raise ValueError(f"{value} does not fit 64 bits")
        self.items.append((MODULE_SIGNED, value))

    def unsigned(self, value: int) -> None:
        """An integer of 64 bits without a sign."""
        if not 0 <= value < BITS_64:
            raise ValueError(f"{value} does not fit 64 bits without a sign")
        self.items.append((MODULE_UNSIGNED, value))

    def double(self, value: float) -> None:
        self.items.append((MODULE_DOUBLE, float(value)))

    def string(self, value: bytes) -> None:
        self.items.append((MODULE_STRING, bytes(value)))

    def size(self) -> int:
        """About how many bytes they take."""
        return sum([len(item) + 5 if isinstance(item, bytes) else 9 for _, item in self.items])

    def write(self, sink: RdbSink) -> None:
        """All of them, and the mark of the end."""
        for kind, item in self.items:
            sink.write_length(kind)
            if isinstance(item, bytes):
                sink.write_string(item)
            elif isinstance(item, float):
                sink.write_double(item)
            else:
                sink.write_length(item % BITS_64)
        sink.write_length(MODULE_END)


class ItemReader:
    """Gives the items back in their order; FormatError for one that is of another kind or not there."""

    def __init__(self, items: list[tuple[int, Item]]) -> None:
        self._items = items
        self._at = 0

    def _next(self, kind: int) -> Item:
        if self._at >= len(self._items):
            raise FormatError("a module's value ends early")
        found, item = self._items[self._at]
        if found != kind:
            raise FormatError("a module's value has an item of another kind")
        self._at += 1
        return item

    def number(self) -> int:
        return int(self._next(MODULE_SIGNED))

    def unsigned(self) -> int:
        return int(self._next(MODULE_UNSIGNED))

    def count(self, each: int = 1) -> int:
        """A number of things that follow, `each` of so many items; never more than there are."""
        count = self.unsigned()
        if count * each > self.left():
            raise FormatError("a module's value counts more than it has")
        return count

    def double(self) -> float:
        return float(self._next(MODULE_DOUBLE))

    def string(self) -> bytes:
        item = self._next(MODULE_STRING)
        assert isinstance(item, bytes)
        return item

    def bytes_left(self) -> int:
        """Of the strings that were not read yet: what a value may claim to be is no larger."""
        return sum([len(item) for _, item in self._items[self._at :] if isinstance(item, bytes)])

    def left(self) -> int:
        """How many items were not read yet."""
        return len(self._items) - self._at


def read_item(source: RdbSource) -> tuple[int, Item]:
    """The next item, whole; at the end (MODULE_END, 0)."""
    position = source.position
    try:
        kind = source.read_length()
        if kind == MODULE_END:
            return kind, 0
        if kind == MODULE_SIGNED:
            value = source.read_length()
            return kind, value - BITS_64 if value >= BITS_64 // 2 else value
        if kind == MODULE_UNSIGNED:
            return kind, source.read_length()
        if kind == MODULE_DOUBLE:
            return kind, source.read_double()
        if kind == MODULE_STRING:
            return kind, source.read_string()
        if kind == MODULE_FLOAT:
            source.read_bytes(4)
            return kind, 0.0
    except IncompleteError:
        source.position = position
        raise
    raise FormatError("unknown kind of module data")
