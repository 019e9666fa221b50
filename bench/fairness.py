"""How long others wait beside greedy clients, and how late the reactor's own calls are: `fairness.py PORT SECONDS`.

Run as a program it is the server: an embedded one, with a LoopingCall of 10 ms beside it.  `measure` starts it, then
compares 50 clients that ping alone with the same beside an endless pipeline of 10,000 and a client of 1 MB values.

The server has a processor for itself and the clients share another, the greedy ones behind those that ping: what is
seen is whom the server lets wait, not whom the system does.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time

from servers import environment, free_port

PING = b"*1\r\n$4\r\nPING\r\n"


def serve(port: int) -> None:
    """The server, until SIGTERM; then it prints by how many milliseconds the LoopingCall was late at worst."""
    from miniredis.app.reactor import import_reactor

    reactor = import_reactor()
    from twisted.internet.task import LoopingCall

    from miniredis.app.options import start_or_exit
    from miniredis.app.service import MiniRedisService

    words = ["--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    service = MiniRedisService(start_or_exit(words, "fairness").config, reactor)
    times: list[float] = []
    loop = LoopingCall(lambda: times.append(time.monotonic()))
    loop.start(0.01, now=False)
    service.startService()
    signal.signal(signal.SIGTERM, lambda number, frame: reactor.callFromThread(reactor.stop))
    reactor.run()
    late = [1000 * (after - before - 0.01) for before, after in zip(times, times[1:], strict=False)]
    print(f"{max(late):.1f} {statistics.quantiles(late, n=1000)[-1]:.1f}", flush=True)


def hog(port: int, request: bytes, reply_bytes: int) -> None:
    """Keep sending `request` and reading its `reply_bytes` until killed."""
    connection = socket.create_connection(("127.0.0.1", port))
    buffer = bytearray(1 << 20)
    while True:
        connection.sendall(request)
        left = reply_bytes
        while left > 0:
            left -= connection.recv_into(buffer)


def ping(port: int, clients: int, seconds: float) -> float:
    """The 99th percentile of the times, in milliseconds, of clients that each ping ten times a second."""
    selector = selectors.DefaultSelector()
    sent: dict[socket.socket, float] = {}
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(clients)]
    for connection in connections:
        selector.register(connection, selectors.EVENT_READ)
    spent: list[float] = []
    end = time.monotonic() + seconds
    turn = 0
    while time.monotonic() < end:
        connection = connections[turn % clients]
        turn += 1
        if connection not in sent:
            sent[connection] = time.perf_counter()
            connection.sendall(PING)
        wait_until = time.monotonic() + 0.1 / clients
        while (wait := wait_until - time.monotonic()) > 0:
            for key, _ in selector.select(wait):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                ready.recv(100)
                spent.append(time.perf_counter() - sent.pop(ready))
    for connection in connections:
        connection.close()
    return statistics.quantiles(spent, n=100)[-1] * 1000


def settle_on(process: int, processor: int) -> None:
    """Keep a process (0: this one) to one processor, where there are several."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) > 1:
        os.sched_setaffinity(process, {processors[processor]})


def measure(python: list[str], seconds: float) -> list[tuple[str, str]]:
    """(figure, value) lines; `python` starts an interpreter that has the package."""
    port = free_port()
    server = subprocess.Popen(
        [*python, __file__, "serve", str(port)], stdout=subprocess.PIPE, text=True, env=environment()
    )
    hogs: list[subprocess.Popen[bytes]] = []
    everywhere = os.sched_getaffinity(0)
    settle_on(server.pid, 0)
    settle_on(0, 1)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        alone = ping(port, 50, seconds)
        for kind in ("pipeline", "values"):
            hogs.append(subprocess.Popen([sys.executable, __file__, kind, str(port)]))
            os.setpriority(os.PRIO_PROCESS, hogs[-1].pid, 19)
        time.sleep(0.5)
        beside = ping(port, 50, seconds)
    finally:
        for each in hogs:
            each.kill()
            each.wait()
        os.sched_setaffinity(0, everywhere)
        server.send_signal(signal.SIGTERM)
        late, usual = server.communicate(timeout=20)[0].split()
    return [
        ("p99 of 50 clients that ping, alone, ms", f"{alone:.2f}"),
        ("the same beside the greedy two, ms", f"{beside:.2f}"),
        ("a LoopingCall of 10 ms was late by at most, ms", late),
        ("and one time in a thousand by, ms", usual),
    ]


if __name__ == "__main__":
    kind, number = sys.argv[1], int(sys.argv[2])
    if kind == "serve":
        serve(number)
    elif kind == "pipeline":
        hog(number, PING * 10_000, 7 * 10_000)
    elif kind == "values":
        key = b"big:%d" % os.getpid()
        value = b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$1000000\r\n%b\r\n" % (len(key), key, b"x" * 1_000_000)
        hog(number, value + b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key), 5 + 10 + 1_000_002)
    else:
        for figure, text in measure([sys.executable], 5.0):
            print(f"{figure}: {text}")
