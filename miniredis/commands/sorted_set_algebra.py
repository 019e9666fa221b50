"""Unions, intersections and differences of sorted sets; sets take part, each member with a score of 1.

The smaller inputs are taken first, which decides in which order scores are added up and so their last digits, as
in Redis.  A sum or product that is not a number counts as 0.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.sorted_set_ranges import store_sorted_set
from miniredis.commands.sorted_sets import scored_reply
from miniredis.datatypes.sets import SetValue
from miniredis.datatypes.sorted_sets import SortedSet
from miniredis.resp.errors import error, syntax_error, wrong_type
from miniredis.resp.numbers import parse_double, parse_int64

group = CommandGroup("sorted_set")

UNION: Final = 0
INTERSECTION: Final = 1
DIFFERENCE: Final = 2

SUM: Final = 0
MIN: Final = 1
MAX: Final = 2
AGGREGATES: Final = {b"sum": SUM, b"min": MIN, b"max": MAX}

READ_NUMBERED: Final = "index:1>keynum:idx0/first1/step1[RO+access]"
STORE_NUMBERED: Final = "index:1>range:last0/step1/limit0[OW+update]; index:2>keynum:idx0/first1/step1[RO+access]"


class Input:
    """One of the sets that are combined; a key that does not exist is an empty one."""

    def __init__(self, value: object) -> None:
        self._scored = value if isinstance(value, SortedSet) else None
        self._plain = value if isinstance(value, SetValue) else None
        if value is not None and self._scored is None and self._plain is None:
            raise wrong_type()
        self.weight = 1.0

    def size(self) -> int:
        if self._scored is not None:
            return self._scored.size()
        return 0 if self._plain is None else self._plain.size()

    def contains(self, member: bytes) -> bool:
        if self._scored is not None:
            return self._scored.score(member) is not None
        return self._plain is not None and self._plain.contains(member)

    def score(self, member: bytes) -> float | None:
        """The weighted score of a member, or None; infinity by a weight of 0 stays the NaN that Redis goes on with."""
        if self._scored is not None:
            score = self._scored.score(member)
            return None if score is None else score * self.weight
        if self._plain is not None and self._plain.contains(member):
            return self.weight
        return None

    def members(self) -> list[bytes]:
        if self._scored is not None:
            return self._scored.members(0, self._scored.size())
        return [] if self._plain is None else self._plain.members()

    def scores(self) -> list[float]:
        """The weighted scores, in the order of `members`."""
        if self._scored is None:
            return [self._weighted(1.0)] * self.size()
        found: list[float] = []
        for score in self._scored.scores(0, self._scored.size()):
            assert isinstance(score, float)
            found.append(self._weighted(score))
        return found

    def _weighted(self, score: float) -> float:
        score *= self.weight
        return score if score == score else 0.0


def aggregated(old: float, new: float, aggregate: int) -> float:
    """Two scores of one member made one."""
    if aggregate == MIN:
        return new if new < old else old
    if aggregate == MAX:
        return new if new > old else old
    total = old + new
    return total if total == total else 0.0


def by_size(inputs: list[Input]) -> list[Input]:
    return sorted(inputs, key=Input.size)


def union(inputs: list[Input], aggregate: int) -> dict[bytes, float]:
    found: dict[bytes, float] = {}
    for each in by_size(inputs):
        scores = each.scores()
        for index, member in enumerate(each.members()):
            score = scores[index]
            old = found.get(member)
            found[member] = score if old is None else aggregated(old, score, aggregate)
    return found


def intersection(inputs: list[Input], aggregate: int) -> dict[bytes, float]:
    found: dict[bytes, float] = {}
    first, *others = by_size(inputs)
    scores = first.scores()
    for index, member in enumerate(first.members()):
        total = scores[index]
        for other in others:
            score = other.score(member)
            if score is None:
                break
            total = aggregated(total, score, aggregate)
        else:
            found[member] = total
    return found


def difference(inputs: list[Input]) -> dict[bytes, float]:
    found: dict[bytes, float] = {}
    first, *others = inputs
    scores = first.scores()
    for index, member in enumerate(first.members()):
        for other in others:
            if other.contains(member):
                break
        else:
            found[member] = scores[index]
    return found


class Combination:
    """The arguments from the number of keys on."""

    def __init__(self, ctx: Context, argv: list[bytes], at: int, kind: int, storing: bool, counting: bool) -> None:
        """Keys are looked up, and their types checked, before the options are read, as in Redis."""
        self.kind = kind
        self.aggregate = SUM
        self.with_scores = False
        self.limit = 0
        numkeys = parse_int(argv[at])
        if numkeys < 1:
            raise error(b"at least 1 input key is needed for '" + argv[0].lower() + b"' command")
        end = at + 1 + numkeys
        if end > len(argv):
            raise syntax_error()
        self.inputs = [Input(ctx.db.lookup(key)) for key in argv[at + 1 : end]]
        if counting:
            self._parse_limit(argv, end)
        else:
            self._parse_options(argv, end, storing)

    def _parse_limit(self, argv: list[bytes], at: int) -> None:
        while at < len(argv):
            if argv[at].lower() != b"limit" or at + 1 == len(argv):
                raise syntax_error()
            limit = parse_int64(argv[at + 1])
            if limit is None or limit < 0:
                raise error(b"LIMIT can't be negative")
            self.limit = limit
            at += 2

    def _parse_options(self, argv: list[bytes], at: int, storing: bool) -> None:
        count = len(argv)
        while at < count:
            word = argv[at].lower()
            if word == b"weights" and self.kind != DIFFERENCE and at + len(self.inputs) < count:
                for each in self.inputs:
                    at += 1
                    weight = parse_double(argv[at])
                    if weight is None:
                        raise error(b"weight value is not a float")
                    each.weight = weight
            elif word == b"aggregate" and self.kind != DIFFERENCE and at + 1 < count:
                at += 1
                aggregate = AGGREGATES.get(argv[at].lower())
                if aggregate is None:
                    raise syntax_error()
                self.aggregate = aggregate
            elif word == b"withscores" and not storing:
                self.with_scores = True
            else:
                raise syntax_error()
            at += 1

    def result(self) -> dict[bytes, float]:
        if self.kind == UNION:
            return union(self.inputs, self.aggregate)
        if self.kind == INTERSECTION:
            return intersection(self.inputs, self.aggregate)
        return difference(self.inputs)


def combined_reply(ctx: Context, argv: list[bytes], kind: int) -> object:
    """ZUNION, ZINTER, ZDIFF."""
    combination = Combination(ctx, argv, 1, kind, False, False)
    in_order = sorted((score, member) for member, score in combination.result().items())
    if not combination.with_scores:
        return [member for _, member in in_order]
    pairs: list[object] = []
    for score, member in in_order:
        pairs.append(member)
        pairs.append(score)
    return scored_reply(ctx, pairs)


def combined_store(ctx: Context, argv: list[bytes], kind: int, event: bytes) -> object:
    """ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE."""
    combination = Combination(ctx, argv, 2, kind, True, False)
    limits = ctx.keyspace.limits
    stored = SortedSet(limits)
    found = combination.result()
    longest = 0
    for member in found:
        longest = max(longest, len(member))
    if len(found) > limits.zset_max_listpack_entries or longest > limits.zset_max_listpack_value:
        stored.become_skiplist()
    for member, score in found.items():
        stored.put(member, score)
    return store_sorted_set(ctx, argv[1], stored, event)


@group.command(
    "ZUNION",
    arity=-3,
    flags="readonly movablekeys",
    keys=READ_NUMBERED,
    since="6.2.0",
    complexity="O(N)+O(M*log(M)) where N is the sum of the sizes of the inputs and M the size of the result.",
    summary="Returns the members of any of several sorted sets.",
    syntax="numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
)
def zunion(ctx: Context, argv: list[bytes]) -> object:
    return combined_reply(ctx, argv, UNION)


@group.command(
    "ZUNIONSTORE",
    arity=-4,
    flags="write denyoom movablekeys",
    keys=STORE_NUMBERED,
    since="2.0.0",
    complexity="O(N)+O(M*log(M)) where N is the sum of the sizes of the inputs and M the size of the result.",
    summary="Stores the members of any of several sorted sets.",
    syntax="destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
)
def zunionstore(ctx: Context, argv: list[bytes]) -> object:
    return combined_store(ctx, argv, UNION, b"zunionstore")


@group.command(
    "ZINTER",
    arity=-3,
    flags="readonly movablekeys",
    keys=READ_NUMBERED,
    since="6.2.0",
    complexity="O(N*K)+O(M*log(M)) where N is the size of the smallest of K inputs and M the size of the result.",
    summary="Returns the members that several sorted sets have in common.",
    syntax="numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
)
def zinter(ctx: Context, argv: list[bytes]) -> object:
    return combined_reply(ctx, argv, INTERSECTION)


@group.command(
    "ZINTERSTORE",
    arity=-4,
    flags="write denyoom movablekeys",
    keys=STORE_NUMBERED,
    since="2.0.0",
    complexity="O(N*K)+O(M*log(M)) where N is the size of the smallest of K inputs and M the size of the result.",
    summary="Stores the members that several sorted sets have in common.",
    syntax="destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
)
def zinterstore(ctx: Context, argv: list[bytes]) -> object:
    return combined_store(ctx, argv, INTERSECTION, b"zinterstore")


@group.command(
    "ZINTERCARD",
    arity=-3,
    flags="readonly movablekeys",
    keys=READ_NUMBERED,
    since="7.0.0",
    complexity="O(N*K) where N is the size of the smallest of K inputs.",
    summary="Returns how many members several sorted sets have in common.",
    syntax="numkeys key [key ...] [LIMIT limit]",
)
def zintercard(ctx: Context, argv: list[bytes]) -> object:
    combination = Combination(ctx, argv, 1, INTERSECTION, False, True)
    first, *others = by_size(combination.inputs)
    count = 0
    for member in first.members():
        for other in others:
            if not other.contains(member):
                break
        else:
            count += 1
            if count == combination.limit:
                break
    return count


@group.command(
    "ZDIFF",
    arity=-3,
    flags="readonly movablekeys",
    keys=READ_NUMBERED,
    since="6.2.0",
    complexity="O(N*K + M*log(M)) where N is the size of the first of K inputs and M the size of the result.",
    summary="Returns the members of a sorted set that others do not have.",
    syntax="numkeys key [key ...] [WITHSCORES]",
)
def zdiff(ctx: Context, argv: list[bytes]) -> object:
    return combined_reply(ctx, argv, DIFFERENCE)


@group.command(
    "ZDIFFSTORE",
    arity=-4,
    flags="write denyoom movablekeys",
    keys=STORE_NUMBERED,
    since="6.2.0",
    complexity="O(N*K + M*log(M)) where N is the size of the first of K inputs and M the size of the result.",
    summary="Stores the members of a sorted set that others do not have.",
    syntax="destination numkeys key [key ...]",
)
def zdiffstore(ctx: Context, argv: list[bytes]) -> object:
    return combined_store(ctx, argv, DIFFERENCE, b"zdiffstore")
