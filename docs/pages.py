"""Writes the pages of the reference from the tables they describe: directives, commands, differences.

`python docs/pages.py FOLDER` writes them anywhere; `make docs` does so before it builds.  A page is never edited by
hand, and so never says what is no longer true.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from miniredis.app.assembly import COMMAND_GROUPS
from miniredis.commands.declaration import Command
from miniredis.config.reference import reference_text
from miniredis.dispatch.registry import CommandTable

from oracle.absent import ABSENT, ABSENT_FIELDS
from oracle.differences import DIFFERENCES, REDIS

TITLES = {
    "bitmap": "Bitmaps",
    "cluster": "Cluster",
    "connection": "Connections",
    "generic": "Keys of any type",
    "geo": "Geographic positions",
    "hash": "Hashes",
    "hyperloglog": "HyperLogLog",
    "list": "Lists",
    "module": "Modules",
    "pubsub": "Channels",
    "scripting": "Scripts and functions",
    "sentinel": "Sentinel",
    "server": "The server",
    "set": "Sets",
    "sorted_set": "Sorted sets",
    "stream": "Streams",
    "string": "Strings",
    "transactions": "Transactions",
}


def heading(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def spelled(command: Command) -> str:
    """`CONFIG GET`."""
    return command.full_name.decode().replace("|", " ").upper()


def call_of(command: Command) -> str:
    """How it is written, without the kinds that are noted for COMMAND DOCS."""
    words = []
    for word in command.syntax.split():
        name, colon, kind = word.partition(":")
        is_note = colon and kind.rstrip("]>.") in ("string", "integer", "double")
        words.append(name + kind[len(kind.rstrip("]>.")) :] if is_note else word)
    return " ".join([spelled(command), *words])


def commands_page() -> str:
    table = CommandTable(COMMAND_GROUPS)
    shown = sorted((command for command in table if command.subcommands is None), key=lambda each: each.full_name)
    lines = heading("Commands", "=")
    lines += [
        "Replies are those of redis-server 7.0.15 where it has the command, else those of Valkey 9.1; where they are"
        " not, see :doc:`differences`.  ``COMMAND DOCS`` tells the same to a client.",
        "",
    ]
    by_group = sorted(shown, key=lambda each: TITLES.get(each.group, each.group))
    for group, commands in groupby(by_group, key=lambda each: each.group):
        lines += heading(TITLES.get(group, group), "-")
        for command in commands:
            facts = [f"Since {command.since}.", f"{command.complexity.rstrip('.')}."]
            if command.deprecated:
                since, _, instead = command.deprecated.partition(", ")
                facts.append(f"Deprecated since {since}" + (f": {instead}." if instead else "."))
            lines += [f"``{call_of(command)}``", f"    {command.summary} {' '.join(facts)}", ""]
    return "\n".join(lines).rstrip() + "\n"


def differences_page() -> str:
    lines = heading("Differences", "=")
    lines += [
        "What a client may notice beside redis-server 7.0.15 and Valkey 9.1.  The first list is read by the tests that"
        " compare us with both: a reply that differs and is not in it fails them, and so does an entry that no longer"
        " holds.",
        "",
    ]
    lines += heading("Replies", "-")
    for difference in DIFFERENCES:
        name = "redis-server 7.0.15" if difference.server == REDIS else "Valkey 9.1"
        example = "; ".join(f"``{command}``" for command in difference.example)
        lines += [f"- Beside {name}: {difference.reason}" + (f"  ({example})" if example else ""), ""]
    lines += [
        "- Where a reply within another one would hold more than 1,048,576 members drawn by chance (``SRANDMEMBER key"
        " -1048577`` in a transaction), the count is refused; Redis takes the memory.",
        "",
        "- Memory of large values is given back in slices whatever removed them.  ``FLUSHALL SYNC`` is answered when it"
        " is free, and stops nobody meanwhile.",
        "",
        "- Idle time of keys counts from the last write until an LRU policy is set or ``OBJECT IDLETIME`` is asked.",
        "",
        "- ``used_memory`` is our own count of keys and values while ``maxmemory`` is set, and what the process holds"
        " otherwise.",
        "",
    ]
    lines += heading("Fields of INFO that are not here", "-")
    lines += [f"- ``{name}``: {reason}." for name, reason in ABSENT_FIELDS.items()]
    lines.append("")
    lines += heading("Commands of Valkey 9.1 that are not here", "-")
    there = {command.full_name.decode() for command in CommandTable(COMMAND_GROUPS)}
    for reason, names in ABSENT.items():
        absent = [name for name in names.split() if name not in there]
        if not absent:
            continue
        shown = ", ".join(f"``{name.replace('|', ' ').upper()}``" for name in absent)
        lines += [f"{reason[0].upper()}{reason[1:]}", f"    {shown}", ""]
    return "\n".join(lines).rstrip() + "\n"


def write_pages(folder: Path) -> None:
    """Write every page that has changed."""
    folder.mkdir(exist_ok=True)
    for name, text in pages():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def pages() -> Iterable[tuple[str, str]]:
    yield "directives.rst", reference_text()
    yield "commands.rst", commands_page()
    yield "differences.rst", differences_page()


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
