"""Transactions of several clients beside both real servers: what is queued, what breaks, what EXEC answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.comparison import Peer
from oracle.wire import Command, script

Step = tuple[int, str | Command]


@pytest.fixture(params=["redis", "valkey"])
def peer(request: pytest.FixtureRequest) -> Peer:
    fixture: Peer = request.getfixturevalue("oracle" if request.param == "redis" else "valkey_oracle")
    return fixture


def steps(text: str) -> list[Step]:
    """Lines of `client: command`, several commands of a client parted by |."""
    found: list[Step] = []
    for line in text.strip().split("\n"):
        client, _, commands = line.strip().partition(": ")
        found += [(int(client), command) for command in script(commands)]
    return found


#: When a key that is over is found by active expiry is chance.
QUIET: list[Step] = [(0, "DEBUG SET-ACTIVE-EXPIRE 0")]


def test_what_is_queued_and_what_spoils(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            EXEC|DISCARD|MULTI|MULTI|WATCH k|EXEC|MULTI|SET k|EXEC|MULTI|NOSUCH|SET k v|EXEC|GET k|MULTI|DISCARD|EXEC
            MULTI|SET k text|INCR k|LPUSH k a|GET k|EXEC|MULTI|EXEC x|PING|MULTI|SET k 2|EXEC x|EXEC|GET k|EXEC x|MULTI x
            MULTI|UNWATCH|WATCH|EXEC|WATCH|UNWATCH|DISCARD x|MULTI|DISCARD x|DISCARD|MULTI|SELECT 1|SET k one|EXEC|GET k|SELECT 0
            MULTI|BLPOP none 0|BRPOPLPUSH none to 0|XREAD BLOCK 0 STREAMS none $|EXEC|MULTI|PING|ECHO x|CLIENT GETNAME
            EXEC|MULTI|FLUSHALL|SET a 1|EXEC|DBSIZE|MULTI|RESET|EXEC|MULTI|SUBSCRIBE c|PUBLISH d x|GET k|UNSUBSCRIBE c|EXEC|PING
            MULTI|MONITOR|EXEC|MULTI|HELLO 2|EXEC|MULTI|OBJECT FREQ a|CONFIG|CONFIG NOSUCH|EXEC|MULTI|QUIT
            """
        ),
        normalise={b"EXEC": lambda reply: reply if b"server" not in reply else b"hello"},
    )


def test_watched_keys(peer: Peer) -> None:
    peer.compare_clients(
        [
            *QUIET,
            *steps(
                """
                0: SET k 1|WATCH k
                1: GET k|TTL k|EXPIRE none 1
                0: MULTI|GET k|EXEC|WATCH k
                1: SET k 1
                0: MULTI|GET k|EXEC|MULTI|GET k|EXEC|WATCH k|UNWATCH
                1: SET k 2
                0: MULTI|GET k|EXEC|WATCH k
                1: EXPIRE k 100
                0: MULTI|GET k|EXEC|WATCH k
                1: EXPIRE k 50 GT
                0: MULTI|PING|EXEC|WATCH k
                1: PERSIST k
                0: MULTI|PING|EXEC|WATCH k
                0: SET k own|MULTI|PING|EXEC|WATCH none
                1: SET none x
                0: MULTI|PING|DISCARD|MULTI|PING|EXEC|WATCH k
                1: DEL nothing|SELECT 1|SET k elsewhere|SELECT 0
                0: MULTI|PING|EXEC|WATCH k none|WATCH gone
                1: FLUSHALL
                0: MULTI|PING|EXEC|WATCH gone
                1: FLUSHALL
                0: MULTI|PING|EXEC|SET k v|WATCH k
                1: SELECT 1|FLUSHDB|SELECT 0
                0: MULTI|PING|EXEC|WATCH k
                1: FLUSHDB
                0: MULTI|PING|EXEC|SET k v|WATCH k
                1: SWAPDB 0 1
                0: MULTI|PING|EXEC|WATCH k
                1: SWAPDB 0 1
                0: MULTI|PING|EXEC|WATCH nowhere
                1: SWAPDB 0 1|SWAPDB 0 0
                0: MULTI|PING|EXEC|WATCH k
                1: SWAPDB 0 1
                0: MULTI|PING|EXEC|SET k v|WATCH k
                1: RENAME k l|RENAME l k
                0: MULTI|PING|EXEC|WATCH k
                1: SORT none STORE k
                0: MULTI|PING|EXEC|RPUSH li a b|WATCH li
                1: LREM li 0 c|LPOS li a
                0: MULTI|PING|EXEC|WATCH li
                1: MULTI|RPUSH li c|EXEC
                0: MULTI|PING|EXEC|WATCH li
                0: RESET|MULTI|PING|EXEC
                """
            ),
        ]
    )


def test_watched_keys_that_expire(peer: Peer) -> None:
    peer.compare_clients(
        [
            *QUIET,
            *steps(
                """
                0: SET k v PXAT 1|WATCH k
                1: GET k
                0: MULTI|PING|EXEC|SET k v PXAT 1|WATCH k|MULTI|PING|EXEC|SET k v|WATCH k
                1: PEXPIREAT k 1
                0: MULTI|PING|EXEC|SET k v PXAT 1|WATCH k
                1: SET k v
                0: MULTI|PING|EXEC|SET k v PXAT 1|WATCH k
                1: DEL k
                0: MULTI|PING|EXEC|SET k v PXAT 1|WATCH k
                1: FLUSHALL
                0: MULTI|PING|EXEC|SET k v PXAT 1|WATCH k
                1: SWAPDB 0 1
                0: MULTI|PING|EXEC
                """
            ),
        ]
    )


def test_blocked_clients_wake_after_a_transaction(peer: Peer) -> None:
    peer.compare_clients(
        steps(
            """
            0: BLPOP l 0
            1: MULTI|RPUSH l a|DEL l|EXEC|MULTI|RPUSH l a b|LPOP l|EXEC|LRANGE l 0 -1|WATCH l
            2: BRPOP l 0
            0: RPUSH l c
            1: MULTI|PING|EXEC
            """
        )
    )


COMMANDS = st.one_of(
    st.sampled_from(["MULTI", "EXEC", "DISCARD", "WATCH a", "WATCH b", "UNWATCH", "WATCH a b", "EXEC", "MULTI"]),
    st.sampled_from(["SET a 1", "SET b 1", "DEL a", "INCR b", "GET a", "GET b", "APPEND a x", "SET a 1 PXAT 1", "LPUSH b x"]),
    st.sampled_from(["FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "SELECT 0", "SELECT 1", "RENAME a b", "COPY a b", "EXPIRE a 100", "MOVE a 1"]),
    st.sampled_from(["GET", "NOSUCH", "PING", "RESET", "EXEC x", "TTL a", "PERSIST a", "CLIENT GETNAME", "EXISTS a b"]),
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 1), COMMANDS), min_size=4, max_size=30))
def test_any_sequence_of_two_clients(oracle: Peer, sequence: list[tuple[int, str]]) -> None:
    oracle.compare_clients([*QUIET, *sequence])
