"""Lists: commands that wait until there is something to take.

Each first tries like its sister that does not wait.  What a client that waited does is replayed as that sister.
"""

from __future__ import annotations

from miniredis.commands.arguments import parse_timeout
from miniredis.commands.context import NOT_READY, Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.list_lookup import write_list
from miniredis.commands.list_pops import MOVE_KEYS, ManyPop, move, parse_side, pop_one
from miniredis.datatypes.lists import ListValue
from miniredis.resp.replies import NULL_ARRAY

group = CommandGroup("list")


class WaitingPop:
    """A BLPOP or BRPOP."""

    def __init__(self, left: bool) -> None:
        self.left: bool = left

    def take(self, ctx: Context, key: bytes) -> object:
        value = write_list(ctx, key)
        if value is None:
            return None
        element = pop_one(ctx, key, value, self.left)
        ctx.replay_as([b"LPOP" if self.left else b"RPOP", key])
        return [key, element]

    def serve(self, ctx: Context, key: bytes) -> object:
        return self.take(ctx, key) if is_list(ctx, key) else NOT_READY


class WaitingManyPop:
    """A BLMPOP."""

    def __init__(self, pop: ManyPop) -> None:
        self.pop: ManyPop = pop

    def serve(self, ctx: Context, key: bytes) -> object:
        return self.pop.take(ctx, key) if is_list(ctx, key) else NOT_READY


class WaitingMove:
    """A BLMOVE or BRPOPLPUSH; `replayed` are the words that do the same without waiting."""

    def __init__(self, destination: bytes, from_left: bool, to_left: bool, replayed: list[bytes]) -> None:
        self.destination: bytes = destination
        self.from_left: bool = from_left
        self.to_left: bool = to_left
        self.replayed: list[bytes] = replayed

    def take(self, ctx: Context, key: bytes) -> object:
        element = move(ctx, key, self.destination, self.from_left, self.to_left)
        if element is not None:
            ctx.replay_as(self.replayed)
        return element

    def serve(self, ctx: Context, key: bytes) -> object:
        return self.take(ctx, key) if is_list(ctx, key) else NOT_READY


def is_list(ctx: Context, key: bytes) -> bool:
    """A client that waits for a list goes on waiting while the key holds something else."""
    return isinstance(ctx.db.peek(key), ListValue)


def pop_or_wait(ctx: Context, argv: list[bytes], left: bool) -> object:
    timeout_ms = parse_timeout(argv[-1])
    keys = argv[1:-1]
    waiting = WaitingPop(left)
    for key in keys:
        reply = waiting.take(ctx, key)
        if reply is not None:
            return reply
    return ctx.wait_for_keys(keys, timeout_ms, waiting.serve, NULL_ARRAY)


@group.command(
    "BLPOP",
    arity=-3,
    flags="write blocking",
    keys="index:1>range:last-2/step1/limit0[RW+access+delete]",
    since="2.0.0",
    complexity="O(N)",
    summary="Removes and returns the first element of the first list that has any; waits for one.",
    syntax="key [key ...] timeout:double",
)
def blpop(ctx: Context, argv: list[bytes]) -> object:
    return pop_or_wait(ctx, argv, True)


@group.command(
    "BRPOP",
    arity=-3,
    flags="write blocking",
    keys="index:1>range:last-2/step1/limit0[RW+access+delete]",
    since="2.0.0",
    complexity="O(N)",
    summary="Removes and returns the last element of the first list that has any; waits for one.",
    syntax="key [key ...] timeout:double",
)
def brpop(ctx: Context, argv: list[bytes]) -> object:
    return pop_or_wait(ctx, argv, False)


@group.command(
    "BLMPOP",
    arity=-5,
    flags="write blocking movablekeys",
    keys="index:2>keynum:idx0/first1/step1[RW+access+delete]",
    since="7.0.0",
    complexity="O(N+M)",
    summary="Removes and returns elements of the first list that has any; waits for one.",
    syntax="timeout:double numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
)
def blmpop(ctx: Context, argv: list[bytes]) -> object:
    pop = ManyPop(argv, 2)
    timeout_ms = parse_timeout(argv[1])
    reply = pop.take_first(ctx)
    if reply is not None:
        return reply
    return ctx.wait_for_keys(pop.keys, timeout_ms, WaitingManyPop(pop).serve, NULL_ARRAY)


def move_or_wait(ctx: Context, source: bytes, timeout_ms: int, waiting: WaitingMove) -> object:
    reply = waiting.take(ctx, source)
    if reply is not None or not ctx.may_block:
        return reply
    return ctx.wait_for_keys([source], timeout_ms, waiting.serve, NULL_ARRAY)


@group.command(
    "BLMOVE",
    arity=6,
    flags="write denyoom blocking",
    keys=MOVE_KEYS,
    since="6.2.0",
    summary="Takes an element of one list, puts it in another and returns it; waits for one.",
    syntax="source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout:double",
)
def blmove(ctx: Context, argv: list[bytes]) -> object:
    from_left = parse_side(argv[3])
    to_left = parse_side(argv[4])
    timeout_ms = parse_timeout(argv[5])
    waiting = WaitingMove(argv[2], from_left, to_left, [b"LMOVE", argv[1], argv[2], argv[3], argv[4]])
    return move_or_wait(ctx, argv[1], timeout_ms, waiting)


@group.command(
    "BRPOPLPUSH",
    arity=4,
    flags="write denyoom blocking",
    keys=MOVE_KEYS,
    since="2.2.0",
    summary="Takes the last element of one list, puts it first in another and returns it; waits for one.",
    syntax="source destination timeout:double",
    deprecated="6.2.0, BLMOVE with the RIGHT and LEFT arguments",
)
def brpoplpush(ctx: Context, argv: list[bytes]) -> object:
    timeout_ms = parse_timeout(argv[3])
    waiting = WaitingMove(argv[2], False, True, [b"RPOPLPUSH", argv[1], argv[2]])
    return move_or_wait(ctx, argv[1], timeout_ms, waiting)
