"""A hash table of byte strings whose scan survives any change, and that never stops to rehash.

Python's dict has no cursor, no random entry, and copies itself whole when it grows.  `Table` keeps many
small dicts ("shards") under a directory (extendible hashing): growing splits one shard of at most
`SHARD_LIMIT` entries, and doubling the directory copies pointers only.  Each key has a fixed position, a
48-bit part of its hash; a shard holds a contiguous range of positions, so a cursor is simply the next
position: whatever was in the table from the first call to the last is returned.

get, set, pop, contains: O(1).  scan: O(count + SHARD_LIMIT).  random_key: O(SHARD_LIMIT), uniform.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Final

POSITION_BITS: Final = 48
POSITION_MASK: Final = (1 << 48) - 1
SHARD_LIMIT: Final = 170  # what a dict of 256 slots holds before it grows


def position_of(key: bytes) -> int:
    """Where `key` stands in scan order: 0 to 2**48 - 1."""
    return hash(key) & POSITION_MASK


class Table:
    """Byte strings to objects.  The directory has 2**depth places; neighbours may share a shard."""

    def __init__(self) -> None:
        self._directory: list[dict[bytes, object]] = [{}]
        self._shift: int = POSITION_BITS
        self._size: int = 0

    def __len__(self) -> int:
        return self._size

    def size(self) -> int:
        return self._size

    def shard_count(self) -> int:
        """Places of the directory; `shard(i)` for 0 <= i < shard_count() visits every entry at least once."""
        return len(self._directory)

    def shard(self, place: int) -> dict[bytes, object]:
        return self._directory[place]

    def is_repeated(self, place: int) -> bool:
        """Whether this place of the directory is the same shard as the one before it."""
        return place > 0 and self._directory[place] is self._directory[place - 1]

    def get(self, key: bytes) -> object:
        """The value, or None."""
        return self._directory[(hash(key) & POSITION_MASK) >> self._shift].get(key)

    def contains(self, key: bytes) -> bool:
        return key in self._directory[(hash(key) & POSITION_MASK) >> self._shift]

    def set(self, key: bytes, value: object) -> bool:
        """Store; True when the key is new.  None is no value."""
        shard = self._directory[(hash(key) & POSITION_MASK) >> self._shift]
        before = len(shard)
        shard[key] = value
        if len(shard) == before:
            return False
        self._size += 1
        if before >= SHARD_LIMIT:
            self._split(key)
        return True

    def pop(self, key: bytes) -> object:
        """Remove; the value it had, or None."""
        value = self._directory[(hash(key) & POSITION_MASK) >> self._shift].pop(key, None)
        if value is not None:
            self._size -= 1
        return value

    def clear(self) -> None:
        self._directory = [{}]
        self._shift = POSITION_BITS
        self._size = 0

    def drop_shards(self, most: int) -> int:
        """Forget up to `most` places of the directory, from its end; how many were dropped.

        Only for a table that nobody uses any more: it frees a huge one in slices.
        """
        count = min(most, len(self._directory))
        del self._directory[len(self._directory) - count :]
        return count

    def shards(self) -> Iterator[dict[bytes, object]]:
        """Each shard once; the table must not change meanwhile."""
        seen: dict[bytes, object] | None = None
        for shard in self._directory:
            if shard is not seen:
                seen = shard
                yield shard

    def keys(self) -> list[bytes]:
        found: list[bytes] = []
        for shard in self.shards():
            found.extend(shard)
        return found

    def items(self) -> Iterator[tuple[bytes, object]]:
        """Every entry once; the table must not change meanwhile."""
        for shard in self.shards():
            yield from shard.items()

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Keys from position `cursor` on, about `count` of them, and the next cursor; 0 when done."""
        found: list[bytes] = []
        if cursor < 0 or cursor > POSITION_MASK:
            return 0, found
        place = cursor >> self._shift
        places = len(self._directory)
        while place < places:
            shard = self._directory[place]
            in_order = sorted((hash(key) & POSITION_MASK, key) for key in shard)
            for position, key in in_order:
                if position < cursor:
                    continue
                # Keys of one position leave together, or a cursor could not name the rest.
                if len(found) >= count and position != cursor:
                    return position, found
                found.append(key)
                cursor = position
            place += 1
            while place < places and self._directory[place] is shard:
                place += 1
            cursor = place << self._shift
            if len(found) >= count:
                break
        return (0 if place >= places else cursor), found

    def random_key(self, random: Random) -> bytes | None:
        """A key, each as likely as any other."""
        if self._size == 0:
            return None
        if self._size <= SHARD_LIMIT and len(self._directory) == 1:
            return next(islice(self._directory[0], int(random.random() * self._size), None))
        directory = self._directory
        places = len(directory)
        tries = 0
        while True:
            # Every (place, rank) is equally likely; ranks a shard does not have are drawn again.  A shard
            # that several places share is hit as often as its places, so only its first place counts.
            place = int(random.random() * places)
            shard = directory[place]
            rank = int(random.random() * (SHARD_LIMIT + 1))
            tries += 1
            if rank < len(shard) and not (place > 0 and directory[place - 1] is shard):
                return next(islice(shard, rank, None))
            if tries > 4096:  # an almost empty table of many shards: choose by counting
                rank = int(random.random() * self._size)
                for shard in self.shards():
                    if rank < len(shard):
                        return next(islice(shard, rank, None))
                    rank -= len(shard)

    def _split(self, key: bytes) -> None:
        place = (hash(key) & POSITION_MASK) >> self._shift
        shard = self._directory[place]
        first = place
        while first > 0 and self._directory[first - 1] is shard:
            first -= 1
        last = place + 1
        while last < len(self._directory) and self._directory[last] is shard:
            last += 1
        if last - first == 1:
            if self._shift <= POSITION_BITS - 26:  # equal hashes: no use in splitting further
                return
            doubled: list[dict[bytes, object]] = []
            for each in self._directory:
                doubled.append(each)
                doubled.append(each)
            self._directory = doubled
            self._shift -= 1
            first *= 2
            last *= 2
        middle = (first + last) // 2
        border = middle << self._shift
        lower: dict[bytes, object] = {}
        upper: dict[bytes, object] = {}
        for each_key, value in shard.items():
            if hash(each_key) & POSITION_MASK < border:
                lower[each_key] = value
            else:
                upper[each_key] = value
        for index in range(first, middle):
            self._directory[index] = lower
        for index in range(middle, last):
            self._directory[index] = upper

    def _check(self) -> None:
        """Every key stands in the shard of its position, shards cover contiguous ranges, the size is true."""
        assert len(self._directory) == 1 << (POSITION_BITS - self._shift)
        assert sum(len(shard) for shard in self.shards()) == self._size
        assert len({id(shard) for shard in self.shards()}) == sum(1 for _ in self.shards())
        for place, shard in enumerate(self._directory):
            for key in shard:
                assert self._directory[position_of(key) >> self._shift] is shard, (place, key)
