"""MULTI, EXEC, DISCARD, WATCH, UNWATCH."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import TEST_KEYS
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.gates import GATE_MULTI
from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import NULL_ARRAY, OK

group = CommandGroup("transactions")


@group.command(
    "MULTI",
    arity=1,
    flags="noscript loading stale fast no_multi allow_busy",
    since="1.2.0",
    summary="Begins a transaction: the commands that follow are queued.",
)
def multi(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    if session.gates & GATE_MULTI:
        raise ReplyError(b"ERR MULTI calls can not be nested")
    session.gates |= GATE_MULTI
    return OK


@group.command(
    "DISCARD",
    arity=1,
    flags="noscript loading stale fast allow_busy",
    since="2.0.0",
    complexity="O(N), when N is the number of queued commands",
    summary="Forgets the queued commands and ends the transaction.",
)
def discard(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    if not session.gates & GATE_MULTI:
        raise ReplyError(b"ERR DISCARD without MULTI")
    session.end_queue()
    engine_of(ctx).unwatch(session)
    return OK


@group.command(
    "EXEC",
    arity=1,
    flags="noscript loading stale skip_commandlog",
    since="1.2.0",
    complexity="Depends on commands in the transaction",
    summary="Runs the queued commands as one.",
)
def execute(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    engine = engine_of(ctx)
    if not session.gates & GATE_MULTI:
        raise ReplyError(b"ERR EXEC without MULTI")
    queued = session.queued
    is_bad = session.queue_is_bad
    is_broken = session.watch_is_broken or engine.watching.expired_since(session)
    session.end_queue()
    engine.unwatch(session)
    if is_bad:
        raise ReplyError(b"EXECABORT Transaction discarded because of previous errors.")
    if is_broken:
        return NULL_ARRAY
    ctx.may_block = False
    session.access_context = b"multi"
    own = session.last_command
    engine.begin_block()
    try:
        return [engine.call_queued(session, each) for each in queued]
    finally:
        ctx.may_block = True
        session.access_context = b""
        session.last_command = own
        engine.end_block()


@group.command(
    "WATCH",
    arity=-2,
    flags="noscript loading stale fast no_multi allow_busy",
    keys=TEST_KEYS,
    since="2.2.0",
    complexity="O(1) for every key.",
    summary="Makes the next transaction depend on keys staying as they are.",
    syntax="key [key ...]",
)
def watch(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    if session.gates & GATE_MULTI:
        raise ReplyError(b"ERR WATCH inside MULTI is not allowed")
    if not session.watch_is_broken:
        engine = engine_of(ctx)
        for key in argv[1:]:
            engine.watching.watch(session, key)
        engine.refresh_listening()
    return OK


@group.command(
    "UNWATCH",
    arity=1,
    flags="noscript loading stale fast allow_busy",
    since="2.2.0",
    summary="Forgets the watched keys.",
)
def unwatch(ctx: Context, argv: list[bytes]) -> object:
    engine_of(ctx).unwatch(session_of(ctx))
    return OK
