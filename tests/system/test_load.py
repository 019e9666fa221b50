"""Clients that are idle, come and go, do not read or hardly write: others do not notice, and nothing is kept of them.

Each test ends with the same three questions: did the loop ever serve nobody for long, are all files closed, is the log
free of defects.  Times are compared within the run only, since the machine may be busy.  With MINIREDIS_SOAK_SECONDS
(`make soak`) clients come and go for that long, for five minutes at most.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from oracle.servers import ServerProcess, redis_server
from oracle.wire import SocketConnection, encode
from system.crowds import (
    STALL_MS,
    WATCHED,
    ActiveClients,
    allow_many_files,
    assert_no_defects,
    assert_unharmed,
    client_from,
    figure,
    idle_clients,
    longest_stall_ms,
    open_files,
    p99,
    percentile,
    processor_seconds,
    resident_bytes,
    until,
)

IDLE = int(os.environ.get("MINIREDIS_LOAD_IDLE", "10000"))
ACTIVE = 50
#: redis-server needs 1.4 kB, for structures of C; a socket, a session and a connection of ours are Python's objects.
IDLE_CLIENT_BYTES = 2500
CHURN_S = min(300.0, float(os.environ.get("MINIREDIS_SOAK_SECONDS", "10")))
STOPPED_S = 30.0
LIMIT = 64 << 20
MESSAGE = b"x" * 16384

Serve = Callable[..., "Served"]


class Served:
    """A server, a client that is there all the time, and what was before the test."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.client = server.connect()
        assert self.client(b"PING") == b"+PONG\r\n"  # from now on its descriptor is one of the server's
        self.base = open_files(server)

    def get(self) -> None:
        assert self.client(b"GET", b"k") == b"$-1\r\n"

    def connected(self) -> int:
        return figure(self.client, b"clients", b"connected_clients")

    def leaves_nothing(self) -> None:
        until(lambda: open_files(self.server) <= self.base, "files stay open")
        assert self.connected() == 1
        assert_no_defects(self.server)
        assert longest_stall_ms(self.client) < STALL_MS


@pytest.fixture
def serve(start: Callable[..., ServerProcess]) -> Iterator[Serve]:
    """`serve("--option", "value")`; what a test leaves behind is looked for when it is over."""
    allow_many_files()
    running: list[Served] = []

    def serve_one(*words: str) -> Served:
        running.append(Served(start(*WATCHED, *words)))
        return running[-1]

    yield serve_one
    for served in running:
        served.leaves_nothing()


@pytest.fixture
def stopped() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """`stopped(process)` stops it; the end of the test lets it go on."""
    waiting: list[subprocess.Popen[bytes]] = []

    def stop(process: subprocess.Popen[bytes]) -> None:
        waiting.append(process)
        process.send_signal(signal.SIGSTOP)

    yield stop
    for process in waiting:
        process.send_signal(signal.SIGCONT)


def test_ten_thousand_idle_clients_cost_fifty_active_ones_nothing(
    serve: Serve, count: Callable[[str, int], None]
) -> None:
    idle = min(IDLE, allow_many_files() - 300)
    served = serve("--maxclients", str(idle + ACTIVE + 100))
    active = ActiveClients(served.server.port, ACTIVE)
    before, size = active.p99(), resident_bytes(served.server)
    clients = idle_clients(served.server.port, idle)
    until(lambda: served.connected() == 1 + ACTIVE + idle, "not all were taken")
    each = (resident_bytes(served.server) - size) // idle
    after = assert_unharmed(before, active.p99)
    active.close()
    for client in clients:
        client.close()
    assert each < IDLE_CLIENT_BYTES
    count("idle clients", idle)
    count("bytes an idle client", each)
    count("microseconds of p99 before them", round(before * 1e6))
    count("microseconds of p99 beside them", round(after * 1e6))


def come_and_go(number: int, port: int) -> None:
    """A client that leaves in one of five ways."""
    request = encode([b"SET", b"other", b"v"])
    client = client_from(number, port)
    match number % 5:
        case 0:
            client.sendall(request)
            assert client.recv(5) == b"+OK\r\n"
        case 1:
            client.sendall(request)
        case 2:
            client.sendall(request[:-4])
        case 3:
            client.sendall(request)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # ends by a reset
        case _:
            pass
    client.close()


@pytest.mark.timeout(CHURN_S + 120)
def test_clients_that_come_and_go_leave_nothing(serve: Serve, count: Callable[[str, int], None]) -> None:
    served = serve()
    before = p99(served.get)
    began = time.monotonic()
    times: list[float] = []
    sizes: list[int] = []
    done = 0
    while time.monotonic() - began < CHURN_S:
        for _ in range(10):
            come_and_go(done, served.server.port)
            done += 1
            asked = time.perf_counter()
            served.get()
            times.append(time.perf_counter() - asked)
        sizes.append(resident_bytes(served.server))
    # The loop may have both of them before it: whoever comes is served in the turn of whoever asks.
    rounds = [percentile(times[at : at + 500]) for at in range(0, len(times) - 500, 500)]
    assert_unharmed(before, iter(sorted(rounds)[len(rounds) // 2 :]).__next__)
    middle, last = sizes[len(sizes) // 3 : -len(sizes) // 3], sizes[-len(sizes) // 3 :]
    assert max(last) <= max(middle) * 1.1, (max(middle), max(last))
    count("clients that came and went", done)


def test_without_files_to_open_who_is_there_is_served(serve: Serve) -> None:
    served = serve()
    before = p99(served.get)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(served.server.process.pid, resource.RLIMIT_NOFILE, (served.base + 20, hard))
    clients = idle_clients(served.server.port, 60)
    assert_unharmed(before, lambda: p99(served.get))
    spent = processor_seconds(served.server)
    time.sleep(1)  # a loop that tries in vain again and again would take all of it
    assert processor_seconds(served.server) - spent < 0.5
    for client in clients:
        client.close()
    resource.prlimit(served.server.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
    until(lambda: open_files(served.server) <= served.base, "files stay open")
    later = served.server.connect()
    assert later(b"PING") == b"+PONG\r\n"
    later.close()


def publish_and_get(client: SocketConnection) -> None:
    client(b"PUBLISH", b"c", MESSAGE)
    client(b"GET", b"k")


def write_and_get(client: SocketConnection) -> None:
    client(b"SET", b"other", MESSAGE)
    client(b"GET", b"k")


def load_for(seconds: float, request: Callable[[], None], server: ServerProcess) -> tuple[list[float], int]:
    """The time of each request, and the most memory the server had meanwhile."""
    times: list[float] = []
    largest = 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        asked = time.perf_counter()
        request()
        times.append(time.perf_counter() - asked)
        largest = max(largest, resident_bytes(server))
    return times, largest


@pytest.mark.timeout(STOPPED_S + 120)
def test_a_stopped_subscriber_is_cut_off_at_its_limit(
    serve: Serve, stopped: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    served = serve("--client-output-buffer-limit", f"pubsub {LIMIT} 0 0")
    words = ["redis-cli", "-p", str(served.server.port), "SUBSCRIBE", "c"]
    subscriber = subprocess.Popen(words, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        until(lambda: figure(served.client, b"stats", b"pubsub_channels") == 1, "no subscriber")
        before = p99(lambda: publish_and_get(served.client))
        size = resident_bytes(served.server)
        stopped(subscriber)
        times, largest = load_for(STOPPED_S, lambda: publish_and_get(served.client), served.server)
        assert figure(served.client, b"stats", b"client_output_buffer_limit_disconnections") == 1
        assert largest - size > LIMIT / 2, "it never got near its limit"
        assert largest - size <= LIMIT * 1.1
        assert_unharmed(before, lambda: percentile(times))
    finally:
        subscriber.kill()
        subscriber.wait()


@pytest.mark.timeout(STOPPED_S + 120)
def test_a_stopped_replica_is_cut_off_at_its_limit_and_catches_up(
    serve: Serve, stopped: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    backlog = 1 << 20
    served = serve(
        "--client-output-buffer-limit", f"replica {LIMIT} 0 0", "--repl-backlog-size", str(backlog),
        "--repl-diskless-sync-delay", "0",
    )  # fmt: skip
    replica = redis_server("--replicaof", "127.0.0.1", str(served.server.port))
    try:
        copy = replica.connect()
        until(lambda: b"master_link_status:up" in copy(b"INFO", b"replication"), replica.output[-2000:])
        before = p99(lambda: write_and_get(served.client))
        size = resident_bytes(served.server)
        stopped(replica.process)
        times, largest = load_for(STOPPED_S, lambda: write_and_get(served.client), served.server)
        assert figure(served.client, b"replication", b"connected_slaves") == 0
        assert largest - size > LIMIT / 2, "it never got near its limit"
        assert largest - size <= LIMIT * 1.1 + backlog
        assert_unharmed(before, lambda: percentile(times))
        replica.process.send_signal(signal.SIGCONT)
        served.client(b"SET", b"after", b"v")
        until(lambda: copy(b"GET", b"after") == b"$1\r\nv\r\n", replica.output[-2000:], seconds=60)
        copy.close()
    finally:
        replica.process.kill()
        replica.remove()
        until(lambda: figure(served.client, b"replication", b"connected_slaves") == 0, "the replica stays")


def test_clients_that_send_a_byte_a_second_harm_nobody(serve: Serve) -> None:
    served = serve()
    before = p99(served.get)
    slow = idle_clients(served.server.port, 50)
    request = b"GET k\r\n"
    began = time.monotonic()
    for at in range(len(request)):
        for client in slow:
            client.sendall(request[at : at + 1])
        assert_unharmed(before, lambda: p99(served.get, samples=100))
        time.sleep(max(0.0, began + at + 1 - time.monotonic()))
    for client in slow:
        assert client.recv(5) == b"$-1\r\n"
        client.close()
