"""A node of a cluster beside a real one: the same requests, the same replies and errors.

Each is alone and serves all slots.  Names of nodes, ports and times differ, and are masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from cluster.harness import MemoryNode, alone, quick_config
from oracle.servers import ServerProcess, free_port, redis_server, valkey_server
from oracle.wire import SocketConnection

MASKS = (
    (re.compile(rb"\$\d+\r\n([0-9a-f]{40} )"), rb"$<length>\r\n\1"),
    (re.compile(rb"[0-9a-f]{40}"), b"<id>"),
    (re.compile(rb":\d+@\d+"), b":<ports>"),
    (re.compile(rb":\d{4,5}\r\n"), b":<port>\r\n"),
)

#: Both are asked in this order; what the first changes the next sees.
REQUESTS = """
CLUSTER
CLUSTER FOO
CLUSTER KEYSLOT
CLUSTER KEYSLOT foo
CLUSTER KEYSLOT {user}.name
CLUSTER COUNTKEYSINSLOT x
CLUSTER COUNTKEYSINSLOT 16384
CLUSTER GETKEYSINSLOT 1 -1
CLUSTER GETKEYSINSLOT 1 x
CLUSTER ADDSLOTS 1
CLUSTER ADDSLOTS x
CLUSTER ADDSLOTS 16384
CLUSTER ADDSLOTS -1
CLUSTER ADDSLOTSRANGE 3
CLUSTER ADDSLOTSRANGE 5 3
CLUSTER ADDSLOTSRANGE 5 6 7
CLUSTER DELSLOTS 1 1
CLUSTER DELSLOTS 1
CLUSTER DELSLOTS 1
CLUSTER ADDSLOTS 1 1
CLUSTER ADDSLOTS 1
CLUSTER DELSLOTSRANGE 4 8
CLUSTER DELSLOTSRANGE 4 8
CLUSTER ADDSLOTSRANGE 4 8
CLUSTER SETSLOT 1 FOO
CLUSTER SETSLOT x STABLE
CLUSTER SETSLOT 1 STABLE
CLUSTER SETSLOT 1 STABLE x
CLUSTER SETSLOT 1 IMPORTING nobody
CLUSTER SETSLOT 1 MIGRATING nobody
CLUSTER SETSLOT 1 NODE nobody
CLUSTER SET-CONFIG-EPOCH -1
CLUSTER SET-CONFIG-EPOCH x
CLUSTER SET-CONFIG-EPOCH 7
CLUSTER SET-CONFIG-EPOCH 8
CLUSTER BUMPEPOCH
CLUSTER REPLICATE nobody
CLUSTER REPLICAS nobody
CLUSTER SLAVES nobody
CLUSTER FAILOVER
CLUSTER FAILOVER x
CLUSTER FAILOVER FORCE x
CLUSTER RESET x
CLUSTER RESET HARD SOFT
CLUSTER FORGET nobody
CLUSTER MEET x 1
CLUSTER MEET 127.0.0.1 x
CLUSTER MEET 127.0.0.1 99999
CLUSTER MEET 127.0.0.1 1 x
CLUSTER MEET 127.0.0.1
CLUSTER COUNT-FAILURE-REPORTS nobody
CLUSTER SAVECONFIG
CLUSTER NODES x
CLUSTER INFO x
CLUSTER LINKS
CLUSTER SLOTS
CLUSTER NODES
SET foo bar
GET foo
SELECT 0
SELECT 1
MOVE foo 1
SWAPDB 0 1
COPY foo {foo}2 DB 1
COPY foo {foo}2
MGET foo a
MSET foo 1 {foo}2 2
CLUSTER COUNTKEYSINSLOT 12182
DEL foo {foo}2
ASKING
READONLY
READWRITE
GET foo
MULTI
SET a 1
SET b 1
EXEC
EXEC
SUNSUBSCRIBE
SPUBLISH foo m
CLUSTER FLUSHSLOTS
GET foo
PING
CLUSTER SLOTS
CLUSTER SHARDS x
""".strip().splitlines()

#: Scripts and transactions, word by word.
SCRIPTS: tuple[tuple[str, ...], ...] = (
    ("EVAL", "return redis.call('SET', KEYS[1], 'v')", "1", "foo"),
    ("EVAL", "return redis.call('GET', KEYS[1])", "1", "foo"),
    ("EVAL", "return 1", "2", "foo", "a"),
    ("EVAL", "return redis.call('MGET', 'foo', 'a')", "0"),
    ("EVAL", "return redis.call('GET', 'foo')", "0"),
    ("EVAL", "return redis.call('GET', 'a')", "1", "foo"),
    ("EVAL", "redis.call('GET', 'a') return redis.call('GET', 'foo')", "0"),
    ("EVAL", "#!lua\nredis.call('GET', 'a') return redis.call('GET', 'foo')", "0"),
    ("EVAL", "#!lua\nredis.call('GET', 'a') return redis.call('GET', 'foo')", "1", "a"),
    ("EVAL", "#!lua flags=allow-cross-slot-keys\nredis.call('GET', 'a') return redis.call('GET', 'foo')", "0"),
    ("EVAL", "#!lua flags=no-cluster\nreturn 1", "0"),
    ("DEL", "foo"),
    ("WATCH", "foo"),
    ("WATCH", "foo", "a"),
    ("MULTI",),
    ("SET", "foo", "1"),
    ("GET", "{foo}2"),
    ("EXEC",),
    ("MULTI",),
    ("MGET", "foo", "a"),
    ("EXEC",),
    ("DEL", "foo"),
    ("CLUSTER", "DELSLOTS", "15495"),
    ("EVAL", "return redis.call('GET', 'a')", "0"),
    ("EVAL", "return redis.call('SET', 'a', 1)", "0"),
    ("EVAL", "return 1", "1", "a"),
)

#: What only Valkey has.
VALKEY_REQUESTS = """
CLUSTER SLOT-STATS SLOTSRANGE 0 2
CLUSTER SLOT-STATS SLOTSRANGE 2 1
CLUSTER SLOT-STATS SLOTSRANGE x 1
CLUSTER SLOT-STATS ORDERBY KEY-COUNT LIMIT 2
CLUSTER SLOT-STATS ORDERBY KEY-COUNT LIMIT 2 ASC
CLUSTER SLOT-STATS ORDERBY KEY-COUNT LIMIT 2 LIMIT 2
CLUSTER SLOT-STATS ORDERBY KEY-COUNT ASC DESC
CLUSTER SLOT-STATS ORDERBY KEY-COUNT LIMIT x
CLUSTER FLUSHSLOT 1 FOO
CLUSTER FLUSHSLOT 1 SYNC x
CLUSTER SLOT-STATS ORDERBY KEY-COUNT LIMIT 0
CLUSTER SLOT-STATS ORDERBY cpu-usec
CLUSTER SLOT-STATS FOO
CLUSTER FLUSHSLOT
CLUSTER FLUSHSLOT 1
CLUSTER FLUSHSLOT 1 ASYNC
CLUSTER FLUSHSLOT 1 ASYNC x
CLUSTER FLUSHSLOT x
CLUSTER GETSLOTMIGRATIONS
CLUSTER CANCELSLOTMIGRATIONS
CLUSTER SYNCSLOTS
CLUSTERSCAN 0
CLUSTERSCAN x
CLUSTERSCAN 0 SLOT 5
CLUSTERSCAN 0-{06S}-0 SLOT 5
CLUSTERSCAN 0-{06S}-0-1
CLUSTERSCAN 0 SLOT 99999
CLUSTERSCAN 0 FOO
CLUSTERSCAN 0-{06S}-0
""".strip().splitlines()


def masked(reply: bytes) -> bytes:
    for pattern, name in MASKS:
        reply = pattern.sub(name, reply)
    return reply


def cluster_server(start: Callable[..., ServerProcess]) -> Iterator[SocketConnection]:
    server = start("--cluster-enabled", "yes", "--bind", "127.0.0.1", "--cluster-port", str(free_port()))
    try:
        connection = server.connect()
        assert connection(b"CLUSTER", b"ADDSLOTSRANGE", b"0", b"16383") == b"+OK\r\n"
        while b"cluster_state:ok" not in connection(b"CLUSTER", b"INFO"):
            pass
        yield connection
        connection.close()
    finally:
        server.remove()


@pytest.fixture(scope="module")
def redis_node() -> Iterator[SocketConnection]:
    yield from cluster_server(redis_server)


@pytest.fixture(scope="module")
def valkey_node() -> Iterator[SocketConnection]:
    yield from cluster_server(valkey_server)


@pytest.fixture(scope="module")
def node() -> MemoryNode:
    return alone(quick_config())


def test_a_node_answers_as_redis_does(redis_node: SocketConnection, node: MemoryNode) -> None:
    differences = []
    for request in REQUESTS:
        argv = request.encode().split(b" ")
        theirs, ours = masked(redis_node(*argv)), masked(node.client.call(*argv))
        if theirs != ours:
            differences.append((request, theirs, ours))
    assert differences == []


def test_scripts_and_transactions_keep_to_a_slot(redis_node: SocketConnection) -> None:
    node = alone(quick_config())
    if b"cluster_slots_assigned:0" in redis_node(b"CLUSTER", b"INFO"):
        redis_node(b"CLUSTER", b"ADDSLOTSRANGE", b"0", b"16383")
    while b"cluster_state:ok" not in redis_node(b"CLUSTER", b"INFO"):
        pass
    differences = []
    for request in SCRIPTS:
        argv = [word.encode() for word in request]
        theirs, ours = redis_node(*argv), node.client.call(*argv)
        if theirs != ours:
            differences.append((request, theirs, ours))
    assert differences == []


def test_a_node_answers_as_valkey_does(valkey_node: SocketConnection) -> None:
    node = alone(quick_config())
    differences = []
    for request in VALKEY_REQUESTS:
        argv = request.encode().split(b" ")
        theirs, ours = masked(valkey_node(*argv)), masked(node.client.call(*argv))
        if theirs.lower() != ours.lower():
            differences.append((request, theirs, ours))
    assert differences == []
