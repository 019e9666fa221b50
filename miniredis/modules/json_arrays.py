"""JSON.ARR*: arrays within documents."""

from __future__ import annotations

from miniredis.commands.arguments import parse_int
from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY
from miniredis.modules.api import CommandGroup, Context
from miniredis.modules.json_access import answer_each, change_each, one_or_all
from miniredis.modules.json_path import COMPARISONS, Match, path_of
from miniredis.modules.json_text import DEEPEST, Json, JsonValue, copy_of, depth_of, parse, serialize, too_deep
from miniredis.resp.errors import error, wrong_number_of_arguments

arrays = CommandGroup("module")


def _items(match: Match) -> list[Json]:
    assert isinstance(match.node, list)
    return match.node


def _length(node: Json) -> object:
    assert isinstance(node, list)
    return len(node)


def _demand_depth(match: Match, nodes: list[Json]) -> None:
    if match.depth + 1 + max(depth_of(node) for node in nodes) > DEEPEST:
        raise too_deep()


@arrays.command(
    "JSON.ARRAPPEND",
    arity=-4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the size of the values",
    summary="Appends JSON values to the arrays at a path.",
    syntax="key path value [value ...]",
    acl="json",
)
def json_arrappend(ctx: Context, argv: list[bytes]) -> object:
    nodes = [parse(text) for text in argv[3:]]

    def append(document: JsonValue, match: Match) -> object:
        _demand_depth(match, nodes)
        items = _items(match)
        items += [copy_of(node) for node in nodes]
        return len(items)

    path = path_of(argv[2])
    return one_or_all(
        path, change_each(ctx, argv[1], path, list, b"array", append, b"json.arrappend", sum(map(len, argv[3:])))
    )


@arrays.command(
    "JSON.ARRINSERT",
    arity=-5,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the size of the array",
    summary="Inserts JSON values before an index of the arrays at a path.",
    syntax="key path index value [value ...]",
    acl="json",
)
def json_arrinsert(ctx: Context, argv: list[bytes]) -> object:
    index = parse_int(argv[3])
    nodes = [parse(text) for text in argv[4:]]

    def insert(document: JsonValue, match: Match) -> object:
        _demand_depth(match, nodes)
        items = _items(match)
        if not -len(items) <= index <= len(items):
            raise error(b"index out of bounds")
        items[index:index] = [copy_of(node) for node in nodes]
        return len(items)

    path = path_of(argv[2])
    return one_or_all(
        path, change_each(ctx, argv[1], path, list, b"array", insert, b"json.arrinsert", sum(map(len, argv[4:])))
    )


@arrays.command(
    "JSON.ARRLEN",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns the lengths of the arrays at a path.",
    syntax="key [path]",
    acl="json",
)
def json_arrlen(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[2] if len(argv) > 2 else b".")
    return answer_each(ctx, argv[1], path, list, b"array", _length)


@arrays.command(
    "JSON.ARRINDEX",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the size of the array",
    summary="Returns where a JSON value is in the arrays at a path.",
    syntax="key path value [start [stop]]",
    acl="json",
)
def json_arrindex(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 6:
        raise wrong_number_of_arguments(b"json.arrindex")
    wanted = parse(argv[3])
    start = parse_int(argv[4]) if len(argv) > 4 else 0
    stop = parse_int(argv[5]) if len(argv) > 5 else 0
    equals = COMPARISONS["=="]

    def look(node: Json) -> object:
        assert isinstance(node, list)
        count = len(node)
        first = max(start + count, 0) if start < 0 else start
        # 0 is the end, as it is where nothing is said.
        last = count if stop == 0 else stop + count if stop < 0 else min(stop, count)
        for index in range(first, last):
            if equals(node[index], wanted):
                return index
        return -1

    return answer_each(ctx, argv[1], path_of(argv[2]), list, b"array", look)


@arrays.command(
    "JSON.ARRPOP",
    arity=-2,
    flags="write",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the size of the array, O(1) for its last element",
    summary="Removes an element of the arrays at a path and returns it.",
    syntax="key [path [index]]",
    acl="json",
)
def json_arrpop(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 4:
        raise wrong_number_of_arguments(b"json.arrpop")
    path = path_of(argv[2] if len(argv) > 2 else b".")
    index = parse_int(argv[3]) if len(argv) > 3 else -1

    def pop(document: JsonValue, match: Match) -> object:
        items = _items(match)
        if not items:
            return None
        at = max(index + len(items), 0) if index < 0 else min(index, len(items) - 1)
        return serialize(items.pop(at))

    return one_or_all(path, change_each(ctx, argv[1], path, list, b"array", pop, b"json.arrpop"))


@arrays.command(
    "JSON.ARRTRIM",
    arity=5,
    flags="write",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the size of the array",
    summary="Keeps a range of the arrays at a path.",
    syntax="key path start stop",
    acl="json",
)
def json_arrtrim(ctx: Context, argv: list[bytes]) -> object:
    start, stop = parse_int(argv[3]), parse_int(argv[4])

    def trim(document: JsonValue, match: Match) -> object:
        items = _items(match)
        count = len(items)
        first = max(start + count, 0) if start < 0 else start
        last = stop + count if stop < 0 else min(stop, count - 1)
        items[:] = items[first : last + 1] if first <= last else []
        return len(items)

    path = path_of(argv[2])
    return one_or_all(path, change_each(ctx, argv[1], path, list, b"array", trim, b"json.arrtrim"))
