from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.field_expiry import FieldExpiry
from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.limits import EncodingLimits


def hash_of(count: int, limits: EncodingLimits | None = None) -> HashValue:
    value = HashValue(limits or EncodingLimits())
    for number in range(count):
        value.set(b"field:%d" % number, b"value:%d" % number)
    return value


def as_dict(value: HashValue) -> dict[bytes, bytes]:
    items = value.items()
    return dict(zip(items[::2], items[1::2], strict=True))


def test_it_says_what_it_is() -> None:
    value = hash_of(3)
    assert value.type_name() == b"hash"
    assert value.size() == value.stored_size() == 3


@pytest.mark.parametrize("count", [3, 128, 129, 5000])
def test_fields_are_set_replaced_and_deleted(count: int) -> None:
    value = hash_of(count)
    value._check()
    assert value.get(b"field:1") == b"value:1"
    assert value.get(b"field:x") is None
    assert value.contains(b"field:2")
    assert not value.contains(b"value:2")
    assert not value.set(b"field:1", b"new")
    assert value.set(b"another", b"")
    assert value.get(b"field:1") == b"new"
    assert value.get(b"another") == b""
    assert value.delete(b"field:2")
    assert not value.delete(b"field:2")
    assert value.size() == count
    assert sorted(value.fields()) == sorted(as_dict(value))
    assert dict(zip(value.fields(), value.values(), strict=True)) == as_dict(value)
    value._check()


def test_the_encoding_follows_the_number_of_entries_one_way() -> None:
    limits = EncodingLimits()
    assert hash_of(512, limits).encoding() == b"listpack"
    assert hash_of(513, limits).encoding() == b"hashtable"
    limits.hash_max_listpack_entries = 128
    value = hash_of(128, limits)
    assert value.encoding() == b"listpack"
    value.set(b"field:0", b"x")
    assert value.encoding() == b"listpack"
    value.set(b"one more", b"x")
    assert value.encoding() == b"hashtable"
    value.delete(b"one more")
    assert value.encoding() == b"hashtable"
    limits.hash_max_listpack_entries = 3
    assert hash_of(4, limits).encoding() == b"hashtable"
    limits.hash_max_listpack_entries = 1000
    assert hash_of(1000, limits).encoding() == b"listpack"
    assert hash_of(1001, limits).encoding() == b"hashtable"


def test_the_encoding_follows_the_length_of_fields_and_values() -> None:
    limits = EncodingLimits()
    for field, value in ((b"f" * 65, b"v"), (b"f", b"v" * 65)):
        fields = HashValue(limits)
        fields.set(b"f" * 64, b"v" * 64)
        assert fields.encoding() == b"listpack"
        fields.set(field, value)
        assert fields.encoding() == b"hashtable"
    limits.hash_max_listpack_value = 10000
    fields = HashValue(limits)
    fields.set(b"f", b"v" * 9000)
    fields._check()
    assert fields.encoding() == b"listpack"
    assert fields.get(b"f") == b"v" * 9000


def test_replacing_values_by_longer_ones_keeps_the_blob_short() -> None:
    value = HashValue(EncodingLimits())
    for number in range(100):
        value.set(b"%d" % number, b"")
    for number in range(100):
        value.set(b"%d" % number, b"x" * 200)
        value._check()
    assert as_dict(value) == {b"%d" % number: b"x" * 200 for number in range(100)}


@pytest.mark.parametrize("seed", range(6))
def test_random_actors_find_the_hash_equal_to_a_dict(seed: int) -> None:
    random = Random(seed)
    value = HashValue(EncodingLimits())
    model: dict[bytes, bytes] = {}
    expiries: dict[bytes, int] = {}
    universe = [b"%d" % number for number in range(random.choice([10, 200, 2000]))]
    longest = random.choice([5, 100, 300])
    now = 0
    for step in range(4000):
        field = random.choice(universe)
        action = random.random()
        if action < 0.4:
            text = b"v" * random.randrange(longest)
            assert value.set(field, text) == (field not in model)
            model[field] = text
            expiries.pop(field, None)
        elif action < 0.5:
            assert value.replace(field, b"kept") == (field not in model)
            model[field] = b"kept"
        elif action < 0.7:
            assert value.delete(field) == (model.pop(field, None) is not None)
            expiries.pop(field, None)
        elif action < 0.8 and field in model:
            at_ms = now + random.randrange(50)
            value.expire_field(field, at_ms)
            expiries[field] = at_ms
        elif action < 0.85:
            assert value.persist_field(field) == (expiries.pop(field, None) is not None)
        elif action < 0.95:
            now += 1
            due = value.delete_due(now, 1000)
            assert sorted(due) == sorted(each for each, at_ms in expiries.items() if at_ms <= now)
            for each in due:
                del model[each], expiries[each]
        else:
            assert value.get(field) == model.get(field)
            assert value.expiry_of(field) == expiries.get(field, -1)
            assert value.next_expiry_ms() == min(expiries.values(), default=-1)
        if step % 100 == 0:
            value._check()
            assert as_dict(value) == model
            assert value.expiries() == expiries
            assert value.expiring_count() == len(expiries)
            assert value.size() == len(model)
            if model:
                assert value.random_field(random) in model
            value = value.copy()
    value._check()


@settings(max_examples=examples(100))
@given(st.lists(st.tuples(st.sampled_from(["set", "delete"]), st.binary(max_size=2), st.binary(max_size=300))))
def test_any_sequence_gives_what_a_dict_gives(steps: list[tuple[str, bytes, bytes]]) -> None:
    value = HashValue(EncodingLimits())
    model: dict[bytes, bytes] = {}
    for action, field, text in steps:
        if action == "set":
            assert value.set(field, text) == (field not in model)
            model[field] = text
        else:
            assert value.delete(field) == (field in model)
            model.pop(field, None)
    value._check()
    assert as_dict(value) == model


@pytest.mark.parametrize("count", [0, 5, 100, 1000])
def test_a_scan_returns_every_field(count: int) -> None:
    value = hash_of(count)
    cursor, found = value.scan(0, 10)
    while cursor:
        cursor, more = value.scan(cursor, 10)
        found.extend(more)
    assert sorted(found) == sorted(value.fields())


@pytest.mark.parametrize("count", [1, 30, 500])
def test_random_fields_are_uniform_and_different(count: int) -> None:
    value = hash_of(count)
    random = Random(5)
    counts = dict.fromkeys(value.fields(), 0)
    for _ in range(50 * count):
        counts[value.random_field(random)] += 1
    assert sum((each - 50) ** 2 / 50 for each in counts.values()) < count + 6 * (2 * count) ** 0.5 + 6
    for wanted in (0, 1, count // 10, count // 2, count, count + 10):
        chosen = value.random_fields(random, wanted)
        assert len(chosen) == len(set(chosen)) == min(wanted, count)
        assert set(chosen) <= set(counts)


def test_copies_are_independent() -> None:
    for count in (3, 300):
        value = hash_of(count)
        value.expire_field(b"field:1", 1000)
        other = value.copy()
        other.set(b"field:0", b"changed")
        other.delete(b"field:1")
        assert value.get(b"field:0") == b"value:0"
        assert value.expiry_of(b"field:1") == 1000
        assert other.expiry_of(b"field:1") == -1
        assert hash_of(count).copy().encoding() == hash_of(count).encoding()


def test_memory_grows_with_what_is_held() -> None:
    empty = HashValue(EncodingLimits()).memory()
    small = hash_of(10).memory()
    large = hash_of(10000)
    long = HashValue(EncodingLimits())
    long.set(b"f", b"v" * 1000)
    assert 1000 < long.memory() < 2000
    assert empty < small < hash_of(200).memory() < large.memory()
    assert 100 * 10000 < large.memory() < 200 * 10000
    before = large.memory()
    large.expire_field(b"field:1", 1)
    assert large.memory() > before


def test_a_field_that_gets_an_expiry_makes_the_hash_a_hashtable() -> None:
    value = hash_of(2)
    assert not value.has_expiries()
    assert value.next_expiry_ms() == -1
    assert value.expiring_count() == 0
    assert value.expiries() == {}
    assert value.delete_due(1 << 62, 10) == []
    value.hide_due(1 << 62)
    value.show_hidden()
    assert not value.persist_field(b"field:0")
    value.expire_field(b"field:0", 77)
    assert value.has_expiries()
    assert value.encoding() == b"hashtable"
    assert value.expiry_of(b"field:0") == 77
    assert value.expiry_of(b"field:1") == -1
    assert value.persist_field(b"field:0")
    assert not value.has_expiries()
    assert value.encoding() == b"hashtable"


def test_set_forgets_the_expiry_and_replace_keeps_it() -> None:
    value = hash_of(2)
    value.expire_field(b"field:0", 77)
    value.expire_field(b"field:1", 78)
    value.replace(b"field:0", b"x")
    value.set(b"field:1", b"x")
    assert value.expiry_of(b"field:0") == 77
    assert value.expiry_of(b"field:1") == -1


@pytest.mark.parametrize("count", [10, 300])
def test_due_fields_are_deleted_earliest_first_and_no_more_than_asked(count: int) -> None:
    value = hash_of(count)
    for number in range(8):
        value.expire_field(b"field:%d" % number, 100 - number)
    value.expire_field(b"field:3", 500)
    assert value.next_expiry_ms() == 93
    value.hide_due(1)
    value.show_hidden()
    assert value.delete_due(92, 10) == []
    assert value.delete_due(95, 10) == [b"field:7", b"field:6", b"field:5"]
    assert value.delete_due(1000, 2) == [b"field:4", b"field:2"]
    assert value.delete_due(1000, 10) == [b"field:1", b"field:0", b"field:3"]
    assert not value.has_expiries()
    assert value.size() == count - 8
    value._check()


@pytest.mark.parametrize("count", [10, 300])
def test_hidden_fields_are_not_seen_but_stored(count: int) -> None:
    value = hash_of(count)
    hidden = [b"field:%d" % number for number in range(count - 2)]
    for field in hidden:
        value.expire_field(field, 100)
    value.expire_field(b"field:%d" % (count - 1), 200)
    value.hide_due(99)
    assert value.size() == count
    value.hide_due(100)
    value._check()
    left = [b"field:%d" % (count - 2), b"field:%d" % (count - 1)]
    assert value.size() == 2
    assert value.stored_size() == count
    assert value.next_expiry_ms() == 200
    assert value.get(b"field:0") is None
    assert not value.contains(b"field:0")
    assert value.contains(left[0])
    assert sorted(value.fields()) == sorted(as_dict(value)) == sorted(left)
    assert len(value.values()) == 2
    random = Random(1)
    assert {value.random_field(random) for _ in range(100)} == set(left)
    assert sorted(value.random_fields(random, 5)) == sorted(left)
    found: list[bytes] = []
    cursor, found = value.scan(0, 100)
    while cursor:
        cursor, more = value.scan(cursor, 100)
        found.extend(more)
    assert sorted(found) == sorted(left)
    assert not value.delete(b"field:0")
    assert value.stored_size() == count - 1
    assert value.set(b"field:1", b"back")
    assert value.get(b"field:1") == b"back"
    assert value.replace(b"field:4", b"back")
    assert value.expiry_of(b"field:4") == -1
    value.expire_field(b"field:2", 300)
    assert value.contains(b"field:2")
    other = value.copy()
    assert not other.contains(b"field:3")
    value.show_hidden()
    value._check()
    assert value.get(b"field:3") == b"value:3"
    assert value.stored_size() == value.size() == count - 1
    assert sorted(value.delete_due(100, 1000)) == sorted([b"field:3", *hidden[5:]])
    value._check()


def test_a_random_field_is_drawn_again_when_it_is_hidden() -> None:
    value = hash_of(10)
    value.expire_field(b"field:3", 1)
    value.hide_due(1)
    random = Random(1)
    assert {value.random_field(random) for _ in range(500)} == {b"field:%d" % n for n in range(10) if n != 3}


def test_a_value_that_is_expired_again_and_again_keeps_a_short_heap() -> None:
    expiry = FieldExpiry()
    expiry.set(b"hidden", 1)
    expiry.hide_due(1)
    for number in range(1000):
        expiry.set(b"a", number + 2)
        expiry._check(frozenset([b"a", b"hidden"]))
        assert len(expiry._heap) <= 2 * 2 + 17
    assert expiry.next_ms() == 1001
    assert expiry.take_due(5000, 10) == [b"a"]
    assert expiry.size() == 1
