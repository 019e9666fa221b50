"""Writes what the client knows of the commands: `python docs/client_commands.py` after a declaration has changed.

It makes miniredis/client/table.py (keys, flags and routing of each command) and miniredis/client/methods_*.py (a
typed method for each, documented).  client_signatures.py beside it derives their parameters, client_replies.py says
what they return.  tests/client/test_generated.py says when they are out of date.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from docs.client_replies import KINDS, replies  # noqa: E402
from docs.client_signatures import Parameter, Signature, Underivable, python_name  # noqa: E402
from miniredis.app.assembly import COMMAND_GROUPS  # noqa: E402
from miniredis.commands.declaration import BLOCKING, READONLY, WRITE, Command  # noqa: E402

CLIENT = ROOT / "miniredis" / "client"
#: Which groups stand in which file, so that none gets too long.
FILES = {
    "keys": ["generic", "transactions"],
    "scripting": ["scripting"],
    "strings": ["string", "hyperloglog"],
    "bitmaps": ["bitmap"],
    "geo": ["geo"],
    "geo_radius": ["radius queries of geo"],
    "hashes": ["hash"],
    "hash_expiry": ["expiry of hash"],
    "lists": ["list"],
    "sets": ["set"],
    "sorted_sets": ["sorted_set"],
    "sorted_set_ranges": ["ranges of sorted_set"],
    "sorted_set_algebra": ["algebra of sorted_set"],
    "streams": ["stream"],
    "server": ["server"],
    "containers": ["containers of server"],
    "cluster": ["cluster"],
    "connection": ["connection", "pubsub"],
}


def group_of(command: Command) -> str:
    """The group, with the longest divided."""
    name, group = full_name(command), command.group
    if group == "sorted_set" and ("range" in name or "rank" in name):
        return "ranges of sorted_set"
    if group == "sorted_set" and any(word in name for word in ("union", "inter", "diff")):
        return "algebra of sorted_set"
    if group == "hash" and any(word in name for word in ("expire", "ttl", "persist", "getex", "setex", "getdel")):
        return "expiry of hash"
    if group == "geo" and name.startswith("georadius"):
        return "radius queries of geo"
    if group == "server" and command.container:
        return "containers of server"
    return group


#: They change the connection and not the data: the client has objects for them.
OWN_FORM = {
    "subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe", "multi", "exec", "discard",
    "watch", "unwatch", "monitor", "hello", "auth", "select", "reset", "quit", "sync", "psync", "replconf", "asking",
    "readonly", "readwrite", "client|reply", "client|tracking", "client|caching",
}  # fmt: skip
#: Replies that depend on more than the keys: not kept by client-side caching.
NEVER_CACHED = {"touch", "object", "dump", "scan", "sort_ro", "eval_ro", "evalsha_ro", "fcall_ro", "pfcount"}


def commands() -> list[Command]:
    found = [command for group in COMMAND_GROUPS for command in group.commands]
    return sorted(found, key=lambda command: command.full_name)


def full_name(command: Command) -> str:
    return command.full_name.decode()


def policy(command: Command, kind: str) -> str:
    for tip in command.tips:
        if tip.startswith(kind + "_policy:"):
            return str(tip.partition(":")[2])
    return "-"


def is_cacheable(command: Command) -> bool:
    name = full_name(command)
    return bool(
        command.flags & READONLY
        and not command.flags & BLOCKING
        and command.keys.startswith("index:1>range:")
        and ";" not in command.keys
        and "nondeterministic_output" not in command.tips
        and command.group not in ("stream", "generic")
        and name.partition("|")[0] not in NEVER_CACHED
    )


def table_text() -> str:
    rows = []
    for command in commands():
        letters = "".join(
            letter
            for letter, holds in (
                ("r", command.flags & READONLY),
                ("w", command.flags & WRITE),
                ("b", command.flags & BLOCKING),
                ("c", is_cacheable(command)),
                ("o", full_name(command) in OWN_FORM),
            )
            if holds
        )
        keys = ";".join(part.partition("[")[0].strip() for part in command.keys.split(";")) or "-"
        row = [full_name(command), letters or "-", keys, policy(command, "request"), policy(command, "response")]
        if row[1:] != ["-", "-", "-", "-"]:
            rows.append(" ".join(row))
    return (
        '"""Facts about commands, written by docs/client_commands.py from their declarations.  Do not edit.\n\n'
        "A line: the name; r reads, w writes, b blocks, c may be cached, o has a form of its own in the client;\n"
        'where its keys are; which nodes of a cluster get it; how their replies become one.\n"""\n\n'
        "from __future__ import annotations\n\nfrom typing import Final\n\n"
        'FACTS: Final = """\n' + "\n".join(rows) + '\n"""  # noqa: E501\n'
    )


def method_name(command: Command) -> str:
    return python_name(full_name(command).replace("|", "_"))


def is_told_by_node(command: Command) -> bool:
    """Whether a cluster answers with what each of its nodes says."""
    return policy(command, "request") in ("all_shards", "all_nodes") and policy(command, "response") == "special"


def signature(parameters: list[Parameter], given: dict[str, bool]) -> str:
    """The parameters of a method, those of `given` declared as there or as not there."""
    declared = [(p, p.declared(given.get(p.name))) for p in parameters if p.name]
    by_position = [text for p, text in declared if not p.by_name and not p.default]
    by_position += [text for p, text in declared if not p.by_name and p.default]
    by_name = [text for p, text in declared if p.by_name]
    if by_name and not any(text.startswith("*") for text in by_position):
        by_name.insert(0, "*")
    return ", ".join(["self", *by_position, *by_name])


class Method:
    """One typed method; `by_node`: it returns the replies of all nodes."""

    def __init__(self, command: Command, by_node: bool = False) -> None:
        self.command = command
        self.by_node = by_node
        try:
            self.parameters = Signature(full_name(command), command.syntax).parameters
        except Underivable:
            self.parameters = [Parameter("arguments", "Value", ["words += arguments"], star=True)]
        *exceptional, (_, self.kind) = replies()[full_name(command)]
        names = {parameter.name for parameter in self.parameters}
        for argument, _ in exceptional:
            if argument not in names:
                raise ValueError(f"{full_name(command)} has no argument {argument!r}")
        self.exceptional = exceptional

    def type_of(self, kind: str) -> str:
        found = KINDS[kind][0]
        return f"dict[str, {found}]" if self.by_node else found

    def shape_of(self, kind: str) -> str:
        """The arguments of a call: how the reply is made what it should be."""
        shape = KINDS[kind][1]
        if not shape:
            return "self.execute("
        made = f"shapes.each_node(shapes.{shape})" if self.by_node else f"shapes.{shape}"
        return f"self.execute_as({made}, "

    def overloads(self) -> list[str]:
        """One for each argument that changes the reply, one for none of them, one for a flag known at run time only."""
        name = method_name(self.command)
        given: dict[str, bool] = {}
        out = []
        for argument, kind in self.exceptional:
            declared = signature(self.parameters, {**given, argument: True})
            out.append(f"    def {name}({declared}) -> Deferred[{self.type_of(kind)}]: ...")
            given[argument] = False
        out.append(f"    def {name}({signature(self.parameters, given)}) -> Deferred[{self.type_of(self.kind)}]: ...")
        if any(parameter.kind == "bool" and parameter.name in given for parameter in self.parameters):
            out.append(f"    def {name}({signature(self.parameters, {})}) -> Deferred[Any]: ...")
        return [line for overload in out for line in ("    @overload", overload)]

    def documentation(self) -> list[str]:
        command = self.command
        docs = f"{' '.join(full_name(command).upper().split('|'))} {command.syntax}".strip()
        complexity = command.complexity.rstrip(".")
        more = f"{command.summary}  Since {command.since}{'; ' if complexity else ''}{complexity}."
        if command.deprecated:
            more += f"  Deprecated: {command.deprecated}."
        return [
            *textwrap.wrap(
                docs, 110, initial_indent='        """', subsequent_indent="            ", break_long_words=False
            ),
            "",
            *textwrap.wrap(more, 110, initial_indent="        ", subsequent_indent="        "),
            '        """',
        ]

    def body(self) -> list[str]:
        start = ", ".join(f'"{part}"' for part in full_name(self.command).upper().split("|"))
        simple = [p.statements[0] if len(p.statements) == 1 else "" for p in self.parameters]
        if not self.exceptional and all(statement.startswith("words +") for statement in simple):
            inline = []
            for statement in simple:
                added = statement.removeprefix("words += ")
                inline.append(added[1:-1] if added.startswith("[") else f"*{added}")
            return [f"        return {self.shape_of(self.kind)}{', '.join([start, *inline])})"]
        out = [f"        words: list[Any] = [{start}]"]
        out += ["        " + statement for parameter in self.parameters for statement in parameter.statements]
        by_name = {parameter.name: parameter for parameter in self.parameters}
        usual = f"return {self.shape_of(self.kind)}*words)"
        returns: list[tuple[list[str], str]] = []
        for argument, kind in self.exceptional:
            special = f"return {self.shape_of(kind)}*words)"
            if returns and returns[-1][1] == special:
                returns[-1][0].append(by_name[argument].is_given())
            elif special != usual or (argument, kind) != self.exceptional[-1]:
                returns.append(([by_name[argument].is_given()], special))
        for conditions, special in returns:
            out += [f"        if {' or '.join(conditions)}:", f"            {special}"]
        return [*out, f"        {usual}"]

    def text(self) -> str:
        result = "Any" if self.exceptional else self.type_of(self.kind)
        declared = signature(self.parameters, {})
        return "\n".join(
            [
                *(self.overloads() if self.exceptional else []),
                f"    def {method_name(self.command)}({declared}) -> Deferred[{result}]:",
                *self.documentation(),
                *self.body(),
                "",
            ]
        )


def methods_text(about: str, name: str, methods: list[Method]) -> str:
    body = "\n".join(method.text() for method in methods)
    imports = [word for word in ("Mapping", "Sequence") if f"{word}[" in body]
    collections = f"from collections.abc import {', '.join(imports)}\n" if imports else ""
    typing = [word for word in ("Any", "Literal", "overload") if re.search(rf"\b{word}\b", body)]
    values = [word for word in ("Value", "Values", "many(") if re.search(rf"\b{re.escape(word)}", body)]
    return (
        f'"""Typed methods for commands ({about}), written by docs/client_commands.py.  Do not edit."""\n\n'
        f"from __future__ import annotations\n\n{collections}"
        + (f"from typing import {', '.join(typing)}\n" if typing else "")
        + "\nfrom twisted.internet.defer import Deferred\n\n"
        + ("from miniredis.client import shapes\n" if "shapes." in body else "")
        + "from miniredis.client.shapes import Caller, T\n"
        + (f"from miniredis.client.values import {', '.join(values).rstrip('(')}\n" if values else "")
        + f'\n\nclass {class_name(name)}(Caller[T]):\n    """Commands about {about}."""\n\n'
        + body
    )


def class_name(name: str) -> str:
    return "".join(part.title() for part in name.split("_")) + "Methods"


def all_text() -> str:
    names = list(FILES)
    imports = "\n".join(f"from miniredis.client.methods_{name} import {class_name(name)}" for name in sorted(names))
    bases = ",\n    ".join(f"{class_name(name)}[T]" for name in names)
    return (
        '"""All typed methods, written by docs/client_commands.py.  Do not edit.\n\n'
        "OneNodeMethods and AllNodesMethods have those that a cluster answers with the replies of all its nodes.\n"
        f'"""\n\nfrom __future__ import annotations\n\n{imports}\nfrom miniredis.client.shapes import T\n\n\n'
        f'class Methods(\n    {bases},\n):\n    """A method for every command that every client answers alike."""\n'
    )


def is_container(command: Command) -> bool:
    prefix = command.name + b"|"
    return any(each.full_name.startswith(prefix) for each in commands())


def texts() -> dict[Path, str]:
    """Every generated file and what it should hold, before it is formatted."""
    found = {CLIENT / "table.py": table_text(), CLIENT / "methods.py": all_text()}
    chosen = [
        command
        for command in commands()
        if full_name(command) not in OWN_FORM and not (command.code is None and is_container(command))
    ]
    for name, groups in FILES.items():
        methods = [Method(each) for each in chosen if group_of(each) in groups and not is_told_by_node(each)]
        found[CLIENT / f"methods_{name}.py"] = methods_text(", ".join(groups), name, methods)
    told = [each for each in chosen if is_told_by_node(each)]
    one = methods_text("the node that is asked", "one_node", [Method(each) for each in told])
    every = methods_text("each node of a cluster", "all_nodes", [Method(each, by_node=True) for each in told])
    return {**found, CLIENT / "methods_one_node.py": one, CLIENT / "methods_all_nodes.py": every}


def main() -> None:
    import subprocess

    for path, text in texts().items():
        path.write_text(text)
    subprocess.run(["ruff", "format", *map(str, texts())], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
