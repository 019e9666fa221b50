"""JSON documents: text to values and back, and the type of value that holds one.

Numbers are integers of 64 bits, with or without a sign, or doubles.  A document nests at most 128 deep, so that
whatever walks it can be simple.
"""

from __future__ import annotations

from json import dumps, loads
from math import isfinite
from typing import Final, TypeAlias

from miniredis.formats.errors import FormatError
from miniredis.modules.items import ItemReader, ItemWriter
from miniredis.modules.values import ModuleValue
from miniredis.resp.errors import ReplyError, error

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

DEEPEST: Final = 128
COMPACT: Final = (",", ":")
LEAST_INTEGER: Final = -(1 << 63)
MOST_INTEGER: Final = 1 << 64
INTEGER_DIGITS: Final = 20
#: Rough bytes of an object beside what it holds.
NODE_BYTES: Final = 32
#: A document of more nodes is measured anew only now and then.
SMALL: Final = 4096
MEASURE_EVERY: Final = 64


def _integer(text: str) -> int | float:
    if len(text) <= INTEGER_DIGITS:
        number = int(text)
        if LEAST_INTEGER <= number < MOST_INTEGER:
            return number
    return _double(text)


def _double(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("number out of range")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def depth_of(document: Json) -> int:
    """How deep it nests, counted without nesting."""
    deepest = 0
    waiting: list[tuple[Json, int]] = [(document, 1)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, dict):
            waiting += [(child, depth + 1) for child in node.values()]
        elif isinstance(node, list):
            waiting += [(child, depth + 1) for child in node]
        else:
            continue
        deepest = max(deepest, depth)
    return deepest


def parse(text: bytes) -> Json:
    """The value of a JSON text.  Raises an error reply."""
    try:
        document: Json = loads(text.decode(), parse_int=_integer, parse_float=_double, parse_constant=_no_constant)
        if b"\\u" in text:
            serialize(document)  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as problem:
        raise error(b"this is not JSON: " + one_line(str(problem))) from None
    if text.count(b"[") + text.count(b"{") > DEEPEST and depth_of(document) > DEEPEST:
        raise too_deep()
    return document


def one_line(text: str) -> bytes:
    return text.encode("utf-8", "replace").replace(b"\r", b" ").replace(b"\n", b" ")


def too_deep() -> ReplyError:
    return error(b"the document would nest deeper than %d" % DEEPEST)


def serialize(document: Json) -> bytes:
    """The shortest text."""
    return dumps(document, ensure_ascii=False, separators=COMPACT).encode()


def serialize_spaced(document: Json, indent: bytes, newline: bytes, space: bytes) -> bytes:
    """As JSON.GET writes it with INDENT, NEWLINE and SPACE."""
    parts: list[bytes] = []
    _write_spaced(document, parts, newline, indent, space, 1)
    return b"".join(parts)


def _write_spaced(node: Json, parts: list[bytes], newline: bytes, indent: bytes, space: bytes, depth: int) -> None:
    if not isinstance(node, (dict, list)) or not node:
        parts.append(serialize(node))
        return
    is_object = isinstance(node, dict)
    parts.append(b"{" if is_object else b"[")
    entries = list(node.items()) if isinstance(node, dict) else [("", child) for child in node]
    for number, (name, child) in enumerate(entries):
        parts.append((b"," if number else b"") + newline + indent * depth)
        if is_object:
            parts.append(serialize(name) + b":" + space)
        _write_spaced(child, parts, newline, indent, space, depth + 1)
    parts.append(newline + indent * (depth - 1) + (b"}" if is_object else b"]"))


def copy_of(document: Json) -> Json:
    """An independent copy; the nesting is bounded."""
    if isinstance(document, dict):
        return {name: copy_of(child) for name, child in document.items()}
    if isinstance(document, list):
        return [copy_of(child) for child in document]
    return document


def measure(document: Json) -> tuple[int, int]:
    """Nodes and about their bytes."""
    nodes = size = 0
    waiting: list[Json] = [document]
    while waiting:
        node = waiting.pop()
        nodes += 1
        size += NODE_BYTES
        if isinstance(node, dict):
            waiting += node.values()
            size += sum(len(name) + 2 * NODE_BYTES for name in node)
        elif isinstance(node, list):
            waiting += node
            size += 8 * len(node)
        elif isinstance(node, str):
            size += len(node)
    return nodes, size


class JsonValue(ModuleValue):
    """A document.  The type and its encoding are those of RedisJSON 2: one string of JSON."""

    TYPE = "ReJSON-RL"
    ENCODING = 3
    OLDEST_ENCODING = 3

    def __init__(self, root: Json) -> None:
        self.root = root
        self._nodes = 0
        self._bytes = 0
        self._edits = 0

    def memory(self) -> int:
        self._edits += 1
        if self._nodes <= SMALL or self._edits >= MEASURE_EVERY:
            self._nodes, self._bytes = measure(self.root)
            self._edits = 0
        return self._bytes

    def copy(self) -> JsonValue:
        return JsonValue(copy_of(self.root))

    def save(self, items: ItemWriter) -> None:
        items.string(serialize(self.root))

    @classmethod
    def load(cls, items: ItemReader, encoding: int) -> JsonValue:
        try:
            return cls(parse(items.string()))
        except ReplyError as problem:
            raise FormatError(problem.message.decode("latin-1")) from problem

    def replay(self, key: bytes) -> list[list[bytes]]:
        return [[b"JSON.SET", key, b"$", serialize(self.root)]]

    def free_effort(self) -> int:
        return self._nodes or len(self.root) if isinstance(self.root, (dict, list)) else 1


def type_of(node: Json) -> bytes:
    """As JSON.TYPE names it."""
    if node is None:
        return b"null"
    if isinstance(node, bool):
        return b"boolean"
    if isinstance(node, int):
        return b"integer"
    if isinstance(node, float):
        return b"number"
    if isinstance(node, str):
        return b"string"
    return b"array" if isinstance(node, list) else b"object"
