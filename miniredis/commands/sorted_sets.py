"""Sorted sets: adding, removing and asking for single members.

Ranges are in `sorted_set_ranges`, unions and their kin in `sorted_set_algebra`, taking the ends off in
`sorted_set_pops`.  Scores are doubles and never NaN: what would become NaN is refused here.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import INT64_MAX, parse_float, parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import CHANGE_KEY, DELETE_KEY, READ_KEY, TEST_KEY, UPDATE_KEY
from miniredis.commands.random_replies import drawn_items, drawn_pairs, is_endless
from miniredis.commands.scanning import ScanOptions, parse_cursor, scan_reply
from miniredis.datatypes.sorted_sets import ADDED, CHANGED, SortedSet
from miniredis.keyspace.effects import NOTIFY_ZSET
from miniredis.resp.errors import error, out_of_range, syntax_error, wrong_number_of_arguments, wrong_type
from miniredis.resp.numbers import format_double, parse_double
from miniredis.resp.replies import NULL_ARRAY

group = CommandGroup("sorted_set")

#: ZRANDMEMBER makes no reply longer than this from one key, so that a negative count cannot exhaust the memory.
RANDOM_PAIRS_MAX: Final = INT64_MAX // 2


def read_sorted_set(ctx: Context, key: bytes) -> SortedSet | None:
    """The sorted set at `key` for a command that only reads; counts as hit or miss."""
    value = ctx.db.lookup(key)
    if value is None or isinstance(value, SortedSet):
        return value
    raise wrong_type()


def write_sorted_set(ctx: Context, key: bytes) -> SortedSet | None:
    """The sorted set at `key` for a command that changes it."""
    value = ctx.db.lookup_write(key)
    if value is None or isinstance(value, SortedSet):
        return value
    raise wrong_type()


def not_a_number() -> Exception:
    return error(b"resulting score is not a number (NaN)")


def scored_reply(ctx: Context, pairs: list[object]) -> list[object]:
    """Members and scores taking turns, as WITHSCORES replies them: pairs in RESP3, one flat array in RESP2."""
    if ctx.resp == 3:
        return [pairs[index : index + 2] for index in range(0, len(pairs), 2)]
    for index in range(1, len(pairs), 2):
        score = pairs[index]
        assert isinstance(score, float)
        pairs[index] = format_double(score)
    return pairs


def reversed_pairs(pairs: list[object]) -> list[object]:
    """Members and scores taking turns, the last pair first."""
    pairs.reverse()
    pairs[::2], pairs[1::2] = pairs[1::2], pairs[::2]
    return pairs


class AddOptions:
    """The words between key and first score of ZADD."""

    def __init__(self) -> None:
        self.only_new = False
        self.only_known = False
        self.only_greater = False
        self.only_less = False
        self.count_changed = False
        self.increment = False
        #: The first argument that is not an option.
        self.end = 2

    def parse(self, argv: list[bytes], start: int, with_increment: bool) -> None:
        """Read options from `start` on; raises for those that contradict each other."""
        count = len(argv)
        at = start
        while at < count:
            word = argv[at].lower()
            if word == b"nx":
                self.only_new = True
            elif word == b"xx":
                self.only_known = True
            elif word == b"ch":
                self.count_changed = True
            elif with_increment and word == b"incr":
                self.increment = True
            elif with_increment and word == b"gt":
                self.only_greater = True
            elif with_increment and word == b"lt":
                self.only_less = True
            else:
                break
            at += 1
        self.end = at


@group.command(
    "ZADD",
    arity=-4,
    flags="write denyoom fast",
    keys=UPDATE_KEY,
    since="1.2.0",
    complexity="O(log(N)) for each member, where N is the size of the sorted set.",
    summary="Adds members to a sorted set, or changes their scores.",
    syntax="key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
)
def zadd(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) == 4:
        score = parse_double(argv[2])
        if score is not None:
            return _add_one(ctx, argv[1], score, argv[3])
    options = AddOptions()
    options.parse(argv, 2, True)
    return add_pairs(ctx, argv, options)


def _add_one(ctx: Context, key: bytes, score: float, member: bytes) -> int:
    """ZADD of one pair without options."""
    value = ctx.db.lookup_write(key)
    if isinstance(value, SortedSet):
        done = value.put(member, score)
    elif value is None:
        created = SortedSet(ctx.keyspace.limits)
        done = created.put(member, score)
        ctx.db.put(key, created)
    else:
        raise wrong_type()
    if done:
        ctx.changed(NOTIFY_ZSET, b"zadd", key)
    return 1 if done == ADDED else 0


def add_pairs(ctx: Context, argv: list[bytes], options: AddOptions) -> object:
    """ZADD and ZINCRBY: scores and members from `options.end` on."""
    count = len(argv) - options.end
    if count == 0 or count % 2:
        raise syntax_error()
    if options.only_new and options.only_known:
        raise error(b"XX and NX options at the same time are not compatible")
    if (options.only_greater and (options.only_new or options.only_less)) or (options.only_less and options.only_new):
        raise error(b"GT, LT, and/or NX options at the same time are not compatible")
    if options.increment and count > 2:
        raise error(b"INCR option supports a single increment-element pair")
    scores = [parse_float(argv[index]) for index in range(options.end, len(argv), 2)]
    members = [argv[index] for index in range(options.end + 1, len(argv), 2)]
    return add_scored(ctx, argv[1], scores, members, options)


def add_scored(ctx: Context, key: bytes, scores: list[float], members: list[bytes], options: AddOptions) -> object:
    """Add members with these scores; the reply of ZADD."""
    value = write_sorted_set(ctx, key)
    if value is None:
        if options.only_known:
            return None if options.increment else 0
        value = SortedSet(ctx.keyspace.limits)
    added = 0
    changed = 0
    result: object = None
    for index, member in enumerate(members):
        score = scores[index]
        known = value.score(member) if _needs_known(options) else None
        if known is not None:
            if options.only_new:
                continue
            if options.increment:
                score += known
                if score != score:
                    raise not_a_number()
            if (options.only_greater and score <= known) or (options.only_less and score >= known):
                continue
        elif options.only_known:
            continue
        done = value.put(member, score)
        result = score
        if done == ADDED:
            added += 1
        elif done == CHANGED:
            changed += 1
    if added or changed:
        if added == value.size():
            ctx.db.put(key, value)
        ctx.changed(NOTIFY_ZSET, b"zincr" if options.increment else b"zadd", key)
        ctx.dirty(added + changed - 1)
    if options.increment:
        return result
    return added + changed if options.count_changed else added


def _needs_known(options: AddOptions) -> bool:
    """Whether an option asks for the score that a member has."""
    return options.only_new or options.only_known or options.only_greater or options.only_less or options.increment


@group.command(
    "ZINCRBY",
    arity=4,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    since="1.2.0",
    complexity="O(log(N)) where N is the size of the sorted set.",
    summary="Adds to the score of a member of a sorted set.",
    syntax="key increment member",
)
def zincrby(ctx: Context, argv: list[bytes]) -> object:
    options = AddOptions()
    options.parse(argv, 2, True)
    options.increment = True
    return add_pairs(ctx, argv, options)


@group.command(
    "ZREM",
    arity=-3,
    flags="write fast",
    keys=DELETE_KEY,
    since="1.2.0",
    complexity="O(M*log(N)) where N is the size of the sorted set and M the number of members to remove.",
    summary="Removes members from a sorted set.",
    syntax="key member [member ...]",
)
def zrem(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    value = write_sorted_set(ctx, key)
    if value is None:
        return 0
    removed = 0
    for index in range(2, len(argv)):
        if value.remove(argv[index]):
            removed += 1
            if value.size() == 0:
                break
    if removed:
        members_removed(ctx, key, value, removed, b"zrem")
    return removed


def members_removed(ctx: Context, key: bytes, value: SortedSet, count: int, event: bytes) -> None:
    """Tell that `count` members are gone, and the key with the last one."""
    ctx.changed(NOTIFY_ZSET, event, key)
    ctx.dirty(count - 1)
    if value.size() == 0:
        ctx.remove_empty(key)


@group.command(
    "ZCARD",
    arity=2,
    flags="readonly fast",
    keys=TEST_KEY,
    since="1.2.0",
    summary="Returns the number of members of a sorted set.",
    syntax="key",
)
def zcard(ctx: Context, argv: list[bytes]) -> object:
    value = read_sorted_set(ctx, argv[1])
    return 0 if value is None else value.size()


@group.command(
    "ZSCORE",
    arity=3,
    flags="readonly fast",
    keys=READ_KEY,
    since="1.2.0",
    summary="Returns the score of a member of a sorted set.",
    syntax="key member",
)
def zscore(ctx: Context, argv: list[bytes]) -> object:
    value = read_sorted_set(ctx, argv[1])
    return None if value is None else value.score(argv[2])


@group.command(
    "ZMSCORE",
    arity=-3,
    flags="readonly fast",
    keys=READ_KEY,
    since="6.2.0",
    complexity="O(N) where N is the number of members asked for.",
    summary="Returns the scores of several members of a sorted set.",
    syntax="key member [member ...]",
)
def zmscore(ctx: Context, argv: list[bytes]) -> object:
    value = read_sorted_set(ctx, argv[1])
    found: list[object] = []
    for index in range(2, len(argv)):
        found.append(None if value is None else value.score(argv[index]))
    return found


def rank_reply(ctx: Context, argv: list[bytes], reverse: bool) -> object:
    """ZRANK and ZREVRANK."""
    with_score = False
    if len(argv) == 4:
        if argv[3].lower() != b"withscore":
            raise syntax_error()
        with_score = True
    elif len(argv) > 4:
        raise wrong_number_of_arguments(argv[0].lower())
    value = read_sorted_set(ctx, argv[1])
    rank = -1 if value is None else value.rank(argv[2])
    if value is None or rank < 0:
        return NULL_ARRAY if with_score else None
    if reverse:
        rank = value.size() - 1 - rank
    return [rank, value.score(argv[2])] if with_score else rank


@group.command(
    "ZRANK",
    arity=-3,
    flags="readonly fast",
    keys=READ_KEY,
    since="2.0.0",
    complexity="O(log(N)) where N is the size of the sorted set.",
    summary="Returns how many members of a sorted set stand before one.",
    syntax="key member [WITHSCORE]",
)
def zrank(ctx: Context, argv: list[bytes]) -> object:
    return rank_reply(ctx, argv, False)


@group.command(
    "ZREVRANK",
    arity=-3,
    flags="readonly fast",
    keys=READ_KEY,
    since="2.0.0",
    complexity="O(log(N)) where N is the size of the sorted set.",
    summary="Returns how many members of a sorted set stand behind one.",
    syntax="key member [WITHSCORE]",
)
def zrevrank(ctx: Context, argv: list[bytes]) -> object:
    return rank_reply(ctx, argv, True)


@group.command(
    "ZRANDMEMBER",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    since="6.2.0",
    complexity="O(N*log(M)) where N is the number of members returned and M the size of the sorted set.",
    summary="Returns members of a sorted set chosen by chance.",
    syntax="key [count [WITHSCORES]]",
    tips="nondeterministic_output",
)
def zrandmember(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) == 2:
        value = read_sorted_set(ctx, argv[1])
        if value is None:
            return None
        rank = value.random_rank(ctx.keyspace.random)
        return value.members(rank, rank + 1)[0]
    count = parse_int(argv[2])
    if count < -INT64_MAX:
        raise error(b"value is out of range, value must between -9223372036854775807 and 9223372036854775807")
    if len(argv) > 4 or (len(argv) == 4 and argv[3].lower() != b"withscores"):
        raise syntax_error()
    with_scores = len(argv) == 4
    if with_scores and abs(count) > RANDOM_PAIRS_MAX:
        raise out_of_range()
    value = read_sorted_set(ctx, argv[1])
    if value is None or count == 0:
        return []
    if count < 0 and is_endless(ctx, -count, value.size()):
        if with_scores:
            return drawn_pairs(ctx, value.pairs(0, value.size()), -count)
        return drawn_items(ctx, value.members(0, value.size()), -count)
    if with_scores:
        return scored_reply(ctx, random_pairs(ctx, value, count))
    return random_pairs(ctx, value, count)[::2]


def random_pairs(ctx: Context, value: SortedSet, count: int) -> list[object]:
    """Members and scores taking turns: `count` different ones, or with a negative count any."""
    random = ctx.keyspace.random
    size = value.size()
    pairs: list[object] = []
    if count >= size:
        return reversed_pairs(value.pairs(0, size))
    if count < 0:
        for _ in range(-count):
            rank = value.random_rank(random)
            pairs += value.pairs(rank, rank + 1)
        return pairs
    # A sample without repetition: each rank takes the place of one that is left (Fisher and Yates, sparse).
    moved: dict[int, int] = {}
    for taken in range(count):
        chosen = taken + int(random.random() * (size - taken))
        rank = moved.get(chosen, chosen)
        moved[chosen] = moved.get(taken, taken)
        pairs += value.pairs(rank, rank + 1)
    return pairs


@group.command(
    "ZSCAN",
    arity=-3,
    flags="readonly",
    keys=READ_KEY,
    since="2.8.0",
    complexity="O(1) for each call, O(N) for all members of the sorted set.",
    summary="Returns members of a sorted set in portions.",
    syntax="key cursor [MATCH pattern] [COUNT count] [NOSCORES]",
    tips="nondeterministic_output",
)
def zscan(ctx: Context, argv: list[bytes]) -> object:
    cursor = parse_cursor(argv[2])
    value = read_sorted_set(ctx, argv[1])
    if value is None:
        return scan_reply(0, [])
    options = ScanOptions(argv, 3, b"NOSCORES")
    next_cursor, members = value.scan(cursor, options.count)
    found: list[object] = []
    for member in options.matching(members):
        found.append(member)
        if not options.no_values:
            score = value.score(member)
            assert score is not None
            found.append(format_double(score))
    return scan_reply(next_cursor, found)
