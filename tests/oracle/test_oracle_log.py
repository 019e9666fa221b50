"""What commands leave in the append-only file: ours has the same effects as a real server's, in the same order."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from persistence.harness import DiskServer

from oracle.servers import ServerProcess, redis_server, valkey_server

#: A step is a client's number and its command; client 0 waits for no key.
Steps = list[tuple[int, bytes]]

WAITED_FOR: dict[str, Steps] = {
    "a transaction": [(1, b"BLPOP l 0"), (0, b"MULTI"), (0, b"RPUSH l a b"), (0, b"INCR n"), (0, b"EXEC")],
    "one command in a transaction": [(1, b"BRPOP l 0"), (0, b"MULTI"), (0, b"RPUSH l a"), (0, b"EXEC")],
    "a script": [(1, b"BLPOP l 0"), (0, b"EVAL redis.call('rpush',KEYS[1],1,2)redis.call('incr','n') 1 l")],
    "a script in a transaction": [
        (1, b"BLMOVE l other LEFT RIGHT 0"),
        (0, b"MULTI"),
        (0, b"EVAL return(redis.call('rpush',KEYS[1],1,2)) 1 l"),
        (0, b"SET after 1"),
        (0, b"EXEC"),
    ],
    "two who wait": [
        (1, b"BZPOPMIN z 0"),
        (2, b"BLPOP l 0"),
        (0, b"MULTI"),
        (0, b"ZADD z 1 a 2 b"),
        (0, b"RPUSH l a b"),
        (0, b"EXEC"),
    ],
    "a key that goes": [
        (0, b"XGROUP CREATE x g 0 MKSTREAM"),
        (1, b"XREADGROUP GROUP g c BLOCK 0 STREAMS x >"),
        (0, b"MULTI"),
        (0, b"SET n 1"),
        (0, b"DEL x"),
        (0, b"EXEC"),
    ],
    "a rename": [(1, b"BLPOP l 0"), (0, b"RPUSH from a b"), (0, b"MULTI"), (0, b"RENAME from l"), (0, b"EXEC")],
}


def logged_commands(folder: Path) -> list[bytes]:
    """The commands of the increment in a folder, joined by blanks, but for SELECT."""
    text = (folder / "appendonlydir" / "appendonly.aof.1.incr.aof").read_bytes()
    text = re.sub(rb"(?m)^#.*\r\n", b"", text)
    commands: list[bytes] = []
    for request in re.findall(rb"\*\d+\r\n(?:\$\d+\r\n[^\r]*\r\n)+", text):
        argv = re.findall(rb"\$\d+\r\n([^\r]*)\r\n", request)
        if argv[0].lower() != b"select":
            commands.append(b" ".join(argv).lower())  # what is written anew has upper case in one, lower in the other
    return commands


def run_on_theirs(steps: Steps, start: Callable[..., ServerProcess] = redis_server) -> list[bytes]:
    server = start("--appendonly", "yes", "--appendfsync", "always")
    try:
        clients = {number: server.connect() for number in {0} | {client for client, _ in steps}}
        for number, command in steps:
            if number == 0:
                clients[0](*command.split())
            else:
                clients[number].send(command + b"\r\n")
                while b"blocked_clients:%d\r\n" % number not in clients[0](b"INFO", b"clients"):
                    pass
        clients[0](b"PING")
        for client in clients.values():
            client.close()
        return logged_commands(server.folder)
    finally:
        server.remove()


def run_on_ours(steps: Steps, folder: Path) -> tuple[list[bytes], bytes, bytes]:
    server = DiskServer(folder, None, appendonly="yes", appendfsync="always").load()
    clients = {number: server.connect() for number in {0} | {client for client, _ in steps}}
    for number, command in steps:
        if number == 0:
            clients[0].call(*command.split())
        else:
            clients[number].send(command + b"\r\n")
    before = server.digest()
    server.persistence.stop(False)
    after = DiskServer(folder, None, appendonly="yes").load().digest()
    return logged_commands(folder), before, after


NOT_IN_THE_FILE: dict[str, Steps] = {
    "a message": [(0, b"SET a 1"), (0, b"PUBLISH c m"), (0, b"SPUBLISH c m"), (0, b"SET b 1")],
    "a message in a transaction": [(0, b"MULTI"), (0, b"PUBLISH c m"), (0, b"SET a 1"), (0, b"EXEC")],
    "only a message in a transaction": [(0, b"SET a 1"), (0, b"MULTI"), (0, b"PUBLISH c m"), (0, b"EXEC")],
    "a message of a script": [(0, b"EVAL redis.call('publish','c','m')redis.call('incr','n') 0"), (0, b"SET a 1")],
    "what a script says": [
        (0, b"SET a 1"),
        (0, b"EVAL redis.set_repl(redis.REPL_REPLICA)redis.call('set','r',1) 0"),
        (0, b"EVAL redis.set_repl(redis.REPL_NONE)redis.call('set','n',1) 0"),
        (0, b"EVAL redis.set_repl(redis.REPL_AOF)redis.call('set','f',1)redis.call('publish','c','m') 0"),
        (0, b"EVAL redis.call('incr','f')redis.set_repl(redis.REPL_REPLICA)redis.call('incr','r') 0"),
    ],
}


@pytest.mark.parametrize("name", NOT_IN_THE_FILE)
def test_what_is_for_replicas_alone_is_not_in_the_file(
    name: str, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    steps = NOT_IN_THE_FILE[name]
    ours, _, _ = run_on_ours(steps, tmp_path)
    assert ours == run_on_theirs(steps)
    count("oracle commands", len(steps))


@pytest.mark.parametrize("name", WAITED_FOR)
def test_who_waits_is_served_behind_the_block_and_nothing_else_is_logged(
    name: str, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    steps = WAITED_FOR[name]
    ours, before, after = run_on_ours(steps, tmp_path)
    assert ours == run_on_theirs(steps)
    assert before == after
    count("oracle commands", len(steps))


GROUPS: dict[str, Steps] = {
    "read": [(0, b"XREADGROUP GROUP g c STREAMS x >"), (0, b"XREADGROUP GROUP g c COUNT 1 STREAMS x >")],
    "read without acknowledgement": [(0, b"XREADGROUP GROUP g c NOACK STREAMS x >")],
    "wait": [
        (0, b"XREADGROUP GROUP g c STREAMS x >"),
        (1, b"XREADGROUP GROUP g c BLOCK 0 STREAMS x >"),
        (0, b"XADD x 9-1 a b"),
    ],
}


@pytest.mark.parametrize("name", GROUPS)
def test_how_far_a_group_has_read_is_logged_with_its_count(
    name: str, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    made = (b"XADD x 1-1 a b", b"XADD x 2-1 a b", b"XGROUP CREATE x g 0", b"XGROUP CREATECONSUMER x g c")
    steps = [(0, command) for command in made] + GROUPS[name]
    ours, _, _ = run_on_ours(steps, tmp_path)
    theirs = run_on_theirs(steps, valkey_server)
    now = re.compile(rb"time \d+")
    assert [now.sub(b"", each) for each in ours] == [now.sub(b"", each) for each in theirs]
    count("oracle commands", len(steps))
