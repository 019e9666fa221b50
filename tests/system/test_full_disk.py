"""A disk that is really full: no acknowledged write is lost, and writes go on within a second of space coming back."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oracle.servers import ServerProcess
from oracle.wire import SocketConnection

Start = Callable[..., ServerProcess]
VALUE = b"x" * 2000
SPACE = 3 << 20


class SmallDisk:
    """A folder in which little can be written, and then more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def limit(self, server: ServerProcess) -> None:
        """Called when the server runs."""

    def make_space(self, server: ServerProcess) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Give it back."""


class MountedDisk(SmallDisk):
    """A file system of a few megabytes, with a file that can be removed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        words = ["mount", "-t", "tmpfs", "-o", f"size={2 * SPACE}", "tmpfs", str(folder)]
        subprocess.run(words, check=True, capture_output=True)
        (folder / "ballast").write_bytes(bytes(SPACE))

    def make_space(self, server: ServerProcess) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=True)


class LimitedFiles(SmallDisk):
    """The process may make its files only so long; for those who cannot mount."""

    def limit(self, server: ServerProcess) -> None:
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (SPACE, hard))

    def make_space(self, server: ServerProcess) -> None:
        if server.process.poll() is None:
            _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


def may_mount() -> bool:
    words = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(words, capture_output=True, check=False).returncode == 0


KINDS = [LimitedFiles, *([MountedDisk] if may_mount() else [])]


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    small: SmallDisk = request.param(tmp_path)
    yield small
    small.close()


def fill(connection: SocketConnection) -> tuple[int, bytes]:
    """Write until a write is not acknowledged: how many were, and what came instead."""
    for number in range(100_000):
        try:
            reply = connection(b"SET", b"key:%d" % number, VALUE)
        except (OSError, AssertionError):
            return number, b""
        if reply != b"+OK\r\n":
            return number, reply
    raise AssertionError("the disk never filled up")


def check_all(start: Start, disk: SmallDisk, acknowledged: int) -> None:
    server = start("--dir", str(disk.folder), "--appendonly", "yes")
    connection = server.connect()
    for number in range(acknowledged):
        assert connection(b"STRLEN", b"key:%d" % number) == b":2000\r\n", (number, acknowledged)
    connection.close()


def log_words(disk: SmallDisk, policy: str) -> list[str]:
    return ["--dir", str(disk.folder), "--appendonly", "yes", "--appendfsync", policy]


def test_writes_are_refused_until_there_is_space(start: Start, disk: SmallDisk) -> None:
    server = start(*log_words(disk, "everysec"))
    disk.limit(server)
    connection = server.connect()
    acknowledged, reply = fill(connection)
    assert reply.startswith(b"-MISCONF Errors writing to the AOF file: ")
    assert acknowledged > 500
    assert connection(b"STRLEN", b"key:0") == b":2000\r\n"
    assert connection(b"BGREWRITEAOF").startswith((b"+", b"-"))
    time.sleep(0.5)
    assert connection(b"SET", b"refused", b"1").startswith(b"-MISCONF")
    disk.make_space(server)
    freed = time.monotonic()
    while connection(b"SET", b"again", b"1") != b"+OK\r\n":
        assert time.monotonic() < freed + 1
        time.sleep(0.01)
    server.process.kill()
    server.process.wait()
    check_all(start, disk, acknowledged)


def test_always_ends_with_an_error(start: Start, disk: SmallDisk) -> None:
    server = start(*log_words(disk, "always"))
    disk.limit(server)
    acknowledged, reply = fill(server.connect())
    assert reply == b"" and server.process.wait(30) == 1
    assert "AOF fsync policy is 'always'" in server.output
    disk.make_space(server)
    check_all(start, disk, acknowledged)


def test_a_snapshot_that_does_not_fit_leaves_the_old_one(start: Start, disk: SmallDisk) -> None:
    server = start("--dir", str(disk.folder), "--rdbcompression", "no")
    connection = server.connect()
    assert connection(b"SET", b"old", b"1") == b"+OK\r\n"
    assert connection(b"SAVE") == b"+OK\r\n"
    disk.limit(server)
    for number in range(2 * SPACE // 2000):
        connection(b"SET", b"key:%d" % number, os.urandom(1000).hex().encode())
    assert connection(b"SAVE").startswith(b"-ERR")
    assert not [name for name in os.listdir(disk.folder) if name.startswith("temp-")]
    server.process.kill()
    server.process.wait()
    again = start("--dir", str(disk.folder)).connect()
    assert again(b"GET", b"old") == b"$1\r\n1\r\n"
    again.close()
