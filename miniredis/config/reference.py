"""The reference of all directives as reStructuredText, written from their table."""

from __future__ import annotations

from typing import Final

from miniredis.config.directive import Directive
from miniredis.config.directives import GROUPS, all_directives

_INTRODUCTION: Final = """\
Directives
==========

Every directive can stand in the configuration file, be given on the command line (``--name word ...``) and, unless it
is marked *at the start only*, be changed by ``CONFIG SET``. Names are those of Redis 7.0 and 7.2, of Valkey up to 9.1,
and a few of our own. Defaults are Redis 7.0's; where ours differs, it says so.
"""

_ACCEPTED: Final = """\
Accepted without effect
-----------------------

These are read, checked and shown by ``CONFIG GET``, so that an existing configuration file works as it is, but nothing
here depends on them: they tune threads, an allocator or a kernel feature that this server does not use, or choose
what is always so here.
"""

#: Where our default is not Redis's, and why.
DIFFERENT_DEFAULTS: Final = {
    "syslog-ident": "Redis: redis. The system's log should name the program that writes.",
    "tls-auto-reload-interval": "Valkey: 0. Certificates that were renewed should be used without being told.",
    "log-format": "Valkey: legacy, which is taken as another name for text.",
}


def _literal(text: str) -> str:
    return f"``{text}``" if text else "empty"


def _entry(directive: Directive) -> list[str]:
    """The definition of one directive."""
    facts = [f"Form: ``{directive.kind.describe()}``."]
    if not directive.file_only:
        facts.append(f"Default: {_literal(directive.kind.render(directive.default).decode())}.")
    if directive.name in DIFFERENT_DEFAULTS:
        facts.append(f"({DIFFERENT_DEFAULTS[directive.name]})")
    if directive.aliases:
        facts.append("Also: " + ", ".join(f"``{alias}``" for alias in directive.aliases) + ".")
    if directive.file_only:
        facts.append("In a file or on the command line only.")
    elif directive.fixed:
        facts.append("At the start only.")
    if directive.protected:
        facts.append("Protected: CONFIG SET needs ``enable-protected-configs``.")
    if directive.hidden:
        facts.append("CONFIG GET shows it only by its exact name.")
    if directive.origin != "redis":
        facts.append("From Valkey." if directive.origin == "valkey" else "Our own.")
    return [f"``{directive.name}``", f"    {directive.summary}", "", "    " + " ".join(facts), ""]


def reference_text() -> str:
    """The whole page."""
    lines = [_INTRODUCTION]
    for group in GROUPS:
        lines += [group.title, "-" * len(group.title), ""]
        if group.text:
            lines += [group.text, ""]
        for directive in group.directives:
            if directive.used:
                lines += _entry(directive)
    lines.append(_ACCEPTED)
    for directive in all_directives():
        if not directive.used:
            lines += _entry(directive)
    return "\n".join(lines).rstrip() + "\n"
