"""Writes what the client knows of the commands: `python docs/client_commands.py` after a declaration has changed.

It makes miniredis/client/table.py (keys, flags and routing of each command) and miniredis/client/methods_*.py (a
typed method for each, documented).  tests/client/test_generated.py says when they are out of date.
"""

from __future__ import annotations

import keyword
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from miniredis.app.assembly import COMMAND_GROUPS  # noqa: E402
from miniredis.commands.declaration import BLOCKING, READONLY, WRITE, Command  # noqa: E402
from miniredis.commands.syntax import Argument, parse_syntax  # noqa: E402

CLIENT = ROOT / "miniredis" / "client"
#: Which groups stand in which file, so that none gets too long.
FILES = {
    "keys": ["generic", "transactions"],
    "scripting": ["scripting"],
    "strings": ["string", "bitmap", "hyperloglog"],
    "geo": ["geo"],
    "hashes": ["hash"],
    "lists": ["list", "set"],
    "sorted_sets": ["sorted_set"],
    "sorted_set_ranges": ["ranges of sorted_set"],
    "streams": ["stream"],
    "server": ["server"],
    "containers": ["containers of server"],
    "cluster": ["cluster"],
    "connection": ["connection", "pubsub"],
}


def group_of(command: Command) -> str:
    """The group, with the two longest divided."""
    if command.group == "sorted_set" and (b"range" in command.name or b"rank" in command.name):
        return "ranges of sorted_set"
    if command.group == "server" and command.container:
        return "containers of server"
    return command.group


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
            return tip.partition(":")[2]
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


class Parameter:
    """One parameter of a method, and the statements that put it among the words."""

    def __init__(self, declaration: str, statements: list[str], *, by_name: bool = False) -> None:
        self.declaration = declaration
        self.statements = statements
        self.by_name = by_name


class Underivable(Exception):
    """A syntax that no Python signature says well: the method takes the words as they are."""


def python_name(name: str) -> str:
    clean = "".join(letter if letter.isalnum() else "_" for letter in name.lower()).strip("_")
    clean = f"n{clean}" if clean[:1].isdigit() else clean
    return clean + "_" if keyword.iskeyword(clean) or clean in ("self", "words", "type", "execute") else clean


def python_type(argument: Argument) -> str:
    if argument.kind in ("integer", "unix-time"):
        return "int"
    return "float | str" if argument.kind == "double" else "Value"


def leaf_words(argument: Argument) -> list[str]:
    return [f'"{argument.token}"'] if argument.token else []


def is_leaf(argument: Argument) -> bool:
    return argument.kind not in ("oneof", "block", "pure-token")


class Signature:
    """The parameters of a method, derived from the arguments of a command."""

    def __init__(self, command: Command) -> None:
        self.parameters: list[Parameter] = []
        self._names: set[str] = set()
        arguments = parse_syntax(command.syntax) if command.syntax else []
        at = 0
        while at < len(arguments):
            following = arguments[at + 1] if at + 1 < len(arguments) else None
            at += self._add(arguments[at], following, at + 1 == len(arguments), arguments[at + 2 :])

    def _name(self, name: str) -> str:
        found = python_name(name)
        if not found or found in self._names:
            raise Underivable(name)
        self._names.add(found)
        return found

    def _add(self, argument: Argument, following: Argument | None, last: bool, rest: list[Argument]) -> int:
        if is_leaf(argument) and argument.name.startswith("num") and following is not None and following.multiple:
            if not is_leaf(following) or argument.token:
                raise Underivable(argument.name)
            name = self._name(following.name + "s")
            statements = [f"{name} = many({name})", f"words += [len({name}), *{name}]"]
            if following.optional:  # the number is needed in any case
                self.parameters.append(Parameter(f"{name}: Values = ()", statements, by_name=False))
            else:
                self._put(name, "Values", statements, False)
            return 2
        if argument.optional:
            self._add_option(argument)
        elif argument.kind == "oneof":
            self._add_choice(argument)
        elif argument.kind == "pure-token":
            self._extend([f'words.append("{argument.token}")'])
        elif argument.kind == "block":
            self._add_block(argument)
        elif argument.multiple:
            self._add_many(argument, last)
        else:
            name = self._name(argument.name)
            head = ", ".join([*leaf_words(argument), name])
            self._put(name, python_type(argument), [f"words += [{head}]"], False)
        return 1

    def _extend(self, statements: list[str]) -> None:
        self.parameters.append(Parameter("", statements, by_name=True))

    def _put(self, name: str, kind: str, statements: list[str], optional: bool) -> None:
        if optional:
            self.parameters.append(
                Parameter(
                    f"{name}: {kind} | None = None", [f"if {name} is not None:", *indent(statements)], by_name=True
                )
            )
        else:
            self.parameters.append(Parameter(f"{name}: {kind}", statements))

    def _add_many(self, argument: Argument, last: bool) -> None:
        name = self._name(argument.name if argument.name.endswith("s") else argument.name + "s")
        if argument.token:
            if argument.repeats_token:
                statements = [f"for each in many({name}):", f'    words += ["{argument.token}", each]']
            else:
                statements = [f'words += ["{argument.token}", *many({name})]']
            self._put(name, "Values", statements, argument.optional)
        elif last:
            self.parameters.append(Parameter(f"*{name}: {python_type(argument)}", [f"words += {name}"]))
        else:
            self._put(name, "Values", [f"words += many({name})"], argument.optional)

    def _add_option(self, argument: Argument) -> None:
        if argument.kind == "pure-token":
            self._flag(argument)
        elif argument.kind == "oneof":
            self._add_choice(argument)
        elif argument.kind == "block":
            self._add_block(argument)
        elif argument.multiple:
            self._add_many(argument, not argument.token)
        else:
            name = self._name(argument.token or argument.name)
            head = ", ".join([*leaf_words(argument), name])
            self._put(name, python_type(argument), [f"words += [{head}]"], True)

    def _flag(self, argument: Argument) -> None:
        name = self._name(argument.token if argument.token[0].isalnum() else argument.name)
        self.parameters.append(
            Parameter(f"{name}: bool = False", [f"if {name}:", f'    words.append("{argument.token}")'], by_name=True)
        )

    def _add_choice(self, argument: Argument) -> None:
        if argument.multiple:
            raise Underivable(argument.name)
        if argument.token and all(part.kind == "pure-token" for part in argument.parts):
            # AGGREGATE <SUM | MIN | MAX>
            name = self._name(argument.token)
            tokens = ", ".join(f'"{part.token}"' for part in argument.parts)
            self._put(name, f"Literal[{tokens}]", [f'words += ["{argument.token}", {name}]'], argument.optional)
            return
        if argument.token:
            raise Underivable(argument.name)
        if not argument.optional and all(part.kind == "pure-token" for part in argument.parts):
            sides = argument.name in ("left", "right", "before")
            name = self._name(("to_side" if "side" in self._names else "side") if sides else "choice_" + argument.name)
            tokens = ", ".join(f'"{part.token}"' for part in argument.parts)
            self._put(name, f"Literal[{tokens}]", [f"words.append({name})"], False)
            return
        if not argument.optional:
            # <id | $>: any word may stand here; of <LIB-NAME x | LIB-VER y> one must, which no signature says.
            values = [part for part in argument.parts if is_leaf(part) and not part.token]
            if len(values) != 1 or len(values) + sum(p.kind == "pure-token" for p in argument.parts) < 2:
                raise Underivable(argument.name)
            if any(part.kind != "pure-token" and part is not values[0] for part in argument.parts):
                raise Underivable(argument.name)
            name = self._name(values[0].name)
            self._put(name, "Value", [f"words += [{name}]"], False)
            return
        for part in argument.parts:
            part.optional = True
            self._add_option(part)

    def _add_block(self, argument: Argument) -> None:
        """key value [key value ...] as a mapping or pairs; LIMIT offset count as a tuple; anything else is too much."""
        first, second = argument.parts[0], argument.parts[1]
        if argument.token and len(argument.parts) == 2 and first.name.startswith("num") and second.multiple:
            # FIELDS numfields field [field ...]
            if not is_leaf(second):
                raise Underivable(argument.name)
            name = self._name(second.name + "s")
            self._put(
                name,
                "Values",
                [f"{name} = many({name})", f'words += ["{argument.token}", len({name}), *{name}]'],
                argument.optional,
            )
            return
        leaves = [part for part in argument.parts if is_leaf(part) and not part.token and not part.optional]
        if len(leaves) != len(argument.parts) or any(part.multiple for part in leaves):
            raise Underivable(argument.name)
        if argument.multiple:
            if argument.optional or argument.token:
                raise Underivable(argument.name)
            if len(leaves) == 2 and leaves[0].kind != "double":
                name = self._name("mapping")
                statements = [f"for pair in {name}.items():", "    words += pair"]
                self._put(name, "Mapping[Any, Value]", statements, False)
            else:
                name = self._name("rows")
                self._put(name, "Sequence[Sequence[Value]]", [f"for row in {name}:", "    words += row"], False)
            return
        if not argument.token:
            raise Underivable(argument.name)
        name = self._name(argument.token)
        kinds = ", ".join(python_type(part) for part in leaves)
        self._put(name, f"tuple[{kinds}]", [f'words += ["{argument.token}", *{name}]'], argument.optional)


def indent(statements: list[str]) -> list[str]:
    return ["    " + statement for statement in statements]


def method_name(command: Command) -> str:
    return python_name(full_name(command).replace("|", "_"))


def method_text(command: Command) -> str:
    parts = full_name(command).upper().split("|")
    start = ", ".join(f'"{part}"' for part in parts)
    try:
        parameters = Signature(command).parameters
    except Underivable:
        parameters = [Parameter("*arguments: Value", ["words += arguments"])]
    by_position = [p.declaration for p in parameters if p.declaration and not p.by_name]
    by_name = [p.declaration for p in parameters if p.declaration and p.by_name]
    declared = ["self", *by_position]
    if by_name:
        declared += ([] if by_position and by_position[-1].startswith("*") else ["*"]) + by_name
    docs = f"{' '.join(parts)} {command.syntax}".strip()
    more = f"{command.summary}  Since {command.since}; {command.complexity.rstrip('.')}."
    if command.deprecated:
        more += f"  Deprecated: {command.deprecated}."
    out = [f"    def {method_name(command)}({', '.join(declared)}) -> Deferred[Any]:"]
    out += textwrap.wrap(
        docs, 110, initial_indent='        """', subsequent_indent="            ", break_long_words=False
    )
    out.append("")
    out += textwrap.wrap(more, 110, initial_indent="        ", subsequent_indent="        ")
    out.append('        """')
    simple = [p.statements[0] for p in parameters]
    if all(len(p.statements) == 1 and s.startswith("words +") for p, s in zip(parameters, simple, strict=True)):
        inline = []
        for statement in simple:
            added = statement.removeprefix("words += ")
            inline.append(added[1:-1] if added.startswith("[") else f"*{added}")
        out.append(f"        return self.execute({', '.join([start, *inline])})")
    else:
        out.append(f"        words: list[Any] = [{start}]")
        out += ["        " + statement for parameter in parameters for statement in parameter.statements]
        out.append("        return self.execute(*words)")
    return "\n".join(out) + "\n"


def methods_text(name: str, groups: list[str]) -> str:
    chosen = [
        command
        for command in commands()
        if group_of(command) in groups
        and full_name(command) not in OWN_FORM
        and not (command.code is None and is_container(command))
    ]
    body = "\n".join(method_text(command) for command in chosen)
    imports = [word for word in ("Mapping", "Sequence") if f"{word}[" in body]
    collections = f"from collections.abc import {', '.join(imports)}\n" if imports else ""
    marks = {"Values": ": Values", "many": "many("}
    values = ["Value", *(word for word, mark in marks.items() if mark in body)]
    typing = "Any, Literal" if "Literal[" in body else "Any"
    return (
        f'"""Typed methods for commands ({", ".join(groups)}), written by docs/client_commands.py.  Do not edit."""\n\n'
        f"from __future__ import annotations\n\n{collections}from typing import {typing}\n\n"
        f"from twisted.internet.defer import Deferred\n\nfrom miniredis.client.values import {', '.join(values)}\n\n\n"
        f"class {class_name(name)}:\n"
        f'    """Commands about {", ".join(groups)}."""\n\n'
        "    def execute(self, *words: Value) -> Deferred[Any]:\n"
        "        raise NotImplementedError\n\n" + body
    )


def class_name(name: str) -> str:
    return "".join(part.title() for part in name.split("_")) + "Methods"


def all_text() -> str:
    names = list(FILES)
    imports = "\n".join(f"from miniredis.client.methods_{name} import {class_name(name)}" for name in sorted(names))
    bases = ",\n    ".join(class_name(name) for name in names)
    return (
        '"""All typed methods, written by docs/client_commands.py.  Do not edit."""\n\n'
        f"from __future__ import annotations\n\n{imports}\n\n\n"
        f'class Methods(\n    {bases},\n):\n    """A method for every command."""\n'
    )


def is_container(command: Command) -> bool:
    prefix = command.name + b"|"
    return any(each.full_name.startswith(prefix) for each in commands())


def texts() -> dict[Path, str]:
    """Every generated file and what it should hold, before it is formatted."""
    found = {CLIENT / "table.py": table_text(), CLIENT / "methods.py": all_text()}
    for name, groups in FILES.items():
        found[CLIENT / f"methods_{name}.py"] = methods_text(name, groups)
    return found


def main() -> None:
    import subprocess

    for path, text in texts().items():
        path.write_text(text)
    subprocess.run(["ruff", "format", *map(str, texts())], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
