"""What large tables leave behind, and how little of it is freed at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from miniredis.datatypes.discarded import DISCARDED, LARGE
from miniredis.datatypes.table import SHARD_LIMIT, Table


class Witness:
    """Counts how many of its kind live."""

    living = 0

    def __init__(self) -> None:
        Witness.living += 1

    def __del__(self) -> None:
        Witness.living -= 1


def filled(entries: int) -> Table:
    table = Table()
    for number in range(entries):
        table.set(b"key:%d" % number, Witness())
    return table


@pytest.fixture(autouse=True)
def _emptied() -> Iterator[None]:
    DISCARDED.free(1 << 60)
    yield
    DISCARDED.free(1 << 60)


def test_a_large_table_outlives_its_owner_and_is_freed_in_slices() -> None:
    table = filled(3 * LARGE)
    freed_before = DISCARDED.freed
    del table
    assert Witness.living == DISCARDED.pending == 3 * LARGE
    slices = 0
    while DISCARDED.free(8):
        slices += 1
        assert Witness.living >= 3 * LARGE - slices * 8 * (SHARD_LIMIT + 1)
    assert slices > 5
    assert Witness.living == DISCARDED.pending == 0
    assert DISCARDED.freed - freed_before == 3 * LARGE


def test_a_small_table_is_freed_at_once() -> None:
    table = filled(LARGE - 1)
    assert Witness.living == LARGE - 1
    del table
    assert Witness.living == DISCARDED.pending == 0


def test_a_cleared_table_is_freed_in_slices_and_can_be_used_on() -> None:
    table = filled(LARGE)
    table.clear()
    assert DISCARDED.pending == LARGE
    assert table.set(b"a", 1)
    table._check()
    DISCARDED.free(1 << 60)
    assert table.get(b"a") == 1


def test_large_tables_within_a_table_are_freed_in_slices_too() -> None:
    outer = filled(LARGE)
    outer.set(b"inner", filled(2 * LARGE))
    del outer
    assert DISCARDED.pending == LARGE + 1
    while DISCARDED.free(1) and DISCARDED.pending != 2 * LARGE:
        pass
    assert Witness.living == 2 * LARGE
    while DISCARDED.free(1):
        pass
    assert Witness.living == DISCARDED.pending == 0
