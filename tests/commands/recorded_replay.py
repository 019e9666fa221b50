"""What commands leave behind, recorded: the commands to replay and the keyspace events."""

from __future__ import annotations

from miniredis.dispatch.sinks import EventSink, LogSink, Replay
from miniredis.keyspace.effects import Effects

from commands.conftest import CommandClient, CommandServer


class RecordedLog(LogSink):
    """The commands to replay."""

    def __init__(self) -> None:
        self.commands: list[list[bytes]] = []

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        self.commands.append(list(argv))

    def append_block(self, commands: list[Replay]) -> None:
        for command in commands:
            self.commands.append(list(command.argv))


class RecordedEvents(EventSink):
    """Names and keys of the keyspace events."""

    def __init__(self) -> None:
        self.events: list[tuple[bytes, bytes]] = []

    def on_effects(self, effects: Effects, client_id: int) -> None:
        for event in effects.events:
            if event.name and event.name != b"new" and event.name != b"keymiss":
                self.events.append((event.name, event.key))


class Recorder:
    """Both, of one server."""

    def __init__(self, server: CommandServer) -> None:
        self._log = RecordedLog()
        self._events = RecordedEvents()
        server.engine.log_sinks.append(self._log)
        server.engine.event_sinks.append(self._events)
        server.engine.refresh_listening()

    @property
    def replayed(self) -> list[list[bytes]]:
        return self._log.commands

    def take(self) -> list[str]:
        """The commands to replay since the last call, as text."""
        taken, self._log.commands = self._log.commands, []
        return [b" ".join(argv).decode("latin-1") for argv in taken]

    def take_events(self) -> list[str]:
        """The events since the last call, as text."""
        taken, self._events.events = self._events.events, []
        return [f"{name.decode()} {key.decode()}" for name, key in taken]


def replay(server: CommandServer, commands: list[list[bytes]]) -> CommandClient:
    """Run recorded commands on another server; every one must be accepted."""
    client = server.client()
    for command in commands:
        reply = client(*command)
        assert not reply.startswith(b"-"), (command, reply)
    return client
