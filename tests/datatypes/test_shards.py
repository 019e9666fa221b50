"""Shards in Python and their twin in C, which is built here: alike whatever is done to them."""

from __future__ import annotations

import gc
import weakref
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.shards import (
    Shard,
    ShardInPython,
    shard_divide_in_python,
    shard_get_in_python,
    shard_set_in_python,
)
from native_build import build_native


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return build_native("shards", tmp_path_factory.mktemp("native"))


class Kept:
    """A value that can be part of a cycle, and be seen to go."""

    def __init__(self) -> None:
        self.holds: object = None


keys = st.binary(max_size=2) | st.integers(0, 200).map(lambda number: b"key:%d" % number)
steps = st.lists(st.tuples(st.sampled_from(["set", "set", "set", "take"]), keys), max_size=400)


def fill(native: ModuleType, names: list[bytes]) -> tuple[Shard, Shard]:
    here, there = ShardInPython(), native.Shard()
    for number, key in enumerate(names):
        shard_set_in_python([here], 48, key, number)
        native.shard_set([there], 48, key, number)
    return here, there


@settings(max_examples=examples(100))
@given(steps=steps)
def test_a_shard_is_a_dict_of_its_pairs(native: ModuleType, steps: list[tuple[str, bytes]]) -> None:
    here: Shard = ShardInPython()
    there: Shard = native.Shard()
    for number, (what, key) in enumerate(steps):
        if what == "take":
            assert there.take(key) == here.take(key)
        else:
            before = shard_set_in_python([here], 48, key, number)
            assert native.shard_set([there], 48, key, number) == before
        assert len(there) == len(here)
    for key in {key for _, key in steps} | {b"another"}:
        assert native.shard_get([there], 48, key) == shard_get_in_python([here], 48, key)
    assert sorted(there.pairs()) == sorted(here.pairs())
    assert sorted(there) == sorted(here)
    assert sorted(there.key_at(rank) for rank in range(len(there))) == sorted(there)
    assert sorted(here.key_at(rank) for rank in range(len(here))) == sorted(here)


@given(names=st.lists(keys, max_size=150), shift=st.integers(44, 48))
def test_keys_are_found_in_their_place_and_divided_alike(native: ModuleType, names: list[bytes], shift: int) -> None:
    here: list[Shard] = [ShardInPython() for _ in range(1 << (48 - shift))]
    there: list[Shard] = [native.Shard() for _ in range(1 << (48 - shift))]
    for number, key in enumerate(names):
        assert native.shard_set(there, shift, key, number) == shard_set_in_python(here, shift, key, number)
    for key in [*names, b"another"]:
        assert native.shard_get(there, shift, key) == shard_get_in_python(here, shift, key)
    for place in range(len(here)):
        border = (place << shift) + (1 << (shift - 1))
        halves: list[Shard] = [ShardInPython(), ShardInPython()]
        twins: list[Shard] = [native.Shard(), native.Shard()]
        shard_divide_in_python(here[place], border, halves[0], halves[1])
        native.shard_divide(there[place], border, twins[0], twins[1])
        assert [sorted(each.pairs()) for each in twins] == [sorted(each.pairs()) for each in halves]
        assert sorted([*twins[0], *twins[1]]) == sorted(there[place])


def test_a_clone_is_another_shard(native: ModuleType) -> None:
    for shard in fill(native, [b"a", b"b"]):
        clone = shard.clone()
        assert clone.take(b"a") == 0
        assert sorted(shard.pairs()) == [(b"a", 0), (b"b", 1)]
        assert clone.pairs() == [(b"b", 1)]


def test_what_is_absorbed_replaces_what_was_there(native: ModuleType) -> None:
    for shard, other in zip(fill(native, [b"a", b"b"]), fill(native, [b"c", b"b", b"a"]), strict=True):
        shard.absorb(other)
        assert sorted(shard.pairs()) == [(b"a", 2), (b"b", 1), (b"c", 0)]


def test_a_rank_that_is_not_there_is_an_error(native: ModuleType) -> None:
    for shard in fill(native, [b"a"]):
        for rank in (-1, 1):
            with pytest.raises(IndexError):
                shard.key_at(rank)


def test_values_live_as_long_as_they_are_held(native: ModuleType) -> None:
    for shard, put in ((ShardInPython(), shard_set_in_python), (native.Shard(), native.shard_set)):
        value = Kept()
        gone = weakref.ref(value)
        put([shard], 48, b"k", value)
        del value
        assert gone() is not None
        put([shard], 48, b"k", b"another")
        assert gone() is None


def test_a_shard_in_a_cycle_is_collected(native: ModuleType) -> None:
    for shard, put in ((ShardInPython(), shard_set_in_python), (native.Shard(), native.shard_set)):
        value = Kept()
        value.holds = shard
        gone = weakref.ref(value)
        put([shard], 48, b"plain", b"x")
        put([shard], 48, b"k", value)
        del value, shard
    gc.collect()
    assert gone() is None


def test_a_shard_of_byte_strings_costs_the_collector_nothing(native: ModuleType) -> None:
    shard = native.Shard()
    native.shard_set([shard], 48, b"k", b"v")
    assert not gc.is_tracked(shard)
    native.shard_set([shard], 48, b"k", Kept())
    assert gc.is_tracked(shard)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("shard_get", (["shard"], 48)),
        ("shard_get", ({}, 48, b"")),
        ("shard_get", (["shard"], "48", b"")),
        ("shard_get", (["shard"], 49, b"")),
        ("shard_get", ([{}], 48, b"")),
        ("shard_get", (["shard"], 48, "text")),
        ("shard_get", (["shard"], 48, bytearray(b"x"))),
        ("shard_get", ([], 48, b"")),
        ("shard_set", (["shard"], 48, b"")),
        ("shard_set", (["shard"], 48, [], b"")),
        ("shard_divide", ("shard", 0, "shard", [])),
        ("shard_divide", ("shard", -1, "shard", "shard")),
        ("Shard", (1,)),
    ],
)
def test_wrong_arguments_are_errors(native: ModuleType, function: str, arguments: tuple[Any, ...]) -> None:
    def real(word: Any) -> Any:
        return native.Shard() if word == "shard" else [real(each) for each in word] if isinstance(word, list) else word

    with pytest.raises((TypeError, ValueError, OverflowError, IndexError)):
        getattr(native, function)(*map(real, arguments))


@pytest.mark.parametrize("method", ["take", "absorb", "key_at"])
def test_a_shard_refuses_what_is_no_key_shard_or_rank(native: ModuleType, method: str) -> None:
    shard = native.Shard()
    with pytest.raises(TypeError):
        getattr(shard, method)("x")
    with pytest.raises(TypeError):
        shard.absorb(shard)
