"""The process ends at any operation on its files: what was acknowledged is there after the next start, nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from miniredis.formats.manifest import parse_manifest
from persistence.harness import Crash, CrashingDisk, DiskServer

Script = Callable[[DiskServer, Callable[[], None]], None]


def rewrite(server: DiskServer, write: Callable[[], None], times: int = 1) -> None:
    client = server.client()
    for _ in range(times):
        write()
        client.run("BGREWRITEAOF")
        write()
        server.wait_for_child()
        write()
        server.poll(2)


def rewrite_twice(server: DiskServer, write: Callable[[], None]) -> None:
    rewrite(server, write, 2)


def turn_off_and_on(server: DiskServer, write: Callable[[], None]) -> None:
    client = server.client()
    write()
    client.run("CONFIG SET appendonly no")
    client.run("CONFIG SET appendonly yes")
    # As in Redis, the log counts from the moment there is a base for it.
    while server.persistence.rewrites == 0:
        server.poll(10)
        server.wait_for_child()
    write()
    client.run("BGREWRITEAOF")
    write()
    server.wait_for_child()
    write()


def save(server: DiskServer, write: Callable[[], None]) -> None:
    write()
    server.client().run("SAVE")
    write()


@pytest.mark.parametrize(
    ("script", "policy"),
    [(rewrite_twice, "everysec"), (rewrite, "always"), (turn_off_and_on, "everysec"), (save, "everysec")],
)
def test_a_crash_at_each_step_loses_nothing_and_leaves_nothing(script: Script, policy: str, tmp_path: Path) -> None:
    options = {"appendonly": "yes", "appendfsync": policy}
    last = 0
    crashed = True
    while crashed:
        last += 1
        folder = tmp_path / str(last)
        folder.mkdir()
        server = DiskServer(folder, CrashingDisk(last), **options)
        acknowledged = sent = 0

        def write() -> None:
            nonlocal acknowledged, sent
            sent += 1
            if server.client().run("INCR n") == b":%d\r\n" % sent:  # noqa: B023
                acknowledged = sent

        try:
            server.load()
            script(server, write)
            crashed = False
        except Crash:
            pass
        child = server.persistence._child
        if child is not None:
            child.kill()
        again = DiskServer(folder, None, **options).load()
        found = again.client().run("GET n")
        number = 0 if found == b"$-1\r\n" else int(found.split(b"\r\n")[1])
        assert acknowledged <= number <= sent, last
        log_folder = folder / "appendonlydir"
        manifest = parse_manifest((log_folder / "appendonly.aof.manifest").read_bytes())
        known = {os.fsdecode(entry.name) for entry in manifest.files()}
        assert set(os.listdir(log_folder)) == known | {"appendonly.aof.manifest"}, last
        assert set(os.listdir(folder)) <= {"appendonlydir", "dump.rdb"}, last
        again.client().run("INCR n")
        assert DiskServer(folder, None, **options).load().client().run("GET n").split(b"\r\n")[1] == b"%d" % (
            number + 1
        )
    assert last > 10
