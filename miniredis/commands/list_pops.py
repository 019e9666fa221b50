"""Lists: what takes elements away or moves them from one list to another, at once; `list_blocking` waits for them."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import TAKE_KEY
from miniredis.commands.list_lookup import parse_count, write_list
from miniredis.datatypes.lists import ListValue
from miniredis.keyspace.effects import NOTIFY_LIST
from miniredis.resp.errors import error, must_be_positive, syntax_error, wrong_number_of_arguments
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import EMPTY_ARRAY, NULL_ARRAY

group = CommandGroup("list")

#: Source and destination of a move.
MOVE_KEYS: Final = TAKE_KEY + "; index:2>range:last0/step1/limit0[RW+insert]"
MANY_AT_1: Final = "index:1>keynum:idx0/first1/step1[RW+access+delete]"


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
