"""Histories of concurrent clients while the server is killed again and again, under `appendfsync always`.

What was acknowledged must be there after the next start, and all that was seen must be explained by one order of all
operations.  MINIREDIS_HISTORY_KILLS sets the number of kills.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from history.checker import NEVER, Append, Operation, Seen, check_appends, linearizable

from oracle.servers import die_with_parent, free_port
from oracle.wire import SocketConnection
from system.conftest import program

KILLS = int(os.environ.get("MINIREDIS_HISTORY_KILLS", "2"))
CLIENTS = 4
BETWEEN_KILLS_S = 1.0
GONE = (OSError, AssertionError)
#: Sets a register if it holds what is expected.
SWAP = b"if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0"


class Victim:
    """A server with a log, killed and started again on the same folder and port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        with (self.folder / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [program("miniredis-server"), *words, "--appendonly", "yes", "--appendfsync", "always"],
                stdout=output, stderr=output, cwd=self.folder, preexec_fn=die_with_parent,
            )  # fmt: skip

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


class Client(threading.Thread):
    """Works on registers and lists until it is told to stop, and remembers what it did when."""

    def __init__(self, number: int, port: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.port = port
        self.stop = stop
        self.random = Random(number)
        self.registers: dict[bytes, list[Operation]] = {}
        self.appends: dict[bytes, list[Append]] = {}
        self.reads: dict[bytes, list[Seen]] = {}
        self.failure = ""
        self._connection: SocketConnection | None = None
        self._next = number * 1_000_000

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self._step()
                time.sleep(0.002)
        except Exception as problem:
            self.failure = repr(problem)

    def _call(self, *words: bytes) -> tuple[bytes | None, float, float]:
        """The reply, None where it is not known whether there was an effect; when it was asked for and came."""
        while self._connection is None:
            try:
                connection = SocketConnection(("127.0.0.1", self.port))
                if connection(b"PING") == b"+PONG\r\n":
                    self._connection = connection
            except GONE:
                time.sleep(0.02)
            if self.stop.is_set() and self._connection is None:
                raise SystemExit
        began = time.monotonic()
        try:
            reply = self._connection(*words)
        except GONE:
            self._connection.close()
            self._connection = None
            return None, began, NEVER
        if reply.startswith((b"-LOADING", b"-MISCONF")):
            return b"", began, began  # refused: nothing happened
        assert not reply.startswith(b"-"), (words, reply)
        return reply, began, time.monotonic()

    def _step(self) -> None:
        self._next += 1
        value = b"%d" % self._next
        block = int(time.monotonic() / 0.25)  # keys change, so that no history gets long
        register, name = b"register:%d" % block, b"list:%d" % block
        match self.random.randrange(5):
            case 0:
                reply, began, ended = self._call(b"SET", register, value)
                self._note(register, Operation(self.number, "write", value, began, ended), reply)
            case 1:
                reply, began, ended = self._call(b"GET", register)
                seen = None if reply in (None, b"", b"$-1\r\n") else bulk(reply or b"")
                self._note(register, Operation(self.number, "read", seen, began, ended), reply)
            case 2:
                known = self.registers.get(register)
                last = known[-1].value if known else None
                expected = last if isinstance(last, bytes) else b"none"
                reply, began, ended = self._call(b"EVAL", SWAP, b"1", register, expected, value)
                swap = Operation(self.number, "swap", value, began, ended, expected, reply == b":1\r\n")
                self._note(register, swap, reply)
            case 3:
                reply, began, ended = self._call(b"RPUSH", name, value)
                if reply != b"":
                    self.appends.setdefault(name, []).append(Append(self.number, value, began, ended))
            case _:
                reply, began, ended = self._call(b"LRANGE", name, b"0", b"-1")
                if reply:
                    self.reads.setdefault(name, []).append(Seen(self.number, items(reply), began, ended))

    def _note(self, key: bytes, operation: Operation, reply: bytes | None) -> None:
        if reply != b"":
            self.registers.setdefault(key, []).append(operation)


def bulk(reply: bytes) -> bytes:
    return reply.partition(b"\r\n")[2][:-2]


def items(reply: bytes) -> tuple[object, ...]:
    return tuple(reply.split(b"\r\n")[2:-1:2])


def test_histories_are_linearizable_in_spite_of_kills(tmp_path: Path, count: Callable[[str, int], None]) -> None:
    victim = Victim(tmp_path)
    victim.start()
    stop = threading.Event()
    clients = [Client(number, victim.port, stop) for number in range(1, CLIENTS + 1)]
    try:
        for client in clients:
            client.start()
        for _ in range(KILLS):
            time.sleep(BETWEEN_KILLS_S)
            victim.kill()
            victim.start()
            count("kills", 1)
        final = SocketConnection.__new__(SocketConnection)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                final = SocketConnection(("127.0.0.1", victim.port))
                if final(b"PING") == b"+PONG\r\n":
                    break
            except GONE:
                time.sleep(0.05)
        time.sleep(BETWEEN_KILLS_S)
        stop.set()
        for client in clients:
            client.join(30)
            assert not client.failure, client.failure
        lists = {name for client in clients for name in client.appends}
        last = {}
        for name in lists:
            began = time.monotonic()
            last[name] = Seen(0, items(final(b"LRANGE", name, b"0", b"-1")), began, time.monotonic())
    finally:
        stop.set()
        victim.kill()
    operations = 0
    for name in lists:
        appends = [each for client in clients for each in client.appends.get(name, ())]
        reads = [each for client in clients for each in client.reads.get(name, ())]
        problems = check_appends(appends, [*reads, last[name]])
        assert not problems, problems[:5]
        operations += len(appends) + len(reads)
    registers = {key for client in clients for key in client.registers}
    for key in registers:
        history = [each for client in clients for each in client.registers.get(key, ())]
        history.sort(key=lambda each: each.began)
        assert linearizable(history), history
        operations += len(history)
    assert operations > 50, operations
    count("inputs", operations)
