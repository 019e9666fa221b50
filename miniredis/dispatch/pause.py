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


class Wish:
    """A pause that somebody wants."""

    def __init__(self, until_ns: int, writes_only: bool) -> None:
        self.until_ns: int = until_ns
        self.writes_only: bool = writes_only


class Pause(Rule):
    """The pause of one server: as long and as strict as any that is wanted.

    A pause begun again for the same reason is the longer of both and as strict as the last.  Who ends one ends his own.
    While there is one nothing expires or is evicted: keys whose time is over are not seen, but stay.
    """

    def __init__(self, state: ServerState, run: Run) -> None:
        self.state = state
        self.run = run
        self.writes_only = False
        #: Why the longest is wanted.
        self.reason: str = BY_CLIENT
        self._wishes: dict[str, Wish] = {}
        self._held: list[tuple[Session, Command, list[bytes], Deferred[object]]] = []
        self._timer: DelayedCall | None = None
        state.rules[GATE_PAUSED] = self

    def is_on(self) -> bool:
        return bool(self.state.gates & GATE_PAUSED)

    def left_ms(self) -> int:
        """How long it lasts from now on, in milliseconds; 0 when there is none."""
        if not self.is_on():
            return 0
        return max(self._wishes[self.reason].until_ns - self.state.time.monotonic_ns(), 0) // 1_000_000

    def begin(self, timeout_ms: int, writes_only: bool, reason: str = BY_CLIENT) -> None:
        wish = Wish(self.state.time.monotonic_ns() + timeout_ms * 1_000_000, writes_only)
        known = self._wishes.get(reason)
        if known is not None:
            wish.until_ns = max(wish.until_ns, known.until_ns)
        self._wishes[reason] = wish
        self._settle()
        if known is not None and known.writes_only != writes_only:
            self._release()

    def end(self, reason: str = BY_CLIENT) -> None:
        """Nobody wants a pause for this reason any more; what no other holds runs, in the order in which it came."""
        self._wishes.pop(reason, None)
        self._settle()
        self._release()

    def _end_those_over(self) -> None:
        now_ns = self.state.time.monotonic_ns()
        for reason, wish in list(self._wishes.items()):
            if wish.until_ns <= now_ns:
                del self._wishes[reason]
        self._settle()
        self._release()

    def _settle(self) -> None:
        """What is wanted now holds from now on."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        wishes = self._wishes
        self.state.keyspace.set_frozen(len(wishes) > 0)
        if not wishes:
            self.state.gates &= ~GATE_PAUSED
            return
        self.state.gates |= GATE_PAUSED
        self.writes_only = True
        longest_ns = -1
        next_ns = -1
        for reason, wish in wishes.items():
            self.writes_only = self.writes_only and wish.writes_only
            if wish.until_ns > longest_ns:
                longest_ns = wish.until_ns
                self.reason = reason
            if next_ns < 0 or wish.until_ns < next_ns:
                next_ns = wish.until_ns
        left_s = max(next_ns - self.state.time.monotonic_ns(), 0) / 1e9
        self._timer = self.state.time.call_later(left_s, self._end_those_over)

    def _release(self) -> None:
        """Let what is held run; it comes back here while it must go on waiting."""
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
        if self.writes_only and not self._may_write(session, command, argv):
            return None
        if command.name in (b"reset", b"quit") or command.container == b"client":
            # Without these a pause could not be looked at or ended.
            return None
        session.last_command = command
        deferred: Deferred[object] = Deferred()
        self._held.append((session, command, argv, deferred))
        return deferred

    def _may_write(self, session: Session, command: Command, argv: list[bytes]) -> bool:
        if command.name == b"exec" and session.gates & GATE_MULTI:
            return any(self._writes(each.command, each.argv) for each in session.queued)
        return self._writes(command, argv)

    def _writes(self, command: Command, argv: list[bytes]) -> bool:
        if command.flags & WRITE:
            return True
        only_reads = self.state.only_reads
        return bool(command.flags & MAY_REPLICATE) and (only_reads is None or not only_reads(command, argv))
