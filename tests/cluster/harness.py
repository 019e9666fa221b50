"""Nodes in memory, each a server without sockets, joined by links that pass real frames when they are told to."""

from __future__ import annotations

from random import Random

from miniredis.cluster.cluster import Cluster
from miniredis.cluster.codec import Decoder, encode
from miniredis.cluster.host import EngineWorld
from miniredis.cluster.messages import Message
from miniredis.cluster.node import ClusterNode
from miniredis.cluster.participant import Participant
from miniredis.cluster.ranges import ranges_of
from miniredis.cluster.surroundings import Link
from miniredis.cluster.view import ClusterView
from miniredis.config.config import Config
from miniredis.dispatch.roles import Replication
from miniredis.keyspace.slots import SLOTS
from miniredis.testing.memory import MemoryServer

TICK_S = 0.1
FIRST_PORT = 7001


class MemoryReplication(Replication):
    """Says what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.primary: tuple[str, int] = ("", 0)
        self.position = 0
        self.link_up = True
        self.heard = 1 << 62
        self.down_since = -1

    def follow(self, host: str, port: int) -> None:
        self.primary = (host, port)

    def promote(self) -> None:
        self.primary = ("", 0)

    def is_following(self) -> bool:
        return self.primary != ("", 0)

    def primary_address(self) -> tuple[str, int]:
        return self.primary

    def is_link_up(self) -> bool:
        return self.link_up

    def link_down_since_ms(self) -> int:
        return self.down_since

    def heard_ms(self) -> int:
        return self.heard

    def offset(self) -> int:
        return self.position


class MemoryLink(Link):
    """One end of a link; frames wait in the cluster's queue."""

    def __init__(self, owner: MemoryNode, node: ClusterNode | None, created_ms: int) -> None:
        super().__init__(node, created_ms)
        self.owner = owner
        self.twin: MemoryLink | None = None
        self.is_closed = False
        self.decoder = Decoder()
        self.peer_ip = self.local_ip = b"127.0.0.1"

    def send(self, message: Message) -> None:
        self.owner.sent.append(message)
        for line in encode(message):
            self.owner.joined.queue.append((self, line))

    def close(self) -> None:
        self.is_closed = True
        self.is_up = False
        if self.twin is not None and not self.twin.is_closed:
            self.owner.joined.broken.append(self.twin)


class MemoryNode:
    """A node; `call` is a client's command.  `is_down` nodes neither speak nor hear."""

    def __init__(self, joined: MemoryCluster, port: int, config: Config, text: bytes = b"") -> None:
        self.joined = joined
        self.port = port
        config.assign("cluster-enabled", b"yes")
        config.assign("port", b"%d" % port)
        self.server = MemoryServer(config, port)
        self.server.clock.advance(1000)
        self.engine = self.server.engine
        self.replication = MemoryReplication()
        self.engine.replication = self.replication
        self.saved: list[bytes] = []
        self.disk_fails = False
        self.sent: list[Message] = []
        self.is_down = False
        self.server.engine.begin_turn()
        self.world = EngineWorld(self.engine, Random(port), self.connect, self.save)
        self.cluster = Cluster(self.engine, self.world, text, port, 0)
        self.cluster.begin()
        self.client = self.server.connect()

    @property
    def view(self) -> ClusterView:
        return self.cluster.view

    @property
    def participant(self) -> Participant:
        return self.cluster.participant

    @property
    def id(self) -> bytes:
        return self.view.myself.id

    def save(self, text: bytes, sync: bool) -> bool:
        if self.disk_fails:
            return False
        self.saved.append(text)
        return True

    def connect(self, node: ClusterNode) -> Link | None:
        link = MemoryLink(self, node, self.world.now_ms())
        self.joined.dialled.append(link)
        return link

    def call(self, *words: bytes | str | int) -> bytes:
        argv = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return self.client.call(*argv)

    def logged(self) -> str:
        return "\n".join(text for _, text in self.server.logged)


class MemoryCluster:
    """`formed` makes one that is whole; nodes can also be made alone and meet."""

    def __init__(self) -> None:
        self.nodes: dict[int, MemoryNode] = {}
        self.queue: list[tuple[MemoryLink, bytes]] = []
        self.dialled: list[MemoryLink] = []
        self.broken: list[MemoryLink] = []

    def add(self, config: Config | None = None, text: bytes = b"") -> MemoryNode:
        port = FIRST_PORT + len(self.nodes)
        node = MemoryNode(self, port, config or quick_config(), text)
        self.nodes[port] = node
        return node

    def pump(self) -> None:
        """Let links come up and frames arrive, until nothing is on its way."""
        while self.dialled or self.queue or self.broken:
            broken, self.broken = self.broken, []
            for link in broken:
                if not link.is_closed:
                    link.is_closed = True
                    link.is_up = False
                    link.owner.participant.link_lost(link)
            dialled, self.dialled = self.dialled, []
            for link in dialled:
                self._connect(link)
            queue, self.queue = self.queue, []
            for link, line in queue:
                twin = link.twin
                if link.is_closed or twin is None or twin.is_closed or link.owner.is_down or twin.owner.is_down:
                    continue
                message = twin.decoder.decode(line, True)
                if message is not None:
                    twin.owner.engine.begin_turn()
                    twin.owner.participant.receive(twin, message)
        for node in self.nodes.values():
            node.server.run_woken()

    def _connect(self, link: MemoryLink) -> None:
        node = link.node
        assert node is not None
        remote = self.nodes.get(node.bus_port - 10000)
        if link.is_closed:
            return
        if remote is None or remote.is_down or link.owner.is_down:
            link.is_closed = True
            link.owner.participant.link_lost(link)
            return
        twin = MemoryLink(remote, None, remote.world.now_ms())
        link.twin, twin.twin = twin, link
        link.is_up = twin.is_up = True
        link.owner.participant.link_up(link)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            for node in self.nodes.values():
                node.server.advance(TICK_S)
                if not node.is_down:
                    node.participant.tick()
            self.pump()


def quick_config() -> Config:
    config = Config()
    config.assign("cluster-node-timeout", b"2000")
    return config


def formed(primaries: int, replicas: int = 0) -> MemoryCluster:
    """Primaries with equal shares of the slots, then so many replicas of each, in the order of the ports."""
    joined = MemoryCluster()
    nodes = [joined.add() for _ in range(primaries * (1 + replicas))]
    share = SLOTS // primaries
    for number, node in enumerate(nodes):
        assert node.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1) == b"+OK\r\n"
    for number, node in enumerate(nodes[:primaries]):
        last = SLOTS - 1 if number == primaries - 1 else (number + 1) * share - 1
        assert node.call("CLUSTER", "ADDSLOTSRANGE", number * share, last) == b"+OK\r\n"
    for node in nodes[1:]:
        assert node.call("CLUSTER", "MEET", "127.0.0.1", FIRST_PORT) == b"+OK\r\n"
    joined.run(3)
    for number, node in enumerate(nodes[primaries:]):
        assert node.call("CLUSTER", "REPLICATE", nodes[number % primaries].id) == b"+OK\r\n"
    joined.run(2)
    assert all(node.view.is_up for node in nodes), [node.logged() for node in nodes]
    return joined


def nodes_of(joined: MemoryCluster) -> list[MemoryNode]:
    return list(joined.nodes.values())


def alone(config: Config | None = None) -> MemoryNode:
    """One node with all slots."""
    joined = MemoryCluster()
    node = joined.add(config)
    node.call("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
    joined.run(3)
    assert node.view.is_up
    return node


__all__ = ["MemoryCluster", "MemoryNode", "alone", "formed", "nodes_of", "quick_config", "ranges_of"]
