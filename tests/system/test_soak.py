"""A mixed load for MINIREDIS_SOAK_SECONDS (`make soak`: an hour; `make system`: short): memory stays flat, no error is
unhandled, the loop never serves nobody for long.

All at once: commands of all types in pipelines, transactions and scripts, keys that expire and keys that are evicted,
clients of TLS, subscribers, blocking clients, connections that are left in all ways; snapshots and rewrites of the log;
a replica that is cut off and comes back.  At the end the replica has the primary's data, and so has a server that
starts from the log.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

import pytest

from oracle.grammar import Words
from oracle.mixed import called, sequence
from oracle.servers import ServerProcess, free_port
from oracle.wire import SocketConnection, encode
from system.conftest import program
from system.crowds import (
    STALL_MS,
    WATCHED,
    assert_no_defects,
    field,
    figure,
    longest_stall_ms,
    open_files,
    resident_bytes,
    until,
)

SECONDS = float(os.environ.get("MINIREDIS_SOAK_SECONDS", "30"))
CLIENTS = 3
LENGTH = 40
#: All stays in one database; digests and lists of all keys take as long as there are keys.
LEFT_OUT = {b"SELECT", b"SWAPDB", b"MOVE", b"DEBUG", b"KEYS"}
FULL = "24mb"
#: Keys that live for less than a second.
SOON = 1000
VALUE = b"x" * 200
ALIKE_S = 60.0


class TlsConnection(SocketConnection):
    """A client that speaks TLS."""

    def __init__(self, port: int, authority: Path) -> None:
        super().__init__(("127.0.0.1", port))
        context = ssl.create_default_context(cafile=str(authority))
        self._socket = context.wrap_socket(self._socket, server_hostname="localhost")

    def _receive(self) -> None:
        # Records need not hold a byte for us, and may hold more than was asked for.
        self._socket.settimeout(0)
        try:
            super()._receive()
            while not self._ended and isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                super()._receive()
        except ssl.SSLWantReadError:
            pass
        finally:
            self._socket.settimeout(30)


class Worker(threading.Thread):
    """Any commands in pipelines, by connections that are left in all ways."""

    def __init__(self, number: int, connect: Callable[[Random], SocketConnection], deadline: float) -> None:
        super().__init__(daemon=True)
        self.random = Random(number)
        self.connect = connect
        self.deadline = deadline
        self.done = 0
        self.failure = ""

    def run(self) -> None:
        try:
            while time.monotonic() < self.deadline:
                self._connection()
        except Exception as problem:
            self.failure = repr(problem)

    def _connection(self) -> None:
        client = self.connect(self.random)
        for _ in range(self.random.randrange(1, 40)):
            commands = [*self._any(), *self._expiring(), *self._filling()]
            self.done += len(client.pipeline(commands))
        match self.random.randrange(5):
            case 0:
                client(b"SUBSCRIBE", b"news")
                assert b"message" in client.frames(1)[0]
            case 1:
                client(b"SUBSCRIBE", b"news")
            case 2:
                client(b"MULTI")
                client(b"SET", b"a", b"never")
            case 3:
                client.send(encode([b"BLPOP", b"nothing", b"0"]))
            case _:
                client.send(encode([b"SET", b"a", b"half"])[:-5])
        client.close()

    def _any(self) -> list[Words]:
        found = sequence(self.random, LENGTH)
        return [each for each in found if called(each)[0].upper() not in LEFT_OUT]

    def _expiring(self) -> list[Words]:
        return [[b"SET", b"soon:%d" % self.random.randrange(SOON), b"v", b"PX", b"%d" % self.random.randrange(1, 300)]]

    def _filling(self) -> list[Words]:
        return [[b"SET", b"bulk:%d" % self.random.randrange(1_000_000), VALUE] for _ in range(5)]


class Chores:
    """What happens to a server now and then while it is used."""

    def __init__(self, primary: SocketConnection, copy: SocketConnection, port: int) -> None:
        self.primary = primary
        self.copy = copy
        self.port = b"%d" % port
        self.rounds = 0

    def next(self) -> None:
        """One of them in turn; none may be refused but while another child works."""
        match self.rounds % 4:
            case 0:
                self._child(self.primary(b"BGSAVE", b"SCHEDULE"))
            case 1:
                self._child(self.primary(b"BGREWRITEAOF"))
            case 2:
                assert self.primary(b"CLIENT", b"KILL", b"TYPE", b"replica").startswith(b":")
            case _:
                assert self.copy(b"REPLICAOF", b"NO", b"ONE").startswith(b"+OK")
                assert self.copy(b"REPLICAOF", b"127.0.0.1", self.port).startswith(b"+OK")
        self.rounds += 1

    def _child(self, reply: bytes) -> None:
        assert reply.startswith(b"+") or b"in progress" in reply, reply


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([program("miniredis-gencert"), str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.timeout(SECONDS + 300)
def test_memory_is_flat_and_nothing_goes_unhandled(
    start: Callable[..., ServerProcess], files: Path, count: Callable[[str, int], None]
) -> None:
    tls_port = free_port()
    server = start(
        *WATCHED, "--appendonly", "yes", "--maxmemory", FULL, "--maxmemory-policy", "allkeys-lru",
        "--repl-diskless-sync-delay", "0", "--tls-port", str(tls_port), "--tls-auth-clients", "no",
        "--tls-cert-file", f"{files}/redis.crt", "--tls-key-file", f"{files}/redis.key",
    )  # fmt: skip
    replica = start("--replicaof", "127.0.0.1", str(server.port))
    client, copy = server.connect(), replica.connect()
    until(lambda: field(copy, b"replication", b"master_link_status") == b"up", replica.output[-2000:])
    bulk = 0
    while figure(client, b"stats", b"evicted_keys") == 0:
        client.pipeline([[b"SET", b"bulk:%d" % at, VALUE] for at in range(bulk, bulk + 10_000)])
        bulk += 10_000
    base = open_files(server)

    def connect(random: Random) -> SocketConnection:
        if random.random() < 0.3:
            return TlsConnection(tls_port, files / "ca.crt")
        return SocketConnection(("127.0.0.1", server.port))

    deadline = time.monotonic() + SECONDS
    workers = [Worker(number, connect, deadline) for number in range(CLIENTS)]
    for worker in workers:
        worker.start()
    chores = Chores(client, copy, server.port)
    sizes: list[int] = []
    next_chore = time.monotonic() + 1
    while any(worker.is_alive() for worker in workers):
        client(b"PUBLISH", b"news", b"x" * 100)
        time.sleep(min(0.5, SECONDS / 300))
        sizes.append(resident_bytes(server))
        if time.monotonic() >= next_chore:
            chores.next()
            next_chore = time.monotonic() + max(1.0, SECONDS / 200)
    for worker in workers:
        worker.join()
        assert not worker.failure, worker.failure

    stall_ms = longest_stall_ms(client)
    until(lambda: figure(client, b"persistence", b"rdb_bgsave_in_progress") == 0, "a snapshot without an end")
    until(lambda: figure(client, b"persistence", b"aof_rewrite_in_progress") == 0, "a rewrite without an end")
    assert field(client, b"persistence", b"rdb_last_bgsave_status") == b"ok"
    assert field(client, b"persistence", b"aof_last_bgrewrite_status") == b"ok"
    client(b"DEL", *(b"soon:%d" % number for number in range(SOON)))
    until(lambda: copy(b"DEBUG", b"DIGEST") == client(b"DEBUG", b"DIGEST"), "the replica has other data", ALIKE_S)
    until(lambda: open_files(server) <= base + 2, "files stay open")  # a new file of the log, and its folder
    assert_no_defects(server)
    assert_no_defects(replica)

    third = len(sizes) // 3
    middle, last = median(sizes[third : 2 * third]), median(sizes[2 * third :])
    assert last <= middle * 1.05, [size >> 20 for size in sizes[:: max(1, len(sizes) // 60)]]
    assert stall_ms < STALL_MS

    data = client(b"DEBUG", b"DIGEST")
    assert server.stop() == 0
    server.start_again()
    server.wait_ready()
    again = server.connect()
    until(lambda: again(b"DEBUG", b"DIGEST") == data, "the log has other data", ALIKE_S)
    count("inputs", sum(worker.done for worker in workers))
    count("chores", chores.rounds)
    count("longest stall in microseconds", round(stall_ms * 1000))
    count("KiB of memory", int(last) >> 10)
