"""One database: keys, their values and what few keys have (expiry, access record).

A key whose time is over is removed by the first lookup that meets it, and then counts as an effect, or is
only hidden on a replica, which waits for its primary's DEL.  Values are `bytes`, `bytearray` or `Value`.
"""

from __future__ import annotations

from random import Random
from typing import Final

from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.table import Table
from miniredis.datatypes.value import Value
from miniredis.keyspace.access import AccessLog
from miniredis.keyspace.clock import KeyspaceClock, MemoryCount, Statistics
from miniredis.keyspace.effects import NOTIFY_EXPIRED, NOTIFY_KEY_MISS, NOTIFY_NEW, Effects
from miniredis.keyspace.slots import KeysBySlot

# What a lookup does with a key whose time is over.
EXPIRE_DELETE: Final = 0
EXPIRE_HIDE: Final = 1  # a replica: not there, but not removed
EXPIRE_IGNORE: Final = 2  # what the primary or the log sends: it decides
EXPIRE_WAIT: Final = 3  # data is being moved in: hidden, and removed only where a command would write

#: Rough cost of a key in bytes beside its name and value: table entry, object headers.
KEY_OVERHEAD: Final = 90
EXPIRY_OVERHEAD: Final = 80
STRING_OVERHEAD: Final = 33


def value_memory(value: object) -> int:
    """About how many bytes `value` takes."""
    if isinstance(value, (bytes, bytearray)):
        return len(value) + STRING_OVERHEAD
    assert isinstance(value, Value)
    return value.memory()


class Database:
    """Keys to values.  `index` is its number as SELECT knows it; SWAPDB exchanges contents, not objects."""

    def __init__(
        self, index: int, clock: KeyspaceClock, effects: Effects, statistics: Statistics, memory: MemoryCount
    ) -> None:
        self.index = index
        self.clock = clock
        self.effects = effects
        self.statistics = statistics
        self.memory = memory
        self.table = Table()
        self.expires = Table()  # key -> int, Unix time in milliseconds
        #: Hashes that have fields with an expiry: key -> True, for active expiry.
        self.volatile_hashes = Table()
        self.access: AccessLog | None = None
        #: Kept in cluster mode only.
        self.slots: KeysBySlot | None = None
        self.expire_policy: int = EXPIRE_DELETE
        self.expired_subtotal: int = 0  # for the estimate of INFO: avg_ttl and its like
        self.average_ttl_ms: int = 0

    # -- reading

    def size(self) -> int:
        return self.table.size()

    def lookup(self, key: bytes) -> object:
        """The value for a command that reads, or None; counts as hit or miss."""
        value = self.table.get(key)
        if value is not None:
            if self.expires.size() > 0 and self._is_over(key):
                value = None
            else:
                self.statistics.hits += 1
                if self.access is not None:
                    self.access.used(key)
                return value
        self.statistics.misses += 1
        self.effects.notify(self.index, NOTIFY_KEY_MISS, b"keymiss", key)
        return None

    def lookup_write(self, key: bytes) -> object:
        """The value for a command that will change it, or None."""
        value = self.table.get(key)
        if value is None:
            return None
        if self.expires.size() > 0 and self._is_over(key):
            self._make_way(key)
            return None
        if self.access is not None:
            self.access.used(key)
        return value

    def examine(self, key: bytes) -> object:
        """The value for a command that only asks about the key: counts as hit or miss, but is no use of it."""
        value = self.peek(key)
        if value is None:
            self.statistics.misses += 1
            self.effects.notify(self.index, NOTIFY_KEY_MISS, b"keymiss", key)
        else:
            self.statistics.hits += 1
        return value

    def peek(self, key: bytes) -> object:
        """The value, with no trace left: neither hit nor access; expired keys are gone all the same."""
        value = self.table.get(key)
        if value is not None and self.expires.size() > 0 and self._is_over(key):
            return None
        return value

    def exists(self, key: bytes) -> bool:
        return self.peek(key) is not None

    def expiry(self, key: bytes) -> int:
        """When `key` expires, Unix time in milliseconds; -1 when it does not."""
        when = self.expires.get(key)
        return when if isinstance(when, int) else -1

    def is_expired(self, key: bytes) -> bool:
        """Whether its time is over, removed or not."""
        when = self.expires.get(key)
        return isinstance(when, int) and when <= self.clock.now_ms

    def is_hidden(self, key: bytes) -> bool:
        """Whether it is over and only waits to be removed: by who decides when, or by a DEL."""
        return self.expire_policy != EXPIRE_DELETE and self.table.get(key) is not None

    def random_key(self, random: Random) -> bytes | None:
        """A key that lives, or None; gives up on finding one among mostly expired keys after 100 tries."""
        for _ in range(100):
            key = self.table.random_key(random)
            if key is None:
                return None
            if not self.is_expired(key) or not self._is_over(key):
                return key
        return None

    # -- writing

    def put(self, key: bytes, value: object) -> None:
        """Add or overwrite; an expiry stays."""
        if self.memory.active:
            self._account(key, value)
        if isinstance(value, HashValue) and value.has_expiries():
            self.volatile_hashes.set(key, True)
        if self.table.set(key, value):
            if self.access is not None:
                self.access.created(key)
            if self.slots is not None:
                self.slots.add(key)
            if self.effects.listening:
                self.effects.notify(self.index, NOTIFY_NEW, b"new", key)

    def set_key(self, key: bytes, value: object) -> None:
        """Add or overwrite; an expiry goes."""
        if self.expires.size() > 0:
            if self._is_over(key):  # what expired before is told before
                self._make_way(key)
            self.expires.pop(key)
        self.put(key, value)

    def remove(self, key: bytes) -> bool:
        """Delete with all that belongs to it; whether it was there, expired or not."""
        value = self.table.pop(key)
        if value is None:
            return False
        if self.expires.size() > 0:
            self.expires.pop(key)
        if self.volatile_hashes.size() > 0:
            self.volatile_hashes.pop(key)
        if self.access is not None:
            self.access.removed(key)
        if self.slots is not None:
            self.slots.remove(key)
        if self.memory.active:
            self.memory.used -= len(key) + KEY_OVERHEAD + self._accounted(value)
            if isinstance(value, Value):
                value.accounted = 0  # it may come back under another key
        return True

    def expire_at(self, key: bytes, when_ms: int) -> None:
        self.expires.set(key, when_ms)

    def persist(self, key: bytes) -> bool:
        """Drop the expiry; whether there was one."""
        return self.expires.size() > 0 and self.expires.pop(key) is not None

    def clear(self) -> None:
        """Empty it.  The count of memory is the keyspace's business, which knows the other databases."""
        self.table = Table()
        self.expires = Table()
        self.volatile_hashes = Table()
        if self.access is not None:
            self.access.clear()
        if self.slots is not None:
            self.slots.clear()

    def swap_contents(self, other: Database) -> None:
        self.table, other.table = other.table, self.table
        self.expires, other.expires = other.expires, self.expires
        self.volatile_hashes, other.volatile_hashes = other.volatile_hashes, self.volatile_hashes
        self.access, other.access = other.access, self.access
        self.slots, other.slots = other.slots, self.slots

    # -- expiry

    def expire_now(self, key: bytes) -> None:
        """Remove a key whose time is over, and say so."""
        self.remove(key)
        self.statistics.expired += 1
        self.effects.removed_unasked(self.index, NOTIFY_EXPIRED, b"expired", key, b"DEL")

    def _is_over(self, key: bytes) -> bool:
        when = self.expires.get(key)
        if not isinstance(when, int) or when > self.clock.now_ms:
            return False
        if self.expire_policy == EXPIRE_IGNORE:
            return False
        if self.expire_policy == EXPIRE_DELETE:
            self.expire_now(key)
        return True

    def _make_way(self, key: bytes) -> None:
        """A hidden key is to be written: nothing of it may show up again in what takes its place."""
        if self.expire_policy == EXPIRE_WAIT and self.table.get(key) is not None:
            self.expire_now(key)

    # -- memory

    def _account(self, key: bytes, value: object) -> None:
        old = self.table.get(key)
        if old is None:
            self.memory.used += len(key) + KEY_OVERHEAD
        elif old is not value:
            self.memory.used -= self._accounted(old)
        if isinstance(value, Value):
            self.recount(value)
        else:
            self.memory.used += value_memory(value)

    def _accounted(self, value: object) -> int:
        return value.accounted if isinstance(value, Value) else value_memory(value)

    def grown(self, length: int) -> None:
        """A string became `length` bytes longer in place."""
        if self.memory.active:
            self.memory.used += length

    def recount(self, value: Value) -> None:
        """The value has changed in place: count what it takes now."""
        now = value.memory()
        self.memory.used += now - value.accounted
        value.accounted = now

    def counted(self) -> int:
        """Bytes that were counted for its keys."""
        total = 0
        for key, value in self.table.items():
            total += len(key) + KEY_OVERHEAD + self._accounted(value)
        return total

    def count_all(self) -> int:
        """Bytes of every key, counted anew: when a memory limit is first set."""
        total = 0
        for key, value in self.table.items():
            if isinstance(value, Value):
                value.accounted = value.memory()
            total += len(key) + KEY_OVERHEAD + self._accounted(value)
        return total
