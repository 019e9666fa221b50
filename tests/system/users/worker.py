"""A worker's process beside the program that gives it work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def installed(name: str) -> str:
    """A program of the environment that runs this one."""
    return str(Path(sys.executable).with_name(name))


@contextmanager
def worker(name: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Runs while the block does, and must then end in order when told to; what it says is shown when it does not."""
    running = subprocess.Popen([installed(name), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield running
        running.terminate()
        running.communicate(timeout=20)
    finally:
        if running.poll() is None:
            running.kill()
            print(running.communicate()[0])
