"""What one server keeps on disk: the RDB file, the append-only file, and their part in starting and stopping.

    start:  plan_load -> Loading.step... -> finish_load -> the log is open
    run:    poll, ten times a second: children that end, save points, rewrites that are due, syncs
    stop:   stop

No reactor here: threads come in through `in_thread`, time through the engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from miniredis.config.values import Refused
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.write_refusals import refuse_writes
from miniredis.formats.crc64 import crc64
from miniredis.formats.manifest import BASE, Manifest, ManifestEntry
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_IGNORE
from miniredis.persistence.aof_files import AofFiles
from miniredis.persistence.aof_log import AofLog, InThread
from miniredis.persistence.child import Child, may_fork, start_child
from miniredis.persistence.command_base import CommandBase
from miniredis.persistence.disk import Disk
from miniredis.persistence.info import persistence_fields
from miniredis.persistence.loading import LoadedFile, LoadError, Loading
from miniredis.persistence.snapshots import Snapshots
from miniredis.resp.errors import ReplyError

SNAPSHOT_REFUSAL: Final = (
    b"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that "
    b"may modify the data set are disabled, because this instance is configured to report errors during writes if RDB "
    b"snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB "
    b"error."
)
RETRY_S: Final = 5
MAX_RETRY_S: Final = 3600


class Persistence:
    """Both kinds of files of one server."""

    def __init__(self, engine: Engine, disk: Disk, in_thread: InThread) -> None:
        self.engine: Engine = engine
        self.disk: Disk = disk
        self.in_thread: InThread = in_thread
        self.snapshots: Snapshots = Snapshots(engine, disk)
        self.snapshots.is_other_child_active = self.is_rewriting
        self.files: AofFiles = AofFiles(engine.config, disk)
        self.log: AofLog | None = None
        self.loading: Loading | None = None
        self.on_fatal: Callable[[str], None] = _ignore
        self.is_rewrite_scheduled: bool = False
        self.rewrites: int = 0
        self.rewrite_ok: bool = True
        self.rewrite_failures: int = 0
        self.rewrite_duration_s: int = -1
        self.size_after_rewrite: int = 0
        self._child: Child | None = None
        self._older_size: int = 0  # of the base and all increments but the one being written
        self._rewrite_name: bytes = b""
        self._first_increment: int = 0
        self._next_try_s: int = 0
        #: The log was turned on while the server runs: this file counts once there is a base for it.
        self._unsaved_increment: ManifestEntry | None = None
        self._load_began_ms: int = 0
        self._loaded: Loading | None = None
        engine.persistence = self
        if engine.functions is not None:
            self.snapshots.functions = engine.functions.dump_libraries
            self.load_functions = self._load_libraries
        engine.info_sources.setdefault(b"persistence", []).append(lambda: persistence_fields(self))
        engine.config.follow(["appendonly"], self._appendonly_changed)

    def now_s(self) -> int:
        return self.engine.keyspace.now_ms // 1000

    # -- start

    def plan_load(self) -> Loading:
        """What there is to load; LoadError if that cannot be said."""
        config = self.engine.config
        files: list[LoadedFile] = []
        is_log = config.flag("appendonly")
        if is_log:
            files = self.files.open()
        else:
            path = self.snapshots.path()
            if self.disk.exists(path):
                files.append(LoadedFile(path, os.path.basename(path), False, False))
        try:
            loading = Loading(self.engine, self.disk, files)
        except OSError as problem:
            raise LoadError(f"{problem.filename}: {problem.strerror}") from None
        loading.load_functions = self.load_functions
        if is_log:
            self.engine.keyspace.set_expire_policy(EXPIRE_IGNORE)
        self._load_began_ms = self.engine.time.wall_ms()
        self.loading = loading
        return loading

    #: Takes the function libraries of a file.  In a server without Lua they are kept for the next file.
    load_functions: Callable[[list[bytes]], None] | None = None

    def _load_libraries(self, codes: list[bytes]) -> None:
        libraries = self.engine.functions
        assert libraries is not None
        for code in codes:
            try:
                libraries.load_library(code, True)
            except ReplyError as problem:
                raise LoadError(f"Failed loading a library of functions: {problem.message.decode()}") from None

    def finish_load(self) -> None:
        """All is loaded: say so, open the log.  LoadError if the log cannot be opened."""
        engine = self.engine
        loading = self.loading
        assert loading is not None
        self.loading = None
        self._loaded = loading
        if not engine.is_replica:
            engine.keyspace.set_expire_policy(EXPIRE_DELETE)
        engine.effects.clear()
        engine.dirty_at_save = engine.effects.dirty
        if loading.functions and self.load_functions is None:
            kept = loading.functions
            self.snapshots.functions = lambda: kept
        if loading.files:
            seconds = (engine.time.wall_ms() - self._load_began_ms) / 1000
            source = "append only file" if loading.files[0].is_log else "disk"
            engine.log("notice", f"Done loading RDB, keys loaded: {loading.keys}, keys expired: {loading.expired}.")
            engine.log("notice", f"DB loaded from {source}: {seconds:.3f} seconds")
        if loading.skipped_empty:
            engine.log("warning", f"{loading.skipped_empty} empty keys were left out")
        if engine.config.flag("appendonly"):
            try:
                self._open_log(loading.files)
            except OSError as problem:
                raise LoadError(f"{self.files.folder()}: {problem.strerror}") from None

    def _open_log(self, loaded: list[LoadedFile]) -> None:
        files = self.files
        self.disk.make_folder(files.folder())
        for name in files.delete_strays():
            self.engine.log("notice", f"Removed {name}, which an interrupted rewrite left")
        files.delete_history()
        if files.manifest.base is None and not files.manifest.increments:
            base_name = files.next_base_name(self._base_is_rdb())
            temporary = files.temporary_path(os.getpid())
            self._write_base(temporary)
            self.disk.rename(temporary, files.path(base_name))
            manifest = files.manifest.copy()
            manifest.base = ManifestEntry(base_name, files.manifest.next_base_sequence(), BASE)
            files.save(manifest)
        log = self._new_log()
        if files.manifest.increments:
            last = loaded[-1]
            crc = last.uncovered_crc
            if crc < 0 and last.uncovered > 0:
                crc = self._crc_of_tail(last)
            log.open(last.path, last.size, last.uncovered, max(crc, 0))
            self._older_size = sum([file.size for file in loaded[:-1]])
        else:
            entry = files.next_increment()
            path = files.path(entry.name)
            log.open(path, 0)
            files.save(files.with_increment(entry))
            self._older_size = self._base_size()
        self.size_after_rewrite = self._older_size + log.size
        self._use_log(log)

    def _crc_of_tail(self, file: LoadedFile) -> int:
        """Of the bytes at the end of a file that no checksum line covers."""
        skipped = file.size - file.uncovered
        crc = 0
        descriptor = self.disk.open_read(file.path)
        try:
            while chunk := self.disk.read(descriptor, 1 << 20):
                part = chunk[min(skipped, len(chunk)) :]
                skipped -= len(chunk) - len(part)
                crc = crc64(part, crc)
        finally:
            self.disk.close(descriptor)
        return crc

    def _base_size(self) -> int:
        base = self.files.manifest.base
        if base is None:
            return 0
        try:
            return self.disk.size(self.files.path(base.name))
        except OSError:
            return 0

    def _new_log(self) -> AofLog:
        engine = self.engine
        log = AofLog(engine.config, self.disk, self.in_thread, lambda: engine.time.monotonic_ns() / 1e9)
        log.on_trouble = self._trouble_changed
        log.on_fatal = self._fatal
        log.spares_disk = self._spares_disk
        log.unix_s = self.now_s
        return log

    def _use_log(self, log: AofLog) -> None:
        self.log = log
        self.engine.log_buffer = log
        self.engine.log_sinks.append(log)
        self.engine.refresh_listening()

    def _fatal(self, text: str) -> None:
        self.engine.log("warning", text)
        self.on_fatal(text)

    def _spares_disk(self) -> bool:
        return self.has_child() and self.engine.config.flag("no-appendfsync-on-rewrite")

    # -- while it runs

    def has_child(self) -> bool:
        return self._child is not None or self.snapshots.child is not None

    def is_rewriting(self) -> bool:
        return self._child is not None

    def poll(self) -> None:
        """Ten times a second."""
        if self.loading is not None:
            return
        if self.log is not None:
            self.log.tick()
        self._poll_rewrite()
        self.snapshots.poll()
        if not self.has_child() and (self.is_rewrite_scheduled or self._is_rewrite_due()):
            self.begin_rewrite()
        self._check_snapshots()

    def _check_snapshots(self) -> None:
        config = self.engine.config
        refused = not self.snapshots.last_ok and config.flag("stop-writes-on-bgsave-error") and config.save_points()
        refuse_writes(self.engine, "snapshots", SNAPSHOT_REFUSAL if refused else b"", True)

    def _trouble_changed(self) -> None:
        log = self.log
        text = log.trouble() if log is not None else ""
        if text:
            self.engine.log("warning", f"Error writing to the AOF file: {text}")
        reason = b"MISCONF Errors writing to the AOF file: " + text.encode() if text else b""
        refuse_writes(self.engine, "log", reason, True)
        if log is not None and log.sync_error:
            self.is_rewrite_scheduled = True

    def _is_rewrite_due(self) -> bool:
        log = self.log
        if log is None or self.now_s() < self._next_try_s:
            return False
        if self._unsaved_increment is not None or log.sync_error:
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

    # -- the rewrite

    def _base_is_rdb(self) -> bool:
        return self.engine.config.flag("aof-use-rdb-preamble")

    def _write_base(self, path: str) -> None:
        if self._base_is_rdb():
            self.snapshots.write(path, True)
            return
        disk = self.disk
        descriptor = disk.open_new(path)
        try:
            base = CommandBase(disk, descriptor, self.engine.config.flag("aof-checksum"))
            base.write_all_keys(self.engine.keyspace, self.snapshots.functions())
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
            self.disk.make_folder(self.files.folder())
            if self.log is not None and self._unsaved_increment is None:
                self._begin_increment(self.log)
            self._rewrite_name = self.files.next_base_name(self._base_is_rdb())
            self._child = start_child(lambda: self._write_base(self.files.temporary_path(os.getpid())), self.now_s())
        except OSError as problem:
            engine.log("warning", f"Can't rewrite append only file in background: {problem.strerror or problem}")
            self._rewrite_failed()
            return False
        engine.log("notice", f"Background append only file rewriting started by pid {self._child.pid}")
        return True

    def _begin_increment(self, log: AofLog) -> None:
        """The file exists and the manifest names it before anything is written to it."""
        entry = self.files.next_increment()
        path = self.files.path(entry.name)
        self.disk.close(self.disk.open_append(path))
        size = log.size
        # If this fails, the manifest may be in place all the same: then it ends with a file that is empty.
        self.files.save(self.files.with_increment(entry))
        log.switch(path)
        self._older_size += size
        self._first_increment = entry.sequence

    def _poll_rewrite(self) -> None:
        child = self._child
        if child is None:
            return
        done = child.poll()
        if done is None:
            return
        self._child = None
        self.rewrite_duration_s = self.now_s() - int(child.started_s)
        if not done:
            self.engine.log("warning", f"Background AOF rewrite failed: {child.message}")
            self._drop_base(child)
            return
        try:
            self._put_base_in_place(child)
        except OSError as problem:
            self.engine.log("warning", f"Error trying to put the rewritten AOF in place: {problem.strerror}")
            self._drop_base(child)
            return
        self.engine.log("notice", "Background AOF rewrite finished successfully")
        self.rewrites += 1
        self.rewrite_ok = True
        self.rewrite_failures = 0
        if self.log is not None:
            self.log.start_anew()
        self._delete_history()

    def _put_base_in_place(self, child: Child) -> None:
        files = self.files
        path = files.path(self._rewrite_name)
        self.disk.rename(files.temporary_path(child.pid), path)
        self.disk.sync_folder(files.folder())
        unsaved = self._unsaved_increment
        if self.log is None:
            # A base alone: BGREWRITEAOF without a log, as in Redis.
            files.save(files.with_base(self._rewrite_name, files.manifest.next_increment_sequence()))
            return
        manifest = files.with_base(
            self._rewrite_name, unsaved.sequence if unsaved is not None else self._first_increment
        )
        if unsaved is not None:
            manifest.increments.append(unsaved)
        files.save(manifest)
        self._unsaved_increment = None
        self._older_size = self.disk.size(path)
        for entry in manifest.increments[:-1]:
            self._older_size += self.disk.size(files.path(entry.name))
        self.size_after_rewrite = self.current_size()

    def _drop_base(self, child: Child) -> None:
        with suppress(OSError):
            self.disk.unlink(self.files.temporary_path(child.pid))
        self._rewrite_failed()

    def _rewrite_failed(self) -> None:
        self.rewrite_ok = False
        self._next_try_s = self.now_s() + min(RETRY_S << min(self.rewrite_failures, 10), MAX_RETRY_S)
        self.rewrite_failures += 1

    def _delete_history(self) -> None:
        """Deleting large files takes long: in the thread."""
        files = self.files
        if not files.manifest.history or self.engine.config.flag("aof-disable-auto-gc"):
            return
        paths = [files.path(entry.name) for entry in files.manifest.history]
        disk = self.disk

        def unlink() -> None:
            for path in paths:
                with suppress(OSError):
                    disk.unlink(path)

        def done(problem: OSError | None) -> None:
            manifest = files.manifest.copy()
            manifest.history = [entry for entry in manifest.history if files.path(entry.name) not in paths]
            with suppress(OSError):
                files.save(manifest)

        self.in_thread(unlink, done)

    # -- on and off while it runs

    def _appendonly_changed(self) -> None:
        wanted = self.engine.config.flag("appendonly")
        if self._loaded is None or wanted == (self.log is not None):
            return
        if wanted:
            self._turn_on()
        else:
            self._turn_off()

    def _turn_on(self) -> None:
        try:
            self.files.choose_folder()
            self.files.manifest = Manifest()
            self.disk.make_folder(self.files.folder())
            if self.disk.exists(self.files.manifest_path()):
                self.files.open()
            entry = self.files.next_increment()
            log = self._new_log()
            log.open(self.files.path(entry.name), 0)
        except (OSError, LoadError) as problem:
            self.engine.log("warning", f"Can't turn the append only file on: {problem}")
            raise Refused(b"Unable to turn on AOF. Check server logs.") from None
        self._unsaved_increment = entry
        self._older_size = 0
        self._use_log(log)
        if not self.has_child():
            self.begin_rewrite()
        else:
            self.is_rewrite_scheduled = True

    def _turn_off(self) -> None:
        log = self.log
        assert log is not None
        self.kill_rewrite()
        log.close()
        self.log = None
        self.engine.log_buffer = None
        self.engine.log_sinks.remove(log)
        self.engine.refresh_listening()
        unsaved = self._unsaved_increment
        if unsaved is not None:
            self._unsaved_increment = None
            with suppress(OSError):
                self.disk.unlink(self.files.path(unsaved.name))
        self._trouble_changed()

    def kill_rewrite(self) -> None:
        child = self._child
        if child is not None:
            self._child = None
            child.kill()
            with suppress(OSError):
                self.disk.unlink(self.files.temporary_path(child.pid))

    # -- stop

    def stop(self, save: bool | None) -> bool:
        """Bring everything to the disk; False if a snapshot was wanted and failed.  `save` None: as save points say."""
        self.kill_rewrite()
        self.snapshots.cancel()
        if self.loading is not None:
            self.loading.close()
            return True
        if self.log is not None:
            self.engine.log("notice", "Calling fsync() on the AOF file.")
            self.log.close()
        wanted = bool(self.engine.config.save_points()) if save is None else save
        if wanted and not self.engine.config.sentinel:
            self.engine.log("notice", "Saving the final RDB snapshot before exiting.")
            return self.snapshots.save()
        return True

    # -- INFO

    def last_loading(self) -> Loading | None:
        """The load that is under way, or that was done at the start."""
        return self.loading or self._loaded

    def rewrite_started_s(self) -> int:
        """Unix time, or -1."""
        return int(self._child.started_s) if self._child is not None else -1

    def load_started_s(self) -> int:
        return self._load_began_ms // 1000

    def load_eta_s(self) -> int:
        """Seconds until all is loaded, by the speed so far."""
        loading = self.loading
        if loading is None or loading.loaded_bytes == 0:
            return -1
        spent_ms = self.engine.time.wall_ms() - self._load_began_ms
        return spent_ms * (loading.total_bytes - loading.loaded_bytes) // loading.loaded_bytes // 1000


def _ignore(text: str) -> None:
    """Nobody listens."""
