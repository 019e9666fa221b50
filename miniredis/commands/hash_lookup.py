"""Hashes by key, for commands: WRONGTYPE, fields that are due, and what follows a change."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.datatypes.hashes import HashValue
from miniredis.keyspace.effects import NOTIFY_HASH
from miniredis.keyspace.field_expiry import settle_fields
from miniredis.resp.errors import wrong_type


def read_hash(ctx: Context, key: bytes) -> HashValue | None:
    """The hash at `key` for a command that only reads; counts as hit or miss."""
    value = ctx.db.lookup(key)
    if value is None:
        return None
    if not isinstance(value, HashValue):
        raise wrong_type()
    if value.has_expiries() and not settle_fields(ctx.db, key, value):
        return None
    return value


def write_hash(ctx: Context, key: bytes) -> HashValue | None:
    """The hash at `key` for a command that changes it."""
    value = ctx.db.lookup_write(key)
    if value is None:
        return None
    if not isinstance(value, HashValue):
        raise wrong_type()
    if value.has_expiries() and not settle_fields(ctx.db, key, value):
        # On a replica it may still be stored, all of its fields hidden: a new hash must not inherit them.
        ctx.db.remove(key)
        return None
    return value


def store_hash(ctx: Context, key: bytes, value: HashValue, is_new: bool) -> None:
    """After fields were stored: put a new hash into the database, count the memory of an old one."""
    if is_new:
        ctx.db.put(key, value)
    elif ctx.db.memory.active:
        ctx.db.recount(value)


def shrink_hash(ctx: Context, key: bytes, value: HashValue) -> None:
    """After fields were removed and the event said so: remove a hash that has none left."""
    if value.stored_size() == 0:
        ctx.remove_empty(key)
    elif ctx.db.memory.active:
        ctx.db.recount(value)


def expire_fields(ctx: Context, key: bytes, value: HashValue, fields: list[bytes], at_ms: int) -> None:
    """Give existing fields an expiry that is not past; active expiry must know the key."""
    for field in fields:
        value.expire_field(field, at_ms)
    ctx.db.volatile_hashes.set(key, True)


def delete_expired_fields(ctx: Context, key: bytes, value: HashValue, fields: list[bytes]) -> None:
    """Delete existing fields whose new expiry is past, and say so."""
    for field in fields:
        value.delete(field)
    ctx.keyspace.statistics.expired_fields += len(fields)
    ctx.replay_as([b"HDEL", key, *fields])
    ctx.changed(NOTIFY_HASH, b"hexpired", key)
    ctx.dirty(len(fields) - 1)
    shrink_hash(ctx, key, value)
