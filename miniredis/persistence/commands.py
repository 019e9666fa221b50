"""SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of
from miniredis.dispatch.debug_commands import add_subcommand
from miniredis.formats.errors import FormatError
from miniredis.keyspace.snapshot import LOADED, SnapshotLoader, SnapshotWriter
from miniredis.persistence.functions import StoredFunctions
from miniredis.persistence.loading import LoadError
from miniredis.persistence.persistence import Persistence
from miniredis.resp.errors import ReplyError, error, syntax_error
from miniredis.resp.replies import OK, Status

group = CommandGroup("server")


def persistence_of(ctx: Context) -> Persistence:
    """What saves; an error in a server that has no files."""
    persistence = engine_of(ctx).persistence
    if not isinstance(persistence, Persistence):
        raise error(b"this server keeps nothing on disk")
    return persistence


@group.command(
    "SAVE",
    arity=1,
    flags="admin noscript no_async_loading no_multi",
    complexity="O(N) where N is the total number of keys in all databases",
    summary="Writes all keys to the RDB file, and does nothing else meanwhile.",
)
def save(ctx: Context, argv: list[bytes]) -> object:
    snapshots = persistence_of(ctx).snapshots
    if snapshots.child is not None:
        raise error(b"Background save already in progress")
    if not snapshots.save():
        raise ReplyError(b"ERR")
    return OK


@group.command(
    "BGSAVE",
    arity=-1,
    flags="admin noscript no_async_loading",
    summary="Writes all keys to the RDB file, in a process of its own.",
    syntax="[SCHEDULE | CANCEL]",
)
def bgsave(ctx: Context, argv: list[bytes]) -> object:
    persistence = persistence_of(ctx)
    snapshots = persistence.snapshots
    schedule = False
    if len(argv) > 1:
        word = argv[1].upper()
        if len(argv) > 2 or word not in (b"SCHEDULE", b"CANCEL"):
            raise syntax_error()
        if word == b"CANCEL":
            return _cancel(persistence)
        schedule = True
    if snapshots.child is not None:
        raise error(b"Background save already in progress")
    # In a transaction a fork would see half of it.
    if persistence.has_child() or not ctx.may_block:
        if not schedule and ctx.may_block:
            raise error(
                b"Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to "
                b"schedule a BGSAVE whenever possible."
            )
        snapshots.is_scheduled = True
        return Status(b"Background saving scheduled")
    if not snapshots.begin():
        raise ReplyError(b"ERR")
    return Status(b"Background saving started")


def _cancel(persistence: Persistence) -> object:
    snapshots = persistence.snapshots
    was_running = snapshots.child is not None
    if not snapshots.cancel():
        raise error(b"Background saving is currently not in progress or scheduled")
    return Status(b"Background saving cancelled" if was_running else b"Scheduled background saving cancelled")


@group.command(
    "LASTSAVE",
    arity=1,
    flags="loading stale fast",
    summary="Tells when the RDB file was last written.",
    acl="admin dangerous",
    tips="nondeterministic_output",
)
def lastsave(ctx: Context, argv: list[bytes]) -> object:
    return persistence_of(ctx).snapshots.last_save_s


@group.command(
    "BGREWRITEAOF",
    arity=1,
    flags="admin noscript no_async_loading",
    summary="Writes the append-only file anew, as short as it can be.",
)
def bgrewriteaof(ctx: Context, argv: list[bytes]) -> object:
    persistence = persistence_of(ctx)
    if persistence.is_rewriting():
        raise error(b"Background append only file rewriting already in progress")
    if persistence.has_child() or not ctx.may_block:
        persistence.is_rewrite_scheduled = True
        return Status(b"Background append only file rewriting scheduled")
    if not persistence.begin_rewrite():
        raise error(b"Can't execute an AOF background rewriting. Please check the server logs for more information.")
    return Status(b"Background append only file rewriting started")


def debug_reload(ctx: Context, argv: list[bytes]) -> object:
    """Everything into the RDB file (with NOSAVE: what it holds already) and back; without files, in memory."""
    words = [word.upper() for word in argv[2:]]
    for word in words:
        if word not in (b"MERGE", b"NOFLUSH", b"NOSAVE"):
            raise error(b"DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
    engine = engine_of(ctx)
    functions = StoredFunctions(engine)
    loader = SnapshotLoader(ctx.keyspace, not engine.is_replica)
    loader.refuse_existing = b"NOFLUSH" in words and b"MERGE" not in words
    try:
        if isinstance(engine.persistence, Persistence):
            snapshots = engine.persistence.snapshots
            functions = snapshots.functions
            if b"NOSAVE" not in words and not snapshots.save():
                raise ReplyError(b"ERR")
            loader.reader.feed(snapshots.disk.read_file(snapshots.path()))
        else:
            writer = SnapshotWriter(ctx.keyspace)
            writer.begin([], functions.sources())
            while chunk := writer.step():
                loader.reader.feed(chunk)
        loader.reader.finish()
        if b"NOFLUSH" not in words:
            _flush_all(ctx, functions)
        while loader.run() != LOADED:
            pass
        if b"NOFLUSH" not in words:
            functions.load(loader.functions)
    except (FormatError, OSError) as problem:
        engine.log("warning", f"DEBUG RELOAD: {problem}")
        raise error(b"Error trying to load the RDB dump, check server logs.") from None
    ctx.replay_nothing()
    engine.log("warning", "DB reloaded by DEBUG RELOAD")
    return OK


def debug_loadaof(ctx: Context, argv: list[bytes]) -> object:
    """Forget everything and load the append-only files."""
    engine = engine_of(ctx)
    persistence = persistence_of(ctx)
    if persistence.log is None or not ctx.may_block:
        raise error(b"Error trying to load the AOF files, check server logs.")
    try:
        persistence.load_again(lambda: _flush_all(ctx, persistence.snapshots.functions))
    except (LoadError, OSError) as problem:
        engine.log("warning", f"DEBUG LOADAOF: {problem}")
        raise error(b"Error trying to load the AOF files, check server logs.") from None
    ctx.replay_nothing()
    engine.log("warning", "Append Only File loaded by DEBUG LOADAOF")
    return OK


def _flush_all(ctx: Context, functions: StoredFunctions) -> None:
    engine = engine_of(ctx)
    for database in ctx.keyspace.databases:
        ctx.keyspace.flush(database.index)
        if engine.effects.listening:
            engine.effects.flushed.append(database.index)
    functions.forget()


add_subcommand("LOADAOF", "Flush all data and load the append-only files.", 2, 2, debug_loadaof)
add_subcommand("RELOAD [MERGE] [NOFLUSH] [NOSAVE]", "Save all keys and load them again.", 2, 5, debug_reload)
