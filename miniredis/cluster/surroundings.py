"""What a node asks of the world: time, chance, links, its file, its server.  The bus gives the real ones.

Rules: `now_ms` never goes back; `save` returns only when the text is as safe as was asked for; nothing here calls
back into the node at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from miniredis.cluster.messages import AS_NODES_DO, ClientAddress, Message
from miniredis.cluster.node import ClusterNode


class Link:
    """A connection of the bus.  `node`: whom we connected to; None where the other side did."""

    def __init__(self, node: ClusterNode | None, created_ms: int) -> None:
        self.node = node
        #: Who sends on it, once known, where the other side connected.
        self.sender: ClusterNode | None = None
        self.created_ms = created_ms
        self.is_up = False
        self.peer_ip = b""
        self.local_ip = b""

    def send(self, message: Message) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Without word of it to the node."""
        raise NotImplementedError

    def unsent_bytes(self) -> int:
        return 0


@dataclass(slots=True)
class Settings:
    """The cluster-* directives a node goes by, and how it announces itself."""

    node_timeout_ms: int = 15000
    validity_factor: int = 10
    ping_replica_period_s: int = 10
    migration_barrier: int = 1
    allow_migration: bool = True
    no_failover: bool = False
    full_coverage: bool = True
    manual_failover_timeout_ms: int = 5000
    blacklist_ms: int = 60_000
    gossip_percent: int = 10
    ip: bytes = b""
    port: int = 0
    tls_port: int = 0
    bus_port: int = 0
    hostname: bytes = b""
    human_name: bytes = b""
    client: ClientAddress = AS_NODES_DO


class Surroundings:
    """The world of one node."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.settings = Settings()

    def now_ms(self) -> int:
        raise NotImplementedError

    def wall_offset_ms(self) -> int:
        """What makes Unix time of `now_ms`."""
        return 0

    def log(self, level: str, text: str) -> None:
        """A line for the server's log."""

    # -- the bus

    def connect(self, node: ClusterNode) -> Link | None:
        """Begin to connect; the node is told by `link_up` or `link_lost`.  None: that is impossible at once."""
        raise NotImplementedError

    # -- the disk

    def save(self, text: bytes, sync: bool) -> bool:
        """Put the text in place of the one before; `sync`: so that a crash of the machine cannot lose it."""
        raise NotImplementedError

    # -- the server

    def follow(self, node: ClusterNode) -> None:
        """Replicate from this node."""

    def keep_following(self, node: ClusterNode) -> None:
        """The same, at each tick: its address may have become known, or the server have been told otherwise."""

    def promote(self) -> None:
        """Replicate from nobody."""

    def offset(self) -> int:
        """How much of the replication stream the data holds."""
        return 0

    def data_age_ms(self) -> int:
        """How long ago our primary was last heard, as a replica."""
        return 0

    def keys_in(self, slot: int) -> int:
        return 0

    def drop_keys(self, slots: list[int]) -> None:
        """These slots are another's now."""

    def pause_writes(self, timeout_ms: int, is_migration: bool = False) -> None:
        """Hold clients' writes back for a manual failover, or while slots are handed over."""

    def resume_writes(self, is_migration: bool = False) -> None:
        """The manual failover, or the handing over, is done with."""

    def published(self, channel: bytes, message: bytes, is_sharded: bool) -> None:
        """Another node's client has published something."""

    def routes_changed(self) -> None:
        """Slots, roles or the state of the cluster are not what they were."""
