"""The node's server: its data, its clients, its replication, as the cluster's rules see and steer them.

Also what clients are told: which slots are served here, and where the others are.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from miniredis.cluster.messages import ClientAddress
from miniredis.cluster.node import FAIL, PFAIL, ClusterNode
from miniredis.cluster.surroundings import Link, Settings, Surroundings
from miniredis.cluster.view import ClusterView
from miniredis.dispatch.blocking import Waiter
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.pause import FOR_FAILOVER, FOR_SLOT_MIGRATION
from miniredis.dispatch.port import Port
from miniredis.dispatch.routing import Directory, Routing, cluster_down
from miniredis.dispatch.session import Session
from miniredis.keyspace.slots import COMING, ELSEWHERE, LEAVING, OURS, REPLICATED, SLOTS, UNSERVED, KeysBySlot, key_slot
from miniredis.resp.encoder import encode_reply
from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import Push

#: Keys of slots that were lost are removed in slices of so many.
DROP_SLICE = 500
#: The age of the data of a replica that has none of its primary's.
NO_DATA_MS = 1 << 40

Connect = Callable[[ClusterNode], Link | None]
Save = Callable[[bytes, bool], bool]


class EngineWorld(Surroundings):
    """`connect` and `save` come from whoever has sockets and files."""

    def __init__(self, engine: Engine, random: Random, connect: Connect, save: Save) -> None:
        super().__init__(random)
        self.engine = engine
        self._connect = connect
        self._save = save
        self._own_session = engine.own_session(Port())
        self.indexes = [KeysBySlot() for _ in engine.keyspace.databases]
        for database, index in zip(engine.keyspace.databases, self.indexes, strict=True):
            database.slots = index
            for key, _ in database.table.items():
                index.add(key)
        self.view: ClusterView | None = None
        self.routing = Routing(engine, NodeDirectory(self))
        #: We have had the data of the primary we follow, all of it, at some moment.
        self._was_in_step = False
        self._dropping: list[int] = []
        #: Slots whose keys are being sent here all at once.
        self.importing: set[int] = set()

    # -- the world

    def now_ms(self) -> int:
        return self.engine.time.monotonic_ns() // 1_000_000

    def wall_offset_ms(self) -> int:
        return self.engine.time.wall_ms() - self.now_ms()

    def log(self, level: str, text: str) -> None:
        self.engine.log(level, text)

    def connect(self, node: ClusterNode) -> Link | None:
        return self._connect(node)

    def save(self, text: bytes, sync: bool) -> bool:
        return self._save(text, sync)

    # -- replication

    def follow(self, node: ClusterNode) -> None:
        replication = self.engine.replication
        self._was_in_step = False
        if replication is None:
            self.log("warning", "This server cannot replicate: it follows its primary in name only.")
            self.engine.is_replica = True
            return
        port = node.port_by(self.engine.config.flag("tls-replication"))
        if port and node.ip:
            replication.follow(node.ip.decode(), port)

    def keep_following(self, node: ClusterNode) -> None:
        replication = self.engine.replication
        if replication is None or not node.port_by(False) or not node.ip:
            return
        if replication.is_link_up():
            self._was_in_step = True
        host, port = replication.primary_address()
        if host != node.ip.decode() or port not in (node.port, node.tls_port):
            self.follow(node)

    def promote(self) -> None:
        replication = self.engine.replication
        if replication is None:
            self.engine.is_replica = False
        elif replication.is_following():
            replication.promote()

    def offset(self) -> int:
        replication = self.engine.replication
        return replication.offset() if replication is not None else 0

    def data_age_ms(self) -> int:
        replication = self.engine.replication
        if replication is None:
            return 0
        now_ms = self.engine.time.wall_ms()
        if replication.is_link_up():
            return max(now_ms - replication.heard_ms(), 0)
        if not self._was_in_step:
            return NO_DATA_MS
        return max(now_ms - replication.link_down_since_ms(), 0)

    # -- data

    def keys_in(self, slot: int) -> int:
        return sum(index.count(slot) for index in self.indexes)

    def drop_keys(self, slots: list[int]) -> None:
        if not self._dropping:
            self.engine.time.call_later(0, self._drop_some)
        self._dropping += slots

    def _drop_some(self) -> None:
        """Keys that another node has now: removed in slices, and our replicas and log are told."""
        while self._dropping:
            slot = self._dropping[-1]
            owner = self.view.owners[slot] if self.view is not None else None
            if (self.view is not None and owner is self.view.myself) or not self.remove_keys(slot, DROP_SLICE):
                self._dropping.pop()
            else:
                self.engine.time.call_later(0, self._drop_some)
                return

    def remove_keys(self, slot: int, most: int, verb: bytes = b"DEL") -> int:
        """Delete up to `most` keys of a slot in every database, as a client's DEL would; how many there were."""
        removed = 0
        session = self._own_session
        for number, index in enumerate(self.indexes):
            keys = index.some(slot, most)
            if keys:
                session.context.db = self.engine.keyspace.databases[number]
                self.engine.call(session, self.engine.commands.commands[verb.lower()], [verb, *keys])
                removed += len(keys)
        return removed

    # -- clients

    def pause_writes(self, timeout_ms: int, is_migration: bool = False) -> None:
        self.engine.pause.begin(timeout_ms, True, FOR_SLOT_MIGRATION if is_migration else FOR_FAILOVER)

    def resume_writes(self, is_migration: bool = False) -> None:
        self.engine.pause.end(FOR_SLOT_MIGRATION if is_migration else FOR_FAILOVER)

    def published(self, channel: bytes, message: bytes, is_sharded: bool) -> None:
        pubsub = self.engine.pubsub
        if is_sharded:
            pubsub.publish_shard(channel, message)
        else:
            pubsub.publish(channel, message)

    def routes_changed(self) -> None:
        view = self.view
        if view is None:
            return
        routing = self.routing
        myself = view.myself
        states = bytearray([UNSERVED]) * SLOTS
        for node in view.nodes.values():
            kind = ELSEWHERE
            if node is myself:
                kind = OURS
            elif node is myself.primary:
                kind = REPLICATED
            for first, last in node.ranges:
                states[first : last + 1] = bytes([kind]) * (last + 1 - first)
        if myself.is_primary:
            for slot in view.leaving:
                if states[slot] == OURS:
                    states[slot] = LEAVING
            for slot in (*view.coming, *self.importing):
                if states[slot] == ELSEWHERE:
                    states[slot] = COMING
        routing.learn(states, view.is_up)
        self._end_shard_subscriptions(states)
        self.redirect_waiting()

    def _end_shard_subscriptions(self, states: bytearray) -> None:
        """Subscribers to a shard's channel learn that the shard is not here any more."""
        pubsub = self.engine.pubsub
        for channel in list(pubsub.shard_channels):
            if states[key_slot(channel)] not in (ELSEWHERE, UNSERVED):
                continue
            for session in list(pubsub.shard_channels[channel]):
                pubsub.unsubscribe_shard(session, channel)
                message = Push([b"sunsubscribe", channel, len(session.shard_channels)])
                session.push(encode_reply(message, session.context.resp))

    def redirect_waiting(self) -> None:
        """Clients that wait for keys which are not served here any more are sent on."""
        waiting = self.engine.waiting
        if waiting.is_empty():
            return
        for waiter in list(waiting.waiters.values()):
            refusal = self._refusal(waiter)
            if refusal is not None:
                self.engine.release(waiter, refusal)

    def _refusal(self, waiter: Waiter) -> ReplyError | None:
        routing = self.routing
        if not routing.is_up:
            return cluster_down()
        for key in waiter.keys:
            slot = key_slot(key)
            state = routing.states[slot]
            if state == UNSERVED:
                return ReplyError(b"CLUSTERDOWN Hash slot not served")
            if state == ELSEWHERE or (state == REPLICATED and not waiter.session.reads_replica):
                return ReplyError(b"MOVED %d %s" % (slot, routing.directory.owner(slot, waiter.session)))
        return None


class NodeDirectory(Directory):
    """Addresses as redirections name them."""

    def __init__(self, world: EngineWorld) -> None:
        self.world = world

    def owner(self, slot: int, session: Session) -> bytes:
        assert self.world.view is not None
        node = self.world.view.owners[slot]
        return endpoint(self.world.engine, node, session) if node is not None else b""

    def destination(self, slot: int, session: Session) -> bytes:
        assert self.world.view is not None
        return endpoint(self.world.engine, self.world.view.leaving.get(slot), session)


def came_by_ipv6(session: Session) -> bool:
    return session.port.peer.startswith(b"[")


def preferred_endpoint(engine: Engine, node: ClusterNode, session: Session) -> bytes | None:
    """What cluster-preferred-endpoint-type wants a node to be called; None: as the client knows it already."""
    kind = engine.config.text("cluster-preferred-endpoint-type")
    if kind == b"hostname":
        return node.hostname or b"?"
    if kind == b"unknown-endpoint":
        return None
    return node.client_ip(came_by_ipv6(session))


def endpoint(engine: Engine, node: ClusterNode | None, session: Session) -> bytes:
    if node is None:
        return b""
    return b"%s:%d" % (preferred_endpoint(engine, node, session) or b"", node.client_port(session.port.is_tls))


def settings_of(engine: Engine, port: int, tls_port: int) -> Settings:
    """The directives a node goes by, as they stand now."""
    config = engine.config
    own_bus_port = config.int("cluster-port") or (port or tls_port) + 10000
    return Settings(
        node_timeout_ms=config.int("cluster-node-timeout"),
        validity_factor=config.int("cluster-replica-validity-factor"),
        ping_replica_period_s=config.int("repl-ping-replica-period"),
        migration_barrier=config.int("cluster-migration-barrier"),
        allow_migration=config.flag("cluster-allow-replica-migration"),
        no_failover=config.flag("cluster-replica-no-failover"),
        full_coverage=config.flag("cluster-require-full-coverage"),
        manual_failover_timeout_ms=config.int("cluster-manual-failover-timeout"),
        blacklist_ms=config.int("cluster-blacklist-ttl") * 1000,
        gossip_percent=config.int("cluster-message-gossip-perc"),
        ip=config.text("cluster-announce-ip"),
        port=config.int("cluster-announce-port") or port,
        tls_port=config.int("cluster-announce-tls-port") or tls_port,
        bus_port=config.int("cluster-announce-bus-port") or own_bus_port,
        hostname=config.text("cluster-announce-hostname"),
        human_name=config.text("cluster-announce-human-nodename"),
        client=ClientAddress(
            config.text("cluster-announce-client-ipv4"),
            config.text("cluster-announce-client-ipv6"),
            config.int("cluster-announce-client-port"),
            config.int("cluster-announce-client-tls-port"),
        ),
    )


def slot_health(view: ClusterView) -> tuple[int, int, int, int]:
    """(assigned, of nodes that work, that may be failing, that have failed)."""
    assigned = works = pfail = failed = 0
    for node in view.nodes.values():
        count = len(node.slots)
        assigned += count
        if node.flags & FAIL:
            failed += count
        elif node.flags & PFAIL:
            pfail += count
        else:
            works += count
    return assigned, works, pfail, failed
