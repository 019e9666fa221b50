"""A directive that is not marked as accepted without effect is read by somebody."""

from __future__ import annotations

from pathlib import Path

from miniredis.config.directives import all_directives

from oracle.gaps import NOT_IMPLEMENTED, by_name

PACKAGE = Path(__file__).resolve().parents[2] / "miniredis"
TEXTS = [
    path.read_text()
    for path in PACKAGE.rglob("*.py")
    if not (path.parent.name == "config" and path.name.startswith("directives"))
]

#: Put together from two words where they are read.
READ_BY_PARTS = {"metrics-bind", "web-bind"}


def is_read(names: list[str]) -> bool:
    return any(f'"{name}"' in text for name in names for text in TEXTS)


def test_what_is_accepted_without_effect_is_read_by_nobody() -> None:
    assert [each.name for each in all_directives() if not each.used and is_read([each.name, *each.aliases])] == []


def test_what_works_is_read() -> None:
    idle = {
        directive.name
        for directive in all_directives()
        if directive.used and not is_read([directive.name, *directive.aliases])
    }
    assert idle - READ_BY_PARTS == set(by_name(NOT_IMPLEMENTED)), "what has no effect is told, and nothing else is"
