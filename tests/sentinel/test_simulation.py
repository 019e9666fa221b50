"""Fifty lives under faults; tests/system has a thousand."""

from __future__ import annotations

from sentinel.simulation import run

SEEDS = 50


def test_sentinels_agree_after_any_faults(count):
    elections = 0
    for seed in range(SEEDS):
        elections += len(run(seed).leaders)
    assert elections > SEEDS / 2, "hardly anything was ever elected: the faults are too mild"
    count("seeds", SEEDS)


def test_a_seed_repeats():
    first, second = run(3), run(3)
    assert [host.events for host in first.sentinels()] == [host.events for host in second.sentinels()]
