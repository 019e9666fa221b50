"""What persistence asks of the file system, in one class: tests put faults in its place.

Everything raises OSError.  A file that `replace` puts in place, and its name, have reached the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

#: Runs a function in a thread and then, in the server's own, calls back with the OSError it raised, or None.
InThread = Callable[[Callable[[], None], Callable[[OSError | None], None]], None]


class Disk:
    """The real thing."""

    def open_append(self, path: str) -> int:
        """A descriptor to append to a file, which is made if it is not there."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def open_new(self, path: str) -> int:
        """A descriptor to write a file from its start."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)

    def open_read(self, path: str) -> int:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, descriptor: int, size: int) -> bytes:
        return os.read(descriptor, size)

    def write(self, descriptor: int, data: bytes) -> int:
        """How many of the bytes were taken."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Until data and size are on the disk."""
        os.fdatasync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def truncate(self, path: str, size: int) -> None:
        os.truncate(path, size)

    def rename(self, old: str, new: str) -> None:
        os.rename(old, new)

    def unlink(self, path: str) -> None:
        os.unlink(path)

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def size(self, path: str) -> int:
        return os.stat(path).st_size

    def list(self, path: str) -> list[str]:
        return os.listdir(path)

    def must_be_folder(self, path: str) -> None:
        """OSError where nobody could work in it: it is not there, is a file, may not be entered."""
        os.stat(os.path.join(path, "."))

    def make_folder(self, path: str) -> None:
        os.makedirs(path, 0o755, exist_ok=True)

    def sync_folder(self, path: str) -> None:
        """Until the names in a folder are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # Made of the above.

    def write_all(self, descriptor: int, data: bytes) -> None:
        while data:
            data = data[self.write(descriptor, data) :]

    def replace(self, path: str, data: bytes) -> None:
        """A file with this content, or the old one untouched."""
        temporary = f"{path}.tmp"
        try:
            descriptor = self.open_new(temporary)
            try:
                self.write_all(descriptor, data)
                self.sync(descriptor)
            finally:
                self.close(descriptor)
            self.rename(temporary, path)
        except OSError:
            with suppress(OSError):
                self.unlink(temporary)
            raise
        self.sync_folder(os.path.dirname(path) or ".")

    def read_file(self, path: str) -> bytes:
        descriptor = self.open_read(path)
        try:
            parts: list[bytes] = []
            while part := self.read(descriptor, 1 << 20):
                parts.append(part)
            return b"".join(parts)
        finally:
            self.close(descriptor)
