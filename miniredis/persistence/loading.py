"""Reading the RDB file or the append-only files at the start, in slices.

Whatever is wrong raises LoadError with the path, the offset and the reason; only the torn end of the last append-only
file is mended, by cutting it at the end of its last whole record.
"""

from __future__ import annotations

from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.replay import LogReplay
from miniredis.formats import aof
from miniredis.formats.aof import AofReader
from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError
from miniredis.keyspace.snapshot import LOADED, NEED_INPUT, SnapshotLoader
from miniredis.persistence.disk import Disk
from miniredis.persistence.functions import StoredFunctions

CHUNK: Final = 1 << 20
COMMANDS_A_STEP: Final = 500
MAGICS: Final = (b"REDIS", b"VALKEY")


class LoadError(Exception):
    """The data cannot be loaded; the text is for the log."""


class LoadedFile:
    """One file to load, and what came of it."""

    def __init__(self, path: str, name: str, is_log: bool, may_be_torn: bool) -> None:
        self.path: str = path
        self.name: str = name
        self.is_log: bool = is_log
        self.may_be_torn: bool = may_be_torn
        self.size: int = 0
        #: Bytes at the end that no checksum line covers, and their CRC64; -1 when that has to be computed anew.
        self.uncovered: int = 0
        self.uncovered_crc: int = 0


class Loading:
    """Load files in order: call `step` until it returns True."""

    def __init__(self, engine: Engine, disk: Disk, files: list[LoadedFile]) -> None:
        self.engine: Engine = engine
        self.disk: Disk = disk
        self.files: list[LoadedFile] = files
        self.total_bytes: int = sum([disk.size(file.path) for file in files])
        self.loaded_bytes: int = 0
        self.began_ms: int = engine.time.wall_ms()
        self.keys: int = 0
        self.expired: int = 0
        self.skipped_empty: int = 0
        #: Takes the function libraries of RDB files.
        self.functions: StoredFunctions = StoredFunctions(engine)
        #: What an RDB file that stands for itself says of its origin.
        self.aux: dict[bytes, bytes] = {}
        self.log_truncated: bool = engine.config.flag("aof-load-truncated")
        self.verify_log: bool = engine.config.flag("aof-checksum")
        self._place: int = 0
        self._descriptor: int = -1
        self._snapshot: SnapshotLoader | None = None
        self._log: AofReader | None = None
        self._keys_before: int = 0
        self._replay: LogReplay = LogReplay(engine)

    def eta_s(self) -> int:
        """Seconds until all is loaded, by the speed so far; -1 as long as that is not known."""
        if self.loaded_bytes == 0:
            return -1
        spent_ms = self.engine.time.wall_ms() - self.began_ms
        return spent_ms * (self.total_bytes - self.loaded_bytes) // self.loaded_bytes // 1000

    def taken(self) -> int:
        """How many keys and commands were read so far."""
        return self.keys + self._replay.commands

    def step(self) -> bool:
        """Do some milliseconds of work; True when all is loaded."""
        if self._place >= len(self.files):
            return True
        file = self.files[self._place]
        try:
            if self._descriptor < 0:
                self._open(file)
            elif self._snapshot is not None:
                self._step_snapshot(file, self._snapshot)
            else:
                assert self._log is not None
                self._step_log(file, self._log)
        except FormatError as problem:
            self.close()
            raise LoadError(f"{file.path}: {problem} (at offset {self._offset()})") from None
        except OSError as problem:
            self.close()
            raise LoadError(f"{file.path}: {problem.strerror}") from None
        return self._place >= len(self.files)

    def close(self) -> None:
        """Give the open file back."""
        if self._descriptor >= 0:
            self.disk.close(self._descriptor)
            self._descriptor = -1

    def _offset(self) -> int:
        if self._snapshot is not None:
            return self._snapshot.reader.offset()
        return self._log.offset() if self._log is not None else 0

    def _open(self, file: LoadedFile) -> None:
        disk = self.disk
        file.size = disk.size(file.path)
        self._descriptor = disk.open_read(file.path)
        self._snapshot = None
        self._log = None
        self._replay.begin()
        first = disk.read(self._descriptor, CHUNK)
        self.loaded_bytes += len(first)
        # By its name, too: a base of which nothing is left is not an empty log.
        if not file.is_log or first.startswith(MAGICS) or file.name.endswith(".base.rdb"):
            verify = self.engine.config.flag("rdbchecksum") and not self.engine.keyspace.values.skips_checksums
            loader = SnapshotLoader(self.engine.keyspace, not file.is_log, verify, file.size)
            # A key that comes twice is no work of ours, or of Redis, which does not start with it either.
            loader.refuse_existing = not file.is_log or self.engine.keyspace.total_keys() == 0
            loader.reader.feed(first)
            self._snapshot = loader
        else:
            self._begin_log(file, 0, first)

    def _begin_log(self, file: LoadedFile, base: int, first: bytes) -> None:
        log = AofReader(base, file.size, self.verify_log)
        log.feed(first)
        self._log = log
        self._snapshot = None

    def _read_more(self) -> bytes:
        chunk = self.disk.read(self._descriptor, CHUNK)
        self.loaded_bytes += len(chunk)
        return chunk

    def _finish_file(self) -> None:
        self.close()
        self._place += 1

    # -- snapshots

    def _step_snapshot(self, file: LoadedFile, loader: SnapshotLoader) -> None:
        state = loader.run()
        self.keys = self._keys_before + loader.keys
        if state == NEED_INPUT:
            chunk = self._read_more()
            if chunk:
                loader.reader.feed(chunk)
            else:
                loader.reader.finish()
        elif state == LOADED:
            self._keys_before = self.keys
            self.aux.update(loader.aux)
            self.expired += loader.expired
            self.skipped_empty += loader.reader.skipped_empty
            self.functions.load(loader.functions)
            if file.is_log:
                base = loader.reader.offset()
                self._begin_log(file, base, loader.reader.rest())
            else:
                self.aux = loader.aux
                self._finish_file()

    # -- logs

    def _step_log(self, file: LoadedFile, log: AofReader) -> None:
        event = self._replay.run(log, COMMANDS_A_STEP)
        if event == aof.NEED_INPUT:
            chunk = self._read_more()
            if chunk:
                log.feed(chunk)
            else:
                log.finish()
        elif event == aof.END:
            file.uncovered = log.uncovered_size()
            file.uncovered_crc = log.uncovered_crc() if self.verify_log else -1
            if file.uncovered > 0 and log.has_checksums:
                text = f"{file.name}: no checksum covers the last {file.uncovered} bytes; they were accepted"
                self.engine.log("notice", text)
            self._finish_file()
        elif event == aof.TORN:
            self.close()
            self._cut(file, log)
            self._finish_file()

    def _cut(self, file: LoadedFile, log: AofReader) -> None:
        where = log.valid_offset
        if not file.may_be_torn or not self.log_truncated:
            raise LoadError(
                f"Unexpected end of file reading the append only file {file.path}: its last whole record ends at "
                f"offset {where} of {file.size}. Repair it with miniredis-check-aof --fix, or set aof-load-truncated"
            )
        self.engine.log("warning", f"!!! Warning: short read while loading the AOF file {file.name}!!!")
        self.engine.log("warning", f"AOF {file.name} loaded anyway because aof-load-truncated is enabled")
        self.engine.log(
            "warning", f"Truncating the AOF {file.name} at offset {where}, {file.size - where} bytes are cut"
        )
        self.disk.truncate(file.path, where)
        file.size = where
        file.uncovered = log.uncovered_size()
        file.uncovered_crc = -1


def crc_of_tail(disk: Disk, file: LoadedFile) -> int:
    """The CRC64 of the bytes at the end of a file that no checksum line covers."""
    skipped = file.size - file.uncovered
    crc = 0
    descriptor = disk.open_read(file.path)
    try:
        while chunk := disk.read(descriptor, CHUNK):
            part = chunk[min(skipped, len(chunk)) :]
            skipped -= len(chunk) - len(part)
            crc = crc64(part, crc)
    finally:
        disk.close(descriptor)
    return crc
