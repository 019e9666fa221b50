"""A mixed load for MINIREDIS_SOAK_SECONDS (`make soak`: an hour): memory stays flat, no error is unhandled."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from random import Random

import pytest

from oracle.mixed import one_command
from oracle.servers import ServerProcess
from oracle.wire import SocketConnection, encode
from system.crowds import open_files, resident_bytes, until

SECONDS = float(os.environ.get("MINIREDIS_SOAK_SECONDS", "5"))
CLIENTS = 3
PIPELINE = 20
#: Commands of these clients would stop the others or the count of replies.
LEFT_OUT = {b"SELECT", b"SWAPDB", b"MOVE"}


class Worker(threading.Thread):
    """Any commands in pipelines, by connections that are left in all ways."""

    def __init__(self, number: int, port: int, deadline: float) -> None:
        super().__init__(daemon=True)
        self.random = Random(number)
        self.port = port
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
        client = SocketConnection(("127.0.0.1", self.port))
        for _ in range(self.random.randrange(1, 40)):
            commands = [one_command(self.random) for _ in range(PIPELINE)]
            commands = [command for command in commands if command[0].upper() not in LEFT_OUT]
            self.done += len(client.pipeline(commands))
        match self.random.randrange(4):
            case 0:
                client(b"SUBSCRIBE", b"news")
            case 1:
                client(b"MULTI")
                client(b"SET", b"a", b"never")
            case 2:
                client.send(encode([b"BLPOP", b"nothing", b"0"]))
            case _:
                client.send(encode([b"SET", b"a", b"half"])[:-5])
        client.close()


@pytest.mark.timeout(SECONDS + 300)
def test_memory_is_flat_and_nothing_goes_unhandled(
    start: Callable[..., ServerProcess], count: Callable[[str, int], None]
) -> None:
    server = start("--appendonly", "yes", "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru")
    client = server.connect()
    base = open_files(server)
    began = time.monotonic()
    workers = [Worker(number, server.port, began + SECONDS) for number in range(CLIENTS)]
    for worker in workers:
        worker.start()
    sizes: list[int] = []
    while any(worker.is_alive() for worker in workers):
        client(b"PUBLISH", b"news", b"x" * 100)
        time.sleep(min(1.0, SECONDS / 50))
        sizes.append(resident_bytes(server))
    for worker in workers:
        worker.join()
        assert not worker.failure, worker.failure
    until(lambda: open_files(server) <= base + 2, "files stay open")
    assert "Unhandled" not in server.output, server.output[-3000:]
    assert "Traceback" not in server.output, server.output[-3000:]
    assert "defect" not in server.output, server.output[-3000:]
    # After a third everything that grows with the first use has grown.
    middle, last = sizes[len(sizes) // 3], max(sizes[-5:])
    assert last < middle * 1.1 + (8 << 20), [size >> 20 for size in sizes]
    count("inputs", sum(worker.done for worker in workers))
