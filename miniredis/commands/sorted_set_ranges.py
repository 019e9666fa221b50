"""Ranges of sorted sets: by rank, by score, by member; reading, counting, storing and removing them.

Each kind of range becomes a range of ranks, so one piece of code does the rest.  Ranges by member are meant for sets
whose scores are all equal; of others they give something, as in Redis.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import DELETE_KEY, READ_KEY
from miniredis.commands.sorted_sets import (
    members_removed,
    read_sorted_set,
    reversed_pairs,
    scored_reply,
    write_sorted_set,
)
from miniredis.datatypes.sorted_sets import SortedSet
from miniredis.keyspace.effects import NOTIFY_GENERIC, NOTIFY_ZSET
from miniredis.resp.errors import ReplyError, error, syntax_error
from miniredis.resp.numbers import parse_double

group = CommandGroup("sorted_set")

AUTO: Final = 0
BY_RANK: Final = 1
BY_SCORE: Final = 2
BY_LEX: Final = 3
FORWARD: Final = 1
REVERSE: Final = 2

STORE_KEYS: Final = "index:1>range:last0/step1/limit0[OW+update]; index:2>range:last0/step1/limit0[RO+access]"
BLANKS: Final = b" \t\n\v\f\r"


def _no_score_bound() -> ReplyError:
    return error(b"min or max is not a float")


def _parse_score(text: bytes) -> float:
    """A bound's number, as C's strtod reads it up to a zero byte: blanks before it, overflow and nothing will do."""
    number = text.split(b"\0", 1)[0]
    if not number:
        return 0.0
    number = number.lstrip(BLANKS)
    value = parse_double(number)
    if value is not None:
        return value
    try:
        if b"x" in number.lower():
            value = float.fromhex(number.decode("latin-1"))
        elif b"_" not in number and number[-1:] not in BLANKS:
            value = float(number)
    except OverflowError:
        return float("-inf") if number.startswith(b"-") else float("inf")
    except ValueError:
        value = None
    if value is None or value != value:
        raise _no_score_bound()
    return value


class ScoreRange:
    """Two scores, each within the range or just beyond it."""

    def __init__(self, low: bytes, high: bytes) -> None:
        self.low_is_open = low.startswith(b"(")
        self.high_is_open = high.startswith(b"(")
        self.low = _parse_score(low[1:] if self.low_is_open else low)
        self.high = _parse_score(high[1:] if self.high_is_open else high)

    def ranks(self, value: SortedSet) -> tuple[int, int]:
        """The ranks of the members within: from the first up to the second."""
        start = value.count_below(self.low, self.low_is_open)
        return start, max(start, value.count_below(self.high, not self.high_is_open))


class LexRange:
    """Two members, each within the range or just beyond it, or no bound at all: `-` before all, `+` behind all."""

    def __init__(self, low: bytes, high: bytes) -> None:
        self.low = _checked_lex_bound(low)
        self.high = _checked_lex_bound(high)

    def ranks(self, value: SortedSet) -> tuple[int, int]:
        """The ranks of the members within: from the first up to the second."""
        start = _lex_rank(value, self.low, False)
        return start, max(start, _lex_rank(value, self.high, True))


def _checked_lex_bound(bound: bytes) -> bytes:
    if bound[:1] not in (b"(", b"[") and bound not in (b"-", b"+"):
        raise error(b"min or max not valid string range item")
    return bound


def _lex_rank(value: SortedSet, bound: bytes, is_upper: bool) -> int:
    """How many members stand before a lower bound, or within an upper one."""
    if bound == b"-":
        return 0
    if bound == b"+":
        return value.size()
    is_open = bound.startswith(b"(")
    return value.count_before(bound[1:], is_open != is_upper)


def rank_range(start: int, stop: int, size: int) -> tuple[int, int]:
    """Ranks from `start` to `stop`, negative ones counted from the end, as from the first up to the second."""
    if start < 0:
        start = max(start + size, 0)
    if stop < 0:
        stop += size
    if start > stop or start >= size:
        return 0, 0
    return start, min(stop + 1, size)


def limited(start: int, stop: int, offset: int, count: int, reverse: bool) -> tuple[int, int]:
    """What LIMIT leaves of a range; a negative count is no limit, a negative offset leaves nothing."""
    if offset < 0:
        return start, start
    if reverse:
        stop = max(start, stop - offset)
        return (start if count < 0 else max(start, stop - count)), stop
    start = min(stop, start + offset)
    return start, (stop if count < 0 else min(stop, start + count))


class RangeQuery:
    """A range of any kind with its options; parsed whole before a key is looked at."""

    def __init__(self, argv: list[bytes], first: int, kind: int, direction: int, storing: bool) -> None:
        """The bounds are at `first`; `kind` and `direction` AUTO: options may say them."""
        self.kind = kind
        self.direction = direction
        self.with_scores = False
        self.offset = 0
        self.count = -1
        self._parse_options(argv, first + 2, storing)
        if self.kind == AUTO:
            self.kind = BY_RANK
        if self.count != -1 and self.kind == BY_RANK:
            raise error(b"syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
        if self.with_scores and self.kind == BY_LEX:
            raise error(b"syntax error, WITHSCORES not supported in combination with BYLEX")
        self.reverse = self.direction == REVERSE
        low, high = argv[first], argv[first + 1]
        if self.reverse and self.kind != BY_RANK:
            low, high = high, low
        self.start = 0
        self.stop = 0
        self.score_range: ScoreRange | None = None
        self.lex_range: LexRange | None = None
        if self.kind == BY_SCORE:
            self.score_range = ScoreRange(low, high)
        elif self.kind == BY_LEX:
            self.lex_range = LexRange(low, high)
        else:
            self.start = parse_int(low)
            self.stop = parse_int(high)

    def _parse_options(self, argv: list[bytes], at: int, storing: bool) -> None:
        end = len(argv)
        while at < end:
            word = argv[at].lower()
            if word == b"withscores" and not storing:
                self.with_scores = True
            elif word == b"limit" and at + 2 < end:
                self.offset = parse_int(argv[at + 1])
                self.count = parse_int(argv[at + 2])
                at += 2
            elif word == b"rev" and self.direction == AUTO:
                self.direction = REVERSE
            elif word == b"bylex" and self.kind == AUTO:
                self.kind = BY_LEX
            elif word == b"byscore" and self.kind == AUTO:
                self.kind = BY_SCORE
            else:
                raise syntax_error()
            at += 1

    def ranks(self, value: SortedSet) -> tuple[int, int]:
        """What of `value` is asked for: from the first rank, counted forward, up to the second."""
        if self.score_range is not None:
            start, stop = self.score_range.ranks(value)
        elif self.lex_range is not None:
            start, stop = self.lex_range.ranks(value)
        else:
            size = value.size()
            start, stop = rank_range(self.start, self.stop, size)
            if self.reverse and start < stop:
                start, stop = size - stop, size - start
            return start, stop
        return limited(start, stop, self.offset, self.count, self.reverse)


def range_reply(ctx: Context, argv: list[bytes], kind: int, direction: int) -> object:
    """What the reading commands reply."""
    query = RangeQuery(argv, 2, kind, direction, False)
    value = read_sorted_set(ctx, argv[1])
    if value is None:
        return []
    start, stop = query.ranks(value)
    if not query.with_scores:
        members = value.members(start, stop)
        if query.reverse:
            members.reverse()
        return members
    pairs = value.pairs(start, stop)
    return scored_reply(ctx, reversed_pairs(pairs) if query.reverse else pairs)


@group.command(
    "ZRANGE",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="1.2.0",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members returned.",
    summary="Returns members of a sorted set within a range of ranks, scores or names.",
    syntax="key start:string stop:string [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
)
def zrange(ctx: Context, argv: list[bytes]) -> object:
    return range_reply(ctx, argv, AUTO, AUTO)


@group.command(
    "ZREVRANGE",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="1.2.0",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members returned.",
    summary="Returns members of a sorted set within a range of ranks, the highest score first.",
    syntax="key start stop [WITHSCORES]",
    deprecated="6.2.0, ZRANGE with REV",
)
def zrevrange(ctx: Context, argv: list[bytes]) -> object:
    return range_reply(ctx, argv, BY_RANK, REVERSE)


@group.command(
    "ZRANGEBYSCORE",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="1.0.5",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members returned.",
    summary="Returns members of a sorted set within a range of scores.",
    syntax="key min:double max:double [WITHSCORES] [LIMIT offset count]",
    deprecated="6.2.0, ZRANGE with BYSCORE",
)
def zrangebyscore(ctx: Context, argv: list[bytes]) -> object:
    return range_reply(ctx, argv, BY_SCORE, FORWARD)


@group.command(
    "ZREVRANGEBYSCORE",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="2.2.0",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members returned.",
    summary="Returns members of a sorted set within a range of scores, the highest first.",
    syntax="key max:double min:double [WITHSCORES] [LIMIT offset count]",
    deprecated="6.2.0, ZRANGE with REV and BYSCORE",
)
def zrevrangebyscore(ctx: Context, argv: list[bytes]) -> object:
    return range_reply(ctx, argv, BY_SCORE, REVERSE)


@group.command(
    "ZRANGEBYLEX",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="2.8.9",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members returned.",
    summary="Returns members of a sorted set of one score within a range of names.",
    syntax="key min max [LIMIT offset count]",
    deprecated="6.2.0, ZRANGE with BYLEX",
)
def zrangebylex(ctx: Context, argv: list[bytes]) -> object:
    return range_reply(ctx, argv, BY_LEX, FORWARD)


@group.command(
    "ZREVRANGEBYLEX",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="2.8.9",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members returned.",
    summary="Returns members of a sorted set of one score within a range of names, the last first.",
    syntax="key max min [LIMIT offset count]",
    deprecated="6.2.0, ZRANGE with REV and BYLEX",
)
def zrevrangebylex(ctx: Context, argv: list[bytes]) -> object:
    return range_reply(ctx, argv, BY_LEX, REVERSE)


def store_sorted_set(ctx: Context, key: bytes, result: SortedSet, event: bytes) -> int:
    """Put a result at `key` in place of whatever was there, nothing if it is empty; its size."""
    size = result.size()
    if size:
        ctx.db.set_key(key, result)
        ctx.changed(NOTIFY_ZSET, event, key)
    elif ctx.db.exists(key):
        ctx.db.remove(key)
        ctx.changed(NOTIFY_GENERIC, b"del", key)
    return size


@group.command(
    "ZRANGESTORE",
    arity=-5,
    flags="write denyoom",
    keys=STORE_KEYS,
    since="6.2.0",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members stored.",
    summary="Stores members of a sorted set within a range at another key.",
    syntax="dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
)
def zrangestore(ctx: Context, argv: list[bytes]) -> object:
    query = RangeQuery(argv, 3, AUTO, AUTO, True)
    value = read_sorted_set(ctx, argv[2])
    result = SortedSet(ctx.keyspace.limits)
    if value is not None:
        start, stop = query.ranks(value)
        if stop - start > ctx.keyspace.limits.zset_max_listpack_entries:
            result.become_skiplist()
        result.put_pairs(value.pairs(start, stop))
    return store_sorted_set(ctx, argv[1], result, b"zrangestore")


@group.command(
    "ZCOUNT",
    arity=4,
    flags="readonly fast",
    keys=READ_KEY,
    since="2.0.0",
    complexity="O(log(N)) where N is the size of the sorted set.",
    summary="Returns how many members of a sorted set are within a range of scores.",
    syntax="key min:double max:double",
)
def zcount(ctx: Context, argv: list[bytes]) -> object:
    bounds = ScoreRange(argv[2], argv[3])
    value = read_sorted_set(ctx, argv[1])
    if value is None:
        return 0
    start, stop = bounds.ranks(value)
    return stop - start


@group.command(
    "ZLEXCOUNT",
    arity=4,
    flags="readonly fast",
    keys=READ_KEY,
    since="2.8.9",
    complexity="O(log(N)) where N is the size of the sorted set.",
    summary="Returns how many members of a sorted set of one score are within a range of names.",
    syntax="key min max",
)
def zlexcount(ctx: Context, argv: list[bytes]) -> object:
    bounds = LexRange(argv[2], argv[3])
    value = read_sorted_set(ctx, argv[1])
    if value is None:
        return 0
    start, stop = bounds.ranks(value)
    return stop - start


def remove_range(ctx: Context, key: bytes, value: SortedSet, start: int, stop: int, event: bytes) -> int:
    """Remove a range of ranks; how many members."""
    count = stop - start
    if count:
        value.delete(start, stop)
        members_removed(ctx, key, value, count, event)
    return count


@group.command(
    "ZREMRANGEBYRANK",
    arity=4,
    flags="write",
    keys=DELETE_KEY,
    since="2.0.0",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members removed.",
    summary="Removes members of a sorted set within a range of ranks.",
    syntax="key start stop",
)
def zremrangebyrank(ctx: Context, argv: list[bytes]) -> object:
    first = parse_int(argv[2])
    last = parse_int(argv[3])
    value = write_sorted_set(ctx, argv[1])
    if value is None:
        return 0
    start, stop = rank_range(first, last, value.size())
    return remove_range(ctx, argv[1], value, start, stop, b"zremrangebyrank")


@group.command(
    "ZREMRANGEBYSCORE",
    arity=4,
    flags="write",
    keys=DELETE_KEY,
    since="1.2.0",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members removed.",
    summary="Removes members of a sorted set within a range of scores.",
    syntax="key min:double max:double",
)
def zremrangebyscore(ctx: Context, argv: list[bytes]) -> object:
    bounds = ScoreRange(argv[2], argv[3])
    value = write_sorted_set(ctx, argv[1])
    if value is None:
        return 0
    start, stop = bounds.ranks(value)
    return remove_range(ctx, argv[1], value, start, stop, b"zremrangebyscore")


@group.command(
    "ZREMRANGEBYLEX",
    arity=4,
    flags="write",
    keys=DELETE_KEY,
    since="2.8.9",
    complexity="O(log(N)+M) where N is the size of the sorted set and M the number of members removed.",
    summary="Removes members of a sorted set of one score within a range of names.",
    syntax="key min max",
)
def zremrangebylex(ctx: Context, argv: list[bytes]) -> object:
    bounds = LexRange(argv[2], argv[3])
    value = write_sorted_set(ctx, argv[1])
    if value is None:
        return 0
    start, stop = bounds.ranks(value)
    return remove_range(ctx, argv[1], value, start, stop, b"zremrangebylex")
