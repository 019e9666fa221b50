"""Choosing keys to give up when memory is short, by the policy of `maxmemory-policy`.

LRU, LFU and TTL are approximations, as in Redis: a few keys are sampled from each database, the best candidates
are kept in a pool across calls, and the best of all is evicted.
"""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.table import Table
from miniredis.keyspace.database import Database
from miniredis.keyspace.effects import NOTIFY_EVICTED
from miniredis.keyspace.keyspace import Keyspace

POOL: Final = 16


class Candidate:
    """A key that could go; the higher the score the sooner."""

    __slots__ = ("db_index", "key", "score")

    def __init__(self, score: int, db_index: int, key: bytes) -> None:
        self.score = score
        self.db_index = db_index
        self.key = key


class Eviction:
    """Evicts one key at a time."""

    def __init__(self, keyspace: Keyspace) -> None:
        self.keyspace = keyspace
        self.policy = b"noeviction"
        self.samples: int = 5
        self._pool: list[Candidate] = []
        self._next_database: int = 0

    def _candidates(self, database: Database) -> Table:
        return database.table if self.policy.startswith(b"allkeys-") else database.expires

    def evict_one(self) -> bool:
        """Remove the best candidate; False when there is none, or when nothing may be evicted."""
        if self.policy == b"noeviction":
            return False
        key_of: Candidate | None = self._random_key() if self.policy.endswith(b"-random") else self._best_key()
        if key_of is None:
            return False
        database = self.keyspace.databases[key_of.db_index]
        database.remove(key_of.key)
        self.keyspace.statistics.evicted += 1
        self.keyspace.effects.removed_unasked(database.index, NOTIFY_EVICTED, b"evicted", key_of.key, b"DEL")
        return True

    def _random_key(self) -> Candidate | None:
        databases = self.keyspace.databases
        for _ in databases:
            database = databases[self._next_database % len(databases)]
            self._next_database += 1
            key = self._candidates(database).random_key(self.keyspace.random)
            if key is not None:
                return Candidate(0, database.index, key)
        return None

    def _best_key(self) -> Candidate | None:
        self._fill_pool()
        while self._pool:
            best = self._pool.pop()
            # What was sampled earlier may be gone by now, or out of reach of the policy.
            if self._candidates(self.keyspace.databases[best.db_index]).contains(best.key):
                return best
        return None

    def _fill_pool(self) -> None:
        for database in self.keyspace.databases:
            table = self._candidates(database)
            for _ in range(min(self.samples, table.size())):
                key = table.random_key(self.keyspace.random)
                if key is not None:
                    self._offer(Candidate(self._score(database, key), database.index, key))

    def _score(self, database: Database, key: bytes) -> int:
        if self.policy == b"volatile-ttl":
            return -database.expiry(key)
        access = database.access
        if access is None:
            return 0
        return 255 - access.frequency(key) if access.counts else access.idle_ms(key)

    def _offer(self, candidate: Candidate) -> None:
        """Keep the pool sorted, best last, without doubles."""
        for known in self._pool:
            if known.key == candidate.key and known.db_index == candidate.db_index:
                return
        place = 0
        while place < len(self._pool) and self._pool[place].score <= candidate.score:
            place += 1
        self._pool.insert(place, candidate)
        if len(self._pool) > POOL:
            del self._pool[0]
