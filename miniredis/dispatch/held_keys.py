"""Keys that nobody may write for a while: they are on their way to another server, and their copies here go after.

Whoever wants to write one waits, and is admitted anew when the key is free: it may have another home by then.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from miniredis.commands.declaration import MAY_REPLICATE, WRITE, Command
from miniredis.dispatch.gates import GATE_HELD_KEYS
from miniredis.dispatch.routing import positions
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.state import ServerState

Execute = Callable[[Session, list[bytes]], object]


class HeldKeys(Rule):
    """The keys of one server that are held, and the clients that wait for them."""

    def __init__(self, state: ServerState, execute: Execute) -> None:
        self.state = state
        self.execute = execute
        self._keys: dict[tuple[int, bytes], int] = {}  # (database, key) -> how often it is held
        self._waiting: list[tuple[Session, list[bytes], Deferred[object]]] = []
        state.rules[GATE_HELD_KEYS] = self

    def hold(self, db_index: int, keys: list[bytes]) -> None:
        for key in keys:
            place = (db_index, key)
            self._keys[place] = self._keys.get(place, 0) + 1
        self.state.gates |= GATE_HELD_KEYS

    def release(self, db_index: int, keys: list[bytes]) -> None:
        """Let go, and run what waited; a command whose keys are not all free waits on."""
        for key in keys:
            place = (db_index, key)
            left = self._keys[place] - 1
            if left:
                self._keys[place] = left
            else:
                del self._keys[place]
        if not self._keys:
            self.state.gates &= ~GATE_HELD_KEYS
        waiting, self._waiting = self._waiting, []
        for session, argv, deferred in waiting:
            if session.closed:
                continue
            reply = self.execute(session, argv)
            if isinstance(reply, Deferred):
                reply.addCallbacks(deferred.callback, deferred.errback)
            else:
                deferred.callback(reply)

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        if not session.context.may_block or session.is_primary or not self._touches(session, command, argv):
            return None
        deferred: Deferred[object] = Deferred()
        self._waiting.append((session, argv, deferred))
        return deferred

    def _touches(self, session: Session, command: Command, argv: list[bytes]) -> bool:
        if command.name == b"exec":
            return any(self._writes(session, queued.command, queued.argv) for queued in session.queued)
        return self._writes(session, command, argv)

    def _writes(self, session: Session, command: Command, argv: list[bytes]) -> bool:
        if not command.flags & (WRITE | MAY_REPLICATE):
            return False
        index = session.context.db.index
        return any((index, argv[at]) in self._keys for at in positions(command, argv))
