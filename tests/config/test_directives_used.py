"""A directive that is not marked as accepted without effect is read by somebody."""

from __future__ import annotations

from pathlib import Path

from miniredis.config.directives import all_directives

PACKAGE = Path(__file__).resolve().parents[2] / "miniredis"
TEXTS = [
    path.read_text()
    for path in PACKAGE.rglob("*.py")
    if not (path.parent.name == "config" and path.name.startswith("directives"))
]

#: Beginnings of names that belong to what is still being written, and what that is.
UNDER_WAY = {
    "replication": ("repl-", "replica-", "master", "min-replicas-", "import-mode", "shutdown-timeout",
                    "bind-source-addr", "rdb-del-sync-files"),
    "cluster": ("cluster-", "slot-migration-"),
    "users and tracking": ("acl", "tracking-table-max-keys"),
    "scripting": ("busy-reply-threshold",),
    "console and metrics": ("web-", "metrics-"),
    "endpoints": ("listen-endpoint", "fast-endpoint", "availability-zone"),
    "loading of newer files": ("rdb-version-check",),
}  # fmt: skip


def is_read(names: list[str]) -> bool:
    return any(f'"{name}"' in text for name in names for text in TEXTS)


def test_what_works_is_read() -> None:
    under_way = tuple(prefix for prefixes in UNDER_WAY.values() for prefix in prefixes)
    idle = [
        directive.name
        for directive in all_directives()
        if directive.used and not is_read([directive.name, *directive.aliases])
    ]
    assert [name for name in idle if not name.startswith(under_way)] == []
