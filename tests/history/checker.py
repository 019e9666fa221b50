"""Were the operations of concurrent clients such as one client's could have been, one after the other?

`linearizable` searches as Wing and Gong do, with the memory of Lowe: an operation may come next if no other had ended
before it began.  An operation whose outcome is not known (the server died) may have happened at any time after it
began, or never.  `check_appends` looks at lists to which every client appends values of its own, as Elle does: what any
two reads saw must be a beginning of one another, and real time and each client's order must agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

#: When an operation ended of which nobody knows whether it happened.
NEVER = inf


@dataclass(frozen=True)
class Operation:
    """`kind`: write (value), read (value is what was seen), swap (`expected` to value, done or not as `done` says)."""

    client: int
    kind: str
    value: object
    began: float
    ended: float
    expected: object = None
    done: bool = True


def applied(state: object, operation: Operation) -> tuple[bool, object]:
    """Whether a register in `state` may answer so, and its state then."""
    if operation.kind == "write":
        return True, operation.value
    if operation.kind == "read":
        return operation.value == state, state
    if operation.ended == NEVER:
        return True, operation.value if operation.expected == state else state
    succeeds = operation.expected == state
    return succeeds == operation.done, operation.value if succeeds else state


def linearizable(history: Sequence[Operation], initial: object = None) -> bool:
    """Whether there is an order of all operations that respects time and the register."""
    operations = sorted(
        (each for each in history if each.kind != "read" or each.ended != NEVER), key=lambda each: each.began
    )
    certain = sum(1 << number for number, each in enumerate(operations) if each.ended != NEVER)
    seen: set[tuple[int, object]] = set()
    stack: list[tuple[int, object]] = [(0, initial)]
    while stack:
        done, state = stack.pop()
        if done & certain == certain:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        first_end = min(each.ended for number, each in enumerate(operations) if not done >> number & 1)
        for number, each in enumerate(operations):
            if each.began > first_end:
                break
            if not done >> number & 1:
                fits, after = applied(state, each)
                if fits:
                    stack.append((done | 1 << number, after))
    return False


@dataclass(frozen=True)
class Append:
    """A value appended to a list."""

    client: int
    value: object
    began: float
    ended: float


@dataclass(frozen=True)
class Seen:
    """All of a list, as a client read it."""

    client: int
    values: tuple[object, ...]
    began: float
    ended: float


def check_appends(appends: Sequence[Append], reads: Sequence[Seen]) -> list[str]:
    """What is wrong with the history of one list; nothing if it is linearizable."""
    found: list[str] = []
    longest = max((read.values for read in reads), key=len, default=())
    if len(set(longest)) != len(longest):
        found.append(f"a value was appended twice: {longest}")
    known = {append.value: append for append in appends}
    found += [f"{value!r} was never appended" for value in longest if value not in known]
    found += [f"{read} is no beginning of {longest}" for read in reads if longest[: len(read.values)] != read.values]
    if found:
        return found
    place = {value: number for number, value in enumerate(longest)}
    order = sorted(appends, key=lambda append: append.began)
    for append in order:
        at = place.get(append.value, len(longest))
        for other in order:
            # One that had ended before another began stands before it, wherever both are seen.
            if other.ended < append.began and place.get(other.value, len(longest)) > at:
                found.append(f"{other} ended before {append} and stands behind it, or is lost")
    ordered = sorted(reads, key=lambda read: read.began)
    for number, read in enumerate(ordered):
        for append in appends:
            at = place.get(append.value, len(longest))
            if append.ended < read.began and at >= len(read.values):
                found.append(f"{read} does not see {append}")
            if append.began > read.ended and at < len(read.values):
                found.append(f"{read} sees what was not appended yet: {append}")
        found += [
            f"{later} sees less than {read} before it"
            for later in ordered[number + 1 :]
            if read.ended < later.began and len(later.values) < len(read.values)
        ]
    return found
