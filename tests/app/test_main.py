"""The console scripts as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracle.servers import ServerProcess, die_with_parent

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = [sys.executable, "-c", "from miniredis.app.main import server; server()"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
WORDS = ["--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--dir", "{dir}"]


@pytest.fixture
def running() -> Iterator[list[ServerProcess]]:
    started: list[ServerProcess] = []
    yield started
    for server in started:
        server.remove()


def wait_for(path: Path, text: str) -> str:
    """The file's text once it holds `text`; what is waited for is another process."""
    deadline = time.monotonic() + 20
    while not path.exists() or text not in path.read_text():
        assert time.monotonic() < deadline, path.read_text() if path.exists() else path
        time.sleep(0.005)
    return path.read_text()


def test_it_serves_in_the_foreground_until_sigterm(running: list[ServerProcess]) -> None:
    server = ServerProcess([*SCRIPT, *WORDS, "--pidfile", "server.pid"], env=ENVIRONMENT)
    running.append(server)
    server.wait_ready()
    assert (server.folder / "server.pid").read_text() == f"{server.process.pid}\n"
    client = server.connect()
    assert client(b"CONFIG", b"GET", b"port") == b"*2\r\n$4\r\nport\r\n$5\r\n%d\r\n" % server.port
    assert server.stop() == 0
    assert not (server.folder / "server.pid").exists()
    lines = server.output.splitlines()
    assert lines[0].startswith(f"{server.process.pid}:M ")
    assert "ready to exit, bye bye" in lines[-1]
    assert any("Received SIGTERM scheduling shutdown" in line for line in lines)


def test_its_log_can_be_rotated(running: list[ServerProcess]) -> None:
    server = ServerProcess([*SCRIPT, *WORDS, "--logfile", "log", "--pidfile", "no/such/folder"], env=ENVIRONMENT)
    running.append(server)
    server.wait_ready()
    (server.folder / "log").rename(server.folder / "log.1")
    server.process.send_signal(signal.SIGUSR1)
    wait_for(server.folder / "log", "opened anew")
    assert server.stop() == 0
    assert "Failed to write PID file" in (server.folder / "log.1").read_text()
    assert "bye bye" in (server.folder / "log").read_text()
    assert server.output == ""


def test_twistd_ends_with_status_0_too(running: list[ServerProcess]) -> None:
    plugins = str(ROOT / "twisted" / "plugins")
    code = f"import twisted.plugins as p; p.__path__.append({plugins!r}); from twisted.scripts.twistd import run; run()"
    command = [sys.executable, "-c", code, "-n", "--pidfile=", "miniredis", *WORDS]
    server = ServerProcess(command, env=ENVIRONMENT)
    running.append(server)
    server.wait_ready()
    assert server.stop() == 0
    assert server.output.splitlines()[0].startswith(f"{server.process.pid}:M ")
    assert "bye bye" in server.output


def test_it_goes_to_the_background(tmp_path: Path) -> None:
    words = ["--port", "0", "--unixsocket", "s", "--dir", str(tmp_path), "--logfile", "log", "--daemonize", "yes"]
    command = [*SCRIPT, *words, "--pidfile", "pid"]
    done = subprocess.run(command, env=ENVIRONMENT, timeout=30, capture_output=True, preexec_fn=die_with_parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    try:
        wait_for(tmp_path / "log", "Ready to accept connections")
    finally:
        pid = int(wait_for(tmp_path / "pid", "\n"))
        os.kill(pid, signal.SIGTERM)
    assert "bye bye" in wait_for(tmp_path / "log", "bye bye")


def test_a_sentinel_needs_its_file() -> None:
    command = [sys.executable, "-c", "from miniredis.app.main import sentinel; sentinel()"]
    done = subprocess.run(command, env=ENVIRONMENT, timeout=30, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Sentinel needs config file" in done.stderr
