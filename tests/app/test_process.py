"""A server with a process to itself: log, signals, files, the supervisor. No reactor runs but a memory one."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from random import SystemRandom
from types import FrameType
from typing import Any

import pytest
from twisted.application.service import Application
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import ILogObserver, globalLogPublisher

from miniredis.app.activation import Inherited
from miniredis.app.options import Options, start_or_exit
from miniredis.app.process import ServerProcess, write_file
from miniredis.app.service import GC_THRESHOLDS
from miniredis.app.tap import makeService
from miniredis.config.config import SetFailed
from miniredis.dispatch.gates import GATE_BUSY
from miniredis.dispatch.port import Port
from miniredis.dispatch.shutdown import ShutdownRequest
from miniredis.resp.errors import ReplyError

Start = Callable[..., ServerProcess]


class Reactor(MemoryReactorClock):
    """Counts the calls of stop."""

    def __init__(self) -> None:
        super().__init__()
        self.stops = 0
        self.adoptedPorts: list[tuple[int, int, object]] = []

    def stop(self) -> None:
        self.stops += 1

    def adoptStreamPort(self, descriptor: int, family: int, factory: object) -> Any:
        self.adoptedPorts.append((descriptor, family, factory))
        return self.listenTCP(0, factory)

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


@pytest.mark.parametrize(("asked", "most"), [("0", 0o700), ("700", 0o700), ("660", 0o660), ("777", 0o777)])
def test_a_unix_socket_is_more_open_than_asked_at_no_moment(
    start: Start, monkeypatch: pytest.MonkeyPatch, asked: str, most: int
) -> None:
    process = start("--port", "0", "--unixsocket", "s", "--unixsocketperm", asked)
    masks: list[int] = []
    listen = process.reactor.listenUNIX

    def note_mask(*words: Any, **options: Any) -> Any:
        masks.append(os.umask(0))
        os.umask(masks[-1])
        return listen(*words, **options)

    monkeypatch.setattr(process.reactor, "listenUNIX", note_mask)
    before = os.umask(0o022)
    try:
        process.privilegedStartService()
        assert os.umask(before) == 0o022
    finally:
        os.umask(before)
    assert [0o777 & ~mask for mask in masks] == [most]


def test_identifiers_come_from_the_system_and_not_from_a_seed(start: Start) -> None:
    assert isinstance(start("--port", "0").server.engine.random, SystemRandom)


def test_the_collector_walks_what_was_there_at_the_start_no_more(start: Start) -> None:
    before = gc.get_threshold()
    process = start("--port", "0")
    try:
        process.privilegedStartService()
        process.startService()
        assert gc.get_freeze_count() > 1000
        assert gc.get_threshold() == GC_THRESHOLDS
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


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


def test_a_shutdown_in_the_middle_of_a_script_does_not_wait_for_the_reactor(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start("--port", "0")
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    process.server.engine.gates |= GATE_BUSY
    assert process.server.engine.shutdown is not None
    process.server.engine.shutdown(ShutdownRequest(False, False, False))
    assert ended == [0]


def test_sigusr1_opens_the_log_anew_and_sighup_reads_files_again(start: Start, tmp_path: Path) -> None:
    process = start("--port", "0")
    reloaded: list[str] = []

    def fails() -> None:
        raise ZeroDivisionError

    process.on_reload.append(fails)
    process.on_reload.append(lambda: reloaded.append("tls"))
    (tmp_path / "log").rename(tmp_path / "old")
    process.heed_signal(signal.SIGUSR1)
    process.heed_signal(signal.SIGHUP)
    assert reloaded == ["tls"]
    assert "ZeroDivisionError" in log_of(process)
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


def test_a_defect_is_logged_as_json_with_its_client_and_traceback(start: Start) -> None:
    process = start("--port", "0", "--log-format", "json")
    try:
        raise RuntimeError("100% {broken}")
    except RuntimeError as defect:
        process.server.engine.log_failure("a command failed", defect, 7)
    process.server.engine.log_client("warning", "{text} %s", 8)
    failed, plain = (json.loads(line) for line in log_of(process).splitlines()[-2:])
    assert (failed["level"], failed["message"], failed["client"]) == ("warning", "a command failed", 7)
    assert "RuntimeError: 100% {broken}" in failed["failure"]
    assert failed["namespace"] == "miniredis"
    assert (plain["message"], plain["client"]) == ("{text} %s", 8)


# Supervision


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket at which systemd would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


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
    assert process.server._sessions.keepalive_s() == 7


def test_systemd_hears_of_start_reload_and_stop(start: Start, supervisor: socket.socket) -> None:
    process = start("--port", "0", "--supervised", "systemd", "--appendonly", "yes")
    assert process.server.engine.platform.supervised == "systemd"
    process.privilegedStartService()
    process.startService()
    assert supervisor.recv(200) == b"STATUS=Loading the data\n"
    assert supervisor.recv(200) == b"READY=1\nSTATUS=Ready to accept connections\n"
    process.heed_signal(signal.SIGHUP)
    assert supervisor.recv(200).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert supervisor.recv(200).startswith(b"READY=1\n")
    process.stopService()
    assert supervisor.recv(200).startswith(b"STOPPING=1\n")


def test_a_socket_that_was_handed_over_is_served(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listening, socket.socket() as web:
        for each in (listening, web):
            each.bind(("127.0.0.1", 0))
            each.listen()
        port = listening.getsockname()[1]
        handed = Inherited()
        handed.tcp.append(socket.socket(fileno=os.dup(listening.fileno())))
        handed.http["web"].append(web)
        monkeypatch.setattr("miniredis.app.process.inherited_sockets", lambda descriptors: handed)
        process = start("--port", "1")
        process.privilegedStartService()
        assert process.server.tcp_port() == port
        process.startService()
        assert "HTTP (web) at a socket that was handed over" in log_of(process)
        assert len(process.reactor.adoptedPorts) == 1
        process.stopService()


def test_a_unix_socket_that_was_handed_over_is_served(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()
        handed = Inherited()
        handed.unix.append(listening)
        monkeypatch.setattr("miniredis.app.process.inherited_sockets", lambda descriptors: handed)
        process = start()
        process.privilegedStartService()
        assert process.reactor.adoptedPorts[0][1] == socket.AF_UNIX
        process.stopService()


class Lagging:
    """Replication that has somebody to wait for."""

    def __init__(self, process: ServerProcess) -> None:
        self.done: list[Callable[[], None]] = []
        self.ended = 0
        replication = process.server.replication.replication
        replication.farewell.begin = self.begin  # type: ignore[method-assign]
        replication.farewell.end = self.end  # type: ignore[method-assign]

    def begin(self, timeout_ms: int, done: Callable[[], None]) -> bool:
        assert timeout_ms == 10_000
        self.done.append(done)
        return True

    def end(self) -> bool:
        self.ended += 1
        return True


def test_shutdown_waits_for_replicas_and_can_be_aborted(start: Start) -> None:
    process = start("--port", "0", "--save", "")
    lagging = Lagging(process)
    engine = process.server.engine
    assert engine.shutdown is not None and engine.abort_shutdown is not None
    replies: list[object] = []
    waiting = engine.shutdown(ShutdownRequest(None, False, False))
    assert isinstance(waiting, Deferred)
    waiting.addCallback(replies.append)
    assert engine.abort_shutdown()
    assert isinstance(replies[0], ReplyError)
    assert lagging.ended == 1
    engine.shutdown(ShutdownRequest(None, False, False))
    process.server.prepare_stop = lambda save: False  # type: ignore[method-assign]
    lagging.done[-1]()
    assert lagging.ended == 2
    process.server.prepare_stop = lambda save: True  # type: ignore[method-assign]
    lagging.done[-1]()
    process.reactor.advance(0)
    assert process.reactor.stops == 1


def test_shutdown_now_waits_for_nobody(start: Start) -> None:
    process = start("--port", "0", "--save", "")
    Lagging(process)
    assert process.server.engine.shutdown is not None
    assert process.server.engine.shutdown(ShutdownRequest(None, True, False)) is None
    process.reactor.advance(0)
    assert process.reactor.stops == 1


def test_after_the_last_snapshot_nothing_is_run_that_would_be_lost(start: Start) -> None:
    process = start("--port", "0", "--save", "3600 1")
    engine = process.server.engine
    client = engine.connect(Port())
    process.heed_signal(signal.SIGTERM)
    assert process.reactor.stops == 1
    assert isinstance(engine.execute(client, [b"SET", b"k", b"v"]), Deferred)


def test_a_second_signal_waits_for_nobody(start: Start) -> None:
    process = start("--port", "0", "--save", "")
    lagging = Lagging(process)
    process.heed_signal(signal.SIGTERM)
    assert process.reactor.stops == 0
    process.server.prepare_stop = lambda save: False  # type: ignore[method-assign]
    lagging.done[-1]()
    assert lagging.ended == 1
    process.heed_signal(signal.SIGTERM)
    process.server.prepare_stop = lambda save: True  # type: ignore[method-assign]
    process.heed_signal(signal.SIGTERM)
    assert process.reactor.stops == 1
