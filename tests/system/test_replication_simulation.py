"""The simulation of replication under a thousand seeds, with the installed package."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from system.conftest import program

TESTS = Path(__file__).resolve().parent.parent
SEEDS = 1000
PROCESSES = 2


@pytest.mark.timeout(1500)
def test_a_thousand_seeds(count: Callable[[str, int], None]) -> None:
    python = str(Path(program("miniredis-server")).parent / "python")
    share = SEEDS // PROCESSES
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    running = [
        subprocess.Popen(
            [python, "-m", "replication.simulation", str(10_000 + number * share), str(10_000 + (number + 1) * share)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in running:
        output, _ = process.communicate()
        assert process.returncode == 0, output[-3000:]
        assert output.startswith(f"{share} seeds")
    count("seeds", SEEDS)
