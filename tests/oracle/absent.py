"""The commands of Valkey 9.1 that we do not have: read by the comparison of the tables and by the docs."""

from __future__ import annotations

#: Why, and which; a subcommand stands as `container|name`.
ABSENT: dict[str, str] = {}
