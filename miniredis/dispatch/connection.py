"""Commands about the conversation itself: PING, ECHO, SELECT, QUIT, RESET."""

from __future__ import annotations

from miniredis.commands.arguments import parse_int32
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.gates import GATE_SUBSCRIBED
from miniredis.resp.errors import database_out_of_range, wrong_number_of_arguments
from miniredis.resp.replies import OK, PONG, Status

group = CommandGroup("connection")


@group.command(
    "PING",
    arity=-1,
    flags="fast",
    summary="Answers PONG, or what it was given.",
    syntax="[message]",
    tips="request_policy:all_shards response_policy:all_succeeded",
)
def ping(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 2:
        raise wrong_number_of_arguments(b"ping")
    if session_of(ctx).gates & GATE_SUBSCRIBED and ctx.resp == 2:
        return [b"pong", argv[1] if len(argv) == 2 else b""]
    return argv[1] if len(argv) == 2 else PONG


@group.command(
    "ECHO",
    arity=2,
    flags="loading stale fast",
    summary="Answers what it was given.",
    syntax="message",
)
def echo(ctx: Context, argv: list[bytes]) -> object:
    return argv[1]


@group.command(
    "SELECT",
    arity=2,
    flags="loading stale fast allow_busy",
    summary="Changes the database of this connection.",
    syntax="index",
)
def select(ctx: Context, argv: list[bytes]) -> object:
    index = parse_int32(argv[1])
    databases = ctx.keyspace.databases
    if not 0 <= index < len(databases):
        raise database_out_of_range()
    ctx.db = databases[index]
    return OK


@group.command(
    "QUIT",
    arity=-1,
    flags="noscript loading stale fast no_auth allow_busy",
    summary="Closes the connection.",
    deprecated="7.2.0",
)
def quit_(ctx: Context, argv: list[bytes]) -> object:
    session_of(ctx).close_after_output()
    return OK


@group.command(
    "RESET",
    arity=1,
    flags="noscript loading stale fast no_auth allow_busy",
    since="6.2.0",
    summary="Makes the connection as if it were new.",
)
def reset(ctx: Context, argv: list[bytes]) -> object:
    engine_of(ctx).reset(session_of(ctx))
    return Status(b"RESET")
