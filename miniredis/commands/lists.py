"""Lists: commands that answer at once; those that wait are in `list_blocking`."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import INT64_MAX, parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import DELETE_KEY, INSERT_KEY, READ_KEY, TAKE_KEY, TEST_KEY, UPDATE_KEY
from miniredis.datatypes.lists import ListValue
from miniredis.keyspace.effects import NOTIFY_LIST
from miniredis.resp.errors import (
    ReplyError,
    error,
    must_be_positive,
    no_such_key,
    syntax_error,
    wrong_number_of_arguments,
    wrong_type,
)
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import EMPTY_ARRAY, NULL_ARRAY, OK

group = CommandGroup("list")

#: Source and destination of a move.
MOVE_KEYS: Final = TAKE_KEY + "; index:2>range:last0/step1/limit0[RW+insert]"
MANY_AT_1: Final = "index:1>keynum:idx0/first1/step1[RW+access+delete]"


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


# -- popping


def popped(ctx: Context, key: bytes, value: ListValue, left: bool, count: int) -> None:
    """Say that `count` elements were taken; the list goes when it is empty."""
    ctx.changed(NOTIFY_LIST, b"lpop" if left else b"rpop", key)
    if count > 1:
        ctx.dirty(count - 1)
    if value.size() == 0:
        ctx.remove_empty(key)


def pop_one(ctx: Context, key: bytes, value: ListValue, left: bool) -> bytes:
    """Take an element of a list that is not empty."""
    element = value.pop_left() if left else value.pop_right()
    popped(ctx, key, value, left, 1)
    return element


def pop_some(ctx: Context, key: bytes, value: ListValue, left: bool, count: int) -> list[bytes]:
    """Take up to `count` elements, in the order of popping."""
    taken = value.take_left(count) if left else value.take_right(count)
    popped(ctx, key, value, left, len(taken))
    return taken


def pop(ctx: Context, argv: list[bytes], left: bool) -> object:
    key = argv[1]
    if len(argv) == 2:
        value = write_list(ctx, key)
        return None if value is None else pop_one(ctx, key, value, left)
    count = parse_int64(argv[2])
    if count is None or count < 0:
        raise must_be_positive()
    value = write_list(ctx, key)
    if value is None:
        return NULL_ARRAY
    if count == 0:
        return EMPTY_ARRAY
    return pop_some(ctx, key, value, left, count)


@group.command(
    "LPOP",
    arity=-2,
    flags="write fast",
    keys=TAKE_KEY,
    complexity="O(N)",
    summary="Removes and returns the first elements of a list.",
    syntax="key [count]",
)
def lpop(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        raise wrong_number_of_arguments(b"lpop")
    return pop(ctx, argv, True)


@group.command(
    "RPOP",
    arity=-2,
    flags="write fast",
    keys=TAKE_KEY,
    complexity="O(N)",
    summary="Removes and returns the last elements of a list.",
    syntax="key [count]",
)
def rpop(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        raise wrong_number_of_arguments(b"rpop")
    return pop(ctx, argv, False)


def parse_side(argument: bytes) -> bool:
    """True for LEFT, False for RIGHT."""
    side = argument.lower()
    if side == b"left":
        return True
    if side == b"right":
        return False
    raise syntax_error()


class ManyPop:
    """The arguments of LMPOP and BLMPOP from `numkeys` on."""

    def __init__(self, argv: list[bytes], first: int) -> None:
        numkeys = parse_count(argv[first], error(b"numkeys should be greater than 0"))
        side = first + 1 + numkeys
        if side >= len(argv):
            raise syntax_error()
        self.keys: list[bytes] = argv[first + 1 : side]
        self.left: bool = parse_side(argv[side])
        self.count: int = 0
        index = side + 1
        while index < len(argv):
            if self.count > 0 or argv[index].lower() != b"count" or index + 1 >= len(argv):
                raise syntax_error()
            self.count = parse_count(argv[index + 1], error(b"count should be greater than 0"))
            index += 2
        self.count = max(self.count, 1)

    def take(self, ctx: Context, key: bytes) -> object:
        """What the list at `key` gives, or None when it is not there."""
        value = write_list(ctx, key)
        if value is None:
            return None
        taken = pop_some(ctx, key, value, self.left, self.count)
        ctx.replay_as([b"LPOP" if self.left else b"RPOP", key, b"%d" % len(taken)])
        return [key, taken]

    def take_first(self, ctx: Context) -> object:
        for key in self.keys:
            reply = self.take(ctx, key)
            if reply is not None:
                return reply
        return None


@group.command(
    "LMPOP",
    arity=-4,
    flags="write movablekeys",
    keys=MANY_AT_1,
    since="7.0.0",
    complexity="O(N+M)",
    summary="Removes and returns elements of the first list that has any.",
    syntax="numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
)
def lmpop(ctx: Context, argv: list[bytes]) -> object:
    reply = ManyPop(argv, 1).take_first(ctx)
    return NULL_ARRAY if reply is None else reply


# -- moving


def move(ctx: Context, source: bytes, destination: bytes, from_left: bool, to_left: bool) -> bytes | None:
    """Take an element of one list and put it in another, or the same; None when there is no such element."""
    value = write_list(ctx, source)
    if value is None:
        return None
    target = write_list(ctx, destination)
    element = value.pop_left() if from_left else value.pop_right()
    is_new = target is None
    if target is None:
        target = ListValue(ctx.keyspace.limits)
    if to_left:
        target.push_left(element)
    else:
        target.push_right(element)
    if is_new:
        ctx.db.put(destination, target)
    ctx.changed(NOTIFY_LIST, b"lpush" if to_left else b"rpush", destination)
    popped(ctx, source, value, from_left, 1)
    ctx.dirty(-1)  # one operation, though two keys changed
    return element


@group.command(
    "LMOVE",
    arity=5,
    flags="write denyoom",
    keys=MOVE_KEYS,
    since="6.2.0",
    summary="Takes an element of one list, puts it in another and returns it.",
    syntax="source destination <LEFT | RIGHT> <LEFT | RIGHT>",
)
def lmove(ctx: Context, argv: list[bytes]) -> object:
    return move(ctx, argv[1], argv[2], parse_side(argv[3]), parse_side(argv[4]))


@group.command(
    "RPOPLPUSH",
    arity=3,
    flags="write denyoom",
    keys=MOVE_KEYS,
    since="1.2.0",
    summary="Takes the last element of one list, puts it first in another and returns it.",
    syntax="source destination",
    deprecated="6.2.0, LMOVE with the RIGHT and LEFT arguments",
)
def rpoplpush(ctx: Context, argv: list[bytes]) -> object:
    return move(ctx, argv[1], argv[2], False, True)


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
