"""Rules about databases beside Valkey 9.1, the only one that has them: how they are read and shown, what they forbid."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.comparison import Peer
from oracle.peers import VALKEY_COMMANDS
from oracle.test_oracle_acl import _log_entries, rules, steps
from oracle.wire import Command, script


@pytest.fixture(autouse=True)
def _no_users(valkey_oracle: Peer) -> Iterator[None]:
    yield
    for backend in (valkey_oracle.theirs, valkey_oracle.ours):
        connection = backend.connect()
        connection(b"ACL", b"DELUSER", b"u")
        connection(b"ACL", b"LOG", b"RESET")
        connection.close()


def our_texts(reply: bytes) -> bytes:
    """Valkey's texts in the words of redis-server 7.0, which are ours, and without the length of a text."""
    reply = re.sub(rb"^\$\d+\r\n", b"$?", reply)
    reply = re.sub(rb"User u (has no permissions to (run|access the))", rb"This user \1", reply)
    reply = reply.replace(b"-NOPERM This user", b"-NOPERM this user")
    for one in (b"key", b"channel"):
        ours = b"this user has no permissions to access one of the " + one + b"s used as arguments"
        reply = reply.replace(b"No permissions to access a " + one, ours)
    return reply


def test_rules_and_their_errors(valkey_oracle: Peer) -> None:
    given = (
        "db=0 db=1 db=1,5,3,3 alldbs ALLDBS resetdbs DB=4 db= db=, db=1, db=,1 db=1,,2 db=a db=-1 db=-0 db=16 db=01 db=+1"
        " db=--1 db=1+ db=0x1 db=1,a db=a,-1 db=-1,a db=2147483647 db=2147483648 db=99999999999999999999"
        " db=99999999999999999999,a db db+=1 db-=1 db=* db=0-3 dbs=1"
    )
    words: list[str | Command] = ["ACL SETUSER u", "ACL GETUSER u", "ACL LIST"]
    for rule in given.split():
        words += [f"ACL SETUSER u {rule}", f"ACL SETUSER u ({rule})", "ACL LIST", "ACL GETUSER u"]
    for text in (b"db= 1", b"db=1 ", b"db=1, 2", b"db=1\n", b"db= ", b"db=\t1", b"(db=0, 1)", b"(db=3,2 db=1,0 +get)"):
        words += [[b"ACL", b"SETUSER", b"u", text], "ACL LIST"]
    words += ["ACL SETUSER u clearselectors on db=1 db=2 resetkeys ~a &b +get", "ACL LIST", "ACL SETUSER u db=1 db=x"]
    valkey_oracle.compare([*words, "ACL LIST", "ACL GETUSER u"])
    valkey_oracle.compare(["ACL GETUSER u", "ACL SETUSER u (db=1)", "ACL GETUSER u"], resp=3)


def test_which_commands_use_the_current_database(valkey_oracle: Peer) -> None:
    """Every command that there is, with as many arguments as it wants at least."""
    ours = valkey_oracle.ours.connect()
    names = set(re.findall(rb"\$\d+\r\n([^\r]+)\r\n", ours(b"COMMAND", b"LIST")))
    asked: list[str | Command] = []
    for name in VALKEY_COMMANDS.split():
        if name.encode() in names:
            arity = abs(int(re.findall(rb":(-?\d+)", ours(b"COMMAND", b"INFO", name.encode()))[0]))
            parts = name.encode().split(b"|")
            asked.append([b"ACL", b"DRYRUN", b"u", *parts, *[b"1"] * (arity - len(parts))])
    ours.close()
    assert len(asked) > 350
    for rule in ("resetdbs", "db=0", "db=1", "db=0,1", "db=" + ",".join(map(str, range(16)))):
        setting = f"ACL SETUSER u reset {rule} allkeys allchannels +@all"
        valkey_oracle.compare([setting, *asked], normalise={b"ACL": our_texts})


def test_what_a_user_may_do(valkey_oracle: Peer) -> None:
    valkey_oracle.compare_clients(
        [
            *rules("on", "nopass", "allkeys", "allchannels", "+@all", "db=1"),
            *steps(
                """
                1: AUTH u x|PING|GET a|SET a 1|SELECT 0|SELECT 2|SELECT 16|SELECT -1|SELECT x|SELECT|DBSIZE|KEYS *|SCAN 0
                1: FLUSHDB|FLUSHALL|MULTI|GET a|SELECT 1|EXEC|PUBLISH a b|SUBSCRIBE a|UNSUBSCRIBE a|SWAPDB 0 1|SWAPDB 1 1
                1: SWAPDB 1 2|SWAPDB x 0|SWAPDB 0 x|SWAPDB 1 99|SWAPDB 99 2|MOVE a 1|MOVE a 2|MOVE a x|COPY a b|COPY a b DB 1
                1: COPY a b DB 2|COPY a b DB x|COPY a b REPLACE|SORT a STORE b|FUNCTION LIST|FUNCTION FLUSH|WATCH a|UNWATCH
                1: OBJECT HELP|MEMORY USAGE a|CLIENT TRACKING on|XREAD STREAMS a 0|RESTORE a 0 x|DUMP a|SELECT 1|SET a 1|GET a
                1: COPY a b DB 0|COPY a b|MOVE a 0|MOVE a 1|DBSIZE|FLUSHALL|MULTI|GET a|SELECT 1|EXEC|MULTI|SELECT 0|EXEC
                1: FLUSHDB|RESET|AUTH u x|GET a
                """
            ),
            *rules("db=0,1"),
            *steps(
                """
                1: SET a 1|COPY a b DB 1|COPY a b DB 2|COPY a b DB 0 DB 2|COPY a b DB 2 DB 0|COPY a b DB x|COPY a b DB 99
                1: COPY a b DB 2 FOO|COPY a b DB 2 DB|COPY a b DB 2 REPLACE|COPY a b DB 2 DB 99|COPY a b FOO DB 2|MOVE a 1
                1: MOVE b 2|MOVE b 02|SWAPDB 0 1|SWAPDB 0 2|FLUSHALL
                """
            ),
        ]
    )


def test_rules_that_change_within_a_transaction(valkey_oracle: Peer) -> None:
    valkey_oracle.compare_clients(
        [
            *rules("on", "nopass", "allkeys", "+@all", "db=0"),
            *steps("1: AUTH u x|MULTI|GET a|PING"),
            *rules("db=1"),
            *steps("1: EXEC|GET a|SELECT 1|MULTI|GET a|SELECT 1|GET a|EXEC"),
            *rules("alldbs"),
            *steps("1: MULTI|SELECT 2|GET a|SELECT 1"),
            *rules("db=1"),
            *steps("1: EXEC|GET a"),
        ]
    )


def test_who_waits_while_its_rules_change(valkey_oracle: Peer) -> None:
    valkey_oracle.compare_clients(
        [
            *rules("on", "nopass", "allkeys", "+@all", "db=0"),
            *steps("1: AUTH u x|BLPOP k 0"),
            *rules("db=1"),
            *steps("0: RPUSH k v|LLEN k"),
            *rules("db=0"),
            *steps("1: XREAD BLOCK 0 STREAMS s $"),
            *rules("resetdbs"),
            *steps("0: XADD s 1-1 f v|XLEN s"),
            *rules("alldbs"),
            *steps("1: BZPOPMIN z 0"),
            *rules("db=0"),
            *steps("0: MULTI|ZADD z 1 a|EXEC|ZCARD z"),
            *steps(
                "1: XREADGROUP GROUP g c BLOCK 0 STREAMS s >|XGROUP CREATE s g $|XREADGROUP GROUP g c BLOCK 0 STREAMS s >"
            ),
            *rules("-xreadgroup"),
            *steps("0: XADD s 2-1 f v|XPENDING s g"),
        ],
        normalise={b"XADD": our_texts},
    )


def test_scripts(valkey_oracle: Peer) -> None:
    def caught(command: str) -> Command:
        return [b"EVAL", b"return {pcall(redis.pcall, %s)}" % command.encode(), b"0"]

    def allowed(command: str) -> Command:
        return [b"EVAL", b"return redis.acl_check_cmd(%s)" % command.encode(), b"0"]

    asked = ("'SELECT', 1", "'SELECT', 2", "'GET', 'a'", "'FLUSHALL'", "'MOVE', 'a', 1", "'COPY', 'a', 'b', 'DB', 1")
    valkey_oracle.compare_clients(
        [
            *rules("on", "nopass", "allkeys", "+@all", "db=2,3"),
            *steps("1: AUTH u x|EVAL x 0|SELECT 2"),
            *[(1, caught(command)) for command in asked],
            *[(1, allowed(command)) for command in asked],
            (1, [b"EVAL", b"redis.call('SELECT', 3) return redis.call('SET', 'a', 1)", b"0"]),
            (1, [b"EVAL", b"redis.call('SELECT', 3) return redis.acl_check_cmd('GET', 'a')", b"0"]),
            *steps("1: DBSIZE|SELECT 3|DBSIZE"),
        ]
    )


def test_the_log(valkey_oracle: Peer) -> None:
    logs = []
    for backend in (valkey_oracle.theirs, valkey_oracle.ours):
        first, second = backend.connect(), backend.connect()
        first(b"ACL", b"SETUSER", b"u", b"on", b"nopass", b"allkeys", b"allchannels", b"+@all", b"db=1")
        for command in script(
            """
            AUTH u x|GET a|get b|SET a 1|SELECT 0|MOVE a 1|MOVE a 2|SWAPDB 0 1|COPY a b DB 2|FLUSHALL|EVAL x 0|OBJECT HELP
            MULTI|GET a|SELECT 0
            """
        ):
            second(*command.encode().split())
        shown = [b"count", b"reason", b"context", b"object", b"username"]
        logs.append([[entry[name] for name in shown] for entry in _log_entries(first(b"ACL", b"LOG", b"50"))])
        first(b"ACL", b"LOG", b"RESET")
        first.close()
        second.close()
    assert logs[0] == logs[1]


RULES = st.sampled_from(
    ["alldbs", "resetdbs", "db=0", "db=1", "db=0,1", "db=2", "~a*", "resetkeys", "+@all", "-@all", "+@read", "-copy", "+copy"]
    + ["allchannels", "resetchannels", "clearselectors", "(db=0 +@all ~b)", "(db=1 allkeys +copy &a)", "(resetdbs +@all ~*)"]
    + ["(alldbs +select +swapdb +flushall)", "(db=0,1,2 +@read %R~*)", "reset"]
)  # fmt: skip
TRIED = script(
    """
    GET a|GET b|SET a 1|COPY a b|COPY a b DB 1|COPY a b DB 0 DB 2|COPY b a DB 2 REPLACE|MOVE a 1|MOVE b 2|SELECT 0|SELECT 1
    SELECT 2|SELECT 77|SWAPDB 0 1|SWAPDB 1 2|FLUSHALL|FLUSHDB|PUBLISH a b|EVAL x 0|WATCH b|PING|KEYS *
    """
)


@settings(max_examples=100)
@given(st.lists(RULES, min_size=1, max_size=8))
def test_any_rules(valkey_oracle: Peer, words: list[str]) -> None:
    """After any sequence of changes the same is allowed, and the same is told."""
    setting: list[str | Command] = [f"ACL SETUSER u {word}" for word in words]
    asked: list[str | Command] = [f"ACL DRYRUN u {command}" for command in TRIED]
    asked += ["SELECT 1", *asked]
    valkey_oracle.compare(["ACL SETUSER u reset", *setting, *asked], normalise={b"ACL": our_texts})
