"""Replication under seeds; see simulation.py.  `make system` runs a thousand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from replication.simulation import simulate

SEEDS_A_TEST = 5
#: Virtual ones; `make system` takes 20.
SECONDS = 6


@pytest.mark.parametrize("first", range(0, 50, SEEDS_A_TEST))
def test_replicas_are_prefixes_of_their_primary_whatever_happens(first: int, count: Callable[[str, int], None]):
    for seed in range(first, first + SEEDS_A_TEST):
        outcome = simulate(seed, SECONDS)
        assert outcome.writes > 0
        count("seeds", 1)


def test_a_seed_repeats():
    first, again, other = simulate(1001, 4), simulate(1001, 4), simulate(1002, 4)
    assert first == again
    assert first.trace != other.trace


def test_something_happens_under_the_seeds():
    outcomes = [simulate(seed, SECONDS) for seed in range(2000, 2006)]
    assert sum(outcome.full for outcome in outcomes) > 8
    assert sum(outcome.partial for outcome in outcomes) > 8
    assert sum(outcome.promotions for outcome in outcomes) > 2


def test_a_replica_rehung_below_one_that_lags_takes_no_write_back():
    simulate(1236)


def test_a_longer_chain():
    simulate(3000, SECONDS, count=5)
