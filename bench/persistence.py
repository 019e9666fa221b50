#!/usr/bin/env python3
"""What persistence costs, ours beside redis-server in the same run.

    throughput of SET with appendfsync everysec / our own without a log (rounds in turn, medians)
    throughput of SET with appendfsync always, 50 clients / redis-server's
    seconds of SAVE, of loading the RDB file and of loading the append-only file / redis-server's
    the longest time a GET took during BGSAVE and BGREWRITEAOF

Usage: bench/persistence.py --server 'miniredis-server --port {port} --dir {dir} --save ""' [--keys 1000000]
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import environment, free_port

REDIS = "redis-server --port {port} --dir {dir} --save '' --enable-debug-command yes"
START_SECONDS = 300
INFO_EVERY_S = 0.1


class Client:
    """One connection, one command at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))

    def __call__(self, *words: str) -> bytes:
        parts = [word.encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts))
        return self.socket.recv(1 << 20)


class Server:
    """A server process in a folder."""

    def __init__(self, command: str, folder: Path, *words: str) -> None:
        self.port = free_port()
        full = [*shlex.split(command.format(port=self.port, dir=folder)), *words]
        self.began = time.monotonic()
        self.process = subprocess.Popen(full, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        self.client = self._connect()

    def _connect(self) -> Client:
        while time.monotonic() < self.began + START_SECONDS:
            try:
                client = Client(self.port)
                if client("EXISTS", "x").startswith(b":"):
                    self.ready_s = time.monotonic() - self.began
                    return client
            except OSError:
                pass
            time.sleep(0.01)
        raise SystemExit("the server did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextmanager
def running(command: str, folder: Path, *words: str) -> Iterator[Server]:
    server = Server(command, folder, *words)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def new_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def sets_per_second(port: int, clients: int, requests: int, pipeline: int) -> float:
    words = ["redis-benchmark", "-p", str(port), "-t", "set", "-d", "100", "-r", "100000", "--csv"]
    words += ["-c", str(clients), "-n", str(requests), "-P", str(pipeline)]
    text = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    return float(text.splitlines()[-1].split(",")[1].strip('"'))


def compare_throughput(ours: str, rounds: int) -> None:
    for pipeline in (1, 16):
        plain: list[float] = []
        logged: list[float] = []
        with new_folder() as one, new_folder() as two:
            log = ["--appendonly", "yes", "--appendfsync", "everysec"]
            with running(ours, one) as without, running(ours, two, *log) as with_log:
                for _ in range(rounds):
                    plain.append(sets_per_second(without.port, 50, 100_000, pipeline))
                    logged.append(sets_per_second(with_log.port, 50, 100_000, pipeline))
        first, second = statistics.median(plain), statistics.median(logged)
        print(f"SET everysec, pipeline {pipeline}: {second:,.0f} / {first:,.0f} without = {second / first:.2f}")
    always = ["--appendonly", "yes", "--appendfsync", "always"]
    results: dict[str, list[float]] = {ours: [], REDIS: []}
    with (
        new_folder() as one,
        new_folder() as two,
        running(ours, one, *always) as first_server,
        running(REDIS, two, *always) as second_server,
    ):
        for _ in range(rounds):
            results[ours].append(sets_per_second(first_server.port, 50, 50_000, 1))
            results[REDIS].append(sets_per_second(second_server.port, 50, 50_000, 1))
    first, second = statistics.median(results[ours]), statistics.median(results[REDIS])
    print(f"SET always, 50 clients: {first:,.0f} / redis-server {second:,.0f} = {first / second:.2f}")


def fill(client: Client, keys: int) -> None:
    for start in range(0, keys, 500):
        batch = b"".join(
            b"*3\r\n$3\r\nSET\r\n$11\r\nkey:%07d\r\n$100\r\n%0100d\r\n" % (number, number)
            for number in range(start, min(start + 500, keys))
        )
        client.socket.sendall(batch)
        replies = 0
        while replies < min(500, keys - start):
            replies += client.socket.recv(1 << 16).count(b"\n")


def worst_get_ms(server: Server, command: str) -> float:
    control, client = Client(server.port), server.client
    worst = 0.0
    began = time.perf_counter()
    control(command)
    look_at = began + INFO_EVERY_S
    while True:
        before = time.perf_counter()
        client("GET", "key:0000777")
        worst = max(worst, time.perf_counter() - before)
        if before > look_at:
            look_at = before + INFO_EVERY_S
            text = control("INFO", "persistence")
            if b"rdb_bgsave_in_progress:0" in text and b"aof_rewrite_in_progress:0" in text:
                return worst * 1000
        time.sleep(0.0002)


def measure_files(command: str, keys: int) -> dict[str, float]:
    found: dict[str, float] = {}
    with new_folder() as folder:
        with running(command, folder) as server:
            empty_s = server.ready_s
            fill(server.client, keys)
            before = time.monotonic()
            server.client("SAVE")
            found["SAVE s"] = time.monotonic() - before
            found["worst GET in BGSAVE ms"] = worst_get_ms(server, "BGSAVE")
            found["worst GET in BGREWRITEAOF ms"] = worst_get_ms(server, "BGREWRITEAOF")
        with running(command, folder) as server:
            found["load RDB s"] = server.ready_s - empty_s
    with new_folder() as folder:
        log = ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"]
        with running(command, folder, *log) as server:
            fill(server.client, keys)
        with running(command, folder, *log) as server:
            found["load AOF s"] = server.ready_s - empty_s
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    words = parser.parse_args()
    ours, theirs = measure_files(words.server, words.keys), measure_files(REDIS, words.keys)
    for name, number in ours.items():
        print(f"{name}: {number:.2f}, redis-server {theirs[name]:.2f}, ratio {number / theirs[name]:.2f}", flush=True)
    compare_throughput(words.server, words.rounds)


if __name__ == "__main__":
    main()
