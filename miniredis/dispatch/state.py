"""What one server knows and counts, for the executor, for the commands about the server, for the edge."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from random import Random

from miniredis.commands.context import Server
from miniredis.commands.declaration import Command
from miniredis.config.config import Config
from miniredis.dispatch.blocking import WaitingClients
from miniredis.dispatch.port import Log, TimeSource
from miniredis.dispatch.registry import CommandTable
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import EventSink, LogSink
from miniredis.dispatch.watching import WatchedKeys
from miniredis.keyspace.keyspace import Keyspace


class ServerCounters:
    """Totals since the start or CONFIG RESETSTAT, as INFO stats shows them."""

    def __init__(self) -> None:
        self.connections: int = 0
        self.rejected_connections: int = 0
        self.commands: int = 0
        self.errors: int = 0
        self.output_limit_disconnections: int = 0
        self.query_limit_disconnections: int = 0
        self.bytes_in: int = 0
        self.bytes_out: int = 0
        self.unexpected_errors: int = 0
        self.peak_memory: int = 0


class ServerState(Server):
    """The data of a server; executor.Engine adds what it does."""

    def __init__(
        self, keyspace: Keyspace, config: Config, commands: CommandTable, random: Random, time: TimeSource, log: Log
    ) -> None:
        super().__init__(keyspace, config, random)
        self.commands = commands
        self.time = time
        self.log = log
        self.effects = keyspace.effects
        self.gates: int = 0
        #: Checks of the features in use, by the bit of their gate.
        self.rules: dict[int, Rule] = {}
        self.counters = ServerCounters()
        self.error_counts: dict[bytes, int] = {}
        self.sessions: dict[int, Session] = {}
        self.waiting = WaitingClients()
        self.watching = WatchedKeys(keyspace)
        self.event_sinks: list[EventSink] = []
        self.log_sinks: list[LogSink] = []
        self.started_ms: int = time.wall_ms()
        self.run_id = b"%040x" % random.getrandbits(160)
        #: standalone, cluster or sentinel.
        self.mode = b"standalone"
        self.is_replica = False
        #: Called by SHUTDOWN: (save: None, True or False; now; force) starts the ordered stop.
        self.shutdown: Callable[[object], object] | None = None
        self._next_client_id: int = 1
        #: The longest argument a request may have, in bytes (proto-max-bulk-len).
        self.max_bulk: int = 512 * 1024 * 1024
        #: Told of every command that took at least `slow_ns`.
        self.slow_ns: int = 1 << 62
        self.on_slow: list[Callable[[Session, Command, list[bytes], int], None]] = []
        #: Told of a client's RESET: each feature takes back what it holds for it.
        self.on_reset: list[Callable[[Session], None]] = []
        #: Told of every command before it runs, while anybody monitors.
        self.on_call: list[Callable[[Session, Command, list[bytes]], None]] = []

    def next_client_id(self) -> int:
        client_id = self._next_client_id
        self._next_client_id += 1
        return client_id

    def count_error(self, message: bytes) -> None:
        """Count an error reply by its code, as INFO errorstats does; past 128 codes only the known ones."""
        self.counters.errors += 1
        code = message.split(b" ", 1)[0]
        if code in self.error_counts or len(self.error_counts) < 128:
            self.error_counts[code] = self.error_counts.get(code, 0) + 1

    def wall_us(self) -> int:
        return self.time.wall_us()

    def role(self) -> bytes:
        """master, or replica while it follows a primary."""
        return b"replica" if self.is_replica else b"master"

    def has_default_password(self) -> bool:
        """Whether a connection without a password can do nothing."""
        return len(self.config.text("requirepass")) > 0

    def log_failure(self, what: str, defect: BaseException | None) -> None:
        """Write a defect with its traceback into the log."""
        lines = traceback.format_exception(defect)
        self.log("warning", f"{what}: {''.join(lines)}")

    def refresh_listening(self) -> None:
        """Gather events only while somebody wants them; to be called when that may have changed."""
        self.effects.listening = (
            len(self.event_sinks) > 0 or not self.waiting.is_empty() or not self.watching.is_empty()
        )
        self.effects.replaying = len(self.log_sinks) > 0
        self.effects.active = self.effects.listening or self.effects.replaying
