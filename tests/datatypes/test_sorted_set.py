"""Sorted sets against a plain sorted list, in both forms."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes import score_index
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.packed_scores import PACKED_ENTRIES, PACKED_MEMBER
from miniredis.datatypes.score_index import BLOCK_LIMIT, ScoreIndex
from miniredis.datatypes.sorted_sets import ADDED, CHANGED, SAME, SortedSet

INFINITY = math.inf


def limits(entries: int = 128, value: int = 64) -> EncodingLimits:
    made = EncodingLimits()
    made.zset_max_listpack_entries = entries
    made.zset_max_listpack_value = value
    return made


def everything(values: SortedSet) -> list[tuple[float, bytes]]:
    pairs: list[Any] = values.pairs(0, values.size())
    return [(score, member) for member, score in zip(pairs[::2], pairs[1::2], strict=True)]


PACKED = limits()
INDEXED = limits(entries=0)
both_forms = pytest.mark.parametrize("form", [PACKED, INDEXED], ids=["packed", "indexed"])


@both_forms
def test_members_stand_in_order_of_score_and_then_of_their_bytes(form):
    values = SortedSet(form)
    for member, score in [(b"b", 1.0), (b"a", 1.0), (b"z", -INFINITY), (b"c", INFINITY), (b"aa", 1.0), (b"", 0.5)]:
        assert values.put(member, score) == ADDED
    assert values.members(0, 6) == [b"z", b"", b"a", b"aa", b"b", b"c"]
    assert values.scores(2, 6) == [1.0, 1.0, 1.0, INFINITY]
    assert values.pairs(1, 3) == [b"", 0.5, b"a", 1.0]
    values._check()


@both_forms
def test_put_tells_what_it_did(form):
    values = SortedSet(form)
    assert values.put(b"a", 1.0) == ADDED
    assert values.put(b"a", 1.0) == SAME
    assert values.put(b"a", 2.0) == CHANGED
    assert values.score(b"a") == 2.0
    assert values.score(b"b") is None
    assert values.size() == 1


@both_forms
def test_negative_zero_equals_zero_and_keeps_its_sign_in_a_skiplist(form):
    values = SortedSet(form)
    values.put(b"b", -0.0)
    values.put(b"a", 0.0)
    assert values.members(0, 2) == [b"a", b"b"]
    assert values.put(b"b", 0.0) == SAME
    score = values.score(b"b")
    assert score is not None
    assert math.copysign(1, score) == (-1 if form is INDEXED else 1)


@both_forms
def test_remove_and_rank_know_who_is_missing(form):
    values = SortedSet(form)
    values.put(b"a", 1.0)
    values.put(b"b", 2.0)
    assert values.rank(b"b") == 1
    assert values.rank(b"c") == -1
    assert not values.remove(b"c")
    assert values.remove(b"a")
    assert values.rank(b"b") == 0
    values._check()


@both_forms
def test_pop_takes_either_end(form):
    values = SortedSet(form)
    for number in range(5):
        values.put(b"m%d" % number, float(number))
    assert values.pop_first() == (b"m0", 0.0)
    assert values.pop_last() == (b"m4", 4.0)
    assert values.members(0, 3) == [b"m1", b"m2", b"m3"]
    values._check()


@both_forms
def test_bounds_count_what_is_below_them(form):
    values = SortedSet(form)
    for number in range(10):
        values.put(b"m%d" % number, float(number // 2))
    assert values.count_below(2.0, False) == 4
    assert values.count_below(2.0, True) == 6
    assert values.count_below(-INFINITY, True) == 0
    assert values.count_below(INFINITY, False) == 10


@both_forms
def test_lexical_bounds_count_members_of_one_score(form):
    values = SortedSet(form)
    for letter in b"abcde":
        values.put(bytes((letter,)), 0.0)
    assert values.count_before(b"c", False) == 2
    assert values.count_before(b"c", True) == 3
    assert values.count_before(b"", False) == 0
    assert values.count_before(b"z", False) == 5


def test_an_entry_is_not_found_inside_another():
    values = SortedSet(PACKED)
    values.put(b"x\x01a", 1.0)  # holds what an entry of b"a" looks like
    assert values.score(b"a") is None
    values.put(b"a", 2.0)
    assert values.rank(b"a") == 1


def test_an_overlong_member_is_never_packed():
    values = SortedSet(PACKED)
    values.put(b"a", 1.0)
    assert values.score(b"x" * 300) is None


def test_too_many_members_make_a_skiplist_for_good():
    values = SortedSet(PACKED)
    for number in range(128):
        values.put(b"m%d" % number, 1.0)
    assert values.encoding() == b"listpack"
    values.put(b"m1", 2.0)
    assert values.encoding() == b"listpack"
    values.put(b"one more", 1.0)
    assert values.encoding() == b"skiplist"
    values.delete(1, 129)
    assert values.encoding() == b"skiplist"
    values._check()


def test_a_long_member_makes_a_skiplist():
    values = SortedSet(PACKED)
    values.put(b"x" * 64, 1.0)
    assert values.encoding() == b"listpack"
    values.put(b"x" * 65, 1.0)
    assert values.encoding() == b"skiplist"


def test_high_limits_keep_the_name_listpack_while_the_form_is_indexed():
    wide = limits(entries=PACKED_ENTRIES + 10, value=1000)
    values = SortedSet(wide)
    values.put(b"y" * (PACKED_MEMBER + 1), 1.0)
    for number in range(PACKED_ENTRIES + 9):
        values.put(b"m%d" % number, 1.0)
        values.put(b"m%d" % number, 2.0)
    assert values.encoding() == b"listpack"
    values._check()
    values.put(b"the last straw", 1.0)
    assert values.encoding() == b"skiplist"


def test_type_name():
    assert SortedSet(PACKED).type_name() == b"zset"


@both_forms
def test_a_copy_is_independent(form):
    values = SortedSet(form)
    for number in range(20):
        values.put(b"m%d" % number, float(number))
    twin = values.copy()
    twin.put(b"m1", 100.0)
    twin.remove(b"m2")
    assert values.score(b"m1") == 1.0
    assert values.size() == 20
    assert twin.size() == 19
    assert twin.encoding() == values.encoding()
    values._check()
    twin._check()


@both_forms
def test_memory_grows_with_the_set(form):
    values = SortedSet(form)
    empty = values.memory()
    values.put(b"a", 1.0)
    assert values.memory() > empty


@both_forms
def test_a_scan_returns_every_member(form):
    values = SortedSet(form)
    for number in range(1000 if form is INDEXED else 100):
        values.put(b"m%d" % number, float(number))
    found: set[bytes] = set()
    cursor, members = values.scan(0, 10)
    found.update(members)
    while cursor:
        cursor, members = values.scan(cursor, 10)
        found.update(members)
    assert len(found) == values.size()


@both_forms
def test_random_ranks_are_within_the_set(form):
    values = SortedSet(form)
    for number in range(10):
        values.put(b"m%d" % number, float(number))
    chance = random.Random(4)
    assert {values.random_rank(chance) for _ in range(500)} == set(range(10))


@both_forms
def test_an_empty_range_deletes_and_returns_nothing(form):
    values = SortedSet(form)
    values.put(b"a", 1.0)
    values.delete(1, 1)
    assert values.members(0, 0) == []
    assert values.scores(1, 1) == []
    assert values.size() == 1


def filled_index(count: int) -> ScoreIndex:
    index = ScoreIndex()
    for number in range(count):
        score = float(number)
        index.insert(b"m%d" % number, score, score)
    return index


def test_ascending_input_fills_its_blocks():
    index = filled_index(BLOCK_LIMIT * 4)
    assert [len(block.members) for block in index._blocks] == [BLOCK_LIMIT] * 4
    index._check()


def test_descending_input_splits_blocks():
    index = ScoreIndex()
    for number in range(BLOCK_LIMIT * 4, 0, -1):
        index.insert(b"m%d" % number, float(number), float(number))
    index._check()
    assert index.members(0, 3) == [b"m1", b"m2", b"m3"]


def test_ranges_span_blocks():
    index = filled_index(BLOCK_LIMIT * 5)
    start, stop = BLOCK_LIMIT - 3, BLOCK_LIMIT * 3 + 7
    assert index.members(start, stop) == [b"m%d" % number for number in range(start, stop)]
    assert index.scores(start, stop) == [float(number) for number in range(start, stop)]
    last = BLOCK_LIMIT * 5
    assert index.members(last - 2, last) == [b"m%d" % (last - 2), b"m%d" % (last - 1)]


@pytest.mark.parametrize("tree_is_asked_first", [True, False])
@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, BLOCK_LIMIT * 5), (3, 9), (BLOCK_LIMIT, BLOCK_LIMIT * 2), (10, BLOCK_LIMIT * 5 - 10), (1, BLOCK_LIMIT * 4)],
)
def test_ranges_are_deleted_across_blocks(start, stop, tree_is_asked_first):
    index = filled_index(BLOCK_LIMIT * 5)
    if tree_is_asked_first:
        assert index.rank(b"m%d" % (BLOCK_LIMIT * 3), float(BLOCK_LIMIT * 3)) == BLOCK_LIMIT * 3
    gone = index.delete(start, stop)
    assert gone == [b"m%d" % number for number in range(start, stop)]
    index._check()
    left = [b"m%d" % number for number in range(BLOCK_LIMIT * 5) if not start <= number < stop]
    assert index.members(0, index.size()) == left
    index.insert(b"again", 2.0, 2.0)
    index._check()


def test_small_blocks_join_their_neighbours():
    index = filled_index(BLOCK_LIMIT * 3)
    for number in range(BLOCK_LIMIT * 3):
        if number % 10:
            index.remove(b"m%d" % number, float(number))
    index._check()
    assert len(index._blocks) == 1


def test_the_last_block_joins_the_one_before():
    index = filled_index(BLOCK_LIMIT * 2)
    index.delete(0, BLOCK_LIMIT - 100)
    for number in range(BLOCK_LIMIT * 2 - 1, BLOCK_LIMIT + 50, -1):
        index.remove(b"m%d" % number, float(number))
    index._check()
    assert len(index._blocks) == 1


def test_a_lone_block_between_full_ones_shrinks_to_nothing():
    index = filled_index(BLOCK_LIMIT * 3)
    for number in range(BLOCK_LIMIT, BLOCK_LIMIT * 2):
        assert index.remove(b"m%d" % number, float(number)) == b"m%d" % number
    index._check()
    assert len(index._blocks) == 2


@pytest.mark.parametrize("tree_is_asked_first", [True, False])
def test_pops_empty_the_index_from_both_ends(tree_is_asked_first):
    index = filled_index(BLOCK_LIMIT * 3)
    for number in range(BLOCK_LIMIT * 3 // 2):
        if tree_is_asked_first and number % 100 == 0:
            index.rank(b"m%d" % (BLOCK_LIMIT * 3 // 2), float(BLOCK_LIMIT * 3 // 2))
        assert index.pop_first() == b"m%d" % number
        assert index.pop_last() == b"m%d" % (BLOCK_LIMIT * 3 - 1 - number)
        if number % 50 == 0:
            index._check()
    assert index.size() == 0
    index._check()


def test_lexical_bounds_across_blocks():
    index = ScoreIndex()
    members = sorted(b"m%05d" % number for number in range(BLOCK_LIMIT * 4))
    for member in members:
        index.insert(member, 0.0, 0.0)
    for rank in (0, 5, BLOCK_LIMIT - 1, BLOCK_LIMIT, BLOCK_LIMIT * 2 + 3, BLOCK_LIMIT * 4 - 1):
        assert index.count_before(members[rank], False) == rank
        assert index.count_before(members[rank], True) == rank + 1


def test_equal_scores_fill_many_blocks():
    index = ScoreIndex()
    for number in range(BLOCK_LIMIT * 3):
        index.insert(b"m%05d" % number, 7.0, 7.0)
    assert index.count_below(7.0, False) == 0
    assert index.count_below(7.0, True) == BLOCK_LIMIT * 3
    index._check()


class Model:
    """What a sorted set is, as slow as can be."""

    def __init__(self) -> None:
        self.scores: dict[bytes, float] = {}

    def pairs(self) -> list[tuple[float, bytes]]:
        return sorted((score, member) for member, score in self.scores.items())


def act(values: SortedSet, model: Model, chance: random.Random, spread: int) -> None:
    """One random act on both."""
    member = b"m%d" % chance.randrange(spread)
    deed = chance.random()
    if deed < 0.55:
        score = float(chance.randrange(spread // 4 + 1))
        known = model.scores.get(member)
        assert values.put(member, score) == (ADDED if known is None else SAME if known == score else CHANGED)
        if known != score:
            model.scores[member] = score
    elif deed < 0.75:
        assert values.remove(member) == (model.scores.pop(member, None) is not None)
    elif deed < 0.80 and model.scores:
        pair = model.pairs()[0]
        assert values.pop_first() == (pair[1], pair[0])
        del model.scores[pair[1]]
    elif deed < 0.85 and model.scores:
        pair = model.pairs()[-1]
        assert values.pop_last() == (pair[1], pair[0])
        del model.scores[pair[1]]
    elif deed < 0.86:
        start = chance.randrange(values.size() + 1)
        stop = min(values.size(), start + chance.randrange(spread // 8 + 2))
        for _, each in model.pairs()[start:stop]:
            del model.scores[each]
        values.delete(start, stop)
    elif deed < 0.90:
        score = float(chance.randrange(spread // 4 + 1))
        inclusive = chance.random() < 0.5
        expected = sum(1 for each in model.scores.values() if each < score or (inclusive and each == score))
        assert values.count_below(score, inclusive) == expected
    elif deed < 0.95:
        in_order = model.pairs()
        start = chance.randrange(values.size() + 1)
        stop = chance.randrange(start, values.size() + 1)
        assert values.members(start, stop) == [each for _, each in in_order[start:stop]]
    else:
        in_order = model.pairs()
        known = model.scores.get(member)
        assert values.rank(member) == (-1 if known is None else in_order.index((known, member)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("spread", "steps"), [(60, 1500), (400, 1500)])
def test_random_actors_agree_with_a_plain_list(seed, spread, steps):
    chance = random.Random(seed)
    values = SortedSet(limits(entries=100))
    model = Model()
    for step in range(steps):
        act(values, model, chance, spread)
        assert values.size() == len(model.scores)
        if step % 50 == 0:
            values._check()
            assert everything(values) == model.pairs()
    values._check()
    assert everything(values) == model.pairs()


@pytest.mark.parametrize("seed", range(3))
def test_random_actors_on_small_blocks(seed, monkeypatch):
    """Blocks of a few pairs make every split, join and rebuilt tree happen often."""
    if score_index.__file__.endswith(".py"):  # the limits of the compiled form are constants
        monkeypatch.setattr(score_index, "BLOCK_LIMIT", 8)
        monkeypatch.setattr(score_index, "MERGE_BELOW", 3)
        monkeypatch.setattr(score_index, "MERGED_LIMIT", 6)
    chance = random.Random(seed)
    values = SortedSet(INDEXED)
    model = Model()
    for step in range(3000):
        act(values, model, chance, 300)
        if step % 7 == 0:
            values._check()
    assert everything(values) == model.pairs()


scores = st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0, INFINITY, -INFINITY])
members = st.binary(max_size=6) | st.sampled_from([b"", b"\x01a", b"\x00", b"\x02\x01a"])


@settings(max_examples=examples(120), deadline=None)
@given(st.lists(st.tuples(members, scores), max_size=60), st.booleans())
def test_any_members_and_scores_come_back_in_order(pairs, packed):
    values = SortedSet(PACKED if packed else INDEXED)
    model: dict[bytes, float] = {}
    for member, score in pairs:
        values.put(member, score)
        model[member] = score
    values._check()
    assert everything(values) == sorted((score, member) for member, score in model.items())
    for rank, (score, member) in enumerate(everything(values)):
        assert values.rank(member) == rank
        assert values.score(member) == score
    for member in model:
        assert values.remove(member)
    assert values.size() == 0
