"""What a command is given: the client's view of the server.

One Context per client, reused for every command.  `Client` and `Server` say what commands may ask of the
two; dispatch/ has the real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from miniredis.config.config import Config
from miniredis.keyspace.database import Database
from miniredis.keyspace.effects import NOTIFY_GENERIC
from miniredis.keyspace.keyspace import Keyspace

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class NotReady:
    """What `serve` returns when a waiting client must go on waiting."""


NOT_READY: Final = NotReady()

#: Tries to serve a waiting client: (its context, the key that changed) -> the reply, or NOT_READY.
Serve = Callable[["Context", bytes], object]


@mypyc_attr(allow_interpreted_subclasses=True)
class Client:
    """A connection as commands see it."""

    def __init__(self, client_id: int) -> None:
        self.id = client_id
        self.name = b""
        self.user_name = b"default"


@mypyc_attr(allow_interpreted_subclasses=True)
class Server:
    """The server as commands see it."""

    def __init__(self, keyspace: Keyspace, config: Config, random: Random) -> None:
        self.keyspace = keyspace
        self.config = config
        self.random = random

    def wall_us(self) -> int:
        """Unix time in microseconds, read anew."""
        raise AssertionError("only a running server has a clock")

    def may_read_all_keys(self, ctx: Context, argv: list[bytes]) -> bool:
        """Whether the client may read keys that its command does not name: patterns of SORT."""
        return True

    def wait_until_freed(self, ctx: Context, reply: object) -> object:
        """`reply`, once the memory of what was removed is free; at once where nobody waits for it."""
        raise AssertionError("only a running server frees memory bit by bit")

    def wait_for_keys(
        self, ctx: Context, keys: list[bytes], timeout_ms: int, serve: Serve, timeout_reply: object, on_removal: bool
    ) -> Deferred[object]:
        raise AssertionError("only a running server can make a client wait")


class Context:
    """Everything a command works with, for one client."""

    def __init__(self, keyspace: Keyspace, client: Client, server: Server) -> None:
        self.keyspace = keyspace
        self.effects = keyspace.effects
        self.db: Database = keyspace.databases[0]
        self.client = client
        self.server = server
        #: The protocol version in which the reply will be written.
        self.resp: int = 2
        #: False within a transaction or a script, where a command must not wait.
        self.may_block = True

    @property
    def now_ms(self) -> int:
        """Unix time in milliseconds; the same for all commands of one turn."""
        return self.keyspace.clock.now_ms

    # -- what the command did

    def changed(self, kind: int, name: bytes, key: bytes) -> None:
        """`key` was modified, and the keyspace event `name` of class `kind` tells so."""
        effects = self.effects
        effects.dirty += 1
        if effects.listening:
            effects.changed_event(self.db.index, kind, name, key)

    def notify(self, kind: int, name: bytes, key: bytes) -> None:
        """A keyspace event that does not come from a modification of `key`."""
        if self.effects.listening:
            self.effects.notify(self.db.index, kind, name, key)

    def touch(self, key: bytes) -> None:
        """`key` was modified, without an event."""
        if self.effects.listening:
            self.effects.touch(self.db.index, key)

    def dirty(self, count: int) -> None:
        """So many changes more to save and to replay."""
        self.effects.dirty += count

    def flushed(self, db_index: int, keys: int) -> None:
        """A whole database was emptied of `keys` keys; replayed even when it was empty already."""
        self.effects.dirty += max(keys, 1)
        if self.effects.listening:
            self.effects.flushed.append(db_index)

    def swapped(self, first: int, second: int) -> None:
        """Two databases were exchanged."""
        if self.effects.listening:
            self.effects.swapped.append((first, second))

    def remove_empty(self, key: bytes) -> None:
        """Remove a collection that has lost its last element; after the event of the loss itself."""
        self.db.remove(key)
        if self.effects.listening:
            self.effects.changed_event(self.db.index, NOTIFY_GENERIC, b"del", key)

    def replay_as(self, argv: list[bytes]) -> None:
        """Replay this instead of the command; called again, this too."""
        self.effects.replay_as(argv)

    def replay_message(self, argv: list[bytes]) -> None:
        """Replicas run this, too; it changed no data."""
        self.effects.replay_message(argv)

    def replay_nothing(self) -> None:
        self.effects.replay_nothing()

    # -- waiting

    def wait_for_keys(
        self, keys: list[bytes], timeout_ms: int, serve: Serve, timeout_reply: object, on_removal: bool = False
    ) -> object:
        """Let the client wait until `serve` succeeds for a changed key; `timeout_ms` 0: without an end.

        `on_removal`: `serve` is also called when a key was removed.  Where waiting is not allowed, the
        timeout's reply is given at once.
        """
        if not self.may_block:
            return timeout_reply
        return self.server.wait_for_keys(self, keys, timeout_ms, serve, timeout_reply, on_removal)
