"""WATCH: who must be told when a key changes before EXEC."""

from __future__ import annotations

from typing import Final

from miniredis.dispatch.session import Session
from miniredis.keyspace.effects import Effects
from miniredis.keyspace.keyspace import Keyspace

# How a key was when it was watched.
MISSING: Final = 0
PRESENT: Final = 1
EXPIRED: Final = 2  # there, but its time was over


class WatchedKeys:
    """(database, key) -> the clients that watch it."""

    def __init__(self, keyspace: Keyspace) -> None:
        self.keyspace = keyspace
        self._by_key: dict[tuple[int, bytes], dict[Session, None]] = {}

    def is_empty(self) -> bool:
        return len(self._by_key) == 0

    def count(self) -> int:
        return len(self._by_key)

    def watch(self, session: Session, key: bytes) -> None:
        db = session.context.db
        place = (db.index, key)
        if place in session.watched:
            return
        session.watched[place] = EXPIRED if db.is_expired(key) else PRESENT if db.table.contains(key) else MISSING
        self._by_key.setdefault(place, {})[session] = None

    def unwatch(self, session: Session) -> None:
        for place in session.watched:
            sessions = self._by_key[place]
            del sessions[session]
            if not sessions:
                del self._by_key[place]
        session.watched = {}
        session.watch_is_broken = False

    def on_effects(self, effects: Effects) -> None:
        """Break the transactions that watch what was changed."""
        for event in effects.events:
            if event.modified:
                self._break(event.db_index, event.key)
        for index in effects.flushed:
            for db_index, key in list(self._by_key):
                if db_index == index:
                    self._break_by_flush(db_index, key)
        for first, second in effects.swapped:
            for db_index, key in list(self._by_key):
                other = second if db_index == first else first
                if db_index in (first, second) and (
                    self.keyspace.databases[db_index].table.contains(key)
                    or self.keyspace.databases[other].table.contains(key)
                ):
                    self._break(db_index, key)

    def _break(self, db_index: int, key: bytes) -> None:
        for session in self._by_key.get((db_index, key), ()):
            # A key that was over already when it was watched does not change by being removed.
            if not (
                session.watched[(db_index, key)] == EXPIRED
                and not self.keyspace.databases[db_index].table.contains(key)
            ):
                session.watch_is_broken = True

    def _break_by_flush(self, db_index: int, key: bytes) -> None:
        """A key that was not there has not changed, unless something else broke the transaction before."""
        for session in self._by_key[(db_index, key)]:
            if session.watched[(db_index, key)] == PRESENT:
                session.watch_is_broken = True

    def expired_since(self, session: Session) -> bool:
        """Whether a watched key has expired by now without having been removed yet."""
        for (db_index, key), before in session.watched.items():
            if before != EXPIRED and self.keyspace.databases[db_index].is_expired(key):
                return True
        return False
