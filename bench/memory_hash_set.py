"""Bytes of memory an element, for large sets and hashes and for many small hashes; redis-server beside us.

Run from the top of the tree: `PYTHONPATH=. python bench/memory_hash_set.py`.  Each case runs in a process of its own
and is the growth of its resident memory; redis-server is left out where it is not installed.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.sets import SetValue
from miniredis.datatypes.table import Table

MANY = 1_000_000
SMALL = 100_000


def resident(pid: str = "self") -> int:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def one_set(limits: EncodingLimits) -> list[object]:
    members = SetValue(limits, b"m")
    for each in range(MANY):
        members.add(b"m%09d" % each)
    return [members]


def one_set_of_integers(limits: EncodingLimits) -> list[object]:
    members = SetValue(limits)
    for each in range(MANY):
        members.add(b"%d" % (1_000_000_000 + each))
    return [members]


def one_hash(limits: EncodingLimits) -> list[object]:
    fields = HashValue(limits)
    for each in range(MANY):
        fields.set(b"f%09d" % each, b"v%09d" % each)
    return [fields]


def small_hashes(limits: EncodingLimits) -> list[object]:
    keys = Table()
    for each in range(SMALL):
        fields = HashValue(limits)
        for field in range(10):
            fields.set(b"field%05d" % field, b"v%09d" % (each * 10 + field))
        keys.set(b"key:%06d" % each, fields)
    return [keys]


Build = Callable[[EncodingLimits], list[object]]
CASES: dict[str, tuple[Build, int]] = {
    "set of 1,000,000": (one_set, MANY),
    "set of 1,000,000 integers": (one_set_of_integers, MANY),
    "hash of 1,000,000": (one_hash, MANY),
    "100,000 hashes of 10": (small_hashes, SMALL),
}


def ours(name: str) -> float:
    build, elements = CASES[name]
    before = resident()
    kept = build(EncodingLimits())
    growth = resident() - before
    assert kept
    return growth / elements


def redis_commands(name: str) -> list[list[str]]:
    if name == "set of 1,000,000":
        return [["SADD", "k", *(f"m{n:09d}" for n in range(at, at + 1000))] for at in range(0, MANY, 1000)]
    if name == "set of 1,000,000 integers":
        return [["SADD", "k", *(str(1_000_000_000 + n) for n in range(at, at + 1000))] for at in range(0, MANY, 1000)]
    if name == "hash of 1,000,000":
        return [
            ["HSET", "k", *(text for n in range(at, at + 1000) for text in (f"f{n:09d}", f"v{n:09d}"))]
            for at in range(0, MANY, 1000)
        ]
    return [
        ["HSET", f"key:{n:06d}", *(text for f in range(10) for text in (f"field{f:05d}", f"v{n * 10 + f:09d}"))]
        for n in range(SMALL)
    ]


def theirs(name: str, server: str) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [server, "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            connection = connect(port)
            before = resident(str(process.pid))
            commands = redis_commands(name)
            for at in range(0, len(commands), 50):
                batch = commands[at : at + 50]
                connection.sendall(b"".join(encode(each) for each in batch))
                replies = 0
                while replies < len(batch):
                    replies += connection.recv(65536).count(b"\r\n")
            return (resident(str(process.pid)) - before) / CASES[name][1]
        finally:
            process.kill()
            process.wait()


def connect(port: int) -> socket.socket:
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def encode(words: list[str]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)


def main() -> None:
    server = shutil.which("redis-server")
    print(f"{'':28}{'ours':>9}{'redis':>9}{'ratio':>8}")
    for name in CASES:
        mine = float(subprocess.check_output([sys.executable, __file__, name]))
        other = theirs(name, server) if server else float("nan")
        print(f"{name:28}{mine:9.1f}{other:9.1f}{mine / other:8.2f}")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(ours(sys.argv[1]))
    else:
        main()
