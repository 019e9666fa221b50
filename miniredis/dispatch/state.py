"""What one server knows and counts, for the executor, for the commands about the server, for the edge."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from random import Random
from typing import Final

from miniredis.commands.context import Server
from miniredis.commands.declaration import Command
from miniredis.config.config import Config
from miniredis.dispatch.blocking import WaitingClients
from miniredis.dispatch.function_libraries import FunctionLibraries
from miniredis.dispatch.log_buffer import LogBuffer
from miniredis.dispatch.port import Log, Platform, TimeSource
from miniredis.dispatch.registry import CommandTable
from miniredis.dispatch.roles import Replication
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import EventSink, LogSink
from miniredis.dispatch.watching import WatchedKeys
from miniredis.keyspace.expiry import ActiveExpiry
from miniredis.keyspace.keyspace import Keyspace
from miniredis.keyspace.slots import SLOTS


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
        self.evicted_clients: int = 0
        #: Time that active expiry took.
        self.expiry_ns: int = 0
        #: Times that the kernel was asked for a client's input, and given output.
        self.reads: int = 0
        self.writes: int = 0
        #: Turns that served clients and rounds of upkeep: how many, and how long they took.
        self.turns: int = 0
        self.turn_ns: int = 0
        #: The part of that in which requests were run.
        self.request_ns: int = 0
        #: From our primary, and to replicas that are gone.
        self.replication_bytes_in: int = 0
        self.replication_bytes_out: int = 0
        #: Syncs of replicas that were begun, and partial ones that were refused.
        self.full_syncs: int = 0
        self.partial_syncs: int = 0
        self.refused_partial_syncs: int = 0
        self.slot_import_bytes: int = 0
        self.slot_export_bytes: int = 0
        self.forks: int = 0
        self.last_fork_us: int = 0
        #: How long there was less room than needed, without the time since `exceeded_since_ms`; that is 0 while there
        #: is room.
        self.exceeded_ms: int = 0
        self.exceeded_since_ms: int = 0

    def note_fork(self, spent_us: int) -> None:
        self.forks += 1
        self.last_fork_us = spent_us


#: Fields of an INFO section: (name, value).
InfoSource = Callable[[], list[tuple[str, object]]]

#: Readings of a total that a rate is taken over.
RATE_SAMPLES: Final = 16
#: A sample is not taken sooner than this after the one before.
RATE_PERIOD_MS: Final = 90


class Rate:
    """How fast a total grows, over the last second or two."""

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._last_total = 0
        self._last_ms = 0

    def sample(self, total: int, now_ms: int) -> None:
        """To be called about ten times a second."""
        spent_ms = now_ms - self._last_ms
        if spent_ms > 0:
            if self._last_ms > 0:
                self._samples.append(max(total - self._last_total, 0) * 1000 / spent_ms)
                del self._samples[:-RATE_SAMPLES]
            self._last_total = total
            self._last_ms = now_ms

    def per_second(self) -> float:
        return sum(self._samples) / len(self._samples) if self._samples else 0.0


class Rates:
    """The rates INFO stats shows."""

    def __init__(self) -> None:
        self.commands = Rate()
        self.bytes_in = Rate()
        self.bytes_out = Rate()
        self.replication_bytes_in = Rate()
        self.replication_bytes_out = Rate()
        self.turns = Rate()
        self.turn_ns = Rate()


class ServerState(Server):
    """The data of a server; executor.Engine adds what it does."""

    def __init__(
        self, keyspace: Keyspace, config: Config, commands: CommandTable, random: Random, time: TimeSource, log: Log
    ) -> None:
        super().__init__(keyspace, config, random)
        self.commands = commands
        self.time = time
        self.log = log
        #: The same with what belongs to an event: (level, text, id of the client or 0, defect or None).
        self.log_event: Callable[[str, str, int, BaseException | None], None] | None = None
        self.effects = keyspace.effects
        self.gates: int = 0
        #: Checks of the features in use, by the bit of their gate.
        self.rules: dict[int, Rule] = {}
        self.counters = ServerCounters()
        self.error_counts: dict[bytes, int] = {}
        self.sessions: dict[int, Session] = {}
        #: The client whose requests are run.
        self.running: Session | None = None
        self.waiting = WaitingClients()
        self.watching = WatchedKeys(keyspace)
        self.event_sinks: list[EventSink] = []
        self.log_sinks: list[LogSink] = []
        #: A client has its turn, at whose end the log sinks hand out what it leaves them.
        self.gathers = False
        #: The append-only file, when there is one: output waits for it.
        self.log_buffer: LogBuffer | None = None
        #: What saves and loads; None in a server without files.
        self.persistence: object = None
        #: Makes the connections of MIGRATE; None in a server that cannot.
        self.migration_links: object = None
        #: The node this server is; None outside of cluster mode.
        self.cluster: object = None
        #: The rule of GATE_CLUSTER once more, where it is found without a look-up.
        self.slot_rule = Rule()
        #: For each slot whether it is OURS, all of it, and served: a command on one such key needs not ask the rule.
        self.served_slots = bytearray(SLOTS)
        #: What watches other servers; None in a server that is no sentinel.
        self.sentinel: object = None
        #: Whom we follow and who follows us; None in a server that does not replicate.
        self.replication: Replication | None = None
        self.started_ms: int = time.wall_ms()
        self.run_id = b"%040x" % random.getrandbits(160)
        self.platform = Platform()
        self.active_expiry = ActiveExpiry(keyspace)
        #: More lines of INFO, by section, of subsystems that came with the start.
        self.info_sources: dict[bytes, list[InfoSource]] = {}
        self.rates = Rates()
        self._sampled_ms: int = 0
        #: Bytes the process held when it was ready.
        self.start_memory: int = 0
        #: The dirty count when data was last saved.
        self.dirty_at_save: int = 0
        #: standalone, cluster or sentinel.
        self.mode = b"standalone"
        self.is_replica = False
        #: Absolute path of the configuration file, empty without one.
        self.config_file = ""
        #: Brings that file up to date; None without one. Raises `OSError` or `ConfigError`.
        self.rewrite_config: Callable[[], None] | None = None
        #: Starts the ordered stop that a ShutdownRequest asks for.
        self.shutdown: Callable[[object], object] | None = None
        #: Ends the server, not in order and with a status that says so; None where nobody can.
        self.on_fatal: Callable[[str], object] | None = None
        #: Gives a shutdown up that waits for replicas; False when there is none.
        self.abort_shutdown: Callable[[], bool] | None = None
        #: Answers other clients in the middle of a command that takes long; called about every millisecond by a
        #: script while GATE_BUSY is set.  None where nobody else can be served.
        self.while_busy: Callable[[], None] | None = None
        #: Ends the script that runs, whatever it has done: the server stops without saving.
        self.end_script: Callable[[], None] | None = None
        #: What runs scripts, for the commands about them.
        self.scripting: object = None
        #: Whether a command that runs a script declares that it writes nothing; None in a server without Lua.
        self.only_reads: Callable[[Command, list[bytes]], bool] | None = None
        #: The libraries of functions; None in a server without Lua.
        self.functions: FunctionLibraries | None = None
        #: The modules that are loaded, for the commands about them; None in a server that takes none.
        self.modules: object = None
        #: Their names and versions.
        self.module_versions: dict[bytes, int] = {}
        self._next_client_id: int = 1
        #: The longest argument a request may have, in bytes (proto-max-bulk-len).
        self.max_bulk: int = 512 * 1024 * 1024
        self.log_slower_ns: int = -1  # -1: the log of slow commands is off
        self.log_larger_bytes: int = -1  # the log of large requests
        #: Told after all data came anew from a primary, with the sources of its function libraries.
        self.on_data_replaced: list[Callable[[list[bytes]], None]] = []
        self.large_reply_bytes: int = 1 << 62  # the log of large replies
        #: Told of a client's RESET: each feature takes back what it holds for it.
        self.on_reset: list[Callable[[Session], None]] = []
        #: Told of every command that has run, while anybody monitors.
        self.on_call: list[Callable[[Session, Command, list[bytes]], None]] = []
        #: Told of commands that took `slow_ns` or longer, with their time in nanoseconds and their reply.
        self.on_timed: list[Callable[[Session, Command, list[bytes], int, object], None]] = []

    def give_up(self, reason: str) -> None:
        """The server cannot go on without breaking its word; whoever runs it ends it."""
        self.log("warning", reason)
        if self.on_fatal is not None:
            self.on_fatal(reason)

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

    def total_commands(self) -> int:
        """Commands run since the start or CONFIG RESETSTAT."""
        return self.counters.commands + sum([command.calls for command in self.commands])

    def total_bytes_in(self) -> int:
        """From clients and from our primary."""
        of_clients = self.counters.bytes_in + sum([session.bytes_in for session in self.sessions.values()])
        return of_clients + self.counters.replication_bytes_in

    def total_bytes_out(self) -> int:
        """To clients, replicas among them."""
        return self.counters.bytes_out + sum([session.bytes_out for session in self.sessions.values()])

    def replication_bytes_out(self) -> int:
        to_present = sum([session.bytes_out for session in self.sessions.values() if session.is_replica])
        return self.counters.replication_bytes_out + to_present

    def note_turn(self, began_ns: int) -> None:
        """A turn is over that began then."""
        self.counters.turns += 1
        self.counters.turn_ns += self.time.monotonic_ns() - began_ns

    def sample_rates(self) -> None:
        """About ten times a second, however often it is called, so that INFO can tell how much is going on."""
        now_ms = self.keyspace.clock.now_ms
        if 0 <= now_ms - self._sampled_ms < RATE_PERIOD_MS:
            return
        self._sampled_ms = now_ms
        self.rates.commands.sample(self.total_commands(), now_ms)
        self.rates.bytes_in.sample(self.total_bytes_in(), now_ms)
        self.rates.bytes_out.sample(self.total_bytes_out(), now_ms)
        self.rates.replication_bytes_in.sample(self.counters.replication_bytes_in, now_ms)
        self.rates.replication_bytes_out.sample(self.replication_bytes_out(), now_ms)
        self.rates.turns.sample(self.counters.turns, now_ms)
        self.rates.turn_ns.sample(self.counters.turn_ns, now_ms)

    def used_memory(self) -> int:
        """Bytes that data takes: our own count while a limit is set, else what the process holds."""
        memory = self.keyspace.memory
        used = memory.used if memory.active else self.platform.rss_bytes()
        self.counters.peak_memory = max(self.counters.peak_memory, used)
        return used

    def wall_us(self) -> int:
        return self.time.wall_us()

    def reset_statistics(self) -> None:
        """Count anew, as CONFIG RESETSTAT asks."""
        self.counters = ServerCounters()
        self.error_counts = {}
        self.keyspace.statistics.reset()
        # The totals of the connections that are there count from here, too.
        for session in self.sessions.values():
            self.counters.bytes_in -= session.bytes_in
            self.counters.bytes_out -= session.bytes_out
            if session.is_replica:
                self.counters.replication_bytes_out -= session.bytes_out
        for command in self.commands:
            command.reset_statistics()

    def sleep(self, seconds: float) -> None:
        """Do nothing at all for a while, as DEBUG SLEEP asks."""
        self.time.sleep(seconds)

    def role(self) -> bytes:
        """master, or replica while it follows a primary."""
        return b"replica" if self.is_replica else b"master"

    def log_failure(self, what: str, defect: BaseException | None, client_id: int = 0) -> None:
        """Write a defect with its traceback into the log."""
        if self.log_event is not None:
            self.log_event("warning", what, client_id, defect)
            return
        lines = traceback.format_exception(defect)
        self.log("warning", f"{what}: {''.join(lines)}")

    def log_client(self, level: str, text: str, client_id: int) -> None:
        """Write something about one client into the log."""
        if self.log_event is not None:
            self.log_event(level, text, client_id, None)
        else:
            self.log(level, text)

    def refresh_listening(self) -> None:
        """Gather events only while somebody wants them; to be called when that may have changed."""
        self.effects.listening = (
            len(self.event_sinks) > 0 or not self.waiting.is_empty() or not self.watching.is_empty()
        )
        self.effects.replaying = len(self.log_sinks) > 0
        self.effects.active = self.effects.listening or self.effects.replaying
