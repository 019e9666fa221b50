"""A server in memory with files in a temporary folder, a disk that can fail, a thread that runs when told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from miniredis.config.config import Config
from miniredis.dispatch.gates import GATE_LOADING
from miniredis.persistence.disk import Disk
from miniredis.persistence.persistence import Persistence
from miniredis.testing.memory import MemoryClient, MemoryServer


class FaultyDisk(Disk):
    """Counts operations; those that `fails` picks raise ENOSPC.

    Every other write that fails does so as the system's do: half of the data is taken, the next write gets the error.
    """

    def __init__(self) -> None:
        self._owes_error = False
        self.operations = 0
        self.fails: Callable[[int, str], bool] = lambda number, name: False
        self.log: list[str] = []

    def _count(self, name: str) -> None:
        self.operations += 1
        self.log.append(name)
        if self.fails(self.operations, name):
            raise OSError(28, "No space left on device")

    def open_append(self, path: str) -> int:
        self._count("open")
        return super().open_append(path)

    def open_new(self, path: str) -> int:
        self._count("open")
        return super().open_new(path)

    def write(self, descriptor: int, data: bytes) -> int:
        if self._owes_error:
            self._owes_error = False
            raise OSError(28, "No space left on device")
        try:
            self._count("write")
        except OSError:
            if len(data) > 1 and self.log.count("write") % 2:
                self._owes_error = True
                return os.write(descriptor, data[: len(data) // 2])
            raise
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._count("sync")
        super().sync(descriptor)

    def truncate(self, path: str, size: int) -> None:
        self._count("truncate")
        super().truncate(path, size)

    def rename(self, old: str, new: str) -> None:
        self._count("rename")
        super().rename(old, new)

    def unlink(self, path: str) -> None:
        self._count("unlink")
        super().unlink(path)

    def sync_folder(self, path: str) -> None:
        self._count("sync folder")
        super().sync_folder(path)


class Crash(BaseException):
    """The process ends here, as by kill -9."""


class CrashingDisk(FaultyDisk):
    """The process ends at the operation of this number: before it, or where it writes, in its middle."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    def _count(self, name: str) -> None:
        self.operations += 1
        if self.operations >= self.last:
            raise Crash

    def sync(self, descriptor: int) -> None:
        self._count("sync")  # the system outlives the process, and keeps what was written

    def sync_folder(self, path: str) -> None:
        self._count("sync folder")

    def write(self, descriptor: int, data: bytes) -> int:
        try:
            return super().write(descriptor, data)
        except Crash:
            if self.last % 2:
                os.write(descriptor, data[: len(data) // 2])
            raise


def only_the(failing: int) -> Callable[[int, str], bool]:
    """A fault at the operation of this number, and at no other."""
    return lambda number, name: number == failing


class DiskServer(MemoryServer):
    """A server with persistence.  Work for the thread waits in `threads` until `run_threads`."""

    def __init__(self, folder: Path, disk: Disk | None = None, **options: str) -> None:
        config = Config()
        for name, value in {"dir": str(folder), "save": "", "enable-debug-command": "yes", **options}.items():
            config.assign(name.replace("_", "-"), value.encode())
        super().__init__(config)
        self.set_wall_ms(time.time_ns() // 1_000_000)
        self.folder = folder
        self.disk = disk or Disk()
        self.threads: list[tuple[Callable[[], None], Callable[[OSError | None], None]]] = []
        self.keeps_threads = False
        self.fatal = ""
        self.persistence = Persistence(self.engine, self.disk, self._in_thread)
        self.persistence.on_fatal = self._ended

    def _ended(self, reason: str) -> None:
        self.fatal = reason

    def _in_thread(self, work: Callable[[], None], done: Callable[[OSError | None], None]) -> None:
        self.threads.append((work, done))
        if not self.keeps_threads:
            self.run_threads()

    def run_threads(self) -> None:
        while self.threads:
            work, done = self.threads.pop(0)
            try:
                work()
            except OSError as problem:
                done(problem)
            else:
                done(None)
        self.run_woken()

    def load(self) -> DiskServer:
        """Load everything; LoadError as it comes."""
        loading = self.persistence.plan_load()
        self.engine.gates |= GATE_LOADING
        try:
            while not loading.step():
                pass
        finally:
            self.engine.gates &= ~GATE_LOADING
        self.persistence.finish_load()
        return self

    def poll(self, seconds: float = 0.1) -> None:
        """A round of periodic work."""
        self.advance(seconds)
        self.persistence.poll()
        self.run_woken()

    def wait_for_child(self) -> None:
        deadline = time.monotonic() + 20
        while self.persistence.has_child():
            assert time.monotonic() < deadline
            time.sleep(0.002)
            self.persistence.poll()

    def client(self) -> DiskClient:
        return DiskClient(self)

    def digest(self) -> bytes:
        return self.connect().call(b"DEBUG", b"DIGEST")

    def said(self, text: str) -> bool:
        return any(text in line for _, line in self.logged)


class DiskClient(MemoryClient):
    def run(self, text: str) -> bytes:
        return self.call(*text.encode().split())


FILL = [
    "SET string value",
    "SET number 12",
    "SET expiring x PX 100000",
    "RPUSH list a b c 1 2 3",
    "SADD set a b 1",
    "SADD integers 1 2 3",
    "ZADD scores 1 a 2.5 b",
    "HSET hash f v g 12",
    "SELECT 3",
    "SET elsewhere 1",
]


def fill(server: DiskServer) -> None:
    client = server.client()
    for line in FILL:
        assert not client.run(line).startswith(b"-"), line
