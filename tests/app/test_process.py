"""A server with a process to itself: log, signals, files, the supervisor. No reactor runs but a memory one."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from twisted.application.service import Application
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import ILogObserver, globalLogPublisher

from miniredis.app.options import Options, start_or_exit
from miniredis.app.process import ServerProcess, tell_supervisor, write_file
from miniredis.app.tap import makeService
from miniredis.config.config import SetFailed

Start = Callable[..., ServerProcess]


class Reactor(MemoryReactorClock):
    """Counts the calls of stop."""

    def __init__(self) -> None:
        super().__init__()
        self.stops = 0

    def stop(self) -> None:
        self.stops += 1

    def callFromThread(self, call: Callable[..., object], *words: object) -> None:
        call(*words)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """`start("--hz", "20")` makes a server process whose log is the file `log` in its folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda number, call: None)
    made: list[ServerProcess] = []

    def make(*words: str) -> ServerProcess:
        given = start_or_exit([*words, "--dir", str(tmp_path), "--logfile", "log", "--bind", "127.0.0.1"], "x")
        made.append(ServerProcess(given, Reactor()))
        globalLogPublisher.addObserver(observer_of(made[-1]))
        return made[-1]

    yield make
    for each in made:
        if each.running:
            each.stopService()
        globalLogPublisher.removeObserver(observer_of(each))
        each.log.close()


def observer_of(process: ServerProcess) -> Any:
    return process.log


def port_of(process: ServerProcess) -> str:
    return process.config.render("port").decode()


def log_of(process: ServerProcess) -> str:
    return (Path(process.config.string("dir")) / "log").read_text()


def test_it_chooses_a_free_port_and_tells_it(start: Start, tmp_path: Path) -> None:
    process = start("--port-file", "port")
    process.privilegedStartService()
    process.startService()
    assert (tmp_path / "port").read_text() == f"{port_of(process)}\n"
    assert process.server.tcp_port() == int(port_of(process)) != 6379
    with socket.create_connection(("127.0.0.1", process.server.tcp_port())):
        process.stopService()


def test_a_port_that_was_asked_for_is_taken(start: Start) -> None:
    assert port_of(start("--port-file", "port", "--port", "1234")) == "1234"
    assert port_of(start("--port-file", "port", "--port", "0")) != "0"
    assert port_of(start("--port", "0")) == "0"


def test_a_port_in_use_ends_the_start(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start("--port", str(taken.getsockname()[1]))
        with pytest.raises(SystemExit) as ended:
            process.privilegedStartService()
    assert ended.value.code == 1


def test_twistd_gets_the_log_before_anything_starts(start: Start) -> None:
    process = start("--port", "0")
    application: Any = Application("test")
    process.setServiceParent(application)
    assert application.getComponent(ILogObserver) is process.log


def test_a_log_that_cannot_be_opened_ends_the_start(
    start: Start, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(SystemExit):
        start()
    assert "Can't open the log file: Is a directory" in capsys.readouterr().err


def test_the_log_begins_with_what_runs_and_with_warnings(start: Start) -> None:
    process = start("--port", "0")
    process.start.warnings.append("something has no effect.")
    process.privilegedStartService()
    lines = log_of(process).splitlines()
    assert lines[0].split(" * ")[1].startswith("miniredis ")
    assert any(line.endswith(f"* PID: {os.getpid()}") for line in lines)
    assert lines[-1].endswith("# something has no effect.")
    process.startService()


def test_the_plugin_makes_it_from_options(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twisted.internet.reactor", Reactor(), raising=False)
    options = Options()
    options.parseOptions(["--port", "0", "--logfile", "log"])
    made = makeService(options)
    assert isinstance(made, ServerProcess)
    made.log.close()


def test_the_role_in_the_log(start: Start, tmp_path: Path) -> None:
    process = start("--port", "0")
    assert process._role() == "M"
    process.server.engine.is_replica = True
    assert process._role() == "S"
    (tmp_path / "sentinel.conf").write_text("port 0\n")
    assert start("sentinel.conf", "--sentinel")._role() == "X"


def test_config_rewrite_brings_the_file_up_to_date(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "redis.conf"
    path.write_text("# mine\nhz 20\n")
    path.chmod(0o640)
    process = start("redis.conf", "--port", "0")
    process.config.set_many([(b"hz", b"30")])
    assert process.server.engine.rewrite_config is not None
    process.server.engine.rewrite_config()
    assert path.read_text().startswith("# mine\nhz 30\n\n# Generated by CONFIG REWRITE\n")
    assert path.stat().st_mode & 0o777 == 0o640
    assert start("--port", "0").server.engine.rewrite_config is None


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write_file(str(target), b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# Signals


def test_sigterm_stops_it_once_in_order(start: Start) -> None:
    process = start("--port", "0")
    process.heed_signal(signal.SIGTERM)
    process.heed_signal(signal.SIGTERM)
    assert process.reactor.stops == 1
    assert "# Received SIGTERM scheduling shutdown..." in log_of(process)


@pytest.mark.parametrize(
    ("words", "save", "works", "stops"),
    [
        ("default", None, True, 1),
        ("save", True, True, 1),
        ("nosave", False, True, 1),
        ("save", True, False, 0),
        ("save force", True, False, 1),
    ],
)
def test_what_a_stop_signal_does_can_be_chosen(
    start: Start, monkeypatch: pytest.MonkeyPatch, words: str, save: bool | None, works: bool, stops: int
) -> None:
    process = start("--port", "0", "--shutdown-on-sigterm", *words.split())
    asked: list[bool | None] = []

    def prepare_stop(save: bool | None) -> bool:
        asked.append(save)
        return works

    monkeypatch.setattr(process.server, "prepare_stop", prepare_stop)
    process.heed_signal(signal.SIGTERM)
    assert asked == [save]
    assert process.reactor.stops == stops


def test_the_unix_socket_can_belong_to_a_group(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, str]] = []
    monkeypatch.setattr(shutil, "chown", lambda path, group: given.append((path, group)))
    process = start("--port", "0", "--unixsocket", "s", "--unixsocketperm", "770", "--unixsocketgroup", "staff")
    process.privilegedStartService()
    assert given == [("s", "staff")]


def test_a_group_that_is_not_there_stops_the_start(start: Start) -> None:
    process = start("--port", "0", "--unixsocket", "s", "--unixsocketgroup", "no-such-group")
    with pytest.raises(SystemExit):
        process.privilegedStartService()
    assert "The unix socket cannot be given to the group no-such-group" in log_of(process)


def test_a_second_stop_signal_ends_it_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    process = start("--port", "0")
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    process._signalled(signal.SIGINT, None)
    assert ended == []
    process._signalled(signal.SIGINT, None)
    assert ended == [1]


def test_sigusr1_opens_the_log_anew_and_sighup_reads_files_again(start: Start, tmp_path: Path) -> None:
    process = start("--port", "0")
    reloaded: list[str] = []
    process.on_reload.append(lambda: reloaded.append("tls"))
    (tmp_path / "log").rename(tmp_path / "old")
    process.heed_signal(signal.SIGUSR1)
    process.heed_signal(signal.SIGHUP)
    assert reloaded == ["tls"]
    assert (tmp_path / "log").exists()
    assert process.reactor.stops == 0


def test_signals_are_taken_at_once_and_when_the_reactor_runs(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    process = start("--port", "0")
    taken: dict[int, Callable[[int, FrameType | None], None]] = {}
    monkeypatch.setattr(signal, "signal", taken.__setitem__)
    process.startService()
    assert len(taken) == 4
    taken.clear()
    for call, words, named in process.reactor.whenRunningHooks:
        call(*words, **named)
    assert set(taken) == {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1}


# Supervision


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    address = f"@miniredis-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0"))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        tell_supervisor(b"no", "not for systemd")
        tell_supervisor(b"systemd", "READY=1\n")
        assert listener.recv(100) == b"READY=1\n"


def test_a_supervisor_that_is_gone_does_not_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    tell_supervisor(b"auto", "READY=1\n")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_the_port_can_be_changed_while_it_runs(start: Start) -> None:
    process = start("--port-file", "port")
    process.privilegedStartService()
    process.startService()
    first, second = process.server.tcp_port(), free_port()
    process.config.set_many([(b"port", b"%d" % second)])
    assert process.server.tcp_port() == second
    socket.create_connection(("127.0.0.1", second)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", first))
    process.config.set_many([(b"port", b"0")])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", second))


def test_what_cannot_be_listened_on_is_refused_and_the_old_addresses_stay(start: Start) -> None:
    process = start("--port-file", "port")
    process.privilegedStartService()
    process.startService()
    port = process.server.tcp_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SetFailed, match="Unable to listen on this port"):
            process.config.set_many([(b"port", b"%d" % taken.getsockname()[1])])
    with pytest.raises(SetFailed, match="Failed to bind to specified addresses"):
        process.config.set_many([(b"bind", b"203.0.113.7")])
    assert process.server.tcp_port() == port
    socket.create_connection(("127.0.0.1", port)).close()


def test_hz_and_keepalive_take_effect_at_once(start: Start) -> None:
    process = start("--port-file", "port")
    process.privilegedStartService()
    process.startService()
    process.config.set_many([(b"hz", b"50"), (b"tcp-keepalive", b"7")])
    assert process.server._loop.interval == 1 / 50
    assert [listener.keepalive_s for listener in process.server._listeners] == [7]
