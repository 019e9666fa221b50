"""A thousand simulated clusters, with the package as it is installed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from system.conftest import ROOT, program

SEEDS = 1000
PARTS = 10
CODE = """
import sys
from cluster.simulation import run_seed
for seed in range(int(sys.argv[1]), int(sys.argv[2])):
    run_seed(seed)
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_breaks_the_rules(part: int, count: Callable[[str, int], None]) -> None:
    share = SEEDS // PARTS
    command = [program("python"), "-c", CODE, str(part * share), str((part + 1) * share)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT / "tests")}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-5000:]
    count("seeds", share)
