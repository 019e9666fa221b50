"""A cluster of real processes for a test, made by redis-cli, ended with the test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable

from oracle.servers import ServerProcess
from oracle.wire import SocketConnection
from system.conftest import program

TIMEOUT_MS = 2000
READY_S = 60.0

#: Ports whose bus port is free as well: both are below the range the system hands out (32768 and up), from which a
#: connection may have taken any.  Test runs that go on beside each other begin in different places.
FIRST_PORT, LAST_PORT = 20_000, 22_700
_next_port = [FIRST_PORT + os.getpid() * 97 % 2_000]


def free_node_ports(count: int) -> int:
    """The first of so many ports in a row that are free, and so are the ports of their buses."""
    while True:
        first = _next_port[0] + 1
        _next_port[0] += count
        if _next_port[0] > LAST_PORT:
            _next_port[0] = FIRST_PORT
            continue
        try:
            for port in range(first, first + count):
                for each in (port, port + 10_000):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", each))
        except OSError:
            continue
        return first


def free_node_port() -> int:
    return free_node_ports(1)


def until(condition: Callable[[], bool], what: str, seconds: float = READY_S) -> None:
    """Wait for other processes; never for a fixed time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class NodeProcess(ServerProcess):
    """A node; `prefix` are words before its command, such as those that enter a network."""

    def __init__(self, *words: str, host: str = "127.0.0.1", prefix: tuple[str, ...] = ()) -> None:
        self.node_port = free_node_port()
        self.host = host
        command = [
            *prefix, program("miniredis-server"), "--port", str(self.node_port), "--bind", host, "--dir", "{dir}",
            "--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout", str(TIMEOUT_MS),
            "--protected-mode", "no", "--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0", *words,
        ]  # fmt: skip
        self.command = command
        super().__init__(command)
        self.port = self.node_port

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def cli(self, *words: str, check: bool = True) -> str:
        return run_cli("-h", self.host, "-p", str(self.port), *words, check=check)

    def connect(self) -> SocketConnection:
        return SocketConnection((self.host, self.port))

    def state(self) -> str:
        return self.cli("CLUSTER", "INFO").split("\r\n")[0].split("\n")[0].strip().removeprefix("cluster_state:")

    def id(self) -> str:
        return self.cli("CLUSTER", "MYID").strip()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        """The same node again, with its folder."""
        words = [word.format(port=self.port, dir=self.folder) for word in self.command]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT)


def run_cli(*words: str, check: bool = True, stdin: str = "") -> str:
    done = subprocess.run(["redis-cli", *words], capture_output=True, text=True, input=stdin, timeout=300, check=False)
    assert not check or done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-1000:])
    return done.stdout


def wait_agreed(address: str) -> None:
    """What one node did, the others hear of by and by; redis-cli moves no slots before they have."""
    until(lambda: "All nodes agree" in run_cli("--cluster", "check", address, check=False), "the nodes do not agree")


class Nodes:
    """`processes` in the order in which redis-cli was told of them: primaries first."""

    def __init__(self, processes: list[NodeProcess], replicas: int) -> None:
        self.processes = processes
        for process in processes:
            process.wait_ready()
        run_cli("--cluster", "create", *[process.address for process in processes], "--cluster-replicas",
                str(replicas), "--cluster-yes")  # fmt: skip
        self.wait_ok()
        for process in processes[len(processes) // (1 + replicas) :]:
            until(lambda process=process: "link_status:up" in process.cli("INFO", "replication"), "no sync")  # type: ignore[misc]

    def wait_ok(self) -> None:
        for process in self.alive():
            until(lambda process=process: process.state() == "ok", f"{process.address} is not ok")  # type: ignore[misc]

    def alive(self) -> list[NodeProcess]:
        return [process for process in self.processes if process.process.poll() is None]

    def owner_of(self, key: str) -> NodeProcess:
        """The process that serves a key."""
        for process in self.alive():
            with_key = process.cli("EXISTS", key)
            if with_key.strip() in ("0", "1"):
                return process
        raise AssertionError(f"nobody serves {key}")

    def check(self) -> str:
        wait_agreed(self.alive()[0].address)
        return run_cli("--cluster", "check", self.alive()[0].address)

    def remove(self) -> None:
        for process in self.processes:
            assert "Traceback" not in process.output, process.output[-3000:]
            process.remove()
