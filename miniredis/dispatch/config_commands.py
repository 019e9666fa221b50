"""CONFIG: look at the configuration and change it while the server runs."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.config.config import SetFailed
from miniredis.config.reader import ConfigError
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.port import Port
from miniredis.resp.errors import error, syntax_error
from miniredis.resp.replies import OK, MapReply

group = CommandGroup("server")
group.container("CONFIG", since="2.0.0", summary="Commands about the configuration.")

ADMIN_ALWAYS: Final = "admin noscript loading stale"
ON_ALL_NODES: Final = "request_policy:all_nodes response_policy:all_succeeded"

HELP: Final = (
    ("GET <pattern> [<pattern> ...]", "Show the directives whose names match, with their values."),
    ("SET <directive> <value> [<directive> <value> ...]", "Change all of these values, or none of them."),
    ("RESETSTAT", "Count anew what INFO counts."),
    ("REWRITE", "Bring the configuration file up to date."),
)


@group.command("CONFIG HELP", arity=2, flags="loading stale", since="5.0.0", summary="Lists the subcommands.")
def config_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("CONFIG", HELP)


@group.command(
    "CONFIG GET",
    arity=-3,
    flags=ADMIN_ALWAYS,
    since="2.0.0",
    complexity="O(N) where N is the number of directives and patterns",
    summary="Returns the directives that match patterns, with their values.",
    syntax="parameter [parameter ...]",
)
def config_get(ctx: Context, argv: list[bytes]) -> object:
    flat: list[object] = []
    for name, value in ctx.server.config.get(argv[2:]):
        flat.append(name)
        flat.append(value)
    return MapReply(flat)


@group.command(
    "CONFIG SET",
    arity=-4,
    flags=ADMIN_ALWAYS,
    since="2.0.0",
    complexity="O(N) where N is the number of directives",
    summary="Changes directives, all of them or none.",
    syntax="<parameter value> [<parameter value> ...]",
    tips=ON_ALL_NODES,
)
def config_set(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) % 2:
        raise syntax_error()
    pairs = [(argv[at], argv[at + 1]) for at in range(2, len(argv), 2)]
    try:
        ctx.server.config.set_many(pairs, is_on_this_machine(session_of(ctx).port))
    except SetFailed as failed:
        raise error(failed.message) from failed
    return OK


def is_on_this_machine(port: Port) -> bool:
    """Whether the peer of a connection can only be a process here."""
    return port.is_unix or port.peer.startswith((b"127.", b"[::1]:", b"::1:", b"[::ffff:127."))


@group.command(
    "CONFIG RESETSTAT",
    arity=2,
    flags=ADMIN_ALWAYS,
    since="2.0.0",
    complexity="O(1)",
    summary="Sets the counters of INFO back to zero.",
    tips=ON_ALL_NODES,
)
def config_resetstat(ctx: Context, argv: list[bytes]) -> object:
    engine_of(ctx).reset_statistics()
    return OK


@group.command(
    "CONFIG REWRITE",
    arity=2,
    flags=ADMIN_ALWAYS,
    since="2.8.0",
    complexity="O(1)",
    summary="Writes the values of now into the configuration file.",
    tips=ON_ALL_NODES,
)
def config_rewrite(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    rewrite = engine.rewrite_config
    if rewrite is None:
        raise error(b"The server is running without a config file")
    engine.config.assign_lines("user", engine.acl.config_lines())
    try:
        rewrite()
    except OSError as problem:
        reason = problem.strerror or str(problem)
        engine.log("warning", f"CONFIG REWRITE failed: {reason}")
        raise error(b"Rewriting config file: " + reason.encode()) from problem
    except ConfigError as wrong:
        engine.log("warning", f"CONFIG REWRITE failed: {wrong.where} line {wrong.number}: {wrong}")
        raise error(b"Rewriting config file: " + wrong.reason) from wrong
    engine.log("notice", "CONFIG REWRITE executed with success.")
    return OK
