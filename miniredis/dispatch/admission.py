"""The checks a command passes when some gate is down, in Redis's order.

`admit` returns None when the command may run, or what is replied instead; it raises the refusal.  The order
matters to clients: authentication before everything, queueing after every refusal that would spoil the
transaction.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.declaration import (
    ALLOW_BUSY,
    LOADING,
    NO_AUTH,
    NO_MULTI,
    READONLY,
    STALE,
    WRITE,
    Command,
)
from miniredis.dispatch.gates import (
    GATE_ACL,
    GATE_BUSY,
    GATE_CLUSTER,
    GATE_HELD_KEYS,
    GATE_IMPORT,
    GATE_INTERCEPTED,
    GATE_LOADING,
    GATE_LOG_REQUESTS,
    GATE_MEMORY,
    GATE_MULTI,
    GATE_NO_AUTH,
    GATE_NO_TOUCH,
    GATE_PAUSED,
    GATE_PRIMARY_LINK,
    GATE_REPLICA,
    GATE_STALE,
    GATE_SUBSCRIBED,
    GATE_WRITES_REFUSED,
)
from miniredis.dispatch.session import QueuedCommand, Session
from miniredis.dispatch.state import ServerState
from miniredis.resp.errors import ReplyError, loading, no_authentication
from miniredis.resp.replies import QUEUED

#: Commands that act at once although a transaction is being queued.
NEVER_QUEUED: Final = (b"exec", b"discard", b"multi", b"watch", b"quit", b"reset")


#: Of the server: it cannot do certain things now.
REFUSING: Final = GATE_WRITES_REFUSED | GATE_REPLICA | GATE_STALE | GATE_LOADING


def refuse_by_state(state: ServerState, session: Session, command: Command, argv: list[bytes]) -> None:
    """Raise when the server's state does not allow the command; EXEC is asked for all that it would run."""
    gates = state.gates
    flags = command.flags
    if gates & GATE_WRITES_REFUSED:
        state.rules[GATE_WRITES_REFUSED].apply(session, command, argv)
    if gates & GATE_REPLICA and flags & WRITE:
        raise ReplyError(b"READONLY You can't write against a read only replica.")
    if gates & GATE_STALE and not flags & STALE:
        raise ReplyError(b"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")
    if gates & GATE_LOADING and not flags & LOADING:
        raise loading()


def admit_queued(state: ServerState, session: Session, command: Command, argv: list[bytes]) -> object:
    """As `admit`, for one command of a transaction that EXEC runs: the rest was checked before it, once for all."""
    gates = state.gates | session.gates
    if gates & GATE_ACL:
        state.rules[GATE_ACL].apply(session, command, argv)
    if gates & GATE_NO_TOUCH:
        state.keyspace.clock.leaves_no_trace = command.name != b"touch"
    if gates & GATE_CLUSTER and not gates & GATE_PRIMARY_LINK:
        return state.rules[GATE_CLUSTER].apply(session, command, argv)
    return None


def admit(state: ServerState, session: Session, command: Command, argv: list[bytes]) -> object:
    """None: run it.  Anything else is the reply in its place."""
    gates = state.gates | session.gates
    if gates == GATE_CLUSTER:
        # A node of a cluster as it usually is: only the slot decides.
        return state.slot_rule.apply(session, command, argv)
    flags = command.flags
    if gates & GATE_INTERCEPTED:
        instead = state.rules[GATE_INTERCEPTED].apply(session, command, argv)
        if instead is not None:
            return instead
    if gates & GATE_NO_AUTH and not flags & NO_AUTH:
        raise no_authentication()
    if gates & GATE_MULTI and flags & NO_MULTI and command.name not in NEVER_QUEUED:
        raise ReplyError(b"ERR Command not allowed inside a transaction")
    if gates & GATE_ACL:
        state.rules[GATE_ACL].apply(session, command, argv)
    if gates & GATE_PRIMARY_LINK:
        return None
    if gates & GATE_CLUSTER:
        redirection = state.rules[GATE_CLUSTER].apply(session, command, argv)
        if redirection is not None:
            return redirection
    if gates & GATE_MEMORY:
        state.rules[GATE_MEMORY].apply(session, command, argv)
    if gates & REFUSING:
        refuse_by_state(state, session, command, argv)
        if command.name == b"exec":
            for queued in session.queued:
                refuse_by_state(state, session, queued.command, queued.argv)
    if gates & GATE_SUBSCRIBED:
        state.rules[GATE_SUBSCRIBED].apply(session, command, argv)
    if gates & GATE_BUSY and not flags & ALLOW_BUSY:
        state.rules[GATE_BUSY].apply(session, command, argv)
    if session.is_replica and flags & (WRITE | READONLY):
        raise ReplyError(b"ERR Replica can't interact with the keyspace")
    if gates & GATE_NO_TOUCH:
        # Until the reply is written.
        state.keyspace.clock.leaves_no_trace = command.name != b"touch"
    if gates & GATE_LOG_REQUESTS:
        state.rules[GATE_LOG_REQUESTS].apply(session, command, argv)
    if gates & GATE_IMPORT:
        state.keyspace.show_expired(True)
    if gates & GATE_MULTI and command.name not in NEVER_QUEUED:
        session.last_command = command
        session.queued.append(QueuedCommand(command, argv))
        return QUEUED
    if gates & GATE_PAUSED:
        waiting = state.rules[GATE_PAUSED].apply(session, command, argv)
        if waiting is not None:
            return waiting
    if gates & GATE_HELD_KEYS:
        return state.rules[GATE_HELD_KEYS].apply(session, command, argv)
    return None
