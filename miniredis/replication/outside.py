"""What replication asks of the world: connections to a primary, snapshots of our data, a place for received ones.

The edge (service.py, link.py) implements them over the reactor, a forked child and files; tests and the simulation
over lists and a Clock.  Nothing here is on the way of a command.
"""

from __future__ import annotations

from typing import Final

# How a snapshot goes.
RUNNING: Final = 0
READY: Final = 1
FAILED: Final = 2


class LinkUser:
    """Who uses a link; told what happens, in the past tense."""

    def link_made(self) -> None:
        raise NotImplementedError

    def link_received(self, data: bytes) -> None:
        raise NotImplementedError

    def link_lost(self, reason: str) -> None:
        """Once, also when the link was never made; not after `close`."""
        raise NotImplementedError


class Link:
    """A connection that we asked for."""

    #: As CLIENT LIST shows them.
    peer: bytes = b""
    local: bytes = b""

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """End it at once; its user hears nothing more."""
        raise NotImplementedError

    def pause(self) -> None:
        """Hand nothing over until `resume`."""
        raise NotImplementedError

    def resume(self) -> None:
        raise NotImplementedError


class Network:
    def connect(self, host: str, port: int, user: LinkUser, timeout_s: float) -> Link:
        """A link that is being made; its user hears of it later, never within this call."""
        raise NotImplementedError


class Snapshot:
    """A snapshot of our data for a full sync, being made.

    `size` is -1 as long as it is not known, and for one that is streamed as it is made.
    """

    size: int = -1
    message: str = ""

    def poll(self) -> int:
        """RUNNING, READY (all is written, or for a stream: handed out), FAILED (and `message` says why)."""
        raise NotImplementedError

    def read(self, offset: int, most: int) -> bytes:
        """Bytes from `offset` on; of a stream the next ones, none if there are none at the moment."""
        raise NotImplementedError

    def close(self) -> None:
        """Nobody wants it any more, whatever its state."""
        raise NotImplementedError


class SnapshotWish:
    """What a snapshot shall hold and how it is made."""

    __slots__ = ("aux", "has_functions", "has_keys", "is_streamed", "version")

    def __init__(
        self, aux: list[tuple[bytes, bytes]], version: int, is_streamed: bool, has_keys: bool, has_functions: bool
    ) -> None:
        self.aux = aux
        #: RDB version that the readers understand; 0: the lowest that holds the data.
        self.version = version
        self.is_streamed = is_streamed
        self.has_keys = has_keys
        self.has_functions = has_functions


class SnapshotSource:
    def begin(self, wish: SnapshotWish) -> Snapshot:
        """A snapshot of the data as it is now; OSError if that cannot be."""
        raise NotImplementedError


class Store:
    """Where a received snapshot is kept until all of it is there."""

    def write(self, data: bytes) -> None:
        """OSError if there is no room."""
        raise NotImplementedError

    def read(self, most: int) -> bytes:
        """From the beginning on; none at the end."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Storage:
    def open(self) -> Store:
        """An empty store; OSError."""
        raise NotImplementedError
