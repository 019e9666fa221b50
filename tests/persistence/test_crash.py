"""kill -9 at any moment: what was acknowledged is there after the next start.

`make crash` does many rounds with the installed program, and says how many writes were acknowledged.
"""

from __future__ import annotations

import os
import random
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import miniredis
from miniredis.formats.aof import MAX_ANNOTATION
from miniredis.formats.manifest import parse_manifest

from oracle.servers import die_with_parent, free_port
from oracle.wire import SocketConnection, encode

ROUNDS = int(os.environ.get("MINIREDIS_CRASH_ROUNDS", "3"))
TORN_STARTS = int(os.environ.get("MINIREDIS_TORN_STARTS", "4"))
#: The installed program to kill; without it the server of this checkout runs.
PROGRAM = os.environ.get("MINIREDIS_SERVER", "")
WRITERS = 16


class Victim:
    """A server process that will be killed."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.port = free_port()
        self.output = folder / "output.log"
        source = str(Path(miniredis.__file__).parents[1])
        program = [PROGRAM] if PROGRAM else [sys.executable, "-c", "from miniredis.app.main import server; server()"]
        options = ["--port", str(self.port), "--dir", str(folder), "--bind", "127.0.0.1", "--save", "", *words]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*program, *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": "" if PROGRAM else source},
                cwd=folder,
                preexec_fn=die_with_parent,
            )

    def connect(self) -> SocketConnection:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.output.read_text()
            try:
                connection = SocketConnection(("127.0.0.1", self.port))
                if connection(b"PING") == b"+PONG\r\n" and connection(b"EXISTS", b"x").startswith(b":"):
                    return connection
                connection.close()
            except (OSError, AssertionError):
                pass
            time.sleep(0.02)
        raise AssertionError(self.output.read_text())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Writer:
    """A client that counts its key up, one write at a time, as fast as replies come."""

    def __init__(self, port: int, key: bytes, acknowledged: int) -> None:
        self.key = key
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.acknowledged = acknowledged
        self.sent = acknowledged
        self._received = b""
        self.send()

    def send(self) -> None:
        self.sent += 1
        self.socket.sendall(encode([b"SET", self.key, b"%d" % self.sent]))

    def take(self) -> None:
        """What has come is an acknowledgement, or its beginning."""
        self._received += self.socket.recv(100)
        if self._received == b"+OK\r\n":
            self._received = b""
            self.acknowledged = self.sent
            self.send()
        else:
            assert b"+OK\r\n".startswith(self._received), self._received


def write_for(seconds: float, writers: list[Writer]) -> None:
    by_socket = {writer.socket: writer for writer in writers}
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for ready in select.select(list(by_socket), [], [], left)[0]:
            by_socket[ready].take()


@pytest.mark.parametrize("policy", ["everysec", "always"])
def test_acknowledged_writes_survive_a_kill(policy: str, tmp_path: Path, count: Callable[[str, int], None]) -> None:
    chance = random.Random(policy)
    keys = [b"writer:%d" % number for number in range(WRITERS)]
    acknowledged = dict.fromkeys(keys, 0)
    sent = dict.fromkeys(keys, 0)
    for turn in range(ROUNDS + 1):
        victim = Victim(tmp_path, "--appendonly", "yes", "--appendfsync", policy)
        try:
            control = victim.connect()
            for key in keys:
                reply = control(b"GET", key)
                found = 0 if reply == b"$-1\r\n" else int(reply.split(b"\r\n")[1])
                assert acknowledged[key] <= found <= sent[key], (turn, key, acknowledged[key], sent[key], reply)
                acknowledged[key] = found
            folder = tmp_path / "appendonlydir"
            manifest = parse_manifest((folder / "appendonly.aof.manifest").read_bytes())
            known = {os.fsdecode(entry.name) for entry in (*manifest.files(), *manifest.history)}
            assert set(os.listdir(folder)) <= known | {"appendonly.aof.manifest"}, turn
            assert not [name for name in os.listdir(tmp_path) if name.startswith("temp-")], turn
            if turn == ROUNDS:
                return
            before = sum(acknowledged.values())
            writers = [Writer(victim.port, key, acknowledged[key]) for key in keys]
            write_for(chance.uniform(0.0, 0.3), writers)
            control.send(encode([chance.choice([b"BGREWRITEAOF", b"BGSAVE"])]))
            write_for(chance.uniform(0.0, 0.3), writers)
            victim.kill()
            for writer in writers:
                acknowledged[writer.key] = writer.acknowledged
                sent[writer.key] = writer.sent
                writer.socket.close()
            count("kills", 1)
            count("acknowledged", sum(acknowledged.values()) - before)
            control.close()
        finally:
            victim.kill()


def test_a_log_cut_anywhere_starts_with_all_that_is_whole(tmp_path: Path, count: Callable[[str, int], None]) -> None:
    """The real program on a log whose end is missing, some hundred times in `make crash`."""
    victim = Victim(tmp_path, "--appendonly", "yes")
    connection = victim.connect()
    log = tmp_path / "appendonlydir" / "appendonly.aof.1.incr.aof"
    ends = [log.stat().st_size]
    for number in range(1, 31):
        connection(b"SET", b"n", b"%d" % number)
        ends.append(log.stat().st_size)
    victim.kill()
    connection.close()
    text = log.read_bytes()
    chance = random.Random(30)
    for _ in range(TORN_STARTS):
        size = chance.randrange(ends[1], len(text))
        log.write_bytes(text[:size])
        victim = Victim(tmp_path, "--appendonly", "yes")
        try:
            connection = victim.connect()
            found = int(connection(b"GET", b"n").split(b"\r\n")[1])
            whole = max(number for number, end in enumerate(ends) if end <= size)
            # A record counts as soon as it is whole, be its checksum there or not.
            assert found in (whole, whole + 1), size
            assert found == whole or size > ends[whole + 1] - MAX_ANNOTATION
            connection.close()
        finally:
            victim.kill()
        count("inputs", 1)


def test_a_server_whose_data_is_damaged_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0010" + b"\xff" * 20)
    victim = Victim(tmp_path)
    assert victim.process.wait(30) == 1
    text = victim.output.read_text()
    assert "Fatal error loading the DB" in text and "dump.rdb" in text and "offset" in text


def test_while_a_large_file_loads_clients_are_answered(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()
    log = b"".join(encode([b"SET", b"key:%d" % number, b"x" * 20]) for number in range(60_000))
    (tmp_path / "appendonlydir" / "appendonly.aof.1.incr.aof").write_bytes(log)
    manifest = b"file appendonly.aof.1.incr.aof seq 1 type i\n"
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_bytes(manifest)
    victim = Victim(tmp_path, "--appendonly", "yes")
    try:
        replies = set()
        deadline = time.monotonic() + 30
        while b":60000\r\n" not in replies and time.monotonic() < deadline:
            try:
                connection = SocketConnection(("127.0.0.1", victim.port))
            except OSError:
                time.sleep(0.005)
                continue
            replies.add(connection(b"DBSIZE"))
            connection.close()
        assert replies == {b"-LOADING Redis is loading the dataset in memory\r\n", b":60000\r\n"}
    finally:
        victim.process.terminate()
        assert victim.process.wait(30) in (0, -15)
