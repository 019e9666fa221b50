"""What nodes tell each other, as plain values; codec.py writes them as lines.

They carry what Redis's binary bus carries, so that another codec could stand in its place.  Ages are relative
(milliseconds ago), since clocks differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from miniredis.cluster.ranges import Ranges

PING: Final = 0
PONG: Final = 1
MEET: Final = 2
NO_AGE: Final = -1
#: Channel and message together may be so long.
MOST_PUBLISHED: Final = 64 * 1024 * 1024


class ClientAddress(NamedTuple):
    """Where clients reach a node, where that is not where other nodes do; empty or 0: as other nodes."""

    ipv4: bytes = b""
    ipv6: bytes = b""
    port: int = 0
    tls_port: int = 0


AS_NODES_DO: Final = ClientAddress()


@dataclass(slots=True, frozen=False)
class Header:
    """Who speaks, and what it claims; with every message."""

    node_id: bytes
    flags: int
    port: int
    tls_port: int
    bus_port: int
    ip: bytes  # empty: where the message comes from
    hostname: bytes
    human_name: bytes
    shard_id: bytes
    primary_id: bytes  # empty for a primary
    current_epoch: int
    config_epoch: int  # its primary's, if it is a replica
    offset: int
    slots: Ranges  # its primary's, if it is a replica
    is_up: bool
    is_paused: bool = False  # its clients' writes are paused for a manual failover
    is_forced: bool = False  # vote for it although its primary works
    client: ClientAddress = AS_NODES_DO


@dataclass(slots=True)
class Gossip:
    """What the sender knows of a third node."""

    node_id: bytes
    ip: bytes
    port: int
    tls_port: int
    bus_port: int
    flags: int
    pong_age_ms: int  # NO_AGE: never


@dataclass(slots=True)
class Ping:
    """`kind`: PING wants a PONG; MEET too, and also from who does not know the sender."""

    header: Header
    kind: int
    gossip: list[Gossip]


@dataclass(slots=True)
class Fail:
    """The majority does not reach this node."""

    header: Header
    node_id: bytes


@dataclass(slots=True)
class Publish:
    """A message to a channel, for the clients of the receiver."""

    header: Header
    channel: bytes
    message: bytes
    is_sharded: bool


@dataclass(slots=True)
class VoteRequest:
    header: Header


@dataclass(slots=True)
class Vote:
    header: Header


@dataclass(slots=True)
class Update:
    """Somebody else owns slots that the receiver claimed, with a higher epoch."""

    header: Header
    node_id: bytes
    config_epoch: int
    slots: Ranges


@dataclass(slots=True)
class StartFailover:
    """A replica asks its primary to pause writes until it has taken over."""

    header: Header


Message = Ping | Fail | Publish | VoteRequest | Vote | Update | StartFailover
