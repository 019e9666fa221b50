"""Commands about whole databases and about the time: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB, TIME, LOLWUT."""

from __future__ import annotations

from miniredis import REDIS_VERSION, __version__
from miniredis.commands.arguments import INT32_MAX, INT32_MIN
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.datatypes.discarded import LARGE
from miniredis.resp.errors import database_out_of_range, error, not_an_integer, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK, Verbatim

group = CommandGroup("server")


@group.command(
    "DBSIZE",
    arity=1,
    flags="readonly fast",
    summary="Counts the keys of the database.",
    acl="keyspace",
    tips="request_policy:all_shards response_policy:agg_sum",
)
def dbsize(ctx: Context, argv: list[bytes]) -> object:
    return ctx.db.size()


def _flush_later(ctx: Context, argv: list[bytes]) -> bool:
    """ASYNC, SYNC or what lazyfree-lazy-user-flush says.

    Either way the keys are gone at once and memory is freed between other work; SYNC is answered when it is free.
    """
    if len(argv) == 1:
        return ctx.server.config.flag("lazyfree-lazy-user-flush")
    mode = argv[1].lower()
    if len(argv) > 2 or mode not in (b"async", b"sync"):
        raise syntax_error()
    return mode == b"async"


@group.command(
    "FLUSHDB",
    arity=-1,
    flags="write",
    complexity="O(N) where N is the number of keys in the database",
    summary="Removes all keys of the database.",
    syntax="[ASYNC | SYNC]",
    acl="keyspace dangerous",
    tips="request_policy:all_shards response_policy:all_succeeded",
)
def flushdb(ctx: Context, argv: list[bytes]) -> object:
    later = _flush_later(ctx, argv)
    keys = ctx.keyspace.flush(ctx.db.index)
    ctx.flushed(ctx.db.index, keys)
    return OK if later or keys < LARGE else ctx.server.wait_until_freed(ctx, OK)


@group.command(
    "FLUSHALL",
    arity=-1,
    flags="write",
    complexity="O(N) where N is the total number of keys in all databases",
    summary="Removes all keys of all databases.",
    syntax="[ASYNC | SYNC]",
    acl="keyspace dangerous",
    tips="request_policy:all_shards response_policy:all_succeeded",
)
def flushall(ctx: Context, argv: list[bytes]) -> object:
    later = _flush_later(ctx, argv)
    most = 0
    for database in ctx.keyspace.databases:
        keys = ctx.keyspace.flush(database.index)
        ctx.flushed(database.index, keys)
        most = max(most, keys)
    return OK if later or most < LARGE else ctx.server.wait_until_freed(ctx, OK)


@group.command(
    "SWAPDB",
    arity=3,
    flags="write fast",
    since="4.0.0",
    complexity="O(N) where N is the count of clients watching or blocking on keys from both databases.",
    summary="Exchanges two databases.",
    syntax="index1 index2",
    acl="keyspace dangerous",
)
def swapdb(ctx: Context, argv: list[bytes]) -> object:
    first = parse_int64(argv[1])
    if first is None or not INT32_MIN <= first <= INT32_MAX:
        raise error(b"invalid first DB index")
    second = parse_int64(argv[2])
    if second is None or not INT32_MIN <= second <= INT32_MAX:
        raise error(b"invalid second DB index")
    count = len(ctx.keyspace.databases)
    if not 0 <= first < count or not 0 <= second < count:
        raise database_out_of_range()
    if first != second:
        ctx.keyspace.swap(first, second)
        ctx.swapped(first, second)
    ctx.dirty(1)
    return OK


@group.command(
    "TIME",
    arity=1,
    flags="loading stale fast",
    since="2.6.0",
    summary="Tells the server's time: seconds and microseconds.",
    tips="nondeterministic_output",
)
def time(ctx: Context, argv: list[bytes]) -> object:
    now_us = ctx.server.wall_us()
    return [b"%d" % (now_us // 1_000_000), b"%d" % (now_us % 1_000_000)]


def _spiral(columns: int, rows: int, turns: int) -> str:
    """A spiral of stars: what a reactor looks like to those inside."""
    lines: list[str] = []
    for row in range(rows):
        y = (row - rows / 2 + 0.5) * 2
        cells = ""
        for column in range(columns):
            x = column - columns / 2 + 0.5
            distance = (x * x + y * y) ** 0.5
            # A turn of the spiral is as far away as the eighth of the circle says; no need for an arc tangent.
            eighth = (x > 0) * 4 + (y > 0) * 2 + (abs(x) > abs(y))
            cells += "*" if int(distance + eighth) % max(columns // (turns + 1), 2) == 0 else " "
        lines.append(cells.rstrip())
    return "\n".join(lines)


@group.command(
    "LOLWUT",
    arity=-1,
    flags="readonly fast",
    since="5.0.0",
    summary="Draws something, and tells the version.",
    syntax="[VERSION version] [columns [rows [turns]]]",
)
def lolwut(ctx: Context, argv: list[bytes]) -> object:
    words = argv[1:]
    if len(words) >= 2 and words[0].lower() == b"version":
        if parse_int64(words[1]) is None:
            raise not_an_integer()
        words = words[2:]
    numbers: list[int] = []
    for word in words[:3]:
        number = parse_int64(word)
        if number is None:
            raise not_an_integer()
        numbers.append(number)
    columns = min(max(numbers[0] if numbers else 40, 1), 200)
    rows = min(max(numbers[1] if len(numbers) > 1 else 12, 1), 100)
    turns = min(max(numbers[2] if len(numbers) > 2 else 4, 1), 20)
    text = f"{_spiral(columns, rows, turns)}\n\nRedis ver. {REDIS_VERSION}, miniredis ver. {__version__}\n"
    return Verbatim(b"txt", text.encode())
