"""Bits of strings: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP.  BITFIELD is in bitfields.py."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY
from miniredis.commands.lookup import edit_string, read_string, write_string
from miniredis.datatypes.bitmaps import (
    bits_and,
    bits_not,
    bits_or,
    bits_xor,
    count_bits,
    find_bit,
    get_bit,
    set_bit,
)
from miniredis.keyspace.effects import NOTIFY_GENERIC, NOTIFY_STRING
from miniredis.resp.errors import ReplyError, error, syntax_error, wrong_type
from miniredis.resp.numbers import parse_int64

group = CommandGroup("bitmap")

#: Bits of the longest string there may be by default; a larger `proto-max-bulk-len` allows more.
_ALWAYS_ALLOWED_BITS: Final = 1 << 23


def bad_offset() -> ReplyError:
    return error(b"bit offset is not an integer or out of range")


def check_bit_offset(ctx: Context, offset: int) -> int:
    """The offset, if a string may be that long."""
    if offset < 0 or (offset >= _ALWAYS_ALLOWED_BITS and offset >> 3 >= ctx.server.config.int("proto-max-bulk-len")):
        raise bad_offset()
    return offset


def _bit_offset(ctx: Context, argument: bytes) -> int:
    offset = parse_int64(argument)
    if offset is None:
        raise bad_offset()
    return check_bit_offset(ctx, offset)


@group.command(
    "SETBIT",
    arity=4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    since="2.2.0",
    summary="Sets or clears one bit of the string at a key, and returns what it was.",
    syntax="key offset value:integer",
)
def setbit(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    offset = _bit_offset(ctx, argv[2])
    if argv[3] != b"0" and argv[3] != b"1":
        raise error(b"bit is not an integer or out of range")
    bit = 1 if argv[3] == b"1" else 0
    value = write_string(ctx, key)
    length = 0 if value is None else len(value)
    if value is None or length <= offset >> 3 or get_bit(value, offset) != bit:
        old = set_bit(edit_string(ctx, key, value, (offset >> 3) + 1), offset, bit)
        ctx.changed(NOTIFY_STRING, b"setbit", key)
        return old
    if not isinstance(value, bytearray):
        edit_string(ctx, key, value, length)  # the same bits, in the form that they were asked for in
    return bit


@group.command(
    "GETBIT",
    arity=3,
    flags="readonly fast",
    keys=READ_KEY,
    since="2.2.0",
    summary="Returns one bit of the string at a key.",
    syntax="key offset",
)
def getbit(ctx: Context, argv: list[bytes]) -> object:
    offset = _bit_offset(ctx, argv[2])
    value = ctx.db.lookup(argv[1])
    if value is None:
        return 0
    if not isinstance(value, (bytes, bytearray)):
        raise wrong_type()
    return get_bit(value, offset)


class _BitRange:
    """The bits that the arguments `start end [BYTE | BIT]` name; `first` > `last` when there are none."""

    def __init__(self, length: int, start: int, end: int, in_bits: bool) -> None:
        size = length * 8 if in_bits else length
        start = max(start + size, 0) if start < 0 else start
        end = min(max(end + size, 0) if end < 0 else end, size - 1)
        self.first = start if in_bits else start * 8
        self.last = end if in_bits else end * 8 + 7


def _parse_unit(argument: bytes) -> bool:
    """True for BIT, False for BYTE."""
    word = argument.upper()
    if word != b"BIT" and word != b"BYTE":
        raise syntax_error()
    return word == b"BIT"


@group.command(
    "BITCOUNT",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    since="2.6.0",
    complexity="O(N) where N is the length of the range.",
    summary="Counts the set bits of the string at a key.",
    syntax="key [start [end [BYTE | BIT]]]",
)
def bitcount(ctx: Context, argv: list[bytes]) -> object:
    value = read_string(ctx, argv[1])
    if value is None:
        return 0
    count = len(argv)
    if count == 2:
        return count_bits(value, 0, len(value) * 8 - 1)
    if count > 5:
        raise syntax_error()
    start = parse_int(argv[2])
    end = parse_int(argv[3]) if count > 3 else -1
    in_bits = count == 5 and _parse_unit(argv[4])
    if start < 0 and end < 0 and start > end:
        return 0
    bits = _BitRange(len(value), start, end, in_bits)
    return count_bits(value, bits.first, bits.last)


@group.command(
    "BITPOS",
    arity=-3,
    flags="readonly",
    keys=READ_KEY,
    since="2.8.7",
    complexity="O(N) where N is the length of the range.",
    summary="Finds the first set or clear bit of the string at a key.",
    syntax="key bit [start [end [BYTE | BIT]]]",
)
def bitpos(ctx: Context, argv: list[bytes]) -> object:
    bit = parse_int(argv[2])
    if bit != 0 and bit != 1:
        raise error(b"The bit argument must be 1 or 0.")
    value = read_string(ctx, argv[1])
    if value is None:
        return -1 if bit else 0
    count = len(argv)
    if count > 6:
        raise syntax_error()
    start = parse_int(argv[3]) if count > 3 else 0
    in_bits = count == 6 and _parse_unit(argv[5])
    end = parse_int(argv[4]) if count > 4 else -1
    bits = _BitRange(len(value), start, end, in_bits)
    found = find_bit(value, bit, bits.first, bits.last)
    if found < 0 and bit == 0 and count < 5 and bits.first <= bits.last:
        # Without an end the string goes on with zeros.
        return len(value) * 8
    return found


@group.command(
    "BITOP",
    arity=-4,
    flags="write denyoom",
    keys="index:2>range:last0/step1/limit0[OW+update]; index:3>range:last-1/step1/limit0[RO+access]",
    since="2.6.0",
    complexity="O(N) where N is the total length of the strings.",
    summary="Combines strings bit by bit and stores the result.",
    syntax="<AND | OR | XOR | NOT> destkey key [key ...]",
)
def bitop(ctx: Context, argv: list[bytes]) -> object:
    operation = argv[1].upper()
    if operation not in (b"AND", b"OR", b"XOR", b"NOT"):
        raise syntax_error()
    if operation == b"NOT" and len(argv) != 4:
        raise error(b"BITOP NOT must be called with a single source key.")
    values: list[bytes | bytearray] = []
    for index in range(3, len(argv)):
        value = ctx.db.lookup(argv[index])
        if value is None:
            values.append(b"")
        elif isinstance(value, (bytes, bytearray)):
            values.append(value)
        else:
            raise wrong_type()
    if operation == b"NOT":
        result = bits_not(values[0])
    elif operation == b"AND":
        result = bits_and(values)
    elif operation == b"OR":
        result = bits_or(values)
    else:
        result = bits_xor(values)
    target = argv[2]
    if result:
        ctx.db.set_key(target, bytearray(result))
        ctx.changed(NOTIFY_STRING, b"set", target)
    elif ctx.db.lookup_write(target) is not None:
        ctx.db.remove(target)
        ctx.changed(NOTIFY_GENERIC, b"del", target)
    return len(result)
