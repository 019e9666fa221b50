"""Intersections, unions and differences of sets."""

from __future__ import annotations

from typing import cast

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import READ_KEYS
from miniredis.commands.set_lookup import read_set
from miniredis.commands.sets import new_set
from miniredis.datatypes.sets import SetValue, difference, intersection, union
from miniredis.keyspace.effects import NOTIFY_GENERIC, NOTIFY_SET
from miniredis.resp.errors import error, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import SetReply

group = CommandGroup("set")

_STORE_KEYS = "index:1>range:last0/step1/limit0[OW+update]; index:2>range:last-1/step1/limit0[RO+access]"


def _sets_at(ctx: Context, keys: list[bytes]) -> list[SetValue | None]:
    """Each set, or None where there is no key; every key's type is checked."""
    return [read_set(ctx, key) for key in keys]


def _intersection(ctx: Context, keys: list[bytes], limit: int = 0) -> list[bytes]:
    present: list[SetValue] = []
    is_empty = False
    for each in _sets_at(ctx, keys):
        if each is None:
            is_empty = True
        else:
            present.append(each)
    return [] if is_empty else intersection(present, limit)


def _union(ctx: Context, keys: list[bytes]) -> list[bytes]:
    return union([each for each in _sets_at(ctx, keys) if each is not None])


def _difference(ctx: Context, keys: list[bytes]) -> list[bytes]:
    sets = _sets_at(ctx, keys)
    first = sets[0]
    if first is None:
        return []
    return difference([first] + [each for each in sets[1:] if each is not None])


def _store(ctx: Context, destination: bytes, members: list[bytes], event: bytes) -> int:
    """Put the result where the command says; an empty one removes what was there."""
    if members:
        ctx.db.set_key(destination, new_set(ctx, members))
        ctx.changed(NOTIFY_SET, event, destination)
    elif ctx.db.lookup_write(destination) is not None:
        ctx.db.remove(destination)
        ctx.changed(NOTIFY_GENERIC, b"del", destination)
    return len(members)


@group.command(
    "SINTER",
    arity=-2,
    flags="readonly",
    keys=READ_KEYS,
    complexity="O(N*M) where N is the size of the smallest set and M the number of sets.",
    summary="Returns the members that all the sets have.",
    syntax="key [key ...]",
    tips="nondeterministic_output_order",
)
def sinter(ctx: Context, argv: list[bytes]) -> object:
    return SetReply(cast("list[object]", _intersection(ctx, argv[1:])))


@group.command(
    "SINTERSTORE",
    arity=-3,
    flags="write denyoom",
    keys=_STORE_KEYS,
    complexity="O(N*M) where N is the size of the smallest set and M the number of sets.",
    summary="Stores the members that all the sets have.",
    syntax="destination key [key ...]",
)
def sinterstore(ctx: Context, argv: list[bytes]) -> object:
    return _store(ctx, argv[1], _intersection(ctx, argv[2:]), b"sinterstore")


@group.command(
    "SINTERCARD",
    arity=-3,
    flags="readonly movablekeys",
    keys="index:1>keynum:idx0/first1/step1[RO+access]",
    since="7.0.0",
    complexity="O(N*M) where N is the size of the smallest set and M the number of sets.",
    summary="Counts the members that all the sets have.",
    syntax="numkeys key [key ...] [LIMIT limit]",
)
def sintercard(ctx: Context, argv: list[bytes]) -> object:
    count = parse_int64(argv[1])
    if count is None or count < 1:
        raise error(b"numkeys should be greater than 0")
    if count > len(argv) - 2:
        raise error(b"Number of keys can't be greater than number of args")
    limit = 0
    index = 2 + count
    while index < len(argv):
        if argv[index].upper() != b"LIMIT" or index + 1 == len(argv):
            raise syntax_error()
        parsed = parse_int64(argv[index + 1])
        if parsed is None or parsed < 0:
            raise error(b"LIMIT can't be negative")
        limit = parsed
        index += 2
    return len(_intersection(ctx, argv[2 : 2 + count], limit))


@group.command(
    "SUNION",
    arity=-2,
    flags="readonly",
    keys=READ_KEYS,
    complexity="O(N) where N is the size of all sets together.",
    summary="Returns the members that any of the sets has.",
    syntax="key [key ...]",
    tips="nondeterministic_output_order",
)
def sunion(ctx: Context, argv: list[bytes]) -> object:
    return SetReply(cast("list[object]", _union(ctx, argv[1:])))


@group.command(
    "SUNIONSTORE",
    arity=-3,
    flags="write denyoom",
    keys=_STORE_KEYS,
    complexity="O(N) where N is the size of all sets together.",
    summary="Stores the members that any of the sets has.",
    syntax="destination key [key ...]",
)
def sunionstore(ctx: Context, argv: list[bytes]) -> object:
    return _store(ctx, argv[1], _union(ctx, argv[2:]), b"sunionstore")


@group.command(
    "SDIFF",
    arity=-2,
    flags="readonly",
    keys=READ_KEYS,
    complexity="O(N) where N is the size of all sets together.",
    summary="Returns the members of the first set that no other has.",
    syntax="key [key ...]",
    tips="nondeterministic_output_order",
)
def sdiff(ctx: Context, argv: list[bytes]) -> object:
    return SetReply(cast("list[object]", _difference(ctx, argv[1:])))


@group.command(
    "SDIFFSTORE",
    arity=-3,
    flags="write denyoom",
    keys=_STORE_KEYS,
    complexity="O(N) where N is the size of all sets together.",
    summary="Stores the members of the first set that no other has.",
    syntax="destination key [key ...]",
)
def sdiffstore(ctx: Context, argv: list[bytes]) -> object:
    return _store(ctx, argv[1], _difference(ctx, argv[2:]), b"sdiffstore")
