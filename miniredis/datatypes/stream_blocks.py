"""One node of a stream: up to `stream-node-max-entries` entries, their IDs relative to the first one's.

stream_entries.py says how an entry is stored.  A deleted entry stays, flagged, as in Redis; `skipped` bytes of such
entries at the start are not read.
"""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.packed_entries import LISTPACK_HEADER, listpack_integer_size, listpack_size
from miniredis.datatypes.stream_entries import DELETED, SAME_FIELDS, append_entry
from miniredis.datatypes.stream_ids import SEQ_BITS, SEQ_MAX, make_id

INT64_SIGN: Final = 1 << 63


def read_varint(raw: bytes, offset: int) -> tuple[int, int]:
    """The number at `offset` and the offset after it."""
    byte = raw[offset]
    offset += 1
    if byte < 128:
        return byte, offset
    number = byte & 127
    shift = 7
    while True:
        byte = raw[offset]
        offset += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, offset
        shift += 7


class StreamEntry:
    """An entry as it is read: its ID, and fields and values in turn."""

    def __init__(self, entry_id: int, items: list[bytes], is_deleted: bool) -> None:
        self.id: Final[int] = entry_id
        self.items: Final[list[bytes]] = items
        self.is_deleted: Final[bool] = is_deleted


class StreamBlock:
    """Entries in the order of their IDs, from `master_id` on; `fields` are those of the first."""

    def __init__(self, master_id: int, fields: list[bytes]) -> None:
        self.master_id: Final[int] = master_id
        self._master_ms: Final[int] = master_id >> SEQ_BITS
        self._master_seq: Final[int] = master_id & SEQ_MAX
        self.fields: list[bytes] = fields
        self.data: bytearray = bytearray()
        self.skipped: int = 0
        self.count: int = 0
        self.deleted: int = 0
        self.last_id: int = master_id
        size = LISTPACK_HEADER + listpack_integer_size(len(fields)) + 2
        for field in fields:
            size += listpack_size(field)
        self._size: int = size

    def listpack_bytes(self) -> int:
        """What Redis's listpack of the same entries takes."""
        return self._size + listpack_integer_size(self.count) + listpack_integer_size(self.deleted)

    def append(self, entry_id: int, items: list[bytes]) -> None:
        """Add an entry after the last one."""
        ms_delta = (entry_id >> SEQ_BITS) - self._master_ms
        seq = entry_id & SEQ_MAX
        seq_delta = seq - self._master_seq
        if ms_delta == 0:
            seq = seq_delta
        elif seq_delta >= INT64_SIGN or seq_delta < -INT64_SIGN:
            seq_delta = (seq_delta + INT64_SIGN) % (1 << 64) - INT64_SIGN
        size = append_entry(self.data, ms_delta, seq, self.fields, items)
        self.count += 1
        self.last_id = entry_id
        self._size += 2 + listpack_integer_size(ms_delta) + listpack_integer_size(seq_delta) + size

    def _header(self, raw: bytes, offset: int) -> tuple[int, int, int]:
        """The ID of the entry at `offset`, and where its body begins and ends."""
        ms_delta, offset = read_varint(raw, offset + 1)
        seq, offset = read_varint(raw, offset)
        length, offset = read_varint(raw, offset)
        if ms_delta == 0:
            return self.master_id + seq, offset, offset + length
        return make_id(self._master_ms + ms_delta, seq), offset, offset + length

    def _items(self, raw: bytes, flags: int, offset: int, end: int) -> list[bytes]:
        items: list[bytes] = []
        if flags & SAME_FIELDS:
            for field in self.fields:
                length, offset = read_varint(raw, offset)
                items.append(field)
                items.append(raw[offset : offset + length])
                offset += length
        else:
            _, offset = read_varint(raw, offset)
            while offset < end:
                length, offset = read_varint(raw, offset)
                items.append(raw[offset : offset + length])
                offset += length
        return items

    def read_into(self, out: list[StreamEntry], start: int, end: int, limit: int) -> None:
        """Append the living entries with IDs from `start` to `end`, at most `limit` of them."""
        raw = bytes(self.data)
        offset = self.skipped
        size = len(raw)
        while offset < size and limit > 0:
            flags = raw[offset]
            entry_id, body, offset = self._header(raw, offset)
            if entry_id < start or flags & DELETED:
                continue
            if entry_id > end:
                return
            out.append(StreamEntry(entry_id, self._items(raw, flags, body, offset), False))
            limit -= 1

    def read_backwards_into(self, out: list[StreamEntry], start: int, end: int, limit: int) -> None:
        """The same from `end` down to `start`."""
        raw = bytes(self.data)
        places: list[int] = []
        offset = self.skipped
        size = len(raw)
        while offset < size:
            place = offset
            entry_id, _, offset = self._header(raw, offset)
            if entry_id > end:
                break
            if entry_id >= start and not raw[place] & DELETED:
                places.append(place)
        places.reverse()
        for place in places[:limit]:
            entry_id, body, body_end = self._header(raw, place)
            out.append(StreamEntry(entry_id, self._items(raw, raw[place], body, body_end), False))

    def all_entries(self) -> list[StreamEntry]:
        """Every entry, the deleted ones too."""
        raw = bytes(self.data)
        found: list[StreamEntry] = []
        offset = 0
        while offset < len(raw):
            flags = raw[offset]
            entry_id, body, offset = self._header(raw, offset)
            found.append(StreamEntry(entry_id, self._items(raw, flags, body, offset), flags & DELETED != 0))
        return found

    def first_living(self) -> int:
        """The ID of the first entry that is not deleted, or -1."""
        raw = bytes(self.data)
        offset = self.skipped
        while offset < len(raw):
            if not raw[offset] & DELETED:
                return self._header(raw, offset)[0]
            offset = self._header(raw, offset)[2]
            self.skipped = offset
        return -1

    def mark_deleted(self, entry_id: int) -> bool:
        """False when there is no such living entry."""
        raw = bytes(self.data)
        offset = self.skipped
        while offset < len(raw):
            place = offset
            found_id, _, offset = self._header(raw, offset)
            if found_id >= entry_id:
                if found_id > entry_id or raw[place] & DELETED:
                    return False
                self.mark_place_deleted(place)
                return True
        return False

    def mark_place_deleted(self, place: int) -> None:
        """Flag the living entry whose bytes begin at `place`."""
        self.data[place] = self.data[place] | DELETED
        self.count -= 1
        self.deleted += 1

    def trim(self, min_id: int, most: int) -> int:
        """Delete living entries from the start while their IDs are under `min_id`, at most so many; how many."""
        raw = bytes(self.data)
        gone = 0
        while self.skipped < len(raw) and gone < most:
            place = self.skipped
            entry_id, _, end = self._header(raw, place)
            if not raw[place] & DELETED:
                if entry_id >= min_id:
                    break
                self.mark_place_deleted(place)
                gone += 1
            self.skipped = end
        return gone

    def seal(self) -> None:
        """Give back the room kept for growing."""
        self.data = bytearray(self.data)

    def copy(self) -> StreamBlock:
        twin = StreamBlock(self.master_id, self.fields)
        twin.data = bytearray(self.data)
        twin.skipped = self.skipped
        twin.count = self.count
        twin.deleted = self.deleted
        twin.last_id = self.last_id
        twin._size = self._size
        return twin

    def _check(self) -> None:
        entries = self.all_entries()
        twin = StreamBlock(self.master_id, self.fields)
        for entry in entries:
            assert twin.count == 0 or entry.id > twin.last_id
            twin.append(entry.id, entry.items)
        assert twin._size == self._size and twin.last_id == self.last_id >= self.master_id
        assert self.deleted == sum(entry.is_deleted for entry in entries)
        assert self.count == len(entries) - self.deleted
        living = self.first_living()
        assert living == next((entry.id for entry in entries if not entry.is_deleted), -1)
