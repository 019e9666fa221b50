"""Consumer groups of a stream: who was given which entry and has not acknowledged it.

A pending entry stands in two maps ordered by ID, its group's and its consumer's.  Lookup, insertion and removal in
such a map: O(log n); entries from an ID on: O(log n + m).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

CHUNK: Final = 256  # half-full chunks are split off at twice this
UNKNOWN_READ: Final = -1
PENDING_BYTES: Final = 150
CONSUMER_BYTES: Final = 400


class Pending:
    """An entry given to a consumer, when last, and how often."""

    def __init__(self, entry_id: int, consumer: Consumer, delivered_ms: int, deliveries: int) -> None:
        self.id: int = entry_id
        self.consumer: Consumer = consumer
        self.delivered_ms: int = delivered_ms
        self.deliveries: int = deliveries


class PendingMap:
    """Pending entries by ID, in chunks of parallel rows."""

    def __init__(self) -> None:
        self._lowest: list[int] = []
        self._ids: list[list[int]] = []
        self._entries: list[list[Pending]] = []
        self._size: int = 0

    def size(self) -> int:
        return self._size

    def get(self, entry_id: int) -> Pending | None:
        chunk = bisect_right(self._lowest, entry_id) - 1
        if chunk < 0:
            return None
        ids = self._ids[chunk]
        place = bisect_left(ids, entry_id)
        if place == len(ids) or ids[place] != entry_id:
            return None
        return self._entries[chunk][place]

    def put(self, pending: Pending) -> None:
        """Add, or replace what has the same ID."""
        entry_id = pending.id
        chunk = max(bisect_right(self._lowest, entry_id) - 1, 0)
        if not self._ids:
            self._lowest.append(entry_id)
            self._ids.append([entry_id])
            self._entries.append([pending])
            self._size = 1
            return
        ids = self._ids[chunk]
        entries = self._entries[chunk]
        place = bisect_left(ids, entry_id)
        if place < len(ids) and ids[place] == entry_id:
            entries[place] = pending
            return
        ids.insert(place, entry_id)
        entries.insert(place, pending)
        self._size += 1
        self._lowest[chunk] = ids[0]
        if len(ids) > 2 * CHUNK:
            # Most entries come in order: leave the full chunk behind, go on in a short one.
            half = len(ids) - 1 if place == len(ids) - 1 else CHUNK
            self._lowest.insert(chunk + 1, ids[half])
            self._ids.insert(chunk + 1, ids[half:])
            self._entries.insert(chunk + 1, entries[half:])
            del ids[half:]
            del entries[half:]

    def remove(self, entry_id: int) -> Pending | None:
        """What was removed."""
        chunk = bisect_right(self._lowest, entry_id) - 1
        if chunk < 0:
            return None
        ids = self._ids[chunk]
        place = bisect_left(ids, entry_id)
        if place == len(ids) or ids[place] != entry_id:
            return None
        pending = self._entries[chunk][place]
        del ids[place]
        del self._entries[chunk][place]
        self._size -= 1
        if not ids:
            del self._lowest[chunk]
            del self._ids[chunk]
            del self._entries[chunk]
        else:
            self._lowest[chunk] = ids[0]
        return pending

    def first_id(self) -> int:
        """Of a map that is not empty."""
        return self._lowest[0]

    def last_id(self) -> int:
        return self._ids[-1][-1]

    def range(self, start: int, end: int, count: int) -> list[Pending]:
        """Entries with IDs from `start` to `end`, the first `count`."""
        found: list[Pending] = []
        chunk = max(bisect_right(self._lowest, start) - 1, 0)
        while chunk < len(self._ids) and self._lowest[chunk] <= end and len(found) < count:
            ids = self._ids[chunk]
            lower = bisect_left(ids, start)
            upper = min(bisect_right(ids, end), lower + count - len(found))
            found.extend(self._entries[chunk][lower:upper])
            chunk += 1
        return found

    def all(self) -> list[Pending]:
        found: list[Pending] = []
        for entries in self._entries:
            found.extend(entries)
        return found

    def _check(self) -> None:
        ids = [pending.id for pending in self.all()]
        assert ids == sorted(set(ids)) and len(ids) == self._size
        assert self._ids == [[pending.id for pending in entries] for entries in self._entries]
        assert self._lowest == [chunk[0] for chunk in self._ids]
        assert all(0 < len(chunk) <= 2 * CHUNK for chunk in self._ids)


class Consumer:
    """`seen_ms`: it last tried something; `active_ms`: it last got something, -1 for never."""

    def __init__(self, name: bytes, now_ms: int) -> None:
        self.name: Final[bytes] = name
        self.seen_ms: int = now_ms
        self.active_ms: int = -1
        self.pending: Final[PendingMap] = PendingMap()


class Group:
    """`last_id` is the last entry given out, `entries_read` how many were, UNKNOWN_READ if that was lost."""

    def __init__(self, last_id: int, entries_read: int) -> None:
        self.last_id: int = last_id
        self.entries_read: int = entries_read
        self.pending: Final[PendingMap] = PendingMap()
        self.consumers: dict[bytes, Consumer] = {}

    def consumer(self, name: bytes, now_ms: int) -> Consumer:
        """The consumer of this name, made now if there was none."""
        consumer = self.consumers.get(name)
        if consumer is None:
            consumer = Consumer(name, now_ms)
            self.consumers[name] = consumer
        return consumer

    def consumer_names(self) -> list[bytes]:
        """In the order Redis lists them."""
        return sorted(self.consumers)

    def remove_consumer(self, name: bytes) -> int:
        """With its pending entries; how many, or -1 when there is no such consumer."""
        consumer = self.consumers.pop(name, None)
        if consumer is None:
            return -1
        for pending in consumer.pending.all():
            self.pending.remove(pending.id)
        return consumer.pending.size()

    def give(self, entry_id: int, consumer: Consumer, delivered_ms: int, deliveries: int) -> Pending:
        """Make the entry pending for this consumer, whoever had it."""
        pending = self.pending.get(entry_id)
        if pending is None:
            pending = Pending(entry_id, consumer, delivered_ms, deliveries)
            self.pending.put(pending)
            consumer.pending.put(pending)
            return pending
        if pending.consumer is not consumer:
            pending.consumer.pending.remove(entry_id)
            pending.consumer = consumer
            consumer.pending.put(pending)
        pending.delivered_ms = delivered_ms
        pending.deliveries = deliveries
        return pending

    def acknowledge(self, entry_id: int) -> bool:
        """False when it was not pending."""
        pending = self.pending.remove(entry_id)
        if pending is None:
            return False
        pending.consumer.pending.remove(entry_id)
        return True

    def copy(self) -> Group:
        twin = Group(self.last_id, self.entries_read)
        for name, consumer in self.consumers.items():
            other = twin.consumer(name, consumer.seen_ms)
            other.active_ms = consumer.active_ms
        for pending in self.pending.all():
            other = twin.consumers[pending.consumer.name]
            twin.give(pending.id, other, pending.delivered_ms, pending.deliveries)
        return twin

    def memory(self) -> int:
        return 300 + len(self.consumers) * CONSUMER_BYTES + self.pending.size() * PENDING_BYTES

    def _check(self) -> None:
        self.pending._check()
        owned = 0
        for name, consumer in self.consumers.items():
            consumer.pending._check()
            assert consumer.name == name
            owned += consumer.pending.size()
            for pending in consumer.pending.all():
                assert pending.consumer is consumer and self.pending.get(pending.id) is pending
        assert owned == self.pending.size()
