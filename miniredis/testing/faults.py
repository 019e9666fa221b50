"""Faults on the wire of a test server: what happens to a command, by client, command and n-th call.

They hang behind one gate of the engine, which is open while there are none.  Commands of the server itself, of the
link to its primary, and FAULT are never touched.  A command in a transaction meets its fault when it is queued.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from miniredis.commands.declaration import Command
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_INTERCEPTED
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.resp.drawn import DrawnReply
from miniredis.resp.encoder import append_reply
from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import Preencoded

DELAY: Final = "delay"
DROP: Final = "drop"
LOSE: Final = "lose"
ERROR: Final = "error"
TRUNCATE: Final = "truncate"
RESET: Final = "reset"
#: What each kind takes as its argument.
KINDS: Final[dict[str, type | None]] = {
    DELAY: float,
    DROP: None,
    LOSE: None,
    ERROR: bytes,
    TRUNCATE: int,
    RESET: None,
}


class Fault:
    """One fault: what it does (`kind`, `argument`), to whom, and how often it still will."""

    def __init__(
        self,
        number: int,
        kind: str,
        argument: float | bytes | None,
        command: str | None,
        client: int | str | None,
        nth: int,
        times: int | None,
    ) -> None:
        self.number = number
        self.kind = kind
        self.argument = argument
        self.command = command.upper().replace("|", " ") if command is not None else None
        self.client = client
        self.nth = nth
        #: None: for ever.
        self.times = times
        self.seen = 0
        self.done = 0

    def meets(self, session: Session, command: Command) -> bool:
        """Count a call that it is about; whether it strikes now."""
        if self.command is not None:
            name = command.full_name.decode().replace("|", " ").upper()
            if self.command not in (name, name.split(" ")[0]):
                return False
        if isinstance(self.client, int) and session.id != self.client:
            return False
        if isinstance(self.client, str) and session.name.decode("utf-8", "replace") != self.client:
            return False
        self.seen += 1
        if self.seen < self.nth or self.is_over():
            return False
        self.done += 1
        return True

    def is_over(self) -> bool:
        return self.times is not None and self.done >= self.times

    def describe(self) -> str:
        """As FAULT LIST shows it, in the words of FAULT ADD."""
        words = [self.kind]
        if self.argument is not None:
            argument = self.argument
            words.append(argument.decode("utf-8", "replace") if isinstance(argument, bytes) else f"{argument:g}")
        if self.command is not None:
            words += ["command", self.command.replace(" ", "|")]
        if self.client is not None:
            words += ["client", str(self.client)]
        words += ["nth", str(self.nth), "times", "0" if self.times is None else str(self.times)]
        return " ".join(words)


class FaultRule(Rule):
    """The faults of one engine; to be used in its turns."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.faults: list[Fault] = []
        self._next_number = 1
        self._is_passing = False
        engine.rules[GATE_INTERCEPTED] = self

    def add(
        self,
        kind: str,
        argument: float | bytes | None,
        command: str | None,
        client: int | str | None,
        nth: int,
        times: int | None,
    ) -> Fault:
        if nth < 1 or (times is not None and times < 1):
            raise ValueError("calls are counted from 1")
        fault = Fault(self._next_number, kind, argument, command, client, nth, times)
        self._next_number += 1
        self.faults.append(fault)
        self.engine.gates |= GATE_INTERCEPTED
        return fault

    def remove(self, fault: Fault) -> None:
        if fault in self.faults:
            self.faults.remove(fault)
        if not self.faults:
            self.engine.gates &= ~GATE_INTERCEPTED

    def clear(self) -> None:
        for fault in list(self.faults):
            self.remove(fault)

    # -- what happens to a command

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        if self._is_passing or session.id == 0 or session.is_primary or command.name == b"fault":
            return None
        for fault in list(self.faults):
            if fault.meets(session, command):
                if fault.is_over():
                    self.remove(fault)
                return self._strike(fault, session, argv)
        return None

    def _strike(self, fault: Fault, session: Session, argv: list[bytes]) -> object:
        argument = fault.argument
        if fault.kind == ERROR:
            assert isinstance(argument, bytes)
            raise ReplyError(argument)
        if fault.kind == DELAY:
            assert isinstance(argument, float | int)
            return self._delayed(session, argv, argument)
        if fault.kind == TRUNCATE:
            assert isinstance(argument, int)
            return self._truncated(session, self._pass(session, argv), argument)
        if fault.kind == RESET:
            session.closing = True
            session.port.close(True)
            return Preencoded(b"")
        if fault.kind == LOSE:
            self._pass(session, argv)
        # Nothing comes back, neither for this one nor for what the client sends after it.
        silence: Deferred[object] = Deferred()
        return silence

    def _pass(self, session: Session, argv: list[bytes]) -> object:
        """Let the command through to all that would have happened without us."""
        self._is_passing = True
        try:
            return self.engine.execute(session, argv)
        finally:
            self._is_passing = False

    def _delayed(self, session: Session, argv: list[bytes], seconds: float) -> Deferred[object]:
        deferred: Deferred[object] = Deferred()

        def run() -> None:
            if session.closed:
                return
            self.engine.begin_turn()
            reply = self._pass(session, argv)
            if isinstance(reply, Deferred):
                reply.addCallbacks(deferred.callback, deferred.errback)
            else:
                deferred.callback(reply)

        self.engine.time.call_later(seconds, run)
        return deferred

    def _truncated(self, session: Session, reply: object, size: int) -> object:
        if isinstance(reply, Deferred):
            return reply.addCallback(lambda value: self._truncated(session, value, size))
        out: list[bytes] = []
        if isinstance(reply, DrawnReply):
            while reply.append_piece(out):
                pass
        else:
            append_reply(out, reply, session.context.resp)
        session.close_after_output()
        return Preencoded(b"".join(out)[:size])


class Faults:
    """`server.faults`: each method adds one, for the next `times` calls (None: until it is cleared)."""

    def __init__(self, rule: FaultRule, in_turn: Callable[[Callable[[], Any]], Any]) -> None:
        self._rule = rule
        self._in_turn = in_turn

    def _add(
        self,
        kind: str,
        argument: float | bytes | None,
        command: str | None,
        client: int | str | None,
        nth: int,
        times: int | None,
    ) -> Fault:
        fault: Fault = self._in_turn(lambda: self._rule.add(kind, argument, command, client, nth, times))
        return fault

    def delay(
        self,
        seconds: float,
        command: str | None = None,
        *,
        client: int | str | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> Fault:
        """The command is run so much later, in the time of the server."""
        return self._add(DELAY, seconds, command, client, nth, times)

    def drop(
        self, command: str | None = None, *, client: int | str | None = None, nth: int = 1, times: int | None = 1
    ) -> Fault:
        """The request is lost: it is not run, and the connection stays silent."""
        return self._add(DROP, None, command, client, nth, times)

    def lose_reply(
        self, command: str | None = None, *, client: int | str | None = None, nth: int = 1, times: int | None = 1
    ) -> Fault:
        """The request is run, and the connection stays silent."""
        return self._add(LOSE, None, command, client, nth, times)

    def error(
        self,
        message: str,
        command: str | None = None,
        *,
        client: int | str | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> Fault:
        """This error is replied, code first ("LOADING ...", "MOVED 3999 127.0.0.1:6381"); the command is not run."""
        return self._add(ERROR, message.encode(), command, client, nth, times)

    def truncate(
        self,
        size: int,
        command: str | None = None,
        *,
        client: int | str | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> Fault:
        """The command is run, so many bytes of its reply arrive, then the connection ends."""
        return self._add(TRUNCATE, size, command, client, nth, times)

    def reset(
        self, command: str | None = None, *, client: int | str | None = None, nth: int = 1, times: int | None = 1
    ) -> Fault:
        """The connection is cut; the command is not run."""
        return self._add(RESET, None, command, client, nth, times)

    def remove(self, fault: Fault) -> None:
        self._in_turn(lambda: self._rule.remove(fault))

    def clear(self) -> None:
        self._in_turn(self._rule.clear)

    def pending(self) -> list[str]:
        """The faults that can still happen, in the words of FAULT ADD."""
        described: list[str] = self._in_turn(lambda: [fault.describe() for fault in self._rule.faults])
        return described
