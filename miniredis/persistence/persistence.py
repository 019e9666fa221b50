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
from miniredis.dispatch.gates import GATE_LOADING
from miniredis.dispatch.write_refusals import LOG, SNAPSHOTS, refuse_writes
from miniredis.formats.manifest import Manifest
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_IGNORE
from miniredis.persistence.aof_log import AofLog
from miniredis.persistence.disk import Disk, InThread
from miniredis.persistence.info import buffered_bytes, persistence_fields
from miniredis.persistence.loading import LoadedFile, LoadError, Loading, crc_of_tail
from miniredis.persistence.rewriting import Rewriting

SNAPSHOT_REFUSAL: Final = (
    b"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that "
    b"may modify the data set are disabled, because this instance is configured to report errors during writes if RDB "
    b"snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB "
    b"error."
)


class Persistence(Rewriting):
    """Both kinds of files of one server."""

    def __init__(self, engine: Engine, disk: Disk, in_thread: InThread) -> None:
        super().__init__(engine, disk, in_thread)
        self.snapshots.is_other_child_active = self.is_rewriting
        self.snapshots.on_outcome = self._check_snapshots
        self.loading: Loading | None = None
        self.on_fatal: Callable[[str], None] = _ignore
        self._loaded: Loading | None = None
        #: The text of `dir` that the server began with, and the folder that this meant.
        self._first_dir: str = engine.config.string("dir")
        self._first_folder: str = os.path.abspath(self._first_dir)
        self._work_folder: str = self._first_folder
        engine.persistence = self
        engine.info_sources.setdefault(b"persistence", []).append(lambda: persistence_fields(self))
        engine.info_sources.setdefault(b"memory", []).append(lambda: [("mem_aof_buffer", buffered_bytes(self))])
        engine.config.on_change("dir", self._dir_changed)  # first: what else is set together is set there
        engine.config.follow(["appendonly"], self._appendonly_changed)
        engine.config.follow(["stop-writes-on-bgsave-error", "save"], self._check_snapshots)
        engine.on_data_replaced.append(self._data_replaced)

    # -- start

    def plan_load(self) -> Loading:
        """What there is to load; LoadError if that cannot be said."""
        config = self.engine.config
        files: list[LoadedFile] = []
        is_log = config.flag("appendonly")
        if is_log:
            files = self.files.open()
            if not files and self.disk.exists(self.snapshots.path()):
                self.engine.log(
                    "warning",
                    f"{self.snapshots.path()} is not loaded, since appendonly is on and its folder is empty. To go on "
                    f"with that data, start with appendonly no and then CONFIG SET appendonly yes",
                )
        else:
            path = self.snapshots.path()
            if self.disk.exists(path):
                files.append(LoadedFile(path, os.path.basename(path), False, False))
        try:
            loading = Loading(self.engine, self.disk, files)
        except OSError as problem:
            raise LoadError(f"{problem.filename}: {problem.strerror}") from None
        loading.functions = self.snapshots.functions
        for name in self.snapshots.delete_strays():
            self.engine.log("notice", f"Removed {name}, which an interrupted snapshot left")
        if is_log:
            self.engine.keyspace.set_expire_policy(EXPIRE_IGNORE)
        self.loading = loading
        return loading

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
        if engine.replication is not None and len(loading.files) == 1 and not loading.files[0].is_log:
            engine.replication.take_origin(loading.aux)
        if loading.files:
            seconds = (engine.time.wall_ms() - loading.began_ms) / 1000
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
        files.begin_folder()
        for name in files.delete_strays():
            self.engine.log("notice", f"Removed {name}, which an interrupted rewrite left")
        self._delete_history()
        self.settle_files()
        if files.manifest.is_empty():
            base = files.next_base(self._base_is_rdb())
            temporary = files.temporary_path(os.getpid())
            self._write_base(temporary)
            self.disk.rename(temporary, files.path(base.name))
            manifest = files.manifest.copy()
            base.size = self.disk.size(files.path(base.name))
            manifest.base = base
            files.save(manifest)
        log = self._new_log()
        if files.manifest.increments:
            last = loaded[-1]
            crc = last.uncovered_crc
            if crc < 0 and last.uncovered > 0:
                crc = crc_of_tail(self.disk, last)
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

    def load_again(self, flush: Callable[[], None]) -> None:
        """Load the log's files into an emptied server that goes on with them; LoadError or OSError."""
        engine, log = self.engine, self.log
        assert log is not None
        self.settle_files()
        log.write_out()
        loading = Loading(engine, self.disk, self.files.to_load())
        loading.functions = self.snapshots.functions
        policy = EXPIRE_IGNORE if engine.is_replica else EXPIRE_DELETE
        flush()
        # What is run from the log must not go into it once more.
        sinks, engine.log_sinks = engine.log_sinks, []
        engine.refresh_listening()
        engine.keyspace.set_expire_policy(EXPIRE_IGNORE)
        try:
            while not loading.step():
                pass
        finally:
            loading.close()
            engine.keyspace.set_expire_policy(policy)
            engine.log_sinks = sinks
            engine.refresh_listening()

    # -- while it runs

    def has_child(self) -> bool:
        return self.is_rewriting() or self.snapshots.child is not None

    def poll(self) -> None:
        """Ten times a second."""
        if self.loading is not None or self.engine.gates & GATE_LOADING:
            return  # from a file, or from a primary: what is there is no whole
        if self.log is not None:
            self.log.tick()
        self._poll_rewrite()
        self.snapshots.poll()
        if not self.has_child() and (self.is_rewrite_scheduled or self._is_rewrite_due()):
            self.begin_rewrite()

    def _check_snapshots(self) -> None:
        config = self.engine.config
        refused = not self.snapshots.last_ok and config.flag("stop-writes-on-bgsave-error") and config.save_points()
        refuse_writes(self.engine, SNAPSHOTS, SNAPSHOT_REFUSAL if refused else b"", True)

    def _trouble_changed(self) -> None:
        log = self.log
        text = log.trouble() if log is not None else ""
        if text:
            self.engine.log("warning", f"Error writing to the AOF file: {text}")
        reason = b"MISCONF Errors writing to the AOF file: " + text.encode() if text else b""
        refuse_writes(self.engine, LOG, reason, True)
        if log is not None and log.sync_errors:
            self.is_rewrite_scheduled = True

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
        # A base that was begun without a log does not hold what was written since.
        self.kill_rewrite()
        try:
            self.files.choose_folder()
            self.files.manifest = Manifest()
            if self.disk.exists(self.files.manifest_path()):
                self.files.open()
            self.files.begin_folder()
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

    def _dir_changed(self) -> None:
        """Relative paths begin at the folder before; the whole path is shown from then on."""
        config = self.engine.config
        path = config.string("dir")
        if not path:
            raise Refused(b"dir can't be empty")
        folder = self._first_folder if path == self._first_dir else os.path.join(self._work_folder, path)
        folder = os.path.normpath(folder)
        try:
            self.disk.must_be_folder(folder)
        except OSError as problem:
            raise Refused((problem.strerror or str(problem)).encode()) from None
        except ValueError:  # a byte 0
            raise Refused(b"No such file or directory") from None
        self._work_folder = folder
        config.assign("dir", os.fsencode(folder))

    def _data_replaced(self, functions: list[bytes]) -> None:
        """What the log holds is not what we have any more: begin it anew, with a base of its own."""
        if self.log is None:
            return
        self._turn_off()
        try:
            self._turn_on()
        except Refused as problem:
            self.engine.log("warning", f"The append only file is off: {problem}")

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
            if not self.log.flush() or self.log.trouble():
                self.engine.log("warning", f"Error writing the AOF file before exiting: {self.log.trouble()}")
                return False
        wanted = bool(self.engine.config.save_points()) if save is None else save
        if self.engine.gates & GATE_LOADING:
            return True
        if wanted and not self.engine.config.sentinel:
            self.engine.log("notice", "Saving the final RDB snapshot before exiting.")
            if not self.snapshots.save():
                return False
        if self.log is not None:
            self.log.close()
        return True

    # -- INFO

    def last_loading(self) -> Loading | None:
        """The load that is under way, or that was done at the start."""
        return self.loading or self._loaded

    def child_keys(self) -> int:
        """How many keys the child at work has written."""
        child = self._child or self.snapshots.child
        return child.progress.keys() if child is not None else 0

    def child_keys_total(self) -> int:
        if not self.has_child():
            return 0
        return sum([database.size() for database in self.engine.keyspace.databases])


def _ignore(text: str) -> None:
    """Nobody listens."""
