"""What commands leave behind: the commands to replay, the keyspace events, the keys that were modified."""

from __future__ import annotations

from miniredis.dispatch.sinks import EventSink, LogSink, Replay
from miniredis.keyspace.effects import NOTIFY_KEY_MISS, NOTIFY_NEW, Effects
from miniredis.testing.memory import MemoryServer


class _Log(LogSink):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.entries: list[tuple[int, list[bytes]]] = []

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        self.entries.append((db_index, argv))
        text = b" ".join(argv).decode("latin-1")
        self.lines.append(f"{db_index}: {text}" if db_index else text)

    def append_block(self, commands: list[Replay]) -> None:
        self.lines.append("MULTI")
        for command in commands:
            self.append(command.db_index, command.argv, command.raw)
        self.lines.append("EXEC")


class _Events(EventSink):
    def __init__(self) -> None:
        self.names: list[str] = []
        self.misses: list[str] = []
        self.modified: list[str] = []

    def on_effects(self, effects: Effects, client_id: int) -> None:
        for event in effects.events:
            place = event.key.decode("latin-1") + (f"@{event.db_index}" if event.db_index else "")
            if event.modified and place not in self.modified:
                self.modified.append(place)
            if event.kind in (NOTIFY_KEY_MISS, NOTIFY_NEW):
                self.misses.append(f"{event.name.decode()} {place}")
            elif event.kind:
                self.names.append(f"{event.name.decode()} {place}")


class Record:
    """Each call gives what came since the one before, as text: `SET k v`, `expire k`; `@1` and `1:` name a database."""

    def __init__(self, server: MemoryServer) -> None:
        self._log = _Log()
        self._events = _Events()
        self._effects = server.engine.keyspace.effects
        self._dirty = 0
        server.engine.log_sinks.append(self._log)
        server.engine.event_sinks.append(self._events)
        server.engine.refresh_listening()

    def replayed(self) -> list[str]:
        found, self._log.lines = self._log.lines, []
        return found

    def entries(self) -> list[tuple[int, list[bytes]]]:
        """All that was ever to be replayed: database and command."""
        return self._log.entries

    def events(self) -> list[str]:
        """Without new keys and misses."""
        found, self._events.names = self._events.names, []
        return found

    def new_and_missed(self) -> list[str]:
        found, self._events.misses = self._events.misses, []
        return found

    def modified(self) -> list[str]:
        found, self._events.modified = self._events.modified, []
        return found

    def dirty(self) -> int:
        before, self._dirty = self._dirty, self._effects.dirty
        return self._dirty - before
