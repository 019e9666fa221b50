"""Channels beside both real servers: who gets which message, counts, what a subscriber may call, RESET."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.comparison import Peer
from oracle.normalise import unordered, unordered_pairs
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


ORDER_OPEN = {b"PUBSUB": lambda reply: min(unordered(reply), unordered_pairs(reply))}


@pytest.mark.parametrize("resp", [2, 3])
def test_subscriptions_and_messages(peer: Peer, resp: int) -> None:
    peer.compare_clients(
        steps(
            """
            0: SUBSCRIBE a b a
            1: PSUBSCRIBE a* [b] a*
            2: SSUBSCRIBE a s
            3: PUBLISH a 1|PUBLISH b 2|PUBLISH c 3|SPUBLISH a 4|SPUBLISH s 5|SPUBLISH x 6|PUBLISH s 7
            3: PUBSUB CHANNELS|PUBSUB CHANNELS a*|PUBSUB CHANNELS x*|PUBSUB NUMSUB|PUBSUB NUMSUB a b c a|PUBSUB NUMPAT
            3: PUBSUB SHARDCHANNELS|PUBSUB SHARDCHANNELS s*|PUBSUB SHARDNUMSUB|PUBSUB SHARDNUMSUB a s x|PUBSUB NOSUCH|PUBSUB
            3: PUBSUB CHANNELS a b|PUBSUB NUMPAT x|PUBLISH|PUBLISH a|PUBLISH a b c|SPUBLISH a
            0: UNSUBSCRIBE a x|UNSUBSCRIBE|UNSUBSCRIBE|UNSUBSCRIBE x y
            1: PUNSUBSCRIBE x a*|PUNSUBSCRIBE|PUNSUBSCRIBE
            2: SUNSUBSCRIBE x a|SUNSUBSCRIBE|SUNSUBSCRIBE
            3: PUBSUB CHANNELS|PUBSUB NUMPAT|PUBSUB SHARDCHANNELS|PUBLISH a 1|SPUBLISH s 1
            0: SUBSCRIBE a|PSUBSCRIBE b|SSUBSCRIBE c|UNSUBSCRIBE|PUNSUBSCRIBE|SUNSUBSCRIBE|PING
            """
        ),
        resp=resp,
        normalise=ORDER_OPEN,
    )


def test_what_a_subscriber_of_resp2_may_call(oracle: Peer) -> None:
    oracle.compare_clients(
        steps(
            """
            0: SUBSCRIBE a|GET k|SET k v|PING|PING x|PING x y|ECHO x|PUBLISH a x|CLIENT ID|HELLO 3|AUTH x|SELECT 1|MULTI|EXEC
            0: NOSUCH|GET|UNSUBSCRIBE x|QUIT x|CONFIG GET x|RESET|PING|GET k|PUBSUB NUMSUB a
            1: PSUBSCRIBE a*|GET k|PUNSUBSCRIBE|GET k|SSUBSCRIBE s|GET k|SUBSCRIBE b|SUNSUBSCRIBE s|GET k|UNSUBSCRIBE|GET k
            1: MULTI|SUBSCRIBE x|GET k|PING|UNSUBSCRIBE|GET k|EXEC|GET k|SUBSCRIBE x|QUIT
            """
        )
    )


def test_a_subscriber_of_resp3_may_call_everything(oracle: Peer) -> None:
    oracle.compare_clients(
        steps(
            """
            0: SUBSCRIBE a|GET k|SET k v|PING|PING x|PUBLISH b x|CLIENT GETNAME|MULTI|GET k|EXEC|RESET|PING|HELLO 3
            0: PSUBSCRIBE a*|SSUBSCRIBE a
            1: PUBLISH a 1|SPUBLISH a 1|PUBLISH ab 1
            0: HELLO 2|PING|GET k|RESET
            1: PUBLISH a 1
            """
        ),
        resp=3,
        normalise={b"HELLO": lambda reply: reply[:1]},
    )


@pytest.mark.parametrize("resp", [2, 3])
def test_who_wants_no_replies_is_told_of_subscriptions(peer: Peer, resp: int) -> None:
    peer.compare_clients(
        steps(
            """
            0: CLIENT REPLY OFF|SUBSCRIBE a b|PING|UNSUBSCRIBE a|PSUBSCRIBE p*|SSUBSCRIBE s|SUBSCRIBE|SUNSUBSCRIBE s
            1: PUBLISH b m
            0: UNSUBSCRIBE b|PUNSUBSCRIBE|UNSUBSCRIBE|MULTI|SUBSCRIBE a|PING|UNSUBSCRIBE|EXEC|PING|CLIENT REPLY ON
            0: CLIENT REPLY SKIP|SUBSCRIBE a|PING|CLIENT REPLY SKIP|UNSUBSCRIBE a|PING
            """
        ),
        resp=resp,
    )


def test_who_wants_no_replies_waits_for_none(peer: Peer) -> None:
    peer.compare_clients(
        steps(
            """
            0: CLIENT REPLY SKIP|BLPOP k 0
            1: RPUSH k v
            0: PING|CLIENT REPLY OFF|BLPOP k 0
            1: RPUSH k v
            0: PING|CLIENT REPLY ON|PING
            """
        )
    )


@pytest.mark.parametrize("resp", [2, 3])
def test_subscriptions_within_a_transaction(peer: Peer, resp: int) -> None:
    peer.compare_clients(
        steps("0: MULTI|SUBSCRIBE a|PSUBSCRIBE b|SSUBSCRIBE c|SUNSUBSCRIBE|UNSUBSCRIBE|EXEC|PUNSUBSCRIBE|PING"),
        resp=resp,
    )


def test_the_order_of_what_is_given_up(peer: Peer) -> None:
    """Without names, each channel is confirmed; Redis leaves the order open."""
    peer.compare_clients(
        steps("0: SUBSCRIBE a|SUBSCRIBE b|UNSUBSCRIBE b|SUBSCRIBE b|PSUBSCRIBE p q|UNSUBSCRIBE a|UNSUBSCRIBE b")
    )


COMMANDS = st.one_of(
    st.sampled_from(
        ["SUBSCRIBE a", "SUBSCRIBE a b", "UNSUBSCRIBE a", "UNSUBSCRIBE b c", "PSUBSCRIBE a?", "PSUBSCRIBE a b"]
    ),
    st.sampled_from(
        ["PUNSUBSCRIBE a?", "PUNSUBSCRIBE b", "SSUBSCRIBE a", "SUNSUBSCRIBE a", "RESET", "PING", "PING x", "GET k"]
    ),
    st.sampled_from(
        ["PUBLISH a 1", "PUBLISH b 2", "PUBLISH ab 3", "SPUBLISH a 4", "PUBSUB NUMSUB a b", "PUBSUB NUMPAT"]
    ),
    st.sampled_from(
        ["PUBSUB SHARDNUMSUB a b", "MULTI", "EXEC", "SET k v", "HELLO 3", "HELLO 2", "BLPOP q 0", "RPUSH q v"]
    ),
    st.sampled_from(["CLIENT REPLY SKIP", "CLIENT REPLY ON", "CLIENT REPLY OFF"]),
)


def without_replies_in_transactions(sequence: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Newer servers, and ours, refuse CLIENT REPLY there."""
    within: set[int] = set()
    found: list[tuple[int, str]] = []
    for client, command in sequence:
        if command == "MULTI":
            within.add(client)
        elif command in ("EXEC", "RESET"):
            within.discard(client)
        if client not in within or not command.startswith("CLIENT REPLY"):
            found.append((client, command))
    return found


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 2), COMMANDS), min_size=4, max_size=30).map(without_replies_in_transactions))
def test_any_sequence_of_three_clients(oracle: Peer, sequence: list[tuple[int, str]]) -> None:
    oracle.compare_clients(sequence, normalise={b"HELLO": lambda reply: reply[:1]})
