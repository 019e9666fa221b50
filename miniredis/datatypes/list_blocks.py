"""One node of a list: some kB of packed entries, one big element, or a compressed blob of entries.

A block counts what its entries would take in a listpack (`size`), since that is what the limits of the
configuration are about.  Whoever changes a block inside makes sure it is not compressed (`thaw`).

Pushes and pops at the ends of a list are its most frequent use, and packing one element at a time is slow: a block
of more than a few elements holds some of its first and last ones loose (`front`, the first one last, and `back`).
`tidy` packs them, and so does everything that looks inside.
"""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.compression import Compressor
from miniredis.datatypes.packed_entries import (
    LISTPACK_HEADER,
    listpack_size,
    offset_of,
    pack_entry,
    skip_backward,
    skip_forward,
)
from miniredis.resp.bytework import pack_entries, unpack_entries

MIN_COMPRESSED: Final = 48  # below, LZF wins nothing
MIN_IMPROVEMENT: Final = 8
NODE_SIZES: Final[list[int]] = [4096, 8192, 16384, 32768, 65536]  # list-max-listpack-size -1 to -5
SAFE_NODE_SIZE: Final = 8192  # no node of several elements grows beyond, when the limit counts entries
ESTIMATED_OVERHEAD: Final = 8  # what an element may take beside its bytes
LOOSE: Final = 32  # elements packed or unpacked at a time; blocks of no more have none loose


def exceeds_limit(fill: int, size: int, count: int) -> bool:
    """Whether a node of `size` bytes and `count` entries is too big by `list-max-listpack-size`."""
    if fill < 0:
        return size > NODE_SIZES[-fill - 1 if fill > -5 else 4]
    return size > SAFE_NODE_SIZE or count > (fill if fill > 0 else 1)


def is_large(fill: int, threshold: int, length: int) -> bool:
    """Whether an element stands alone in its node, not packed."""
    if threshold > 0:
        return length >= threshold
    if fill < 0:
        return length > NODE_SIZES[-fill - 1 if fill > -5 else 4]
    return length > SAFE_NODE_SIZE


class Block:
    """`data` holds `count` packed entries, unless `whole` is the only element, or `packed` is `data` compressed."""

    def __init__(self) -> None:
        self.data: bytearray = bytearray()
        self.count: int = 0
        self.size: int = LISTPACK_HEADER
        self.whole: bytes | None = None
        self.packed: bytes | None = None
        self.raw_length: int = 0  # of `data` while it is compressed
        self.front: list[bytes] | None = None
        self.back: list[bytes] | None = None

    def tidy(self) -> None:
        """Pack what is loose."""
        front = self.front
        if front is not None:
            self.front = None
            front.reverse()
            self.data[0:0] = pack_entries(front)
        back = self.back
        if back is not None:
            self.back = None
            self.data += pack_entries(back)

    def raw(self, compressor: Compressor | None) -> bytes:
        """The packed entries, to read."""
        packed = self.packed
        if packed is not None:
            assert compressor is not None
            return compressor.decompress(packed, self.raw_length)
        self.tidy()
        return bytes(self.data)

    def freeze(self, compressor: Compressor) -> None:
        """Compress, where that pays."""
        self.tidy()
        if self.packed is not None or self.whole is not None or len(self.data) < MIN_COMPRESSED:
            return
        packed = compressor.compress(bytes(self.data))
        if packed is not None and len(packed) + MIN_IMPROVEMENT <= len(self.data):
            self.packed = packed
            self.raw_length = len(self.data)
            self.data = bytearray()

    def thaw(self, compressor: Compressor | None) -> None:
        """To be done before any change inside."""
        self.tidy()
        if self.packed is not None:
            self.data = bytearray(self.raw(compressor))
            self.packed = None

    def seal(self) -> None:
        """Give back the room kept for growing."""
        self.tidy()
        self.data = bytearray(self.data)

    def append(self, element: bytes) -> None:
        self.count += 1
        self.size += listpack_size(element)
        back = self.back
        if back is not None:
            if len(back) >= LOOSE:
                self.data += pack_entries(back)
                back.clear()
            back.append(element)
        elif self.count > LOOSE:
            self.back = [element]
        else:
            self.data += pack_entry(element)

    def prepend(self, element: bytes) -> None:
        self.count += 1
        self.size += listpack_size(element)
        front = self.front
        if front is not None:
            if len(front) >= LOOSE:
                front.reverse()
                self.data[0:0] = pack_entries(front)
                front.clear()
            front.append(element)
        elif self.count > LOOSE:
            self.front = [element]
        else:
            self.data[0:0] = pack_entry(element)

    def pop_last(self) -> bytes:
        whole = self.whole
        if whole is not None:
            self.count = 0
            return whole
        back = self.back
        element = back.pop() if back is not None and len(back) > 0 else self._unpack_last()
        self.count -= 1
        self.size -= listpack_size(element)
        return element

    def _unpack_last(self) -> bytes:
        """Take the last element out of `data`, and some more into `back` if there are many."""
        if self.front is not None:
            self.tidy()
        raw = bytes(self.data)
        taken = LOOSE if self.count > LOOSE else 1
        offset = skip_backward(raw, len(raw), taken)
        found: list[bytes] = []
        unpack_entries(found, raw, offset, taken)
        del self.data[offset:]
        element = found.pop()
        self.back = found if len(found) > 0 else None
        return element

    def pop_first(self) -> bytes:
        whole = self.whole
        if whole is not None:
            self.count = 0
            return whole
        front = self.front
        element = front.pop() if front is not None and len(front) > 0 else self._unpack_first()
        self.count -= 1
        self.size -= listpack_size(element)
        return element

    def _unpack_first(self) -> bytes:
        """Take the first element out of `data`, and some more into `front` if there are many."""
        if self.back is not None:
            self.tidy()
        raw = bytes(self.data)
        taken = LOOSE if self.count > LOOSE else 1
        found: list[bytes] = []
        offset = unpack_entries(found, raw, 0, taken)
        del self.data[:offset]
        found.reverse()
        element = found.pop()
        self.front = found if len(found) > 0 else None
        return element

    def get(self, compressor: Compressor | None, index: int) -> bytes:
        whole = self.whole
        if whole is not None:
            return whole
        raw = self.raw(compressor)
        found: list[bytes] = []
        unpack_entries(found, raw, offset_of(raw, index, self.count), 1)
        return found[0]

    def read_into(self, out: list[bytes], compressor: Compressor | None, index: int, count: int) -> None:
        """Append entries `index` to `index + count - 1` to `out`."""
        whole = self.whole
        if whole is not None:
            out.append(whole)
            return
        if index == 0 and self.packed is None:
            self.tidy()
            unpack_entries(out, self.data, 0, count)
        else:
            raw = self.raw(compressor)
            unpack_entries(out, raw, offset_of(raw, index, self.count), count)

    def matches(self, compressor: Compressor | None, element: bytes, needle: bytes) -> list[int]:
        """Which entries equal `element`, in order; `needle` is its packed form."""
        whole = self.whole
        if whole is not None:
            return [0] if whole == element else []
        raw = self.raw(compressor)
        if needle not in raw:  # a blob searched at memory speed; a hit may still be inside other entries
            return []
        entries: list[bytes] = []
        unpack_entries(entries, raw, 0, self.count)
        return [index for index in range(len(entries)) if entries[index] == element]

    def drop(self, indexes: list[int]) -> None:
        """Drop these entries, all of them maybe; the block is thawed."""
        if self.whole is not None:
            self.count = 0
            return
        entries: list[bytes] = []
        unpack_entries(entries, bytes(self.data), 0, self.count)
        for index in reversed(indexes):
            del entries[index]
        self.rebuild(entries)

    def insert(self, index: int, element: bytes) -> None:
        """Put `element` before entry `index`; the block is thawed."""
        offset = offset_of(bytes(self.data), index, self.count)
        self.data[offset:offset] = pack_entry(element)
        self.count += 1
        self.size += listpack_size(element)

    def replace(self, index: int, element: bytes) -> None:
        """The block is thawed and not `whole`."""
        raw = bytes(self.data)
        found: list[bytes] = []
        start = offset_of(raw, index, self.count)
        end = unpack_entries(found, raw, start, 1)
        self.data[start:end] = pack_entry(element)
        self.size += listpack_size(element) - listpack_size(found[0])

    def delete(self, index: int, count: int) -> None:
        """Drop `count` entries from `index` on, not all of them; the block is thawed."""
        raw = bytes(self.data)
        gone: list[bytes] = []
        start = offset_of(raw, index, self.count)
        end = unpack_entries(gone, raw, start, count)
        del self.data[start:end]
        self.count -= count
        for element in gone:
            self.size -= listpack_size(element)

    def split(self, index: int) -> Block:
        """Keep the entries before `index`, give the others in a new block; the block is thawed."""
        raw = bytes(self.data)
        offset = offset_of(raw, index, self.count)
        upper = Block()
        upper.fill(raw[offset:], self.count - index)
        self.data = bytearray(raw[:offset])
        self.count = index
        self.size -= upper.size - LISTPACK_HEADER
        return upper

    def fill(self, raw: bytes, count: int) -> None:
        """Become a block of these packed entries."""
        self.data = bytearray(raw)
        self.count = count
        self.size = LISTPACK_HEADER
        entries: list[bytes] = []
        unpack_entries(entries, raw, 0, count)
        for element in entries:
            self.size += listpack_size(element)

    def merge(self, after: Block) -> None:
        """Take over the entries of the block after this one; both are thawed."""
        self.data += after.data
        self.count += after.count
        self.size += after.size - LISTPACK_HEADER

    def rebuild(self, entries: list[bytes]) -> None:
        """Become a block of these entries."""
        self.data = bytearray(pack_entries(entries))
        self.count = len(entries)
        self.size = LISTPACK_HEADER
        for element in entries:
            self.size += listpack_size(element)

    def copy(self) -> Block:
        self.tidy()
        twin = Block()
        twin.data = bytearray(self.data)
        twin.count = self.count
        twin.size = self.size
        twin.whole = self.whole
        twin.packed = self.packed
        twin.raw_length = self.raw_length
        return twin

    def stored_bytes(self) -> int:
        """What it holds of the elements, without the object around it."""
        whole = self.whole
        if whole is not None:
            return len(whole)
        packed = self.packed
        if packed is not None:
            return len(packed)
        return self.size

    def _check(self, compressor: Compressor | None) -> None:
        whole = self.whole
        if whole is not None:
            assert self.count == 1 and not self.data and self.packed is None and self.size == len(whole)
            return
        raw = self.raw(compressor)
        entries: list[bytes] = []
        assert self.count > 0
        assert unpack_entries(entries, raw, 0, self.count) == len(raw) == skip_forward(raw, 0, self.count)
        assert offset_of(raw, self.count - 1, self.count) == len(raw) - len(pack_entry(entries[-1]))
        assert self.size == LISTPACK_HEADER + sum(listpack_size(element) for element in entries)
        assert self.packed is None or (not self.data and self.raw_length == len(raw))


def single(element: bytes, large: bool) -> Block:
    """A block of one element."""
    block = Block()
    if large:
        block.whole = element
        block.count = 1
        block.size = len(element)
    else:
        block.append(element)
    return block


class NodeInfo:
    """What DEBUG says of a node: entries, listpack bytes, stored bytes, and how it is stored."""

    def __init__(self, block: Block) -> None:
        self.count: Final[int] = block.count
        self.size: Final[int] = block.size
        self.stored: Final[int] = block.stored_bytes()
        self.plain: Final[bool] = block.whole is not None
        self.compressed: Final[bool] = block.packed is not None
