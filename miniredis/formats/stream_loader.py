"""Reads a stream, an item at a time: nodes, then the head, then group by group.

NODE --(no node left)--> HEAD --> GROUP --> PENDING... --> CONSUMERS --> CONSUMER --> OWNED...
                                    ^                          |            ^            |
                                    +------(no consumer left)--+            +------------+
"""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.stream_blocks import StreamEntry
from miniredis.datatypes.stream_entries import SAME_FIELDS
from miniredis.datatypes.stream_groups import UNKNOWN_READ, Consumer, Group
from miniredis.datatypes.stream_ids import MAX_ID, SEQ_BITS, SEQ_MAX, make_id
from miniredis.datatypes.streams import StreamValue
from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.formats.listpack import ListpackReader
from miniredis.formats.packed import BATCH
from miniredis.formats.rdb_primitives import RdbSource
from miniredis.formats.registry import ValueLoader
from miniredis.resp.numbers import parse_int64

TYPE_LISTPACKS: Final = 15
TYPE_LISTPACKS_2: Final = 19
TYPE_LISTPACKS_3: Final = 21
ID_SIZE: Final = 16
ENTRY_HEAD: Final = 3  # flags, milliseconds, sequence
DELETED: Final = 1

START: Final = 0
NODE: Final = 1
HEAD: Final = 2
GROUP: Final = 3
PENDING: Final = 4
CONSUMERS: Final = 5
CONSUMER: Final = 6
OWNED: Final = 7
DONE: Final = 8


class StreamLoader(ValueLoader):
    def __init__(self, limits: EncodingLimits, code: int) -> None:
        super().__init__()
        self._stream: StreamValue = StreamValue(limits)
        self.value = self._stream
        self._code: int = code
        self._state: int = START
        self._nodes_left: int = 0
        self._last_id: int = -1
        self._groups_left: int = 0
        self._group: Group = Group(0, 0)
        self._pending_left: int = 0
        self._pending: dict[int, tuple[int, int]] = {}  # times and counts, until a consumer claims them
        self._consumers_left: int = 0
        self._consumer: Consumer = Consumer(b"", 0)
        self._owned_left: int = 0

    def advance(self, source: RdbSource, budget: int) -> bool:
        while self._state != DONE:
            if budget <= 0:
                return False
            position = source.position
            try:
                budget -= self._step(source)
            except IncompleteError:
                source.position = position
                raise
        return True

    def _step(self, source: RdbSource) -> int:
        """Read one item; how much work that was.  State changes only after all reads of an item."""
        state = self._state
        if state == START:
            self._nodes_left = source.read_length()
            self._state = NODE if self._nodes_left > 0 else HEAD
        elif state == NODE:
            return self._read_node(source)
        elif state == HEAD:
            self._read_head(source)
        elif state == GROUP:
            self._read_group(source)
        elif state == PENDING:
            self._read_pending(source)
        elif state == CONSUMERS:
            self._consumers_left = source.read_length()
            self._next_consumer()
        elif state == CONSUMER:
            self._read_consumer(source)
        else:
            self._read_owned(source)
        return 1

    def _read_node(self, source: RdbSource) -> int:
        key = source.read_string()
        blob = source.read_string()
        if len(key) != ID_SIZE:
            raise FormatError("a stream node's key is not an ID")
        node = _Node(int.from_bytes(key, "big"), ListpackReader(blob), self._last_id)
        master_id = node.master_id
        while entries := node.next_entries():
            # One that holds far more than any setting allows is split: it may be an attempt on the memory.
            if any(not entry.is_deleted for entry in entries):  # Redis drops nodes without living entries as well
                self._stream.load_block(master_id, node.fields, entries)
            master_id = node.last_id + 1
        self._last_id = node.last_id
        self._nodes_left -= 1
        if self._nodes_left == 0:
            self._state = HEAD
        return node.found

    def _read_head(self, source: RdbSource) -> None:
        length = source.read_length()
        last_id = _read_id(source)
        max_deleted_id = 0
        added = length
        if self._code != TYPE_LISTPACKS:
            _read_id(source)  # the first entry's, which the nodes tell as well
            max_deleted_id = _read_id(source)
            added = source.read_length()
        groups = source.read_length()
        stream = self._stream
        if length != stream.size() or self._last_id > last_id:
            raise FormatError("a stream's length or last ID is not that of its entries")
        stream.last_id = last_id
        first = stream.range(0, MAX_ID, 1)
        stream.first_id = first[0].id if first else 0
        stream.max_deleted_id = max_deleted_id
        stream.entries_added = _count(added)
        self._groups_left = groups
        self._next_group()

    def _next_group(self) -> None:
        if self._pending:
            raise FormatError("a pending entry belongs to no consumer")
        self._state = GROUP if self._groups_left > 0 else DONE
        self._groups_left -= 1

    def _read_group(self, source: RdbSource) -> None:
        name = source.read_string()
        last_id = _read_id(source)
        read = self._stream.entries_read_at(last_id)
        if self._code != TYPE_LISTPACKS:
            read = source.read_length()
            read = UNKNOWN_READ if read == SEQ_MAX else _count(read)
        pending = source.read_length()
        if name in self._stream.groups:
            raise FormatError("a stream has a group twice")
        self._group = Group(last_id, read)
        self._stream.groups[name] = self._group
        self._pending_left = pending
        self._state = PENDING if pending > 0 else CONSUMERS

    def _read_pending(self, source: RdbSource) -> None:
        entry_id = int.from_bytes(source.read_bytes(ID_SIZE), "big")
        delivered_ms = source.read_milliseconds()
        deliveries = _count(source.read_length())
        if entry_id in self._pending:
            raise FormatError("an entry is pending twice")
        self._pending[entry_id] = (delivered_ms, deliveries)
        self._pending_left -= 1
        if self._pending_left == 0:
            self._state = CONSUMERS

    def _next_consumer(self) -> None:
        if self._consumers_left > 0:
            self._consumers_left -= 1
            self._state = CONSUMER
        else:
            self._next_group()

    def _read_consumer(self, source: RdbSource) -> None:
        name = source.read_string()
        seen_ms = source.read_milliseconds()
        active_ms = source.read_milliseconds() if self._code == TYPE_LISTPACKS_3 else seen_ms
        owned = source.read_length()
        if name in self._group.consumers:
            raise FormatError("a group has a consumer twice")
        self._consumer = self._group.consumer(name, seen_ms)
        self._consumer.active_ms = active_ms
        self._owned_left = owned
        if owned > 0:
            self._state = OWNED
        else:
            self._next_consumer()

    def _read_owned(self, source: RdbSource) -> None:
        entry_id = int.from_bytes(source.read_bytes(ID_SIZE), "big")
        found = self._pending.pop(entry_id, None)
        if found is None:
            raise FormatError("a consumer's pending entry is not its group's, or another's as well")
        self._group.give(entry_id, self._consumer, found[0], found[1])
        self._owned_left -= 1
        if self._owned_left == 0:
            self._next_consumer()


class _Node:
    """The entries of one listpack, checked: IDs grow, counts and lengths agree."""

    def __init__(self, master_id: int, reader: ListpackReader, previous_id: int) -> None:
        self.master_id: int = master_id
        self.last_id: int = previous_id
        self.found: int = 0
        self._reader: ListpackReader = reader
        self._elements: list[bytes] = []
        self._at: int = 0
        self._living: int = self._number()
        self._deleted: int = self._number()
        self.fields: list[bytes] = self._texts(self._number())
        if self._number() != 0 or master_id <= previous_id:
            raise FormatError("a stream node has no end of its head, or does not follow the one before")

    def next_entries(self) -> list[StreamEntry]:
        """Up to BATCH entries; none at the end."""
        entries: list[StreamEntry] = []
        while len(entries) < BATCH and self._has(1):
            entry = self._read_entry()
            entries.append(entry)
            if entry.is_deleted:
                self._deleted -= 1
            else:
                self._living -= 1
        self.found += len(entries)
        if not entries and (self._living != 0 or self._deleted != 0):
            raise FormatError("a stream node has another number of entries")
        return entries

    def _read_entry(self) -> StreamEntry:
        flags = self._number()
        ms = (self.master_id >> SEQ_BITS) + self._number() & SEQ_MAX
        seq = (self.master_id & SEQ_MAX) + self._number() & SEQ_MAX
        items: list[bytes] = []
        size = ENTRY_HEAD
        if flags & SAME_FIELDS:
            values = self._texts(len(self.fields))
            size += len(values)
            for index, field in enumerate(self.fields):
                items.append(field)
                items.append(values[index])
        else:
            items = self._texts(2 * self._number())
            size += len(items) + 1
        if self._number() != size:
            raise FormatError("a stream entry has another length")
        entry_id = make_id(ms, seq)
        if entry_id <= self.last_id or entry_id < self.master_id:
            raise FormatError("a stream's entries are out of order")
        self.last_id = entry_id
        return StreamEntry(entry_id, items, flags & DELETED != 0)

    def _number(self) -> int:
        found = parse_int64(self._texts(1)[0])
        if found is None:
            raise FormatError("a text where a stream node has a number")
        return found

    def _has(self, count: int) -> bool:
        """Whether so many elements are left; they are in `_elements` then."""
        while len(self._elements) - self._at < count:
            batch = self._reader.next_batch(BATCH)
            if not batch:
                return False
            self._elements = self._elements[self._at :] + batch
            self._at = 0
        return True

    def _texts(self, count: int) -> list[bytes]:
        if count < 0 or not self._has(count):
            raise FormatError("a stream entry is cut off")
        start = self._at
        self._at = start + count
        return self._elements[start : self._at]


def _read_id(source: RdbSource) -> int:
    ms = source.read_length()
    return make_id(ms, source.read_length())


def _count(number: int) -> int:
    """A counter, which is a signed number of 64 bits in Redis."""
    if number >> 63:
        raise FormatError("an impossible count")
    return number
