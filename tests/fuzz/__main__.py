"""`make fuzz`: `python -m fuzz [--seconds N] [--atheris] [target ...]`; prints how many inputs each target ran.

Without `--atheris` the loop of this package mutates, with a seed that is printed; with it, atheris does, led by which
lines an input reaches (`pip install 'miniredis[fuzz]'`).  What fails is kept in tests/fuzz/cases/.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: An input that makes a target take more memory than this has failed.
MEMORY_BYTES = 4 << 30


def run_atheris(name: str, seconds: int) -> None:
    """One target in this process, which atheris ends."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["miniredis"]):
        from fuzz.all_targets import TARGETS
    from fuzz.loop import check

    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds):
            Path(folder, str(number)).write_bytes(seed)
        atheris.Setup(
            [
                sys.argv[0],
                f"-max_total_time={seconds}",
                "-max_len=20000",
                "-print_final_stats=1",
                "-verbosity=0",
                folder,
            ],
            lambda data: check(target, data),
        )
        atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000)
    parser.add_argument("--atheris", action="store_true")
    parser.add_argument("targets", nargs="*")
    asked = parser.parse_args()
    if asked.atheris and len(asked.targets) == 1:
        run_atheris(asked.targets[0], asked.seconds)
        return
    from fuzz.all_targets import TARGETS
    from fuzz.loop import run_seconds

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    total = failed = 0
    print(f"seed {asked.seed}, {asked.seconds} s for each target", flush=True)
    for name in asked.targets or TARGETS:
        if asked.atheris:
            words = [sys.executable, "-m", "fuzz", "--atheris", "--seconds", str(asked.seconds), name]
            failed += subprocess.run(words, check=False).returncode != 0
            continue
        done, failures = run_seconds(TARGETS[name], asked.seconds, asked.seed)
        total += done
        failed += len(failures)
        print(f"{name:<12}{done:>12,} inputs{len(failures):>4} failures", flush=True)
        for failure in failures:
            print(f"    {failure}", flush=True)
    print(f"in all {total:,} inputs, {failed} failures")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
