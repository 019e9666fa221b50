"""Scalable Bloom filters: "surely not" or "probably", in some ten bits an item.

A filter is a stack of plain ones.  When the newest is full another is added, `expansion` times as large and with half
its error, so that the sum of all errors stays below what was asked for.  Positions come by enhanced double hashing
(Dillinger and Manolios, 2004) from the halves of one BLAKE2b digest: the same on every server, which replication
needs.  Plain double hashing (a + i*b) was measured to err a quarter more than asked for where filters are small.
"""

from __future__ import annotations

from hashlib import blake2b
from math import ceil, log
from typing import Final

from miniredis.formats.errors import FormatError
from miniredis.modules.items import ItemReader, ItemWriter
from miniredis.modules.values import ModuleValue

LN2: Final = log(2)
LAYER_BYTES: Final = 120
MOST_LAYERS: Final = 64
MOST_HASHES: Final = 64
MOST_EXPANSION: Final = 32768
TIGHTENING: Final = 0.5


def hash_pair(item: bytes) -> tuple[int, int]:
    digest = blake2b(item, digest_size=16).digest()
    # An odd step never comes back to its beginning before it has been everywhere of a power of two.
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little") | 1


def bytes_needed(capacity: int, error: float) -> int:
    """How many bytes of bits hold so many items at this rate of errors."""
    return max(ceil(ceil(capacity * -log(error) / (LN2 * LN2)) / 8), 1)


class Layer:
    """One plain filter."""

    def __init__(self, capacity: int, error: float) -> None:
        self.capacity = capacity
        self.error = error
        self.hashes = min(max(ceil(-log(error) / LN2), 1), MOST_HASHES)
        self.bits = bytearray(bytes_needed(capacity, error))
        self.items = 0

    def has(self, first: int, step: int) -> bool:
        bits = self.bits
        count = len(bits) * 8
        for number in range(self.hashes):
            place = first % count
            if not bits[place >> 3] & 1 << (place & 7):
                return False
            first += step
            step += number
        return True

    def add(self, first: int, step: int) -> None:
        bits = self.bits
        count = len(bits) * 8
        for number in range(self.hashes):
            place = first % count
            bits[place >> 3] |= 1 << (place & 7)
            first += step
            step += number
        self.items += 1


class FilterFull(Exception):
    """No more items fit: the filter may not grow, or has reached the bound of its size."""

    def __init__(self, at_bound: bool) -> None:
        super().__init__()
        self.at_bound = at_bound


class BloomFilter(ModuleValue):
    """See the module.  `expansion` 0: it does not grow."""

    TYPE = "MBbloom--"
    # RedisBloom's numbers are small: it refuses ours clearly, whose bits mean something else.
    ENCODING = 600
    OLDEST_ENCODING = 600

    def __init__(self, capacity: int, error: float, expansion: int) -> None:
        self.error = error
        self.expansion = expansion
        self.layers = [Layer(capacity, error * TIGHTENING if expansion else error)]

    def has(self, item: bytes) -> bool:
        first, step = hash_pair(item)
        return any(layer.has(first, step) for layer in reversed(self.layers))

    def add(self, item: bytes, most_bytes: int) -> bool:
        """Whether the item is new.  Raises `FilterFull`."""
        first, step = hash_pair(item)
        for layer in reversed(self.layers):
            if layer.has(first, step):
                return False
        layer = self.layers[-1]
        if layer.items >= layer.capacity:
            layer = self._grow(most_bytes)
        layer.add(first, step)
        return True

    def _grow(self, most_bytes: int) -> Layer:
        if not self.expansion:
            raise FilterFull(False)
        newest = self.layers[-1]
        capacity = newest.capacity * self.expansion
        error = newest.error * TIGHTENING
        if len(self.layers) >= MOST_LAYERS or self.bit_bytes() + bytes_needed(capacity, error) > most_bytes:
            raise FilterFull(True)
        layer = Layer(capacity, error)
        self.layers.append(layer)
        return layer

    def bit_bytes(self) -> int:
        return sum(len(layer.bits) for layer in self.layers)

    def capacity(self) -> int:
        return sum(layer.capacity for layer in self.layers)

    def count(self) -> int:
        """Items that were new when they were added."""
        return sum(layer.items for layer in self.layers)

    def memory(self) -> int:
        return self.bit_bytes() + LAYER_BYTES * (len(self.layers) + 1)

    def copy(self) -> BloomFilter:
        twin = self.blank()
        for layer, source in zip(twin.layers, self.layers, strict=True):
            layer.bits[:] = source.bits
        return twin

    def blank(self) -> BloomFilter:
        """The same counts with no bit set, as LOADCHUNK fills it."""
        twin = BloomFilter(1, self.error, self.expansion)
        twin.layers = []
        for source in self.layers:
            layer = Layer(source.capacity, source.error)
            layer.items = source.items
            twin.layers.append(layer)
        return twin

    def save(self, items: ItemWriter) -> None:
        self.save_head(items)
        for layer in self.layers:
            items.string(bytes(layer.bits))

    def save_head(self, items: ItemWriter) -> None:
        items.double(self.error)
        items.unsigned(self.expansion)
        items.unsigned(len(self.layers))
        for layer in self.layers:
            items.unsigned(layer.capacity)
            items.double(layer.error)
            items.unsigned(layer.items)

    @classmethod
    def load(cls, items: ItemReader, encoding: int) -> BloomFilter:
        found = cls.load_head(items, items.bytes_left())
        for layer in found.layers:
            bits = items.string()
            if len(bits) != len(layer.bits):
                raise FormatError("a Bloom filter of another size than it says")
            layer.bits = bytearray(bits)
        return found

    @classmethod
    def load_head(cls, items: ItemReader, most_bytes: int) -> BloomFilter:
        """A filter without its bits; FormatError where the numbers make no sense or too large a filter."""
        error = items.double()
        expansion = items.unsigned()
        count = items.count(3)
        if not 0 < error < 1 or expansion > MOST_EXPANSION or not 1 <= count <= MOST_LAYERS:
            raise FormatError("not the head of a Bloom filter")
        found = cls(1, error, expansion)
        found.layers = []
        size = 0
        for _ in range(count):
            capacity, layer_error, used = items.unsigned(), items.double(), items.unsigned()
            if not 0 < layer_error < 1 or not 1 <= capacity < 1 << 40 or used > capacity:
                raise FormatError("not a layer of a Bloom filter")
            size += bytes_needed(capacity, layer_error)
            if size > most_bytes:
                raise FormatError("a Bloom filter larger than allowed")
            layer = Layer(capacity, layer_error)
            layer.items = used
            found.layers.append(layer)
        return found
