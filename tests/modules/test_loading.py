"""Modules come and go as a whole: commands, types, directives, categories, timers."""

from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from miniredis.config.config import Config
from miniredis.config.reader import ConfigError, read_lines
from miniredis.config.values import Integer
from miniredis.keyspace.effects import NOTIFY_MODULE
from miniredis.modules import loading
from miniredis.modules.api import CommandGroup, Directive, Module, ModuleValue
from miniredis.modules.commands import module_load
from miniredis.testing.memory import MemoryServer
from modules import sample
from modules.servers import call, configured, serving

SAMPLE = b"modules.sample"
FAILED = b"-ERR Error loading the extension. Please check the server logs.\r\n"


def test_it_is_loaded_by_the_configuration():
    _, client = serving(SAMPLE + b" one two")
    assert call(client, "TALLY.ADD k 5") == b":5\r\n"
    assert call(client, "MODULE LIST") == (
        b"*1\r\n*8\r\n$4\r\nname\r\n$5\r\ntally\r\n$3\r\nver\r\n:7\r\n"
        b"$4\r\npath\r\n$14\r\nmodules.sample\r\n$4\r\nargs\r\n*2\r\n$3\r\none\r\n$3\r\ntwo\r\n"
    )


def test_it_is_loaded_and_unloaded_while_the_server_runs():
    server, client = serving()
    assert call(client, "TALLY.GET k").startswith(b"-ERR unknown command")
    assert call(client, "MODULE LOAD modules.sample a") == b"+OK\r\n"
    assert call(client, "TALLY.GET k") == b"$-1\r\n"
    assert server.engine.config.lines("loadmodule") == [[SAMPLE, b"a"]]
    assert call(client, "MODULE LOAD modules.sample") == FAILED
    assert call(client, "MODULE UNLOAD tally") == b"+OK\r\n"
    assert call(client, "TALLY.GET k").startswith(b"-ERR unknown command")
    assert call(client, "MODULE LIST") == b"*0\r\n"
    assert server.engine.config.lines("loadmodule") == []
    assert sample.stopped[-1] == b"tally"
    assert call(client, "MODULE UNLOAD tally") == b"-ERR Error unloading module: no such module with that name\r\n"


def test_whoever_may_not_load_modules_is_told_so():
    _, client = serving(enable_module_command=b"no")
    assert call(client, "MODULE LOAD modules.sample").startswith(b"-ERR MODULE command not allowed.")
    assert call(client, "MODULE LOADEX modules.sample").startswith(b"-ERR MODULE command not allowed.")
    assert call(client, "MODULE UNLOAD tally").startswith(b"-ERR MODULE command not allowed.")
    assert call(client, "MODULE LIST") == b"*0\r\n"
    assert call(client, "MODULE HELP").startswith(b"*11\r\n+MODULE <subcommand>")


def test_local_clients_may_load_where_these_are_allowed():
    server, client = serving(enable_module_command=b"local")
    assert call(client, "MODULE LOAD modules.sample") == b"+OK\r\n"
    client.peer = b"10.0.0.1:5"
    assert call(client, "MODULE UNLOAD tally").startswith(b"-ERR MODULE command not allowed.")
    assert module_load.__name__ == "module_load" and server.engine.module_versions == {b"tally": 7}


def test_an_entry_point_of_an_installed_package_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch):
    point = EntryPoint("counting", "modules.sample:module", loading.ENTRY_POINTS)

    def entry_points(group: str, name: str) -> EntryPoints:
        return EntryPoints([point]).select(group=group, name=name)

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    _, client = serving(b"counting")
    assert call(client, "TALLY.ADD k 1") == b":1\r\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("no.such.module", "it cannot be imported"),
        ("modules.servers", "it has no Module"),
        ("modules.sample refuse", "it was told to"),
        ("modules.sample break", "its start failed"),
    ],
)
def test_one_that_cannot_be_loaded_leaves_nothing_behind(words: str, reason: str):
    server, client = serving()
    before = call(client, "COMMAND COUNT")
    assert call(client, f"MODULE LOAD {words}") == FAILED
    assert any(reason in text for _, text in server.logged)
    assert call(client, "COMMAND COUNT") == before
    assert call(client, "CONFIG GET tally.*") == b"*0\r\n"
    assert call(client, "MODULE LOAD modules.sample") == b"+OK\r\n"


def test_a_server_does_not_start_without_its_modules():
    with pytest.raises(ConfigError, match="Can't load module modules.sample: it was told to"):
        MemoryServer(configured(SAMPLE + b" refuse"))


def offered(**parts: object) -> Module:
    return Module("other", 1, **parts)  # type: ignore[arg-type]


class Misnamed(ModuleValue):
    TYPE = "short"


class Unreadable(ModuleValue):
    TYPE = "unreadabl"
    OLDEST_ENCODING = 2


class Numbered(ModuleValue):
    TYPE = "numbered-"
    ENCODING = 5000
    OLDEST_ENCODING = 5000


def group_of(name: str) -> CommandGroup:
    group = CommandGroup("module")
    group.command(name, arity=1)(lambda ctx, argv: None)
    return group


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (offered(types=[Misnamed]), "a type's name is 9 letters"),
        (offered(types=[Unreadable]), "knows no encoding"),
        (offered(types=[Numbered]), "below 1024"),
        (offered(types=[sample.Tally, sample.Tally]), "there is a type tally-val already"),
        (offered(groups=[group_of("GET")]), "there is a command get already"),
        (offered(groups=[group_of("CONFIG MORE")]), "has no container config"),
        (offered(categories=["Not Good"]), "cannot be a category"),
        (offered(directives=[Directive("wrong.name", Integer(0, 1), "0", "")]), "does not begin with"),
    ],
)
def test_what_a_module_offers_is_checked(module: Module, reason: str, monkeypatch: pytest.MonkeyPatch):
    server, client = serving()
    monkeypatch.setattr(sample, "module", module)
    assert call(client, "MODULE LOAD modules.sample") == FAILED
    assert any(reason in text for _, text in server.logged)
    assert call(client, "GET k") == b"$-1\r\n"
    assert server.engine.module_versions == {}


def test_loadex_gives_directives_their_values():
    _, client = serving()
    assert call(client, "MODULE LOADEX modules.sample CONFIG tally.most 42 ARGS a b") == b"+OK\r\n"
    assert call(client, "CONFIG GET tally.most") == b"*2\r\n$10\r\ntally.most\r\n$2\r\n42\r\n"
    assert call(client, "MODULE UNLOAD tally") == b"+OK\r\n"
    assert call(client, "CONFIG GET tally.most") == b"*0\r\n"
    assert b"must be between" in call(client, "MODULE LOADEX modules.sample CONFIG tally.most 101")
    assert b"Unknown option" in call(client, "MODULE LOADEX modules.sample CONFIG maxmemory 1")
    assert call(client, "MODULE LOADEX modules.sample WHAT") == FAILED


def config_of(text: bytes) -> Config:
    config = Config()
    config.load(read_lines(text))
    return config


def test_a_file_may_have_lines_for_the_directives_of_a_module():
    server = MemoryServer(config_of(b"tally.most 33\nloadmodule modules.sample\n"))
    assert server.engine.config.int("tally.most") == 33
    with pytest.raises(ConfigError, match="must be between"):
        MemoryServer(config_of(b"tally.most 333\nloadmodule modules.sample\n"))
    with pytest.raises(ConfigError, match="no module that is loaded has it"):
        MemoryServer(config_of(b"tally.most 33\n"))


def test_it_stays_while_a_key_holds_a_value_of_its_type():
    _, client = serving(SAMPLE)
    call(client, "TALLY.ADD k 1")
    assert call(client, "MODULE UNLOAD tally").endswith(b"exports one or more module-side data types, can't unload\r\n")
    call(client, "DEL k")
    assert call(client, "MODULE UNLOAD tally") == b"+OK\r\n"


def test_it_stays_while_a_client_waits_in_one_of_its_commands():
    server, client = serving(SAMPLE)
    waiting = server.connect()
    call(waiting, "TALLY.WAIT k 1")
    assert b"the module has blocked clients" in call(client, "MODULE UNLOAD tally")
    server.advance(6)
    assert call(client, "MODULE UNLOAD tally") == b"+OK\r\n"


def test_a_transaction_that_holds_a_command_of_it_is_spoilt():
    server, client = serving(SAMPLE)
    other = server.connect()
    call(other, "MULTI")
    call(other, "TALLY.GET k")
    assert call(client, "MODULE UNLOAD tally") == b"+OK\r\n"
    assert call(other, "EXEC").startswith(b"-EXECABORT")


def test_introspection_shows_where_a_command_comes_from():
    _, client = serving(SAMPLE)
    info = call(client, "COMMAND INFO tally.add")
    assert b"+module\r\n" in info and b"+@tally\r\n" in info
    assert b"$6\r\nmodule\r\n$5\r\ntally\r\n" in call(client, "COMMAND DOCS tally.add")
    assert call(client, "COMMAND LIST FILTERBY MODULE tally").startswith(b"*11\r\n")
    assert call(client, "COMMAND GETKEYS tally.add k 1") == b"*1\r\n$1\r\nk\r\n"
    assert b"module:name=tally,ver=7," in call(client, "INFO modules")
    assert b"$7\r\nmodules\r\n*1\r\n*4\r\n$4\r\nname\r\n$5\r\ntally\r\n$3\r\nver\r\n:7\r\n" in call(client, "HELLO")
    assert call(client, "TALLY.BOX PUT x") == b"$1\r\nx\r\n"
    assert call(client, "TALLY.BOX GET x").startswith(b"-ERR unknown subcommand")


def test_access_rules_know_its_commands_and_categories():
    server, client = serving()
    call(client, "ACL SETUSER early on nopass ~* +@all")
    call(client, "MODULE LOAD modules.sample")
    call(client, "ACL SETUSER tom on nopass ~* +@tally")
    early, tom = server.connect(), server.connect()
    call(early, "AUTH early x")
    call(tom, "AUTH tom x")
    assert call(early, "TALLY.ADD k 1") == b":1\r\n"
    assert call(tom, "TALLY.ADD k 1") == b":2\r\n"
    assert call(tom, "TALLY.TWICE k x").startswith(b"-NOPERM")
    assert b"tally" in call(client, "ACL CAT")


def test_keyspace_events_are_heard_and_no_longer_after_it_is_gone():
    server, client = serving(SAMPLE)
    sample.events.clear()
    call(client, "TALLY.ADD k 1")
    assert (0, NOTIFY_MODULE, b"tally.add", b"k") in sample.events
    call(client, "DEL k")
    call(client, "MODULE UNLOAD tally")
    sample.events.clear()
    call(client, "SET k v")
    assert sample.events == []
    assert not server.engine.event_sinks


def test_a_timer_survives_its_own_exceptions_and_ends_with_the_module():
    server, client = serving(SAMPLE + b" tick")
    server.advance(1)
    assert call(client, "GET ticks") == b"$-1\r\n"
    assert any("defect in module tally" in text for _, text in server.logged)
    for _ in range(2):
        server.advance(1)
    assert call(client, "GET ticks") == b"$1\r\n3\r\n"
    call(client, "MODULE UNLOAD tally")
    server.advance(5)
    assert call(client, "GET ticks") == b"$1\r\n3\r\n"
