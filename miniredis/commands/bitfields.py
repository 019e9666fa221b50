"""BITFIELD: integers of any width at any bit of a string, read, set and added to."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.bitmaps import bad_offset, check_bit_offset
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import READ_KEY
from miniredis.commands.lookup import edit_string, read_string, write_string
from miniredis.datatypes.bitmaps import (
    OVERFLOW_FAIL,
    OVERFLOW_SATURATE,
    OVERFLOW_WRAP,
    fit_field,
    get_field,
    set_field,
)
from miniredis.keyspace.effects import NOTIFY_STRING
from miniredis.resp.errors import error, syntax_error
from miniredis.resp.numbers import parse_int64

group = CommandGroup("bitmap")

_GET: Final = 0
_SET: Final = 1
_INCRBY: Final = 2

_OPERATIONS: Final[dict[bytes, int]] = {b"GET": _GET, b"SET": _SET, b"INCRBY": _INCRBY}
_OVERFLOWS: Final[dict[bytes, int]] = {b"WRAP": OVERFLOW_WRAP, b"SAT": OVERFLOW_SATURATE, b"FAIL": OVERFLOW_FAIL}


class _FieldOperation:
    """One GET, SET or INCRBY with its field."""

    __slots__ = ("kind", "number", "offset", "overflow", "signed", "width")

    def __init__(self, kind: int, width: int, signed: bool, offset: int, number: int, overflow: int) -> None:
        self.kind = kind
        self.width = width
        self.signed = signed
        self.offset = offset
        self.number = number
        self.overflow = overflow


def _parse_type(argument: bytes) -> int:
    """`u8` to 8, `i8` to -8."""
    width = parse_int64(argument[1:])
    if argument[:1] == b"u" and width is not None and 1 <= width <= 63:
        return width
    if argument[:1] == b"i" and width is not None and 1 <= width <= 64:
        return -width
    raise error(b"Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")


def _parse_offset(ctx: Context, argument: bytes, width: int) -> int:
    """A bit offset, or with `#` before it one counted in fields."""
    if argument[:1] == b"#":
        number = parse_int64(argument[1:])
        if number is None:
            raise bad_offset()
        return check_bit_offset(ctx, number * width)
    number = parse_int64(argument)
    if number is None:
        raise bad_offset()
    return check_bit_offset(ctx, number)


def _parse_operations(ctx: Context, argv: list[bytes]) -> list[_FieldOperation]:
    operations: list[_FieldOperation] = []
    overflow = OVERFLOW_WRAP
    at = 2
    while at < len(argv):
        word = argv[at].upper()
        left = len(argv) - at - 1
        if word == b"OVERFLOW" and left >= 1:
            found = _OVERFLOWS.get(argv[at + 1].upper(), -1)
            if found < 0:
                raise error(b"Invalid OVERFLOW type specified")
            overflow = found
            at += 2
            continue
        kind = _OPERATIONS.get(word, -1)
        if kind < 0 or left < (2 if kind == _GET else 3):
            raise syntax_error()
        width = _parse_type(argv[at + 1])
        offset = _parse_offset(ctx, argv[at + 2], abs(width))
        number = parse_int(argv[at + 3]) if kind != _GET else 0
        operations.append(_FieldOperation(kind, abs(width), width < 0, offset, number, overflow))
        at += 3 if kind == _GET else 4
    return operations


def _read(value: bytes | bytearray, operation: _FieldOperation) -> int:
    return get_field(value, operation.offset, operation.width, operation.signed)


def _write(value: bytearray, operation: _FieldOperation, replies: list[object]) -> bool:
    """Do a SET or INCRBY; whether it was done and changed something. Adds its reply."""
    old = _read(value, operation)
    if operation.kind == _INCRBY:
        wanted = old + operation.number
    elif operation.signed or operation.number >= 0:
        wanted = operation.number
    else:
        # What C's conversion to an unsigned integer makes of it.
        wanted = operation.number + (1 << 64)
    new = fit_field(wanted, operation.width, operation.signed, operation.overflow)
    if new is None:
        replies.append(None)
        return False
    set_field(value, operation.offset, operation.width, new)
    replies.append(new if operation.kind == _INCRBY else old)
    return old != new


@group.command(
    "BITFIELD",
    arity=-2,
    flags="write denyoom",
    keys="index:1>range:last0/step1/limit0[RW+access+update+variable_flags]",
    since="3.2.0",
    complexity="O(1) for each operation.",
    summary="Reads and changes integers of any width inside the string at a key.",
    syntax="key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value:integer"
    " | INCRBY encoding offset increment> ...]",
)
def bitfield(ctx: Context, argv: list[bytes]) -> object:
    operations = _parse_operations(ctx, argv)
    key = argv[1]
    end = 0
    for operation in operations:
        if operation.kind != _GET:
            end = max(end, operation.offset + operation.width)
    if end == 0:
        value = read_string(ctx, key) or b""
        return [_read(value, operation) for operation in operations]
    old = write_string(ctx, key)
    length = (end + 7) // 8
    grows = old is None or len(old) < length
    edited = edit_string(ctx, key, old, length)
    replies: list[object] = []
    changes = 0
    for operation in operations:
        if operation.kind == _GET:
            replies.append(_read(edited, operation))
        elif _write(edited, operation, replies) or (grows and replies[-1] is not None):
            changes += 1
    if changes:
        ctx.changed(NOTIFY_STRING, b"setbit", key)
        ctx.dirty(changes - 1)
    elif grows:
        # Every write failed, but the string has its new length; Redis forgets to replay that.
        ctx.touch(key)
        ctx.dirty(1)
    return replies


@group.command(
    "BITFIELD_RO",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEY,
    since="6.0.0",
    complexity="O(1) for each operation.",
    summary="Reads integers of any width inside the string at a key.",
    syntax="key [GET encoding offset [GET encoding offset ...]]",
)
def bitfield_ro(ctx: Context, argv: list[bytes]) -> object:
    operations = _parse_operations(ctx, argv)
    for operation in operations:
        if operation.kind != _GET:
            raise error(b"BITFIELD_RO only supports the GET subcommand")
    value = read_string(ctx, argv[1]) or b""
    return [_read(value, operation) for operation in operations]
