"""Cuckoo filters: as Bloom filters, but items can be counted and removed.

Each item leaves one byte, its fingerprint (1 to 255), in one of two buckets; either is found from the other and the
fingerprint alone.  Where both are full, a fingerprint is moved to its other bucket, which may move another, up to
`max_iterations` times; the choice follows from a counter that is kept with the filter, the same on every server.
Then a layer is added, `expansion` times as large.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from miniredis.formats.errors import FormatError
from miniredis.modules.items import ItemReader, ItemWriter
from miniredis.modules.values import ModuleValue

LAYER_BYTES: Final = 120
MOST_LAYERS: Final = 64
MOST_BUCKET: Final = 255
MOST_ITERATIONS: Final = 65535
MOST_EXPANSION: Final = 32768
#: Odd, so that a fingerprint's distance is spread over all buckets.
SPREAD: Final = 0x5BD1E995


def mark_of(item: bytes) -> tuple[int, int]:
    """Where an item belongs, and its fingerprint."""
    digest = blake2b(item, digest_size=9).digest()
    return int.from_bytes(digest[:8], "little"), digest[8] % 255 + 1


def power_above(number: int) -> int:
    """The power of two that is no less."""
    return 1 << max(number - 1, 0).bit_length()


class CuckooFilter(ModuleValue):
    """See the module.  `expansion` 0: it does not grow."""

    TYPE = "MBbloomCF"
    ENCODING = 600
    OLDEST_ENCODING = 600

    def __init__(self, capacity: int, bucket_size: int, max_iterations: int, expansion: int) -> None:
        self.bucket_size = bucket_size
        self.max_iterations = max_iterations
        self.expansion = expansion
        self.items = 0
        self.deleted = 0
        self.moves = 0
        #: Of each layer the fingerprints, 0 where there is none; each has a power of two of buckets.
        self.layers = [bytearray(self.bytes_for(capacity, bucket_size))]

    @staticmethod
    def bytes_for(capacity: int, bucket_size: int) -> int:
        return power_above(-(-capacity // bucket_size)) * bucket_size

    def _buckets(self, layer: bytearray, place: int, mark: int) -> tuple[int, int]:
        """Offsets of the two buckets."""
        mask = len(layer) // self.bucket_size - 1
        first = place & mask
        return first * self.bucket_size, ((first ^ mark * SPREAD) & mask) * self.bucket_size

    def count(self, item: bytes) -> int:
        """How often it was added, at most: others may have left the same mark."""
        place, mark = mark_of(item)
        found = 0
        for layer in self.layers:
            first, second = self._buckets(layer, place, mark)
            found += layer.count(mark, first, first + self.bucket_size)
            if second != first:
                found += layer.count(mark, second, second + self.bucket_size)
        return found

    def has(self, item: bytes) -> bool:
        place, mark = mark_of(item)
        for layer in self.layers:
            for bucket in self._buckets(layer, place, mark):
                if layer.find(mark, bucket, bucket + self.bucket_size) >= 0:
                    return True
        return False

    def add(self, item: bytes, most_bytes: int) -> bool:
        """Whether there was room."""
        place, mark = mark_of(item)
        has_room = any(self._put(layer, place, mark) for layer in reversed(self.layers))
        if not has_room and not self._move(self.layers[-1], place, mark):
            if not self._grow(most_bytes):
                return False
            self._put(self.layers[-1], place, mark)
        self.items += 1
        return True

    def _put(self, layer: bytearray, place: int, mark: int) -> bool:
        for bucket in self._buckets(layer, place, mark):
            free = layer.find(0, bucket, bucket + self.bucket_size)
            if free >= 0:
                layer[free] = mark
                return True
        return False

    def _move(self, layer: bytearray, place: int, mark: int) -> bool:
        """Make room by moving others; when that does not work out, everything is as it was."""
        undone: list[tuple[int, int]] = []
        moves = self.moves
        bucket = self._buckets(layer, place, mark)[0]
        for _ in range(self.max_iterations):
            self.moves += 1
            victim = bucket + self.moves % self.bucket_size
            undone.append((victim, layer[victim]))
            layer[victim], mark = mark, layer[victim]
            bucket = self._buckets(layer, bucket // self.bucket_size, mark)[1]
            free = layer.find(0, bucket, bucket + self.bucket_size)
            if free >= 0:
                layer[free] = mark
                return True
        for victim, mark in reversed(undone):
            layer[victim] = mark
        self.moves = moves
        return False

    def _grow(self, most_bytes: int) -> bool:
        size = len(self.layers[-1]) * power_above(self.expansion) if self.expansion else 0
        if not size or len(self.layers) >= MOST_LAYERS or self.slot_bytes() + size > most_bytes:
            return False
        self.layers.append(bytearray(size))
        return True

    def remove(self, item: bytes) -> bool:
        """Take one mark of the item away, from the newest layer that has it; whether there was one."""
        place, mark = mark_of(item)
        for layer in reversed(self.layers):
            for bucket in self._buckets(layer, place, mark):
                found = layer.find(mark, bucket, bucket + self.bucket_size)
                if found >= 0:
                    layer[found] = 0
                    self.items -= 1
                    self.deleted += 1
                    return True
        return False

    def slot_bytes(self) -> int:
        return sum(len(layer) for layer in self.layers)

    def bucket_count(self) -> int:
        """Of the first layer, as CF.INFO shows it."""
        return len(self.layers[0]) // self.bucket_size

    def memory(self) -> int:
        return self.slot_bytes() + LAYER_BYTES * (len(self.layers) + 1)

    def copy(self) -> CuckooFilter:
        twin = self.blank()
        twin.layers = [bytearray(layer) for layer in self.layers]
        return twin

    def blank(self) -> CuckooFilter:
        """The same numbers with no mark set, as LOADCHUNK fills it."""
        twin = CuckooFilter(1, self.bucket_size, self.max_iterations, self.expansion)
        twin.items, twin.deleted, twin.moves = self.items, self.deleted, self.moves
        twin.layers = [bytearray(len(layer)) for layer in self.layers]
        return twin

    def save(self, items: ItemWriter) -> None:
        self.save_head(items)
        for layer in self.layers:
            items.string(bytes(layer))

    def save_head(self, items: ItemWriter) -> None:
        for number in (self.bucket_size, self.max_iterations, self.expansion, self.items, self.deleted, self.moves):
            items.unsigned(number)
        items.unsigned(len(self.layers))
        for layer in self.layers:
            items.unsigned(len(layer))

    @classmethod
    def load(cls, items: ItemReader, encoding: int) -> CuckooFilter:
        found, sizes = cls._read_head(items, 1 << 40)
        found.layers = []
        for size in sizes:
            marks = items.string()
            if len(marks) != size:
                raise FormatError("a cuckoo filter of another size than it says")
            found.layers.append(bytearray(marks))
        return found

    @classmethod
    def load_head(cls, items: ItemReader, most_bytes: int) -> CuckooFilter:
        """A filter without its marks; FormatError where the numbers make no sense or too large a filter."""
        found, sizes = cls._read_head(items, most_bytes)
        found.layers = [bytearray(size) for size in sizes]
        return found

    @classmethod
    def _read_head(cls, items: ItemReader, most_bytes: int) -> tuple[CuckooFilter, list[int]]:
        bucket_size, iterations, expansion = items.unsigned(), items.unsigned(), items.unsigned()
        if not 1 <= bucket_size <= MOST_BUCKET or not 1 <= iterations <= MOST_ITERATIONS or expansion > MOST_EXPANSION:
            raise FormatError("not the head of a cuckoo filter")
        found = cls(1, bucket_size, iterations, expansion)
        found.items, found.deleted, found.moves = items.unsigned(), items.unsigned(), items.unsigned()
        sizes = [items.unsigned() for _ in range(items.count())]
        for size in sizes:
            buckets, rest = divmod(size, bucket_size)
            if rest or buckets < 1 or buckets & (buckets - 1):
                raise FormatError("a cuckoo filter whose buckets are no power of two")
        if not 1 <= len(sizes) <= MOST_LAYERS or sum(sizes) > most_bytes:
            raise FormatError("a cuckoo filter larger than allowed")
        return found, sizes
