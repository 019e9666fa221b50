"""Replication as the rest of the server asks for it: whom we follow, who follows us, how far everybody is.

`engine.replication` holds what replicates, None in a server without it.  Persistence, cluster and sentinel know this
interface only.  Times are Unix times in milliseconds; offsets count bytes of the replication stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mypy_extensions import mypyc_attr

# States of a replica, as INFO replication names them.
WAIT_SNAPSHOT: Final = b"wait_bgsave"
SEND_SNAPSHOT: Final = b"send_bulk"
ONLINE: Final = b"online"

# States of a failover, as INFO replication names them.
NO_FAILOVER: Final = b"no-failover"
WAITING_FOR_SYNC: Final = b"waiting-for-sync"
FAILOVER_IN_PROGRESS: Final = b"failover-in-progress"


class ReplicaStatus:
    """One server that follows us, as it was when asked."""

    __slots__ = ("acked_ms", "acked_offset", "client_id", "host", "port", "state")

    def __init__(self, client_id: int, host: bytes, port: int, state: bytes, acked_offset: int, acked_ms: int) -> None:
        self.client_id = client_id
        #: Where others reach it: as it announced itself, else where it connected from.
        self.host = host
        self.port = port
        self.state = state
        #: Up to where it said to have the stream, and when it last said so.
        self.acked_offset = acked_offset
        self.acked_ms = acked_ms


@mypyc_attr(allow_interpreted_subclasses=True)
class Replication:
    """The replication of one server."""

    def __init__(self) -> None:
        #: Told after the role or the primary has changed, by whatever way.
        self.on_role_changed: list[Callable[[], None]] = []
        #: Told after the link to the primary came up or went down.
        self.on_link_changed: list[Callable[[], None]] = []
        #: Told after a replica has acknowledged more.
        self.on_acknowledged: list[Callable[[], None]] = []

    # -- the role

    def follow(self, host: str, port: int) -> None:
        """Become a replica of this server, whatever was followed before; the data is replaced when the sync comes."""
        raise NotImplementedError

    def promote(self) -> None:
        """Follow nobody; the data stays, and replicas of the old primary can go on with us."""
        raise NotImplementedError

    def is_following(self) -> bool:
        """Whether we are a replica; `engine.is_replica` says the same."""
        raise NotImplementedError

    def primary_address(self) -> tuple[str, int]:
        """Host and port of whom we follow; ("", 0) as a primary."""
        raise NotImplementedError

    # -- as a replica

    def is_link_up(self) -> bool:
        """Whether we are in step with our primary: synchronised, and the stream flows."""
        raise NotImplementedError

    def link_down_since_ms(self) -> int:
        """Since when it is not; -1 while it is up. 0: it never was."""
        raise NotImplementedError

    def heard_ms(self) -> int:
        """When our primary last sent anything; 0 for never."""
        raise NotImplementedError

    # -- positions

    def offset(self) -> int:
        """How much of the stream our data holds: written as a primary, applied as a replica."""
        raise NotImplementedError

    def replication_id(self) -> bytes:
        """Of the history our data belongs to: 40 hexadecimal digits."""
        raise NotImplementedError

    def snapshot_origin(self) -> list[tuple[bytes, bytes]]:
        """Aux fields for an RDB file of the data as it is now: with them it can be resynchronised in part."""
        raise NotImplementedError

    def take_origin(self, aux: dict[bytes, bytes]) -> None:
        """An RDB file with these aux fields was loaded at the start, and nothing after it."""
        raise NotImplementedError

    # -- as a primary

    def replicas(self) -> list[ReplicaStatus]:
        """Who follows us, in the order of their coming."""
        raise NotImplementedError

    def acknowledged_by(self, offset: int) -> int:
        """How many replicas have said that they hold the stream up to here."""
        raise NotImplementedError

    def request_acknowledgements(self) -> None:
        """Ask every replica to tell at once how far it is; they call `on_acknowledged`."""
        raise NotImplementedError

    # -- a failover that we hand over ourselves

    def begin_failover(self, host: str, port: int, is_forced: bool, timeout_ms: int) -> None:
        """Hand the role over once the target ("" for whichever is first) is in step; ReplyError if that cannot be.

        Writes pause meanwhile.  `timeout_ms` 0 waits without end; then it is given up, or (`is_forced`) done anyway.
        """
        raise NotImplementedError

    def abort_failover(self) -> bool:
        """Give it up; False when there is none."""
        raise NotImplementedError

    def failover_state(self) -> bytes:
        raise NotImplementedError

    # -- the end

    def say_farewell(self, timeout_ms: int, done: Callable[[], None]) -> bool:
        """Pause writes and call `done` once all replicas have everything, or time is over.

        False: there is nothing to wait for, and `done` is not called.  After it the server stops, or `end_farewell`.
        """
        raise NotImplementedError

    def end_farewell(self) -> bool:
        """The server does not stop after all: writes go on.  False if nobody waited any more."""
        raise NotImplementedError

    def disconnect_replicas(self) -> None:
        """Make all replicas come anew: the history they follow is not ours any more."""
        raise NotImplementedError
