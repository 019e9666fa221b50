"""CLIENT PAUSE: commands are held back, all or those that may write, until the pause is over.

A held command is a Deferred that runs the command when it fires, so everything behind it in the same
connection waits as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from miniredis.commands.declaration import MAY_REPLICATE, WRITE, Command
from miniredis.dispatch.gates import GATE_MULTI, GATE_PAUSED
from miniredis.dispatch.port import DelayedCall
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.state import ServerState

Run = Callable[[Session, Command, list[bytes]], object]

#: Who wants a pause, as INFO shows it.
BY_CLIENT: Final = "client_pause"
FOR_FAILOVER: Final = "failover_in_progress"
FOR_SHUTDOWN: Final = "shutdown_in_progress"
FOR_SLOT_MIGRATION: Final = "slot_migration_in_progress"


class Pause(Rule):
    """The pause of one server; begun again, the longer and the stricter of both counts."""

    def __init__(self, state: ServerState, run: Run) -> None:
        self.state = state
        self.run = run
        self.until_ms: int = 0
        self.reason: str = BY_CLIENT
        self.writes_only = False
        self._held: list[tuple[Session, Command, list[bytes], Deferred[object]]] = []
        self._timer: DelayedCall | None = None
        state.rules[GATE_PAUSED] = self

    def is_on(self) -> bool:
        return bool(self.state.gates & GATE_PAUSED)

    def begin(self, timeout_ms: int, writes_only: bool, reason: str = BY_CLIENT) -> None:
        now_ms = self.state.keyspace.clock.now_ms
        until_ms = now_ms + timeout_ms
        if self.is_on():
            until_ms = max(until_ms, self.until_ms)
            writes_only = writes_only and self.writes_only
        self.until_ms = until_ms
        self.writes_only = writes_only
        self.reason = reason
        self.state.gates |= GATE_PAUSED
        self._cancel_timer()
        self._timer = self.state.time.call_later((until_ms - now_ms) / 1000, self.end)

    def end(self) -> None:
        """Let the held commands run, in the order in which they came."""
        self.state.gates &= ~GATE_PAUSED
        self._cancel_timer()
        held, self._held = self._held, []
        for session, command, argv, deferred in held:
            if session.closed:
                continue
            reply = self.run(session, command, argv)
            if isinstance(reply, Deferred):  # it waits on, for something else
                reply.addCallbacks(deferred.callback, deferred.errback)
            else:
                deferred.callback(reply)

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        if session.is_replica or session.is_primary:
            return None
        if self.writes_only and not self._may_write(session, command):
            return None
        if command.name in (b"reset", b"quit") or command.container == b"client":
            # Without these a pause could not be looked at or ended.
            return None
        deferred: Deferred[object] = Deferred()
        self._held.append((session, command, argv, deferred))
        return deferred

    def _may_write(self, session: Session, command: Command) -> bool:
        if command.flags & (WRITE | MAY_REPLICATE):
            return True
        if command.name == b"exec" and session.gates & GATE_MULTI:
            return any(each.command.flags & (WRITE | MAY_REPLICATE) for each in session.queued)
        return False

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
