"""Paths into JSON documents: JSONPath, which begins with $, and the older form, which does not.

jsonpath-ng parses what is more than names and indexes; what it understands becomes a list of steps, and the steps are
walked here: a walk knows where it found something, so that it can be changed, and it counts, so that no path takes
for ever.  Regular expressions, arithmetic and functions in paths are refused: they could.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.filter import And, Expression, Filter, Or
from jsonpath_ng.ext.parser import ExtendedJsonPathParser
from jsonpath_ng.jsonpath import Child, Descendants, Fields, Index, JSONPath, Root, Slice, This, Wildcard

from miniredis.modules.json_text import Json
from miniredis.resp.errors import ReplyError, error

LONGEST_PATH: Final = 4096
MOST_STEPS: Final = 128
#: Nodes that one path may look at.
MOST_VISITS: Final = 2_000_000
MOST_CACHED: Final = 256

Container = dict[str, Json] | list[Json]
#: Keeps a child of a container: (its key or index, the child) -> whether.
Test = Callable[["Walk", Json], bool]

_SIMPLE: Final = re.compile(r"\$(?:\.[A-Za-z_]\w*|\[-?\d{1,9}\]|\[\"[^\"\\\]]*\"\]|\['[^'\\\]]*'\])*", re.ASCII)
_SIMPLE_STEP: Final = re.compile(r"\.(\w+)|\[(-?\d+)\]|\[[\"'](.*?)[\"']\]", re.ASCII)


class Match:
    """A place in a document, so many containers deep.  `container` None: the whole of it."""

    __slots__ = ("container", "depth", "key", "node")

    def __init__(self, container: Container | None, key: str | int, node: Json, depth: int) -> None:
        self.container = container
        self.key = key
        self.node = node
        self.depth = depth


class Step:
    """One step of a path; `descends`: not only from where it is, but from everything within."""

    def __init__(
        self,
        names: tuple[str, ...] = (),
        indexes: tuple[int, ...] = (),
        window: slice | None = None,
        every: bool = False,
        test: Test | None = None,
    ) -> None:
        self.names = names
        self.indexes = indexes
        self.window = window
        self.every = every
        self.test = test
        self.descends = False

    def from_node(self, walk: Walk, node: Json, depth: int) -> Iterator[Match]:
        if isinstance(node, dict):
            if self.names:
                for name in self.names:
                    if name in node:
                        yield Match(node, name, node[name], depth + 1)
            elif self.every or self.test is not None:
                for name, child in list(node.items()):
                    if self.test is None or self.test(walk, child):
                        yield Match(node, name, child, depth + 1)
        elif isinstance(node, list):
            for index in self._places(walk, node):
                yield Match(node, index, node[index], depth + 1)

    def _places(self, walk: Walk, node: list[Json]) -> list[int]:
        count = len(node)
        if self.every:
            return list(range(count))
        if self.window is not None:
            return list(range(count))[self.window]
        if self.test is not None:
            return [index for index, child in enumerate(node) if self.test(walk, child)]
        places = [index + count if index < 0 else index for index in self.indexes]
        return [index for index in places if 0 <= index < count]


class Walk:
    """One search in one document."""

    def __init__(self, root: Json) -> None:
        self.root = root
        self._visits = 0

    def count(self, visits: int) -> None:
        self._visits += visits
        if self._visits > MOST_VISITS:
            raise error(b"the path looks at more than %d places" % MOST_VISITS)

    def find(self, steps: list[Step], start: Json) -> list[Match]:
        found = [Match(None, "", start, 0)]
        for step in steps:
            following: list[Match] = []
            seen: set[tuple[int, str | int]] = set()
            for match in found:
                for place, depth in self._starts(step, match):
                    self.count(1)
                    for hit in step.from_node(self, place, depth):
                        self.count(1)
                        if step.descends:
                            mark = (id(hit.container), hit.key)
                            if mark in seen:
                                continue
                            seen.add(mark)
                        following.append(hit)
            found = following
        return found

    def _starts(self, step: Step, match: Match) -> Iterator[tuple[Json, int]]:
        yield match.node, match.depth
        if not step.descends:
            return
        waiting = [(child, match.depth + 1) for child in _children(match.node)]
        while waiting:
            node, depth = waiting.pop()
            if isinstance(node, (dict, list)):
                self.count(1)
                yield node, depth
                waiting += [(child, depth + 1) for child in _children(node)]


def _children(node: Json) -> list[Json]:
    """Last first, as a stack wants them."""
    if isinstance(node, dict):
        return list(node.values())[::-1]
    return node[::-1] if isinstance(node, list) else []


class Path:
    """A path that was understood.  `is_legacy`: the older form, which means one place and not all."""

    def __init__(self, text: bytes, steps: list[Step], is_legacy: bool) -> None:
        self.text = text
        self.steps = steps
        self.is_legacy = is_legacy

    def is_root(self) -> bool:
        return not self.steps

    def find(self, root: Json) -> list[Match]:
        """All places, in the order of the document."""
        return Walk(root).find(self.steps, root)

    def parents(self, root: Json) -> tuple[list[Match], str] | None:
        """Where the last name of the path could be added, and that name; None where the path is no such."""
        if not self.steps:
            return None
        last = self.steps[-1]
        if len(last.names) != 1 or last.descends:
            return None
        return Walk(root).find(self.steps[:-1], root), last.names[0]


_cache: dict[bytes, Path] = {}


def path_of(text: bytes) -> Path:
    """Raises an error reply for what is no path."""
    known = _cache.get(text)
    if known is not None:
        return known
    is_legacy = not text.startswith(b"$")
    full = text
    if is_legacy:
        full = b"$" if text in (b".", b"") else b"$" + text if text[:1] in (b".", b"[") else b"$." + text
        if full.startswith(b"$.["):
            full = b"$" + full[2:]
    path = Path(text, _steps_of(full), is_legacy)
    if len(_cache) >= MOST_CACHED:
        _cache.pop(next(iter(_cache)))
    _cache[text] = path
    return path


def _not_a_path(text: bytes, reason: str) -> ReplyError:
    shown = text[:128].replace(b"\r", b" ").replace(b"\n", b" ")
    return error(b"'" + shown + b"' is not a path: " + reason.encode("utf-8", "replace"))


def _steps_of(text: bytes) -> list[Step]:
    try:
        words = text.decode()
    except UnicodeDecodeError:
        raise _not_a_path(text, "it is no text") from None
    if len(words) > LONGEST_PATH or words.count(".") + words.count("[") + words.count("(") > MOST_STEPS:
        raise _not_a_path(text, "it is too long")
    if _SIMPLE.fullmatch(words):
        return [_simple_step(found) for found in _SIMPLE_STEP.finditer(words)]
    try:
        return _Translation(text).steps(ExtendedJsonPathParser().parse(words))
    except JSONPathError as problem:
        raise _not_a_path(text, " ".join(str(problem).split())) from None
    except (ValueError, TypeError, RecursionError, AttributeError) as problem:
        raise _not_a_path(text, type(problem).__name__) from None


def _simple_step(found: re.Match[str]) -> Step:
    name, index, quoted = found.groups()
    if index is not None:
        return Step(indexes=(int(index),))
    return Step(names=(name if name is not None else quoted,))


class _Translation:
    """From jsonpath-ng's tree to steps."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def _refuse(self, part: object) -> ReplyError:
        return _not_a_path(self._text, f"{type(part).__name__} is not supported")

    def steps(self, tree: JSONPath) -> list[Step]:
        """The steps of a query, which begins at the root or at the place that is tested."""
        if isinstance(tree, (Root, This)):
            return []
        if isinstance(tree, (Child, Descendants)):
            right = self.steps(tree.right)
            if isinstance(tree, Descendants) and right:
                right[0].descends = True
            return self.steps(tree.left) + right
        if isinstance(tree, Wildcard):
            return [Step(every=True)]
        if isinstance(tree, Fields):
            return [Step(names=tuple(str(name) for name in tree.fields))]
        if isinstance(tree, Index):
            return [Step(indexes=tuple(tree.indices))]
        if isinstance(tree, Slice):
            if tree.step == 0:
                raise _not_a_path(self._text, "a step of 0 goes nowhere")
            return [Step(window=slice(tree.start, tree.end, tree.step))]
        if isinstance(tree, Filter):
            return [Step(test=self._all([self._test(part) for part in tree.expressions]))]
        raise self._refuse(tree)

    def _all(self, tests: list[Test]) -> Test:
        return lambda walk, node: all(test(walk, node) for test in tests)

    def _test(self, part: JSONPath) -> Test:
        if isinstance(part, And):
            return self._all([self._test(each) for each in part.operands])
        if isinstance(part, Or):
            tests = [self._test(each) for each in part.operands]
            return lambda walk, node: any(test(walk, node) for test in tests)
        if isinstance(part, Expression):
            return self._comparison(part)
        raise self._refuse(part)

    def _operand(self, query: JSONPath) -> Callable[[Walk, Json], list[Json]]:
        steps = self.steps(query)
        start = query
        while isinstance(start, (Child, Descendants)):
            start = start.left
        from_root = isinstance(start, Root)

        def values(walk: Walk, node: Json) -> list[Json]:
            return [match.node for match in walk.find(steps, walk.root if from_root else node)]

        return values

    def _comparison(self, part: Expression) -> Test:
        left = self._operand(part.target)
        operator = part.op
        if operator is None:
            return lambda walk, node: len(left(walk, node)) > 0
        if operator == "!":
            return lambda walk, node: not left(walk, node)
        if operator not in COMPARISONS:
            raise _not_a_path(self._text, f"{operator} is not supported")
        compare = COMPARISONS[operator]
        if isinstance(part.value, JSONPath):
            right = self._operand(part.value)
            return lambda walk, node: _any_pair(compare, left(walk, node), right(walk, node))
        wanted: list[Json] = [part.value]
        return lambda walk, node: _any_pair(compare, left(walk, node), wanted)


def _any_pair(compare: Callable[[Json, Json], bool], left: list[Json], right: list[Json]) -> bool:
    if not left or not right:
        # Nothing equals nothing, and differs from everything else.
        return compare is _differs if left or right else compare(None, None)
    return any(compare(one, other) for one in left for other in right)


def _is_number(node: Json) -> bool:
    return isinstance(node, (int, float)) and not isinstance(node, bool)


def _equals(one: Json, other: Json) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _differs(one: Json, other: Json) -> bool:
    return not _equals(one, other)


def _less(one: Json, other: Json) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    if _is_number(one) and _is_number(other):
        return one < other  # type: ignore[operator]  # both are numbers
    return False


COMPARISONS: Final[dict[str, Callable[[Json, Json], bool]]] = {
    "==": _equals,
    "=": _equals,
    "!=": _differs,
    "<": _less,
    ">": lambda one, other: _less(other, one),
    "<=": lambda one, other: _less(one, other) or _equals(one, other),
    ">=": lambda one, other: _less(other, one) or _equals(one, other),
}
