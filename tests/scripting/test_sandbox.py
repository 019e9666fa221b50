"""The sandbox holds: every probe in a child process that must live to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripting.probes import PROBES

BATCHES = 6
#: What a probe may take at most; a process beside others is slow at times.
MOST_SECONDS = 5.0


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_probe_is_contained(batch: int) -> None:
    names = list(PROBES)[batch::BATCHES]
    tests = Path(__file__).resolve().parent.parent
    path = os.pathsep.join([str(tests.parent), str(tests), *filter(None, [os.environ.get("PYTHONPATH")])])
    child = subprocess.run(
        [sys.executable, "-m", "scripting.probes", *names],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, (child.returncode, lines[-1:], child.stderr[-2000:])
    results = {line["name"]: line for line in lines if "name" in line}
    assert list(results) == names
    wrong = []
    for name in names:
        result = results[name]
        expected = PROBES[name][1].split("|")
        contained = any(part in result["said"] for part in expected) and result["seconds"] < MOST_SECONDS
        if not contained or result["after"] != "OKOK[[[1]]]":
            wrong.append(f"{name}: wanted {expected}, got {result}")
    assert not wrong, "\n".join(wrong)
