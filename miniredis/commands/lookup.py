"""Values of the type a command asks for, or WRONGTYPE."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.datatypes.value import Value
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


def edit_string(ctx: Context, key: bytes, value: bytes | bytearray | None, length: int) -> bytearray:
    """The string `value` of `key`, to be changed in place; it gets zeros up to `length` bytes at least."""
    if isinstance(value, bytearray):
        if len(value) < length:
            ctx.db.grown(length - len(value))
            value.extend(bytes(length - len(value)))
        return value
    edited = bytearray(length) if not value else bytearray(value.ljust(length, b"\x00"))
    ctx.db.put(key, edited)
    return edited


def type_name(value: object) -> bytes:
    """The type of a value, as TYPE replies it."""
    return value.type_name() if isinstance(value, Value) else b"string"
