"""Replication in a real process: snapshots from a forked child, through a pipe or a file; received ones in a file.

A received file has no name from the beginning, one that is sent loses its when it is complete: none stays behind but
that of a child which was killed together with its server.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

from miniredis import REDIS_VERSION
from miniredis.dispatch.executor import Engine
from miniredis.keyspace.keyspace import Keyspace
from miniredis.keyspace.snapshot import SnapshotWriter
from miniredis.replication.link import TcpNetwork
from miniredis.replication.outside import (
    FAILED,
    READY,
    RUNNING,
    Snapshot,
    SnapshotSource,
    SnapshotWish,
    Storage,
    Store,
)
from miniredis.replication.replication import ServerReplication

PIPE_BYTES: Final = 1 << 20


class Child(Protocol):
    """A forked child at work, as persistence has them, too."""

    pid: int
    message: str

    def poll(self) -> bool | None: ...

    def kill(self) -> None: ...


#: Runs work in a forked child that keeps only one of our descriptors (-1: none); OSError.
StartChild = Callable[[Callable[[], None], int, int], Child]
#: Whether there is memory for one, by our own size.
MayFork = Callable[[int], bool]


class ForkedSource(SnapshotSource):
    """Snapshots of an engine's data."""

    def __init__(self, engine: Engine, start_child: StartChild, may_fork: MayFork) -> None:
        self.engine = engine
        self.start_child = start_child
        self.may_fork = may_fork

    def begin(self, wish: SnapshotWish) -> Snapshot:
        if not self.may_fork(self.engine.platform.rss_bytes()):
            raise OSError(errno.ENOMEM, "not enough memory for a child process")
        return StreamedSnapshot(self, wish) if wish.is_streamed else FiledSnapshot(self, wish)

    def write_to(self, descriptor: int, wish: SnapshotWish) -> None:
        """In the child: all of it."""
        engine = self.engine
        keyspace = engine.keyspace if wish.has_keys else Keyspace(0, engine.keyspace.random)
        # Over a socket neither compression nor a checksum is worth its time: TCP has one.
        compress = engine.config.flag("rdbcompression") and not wish.is_streamed
        writer = SnapshotWriter(keyspace, compress, engine.config.flag("rdbchecksum"), wish.version)
        aux = [
            (b"redis-ver", REDIS_VERSION.encode()),
            (b"redis-bits", b"64"),
            (b"ctime", b"%d" % (engine.keyspace.now_ms // 1000)),
            (b"used-mem", b"0"),
        ]
        libraries = engine.functions if wish.has_functions else None
        functions = libraries.dump_libraries() if libraries is not None else []
        writer.begin(aux + wish.aux + [(b"aof-base", b"0")], functions)
        while chunk := writer.step():
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]


class StreamedSnapshot(Snapshot):
    """Through a pipe, as it is made."""

    def __init__(self, source: ForkedSource, wish: SnapshotWish) -> None:
        reading, writing = os.pipe()
        try:
            with suppress(OSError):
                fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            os.set_blocking(reading, False)
            now_s = source.engine.keyspace.now_ms // 1000
            self.child: Child | None = source.start_child(lambda: source.write_to(writing, wish), now_s, writing)
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._pipe = reading
        self._is_read = False
        self._state = RUNNING

    def read(self, offset: int, most: int) -> bytes:
        if self._is_read:
            return b""
        try:
            data = os.read(self._pipe, most)
        except BlockingIOError:
            return b""
        self._is_read = not data
        return data

    def poll(self) -> int:
        child = self.child
        if child is not None and self._is_read:
            done = child.poll()
            if done is not None:
                self.child = None
                self.message = child.message
                self._state = READY if done else FAILED
        return self._state

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child = None
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


class FiledSnapshot(Snapshot):
    """Into a file in `dir`, which the replicas then get at their own pace."""

    def __init__(self, source: ForkedSource, wish: SnapshotWish) -> None:
        self.folder = source.engine.config.string("dir")
        now_s = source.engine.keyspace.now_ms // 1000

        def work() -> None:
            descriptor = os.open(self.path(os.getpid()), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            source.write_to(descriptor, wish)

        self.child: Child | None = source.start_child(work, now_s, -1)
        self._descriptor = -1
        self._state = RUNNING

    def path(self, pid: int) -> str:
        return os.path.join(self.folder, f"temp-sync-{pid}.rdb")

    def poll(self) -> int:
        child = self.child
        if child is not None:
            done = child.poll()
            if done is not None:
                self.child = None
                self._state = self._open(child.pid) if done else FAILED
                self.message = self.message or child.message
                with suppress(OSError):
                    os.unlink(self.path(child.pid))
        return self._state

    def _open(self, pid: int) -> int:
        try:
            self._descriptor = os.open(self.path(pid), os.O_RDONLY)
            self.size = os.fstat(self._descriptor).st_size
        except OSError as problem:
            self.message = problem.strerror or str(problem)
            return FAILED
        return READY

    def read(self, offset: int, most: int) -> bytes:
        return os.pread(self._descriptor, most, offset)

    def close(self) -> None:
        child = self.child
        if child is not None:
            self.child = None
            child.kill()
            with suppress(OSError):
                os.unlink(self.path(child.pid))
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class FileStore(Store):
    """A file without a name."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(path)
        self._position = 0

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def read(self, most: int) -> bytes:
        data = os.pread(self._descriptor, most, self._position)
        self._position += len(data)
        return data

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class FileStorage(Storage):
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._numbers = itertools.count()

    def open(self) -> Store:
        name = f"temp-{os.getpid()}-{next(self._numbers)}.received.rdb"
        return FileStore(os.path.join(self.engine.config.string("dir"), name))


class ReplicationEdge:
    """Starts and stops the replication of one server."""

    def __init__(self, engine: Engine, reactor: Any, start_child: StartChild, may_fork: MayFork) -> None:
        self.source = ForkedSource(engine, start_child, may_fork)
        self.network = TcpNetwork(engine, reactor)
        self.replication = ServerReplication(engine, self.network, self.source, FileStorage(engine))

    def tick(self) -> None:
        self.replication.tick()

    def prepare(self) -> None:
        """Before data is loaded."""
        self.replication.prepare()

    def start(self) -> None:
        """After data is loaded."""
        self.replication.begin()

    def stop(self) -> None:
        self.replication.stop()
