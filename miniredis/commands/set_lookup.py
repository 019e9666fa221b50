"""Sets by key, for commands: WRONGTYPE, and what follows a change."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.datatypes.sets import SetValue
from miniredis.resp.errors import wrong_type


def read_set(ctx: Context, key: bytes) -> SetValue | None:
    """The set at `key` for a command that only reads; counts as hit or miss."""
    value = ctx.db.lookup(key)
    if value is None or isinstance(value, SetValue):
        return value
    raise wrong_type()


def write_set(ctx: Context, key: bytes) -> SetValue | None:
    """The set at `key` for a command that changes it."""
    value = ctx.db.lookup_write(key)
    if value is None or isinstance(value, SetValue):
        return value
    raise wrong_type()


def store_set(ctx: Context, key: bytes, value: SetValue, is_new: bool) -> None:
    """After members were added: put a new set into the database, count the memory of an old one."""
    if is_new:
        ctx.db.put(key, value)
    elif ctx.db.memory.active:
        ctx.db.recount(value)


def shrink_set(ctx: Context, key: bytes, value: SetValue) -> None:
    """After members were removed and the event said so: remove a set that has none left."""
    if value.size() == 0:
        ctx.remove_empty(key)
    elif ctx.db.memory.active:
        ctx.db.recount(value)
