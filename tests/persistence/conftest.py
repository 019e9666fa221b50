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
        # Descriptors that stay open for long are too many for select() in tests that come later.
        log = server.persistence.log
        if log is not None and log.descriptor >= 0:
            with suppress(OSError):
                os.close(log.descriptor)
            log.descriptor = -1
