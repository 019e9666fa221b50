"""Values of the type a command asks for, or WRONGTYPE."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.resp.errors import wrong_type


def read_string(ctx: Context, key: bytes) -> bytes | None:
    """The string at `key` for a command that only reads; counts as hit or miss."""
    value = ctx.db.lookup(key)
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bytearray):
        return bytes(value)
    raise wrong_type()


def write_string(ctx: Context, key: bytes) -> bytes | bytearray | None:
    """The string at `key` for a command that changes it."""
    value = ctx.db.lookup_write(key)
    if value is None or isinstance(value, (bytes, bytearray)):
        return value
    raise wrong_type()
