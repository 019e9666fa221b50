"""A stream: entries with growing IDs, in blocks found by bisection, and its consumer groups.

add: O(1).  range, from both ends: O(log n + block + m).  delete: O(log n + block).  trim: O(removed blocks) and one
block.  A deleted entry is only flagged, its block goes when none lives in it: the rules, and the limits of a
block, are Redis's, since what approximate trimming removes depends on them.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.stream_blocks import StreamBlock, StreamEntry
from miniredis.datatypes.stream_groups import UNKNOWN_READ, Group
from miniredis.datatypes.stream_ids import MAX_ID, SEQ_BITS, SEQ_MAX, make_id, radix_tree_nodes
from miniredis.datatypes.value import Value

MAX_BLOCK_BYTES: Final = 1 << 30
BLOCK_OVERHEAD: Final = 250  # the objects of a block, its ID and its places
SAMPLED_BLOCKS: Final = 64
EVERYTHING: Final = (1 << 63) - 1


class StreamValue(Value):
    """IDs are integers as `stream_ids` makes them; 0 stands for 0-0, which no entry has."""

    def __init__(self, limits: EncodingLimits) -> None:
        self.limits: EncodingLimits = limits
        self._blocks: list[StreamBlock] = []
        self._master_ids: list[int] = []
        self._length: int = 0
        self.first_id: int = 0
        self.last_id: int = 0
        self.max_deleted_id: int = 0
        self.entries_added: int = 0
        self.groups: dict[bytes, Group] = {}

    def type_name(self) -> bytes:
        return b"stream"

    def encoding(self) -> bytes:
        return b"stream"

    def size(self) -> int:
        """Entries; an empty stream stays all the same."""
        return self._length

    def copy(self) -> StreamValue:
        twin = StreamValue(self.limits)
        twin._blocks = [block.copy() for block in self._blocks]
        twin._master_ids = list(self._master_ids)
        twin._length = self._length
        twin.first_id = self.first_id
        twin.last_id = self.last_id
        twin.max_deleted_id = self.max_deleted_id
        twin.entries_added = self.entries_added
        for name, group in self.groups.items():
            twin.groups[name] = group.copy()
        return twin

    def memory(self) -> int:
        blocks = self._blocks
        sampled = blocks[:: len(blocks) // SAMPLED_BLOCKS + 1]
        stored = sum(len(block.data) for block in sampled)
        total = 250 + len(blocks) * BLOCK_OVERHEAD + (stored * len(blocks) // len(sampled) if sampled else 0)
        return total + sum(group.memory() for group in self.groups.values())

    # Adding.

    def next_id(self, now_ms: int) -> int:
        """The ID of an entry added now; -1 when the last possible one is used."""
        if now_ms > self.last_id >> SEQ_BITS:
            return make_id(now_ms, 0)
        return self.last_id + 1 if self.last_id < MAX_ID else -1

    def next_id_at(self, ms: int) -> int:
        """The next free ID of this millisecond; -1 when it is past or used up."""
        last_ms = self.last_id >> SEQ_BITS
        if ms > last_ms:
            return make_id(ms, 0)
        if ms < last_ms or self.last_id & SEQ_MAX == SEQ_MAX:
            return -1
        return self.last_id + 1

    def add(self, entry_id: int, items: list[bytes]) -> None:
        """Append an entry (fields and values in turn); its ID is greater than `last_id`."""
        blocks = self._blocks
        if not blocks or self._is_full(blocks[-1], items):
            fields = items[::2]
            if blocks:
                blocks[-1].seal()
                if blocks[-1].fields == fields:
                    fields = blocks[-1].fields
            blocks.append(StreamBlock(entry_id, fields))
            self._master_ids.append(entry_id)
        blocks[-1].append(entry_id, items)
        self._length += 1
        self.entries_added += 1
        self.last_id = entry_id
        if self._length == 1:
            self.first_id = entry_id

    def _is_full(self, block: StreamBlock, items: list[bytes]) -> bool:
        limits = self.limits
        max_entries = limits.stream_node_max_entries
        if max_entries > 0 and block.count + block.deleted >= max_entries:
            return True
        size = block.listpack_bytes()
        for item in items:
            size += len(item)
        max_bytes = limits.stream_node_max_bytes
        return size >= (max_bytes if 0 < max_bytes < MAX_BLOCK_BYTES else MAX_BLOCK_BYTES)

    # Reading.

    def range(self, start: int, end: int, count: int = EVERYTHING) -> list[StreamEntry]:
        """Living entries with IDs from `start` to `end`, the first `count`."""
        found: list[StreamEntry] = []
        blocks = self._blocks
        place = max(bisect_right(self._master_ids, start) - 1, 0)
        while place < len(blocks) and blocks[place].master_id <= end and len(found) < count:
            blocks[place].read_into(found, start, end, count - len(found))
            place += 1
        return found

    def reverse_range(self, start: int, end: int, count: int = EVERYTHING) -> list[StreamEntry]:
        """The same from `end` down to `start`."""
        found: list[StreamEntry] = []
        blocks = self._blocks
        place = bisect_right(self._master_ids, end) - 1
        while place >= 0 and blocks[place].last_id >= start and len(found) < count:
            blocks[place].read_backwards_into(found, start, end, count - len(found))
            place -= 1
        return found

    def get(self, entry_id: int) -> StreamEntry | None:
        found = self.range(entry_id, entry_id, 1)
        return found[0] if found else None

    def last_living_id(self) -> int:
        """The ID of the last entry that is not deleted; 0 when there is none."""
        found = self.reverse_range(0, MAX_ID, 1)
        return found[0].id if found else 0

    # Removing.

    def delete(self, entry_id: int) -> bool:
        """As XDEL: the ID may become `max_deleted_id`.  False when there is no such entry."""
        place = bisect_right(self._master_ids, entry_id) - 1
        if place < 0 or not self._blocks[place].mark_deleted(entry_id):
            return False
        self._length -= 1
        if self._blocks[place].count == 0:
            del self._blocks[place]
            del self._master_ids[place]
        self.max_deleted_id = max(self.max_deleted_id, entry_id)
        if self._length == 0 or entry_id == self.first_id:
            self._find_first()
        return True

    def trim_to_length(self, max_length: int, approximate: bool, limit: int) -> int:
        """Delete the oldest entries until `max_length` are left: whole blocks only when approximate, and no block
        that would bring the number of deleted entries over `limit` (0: none); how many were deleted."""
        blocks = self._blocks
        gone = 0
        whole = 0
        while whole < len(blocks) and self._length - gone > max_length:
            count = blocks[whole].count
            if limit > 0 and gone + count > limit:
                break
            if self._length - gone - count < max_length:
                if not approximate:
                    gone += blocks[whole].trim(MAX_ID, self._length - gone - max_length)
                break
            gone += count
            whole += 1
        self._drop_first(whole, gone)
        return gone

    def trim_to_id(self, min_id: int, approximate: bool, limit: int) -> int:
        """The same for the entries with IDs under `min_id`."""
        blocks = self._blocks
        gone = 0
        whole = 0
        while whole < len(blocks):
            count = blocks[whole].count
            if limit > 0 and gone + count > limit:
                break
            if blocks[whole].last_id >= min_id:
                if not approximate:
                    gone += blocks[whole].trim(min_id, count)
                break
            gone += count
            whole += 1
        self._drop_first(whole, gone)
        return gone

    def _drop_first(self, blocks: int, entries: int) -> None:
        if blocks > 0:
            del self._blocks[:blocks]
            del self._master_ids[:blocks]
        if entries > 0:
            self._length -= entries
            self._find_first()

    def _find_first(self) -> None:
        self.first_id = 0
        for block in self._blocks:
            living = block.first_living()
            if living >= 0:
                self.first_id = living
                return

    # What consumer groups have read.

    def has_tombstones(self, start: int) -> bool:
        """Whether XDEL may have removed an entry with an ID from `start` on, after the first that lives."""
        if self._length == 0 or self.max_deleted_id < self.first_id:
            return False
        return start <= self.max_deleted_id

    def entries_read_at(self, entry_id: int) -> int:
        """How many entries were ever added up to this ID; UNKNOWN_READ when deletions hide that."""
        if self.entries_added == 0:
            return 0
        if self._length == 0 and entry_id <= self.last_id:
            return self.entries_added
        if entry_id == self.last_id:
            return self.entries_added
        if entry_id > self.last_id:
            return UNKNOWN_READ
        if self.max_deleted_id == 0 or self.max_deleted_id < self.first_id:
            if entry_id < self.first_id:
                return self.entries_added - self._length
            if entry_id == self.first_id:
                return self.entries_added - self._length + 1
        return UNKNOWN_READ

    def lag(self, group: Group) -> int | None:
        """Entries the group has still to read; None when that cannot be said."""
        if self.entries_added == 0:
            return 0
        if group.entries_read != UNKNOWN_READ and not self.has_tombstones(group.last_id):
            return self.entries_added - group.entries_read
        read = self.entries_read_at(group.last_id)
        return None if read == UNKNOWN_READ else self.entries_added - read

    def advance(self, group: Group, entry_id: int) -> None:
        """The group was given this entry."""
        if entry_id > group.last_id:
            if group.entries_read != UNKNOWN_READ and not self.has_tombstones(entry_id):
                group.entries_read += 1
            elif self.entries_added > 0:
                group.entries_read = self.entries_read_at(entry_id)
            group.last_id = entry_id

    # Blocks, for persistence, digests and XINFO.

    def block_count(self) -> int:
        return len(self._blocks)

    def block(self, place: int) -> StreamBlock:
        return self._blocks[place]

    def tree_nodes(self) -> int:
        """How many nodes Redis's radix tree of the blocks would have."""
        return radix_tree_nodes(self._master_ids)

    def load_block(self, master_id: int, fields: list[bytes], entries: list[StreamEntry]) -> None:
        """Append a node as a file has it; the caller sets the counters and IDs of the stream itself."""
        block = StreamBlock(master_id, fields)
        for entry in entries:
            place = len(block.data)
            block.append(entry.id, entry.items)
            if entry.is_deleted:
                block.mark_place_deleted(place)
        block.seal()
        self._blocks.append(block)
        self._master_ids.append(master_id)
        self._length += block.count

    def _check(self) -> None:
        assert self._master_ids == [block.master_id for block in self._blocks] == sorted(self._master_ids)
        length = 0
        previous = -1
        for block in self._blocks:
            block._check()
            assert previous < block.master_id
            previous = block.last_id
            length += block.count
        assert length == self._length
        found = self.range(0, MAX_ID, 1)
        assert self.first_id == (found[0].id if found else 0)
        assert self.last_id >= self.last_living_id()
        for group in self.groups.values():
            group._check()
