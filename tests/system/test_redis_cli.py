"""redis-cli in every mode that users know, unmodified."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable

import pytest

from oracle.servers import ServerProcess
from oracle.wire import encode

Cli = Callable[..., str]
pytestmark = pytest.mark.usefixtures("empty")


def fill(server: ServerProcess, count: int) -> None:
    client = server.connect()
    client.pipeline([[b"SET", b"key:%d" % number, b"x" * (number % 50)] for number in range(count)])
    client.pipeline([[b"RPUSH", b"list", b"%d" % number] for number in range(300)])
    client.pipeline([[b"HSET", b"hash", b"f%d" % number, b"v"] for number in range(20)])
    client.pipeline([[b"SADD", b"set", b"m%d" % number] for number in range(20)])
    client.pipeline([[b"ZADD", b"zset", b"%d" % number, b"m%d" % number] for number in range(20)])
    client.pipeline([[b"XADD", b"stream", b"*", b"f", b"v"] for _ in range(20)])
    client.close()


class Terminal:
    """redis-cli on a terminal of its own, as a person has it."""

    def __init__(self, server: ServerProcess, *words: str) -> None:
        self.screen = ""
        pid, self.fd = pty.fork()
        if pid == 0:
            # Without a size redis-cli would ask the terminal where its cursor is, and wait for the answer.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            os.environ.update(TERM="xterm", HOME=str(server.folder))
            os.execvp("redis-cli", ["redis-cli", "-p", str(server.port), *words])
        self.pid = pid

    def wait_for(self, pattern: str, seconds: float = 20) -> str:
        """What was shown up to the pattern; it is taken off the screen."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.screen)
            if found:
                shown, self.screen = self.screen[: found.end()], self.screen[found.end() :]
                return shown
            assert time.monotonic() < deadline, f"{pattern!r} was not shown: {self.screen!r}"
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    data = b""
                assert data, f"redis-cli ended: {self.screen!r}"
                self.screen += re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", data.decode(errors="replace"))

    def type(self, line: str) -> str:
        """Write a line once there is a prompt, which is given back; what is typed earlier redis-cli throws away."""
        prompt = self.wait_for(r"127\.0\.0\.1:\d+(\[\d+\])?(\(TX\))?> \Z")
        os.write(self.fd, line.encode() + b"\r")
        return prompt

    def close(self) -> None:
        os.close(self.fd)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


def test_on_a_terminal(server: ServerProcess) -> None:
    terminal = Terminal(server)
    try:
        terminal.type('set greeting "hello world"')
        terminal.wait_for(r"\nOK\r\n")
        terminal.type("get greeting")
        terminal.wait_for(r'\n"hello world"\r\n')
        terminal.type("select 3")
        terminal.wait_for(r"\nOK\r\n")
        assert terminal.type("get greeting").endswith("[3]> ")
        terminal.wait_for(r"\n\(nil\)\r\n")
        terminal.type("incr n")
        terminal.wait_for(r"\n\(integer\) 1\r\n")
        terminal.type("nosuch")
        terminal.wait_for(r"\n\(error\) ERR unknown command 'nosuch'")
        terminal.type("multi")
        terminal.wait_for(r"\nOK\r\n")
        assert terminal.type("discard").endswith("(TX)> ")
        terminal.wait_for(r"\nOK\r\n")
        terminal.type("help getrange")
        terminal.wait_for(r"GETRANGE key start end")
    finally:
        terminal.close()


def test_resp3_on_a_terminal(server: ServerProcess) -> None:
    terminal = Terminal(server, "-3")
    try:
        terminal.type("hset h f v")
        terminal.wait_for(r"\(integer\) 1")
        terminal.type("hgetall h")
        terminal.wait_for(r'1# "f" => "v"')
    finally:
        terminal.close()


def test_piped_commands(cli: Cli) -> None:
    out = cli(data=b'SET k "a b"\nGET k\nLPUSH l 1 2 3\nLRANGE l 0 -1\nNOSUCH\nDBSIZE\n')
    assert out.splitlines()[:6] == ["OK", "a b", "3", "3", "2", "1"]
    assert "unknown command" in out
    assert out.splitlines()[-1] == "2"


def test_one_command_and_formats(cli: Cli) -> None:
    assert cli("RPUSH", "l", "a", "b") == "2\n"
    assert cli("--no-raw", "LRANGE", "l", "0", "-1") == '1) "a"\n2) "b"\n'
    assert cli("--json", "LRANGE", "l", "0", "-1") == '["a","b"]\n'
    assert cli("--csv", "LRANGE", "l", "0", "-1") == '"a","b"\n'
    assert cli("-x", "SET", "k", data=b"from stdin") == "OK\n"
    assert cli("GET", "k") == "from stdin\n"
    assert cli("-r", "3", "INCR", "n") == "1\n2\n3\n"


def test_mass_insertion(cli: Cli, count: Callable[[str, int], None]) -> None:
    data = b"".join(encode([b"SET", b"k%d" % number, b"v"]) for number in range(50_000))
    out = cli("--pipe", data=data)
    assert "errors: 0, replies: 50000" in out
    assert cli("DBSIZE") == "50000\n"
    count("inputs", 50_000)


def test_scan(cli: Cli, server: ServerProcess) -> None:
    fill(server, 5000)
    assert len(cli("--scan").split()) == 5005
    assert sorted(cli("--scan", "--pattern", "key:499?").split()) == [f"key:499{digit}" for digit in range(10)]


def test_big_keys(cli: Cli, server: ServerProcess) -> None:
    fill(server, 1000)
    out = cli("--bigkeys")
    assert "Sampled 1005 keys in the keyspace!" in out
    for kind in ("string", "list", "hash", "set", "zset", "stream"):
        assert re.search(rf"Biggest\s+{kind} found", out), out


def test_memory_keys(cli: Cli, server: ServerProcess) -> None:
    fill(server, 1000)
    out = cli("--memkeys")
    assert "Sampled 1005 keys in the keyspace!" in out
    assert re.search(r"""Biggest\s+list found '"list"' has \d+ bytes""", out), out


def test_hot_keys(cli: Cli, server: ServerProcess) -> None:
    cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
    try:
        fill(server, 200)
        client = server.connect()
        client.pipeline([[b"GET", b"key:7"]] * 5000)
        client.close()
        assert re.search(r"hot key found with counter: \d+\s+keyname: \"?key:7\"?", cli("--hotkeys"))
    finally:
        cli("CONFIG", "SET", "maxmemory-policy", "noeviction")


def test_latency(cli: Cli) -> None:
    assert re.fullmatch(r"\d+ \d+ \d+\.\d+ \d+\n", cli("--latency"))


def test_stat(server: ServerProcess) -> None:
    fill(server, 100)
    process = subprocess.Popen(
        ["redis-cli", "-p", str(server.port), "--stat", "-i", "0.1"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
    finally:
        process.kill()
        process.wait()
    assert lines[1].split()[:4] == ["keys", "mem", "clients", "blocked"]
    assert lines[3].split()[0] == "105", lines


def test_lua_and_subscriptions(cli: Cli, server: ServerProcess) -> None:
    assert cli("EVAL", "return {KEYS[1], ARGV[1], 42}", "1", "k", "a").split() == ["k", "a", "42"]
    process = subprocess.Popen(
        ["stdbuf", "-oL", "redis-cli", "-p", str(server.port), "SUBSCRIBE", "news"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert [process.stdout.readline().strip() for _ in range(3)] == ["subscribe", "news", "1"]
        assert cli("PUBLISH", "news", "hello") == "1\n"
        assert [process.stdout.readline().strip() for _ in range(3)] == ["message", "news", "hello"]
    finally:
        process.kill()
        process.wait()
