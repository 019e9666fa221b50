"""SAVE, BGSAVE and the save points: the RDB file in `dir`.

A file is written beside the old one, synced, and put in its place.  BGSAVE does that in a forked child; `poll`, called
ten times a second, notices its end, starts what was scheduled and heeds the save points.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from miniredis import REDIS_VERSION
from miniredis.dispatch.executor import Engine
from miniredis.keyspace.snapshot import SnapshotWriter
from miniredis.persistence.child import Child, Progress, may_fork, start_child
from miniredis.persistence.disk import Disk
from miniredis.persistence.functions import StoredFunctions

#: A file that grows is synced each time so much was added: the sync at its end is short then.
SYNC_EVERY: Final = 4 << 20
_TEMPORARY: Final = re.compile(r"temp-[0-9]+\.rdb")
RETRY_S: Final = 5  # after a snapshot that failed, before a save point asks for the next one


class Snapshots:
    """What one server knows of its RDB file."""

    def __init__(self, engine: Engine, disk: Disk) -> None:
        self.engine: Engine = engine
        self.disk: Disk = disk
        self.child: Child | None = None
        self.is_scheduled: bool = False
        #: Work that must not run beside another child: the rewrite of the log.
        self.is_other_child_active: Callable[[], bool] = _never
        self.functions: StoredFunctions = StoredFunctions(engine)
        #: Told when a snapshot has succeeded or failed.
        self.on_outcome: Callable[[], None] = _nothing
        self.last_save_s: int = engine.keyspace.now_ms // 1000
        self.last_ok: bool = True
        self.last_try_s: int = 0
        self.last_duration_s: int = -1
        self.saves: int = 0
        self.last_copied_bytes: int = 0
        self._dirty_at_fork: int = 0

    # -- files

    def path(self) -> str:
        config = self.engine.config
        return os.path.join(config.string("dir"), config.string("dbfilename"))

    def aux(self, is_log_base: bool) -> list[tuple[bytes, bytes]]:
        """What every file says of its origin."""
        replication = self.engine.replication
        return [
            (b"redis-ver", REDIS_VERSION.encode()),
            (b"redis-bits", b"64"),
            (b"ctime", b"%d" % (self.engine.keyspace.now_ms // 1000)),
            (b"used-mem", b"%d" % self.engine.used_memory()),
            (b"aof-base", b"%d" % is_log_base),
            # Where in the stream of replication the data stands; a log's base is not all of the data.
            *(replication.snapshot_origin() if replication is not None and not is_log_base else []),
        ]

    def write(self, path: str, is_log_base: bool, progress: Progress | None = None) -> None:
        """All keys into a new file, synced; OSError, and then no file."""
        config = self.engine.config
        delay_us = config.int("rdb-key-save-delay")
        piecewise = "aof-rewrite-incremental-fsync" if is_log_base else "rdb-save-incremental-fsync"
        sync_every = SYNC_EVERY if config.flag(piecewise) else 0
        writer = SnapshotWriter(self.engine.keyspace, config.flag("rdbcompression"), config.flag("rdbchecksum"))
        writer.begin(self.aux(is_log_base), self.functions.sources())
        disk = self.disk
        try:
            descriptor = disk.open_new(path)
            try:
                unsynced = keys = 0
                while chunk := writer.step():
                    disk.write_all(descriptor, chunk)
                    if delay_us > 0:
                        self.engine.sleep((writer.keys - keys) * delay_us / 1e6)
                        keys = writer.keys
                    if progress is not None:
                        progress.note(writer.keys)
                    unsynced += len(chunk)
                    if unsynced >= sync_every > 0:
                        disk.sync(descriptor)
                        unsynced = 0
                disk.sync(descriptor)
            finally:
                disk.close(descriptor)
        except OSError:
            with suppress(OSError):
                disk.unlink(path)
            raise

    def write_in_place(self, progress: Progress | None = None) -> None:
        """The file of SAVE and BGSAVE, complete or as it was."""
        path = self.path()
        folder = os.path.dirname(path)
        temporary = os.path.join(folder, f"temp-{os.getpid()}.rdb")
        self.write(temporary, False, progress)
        try:
            self.disk.rename(temporary, path)
        except OSError:
            with suppress(OSError):
                self.disk.unlink(temporary)
            raise
        self.disk.sync_folder(folder or ".")

    def delete_strays(self) -> list[str]:
        """Delete what a snapshot left that was interrupted; the names."""
        folder = os.path.dirname(self.path()) or "."
        try:
            found = sorted(name for name in self.disk.list(folder) if _TEMPORARY.fullmatch(name))
        except OSError:
            return []
        for name in found:
            with suppress(OSError):
                self.disk.unlink(os.path.join(folder, name))
        return found

    # -- what is asked for

    def save(self) -> bool:
        """Write the file now; whether that worked."""
        dirty = self.engine.effects.dirty
        try:
            self.write_in_place()
        except OSError as problem:
            self.engine.log("warning", f"Error saving DB on disk: {problem.strerror}")
            return False
        self.engine.log("notice", "DB saved on disk")
        self._note_success(dirty)
        return True

    def begin(self) -> bool:
        """Start a child that writes the file; whether that worked."""
        engine = self.engine
        now_s = engine.keyspace.now_ms // 1000
        self.last_try_s = now_s
        self.is_scheduled = False
        self._dirty_at_fork = engine.effects.dirty
        if not may_fork(engine.platform.rss_bytes()):
            engine.log("warning", "Can't save in background: not enough memory for a child process")
            self._note_failure()
            return False
        try:
            self.child = start_child(self.write_in_place, now_s)
        except OSError as problem:
            engine.log("warning", f"Can't save in background: fork: {problem.strerror}")
            self._note_failure()
            return False
        engine.counters.note_fork(self.child.fork_us)
        engine.log("notice", f"Background saving started by pid {self.child.pid}")
        return True

    def cancel(self) -> bool:
        """Give up the snapshot that is under way or scheduled; whether there was one."""
        found = self.is_scheduled or self.child is not None
        self.is_scheduled = False
        child = self.child
        if child is not None:
            child.kill()
            self.child = None
            self._remove_temporary(child)
        return found

    def poll(self) -> None:
        """Ten times a second."""
        child = self.child
        if child is not None:
            done = child.poll()
            if done is None:
                return
            self.child = None
            self.last_copied_bytes = child.copied_bytes
            self.last_duration_s = self.engine.keyspace.now_ms // 1000 - int(child.started_s)
            if done:
                self.engine.log("notice", f"{child.copied_bytes >> 20} MB of memory were copied for the snapshot")
                self.engine.log("notice", "Background saving terminated with success")
                self._note_success(self._dirty_at_fork)
            else:
                self.engine.log("warning", f"Background saving error: {child.message}")
                self._remove_temporary(child)
                self._note_failure()
            return
        if self.is_other_child_active():
            return
        if self.is_scheduled or self._is_due():
            self.begin()

    def _is_due(self) -> bool:
        now_s = self.engine.keyspace.now_ms // 1000
        changes = self.changes()
        if changes == 0 or (not self.last_ok and now_s - self.last_try_s <= RETRY_S):
            return False
        for seconds, least in self.engine.config.save_points():
            if changes >= least and now_s - self.last_save_s > seconds:
                self.engine.log("notice", f"{least} changes in {seconds} seconds. Saving...")
                return True
        return False

    def changes(self) -> int:
        """Since the last file was written."""
        return self.engine.effects.dirty - self.engine.dirty_at_save

    def _note_success(self, dirty: int) -> None:
        self.engine.dirty_at_save = dirty
        self.last_save_s = self.engine.keyspace.now_ms // 1000
        self.last_ok = True
        self.saves += 1
        self.on_outcome()

    def _note_failure(self) -> None:
        self.last_ok = False
        self.on_outcome()

    def _remove_temporary(self, child: Child) -> None:
        path = os.path.join(os.path.dirname(self.path()), f"temp-{child.pid}.rdb")
        with suppress(OSError):
            self.disk.unlink(path)


def _nothing() -> None:
    """Nobody listens."""


def _never() -> bool:
    return False
