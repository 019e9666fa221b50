"""Which history our data belongs to, and how far it goes: what PSYNC compares.

A history has an id and offsets.  A promoted replica begins a new one that shares its past with the old: both ids are
good up to where they part.  As a primary the backlog is fed by the commands that run; as a replica by the bytes of the
primary's stream, so that offsets are the same all down a chain.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.replication.backlog import Backlog

NO_ID: Final = b"0" * 40


def new_id(random: Random) -> bytes:
    return b"%040x" % random.getrandbits(160)


class History:
    """Ids, offset and backlog of one server."""

    def __init__(self, engine: Engine) -> None:
        self.engine: Engine = engine
        self.id: bytes = new_id(engine.random)
        self.second_id: bytes = NO_ID
        #: Up to here (inclusive) the second id names our past, too; -1 without one.
        self.second_until: int = -1
        #: False while the data is no whole state of any history: a full sync that failed half way.
        self.is_whole: bool = True
        self.backlog: Backlog | None = None
        self.on_behind: Callable[[], None] = _nobody
        self._offset: int = 0

    def offset(self) -> int:
        backlog = self.backlog
        return backlog.end if backlog is not None else self._offset

    def accepts(self, replication_id: bytes, offset: int) -> bool:
        """Whether who has this history up to `offset` has only what we have, too."""
        wanted = replication_id.lower()
        return wanted == self.id or (
            wanted == self.second_id and self.second_id != NO_ID and offset <= self.second_until
        )

    # -- changes

    def begin_new(self) -> None:
        """Our data has no past that others could share."""
        self.id = new_id(self.engine.random)
        self.forget_second()

    def part(self) -> None:
        """From here on we write a history of our own."""
        self.second_id = self.id
        self.second_until = self.offset()
        self.id = new_id(self.engine.random)

    def rename(self, replication_id: bytes) -> None:
        """Our primary goes on with our history under another id."""
        if replication_id != self.id:
            self.second_id = self.id
            self.second_until = self.offset()
            self.id = replication_id

    def take_over(self, replication_id: bytes, offset: int) -> None:
        """Our data was replaced by that of another history."""
        self.close_backlog()
        self.id = replication_id
        self.forget_second()
        self._offset = offset
        self.is_whole = True

    def restore(self, replication_id: bytes, offset: int, was_primary: bool) -> None:
        """Our data was loaded from a file that says where it belongs."""
        self._offset = offset
        if was_primary:
            self.second_id = replication_id
            self.second_until = offset
        else:
            self.id = replication_id

    def forget_second(self) -> None:
        self.second_id = NO_ID
        self.second_until = -1

    # -- the backlog

    def open_backlog(self) -> Backlog:
        """The backlog; it begins here if there was none."""
        backlog = self.backlog
        if backlog is None:
            backlog = Backlog(self.engine.config.int("repl-backlog-size"), self._offset, self.engine)
            backlog.on_behind = self.on_behind
            self.backlog = backlog
            self.choose_source()
        return backlog

    def close_backlog(self) -> None:
        backlog = self.backlog
        if backlog is not None:
            self._offset = backlog.end
            self.backlog = None
            if backlog in self.engine.log_sinks:
                self.engine.log_sinks.remove(backlog)
            self.engine.refresh_listening()

    def choose_source(self) -> None:
        """As a primary commands feed the backlog; as a replica the primary's stream does."""
        engine = self.engine
        backlog = self.backlog
        if backlog is None:
            return
        wanted = not engine.is_replica
        if wanted and backlog not in engine.log_sinks:
            backlog.forget_database()
            engine.log_sinks.append(backlog)
        elif not wanted and backlog in engine.log_sinks:
            engine.log_sinks.remove(backlog)
        engine.refresh_listening()

    def write(self, data: bytes) -> None:
        """Bytes of the stream that come ready."""
        backlog = self.backlog
        if backlog is not None:
            backlog.write(data)
        else:
            self._offset += len(data)


def _nobody() -> None:
    """Nobody was told to look."""
