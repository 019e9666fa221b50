"""The commands of Valkey 9.1 that we do not have: read by the comparison of the tables and by the docs."""

from __future__ import annotations

#: Why, and which; a subcommand stands as `container|name`.
ABSENT: dict[str, str] = {}

#: Fields of INFO that redis-server 7.0 or Valkey 9.1 show and we do not -> why.
ABSENT_FIELDS: dict[str, str] = {
    "server_name": "only Valkey calls itself so; clients take the server for Redis",
    "valkey_version": "we are not a version of Valkey",
    "valkey_release_stage": "we are not a version of Valkey",
    "gcc_version": "the server runs interpreted, too; what compiled Python is not ours to know",
    "atomicvar_api": "nothing here is shared between threads by atomic variables of C",
    "module": "Valkey lists its built-in Lua as a module; modules that are loaded here are listed",
    "engines_total_memory_overhead": "what Python holds beside Lua's own memory is not counted apart",
}
#: Ours alone.
OWN_FIELDS: tuple[str, ...] = ("miniredis_version", "miniredis_build", "miniredis_endpoint")
