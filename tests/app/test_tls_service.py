"""TLS as part of a server process: its port, its start that fails, SIGHUP."""

from __future__ import annotations

import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.logger import globalLogPublisher

from app.test_process import Reactor, log_of, observer_of
from miniredis.app.options import start_or_exit
from miniredis.app.process import ServerProcess
from miniredis.config.config import SetFailed
from server.tls_edge import make_files

from oracle.servers import free_port

Start = Callable[..., ServerProcess]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return make_files(tmp_path / "tls")


@pytest.fixture
def start(tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """`start("--tls-port", "7000")` makes a server process with certificates, and starts it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda number, call: None)
    made: list[ServerProcess] = []

    def make(*words: str) -> ServerProcess:
        given = start_or_exit(
            [
                "--dir", str(tmp_path), "--logfile", "log", "--bind", "127.0.0.1", "--tls-cert-file", "tls/redis.crt",
                "--tls-key-file", "tls/redis.key", "--tls-ca-cert-file", "tls/ca.crt", *words,
            ],
            "x",
        )  # fmt: skip
        process = ServerProcess(given, Reactor())
        made.append(process)
        globalLogPublisher.addObserver(observer_of(process))
        process.privilegedStartService()
        process.startService()
        return process

    yield make
    for each in made:
        if each.running:
            each.stopService()
        globalLogPublisher.removeObserver(observer_of(each))
        each.log.close()


def ports_of(process: ServerProcess) -> tuple[int, int]:
    """The plain one and that for TLS; 0: there is none."""
    return process.server.tcp_port(), process.server.tls_port()


def set_config(process: ServerProcess, *pairs: tuple[str, str]) -> None:
    process.config.set_many([(name.encode(), value.encode()) for name, value in pairs])


def test_tls_alone(start: Start) -> None:
    port = free_port()
    process = start("--port", "0", "--tls-port", str(port))
    assert ports_of(process) == (0, port)
    assert "Ready to accept connections tls" in log_of(process)
    assert f"Port: {port}" in log_of(process)


def test_tls_beside_a_plain_port_and_on_another(start: Start) -> None:
    plain, first, second = free_port(), free_port(), free_port()
    process = start("--port", str(plain), "--tls-port", str(first))
    assert ports_of(process) == (plain, first)
    set_config(process, ("tls-port", str(second)))
    assert ports_of(process) == (plain, second)
    set_config(process, ("tls-port", "0"))
    assert ports_of(process) == (plain, 0)


def test_tls_can_be_had_later(start: Start) -> None:
    port = str(free_port())
    process = start("--port", "0", "--tls-cert-file", "tls/ca.crt")
    with pytest.raises(SetFailed, match="key values mismatch"):
        set_config(process, ("tls-port", port))
    assert ports_of(process) == (0, 0)
    set_config(process, ("tls-port", port), ("tls-cert-file", "tls/redis.crt"))
    assert ports_of(process) == (0, int(port))


def test_without_certificates_the_start_fails(start: Start) -> None:
    with pytest.raises(SystemExit):
        start("--port", "0", "--tls-port", str(free_port()), "--tls-cert-file", "tls/ca.crt")


def test_a_port_that_is_taken(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken, port = str(other.getsockname()[1]), free_port()
        with pytest.raises(SystemExit):
            start("--port", "0", "--tls-port", taken)
        process = start("--port", "0", "--tls-port", str(port))
        with pytest.raises(SetFailed, match="Unable to listen on this port"):
            set_config(process, ("tls-port", taken))
        assert f"Failed listening on port {taken} (tls)" in log_of(process)
        assert ports_of(process) == (0, port)


def test_other_addresses_are_those_of_tls_as_well(start: Start) -> None:
    port = free_port()
    process = start("--port", "0", "--tls-port", str(port))
    set_config(process, ("bind", "127.0.0.2"))
    assert process.server.tls.ports[0].getHost().host == "127.0.0.2"


def test_sighup_reads_certificates_again(start: Start, files: Path, tmp_path: Path) -> None:
    process = start("--port", "0", "--tls-port", str(free_port()), "--tls-auto-reload-interval", "0")
    before = process.server.tls.contexts
    shutil.copy(make_files(tmp_path / "others") / "redis.crt", files)
    process.heed_signal(signal.SIGHUP)
    assert process.server.tls.contexts is before
    assert "TLS goes on with the certificates it has: tls-key-file tls/redis.key: key values mismatch" in log_of(
        process
    )
    shutil.copy(tmp_path / "others" / "redis.key", files)
    process.heed_signal(signal.SIGHUP)
    assert process.server.tls.contexts is not before


def test_a_server_without_tls_does_not_read_certificates(start: Start) -> None:
    process = start("--port", "0", "--tls-cert-file", "tls/nothing")
    process.heed_signal(signal.SIGHUP)
    set_config(process, ("tls-cert-file", "tls/nothing"))
    assert process.server.tls.contexts is None
