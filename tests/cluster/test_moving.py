"""MIGRATE between servers in memory: what arrives, what goes, who waits meanwhile, what can go wrong."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from miniredis.cluster.moving import NotConnected, NotSent, Replies, Target, TargetLinks, keys_of_migrate
from miniredis.resp.encoder import encode_command
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser
from miniredis.testing.memory import MemoryClient, MemoryServer

from cluster.harness import formed, nodes_of

OK = b"+OK\r\n"


class MemoryTarget(Target):
    """Answers when `links.answer` is called."""

    def __init__(self, links: MemoryLinks, client: MemoryClient) -> None:
        super().__init__()
        self.links = links
        self.client = client
        self.pending: tuple[list[list[bytes]], Deferred[Replies]] | None = None

    def ask(self, commands: list[list[bytes]], timeout_s: float) -> Deferred[Replies]:
        deferred: Deferred[Replies] = Deferred()
        self.pending = (commands, deferred)
        self.links.asked.append(self)
        return deferred

    def close(self) -> None:
        self.client.disconnect()

    def answer(self) -> None:
        assert self.pending is not None
        commands, deferred = self.pending
        parser = ReplyParser()
        self.client.send(b"".join([encode_command(argv) for argv in commands]))
        parser.feed(self.client.received())
        replies: list[object] = []
        while (reply := parser.next()) is not NEEDS_MORE:
            replies.append(reply)
        deferred.callback(replies)

    def fail(self) -> None:
        assert self.pending is not None
        self.pending[1].errback(NotSent())


class MemoryLinks(TargetLinks):
    def __init__(self, remote: MemoryServer | None) -> None:
        self.remote = remote
        self.asked: list[MemoryTarget] = []
        self.kept: list[MemoryTarget] = []
        self.connected = 0

    def connect(self, host: bytes, port: int, timeout_s: float) -> Deferred[Target]:
        deferred: Deferred[Target] = Deferred()
        if self.remote is None:
            deferred.errback(NotConnected())
        elif self.kept:
            target = self.kept.pop()
            target.is_reused = True
            deferred.callback(target)
        else:
            self.connected += 1
            deferred.callback(MemoryTarget(self, self.remote.connect()))
        return deferred

    def give_back(self, target: Target) -> None:
        assert isinstance(target, MemoryTarget)
        self.kept.append(target)

    def answer(self) -> None:
        self.asked.pop(0).answer()


class Pair:
    """Two servers; `call` speaks to the one that MIGRATE leaves from."""

    def __init__(self) -> None:
        self.server = MemoryServer()
        self.remote = MemoryServer()
        self.links = MemoryLinks(self.remote)
        self.server.engine.migration_links = self.links
        self.client = self.server.connect()
        self.there = self.remote.connect()

    def call(self, *words: bytes) -> bytes:
        return self.client.call(*words)

    def migrate(self, *rest: bytes, key: bytes = b"k") -> bytes:
        """The reply, after the other server has answered."""
        assert self.call(b"MIGRATE", b"other", b"6379", key, b"0", b"1000", *rest) == b""
        self.links.answer()
        self.server.run_woken()
        return self.client.received()


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_a_key_goes_to_the_other_server(pair: Pair) -> None:
    pair.call(b"RPUSH", b"k", b"a", b"b")
    pair.call(b"PEXPIRE", b"k", b"5000")
    assert pair.migrate() == OK
    assert pair.call(b"EXISTS", b"k") == b":0\r\n"
    assert pair.there.call(b"LRANGE", b"k", b"0", b"-1") == b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"
    assert pair.there.call(b"PTTL", b"k") == b":5000\r\n"


def test_several_keys_go_at_once_and_connections_are_kept(pair: Pair) -> None:
    for key in (b"a", b"b"):
        pair.call(b"SET", key, b"v")
    assert pair.migrate(b"KEYS", b"a", b"missing", b"b", b"a", key=b"") == OK
    pair.call(b"SET", b"c", b"v")
    assert pair.migrate(key=b"c") == OK
    assert pair.there.call(b"DBSIZE") == b":3\r\n"
    assert pair.call(b"DBSIZE") == b":0\r\n"
    assert pair.links.connected == 1


def test_a_copy_leaves_the_key(pair: Pair) -> None:
    pair.call(b"SET", b"k", b"v")
    assert pair.migrate(b"COPY") == OK
    assert pair.call(b"GET", b"k") == b"$1\r\nv\r\n"
    assert pair.migrate(b"COPY").startswith(b"-ERR Target instance replied with error: BUSYKEY")
    assert pair.migrate(b"COPY", b"REPLACE") == OK


def test_the_other_servers_password_is_told(pair: Pair) -> None:
    pair.remote.engine.config.assign("requirepass", b"secret")
    pair.call(b"SET", b"k", b"v")
    assert pair.migrate(b"AUTH", b"wrong").startswith(b"-ERR Target instance replied with error: WRONGPASS")
    assert pair.call(b"EXISTS", b"k") == b":1\r\n"
    assert pair.migrate(b"AUTH2", b"default", b"secret") == OK


def test_writers_of_a_key_on_its_way_wait_and_others_do_not(pair: Pair) -> None:
    pair.call(b"SET", b"k", b"v")
    other = pair.server.connect()
    gone = pair.server.connect()
    assert pair.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000") == b""
    assert other.call(b"GET", b"k") == b"$1\r\nv\r\n"
    assert other.call(b"SET", b"another", b"v") == OK
    assert other.call(b"APPEND", b"k", b"w") == b""
    assert gone.call(b"APPEND", b"k", b"x") == b""
    gone.disconnect()
    transaction = pair.server.connect()
    transaction.call(b"MULTI")
    transaction.call(b"APPEND", b"k", b"y")
    assert transaction.call(b"EXEC") == b""
    pair.links.answer()
    pair.server.run_woken()
    assert pair.client.received() == OK
    assert other.received() == b":1\r\n"
    assert transaction.received() == b"*1\r\n:2\r\n"
    assert pair.there.call(b"GET", b"k") == b"$1\r\nv\r\n"


def test_a_key_held_twice_is_free_after_both(pair: Pair) -> None:
    pair.call(b"MSET", b"k", b"v", b"l", b"v")
    second, writer = pair.server.connect(), pair.server.connect()
    pair.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000", b"COPY")
    second.call(b"MIGRATE", b"other", b"6379", b"", b"0", b"1000", b"COPY", b"REPLACE", b"KEYS", b"l")
    held = pair.server.engine.held_keys
    held.hold(0, [b"k"])
    writer.call(b"APPEND", b"k", b"w")
    pair.links.answer()
    pair.server.run_woken()
    assert writer.received() == b""
    held.release(0, [b"k"])
    pair.server.run_woken()
    assert writer.received() == b":2\r\n"
    pair.links.answer()


def test_a_migrate_of_a_held_key_waits_for_the_one_before(pair: Pair) -> None:
    pair.call(b"SET", b"k", b"v")
    second = pair.server.connect()
    pair.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000")
    assert second.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000") == b""
    pair.links.answer()
    pair.server.run_woken()
    assert second.received() == b"+NOKEY\r\n"
    pair.call(b"SET", b"k", b"v")
    pair.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000", b"COPY", b"REPLACE")
    second.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000", b"COPY", b"REPLACE")
    pair.links.answer()
    pair.links.answer()
    pair.server.run_woken()
    assert second.received() == OK


def test_a_server_that_is_not_there(pair: Pair) -> None:
    pair.links.remote = None
    pair.call(b"SET", b"k", b"v")
    error = b"-IOERR error or timeout connecting to the client\r\n"
    assert pair.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"0") == error
    assert pair.call(b"APPEND", b"k", b"w") == b":2\r\n"


def test_a_connection_that_breaks(pair: Pair) -> None:
    pair.call(b"SET", b"k", b"v")
    pair.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000")
    pair.links.asked.pop().fail()
    pair.server.run_woken()
    assert pair.client.received() == b"-IOERR error or timeout reading to target instance\r\n"
    assert pair.call(b"EXISTS", b"k") == b":1\r\n"


def test_a_kept_connection_that_has_died_is_replaced(pair: Pair) -> None:
    pair.call(b"MSET", b"k", b"v", b"l", b"v")
    pair.migrate(key=b"l")
    pair.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000")
    pair.links.asked.pop().fail()
    pair.links.answer()
    pair.server.run_woken()
    assert pair.client.received() == OK
    assert pair.links.connected == 2


def test_what_expires_on_the_way_is_not_sent_again(pair: Pair) -> None:
    pair.call(b"MSET", b"k", b"v", b"l", b"v")
    pair.migrate(key=b"l")
    pair.call(b"PEXPIRE", b"k", b"50")
    pair.call(b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000")
    pair.server.advance(0.1)
    pair.links.asked.pop().fail()
    pair.links.answer()
    pair.server.run_woken()
    assert pair.client.received() == OK
    assert pair.there.call(b"EXISTS", b"k") == b":0\r\n"


def test_requests_that_make_no_sense(pair: Pair) -> None:
    pair.call(b"SET", b"k", b"v")
    head = (b"MIGRATE", b"other", b"6379", b"k", b"0", b"1000")
    assert pair.call(*head, b"FOO") == b"-ERR syntax error\r\n"
    assert pair.call(*head, b"AUTH") == b"-ERR syntax error\r\n"
    assert pair.call(*head, b"KEYS", b"k").startswith(b"-ERR When using MIGRATE KEYS option")
    assert pair.call(*head[:5], b"x").startswith(b"-ERR value is not an integer")
    assert pair.call(*head[:3], b"missing", b"0", b"10") == b"+NOKEY\r\n"
    pair.server.engine.migration_links = None
    assert pair.call(*head).startswith(b"-ERR this server cannot connect")
    pair.server.engine.migration_links = pair.links
    pair.call(b"MULTI")
    pair.call(*head)
    assert pair.call(b"EXEC").startswith(b"*1\r\n-ERR MIGRATE waits")


def test_the_keys_are_found_for_routing() -> None:
    words = b"MIGRATE h 1 k 0 10 COPY AUTH KEYS REPLACE".split()
    assert keys_of_migrate(words) == [3]
    words = [*b"MIGRATE h 1".split(), b"", *b"0 10 COPY AUTH KEYS AUTH2 KEYS KEYS KEYS a b".split()]
    assert keys_of_migrate(words) == [13, 14]
    assert keys_of_migrate(words[:6]) == []


def test_in_a_cluster_the_other_node_is_asked_and_the_slot_handed_over() -> None:
    first, second, _ = nodes_of(formed(3))
    links = MemoryLinks(second.server)
    first.engine.migration_links = links
    key = b"{06S}k"
    first.call("SET", key, "v")
    second.call("CLUSTER", "SETSLOT", 0, "IMPORTING", first.id)
    first.call("CLUSTER", "SETSLOT", 0, "MIGRATING", second.id)
    refused = first.call("CLUSTER", "SETSLOT", 0, "NODE", second.id)
    assert refused.startswith(b"-ERR Can't assign hashslot 0 to a different node while I still hold keys")
    writer = first.server.connect()
    first.call("MIGRATE", "127.0.0.1", second.port, key, 0, 1000)
    assert writer.call(b"APPEND", key, b"w") == b""
    links.answer()
    first.server.run_woken()
    assert first.client.received() == OK
    assert writer.received() == b"-ASK 0 127.0.0.1:7002\r\n"
    assert second.call("CLUSTER", "SETSLOT", 0, "NODE", second.id) == OK
    assert first.call("CLUSTER", "SETSLOT", 0, "NODE", second.id) == OK
    first.joined.run(1)
    assert second.call("GET", key) == b"$1\r\nv\r\n"
    assert second.view.myself.config_epoch == 4
    assert first.call("GET", key) == b"-MOVED 0 127.0.0.1:7002\r\n"
