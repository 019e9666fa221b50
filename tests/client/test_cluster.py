"""The client of a cluster, over a network in memory: engines that know nothing of slots, behind a node that does."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import gatherResults

from miniredis.client.cluster import combine
from miniredis.client.errors import (
    AddressError,
    ClientClosed,
    ClusterDown,
    CommandError,
    ConnectionFailed,
    ConnectionLost,
    CrossSlot,
    Moved,
    UsageError,
    WatchError,
)
from miniredis.client.facts import facts_of
from miniredis.client.settings import Address
from miniredis.client.slots import key_slot, slot_map
from miniredis.resp.encoder import append_reply
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser
from miniredis.testing.memory import MemoryClient, MemoryServer

from client.network import Network, Peer, ScriptedServer
from client.test_client import outcome


class NodePeer:
    """Looks at each command before the engine does: its slot may belong elsewhere."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.engine: MemoryClient = node.server.connect()
        self.parser = ReplyParser()
        self.out: list[bytes] = []
        self.asking = False
        self.reads_only = False
        self.aborted: bool | None = None

    def send(self, data: bytes) -> None:
        self.parser.feed(data)
        words: Any = self.parser.next()
        while words is not NEEDS_MORE:
            self.out.append(self.answer(words))
            words = self.parser.next()

    def answer(self, words: list[bytes]) -> bytes:
        name = words[0].upper()
        self.node.calls.append(words)
        if name == b"CLUSTER":
            return self.node.town.slots_reply()
        if name == b"ASKING":
            self.asking = True
            return b"+OK\r\n"
        if name == b"READONLY":
            self.reads_only = True
            return b"+OK\r\n"
        asking, self.asking = self.asking, False
        if name == b"MULTI":
            self.aborted = False
        if self.node.refusals:
            return self.node.refusals.pop(0)
        for at in facts_of(words).key_positions(words):
            slot = key_slot(words[at])
            if self.reads_only and facts_of(words).reads and self.node.town.reads_for(self.node.port, slot):
                continue
            refusal = self.node.town.refusal(self.node.port, slot, asking)
            if refusal:
                self.aborted = self.aborted is not None or None
                return refusal
        if name == b"EXEC" and self.aborted:
            self.aborted = None
            self.engine.call(b"DISCARD")
            return b"-EXECABORT Transaction discarded because of previous errors.\r\n"
        return self.engine.call(*words)

    def received(self) -> bytes:
        data = b"".join(self.out) + self.engine.received()
        self.out.clear()
        return data

    def disconnect(self) -> None:
        self.engine.disconnect()


class Node:
    def __init__(self, town: Town, port: int) -> None:
        self.town = town
        self.port = port
        self.server = MemoryServer()
        self.calls: list[list[bytes]] = []
        self.refusals: list[bytes] = []

    def connect(self) -> Peer:
        return NodePeer(self)

    def names(self) -> list[bytes]:
        return [words[0] for words in self.calls]


class Town:
    """Three nodes with a third of the slots each."""

    def __init__(self) -> None:
        self.network = Network()
        self.nodes = {port: Node(self, port) for port in (7000, 7001, 7002)}
        for port, node in self.nodes.items():
            self.network.serve(port, node)
        self.owners = {slot: 7000 + min(slot * 3 // 16384, 2) for slot in range(16384)}
        #: Slots on their way, and where to.
        self.moving: dict[int, int] = {}
        self.shown: dict[int, int] | None = None
        #: Replica -> its primary.
        self.replicas: dict[int, int] = {}

    def add_replica(self, port: int, primary: int) -> Node:
        """A node with the data of its primary."""
        node = self.nodes[port] = Node(self, port)
        node.server = self.nodes[primary].server
        self.replicas[port] = primary
        self.network.serve(port, node)
        return node

    def reads_for(self, port: int, slot: int) -> bool:
        return self.replicas.get(port) == self.owners[slot]

    def refusal(self, port: int, slot: int, asking: bool) -> bytes:
        owner = self.owners[slot]
        if owner == port:
            target = self.moving.get(slot)
            return b"-ASK %d 127.0.0.1:%d\r\n" % (slot, target) if target else b""
        if asking and self.moving.get(slot) == port:
            return b""
        return b"-MOVED %d 127.0.0.1:%d\r\n" % (slot, owner)

    def slots_reply(self) -> bytes:
        rows: list[object] = []
        owners = self.shown or self.owners
        start = 0
        for slot in range(1, 16385):
            if slot == 16384 or owners[slot] != owners[start]:
                ports = [owners[start], *(port for port, of in self.replicas.items() if of == owners[start])]
                rows.append([start, slot - 1, *([b"127.0.0.1", port, b"id"] for port in ports)])
                start = slot
        out: list[bytes] = []
        append_reply(out, rows, 2)
        return b"".join(out)


@pytest.fixture
def town() -> Town:
    return Town()


KEYS = {7000: "b", 7001: "c", 7002: "a"}


def test_the_keys_of_these_tests_are_where_they_are_thought_to_be(town):
    assert {port: town.owners[key_slot(key.encode())] for port, key in KEYS.items()} == {p: p for p in KEYS}
    assert key_slot(b"123456789") == 0x31C3
    assert key_slot(b"{user}.a") == key_slot(b"user")
    assert key_slot(b"a{}b") != key_slot(b"")


def test_commands_go_where_their_keys_are(town):
    cluster = town.network.cluster()
    for key in KEYS.values():
        assert town.network.wait(cluster.set(key, "x")) == b"OK"
    for port, node in town.nodes.items():
        assert [words[1] for words in node.calls if words[0] == b"SET"] == [KEYS[port].encode()]
    assert sum(node.names().count(b"CLUSTER") for node in town.nodes.values()) == 1
    assert town.network.wait(cluster.ping()) in (b"PONG", {"127.0.0.1:7000": b"PONG"}, b"PONG")


def test_commands_with_keys_of_several_slots_are_divided(town):
    cluster = town.network.cluster()
    wait = town.network.wait
    assert wait(cluster.mset({"a": 1, "b": 2, "c": 3})) == b"OK"
    assert wait(cluster.mget("c", "x", "a", "b")) == [b"3", None, b"1", b"2"]
    assert wait(cluster.exists("a", "b", "nosuch")) == 2
    assert wait(cluster.touch("a", "b")) == 2
    assert wait(cluster.delete("a", "b")) == 2 if hasattr(cluster, "delete") else wait(cluster.del_("a", "b")) == 2
    assert wait(cluster.unlink("c", "x")) == 1
    for words in (["SINTER", "a", "b"], ["MSETNX", "a", 1, "b", 2]):
        with pytest.raises(CrossSlot):
            wait(cluster.execute(*words))
    with pytest.raises(UsageError):
        wait(cluster.execute("MSET", "a", 1, "b"))


def test_commands_about_the_whole_go_everywhere(town):
    cluster = town.network.cluster()
    wait = town.network.wait
    wait(cluster.mset({"a": 1, "b": 2, "c": 3}))
    assert wait(cluster.dbsize()) == 3
    assert sorted(wait(cluster.keys("*"))) == [b"a", b"b", b"c"]

    async def scan() -> set[bytes]:
        return {key async for key in cluster.scan_iter("*")}

    assert wait(scan()) == {b"a", b"b", b"c"}
    assert wait(cluster.flushall()) == b"OK"
    assert wait(cluster.dbsize()) == 0
    with pytest.raises(UsageError):
        wait(cluster.scan(0))
    with pytest.raises(UsageError):
        wait(cluster.execute("MULTI"))


def test_replies_of_several_nodes_become_one():
    from twisted.python.failure import Failure

    a, b = Address(port=1), Address(port=2)
    failure = Failure(CommandError("NOTBUSY no"))
    assert combine("agg_min", {a: 2, b: 1}) == 1
    assert combine("agg_min", {a: [1, 0], b: [0, 2]}) == [0, 0]
    assert combine("agg_max", {a: 2, b: 1}) == 2
    assert combine("agg_logical_and", {a: [1, 1], b: [0, 1]}) == [0, 1]
    assert combine("agg_logical_and", {a: 1, b: 0}) == 0
    assert combine("one_succeeded", {a: failure, b: b"OK"}) == b"OK"
    assert combine("special", {a: b"x", b: b"y"}) == {"127.0.0.1:1": b"x", "127.0.0.1:2": b"y"}
    with pytest.raises(CommandError):
        combine("one_succeeded", {a: failure})
    with pytest.raises(CommandError):
        combine("all_succeeded", {a: b"OK", b: failure})


def test_a_moved_slot_is_followed_and_remembered(town):
    cluster = town.network.cluster()
    wait = town.network.wait
    wait(cluster.set("a", 1))
    town.owners[key_slot(b"a")] = 7000
    wait(cluster.set("a", 2))
    before = len(town.nodes[7002].calls)
    wait(cluster.set("a", 3))
    assert len(town.nodes[7002].calls) == before
    assert town.nodes[7000].names().count(b"SET") == 2


def test_a_slot_on_its_way_is_asked_for_once(town):
    cluster = town.network.cluster()
    wait = town.network.wait
    town.moving[key_slot(b"a")] = 7001
    assert wait(cluster.set("a", 1)) == b"OK"
    assert town.nodes[7001].names()[-2:] == [b"ASKING", b"SET"]
    popped = outcome(cluster.blpop("a", timeout=0.1))
    town.network.advance(1)
    assert popped[0].check(CommandError)  # it is a string; but it was asked there
    town.moving.clear()
    assert wait(cluster.get("a")) is None


def test_try_again_and_cluster_down_are_waited_out(town):
    cluster = town.network.cluster()
    town.nodes[7002].refusals = []
    town.network.wait(cluster.get("a"))
    town.nodes[7002].refusals = [b"-TRYAGAIN later\r\n", b"-CLUSTERDOWN the cluster is down\r\n"]
    assert town.network.wait(cluster.set("a", 1), 3) == b"OK"
    town.nodes[7002].refusals = [b"-CLUSTERDOWN the cluster is down\r\n"] * 1000
    with pytest.raises(ClusterDown):
        town.network.wait(town.network.cluster(failover_timeout=2.0).set("a", 1), 20)


def test_redirections_in_a_circle_end(town):
    cluster = town.network.cluster()
    town.network.wait(cluster.get("a"))
    for node in town.nodes.values():
        node.refusals = [b"-MOVED %d :7001\r\n" % key_slot(b"a")] * 100
    with pytest.raises(Moved):
        town.network.wait(cluster.get("a"), 1)


def test_a_slot_without_an_owner_and_a_cluster_without_slots():
    network = Network()
    network.serve(7000, ScriptedServer(lambda words: b"*0\r\n" if words[0] == b"CLUSTER" else b"%0\r\n"))
    for call in (lambda c: c.get("a"), lambda c: c.ping(), lambda c: c.dbsize()):
        with pytest.raises(ClusterDown):
            network.wait(call(network.cluster(failover_timeout=0.5)), 20)


def test_a_dead_node_is_waited_for_until_another_one_serves_its_slots(town):
    cluster = town.network.cluster()
    wait = town.network.wait
    wait(cluster.mset({"a": 1, "b": 2, "c": 3}))
    town.network.down.add(7002)
    town.network.cut(7002)
    found = outcome(cluster.set("a", 2))
    town.network.advance(5)
    assert not found
    assert wait(cluster.get("b"), 1) == b"2"
    town.owners = {slot: 7001 if port == 7002 else port for slot, port in town.owners.items()}
    town.network.advance(10)
    assert found == [b"OK"]
    assert wait(cluster.get("a"), 1) == b"2"
    town.network.down |= {7000, 7001}
    town.network.cut()
    with pytest.raises(ConnectionFailed):
        wait(cluster.get("a"), 100)


def test_what_was_under_way_is_lost_unless_it_may_be_repeated(town):
    cluster = town.network.cluster()
    town.network.wait(cluster.set("a", 1))
    town.network.frozen.add(7002)
    found = [outcome(cluster.incr("a")), outcome(cluster.execute("SET", "a", 7, retry=True))]
    town.network.pump()
    town.network.cut(7002)
    town.network.frozen.clear()
    town.network.advance(3)
    assert found[0][0].check(ConnectionLost)
    assert found[1] == [b"OK"]


def test_a_silent_node_is_passed_over_for_the_map(town):
    town.network.frozen.add(7000)
    cluster = town.network.cluster("redis+cluster://127.0.0.1:7000,127.0.0.1:7001", connect_timeout=1.0)
    assert town.network.wait(cluster.set("a", 1), 10) == b"OK"


def test_what_each_node_says_is_told_by_node(town):
    cluster = town.network.cluster()
    told = town.network.wait(cluster.function_stats())
    assert set(told) == {f"127.0.0.1:{port}" for port in town.nodes}
    assert all(b"engines" in each for each in told.values())

    async def pipe() -> Any:
        async with cluster.pipeline() as pipe:
            later = pipe.function_stats()
        return await later

    assert town.network.wait(pipe()) == told


def test_pipelines_go_to_all_nodes_and_transactions_to_one(town):
    cluster = town.network.cluster()
    wait = town.network.wait

    async def pipe() -> Any:
        async with cluster.pipeline() as pipe:
            pipe.set("a", 1)
            pipe.set("b", 2)
            pipe.get("a")
        return pipe.results

    assert wait(pipe()) == [b"OK", b"OK", b"1"]
    broken = cluster.pipeline()
    broken.lpush("a", 1)
    broken.get("b")
    results = wait(broken.execute_all(raise_errors=False))
    assert isinstance(results[0], CommandError) and results[1] == b"2"

    async def transaction(*keys: str) -> Any:
        async with cluster.transaction() as tx:
            for key in keys:
                tx.incr(key)
        return tx.results

    assert wait(transaction("a", "{a}2")) == [2, 1]
    town.owners[key_slot(b"a")] = 7000
    assert wait(transaction("a", "{a}2"), 1) == [1, 1]
    with pytest.raises(CrossSlot):
        wait(transaction("a", "b"))


def test_watch_belongs_to_the_node_of_its_keys(town):
    cluster = town.network.cluster()

    async def work(tx: Any) -> None:
        value = int(await tx.get("a") or 0)
        tx.multi()
        tx.set("a", value + 1)

    assert town.network.wait(cluster.transact(work, "a")) == [b"OK"]
    assert town.network.wait(cluster.get("a")) == b"1"
    with pytest.raises(CrossSlot):
        cluster.watch("a", "b")

    async def spoilt(tx: Any) -> None:
        await cluster.incr("a")
        await work(tx)

    with pytest.raises(WatchError):
        town.network.wait(cluster.transact(spoilt, "a", attempts=2))


def test_messages_come_from_any_node_and_from_that_of_a_shard_channel(town):
    cluster = town.network.cluster()
    wait = town.network.wait
    news = cluster.subscriber()
    wait(news.subscribe("news"))
    port = town.network.alive()[-1].address.port
    town.nodes[port].server.connect().call(b"PUBLISH", b"news", b"1")
    assert wait(news.next()).data == b"1"
    shard = cluster.shard_subscriber("a")
    wait(shard.ssubscribe("a"))
    assert wait(cluster.spublish("a", "x")) == 1
    assert wait(shard.next()).data == b"x"
    # The slot moves: the server refuses, the subscriber goes where it is now.
    town.owners[key_slot(b"a")] = 7000
    town.network.cut(7002)
    town.network.advance(5)
    assert wait(cluster.spublish("a", "y")) == 1


def test_closing_ends_everything(town):
    cluster = town.network.cluster()

    async def work() -> None:
        async with cluster:
            await cluster.subscriber().subscribe("a")
            await cluster.get("a")

    town.network.wait(work())
    town.network.pump()
    assert not town.network.alive()
    with pytest.raises(ClientClosed):
        town.network.wait(cluster.get("a"), 1)
    with pytest.raises(ClientClosed):
        town.network.wait(cluster.refresh(), 1)


def test_nodes_that_left_are_forgotten_and_many_calls_read_one_map(town):
    cluster = town.network.cluster()
    wait = town.network.wait
    assert wait(gatherResults([cluster.get(key) for key in ("a", "b", "c")])) == [None, None, None]
    assert sum(node.names().count(b"CLUSTER") for node in town.nodes.values()) == 1
    town.owners = {slot: 7000 if port == 7002 else port for slot, port in town.owners.items()}
    wait(cluster.refresh())
    town.network.pump()
    assert {wire.address.port for wire in town.network.alive()} == {7000, 7001}


def test_a_node_without_an_address_is_the_one_that_was_asked():
    found = slot_map([[0, 5, [b"", 7000], [None, 7001]]], Address("asked", 1, tls=True))
    assert found.primaries[5] == Address("asked", 7000, tls=True)
    assert found.nodes == {Address("asked", 7000, tls=True), Address("asked", 7001, tls=True)}


def test_each_url_has_its_function(town):
    with pytest.raises(AddressError):
        town.network.client("redis+cluster://h")
    with pytest.raises(AddressError):
        town.network.cluster("redis+sentinel://h/name")
