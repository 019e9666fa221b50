"""SORT: the elements of a list, set or sorted set in another order, with keys looked up for each of them."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.lists import ListValue
from miniredis.datatypes.sets import SetValue
from miniredis.datatypes.sorted_sets import SortedSet
from miniredis.keyspace.effects import NOTIFY_GENERIC, NOTIFY_LIST
from miniredis.resp.errors import ReplyError, error, syntax_error, wrong_type
from miniredis.resp.numbers import parse_double

group = CommandGroup("generic")

#: C's strtod calls smaller numbers out of range.
_LEAST_NORMAL: Final = 2.2250738585072014e-308


class _Pattern:
    """What BY or GET looks up for an element: `#` (itself), a key with `*` for it, a field of a hash with `->`."""

    def __init__(self, text: bytes) -> None:
        prefix, star, rest = text.partition(b"*")
        self.is_element = text == b"#"
        self.has_star = star != b""
        self.prefix = prefix
        self.suffix = rest
        self.field = b""
        key_part, arrow, field = rest.partition(b"->")
        if arrow and field:
            self.suffix = key_part
            self.field = field

    def look_up(self, ctx: Context, element: bytes) -> bytes | None:
        if self.is_element:
            return element
        if not self.has_star:
            return None
        value = ctx.db.lookup(self.prefix + element + self.suffix)
        if self.field:
            if not isinstance(value, HashValue) or 0 <= value.expiry_of(self.field) <= ctx.now_ms:
                return None
            return value.get(self.field)
        if isinstance(value, bytes):
            return value
        return bytes(value) if isinstance(value, bytearray) else None


class _SortOptions:
    """The words after the key."""

    def __init__(self, ctx: Context, argv: list[bytes], may_store: bool) -> None:
        self.descending = False
        self.alpha = False
        self.offset = 0
        self.limit = -1
        self.by: _Pattern | None = None
        #: Elements of a set that weigh the same stand as they came: another server may have them otherwise.
        self.is_arbitrary = False
        #: A pattern without a star, before or after another: the order stays as it is.
        self.keep_order = False
        self.gets: list[_Pattern] = []
        self.store: bytes | None = None
        in_cluster = ctx.server.config.flag("cluster-enabled")
        at = 2
        while at < len(argv):
            word = argv[at].upper()
            left = len(argv) - at - 1
            at += 1
            if word == b"ASC":
                self.descending = False
            elif word == b"DESC":
                self.descending = True
            elif word == b"ALPHA":
                self.alpha = True
            elif word == b"LIMIT" and left >= 2:
                self.offset = parse_int(argv[at])
                self.limit = parse_int(argv[at + 1])
                at += 2
            elif word == b"STORE" and may_store and left >= 1:
                self.store = argv[at]
                at += 1
            elif word == b"BY" and left >= 1:
                self.by = _Pattern(argv[at])
                if not self.by.has_star:
                    self.keep_order = True
                elif in_cluster:
                    raise error(b"BY option of SORT denied in cluster mode.")
                elif not ctx.server.may_read_all_keys(ctx, argv):
                    raise error(b"BY option of SORT denied due to insufficient ACL permissions.")
                at += 1
            elif word == b"GET" and left >= 1:
                if in_cluster:
                    raise error(b"GET option of SORT denied in cluster mode.")
                if not ctx.server.may_read_all_keys(ctx, argv):
                    raise error(b"GET option of SORT denied due to insufficient ACL permissions.")
                self.gets.append(_Pattern(argv[at]))
                at += 1
            else:
                raise syntax_error()


def _not_a_score() -> ReplyError:
    return error(b"One or more scores can't be converted into double")


def _score(text: bytes) -> float:
    """A weight as C's strtod reads it: up to a NUL byte, after blanks, an empty text is 0."""
    score = parse_double(text)
    if score is None:
        text = text.partition(b"\x00")[0]
        if not text:
            return 0.0
        score = parse_double(text.lstrip())
        if score is None:
            raise _not_a_score()
    if score != 0.0 and -_LEAST_NORMAL < score < _LEAST_NORMAL:
        raise _not_a_score()
    return score


def _unsorted(value: object, first: int, end: int, descending: bool) -> list[bytes]:
    """Elements `first` to `end` (not included) in the order in which the collection has them."""
    if isinstance(value, SetValue):
        return value.members()[first:end]
    if first >= end:
        return []
    assert isinstance(value, (ListValue, SortedSet))
    if descending:
        size = value.size()
        first, end = size - end, size - first
    elements = value.range(first, end - 1) if isinstance(value, ListValue) else value.members(first, end)
    if descending:
        elements.reverse()
    return elements


def _sorted(ctx: Context, elements: list[bytes], options: _SortOptions) -> list[bytes]:
    by = options.by
    if options.alpha:
        if by is None:
            return sorted(elements, reverse=options.descending)
        # Those that have no weight come first; those with the same keep their order.
        weighted: list[tuple[bool, bytes, bytes]] = []
        for element in elements:
            weight = by.look_up(ctx, element)
            weighted.append((weight is not None, weight or b"", element))
        weighted.sort(key=lambda entry: entry[:2], reverse=options.descending)
        return [entry[2] for entry in weighted]
    scored: list[tuple[float, bytes]] = []
    for element in elements:
        text = element if by is None else by.look_up(ctx, element)
        scored.append((0.0 if text is None else _score(text), element))
    scored.sort(reverse=options.descending)
    return [entry[1] for entry in scored]


def _elements(value: object) -> list[bytes]:
    if isinstance(value, ListValue):
        return value.range(0, -1)
    if isinstance(value, SetValue):
        return value.members()
    assert isinstance(value, SortedSet)
    return value.members(0, value.size())


def _arranged(ctx: Context, key: bytes, options: _SortOptions) -> list[bytes]:
    """The elements that the reply is made of, in its order."""
    value = ctx.db.lookup(key)
    if value is None:
        return []
    if not isinstance(value, (ListValue, SetValue, SortedSet)):
        raise wrong_type()
    size = value.size()
    first = min(max(options.offset, 0), size)
    end = size if options.limit < 0 else min(first + options.limit, size)
    if options.keep_order:
        if not isinstance(value, SetValue) or (options.store is None and ctx.may_block):
            return _unsorted(value, first, end, options.descending)
        # What is stored, or done in a script, must come out the same wherever it is replayed.
        options.by = None
        options.alpha = True
    options.is_arbitrary = isinstance(value, SetValue) and options.alpha and options.by is not None
    return _sorted(ctx, _elements(value), options)[first:end]


def _sort(ctx: Context, argv: list[bytes], may_store: bool) -> object:
    options = _SortOptions(ctx, argv, may_store)
    elements = _arranged(ctx, argv[1], options)
    found: list[bytes | None] = []
    if options.gets:
        for element in elements:
            for pattern in options.gets:
                found.append(pattern.look_up(ctx, element))
    else:
        found.extend(elements)
    target = options.store
    if target is None:
        return found
    if found:
        texts = [text or b"" for text in found]
        stored = ListValue(ctx.keyspace.limits)
        stored.extend_right(texts)
        ctx.db.set_key(target, stored)
        if options.is_arbitrary:
            ctx.replay_as([b"DEL", target])
            ctx.replay_as([b"RPUSH", target, *texts])
        ctx.changed(NOTIFY_LIST, b"sortstore", target)
        ctx.dirty(len(found) - 1)
    elif ctx.db.lookup_write(target) is not None:
        ctx.db.remove(target)
        ctx.changed(NOTIFY_GENERIC, b"del", target)
    return len(found)


def _keys_of_sort(argv: list[bytes]) -> list[int]:
    """The key, and the destination that the last STORE names."""
    target = 0
    at = 2
    while at < len(argv):
        word = argv[at].upper()
        at += 1
        if word == b"LIMIT":
            at += 2
        elif word == b"GET" or word == b"BY":
            at += 1
        elif word == b"STORE" and at < len(argv):
            target = at
            at += 1
    return [1, target] if target else [1]


_SYNTAX = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]"
_COMPLEXITY = "O(N+M*log(M)) where N is the number of elements and M the number of those in the reply."


@group.command(
    "SORT",
    arity=-2,
    flags="write denyoom movablekeys",
    keys="index:1>range:last0/step1/limit0[RO+access]; unknown>unknown[RO+access]; unknown>unknown[OW+update]",
    complexity=_COMPLEXITY,
    summary="Sorts the elements of a list, set or sorted set; may store the result.",
    syntax=_SYNTAX + " [STORE destination]",
    acl="-keyspace set sortedset list dangerous",
    key_search=_keys_of_sort,
)
def sort(ctx: Context, argv: list[bytes]) -> object:
    return _sort(ctx, argv, True)


@group.command(
    "SORT_RO",
    arity=-2,
    flags="readonly movablekeys",
    keys="index:1>range:last0/step1/limit0[RO+access]; unknown>unknown[RO+access]",
    since="7.0.0",
    complexity=_COMPLEXITY,
    summary="Sorts the elements of a list, set or sorted set.",
    syntax=_SYNTAX,
    acl="-keyspace set sortedset list dangerous",
    key_search=lambda argv: [1],
)
def sort_ro(ctx: Context, argv: list[bytes]) -> object:
    return _sort(ctx, argv, False)
