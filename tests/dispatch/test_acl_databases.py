"""Rules of users about databases: which commands use which, and what is said of those that may not be used."""

from __future__ import annotations

import pytest

from dispatch.test_acl import client_as, restricted, set_user
from miniredis.testing.memory import MemoryServer

NO_DATABASE = b"-NOPERM No permissions to access database\r\n"
EVERYTHING = (b"allkeys", b"allchannels", b"+@all")


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        (b"alldbs", b"resetchannels -@all"),
        (b"resetdbs", b"resetchannels resetdbs -@all"),
        (b"db=3,0,3", b"resetchannels db=0,3 -@all"),
        (b"db=1 db=2", b"resetchannels db=2 -@all"),
        (b"DB=+01", b"resetchannels db=1 -@all"),
        (b"db=1 alldbs", b"resetchannels -@all"),
        (b"(db=1 +get ~x)", b"resetchannels -@all (~x resetchannels db=1 -@all +get)"),
    ],
)
def test_rules_are_read_and_shown(rules: bytes, shown: bytes) -> None:
    server = MemoryServer()
    set_user(server, *rules.split(b" "))
    assert server.connect().call(b"ACL", b"LIST").endswith(b"user u off " + shown + b"\r\n")


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (b"db=", b"Syntax error"),
        (b"db=a", b"Syntax error"),
        (b"db=1,,2", b"Syntax error"),
        (b"(db=x)", b"Syntax error"),
        (b"db=-1", b"The provided database ID is out of range"),
        (b"db=2147483648", b"The provided database ID is out of range"),
        (b"db=" + b"9" * 5000, b"The provided database ID is out of range"),
    ],
)
def test_rules_that_say_nothing_are_refused(rule: bytes, why: bytes) -> None:
    reply = MemoryServer().connect().call(b"ACL", b"SETUSER", b"u", rule)
    assert reply == b"-ERR Error in ACL SETUSER modifier '" + rule + b"': " + why + b"\r\n"


def test_a_client_stays_in_its_databases() -> None:
    server, client = restricted(*EVERYTHING, b"db=0,2")
    for words in (
        (b"SELECT", b"1"),
        (b"MOVE", b"k", b"1"),
        (b"COPY", b"k", b"l", b"DB", b"1"),
        (b"SWAPDB", b"2", b"1"),
    ):
        assert client.call(*words) == NO_DATABASE
    assert client.call(b"FLUSHALL") == NO_DATABASE
    assert client.call(b"SET", b"k", b"v") == b"+OK\r\n"
    assert client.call(b"COPY", b"k", b"l", b"DB", b"2", b"REPLACE") == b":1\r\n"
    assert client.call(b"SELECT", b"2") == b"+OK\r\n"
    assert client.call(b"DBSIZE") == b":1\r\n"
    assert client.call(b"FLUSHDB") == b"+OK\r\n"
    set_user(server, b"db=0")
    assert client.call(b"DBSIZE") == NO_DATABASE
    assert client.call(b"PING") == b"+PONG\r\n"
    assert client.call(b"SELECT", b"x").startswith(b"-ERR")
    assert client.call(b"SELECT", b"0") == b"+OK\r\n"


def test_what_uses_no_database_is_free_everywhere() -> None:
    _, client = restricted(*EVERYTHING, b"resetdbs")
    for words in (
        (b"PING",),
        (b"PUBLISH", b"c", b"x"),
        (b"CLIENT", b"ID"),
        (b"MULTI",),
        (b"DISCARD",),
        (b"SPUBLISH", b"c", b"x"),
    ):
        assert not client.call(*words).startswith(b"-")
    for words in (
        (b"GET", b"k"),
        (b"KEYS", b"*"),
        (b"WATCH", b"k"),
        (b"EVAL", b"return 1", b"0"),
        (b"OBJECT", b"HELP"),
    ):
        assert client.call(*words) == NO_DATABASE


def test_a_transaction_is_held_to_the_database_it_selects() -> None:
    server, client = restricted(*EVERYTHING, b"db=0,2")
    client.call(b"MULTI")
    client.call(b"SELECT", b"2")
    client.call(b"SET", b"k", b"v")
    assert client.call(b"EXEC") == b"*2\r\n+OK\r\n+OK\r\n"
    client.call(b"MULTI")
    assert client.call(b"SELECT", b"1") == NO_DATABASE
    assert client.call(b"EXEC").startswith(b"-EXECABORT")
    client.call(b"MULTI")
    client.call(b"SET", b"k", b"w")
    set_user(server, b"db=0")
    assert b"no permission to access the database" in client.call(b"EXEC")


def test_a_script_is_held_to_the_databases_of_its_user() -> None:
    _, client = restricted(*EVERYTHING, b"db=0")
    assert b"No permissions to access database" in client.call(b"EVAL", b"return redis.call('select', 1)", b"0")
    assert client.call(b"EVAL", b"return redis.call('dbsize')", b"0") == b":0\r\n"


def test_denials_are_logged_and_counted() -> None:
    server, client = restricted(*EVERYTHING, b"db=2")
    client.call(b"DBSIZE")
    client.call(b"SELECT", b"1")
    admin = server.connect()
    first, second = admin.call(b"ACL", b"LOG").split(b"$5\r\ncount\r\n")[1:]
    assert b"$8\r\ndatabase\r\n" in first
    assert b"$6\r\nobject\r\n$1\r\n1\r\n" in first
    assert b"$6\r\nobject\r\n$6\r\ndbsize\r\n" in second
    assert b"acl_access_denied_db:2\r\n" in admin.call(b"INFO", b"stats")


def test_dryrun_names_the_database() -> None:
    server, _ = restricted(*EVERYTHING, b"db=2")
    admin = server.connect()
    assert (
        admin.call(b"ACL", b"DRYRUN", b"u", b"SELECT", b"1")
        == b"$46\r\nUser u has no permissions to access database 1\r\n"
    )
    assert (
        admin.call(b"ACL", b"DRYRUN", b"u", b"get", b"k")
        == b"$48\r\nUser u has no permissions to access database get\r\n"
    )
    assert b"databases\r\n$4\r\ndb=2\r\n" in admin.call(b"ACL", b"GETUSER", b"u")
    set_user(server, b"resetdbs")
    assert b"databases\r\n$0\r\n\r\n" in admin.call(b"ACL", b"GETUSER", b"u")


def test_a_selector_has_databases_of_its_own() -> None:
    server, client = restricted(b"~*", b"+get", b"+select", b"db=0", b"(db=2 +@all ~*)")
    assert client.call(b"SET", b"k", b"v").startswith(b"-NOPERM this user has no permissions to run the 'set' command")
    assert client.call(b"SELECT", b"2") == b"+OK\r\n"
    assert client.call(b"SET", b"k", b"v") == b"+OK\r\n"
    set_user(server, b"reset", b"on", b">secret", *EVERYTHING)
    assert client_as(server).call(b"SELECT", b"5") == b"+OK\r\n"
