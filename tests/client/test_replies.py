"""The typed methods return what they promise, in both protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from client.calls import CALLS, CALLS_OF_PROCESSES, ELSEWHERE, Checked, called, fits, problem
from client.network import Network
from client.test_generated import METHODS


@pytest.mark.parametrize("text", [bytes, str])
@pytest.mark.parametrize("protocol", [2, 3])
def test_a_method_returns_what_it_promises(protocol: int, text: type, count: Callable[..., None]) -> None:
    network = Network()
    network.serve()
    checked = Checked(network.client(protocol=protocol, decode_responses=text is str), text)
    asked: set[str] = set()
    wrong: list[str] = []
    for call in CALLS:
        name, promised, reply = network.wait(call(checked), 2)
        asked.add(name)
        wrong.append(problem(name, promised, reply))
    count("typed calls", len(CALLS))
    assert "\n".join(each for each in wrong if each) == ""
    for call in CALLS_OF_PROCESSES:
        asked.add(called(call))
    elsewhere = {name for names in ELSEWHERE.values() for name in names.split()}
    assert asked | elsewhere == set(METHODS)
    assert not asked & elsewhere


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, bytes),
        (True, int),
        (None, bytes),
        ([b"a", 1], list[bytes]),
        ({b"a": 1}, dict[bytes, bytes]),
        ((1,), tuple[int, int]),
        ([b"a"], set[bytes]),
        (b"1", float | None),
    ],
)
def test_what_does_not_fit_is_seen(value: Any, wanted: Any) -> None:
    assert not fits(value, wanted)
