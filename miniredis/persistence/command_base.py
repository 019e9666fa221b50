"""All keys as commands: the base of the append-only file when `aof-use-rdb-preamble` is off."""

from __future__ import annotations

from typing import Final

from miniredis.formats.aof import checksum_line, encode_command
from miniredis.formats.crc64 import crc64
from miniredis.formats.registry import CommandSink
from miniredis.keyspace.keyspace import Keyspace
from miniredis.persistence.child import Progress
from miniredis.persistence.disk import Disk

CHUNK: Final = 1 << 16


class CommandBase(CommandSink):
    """Writes to a descriptor, with a checksum line behind each chunk."""

    def __init__(
        self, disk: Disk, descriptor: int, checksums: bool, progress: Progress | None = None, sync_every: int = 0
    ) -> None:
        """`sync_every`: bytes after which what was written is synced, so that the last sync is short; 0: never."""
        self._disk: Disk = disk
        self._descriptor: int = descriptor
        self._checksums: bool = checksums
        self._progress: Progress | None = progress
        self._keys: int = 0
        self._parts: list[bytes] = []
        self._size: int = 0
        self._sync_every: int = sync_every
        self._unsynced: int = 0

    def command(self, arguments: list[bytes]) -> None:
        record = encode_command(arguments)
        self._parts.append(record)
        self._size += len(record)
        if self._size >= CHUNK:
            self.flush()

    def flush(self) -> None:
        text = b"".join(self._parts)
        self._parts = []
        self._size = 0
        if text and self._checksums:
            text += checksum_line(crc64(text), len(text))
        self._disk.write_all(self._descriptor, text)
        self._unsynced += len(text)
        if self._unsynced >= self._sync_every > 0:
            self._disk.sync(self._descriptor)
            self._unsynced = 0
        if self._progress is not None:
            self._progress.note(self._keys)

    def write_all_keys(self, keyspace: Keyspace, functions: list[bytes]) -> None:
        """Everything; nothing may change meanwhile."""
        for code in functions:
            self.command([b"FUNCTION", b"LOAD", code])
        for database in keyspace.databases:
            if database.size() == 0:
                continue
            self.command([b"SELECT", b"%d" % database.index])
            for key, value in database.table.items():
                keyspace.values.codec(value).replay(key, value, self)
                expiry_ms = database.expiry(key)
                if expiry_ms >= 0:
                    self.command([b"PEXPIREAT", key, b"%d" % expiry_ms])
                self._keys += 1
        self.flush()
