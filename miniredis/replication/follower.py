"""One replica of ours: what it told of itself, and how far it is.

(connected)      REPLCONF ...         it introduces itself
WAIT_SNAPSHOT    PSYNC, no way on     a snapshot is due, or being written to a file
SEND_SNAPSHOT    the snapshot leaves  piece by piece, as the peer takes it
ONLINE           the stream flows     at once after +CONTINUE; after a streamed snapshot when it first acknowledges
"""

from __future__ import annotations

from miniredis.dispatch.roles import ONLINE, WAIT_SNAPSHOT
from miniredis.dispatch.session import REPLY_OFF, Session
from miniredis.replication.backlog import Reader


class Follower(Reader):
    """A client that said something with REPLCONF, or follows us already."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, 0)
        # What REPLCONF told.
        self.announced_host: bytes = b""
        self.announced_port: int = 0
        self.takes_end_mark = False
        self.knows_second_id = False
        #: (major, minor, patch) of Valkey and of those who say so; zeros when unknown.
        self.version: tuple[int, int, int] = (0, 0, 0)
        self.wants_snapshot_only = False
        self.wants_functions_only = False
        self.wants_nothing = False
        # Since PSYNC.
        self.state: bytes = WAIT_SNAPSHOT
        #: It came with SYNC: there is neither +FULLRESYNC nor an acknowledgement.
        self.is_plain = False
        self.has_acked = False
        self.acked_offset: int = 0
        self.synced_offset: int = -1  # what it has on its disk, if it says so
        #: Its stream begins when it acknowledges that the snapshot is loaded.
        self.awaits_ack = False
        #: Where in the snapshot it is.
        self.sent: int = 0
        #: When something last came from it or went to it; monotonic milliseconds.
        self.heard_ms: int = 0
        self.progress_ms: int = 0
        self.heard_bytes: int = 0
        #: Its snapshot holds something that old servers cannot read.
        self.got_new_version = False

    def enlist(self, now_ms: int) -> None:
        """From now on it is a replica: it gets no replies, only what we send."""
        session = self.session
        session.is_replica = True
        session.set_reply_mode(REPLY_OFF)
        self.heard_ms = now_ms
        self.progress_ms = now_ms
        self.heard_bytes = session.bytes_in

    def is_streaming(self) -> bool:
        """Whether the stream goes to it."""
        return self.state == ONLINE and not self.awaits_ack

    def host(self) -> bytes:
        return self.announced_host or self.session.port.peer.rpartition(b":")[0].strip(b"[]")

    def name(self) -> str:
        """For the log."""
        return f"{self.host().decode('utf-8', 'replace')}:{self.announced_port or '<unknown-replica-port>'}"
