"""`start(appendonly="yes")` gives a server that has loaded what the test's folder holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from miniredis.persistence.disk import Disk
from persistence.harness import DiskServer


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., DiskServer]]:
    """`start(appendonly="yes")`: a server that has loaded what the folder holds."""
    servers: list[DiskServer] = []

    def begin(disk: Disk | None = None, **options: str) -> DiskServer:
        server = DiskServer(tmp_path, disk, **options)
        servers.append(server)
        return server.load()

    yield begin
    for server in servers:
        server.disk = Disk()
        server.persistence.kill_rewrite()
        server.persistence.snapshots.cancel()


@pytest.fixture(autouse=True)
def nothing_stays_open(tmp_path: Path) -> Iterator[None]:
    """A server that is killed in the middle closes no file: too many would be left for select() in later tests."""
    yield
    folder = Path("/proc/self/fd")
    for entry in list(folder.iterdir()) if folder.exists() else []:
        with suppress(OSError):
            if os.readlink(entry).startswith(str(tmp_path)):
                os.close(int(entry.name))
