"""Which databases a command uses, asked for users who may use some of them only.

A command that reads or writes keys uses the current database; SELECT and SWAPDB use those they name; MOVE and COPY use
both; a few use all that there are.  A name that is no database denies nothing: the command itself will refuse it.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.declaration import READONLY, WRITE, Command
from miniredis.resp.numbers import parse_int64

#: Commands that reach into every database.
OF_ALL: Final = frozenset((b"flushall", b"cluster|flushslot", b"cluster|migrateslots", b"cluster|cancelslotmigrations"))
#: Commands whose arguments name databases -> where.
NAMED: Final[dict[bytes, list[int]]] = {b"select": [1], b"swapdb": [1, 2], b"move": [2]}


def denied_database(command: Command, argv: list[bytes], current: int, count: int, allowed: list[int]) -> int:
    """-1: `allowed` are enough.  Else the index of the argument that names another; 0: it is the current one, or all.

    `count`: how many databases the server has."""
    name = command.full_name
    if name in OF_ALL:
        return -1 if all(number in allowed for number in range(count)) else 0
    positions = copy_targets(argv) if name == b"copy" else NAMED.get(name)
    if positions is not None:
        numbers = [parse_int64(argv[position]) for position in positions]
        if all(number is not None and 0 <= number < count for number in numbers):
            for position, number in zip(positions, numbers, strict=True):
                if number not in allowed:
                    return position
        if name in (b"select", b"swapdb"):
            return -1
    return 0 if current not in allowed and uses_current(command) else -1


def copy_targets(argv: list[bytes]) -> list[int]:
    """Where a COPY names databases; nowhere when it is not written as it should be."""
    found: list[int] = []
    at = 3
    while at < len(argv):
        word = argv[at].upper()
        if word == b"DB" and at + 1 < len(argv):
            at += 1
            found.append(at)
        elif word != b"REPLACE":
            return []
        at += 1
    return found


def uses_current(command: Command) -> bool:
    """Whether it has to do with keys, also where a call names none, as EVAL may."""
    return (
        command.flags & (READONLY | WRITE) != 0
        or "keyspace" in command.categories
        or command.key_search is not None
        or any("not_key" not in spec.flags for spec in command.key_specs)
    )
