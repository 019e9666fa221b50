"""All databases of a server, with what they share."""

from __future__ import annotations

from random import Random

from miniredis.datatypes.discarded import DISCARDED
from miniredis.datatypes.limits import EncodingLimits
from miniredis.formats.lzf import LzfCompressor
from miniredis.formats.rdb_values import build_registry
from miniredis.keyspace.access import AccessLog
from miniredis.keyspace.clock import KeyspaceClock, MemoryCount, Statistics
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_IGNORE, EXPIRE_WAIT, Database
from miniredis.keyspace.effects import Effects


class Keyspace:
    """The store behind every session: databases 0 to n-1, one clock, one record of effects."""

    def __init__(self, databases: int, random: Random) -> None:
        self.clock = KeyspaceClock()
        self.effects = Effects()
        self.statistics = Statistics()
        self.memory = MemoryCount()
        self.limits = EncodingLimits()
        self.limits.list_compressor = LzfCompressor()
        #: What is known of each type of value: how it is saved, loaded, digested.
        self.values = build_registry(self.limits)
        self.random = random
        self.databases: list[Database] = [self._new_database(index) for index in range(databases)]
        #: Contents of flushed databases and of large values that are gone, freed in slices.
        self.discarded = DISCARDED
        #: Data is being moved in from elsewhere (import-mode): nothing goes by itself.
        self.imports: bool = False
        #: Clients are paused: likewise.
        self.is_frozen: bool = False
        self._expire_policy: int = EXPIRE_DELETE

    def _new_database(self, index: int) -> Database:
        return Database(index, self.clock, self.effects, self.statistics, self.memory)

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms

    def total_keys(self) -> int:
        return sum(database.size() for database in self.databases)

    def flush(self, index: int) -> int:
        """Empty a database, in constant time; the number of keys it had."""
        database = self.databases[index]
        keys = database.size()
        if self.memory.active and keys > 0:
            # Whatever takes less: counting what goes, or what stays.
            if keys <= self.total_keys() - keys:
                self.memory.used -= database.counted()
            else:
                self.memory.used = sum([each.counted() for each in self.databases if each is not database])
        database.clear()
        return keys

    def swap(self, first: int, second: int) -> None:
        self.databases[first].swap_contents(self.databases[second])

    def set_expire_policy(self, policy: int) -> None:
        """One of the EXPIRE_ policies; while nothing may go by itself, keys wait where they would be deleted."""
        self._expire_policy = policy
        waits = (self.imports or self.is_frozen) and policy == EXPIRE_DELETE
        self._apply_expire_policy(EXPIRE_WAIT if waits else policy)

    def set_imports(self, imports: bool) -> None:
        self.imports = imports
        self.set_expire_policy(self._expire_policy)

    def set_frozen(self, is_frozen: bool) -> None:
        if is_frozen != self.is_frozen:
            self.is_frozen = is_frozen
            self.set_expire_policy(self._expire_policy)

    def show_expired(self, shown: bool) -> None:
        """For the command of a client that moves data in: it sees keys whose time is over, and they stay."""
        if self.imports and self._expire_policy == EXPIRE_DELETE:
            self._apply_expire_policy(EXPIRE_IGNORE if shown else EXPIRE_WAIT)

    def _apply_expire_policy(self, policy: int) -> None:
        for database in self.databases:
            database.expire_policy = policy

    def track_access(self, counts: bool) -> None:
        """Begin to note when (or how often) keys are used; what was known of the other kind is lost."""
        for database in self.databases:
            if database.access is None or database.access.counts != counts:
                database.access = AccessLog(self.clock, self.random, counts)

    def count_memory(self, active: bool) -> None:
        """Begin or end to keep the byte count that maxmemory is compared with."""
        if active and not self.memory.active:
            self.memory.used = sum(database.count_all() for database in self.databases)
        self.memory.active = active
