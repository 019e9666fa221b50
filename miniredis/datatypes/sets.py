"""The set: different byte strings.

A set of integers is a sorted array of the smallest width that holds them, as Redis's intset; another small set is
one packed blob, a larger one (or one with a long member) a `Table`.  OBJECT ENCODING is answered by the thresholds
of the configuration and never goes back; "listpack" and "hashtable" do not say which of the two it is.

add, remove, contains: O(1) (intset: O(log n) to find, O(n) bytes moved to change); members: O(n); scan: O(count);
random_member: O(1), uniform.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from random import Random
from typing import Final, cast

from mypy_extensions import i64

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.packed import (
    BLOB_LIMIT,
    ENTRY_LIMIT,
    ITEM_LIMIT,
    packed_append,
    packed_delete,
    packed_find,
    packed_item_at,
    packed_items,
)
from miniredis.datatypes.table import Table
from miniredis.datatypes.value import Value
from miniredis.resp.numbers import parse_int64

INTSET: Final = 0
LISTPACK: Final = 1
HASHTABLE: Final = 2

_ENCODINGS: Final[list[bytes]] = [b"intset", b"listpack", b"hashtable"]
_OBJECT_BYTES: Final = 96
_BYTES_HEADER: Final = 48
_SAMPLE: Final = 8


def width_code(value: int) -> str:
    """The array type code of the narrowest integers that hold `value`: 2, 4 or 8 bytes."""
    if -0x8000 <= value <= 0x7FFF:
        return "h"
    return "i" if -0x80000000 <= value <= 0x7FFFFFFF else "q"


class SetValue(Value):
    """Members, all different."""

    def __init__(self, limits: EncodingLimits, first: bytes = b"0", expected: int = 1) -> None:
        """An empty set that will take `first` and perhaps `expected` members in all: Redis chooses by both."""
        self._limits = limits
        self._encoding: i64 = INTSET
        self._integers: array[int] | None = None
        self._blob: bytes = b""
        self._count: i64 = 0  # entries of the blob
        self._table: Table | None = None
        if expected <= limits.set_max_intset_entries and parse_int64(first) is not None:
            self._integers = array("h")
        elif expected <= limits.set_max_listpack_entries:
            self._encoding = LISTPACK
        else:
            self._encoding = HASHTABLE

    # The value as a whole.

    def type_name(self) -> bytes:
        return b"set"

    def encoding(self) -> bytes:
        return _ENCODINGS[self._encoding]

    def size(self) -> int:
        if self._table is not None:
            return self._table.size()
        if self._integers is not None:
            return len(self._integers)
        return self._count

    def copy(self) -> SetValue:
        other = SetValue(self._limits)
        other._encoding = self._encoding
        other._integers = None if self._integers is None else self._integers[:]
        other._blob = self._blob
        other._count = self._count
        other._table = None if self._table is None else self._table.copy()
        return other

    def memory(self) -> int:
        total = _OBJECT_BYTES + _BYTES_HEADER + len(self._blob)
        if self._integers is not None:
            total += 64 + len(self._integers) * self._integers.itemsize
        table = self._table
        if table is not None:
            sampled = 0
            seen = 0
            for member, _ in table.items():
                sampled += _BYTES_HEADER + len(member)
                seen += 1
                if seen == _SAMPLE:
                    break
            total += table.memory() + sampled * table.size() // max(seen, 1)
        return total

    def integers(self) -> array[int] | None:
        """The sorted array of an intset, not to be changed; None for the other encodings."""
        return self._integers

    # Members.

    def contains(self, member: bytes) -> bool:
        table = self._table
        if table is not None:
            return table.contains(member)
        integers = self._integers
        if integers is not None:
            number = parse_int64(member)
            if number is None:
                return False
            at = bisect_left(integers, number)
            return at < len(integers) and integers[at] == number
        return packed_find(self._blob, member, 1) >= 0

    def add(self, member: bytes) -> bool:
        """True when the member is new."""
        table = self._table
        if table is not None:
            if not table.set(member, True):
                return False
            if self._encoding == LISTPACK:
                self._note_listpack_growth(len(member), table.size())
            return True
        integers = self._integers
        if integers is not None:
            number = parse_int64(member)
            if number is not None:
                return self._add_integer(integers, number)
            self._leave_intset(integers, len(member))
            return self.add(member)
        blob = self._blob
        if packed_find(blob, member, 1) >= 0:
            return False
        length: i64 = len(member)
        if length <= ITEM_LIMIT and self._count < ENTRY_LIMIT and len(blob) + length + 1 <= BLOB_LIMIT:
            self._blob = packed_append(blob, member)
            self._count += 1
            if self._encoding == LISTPACK:
                self._note_listpack_growth(length, self._count)
            return True
        self._move_to_table(packed_items(blob))
        return self.add(member)

    def remove(self, member: bytes) -> bool:
        """Whether it was there."""
        table = self._table
        if table is not None:
            return table.pop(member) is not None
        integers = self._integers
        if integers is not None:
            number = parse_int64(member)
            if number is None:
                return False
            at = bisect_left(integers, number)
            if at == len(integers) or integers[at] != number:
                return False
            del integers[at]
            return True
        found = packed_find(self._blob, member, 1)
        if found < 0:
            return False
        self._blob = packed_delete(self._blob, found, 1)
        self._count -= 1
        return True

    def expect(self, count: int) -> None:
        """About to be given `count` members: Redis converts at once when those alone pass a threshold."""
        if self._encoding == LISTPACK:
            if count > self._limits.set_max_listpack_entries:
                self._encoding = HASHTABLE
        elif self._integers is not None and count > self._limits.set_max_intset_entries:
            self._convert_integers(self._integers, HASHTABLE)

    # Many members.

    def members(self) -> list[bytes]:
        if self._table is not None:
            return self._table.keys()
        if self._integers is not None:
            return [str(number).encode() for number in self._integers]
        return packed_items(self._blob)

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Members from `cursor` on, about `count` of them, and the next cursor; 0 when done."""
        if self._table is None:
            return 0, self.members()
        return self._table.scan(cursor, count)

    def random_member(self, random: Random) -> bytes:
        """One member, each as likely as any other; the set must not be empty."""
        if self._table is not None:
            return cast(bytes, self._table.random_key(random))
        if self._integers is not None:
            return str(self._integers[int(random.random() * len(self._integers))]).encode()
        return packed_item_at(self._blob, int(random.random() * int(self._count)), 1)

    def random_members(self, random: Random, count: int) -> list[bytes]:
        """`count` different members, or all of them, each choice as likely as any other."""
        size = self.size()
        if self._table is None or count * 3 > size:
            found = self.members()
            return found if count >= size else random.sample(found, count)
        chosen: dict[bytes, None] = {}
        while len(chosen) < count:
            chosen[self.random_member(random)] = None
        return list(chosen)

    # Changes of encoding.

    def _add_integer(self, integers: array[int], number: int) -> bool:
        at = bisect_left(integers, number)
        if at < len(integers) and integers[at] == number:
            return False
        if width_code(number) > integers.typecode:  # "h" < "i" < "q"
            integers = array(width_code(number), integers)
            self._integers = integers
        integers.insert(at, number)
        if len(integers) > self._limits.set_max_intset_entries:
            self._convert_integers(integers, HASHTABLE)
        return True

    def _leave_intset(self, integers: array[int], member_length: int) -> None:
        """Convert because a member of `member_length` that is no integer comes."""
        limits = self._limits
        longest = member_length
        if len(integers):
            longest = max(longest, len(str(integers[0])), len(str(integers[-1])))
        fits = len(integers) < limits.set_max_listpack_entries and longest <= limits.set_max_listpack_value
        self._convert_integers(integers, LISTPACK if fits else HASHTABLE)

    def _convert_integers(self, integers: array[int], encoding: i64) -> None:
        members = self.members()
        self._integers = None
        self._encoding = encoding
        if len(integers) > ENTRY_LIMIT:
            self._move_to_table(members)
            return
        for member in members:
            self._blob = packed_append(self._blob, member)
            self._count += 1

    def _note_listpack_growth(self, length: i64, size: int) -> None:
        limits = self._limits
        if size > limits.set_max_listpack_entries or length > limits.set_max_listpack_value:
            self._encoding = HASHTABLE

    def _move_to_table(self, members: list[bytes]) -> None:
        table = Table()
        for member in members:
            table.set(member, True)
        self._blob = b""
        self._count = 0
        self._table = table

    def _check(self) -> None:
        """One store at a time, members unique, the array sorted, the blob within its limits."""
        assert (self._integers is not None) == (self._encoding == INTSET)
        items = packed_items(self._blob)
        assert len(items) == self._count == len(set(items))
        assert self._count <= ENTRY_LIMIT
        assert len(self._blob) <= BLOB_LIMIT
        if self._table is not None:
            assert self._count == 0
            self._table._check()
        if self._integers is not None:
            assert self._count == 0 and self._table is None
            assert list(self._integers) == sorted(set(self._integers))
            assert all(width_code(number) <= self._integers.typecode for number in self._integers)


def smallest_first(sets: list[SetValue]) -> list[SetValue]:
    """The sets in order of size; of two of one size, the first stays first."""
    return sorted(sets, key=SetValue.size)


def intersection(sets: list[SetValue], limit: int = 0) -> list[bytes]:
    """Members of all the sets; at most `limit` of them if it is not 0.  O(smallest * number of sets)."""
    ordered = smallest_first(sets)
    others = ordered[1:]
    found: list[bytes] = []
    for member in ordered[0].members():
        for other in others:
            if not other.contains(member):
                break
        else:
            found.append(member)
            if len(found) == limit:
                break
    return found


def union(sets: list[SetValue]) -> list[bytes]:
    """Members of any of the sets.  O(sum of sizes)."""
    if len(sets) == 1:
        return sets[0].members()
    found: dict[bytes, None] = {}
    for each in sets:
        for member in each.members():
            found[member] = None
    return list(found)


def difference(sets: list[SetValue]) -> list[bytes]:
    """Members of the first set that are in none of the others.

    Either each member is looked up in the other sets, or the others' members are taken away: whichever is less work.
    """
    first = sets[0]
    others = smallest_first(sets[1:])
    others.reverse()  # the largest is the likeliest to have it
    if first.size() * len(sets) // 2 <= sum([each.size() for each in sets]):
        found: list[bytes] = []
        for member in first.members():
            for other in others:
                if other.contains(member):
                    break
            else:
                found.append(member)
        return found
    left: dict[bytes, None] = dict.fromkeys(first.members())
    for other in others:
        for member in other.members():
            left.pop(member, None)
    return list(left)
