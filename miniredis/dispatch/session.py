"""One client's state: its requests, its output, what it is in the middle of.

The executor runs its commands; the port carries its bytes.  Output gathers in `out`, in order, until the port
takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from miniredis.commands.context import Client, Context, Server
from miniredis.commands.declaration import Command
from miniredis.dispatch.acl_users import User
from miniredis.dispatch.gates import (
    GATE_ACL,
    GATE_MULTI,
    GATE_NO_TOUCH,
    GATE_PRIMARY_LINK,
    GATE_REPLY,
    GATE_TRACKING,
)
from miniredis.dispatch.port import Port
from miniredis.dispatch.tracking_options import TrackingOptions
from miniredis.resp.decoder import RequestDecoder
from miniredis.resp.drawn import DrawnReply

REPLY_ON: Final = 0
REPLY_OFF: Final = 1
REPLY_SKIP_NEXT: Final = 2
REPLY_SKIP: Final = 3

#: From here on a chunk of output is sent as it is; smaller ones are cheaper to copy than to send one by one.
LARGE_CHUNK: Final = 32 * 1024
#: So many small chunks are put together at once: a reply of a million elements is never copied whole.
CHUNKS_JOINED: Final = 8192
#: Longer output is only looked at here and there for large chunks; a prime, since replies repeat in threes.
LOOK_AT_ALL: Final = 64
LOOK_AT_STEP: Final = 7
#: What goes for the commands of a script as it does for its caller.
BORROWED_GATES: Final = GATE_TRACKING | GATE_NO_TOUCH | GATE_PRIMARY_LINK | GATE_ACL


class QueuedCommand:
    """A command of a transaction that has not been executed yet."""

    __slots__ = ("argv", "command")

    def __init__(self, command: Command, argv: list[bytes]) -> None:
        self.command = command
        self.argv = argv


class Session(Client):
    """A connected client."""

    def __init__(self, client_id: int, server: Server, port: Port, max_bulk: int) -> None:
        super().__init__(client_id)
        self.port = port
        self.context = Context(server.keyspace, self, server)
        self.decoder = RequestDecoder(max_bulk)
        self.out: list[bytes] = []
        #: Who it is; None for the server itself, which may do everything.
        self.user: User | None = None
        #: It has proved to be its user, or there was nothing to prove when it connected.
        self.is_authenticated = True
        #: From where its commands come: b"multi" within EXEC, b"lua" within a script; empty: from the client.
        self.access_context = b""
        #: GATE_ bits of this client; 0 for nearly every one.
        self.gates: int = 0
        #: A reply that is made while the client reads it.
        self.drawn: DrawnReply | None = None
        self._pushed_meanwhile: list[bytes] = []
        #: A command waits for its reply; everything behind it stays unread.
        self.waiting: Deferred[object] | None = None
        #: Requests that were put off by CLIENT PAUSE run again first.
        self.postponed: list[bytes] | None = None
        #: No request is read any more; the connection closes when the output is sent.
        self.closing = False
        self.closed = False
        self.reply_mode: int = REPLY_ON
        #: Since when its unread output is over the soft limit; -1: it is not.
        self.over_soft_since_ms: int = -1
        #: To be called when the connection is gone: by features that keep something for it.
        self.on_closed: list[Callable[[Session], None]] = []
        # What CLIENT LIST tells.
        self.connected_ms: int = server.keyspace.clock.now_ms
        self.active_ms: int = self.connected_ms
        self.library_name = b""
        self.library_version = b""
        self.last_command: Command | None = None
        self.commands_run: int = 0
        self.bytes_in: int = 0
        self.bytes_out: int = 0
        self.no_evict = False
        self.no_touch = False
        self.capabilities = b""
        # Cluster mode, while GATE_SLOT_READS is set.
        self.reads_replica = False  # READONLY
        self.asking = False
        self.is_replica = False  # it follows us
        self.is_primary = False  # it is the link to the server we follow
        self.is_monitor = False
        self.redirect: int = -1  # the client that gets its invalidations; 0: itself; -1: it does not track
        self.tracking_letters = b""
        self.tracking: TrackingOptions | None = None
        # Subscriptions; the order in which they were made.
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shard_channels: dict[bytes, None] = {}
        # Transactions.
        self.queued: list[QueuedCommand] = []
        self.queue_is_bad = False
        self.watched: dict[tuple[int, bytes], int] = {}  # (database, key) -> how it was, see watching.py
        self.watch_is_broken = False

    def stand_for(self, caller: Session) -> None:
        """Run commands in the name of a client, as a script does: with its identity and what it may do."""
        self.id = caller.id
        self.user_name = caller.user_name
        self.user = caller.user
        self.tracking = caller.tracking
        self.gates = caller.gates & BORROWED_GATES

    def set_reply_mode(self, mode: int) -> None:
        self.reply_mode = mode
        if mode == REPLY_ON:
            self.gates &= ~GATE_REPLY
        else:
            self.gates |= GATE_REPLY

    def set_no_touch(self, on: bool) -> None:
        self.no_touch = on
        if on:
            self.gates |= GATE_NO_TOUCH
        else:
            self.gates &= ~GATE_NO_TOUCH

    def is_local(self) -> bool:
        """Whether the client is on this machine."""
        peer = self.port.peer
        return self.port.is_unix or peer.startswith((b"127.", b"[::1]", b"[::ffff:127."))

    def subscriptions(self) -> int:
        return len(self.channels) + len(self.patterns) + len(self.shard_channels)

    def push(self, data: bytes) -> None:
        """Output that no request asked for, encoded already; sent at the end of the turn."""
        if self.drawn is not None:
            self._pushed_meanwhile.append(data)  # not into the middle of a reply
        elif not self.closed:
            self.out.append(data)
            self.port.wake()

    def append_drawn(self, drawn: DrawnReply) -> bool:
        """Go on with a reply that is made while the client reads it; whether there is more of it."""
        if drawn.append_piece(self.out):
            self.drawn = drawn
            return True
        self.drawn = None
        self.out += self._pushed_meanwhile
        self._pushed_meanwhile = []
        return False

    def take_output(self) -> bytes:
        """All that waits to be sent, as one piece."""
        out = self.out
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        self.bytes_out += len(data)
        return data

    def take_pieces(self) -> list[bytes]:
        """All that waits to be sent, in pieces: many small chunks are put together, large ones stay as they are."""
        out = self.out
        count = len(out)
        if count == 1:
            pieces = [out[0]]
        elif not self._has_large_chunk(1 if count <= LOOK_AT_ALL else LOOK_AT_STEP):
            if count <= CHUNKS_JOINED:
                pieces = [b"".join(out)]
            else:
                pieces = [b"".join(out[at : at + CHUNKS_JOINED]) for at in range(0, count, CHUNKS_JOINED)]
        else:
            pieces = []
            small: list[bytes] = []
            for chunk in out:
                if len(chunk) >= LARGE_CHUNK:
                    if small:
                        pieces.append(b"".join(small))
                        small = []
                    pieces.append(chunk)
                else:
                    small.append(chunk)
            if small:
                pieces.append(b"".join(small))
        out.clear()
        for piece in pieces:
            self.bytes_out += len(piece)
        return pieces

    def _has_large_chunk(self, step: int) -> bool:
        out = self.out
        at = 0
        count = len(out)
        while at < count:
            if len(out[at]) >= LARGE_CHUNK:
                return True
            at += step
        return False

    def close_after_output(self) -> None:
        self.closing = True
        self.port.close(False)

    def end_queue(self) -> None:
        """The transaction is over, executed or not."""
        self.gates &= ~GATE_MULTI
        self.queued = []
        self.queue_is_bad = False
