"""The writer of the append-only file that is being appended to.

What gathers in a turn is written at its end, with one checksum line behind it.  `everysec`: replies leave after the
write, the file is synced once a second in a thread.  `always`: replies leave after the sync; while one is under way,
further turns gather, so that one sync serves many clients.  `no`: the system syncs when it likes.

    gathered --settle--> written --sync--> safe        (always: a reply waits for "safe", else for "written")

A write that fails is taken back from the file and tried again; a sync that fails leaves it open what the disk holds,
so nothing but a newly written set of files makes up for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from miniredis.config.config import Config
from miniredis.dispatch.log_buffer import LogBuffer
from miniredis.formats.aof import checksum_line, timestamp_line
from miniredis.formats.crc64 import crc64
from miniredis.persistence.disk import Disk

#: Runs a function in a thread and then, in the server's own, calls back with the OSError it raised, or None.
InThread = Callable[[Callable[[], None], Callable[[OSError | None], None]], None]

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
        self.sync_error: str = ""
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
        """Go on in a new, empty file; what has gathered still goes into the old one, which is synced and closed."""
        new = self.disk.open_append(path)
        old = self.descriptor
        if self.parts and not self._write():
            self.disk.close(new)
            raise OSError(0, self.write_error)
        disk = self.disk

        def sync_and_close() -> None:
            try:
                disk.sync(old)
            finally:
                disk.close(old)

        self.in_thread(sync_and_close, self._old_file_closed)
        self.descriptor = new
        self.path = path
        self.size = 0
        self._uncovered = 0
        self._crc = 0
        self.forget_database()

    def _old_file_closed(self, problem: OSError | None) -> None:
        if problem is not None:
            self._sync_failed(problem)

    def close(self) -> None:
        """Write and sync all, in this thread: the server stops or the log is turned off."""
        if self.descriptor < 0:
            return
        if self.parts:
            self._write()
        with suppress(OSError):
            self.disk.sync(self.descriptor)
        self.disk.close(self.descriptor)
        self.descriptor = -1
        self.release(self.appended)

    def start_anew(self) -> None:
        """A new set of files is complete: what went wrong with the old one is over."""
        self.sync_error = ""
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
        if self.parts and not self._write():
            self.on_fatal("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
            return
        self._sync()

    def tick(self) -> None:
        """Try again what failed, sync what is due."""
        if self.descriptor < 0:
            return
        if self.parts or self.is_behind():
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
        """Hand everything to the system; False if it did not take it, and then nothing of it is in the file."""
        if not self.parts:
            return True
        data = self.take()
        head = self._stamp()
        text = head + data
        if self.config.flag("aof-checksum"):
            crc = crc64(text, self._crc)
            text += checksum_line(crc, self._uncovered + len(text))
        written = 0
        try:
            while written < len(text):
                written += self.disk.write(self.descriptor, text[written:] if written else text)
        except OSError as problem:
            self._write_failed(problem, data)
            return False
        self.size += len(text)
        self._written = self.appended
        if self.config.flag("aof-checksum"):
            self._uncovered = 0
            self._crc = 0
        else:
            self._crc = crc64(text, self._crc)
            self._uncovered += len(text)
        if self.write_error:
            self.write_error = ""
            self.on_trouble()
        return True

    def _stamp(self) -> bytes:
        if not self.config.flag("aof-timestamp-enabled"):
            return b""
        now_s = self.unix_s()
        if now_s <= self._stamped_s:
            return b""
        self._stamped_s = now_s
        return timestamp_line(now_s)

    def _write_failed(self, problem: OSError, data: bytes) -> None:
        self._stamped_s = 0
        try:
            if self.disk.size(self.path) != self.size:
                self.disk.truncate(self.path, self.size)
        except OSError:
            # Half a batch stays in the file; only new files make up for that.
            self.sync_error = "a torn write could not be taken back"
        self.put_back(data)
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
        disk = self.disk

        def sync() -> None:
            disk.sync(descriptor)

        def done(problem: OSError | None) -> None:
            self._sync_done(problem, written)

        self.in_thread(sync, done)

    def _sync_done(self, problem: OSError | None, written: int) -> None:
        self._is_syncing = False
        if problem is not None:
            if self.config.text("appendfsync") == b"always":
                self.on_fatal("Can't persist AOF for fsync error when the AOF fsync policy is 'always': Exiting...")
                return
            self._sync_failed(problem)
            return
        self._synced = max(self._synced, written)
        if self.is_behind():
            self.release(max(self.released, written))
        if self.is_behind():
            self.settle()

    def _sync_failed(self, problem: OSError) -> None:
        self.sync_error = problem.strerror or str(problem)
        self.on_trouble()

    def durable(self) -> int:
        return self._synced

    def is_syncing(self) -> bool:
        return self._is_syncing

    def trouble(self) -> str:
        """What is wrong, or nothing."""
        return self.write_error or self.sync_error


def _nothing() -> None:
    """Nobody listens."""


def _ignore(text: str) -> None:
    """Nobody listens."""


def _never() -> bool:
    return False


def _zero() -> int:
    return 0
