"""The page of gaps is complete and true: held against the registry, the table of directives and live servers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from docs.blocks import ROOT
from docs.pages import (
    DIFFERS,
    MISSING,
    SAME,
    command_rows,
    command_shown,
    commands_there,
    compatibility_page,
    directive_rows,
)
from miniredis.config.directives import all_directives

from oracle.differences import DIFFERENCES
from oracle.gaps import (
    ABSENT,
    DEBUG_ABSENT,
    DIFFERENT,
    DIFFERENT_DIRECTIVES,
    NOT_IMPLEMENTED,
    WITHOUT_EFFECT,
    by_name,
)
from oracle.grammar import parse
from oracle.peers import REDIS_DIRECTIVES, VALKEY_COMMANDS, VALKEY_DIRECTIVES
from oracle.servers import PLAIN_OPTIONS, ServerProcess, redis_server, valkey_binary, valkey_server

OURS = "from miniredis.app.main import server; server()"
DIRECTIVES = {directive.name: directive for directive in all_directives()}


def ask(server: ServerProcess, *words: bytes) -> object:
    connection = server.connect()
    try:
        return parse(connection(*words))
    finally:
        connection.close()


def command_names(reply: object) -> set[str]:
    assert isinstance(reply, list)
    names = set()
    for entry in reply:
        names |= {entry[0].decode()} | command_names(entry[9])
    return names


def directive_names(server: ServerProcess) -> set[str]:
    reply = ask(server, b"CONFIG", b"GET", b"*")
    assert isinstance(reply, list)
    return {name.decode() for name in reply[::2]}


@pytest.fixture(scope="module")
def valkey() -> Iterator[ServerProcess]:
    server = valkey_server()
    yield server
    server.remove()


@pytest.fixture
def valkey_sentinel() -> Iterator[ServerProcess]:
    server = ServerProcess([valkey_binary(), "{dir}/sentinel.conf", "--sentinel", "--port", "{port}"])
    server.stop()  # it had no file to read yet
    (server.folder / "sentinel.conf").write_text("")
    server.start_again()
    server.wait_ready()
    yield server
    server.remove()


def test_the_list_of_commands_is_that_of_a_live_valkey(valkey: ServerProcess, valkey_sentinel: ServerProcess) -> None:
    live = command_names(ask(valkey, b"COMMAND")) | command_names(ask(valkey_sentinel, b"COMMAND"))
    assert live == set(VALKEY_COMMANDS.split())


def test_the_list_of_directives_is_that_of_live_servers(valkey: ServerProcess) -> None:
    assert directive_names(valkey) == set(VALKEY_DIRECTIVES.split())
    redis = redis_server()
    try:
        assert directive_names(redis) - directive_names(valkey) == set(REDIS_DIRECTIVES.split())
    finally:
        redis.remove()


def test_every_command_of_valkey_has_a_state() -> None:
    rows = command_rows()
    assert [name for name, _, _ in rows] == sorted(VALKEY_COMMANDS.split())
    assert [name for name, state, text in rows if (state == SAME) == bool(text)] == []


def test_what_is_marked_absent_is_and_nothing_else_is() -> None:
    there = set(commands_there())
    assert set(by_name(ABSENT)) & there == set(), "marked absent, and there"
    assert set(VALKEY_COMMANDS.split()) - there - set(by_name(ABSENT)) == set(), "not there, and no reason given"


def test_what_differs_is_there() -> None:
    assert set(by_name(DIFFERENT)) - set(commands_there()) == set()
    assert set(by_name(DIFFERENT)) - set(VALKEY_COMMANDS.split()) == set()


def test_every_difference_that_the_oracle_knows_is_on_the_page() -> None:
    texts = {name: text for name, state, text in command_rows() if state == DIFFERS}
    page = compatibility_page()
    for difference in DIFFERENCES:
        assert difference.reason in texts[command_shown(difference)]
        assert difference.reason in page


def test_every_directive_has_a_state() -> None:
    rows = directive_rows()
    assert [name for name, state, _ in rows if state == MISSING] == []
    names = {name for name, _, _ in rows}
    assert {*VALKEY_DIRECTIVES.split(), *REDIS_DIRECTIVES.split()} <= names
    assert {each.name for each in all_directives() if each.origin != "miniredis"} <= names


def test_what_is_without_effect_has_a_reason_and_nothing_else_has() -> None:
    assert {name for name, each in DIRECTIVES.items() if not each.used} == set(by_name(WITHOUT_EFFECT))
    assert [name for name in by_name(NOT_IMPLEMENTED) if not DIRECTIVES[name].used] == []


def debug_subcommands(server: ServerProcess) -> set[str]:
    reply = ask(server, b"DEBUG", b"HELP")
    assert isinstance(reply, list)
    return {line.decode().split(" ")[0] for line in reply if not line.startswith(b" ")}


def test_what_debug_lacks_is_told(valkey: ServerProcess) -> None:
    redis = redis_server()
    command = [sys.executable, "-c", OURS, *PLAIN_OPTIONS, "--enable-debug-command", "yes"]
    ours = ServerProcess(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        ours.wait_ready()
        subcommands = debug_subcommands(redis) | debug_subcommands(valkey)
        assert subcommands - debug_subcommands(ours) == set(DEBUG_ABSENT.split())
    finally:
        redis.remove()
        ours.remove()


def test_directives_that_differ_work() -> None:
    assert [name for name in by_name(DIFFERENT_DIRECTIVES) if not DIRECTIVES[name].used] == []


def test_a_name_has_one_explanation() -> None:
    with pytest.raises(ValueError, match="get is explained twice"):
        by_name({"one": "get set", "another": "get"})
