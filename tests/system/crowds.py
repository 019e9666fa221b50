"""What tests of load share: a server whose stalls and files are looked at, crowds of clients, and their percentiles."""

from __future__ import annotations

import os
import resource
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from oracle.servers import ServerProcess
from oracle.wire import SocketConnection

#: Upkeep runs so often that a stall is seen whole but for 2 ms.
WATCHED = ("--hz", "500")
#: The longest time for which the loop may serve nobody.
STALL_MS = 50
#: Connections from one address; ports are not endless.
FROM_ONE_ADDRESS = 2000
#: A 99th percentile may grow to twice; below this many seconds it is the machine's noise.
NOISE_S = 0.001
#: A busy moment of the machine passes; what clients cost does not.
ATTEMPTS = 4
ROUNDS = 5


def allow_many_files() -> int:
    """Raise the limit of open files for this process and those it starts; how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = hard if hard != resource.RLIM_INFINITY else max(soft, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


def address_of(number: int) -> tuple[str, int]:
    """Where the client with this number comes from; the kernel chooses the port when it connects."""
    return f"127.0.0.{2 + number // FROM_ONE_ADDRESS % 200}", 0


def client_from(number: int, port: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
    client.bind(address_of(number))
    client.connect(("127.0.0.1", port))
    return client


def idle_clients(port: int, count: int) -> list[socket.socket]:
    return [client_from(number, port) for number in range(count)]


def percentile(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


def p99(request: Callable[[], object], samples: int = 300) -> float:
    """Of a request, in seconds: the median of several rounds."""
    found = []
    for _ in range(ROUNDS):
        times = []
        for _ in range(samples):
            began = time.perf_counter()
            request()
            times.append(time.perf_counter() - began)
        found.append(percentile(times))
    return median(found)


class ActiveClients:
    """Connections that all ask at the same time, again as soon as they have their answer."""

    REQUEST, REPLY = b"GET k\r\n", b"$-1\r\n"

    def __init__(self, port: int, count: int) -> None:
        self.clients = {client.fileno(): client for client in idle_clients(port, count)}
        self._poll = select.epoll()
        for number, client in self.clients.items():
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._poll.register(number, select.EPOLLIN)

    def p99(self, samples: int = 3000) -> float:
        """Of all their requests, in seconds: the median of several rounds."""
        return median(self._round(samples) for _ in range(ROUNDS))

    def _round(self, samples: int) -> float:
        began = {}
        for number, client in self.clients.items():
            client.sendall(self.REQUEST)
            began[number] = time.perf_counter()
        times: list[float] = []
        while began:
            for number, _ in self._poll.poll(30):
                client = self.clients[number]
                assert client.recv(100) == self.REPLY
                times.append(time.perf_counter() - began.pop(number))
                if len(times) + len(began) < samples:
                    client.sendall(self.REQUEST)
                    began[number] = time.perf_counter()
        return percentile(times)

    def close(self) -> None:
        self._poll.close()
        for client in self.clients.values():
            client.close()


def assert_unharmed(before: float, measure: Callable[[], float]) -> float:
    """At most twice of what it was before; the figure, in seconds."""
    found = []
    for _ in range(ATTEMPTS):
        found.append(measure())
        if found[-1] <= max(2 * before, before + NOISE_S):
            return found[-1]
    raise AssertionError(f"p99 was {before * 1e3:.2f} ms, then {[round(each * 1e3, 2) for each in found]}")


def open_files(server: ServerProcess) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def resident_bytes(server: ServerProcess) -> int:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def processor_seconds(server: ServerProcess) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def field(client: SocketConnection, section: bytes, name: bytes) -> bytes:
    """Of INFO."""
    for line in client(b"INFO", section).split(b"\r\n"):
        if line.startswith(name + b":"):
            return line.partition(b":")[2]
    raise AssertionError(name)


def figure(client: SocketConnection, section: bytes, name: bytes) -> int:
    return int(field(client, section, name))


def longest_stall_ms(client: SocketConnection) -> float:
    """Of the server's own making: without the time for which the machine gave it no processor."""
    return figure(client, b"stats", b"reactor_longest_own_stall_usec") / 1000


def assert_no_defects(server: ServerProcess) -> None:
    for word in ("Unhandled", "Traceback", "defect"):
        assert word not in server.output, server.output[-3000:]
