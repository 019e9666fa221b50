"""A command's arguments, from the one line that says how to write it.

    key value [NX | XX | IFEQ comparison] [GET] [EX seconds | PX milliseconds | KEEPTTL]
    numkeys key [key ...] <MIN | MAX> [COUNT count]

Words in capitals are tokens, others are values; [ ] may be left out, < > groups, | parts alternatives, and
[x ...] says that what stands before may be repeated (with its token, if that stands there again).  `name:kind` says
what a value is where its name does not.  COMMAND DOCS shows the result.
"""

from __future__ import annotations

from typing import Final

KEYS: Final = ("key", "newkey", "destination", "source", "sourcekey", "destkey", "key1", "key2", "dst", "src")
INTEGERS: Final = (
    "count", "index", "start", "stop", "end", "offset", "limit", "seconds", "milliseconds", "numkeys", "increment",
    "decrement", "db", "port", "timeout-ms", "numfields", "len", "bit", "rank", "threshold", "cursor",
    "min-idle-time", "ttl", "iterations", "maxlen", "replicas", "numlocal", "numreplicas", "timeout", "element-count",
    "client-id", "destination-db", "entries-added", "entries-read", "frequency", "index1", "index2", "min-match-len",
    "ms", "num-matches", "num-vertices", "protover", "version", "maxage", "columns", "rows", "turns", "weight",
    "bits", "slot", "start-slot", "end-slot", "config-epoch", "cluster-bus-port",
)  # fmt: skip
DOUBLES: Final = ("score", "longitude", "latitude", "radius", "width", "height")
UNIX_TIMES: Final = ("unix-time-seconds", "unix-time-milliseconds", "timestamp")


class Argument:
    """One argument: a value, a token, or a group (`parts`) of which all or one (`oneof`) are written."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.token = ""
        self.optional = False
        self.multiple = False
        self.repeats_token = False
        #: Of a key: the number of its key specification.
        self.key_spec = 0
        self.parts: list[Argument] = []


def kind_of(name: str) -> str:
    if name in KEYS:
        return "key"
    if name in INTEGERS:
        return "integer"
    if name in DOUBLES:
        return "double"
    if name in UNIX_TIMES:
        return "unix-time"
    return "pattern" if name == "pattern" else "string"


def parse_syntax(syntax: str) -> list[Argument]:
    """The arguments of a command whose syntax line is this."""
    spaced = syntax
    for mark in "[]<>|":
        spaced = spaced.replace(mark, f" {mark} ")
    words = spaced.split()
    arguments, at = _parse_sequence(words, 0, "")
    if at != len(words):
        raise ValueError(f"unbalanced brackets in {syntax!r}")
    _number_keys(arguments, 0)
    return arguments


def _number_keys(arguments: list[Argument], number: int) -> int:
    """Give each key, and each pattern that names keys, its number; the next one."""
    for argument in arguments:
        if argument.kind == "key":
            argument.key_spec = number
            number += 1
        number = _number_keys(argument.parts, number)
    return number


def _parse_sequence(words: list[str], at: int, closing: str) -> tuple[list[Argument], int]:
    """What stands up to `closing`; alternatives come back as one group."""
    alternatives: list[list[Argument]] = [[]]
    while at < len(words) and words[at] not in ("]", ">"):
        word = words[at]
        current = alternatives[-1]
        if word == "|":
            alternatives.append([])
            at += 1
        elif word == "...":
            for argument in current:
                argument.multiple = True
            at += 1
        elif word in ("[", "<"):
            inner, at = _parse_sequence(words, at + 1, "]" if word == "[" else ">")
            at += 1
            _add_group(current, inner, word == "[")
        else:
            current.append(_leaf(word))
            at += 1
    if at < len(words) and words[at] != closing:
        raise ValueError(f"{words[at]} closes nothing")
    if len(alternatives) == 1:
        return alternatives[0], at
    choice = Argument("choice", "oneof")
    choice.parts = [_as_one(each) for each in alternatives]
    choice.name = choice.parts[0].name
    return [choice], at


def _leaf(word: str) -> Argument:
    if word.upper() == word and any(letter.isalpha() for letter in word):
        token = Argument(word.lower(), "pure-token")
        token.token = word
        return token
    if not word[0].isalnum():  # * = ~ and their kin are tokens as well
        token = Argument({"=": "equal", "~": "approximately", "*": "auto", "$": "last"}.get(word, word), "pure-token")
        token.token = word
        return token
    name, _, kind = word.partition(":")
    return Argument(name, kind or kind_of(word))


def _as_one(arguments: list[Argument]) -> Argument:
    """A sequence as one argument: EX seconds is a value with a token."""
    if len(arguments) == 1:
        return arguments[0]
    first = arguments[0]
    if len(arguments) == 2 and first.kind == "pure-token" and arguments[1].kind not in ("pure-token", "block"):
        value = arguments[1]
        value.token = first.token
        return value
    block = Argument(first.name, "block")
    if first.kind == "pure-token":
        second = arguments[1]
        if all(part.kind not in ("pure-token", "block", "oneof") and not part.optional for part in arguments[1:]):
            # LIMIT offset count: the token is that of all together.
            block.token = first.token
            arguments = arguments[1:]
        elif second.kind != "pure-token" and not second.token and not second.optional:
            # COUNT count [ANY]: it is that of the value behind it.
            second.token = first.token
            arguments = arguments[1:]
    block.parts = arguments
    return block


def _add_group(current: list[Argument], inner: list[Argument], optional: bool) -> None:
    if optional and inner and all(argument.multiple for argument in inner):
        # [key value ...] repeats what has just been written.
        if inner[0].kind == "pure-token" and len(current) == len(inner):
            repeated = _as_one(current)
            for argument in current:
                argument.multiple = False
            repeated.multiple = True
            repeated.repeats_token = True
            current[:] = [repeated]
            return
        before = current[-len(inner) :]
        if [argument.name for argument in before] == [argument.name for argument in inner]:
            del current[-len(inner) :]
            repeated = _as_block(before)
            repeated.multiple = True
            current.append(repeated)
            return
    group = _as_one(inner) if inner else Argument("", "block")
    group.optional = group.optional or optional
    current.append(group)


def _as_block(arguments: list[Argument]) -> Argument:
    if len(arguments) == 1:
        return arguments[0]
    block = Argument("data", "block")
    block.parts = arguments
    for argument in arguments:
        argument.multiple = False
    return block
