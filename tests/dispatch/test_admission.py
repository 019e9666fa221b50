"""The gates: what stops a command before it runs, and what passes all the same."""

from __future__ import annotations

import pytest

from miniredis.commands.declaration import Command
from miniredis.dispatch import gates
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.resp.errors import ReplyError
from miniredis.testing.memory import MemoryServer


class Refusal(Rule):
    """Refuses everything that it is asked about."""

    def __init__(self, message: bytes) -> None:
        self.message = message

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        raise ReplyError(self.message)


class Redirection(Rule):
    """Replies in the place of every command."""

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        return ReplyError(b"MOVED 1 127.0.0.1:7000")


@pytest.mark.parametrize(
    ("gate", "stopped", "reply", "passing"),
    [
        (gates.GATE_LOADING, b"GET k", b"-LOADING ", b"ECHO x"),
        (gates.GATE_REPLICA, b"SET k v", b"-READONLY ", b"GET k"),
        (gates.GATE_STALE, b"GET k", b"-MASTERDOWN ", b"ECHO x"),
        (gates.GATE_NO_AUTH, b"GET k", b"-NOAUTH ", b"QUIT"),
    ],
)
def test_a_gate_stops_what_it_is_for(gate: int, stopped: bytes, reply: bytes, passing: bytes) -> None:
    server = MemoryServer()
    client = server.connect()
    server.engine.gates |= gate
    assert client.call(*stopped.split()).startswith(reply)
    assert not client.call(*passing.split()).startswith(reply)


@pytest.mark.parametrize("gate", [gates.GATE_ACL, gates.GATE_BUSY, gates.GATE_WRITES_REFUSED])
def test_a_feature_in_use_asks_its_rule(gate: int) -> None:
    server = MemoryServer()
    client = server.connect()
    server.engine.rules[gate] = Refusal(b"NOPE not today")
    server.engine.gates |= gate
    assert client.call(b"SET", b"k", b"v") == b"-NOPE not today\r\n"


def test_a_rule_that_says_nothing_lets_pass() -> None:
    server = MemoryServer()
    server.engine.rules[gates.GATE_ACL] = Rule()
    server.engine.gates |= gates.GATE_ACL
    assert server.connect().call(b"PING") == b"+PONG\r\n"


def test_a_router_replies_in_the_place_of_the_command() -> None:
    server = MemoryServer()
    client = server.connect()
    for rule, reply in ((Redirection(), b"-MOVED 1 127.0.0.1:7000\r\n"), (Rule(), b"$-1\r\n")):
        server.engine.rules[gates.GATE_CLUSTER] = server.engine.slot_rule = rule
        server.engine.gates |= gates.GATE_CLUSTER
        assert client.call(b"GET", b"k") == reply
        # The same where another gate is down as well.
        server.engine.gates |= gates.GATE_REPLICA
        assert client.call(b"GET", b"k") == reply
        server.engine.gates &= ~gates.GATE_REPLICA


def test_what_the_primary_sends_is_obeyed() -> None:
    server = MemoryServer()
    link = server.connect()
    link.session.gates |= gates.GATE_PRIMARY_LINK
    server.engine.gates |= gates.GATE_REPLICA
    assert link.call(b"SET", b"k", b"v") == b"+OK\r\n"


def test_a_command_that_transactions_forbid_spoils_them() -> None:
    client = MemoryServer().connect()
    client.call(b"MULTI")
    assert client.call(b"CLIENT", b"REPLY", b"ON") == b"-ERR Command not allowed inside a transaction\r\n"
    assert client.call(b"EXEC").startswith(b"-EXECABORT")


def test_exec_is_refused_for_what_it_would_run() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"MULTI")
    client.call(b"SET", b"k", b"v")
    client.call(b"GET", b"k")
    server.engine.gates |= gates.GATE_REPLICA
    assert client.call(b"EXEC").startswith(b"-EXECABORT Transaction discarded because of: READONLY ")


def test_a_queued_command_may_be_answered_by_a_rule() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"MULTI")
    client.call(b"GET", b"k")
    server.engine.rules[gates.GATE_CLUSTER] = Redirection()
    session = client.session
    queued = session.queued[0]
    server.engine.gates |= gates.GATE_CLUSTER
    reply = server.engine.call_queued(session, queued)
    assert isinstance(reply, ReplyError)


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl", "volatile-random"])
def test_memory_stays_below_its_limit_under_every_policy(policy: str) -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"CONFIG", b"SET", b"maxmemory", b"50kb", b"maxmemory-policy", policy.encode())
    for number in range(1000):
        assert client.call(b"SET", b"k%d" % number, b"x" * 100, b"EX", b"1000") == b"+OK\r\n"
        client.call(b"GET", b"k0")
    assert server.engine.keyspace.memory.used < 51_300
    assert server.engine.keyspace.statistics.evicted > 500
    client.call(b"CONFIG", b"SET", b"maxmemory", b"0")
    assert not server.engine.gates & gates.GATE_MEMORY


def test_without_a_policy_writes_are_refused_and_reads_go_on() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"RPUSH", b"l", b"x" * 5000)
    client.call(b"CONFIG", b"SET", b"maxmemory", b"1kb")
    assert client.call(b"SET", b"k", b"v").startswith(b"-OOM ")
    assert client.call(b"GET", b"k") == b"$-1\r\n"
    assert client.call(b"DEL", b"l") == b":1\r\n"
    assert client.call(b"SET", b"k", b"v") == b"+OK\r\n"


def test_exec_is_refused_when_anything_in_it_needs_memory() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"MULTI")
    client.call(b"SET", b"k", b"v")
    other = server.connect()
    other.call(b"RPUSH", b"l", b"x" * 5000)
    other.call(b"CONFIG", b"SET", b"maxmemory", b"1kb")
    assert client.call(b"EXEC").startswith(b"-EXECABORT Transaction discarded because of: OOM ")


def test_room_is_made_a_little_at_a_time() -> None:
    server = MemoryServer()
    client = server.connect()
    for number in range(500):
        client.call(b"SET", b"k%d" % number, b"x" * 100)
    client.call(b"CONFIG", b"SET", b"maxmemory-policy", b"allkeys-random", b"maxmemory", b"1kb")
    before = server.engine.keyspace.databases[0].size()
    assert client.call(b"GET", b"none") == b"$-1\r\n"
    assert before - server.engine.keyspace.databases[0].size() == 128


def test_values_changed_in_place_are_counted_anew() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"CONFIG", b"SET", b"maxmemory", b"100mb")
    client.call(b"RPUSH", b"l", b"x")
    before = server.engine.keyspace.memory.used
    client.call(b"RPUSH", b"l", *[b"y" * 100] * 50)
    assert server.engine.keyspace.memory.used > before + 5000
    client.call(b"DEL", b"l")
    assert server.engine.keyspace.memory.used == 0
