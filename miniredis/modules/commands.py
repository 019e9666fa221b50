"""MODULE: loading and unloading modules while the server runs; off unless enable-module-command allows it."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.config.config import SetFailed
from miniredis.dispatch.access import engine_of, session_of
from miniredis.modules.loading import CannotLoad, CannotUnload, LoadedModules, refusal_of
from miniredis.resp.errors import error
from miniredis.resp.replies import OK, MapReply

group = CommandGroup("server")
group.container("MODULE", since="4.0.0", summary="Commands about modules.")

CHANGES: Final = "admin noscript no_async_loading"
HELP: Final = (
    ("LIST", "List the modules that are loaded."),
    ("LOAD <name> [<arg> ...]", "Load a module by its dotted name, or by that of an entry point."),
    ("LOADEX <name> [[CONFIG NAME VALUE] ...] [ARGS ...]", "The same, with values for its directives."),
    ("UNLOAD <name>", "Unload a module."),
)


def _modules(ctx: Context) -> LoadedModules:
    modules = engine_of(ctx).modules
    assert isinstance(modules, LoadedModules)
    return modules


def _demand_permission(ctx: Context) -> None:
    allowed = ctx.server.config.text("enable-module-command")
    if allowed == b"no" or (allowed == b"local" and not session_of(ctx).is_local()):
        raise error(
            b'MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from '
            b"a local connection, otherwise you need to set this option in the configuration file, and then restart "
            b"the server."
        )


def _load(ctx: Context, path: bytes, arguments: list[bytes], settings: list[tuple[bytes, bytes]]) -> object:
    try:
        _modules(ctx).load(path, arguments, settings)
    except (CannotLoad, SetFailed) as problem:
        engine_of(ctx).log("warning", f"Module {path.decode('utf-8', 'replace')} failed to load: {problem}")
        raise refusal_of(problem) from problem
    return OK


@group.command(
    "MODULE LOAD",
    arity=-3,
    flags=CHANGES,
    since="4.0.0",
    summary="Loads a module.",
    syntax="path [arg [arg ...]]",
)
def module_load(ctx: Context, argv: list[bytes]) -> object:
    _demand_permission(ctx)
    return _load(ctx, argv[2], argv[3:], [])


@group.command(
    "MODULE LOADEX",
    arity=-3,
    flags=CHANGES,
    since="7.0.0",
    summary="Loads a module with values for its directives.",
    syntax="path [CONFIG name value [CONFIG name value ...]] [ARGS arg [arg ...]]",
)
def module_loadex(ctx: Context, argv: list[bytes]) -> object:
    _demand_permission(ctx)
    settings: list[tuple[bytes, bytes]] = []
    arguments: list[bytes] = []
    at = 3
    while at < len(argv):
        word = argv[at].upper()
        if word == b"CONFIG" and at + 2 < len(argv):
            settings.append((argv[at + 1], argv[at + 2]))
            at += 3
        elif word == b"ARGS":
            arguments = argv[at + 1 :]
            break
        else:
            raise refusal_of(CannotLoad("CONFIG or ARGS is missing"))
    return _load(ctx, argv[2], arguments, settings)


@group.command(
    "MODULE UNLOAD",
    arity=3,
    flags=CHANGES,
    since="4.0.0",
    complexity="O(1), or O(N) in the number of keys where the module has types of value",
    summary="Unloads a module.",
    syntax="name",
)
def module_unload(ctx: Context, argv: list[bytes]) -> object:
    _demand_permission(ctx)
    try:
        _modules(ctx).unload(argv[2])
    except CannotUnload as problem:
        raise refusal_of(problem) from problem
    return OK


@group.command(
    "MODULE LIST",
    arity=2,
    flags="admin noscript",
    since="4.0.0",
    complexity="O(N) where N is the number of loaded modules.",
    summary="Lists the modules that are loaded.",
    tips="nondeterministic_output_order",
)
def module_list(ctx: Context, argv: list[bytes]) -> object:
    found: list[object] = []
    for name, each in _modules(ctx).servers.items():
        arguments: list[object] = list(each.arguments)
        found.append(
            MapReply([b"name", name, b"ver", each.module.version, b"path", each.path.encode(), b"args", arguments])
        )
    return found


@group.command("MODULE HELP", arity=2, flags="loading stale", since="5.0.0", summary="Shows what MODULE can do.")
def module_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("MODULE", HELP)
