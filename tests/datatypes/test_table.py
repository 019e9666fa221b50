from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes import table as module
from miniredis.datatypes.shards import new_shard
from miniredis.datatypes.table import SHARD_LIMIT, Table, position_of


def filled(count: int) -> Table:
    table = Table()
    for number in range(count):
        table.set(b"key:%d" % number, number)
    return table


def scan_all(table: Table, count: int) -> list[bytes]:
    found: list[bytes] = []
    cursor, keys = table.scan(0, count)
    found.extend(keys)
    while cursor:
        cursor, keys = table.scan(cursor, count)
        found.extend(keys)
    return found


class Scripted(Random):
    """A source of chance that draws what the test says, then the last of it for ever."""

    def __init__(self, draws: list[float]) -> None:
        super().__init__(0)
        self.draws = draws

    def random(self) -> float:
        return self.draws.pop(0) if len(self.draws) > 1 else self.draws[0]


def test_get_set_pop_and_contains_answer_like_a_dict() -> None:
    table = Table()
    assert table.set(b"a", 1)
    assert not table.set(b"a", 2)
    assert table.get(b"a") == 2
    assert table.get(b"b") is None
    assert table.contains(b"a")
    assert not table.contains(b"b")
    assert len(table) == table.size() == 1
    assert table.pop(b"a") == 2
    assert table.pop(b"a") is None
    assert len(table) == 0


@pytest.mark.parametrize("seed", range(6))
def test_random_actors_find_the_table_equal_to_a_dict(seed: int) -> None:
    random = Random(seed)
    table = Table()
    model: dict[bytes, object] = {}
    universe = [b"%d" % number for number in range(random.choice([5, 100, 3000]))]
    for step in range(6000):
        # Long phases of growth and of shrinking, so that shards split and merge.
        grows = random.random() < (0.9 if step // 1500 % 2 == 0 else 0.1)
        key = random.choice(universe)
        if grows:
            assert table.set(key, step) == (key not in model)
            model[key] = step
        else:
            assert table.pop(key) == model.pop(key, None)
        if step % 397 == 0:
            table._check()
            assert dict(table.items()) == model
    assert sorted(table.keys()) == sorted(model)
    for key in universe:
        assert table.get(key) == model.get(key)
        assert table.contains(key) == (key in model)
    for left, key in enumerate(list(model)):
        table.pop(key)
        if left % 40 == 0:
            table._check()
    assert table.shard_count() <= 2


def test_a_table_that_grew_and_was_emptied_has_one_shard_again() -> None:
    table = filled(5000)
    assert table.shard_count() > 100
    for number in range(5000):
        table.pop(b"key:%d" % number)
    table._check()
    assert table.shard_count() == 1


def test_shards_visit_every_entry() -> None:
    table = filled(1000)
    seen: list[bytes] = []
    for place in range(table.shard_count()):
        if not table.is_repeated(place):
            seen.extend(table.shard(place))
    assert sorted(seen) == sorted(table.keys())
    assert sum(len(shard) for shard in table.shards()) == 1000


def test_clear_empties() -> None:
    table = filled(1000)
    table.clear()
    table._check()
    assert len(table) == 0
    assert table.keys() == []
    assert table.set(b"a", 1)


def test_a_copy_is_independent() -> None:
    table = filled(3000)
    other = table.copy()
    other._check()
    for number in range(250):
        other.pop(b"key:%d" % number)
    other.set(b"new", 1)
    table._check()
    other._check()
    assert len(table) == 3000
    assert len(other) == 2751
    assert dict(table.items()) == {b"key:%d" % number: number for number in range(3000)}


def test_memory_grows_with_the_entries() -> None:
    assert Table().memory() < filled(100).memory() < filled(10000).memory()


@pytest.mark.parametrize("count", [1, 10, 41, 42, 43, 1000, 100000])
def test_a_scan_returns_every_key_exactly_once_when_nothing_changes(count: int) -> None:
    for size in (0, 1, 42, 43, 3000):
        table = filled(size)
        assert sorted(scan_all(table, count)) == sorted(table.keys())


def test_a_scan_call_returns_as_many_keys_as_asked() -> None:
    table = filled(3000)
    cursor = 0
    while True:
        cursor, keys = table.scan(cursor, 7)
        if cursor == 0:
            break
        assert len(keys) == 7


def test_a_scan_goes_on_from_any_cursor() -> None:
    table = filled(300)
    for cursor in (-1, 1 << 48, 1 << 64):
        assert table.scan(cursor, 10) == (0, [])
    random = Random(1)
    for _ in range(100):
        cursor = random.getrandbits(48)
        following, keys = table.scan(cursor, 10)
        assert all(position_of(key) >= cursor for key in keys)
        assert following == 0 or following > cursor
    assert table.scan((1 << 48) - 1, 10)[0] == 0


def test_a_scan_returns_at_least_one_key_for_a_count_of_zero() -> None:
    assert sorted(scan_all(filled(200), 0)) == sorted(filled(200).keys())


@pytest.mark.parametrize("seed", range(8))
def test_a_scan_returns_what_stays_in_the_table_whatever_else_changes(seed: int) -> None:
    random = Random(seed)
    staying = {b"stay:%d" % number for number in range(random.choice([0, 3, 400]))}
    table = Table()
    for key in staying:
        table.set(key, 1)
    others = [b"other:%d" % number for number in range(2000)]
    for key in random.sample(others, random.choice([0, 2000])):
        table.set(key, 1)
    found: set[bytes] = set()
    cursor = 0
    grows = random.random() < 0.5
    while True:
        cursor, keys = table.scan(cursor, random.choice([1, 5, 50]))
        found.update(keys)
        if cursor == 0:
            break
        for key in random.sample(others, 60):
            if grows:
                table.set(key, 1)
            else:
                table.pop(key)
    table._check()
    assert staying <= found


@settings(max_examples=examples(60))
@given(
    st.sets(st.binary(max_size=6), max_size=200),
    st.lists(st.tuples(st.booleans(), st.binary(max_size=2)), max_size=300),
    st.integers(1, 60),
)
def test_a_scan_with_changes_between_its_calls(
    start: set[bytes], changes: list[tuple[bool, bytes]], count: int
) -> None:
    table = Table()
    for key in start:
        table.set(key, 1)
    touched = {key for _, key in changes}
    found: list[bytes] = []
    cursor = 0
    while True:
        cursor, keys = table.scan(cursor, count)
        found.extend(keys)
        if cursor == 0:
            break
        for _ in range(10):
            if changes:
                adds, key = changes.pop()
                if adds:
                    table.set(key, 1)
                else:
                    table.pop(key)
    table._check()
    untouched = start - touched
    assert sorted(key for key in found if key in untouched) == sorted(untouched)


@pytest.mark.parametrize("size", [1, 10, 42, 43, 400])
def test_random_keys_are_uniform(size: int) -> None:
    table = filled(size)
    random = Random(7)
    draws = 200 * size
    counts = dict.fromkeys(table.keys(), 0)
    for _ in range(draws):
        key = table.random_key(random)
        assert key is not None
        counts[key] += 1
    # Chi squared with size - 1 degrees of freedom, six standard deviations away.
    chi = sum((count - 200) ** 2 / 200 for count in counts.values())
    assert chi < size - 1 + 6 * (2 * size) ** 0.5 + 6


def test_random_keys_are_uniform_after_many_removals() -> None:
    table = filled(4000)
    for number in range(3950):
        table.pop(b"key:%d" % number)
    random = Random(3)
    counts = dict.fromkeys(table.keys(), 0)
    for _ in range(10000):
        key = table.random_key(random)
        assert key is not None
        counts[key] += 1
    assert min(counts.values()) > 100


def test_an_empty_table_has_no_random_key() -> None:
    assert Table().random_key(Random(1)) is None


def test_a_draw_that_keeps_missing_chooses_by_counting() -> None:
    table = filled(200)
    keys = table.keys()
    nearly_one = 1 - 2**-53
    # The last rank of the last shard does not exist, so each of these draws is in vain.
    assert table.random_key(Scripted([nearly_one])) == keys[-1]
    assert table.random_key(Scripted([nearly_one] * 512 + [0.0])) == keys[0]
    assert table.random_key(Scripted([nearly_one] * 512 + [0.5])) == keys[100]


def test_a_directory_does_not_double_for_ever() -> None:
    # Keys of one hash cannot be had here, but keys whose hashes begin alike can.
    table = Table()
    table._shift = module.POSITION_BITS - 10
    table._directory = [new_shard() for _ in range(1 << 10)]
    table._narrow = 1 << 10
    keys = (b"%d" % number for number in range(1 << 62))
    alike = (key for key in keys if position_of(key) >> table._shift == 0)
    for _ in range(SHARD_LIMIT + 20):
        table.set(next(alike), 1)
    table._check()
    assert table.shard_count() == 1 << 10
    assert sorted(scan_all(table, 5)) == sorted(table.keys())
