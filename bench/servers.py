"""What the benchmarks share: servers as processes of their own, and tables."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def environment() -> dict[str, str]:
    """For a server's process: what it serves with is what is installed, not the checkout that the benchmark is of."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


class Server:
    """A process in the foreground with a folder and a port of its own."""

    def __init__(self, name: str, command: str) -> None:
        self.name = name
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix=f"bench-{name}-")
        self.started = time.monotonic()
        with open(os.path.join(self.folder, "output.log"), "wb") as log:
            self.process = subprocess.Popen(
                [word.format(port=self.port, dir=self.folder) for word in shlex.split(command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment(),
            )

    def wait_ready(self, seconds: float = 30.0) -> float:
        """Seconds from the start to the first PONG."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.command("PING").startswith(b"+PONG"):
                    return time.monotonic() - self.started
            except OSError:
                pass
            time.sleep(0.005)
        output = Path(self.folder, "output.log").read_text(errors="replace")
        raise SystemExit(f"{self.name} did not answer:\n{output[-2000:]}")

    def command(self, line: str) -> bytes:
        """The first bytes of the reply to a command line."""
        words = [word.encode() for word in shlex.split(line)]
        frame = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        with socket.create_connection(("127.0.0.1", self.port), 120) as connection:
            connection.sendall(frame)
            return connection.recv(4096)

    def build(self) -> str:
        """`compiled` or `interpreted`; empty for a server that is not ours."""
        for line in self.command("INFO server").decode(errors="replace").splitlines():
            if line.startswith("miniredis_build:"):
                return line.partition(":")[2]
        return ""

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def grid(header: list[str], lines: list[list[str]]) -> str:
    """A table in reStructuredText's simple form."""
    widths = [max(len(line[column]) for line in [header, *lines]) for column in range(len(header))]
    rule = "  ".join("=" * width for width in widths)

    def text(line: list[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()

    return "\n".join([rule, text(header), rule, *map(text, lines), rule])
