"""The conversation itself beside real servers: errors, unknown commands, inline commands, transactions."""

from __future__ import annotations

import pytest

from oracle.comparison import Peer


def test_pings_and_strings(oracle: Peer) -> None:
    oracle.compare(
        ["PING", "PING hello", "ECHO x", "SET k v", "GET k", "GET missing", "ECHO", "GET a b", [b"GET", b""]]
    )


def test_unknown_commands(oracle: Peer) -> None:
    oracle.compare(
        ["NOSUCH", "NOSUCH a b", [b"NO\r\nSUCH", b"\x00\xff"], [b"X" * 300, b"y" * 300], "nosuch " + "a " * 50]
    )


def test_transactions(oracle: Peer) -> None:
    oracle.compare(
        ["MULTI", "SET k v", "GET k", "MULTI", "EXEC", "EXEC", "DISCARD", "MULTI", "GET", "SET k w", "EXEC", "GET k"]
    )


@pytest.mark.parametrize(
    "stream",
    [
        b"PING\r\n",
        b"  PING   \r\n",
        b"\r\n\r\nPING\n",
        b'SET k "a\\x00b"\r\nGET k\r\n',
        b"SET k 'unbalanced\r\n",
        b"*0\r\n*-1\r\nPING\r\n",
        b"*1\r\n$4\r\nPING\r\n*1\r\n:4\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$536870913\r\n",
        b"*abc\r\n",
        b"*1048577\r\n",
        b"*2147483648\r\n",
        b"*1\r\n$4 \r\nPING\r\n",
        b"*1\r\n$4\r\nPINGxxPING\r\n",
        b"x" * 70_000,
        b"*" + b"1" * 70_000,
    ],
)
def test_streams_of_any_kind_are_answered_alike(oracle: Peer, stream: bytes) -> None:
    answers = []
    for backend in (oracle.theirs, oracle.ours):
        connection = backend.connect()
        connection.send(stream)
        backend.settle()
        received = connection.drain()
        backend.settle()
        answers.append((received + connection.drain(), connection.closed_by_server))
        connection.close()
    assert answers[0] == answers[1]
