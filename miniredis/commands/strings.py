"""Strings: values that are bytes."""

from __future__ import annotations

from miniredis.commands.arguments import INT64_MAX, INT64_MIN
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY, READ_KEYS
from miniredis.commands.lookup import read_string, write_string
from miniredis.keyspace.effects import NOTIFY_STRING
from miniredis.resp.errors import error, not_an_integer, syntax_error, wrong_number_of_arguments
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK

group = CommandGroup("string")


@group.command(
    "GET",
    arity=2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns the string at a key.",
    syntax="key",
)
def get(ctx: Context, argv: list[bytes]) -> object:
    value = ctx.db.lookup(argv[1])
    if value is None or isinstance(value, bytes):
        return value
    return read_string(ctx, argv[1])


@group.command(
    "SET",
    arity=-3,
    flags="write denyoom",
    keys="index:1>range:last0/step1/limit0[RW+access+update+variable_flags]",
    summary="Stores a string at a key, whatever was there.",
    syntax="key value",
)
def set_(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        raise syntax_error()
    key = argv[1]
    ctx.db.set_key(key, argv[2])
    ctx.changed(NOTIFY_STRING, b"set", key)
    return OK


@group.command(
    "MSET",
    arity=-3,
    flags="write denyoom",
    keys="index:1>range:last-1/step2/limit0[OW+update]",
    since="1.0.1",
    complexity="O(N) where N is the number of keys to set.",
    summary="Stores strings at several keys at once.",
    syntax="key value [key value ...]",
    tips="request_policy:multi_shard response_policy:all_succeeded",
)
def mset(ctx: Context, argv: list[bytes]) -> object:
    count = len(argv)
    if count % 2 == 0:
        raise wrong_number_of_arguments(b"mset")
    for index in range(1, count, 2):
        key = argv[index]
        ctx.db.set_key(key, argv[index + 1])
        ctx.changed(NOTIFY_STRING, b"set", key)
    return OK


@group.command(
    "MGET",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEYS,
    complexity="O(N) where N is the number of keys to retrieve.",
    summary="Returns the strings at several keys.",
    syntax="key [key ...]",
    tips="request_policy:multi_shard",
)
def mget(ctx: Context, argv: list[bytes]) -> object:
    found: list[object] = []
    for index in range(1, len(argv)):
        value = ctx.db.lookup(argv[index])
        found.append(value if isinstance(value, (bytes, bytearray)) else None)
    return found


def increment(ctx: Context, key: bytes, amount: int) -> int:
    """Add to the integer at `key`; a key that is not there counts as 0."""
    old = write_string(ctx, key)
    if old is None:
        value = 0
    else:
        parsed = parse_int64(bytes(old))
        if parsed is None:
            raise not_an_integer()
        value = parsed
    value += amount
    if value > INT64_MAX or value < INT64_MIN:
        raise error(b"increment or decrement would overflow")
    ctx.db.put(key, str(value).encode())
    ctx.changed(NOTIFY_STRING, b"incrby", key)
    return value


@group.command(
    "INCR",
    arity=2,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Adds one to the integer at a key.",
    syntax="key",
)
def incr(ctx: Context, argv: list[bytes]) -> object:
    return increment(ctx, argv[1], 1)
