"""Fifty clients that ping beside an endless pipeline and values of a megabyte: how long they wait, and the reactor."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from system.conftest import program

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "fairness.py"


@pytest.mark.timeout(180)
def test_who_pings_waits_at_most_three_times_as_long_beside_greedy_clients(count: Callable[[str, int], None]) -> None:
    """The best of some tries: others may use the machine."""
    seen: list[tuple[float, float, float]] = []
    for _ in range(5):
        done = subprocess.run(
            [program("python"), str(SCRIPT), "measure", "0"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        alone, beside, late, _ = (float(line.rpartition(" ")[2]) for line in done.stdout.splitlines())
        seen.append((alone, beside, late))
        if beside <= 3 * alone and late < 50:
            break
    alone, beside, late = seen[-1]
    count("microseconds of p99 alone", round(alone * 1000))
    count("microseconds of p99 beside greedy clients", round(beside * 1000))
    assert beside <= 3 * alone, seen
    assert late < 50, seen
