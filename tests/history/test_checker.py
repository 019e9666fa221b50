"""The checker itself: it accepts what could have been, and no other."""

from __future__ import annotations

import pytest

from history.checker import NEVER, Append, Operation, Seen, check_appends, linearizable


def write(value: int, began: float, ended: float) -> Operation:
    return Operation(0, "write", value, began, ended)


def read(value: int | None, began: float, ended: float) -> Operation:
    return Operation(1, "read", value, began, ended)


def swap(expected: int | None, value: int, done: bool, began: float, ended: float) -> Operation:
    return Operation(2, "swap", value, began, ended, expected, done)


@pytest.mark.parametrize(
    "history",
    [
        [],
        [read(None, 0, 1)],
        [write(1, 0, 1), read(1, 2, 3)],
        [write(1, 0, 5), read(None, 1, 2), read(1, 3, 4)],
        [write(1, 0, 1), write(2, 0, 5), read(2, 2, 3), read(2, 4, 6)],
        [write(1, 0, NEVER), read(None, 1, 2), read(1, 3, 4)],
        [write(1, 0, NEVER), read(None, 1, 2)],
        [write(1, 0, 1), swap(1, 2, True, 2, 3), swap(1, 3, False, 4, 5), read(2, 6, 7)],
        [write(1, 0, 1), swap(1, 2, False, 2, NEVER), read(2, 6, 7)],
    ],
)
def test_it_could_have_been(history: list[Operation]) -> None:
    assert linearizable(history)


@pytest.mark.parametrize(
    "history",
    [
        [read(1, 0, 1)],
        [write(1, 0, 1), read(None, 2, 3)],
        [write(1, 0, 5), read(1, 1, 2), read(None, 3, 4)],
        [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)],
        [read(1, 0, 1), write(1, 2, NEVER)],
        [write(1, 0, 1), swap(1, 2, True, 2, 3), swap(1, 3, True, 4, 5)],
        [write(1, 0, NEVER), read(1, 1, 2), read(None, 3, 4)],
    ],
)
def test_it_could_not_have_been(history: list[Operation]) -> None:
    assert not linearizable(history)


APPENDS = [Append(0, "a", 0, 1), Append(1, "b", 2, 3), Append(0, "c", 2, NEVER)]


def test_lists_that_could_have_been() -> None:
    assert check_appends(APPENDS, [Seen(2, ("a",), 1, 2), Seen(2, ("a", "c", "b"), 4, 5)]) == []
    assert check_appends(APPENDS, [Seen(2, ("a", "b"), 4, 5)]) == []
    assert check_appends([], []) == []


@pytest.mark.parametrize(
    ("reads", "complaint"),
    [
        ([Seen(2, ("a", "b", "a"), 4, 5)], "twice"),
        ([Seen(2, ("a", "b", "x"), 4, 5)], "never appended"),
        ([Seen(2, ("a", "b"), 4, 5), Seen(3, ("b",), 4, 5)], "no beginning"),
        ([Seen(2, ("b", "a"), 4, 5)], "ended before"),
        ([Seen(2, ("b",), 4, 5)], "is lost"),
        ([Seen(2, ("a",), 4, 5)], "does not see"),
        ([Seen(2, ("a",), -2, -1), Seen(2, ("a", "b"), 4, 5)], "not appended yet"),
        ([Seen(2, ("a", "c"), 2, 2.5), Seen(3, ("a",), 2.6, 2.9), Seen(3, ("a", "c", "b"), 4, 5)], "sees less"),
    ],
)
def test_lists_that_could_not_have_been(reads: list[Seen], complaint: str) -> None:
    assert any(complaint in problem for problem in check_appends(APPENDS, reads))
