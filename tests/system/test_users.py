"""Packages that others build on Redis, unmodified, each in an environment of its own: queues, locks, limits, layers.

What one does stands in users/, as a program that ends with "all well" or with what was wrong.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from oracle.servers import ServerProcess, die_with_parent
from system.environments import node_environment, python_environment

PROGRAMS = Path(__file__).with_name("users")

#: The program -> what it needs.
PYTHON = {
    "rq_queue": ("rq",),
    "celery_queue": ("celery[redis]",),
    "huey_queue": ("huey", "redis"),
    "dramatiq_queue": ("dramatiq[redis]",),
    "arq_queue": ("arq",),
    "redis_locks": ("redis",),
    "limits_windows": ("limits[redis]",),
    "channels_layers": ("channels-redis[cryptography]",),
    "django_cache": ("django-redis",),
    "walrus_containers": ("walrus",),
}
NODE = {"bullmq_queue": ("bullmq", "ioredis"), "ioredis_scripts": ("ioredis",)}


def run(server: ServerProcess, folder: Path, *command: str) -> None:
    """The program gets the server's address in URL, and writes what it writes in the folder."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={**os.environ, "URL": f"redis://127.0.0.1:{server.port}/0", "PYTHONPATH": str(PROGRAMS)},
        preexec_fn=die_with_parent,
    )
    assert done.returncode == 0 and done.stdout.endswith("all well\n"), done.stdout[-5000:] + done.stderr[-5000:]


@pytest.mark.timeout(300)  # the first run installs
@pytest.mark.parametrize("name", PYTHON)
def test_of_python(name: str, empty: ServerProcess, tmp_path: Path) -> None:
    programs = python_environment(*PYTHON[name])
    run(empty, tmp_path, str(programs / "python"), str(PROGRAMS / f"{name}.py"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NODE)
def test_of_node(name: str, empty: ServerProcess, tmp_path: Path) -> None:
    folder = node_environment(*NODE[name])
    program = folder / f"{name}.js"  # node looks for packages from where the program is
    program.write_text((PROGRAMS / f"{name}.js").read_text())
    run(empty, tmp_path, "node", str(program))
