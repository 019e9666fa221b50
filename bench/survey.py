"""Everything but the default list: connections, values, pipelines, other commands, memory, promises and peers.

`survey.py --server '... --port {port} --dir {dir}' --write docs` writes docs/survey.rst.  Both servers are loaded in
turn, round by round, by the same redis-benchmark calls; ratios are medians over the rounds.  `--scale` shortens all.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import resource
import shlex
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import fairness
from servers import Server, grid

REDIS = 'redis-server --port {port} --dir {dir} --save "" --appendonly no --enable-debug-command yes --maxclients 20000'
HERE = Path(__file__).resolve().parent
#: (command, promised operations a second, promised 99th percentile in ms)
PROMISES = (
    ("SET key:__rand_int__ xxx", 50_000, 2.0),
    ("GET key:__rand_int__", 80_000, 1.0),
    ("DEL key:__rand_int__", 60_000, 1.5),
    ("PUBLISH channel xxx", 30_000, 3.0),
)


@dataclass
class Load:
    """One call of redis-benchmark."""

    words: str
    clients: int = 50
    pipeline: int = 1
    requests: int = 50_000
    size: int = 3

    def run(self, server: Server) -> dict[str, float]:
        """rps, p50 and p99 in ms, CPU microseconds of the server for a request."""
        command = ["redis-benchmark", "-p", str(server.port), "-c", str(self.clients), "-P", str(self.pipeline)]
        command += ["-n", str(self.requests), "-r", "100000", "-d", str(self.size), "--csv"]
        command += shlex.split(self.words)
        before = server.cpu_seconds()
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        cpu_us = (server.cpu_seconds() - before) * 1e6 / self.requests
        rows = [row for row in csv.DictReader(io.StringIO(done.stdout)) if row.get("rps")]
        if done.returncode or not rows:
            raise SystemExit(f"{server.name}, {self.words}: {done.stdout[-300:]}{done.stderr[-300:]}")
        row = rows[-1]
        return {
            "rps": float(row["rps"]),
            "p50": float(row["p50_latency_ms"]),
            "p99": float(row["p99_latency_ms"]),
            "cpu": cpu_us,
        }


class Survey:
    """Two servers, and the tables about them."""

    def __init__(self, command: str, ours: Server, redis: Server, rounds: int, scale: float) -> None:
        self.command = command
        self.ours = ours
        self.redis = redis
        self.rounds = rounds
        self.scale = scale
        self.tables: list[tuple[str, str]] = []

    def fresh_pair(self) -> tuple[Server, Server]:
        """Two servers more, of which nothing was asked yet: for what a process takes."""
        pair = Server("ours", self.command), Server("redis", REDIS)
        for server in pair:
            server.wait_ready()
        return pair

    def pairs(self, load: Load) -> dict[str, float]:
        """Medians: ours_rps, redis_rps, and so on, and the ratios of each."""
        load.requests = max(int(load.requests * self.scale), load.clients, 200)
        runs: list[tuple[dict[str, float], dict[str, float]]] = []
        for _ in range(self.rounds):
            runs.append((load.run(self.ours), load.run(self.redis)))
        found: dict[str, float] = {}
        for name in ("rps", "p50", "p99", "cpu"):
            found[f"ours_{name}"] = statistics.median(ours[name] for ours, _ in runs)
            found[f"redis_{name}"] = statistics.median(redis[name] for _, redis in runs)
            found[name] = statistics.median(ours[name] / max(redis[name], 1e-3) for ours, redis in runs)
        print(f"{load.words} -c {load.clients} -P {load.pipeline} -d {load.size}: {found['rps']:.2f}x", file=sys.stderr)
        return found

    def speed_table(self, title: str, loads: Sequence[tuple[str, Load]]) -> None:
        lines = []
        for name, load in loads:
            found = self.pairs(load)
            lines.append(
                [
                    name,
                    f"{found['ours_rps']:,.0f}",
                    f"{found['redis_rps']:,.0f}",
                    f"{found['rps']:.2f}",
                    f"{found['cpu']:.2f}",
                    f"{found['p50']:.2f}",
                    f"{found['p99']:.2f}",
                ]
            )
        head = ["load", "ours, req/s", "redis, req/s", "speed", "CPU", "p50", "p99"]
        self.tables.append((title, grid(head, lines)))

    def promises(self) -> None:
        lines = []
        for words, rps, p99 in PROMISES:
            found = self.pairs(Load(words))
            lines.append(
                [
                    words.split()[0],
                    f"{rps:,}",
                    f"{found['ours_rps']:,.0f}",
                    f"{found['redis_rps']:,.0f}",
                    f"{p99:g}",
                    f"{found['ours_p99']:.2f}",
                    f"{found['redis_p99']:.2f}",
                ]
            )
        head = ["command", "promised, /s", "ours", "redis", "promised p99, ms", "ours", "redis"]
        self.tables.append(("What the project promised", grid(head, lines)))

    def throughput_and_idle(self) -> None:
        """100 MB/s, 5% CPU at 1,000 connections, 4 kB for an idle one."""
        big = self.pairs(Load("SET key:__rand_int__ __data__", clients=10, requests=2_000, size=100_000))
        speeds = [f"{big[f'{side}_rps'] * 0.1:,.0f}" for side in ("ours", "redis")]
        lines = [["MB/s of 100 kB values", "100", *speeds]]
        cpu: list[str] = []
        sizes: list[str] = []
        for server in self.fresh_pair():
            before = server.resident_bytes()
            connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(1000)]
            time.sleep(1)
            sizes.append(f"{(server.resident_bytes() - before) / 1000:,.0f}")
            started = server.cpu_seconds()
            end = time.monotonic() + max(5 * self.scale, 1)
            while time.monotonic() < end:
                for connection in connections[::10]:
                    connection.sendall(b"PING\r\n")
                for connection in connections[::10]:
                    connection.recv(100)
                time.sleep(0.5)
            cpu.append(f"{100 * (server.cpu_seconds() - started) / max(5 * self.scale, 1):.1f}")
            for connection in connections:
                connection.close()
            server.stop()
        lines.append(["CPU with 1,000 connections, 200 pings a second, %", "5", *cpu])
        lines.append(["bytes of an idle connection", "4,096", *sizes])
        self.tables.append(("And more of that", grid(["figure", "promised", "ours", "redis"], lines)))

    def memory(self, count: int) -> None:
        """Bytes for each of `count` elements."""
        fills: list[tuple[str, Callable[[int], bytes]]] = [
            ("keys of 100 bytes", lambda n: frame(b"SET", b"key:%012d" % n, b"x" * 100)),
            ("elements of a list", lambda n: frame(b"RPUSH", b"list", b"element:%d" % n)),
            ("entries of a stream", lambda n: frame(b"XADD", b"stream", b"*", b"field", b"value:%d" % n)),
            ("fields of a hash", lambda n: frame(b"HSET", b"hash", b"field:%d" % n, b"value:%d" % n)),
            ("members of a set", lambda n: frame(b"SADD", b"set", b"member:%d" % n)),
            (
                "members of a sorted set",
                lambda n: frame(b"ZADD", b"zset", b"%d" % (n * 7919 % count), b"member:%d" % n),
            ),
        ]
        fills.append(
            (
                "fields of small hashes",
                lambda n: frame(b"HSET", b"hash:%d" % (n // 10), b"field:%d" % (n % 10), b"value:%d" % n),
            )
        )
        lines = []
        for name, fill in fills:
            costs: list[float] = []
            totals: list[float] = []
            for server in self.fresh_pair():
                before = server.resident_bytes()
                send_all(server, fill, count)
                totals.append(server.resident_bytes())
                costs.append((totals[-1] - before) / count)
                server.stop()
            ratio = totals[0] / totals[1]
            lines.append([name, f"{costs[0]:.0f}", f"{costs[1]:.0f}", f"{costs[0] / costs[1]:.2f}", f"{ratio:.2f}"])
            print(f"{name}: {ratio:.2f}x", file=sys.stderr)
        head = [f"{count:,}", "ours, bytes each", "redis, bytes each", "ratio", "ratio of the processes"]
        self.tables.append(("Memory", grid(head, lines)))

    def peers(self, servers: Sequence[Server]) -> None:
        """GET and SET of servers that know little more."""
        lines = []
        for words in ("SET key:__rand_int__ xxx", "GET key:__rand_int__"):
            for pipeline in (1, 16):
                load = Load(words, pipeline=pipeline, requests=max(int(20_000 * self.scale), 500))
                cells = [f"{load.run(server)['rps']:,.0f}" for server in (self.ours, self.redis, *servers)]
                lines.append([f"{words.split()[0]} -P {pipeline}", *cells])
        head = ["requests a second", "ours", "redis", *[server.name for server in servers]]
        self.tables.append(("Peers", grid(head, lines)))


def frame(*argv: bytes) -> bytes:
    return b"*%d\r\n" % len(argv) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in argv)


def send_all(server: Server, fill: Callable[[int], bytes], count: int) -> None:
    """Requests 0 to `count` - 1, a thousand at a time; an ECHO behind them tells when all are done."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        for first in range(0, count, 1000):
            mark = b"mark-%d" % first
            batch = [fill(number) for number in range(first, min(first + 1000, count))]
            connection.sendall(b"".join(batch) + frame(b"ECHO", mark))
            tail = b""
            while not tail.endswith(mark + b"\r\n"):
                tail = (tail + connection.recv(1 << 16))[-40:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has the package, for fairness")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="0.1 for a tenth of the requests and elements")
    parser.add_argument("--parts", default="connections,commands,promises,memory,peers,fairness")
    parser.add_argument("--write", type=Path, help="folder for survey.rst")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    parts = options.parts.split(",")
    ours, redis = Server("ours", options.server), Server("redis", REDIS)
    others: list[Server] = []
    try:
        for server in (ours, redis):
            server.wait_ready()
        build = ours.build()
        survey = Survey(options.server, ours, redis, options.rounds, options.scale)
        if "connections" in parts:
            crowds = [
                (f"GET, {clients:,} connections", Load("-t get", clients, requests=max(50_000, 5 * clients)))
                for clients in (1, 50, 1_000, 10_000)
            ]
            crowds[0][1].requests = 20_000
            survey.speed_table("Connections", crowds)
        if "commands" in parts:
            loads = [
                ("PUBLISH", Load("PUBLISH channel xxx")),
                ("EVAL of nothing", Load("EVAL 'return 1' 0")),
                ("EVAL of a GET", Load("EVAL 'return redis.call([[GET]], KEYS[1])' 1 key:__rand_int__")),
                ("EVAL of nothing, pipeline 16", Load("EVAL 'return 1' 0", pipeline=16)),
                (
                    "EVAL of a GET, pipeline 16",
                    Load("EVAL 'return redis.call([[GET]], KEYS[1])' 1 key:__rand_int__", pipeline=16),
                ),
                ("SET, pipeline 100", Load("-t set", pipeline=100, requests=400_000)),
                ("GET, pipeline 100", Load("-t get", pipeline=100, requests=400_000)),
            ]
            sizes = ((3, 50_000), (1_000, 50_000), (1_000_000, 1_000))
            loads += [(f"SET, {size:,} bytes", Load("-t set", requests=count, size=size)) for size, count in sizes]
            loads += [(f"GET, {size:,} bytes", Load("-t set,get", requests=count, size=size)) for size, count in sizes]
            survey.speed_table("Other commands, pipelines, values", loads)
        if "promises" in parts:
            survey.promises()
            survey.throughput_and_idle()
        if "memory" in parts:
            survey.memory(max(int(1_000_000 * options.scale), 10_000))
        if "peers" in parts:
            fake = "import fakeredis, sys; fakeredis.TcpFakeServer(('127.0.0.1', int(sys.argv[1]))).serve_forever()"
            line_server = f"{sys.executable} {HERE / 'line_server.py'} {{port}}"
            others.append(Server("LineReceiver", line_server))
            others.append(Server("fakeredis", f'{sys.executable} -c "{fake}" {{port}}'))
            for server in others:
                server.wait_ready()
            survey.peers(others)
        if "fairness" in parts:
            figures = fairness.measure(shlex.split(options.python), max(10 * options.scale, 2))
            survey.tables.append(("Fairness", grid(["figure", "value"], [list(line) for line in figures])))
    finally:
        for server in (ours, redis, *others):
            server.stop()
    title = "More figures beside redis-server"
    text = [
        title,
        "=" * len(title),
        "",
        f"Written by ``make bench``; CPU, p50 and p99 are ratios where not said otherwise.  Ours is the {build} form.",
    ]
    load = os.getloadavg()[1]
    text += [
        f"Medians of {options.rounds} rounds; {os.cpu_count()} cores; the machine's load was {load:.1f} at the end.",
        "",
    ]
    for heading, table in survey.tables:
        text += [heading, "-" * len(heading), "", table, ""]
    print("\n".join(text))
    if options.write is not None:
        (options.write / "survey.rst").write_text("\n".join(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
