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
from miniredis.dispatch.gates import GATE_MULTI, GATE_NO_TOUCH, GATE_PRIMARY_LINK, GATE_REPLY, GATE_TRACKING
from miniredis.dispatch.port import Port
from miniredis.resp.decoder import RequestDecoder

REPLY_ON: Final = 0
REPLY_OFF: Final = 1
REPLY_SKIP_NEXT: Final = 2
REPLY_SKIP: Final = 3

#: What goes for the commands of a script as it does for its caller.
BORROWED_GATES: Final = GATE_TRACKING | GATE_NO_TOUCH | GATE_PRIMARY_LINK


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
        #: From where its commands come: b"multi" within EXEC, b"lua" within a script; empty: from the client.
        self.access_context = b""
        #: GATE_ bits of this client; 0 for nearly every one.
        self.gates: int = 0
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
        self.is_replica = False  # it follows us
        self.is_primary = False  # it is the link to the server we follow
        self.is_monitor = False
        self.redirect: int = -1  # the client that gets its invalidations
        self.tracking_letters = b""
        # Subscriptions; the order in which they were made.
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shard_channels: dict[bytes, None] = {}
        # Transactions.
        self.queued: list[QueuedCommand] = []
        self.queue_is_bad = False
        self.watched: dict[tuple[int, bytes], bool] = {}  # (database, key) -> it was expired already
        self.watch_is_broken = False

    def stand_for(self, caller: Session) -> None:
        """Run commands in the name of a client, as a script does: with its identity and what it may do."""
        self.id = caller.id
        self.user_name = caller.user_name
        self.gates = caller.gates & BORROWED_GATES

    def set_reply_mode(self, mode: int) -> None:
        self.reply_mode = mode
        if mode == REPLY_ON:
            self.gates &= ~GATE_REPLY
        else:
            self.gates |= GATE_REPLY

    def is_local(self) -> bool:
        """Whether the client is on this machine."""
        peer = self.port.peer
        return self.port.is_unix or peer.startswith((b"127.", b"[::1]", b"[::ffff:127."))

    def subscriptions(self) -> int:
        return len(self.channels) + len(self.patterns) + len(self.shard_channels)

    def push(self, data: bytes) -> None:
        """Output that no request asked for, encoded already; sent at the end of the turn."""
        if not self.closed:
            self.out.append(data)
            self.port.wake()

    def take_output(self) -> bytes:
        """All that waits to be sent, as one piece."""
        out = self.out
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        self.bytes_out += len(data)
        return data

    def close_after_output(self) -> None:
        self.closing = True
        self.port.close(False)

    def end_queue(self) -> None:
        """The transaction is over, executed or not."""
        self.gates &= ~GATE_MULTI
        self.queued = []
        self.queue_is_bad = False
