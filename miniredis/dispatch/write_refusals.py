"""Why commands that write are refused at the moment: the disk fails, too few replicas follow.

Each feature tells its reason under its name; while there is any, the gate is down.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.declaration import WRITE, Command
from miniredis.dispatch.gates import GATE_WRITES_REFUSED
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.state import ServerState
from miniredis.resp.errors import ReplyError

#: The features whose reason is that the disk fails.
SNAPSHOTS: Final = "snapshots"
LOG: Final = "log"


class WriteRefusals(Rule):
    """The reasons in force."""

    def __init__(self) -> None:
        self._reasons: dict[str, bytes] = {}
        self._for_ping: dict[str, bool] = {}

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        if command.flags & WRITE:
            for reason in self._reasons.values():
                raise ReplyError(reason)
        if command.name == b"ping":
            for name in self._for_ping:
                raise ReplyError(self._reasons[name])
        return None

    def has_reason(self, names: tuple[str, ...]) -> bool:
        return any(name in self._reasons for name in names)

    def set_reason(self, state: ServerState, name: str, reason: bytes, also_ping: bool) -> None:
        """Refuse with this reply from now on; an empty one: no more."""
        self._reasons.pop(name, None)
        self._for_ping.pop(name, None)
        if reason:
            self._reasons[name] = reason
            if also_ping:
                self._for_ping[name] = True
        if self._reasons:
            state.gates |= GATE_WRITES_REFUSED
        else:
            state.gates &= ~GATE_WRITES_REFUSED


def refuse_writes(state: ServerState, name: str, reason: bytes, also_ping: bool = False) -> None:
    """Tell why writes are refused on behalf of a feature, or (empty) that they no longer are."""
    rule = state.rules.get(GATE_WRITES_REFUSED)
    if rule is None:
        if not reason:
            return
        rule = WriteRefusals()
        state.rules[GATE_WRITES_REFUSED] = rule
    assert isinstance(rule, WriteRefusals)
    rule.set_reason(state, name, reason, also_ping)


def disk_refuses_writes(state: ServerState) -> bool:
    """Whether writes are refused because what they write could not be kept."""
    rule = state.rules.get(GATE_WRITES_REFUSED)
    return isinstance(rule, WriteRefusals) and rule.has_reason((SNAPSHOTS, LOG))
