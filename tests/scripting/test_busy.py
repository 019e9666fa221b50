"""A script that runs for long: others get BUSY, and can end it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from miniredis.dispatch.gates import GATE_BUSY, GATE_PRIMARY_LINK

from commands.conftest import CommandClient, CommandServer
from commands.recording import Record

LOOP = b"while true do end"
BUSY = b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
KILLED = b"-ERR Script killed by user with SCRIPT KILL... script: "


class BusyServer(CommandServer):
    """Its time goes on by a second whenever it is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0
        self.engine.time.monotonic_ns = self._tick
        self.turns = 0
        self.act: Callable[[], object] = lambda: None
        self.engine.while_busy = self._turn

    def _tick(self) -> int:
        self.now_ns += 1_000_000_000
        return self.now_ns

    def _turn(self) -> None:
        self.turns += 1
        assert self.turns < 1000, "nobody ended the script"
        self.act()


@pytest.fixture
def server() -> BusyServer:
    return BusyServer()


def test_others_get_busy_and_may_end_it(client: CommandClient, server: BusyServer) -> None:
    other = server.client()
    replies: list[bytes] = []

    def act() -> None:
        new = server.client()
        for command in ("PING", "GET k", "SET k v", "FUNCTION KILL", "FUNCTION STATS", "SHUTDOWN", "SHUTDOWN SAVE"):
            replies.append(new.run(command))
        replies.append(new.run("MULTI"))
        replies.append(new.run("DISCARD"))
        replies.append(other.run("SCRIPT KILL"))

    server.act = act
    reply = client(b"EVAL", LOOP, b"0")
    assert replies == [BUSY] * 7 + [b"+OK\r\n"] * 3
    assert reply.startswith(KILLED) and reply.endswith(b", on @user_script:1.\r\n")
    assert server.turns == 1 and not server.engine.gates & GATE_BUSY
    assert client(b"PING") == b"+PONG\r\n"
    assert server.logged[-1][1].startswith("Slow script detected: still in execution after")


@pytest.mark.parametrize(
    "script",
    [
        b"while true do pcall(function() while true do end end) end",
        b"while true do xpcall(function() while true do end end, function() while true do end end) end",
        b"while true do xpcall(error, function() error('again') end) end",
        b"while true do coroutine.wrap(function() while true do end end)() end",
        b"local t = {} for i = 1, 40 do t = {t, t} end return t",
        b"while true do redis.pcall('nope') end",
    ],
)
def test_no_script_is_deaf(client: CommandClient, server: BusyServer, script: bytes) -> None:
    other = server.client()
    server.act = lambda: other.run("SCRIPT KILL")
    assert client(b"EVAL", script, b"0").startswith(KILLED)
    assert client(b"EVAL", b"return 1", b"0") == b":1\r\n"


def test_nothing_is_busy_before_the_threshold(client: CommandClient, server: BusyServer) -> None:
    client(b"CONFIG", b"SET", b"lua-time-limit", b"0")
    assert client(b"EVAL", b"for i = 1, 1e6 do end return 1", b"0") == b":1\r\n"
    assert server.turns == 0
    client(b"CONFIG", b"SET", b"busy-reply-threshold", b"1")
    assert client(b"EVAL", b"for i = 1, 1e6 do end return 1", b"0") == b":1\r\n"
    assert server.turns > 0


def test_without_an_edge_it_just_runs(client: CommandClient, server: BusyServer) -> None:
    server.engine.while_busy = None
    assert client(b"EVAL", b"for i = 1, 2e6 do end return 1", b"0") == b":1\r\n"


def test_a_script_that_has_written_goes_on(client: CommandClient, server: BusyServer) -> None:
    other = server.client()
    replies: list[bytes] = []
    server.act = lambda: replies.append(other.run("SCRIPT KILL"))
    assert client(b"EVAL", b"redis.call('set', 'k', 1) for i = 1, 2e6 do end return 1", b"0") == b":1\r\n"
    assert replies and all(reply.startswith(b"-UNKILLABLE Sorry the script already executed") for reply in replies)


def test_a_script_of_the_primary_is_not_killed(client: CommandClient, server: BusyServer) -> None:
    other = server.client()
    replies: list[bytes] = []
    server.act = lambda: replies.append(other.run("SCRIPT KILL"))
    client.session.gates |= GATE_PRIMARY_LINK
    client(b"EVAL", b"for i = 1, 2e6 do end return 1", b"0")
    assert replies and replies[0].startswith(b"-UNKILLABLE The busy script was sent by a master instance")


def test_shutdown_without_saving_ends_any_script(client: CommandClient, server: BusyServer, record: Record) -> None:
    asked: list[object] = []
    server.engine.shutdown = asked.append
    other = server.client()
    server.act = lambda: other.run("SHUTDOWN NOSAVE")
    reply = client(b"EVAL", b"redis.call('set', 'k', 1) while true do end", b"0")
    assert reply.startswith(KILLED) and len(asked) == 1
    assert record.replayed() == []


def test_nothing_to_end(client: CommandClient) -> None:
    assert client(b"SCRIPT", b"KILL") == b"-NOTBUSY No scripts in execution right now.\r\n"
    assert client(b"FUNCTION", b"KILL") == b"-NOTBUSY No scripts in execution right now.\r\n"


def test_a_function_is_ended_by_function_kill(client: CommandClient, server: BusyServer) -> None:
    load = b"#!lua name=l\nredis.register_function('loop', function() while true do end end)"
    server.engine.time.monotonic_ns = lambda: 0
    client(b"FUNCTION", b"LOAD", load)
    server.engine.time.monotonic_ns = server._tick
    other = server.client()
    replies: list[bytes] = []

    def act() -> None:
        for command in ("PING", "SCRIPT KILL", "FUNCTION STATS", "FUNCTION KILL"):
            replies.append(other.run(command))

    server.act = act
    assert client(b"FCALL", b"loop", b"0") == (
        b"-ERR Script killed by user with SCRIPT KILL... script: loop, on @user_function:2.\r\n"
    )
    busy = BUSY.replace(b"SCRIPT KILL", b"FUNCTION KILL")
    assert replies[:2] == [busy, busy] and replies[3] == b"+OK\r\n"
    assert b"$4\r\nname\r\n$4\r\nloop\r\n$7\r\ncommand\r\n*3\r\n$5\r\nFCALL\r\n" in replies[2]


def test_no_script_starts_within_another(client: CommandClient, server: BusyServer) -> None:
    primary = server.client()
    primary.session.gates |= GATE_PRIMARY_LINK
    replies: list[bytes] = []

    def act() -> None:
        replies.append(primary(b"EVAL", b"return 1", b"0"))
        primary.run("SCRIPT KILL")

    server.act = act
    assert client(b"EVAL", LOOP, b"0").startswith(KILLED)
    assert replies == [BUSY]
    assert primary(b"EVAL", b"return 1", b"0") == b":1\r\n"
