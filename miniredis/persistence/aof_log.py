"""The writer of the append-only file that is being appended to.

What gathers in a turn is written at its end, with one checksum line behind it.  `everysec`: replies leave after the
write, the file is synced once a second in a thread.  `always`: replies leave after the sync; while one is under way,
further turns gather, so that one sync serves many clients.  `no`: the system syncs when it likes.

    gathered --settle--> written --sync--> safe        (always: a reply waits for "safe", else for "written")

A write that fails is taken back from the file and tried again; where even that fails, the next try begins with the
rest of what was begun.  A sync that fails leaves it open what the disk holds of that file, and a later one that
succeeds says nothing: only a set of files without that one makes up for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from miniredis.config.config import Config
from miniredis.dispatch.log_buffer import LogBuffer
from miniredis.formats.aof import checksum_line, timestamp_line
from miniredis.formats.crc64 import crc64
from miniredis.persistence.disk import Disk, InThread

SYNC_EVERY_S: Final = 1.0


class AofLog(LogBuffer):
    """Opened by `open`; `tick` is called ten times a second."""

    def __init__(self, config: Config, disk: Disk, in_thread: InThread, monotonic_s: Callable[[], float]) -> None:
        super().__init__()
        self.config: Config = config
        self.disk: Disk = disk
        self.in_thread: InThread = in_thread
        self.monotonic_s: Callable[[], float] = monotonic_s
        self.path: str = ""
        self.descriptor: int = -1
        self.size: int = 0
        self.write_error: str = ""
        #: Files of which it is not known what the disk holds, with the reason.
        self.sync_errors: dict[str, str] = {}
        #: Told when an error came or went.
        self.on_trouble: Callable[[], None] = _nothing
        #: Called when `always` cannot keep its promise: the server has to stop.
        self.on_fatal: Callable[[str], None] = _ignore
        #: Whether syncs are put off because a child writes (no-appendfsync-on-rewrite).
        self.spares_disk: Callable[[], bool] = _never
        self.unix_s: Callable[[], int] = _zero
        self.delayed_syncs: int = 0
        self._crc: int = 0
        self._uncovered: int = 0
        self._stamped_s: int = 0
        self._written: int = 0  # of `appended`
        self._synced: int = 0
        self._is_syncing: bool = False
        #: What a failed write has begun in the file and could not take back: the next write begins with the rest.
        self._unfinished: bytes = b""
        self._last_sync_s: float = monotonic_s()

    # -- files

    def open(self, path: str, size: int, uncovered: int = 0, crc: int = 0) -> None:
        """Append to this file from now on; `uncovered` bytes at its end get covered by the next checksum line."""
        self.descriptor = self.disk.open_append(path)
        self.path = path
        self.size = size
        self._uncovered = uncovered
        self._crc = crc
        self.forget_database()

    def switch(self, path: str) -> None:
        """Go on in a new, empty file after `write_out`; the old one is synced and closed."""
        new = self.disk.open_append(path)
        old = self.descriptor
        disk = self.disk
        old_path = self.path

        def sync_and_close() -> None:
            try:
                disk.sync(old)
            finally:
                disk.close(old)

        def done(problem: OSError | None) -> None:
            if problem is not None:
                self._sync_failed(problem, old_path)

        self.in_thread(sync_and_close, done)
        self.descriptor = new
        self.path = path
        self.size = 0
        self._uncovered = 0
        self._crc = 0
        self.forget_database()

    def write_out(self) -> None:
        """Put what has gathered into the file; OSError if that does not work."""
        if not self._write():
            raise OSError(0, self.write_error)

    def flush(self) -> bool:
        """Write and sync everything, in this thread; whether all of it is safe."""
        if self.descriptor < 0:
            return True
        if not self._write():
            return False
        try:
            self.disk.sync(self.descriptor)
        except OSError as problem:
            self._sync_failed(problem, self.path)
            return False
        self._synced = self._written
        self.release(self.appended)
        return True

    def close(self) -> None:
        """The server stops or the log is turned off: what is not safe now is not acknowledged under `always`."""
        if self.descriptor < 0:
            return
        if not self.flush() and self.config.text("appendfsync") != b"always":
            self.release(self.appended)
        with suppress(OSError):
            self.disk.close(self.descriptor)
        self.descriptor = -1

    def forgive(self, paths: set[str]) -> None:
        """A new set of files is complete and consists of `paths`: what went wrong with others is over."""
        if self.sync_errors:
            self.sync_errors = {path: reason for path, reason in self.sync_errors.items() if path in paths}
            self.on_trouble()

    # -- turns

    def settle(self) -> None:
        if self.descriptor < 0:
            return  # the server stops: what cannot be kept is not acknowledged any more
        if self.config.text("appendfsync") == b"always":
            self._settle_always()
            return
        self._write()
        # Without `always` a reply promises what Redis's does: after a failed write the data is kept and tried again.
        self.release(self.appended)

    def _settle_always(self) -> None:
        if self._is_syncing:
            return
        if not self._write():
            self.on_fatal("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
            return
        self._sync()

    def tick(self) -> None:
        """Try again what failed, sync what is due."""
        if self.descriptor < 0:
            return
        if not self.is_empty() or self._unfinished or self.is_behind():
            self.settle()
        if self.config.text("appendfsync") != b"everysec" or self._synced == self._written:
            return
        if self.spares_disk():
            return
        if self._is_syncing:
            if self.monotonic_s() - self._last_sync_s > 2 * SYNC_EVERY_S:
                self.delayed_syncs += 1
            return
        if self.monotonic_s() - self._last_sync_s >= SYNC_EVERY_S:
            self._sync()

    # -- writing

    def _write(self) -> bool:
        """Hand everything to the system; False if it did not take all."""
        if self._unfinished and not self._finish():
            return False
        if self.is_empty():
            return True
        data = self.take()
        head = self._stamp()
        text = head + data if head else data
        covers = self.config.flag("aof-checksum")
        if covers:
            crc = crc64(text, self._crc)
            text += checksum_line(crc, self._uncovered + len(text))
        written = 0
        try:
            while written < len(text):
                written += self.disk.write(self.descriptor, text[written:] if written else text)
        except OSError as problem:
            if self._take_back(text, written):
                self.put_back(data)
                self._stamped_s = 0
                self._write_failed(problem)
                return False
            self._note_written(text, covers)
            self._write_failed(problem)
            return False
        self._note_written(text, covers)
        self._write_succeeded()
        return True

    def _note_written(self, text: bytes, covers: bool) -> None:
        """All of `text` is in the file, or will be before anything else is."""
        self.size += len(text)
        if covers:
            self._uncovered = 0
            self._crc = 0
        else:
            self._crc = crc64(text, self._crc)
            self._uncovered += len(text)

    def _write_succeeded(self) -> None:
        self._written = self.appended
        if self.write_error:
            self.write_error = ""
            self.on_trouble()

    def _finish(self) -> bool:
        """Write the rest of what an earlier write has begun."""
        try:
            while self._unfinished:
                self._unfinished = self._unfinished[self.disk.write(self.descriptor, self._unfinished) :]
        except OSError as problem:
            self._write_failed(problem)
            return False
        if self.is_empty():
            self._write_succeeded()
        return True

    def _take_back(self, text: bytes, written: int) -> bool:
        """Whether nothing of a failed write is in the file any more; otherwise its rest is kept to go on with."""
        if written == 0:
            return True
        try:
            self.disk.truncate(self.path, self.size)
        except OSError:
            self._unfinished = text[written:]
            return False
        return True

    def _stamp(self) -> bytes:
        if not self.config.flag("aof-timestamp-enabled"):
            return b""
        now_s = self.unix_s()
        if now_s <= self._stamped_s:
            return b""
        self._stamped_s = now_s
        return timestamp_line(now_s)

    def _write_failed(self, problem: OSError) -> None:
        self.write_error = problem.strerror or str(problem)
        self.on_trouble()

    # -- syncing

    def _sync(self) -> None:
        if self._synced == self.appended and self._synced == self._written:
            self.release(self.appended)
            return
        self._is_syncing = True
        self._last_sync_s = self.monotonic_s()
        written = self._written
        descriptor = self.descriptor
        path = self.path
        disk = self.disk

        def sync() -> None:
            disk.sync(descriptor)

        def done(problem: OSError | None) -> None:
            self._is_syncing = False
            if problem is None:
                self._sync_done(written)
            else:
                self._sync_failed(problem, path)

        self.in_thread(sync, done)

    def _sync_done(self, written: int) -> None:
        self._synced = max(self._synced, written)
        if self.is_behind():
            self.release(max(self.released, written))
        if self.is_behind():
            self.settle()

    def _sync_failed(self, problem: OSError, path: str) -> None:
        if self.config.text("appendfsync") == b"always":
            self.on_fatal("Can't persist AOF for fsync error when the AOF fsync policy is 'always': Exiting...")
            return
        self.sync_errors[path] = problem.strerror or str(problem)
        self.on_trouble()

    def durable(self) -> int:
        return self._synced

    def is_syncing(self) -> bool:
        return self._is_syncing

    def trouble(self) -> str:
        """What is wrong, or nothing."""
        for reason in self.sync_errors.values():
            return self.write_error or reason
        return self.write_error


def _nothing() -> None:
    """Nobody listens."""


def _ignore(text: str) -> None:
    """Nobody listens."""


def _never() -> bool:
    return False


def _zero() -> int:
    return 0
