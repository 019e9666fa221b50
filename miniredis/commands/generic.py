"""Keys whatever they hold: deleting, naming, moving and copying them.  Expiry is in expiry.py, SCAN in scan.py."""

from __future__ import annotations

from miniredis.commands.arguments import parse_int32
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import CHANGE_KEY, REMOVE_KEYS, TEST_KEY, TEST_KEYS
from miniredis.commands.lookup import type_name
from miniredis.datatypes.value import Value
from miniredis.keyspace.database import Database
from miniredis.keyspace.effects import NOTIFY_GENERIC
from miniredis.resp.errors import database_out_of_range, error, no_such_key, syntax_error
from miniredis.resp.replies import OK, Status

group = CommandGroup("generic")


def _delete_keys(ctx: Context, argv: list[bytes]) -> int:
    db = ctx.db
    removed = 0
    for index in range(1, len(argv)):
        key = argv[index]
        if db.peek(key) is not None or db.is_hidden(key):
            db.remove(key)
            ctx.changed(NOTIFY_GENERIC, b"del", key)
            removed += 1
    return removed


@group.command(
    "DEL",
    arity=-2,
    flags="write",
    keys=REMOVE_KEYS,
    complexity="O(N) where N is the number of keys; for a collection, of its elements.",
    summary="Deletes keys.",
    syntax="key [key ...]",
    tips="request_policy:multi_shard response_policy:agg_sum",
)
def del_(ctx: Context, argv: list[bytes]) -> object:
    return _delete_keys(ctx, argv)


@group.command(
    "UNLINK",
    arity=-2,
    flags="write fast",
    keys=REMOVE_KEYS,
    since="4.0.0",
    complexity="O(1) for each key.",
    summary="Deletes keys; the memory of large values is freed later.",
    syntax="key [key ...]",
    tips="request_policy:multi_shard response_policy:agg_sum",
)
def unlink(ctx: Context, argv: list[bytes]) -> object:
    return _delete_keys(ctx, argv)


@group.command(
    "EXISTS",
    arity=-2,
    flags="readonly fast",
    keys=TEST_KEYS,
    complexity="O(N) where N is the number of keys.",
    summary="Counts how many of the keys exist.",
    syntax="key [key ...]",
    tips="request_policy:multi_shard response_policy:agg_sum",
)
def exists(ctx: Context, argv: list[bytes]) -> object:
    count = 0
    for index in range(1, len(argv)):
        if ctx.db.examine(argv[index]) is not None:
            count += 1
    return count


@group.command(
    "TOUCH",
    arity=-2,
    flags="readonly fast",
    keys=TEST_KEYS,
    since="3.2.1",
    complexity="O(N) where N is the number of keys.",
    summary="Counts how many of the keys exist, as a use of each.",
    syntax="key [key ...]",
    tips="request_policy:multi_shard response_policy:agg_sum",
)
def touch(ctx: Context, argv: list[bytes]) -> object:
    count = 0
    for index in range(1, len(argv)):
        if ctx.db.lookup(argv[index]) is not None:
            count += 1
    return count


@group.command(
    "TYPE",
    arity=2,
    flags="readonly fast",
    keys=TEST_KEY,
    summary="Returns the type of the value at a key.",
    syntax="key",
)
def type_(ctx: Context, argv: list[bytes]) -> object:
    value = ctx.db.examine(argv[1])
    return Status(b"none" if value is None else type_name(value))


def _transfer(source: Database, key: bytes, target: Database, new_key: bytes, value: object) -> None:
    """Move a value with all that belongs to it to a key that has none."""
    when_ms = source.expiry(key)
    is_volatile = source.volatile_hashes.contains(key)
    source.remove(key)
    target.put(new_key, value)
    if when_ms != -1:
        target.expire_at(new_key, when_ms)
    if is_volatile:
        target.volatile_hashes.set(new_key, True)


def _rename(ctx: Context, argv: list[bytes], only_new: bool) -> bool:
    key = argv[1]
    new_key = argv[2]
    db = ctx.db
    value = db.lookup_write(key)
    if value is None:
        raise no_such_key()
    if key == new_key:
        return not only_new
    if db.lookup_write(new_key) is not None:
        if only_new:
            return False
        db.remove(new_key)
    _transfer(db, key, db, new_key, value)
    ctx.changed(NOTIFY_GENERIC, b"rename_from", key)
    ctx.touch(new_key)
    ctx.notify(NOTIFY_GENERIC, b"rename_to", new_key)
    return True


_RENAME_SOURCE = "index:1>range:last0/step1/limit0[RW+access+delete]"


@group.command(
    "RENAME",
    arity=3,
    flags="write",
    keys=_RENAME_SOURCE + "; index:2>range:last0/step1/limit0[OW+update]",
    summary="Gives a key another name, in place of what had that name.",
    syntax="key newkey",
)
def rename(ctx: Context, argv: list[bytes]) -> object:
    _rename(ctx, argv, False)
    return OK


@group.command(
    "RENAMENX",
    arity=3,
    flags="write fast",
    keys=_RENAME_SOURCE + "; index:2>range:last0/step1/limit0[OW+insert]",
    summary="Gives a key another name that nothing has yet.",
    syntax="key newkey",
)
def renamenx(ctx: Context, argv: list[bytes]) -> object:
    return 1 if _rename(ctx, argv, True) else 0


def _database(ctx: Context, argument: bytes) -> Database:
    index = parse_int32(argument)
    if index < 0 or index >= len(ctx.keyspace.databases):
        raise database_out_of_range()
    return ctx.keyspace.databases[index]


def _same_objects() -> Exception:
    return error(b"source and destination objects are the same")


@group.command(
    "MOVE",
    arity=3,
    flags="write fast",
    keys=CHANGE_KEY,
    summary="Moves a key to another database that does not have it.",
    syntax="key db",
)
def move(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    db = ctx.db
    target = _database(ctx, argv[2])
    if target is db:
        raise _same_objects()
    value = db.lookup_write(key)
    if value is None or target.lookup_write(key) is not None:
        return 0
    _transfer(db, key, target, key, value)
    ctx.changed(NOTIFY_GENERIC, b"move_from", key)
    if ctx.effects.listening:
        ctx.effects.changed_event(target.index, NOTIFY_GENERIC, b"move_to", key)
    return 1


@group.command(
    "COPY",
    arity=-3,
    flags="write denyoom",
    keys="index:1>range:last0/step1/limit0[RO+access]; index:2>range:last0/step1/limit0[OW+update]",
    since="6.2.0",
    complexity="O(N) where N is the number of elements.",
    summary="Copies the value at a key to another key.",
    syntax="source destination [DB destination-db] [REPLACE]",
)
def copy(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    new_key = argv[2]
    target = ctx.db
    replace = False
    at = 3
    while at < len(argv):
        word = argv[at].upper()
        at += 1
        if word == b"REPLACE":
            replace = True
        elif word == b"DB" and at < len(argv):
            target = _database(ctx, argv[at])
            at += 1
        else:
            raise syntax_error()
    if target is ctx.db and key == new_key:
        raise _same_objects()
    value = ctx.db.lookup(key)
    if value is None:
        return 0
    if target.lookup_write(new_key) is not None:
        if not replace:
            return 0
        target.remove(new_key)
    if isinstance(value, Value):
        twin: object = value.copy()
    else:
        twin = bytearray(value) if isinstance(value, bytearray) else value
    target.put(new_key, twin)
    when_ms = ctx.db.expiry(key)
    if when_ms != -1:
        target.expire_at(new_key, when_ms)
    if ctx.db.volatile_hashes.contains(key):
        target.volatile_hashes.set(new_key, True)
    ctx.dirty(1)
    if ctx.effects.listening:
        ctx.effects.changed_event(target.index, NOTIFY_GENERIC, b"copy_to", new_key)
    return 1
