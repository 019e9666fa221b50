"""DUMP, RESTORE and DEBUG of values: the same bytes to a real server and to us, payloads carried over both ways."""

from __future__ import annotations

import pytest

from oracle.comparison import Peer
from oracle.normalise import within
from oracle.test_oracle_payloads import bulk, data_set, keys_of, value_digest
from oracle.wire import Connection


def payload_of_hello(connection: Connection) -> bytes:
    connection(b"SET", b"source", b"hello")
    return bulk(connection(b"DUMP", b"source"))


def test_refusals_of_restore(oracle: Peer) -> None:
    connection = oracle.theirs.connect()
    good = payload_of_hello(connection)
    connection.close()
    rest = [
        [],
        [b"FOO"],
        [b"FREQ", b"256"],
        [b"FREQ", b"-1"],
        [b"FREQ", b"x"],
        [b"IDLETIME", b"-1"],
        [b"IDLETIME", b"1", b"FREQ", b"1"],
        [b"IDLETIME"],
        [b"REPLACE", b"replace", b"ABSTTL", b"abs"],
    ]
    commands: list[list[bytes]] = [[b"SET", b"there", b"v"]]
    for words in rest:
        for payload in (b"", b"abc", good, good[:-1], b"\x01" + good[1:]):
            for ttl in (b"0", b"-1", b"x", b"100000"):
                commands.append([b"RESTORE", b"new", ttl, payload, *words])
                commands.append([b"RESTORE", b"there", ttl, payload, *words])
    commands += [[b"RESTORE", b"a", b"0"], [b"DUMP"], [b"DUMP", b"none"], [b"GET", b"new"], [b"GET", b"there"]]
    oracle.compare(commands)


def test_times_to_live(oracle: Peer) -> None:
    connection = oracle.theirs.connect()
    good = payload_of_hello(connection)
    connection.close()
    oracle.compare(
        [
            [b"RESTORE", b"a", b"105000", good],
            [b"PTTL", b"a"],
            [b"RESTORE", b"a", b"0", good, b"REPLACE"],
            [b"PTTL", b"a"],
            [b"RESTORE", b"a", b"99999999999999", good, b"REPLACE", b"ABSTTL"],
            [b"PEXPIRETIME", b"a"],
            [b"RESTORE", b"b", b"1", good, b"ABSTTL"],
            [b"EXISTS", b"b"],
            [b"RESTORE", b"a", b"1", good, b"ABSTTL", b"REPLACE"],
            [b"EXISTS", b"a"],
            [b"RESTORE", b"c", b"0", good, b"IDLETIME", b"1000"],
            [b"OBJECT", b"IDLETIME", b"c"],
        ],
        normalise={b"PTTL": within(10_000), b"OBJECT": within(10)},
    )


def test_a_dump_of_the_same_value_is_the_same_payload(oracle: Peer) -> None:
    oracle.compare(
        [
            [b"SET", b"text", b"hello"],
            [b"DUMP", b"text"],
            [b"SET", b"number", b"-1234"],
            [b"DUMP", b"number"],
            [b"SADD", b"integers", b"3", b"1", b"2"],
            [b"DUMP", b"integers"],
            [b"RPUSH", b"list", b"a", b"1", b"b" * 100],
            [b"DUMP", b"list"],
            [b"HSET", b"hash", b"f", b"v"],
            [b"DUMP", b"hash"],
            [b"ZADD", b"scores", b"1", b"a", b"2.5", b"b"],
            [b"DUMP", b"scores"],
        ]
    )


@pytest.mark.parametrize("peer", ["oracle", "valkey_oracle"])
def test_values_are_carried_over_both_ways(peer: str, request: pytest.FixtureRequest) -> None:
    both: Peer = request.getfixturevalue(peer)
    theirs, ours = both.theirs.connect(), both.ours.connect()
    theirs(b"FLUSHALL"), ours(b"FLUSHALL")
    for command in data_set(7):
        theirs(*command)
    keys = keys_of(theirs)
    for key in keys:
        assert ours(b"RESTORE", key, b"0", bulk(theirs(b"DUMP", key))) == b"+OK\r\n", key
        if both.name == "redis" or not key.startswith(b"zset"):
            assert value_digest(ours, key) == value_digest(theirs, key), key
        if both.name == "redis" and not key.startswith((b"list", b"huge", b"set:1", b"set:5", b"string:5")):
            assert ours(b"OBJECT", b"ENCODING", key) == theirs(b"OBJECT", b"ENCODING", key), key
    if both.name == "redis":
        assert ours(b"DEBUG", b"DIGEST") == theirs(b"DEBUG", b"DIGEST")
    theirs(b"FLUSHALL")
    for key in keys:
        assert theirs(b"RESTORE", key, b"0", bulk(ours(b"DUMP", key))) == b"+OK\r\n", key
        if both.name == "redis" or not key.startswith(b"zset"):
            assert value_digest(ours, key) == value_digest(theirs, key), key
    theirs.close()
    ours.close()


def test_debug_of_values(oracle: Peer) -> None:
    oracle.compare(
        [
            [b"RPUSH", b"l", b"a"],
            [b"HSET", b"h", b"f", b"v"],
            [b"SET", b"s", b"v"],
            [b"DEBUG", b"LISTPACK", b"h"],
            [b"DEBUG", b"LISTPACK", b"s"],
            [b"DEBUG", b"LISTPACK", b"none"],
            [b"DEBUG", b"QUICKLIST", b"h"],
            [b"DEBUG", b"QUICKLIST", b"none"],
            [b"DEBUG", b"QUICKLIST-PACKED-THRESHOLD", b"10b"],
            [b"DEBUG", b"QUICKLIST-PACKED-THRESHOLD", b"abc"],
            [b"DEBUG", b"QUICKLIST-PACKED-THRESHOLD", b"5gb"],
            [b"DEBUG", b"QUICKLIST-PACKED-THRESHOLD", b"0"],
            [b"DEBUG", b"DIGEST-VALUE", b"l", b"none", b"h", b"s"],
            [b"DEBUG", b"DIGEST"],
        ]
    )
