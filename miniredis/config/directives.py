"""The one table of all directives, and the names they are found by."""

from __future__ import annotations

from typing import Final

from miniredis.config import directives_data, directives_nodes, directives_server
from miniredis.config.directive import Directive, Group

GROUPS: Final[list[Group]] = [
    directives_server.NETWORK,
    directives_server.GENERAL,
    directives_server.LOGS,
    directives_server.CLIENTS,
    directives_server.MEMORY,
    *directives_data.GROUPS,
    *directives_nodes.GROUPS,
    directives_server.DIAGNOSIS,
    directives_server.SCRIPTS,
    directives_server.TESTING,
]


def all_directives() -> list[Directive]:
    """Every directive, in the order of its group."""
    return [directive for group in GROUPS for directive in group.directives]


def by_name(directives: list[Directive]) -> dict[str, Directive]:
    """The directives by name and alias; a name that occurs twice is a mistake in the table."""
    named: dict[str, Directive] = {}
    for directive in directives:
        for name in (directive.name, *directive.aliases):
            if name in named:
                raise ValueError(f"two directives are called {name}")
            named[name] = directive
    return named
