"""Lists by their keys, and the arguments that several list commands share."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.datatypes.lists import ListValue
from miniredis.resp.errors import ReplyError, wrong_type
from miniredis.resp.numbers import parse_int64


def read_list(ctx: Context, key: bytes) -> ListValue | None:
    """The list at `key` for a command that only reads."""
    value = ctx.db.lookup(key)
    if value is None or isinstance(value, ListValue):
        return value
    raise wrong_type()


def write_list(ctx: Context, key: bytes) -> ListValue | None:
    """The list at `key` for a command that changes it."""
    value = ctx.db.lookup_write(key)
    if value is None or isinstance(value, ListValue):
        return value
    raise wrong_type()


def parse_count(argument: bytes, problem: ReplyError) -> int:
    """A number from 1 on, or `problem`."""
    count = parse_int64(argument)
    if count is None or count < 1:
        raise problem
    return count
