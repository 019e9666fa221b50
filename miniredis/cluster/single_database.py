"""In cluster mode there is database 0 only, unless cluster-databases asks for more: commands that name another fail."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandCode
from miniredis.dispatch.executor import Engine
from miniredis.resp.errors import error


def forbid_other_databases(engine: Engine) -> None:
    """Put a check before the commands of this server that reach other databases."""
    commands = engine.commands.commands
    commands[b"swapdb"].run = _refuse_always(b"SWAPDB is not allowed in cluster mode")
    if len(engine.keyspace.databases) > 1:
        return
    for name in (b"select", b"move", b"copy"):
        commands[name].run = _checked(name, commands[name].run)


def _refuse_always(text: bytes) -> CommandCode:
    def refuse(ctx: Context, argv: list[bytes]) -> object:
        raise error(text)

    return refuse


def _checked(name: bytes, run: CommandCode) -> CommandCode:
    def check(ctx: Context, argv: list[bytes]) -> object:
        if name == b"select" and argv[1] not in (b"0", b"-0") and argv[1].lstrip(b"-").isdigit():
            raise error(b"SELECT is not allowed in cluster mode")
        if name == b"move":
            raise error(b"MOVE is not allowed in cluster mode")
        if name == b"copy":
            words = [word.upper() for word in argv[3:]]
            if b"DB" in words[:-1] and words[words.index(b"DB") + 1] != b"0":
                raise error(b"Copying to another database is not allowed in cluster mode")
        return run(ctx, argv)

    return check
