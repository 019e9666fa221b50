"""Real processes: miniredis as it is installed from its wheel, beside real clients.

`make system` builds the wheel and installs it in an environment of its own, which has nothing but what a user gets.
No test imports the package from the checkout.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oracle.servers import ServerProcess

ROOT = Path(__file__).resolve().parent.parent.parent
#: Where the wheel is installed.
ENVIRONMENT = Path(os.environ.get("MINIREDIS_ENVIRONMENT", ROOT / "build" / "system-venv"))
WORDS = ["--port", "{port}", "--bind", "127.0.0.1", "--dir", "{dir}", "--save", "", "--enable-debug-command", "yes"]


def program(name: str) -> str:
    path = ENVIRONMENT / "bin" / name
    assert path.exists(), f"{path} is missing: `make system` installs it"
    return str(path)


@pytest.fixture
def start() -> Iterator[Callable[..., ServerProcess]]:
    """`start("--maxmemory", "10mb")` starts a server of ours and waits until it answers."""
    running: list[ServerProcess] = []

    def start_one(*words: str, command: list[str] | None = None, wait: bool = True) -> ServerProcess:
        server = ServerProcess([*(command or [program("miniredis-server")]), *WORDS, *words])
        running.append(server)
        if wait:
            server.wait_ready()
        return server

    yield start_one
    for server in running:
        server.remove()


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """One server for the tests of a module."""
    running = ServerProcess([program("miniredis-server"), *WORDS])
    try:
        running.wait_ready()
        yield running
        assert running.process.poll() is None, f"the server died:\n{running.output[-3000:]}"
        assert "Traceback" not in running.output, running.output[-3000:]
    finally:
        running.remove()


@pytest.fixture
def cli(server: ServerProcess) -> Callable[..., str]:
    """`cli("GET", "k")` runs redis-cli, not on a terminal; its output."""

    def run(*words: str, data: bytes | None = None, seconds: float = 60) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(server.port), *words], input=data or b"", capture_output=True, timeout=seconds
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout.decode(errors="replace")

    return run


@pytest.fixture
def empty(server: ServerProcess) -> ServerProcess:
    """The module's server without keys."""
    client = server.connect()
    assert client(b"FLUSHALL") == b"+OK\r\n"
    client.close()
    return server
