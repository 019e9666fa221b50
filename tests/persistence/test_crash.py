"""kill -9 at any moment: what was acknowledged is there after the next start.

The number of rounds grows with MINIREDIS_CRASH_ROUNDS (`make crash`).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import miniredis

from oracle.servers import die_with_parent, free_port
from oracle.wire import SocketConnection

ROUNDS = int(os.environ.get("MINIREDIS_CRASH_ROUNDS", "3"))
WRITERS = 4


class Victim:
    """A server process that will be killed."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.port = free_port()
        self.output = folder / "output.log"
        source = str(Path(miniredis.__file__).parents[1])
        program = "from miniredis.app.main import server; server()"
        options = ["--port", str(self.port), "--dir", str(folder), "--bind", "127.0.0.1", "--save", "", *words]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program, *options],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": source},
                preexec_fn=die_with_parent,
            )

    def connect(self) -> SocketConnection:
        deadline = time.monotonic() + 30
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


@pytest.mark.parametrize("policy", ["everysec", "always"])
def test_acknowledged_writes_survive_a_kill(policy: str, tmp_path: Path, count: Callable[[str, int], None]) -> None:
    chance = random.Random(policy)
    acknowledged: dict[bytes, int] = {}
    sent: dict[bytes, int] = {}
    for turn in range(ROUNDS + 1):
        victim = Victim(tmp_path, "--appendonly", "yes", "--appendfsync", policy)
        try:
            control = victim.connect()
            for key, number in acknowledged.items():
                reply = control(b"GET", key)
                found = int(reply.split(b"\r\n")[1])
                assert number <= found <= sent[key], (turn, key, number, reply)
                acknowledged[key] = found
            strays = [name for name in os.listdir(tmp_path / "appendonlydir") if name.startswith("temp-")]
            assert not strays
            if turn == ROUNDS:
                return
            writers = [SocketConnection(("127.0.0.1", victim.port)) for _ in range(WRITERS)]
            end = time.monotonic() + chance.uniform(0.1, 0.5)
            rewrite_at = time.monotonic() + chance.uniform(0.0, 0.3)
            while time.monotonic() < end:
                for number, writer in enumerate(writers):
                    key = b"writer:%d" % number
                    sent[key] = acknowledged.get(key, 0) + 1
                    assert writer(b"SET", key, b"%d" % sent[key]) == b"+OK\r\n"
                    acknowledged[key] = sent[key]
                if time.monotonic() > rewrite_at:
                    rewrite_at = end + 1
                    control(b"BGREWRITEAOF")
            victim.kill()
            count("kills", 1)
            for writer in writers:
                writer.close()
            control.close()
        finally:
            victim.kill()


def test_a_server_whose_data_is_damaged_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0010" + b"\xff" * 20)
    victim = Victim(tmp_path)
    assert victim.process.wait(30) == 1
    text = victim.output.read_text()
    assert "Fatal error loading the DB" in text and "dump.rdb" in text and "offset" in text


def test_while_a_large_file_loads_clients_are_answered(tmp_path: Path) -> None:
    from miniredis.formats.aof import encode_command

    (tmp_path / "appendonlydir").mkdir()
    log = b"".join(encode_command([b"SET", b"key:%d" % number, b"x" * 20]) for number in range(60_000))
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
