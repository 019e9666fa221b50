"""All keys as an RDB file, and back: what SAVE, the AOF's base, a full sync and DEBUG RELOAD have in common.

Both directions work in steps; the caller moves the bytes.  A writer must see a keyspace that does not change between
its steps: a forked child, or a caller that takes all steps at once.
"""

from __future__ import annotations

from typing import Final

from miniredis.formats import rdb_file
from miniredis.formats.errors import FormatError
from miniredis.formats.rdb_file import RdbReader, RdbWriter
from miniredis.formats.registry import FIELD_EXPIRY_RDB_VERSION, RDB_VERSION
from miniredis.keyspace.keyspace import Keyspace

CHUNK: Final = 1 << 16
SLICE: Final = 4096
#: Of the history that the data belongs to; only where others may have a part of it.
REPLICATION_ID: Final = b"repl-id"

# What `SnapshotLoader.run` returns.
NEED_INPUT: Final = 0
MORE_TO_DO: Final = 1
LOADED: Final = 2


def snapshot_version(keyspace: Keyspace) -> int:
    """The RDB version that these keys need."""
    for database in keyspace.databases:
        if database.volatile_hashes.size() > 0:
            return FIELD_EXPIRY_RDB_VERSION
    return RDB_VERSION


class SnapshotWriter:
    """`begin`, then `step` until it returns an empty chunk.  `version` 0: the lowest that holds the keys."""

    def __init__(self, keyspace: Keyspace, compress: bool = True, checksum: bool = True, version: int = 0) -> None:
        self._keyspace: Keyspace = keyspace
        if version == 0:
            version = snapshot_version(keyspace)
        self._writer: RdbWriter = RdbWriter(keyspace.values, version, compress, checksum)
        self._database: int = 0
        self._shard: int = -1
        self._ended: bool = False
        self.keys: int = 0

    def begin(self, aux: list[tuple[bytes, bytes]], functions: list[bytes]) -> None:
        """What stands before the keys."""
        for name, text in aux:
            self._writer.aux(name, text)
        for code in functions:
            self._writer.function(code)

    def step(self) -> bytes:
        """About CHUNK bytes more; none after the end."""
        if self._ended:
            return b""
        databases = self._keyspace.databases
        while self._writer.size() < CHUNK:
            if self._database >= len(databases):
                self._ended = True
                return self._writer.finish()
            self._write_shard()
        return self._writer.take()

    def _write_shard(self) -> None:
        database = self._keyspace.databases[self._database]
        table = database.table
        if self._shard < 0:
            if table.size() == 0:
                self._database += 1
                return
            self._writer.database(database.index, table.size(), database.expires.size())
            self._shard = 0
        writer = self._writer
        access = database.access
        some_expire = database.expires.size() > 0
        for key, value in table.shard(self._shard).pairs():
            idle_s = -1
            frequency = -1
            if access is not None:
                if access.counts:
                    frequency = access.frequency(key)
                else:
                    idle_s = access.idle_ms(key) // 1000
            writer.entry(key, value, database.expiry(key) if some_expire else -1, idle_s, frequency)
            self.keys += 1
        self._shard += 1
        while self._shard < table.shard_count() and table.is_repeated(self._shard):
            self._shard += 1
        if self._shard >= table.shard_count():
            self._shard = -1
            self._database += 1


class SnapshotLoader:
    """Feed chunks and `run`; keys go into the keyspace as they come.

    `drop_expired`: keys whose time is over are left out, as on a primary.  `functions` collects library sources.
    Raises FormatError for what is corrupt or does not fit this server.
    """

    def __init__(self, keyspace: Keyspace, drop_expired: bool, verify: bool = True, total_size: int = -1) -> None:
        self._keyspace: Keyspace = keyspace
        self._drop_expired: bool = drop_expired
        self.reader: RdbReader = RdbReader(keyspace.values, verify, total_size)
        self.functions: list[bytes] = []
        self.aux: dict[bytes, bytes] = {}
        self.keys: int = 0
        self.expired: int = 0
        #: True makes a key that exists already an error instead of being replaced.
        self.refuse_existing: bool = False

    def run(self, most: int = SLICE) -> int:
        """Take in up to about `most` keys or elements of what was fed."""
        reader = self.reader
        while most > 0:
            most -= 1
            event = reader.next_event(SLICE)
            if event == rdb_file.KEY:
                self._put(reader)
            elif event == rdb_file.NEED_INPUT:
                return NEED_INPUT
            elif event == rdb_file.END:
                return LOADED
            elif event == rdb_file.AUX:
                self.aux[reader.name] = reader.text
                if reader.name == REPLICATION_ID:
                    # Replicas that go on with us have the key: they must hear of its end.
                    self._drop_expired = False
            elif event == rdb_file.FUNCTION:
                self.functions.append(reader.text)
            elif event == rdb_file.DATABASE:
                if reader.db >= len(self._keyspace.databases):
                    raise FormatError(f"the data has database {reader.db}, this server has not so many")
            elif event == rdb_file.UNDER_WAY and reader.is_within_value():
                return MORE_TO_DO
        return MORE_TO_DO

    def _put(self, reader: RdbReader) -> None:
        expiry_ms = reader.expiry_ms
        if expiry_ms >= 0 and self._drop_expired and expiry_ms < self._keyspace.now_ms:
            self.expired += 1
            return
        database = self._keyspace.databases[reader.db]
        key = reader.key
        if self.refuse_existing and database.table.contains(key):
            raise FormatError(f"the data has a key twice: {key!r}")
        database.set_key(key, reader.value)
        if expiry_ms >= 0:
            database.expire_at(key, expiry_ms)
        access = database.access
        if access is not None:
            if access.counts and reader.frequency >= 0:
                access.set_frequency(key, reader.frequency)
            elif not access.counts and reader.idle_s >= 0:
                access.set_idle(key, reader.idle_s * 1000)
        self.keys += 1
