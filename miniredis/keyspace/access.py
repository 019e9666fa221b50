"""When and how often keys were used: what LRU and LFU eviction and OBJECT IDLETIME and FREQ need.

It exists from the moment such a policy is set or such a question is first asked; keys that were not used
since count as used at that moment.
"""

from __future__ import annotations

from random import Random
from typing import Final

from miniredis.datatypes.table import Table
from miniredis.keyspace.clock import KeyspaceClock

LFU_START: Final = 5  # the counter of a new key, so that it is not evicted at once
LFU_LIMIT: Final = 255


class AccessLog:
    """Either the time of the last use (LRU) or a decaying logarithmic counter (LFU) for each key used."""

    def __init__(self, clock: KeyspaceClock, random: Random, counts: bool) -> None:
        self.clock = clock
        self.random = random
        self.counts = counts
        self.log_factor: int = 10
        self.decay_minutes: int = 1
        self.since_ms = clock.now_ms
        self._records = Table()  # key -> time in ms; with counters: minute * 256 + counter

    def used(self, key: bytes) -> None:
        if self.clock.leaves_no_trace:
            return
        if self.counts:
            counter = self.frequency(key)
            if counter < LFU_LIMIT:
                above = max(counter - LFU_START, 0)
                if self.random.random() * (above * self.log_factor + 1) < 1:
                    counter += 1
            self._records.set(key, self.clock.now_ms // 60000 * 256 + counter)
        else:
            self._records.set(key, self.clock.now_ms)

    def created(self, key: bytes) -> None:
        self._records.set(key, self.clock.now_ms // 60000 * 256 + LFU_START if self.counts else self.clock.now_ms)

    def removed(self, key: bytes) -> None:
        self._records.pop(key)

    def clear(self) -> None:
        self._records = Table()
        self.since_ms = self.clock.now_ms

    def idle_ms(self, key: bytes) -> int:
        """Milliseconds since its last use; with counters only minutes are known."""
        record = self._records.get(key)
        if not isinstance(record, int):
            return max(self.clock.now_ms - self.since_ms, 0)
        return max(self.clock.now_ms - (record // 256 * 60000 if self.counts else record), 0)

    def frequency(self, key: bytes) -> int:
        """The counter, 0 to 255, less what has decayed since it was written."""
        record = self._records.get(key)
        if not isinstance(record, int):
            return LFU_START
        counter = record % 256
        if self.decay_minutes > 0:
            counter -= (self.clock.now_ms // 60000 - record // 256) // self.decay_minutes
        return max(counter, 0)

    def set_idle(self, key: bytes, idle_ms: int) -> None:
        """As a RESTORE or an RDB file says."""
        self._records.set(key, max(self.clock.now_ms - idle_ms, 0))

    def set_frequency(self, key: bytes, counter: int) -> None:
        self._records.set(key, self.clock.now_ms // 60000 * 256 + counter)
