"""maxmemory: making room before commands that need memory, or refusing them.

What counts is our own estimate of the bytes that keys and values take (keyspace/database.py), not what the
process holds: it does not move while a command runs, and the same data always counts the same.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.declaration import DENYOOM, Command
from miniredis.datatypes.value import Value
from miniredis.dispatch.gates import GATE_MEMORY
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import EventSink
from miniredis.dispatch.state import ServerState
from miniredis.keyspace.effects import Effects
from miniredis.keyspace.eviction import Eviction
from miniredis.resp.errors import out_of_memory

#: Keys evicted before one command; the rest is left to the next ones, so that nobody waits for long.
EVICTIONS_A_COMMAND: Final = 128


class MemoryLimit(Rule):
    """The limit of one server; no gate is down and nothing is counted while it is 0."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self.eviction = Eviction(state.keyspace)
        self.limit: int = 0
        self._recount = RecountedValues(state)
        state.rules[GATE_MEMORY] = self

    def set_limit(self, limit: int) -> None:
        """Bytes; 0 for none."""
        self.limit = limit
        state = self.state
        state.keyspace.count_memory(limit > 0)
        if limit > 0:
            state.gates |= GATE_MEMORY
            if self._recount not in state.event_sinks:
                state.event_sinks.append(self._recount)
        else:
            state.gates &= ~GATE_MEMORY
            if self._recount in state.event_sinks:
                state.event_sinks.remove(self._recount)
        state.refresh_listening()

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        """Evict until there is room; refuse what needs memory when there is none."""
        if self.make_room():
            return None
        if command.flags & DENYOOM:
            raise out_of_memory()
        if command.name == b"exec" and any(each.command.flags & DENYOOM for each in session.queued):
            raise out_of_memory()
        return None

    def make_room(self) -> bool:
        """Whether what is used is below the limit, after giving up what the policy allows."""
        memory = self.state.keyspace.memory
        counters = self.state.counters
        evicted = 0
        while memory.used > self.limit:
            if self.state.keyspace.is_frozen:
                return True  # nothing that replicas have to hear of happens in a pause
            if self.state.keyspace.imports and not self.state.is_replica:
                return False
            if self.state.is_replica and self.state.config.flag("replica-ignore-maxmemory"):
                return True  # a primary decides what its replicas lose
            has_evicted = self.eviction.evict_one()
            evicted += 1
            if not has_evicted or evicted >= EVICTIONS_A_COMMAND:
                if counters.exceeded_since_ms == 0:
                    counters.exceeded_since_ms = self.state.keyspace.clock.now_ms
                return has_evicted
        if counters.exceeded_since_ms != 0:
            counters.exceeded_ms += self.state.keyspace.clock.now_ms - counters.exceeded_since_ms
            counters.exceeded_since_ms = 0
        return True


class RecountedValues(EventSink):
    """Counts values anew that commands have changed in place."""

    def __init__(self, state: ServerState) -> None:
        self.state = state

    def on_effects(self, effects: Effects, client_id: int) -> None:
        for event in effects.events:
            if event.modified:
                database = self.state.keyspace.databases[event.db_index]
                value = database.table.get(event.key)
                if isinstance(value, Value):
                    database.recount(value)
