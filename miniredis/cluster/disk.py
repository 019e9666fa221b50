"""nodes.conf on disk: put in place whole or not at all, and held by one process at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress


class NodesFileInUse(Exception):
    """Another server has locked the file."""


class NodesFile:
    """The file of one node, from `lock` to `unlock`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = -1

    def lock(self) -> None:
        """Raises `NodesFileInUse` or `OSError`.  The lock is a file beside it, since ours is replaced by each save."""
        self._lock = os.open(self.path + ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            self.unlock()
            raise NodesFileInUse(self.path) from problem

    def unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def read(self) -> bytes:
        """Empty where there is none."""
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def save(self, text: bytes, sync: bool) -> None:
        """Raises `OSError`; then the file is as it was."""
        temporary = f"{self.path}.tmp-{os.getpid()}"
        try:
            with open(temporary, "wb") as file:
                file.write(text)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        if sync:
            self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(os.path.dirname(os.path.abspath(self.path)), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
