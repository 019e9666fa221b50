"""The row of blocks under a list: where an index is, how blocks split, merge, and are compressed.

The rules are those of Redis's quicklist, so that what DEBUG and OBJECT ENCODING say is the same.

`_starts[i]` is where block i begins, counted from wherever the second block happened to begin: pushes and pops
at the ends then change nothing, and a change inside only makes those after it unknown until next needed.
"""

from __future__ import annotations

from bisect import bisect_right

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.list_blocks import (
    ESTIMATED_OVERHEAD,
    NODE_SIZES,
    Block,
    exceeds_limit,
    is_large,
    single,
)
from miniredis.datatypes.packed_entries import LISTPACK_HEADER
from miniredis.datatypes.value import Value


class BlockRow(Value):
    """Blocks in order; a listpack has at most one."""

    def __init__(self, limits: EncodingLimits) -> None:
        self.limits: EncodingLimits = limits
        self._blocks: list[Block] = []
        self._starts: list[int] = []
        self._size: int = 0
        self._is_listpack: bool = True

    def _place_of(self, index: int) -> int:
        """The block that holds element `index`, which exists."""
        blocks = self._blocks
        head = blocks[0].count
        if index < head:
            return 0
        last = len(blocks) - 1
        if index >= self._size - blocks[last].count:
            return last
        starts = self._starts
        known = len(starts)
        if known <= last:
            if known < 2:
                starts.clear()
                starts.append(0)
                starts.append(0)
                known = 2
            while known <= last:
                starts.append(starts[known - 1] + blocks[known - 1].count)
                known += 1
        return bisect_right(starts, index - head + starts[1], 1) - 1

    def _start_of(self, place: int) -> int:
        """The index of the first element of the block that `_place_of` has just given."""
        if place == 0:
            return 0
        blocks = self._blocks
        if place == len(blocks) - 1:
            return self._size - blocks[place].count
        starts = self._starts
        return starts[place] - starts[1] + blocks[0].count

    def _forget(self, place: int) -> None:
        """The number of entries of this block changed, or blocks came or went after it."""
        del self._starts[place + 1 if place > 0 else 0 :]

    def _add_block(self, place: int, block: Block) -> None:
        self._forget(place - 1 if place > 0 else 0)
        self._blocks.insert(place, block)

    # What fits, and the encoding that follows from it.

    def _is_large(self, element: bytes) -> bool:
        """Whether it stands alone; in a listpack nothing does."""
        limits = self.limits
        return not self._is_listpack and is_large(
            limits.list_max_listpack_size, limits.quicklist_packed_threshold, len(element)
        )

    def _allows(self, block: Block, length: int) -> bool:
        """Whether the block has room for an element of `length` bytes."""
        if block.whole is not None:
            return False
        limits = self.limits
        threshold = limits.quicklist_packed_threshold
        if threshold > 0 and length >= threshold:
            return False
        size = block.size + length + ESTIMATED_OVERHEAD
        return not exceeds_limit(limits.list_max_listpack_size, size, block.count + 1)

    def _grow(self, length: int, count: int) -> None:
        """Become a quicklist if `count` more elements of `length` bytes together are too many for a listpack."""
        if self._blocks:
            length += self._blocks[0].size
            count += self._blocks[0].count
        else:
            length += LISTPACK_HEADER
        if exceeds_limit(self.limits.list_max_listpack_size, length, count):
            self._is_listpack = False

    def _shrink(self, half: bool) -> None:
        """Become a listpack if a single block of at most the limit, or half of it, is all there is."""
        if len(self._blocks) != 1:
            return
        block = self._blocks[0]
        if block.whole is not None:
            return
        fill = self.limits.list_max_listpack_size
        parts = 2 if half else 1
        if fill < 0:
            if block.size > NODE_SIZES[-fill - 1 if fill > -5 else 4] // parts:
                return
        elif block.count > (fill if fill > 0 else 1) // parts:
            return
        block.thaw(self.limits.list_compressor)
        self._is_listpack = True

    def _clear(self) -> None:
        self._blocks = []
        self._starts = []
        self._size = 0

    # Changing the row of blocks in the middle.

    def _insert(self, place: int, offset: int, element: bytes, after: bool) -> None:
        """Put an element before or after entry `offset` of a block, where Redis would put it."""
        blocks = self._blocks
        block = blocks[place]
        compressor = self.limits.list_compressor
        large = self._is_large(element)
        at_head = not after and offset == 0
        at_tail = after and offset == block.count - 1
        if self._is_listpack or (not large and self._allows(block, len(element))):
            block.thaw(compressor)
            block.insert(offset + 1 if after else offset, element)
            self._freeze(block, place)
            self._forget(place)
        elif at_tail or at_head:
            beside = place + 1 if at_tail else place - 1
            if not large and 0 <= beside < len(blocks) and self._allows(blocks[beside], len(element)):
                neighbour = blocks[beside]
                neighbour.thaw(compressor)
                if at_tail:
                    neighbour.prepend(element)
                else:
                    neighbour.append(element)
                self._freeze(neighbour, beside)
                self._forget(min(place, beside))
            else:
                self._add_block(place + 1 if at_tail else place, single(element, large))
                self._compress_near(place)
        else:
            block.thaw(compressor)
            upper = block.split(offset + 1 if after else offset)
            self._add_block(place + 1, upper)
            if large:
                self._add_block(place + 1, single(element, True))
            elif after:
                upper.prepend(element)
            else:
                block.append(element)
            self._merge_around(place if not large else place + 1)

    def _replace_by_large(self, place: int, offset: int, element: bytes) -> None:
        """A packed entry gives way to an element that stands alone."""
        block = self._blocks[place]
        if block.count == 1:
            self._blocks[place] = single(element, True)
            return
        if offset == 0:
            block.delete(0, 1)
            self._add_block(place, single(element, True))
            return
        if offset < block.count - 1:
            self._add_block(place + 1, block.split(offset + 1))
        block.delete(offset, 1)
        self._add_block(place + 1, single(element, True))

    def _merge_around(self, place: int) -> None:
        """Merge a block and its neighbours where two fit in one."""
        place -= self._merge(place - 2)
        self._merge(place + 1)
        place -= self._merge(place - 1)
        self._merge(place)
        self._compress_near(place)

    def _merge(self, place: int) -> int:
        """Merge the block at `place` and the one after it, if they are there and fit; how many blocks went."""
        blocks = self._blocks
        if place < 0 or place + 1 >= len(blocks):
            return 0
        block = blocks[place]
        other = blocks[place + 1]
        if block.whole is not None or other.whole is not None:
            return 0
        size = block.size + other.size - LISTPACK_HEADER
        if exceeds_limit(self.limits.list_max_listpack_size, size, block.count + other.count):
            return 0
        compressor = self.limits.list_compressor
        block.thaw(compressor)
        other.thaw(compressor)
        block.merge(other)
        self._forget(place - 1 if place > 0 else 0)
        del blocks[place + 1]
        return 1

    # Compression of what lies `list-compress-depth` blocks from both ends.

    def _freeze(self, block: Block, place: int) -> None:
        """Compress a block that was changed, if its place says so."""
        depth = self.limits.list_compress_depth
        compressor = self.limits.list_compressor
        if depth > 0 and compressor is not None and depth <= place < len(self._blocks) - depth:
            block.freeze(compressor)

    def _compress_near(self, place: int) -> None:
        if self.limits.list_compress_depth > 0:
            for near in range(max(place - 3, 0), min(place + 4, len(self._blocks))):
                self._freeze(self._blocks[near], near)
            self._compress_ends()

    def _compress_ends(self) -> None:
        """A block came or went: open those that came near an end, compress the next."""
        depth = self.limits.list_compress_depth
        if depth == 0:
            return
        compressor = self.limits.list_compressor
        blocks = self._blocks
        last = len(blocks) - 1
        for distance in range(min(depth, last + 1)):
            blocks[distance].thaw(compressor)
            blocks[last - distance].thaw(compressor)
        if last >= depth:
            self._freeze(blocks[depth], depth)
            self._freeze(blocks[last - depth], last - depth)

    def _check(self) -> None:
        compressor = self.limits.list_compressor
        total = 0
        for place, block in enumerate(self._blocks):
            block._check(compressor)
            if 1 < place < len(self._starts):
                assert self._starts[place] == self._starts[place - 1] + self._blocks[place - 1].count
            total += block.count
        assert total == self._size
        assert len(self._starts) <= max(len(self._blocks), 2)
        assert not self._is_listpack or len(self._blocks) <= 1
