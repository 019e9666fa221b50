"""The mistakes that a server like this is prone to, where no other test stands for them; test_tables.py names all."""

from __future__ import annotations

import ast
import gc
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, globalLogPublisher

from miniredis.commands.context import Context
from miniredis.resp.encoder import encode_command
from miniredis.resp.errors import ProtocolError
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser
from miniredis.server.hub_loop import Hub
from miniredis.server.session_loop import add_client
from miniredis.testing.memory import MemoryServer

PACKAGE = Path(__file__).resolve().parents[2] / "miniredis"


class Wire:
    """A client of a hub over a pair of sockets."""

    def __init__(self, memory: MemoryServer) -> None:
        self.engine = memory.engine
        self.hub = Hub(memory.engine, lambda: None)
        ours, self.sock = socket.socketpair()
        for each in (ours, self.sock):
            each.setblocking(False)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection = add_client(self.hub, ours, b"127.0.0.1:50000", b"127.0.0.1:6379")
        assert connection.session is not None
        self.connection, self.session = connection, connection.session

    def push(self, data: bytes, most: int) -> int:
        """Write until the server takes no more, or `most` bytes; how many it took."""
        sent = idle = 0
        while sent < most and idle < 20:
            try:
                sent += self.sock.send(data)
                idle = 0
            except BlockingIOError:
                idle += 1
            except (BrokenPipeError, ConnectionResetError):
                break
            self.hub.run_turn()
        return sent

    def close(self) -> None:
        self.sock.close()
        self.hub.close()


@pytest.mark.parametrize("password", [b"", b"secret"])
def test_who_does_not_read_is_not_run_for(password: bytes) -> None:
    """With a password: nor can strangers make output grow by refusals that they never read."""
    memory = MemoryServer()
    memory.engine.acl.set_default_password(password)
    wire = Wire(memory)
    try:
        pushed = wire.push(b"PING\r\n" * 5000, 50_000_000)
        held = wire.connection.unsent_bytes() + sum(len(piece) for piece in wire.session.out)
        assert pushed < 5_000_000
        assert held < 1_000_000
    finally:
        wire.close()


@pytest.mark.parametrize(
    "start",
    [b"*2\r\n$3\r\nGET\r\n$536870000\r\n", b"*2147483647\r\n", b"*1000000000\r\n$1\r\na\r\n"],
)
def test_an_announcement_takes_no_memory(start: bytes) -> None:
    memory = MemoryServer()
    clients = [memory.connect() for _ in range(50)]
    tracemalloc.start()
    for client in clients:
        client.send(start)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 50 * 10_000


@pytest.mark.parametrize(
    "number", [b"1_0", b" 4", b"+4", b"04", b"4 ", b"0x4", b"\xd9\xa4", b"9" * 5000, b"1e3", b"-0"]
)
@pytest.mark.parametrize(
    "command", [b"INCRBY k %b", b"EXPIRE k %b", b"LRANGE k %b 1", b"SETRANGE k %b v", b"GETEX k EX %b"]
)
def test_spellings_that_python_takes_are_refused(command: bytes, number: bytes) -> None:
    argv = [number if word == b"%b" else word for word in command.split()]
    client = MemoryServer().connect()
    client.call(b"SET", b"k", b"5")
    assert client.call(*argv) == b"-ERR value is not an integer or out of range\r\n"
    assert client.call(b"GET", b"k") == b"$1\r\n5\r\n"


@pytest.mark.parametrize("number", [b"1_0.5", b" 1.5", b"1.5 ", b"nan", b"1,5", b"\xd9\xa4"])
@pytest.mark.parametrize("command", [b"INCRBYFLOAT k %b", b"ZADD z %b m", b"ZINCRBY z %b m", b"GEOADD g %b 1 m"])
def test_spellings_of_doubles_that_python_takes_are_refused(command: bytes, number: bytes) -> None:
    argv = [number if word == b"%b" else word for word in command.split()]
    assert MemoryServer().connect().call(*argv).startswith(b"-ERR value is not a valid float\r\n")


def test_a_deferred_that_fails_is_a_reply_and_nobody_misses_its_error() -> None:
    memory = MemoryServer()
    waiting: list[Deferred[object]] = [Deferred()]

    def wait(ctx: Context, argv: list[bytes]) -> object:
        return waiting[0]

    memory.engine.commands.by_name[b"TIME"].run = wait
    client = memory.connect()
    assert client.call(b"TIME") == b""
    unhandled: list[Any] = []

    def notice(event: Any) -> None:
        if event["log_level"] is LogLevel.critical:
            unhandled.append(event)

    observe: Any = notice

    globalLogPublisher.addObserver(observe)
    try:
        waiting[0].errback(ZeroDivisionError("by nobody"))
        memory.end_turn()
        waiting.clear()
        gc.collect()
    finally:
        globalLogPublisher.removeObserver(observe)
    assert client.received().startswith(b"-ERR")
    assert unhandled == []
    assert client.call(b"PING") == b"+PONG\r\n"


def trees() -> list[tuple[Path, ast.AST]]:
    return [(path, ast.parse(path.read_text())) for path in sorted(PACKAGE.rglob("*.py"))]


def test_nothing_received_can_become_code() -> None:
    wrong = []
    for path, tree in trees():
        for node in ast.walk(tree):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if {"pickle", "marshal", "shelve", "dill", "code"} & {module.split(".")[0] for module in modules}:
                wrong.append(f"{path}:{node.lineno}")  # type: ignore[attr-defined]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
                wrong.append(f"{path}:{node.lineno}: {node.func.id}")
    assert wrong == []


def test_texts_of_the_log_are_no_formats() -> None:
    """What is logged stands in values, never in the first word, which is a format."""
    wrong = []
    names = {"debug", "info", "warn", "error", "critical", "failure"}
    for path, tree in trees():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in names
                and ast.unparse(node.func.value).rpartition(".")[2] in ("log", "_log", "logger")
                and node.args
                and not isinstance(node.args[0], ast.Constant)
            ):
                wrong.append(f"{path}:{node.lineno}")
    assert wrong == []


def test_what_is_compared_with_a_secret_is_compared_in_constant_time() -> None:
    wrong = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                if any("password" in side and "len(" not in side for side in sides) and not any(
                    side in ("b''", "''", "None") for side in sides
                ):
                    wrong.append(f"{path}:{node.lineno}: {ast.unparse(node)}")
    assert wrong == []


def test_nesting_without_end_is_an_error_and_no_recursion() -> None:
    for piece in (b"*1\r\n", b"%1\r\n$1\r\nk\r\n", b"~1\r\n"):
        parser = ReplyParser()
        parser.feed(piece * 100_000)
        with pytest.raises(ProtocolError):
            while parser.next() is not NEEDS_MORE:
                continue
    client = MemoryServer().connect()
    client.send(b"*1\r\n" * 100_000)
    assert client.received() == b"-ERR Protocol error: expected '$', got '*'\r\n"


@pytest.mark.parametrize(
    "script",
    [
        b"return cjson.decode(string.rep('[', 100000))",
        b"local t = {} for i = 1, 100000 do t = {t} end return cjson.encode(t)",
        b"local t = {} for i = 1, 100000 do t = {t} end return cmsgpack.pack(t)",
        b"return cmsgpack.unpack(string.rep('\\145', 100000))",
        b"local t = {} for i = 1, 100000 do t = {t} end return t",
    ],
)
def test_nesting_in_scripts_is_bounded(script: bytes) -> None:
    client = MemoryServer().connect()
    reply = client.call(b"EVAL", script, b"0")
    assert reply
    client.received()
    assert client.call(b"PING") == b"+PONG\r\n"
    assert b"RecursionError" not in reply


def test_commands_are_not_nested_by_exec_or_scripts() -> None:
    client = MemoryServer().connect()
    assert client.call(b"MULTI") == b"+OK\r\n"
    assert client.call(b"MULTI").startswith(b"-ERR MULTI calls can not be nested")
    client.call(b"DISCARD")
    inner = b"return redis.pcall('EVAL', 'return 1', '0')"
    assert client.call(b"EVAL", inner, b"0").startswith(b"-ERR This Redis command is not allowed from script")
    assert encode_command([b"PING"]) == b"*1\r\n$4\r\nPING\r\n"
