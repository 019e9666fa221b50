"""Clients that are idle, come and go, do not read or hardly write: others do not notice, and nothing is kept of them.

Counts are bounded by the limit of open files.  Times are compared within the run only, since the machine may be busy.
"""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oracle.servers import ServerProcess
from oracle.wire import SocketConnection, encode

IDLE = int(os.environ.get("MINIREDIS_LOAD_IDLE", "2000"))
CHURN = int(os.environ.get("MINIREDIS_LOAD_CHURN", "3000"))
SAMPLES = 1500
#: Connections from one address; ports are not endless.
FROM_ONE_ADDRESS = 2000
#: A 99th percentile may grow to twice; below this many seconds it is the machine's noise.
NOISE_S = 0.005


@pytest.fixture(autouse=True)
def many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else max(soft, 65536), hard))


def idle_clients(port: int, count: int) -> list[socket.socket]:
    found = []
    for number in range(count):
        client = socket.socket()
        client.bind((f"127.0.0.{2 + number // FROM_ONE_ADDRESS}", 0))
        client.connect(("127.0.0.1", port))
        found.append(client)
    return found


def p99(client: SocketConnection) -> float:
    """Of a GET, in seconds."""
    times = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        client(b"GET", b"k")
        times.append(time.perf_counter() - began)
    return sorted(times)[SAMPLES * 99 // 100]


def open_files(server: ServerProcess) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def resident_bytes(server: ServerProcess) -> int:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def figure(client: SocketConnection, section: bytes, name: bytes) -> int:
    for line in client(b"INFO", section).split(b"\r\n"):
        if line.startswith(name + b":"):
            return int(line.partition(b":")[2])
    raise AssertionError(name)


def assert_unharmed(before: float, after: float) -> None:
    assert after <= max(2 * before, before + NOISE_S), f"99% of GETs in {before * 1e3:.2f} ms, then {after * 1e3:.2f}"


def test_idle_clients_cost_others_nothing_and_leave_nothing(start: Callable[..., ServerProcess]) -> None:
    count = min(IDLE, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 300)
    server = start("--maxclients", str(count + 100))
    client = server.connect()
    base, before = open_files(server), p99(client)
    clients = idle_clients(server.port, count)
    until(lambda: figure(client, b"clients", b"connected_clients") == count + 1, "not all were taken")
    assert_unharmed(before, p99(client))
    for each in clients:
        each.close()
    until(lambda: open_files(server) <= base, "files stay open")
    assert figure(client, b"clients", b"connected_clients") == 1


def test_clients_that_come_and_go_leave_nothing(start: Callable[..., ServerProcess]) -> None:
    server = start()
    client = server.connect()
    base = open_files(server)
    request = encode([b"SET", b"k", b"v"])
    sizes = []
    for number in range(CHURN):
        one = socket.create_connection(("127.0.0.1", server.port))
        match number % 3:
            case 0:
                one.sendall(request)
                assert one.recv(5) == b"+OK\r\n"
            case 1:
                one.sendall(request[:-4])
            case _:
                pass
        one.close()
        if number in (CHURN // 3, CHURN - 1):
            client(b"PING")
            sizes.append(resident_bytes(server))
    until(lambda: open_files(server) <= base, "files stay open")
    assert sizes[1] < sizes[0] * 1.1 + (4 << 20), sizes


def test_without_files_to_open_who_is_there_is_served(start: Callable[..., ServerProcess]) -> None:
    server = start()
    client = server.connect()
    base = open_files(server)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (base + 20, base + 20))
    clients = idle_clients(server.port, 60)
    for _ in range(20):
        assert client(b"PING") == b"+PONG\r\n"
    for each in clients:
        each.close()
    until(lambda: open_files(server) <= base, "files stay open")
    later = server.connect()
    assert later(b"PING") == b"+PONG\r\n"


def test_a_subscriber_that_does_not_read_is_cut_off(start: Callable[..., ServerProcess]) -> None:
    limit = 8 << 20
    server = start("--client-output-buffer-limit", f"pubsub {limit} 0 0")
    client = server.connect()
    before, size = p99(client), resident_bytes(server)
    stopped = socket.socket()
    stopped.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stopped.connect(("127.0.0.1", server.port))
    stopped.sendall(encode([b"SUBSCRIBE", b"c"]))
    until(lambda: b"pubsub_channels:1" in client(b"INFO", b"stats"), "no subscriber")
    largest = 0
    message = b"x" * 16384
    while client(b"PUBLISH", b"c", message) == b":1\r\n":
        largest = max(largest, resident_bytes(server))
    assert largest - size < limit * 1.1 + (8 << 20), (size, largest)  # and what the allocator keeps at hand
    assert_unharmed(before, p99(client))
    stopped.close()


def test_a_client_that_sends_a_byte_at_a_time_harms_nobody(start: Callable[..., ServerProcess]) -> None:
    server = start()
    client = server.connect()
    before = p99(client)
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    request = encode([b"SET", b"slow", b"value"])
    for at in range(len(request)):
        for each in slow:
            each.sendall(request[at : at + 1])
        if at == len(request) // 2:
            assert_unharmed(before, p99(client))
    for each in slow:
        assert each.recv(5) == b"+OK\r\n"
        each.close()
