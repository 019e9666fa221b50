"""Environments with packages of others: many do not resolve together, so each gets one of its own.

They stand in build/clients and are kept for the next run, as long as the same packages are asked for.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from system.conftest import ROOT

CLIENTS = ROOT / "build" / "clients"


def python_environment(*packages: str) -> Path:
    """A virtual environment with these packages, called after the first; its bin folder."""

    def install(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-qq", *packages], check=True)

    return _made(packages, install) / "bin"


def node_environment(*packages: str) -> Path:
    """The folder with node_modules that has these packages."""

    def install(folder: Path) -> None:
        folder.mkdir()
        subprocess.run(["npm", "install", "--silent", "--prefix", str(folder), *packages], check=True)

    return _made(packages, install)


def _made(packages: tuple[str, ...], install: Callable[[Path], None]) -> Path:
    name = packages[0].partition("[")[0]
    folder = CLIENTS / name
    stamp = folder / "made"
    CLIENTS.mkdir(parents=True, exist_ok=True)
    with (CLIENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # runs beside each other make it once
        wanted = "\n".join(packages)
        if not (stamp.exists() and stamp.read_text() == wanted):
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)
            install(folder)
            stamp.write_text(wanted)
    return folder
