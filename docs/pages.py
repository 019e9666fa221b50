"""Writes the pages of the reference from what they describe: directives, commands, differences, gaps, machines, news.

`python docs/pages.py FOLDER` writes them anywhere; `make docs` does so before it builds.  A page is never edited by
hand, and so never says what is no longer true.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from docs.package_diagram import drawing
from miniredis import __version__
from miniredis.app.assembly import COMMAND_GROUPS, sentinel_groups
from miniredis.commands.declaration import Command
from miniredis.config.directives import all_directives
from miniredis.config.directives import by_name as directives_by_name
from miniredis.config.reference import DIFFERENT_DEFAULTS, reference_text
from miniredis.dispatch.registry import CommandTable

from oracle.differences import DIFFERENCES, REDIS, Difference
from oracle.gaps import ABSENT, ABSENT_FIELDS, DIFFERENT, DIFFERENT_DIRECTIVES, NOT_IMPLEMENTED, WITHOUT_EFFECT, by_name
from oracle.peers import FILE_DIRECTIVES, REDIS_DIRECTIVES, VALKEY_COMMANDS, VALKEY_DIRECTIVES

ROOT = Path(__file__).resolve().parents[1]
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
    shown = [command for _, command in sorted(commands_there().items()) if command.subcommands is None]
    differences = {name: text for name, state, text in command_rows() if state == DIFFERS}
    lines = heading("Commands", "=")
    lines += [
        "Replies are those of redis-server 7.0.15 where it has the command, else those of Valkey 9.1; where they are"
        " not, it says so; :doc:`compatibility` has all of that in one table.  ``COMMAND DOCS`` tells a client what is"
        " told here.",
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
            if command.full_name.decode() in differences:
                lines += [f"    *Differs*: {differences[command.full_name.decode()]}", ""]
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
    return "\n".join(lines).rstrip() + "\n"


SAME, DIFFERS, MISSING = "same", "differs", "absent"
#: (name, state, how or why)
Row = tuple[str, str, str]


def commands_there() -> dict[str, Command]:
    """Every command of a server and of a sentinel."""
    tables = [CommandTable(COMMAND_GROUPS), CommandTable(sentinel_groups())]
    return {command.full_name.decode(): command for table in tables for command in table}


def command_shown(difference: Difference) -> str:
    """The command whose reply differs: the last one of the example, or the first words of the pattern."""
    written = difference.example[-1].encode() if difference.example else re.split(rb"[^A-Z ]", difference.command)[0]
    return CommandTable(COMMAND_GROUPS).find(written.lower().split()).full_name.decode()


def command_rows() -> list[Row]:
    """A row for each command of Valkey 9.1."""
    there, different, absent = commands_there(), by_name(DIFFERENT), by_name(ABSENT)
    replies: dict[str, list[str]] = {}
    for difference in DIFFERENCES:
        name = "redis-server 7.0" if difference.server == REDIS else "Valkey"
        replies.setdefault(command_shown(difference), []).append(f"Beside {name}: {difference.reason}")
    rows = []
    for name in VALKEY_COMMANDS.split():
        texts = [*([different[name]] if name in different else []), *replies.get(name, [])]
        if name not in there:
            rows.append((name, MISSING, absent[name]))
        else:
            rows.append((name, DIFFERS if texts else SAME, "  ".join(texts)))
    return rows


def directive_rows() -> list[Row]:
    """A row for each directive of Valkey 9.1 and of Redis, their other names included."""
    named = directives_by_name(all_directives())
    without_effect = by_name(WITHOUT_EFFECT | NOT_IMPLEMENTED)
    different = by_name(DIFFERENT_DIRECTIVES)
    theirs = {*VALKEY_DIRECTIVES.split(), *REDIS_DIRECTIVES.split(), *FILE_DIRECTIVES.split()}
    theirs |= {name for name, directive in named.items() if directive.origin != "miniredis"}
    rows = []
    for name in sorted(theirs):
        directive = named.get(name)
        if directive is None:
            rows.append((name, MISSING, ""))
            continue
        texts = []
        if directive.name in without_effect:
            texts.append(f"Taken without effect.  {without_effect[directive.name]}")
        if directive.name in different:
            texts.append(different[directive.name])
        if directive.name in DIFFERENT_DEFAULTS:
            default = directive.kind.render(directive.default).decode()
            texts.append(f"The default is ``{default}``.  {DIFFERENT_DEFAULTS[directive.name]}")
        if name != directive.name:
            texts.insert(0, f"Another name of ``{directive.name}``.")
        is_same = directive.name not in {*without_effect, *different, *DIFFERENT_DEFAULTS}
        rows.append((name, SAME if is_same else DIFFERS, "  ".join(texts)))
    return rows


def table_of(rows: list[Row], title: str, shown: Callable[[str], str]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 30 10 60", ""]
    for row in ((title, "state", "how, or why"), *((f"``{shown(name)}``", *rest) for name, *rest in rows)):
        lines += [f"   * - {row[0]}", *(f"     - {cell}".rstrip() for cell in row[1:])]
    return [*lines, ""]


def told_of(name: str, idle: dict[str, str]) -> str:
    """What is said of a directive that has no effect."""
    return f"Without effect so far: {idle[name]}" if name in idle else ""


def compatibility_page() -> str:
    commands, directives = command_rows(), directive_rows()

    def count(rows: list[Row]) -> str:
        return ", ".join(f"{sum(row[1] == state for row in rows)} {state}" for state in (SAME, DIFFERS, MISSING))

    own = [directive for directive in all_directives() if directive.origin == "miniredis"]
    lines = heading("What is not the same", "=")
    lines += [
        "Every command of Valkey 9.1, subcommands included, and every directive of Valkey 9.1 and of Redis up to 7.2,"
        " with its state.  *Same* means: replies, errors and effects are those of redis-server 7.0.15 where it has it,"
        " else Valkey's, as far as the tests that send the same bytes to both can tell.  *Differs* says how, *absent*"
        " why.  Single replies that differ are in :doc:`differences`.",
        "",
        f"Commands: {count(commands)}.  Directives: {count(directives)}, {len(own)} of our own.",
        "",
    ]
    lines += heading("Beside commands and directives", "-")
    lines += [f"- {text}\n" for text in BESIDE]
    lines += heading("Commands", "-")
    lines += table_of(commands, "command", lambda name: name.replace("|", " ").upper())
    lines += heading("Directives", "-")
    lines += table_of(directives, "directive", str)
    lines += heading("Fields of INFO that are not here", "-")
    lines += [f"- ``{name}``: {reason}." for name, reason in ABSENT_FIELDS.items()]
    lines.append("")
    lines += heading("Directives of our own", "-")
    idle = by_name(NOT_IMPLEMENTED)
    rows = [
        (each.name, "idle" if each.name in idle else "own", f"{each.summary}  {told_of(each.name, idle)}".rstrip())
        for each in own
    ]
    lines += table_of(rows, "directive", str)
    return "\n".join(lines).rstrip() + "\n"


#: What no command and no directive tells.
BESIDE = (
    "Nodes of miniredis and of Redis cannot be in one cluster.  Replication, sentinels, clients, ``redis-cli`` and"
    " files on disk work across.",
    "Modules are Python; those of Redis cannot be loaded.  Of JSON, Bloom and cuckoo filters, time series and rate"
    " limiting, which come along, :doc:`../modules` says what is left out.  There is no search.",
    "Memory: about a third more than redis-server for small values.  Speed: :doc:`../performance`.",
    "``io_uring``, RDMA, threads: none.  Windows: the package installs, the server has not been made to run there.",
    "The log's lines have Redis's form and mostly its words, not all of them.",
)


def machine_diagrams() -> list[tuple[str, str, str]]:
    """(module, what it is, diagram) for every state machine that has its diagram at the head of its file."""
    found = []
    for path in sorted((ROOT / "miniredis").rglob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        blocks = re.findall(r"(?:^    .*\n?|^\n)+", text, re.MULTILINE)
        drawn = [block for block in blocks if re.search(r"-->|──|◀|<--|─▶", block)]
        if drawn:
            diagram = "\n".join(textwrap.dedent(block).strip("\n") for block in drawn)
            found.append((str(path.relative_to(ROOT)), text.split("\n", 1)[0], diagram))
    return found


def machines_page() -> str:
    lines = heading("State machines", "=")
    lines += [
        "Each stands at the head of the file that it describes, and is shown here as it stands there.",
        "",
    ]
    for module, summary, diagram in machine_diagrams():
        lines += heading(module, "-")
        lines += [summary.replace("*", "\\*"), "", ".. code-block:: text", ""]
        lines += [f"    {line}".rstrip() for line in diagram.split("\n")]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def news_page() -> str:
    """What is released, from NEWS.rst, and above it what waits in newsfragments."""
    lines = heading("Changes", "=")
    kinds = (("feature", "Features"), ("bugfix", "Bugfixes"), ("doc", "Documentation"), ("removal", "Removals"))
    fragments = ROOT / "newsfragments"
    lines += heading(f"After the last release (this is {__version__})", "-")
    for kind, title in kinds:
        texts = [path.read_text().strip() for path in sorted(fragments.glob(f"*.{kind}.rst"))]
        if texts:
            lines += heading(title, "~")
            lines += ["- " + "\n  ".join(text.split("\n")) + "\n" for text in texts]
    released = ROOT / "NEWS.rst"
    if released.exists():
        lines.append(re.sub(r"^=+$", lambda line: "-" * len(line.group()), released.read_text(), flags=re.MULTILINE))
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
    yield "compatibility.rst", compatibility_page()
    yield "machines.rst", machines_page()
    yield "news.rst", news_page()
    yield "packages.svg", drawing(ROOT / "miniredis")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
