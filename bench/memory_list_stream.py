"""Bytes per element of one list and one stream of 1,000,000 values of 10 bytes, beside redis-server's.

    python bench/memory_list_stream.py [elements]

Each number is the growth of the resident set of a fresh process.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.lists import ListValue
from miniredis.datatypes.stream_ids import make_id
from miniredis.datatypes.streams import StreamValue

BATCH = 1000


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def fill_list(elements: int) -> object:
    value = ListValue(EncodingLimits())
    for number in range(elements):
        value.push_right(b"val%07d" % number)
    return value


def fill_stream(elements: int) -> object:
    stream = StreamValue(EncodingLimits())
    for number in range(elements):
        stream.add(make_id(1_700_000_000_000 + number // 3, number % 3), [b"field", b"val%07d" % number])
    return stream


FILL = {"list": fill_list, "stream": fill_stream}


def ours(kind: str, elements: int) -> float:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(growth, (kind, elements))


def growth(kind: str, elements: int) -> float:
    warm = FILL[kind](1000)
    before = resident_bytes(os.getpid())
    value = FILL[kind](elements)
    after = resident_bytes(os.getpid())
    del warm, value
    return (after - before) / elements


def request(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def theirs(kind: str, elements: int, folder: str) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                client = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.05)
        replies = client.makefile("rb")
        before = resident_bytes(server.pid)
        for start in range(0, elements, BATCH):
            commands = []
            for number in range(start, start + BATCH):
                value = b"val%07d" % number
                if kind == "list":
                    commands.append(request(b"RPUSH", b"key", value))
                else:
                    entry_id = b"%d-%d" % (1_700_000_000_000 + number // 3, number % 3)
                    commands.append(request(b"XADD", b"key", entry_id, b"field", value))
            client.sendall(b"".join(commands))
            for _ in commands:
                if replies.readline().startswith(b"$"):
                    replies.readline()
        return (resident_bytes(server.pid) - before) / elements
    finally:
        server.kill()
        server.wait()


def main() -> None:
    elements = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{'':8} {'miniredis':>10} {'redis':>10} {'ratio':>7}   bytes per element of 10 bytes, {elements} in one key")
    for kind in FILL:
        own = ours(kind, elements)
        if shutil.which("redis-server") is None:
            print(f"{kind:8} {own:10.1f} {'-':>10} {'-':>7}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            other = theirs(kind, elements, folder)
        print(f"{kind:8} {own:10.1f} {other:10.1f} {own / other:7.2f}")


if __name__ == "__main__":
    main()
