"""When the fields of one hash expire: the side structure that a hash has only once a field got an expiry.

Times are absolute unix milliseconds.  A dict answers for a field, a heap for what is due next; the heap may
hold entries that no longer hold, which are dropped when they come up, and is built anew before they outnumber
the others.  get: O(1); set, drop: O(1) to O(log n); next_ms, take_due: O(log n) an entry that comes up.

"Hidden" fields are due but still stored: a replica waits for its primary's HDEL and answers as if they were gone.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Final

NO_EXPIRY: Final = -1


class FieldExpiry:
    """Fields to times."""

    def __init__(self) -> None:
        self._times: dict[bytes, int] = {}
        self._heap: list[tuple[int, bytes]] = []
        self.hidden: dict[bytes, None] = {}

    def size(self) -> int:
        return len(self._times)

    def get(self, field: bytes) -> int:
        """Unix ms, or -1."""
        return self._times.get(field, NO_EXPIRY)

    def set(self, field: bytes, at_ms: int) -> None:
        self._times[field] = at_ms
        if self.hidden:
            self.hidden.pop(field, None)
        if len(self._heap) > 2 * len(self._times) + 16:
            self._heap = [(time, each) for each, time in self._times.items() if each not in self.hidden]
            heapify(self._heap)
        else:
            heappush(self._heap, (at_ms, field))

    def drop(self, field: bytes) -> bool:
        """Forget a field; whether it had an expiry."""
        if self.hidden:
            self.hidden.pop(field, None)
        return self._times.pop(field, None) is not None

    def next_ms(self) -> int:
        """When the next field that is not hidden is due, or -1."""
        heap = self._heap
        while heap:
            at_ms, field = heap[0]
            if self._times.get(field, NO_EXPIRY) == at_ms and field not in self.hidden:
                return at_ms
            heappop(heap)
        return NO_EXPIRY

    def take_due(self, now_ms: int, limit: int) -> list[bytes]:
        """At most `limit` fields whose time has come, earliest first, each forgotten here."""
        due: list[bytes] = []
        while len(due) < limit:
            at_ms = self.next_ms()
            if at_ms == NO_EXPIRY or at_ms > now_ms:
                break
            field = heappop(self._heap)[1]
            del self._times[field]
            due.append(field)
        return due

    def hide_due(self, now_ms: int) -> None:
        """Answer from now on as if the fields that are due were gone, but keep them and their times."""
        while True:
            at_ms = self.next_ms()
            if at_ms == NO_EXPIRY or at_ms > now_ms:
                break
            self.hidden[heappop(self._heap)[1]] = None

    def show_hidden(self) -> None:
        """Undo `hide_due`."""
        for field in self.hidden:
            heappush(self._heap, (self._times[field], field))
        self.hidden = {}

    def times(self) -> dict[bytes, int]:
        """Every field that has a time; not to be changed."""
        return self._times

    def copy(self) -> FieldExpiry:
        other = FieldExpiry()
        other._times = self._times.copy()
        other._heap = self._heap.copy()
        other.hidden = self.hidden.copy()
        return other

    def _check(self, fields: frozenset[bytes]) -> None:
        """Times only for fields that exist; every one that is not hidden is in the heap; the heap is a heap."""
        assert fields.issuperset(self._times)
        assert all(field in self._times for field in self.hidden)
        waiting = frozenset(self._heap)
        assert all((time, field) in waiting for field, time in self._times.items() if field not in self.hidden)
        assert all(self._heap[(at - 1) // 2] <= self._heap[at] for at in range(1, len(self._heap)))
