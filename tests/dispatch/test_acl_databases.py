"""Users who may use some databases only: what they are kept from, how the rules are shown, kept and changed."""

from __future__ import annotations

import pytest

from miniredis.config.config import Config
from miniredis.dispatch.acl_databases import copy_targets, denied_database
from miniredis.dispatch.gates import GATE_ACL
from miniredis.testing.memory import MemoryClient, MemoryServer

DENIED = b"-NOPERM No permissions to access database\r\n"


def ask(client: MemoryClient, text: str) -> bytes:
    return client.call(*text.encode().split())


def client_with(server: MemoryServer, rules: str) -> MemoryClient:
    """A client of the user `u`, who has these rules beside all commands, keys and channels."""
    assert ask(server.connect(), f"ACL SETUSER u reset on nopass ~* &* +@all {rules}") == b"+OK\r\n"
    client = server.connect()
    assert ask(client, "AUTH u x") == b"+OK\r\n"
    return client


def test_what_is_in_the_current_database() -> None:
    client = client_with(MemoryServer(), "db=1")
    for command in ("GET a", "SET a 1", "KEYS *", "SCAN 0", "DBSIZE", "FLUSHDB", "RANDOMKEY", "EVAL x 0", "WATCH a"):
        assert ask(client, command) == DENIED
    for command in ("PING", "CLIENT ID", "PUBLISH a b", "SPUBLISH a b", "MULTI", "DISCARD", "UNWATCH", "COMMAND COUNT"):
        assert not ask(client, command).startswith(b"-")
    assert ask(client, "SELECT 1") == ask(client, "SET a 1") == b"+OK\r\n"
    assert ask(client, "GET a") == b"$1\r\n1\r\n"


def test_databases_that_are_named() -> None:
    client = client_with(MemoryServer(), "db=0,1")
    for command in (
        "SELECT 2",
        "SWAPDB 0 2",
        "SWAPDB 2 0",
        "MOVE a 2",
        "COPY a b DB 2",
        "COPY a b REPLACE DB 2 REPLACE",
    ):
        assert ask(client, command) == DENIED
    assert ask(client, "SELECT 99") == b"-ERR DB index is out of range\r\n"
    assert ask(client, "SWAPDB x 2") == b"-ERR invalid first DB index\r\n"
    assert ask(client, "COPY a b DB 2 NOSUCH") == ask(client, "COPY a b DB 2 DB") == b"-ERR syntax error\r\n"
    assert ask(client, "SWAPDB 0 1") == ask(client, "SELECT 1") == b"+OK\r\n"
    assert ask(client, "MOVE a 0") == ask(client, "COPY a b DB 0") == b":0\r\n"


def test_who_moves_needs_both_databases_and_who_swaps_not_the_current_one() -> None:
    client = client_with(MemoryServer(), "db=1,2")
    assert ask(client, "MOVE a 1") == ask(client, "COPY a b DB 1") == DENIED
    assert ask(client, "SWAPDB 1 2") == b"+OK\r\n"


def test_everything_can_only_be_flushed_by_who_may_use_every_database() -> None:
    server = MemoryServer()
    assert ask(client_with(server, "db=0,1,2"), "FLUSHALL") == DENIED
    every = ",".join(map(str, range(len(server.engine.keyspace.databases))))
    assert ask(client_with(server, f"db={every}"), "FLUSHALL") == b"+OK\r\n"


def test_one_selector_must_allow_all_of_it() -> None:
    client = client_with(MemoryServer(), "db=0 (~b db=0,1 +copy +get)")
    assert ask(client, "COPY a b DB 1") == (
        b"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"
    )
    assert ask(client, "COPY b b DB 1") == b":0\r\n"
    assert ask(client, "SWAPDB 0 1") == b"-NOPERM this user has no permissions to run the 'swapdb' command\r\n"
    assert ask(client, "GET a") == b"$-1\r\n"


def test_a_transaction_is_checked_in_the_database_where_it_is_queued_and_where_it_runs() -> None:
    server = MemoryServer()
    client = client_with(server, "db=0")
    assert ask(client, "MULTI") == b"+OK\r\n"
    assert ask(client, "GET a") == b"+QUEUED\r\n"
    assert ask(server.connect(), "ACL SETUSER u db=1") == b"+OK\r\n"
    refused = ask(client, "EXEC")
    assert refused.startswith(b"*1\r\n-NOPERM ACLs rules changed between the moment the transaction was accumulated")
    assert refused.endswith(b"for the following reason: no permission\r\n")
    ask(client, "MULTI")
    assert ask(client, "GET a") == DENIED
    assert ask(client, "EXEC").startswith(b"-EXECABORT")


def test_dry_runs_and_the_log_name_the_database() -> None:
    server = MemoryServer()
    client = client_with(server, "db=1")
    other = server.connect()
    denied = b"User u has no permissions to access database "
    assert ask(other, "ACL DRYRUN u SELECT 2").endswith(denied + b"2\r\n")
    assert ask(other, "ACL DRYRUN u get k").endswith(denied + b"get\r\n")
    ask(other, "SELECT 1")
    assert ask(other, "ACL DRYRUN u get k") == b"+OK\r\n"
    assert ask(client, "SELECT 2") == ask(client, "get k") == DENIED
    log = ask(other, "ACL LOG")
    assert log.count(b"$6\r\nreason\r\n$8\r\ndatabase\r\n") == 2
    assert b"$6\r\nobject\r\n$3\r\nget\r\n" in log and b"$6\r\nobject\r\n$1\r\n2\r\n" in log


def test_rules_are_shown_so_that_they_make_the_same_user_again() -> None:
    server = MemoryServer()
    client = server.connect()
    ask(client, "ACL SETUSER a on db=3,1,1 (resetdbs +get) (alldbs) (db=0 ~x)")
    ask(client, "ACL SETUSER b resetdbs")
    shown = server.engine.acl.describe()
    assert shown[0] == (
        b"user a on resetchannels db=1,3 -@all (resetchannels resetdbs -@all +get) (resetchannels -@all) "
        b"(~x resetchannels db=0 -@all)"
    )
    assert shown[1] == b"user b off resetchannels resetdbs -@all"
    again = MemoryServer()
    again.engine.acl.load_text(b"\n".join(shown))
    assert again.engine.acl.describe() == shown
    config = Config()
    config.assign_lines("user", [line.split(b" ")[1:] for line in shown[:2]])
    from_lines = MemoryServer(config).engine.acl
    assert from_lines.describe() == shown
    assert [b"user " + b" ".join(words) for words in from_lines.config_lines()] == shown


def test_a_gate_is_only_there_while_a_database_is_closed() -> None:
    server = MemoryServer()
    client = client_with(server, "db=0")
    assert client.session.gates & GATE_ACL
    ask(server.connect(), "ACL SETUSER u alldbs")
    assert client.session.gates == 0
    ask(server.connect(), "ACL SETUSER u resetdbs")
    assert ask(client, "GET a") == DENIED
    ask(server.connect(), "ACL SETUSER u reset on nopass ~* &* +@all")
    assert client.session.gates == 0


@pytest.mark.parametrize("rule", ["db=", "db=1,", "db=,", "db=x", "db=1x", "db=0x1", "db=0-3", "db"])
def test_rules_that_are_no_rules(rule: str) -> None:
    refused = b"-ERR Error in ACL SETUSER modifier '%b': Syntax error\r\n" % rule.encode()
    assert ask(MemoryServer().connect(), f"ACL SETUSER u {rule}") == refused


@pytest.mark.parametrize("rule", ["db=-1", "db=0,2147483648", "db=99999999999999999999"])
def test_numbers_that_no_database_can_have(rule: str) -> None:
    reason = b"The provided database ID is out of range"
    refused = b"-ERR Error in ACL SETUSER modifier '%b': %b\r\n" % (rule.encode(), reason)
    assert ask(MemoryServer().connect(), f"ACL SETUSER u {rule}") == refused


def test_who_waits_is_served_what_it_may_have_then() -> None:
    server = MemoryServer()
    client, other = client_with(server, "db=0"), server.connect()
    ask(client, "BLPOP l 0")
    ask(other, "ACL SETUSER u db=1")
    assert ask(other, "RPUSH l v") == b":1\r\n"
    assert client.received() == DENIED
    assert ask(other, "LLEN l") == ask(other, "DEL l") == b":1\r\n"
    ask(other, "ACL SETUSER u alldbs")
    ask(client, "BLPOP l 0")
    ask(other, "ACL SETUSER u -blpop")
    assert ask(other, "RPUSH l v") == b":1\r\n"
    assert client.received() == b"-NOPERM this user has no permissions to run the 'blpop' command\r\n"
    assert b"$5\r\nblpop\r\n" in ask(other, "ACL LOG")
    ask(other, "DEL l")
    ask(other, "ACL SETUSER u +blpop -debug")
    ask(client, "BLPOP m l 0")
    ask(other, "ACL SETUSER u resetkeys ~l")
    ask(other, "RPUSH l v")
    assert client.received() == b"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"
    ask(other, "DEL l")
    ask(client, "BLPOP l 0")
    ask(other, "RPUSH l v")
    assert client.received() == b"*2\r\n$1\r\nl\r\n$1\r\nv\r\n"


def test_patterns_of_sort_are_for_who_may_use_the_database() -> None:
    client = client_with(MemoryServer(), "resetkeys ~l db=0 (+sort ~* db=1)")
    assert ask(client, "SORT l BY w_*").startswith(b"-ERR BY option of SORT denied due to insufficient")


def test_what_a_copy_names() -> None:
    assert copy_targets([b"COPY", b"a", b"b", b"db", b"1", b"REPLACE", b"DB", b"2"]) == [4, 7]
    assert copy_targets([b"COPY", b"a", b"b", b"DB"]) == []
    commands = MemoryServer().engine.commands
    argv = [b"MOVE", b"a", b"2"]
    assert denied_database(commands.find(argv), argv, 0, 16, [0]) == 2
    assert denied_database(commands.find(argv), argv, 0, 16, [2]) == 0
    assert denied_database(commands.find(argv), argv, 0, 2, [0]) == -1
