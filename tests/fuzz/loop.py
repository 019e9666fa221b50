"""Mutated inputs for a target: what a target is, how inputs are changed, how many are run, what is kept of a failure.

A target takes bytes and raises nothing for any of them: errors that it may answer with are caught inside it.  The loop
is seeded, so that a number of inputs is always the same ones.  An input that fails is kept in `cases/<target>/` and is
run first from then on.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

CASES = Path(__file__).parent / "cases"
#: Processor time one input may take; the inputs are small.
SLOWEST_S = 5.0
LONGEST = 20_000
AWKWARD_BYTES = bytes.fromhex("000102 0d0a20 22272d2b30395c 7f8081bfc0c1c2c3 e0f0f1f2f3f4feff")
AWKWARD_NUMBERS = (b"-1", b"0", b"00", b"2147483648", b"9223372036854775807", b"9223372036854775808",
    b"18446744073709551615", b"-9223372036854775808", b"1e400", b"nan", b"inf")  # fmt: skip

Run = Callable[[bytes], None]


class Target:
    """What is fuzzed: `seeds` are right inputs, `words` are worth inserting."""

    def __init__(self, name: str, run: Run, seeds: Sequence[bytes], words: Sequence[bytes] = ()) -> None:
        self.name = name
        self.run = run
        self.seeds = list(seeds)
        self.words = [*words, *AWKWARD_NUMBERS]

    def cases(self) -> list[bytes]:
        """Inputs that failed once."""
        folder = CASES / self.name
        return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


class Failed(AssertionError):
    """An input that a target does not take."""


def check(target: Target, data: bytes) -> None:
    """Run one input; `Failed`, with the input kept as a case, for anything that is raised, and for being slow."""
    before = time.process_time()
    try:
        target.run(data)
    except (Exception, SystemExit) as problem:
        raise Failed(f"{target.name}: {problem!r}; the input is {keep(target, data)}") from problem
    took = time.process_time() - before
    if took > SLOWEST_S:
        raise Failed(f"{target.name}: {took:.1f} s of processor time; the input is {keep(target, data)}")


def keep(target: Target, data: bytes) -> Path:
    path = CASES / target.name / hashlib.sha1(data, usedforsecurity=False).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def mutate(random: Random, data: bytes, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """`data` changed in some places."""
    found = bytearray(data)
    for _ in range(1 if random.random() < 0.6 else random.randrange(2, 6)):
        at = random.randrange(len(found) + 1)
        end = min(len(found), at + 1 + int(random.expovariate(0.2)))
        match random.randrange(10):
            case 0 if at < len(found):
                found[at] ^= 1 << random.randrange(8)
            case 1 if at < len(found):
                found[at] = random.choice(AWKWARD_BYTES)
            case 2:
                found.insert(at, random.choice(AWKWARD_BYTES))
            case 3:
                del found[at:end]
            case 4:
                found[at:at] = found[at:end] * random.choice((1, 1, 2, 30))
            case 5:
                found[at:at] = random.choice(words)
            case 6:
                del found[at:]
            case 7:
                other = random.choice(seeds)
                found[at:] = other[random.randrange(len(other) + 1) :]
            case 8:
                start = at
                while start > 0 and found[start - 1] in b"0123456789":
                    start -= 1
                found[start:end] = random.choice(words)
            case _ if at < len(found):
                found[at] = (found[at] + random.choice((-1, 1))) & 255
            case _:
                found += random.randbytes(random.randrange(1, 9))
    return bytes(found[:LONGEST])


def inputs(target: Target, seed: int) -> Iterator[bytes]:
    """Kept cases, seeds, and then mutations without end."""
    random = Random(f"{target.name} {seed}")
    yield from target.cases()
    yield from target.seeds
    pool = list(target.seeds)
    while True:
        data = mutate(random, random.choice(pool), target.seeds, target.words)
        if random.random() < 0.02:  # what was mutated once is mutated again
            if len(pool) < 4 * len(target.seeds) + 100:
                pool.append(data)
            else:
                pool[random.randrange(len(target.seeds), len(pool))] = data
        yield data


def run_count(target: Target, count: int, seed: int = 0) -> int:
    """So many mutations beside cases and seeds; how many inputs that were."""
    done = 0
    wanted = count + len(target.cases()) + len(target.seeds)
    for data in inputs(target, seed):
        if done == wanted:
            break
        check(target, data)
        done += 1
    return done


def run_seconds(target: Target, seconds: float, seed: int) -> tuple[int, list[Failed]]:
    """As many as the time allows: how many those were, and what failed (the first ten)."""
    failures: list[Failed] = []
    done = 0
    deadline = time.monotonic() + seconds
    for data in inputs(target, seed):
        if time.monotonic() > deadline or len(failures) == 10:
            break
        done += 1
        try:
            check(target, data)
        except Failed as failure:
            failures.append(failure)
    return done, failures
