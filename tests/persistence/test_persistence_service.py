"""Persistence under a reactor: the thread, loading in slices, the stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from twisted.internet.task import Clock

from miniredis.config.config import Config
from miniredis.dispatch.gates import GATE_LOADING
from miniredis.dispatch.load_delay import LONGEST_S, LoadDelay
from miniredis.persistence import service
from miniredis.persistence.service import PersistenceEdge
from persistence.harness import DiskServer, fill

Start = Callable[..., DiskServer]


class ThreadClock(Clock):
    """A clock to which threads can hand calls."""

    def __init__(self) -> None:
        super().__init__()
        self.from_threads: Queue[tuple[Callable[..., None], tuple[Any, ...]]] = Queue()

    def callFromThread(self, call: Callable[..., None], *words: Any) -> None:
        self.from_threads.put((call, words))

    def run_one(self) -> None:
        try:
            call, words = self.from_threads.get(timeout=10)
        except Empty:
            raise AssertionError("no thread called") from None
        call(*words)


class EdgeServer(DiskServer):
    """A server whose persistence has a reactor."""

    def __init__(self, folder: Path, **options: str) -> None:
        super().__init__(folder, None, **options)
        self.reactor = ThreadClock()
        self.edge = PersistenceEdge(self.engine, self.reactor)
        self.persistence = self.edge.persistence
        self.outcome: list[str] = []

    def begin(self) -> None:
        self.edge.start(lambda: self.outcome.append("ready"), self.outcome.append)

    def turn(self) -> None:
        self.reactor.advance(0)


def test_an_empty_folder_is_ready_at_once(tmp_path: Path) -> None:
    server = EdgeServer(tmp_path)
    server.begin()
    assert server.outcome == ["ready"]
    assert server.edge.stop(None) and server.edge.stop(None)


def test_loading_goes_in_slices_and_clients_are_told(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = start()
    fill(saved)
    saved.client().run("SAVE")
    monkeypatch.setattr(service, "SLICE_NS", -1)
    monkeypatch.setattr(service, "PROGRESS_EVERY_NS", 0)
    server = EdgeServer(tmp_path)
    server.begin()
    client = server.client()
    assert client.run("GET string") == b"-LOADING Redis is loading the dataset in memory\r\n"
    assert b"loading:1" in client.run("INFO persistence")
    while not server.outcome:
        server.turn()
    assert server.outcome == ["ready"] and not server.engine.gates & GATE_LOADING
    assert server.said("Loading: 100% of")
    assert client.run("GET string") == b"$5\r\nvalue\r\n"
    server.edge.stop(False)


@pytest.mark.parametrize("appendonly", ["no", "yes"])
def test_loading_waits_for_each_key_when_it_is_told_to(start: Start, tmp_path: Path, appendonly: str) -> None:
    saved = start(appendonly=appendonly)
    client = saved.client()
    for number in range(10):
        client.run(f"SET k{number} v")
    client.run("SAVE")
    saved.persistence.stop(False)
    server = EdgeServer(tmp_path, appendonly=appendonly, key_load_delay="1000000")
    server.begin()
    server.reactor.pump([LONGEST_S] * 190)
    assert server.outcome == []
    server.reactor.pump([LONGEST_S] * 40)
    assert server.outcome == ["ready"]
    server.edge.stop(False)


def test_a_load_goes_on_when_the_delay_is_taken_back(start: Start, tmp_path: Path) -> None:
    saved = start()
    saved.client().run("SET k v")
    saved.client().run("SAVE")
    server = EdgeServer(tmp_path, key_load_delay="100000000")
    server.begin()
    server.reactor.pump([0.1] * 20)
    assert server.outcome == []
    server.client().run("CONFIG SET key-load-delay 0")
    server.reactor.pump([0.1] * 3)
    assert server.outcome == ["ready"]
    server.edge.stop(False)


def test_a_negative_delay_is_the_number_of_keys_for_a_microsecond() -> None:
    config = Config()
    config.assign("key-load-delay", b"-100")
    delay = LoadDelay(config)
    assert delay.wait_s(50) == 0
    assert delay.wait_s(200) == pytest.approx(2e-6)
    assert delay.wait_s(200) == 0


def test_damage_is_reported(start: Start, tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"nonsense")
    server = EdgeServer(tmp_path)
    server.begin()
    server.turn()
    assert "unexpected end" in server.outcome[0]
    assert server.said("Fatal error loading the DB")
    server.edge.stop(False)
    (tmp_path / "appendonlydir").write_bytes(b"a file where the folder should be")
    server = EdgeServer(tmp_path, appendonly="yes")
    server.begin()
    assert "Not a directory" in server.outcome[0] or "exists" in server.outcome[0]
    server.edge.stop(False)
    (tmp_path / "appendonlydir").unlink()
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_bytes(b"nonsense\n")
    server = EdgeServer(tmp_path, appendonly="yes")
    server.begin()
    assert "Invalid AOF manifest" in server.outcome[0]
    server.edge.stop(False)


def test_syncs_happen_in_the_thread(tmp_path: Path) -> None:
    server = EdgeServer(tmp_path, appendonly="yes", appendfsync="always")
    server.begin()
    client = server.client()
    assert client.run("SET a 1") == b""
    server.reactor.run_one()
    server.run_woken()
    assert client.received() == b"+OK\r\n"
    assert server.edge.stop(None)
    again = EdgeServer(tmp_path, appendonly="yes")
    again.begin()
    again.turn()
    assert again.client().run("GET a") == b"$1\r\n1\r\n"
    again.edge.stop(None)


def test_after_the_stop_work_is_done_at_once(tmp_path: Path) -> None:
    server = EdgeServer(tmp_path)
    outcomes: list[OSError | None] = []

    def fail() -> None:
        raise OSError(5, "Input/output error")

    server.edge._in_thread(fail, outcomes.append)
    server.edge._in_thread(lambda: None, outcomes.append)
    assert isinstance(outcomes[0], OSError) and outcomes[1] is None


def test_a_stop_while_loading_ends_it(start: Start, tmp_path: Path) -> None:
    saved = start()
    fill(saved)
    saved.client().run("SAVE")
    server = EdgeServer(tmp_path)
    server.begin()
    assert server.edge.stop(None)
    server.turn()
    assert server.outcome == []


def test_a_snapshot_that_fails_holds_the_stop_up(tmp_path: Path) -> None:
    server = EdgeServer(tmp_path, save="100 1")
    server.begin()
    server.client().run("SET a 1")
    (tmp_path / "dump.rdb").mkdir()
    assert not server.edge.stop(None)
    assert server.client().run("GET a") == b"$1\r\n1\r\n"
    (tmp_path / "dump.rdb").rmdir()
    assert server.edge.stop(None)
