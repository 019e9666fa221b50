"""A file system that can be full."""

from __future__ import annotations

import errno
import os

from miniredis.persistence.disk import Disk


class FullDisk(Disk):
    """The real one; while `is_full`, nothing more can be written."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = False

    def write(self, descriptor: int, data: bytes) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(descriptor, data)
