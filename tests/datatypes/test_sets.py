from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.sets import SetValue, difference, intersection, union, width_code


def set_of(members: list[bytes], limits: EncodingLimits | None = None) -> SetValue:
    value = SetValue(limits or EncodingLimits(), members[0] if members else b"0")
    for member in members:
        value.add(member)
    value._check()
    return value


def numbers(count: int, prefix: bytes = b"") -> list[bytes]:
    return [prefix + b"%d" % number for number in range(count)]


SIZES = [numbers(5), numbers(500), numbers(5, b"m"), numbers(100, b"m"), numbers(3000, b"m")]


def test_it_says_what_it_is() -> None:
    assert set_of([b"a"]).type_name() == b"set"


@pytest.mark.parametrize("members", SIZES)
def test_members_are_added_and_removed(members: list[bytes]) -> None:
    value = set_of(members)
    assert value.size() == len(members)
    assert sorted(value.members()) == sorted(members)
    assert all(value.contains(member) for member in members)
    assert not value.contains(b"absent")
    assert not value.contains(b"123456")
    assert not value.add(members[1])
    assert not value.remove(b"absent")
    assert not value.remove(b"123456")
    assert value.remove(members[1])
    assert not value.remove(members[1])
    assert not value.contains(members[1])
    assert value.add(members[1])
    value._check()
    for member in members:
        assert value.remove(member)
    value._check()
    assert value.size() == 0


def test_only_integers_written_as_redis_writes_them_are_integers() -> None:
    value = set_of([b"1", b"2"])
    for member in (b"01", b"+1", b" 1", b"1.0", b"-0", b""):
        assert not value.contains(member)
        assert not value.remove(member)
    assert value.encoding() == b"intset"
    assert value.add(b"01")
    assert value.encoding() == b"listpack"
    assert sorted(value.members()) == [b"01", b"1", b"2"]


def test_an_intset_is_as_wide_as_its_widest_member() -> None:
    value = set_of([b"1"])
    widths: list[int] = []
    for number in (32767, -32768, 32768, -2147483648, 2147483648, -(1 << 63), (1 << 63) - 1):
        value.add(b"%d" % number)
        value._check()
        integers = value.integers()
        assert integers is not None
        widths.append(integers.itemsize)
    assert widths == [2, 2, 4, 4, 8, 8, 8]
    assert value.members()[0] == b"-9223372036854775808"
    assert value.members()[-1] == b"9223372036854775807"
    assert value.add(b"9223372036854775808")
    assert value.encoding() == b"listpack"
    assert value.integers() is None
    assert [width_code(each) for each in (0, -40000, 1 << 40)] == ["h", "i", "q"]


def test_encodings_by_what_is_added() -> None:
    cases: list[tuple[list[bytes], bytes]] = [
        (numbers(512), b"intset"),
        (numbers(513), b"hashtable"),
        ([*numbers(127), b"a"], b"listpack"),
        ([*numbers(128), b"a"], b"hashtable"),
        ([*numbers(3), b"a" * 65], b"hashtable"),
        ([b"a" * 64], b"listpack"),
        ([b"a" * 65], b"hashtable"),
        (numbers(128, b"a"), b"listpack"),
        (numbers(129, b"a"), b"hashtable"),
    ]
    for members, encoding in cases:
        assert set_of(members).encoding() == encoding, members[-1]


def test_encodings_by_what_is_expected() -> None:
    limits = EncodingLimits()
    assert SetValue(limits, b"1", 512).encoding() == b"intset"
    assert SetValue(limits, b"1", 513).encoding() == b"hashtable"
    assert SetValue(limits, b"a", 128).encoding() == b"listpack"
    assert SetValue(limits, b"a", 129).encoding() == b"hashtable"
    limits.set_max_intset_entries = 0
    assert SetValue(limits, b"1", 2).encoding() == b"listpack"
    value = set_of([b"a"])
    value.expect(128)
    assert value.encoding() == b"listpack"
    value.expect(129)
    assert value.encoding() == b"hashtable"
    value.expect(1000)
    value = set_of([b"1"])
    value.expect(512)
    assert value.encoding() == b"intset"
    value.expect(513)
    assert value.encoding() == b"hashtable"
    assert value.members() == [b"1"]
    value._check()


def test_encodings_follow_the_thresholds() -> None:
    limits = EncodingLimits()
    limits.set_max_listpack_value = 3
    assert set_of([b"999", b"a"], limits).encoding() == b"listpack"
    assert set_of([b"1000", b"a"], limits).encoding() == b"hashtable"
    assert set_of([b"a"], limits).encoding() == b"listpack"
    limits.set_max_listpack_entries = 0
    assert set_of([b"1"], limits).encoding() == b"intset"
    assert set_of([b"1", b"a"], limits).encoding() == b"hashtable"
    limits.set_max_listpack_entries = 1000
    limits.set_max_listpack_value = 1000
    assert set_of(numbers(1000, b"m"), limits).encoding() == b"listpack"
    assert set_of(numbers(1001, b"m"), limits).encoding() == b"hashtable"
    assert set_of([b"a" * 999], limits).encoding() == b"listpack"
    assert set_of([*numbers(200, b"m"), b"a" * 1001], limits).encoding() == b"hashtable"
    value = set_of([b"1"], limits)
    value.remove(b"1")
    value.add(b"x")
    assert value.encoding() == b"listpack"


@pytest.mark.parametrize("seed", range(6))
def test_random_actors_find_the_set_equal_to_a_set(seed: int) -> None:
    random = Random(seed)
    value = SetValue(EncodingLimits())
    model: set[bytes] = set()
    universe = [b"%d" % random.getrandbits(random.choice([8, 20, 40])) for _ in range(random.choice([20, 300, 2000]))]
    if seed % 2:
        universe += [b"x" * random.randrange(1, 300) + b"%d" % number for number in range(50)]
    for step in range(4000):
        member = random.choice(universe)
        action = random.random()
        if action < 0.5:
            assert value.add(member) == (member not in model)
            model.add(member)
        elif action < 0.8:
            assert value.remove(member) == (member in model)
            model.discard(member)
        elif action < 0.9 and model:
            chosen = value.random_member(random)
            assert chosen in model
            assert value.remove(chosen)
            model.remove(chosen)
        else:
            assert value.contains(member) == (member in model)
        if step % 100 == 0:
            value._check()
            assert sorted(value.members()) == sorted(model)
            assert value.size() == len(model)
            value = value.copy()
    value._check()


@settings(max_examples=examples(100))
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(-3, 3).map(lambda n: b"%d" % n) | st.integers().map(lambda n: b"%d" % n))
        | st.tuples(st.booleans(), st.binary(max_size=300))
    )
)
def test_any_sequence_gives_what_a_set_gives(steps: list[tuple[bool, bytes]]) -> None:
    value = SetValue(EncodingLimits(), steps[0][1] if steps else b"")
    model: set[bytes] = set()
    for adds, member in steps:
        if adds:
            assert value.add(member) == (member not in model)
            model.add(member)
        else:
            assert value.remove(member) == (member in model)
            model.discard(member)
    value._check()
    assert sorted(value.members()) == sorted(model)


@pytest.mark.parametrize("members", SIZES)
def test_a_scan_returns_every_member(members: list[bytes]) -> None:
    value = set_of(members)
    cursor, found = value.scan(0, 10)
    while cursor:
        cursor, more = value.scan(cursor, 10)
        found.extend(more)
    assert sorted(found) == sorted(members)


@pytest.mark.parametrize("members", SIZES[:4])
def test_random_members_are_uniform_and_different(members: list[bytes]) -> None:
    value = set_of(members)
    count = len(members)
    random = Random(5)
    counts = dict.fromkeys(members, 0)
    for _ in range(50 * count):
        counts[value.random_member(random)] += 1
    assert sum((each - 50) ** 2 / 50 for each in counts.values()) < count + 6 * (2 * count) ** 0.5 + 6


@pytest.mark.parametrize("members", SIZES)
def test_random_members_without_repetition(members: list[bytes]) -> None:
    value = set_of(members)
    count = len(members)
    random = Random(6)
    for wanted in (0, 1, count // 10, count // 2, count, count + 10):
        chosen = value.random_members(random, wanted)
        assert len(chosen) == len(set(chosen)) == min(wanted, count)
        assert set(chosen) <= set(members)


@pytest.mark.parametrize("members", SIZES)
def test_copies_are_independent(members: list[bytes]) -> None:
    value = set_of(members)
    other = value.copy()
    other._check()
    assert other.encoding() == value.encoding()
    other.remove(members[0])
    other.add(b"99999")
    assert sorted(value.members()) == sorted(members)
    assert not other.contains(members[0])


def test_memory_grows_with_what_is_held() -> None:
    sizes = [set_of(numbers(1, b"m")).memory(), set_of(numbers(10, b"m")).memory(), set_of(numbers(300, b"m")).memory()]
    assert sizes == sorted(sizes)
    assert 60 * 3000 < set_of(numbers(3000, b"m")).memory() < 150 * 3000
    assert set_of(numbers(500)).memory() < 2000
    assert 1000 < set_of([b"m" * 1000]).memory() < 2000


SETS = st.lists(
    st.sets(st.integers(0, 30).map(lambda n: b"%d" % n), max_size=30)
    | st.sets(st.sampled_from([b"a", b"b", b"1", b"2", b"3"])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(200))
@given(SETS, st.integers(0, 5))
def test_set_algebra_gives_what_python_gives(models: list[set[bytes]], limit: int) -> None:
    sets = [set_of(sorted(model)) for model in models]
    found = intersection(sets)
    assert len(found) == len(set(found))
    assert set(found) == set.intersection(*models)
    limited = intersection(sets, limit)
    assert len(limited) == (min(limit, len(found)) if limit else len(found))
    assert set(limited) <= set(found)
    found = union(sets)
    assert len(found) == len(set(found))
    assert set(found) == set.union(*models)
    found = difference(sets)
    assert len(found) == len(set(found))
    assert set(found) == models[0].difference(*models[1:])


def test_both_ways_to_a_difference() -> None:
    large = set_of(numbers(3000, b"m"))
    small = set_of(numbers(10, b"m"))
    assert sorted(difference([large, small, small, small])) == sorted(numbers(3000, b"m")[10:])
    assert difference([small, large]) == []
    assert difference([small, small]) == []
