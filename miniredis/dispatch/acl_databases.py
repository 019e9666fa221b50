"""Which databases a command uses, for the rules of ACL about them: alldbs, resetdbs, db=0,3.

A command may use the database that its client has selected, others that its arguments name, or all of them.  The
rules are Valkey's, found out by asking one with ACL DRYRUN; redis-server has none.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.declaration import Command
from miniredis.resp.numbers import parse_int64

#: They use every database, whatever is selected.
OF_ALL: Final[frozenset[bytes]] = frozenset(
    [b"flushall", b"cluster|flushslot", b"cluster|migrateslots", b"cluster|cancelslotmigrations"]
)
#: Those that name databases only, with the arguments in which they do.
NAMING: Final[dict[bytes, int]] = {b"select": 1, b"swapdb": 2}
CATEGORIES: Final = ("keyspace", "read", "write")


def uses_selected(command: Command) -> bool:
    """Whether a command uses the database of its client."""
    for category in CATEGORIES:
        if category in command.categories:
            return True
    return any("not_key" not in spec.flags for spec in command.key_specs)


def named_databases(command: Command, argv: list[bytes]) -> list[int]:
    """Where arguments name databases: their positions."""
    name = command.full_name
    if name == b"move":
        return [2]
    if name == b"copy":
        return [at + 1 for at in range(3, len(argv) - 1) if argv[at].lower() == b"db"]
    return list(range(1, NAMING.get(name, 0) + 1))


def denied_database(command: Command, argv: list[bytes], selected: int, allowed: frozenset[int]) -> int:
    """The position of the argument that names a database which is not allowed; 0 where it is no argument's fault; -1.

    What is no number is left to the command to refuse.
    """
    for at in named_databases(command, argv):
        number = parse_int64(argv[at])
        if number is not None and number >= 0 and number not in allowed:
            return at
    if command.full_name in OF_ALL:
        return 0
    if command.full_name not in NAMING and selected not in allowed and uses_selected(command):
        return 0
    return -1
