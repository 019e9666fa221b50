"""Who is told what commands did.

Sinks neither raise nor call the executor.  A LogSink gets what is to be replayed, in order; an EventSink
gets the keyspace events and modified keys of each command.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

from miniredis.keyspace.effects import Effects

# Whom a command is replayed for; the numbers are those of redis.set_repl.
FOR_FILE: Final = 1
FOR_REPLICAS: Final = 2
FOR_ALL: Final = 3


class Replay:
    """One command to replay.  `raw` is its request as it came, when that is known; else argv is encoded."""

    __slots__ = ("argv", "audience", "db_index", "raw")

    def __init__(self, db_index: int, argv: list[bytes], raw: bytes | None, audience: int = FOR_ALL) -> None:
        self.audience = audience
        self.db_index = db_index
        self.argv = argv
        self.raw = raw


@mypyc_attr(allow_interpreted_subclasses=True)
class LogSink:
    """The append-only file, the replication backlog."""

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        """One command that stands for itself."""

    def append_block(self, commands: list[Replay]) -> None:
        """Several commands that happen together or not at all: to be wrapped in MULTI and EXEC."""

    def concerns(self, audience: int) -> bool:
        """Whether this sink is among those that a command is for."""
        return audience != 0

    def hand_out(self) -> None:
        """What gathered while the engine said so leaves now."""


@mypyc_attr(allow_interpreted_subclasses=True)
class EventSink:
    """WATCH, client tracking, keyspace notifications, slot statistics."""

    def on_effects(self, effects: Effects, client_id: int) -> None:
        """What the command of this client did; the record is valid during the call only."""
