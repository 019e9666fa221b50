"""Strings in part: ranges, lengths, counters, the longest common subsequence."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import INT64_MAX, INT64_MIN, parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import CHANGE_KEY, INSERT_KEY, READ_KEY, TEST_KEY, UPDATE_KEY
from miniredis.commands.lookup import edit_string, read_string, write_string
from miniredis.datatypes.strings import CommonSubsequence
from miniredis.keyspace.effects import NOTIFY_STRING
from miniredis.resp.errors import error, not_a_float, not_an_integer, syntax_error, wrong_type
from miniredis.resp.numbers import add_long_double, format_int, parse_int64, parse_long_double
from miniredis.resp.replies import MapReply

group = CommandGroup("string")

#: `proto-max-bulk-len` is never less: shorter strings need not ask for it.
_ALWAYS_ALLOWED: Final = 1 << 20


def check_length(ctx: Context, length: int) -> None:
    """Refuse to make a string longer than a client could send it."""
    if length > _ALWAYS_ALLOWED and length > ctx.server.config.int("proto-max-bulk-len"):
        raise error(b"string exceeds maximum allowed size (proto-max-bulk-len)")


@group.command(
    "STRLEN",
    arity=2,
    flags="readonly fast",
    keys=TEST_KEY,
    since="2.2.0",
    summary="Returns the length of the string at a key.",
    syntax="key",
)
def strlen(ctx: Context, argv: list[bytes]) -> object:
    value = read_string(ctx, argv[1])
    return 0 if value is None else len(value)


@group.command(
    "APPEND",
    arity=3,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    since="2.0.0",
    complexity="O(M) where M is the length of what is appended.",
    summary="Appends to the string at a key, or creates it.",
    syntax="key value",
)
def append(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    tail = argv[2]
    old = write_string(ctx, key)
    if old is None:
        ctx.db.put(key, tail)
        length = len(tail)
    else:
        length = len(old) + len(tail)
        check_length(ctx, length)
        edited = edit_string(ctx, key, old, 0)
        edited += tail
        ctx.db.grown(len(tail))
    ctx.changed(NOTIFY_STRING, b"append", key)
    return length


@group.command(
    "SETRANGE",
    arity=4,
    flags="write denyoom",
    keys=UPDATE_KEY,
    since="2.2.0",
    complexity="O(M) where M is the length of the value, and of the zeros before it.",
    summary="Overwrites a part of a string, filling it up with zeros before that.",
    syntax="key offset value",
)
def setrange(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    piece = argv[3]
    offset = parse_int(argv[2])
    if offset < 0:
        raise error(b"offset is out of range")
    old = write_string(ctx, key)
    if not piece:
        return 0 if old is None else len(old)
    end = offset + len(piece)
    check_length(ctx, end)
    edited = edit_string(ctx, key, old, end)
    edited[offset:end] = piece
    ctx.changed(NOTIFY_STRING, b"setrange", key)
    return len(edited)


def _getrange(ctx: Context, argv: list[bytes]) -> object:
    start = parse_int(argv[2])
    end = parse_int(argv[3])
    value = ctx.db.lookup(argv[1])
    if value is None:
        return b""
    if not isinstance(value, (bytes, bytearray)):
        raise wrong_type()
    length = len(value)
    if start < 0:
        if end < 0 and start > end:
            return b""
        start = max(start + length, 0)
    if end < 0:
        end = max(end + length, 0)
    return bytes(value[start : end + 1])


@group.command(
    "GETRANGE",
    arity=4,
    flags="readonly",
    keys=READ_KEY,
    since="2.4.0",
    complexity="O(N) where N is the length of the reply.",
    summary="Returns a part of the string at a key.",
    syntax="key start end",
)
def getrange(ctx: Context, argv: list[bytes]) -> object:
    return _getrange(ctx, argv)


@group.command(
    "SUBSTR",
    arity=4,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the length of the reply.",
    summary="Returns a part of the string at a key.",
    syntax="key start end",
    deprecated="2.0.0, GETRANGE",
)
def substr(ctx: Context, argv: list[bytes]) -> object:
    return _getrange(ctx, argv)


def increment(ctx: Context, key: bytes, amount: int) -> int:
    """Add to the integer at `key`; a key that is not there counts as 0."""
    value = write_string(ctx, key)
    number = 0
    if value is not None:
        parsed = parse_int64(value if isinstance(value, bytes) else bytes(value))
        if parsed is None:
            raise not_an_integer()
        number = parsed
    number += amount
    if number > INT64_MAX or number < INT64_MIN:
        raise error(b"increment or decrement would overflow")
    ctx.db.put(key, format_int(number))
    ctx.changed(NOTIFY_STRING, b"incrby", key)
    return number


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


@group.command(
    "DECR",
    arity=2,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Takes one from the integer at a key.",
    syntax="key",
)
def decr(ctx: Context, argv: list[bytes]) -> object:
    return increment(ctx, argv[1], -1)


@group.command(
    "INCRBY",
    arity=3,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Adds to the integer at a key.",
    syntax="key increment",
)
def incrby(ctx: Context, argv: list[bytes]) -> object:
    return increment(ctx, argv[1], parse_int(argv[2]))


@group.command(
    "DECRBY",
    arity=3,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Subtracts from the integer at a key.",
    syntax="key decrement",
)
def decrby(ctx: Context, argv: list[bytes]) -> object:
    amount = parse_int(argv[2])
    if amount == INT64_MIN:
        raise error(b"decrement would overflow")
    return increment(ctx, argv[1], -amount)


@group.command(
    "INCRBYFLOAT",
    arity=3,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    since="2.6.0",
    summary="Adds to the floating point number at a key.",
    syntax="key increment:double",
)
def incrbyfloat(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    value = write_string(ctx, key)
    number = b"0" if value is None else bytes(value)
    if parse_long_double(number) is None or parse_long_double(argv[2]) is None:
        raise not_a_float()
    total = add_long_double(number, argv[2])
    if total is None:
        raise error(b"increment would produce NaN or Infinity")
    ctx.db.put(key, total)
    ctx.changed(NOTIFY_STRING, b"incrbyfloat", key)
    # The sum itself: whoever replays it may round otherwise.
    ctx.replay_as([b"SET", key, total, b"KEEPTTL"])
    return total


class _LcsOptions:
    """The words after the keys of LCS."""

    def __init__(self, argv: list[bytes]) -> None:
        self.length_only = False
        self.ranges = False
        self.with_lengths = False
        self.least_length = 0
        at = 3
        while at < len(argv):
            word = argv[at].upper()
            at += 1
            if word == b"IDX":
                self.ranges = True
            elif word == b"LEN":
                self.length_only = True
            elif word == b"WITHMATCHLEN":
                self.with_lengths = True
            elif word == b"MINMATCHLEN" and at < len(argv):
                self.least_length = parse_int(argv[at])
                at += 1
            else:
                raise syntax_error()
        if self.ranges and self.length_only:
            raise error(b"If you want both the length and indexes, please just use IDX.")


def _string_for_lcs(ctx: Context, key: bytes) -> bytes:
    value = ctx.db.lookup(key)
    if value is None:
        return b""
    if not isinstance(value, (bytes, bytearray)):
        raise error(b"The specified keys must contain string values")
    return bytes(value)


@group.command(
    "LCS",
    arity=-3,
    flags="readonly",
    keys="index:1>range:last1/step1/limit0[RO+access]",
    since="7.0.0",
    complexity="O(N*M/64) where N and M are the lengths of the strings.",
    summary="Finds the longest common subsequence of two strings.",
    syntax="key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
)
def lcs(ctx: Context, argv: list[bytes]) -> object:
    a = _string_for_lcs(ctx, argv[1])
    b = _string_for_lcs(ctx, argv[2])
    options = _LcsOptions(argv)
    # What Redis's table would take; ours is a thirty-second of it, but the limit should be the same.
    if (len(a) + 1) * (len(b) + 1) * 4 > ctx.server.config.int("proto-max-bulk-len"):
        raise error(b"Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
    common = CommonSubsequence(a, b)
    if options.length_only:
        return common.length
    if not options.ranges:
        return common.text()
    matches: list[object] = []
    for shared in common.ranges():
        if shared.length >= options.least_length:
            match: list[object] = [
                [shared.a_first, shared.a_first + shared.length - 1],
                [shared.b_first, shared.b_first + shared.length - 1],
            ]
            if options.with_lengths:
                match.append(shared.length)
            matches.append(match)
    return MapReply([b"matches", matches, b"len", common.length])
