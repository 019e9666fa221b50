"""The log's files while they are rewritten: a new base from a child, new increments, the manifest that names them.

    begin_rewrite -> [thread: new increment, manifest] -> fork -> poll -> [thread: base, manifest] -> [thread: history]

What waits for the disk is a step in the thread; nothing else touches the files meanwhile (`settle_files` waits).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.formats.manifest import Manifest, ManifestEntry
from miniredis.persistence.aof_files import AofFiles
from miniredis.persistence.aof_log import AofLog
from miniredis.persistence.child import Child, Progress, may_fork, start_child
from miniredis.persistence.command_base import CommandBase
from miniredis.persistence.disk import Disk, InThread
from miniredis.persistence.file_step import FileStep
from miniredis.persistence.snapshots import SYNC_EVERY, Snapshots

RETRY_S: Final = 5
MAX_RETRY_S: Final = 3600


class Rewriting:
    """The log of one server, if it has one, and the rewrite of its files."""

    def __init__(self, engine: Engine, disk: Disk, in_thread: InThread) -> None:
        self.engine: Engine = engine
        self.disk: Disk = disk
        self.in_thread: InThread = in_thread
        self.snapshots: Snapshots = Snapshots(engine, disk)
        self.files: AofFiles = AofFiles(engine.config, disk)
        self.log: AofLog | None = None
        self.is_rewrite_scheduled: bool = False
        self.rewrites: int = 0
        self.rewrite_ok: bool = True
        self.rewrite_failures: int = 0
        self.rewrite_duration_s: int = -1
        self.size_after_rewrite: int = 0
        self.last_copied_bytes: int = 0
        self._child: Child | None = None
        self._step: FileStep | None = None  # of a rewrite, before or after its child
        self._older_size: int = 0  # of the base and all increments but the one being written
        self._new_base: ManifestEntry | None = None
        self._first_increment: int = 0
        self._next_try_s: int = 0
        #: The log was turned on while the server runs: this file counts once there is a base for it.
        self._unsaved_increment: ManifestEntry | None = None

    def now_s(self) -> int:
        return self.engine.keyspace.now_ms // 1000

    def is_rewriting(self) -> bool:
        return self._child is not None or self._step is not None

    def _is_rewrite_due(self) -> bool:
        log = self.log
        if log is None or self.now_s() < self._next_try_s:
            return False
        if self._unsaved_increment is not None or log.sync_errors:
            return True
        config = self.engine.config
        percentage = config.int("auto-aof-rewrite-percentage")
        size = self.current_size()
        if percentage == 0 or size < config.int("auto-aof-rewrite-min-size"):
            return False
        base = max(self.size_after_rewrite, 1)
        growth = size * 100 // base - 100
        if growth < percentage:
            return False
        self.engine.log("notice", f"Starting automatic rewriting of AOF on {growth}% growth")
        return True

    def current_size(self) -> int:
        """Bytes of the base and all increments."""
        return self._older_size + (self.log.size if self.log is not None else 0)

    def _base_is_rdb(self) -> bool:
        return self.engine.config.flag("aof-use-rdb-preamble")

    def _write_base(self, path: str, progress: Progress | None = None) -> None:
        if self._base_is_rdb():
            self.snapshots.write(path, True, progress)
            return
        disk = self.disk
        descriptor = disk.open_new(path)
        try:
            config = self.engine.config
            sync_every = SYNC_EVERY if config.flag("aof-rewrite-incremental-fsync") else 0
            base = CommandBase(disk, descriptor, config.flag("aof-checksum"), progress, sync_every)
            base.write_all_keys(self.engine.keyspace, self.snapshots.functions.sources())
            disk.sync(descriptor)
        finally:
            disk.close(descriptor)

    def begin_rewrite(self) -> bool:
        """Write a new base in a child, and what comes from now on into a new increment; whether that began."""
        engine = self.engine
        self.is_rewrite_scheduled = False
        if not may_fork(engine.platform.rss_bytes()):
            engine.log("warning", "Can't rewrite append only file in background: not enough memory for a child process")
            self._rewrite_failed()
            return False
        try:
            self.files.begin_folder()
        except OSError as problem:
            self._cannot_rewrite(problem)
            return False
        if self.log is not None and self._unsaved_increment is None:
            self._begin_increment(self.log)
        else:
            self._fork()
        return self.is_rewriting()

    def _cannot_rewrite(self, problem: OSError) -> None:
        text = problem.strerror or str(problem)
        self.engine.log("warning", f"Can't rewrite append only file in background: {text}")
        self._rewrite_failed()

    def _fork(self) -> None:
        try:
            self._new_base = self.files.next_base(self._base_is_rdb())
            self._child = start_child(self._rewrite_in_child, self.now_s())
        except OSError as problem:
            self._cannot_rewrite(problem)
            return
        self.engine.counters.note_fork(self._child.fork_us)
        self.engine.log("notice", f"Background append only file rewriting started by pid {self._child.pid}")

    def _begin_step(self, work: Callable[[], None], follow: Callable[[OSError | None], None]) -> None:
        """Do `work` in the thread, and then `follow`."""

        def ended(problem: OSError | None) -> None:
            self._step = None
            follow(problem)

        step = FileStep(work, ended)
        self._step = step
        self.in_thread(step.run, lambda problem: step.follow())

    def settle_files(self) -> None:
        """Wait for what is being done to the log's files, and do what follows from it."""
        while self._step is not None:
            self._step.complete()

    def _rewrite_in_child(self, progress: Progress) -> None:
        self._write_base(self.files.temporary_path(os.getpid()), progress)

    def _begin_increment(self, log: AofLog) -> None:
        """The file exists and the manifest names it before anything is written to it; then the child is started."""
        entry = self.files.next_increment()
        path = self.files.path(entry.name)
        # More may be written to the old file until the new one is there: its size is the least it has.
        manifest = self.files.with_increment(entry, log.size)
        write = self.files.writing(manifest)

        def work() -> None:
            self.disk.close(self.disk.open_append(path))
            # If this fails, the manifest may be in place all the same: then it ends with a file that is empty.
            write()

        def follow(problem: OSError | None) -> None:
            try:
                if problem is not None:
                    raise problem
                self.files.manifest = manifest
                log.write_out()
                size = log.size
                log.switch(path)
            except OSError as why:
                self._cannot_rewrite(why)
                return
            self._older_size += size
            self._first_increment = entry.sequence
            self._fork()

        self._begin_step(work, follow)

    def _poll_rewrite(self) -> None:
        child = self._child
        if child is None:
            return
        done = child.poll()
        if done is None:
            return
        self._child = None
        self.last_copied_bytes = child.copied_bytes
        self.rewrite_duration_s = self.now_s() - int(child.started_s)
        if not done:
            self.engine.log("warning", f"Background AOF rewrite failed: {child.message}")
            self._drop_base(child)
            return
        self._put_base_in_place(child)

    def _put_base_in_place(self, child: Child) -> None:
        files, disk = self.files, self.disk
        base = self._new_base
        assert base is not None
        temporary, path = files.temporary_path(child.pid), files.path(base.name)
        unsaved = self._unsaved_increment
        if self.log is None:
            # A base alone: BGREWRITEAOF without a log, as in Redis.
            first = files.manifest.next_increment_sequence()
        else:
            first = unsaved.sequence if unsaved is not None else self._first_increment
        try:
            base.size = disk.size(temporary)
        except OSError as problem:
            self._base_is_in_place(child, None, problem)
            return
        manifest = files.with_base(base, first)
        if unsaved is not None:
            manifest.increments.append(unsaved)
        write = files.writing(manifest)

        def work() -> None:
            disk.rename(temporary, path)
            disk.sync_folder(os.path.dirname(path))
            write()

        self._begin_step(work, lambda problem: self._base_is_in_place(child, manifest, problem))

    def _base_is_in_place(self, child: Child, manifest: Manifest | None, problem: OSError | None) -> None:
        files = self.files
        if problem is not None or manifest is None:
            reason = problem.strerror if problem is not None else ""
            self.engine.log("warning", f"Error trying to put the rewritten AOF in place: {reason}")
            self._drop_base(child)
            return
        files.manifest = manifest
        self._unsaved_increment = None
        self.rewrites += 1
        self.rewrite_ok = True
        self.rewrite_failures = 0
        if self.log is not None:
            self._older_size = self._size_of(manifest.files()[:-1])
            self.size_after_rewrite = self.current_size()
            self.log.forgive({files.path(entry.name) for entry in manifest.files()})
        self.engine.log("notice", f"{child.copied_bytes >> 20} MB of memory were copied for the rewrite")
        self.engine.log("notice", "Background AOF rewrite finished successfully")
        self._delete_history()

    def _size_of(self, entries: list[ManifestEntry]) -> int:
        size = 0
        for entry in entries:
            with suppress(OSError):
                size += self.disk.size(self.files.path(entry.name))
        return size

    def _delete_history(self) -> None:
        """What a rewrite made needless; a failure leaves it for the next time."""
        found = self.files.without_history()
        if found is None:
            return
        manifest, work = found

        def follow(problem: OSError | None) -> None:
            if problem is None:
                self.files.manifest = manifest

        self._begin_step(work, follow)

    def _drop_base(self, child: Child) -> None:
        with suppress(OSError):
            self.disk.unlink(self.files.temporary_path(child.pid))
        self._rewrite_failed()

    def _rewrite_failed(self) -> None:
        self.rewrite_ok = False
        delay_s = min(RETRY_S << min(self.rewrite_failures, 10), MAX_RETRY_S)
        if self.log is not None and self.log.sync_errors:
            delay_s = 0  # nothing can be written before there are new files
        self._next_try_s = self.now_s() + delay_s
        self.rewrite_failures += 1

    def kill_rewrite(self) -> None:
        self.settle_files()
        child = self._child
        if child is not None:
            self._child = None
            child.kill()
            with suppress(OSError):
                self.disk.unlink(self.files.temporary_path(child.pid))

    def rewrite_started_s(self) -> int:
        """Unix time, or -1."""
        return int(self._child.started_s) if self._child is not None else -1
