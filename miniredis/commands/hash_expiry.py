"""Expiry of the fields of a hash, with the semantics of Valkey 9.1.

Times become absolute before anything else happens.  A time that is past deletes the field at once: "hexpired" tells
so, and an HDEL is replayed.  What is replayed names only the fields that changed, without conditions.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.field_arguments import (
    FIELDS_SYNTAX,
    MILLISECONDS,
    SECONDS,
    absolute_ms,
    check_count,
    find_fields,
    listed_fields,
)
from miniredis.commands.hash_lookup import delete_expired_fields, read_hash, store_hash, write_hash
from miniredis.commands.key_specs import READ_KEY, UPDATE_KEY
from miniredis.datatypes.field_expiry import NO_EXPIRY
from miniredis.keyspace.database import EXPIRE_DELETE
from miniredis.keyspace.effects import NOTIFY_HASH
from miniredis.resp.errors import error, numfields_mismatch, printed, syntax_error

group = CommandGroup("hash")

#: What HTTL and its kind answer for a field that is not there.
NO_FIELD: Final = -2
NOT_EXPIRING: Final = -1
# What HEXPIRE answers for a field.
CONDITION_NOT_MET: Final = 0
EXPIRY_SET: Final = 1
DELETED: Final = 2

# HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT.

_NX: Final = 1
_XX: Final = 2
_GT: Final = 4
_LT: Final = 8
_CONDITIONS: Final[dict[bytes, int]] = {b"NX": _NX, b"XX": _XX, b"GT": _GT, b"LT": _LT}


def _parse_conditions(options: list[bytes]) -> int:
    conditions = 0
    for option in options:
        condition = _CONDITIONS.get(option.upper(), 0)
        if condition == 0:
            raise error(b"Unsupported option " + printed(option))
        conditions |= condition
    if conditions & _NX and conditions != _NX:
        raise error(b"NX and XX, GT or LT options at the same time are not compatible")
    if conditions & _GT and conditions & _LT:
        raise error(b"GT and LT options at the same time are not compatible")
    return conditions


def _allows(conditions: int, old_ms: int, new_ms: int) -> bool:
    """Whether the conditions let a field that expires at `old_ms` (or never) expire at `new_ms`."""
    if conditions == 0:
        return True
    if old_ms == NO_EXPIRY:
        # No expiry counts as one that never comes.
        return not conditions & (_XX | _GT)
    if conditions & _NX:
        return False
    if conditions & _GT:
        return new_ms > old_ms
    return not conditions & _LT or new_ms < old_ms


def _expire(ctx: Context, argv: list[bytes], unit_ms: int, relative: bool, command: bytes) -> object:
    key = argv[1]
    at = find_fields(argv, 3)
    conditions = _parse_conditions(argv[3:at])
    check_count(argv, at, 1, numfields_mismatch())
    when_ms = absolute_ms(ctx, argv[2], unit_ms, relative, command)
    value = write_hash(ctx, key)
    fields = argv[at + 2 :]
    if value is None:
        return [NO_FIELD] * len(fields)
    is_past = when_ms <= ctx.now_ms and ctx.db.expire_policy == EXPIRE_DELETE
    changed: list[bytes] = []
    results: list[object] = []
    gone: set[bytes] = set()
    for field in fields:
        if not value.contains(field) or field in gone:
            results.append(NO_FIELD)
        elif not _allows(conditions, value.expiry_of(field), when_ms):
            results.append(CONDITION_NOT_MET)
        else:
            changed.append(field)
            if is_past:
                gone.add(field)
                results.append(DELETED)
            else:
                value.expire_field(field, when_ms)
                results.append(EXPIRY_SET)
    if not changed:
        return results
    if is_past:
        delete_expired_fields(ctx, key, value, changed)
        return results
    ctx.db.volatile_hashes.set(key, True)
    store_hash(ctx, key, value, False)
    ctx.changed(NOTIFY_HASH, b"hexpire", key)
    ctx.dirty(len(changed) - 1)
    ctx.replay_as([b"HPEXPIREAT", key, b"%d" % when_ms, b"FIELDS", b"%d" % len(changed), *changed])
    return results


@group.command(
    "HEXPIRE",
    arity=-6,
    flags="write fast",
    keys=UPDATE_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Lets fields of a hash expire after so many seconds.",
    syntax="key seconds [NX | XX | GT | LT] " + FIELDS_SYNTAX,
)
def hexpire(ctx: Context, argv: list[bytes]) -> object:
    return _expire(ctx, argv, SECONDS, True, b"hexpire")


@group.command(
    "HPEXPIRE",
    arity=-6,
    flags="write fast",
    keys=UPDATE_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Lets fields of a hash expire after so many milliseconds.",
    syntax="key milliseconds [NX | XX | GT | LT] " + FIELDS_SYNTAX,
)
def hpexpire(ctx: Context, argv: list[bytes]) -> object:
    return _expire(ctx, argv, MILLISECONDS, True, b"hpexpire")


@group.command(
    "HEXPIREAT",
    arity=-6,
    flags="write fast",
    keys=UPDATE_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Lets fields of a hash expire at a time given in seconds.",
    syntax="key unix-time-seconds [NX | XX | GT | LT] " + FIELDS_SYNTAX,
)
def hexpireat(ctx: Context, argv: list[bytes]) -> object:
    return _expire(ctx, argv, SECONDS, False, b"hexpireat")


@group.command(
    "HPEXPIREAT",
    arity=-6,
    flags="write fast",
    keys=UPDATE_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Lets fields of a hash expire at a time given in milliseconds.",
    syntax="key unix-time-milliseconds [NX | XX | GT | LT] " + FIELDS_SYNTAX,
)
def hpexpireat(ctx: Context, argv: list[bytes]) -> object:
    return _expire(ctx, argv, MILLISECONDS, False, b"hpexpireat")


# HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME, HPERSIST.


def _tell_expiry(ctx: Context, argv: list[bytes], unit_ms: int, relative: bool) -> object:
    fields = listed_fields(argv, syntax_error())
    value = read_hash(ctx, argv[1])
    results: list[object] = []
    base_ms = ctx.now_ms if relative else 0
    for field in fields:
        if value is None or not value.contains(field):
            results.append(NO_FIELD)
            continue
        at_ms = value.expiry_of(field)
        if at_ms == NO_EXPIRY:
            results.append(NOT_EXPIRING)
        else:
            results.append((max(at_ms - base_ms, 0) + unit_ms // 2) // unit_ms)
    return results


@group.command(
    "HTTL",
    arity=-5,
    flags="readonly fast",
    keys=READ_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Returns the seconds until fields of a hash expire.",
    syntax="key " + FIELDS_SYNTAX,
)
def httl(ctx: Context, argv: list[bytes]) -> object:
    return _tell_expiry(ctx, argv, SECONDS, True)


@group.command(
    "HPTTL",
    arity=-5,
    flags="readonly fast",
    keys=READ_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Returns the milliseconds until fields of a hash expire.",
    syntax="key " + FIELDS_SYNTAX,
)
def hpttl(ctx: Context, argv: list[bytes]) -> object:
    return _tell_expiry(ctx, argv, MILLISECONDS, True)


@group.command(
    "HEXPIRETIME",
    arity=-5,
    flags="readonly fast",
    keys=READ_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Returns the time in seconds at which fields of a hash expire.",
    syntax="key " + FIELDS_SYNTAX,
)
def hexpiretime(ctx: Context, argv: list[bytes]) -> object:
    return _tell_expiry(ctx, argv, SECONDS, False)


@group.command(
    "HPEXPIRETIME",
    arity=-5,
    flags="readonly fast",
    keys=READ_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Returns the time in milliseconds at which fields of a hash expire.",
    syntax="key " + FIELDS_SYNTAX,
)
def hpexpiretime(ctx: Context, argv: list[bytes]) -> object:
    return _tell_expiry(ctx, argv, MILLISECONDS, False)


@group.command(
    "HPERSIST",
    arity=-5,
    flags="write fast",
    keys=UPDATE_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Takes the expiry of fields of a hash away.",
    syntax="key " + FIELDS_SYNTAX,
)
def hpersist(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    fields = listed_fields(argv, numfields_mismatch())
    value = write_hash(ctx, key)
    results: list[object] = []
    persisted = 0
    for field in fields:
        if value is None or not value.contains(field):
            results.append(NO_FIELD)
        elif value.persist_field(field):
            results.append(EXPIRY_SET)
            persisted += 1
        else:
            results.append(NOT_EXPIRING)
    if value is not None and persisted > 0:
        ctx.changed(NOTIFY_HASH, b"hpersist", key)
        ctx.dirty(persisted - 1)
    return results
