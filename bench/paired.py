"""Measure a server of ours beside redis-server in the same run, and write a table and a plot.

Absolute figures drift on a shared machine, so each round loads both servers in turn with the same redis-benchmark
call, and only the ratios are worth quoting.  Reported are the medians over the rounds:

    speed   our requests a second divided by redis-server's (more is better)
    cpu     CPU time of our process for a request divided by redis-server's (less is better)
    memory  bytes a key costs for keys of 100-byte values; start and idle figures of the process

Needs redis-server and redis-benchmark.  `{port}` and `{dir}` in the commands are filled in.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from servers import Server, grid

from miniredis.benchmark.plot import bars

PEER = 'redis-server --port {port} --dir {dir} --save "" --appendonly no --enable-debug-command yes'
TESTS = "ping_mbulk,set,get,incr,lpush,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,lrange_600,mset,xadd"
#: What redis-benchmark of Redis 7.0 has no test for.
OWN_TESTS = {"xadd": ["XADD", "stream", "MAXLEN", "~", "100000", "*", "field", "value"]}


@dataclass
class Row:
    """One test at one pipeline depth: figures of each round, ours and the peer's."""

    test: str
    pipeline: int
    ours_rps: list[float] = field(default_factory=list)
    peer_rps: list[float] = field(default_factory=list)
    ours_cpu: list[float] = field(default_factory=list)
    peer_cpu: list[float] = field(default_factory=list)

    @property
    def speed(self) -> float:
        return statistics.median(a / b for a, b in zip(self.ours_rps, self.peer_rps, strict=True))

    @property
    def cpu(self) -> float:
        return statistics.median(a / max(b, 1e-9) for a, b in zip(self.ours_cpu, self.peer_cpu, strict=True))


def load(server: Server, row: Row, clients: int, requests: int) -> tuple[float, float]:
    """Requests a second, and CPU seconds of the server for a request."""
    command = ["redis-benchmark", "-p", str(server.port), "-c", str(clients), "-P", str(row.pipeline)]
    command += ["-n", str(requests), "-r", "100000", "--csv"]
    command += OWN_TESTS.get(row.test, ["-t", row.test])
    before = server.cpu_seconds()
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    cpu = server.cpu_seconds() - before
    lines = [line for line in csv.DictReader(io.StringIO(done.stdout)) if line.get("rps")]
    if done.returncode or not lines:
        raise SystemExit(f"{server.name}, {row.test}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return float(lines[-1]["rps"]), cpu / requests


def measure_memory(server: Server, keys: int) -> float:
    """Bytes a key with a 100-byte value adds to the process."""
    server.command("FLUSHALL")
    before = server.resident_bytes()
    reply = server.command(f"DEBUG POPULATE {keys} key 100")
    if not reply.startswith(b"+OK"):
        raise SystemExit(f"{server.name} did not populate: {reply!r}")
    used = (server.resident_bytes() - before) / keys
    server.command("FLUSHALL")
    return used


def measure(options: argparse.Namespace) -> tuple[list[Row], list[tuple[str, str, str]]]:
    ours, peer = Server("ours", options.server), Server("redis", options.peer)
    facts: list[tuple[str, str, str]] = []
    try:
        starts = ours.wait_ready(), peer.wait_ready()
        facts.append(("start to first PONG, s", f"{starts[0]:.2f}", f"{starts[1]:.2f}"))
        facts.append(("form", ours.build(), ""))
        idle = ours.cpu_seconds(), peer.cpu_seconds()
        time.sleep(options.idle)
        used = [100 * (s.cpu_seconds() - b) / options.idle for s, b in zip((ours, peer), idle, strict=True)]
        facts.append(("CPU while idle, %", f"{used[0]:.1f}", f"{used[1]:.1f}"))
        sizes = ours.resident_bytes() / 1e6, peer.resident_bytes() / 1e6
        facts.append(("memory while idle, MB", f"{sizes[0]:.1f}", f"{sizes[1]:.1f}"))
        pipelines = [int(depth) for depth in options.pipelines.split(",")]
        rows = [Row(test, depth) for depth in pipelines for test in options.tests.split(",")]
        for _ in range(options.rounds):
            for row in rows:
                requests = options.requests * (6 if row.pipeline > 1 else 1)
                if row.test.startswith("lrange"):
                    requests //= 4
                for server, rps, cpu in (
                    (peer, row.peer_rps, row.peer_cpu),
                    (ours, row.ours_rps, row.ours_cpu),
                ):
                    speed, seconds = load(server, row, options.clients, requests)
                    rps.append(speed)
                    cpu.append(seconds)
                print(f"{row.test} -P {row.pipeline}: {row.ours_rps[-1] / row.peer_rps[-1]:.2f}x", file=sys.stderr)
        if options.keys:
            memory = measure_memory(ours, options.keys), measure_memory(peer, options.keys)
            facts.append((f"bytes a key, {options.keys:,} x 100 bytes", f"{memory[0]:.0f}", f"{memory[1]:.0f}"))
    finally:
        ours.stop()
        peer.stop()
    return rows, facts


def page(rows: list[Row], facts: list[tuple[str, str, str]], options: argparse.Namespace) -> str:
    speeds = [
        [
            row.test,
            str(row.pipeline),
            f"{statistics.median(row.ours_rps):,.0f}",
            f"{statistics.median(row.peer_rps):,.0f}",
            f"{row.speed:.2f}",
            f"{row.cpu:.2f}",
        ]
        for row in rows
    ]
    version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout.split()
    title = "Speed and memory beside redis-server"
    return "\n".join(
        [
            title,
            "=" * len(title),
            "",
            "Written by ``make bench``.  Both servers were loaded in turn by the same redis-benchmark calls;",
            "only the ratios mean something on another machine.",
            "",
            f"redis-server {version[2].removeprefix('v=')}, CPython {platform.python_version()},",
            f"{os.cpu_count()} cores, {options.clients} clients, {options.rounds} rounds, medians.",
            "",
            ".. image:: benchmark.svg",
            "   :alt: requests a second divided by redis-server's, for each command",
            "",
            grid(["command", "pipeline", "ours, req/s", "redis, req/s", "speed ratio", "CPU ratio"], speeds),
            "",
            grid(["figure", "ours", "redis-server"], [list(fact) for fact in facts]),
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="command of the server to measure")
    parser.add_argument("--peer", default=PEER)
    parser.add_argument("--tests", default=TESTS, help="names for redis-benchmark -t")
    parser.add_argument("--pipelines", default="1,16")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--requests", type=int, default=60_000, help="a run; six times as many with a pipeline")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=1_000_000, help="for the memory figure; 0 leaves it out")
    parser.add_argument("--idle", type=float, default=5.0, help="seconds to watch the idle processes")
    parser.add_argument("--write", type=Path, help="folder for benchmark.rst and benchmark.svg")
    options = parser.parse_args()
    rows, facts = measure(options)
    text = page(rows, facts, options)
    print(text)
    if options.write is not None:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "benchmark.rst").write_text(text)
        series = {
            f"pipeline {depth}" if depth > 1 else "no pipeline": [row.speed for row in rows if row.pipeline == depth]
            for depth in dict.fromkeys(row.pipeline for row in rows)
        }
        picture = bars("requests a second, redis-server = 1", list(dict.fromkeys(row.test for row in rows)), series)
        (options.write / "benchmark.svg").write_text(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
