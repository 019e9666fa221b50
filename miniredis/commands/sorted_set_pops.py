"""Taking members off the ends of sorted sets: at once, from the first key that has some, or waiting for one.

Whatever took them, replayed is ZPOPMIN or ZPOPMAX of the key with the number of members taken.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_timeout
from miniredis.commands.context import NOT_READY, Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import TAKE_KEY
from miniredis.commands.sorted_sets import members_removed, write_sorted_set
from miniredis.datatypes.sorted_sets import SortedSet
from miniredis.resp.errors import error, must_be_positive, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import NULL_ARRAY

group = CommandGroup("sorted_set")

WAIT_KEYS: Final = "index:1>range:last-2/step1/limit0[RW+access+delete]"


def take(ctx: Context, key: bytes, value: SortedSet, count: int, from_high: bool) -> list[list[object]]:
    """Take up to `count` pairs off one end; `value` is not empty and `count` not zero."""
    taken: list[list[object]] = []
    for _ in range(min(count, value.size())):
        member, score = value.pop_last() if from_high else value.pop_first()
        taken.append([member, score])
    members_removed(ctx, key, value, len(taken), b"zpopmax" if from_high else b"zpopmin")
    return taken


def pop_reply(ctx: Context, argv: list[bytes], from_high: bool) -> object:
    """ZPOPMIN and ZPOPMAX."""
    if len(argv) > 3:
        raise syntax_error()
    count = -1
    if len(argv) == 3:
        parsed = parse_int64(argv[2])
        if parsed is None or parsed < 0:
            raise must_be_positive()
        count = parsed
    value = write_sorted_set(ctx, argv[1])
    if value is None or count == 0:
        return []
    if count == -1:
        member, score = value.pop_last() if from_high else value.pop_first()
        members_removed(ctx, argv[1], value, 1, b"zpopmax" if from_high else b"zpopmin")
        return [member, score]
    taken = take(ctx, argv[1], value, count, from_high)
    if ctx.resp == 3:
        return taken
    flat: list[object] = []
    for pair in taken:
        flat += pair
    return flat


@group.command(
    "ZPOPMIN",
    arity=-2,
    flags="write fast",
    keys=TAKE_KEY,
    since="5.0.0",
    complexity="O(log(N)*M) where N is the size of the sorted set and M the number of members taken.",
    summary="Takes the members with the lowest scores out of a sorted set.",
    syntax="key [count]",
)
def zpopmin(ctx: Context, argv: list[bytes]) -> object:
    return pop_reply(ctx, argv, False)


@group.command(
    "ZPOPMAX",
    arity=-2,
    flags="write fast",
    keys=TAKE_KEY,
    since="5.0.0",
    complexity="O(log(N)*M) where N is the size of the sorted set and M the number of members taken.",
    summary="Takes the members with the highest scores out of a sorted set.",
    syntax="key [count]",
)
def zpopmax(ctx: Context, argv: list[bytes]) -> object:
    return pop_reply(ctx, argv, True)


class Pop:
    """What a command wants to take from the first of its keys that has something; it may wait for that."""

    def __init__(self, from_high: bool, count: int) -> None:
        self.from_high = from_high
        #: -1: one member, and the reply of BZPOPMIN; else the reply of ZMPOP.
        self.count = count

    def serve(self, ctx: Context, key: bytes) -> object:
        """The reply if the sorted set at `key` has a member, else NOT_READY."""
        value = ctx.db.lookup_write(key)
        if not isinstance(value, SortedSet):
            return NOT_READY
        taken = take(ctx, key, value, abs(self.count), self.from_high)
        verb = b"ZPOPMAX" if self.from_high else b"ZPOPMIN"
        if self.count == -1:
            ctx.replay_as([verb, key])
            return [key, *taken[0]]
        ctx.replay_as([verb, key, b"%d" % len(taken)])
        return [key, taken]

    def from_first(self, ctx: Context, keys: list[bytes]) -> object:
        """The reply of the first key that exists, NOT_READY if there is none; a key of another type is an error."""
        for key in keys:
            if write_sorted_set(ctx, key) is not None:
                return self.serve(ctx, key)
        return NOT_READY


def waiting_pop(ctx: Context, argv: list[bytes], from_high: bool) -> object:
    """BZPOPMIN and BZPOPMAX."""
    timeout_ms = parse_timeout(argv[-1])
    keys = argv[1:-1]
    pop = Pop(from_high, -1)
    reply = pop.from_first(ctx, keys)
    if reply is NOT_READY:
        return ctx.wait_for_keys(keys, timeout_ms, pop.serve, NULL_ARRAY)
    return reply


@group.command(
    "BZPOPMIN",
    arity=-3,
    flags="write blocking fast",
    keys=WAIT_KEYS,
    since="5.0.0",
    complexity="O(log(N)) where N is the size of the sorted set.",
    summary="Takes the member with the lowest score out of a sorted set, waiting for one.",
    syntax="key [key ...] timeout:double",
)
def bzpopmin(ctx: Context, argv: list[bytes]) -> object:
    return waiting_pop(ctx, argv, False)


@group.command(
    "BZPOPMAX",
    arity=-3,
    flags="write blocking fast",
    keys=WAIT_KEYS,
    since="5.0.0",
    complexity="O(log(N)) where N is the size of the sorted set.",
    summary="Takes the member with the highest score out of a sorted set, waiting for one.",
    syntax="key [key ...] timeout:double",
)
def bzpopmax(ctx: Context, argv: list[bytes]) -> object:
    return waiting_pop(ctx, argv, True)


def parse_multiple_pop(argv: list[bytes], at: int) -> tuple[list[bytes], Pop]:
    """Keys and wish of ZMPOP and BZMPOP; the number of keys is at `at`."""
    numkeys = parse_int64(argv[at])
    if numkeys is None or numkeys < 1:
        raise error(b"numkeys should be greater than 0")
    where = at + 1 + numkeys
    if where >= len(argv):
        raise syntax_error()
    end = argv[where].lower()
    if end not in (b"min", b"max"):
        raise syntax_error()
    count = 0
    index = where + 1
    while index < len(argv):
        if count > 0 or argv[index].lower() != b"count" or index + 1 >= len(argv):
            raise syntax_error()
        parsed = parse_int64(argv[index + 1])
        if parsed is None or parsed < 1:
            raise error(b"count should be greater than 0")
        count = parsed
        index += 2
    return argv[at + 1 : where], Pop(end == b"max", max(count, 1))


@group.command(
    "ZMPOP",
    arity=-4,
    flags="write movablekeys",
    keys="index:1>keynum:idx0/first1/step1[RW+access+delete]",
    since="7.0.0",
    complexity="O(K) + O(M*log(N)) where K is the number of keys, N the size of the sorted set, M the members taken.",
    summary="Takes members off one end of the first of several sorted sets that is not empty.",
    syntax="numkeys key [key ...] <MIN | MAX> [COUNT count]",
)
def zmpop(ctx: Context, argv: list[bytes]) -> object:
    keys, pop = parse_multiple_pop(argv, 1)
    reply = pop.from_first(ctx, keys)
    return NULL_ARRAY if reply is NOT_READY else reply


@group.command(
    "BZMPOP",
    arity=-5,
    flags="write blocking movablekeys",
    keys="index:2>keynum:idx0/first1/step1[RW+access+delete]",
    since="7.0.0",
    complexity="O(K) + O(M*log(N)) where K is the number of keys, N the size of the sorted set, M the members taken.",
    summary="Takes members off one end of the first of several sorted sets that is not empty, waiting for one.",
    syntax="timeout:double numkeys key [key ...] <MIN | MAX> [COUNT count]",
)
def bzmpop(ctx: Context, argv: list[bytes]) -> object:
    keys, pop = parse_multiple_pop(argv, 2)
    timeout_ms = parse_timeout(argv[1])
    reply = pop.from_first(ctx, keys)
    if reply is NOT_READY:
        return ctx.wait_for_keys(keys, timeout_ms, pop.serve, NULL_ARRAY)
    return reply
