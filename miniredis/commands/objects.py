"""OBJECT: how a value is kept, and when and how often it is used."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.commands.key_specs import OBJECT_KEY
from miniredis.datatypes.strings import string_encoding
from miniredis.datatypes.value import Value
from miniredis.resp.errors import error
from miniredis.resp.numbers import parse_int64

group = CommandGroup("generic")

#: Redis keeps one object for each of the integers 0 to 9,999, and replies this as its count of references.
SHARED_INTEGERS: Final = 10000
SHARED_REFERENCES: Final = 2147483647

_TAKES_TIME: Final = (
    b" Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
)


def encoding_name(value: object) -> bytes:
    """How Redis would keep the value, as OBJECT ENCODING replies it."""
    if isinstance(value, Value):
        return value.encoding()
    assert isinstance(value, (bytes, bytearray))
    return string_encoding(value)


def _examine(ctx: Context, key: bytes) -> object:
    """The value; asking this way is no use of the key, and a miss is counted but not notified."""
    value = ctx.db.peek(key)
    if value is None:
        ctx.keyspace.statistics.misses += 1
    else:
        ctx.keyspace.statistics.hits += 1
    return value


group.container("OBJECT", since="2.2.3", summary="Commands that tell how values are kept.")


@group.command(
    "OBJECT ENCODING",
    arity=3,
    flags="readonly",
    keys=OBJECT_KEY,
    since="2.2.3",
    summary="Returns how the value at a key is encoded.",
    syntax="key",
    tips="nondeterministic_output",
)
def object_encoding(ctx: Context, argv: list[bytes]) -> object:
    value = _examine(ctx, argv[2])
    return None if value is None else encoding_name(value)


@group.command(
    "OBJECT REFCOUNT",
    arity=3,
    flags="readonly",
    keys=OBJECT_KEY,
    since="2.2.3",
    summary="Returns how many references to the value at a key there are.",
    syntax="key",
    tips="nondeterministic_output",
)
def object_refcount(ctx: Context, argv: list[bytes]) -> object:
    value = _examine(ctx, argv[2])
    if value is None:
        return None
    if isinstance(value, bytes) and len(value) <= 4:
        number = parse_int64(value)
        if number is not None and 0 <= number < SHARED_INTEGERS:
            return SHARED_REFERENCES
    return 1


def _is_counting(ctx: Context) -> bool:
    """Whether an LFU policy is selected."""
    access = ctx.db.access
    return access is not None and access.counts


@group.command(
    "OBJECT IDLETIME",
    arity=3,
    flags="readonly",
    keys=OBJECT_KEY,
    since="2.2.3",
    summary="Returns the seconds since the key was last used.",
    syntax="key",
    tips="nondeterministic_output",
)
def object_idletime(ctx: Context, argv: list[bytes]) -> object:
    key = argv[2]
    if _examine(ctx, key) is None:
        return None
    if _is_counting(ctx):
        raise error(b"An LFU maxmemory policy is selected, idle time not tracked." + _TAKES_TIME)
    if ctx.db.access is None:
        # From the first question on, uses are noted.
        ctx.keyspace.track_access(False)
    access = ctx.db.access
    assert access is not None
    return access.idle_ms(key) // 1000


@group.command(
    "OBJECT FREQ",
    arity=3,
    flags="readonly",
    keys=OBJECT_KEY,
    since="4.0.0",
    summary="Returns how often the key was used, as a logarithmic count.",
    syntax="key",
    tips="nondeterministic_output",
)
def object_freq(ctx: Context, argv: list[bytes]) -> object:
    key = argv[2]
    if _examine(ctx, key) is None:
        return None
    access = ctx.db.access
    if access is None or not access.counts:
        raise error(b"An LFU maxmemory policy is not selected, access frequency not tracked." + _TAKES_TIME)
    return access.frequency(key)


_HELP: Final = (
    ("ENCODING <key>", "How the value of the key is kept."),
    ("FREQ <key>", "How often the key was used: a logarithmic count that decays with time."),
    ("IDLETIME <key>", "Seconds since the key was last read or written."),
    ("REFCOUNT <key>", "How many references to the value there are."),
)


@group.command(
    "OBJECT HELP", arity=2, flags="loading stale", since="6.2.0", summary="Returns a text about the subcommands."
)
def object_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("OBJECT", _HELP)
