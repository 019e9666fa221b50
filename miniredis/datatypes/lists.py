"""A list as Redis's quicklist: a row of blocks, each some kB of packed entries.

Elements cost two bytes beside their own.  The blocks are split and merged by the same rules as Redis's nodes,
so that what DEBUG and OBJECT ENCODING say of them is the same too: a small list is one block ("listpack"),
and becomes a row of blocks ("quicklist") when a push would exceed `list-max-listpack-size`; it turns back once
a single block of half that is left.

push and pop at both ends: O(1).  get, set, range: O(log blocks + block + m), from both ends and in the middle.
insert, remove, positions: O(n), block by block at memory speed.  trim: O(removed).
"""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.list_blocks import Block, NodeInfo, single
from miniredis.datatypes.list_row import BlockRow
from miniredis.datatypes.packed_entries import pack_entry

OBJECT_BYTES: Final = 200  # of a block beside its entries, with its places in the two rows
SAMPLED_BLOCKS: Final = 64


class ListValue(BlockRow):
    """Byte strings in order."""

    def type_name(self) -> bytes:
        return b"list"

    def encoding(self) -> bytes:
        return b"listpack" if self._is_listpack else b"quicklist"

    def size(self) -> int:
        return self._size

    def copy(self) -> ListValue:
        twin = ListValue(self.limits)
        twin._blocks = [block.copy() for block in self._blocks]
        twin._size = self._size
        twin._is_listpack = self._is_listpack
        return twin

    def memory(self) -> int:
        blocks = self._blocks
        step = len(blocks) // SAMPLED_BLOCKS + 1
        sampled = blocks[::step]
        stored = sum(block.stored_bytes() for block in sampled)
        return 120 + len(blocks) * OBJECT_BYTES + (stored * len(blocks) // len(sampled) if sampled else 0)

    # Blocks, for what walks the whole list: persistence, digests, DEBUG.

    def block_count(self) -> int:
        return len(self._blocks)

    def block_entries(self, place: int) -> list[bytes]:
        """The elements of one block; all blocks in turn are the list."""
        block = self._blocks[place]
        entries: list[bytes] = []
        block.read_into(entries, self.limits.list_compressor, 0, block.count)
        return entries

    def node(self, place: int) -> NodeInfo:
        return NodeInfo(self._blocks[place])

    def load_node(self, entries: list[bytes]) -> None:
        """Append a node as a file has it, whatever its size; `settle` after the last."""
        self._is_listpack = False
        block = Block()
        block.rebuild(entries)
        self._load(block)

    def load_plain(self, element: bytes) -> None:
        """Append a node that a file has as one plain element."""
        self._is_listpack = False
        self._load(single(element, True))

    def settle(self) -> None:
        """Choose the encoding of a list that was loaded."""
        self._shrink(False)

    def _load(self, block: Block) -> None:
        self._blocks.append(block)
        self._size += block.count
        self._compress_ends()

    # Both ends.

    def push_left(self, element: bytes) -> None:
        if self._is_listpack:
            self._grow(len(element), 1)
        self._push_left(element)

    def push_right(self, element: bytes) -> None:
        if self._is_listpack:
            self._grow(len(element), 1)
        self._push_right(element)

    def extend_left(self, elements: list[bytes]) -> None:
        """Push each in turn: the last comes to stand first."""
        if self._is_listpack:
            self._grow(sum([len(element) for element in elements]), len(elements))
        for element in elements:
            self._push_left(element)

    def extend_right(self, elements: list[bytes]) -> None:
        if self._is_listpack:
            self._grow(sum([len(element) for element in elements]), len(elements))
        for element in elements:
            self._push_right(element)

    def pop_left(self) -> bytes:
        """The first element; the list is not empty."""
        block = self._blocks[0]
        if block.packed is not None:
            block.thaw(self.limits.list_compressor)
        element = block.pop_first()
        self._size -= 1
        if block.count == 0:
            del self._blocks[0]
            del self._starts[:1]
            self._compress_ends()
        if not self._is_listpack and len(self._blocks) == 1:
            self._shrink(True)
        return element

    def pop_right(self) -> bytes:
        """The last element; the list is not empty."""
        block = self._blocks[-1]
        if block.packed is not None:
            block.thaw(self.limits.list_compressor)
        element = block.pop_last()
        self._size -= 1
        if block.count == 0:
            del self._blocks[-1]
            del self._starts[len(self._blocks) :]
            self._compress_ends()
        if not self._is_listpack and len(self._blocks) == 1:
            self._shrink(True)
        return element

    def take_left(self, count: int) -> list[bytes]:
        """Up to `count` elements from the head, the first first."""
        if count >= self._size:
            found = self.range(0, self._size - 1)
            self._clear()
            return found
        return [self.pop_left() for _ in range(count)]

    def take_right(self, count: int) -> list[bytes]:
        """Up to `count` elements from the tail, the last first."""
        if count >= self._size:
            found = self.range(0, self._size - 1)
            found.reverse()
            self._clear()
            return found
        return [self.pop_right() for _ in range(count)]

    def _push_left(self, element: bytes) -> None:
        self._size += 1
        blocks = self._blocks
        if blocks:
            block = blocks[0]
            if self._is_listpack or self._allows(block, len(element)):
                if block.packed is not None:
                    block.thaw(self.limits.list_compressor)
                block.prepend(element)
                return
            if len(blocks) > 1:
                block.seal()
            if len(self._starts) > 1:
                self._starts.insert(1, self._starts[1] - block.count)
        blocks.insert(0, single(element, self._is_large(element)))
        self._compress_ends()

    def _push_right(self, element: bytes) -> None:
        self._size += 1
        blocks = self._blocks
        if blocks:
            block = blocks[-1]
            if self._is_listpack or self._allows(block, len(element)):
                if block.packed is not None:
                    block.thaw(self.limits.list_compressor)
                block.append(element)
                return
            if len(blocks) > 1:
                block.seal()
            if 1 < len(self._starts) == len(blocks):
                self._starts.append(self._starts[-1] + block.count)
        blocks.append(single(element, self._is_large(element)))
        self._compress_ends()

    # By index.

    def get(self, index: int) -> bytes | None:
        """The element at `index`, from the end when negative; None when there is none."""
        if index < 0:
            index += self._size
        if index < 0 or index >= self._size:
            return None
        place = self._place_of(index)
        return self._blocks[place].get(self.limits.list_compressor, index - self._start_of(place))

    def range(self, start: int, stop: int) -> list[bytes]:
        """Elements `start` to `stop`, both included, negative from the end; as many of them as there are."""
        size = self._size
        if start < 0:
            start = max(start + size, 0)
        if stop < 0:
            stop += size
        if stop >= size:
            stop = size - 1
        found: list[bytes] = []
        if start > stop:
            return found
        compressor = self.limits.list_compressor
        place = self._place_of(start)
        offset = start - self._start_of(place)
        wanted = stop - start + 1
        while wanted > 0:
            block = self._blocks[place]
            here = min(block.count - offset, wanted)
            block.read_into(found, compressor, offset, here)
            wanted -= here
            offset = 0
            place += 1
        return found

    def set(self, index: int, element: bytes) -> bool:
        """Replace the element at `index`; False when there is none."""
        if self._is_listpack:
            self._grow(len(element), 1)
        if index < 0:
            index += self._size
        if index < 0 or index >= self._size:
            return False
        place = self._place_of(index)
        offset = index - self._start_of(place)
        block = self._blocks[place]
        block.thaw(self.limits.list_compressor)
        large = self._is_large(element)
        if block.whole is not None:
            if large:
                block.whole = element
                block.size = len(element)
            else:
                # It goes where an insertion would put it, maybe in with the next.
                self._insert(place, 0, element, True)
                del self._blocks[place]
                self._forget(place - 1 if place > 0 else 0)
                place = max(place - 1, 0)
        elif large:
            self._replace_by_large(place, offset, element)
        else:
            block.replace(offset, element)
        self._compress_near(place)
        if not self._is_listpack:
            self._shrink(True)
        return True

    def trim(self, start: int, stop: int) -> None:
        """Keep what `range(start, stop)` gives."""
        size = self._size
        if start < 0:
            start = max(start + size, 0)
        if stop < 0:
            stop += size
        if stop >= size:
            stop = size - 1
        if start > stop:
            self._clear()
            return
        self._size = stop - start + 1
        compressor = self.limits.list_compressor
        blocks = self._blocks
        excess = size - 1 - stop
        last = len(blocks)
        while excess >= blocks[last - 1].count:
            last -= 1
            excess -= blocks[last].count
        del blocks[last:]
        del self._starts[last:]
        if excess > 0:
            blocks[-1].thaw(compressor)
            blocks[-1].delete(blocks[-1].count - excess, excess)
        first = 0
        while start >= blocks[first].count:
            start -= blocks[first].count
            first += 1
        del blocks[:first]
        del self._starts[:first]
        if start > 0:
            blocks[0].thaw(compressor)
            blocks[0].delete(0, start)
        self._compress_ends()
        if not self._is_listpack:
            self._shrink(True)

    # By value.

    def insert(self, pivot: bytes, element: bytes, after: bool) -> bool:
        """Put `element` before or after the first `pivot`; False when there is none."""
        if self._is_listpack:
            self._grow(len(element), 1)
        needle = pack_entry(pivot)
        for place in range(len(self._blocks)):
            offsets = self._blocks[place].matches(self.limits.list_compressor, pivot, needle)
            if offsets:
                self._insert(place, offsets[0], element, after)
                self._size += 1
                return True
        return False

    def remove(self, element: bytes, count: int) -> int:
        """Drop the first `count` equal elements (the last when negative, all when 0); how many were dropped."""
        needle = pack_entry(element)
        left = abs(count) if count != 0 else self._size
        removed = 0
        first = len(self._blocks)
        places = len(self._blocks)
        emptied = False
        compressor = self.limits.list_compressor
        for step in range(places):
            place = step if count >= 0 else places - 1 - step
            block = self._blocks[place]
            offsets = block.matches(compressor, element, needle)
            if not offsets:
                continue
            if len(offsets) > left:
                offsets = offsets[:left] if count >= 0 else offsets[-left:]
            block.thaw(compressor)
            block.drop(offsets)
            emptied = emptied or block.count == 0
            self._freeze(block, place)
            first = min(first, place)
            removed += len(offsets)
            left -= len(offsets)
            if left == 0:
                break
        if removed == 0:
            return 0
        self._size -= removed
        self._forget(first)
        if emptied:
            self._blocks = [block for block in self._blocks if block.count > 0]
            self._forget(0)
            self._compress_ends()
        if not self._is_listpack:
            self._shrink(True)
        return removed

    def positions(self, element: bytes, rank: int, count: int, max_compared: int) -> list[int]:
        """Indexes of equal elements, from the `rank`th on (from the tail when negative): at most `count` of them
        (0: all), among the first `max_compared` elements looked at (0: all)."""
        needle = pack_entry(element)
        backwards = rank < 0
        skipped = abs(rank) - 1
        left = max_compared if max_compared > 0 else self._size
        wanted = count if count > 0 else self._size
        found: list[int] = []
        places = len(self._blocks)
        start = self._size if backwards else 0
        compressor = self.limits.list_compressor
        for step in range(places):
            block = self._blocks[places - 1 - step if backwards else step]
            total = block.count
            if backwards:
                start -= total
            offsets = block.matches(compressor, element, needle)
            if backwards:
                offsets.reverse()
            for offset in offsets:
                if (total - 1 - offset if backwards else offset) >= left:
                    break
                if skipped > 0:
                    skipped -= 1
                    continue
                found.append(start + offset)
                if len(found) == wanted:
                    return found
            if not backwards:
                start += total
            left -= total
            if left <= 0:
                break
        return found
