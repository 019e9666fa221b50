"""A thousand seeds for each thing that is distributed, with the package as it is installed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from system.conftest import ROOT, program

SEEDS = 1000
PROCESSES = 2
FIRST = 1000  # the short tier has those from 0 on
#: The function that runs one seed.
SIMULATIONS = {
    "cluster": ("cluster.simulation", "run_seed"),
    "replication": ("replication.simulation", "simulate"),
    "sentinel": ("sentinel.simulation", "run"),
}
CODE = """
import importlib, sys
run = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
for seed in range(int(sys.argv[3]), int(sys.argv[4])):
    run(seed)
print(int(sys.argv[4]) - int(sys.argv[3]), "seeds hold")
"""


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("what", SIMULATIONS)
def test_no_seed_breaks_the_rules(what: str, count: Callable[[str, int], None]) -> None:
    module, function = SIMULATIONS[what]
    share = SEEDS // PROCESSES
    running = [
        subprocess.Popen(
            [program("python"), "-c", CODE, module, function, str(begin), str(begin + share)],
            env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for begin in range(FIRST, FIRST + SEEDS, share)
    ]
    for process in running:
        output, _ = process.communicate()
        assert process.returncode == 0, output[-5000:]
        assert output.endswith(f"{share} seeds hold\n")
    count("seeds", SEEDS)
