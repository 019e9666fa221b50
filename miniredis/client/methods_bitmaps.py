"""Typed methods for commands (bitmap), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from twisted.internet.defer import Deferred

from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class BitmapsMethods(Caller[T]):
    """Commands about bitmap."""

    def bitcount(
        self, key: Value, *, start: int | None = None, end: int | None = None, byte: bool = False, bit: bool = False
    ) -> Deferred[int]:
        """BITCOUNT key [start [end [BYTE | BIT]]]

        Counts the set bits of the string at a key.  Since 2.6.0; O(N) where N is the length of the range.
        """
        words: list[Any] = ["BITCOUNT"]
        words += [key]
        if start is not None:
            words += [start]
        if end is not None:
            words += [end]
        if byte:
            words.append("BYTE")
        if bit:
            words.append("BIT")
        return self.execute(*words)

    def bitfield(self, key: Value, *operations: Sequence[Value]) -> Deferred[list[int | None]]:
        """BITFIELD key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset
            value:integer | INCRBY encoding offset increment> ...]

        Reads and changes integers of any width inside the string at a key.  Since 3.2.0; O(1) for each
        operation.
        """
        words: list[Any] = ["BITFIELD"]
        words += [key]
        for operation in operations:
            words += operation
        return self.execute(*words)

    def bitfield_ro(self, key: Value, *, get: Sequence[Sequence[Value]] | None = None) -> Deferred[list[int | None]]:
        """BITFIELD_RO key [GET encoding offset [GET encoding offset ...]]

        Reads integers of any width inside the string at a key.  Since 6.0.0; O(1) for each operation.
        """
        words: list[Any] = ["BITFIELD_RO"]
        words += [key]
        if get is not None:
            for row in get:
                words += ["GET", *row]
        return self.execute(*words)

    def bitop(self, operation: Literal["AND", "OR", "XOR", "NOT"], destkey: Value, *keys: Value) -> Deferred[int]:
        """BITOP <AND | OR | XOR | NOT> destkey key [key ...]

        Combines strings bit by bit and stores the result.  Since 2.6.0; O(N) where N is the total length of
        the strings.
        """
        words: list[Any] = ["BITOP"]
        words.append(operation)
        words += [destkey]
        words += keys
        return self.execute(*words)

    def bitpos(
        self,
        key: Value,
        wanted: int,
        *,
        start: int | None = None,
        end: int | None = None,
        byte: bool = False,
        bit: bool = False,
    ) -> Deferred[int]:
        """BITPOS key bit [start [end [BYTE | BIT]]]

        Finds the first set or clear bit of the string at a key.  Since 2.8.7; O(N) where N is the length of
        the range.
        """
        words: list[Any] = ["BITPOS"]
        words += [key]
        words += [wanted]
        if start is not None:
            words += [start]
        if end is not None:
            words += [end]
        if byte:
            words.append("BYTE")
        if bit:
            words.append("BIT")
        return self.execute(*words)

    def getbit(self, key: Value, offset: int) -> Deferred[int]:
        """GETBIT key offset

        Returns one bit of the string at a key.  Since 2.2.0; O(1).
        """
        return self.execute("GETBIT", key, offset)

    def setbit(self, key: Value, offset: int, value: int) -> Deferred[int]:
        """SETBIT key offset value:integer

        Sets or clears one bit of the string at a key, and returns what it was.  Since 2.2.0; O(1).
        """
        return self.execute("SETBIT", key, offset, value)
