"""Lists: pushing, reading and editing.  What takes elements is in `list_pops`, what waits in `list_blocking`."""

from __future__ import annotations

from miniredis.commands.arguments import INT64_MAX, parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import DELETE_KEY, INSERT_KEY, READ_KEY, TEST_KEY, UPDATE_KEY
from miniredis.commands.list_lookup import read_list, write_list
from miniredis.datatypes.lists import ListValue
from miniredis.keyspace.effects import NOTIFY_LIST
from miniredis.resp.errors import (
    error,
    no_such_key,
    syntax_error,
)
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import EMPTY_ARRAY, OK

group = CommandGroup("list")

# -- pushing


def push(ctx: Context, argv: list[bytes], left: bool, create: bool) -> int:
    """Push argv[2:] to the list at argv[1]; its length, 0 when it is not there and not to be made."""
    key = argv[1]
    value = write_list(ctx, key)
    is_new = value is None
    if value is None:
        if not create:
            return 0
        value = ListValue(ctx.keyspace.limits)
    count = len(argv) - 2
    if count == 1:
        if left:
            value.push_left(argv[2])
        else:
            value.push_right(argv[2])
    elif left:
        value.extend_left(argv[2:])
    else:
        value.extend_right(argv[2:])
    if is_new:
        ctx.db.put(key, value)
    ctx.changed(NOTIFY_LIST, b"lpush" if left else b"rpush", key)
    if count > 1:
        ctx.dirty(count - 1)
    return value.size()


@group.command(
    "LPUSH",
    arity=-3,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    summary="Puts elements before the first one of a list, which is made if needed.",
    syntax="key element [element ...]",
)
def lpush(ctx: Context, argv: list[bytes]) -> object:
    return push(ctx, argv, True, True)


@group.command(
    "RPUSH",
    arity=-3,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    summary="Puts elements after the last one of a list, which is made if needed.",
    syntax="key element [element ...]",
)
def rpush(ctx: Context, argv: list[bytes]) -> object:
    return push(ctx, argv, False, True)


@group.command(
    "LPUSHX",
    arity=-3,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    since="2.2.0",
    summary="Puts elements before the first one of a list, if there is a list.",
    syntax="key element [element ...]",
)
def lpushx(ctx: Context, argv: list[bytes]) -> object:
    return push(ctx, argv, True, False)


@group.command(
    "RPUSHX",
    arity=-3,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    since="2.2.0",
    summary="Puts elements after the last one of a list, if there is a list.",
    syntax="key element [element ...]",
)
def rpushx(ctx: Context, argv: list[bytes]) -> object:
    return push(ctx, argv, False, False)


# -- reading


@group.command(
    "LLEN",
    arity=2,
    flags="readonly fast",
    keys=TEST_KEY,
    summary="Returns the length of a list.",
    syntax="key",
)
def llen(ctx: Context, argv: list[bytes]) -> object:
    value = read_list(ctx, argv[1])
    return 0 if value is None else value.size()


@group.command(
    "LINDEX",
    arity=3,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N)",
    summary="Returns the element at an index, from the end when it is negative.",
    syntax="key index",
)
def lindex(ctx: Context, argv: list[bytes]) -> object:
    value = read_list(ctx, argv[1])
    if value is None:
        return None
    return value.get(parse_int(argv[2]))


@group.command(
    "LRANGE",
    arity=4,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(S+N)",
    summary="Returns the elements between two indexes, both included.",
    syntax="key start stop",
)
def lrange(ctx: Context, argv: list[bytes]) -> object:
    start = parse_int(argv[2])
    stop = parse_int(argv[3])
    value = read_list(ctx, argv[1])
    return EMPTY_ARRAY if value is None else value.range(start, stop)


@group.command(
    "LPOS",
    arity=-3,
    flags="readonly",
    keys=READ_KEY,
    since="6.0.6",
    complexity="O(N)",
    summary="Returns the indexes at which an element is found.",
    syntax="key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
)
def lpos(ctx: Context, argv: list[bytes]) -> object:
    rank = 1
    count = -1
    max_compared = 0
    for index in range(3, len(argv), 2):
        option = argv[index].lower()
        if index + 1 == len(argv):
            raise syntax_error()
        if option == b"rank":
            rank = parse_int(argv[index + 1])
            if rank == 0:
                raise error(
                    b"RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative"
                    b" to start from the end of the list"
                )
            if rank < -INT64_MAX:
                raise error(b"value is out of range, value must between -9223372036854775807 and 9223372036854775807")
        elif option == b"count":
            count = parse_not_negative(argv[index + 1], b"COUNT")
        elif option == b"maxlen":
            max_compared = parse_not_negative(argv[index + 1], b"MAXLEN")
        else:
            raise syntax_error()
    value = read_list(ctx, argv[1])
    if count < 0:
        found = [] if value is None else value.positions(argv[2], rank, 1, max_compared)
        return found[0] if found else None
    return EMPTY_ARRAY if value is None else value.positions(argv[2], rank, count, max_compared)


def parse_not_negative(argument: bytes, option: bytes) -> int:
    number = parse_int64(argument)
    if number is None or number < 0:
        raise error(option + b" can't be negative")
    return number


# -- changing


@group.command(
    "LSET",
    arity=4,
    flags="write denyoom",
    keys=UPDATE_KEY,
    complexity="O(N)",
    summary="Replaces the element at an index.",
    syntax="key index element",
)
def lset(ctx: Context, argv: list[bytes]) -> object:
    value = write_list(ctx, argv[1])
    if value is None:
        raise no_such_key()
    if not value.set(parse_int(argv[2]), argv[3]):
        raise error(b"index out of range")
    ctx.changed(NOTIFY_LIST, b"lset", argv[1])
    return OK


@group.command(
    "LINSERT",
    arity=5,
    flags="write denyoom",
    keys=INSERT_KEY,
    since="2.2.0",
    complexity="O(N)",
    summary="Puts an element before or after another of a list.",
    syntax="key <BEFORE | AFTER> pivot element",
)
def linsert(ctx: Context, argv: list[bytes]) -> object:
    where = argv[2].lower()
    if where != b"before" and where != b"after":
        raise syntax_error()
    value = write_list(ctx, argv[1])
    if value is None:
        return 0
    if not value.insert(argv[3], argv[4], where == b"after"):
        return -1
    ctx.changed(NOTIFY_LIST, b"linsert", argv[1])
    return value.size()


@group.command(
    "LREM",
    arity=4,
    flags="write",
    keys=DELETE_KEY,
    complexity="O(N+M)",
    summary="Removes equal elements: the first ones, the last ones (negative) or all (0).",
    syntax="key count element",
)
def lrem(ctx: Context, argv: list[bytes]) -> object:
    count = parse_int(argv[2])
    value = write_list(ctx, argv[1])
    if value is None:
        return 0
    removed = value.remove(argv[3], count)
    if removed > 0:
        ctx.changed(NOTIFY_LIST, b"lrem", argv[1])
        ctx.dirty(removed - 1)
        if value.size() == 0:
            ctx.remove_empty(argv[1])
    return removed


@group.command(
    "LTRIM",
    arity=4,
    flags="write",
    keys=DELETE_KEY,
    complexity="O(N)",
    summary="Keeps the elements between two indexes only.",
    syntax="key start stop",
)
def ltrim(ctx: Context, argv: list[bytes]) -> object:
    start = parse_int(argv[2])
    stop = parse_int(argv[3])
    key = argv[1]
    value = write_list(ctx, key)
    if value is None:
        return OK
    size = value.size()
    value.trim(start, stop)
    removed = size - value.size()
    if removed > 0:
        ctx.changed(NOTIFY_LIST, b"ltrim", key)
        ctx.dirty(removed - 1)
        if value.size() == 0:
            ctx.remove_empty(key)
    else:
        ctx.notify(NOTIFY_LIST, b"ltrim", key)
        ctx.touch(key)
    return OK
