"""How many bytes one element of a sorted set costs, here and in redis-server: `python bench/memory_zset.py`.

Each line is measured in a process of its own, as growth of the resident set.
"""

from __future__ import annotations

import gc
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

COUNT = 1_000_000
SHAPES = {
    "one set of 1,000,000, random scores": (1, COUNT),
    "10,000 sets of 100": (10_000, 100),
    "100,000 sets of 10": (100_000, 10),
}


def resident_bytes(process: str = "self") -> int:
    with open(f"/proc/{process}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS in /proc")


def member_of(number: int) -> bytes:
    return b"m%09d" % number


def measure_ours(sets: int, size: int) -> float:
    from miniredis.datatypes.limits import EncodingLimits
    from miniredis.datatypes.sorted_sets import SortedSet

    limits = EncodingLimits()
    chance = random.Random(1)
    gc.collect()
    before = resident_bytes()
    kept = []
    for _ in range(sets):
        each = SortedSet(limits)
        for number in range(size):
            each.put(member_of(number), chance.random())
        kept.append(each)
    gc.collect()
    return (resident_bytes() - before) / (sets * size)


def measure_redis(sets: int, size: int) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        try:
            while True:
                try:
                    link = socket.create_connection(("127.0.0.1", port))
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            before = resident_bytes(str(server.pid))
            chance = random.Random(1)
            replies = link.makefile("rb")
            for number in range(sets):
                for first in range(0, size, 1000):
                    batch = range(first, min(size, first + 1000))
                    words = [b"ZADD", b"key:%d" % number]
                    for each in batch:
                        words += [repr(chance.random()).encode(), member_of(each)]
                    request = b"*%d\r\n" % len(words)
                    request += b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
                    link.sendall(request)
                    replies.readline()
            return (resident_bytes(str(server.pid)) - before) / (sets * size)
        finally:
            server.kill()
            server.wait()


def main() -> None:
    if len(sys.argv) > 1:
        measure = measure_ours if sys.argv[1] == "ours" else measure_redis
        print(measure(int(sys.argv[2]), int(sys.argv[3])))
        return
    servers = ["ours"] + (["redis"] if shutil.which("redis-server") else [])
    for shape, (sets, size) in SHAPES.items():
        figures = []
        for whose in servers:
            command = [sys.executable, __file__, whose, str(sets), str(size)]
            figures.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        ratio = f"{figures[0] / figures[1]:6.2f}x" if len(figures) == 2 else ""
        print(f"{shape:40}", " ".join(f"{figure:8.1f}" for figure in figures), ratio)


if __name__ == "__main__":
    main()
