"""JSON.NUM*, STR*, OBJ* and TOGGLE: numbers, texts, objects and truths within documents."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY
from miniredis.modules.api import CommandGroup, Context
from miniredis.modules.json_access import answer_each, change_each, one_or_all, put_at
from miniredis.modules.json_path import Match, path_of
from miniredis.modules.json_text import LEAST_INTEGER, MOST_INTEGER, Json, JsonValue, parse, serialize
from miniredis.resp.errors import error, wrong_number_of_arguments

scalars = CommandGroup("module")


def _calculate(ctx: Context, argv: list[bytes], work: Callable[[float, float], float], event: bytes) -> object:
    """A number of each place and the argument; integers stay integers while they fit 64 bits."""
    path = path_of(argv[2])
    operand = parse(argv[3])
    if isinstance(operand, bool) or not isinstance(operand, (int, float)):
        raise error(b"the operand is no number")
    number = operand

    def change(document: JsonValue, match: Match) -> object:
        assert isinstance(match.node, (int, float))
        result: int | float
        try:
            result = work(match.node, number)
            if isinstance(result, int) and not LEAST_INTEGER <= result < MOST_INTEGER:
                result = float(result)
        except OverflowError:
            result = float("inf")
        if not isfinite(result):
            raise error(b"the result is not a number that JSON can hold")
        put_at(document, match, result)
        return result

    replies = change_each(ctx, argv[1], path, (int, float), b"number", change, event)
    if ctx.resp == 3:
        return replies[-1:] if path.is_legacy else replies
    results: list[Json] = [reply if isinstance(reply, (int, float)) else None for reply in replies]
    return serialize(results[-1]) if path.is_legacy else serialize(results)


@scalars.command(
    "JSON.NUMINCRBY",
    arity=4,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Adds to the numbers at a path.",
    syntax="key path value",
    acl="json",
)
def json_numincrby(ctx: Context, argv: list[bytes]) -> object:
    return _calculate(ctx, argv, lambda one, other: one + other, b"json.numincrby")


@scalars.command(
    "JSON.NUMMULTBY",
    arity=4,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Multiplies the numbers at a path.",
    syntax="key path value",
    acl="json",
)
def json_nummultby(ctx: Context, argv: list[bytes]) -> object:
    return _calculate(ctx, argv, lambda one, other: one * other, b"json.nummultby")


@scalars.command(
    "JSON.STRAPPEND",
    arity=-3,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the length of the text",
    summary="Appends to the texts at a path.",
    syntax="key [path] value",
    acl="json",
)
def json_strappend(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 4:
        raise wrong_number_of_arguments(b"json.strappend")
    path = path_of(argv[2] if len(argv) > 3 else b".")
    more = parse(argv[-1])
    if not isinstance(more, str):
        raise error(b"the value is no text")
    most = ctx.server.config.int("proto-max-bulk-len")

    def append(document: JsonValue, match: Match) -> object:
        assert isinstance(match.node, str)
        text = match.node + more
        if len(text) > most:
            raise error(b"string exceeds maximum allowed size (proto-max-bulk-len)")
        put_at(document, match, text)
        return len(text.encode())

    return one_or_all(path, change_each(ctx, argv[1], path, str, b"string", append, b"json.strappend", len(more)))


@scalars.command(
    "JSON.STRLEN",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns the lengths of the texts at a path, in bytes.",
    syntax="key [path]",
    acl="json",
)
def json_strlen(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[2] if len(argv) > 2 else b".")
    return answer_each(ctx, argv[1], path, str, b"string", lambda node: len(str(node).encode()))


def _names(node: Json) -> object:
    assert isinstance(node, dict)
    return [name.encode() for name in node]


def _size(node: Json) -> object:
    assert isinstance(node, dict)
    return len(node)


@scalars.command(
    "JSON.OBJKEYS",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the number of names",
    summary="Returns the names in the objects at a path.",
    syntax="key [path]",
    acl="json",
)
def json_objkeys(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[2] if len(argv) > 2 else b".")
    return answer_each(ctx, argv[1], path, dict, b"object", _names)


@scalars.command(
    "JSON.OBJLEN",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns how many names the objects at a path have.",
    syntax="key [path]",
    acl="json",
)
def json_objlen(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[2] if len(argv) > 2 else b".")
    return answer_each(ctx, argv[1], path, dict, b"object", _size)


@scalars.command(
    "JSON.TOGGLE",
    arity=-2,
    flags="write fast",
    keys=CHANGE_KEY,
    summary="Turns the truths at a path around.",
    syntax="key [path]",
    acl="json",
)
def json_toggle(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[2] if len(argv) > 2 else b".")

    def toggle(document: JsonValue, match: Match) -> object:
        put_at(document, match, not match.node)
        return match.node

    replies = change_each(ctx, argv[1], path, bool, b"boolean", toggle, b"json.toggle")
    if path.is_legacy:
        return b"true" if replies[-1] else b"false"
    return [None if reply is None else int(bool(reply)) for reply in replies]
