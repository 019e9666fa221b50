"""What a forked child runs, looked at in this process; bases made of commands; odds and ends of the files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from miniredis.persistence import child as child_module
from miniredis.persistence import rewriting as rewriting_module
from miniredis.persistence import snapshots as snapshots_module
from miniredis.persistence.command_base import CommandBase
from miniredis.persistence.disk import Disk
from persistence.harness import DiskServer, FaultyDisk, fill

Start = Callable[..., DiskServer]


Run = Callable[..., tuple[int, bytes]]


class Exited(BaseException):
    """The child would have ended."""


@pytest.fixture
def as_child(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs what a child runs; its exit status and what it reported."""

    def leave(status: int) -> None:
        raise Exited(status)

    closed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(os, "closerange", lambda low, high: closed.append((low, high)))
    monkeypatch.setattr(signal, "signal", lambda number, action: None)
    monkeypatch.setattr(signal, "set_wakeup_fd", lambda descriptor: -1)
    monkeypatch.setattr(os, "nice", lambda more: more)
    monkeypatch.setattr(child_module, "_C_LIBRARY", None)
    monkeypatch.setattr(child_module, "_offer_itself", lambda: None)

    def run(work: child_module.Work, parent: int = os.getppid()) -> tuple[int, bytes]:
        import gc

        reading, writing = os.pipe()
        try:
            with pytest.raises(Exited) as ended:
                child_module._run_in_child(work, writing, child_module.Progress(), parent)
        finally:
            gc.enable()
            os.close(writing)
        report = os.read(reading, 1000)
        os.close(reading)
        assert closed[-2:][0] == (3, writing) and closed[-1][0] == writing + 1
        return ended.value.args[0], report

    return run


def test_a_child_says_what_went_wrong(as_child: Run) -> None:
    assert as_child(lambda progress: None) == (0, b"")

    def fail(progress: child_module.Progress) -> None:
        raise OSError(28, "No space left on device")

    assert as_child(fail) == (1, b"OSError: [Errno 28] No space left on device")


def test_without_proc_a_child_closes_many_descriptors(as_child: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> list[str]:
        raise OSError

    monkeypatch.setattr(os, "listdir", refuse)
    assert as_child(lambda progress: None) == (0, b"")


def test_a_child_whose_parent_has_ended_already_does_nothing(as_child: Run) -> None:
    def fail(progress: child_module.Progress) -> None:
        raise AssertionError("nobody wants this any more")

    assert as_child(fail, 1 << 30)[0] == 1


def test_a_child_yields_the_processor_and_tells_how_far_it_is() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def work(progress: child_module.Progress) -> None:
        progress.note(os.getpriority(os.PRIO_PROCESS, 0) + 20)
        os.kill(os.getpid(), signal.SIGSTOP)

    child = child_module.start_child(work, 0)
    os.waitpid(child.pid, os.WUNTRACED)
    assert child.progress.keys() == min(before + child_module.CHILD_NICENESS, 19) + 20
    assert Path(f"/proc/{child.pid}/oom_score_adj").read_text() == "1000\n"
    os.kill(child.pid, signal.SIGCONT)
    while (done := child.poll()) is None:
        time.sleep(0.002)
    assert done and child.copied_bytes > 0


def test_a_child_ends_with_its_parent() -> None:
    program = (
        "import os, signal, time\n"
        "from miniredis.persistence.child import start_child\n"
        "child = start_child(lambda progress: time.sleep(60), 0)\n"
        "time.sleep(0.1)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=dict(os.environ), check=False)
    assert done.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while _runs(int(done.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_without_proc_the_copied_memory_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object) -> object:
        raise OSError

    monkeypatch.setattr("builtins.open", refuse)
    assert child_module.private_bytes() == 0


def test_a_child_that_has_ended_can_be_killed_again() -> None:
    child = child_module.start_child(lambda progress: None, 0)
    child.kill()
    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, 0)


@pytest.mark.parametrize("checksums", [True, False])
def test_a_base_of_commands_holds_everything(start: Start, tmp_path: Path, checksums: bool) -> None:
    server = start(aof_checksum="yes" if checksums else "no")
    fill(server)
    client = server.client()
    client.run("HSET fields f 1 g 2")
    client.run("HPEXPIRE fields 100000 FIELDS 1 f")
    client.call(b"SET", b"large", b"x" * 100_000)
    path = str(tmp_path / "appendonly.aof")
    disk = Disk()
    descriptor = disk.open_new(path)
    CommandBase(disk, descriptor, checksums).write_all_keys(server.engine.keyspace, [])
    disk.close(descriptor)
    assert start(appendonly="yes", aof_use_rdb_preamble="no").digest() == server.digest()


@pytest.mark.parametrize("base", ["yes", "no"], ids=["rdb", "commands"])
def test_a_base_is_synced_as_it_grows(start: Start, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setattr(snapshots_module, "SYNC_EVERY", 200_000)
    monkeypatch.setattr(rewriting_module, "SYNC_EVERY", 200_000)
    disk = FaultyDisk()
    server = start(disk, aof_use_rdb_preamble=base)
    client = server.client()
    for number in range(10):
        client.call(b"SET", b"%d" % number, os.urandom(70_000))
    persistence = server.persistence
    counts = []
    for piecewise in ("yes", "no"):
        client.run(f"CONFIG SET aof-rewrite-incremental-fsync {piecewise}")
        disk.log.clear()
        persistence._write_base(os.path.join(server.engine.config.string("dir"), f"base-{piecewise}"))
        counts.append(disk.log.count("sync"))
    assert counts[0] > counts[1] == 1


def test_a_first_base_can_be_made_of_commands(start: Start, tmp_path: Path) -> None:
    start(appendonly="yes", aof_use_rdb_preamble="no")
    assert (tmp_path / "appendonlydir" / "appendonly.aof.1.base.aof").read_bytes() == b""


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    disk = FaultyDisk()
    disk.replace(str(path), b"old")
    for failing in range(1, 5):
        disk.operations = 0
        disk.fails = lambda number, name, failing=failing: number == failing  # type: ignore[misc]
        with pytest.raises(OSError):
            disk.replace(str(path), b"new")
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["file"]


def test_a_history_that_cannot_be_forgotten_stays(start: Start, tmp_path: Path) -> None:
    disk = FaultyDisk()
    start(disk, appendonly="yes")
    manifest = tmp_path / "appendonlydir" / "appendonly.aof.manifest"
    manifest.write_bytes(b"file gone seq 1 type h\n" + manifest.read_bytes())
    renames = 0

    def first_rename(number: int, name: str) -> bool:
        nonlocal renames
        renames += name == "rename"
        return name == "rename" and renames == 1

    disk.fails = first_rename
    start(disk, appendonly="yes")
    assert b"gone" in manifest.read_bytes()


def test_blocking_commands_in_a_log_do_not_block(start: Start, tmp_path: Path) -> None:
    from miniredis.formats.aof import encode_command

    start(appendonly="yes").client().run("SET a 1")
    path = tmp_path / "appendonlydir" / "appendonly.aof.1.incr.aof"
    commands = [[b"BLPOP", b"none", b"0"], [b"multi"], [b"set", b"b", b"1"], [b"exec"], [b"EXEC"]]
    path.write_bytes(path.read_bytes() + b"".join(encode_command(command) for command in commands) + b"#a note\r\n")
    server = start(appendonly="yes", aof_checksum="no")
    assert server.client().run("EXISTS a b") == b":2\r\n"
