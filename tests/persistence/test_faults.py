"""Every operation on the disk fails once, or all from one on: nothing that was acknowledged is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from miniredis.persistence.loading import LoadError
from persistence.harness import DiskServer, FaultyDisk

Fails = Callable[[int, str], bool]


class QuickDisk(FaultyDisk):
    """Does not wait for a real disk."""

    def sync(self, descriptor: int) -> None:
        self._count("sync")

    def sync_folder(self, path: str) -> None:
        self._count("sync folder")


def once(failing: int) -> Fails:
    return lambda number, name: number == failing


def from_then_on(failing: int) -> Fails:
    return lambda number, name: number >= failing


class Run:
    """One server under faults: what it acknowledged, and what the next start finds."""

    def __init__(self, folder: Path, fails: Fails, **options: str) -> None:
        self.folder = folder
        self.options = {"appendonly": "yes", **options}
        self.disk = QuickDisk()
        self.server = DiskServer(folder, self.disk, **self.options)
        self.sent = 0
        self.acknowledged = 0
        self.disk.fails = fails

    def write(self) -> bytes:
        """Count one further; numbers that were refused are sent again."""
        reply = self.server.client().run(f"SET n {self.sent + 1}")
        if not reply.startswith(b"-"):
            self.sent += 1
        if reply == b"+OK\r\n":
            self.acknowledged = self.sent
        return reply

    def work(self) -> None:
        """Writes, a rewrite, a snapshot: every operation there is."""
        client = self.server.client()
        for command in ("BGREWRITEAOF", "BGSAVE"):
            self.write()
            client.run(command)
            self.write()
            self.server.wait_for_child()
            self.write()
            self.server.poll(2)

    def found(self) -> int:
        """As after kill -9."""
        reply = DiskServer(self.folder, None, **self.options).load().client().run("GET n")
        return 0 if reply == b"$-1\r\n" else int(reply.split(b"\r\n")[1])


def check_that_writes_go_on_within_a_second(run: Run) -> None:
    run.disk.fails = lambda number, name: False
    if not run.server.persistence.snapshots.last_ok:
        run.server.client().run("BGSAVE")
    for _ in range(10):
        run.server.poll(0.1)
        run.server.wait_for_child()
    assert run.write() == b"+OK\r\n"


@pytest.mark.parametrize("kind", [once, from_then_on])
@pytest.mark.parametrize("policy", ["everysec", "always"])
def test_a_fault_at_any_operation_loses_nothing(
    kind: Callable[[int], Fails], policy: str, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    failing = 0
    ended = 0
    while True:
        failing += 1
        folder = tmp_path / str(failing)
        folder.mkdir()
        run = Run(folder, kind(failing), appendfsync=policy)
        try:
            run.server.load()
        except LoadError as problem:
            assert "No space left" in str(problem)
            run.disk.fails = lambda number, name: False
            assert run.found() == 0
            continue
        run.work()
        operations = run.disk.operations
        if run.server.fatal:
            assert policy == "always"
            ended += 1
        else:
            check_that_writes_go_on_within_a_second(run)
        if run.server.persistence._child is not None:
            run.server.persistence._child.kill()
        assert run.acknowledged <= run.found() <= run.sent, failing
        if operations < failing:
            break
    count("inputs", failing)
    assert failing > 30
    assert (ended > 5) == (policy == "always")
