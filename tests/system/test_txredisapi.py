"""txredisapi, unmodified, on the real reactor of a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from oracle.servers import ServerProcess


def test_a_session(empty: ServerProcess) -> None:
    script = Path(__file__).with_name("txredisapi_session.py")
    done = subprocess.run([sys.executable, str(script), str(empty.port)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("all well\n", 0), done.stdout + done.stderr
