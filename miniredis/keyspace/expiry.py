"""Active expiry: removing keys whose time is over although nobody asks for them.

Each call samples keys that have an expiry and removes those that are over, database by database, and goes
on in one while at least a quarter of a sample was over and the budget lasts.  The caller gives the budget
as a callable that says whether time is left, and delivers the effects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.datatypes.hashes import HashValue
from miniredis.keyspace.database import EXPIRE_DELETE
from miniredis.keyspace.field_expiry import delete_due_fields
from miniredis.keyspace.keyspace import Keyspace

SAMPLE: Final = 20
#: What a new sample weighs in the average of keys that are over.
STALE_WEIGHT: Final = 0.05
#: Hashes that have fields with an expiry, looked at at once: most only say when they are next due.
HASH_SAMPLE: Final = 200
#: Fields of one hash that are deleted, and replayed in one HDEL, before time is looked at again.
FIELDS_AT_ONCE: Final = 80


class ActiveExpiry:
    """Goes round the databases; remembers where it stopped."""

    def __init__(self, keyspace: Keyspace) -> None:
        self.keyspace = keyspace
        self.enabled = True
        #: How often a round ended because its time was over.
        self.times_cut_short: int = 0
        #: How many percent of the keys with an expiry may be over and still there: a running average of samples.
        self.stale_percent: float = 0.0
        #: The same of hashes that have fields with an expiry: how many of them have one that is over.
        self.stale_hash_percent: float = 0.0
        self._next_database: int = 0
        self._cursors: list[int] = [0] * len(keyspace.databases)
        self._field_cursors: list[int] = [0] * len(keyspace.databases)

    def run(self, time_is_left: Callable[[], bool]) -> int:
        """Remove expired keys while `time_is_left()`; how many were removed."""
        removed = 0
        if not self.enabled:
            return removed
        databases = self.keyspace.databases
        for _ in range(len(databases)):
            index = self._next_database
            self._next_database = (index + 1) % len(databases)
            if databases[index].expire_policy == EXPIRE_DELETE:
                if databases[index].expires.size() > 0:
                    removed += self._run_database(index, time_is_left)
                if databases[index].volatile_hashes.size() > 0:
                    self._run_fields(index, time_is_left)
            if not time_is_left():
                self.times_cut_short += 1
                break
        return removed

    def _run_database(self, index: int, time_is_left: Callable[[], bool]) -> int:
        database = self.keyspace.databases[index]
        total = 0
        start = self._cursors[index]
        wrapped = False
        while True:
            # By cursor rather than by chance: every key is met within one round, however few are over.
            cursor, keys = database.expires.scan(self._cursors[index], SAMPLE)
            self._cursors[index] = cursor
            over = 0
            ttl_total = 0
            for key in keys:
                remaining = database.expiry(key) - database.clock.now_ms
                if remaining <= 0:
                    database.expire_now(key)
                    over += 1
                else:
                    ttl_total += remaining
            if len(keys) > over:
                self._note_average(index, ttl_total // (len(keys) - over))
            total += over
            if keys:
                self.stale_percent += (100.0 * over / len(keys) - self.stale_percent) * STALE_WEIGHT
            if cursor == 0:
                if wrapped or start == 0:
                    return total
                wrapped = True
            if over * 4 < len(keys) or not time_is_left():
                return total

    def _run_fields(self, index: int, time_is_left: Callable[[], bool]) -> None:
        """The same for fields of hashes: each hash knows its next one, so one that has none due costs little."""
        database = self.keyspace.databases[index]
        now_ms = database.clock.now_ms
        while True:
            cursor, keys = database.volatile_hashes.scan(self._field_cursors[index], HASH_SAMPLE)
            self._field_cursors[index] = cursor
            over = 0
            for key in keys:
                value = database.table.get(key)
                if not isinstance(value, HashValue) or not value.has_expiries():
                    database.volatile_hashes.pop(key)
                    continue
                value.show_hidden()
                if value.next_expiry_ms() <= now_ms:
                    over += 1
                    while delete_due_fields(database, key, value, FIELDS_AT_ONCE) == FIELDS_AT_ONCE and time_is_left():
                        pass
            if keys:
                self.stale_hash_percent += (100.0 * over / len(keys) - self.stale_hash_percent) * STALE_WEIGHT
            if cursor == 0 or over * 4 < len(keys) or not time_is_left():
                return

    def _note_average(self, index: int, ttl_ms: int) -> None:
        database = self.keyspace.databases[index]
        if database.average_ttl_ms == 0:
            database.average_ttl_ms = ttl_ms
        else:
            database.average_ttl_ms += (ttl_ms - database.average_ttl_ms) // 50
