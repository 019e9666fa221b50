"""Sees what commands leave behind: keyspace events, and what is replayed to files and replicas."""

from __future__ import annotations

from miniredis.dispatch.sinks import EventSink, LogSink, Replay
from miniredis.keyspace.effects import Effects
from miniredis.testing.memory import MemoryServer


class _Log(LogSink):
    """Its half that files and replicas would be; compiled classes allow one base only."""

    def __init__(self) -> None:
        self.commands: list[list[bytes]] = []

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        self.commands.append(list(argv))

    def append_block(self, commands: list[Replay]) -> None:
        for each in commands:
            self.append(each.db_index, each.argv, each.raw)


class Witness(EventSink):
    """Attached to a server, it notes everything in order; `events()` and `replayed()` give and forget it."""

    def __init__(self, server: MemoryServer) -> None:
        self._events: list[str] = []
        self._modified: list[bytes] = []
        self._log = _Log()
        self._replayed = self._log.commands
        server.engine.event_sinks.append(self)
        server.engine.log_sinks.append(self._log)
        server.engine.refresh_listening()

    def on_effects(self, effects: Effects, client_id: int) -> None:
        for event in effects.events:
            if event.kind:
                self._events.append(f"{event.name.decode()} {event.key.decode()}")
            if event.modified:
                self._modified.append(event.key)

    def events(self) -> list[str]:
        """As `name key`, key misses and new keys left out."""
        found = [event for event in self._events if not event.startswith(("keymiss", "new "))]
        self._events.clear()
        return found

    def modified(self) -> list[bytes]:
        """The keys that WATCH would see change."""
        found = list(self._modified)
        self._modified.clear()
        return found

    def commands(self) -> list[list[bytes]]:
        found = list(self._replayed)
        self._replayed.clear()
        return found

    def replayed(self) -> list[str]:
        """The commands, each as one text."""
        return [b" ".join(argv).decode() for argv in self.commands()]
