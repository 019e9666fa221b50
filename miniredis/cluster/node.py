"""One node as another sees it: where it is, what it claims, when it was last heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from miniredis.cluster.messages import AS_NODES_DO
from miniredis.cluster.ranges import Ranges, ranges_of

if TYPE_CHECKING:
    from miniredis.cluster.surroundings import Link

# What is known of a node; the numbers are those of Redis's bus.
PRIMARY: Final = 1
REPLICA: Final = 2
PFAIL: Final = 4  # we do not reach it
FAIL: Final = 8  # the majority does not
MYSELF: Final = 16
HANDSHAKE: Final = 32  # met, but its name is not known yet
NOADDR: Final = 64
MEET: Final = 128  # it is to be told of us
MIGRATE_TO: Final = 256  # a primary that may be given replicas of others
NOFAILOVER: Final = 512

FLAG_NAMES: Final = (
    (MYSELF, b"myself"),
    (PRIMARY, b"master"),
    (REPLICA, b"slave"),
    (PFAIL, b"fail?"),
    (FAIL, b"fail"),
    (HANDSHAKE, b"handshake"),
    (NOADDR, b"noaddr"),
    (NOFAILOVER, b"nofailover"),
)


class ClusterNode:
    """Times are of the monotonic clock in milliseconds; 0 is never."""

    __slots__ = (
        "_ranges",
        "bus_port",
        "client",
        "config_epoch",
        "created_ms",
        "fail_ms",
        "failure_reports",
        "flags",
        "heard_ms",
        "hostname",
        "human_name",
        "id",
        "inbound",
        "ip",
        "link",
        "offset",
        "orphaned_ms",
        "ping_sent_ms",
        "pong_ms",
        "port",
        "primary",
        "replicas",
        "shard_id",
        "slots",
        "tls_port",
        "voted_ms",
    )

    def __init__(self, node_id: bytes, flags: int, now_ms: int) -> None:
        self.id = node_id
        self.flags = flags
        self.shard_id = node_id
        self.ip = b""
        self.port = 0
        self.tls_port = 0
        self.bus_port = 0
        self.client = AS_NODES_DO
        self.hostname = b""
        self.human_name = b""
        self.primary: ClusterNode | None = None
        self.replicas: list[ClusterNode] = []
        self.slots: set[int] = set()
        self._ranges: Ranges | None = ()
        self.config_epoch = 0
        self.created_ms = now_ms
        #: When the ping was sent that has not been answered; 0: none is on its way.
        self.ping_sent_ms = 0
        self.pong_ms = 0
        #: When anything came from it.
        self.heard_ms = 0
        self.fail_ms = 0
        self.voted_ms = 0  # when we last voted for one of its replicas
        self.orphaned_ms = 0  # since when it has had no working replica
        self.offset = 0
        #: Who reported it failing, and when.
        self.failure_reports: dict[bytes, int] = {}
        self.link: Link | None = None  # ours to it
        self.inbound: Link | None = None  # its to us

    def client_ip(self, by_ipv6: bool) -> bytes:
        """The address told to a client that came by IPv4 or IPv6."""
        return (self.client.ipv6 if by_ipv6 else self.client.ipv4) or self.ip

    def client_port(self, by_tls: bool) -> int:
        """The port told to a client that came by TLS, and will go on by it, or not; else the one there is."""
        plain = self.client.port or self.port if self.port else 0
        tls = self.client.tls_port or self.tls_port if self.tls_port else 0
        return (tls or plain) if by_tls else (plain or tls)

    @property
    def is_primary(self) -> bool:
        return bool(self.flags & PRIMARY)

    @property
    def is_replica(self) -> bool:
        return bool(self.flags & REPLICA)

    @property
    def is_myself(self) -> bool:
        return bool(self.flags & MYSELF)

    @property
    def has_failed(self) -> bool:
        return bool(self.flags & FAIL)

    @property
    def is_in_handshake(self) -> bool:
        return bool(self.flags & HANDSHAKE)

    @property
    def ranges(self) -> Ranges:
        if self._ranges is None:
            self._ranges = ranges_of(self.slots)
        return self._ranges

    def port_by(self, tls: bool) -> int:
        """For clients, with TLS or without, or else the one there is; 0 while none is known."""
        wanted, other = (self.tls_port, self.port) if tls else (self.port, self.tls_port)
        return wanted or other

    def take_slot(self, slot: int) -> None:
        self.slots.add(slot)
        self._ranges = None

    def lose_slot(self, slot: int) -> None:
        self.slots.discard(slot)
        self._ranges = None

    def take_slots(self, first: int, last: int) -> None:
        self.slots.update(range(first, last + 1))
        self._ranges = None

    def lose_slots(self, first: int, last: int) -> None:
        self.slots.difference_update(range(first, last + 1))
        self._ranges = None

    def flag_names(self) -> bytes:
        return b",".join([name for bit, name in FLAG_NAMES if self.flags & bit]) or b"noflags"

    def head(self) -> ClusterNode:
        """The primary of its shard: itself, or the one it follows."""
        return self.primary if self.is_replica and self.primary is not None else self

    def working_replicas(self) -> int:
        return sum(1 for replica in self.replicas if not replica.has_failed)
