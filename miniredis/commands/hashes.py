"""Hashes: fields and values.  What concerns the expiry of fields stands in hash_expiry.py."""

from __future__ import annotations

from typing import cast

from miniredis.commands.arguments import INT64_MAX, INT64_MIN, parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.hash_lookup import read_hash, shrink_hash, store_hash, write_hash
from miniredis.commands.key_specs import CHANGE_KEY, DELETE_KEY, INSERT_KEY, READ_KEY, TEST_KEY, UPDATE_KEY
from miniredis.commands.random_replies import drawn_items, drawn_pairs, is_endless
from miniredis.commands.scanning import ScanOptions, parse_cursor, scan_reply
from miniredis.datatypes.field_expiry import NO_EXPIRY
from miniredis.datatypes.hashes import HashValue
from miniredis.keyspace.effects import NOTIFY_HASH
from miniredis.resp.errors import (
    hash_value_not_a_float,
    hash_value_not_an_integer,
    increment_not_finite,
    increment_would_overflow,
    not_a_float,
    out_of_range,
    out_of_range_between,
    syntax_error,
    value_not_finite,
    wrong_number_of_arguments,
)
from miniredis.resp.numbers import add_long_double, parse_int64, parse_long_double
from miniredis.resp.replies import EMPTY_ARRAY, OK, MapReply

group = CommandGroup("hash")


def _set_fields(ctx: Context, argv: list[bytes], name: bytes) -> int:
    """Store the pairs from argv[2] on; how many fields are new."""
    count = len(argv)
    if count % 2 == 1:
        raise wrong_number_of_arguments(name)
    key = argv[1]
    value = write_hash(ctx, key)
    is_new = value is None
    if value is None:
        value = HashValue(ctx.keyspace.limits)
    added = 0
    index = 2
    while index < count:
        if value.set(argv[index], argv[index + 1]):
            added += 1
        index += 2
    store_hash(ctx, key, value, is_new)
    ctx.changed(NOTIFY_HASH, b"hset", key)
    ctx.dirty(count // 2 - 2)
    return added


@group.command(
    "HSET",
    arity=-4,
    flags="write denyoom fast",
    keys=UPDATE_KEY,
    since="2.0.0",
    complexity="O(1) for each field.",
    summary="Sets fields of a hash; counts those that are new.",
    syntax="key field value [field value ...]",
)
def hset(ctx: Context, argv: list[bytes]) -> object:
    return _set_fields(ctx, argv, b"hset")


@group.command(
    "HMSET",
    arity=-4,
    flags="write denyoom fast",
    keys=UPDATE_KEY,
    since="2.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Sets fields of a hash.",
    syntax="key field value [field value ...]",
    deprecated="4.0.0, HSET with several pairs",
)
def hmset(ctx: Context, argv: list[bytes]) -> object:
    _set_fields(ctx, argv, b"hmset")
    return OK


@group.command(
    "HSETNX",
    arity=4,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    since="2.0.0",
    summary="Sets a field of a hash unless it is there.",
    syntax="key field value",
)
def hsetnx(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    value = write_hash(ctx, key)
    if value is not None and value.contains(argv[2]):
        return 0
    is_new = value is None
    if value is None:
        value = HashValue(ctx.keyspace.limits)
    value.set(argv[2], argv[3])
    store_hash(ctx, key, value, is_new)
    ctx.changed(NOTIFY_HASH, b"hset", key)
    return 1


@group.command(
    "HGET",
    arity=3,
    flags="readonly fast",
    keys=READ_KEY,
    since="2.0.0",
    summary="Returns the value of a field of a hash.",
    syntax="key field",
)
def hget(ctx: Context, argv: list[bytes]) -> object:
    value = read_hash(ctx, argv[1])
    return None if value is None else value.get(argv[2])


@group.command(
    "HMGET",
    arity=-3,
    flags="readonly fast",
    keys=READ_KEY,
    since="2.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Returns the values of fields of a hash.",
    syntax="key field [field ...]",
)
def hmget(ctx: Context, argv: list[bytes]) -> object:
    value = read_hash(ctx, argv[1])
    found: list[object] = []
    for index in range(2, len(argv)):
        found.append(None if value is None else value.get(argv[index]))
    return found


@group.command(
    "HGETALL",
    arity=2,
    flags="readonly",
    keys=READ_KEY,
    since="2.0.0",
    complexity="O(N) where N is the size of the hash.",
    summary="Returns all fields of a hash with their values.",
    syntax="key",
    tips="nondeterministic_output_order",
)
def hgetall(ctx: Context, argv: list[bytes]) -> object:
    value = read_hash(ctx, argv[1])
    return MapReply([] if value is None else cast("list[object]", value.items()))


@group.command(
    "HKEYS",
    arity=2,
    flags="readonly",
    keys=READ_KEY,
    since="2.0.0",
    complexity="O(N) where N is the size of the hash.",
    summary="Returns all fields of a hash.",
    syntax="key",
    tips="nondeterministic_output_order",
)
def hkeys(ctx: Context, argv: list[bytes]) -> object:
    value = read_hash(ctx, argv[1])
    return EMPTY_ARRAY if value is None else value.fields()


@group.command(
    "HVALS",
    arity=2,
    flags="readonly",
    keys=READ_KEY,
    since="2.0.0",
    complexity="O(N) where N is the size of the hash.",
    summary="Returns all values of a hash.",
    syntax="key",
    tips="nondeterministic_output_order",
)
def hvals(ctx: Context, argv: list[bytes]) -> object:
    value = read_hash(ctx, argv[1])
    return EMPTY_ARRAY if value is None else value.values()


@group.command(
    "HLEN",
    arity=2,
    flags="readonly fast",
    keys=TEST_KEY,
    since="2.0.0",
    summary="Returns the number of fields of a hash.",
    syntax="key",
)
def hlen(ctx: Context, argv: list[bytes]) -> object:
    value = read_hash(ctx, argv[1])
    return 0 if value is None else value.size()


@group.command(
    "HEXISTS",
    arity=3,
    flags="readonly fast",
    keys=TEST_KEY,
    since="2.0.0",
    summary="Tells whether a hash has a field.",
    syntax="key field",
)
def hexists(ctx: Context, argv: list[bytes]) -> object:
    value = read_hash(ctx, argv[1])
    return 1 if value is not None and value.contains(argv[2]) else 0


@group.command(
    "HSTRLEN",
    arity=3,
    flags="readonly fast",
    keys=TEST_KEY,
    since="3.2.0",
    summary="Returns the length of the value of a field.",
    syntax="key field",
)
def hstrlen(ctx: Context, argv: list[bytes]) -> object:
    value = read_hash(ctx, argv[1])
    text = None if value is None else value.get(argv[2])
    return 0 if text is None else len(text)


@group.command(
    "HDEL",
    arity=-3,
    flags="write fast",
    keys=DELETE_KEY,
    since="2.0.0",
    complexity="O(N) where N is the number of fields to remove.",
    summary="Removes fields of a hash, and the hash with its last one.",
    syntax="key field [field ...]",
)
def hdel(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    value = write_hash(ctx, key)
    if value is None:
        return 0
    deleted = 0
    for index in range(2, len(argv)):
        if value.delete(argv[index]):
            deleted += 1
    if deleted > 0:
        ctx.changed(NOTIFY_HASH, b"hdel", key)
        ctx.dirty(deleted - 1)
        shrink_hash(ctx, key, value)
    return deleted


def _replace_value(ctx: Context, key: bytes, value: HashValue | None, field: bytes, text: bytes, event: bytes) -> int:
    """Store a changed value, whose field keeps its expiry; the expiry."""
    is_new = value is None
    if value is None:
        value = HashValue(ctx.keyspace.limits)
    value.replace(field, text)
    store_hash(ctx, key, value, is_new)
    ctx.changed(NOTIFY_HASH, event, key)
    return value.expiry_of(field)


@group.command(
    "HINCRBY",
    arity=4,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    since="2.0.0",
    summary="Adds to the integer in a field of a hash.",
    syntax="key field increment",
)
def hincrby(ctx: Context, argv: list[bytes]) -> object:
    key, field = argv[1], argv[2]
    amount = parse_int(argv[3])
    value = write_hash(ctx, key)
    old = None if value is None else value.get(field)
    number = 0
    if old is not None:
        parsed = parse_int64(old)
        if parsed is None:
            raise hash_value_not_an_integer()
        number = parsed
    number += amount
    if number > INT64_MAX or number < INT64_MIN:
        raise increment_would_overflow()
    text = str(number).encode()
    at_ms = _replace_value(ctx, key, value, field, text, b"hincrby")
    if at_ms != NO_EXPIRY:
        # By the time it is replayed the field may be due, and would then start from nothing.
        ctx.replay_as([b"HSETEX", key, b"PXAT", b"%d" % at_ms, b"FIELDS", b"1", field, text])
    return number


@group.command(
    "HINCRBYFLOAT",
    arity=4,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    since="2.6.0",
    summary="Adds to the number in a field of a hash.",
    syntax="key field increment:double",
)
def hincrbyfloat(ctx: Context, argv: list[bytes]) -> object:
    key, field = argv[1], argv[2]
    amount = parse_long_double(argv[3])
    if amount is None:
        raise not_a_float()
    if not amount.is_finite:
        raise value_not_finite()
    value = write_hash(ctx, key)
    old = None if value is None else value.get(field)
    if old is None:
        old = b"0"
    elif parse_long_double(old) is None:
        raise hash_value_not_a_float()
    text = add_long_double(old, argv[3])
    if text is None:
        raise increment_not_finite()
    at_ms = _replace_value(ctx, key, value, field, text, b"hincrbyfloat")
    if at_ms == NO_EXPIRY:
        ctx.replay_as([b"HSET", key, field, text])
    else:
        ctx.replay_as([b"HSETEX", key, b"PXAT", b"%d" % at_ms, b"FIELDS", b"1", field, text])
    return text


def flat_pairs(value: HashValue, fields: list[bytes]) -> list[object]:
    """Fields and their values, taking turns."""
    found: list[object] = []
    for field in fields:
        found.append(field)
        found.append(value.get(field))
    return found


def _with_values(ctx: Context, value: HashValue, fields: list[bytes]) -> list[object]:
    """Fields with their values: pairs in RESP3, one flat array in RESP2."""
    if ctx.resp == 3:
        return [[field, value.get(field)] for field in fields]
    return flat_pairs(value, fields)


@group.command(
    "HRANDFIELD",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    since="6.2.0",
    complexity="O(N) where N is the number of fields returned.",
    summary="Returns fields of a hash chosen by chance.",
    syntax="key [count [WITHVALUES]]",
    tips="nondeterministic_output",
)
def hrandfield(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) == 2:
        value = read_hash(ctx, argv[1])
        return None if value is None else value.random_field(ctx.keyspace.random)
    count = parse_int(argv[2])
    if count == INT64_MIN:
        raise out_of_range_between(-INT64_MAX, INT64_MAX)
    with_values = len(argv) > 3
    if len(argv) > 4 or (with_values and argv[3].upper() != b"WITHVALUES"):
        raise syntax_error()
    if with_values and not -(INT64_MAX // 2) <= count <= INT64_MAX // 2:
        raise out_of_range()
    value = read_hash(ctx, argv[1])
    if value is None or count == 0:
        return EMPTY_ARRAY
    random = ctx.keyspace.random
    if count > 0:
        fields = value.random_fields(random, count)
    elif is_endless(ctx, -count, value.size()):
        shown = value.fields()
        if with_values:
            return drawn_pairs(ctx, flat_pairs(value, shown), -count)
        return drawn_items(ctx, shown, -count)
    else:
        fields = []
        while count < 0:
            fields.append(value.random_field(random))
            count += 1
    return _with_values(ctx, value, fields) if with_values else fields


@group.command(
    "HSCAN",
    arity=-3,
    flags="readonly",
    keys=READ_KEY,
    since="2.8.0",
    complexity="O(1) for every call; O(N) for a complete iteration.",
    summary="Iterates over the fields of a hash.",
    syntax="key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
    tips="nondeterministic_output",
)
def hscan(ctx: Context, argv: list[bytes]) -> object:
    cursor = parse_cursor(argv[2])
    value = read_hash(ctx, argv[1])
    if value is None:
        return scan_reply(0, [])
    options = ScanOptions(argv, 3, b"NOVALUES")
    cursor, fields = value.scan(cursor, options.count)
    found: list[object] = []
    for field in options.matching(fields):
        found.append(field)
        if not options.no_values:
            found.append(value.get(field))
    return scan_reply(cursor, found)
