"""What a command did, told to whoever must know: one record, filled anew by each command.

Handlers and the keyspace write into it; the executor hands it to the sinks and clears it.  The dirty count
is always kept; events and touched keys are only gathered while somebody listens, so that with nothing in
use a write costs one addition and one comparison.
"""

from __future__ import annotations

from typing import Final

# Classes of keyspace events; the letters are those of notify-keyspace-events.
NOTIFY_KEYSPACE: Final = 1  # K
NOTIFY_KEYEVENT: Final = 2  # E
NOTIFY_GENERIC: Final = 4  # g
NOTIFY_STRING: Final = 8  # $
NOTIFY_LIST: Final = 16  # l
NOTIFY_SET: Final = 32  # s
NOTIFY_HASH: Final = 64  # h
NOTIFY_ZSET: Final = 128  # z
NOTIFY_EXPIRED: Final = 256  # x
NOTIFY_EVICTED: Final = 512  # e
NOTIFY_STREAM: Final = 1024  # t
NOTIFY_KEY_MISS: Final = 2048  # m
NOTIFY_MODULE: Final = 8192  # d
NOTIFY_NEW: Final = 16384  # n
#: What the letter A stands for: all classes but key misses and new keys.
NOTIFY_ALL: Final = 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512 | 1024 | 8192


class Event:
    """A keyspace event, and whether the key changed by it."""

    __slots__ = ("db_index", "key", "kind", "modified", "name")

    def __init__(self, db_index: int, kind: int, name: bytes, key: bytes, modified: bool) -> None:
        self.db_index = db_index
        self.kind = kind  # one NOTIFY_ bit; 0 for a change that has no event
        self.name = name
        self.key = key
        self.modified = modified


class Removal:
    """A deletion that no client asked for (expiry, eviction): replayed before the command that met it."""

    __slots__ = ("argv", "db_index")

    def __init__(self, db_index: int, argv: list[bytes]) -> None:
        self.db_index = db_index
        self.argv = argv


class Effects:
    """The record of one command (or of one transaction, script or module command)."""

    def __init__(self) -> None:
        #: Changes so far; never goes back, so that nested commands can be told apart by differences.
        self.dirty: int = 0
        #: Somebody wants events or touched keys: set by the executor when its listeners change.
        self.listening = False
        #: Somebody wants the commands to replay (AOF, backlog).
        self.replaying = False
        #: One of the two: the executor has something to deliver.
        self.active = False
        self.events: list[Event] = []
        #: Removals that precede the command: [(database, argv)].
        self.removals: list[Removal] = []
        #: What is replayed instead of the command; None: the command as it came.
        self.replay: list[list[bytes]] | None = None
        #: `replay` is no change of data: it goes to replicas, and not into the file.
        self.replay_is_message = False
        #: Whole databases changed: a set of indexes (FLUSHDB), to invalidate watchers and caches.
        self.flushed: list[int] = []
        self.swapped: list[tuple[int, int]] = []

    def changed_event(self, db_index: int, kind: int, name: bytes, key: bytes) -> None:
        """`key` was modified and an event tells so; call only while `listening`."""
        self.events.append(Event(db_index, kind, name, key, True))

    def notify(self, db_index: int, kind: int, name: bytes, key: bytes) -> None:
        """An event without a modification."""
        if self.listening:
            self.events.append(Event(db_index, kind, name, key, False))

    def touch(self, db_index: int, key: bytes) -> None:
        """A modification without an event of its own."""
        if self.listening:
            self.events.append(Event(db_index, 0, b"", key, True))

    def removed_unasked(self, db_index: int, kind: int, name: bytes, key: bytes, verb: bytes) -> None:
        """A key expired or was evicted: others must delete it before they see what follows."""
        if self.listening:
            self.events.append(Event(db_index, kind, name, key, True))
        if self.replaying:
            self.removals.append(Removal(db_index, [verb, key]))

    def replay_before(self, db_index: int, argv: list[bytes]) -> None:
        """Something that happened unasked, to be replayed ahead of the command: field expiry and its kind."""
        if self.replaying:
            self.removals.append(Removal(db_index, argv))

    def replay_as(self, argv: list[bytes]) -> None:
        """Replay this instead of the command as it came; called again, this too."""
        if self.replaying:
            if self.replay is None:
                self.replay = []
                self.replay_is_message = False
            self.replay.append(argv)

    def replay_message(self, argv: list[bytes]) -> None:
        """Replay this on replicas; the file is for what changed data."""
        if self.replaying:
            self.replay = [argv]
            self.replay_is_message = True

    def replay_nothing(self) -> None:
        if self.replaying:
            self.replay = []

    def clear(self) -> None:
        """Ready for the next command."""
        self.replay = None
        if self.events:
            self.events = []
        if self.removals:
            self.removals = []
        if self.flushed:
            self.flushed = []
        if self.swapped:
            self.swapped = []
