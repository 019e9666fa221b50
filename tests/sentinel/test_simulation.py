"""Fifty lives under faults; tests/system has a thousand."""

from __future__ import annotations

import pytest

from sentinel.simulation import run

SEEDS = 50
AT_ONCE = 10


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_sentinels_agree_after_any_faults(first, count):
    elections = sum(len(run(seed).leaders) for seed in range(first, first + AT_ONCE))
    assert elections >= AT_ONCE / 2, "hardly anything was ever elected: the faults are too mild"
    count("seeds", AT_ONCE)


def test_a_leader_that_was_overtaken_by_a_later_failover_gives_its_own_up():
    run(1623)


def test_a_seed_repeats():
    first, second = run(3), run(3)
    assert [host.events for host in first.sentinels()] == [host.events for host in second.sentinels()]
