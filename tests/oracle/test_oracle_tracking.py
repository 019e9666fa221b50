"""Client-side caching beside both real servers: who is told of which keys, when, and in which form."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.comparison import Peer
from oracle.wire import Command, script


@pytest.fixture(params=["redis", "valkey"])
def peer(request: pytest.FixtureRequest) -> Peer:
    fixture: Peer = request.getfixturevalue("oracle" if request.param == "redis" else "valkey_oracle")
    return fixture


def steps(text: str) -> list[tuple[int, str | Command]]:
    """Lines of `client: command`, several commands of a client parted by |."""
    found: list[tuple[int, str | Command]] = []
    for line in text.strip().split("\n"):
        client, _, commands = line.strip().partition(": ")
        found += [(int(client), command) for command in script(commands)]
    return found


def test_options_and_their_errors(peer: Peer) -> None:
    peer.compare(
        script(
            """
            CLIENT TRACKING|CLIENT TRACKING maybe|CLIENT TRACKING ON FOO|CLIENT TRACKING ON REDIRECT
            CLIENT TRACKING ON REDIRECT x|CLIENT TRACKING ON REDIRECT 99999999|CLIENT TRACKING ON PREFIX a
            CLIENT TRACKING ON BCAST OPTIN|CLIENT TRACKING ON OPTIN OPTOUT|CLIENT TRACKING OFF BCAST
            CLIENT TRACKING ON BCAST PREFIX a PREFIX ab|CLIENT TRACKING ON BCAST PREFIX a PREFIX a
            CLIENT TRACKING ON BCAST PREFIX a PREFIX b|CLIENT TRACKING ON BCAST PREFIX bc|CLIENT TRACKING ON BCAST PREFIX c
            CLIENT TRACKING ON|CLIENT TRACKINGINFO|CLIENT GETREDIR|CLIENT CACHING YES|CLIENT CACHING NO
            CLIENT TRACKING ON BCAST|CLIENT TRACKINGINFO|CLIENT TRACKING OFF PREFIX a|CLIENT TRACKINGINFO|CLIENT GETREDIR
            CLIENT CACHING YES|CLIENT TRACKING ON OPTIN NOLOOP|CLIENT TRACKING ON OPTOUT|CLIENT CACHING NO
            CLIENT CACHING MAYBE|CLIENT CACHING YES|CLIENT TRACKINGINFO|CLIENT TRACKINGINFO|GET k|CLIENT TRACKINGINFO
            CLIENT CACHING YES|NOSUCH|CLIENT TRACKINGINFO|CLIENT CACHING YES|MULTI|GET k|CLIENT TRACKINGINFO|EXEC
            CLIENT TRACKINGINFO|CLIENT TRACKING ON OPTIN|CLIENT TRACKINGINFO|CLIENT TRACKING ON|CLIENT TRACKINGINFO
            CLIENT TRACKING ON OPTOUT|CLIENT CACHING NO|CLIENT TRACKINGINFO|RESET|CLIENT TRACKINGINFO
            """
        ),
        ordered=True,
    )


def test_readers_are_told_once(peer: Peer) -> None:
    peer.compare_clients(
        steps(
            """
            0: CLIENT TRACKING ON|GET k|GET k|MGET a b c
            1: SET k 1|SET k 2|MSET a 1 b 2 d 3|DEL c|SET c 1|DEL c
            0: GET k|SET k 3|GET k|DEL k|GET missing|HGETALL h|LRANGE l 0 -1
            1: HSET h f v|HSET h f w|RPUSH l a|EXPIRE k 100|SET missing x|EXPIRE missing 100
            0: TTL missing|OBJECT ENCODING missing|EXISTS k|TYPE l
            1: PERSIST missing|SELECT 1|SET l other|SET k v
            0: CLIENT TRACKING OFF|GET k
            1: SELECT 0|SET k v
            """
        ),
        resp=3,
    )


def test_own_changes_are_told_after_the_reply(peer: Peer) -> None:
    peer.compare_clients(
        steps(
            """
            0: CLIENT TRACKING ON|GET k|SET k 1|GET k|MULTI|SET k 2|GET k|SET k 3|INCR other|EXEC|FLUSHALL
            0: GET k|MULTI|FLUSHALL|SET k 1|GET k|EXEC
            1: SET k 5
            0: CLIENT TRACKING ON NOLOOP|GET k|SET k 6|FLUSHDB
            1: SET k 7|FLUSHALL ASYNC
            0: BLPOP l 0
            1: RPUSH l a
            0: LRANGE l 0 -1|BLPOP l 0
            1: RPUSH l a
            """
        ),
        resp=3,
    )


def test_opting_in_and_out(peer: Peer) -> None:
    peer.compare_clients(
        steps(
            """
            0: CLIENT TRACKING ON OPTIN|GET a|CLIENT CACHING YES|GET b|GET c
            1: MSET a 1 b 1 c 1
            0: CLIENT CACHING YES|MULTI|GET a|GET b|EXEC|GET c
            1: MSET a 1 b 1 c 1
            0: MULTI|GET a|CLIENT CACHING YES|GET b|EXEC|GET c
            1: MSET a 1 b 1 c 1
            0: CLIENT CACHING YES|CLIENT GETNAME|GET a|CLIENT CACHING YES|PING|GET b
            1: MSET a 1 b 1 c 1
            0: CLIENT TRACKING OFF|CLIENT TRACKING ON OPTOUT|GET a|CLIENT CACHING NO|GET b|GET c
            1: MSET a 1 b 1 c 1
            """
        ),
        resp=3,
    )


def test_broadcasting(peer: Peer) -> None:
    peer.compare_clients(
        steps(
            """
            0: CLIENT TRACKING ON BCAST
            2: CLIENT TRACKING ON BCAST NOLOOP PREFIX us PREFIX obj
            1: SET k 1|SET user:1 x|SET object:1 x|SELECT 1|SET user:2 y|SELECT 0
            1: MULTI|SET z 1|SET user:1 1|SET y 1|INCR z|SET object:9 1|SET user:0 1|EXEC
            2: MULTI|SET z 1|SET user:1 1|SET y 1|INCR z|SET object:9 1|SET user:0 1|EXEC
            0: SET k 1|GET k|SET k 2|FLUSHALL
            2: FLUSHALL|SET user:1 1
            1: FLUSHDB|SWAPDB 0 1
            2: CLIENT TRACKING OFF
            1: SET user:1 1
            """
        ),
        resp=3,
    )


def test_redirection_to_a_subscriber(peer: Peer) -> None:
    """RESP2 clients are told on a channel of another connection, RESP3 ones by a push."""
    for resp in ({}, {2: 3}, {0: 3}):
        connections = []
        for backend in (peer.theirs, peer.ours):
            clients = [backend.connect() for _ in range(3)]
            for number, version in resp.items():
                clients[number](b"HELLO", b"%d" % version)
            receiver = clients[2](b"CLIENT", b"ID")[1:-2]
            received = [clients[2](b"SUBSCRIBE", b"__redis__:invalidate")]
            received.append(clients[0](b"CLIENT", b"TRACKING", b"ON", b"REDIRECT", receiver))
            assert clients[0](b"CLIENT", b"GETREDIR")[1:-2] == receiver
            clients[0].pipeline([[b"SET", b"k", b"1"], [b"GET", b"k"], [b"GET", b"l"]])
            clients[1].pipeline([[b"SET", b"k", b"1"], [b"SET", b"l", b"1"], [b"FLUSHALL"]])
            backend.settle()
            received += [frame for client in clients for frame in client.drain()]
            info = clients[0](b"CLIENT", b"TRACKINGINFO")
            received.append(info.replace(receiver, b"ID"))
            clients[2].close()
            backend.settle()
            clients[0](b"GET", b"k")
            clients[1](b"SET", b"k", b"3")
            backend.settle()
            received += [frame.replace(receiver, b"ID") for frame in clients[0].drain()]
            received.append(clients[0](b"CLIENT", b"TRACKINGINFO").replace(receiver, b"ID"))
            listed = clients[0](b"CLIENT", b"LIST")
            received += re.findall(rb"flags=t\w*", listed)
            connections.append(received)
            for client in clients[:2]:
                client.close()
            backend.settle()
        # The real servers write the null of the tracking client's protocol into the other one's stream.
        nulls = (b"$-1\r\n", b"_\r\n")
        assert [frame.replace(*nulls) for frame in connections[0]] == [
            frame.replace(*nulls) for frame in connections[1]
        ]


KEYS = ["a", "b", "ab", "c"]
COMMANDS = st.one_of(
    st.sampled_from(
        ["MULTI", "EXEC", "DISCARD", "FLUSHALL", "MGET a b c", "MSET a 1 ab 2", "SELECT 0", "SELECT 1", "PING"]
    ),
    st.sampled_from(["CLIENT CACHING YES", "CLIENT CACHING NO", "CLIENT TRACKINGINFO", "CLIENT TRACKING OFF"]),
    st.sampled_from(
        [
            "CLIENT TRACKING ON",
            "CLIENT TRACKING ON NOLOOP",
            "CLIENT TRACKING ON OPTIN",
            "CLIENT TRACKING ON OPTOUT",
            "CLIENT TRACKING ON BCAST",
            "CLIENT TRACKING ON BCAST PREFIX a",
            "CLIENT TRACKING ON BCAST NOLOOP PREFIX a PREFIX b",
        ]
    ),
    st.tuples(
        st.sampled_from(["GET {}", "SET {} 1", "DEL {}", "APPEND {} x", "LPUSH {} a", "STRLEN {}", "SET {} v PXAT 1"]),
        st.sampled_from(KEYS),
    ).map(lambda pair: pair[0].format(pair[1])),
)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 2), COMMANDS), min_size=4, max_size=40))
def test_any_sequence(oracle: Peer, sequence: list[tuple[int, str]]) -> None:
    """Two clients of RESP3 and one of RESP2; what any of them is told after any step is the same.

    A fourth one tracks all the time: with the last one we forget who has read what, Redis does not."""
    opening: list[tuple[int, str | Command]] = [(0, "DEBUG SET-ACTIVE-EXPIRE 0"), (3, "CLIENT TRACKING ON")]
    oracle.compare_clients([*opening, *sequence], resp={0: 3, 1: 3})
