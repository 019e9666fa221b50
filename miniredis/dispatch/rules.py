"""How a feature holds commands up: it puts a Rule in the server's table, under the bit of its gate.

A rule is only asked while its gate is down, so that a feature nobody uses costs nothing.
"""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from miniredis.commands.declaration import Command
from miniredis.dispatch.session import Session


@mypyc_attr(allow_interpreted_subclasses=True)
class Rule:
    """The check of one feature."""

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        """None lets the command pass; anything else is replied in its place; a refusal is raised."""
        return None
