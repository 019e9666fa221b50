"""What tests of replication share: random commands of every type, servers of three kinds, a link that breaks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

import hiredis

from oracle.servers import ServerProcess
from oracle.wire import encode

KEYS = 40
#: A script whose effects must arrive, with and without an engine for scripts on the other side.
SCRIPT = b"redis.call('SET', KEYS[1], ARGV[1]) redis.call('INCR', KEYS[2]) return redis.call('PEXPIRE', KEYS[1], 900)"


def random_command(random: Random) -> list[bytes]:
    """One command that Redis 7.0, Valkey 9.1 and we understand; it may fail by the type of its key.

    Scores are binary fractions: in digests of others Valkey writes fewer digits than Redis.
    """

    def key() -> bytes:
        return b"key:%d" % random.randrange(KEYS)

    def word() -> bytes:
        return b"w%d" % random.randrange(30)

    def number() -> bytes:
        return b"%d" % random.randrange(-20, 20)

    def text() -> bytes:
        return bytes(random.choices(b"abcdef \r\n\x00\xff", k=random.randrange(60)))

    def time_ms() -> bytes:
        return b"%d" % random.choice([1, 5, 50, 500, 5000, 100_000])

    choices: list[Callable[[], list[bytes]]] = [
        lambda: [b"SET", key(), text()],
        lambda: [b"SET", key(), number(), b"PX", time_ms()],
        lambda: [b"SET", key(), text(), b"KEEPTTL", b"GET"],
        lambda: [b"APPEND", key(), text()],
        lambda: [b"INCRBY", key(), number()],
        lambda: [b"INCRBYFLOAT", key(), b"0.25"],
        lambda: [b"SETRANGE", key(), b"%d" % random.randrange(40), word()],
        lambda: [b"GETEX", key(), b"PX", time_ms()],
        lambda: [b"GETDEL", key()],
        lambda: [b"MSET", key(), word(), key(), text()],
        lambda: [b"SETBIT", key(), b"%d" % random.randrange(200), b"1"],
        lambda: [b"BITFIELD", key(), b"INCRBY", b"u5", b"#3", b"3"],
        lambda: [b"PFADD", key(), word(), word()],
        lambda: [b"PFMERGE", key(), key()],
        lambda: [b"RPUSH", key(), text(), word(), number()],
        lambda: [b"LPUSH", key(), word()],
        lambda: [b"LPOP", key(), b"2"],
        lambda: [b"RPOP", key()],
        lambda: [b"LINSERT", key(), b"BEFORE", word(), text()],
        lambda: [b"LREM", key(), b"1", word()],
        lambda: [b"LTRIM", key(), b"0", b"20"],
        lambda: [b"LMOVE", key(), key(), b"LEFT", b"RIGHT"],
        lambda: [b"BLPOP", key(), b"0.001"],
        lambda: [b"LMPOP", b"2", key(), key(), b"LEFT"],
        lambda: [b"SADD", key(), word(), number(), text()],
        lambda: [b"SREM", key(), word()],
        lambda: [b"SPOP", key()],
        lambda: [b"SPOP", key(), b"3"],
        lambda: [b"SMOVE", key(), key(), word()],
        lambda: [b"SUNIONSTORE", key(), key(), key()],
        lambda: [b"SORT", key(), b"ALPHA", b"STORE", key()],
        lambda: [b"ZADD", key(), number(), word(), b"1.5", word()],
        lambda: [b"ZINCRBY", key(), b"0.25", word()],
        lambda: [b"ZREM", key(), word()],
        lambda: [b"ZPOPMIN", key()],
        lambda: [b"ZUNIONSTORE", key(), b"2", key(), key()],
        lambda: [b"ZRANGESTORE", key(), key(), b"0", b"5"],
        lambda: [b"GEOADD", key(), b"13.36", b"38.11", word()],
        lambda: [b"HSET", key(), word(), text(), word(), number()],
        lambda: [b"HDEL", key(), word()],
        lambda: [b"HINCRBY", key(), word(), number()],
        lambda: [b"XADD", key(), b"MAXLEN", b"~", b"20", b"*", word(), text()],
        lambda: [b"XGROUP", b"CREATE", key(), b"group", b"0", b"MKSTREAM"],
        lambda: [b"XREADGROUP", b"GROUP", b"group", word(), b"COUNT", b"2", b"STREAMS", key(), b">"],
        lambda: [b"XAUTOCLAIM", key(), b"group", word(), b"0", b"0", b"COUNT", b"2"],
        lambda: [b"XTRIM", key(), b"MAXLEN", b"5"],
        lambda: [b"DEL", key(), key()],
        lambda: [b"UNLINK", key()],
        lambda: [b"RENAME", key(), key()],
        lambda: [b"COPY", key(), key(), b"REPLACE"],
        lambda: [b"MOVE", key(), b"%d" % random.randrange(3)],
        lambda: [b"PEXPIRE", key(), time_ms()],
        lambda: [b"EXPIRE", key(), b"100"],
        lambda: [b"PERSIST", key()],
        lambda: [b"SELECT", b"%d" % random.randrange(3)],
        lambda: [b"EVAL", SCRIPT, b"2", key(), key(), word()],
        lambda: [b"GET", key()],
        lambda: [b"PUBLISH", word(), text()],
    ]
    rare: list[list[bytes]] = [[b"FLUSHDB"], [b"SWAPDB", b"0", b"1"], [b"FLUSHALL", b"ASYNC"]]
    if random.random() < 0.002:
        return random.choice(rare)
    return random.choice(choices)()


def random_commands(random: Random, count: int) -> list[list[bytes]]:
    """The same with transactions among them."""
    commands: list[list[bytes]] = []
    while len(commands) < count:
        if random.random() < 0.05:
            block = [random_command(random) for _ in range(random.randrange(1, 6))]
            commands += [[b"MULTI"], *block, [b"EXEC"]]
        else:
            commands.append(random_command(random))
    return commands


class Load:
    """Sends random commands over one connection."""

    def __init__(self, port: int, seed: int) -> None:
        self.random = Random(seed)
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.reader = hiredis.Reader()
        self.sent = 0

    def run(self, count: int) -> None:
        """Send so many, in pipelines, and read what comes of them."""
        while count > 0:
            commands = random_commands(self.random, min(count, 50))
            count -= len(commands)
            self.sent += len(commands)
            self.socket.sendall(b"".join(encode(command) for command in commands))
            missing = len(commands)
            while missing:
                if self.reader.gets() is not False:
                    missing -= 1
                    continue
                data = self.socket.recv(65536)
                assert data, "the server closed the connection"
                self.reader.feed(data)

    def run_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.run(50)

    def close(self) -> None:
        self.socket.close()


class BreakingLink:
    """A TCP proxy to a port; `cut` ends every connection through it, in the middle of whatever it carries."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.cuts = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target), 5)
                far.settimeout(None)
            except OSError:
                continue
            with self._lock:
                self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data)
        self._end([source, sink])

    def _end(self, sockets: list[socket.socket]) -> None:
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            with self._lock:
                self._open.discard(each)

    def cut(self) -> None:
        self.cuts += 1
        with self._lock:
            current = list(self._open)
        self._end(current)

    def close(self) -> None:
        self._is_closed = True
        self.listener.close()
        self.cut()


def ask(server: ServerProcess, *words: object) -> bytes:
    """One command over a connection of its own; the raw reply."""
    client = server.connect()
    try:
        return client(*[word if isinstance(word, bytes) else str(word).encode() for word in words])
    finally:
        client.close()


def info(server: ServerProcess, field: str, section: str = "replication") -> str:
    """A field of INFO; empty when there is none."""
    for line in ask(server, "INFO", section).decode(errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return value
    return ""


def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Ask until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def follow(replica: ServerProcess, port: int) -> None:
    """Make it a replica, and wait until it is in step."""
    assert ask(replica, "REPLICAOF", "127.0.0.1", port) == b"+OK\r\n"
    until(lambda: info(replica, "master_link_status") == "up", f"the link did not come up:\n{replica.output[-3000:]}")


def digest(server: ServerProcess) -> bytes:
    reply = ask(server, "DEBUG", "DIGEST")
    assert len(reply) == 43, reply
    return reply


def until_same(*servers: ServerProcess) -> None:
    """All hold the same data, which is not none."""

    def is_same() -> bool:
        return len({digest(server) for server in servers}) == 1

    until(is_same, "\n".join(f"{server.port}: {digest(server)!r}\n{server.output[-1500:]}" for server in servers))
    assert digest(servers[0]) != b"+" + b"0" * 40 + b"\r\n"
