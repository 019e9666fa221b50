"""Clusters under every fault we know, by seed; and that a seed repeats."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from cluster.simulation import SimulatedCluster, run_seed

SEEDS = 50
AT_ONCE = 5


@pytest.fixture(autouse=True)
def unmeasured() -> Iterator[None]:
    """Measuring coverage makes the simulation some times slower, and the other tests reach the same lines."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_fault_breaks_the_rules_and_all_agree_afterwards(first: int, count: Callable[[str, int], None]) -> None:
    for seed in range(first, first + AT_ONCE):
        run_seed(seed)
    count("seeds", AT_ONCE)


def test_a_seed_repeats() -> None:
    assert run_seed(3, 10_000) == run_seed(3, 10_000)
    assert run_seed(3, 10_000).trace != run_seed(4, 10_000).trace


def test_a_failed_primary_is_replaced_within_two_node_timeouts() -> None:
    for seed in range(10):
        cluster = SimulatedCluster(f"failover {seed}", 6, 2, 2000)
        cluster.run(5000 + seed * 137)
        cluster.machines[0].crash()
        cluster.run(4000)
        pictures = [machine.participant.view for machine in cluster.machines[1:] if machine.participant is not None]
        assert all(view.is_up for view in pictures), seed
        assert cluster.takeovers() == 1


def test_an_isolated_primary_stops_within_a_node_timeout_and_a_bit() -> None:
    for seed in range(10):
        cluster = SimulatedCluster(f"isolation {seed}", 6, 2, 2000)
        cluster.run(5000 + seed * 137)
        others = range(1, 6)
        cluster.network.cut = {(0, other) for other in others} | {(other, 0) for other in others}
        cluster.run(2600)
        isolated = cluster.machines[0].participant
        assert isolated is not None
        assert not isolated.view.is_up, seed
