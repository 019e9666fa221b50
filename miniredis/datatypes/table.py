"""A hash table of byte strings whose scan survives any change, and that never stops to rehash.

Python's dict has no cursor, no random entry, and copies itself whole when it grows.  `Table` keeps many
small ones ("shards") under a directory (extendible hashing): growing splits one shard of at most
`SHARD_LIMIT` entries, and doubling the directory copies pointers only.  Each key has a fixed position, a
48-bit part of its hash; a shard holds a contiguous range of positions, so a cursor is simply the next
position: whatever was in the table from the first call to the last is returned.

Shards that have become small are joined again, and the directory halves, so a table that is emptied key by key
stays quick to draw from.

A large table that dies leaves its shards to `discarded`, which frees them in slices.

get, set, pop, contains: O(1), amortized.  scan: O(count + SHARD_LIMIT).  random_key: O(SHARD_LIMIT), uniform.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from mypy_extensions import i64

from miniredis.datatypes.discarded import DISCARDED, LARGE
from miniredis.datatypes.shards import POSITION_MASK, Shard, new_shard, shard_divide, shard_get, shard_set

POSITION_BITS: Final = 48
SHARD_LIMIT: Final = 62  # one less than the twin in C keeps tags for; larger ones make draws and scans dear


def position_of(key: bytes) -> i64:
    """Where `key` stands in scan order: 0 to 2**48 - 1."""
    position: i64 = hash(key)  # half of all hashes would not fit an `int` of mypyc's without an object
    return position & POSITION_MASK


class Table:
    """Byte strings to objects.  The directory has 2**depth places; neighbours may share a shard."""

    def __init__(self) -> None:
        self._directory: list[Shard] = [new_shard()]
        self._shift: i64 = POSITION_BITS
        self._size: i64 = 0
        self._narrow: i64 = 0  # shards of one place; when there is none the directory can halve

    def __del__(self) -> None:
        if self._size >= LARGE:
            DISCARDED.add(self._directory, self._size)

    def __len__(self) -> int:
        return self._size

    def size(self) -> int:
        return self._size

    def shard_count(self) -> int:
        """Places of the directory; `shard(i)` for 0 <= i < shard_count() visits every entry at least once.

        Only while nothing changes: any set or pop may double or halve the directory.  `scan` survives that.
        """
        return len(self._directory)

    def shard(self, place: int) -> Shard:
        return self._directory[place]

    def is_repeated(self, place: int) -> bool:
        """Whether this place of the directory is the same shard as the one before it."""
        return place > 0 and self._directory[place] is self._directory[place - 1]

    def get(self, key: bytes) -> object:
        """The value, or None."""
        return shard_get(self._directory, self._shift, key)

    def contains(self, key: bytes) -> bool:
        return shard_get(self._directory, self._shift, key) is not None

    def set(self, key: bytes, value: object) -> bool:
        """Store; True when the key is new.  None is no value."""
        before = shard_set(self._directory, self._shift, key, value)
        if before < 0:
            return False
        self._size += 1
        if before >= SHARD_LIMIT:
            self._split(key)
        return True

    def pop(self, key: bytes) -> object:
        """Remove; the value it had, or None."""
        shard = self._directory[position_of(key) >> self._shift]
        value = shard.take(key)
        if value is not None:
            self._size -= 1
            # Trying costs more than removing, so only a few of the sizes on the way down try.
            if len(shard) <= SHARD_LIMIT // 4 and len(shard) & 3 == 0 and self._shift < POSITION_BITS:
                self._merge(position_of(key) >> self._shift)
        return value

    def clear(self) -> None:
        if self._size >= LARGE:
            DISCARDED.add(self._directory, self._size)
        self._directory = [new_shard()]
        self._shift = POSITION_BITS
        self._size = 0
        self._narrow = 0

    def copy(self) -> Table:
        """An independent table of the same values."""
        other = Table()
        directory: list[Shard] = []
        source: Shard | None = None
        copied = new_shard()
        for shard in self._directory:
            if shard is not source:
                source = shard
                copied = shard.clone()
            directory.append(copied)
        other._directory = directory
        other._shift = self._shift
        other._size = self._size
        other._narrow = self._narrow
        return other

    def memory(self) -> int:
        """About how many bytes the table itself takes, keys and values not counted."""
        return 160 + 8 * len(self._directory) + self._size * 22

    def shards(self) -> list[Shard]:
        """Each shard once, in the order of positions."""
        found: list[Shard] = []
        last: Shard | None = None
        for shard in self._directory:
            if shard is not last:
                last = shard
                found.append(shard)
        return found

    def keys(self) -> list[bytes]:
        found: list[bytes] = []
        for shard in self.shards():
            found.extend(shard)
        return found

    def items(self) -> Iterator[tuple[bytes, object]]:
        """Every entry once, the first at once; the table must not change meanwhile."""
        last: Shard | None = None
        for shard in self._directory:
            if shard is not last:
                last = shard
                yield from shard.pairs()

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Keys from position `cursor` on, about `count` of them, and the next cursor; 0 when done."""
        found: list[bytes] = []
        if cursor < 0 or cursor > POSITION_MASK:
            return 0, found
        place = cursor >> self._shift
        places = len(self._directory)
        while place < places:
            shard = self._directory[place]
            last = POSITION_MASK
            greatest = POSITION_MASK
            if len(found) + len(shard) > count:
                ahead = [position_of(key) for key in shard if position_of(key) >= cursor]
                wanted = max(count - len(found), 1)
                if len(ahead) > wanted:
                    ahead.sort()
                    # Keys of one position leave together, or a cursor could not name the rest.
                    last = ahead[wanted - 1]
                    greatest = ahead[-1]
            for key in shard:
                if cursor <= position_of(key) <= last:
                    found.append(key)
            if last < greatest:
                return last + 1, found
            place += 1
            while place < places and self._directory[place] is shard:
                place += 1
            cursor = place << self._shift
            if len(found) >= count:
                break
        return (0 if place >= places else cursor), found

    def random_key(self, random: Random) -> bytes | None:
        """A key, each as likely as any other."""
        directory = self._directory
        places = len(directory)
        if self._size == 0:
            return None
        if places == 1:
            return directory[0].key_at(int(random.random() * int(self._size)))
        ranks = places * (SHARD_LIMIT + 1)
        tries = 0
        while tries < 512:
            # Every (place, rank) is equally likely; ranks a shard does not have are drawn again.  A shard
            # that several places share is hit as often as its places, so only its first place counts.
            drawn = int(random.random() * ranks)
            place = drawn // (SHARD_LIMIT + 1)
            rank = drawn - place * (SHARD_LIMIT + 1)
            shard = directory[place]
            if rank < len(shard) and not (place > 0 and directory[place - 1] is shard):
                return shard.key_at(rank)
            tries += 1
        # An almost empty table of many shards: choose by counting.
        rank = int(random.random() * int(self._size))
        shards = self.shards()
        at = 0
        while rank >= len(shards[at]):
            rank -= len(shards[at])
            at += 1
        return shards[at].key_at(rank)

    def _split(self, key: bytes) -> None:
        place = position_of(key) >> self._shift
        shard = self._directory[place]
        first = place
        while first > 0 and self._directory[first - 1] is shard:
            first -= 1
        last = place + 1
        while last < len(self._directory) and self._directory[last] is shard:
            last += 1
        if last - first == 1:
            if len(self._directory) > 8 * self._size:  # equal hashes: no use in splitting further
                return
            doubled: list[Shard] = []
            for each in self._directory:
                doubled.append(each)
                doubled.append(each)
            self._directory = doubled
            self._shift -= 1
            self._narrow = 0
            first *= 2
            last *= 2
        if last - first == 2:
            self._narrow += 2
        middle = (first + last) // 2
        border = middle << self._shift
        lower = new_shard()
        upper = new_shard()
        shard_divide(shard, border, lower, upper)
        for index in range(first, middle):
            self._directory[index] = lower
        for index in range(middle, last):
            self._directory[index] = upper

    def _merge(self, place: int) -> None:
        """Join the shard at `place` with the one it was once split from, if both have become small."""
        directory = self._directory
        shard = directory[place]
        first = place
        while first > 0 and directory[first - 1] is shard:
            first -= 1
        last = place + 1
        while last < len(directory) and directory[last] is shard:
            last += 1
        width = last - first
        twin_first = first ^ width
        twin = directory[twin_first]
        if directory[twin_first + width - 1] is not twin or len(shard) + len(twin) > SHARD_LIMIT // 2:
            return
        merged = shard.clone()
        merged.absorb(twin)
        for index in range(min(first, twin_first), max(first, twin_first) + width):
            directory[index] = merged
        if width == 1:
            self._narrow -= 2
            while self._narrow == 0 and len(self._directory) > 1:
                self._directory = self._directory[::2]
                self._shift += 1
                self._narrow = self._count_narrow()

    def _count_narrow(self) -> int:
        """How many shards have only one place."""
        directory = self._directory
        narrow = 0
        for place, shard in enumerate(directory):
            alone = place == 0 or directory[place - 1] is not shard
            if alone and (place + 1 == len(directory) or directory[place + 1] is not shard):
                narrow += 1
        return narrow

    def _check(self) -> None:
        """Every key stands in the shard of its position, shards cover contiguous ranges, the size is true."""
        assert len(self._directory) == 1 << (POSITION_BITS - self._shift)
        assert sum(len(shard) for shard in self.shards()) == self._size
        assert len({id(shard) for shard in self.shards()}) == len(self.shards())
        assert len(self._directory) == 1 or self._narrow == self._count_narrow() > 0
        for place, shard in enumerate(self._directory):
            for key in shard:
                assert self._directory[position_of(key) >> self._shift] is shard, (place, key)
