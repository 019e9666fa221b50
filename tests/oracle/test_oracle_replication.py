"""What clients are told about replication, beside real servers: a primary without replicas, a replica without link."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from replication.world import Node, World

from oracle.servers import ServerProcess, free_port, redis_server, valkey_server
from oracle.wire import words

AS_PRIMARY = """
ROLE
ROLE x
REPLICAOF
REPLICAOF a
REPLICAOF a b c
REPLICAOF host abc
REPLICAOF host 70000
REPLICAOF host -1
REPLICAOF NO ONE
SLAVEOF no one
FAILOVER
FAILOVER x
FAILOVER TO
FAILOVER TO a
FAILOVER TO a b
FAILOVER TO 127.0.0.1 1
FAILOVER TIMEOUT
FAILOVER TIMEOUT 0
FAILOVER TIMEOUT -1
FAILOVER TIMEOUT x
FAILOVER ABORT
FAILOVER ABORT TIMEOUT 1
FAILOVER FORCE
FAILOVER TO 127.0.0.1 1 FORCE
FAILOVER TO 127.0.0.1 1 FORCE TIMEOUT 100
FAILOVER TO 127.0.0.1 1 TO 127.0.0.1 2
REPLCONF
REPLCONF listening-port
REPLCONF listening-port x
REPLCONF listening-port 7000
REPLCONF ip-address 1.2.3.4 capa eof capa psync2 capa something-new
REPLCONF what ever
REPLCONF rdb-only 1
REPLCONF rdb-filter-only functions
REPLCONF rdb-filter-only "functions other"
REPLCONF rdb-filter-only other
PSYNC
PSYNC a
PSYNC ? x
PSYNC ? -1 FAILOVER
WAIT
WAIT 0
WAIT x 0
WAIT 0 x
WAIT 0 -1
WAIT 0 0
WAIT 1 1
WAIT -1 10
MULTI | SET k v | WAIT 1 0 | EXEC
MULTI | PSYNC ? -1 | EXEC
MULTI | SYNC | EXEC
CONFIG GET replicaof
CONFIG SET min-replicas-to-write 1
SET k v
PUBLISH channel message
MULTI | SET k v | EXEC
GET k
PING
CONFIG SET min-replicas-to-write 0
SET k v
DEBUG CHANGE-REPL-ID
"""

AS_REPLICA = """
ROLE
REPLICAOF 127.0.0.1 {port}
SET k v
DEL k
GET k
MULTI | GET k | SET k v | EXEC
WAIT 0 0
FAILOVER
PSYNC ? -1
SYNC
CONFIG GET replicaof
CONFIG SET replica-serve-stale-data no
GET k
PING
INFO server
ROLE
CONFIG SET replica-serve-stale-data yes
CONFIG SET replica-read-only no
SET k v
CONFIG SET replica-read-only yes
SET k v
CONFIG SET min-replicas-to-write 1
CONFIG SET replica-read-only no
SET k v
CONFIG SET min-replicas-to-write 0
CLIENT LIST TYPE master
CLIENT LIST TYPE replica
CLIENT KILL TYPE master
CLIENT KILL TYPE slave
REPLICAOF NO ONE
ROLE
SET k v
"""

#: Replies of Valkey that differ from Redis's, which are ours: words of errors, and an offset that counts the role's change.
VALKEYS_OWN = (
    b"-ERR Command 'psync' not allowed inside a transaction",
    b"-ERR Command 'sync' not allowed inside a transaction",
    b"-ERR WAIT cannot be used with replica instances. Please also note that if a replica",
    b"*3\r\n$6\r\nmaster\r\n:1\r\n",
)

#: What differs by nature: ids, offsets, the state a link without a peer happens to be in, INFO as a whole.
NATURE: list[tuple[bytes, Callable[[bytes], bytes]]] = [
    (b"INFO", lambda reply: reply[:1]),
    (b"ROLE", lambda reply: re.sub(rb"\$\d+\r\n(connect|connecting|handshake|none)\r\n", b"(state)", reply)),
]


def lines(text: str, port: int) -> list[list[bytes]]:
    return [
        words(each.strip()) for line in text.format(port=port).splitlines() for each in line.split("|") if each.strip()
    ]


@pytest.fixture(scope="module", params=[redis_server, valkey_server], ids=["redis", "valkey"])
def theirs(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    server: ServerProcess = request.param("--repl-diskless-sync-delay", "0")
    yield server
    server.remove()


@pytest.fixture
def ours() -> Node:
    return World().add(7001).start()


def compare(theirs: ServerProcess, ours: Node, commands: list[list[bytes]]) -> None:
    there = theirs.connect()
    there(b"FLUSHALL")
    different: list[tuple[list[bytes], bytes, bytes]] = []
    for command in commands:
        expected = there(*command)
        got = ours.client.call(*command)
        if not got:
            ours.world.run(0.05)
            got = ours.client.received()
        for name, normalise in NATURE:
            if command[0] == name:
                expected, got = normalise(expected), normalise(got)
        if expected != got and not expected.startswith(VALKEYS_OWN):
            different.append((command, expected, got))
    there.close()
    assert not different, "\n".join(
        f"{command}: theirs {expected!r} ours {got!r}" for command, expected, got in different
    )


def test_a_primary_answers_as_real_ones(theirs: ServerProcess, ours: Node) -> None:
    compare(theirs, ours, lines(AS_PRIMARY, 0))


def test_a_replica_without_link_answers_as_real_ones(theirs: ServerProcess, ours: Node) -> None:
    port = free_port()
    follow = [b"REPLICAOF", b"127.0.0.1", b"%d" % port]
    compare(theirs, ours, [follow, *lines(AS_REPLICA, port)])
