"""The parameters of the client's typed methods, derived from the arguments that commands declare."""

from __future__ import annotations

import keyword
from typing import Final

from miniredis.commands.syntax import Argument, parse_syntax

#: Where the declared line says less than a signature can, or says it in a way that has no signature.
SYNTAX: Final = {
    "bitpos": "key wanted:integer [start [end [BYTE | BIT]]]",
    "client|kill": "[address] [ID client-id [client-id ...]] [TYPE type] [USER username] [ADDR ip:port] [LADDR ip:port]"
    " [SKIPME <YES | NO>] [MAXAGE maxage]",
    "client|list": "[TYPE type] [ID client-id [client-id ...]]",
    "clusterscan": "cursor:string [MATCH pattern] [COUNT count] [TYPE type] [SLOT slot]",
    "cluster|migrateslots": "SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE node-id",
    "cluster|setslot": "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE> [TIMEOUT timeout]",
    "cluster|slot-stats": "[SLOTSRANGE start-slot end-slot] [ORDERBY metric] [LIMIT limit] [ASC | DESC]",
    "xinfo|stream": "key [FULL] [COUNT count]",
    "migrate": "host port key destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password]"
    " [KEYS key [key ...]]",
}

#: What a choice between words is about, by the first of them.
CHOICES: Final = {
    "and": "operation",
    "getreg": "action",
    "m": "unit",
    "min": "which",
    "on": "switch",
    "slow": "kind",
    "yes": "mode",
}


class Parameter:
    """One parameter of a method, and the statements that put it among the words; without a name, statements alone."""

    def __init__(
        self,
        name: str,
        kind: str,
        statements: list[str],
        *,
        default: str = "",
        by_name: bool = False,
        star: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.statements = statements
        self.default = default
        self.by_name = by_name
        self.star = star

    def declared(self, given: bool | None = None) -> str:
        """As it stands in a signature; `given` says that it must be there, or must not."""
        if self.star:
            return f"*{self.name}: {self.kind}"
        if given is None:
            return f"{self.name}: {self.kind}" + (f" = {self.default}" if self.default else "")
        if given:
            return f"{self.name}: " + ("Literal[True]" if self.kind == "bool" else self.kind.removesuffix(" | None"))
        return f"{self.name}: " + ("Literal[False] = False" if self.kind == "bool" else "None = None")

    def is_given(self) -> str:
        """The condition that a caller has given it."""
        return self.name if self.kind == "bool" else f"{self.name} is not None"


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

    def __init__(self, name: str, declared: str) -> None:
        self.parameters: list[Parameter] = []
        self._names: set[str] = set()
        if name in BY_HAND:
            self.parameters = BY_HAND[name]
            return
        syntax = SYNTAX.get(name, declared)
        arguments = parse_syntax(syntax) if syntax else []
        at = 0
        while at < len(arguments):
            following = arguments[at + 1] if at + 1 < len(arguments) else None
            at += self._add(arguments[at], following, at + 1 == len(arguments))

    def _name(self, name: str) -> str:
        found = python_name(name)
        if not found or found in self._names:
            raise Underivable(name)
        self._names.add(found)
        return found

    def _put(self, name: str, kind: str, statements: list[str], optional: bool) -> None:
        if optional:
            guarded = [f"if {name} is not None:", *indent(statements)]
            self.parameters.append(Parameter(name, f"{kind} | None", guarded, default="None", by_name=True))
        else:
            self.parameters.append(Parameter(name, kind, statements))

    def _put_words(self, statements: list[str]) -> None:
        self.parameters.append(Parameter("", "", statements, by_name=True))

    def _add(self, argument: Argument, following: Argument | None, last: bool) -> int:
        """Parameters for one argument, or for it and the one that follows; how many that were."""
        if is_leaf(argument) and argument.name.startswith("num") and following is not None and following.multiple:
            if argument.token:
                raise Underivable(argument.name)
            if following.kind == "block":
                self._put_counted_mapping("", False)
                return 2
            if not is_leaf(following):
                raise Underivable(argument.name)
            name = self._name(following.name + "s")
            statements = [f"{name} = many({name})", f"words += [len({name}), *{name}]"]
            # The number is needed in any case.
            default = "()" if following.optional else ""
            self.parameters.append(Parameter(name, "Values", statements, default=default))
            return 2
        if argument.optional:
            self._add_option(argument)
        elif argument.kind == "oneof":
            self._add_choice(argument)
        elif argument.kind == "pure-token":
            self._put_words([f'words.append("{argument.token}")'])
        elif argument.kind == "block":
            self._add_block(argument)
        elif argument.multiple:
            self._add_many(argument, last)
        else:
            name = self._name(argument.name)
            head = ", ".join([*leaf_words(argument), name])
            self._put(name, python_type(argument), [f"words += [{head}]"], False)
        return 1

    def _put_counted_mapping(self, token: str, optional: bool) -> None:
        """FIELDS numfields field value [field value ...]"""
        name = self._name("mapping")
        head = f'"{token}", ' if token else ""
        statements = [f"words += [{head}len({name})]", f"for pair in {name}.items():", "    words += pair"]
        self._put(name, "Mapping[Any, Value]", statements, optional)

    def _add_many(self, argument: Argument, last: bool) -> None:
        name = self._name(argument.name if argument.name.endswith("s") else argument.name + "s")
        if argument.token:
            if argument.repeats_token:
                statements = [f"for each in many({name}):", f'    words += ["{argument.token}", each]']
            else:
                statements = [f'words += ["{argument.token}", *many({name})]']
            self._put(name, "Values", statements, argument.optional)
        elif last:
            self.parameters.append(Parameter(name, python_type(argument), [f"words += {name}"], star=True))
        else:
            self._put(name, "Values", [f"words += many({name})"], argument.optional)

    def _add_option(self, argument: Argument, before: str = "") -> None:
        """What may be left out, given by name.  `before`: a token that stands before whichever is chosen."""
        if argument.kind == "pure-token":
            self._flag(argument.token if argument.token[0].isalnum() else argument.name, before, argument.token)
        elif argument.kind == "oneof":
            self._add_choice(argument)
        elif argument.kind == "block":
            self._add_block(argument)
        elif argument.multiple:
            self._add_many(argument, not argument.token)
        else:
            name = self._name(argument.token or argument.name)
            head = ", ".join([*([f'"{before}"'] if before else []), *leaf_words(argument), name])
            self._put(name, python_type(argument), [f"words += [{head}]"], True)

    def _flag(self, name: str, *tokens: str) -> None:
        name = self._name(name)
        words = ", ".join(f'"{token}"' for token in tokens if token)
        put = f"words += [{words}]" if "," in words else f"words.append({words})"
        self.parameters.append(Parameter(name, "bool", [f"if {name}:", f"    {put}"], default="False", by_name=True))

    def _add_choice(self, argument: Argument) -> None:
        if argument.multiple:
            raise Underivable(argument.name)
        are_tokens = all(part.kind == "pure-token" for part in argument.parts)
        tokens = ", ".join(f'"{part.token}"' for part in argument.parts)
        if argument.token and are_tokens:
            # AGGREGATE <SUM | MIN | MAX>
            name = self._name(argument.token)
            self._put(name, f"Literal[{tokens}]", [f'words += ["{argument.token}", {name}]'], argument.optional)
            return
        if not argument.optional and are_tokens:
            sides = argument.name in ("left", "right", "before")
            name = self._name(("to_side" if "side" in self._names else "side") if sides else CHOICES[argument.name])
            self._put(name, f"Literal[{tokens}]", [f"words.append({name})"], False)
            return
        values = [part for part in argument.parts if is_leaf(part) and not part.token]
        others = [part for part in argument.parts if part not in values]
        if not argument.optional and len(values) == 1 and all(part.kind == "pure-token" for part in others):
            # <id | $>: any word may stand here.
            name = self._name(values[0].name)
            self._put(name, "Value", [f"words += [{name}]"], False)
            return
        # One of these must or may be there, which no signature says: the server will.
        for part in argument.parts:
            if part.kind == "block" and all(each.kind == "pure-token" for each in part.parts):
                self._flag("_".join(each.token for each in part.parts), *(each.token for each in part.parts))
                continue
            part.optional = True
            if not argument.optional and not part.token and not argument.token:
                self._add_by_position(part)
            else:
                self._add_option(part, argument.token)

    def _add_by_position(self, part: Argument) -> None:
        """One alternative without a token: its values may be given by position."""
        first = len(self.parameters)
        self._add_option(part)
        for parameter in self.parameters[first:]:
            parameter.by_name = parameter.kind == "bool"

    def _add_block(self, argument: Argument) -> None:
        """Several arguments that belong together: a mapping, rows, a tuple, or else each an option of its own."""
        first, second = argument.parts[0], argument.parts[1]
        leaves = [part for part in argument.parts if is_leaf(part) and not part.token and not part.optional]
        are_leaves = len(leaves) == len(argument.parts) and not any(part.multiple for part in leaves)
        is_counted = len(argument.parts) == 2 and first.name.startswith("num") and second.multiple
        if is_counted and argument.token and is_leaf(second):
            # FIELDS numfields field [field ...]
            name = self._name(second.name + "s")
            statements = [f"{name} = many({name})", f'words += ["{argument.token}", len({name}), *{name}]']
            self._put(name, "Values", statements, argument.optional)
        elif is_counted and first.token and second.name == "data" and len(second.parts) == 2:
            if first.token == "FIELDS":
                self._put_counted_mapping(first.token, argument.optional)
            else:
                # BYPOLYGON num-vertices longitude latitude [longitude latitude ...]
                name = self._name(first.token)
                statements = [f'words += ["{first.token}", len({name})]', f"for row in {name}:", "    words += row"]
                self._put(name, "Sequence[Sequence[Value]]", statements, argument.optional)
        elif argument.token and len(leaves) == 2 and first.multiple and second.multiple:
            # STREAMS key [key ...] id [id ...]
            name = self._name(argument.token)
            self._put(
                name,
                "Mapping[Any, Value]",
                [f'words += ["{argument.token}", *{name}, *{name}.values()]'],
                argument.optional,
            )
        elif are_leaves and argument.multiple and argument.repeats_token:
            # CONFIG name value [CONFIG name value ...]
            name = self._name(argument.token)
            statements = [f"for row in {name}:", f'    words += ["{argument.token}", *row]']
            self._put(name, "Sequence[Sequence[Value]]", statements, argument.optional)
        elif are_leaves and argument.multiple:
            if argument.optional or argument.token:
                raise Underivable(argument.name)
            if len(leaves) == 2 and leaves[0].kind != "double":
                name = self._name("mapping")
                statements = [f"for pair in {name}.items():", "    words += pair"]
                self._put(name, "Mapping[Any, Value]", statements, False)
            else:
                name = self._name("rows")
                self._put(name, "Sequence[Sequence[Value]]", [f"for row in {name}:", "    words += row"], False)
        elif are_leaves and argument.token and argument.optional:
            # LIMIT offset count
            name = self._name(argument.token)
            kinds = ", ".join(python_type(part) for part in leaves)
            self._put(name, f"tuple[{kinds}]", [f'words += ["{argument.token}", *{name}]'], True)
        elif are_leaves and argument.token:
            # GROUP group consumer
            self._put_words([f'words.append("{argument.token}")'])
            for part in leaves:
                name = self._name(part.name)
                self._put(name, python_type(part), [f"words += [{name}]"], False)
        elif first.token and all(part.kind == "oneof" or part in leaves for part in argument.parts[1:]):
            # BYBOX width height <M | KM | FT | MI>
            if any(part.optional for part in argument.parts):
                self._flatten(argument)
                return
            kinds = ", ".join(
                f"Literal[{', '.join(quoted(each.token) for each in part.parts)}]"
                if part.kind == "oneof"
                else python_type(part)
                for part in argument.parts
            )
            name = self._name(first.token)
            self._put(name, f"tuple[{kinds}]", [f'words += ["{first.token}", *{name}]'], argument.optional)
        elif argument.multiple or argument.token:
            raise Underivable(argument.name)
        else:
            self._flatten(argument)

    def _flatten(self, argument: Argument) -> None:
        """[start [end [BYTE | BIT]]]: each by name; that one needs another is for the server to say."""
        for part in argument.parts:
            part.optional = True
            self._add_option(part)


def quoted(token: str) -> str:
    return f'"{token}"'


def indent(statements: list[str]) -> list[str]:
    return ["    " + statement for statement in statements]


#: Thresholds of streams: which of the two it is, and whether it is exact, stands before the number.
TRIMMING: Final = [
    Parameter(
        "maxlen",
        "int | None",
        ["if maxlen is not None:", '    words += ["MAXLEN", "~" if approximate else "=", maxlen]'],
        default="None",
        by_name=True,
    ),
    Parameter(
        "minid",
        "Value | None",
        ["if minid is not None:", '    words += ["MINID", "~" if approximate else "=", minid]'],
        default="None",
        by_name=True,
    ),
    Parameter("approximate", "bool", [], default="False", by_name=True),
    Parameter(
        "limit",
        "int | None",
        ["if limit is not None:", '    words += ["LIMIT", limit]'],
        default="None",
        by_name=True,
    ),
]
BY_HAND: Final = {
    "bitfield": [
        Parameter("key", "Value", ["words += [key]"]),
        # ("SET", "u8", 0, 255), ("OVERFLOW", "SAT"), ...: one after the other.
        Parameter(
            "operations", "Sequence[Value]", ["for operation in operations:", "    words += operation"], star=True
        ),
    ],
    "xadd": [
        Parameter("key", "Value", ["words += [key]"]),
        Parameter("mapping", "Mapping[Any, Value]", []),
        Parameter("id", "Value", [], default='"*"', by_name=True),
        Parameter(
            "nomkstream",
            "bool",
            ["if nomkstream:", '    words.append("NOMKSTREAM")'],
            default="False",
            by_name=True,
        ),
        *TRIMMING,
        Parameter("", "", ["words += [id]", "for pair in mapping.items():", "    words += pair"], by_name=True),
    ],
    "xtrim": [Parameter("key", "Value", ["words += [key]"]), *TRIMMING],
}
