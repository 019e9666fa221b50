"""From a reply to the type that its method promises, the same for RESP2 and RESP3.

RESP2 has neither maps, sets nor numbers with a point: they come as flat lists and texts.  A function here takes either
form; replies whose form is the same in both need none.  None stays None and never gets here.  Which command has which
is said in docs/client_replies.py, and the typed methods are written from that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

from miniredis.client.values import Value

#: Text of replies: bytes, or str where `decode_responses` is set.
T = TypeVar("T")
Shape = Callable[[Any], Any]


def shaped(reply: Any, shape: Shape | None) -> Any:
    """`reply` in the form that `shape` gives it."""
    return reply if shape is None or reply is None else shape(reply)


class Caller(Generic[T]):
    """What the typed methods stand on."""

    def execute(self, *words: Value) -> Deferred[Any]:
        """Any command, by its words; the reply as the protocol gives it."""
        raise NotImplementedError

    def execute_as(self, shape: Shape, *words: Value) -> Deferred[Any]:
        """The reply in the form of the typed methods."""
        return self.execute(*words).addCallback(shaped, shape)


def each_node(shape: Shape) -> Shape:
    """For what all nodes of a cluster were asked: {"host:port": reply}."""
    return lambda replies: {node: shaped(reply, shape) for node, reply in replies.items()}


def mapping(reply: Any) -> dict[Any, Any]:
    """From a map, a flat list, or a list of pairs."""
    if isinstance(reply, dict):
        return reply
    if reply and isinstance(reply[0], list | tuple):
        return dict(reply)
    return dict(zip(reply[::2], reply[1::2], strict=True))


def mappings(reply: Any) -> list[dict[Any, Any]]:
    return [mapping(row) for row in reply]


def members(reply: Any) -> set[Any]:
    return set(reply)


def listed(reply: Any) -> list[Any]:
    """From a set or a list."""
    return reply if isinstance(reply, list) else list(reply)


def number(reply: Any) -> float:
    return float(reply)


def numbers(reply: Any) -> list[float | None]:
    return [None if each is None else float(each) for each in reply]


def integer_pair(reply: Any) -> tuple[int, int]:
    first, second = reply
    return int(first), int(second)


def pairs(reply: Any) -> list[tuple[Any, Any]]:
    """[[a, 1], [b, 2]] or [a, 1, b, 2]."""
    if reply and isinstance(reply[0], list):
        return [(first, second) for first, second in reply]
    return list(zip(reply[::2], reply[1::2], strict=True))


def scored(reply: Any) -> list[tuple[Any, float]]:
    return [(member, float(score)) for member, score in pairs(reply)]


def rank_and_score(reply: Any) -> tuple[int, float]:
    rank, score = reply
    return rank, float(score)


def positions(reply: Any) -> list[tuple[float, float] | None]:
    return [None if place is None else (float(place[0]), float(place[1])) for place in reply]


def lowest(reply: Any) -> tuple[Any, Any, float]:
    """BZPOPMIN: key, member, score."""
    key, member, score = reply
    return key, member, float(score)


def popped(reply: Any) -> tuple[Any, list[Any]]:
    """LMPOP: key, elements."""
    key, elements = reply
    return key, elements


def popped_scored(reply: Any) -> tuple[Any, list[tuple[Any, float]]]:
    """ZMPOP: key, members with their scores."""
    key, elements = reply
    return key, scored(elements)


def page(reply: Any) -> tuple[int, list[Any]]:
    """SCAN: the next cursor, what was found."""
    cursor, items = reply
    return int(cursor), items


def page_of_cluster(reply: Any) -> tuple[Any, list[Any]]:
    """CLUSTERSCAN, whose cursor is a text."""
    cursor, items = reply
    return cursor, items


def page_of_fields(reply: Any) -> tuple[int, dict[Any, Any]]:
    cursor, items = reply
    return int(cursor), mapping(items)


def page_of_scores(reply: Any) -> tuple[int, list[tuple[Any, float]]]:
    cursor, items = reply
    return int(cursor), scored(items)


def entries(reply: Any) -> list[tuple[Any, dict[Any, Any]]]:
    """Entries of a stream: (ID, fields).  One that was deleted meanwhile has no fields."""
    return [(entry[0], {} if entry[1] is None else mapping(entry[1])) for entry in reply if entry is not None]


def entries_of_streams(reply: Any) -> dict[Any, list[tuple[Any, dict[Any, Any]]]]:
    return {key: entries(found) for key, found in mapping(reply).items()}


def claimed(reply: Any) -> tuple[Any, list[tuple[Any, dict[Any, Any]]], list[Any]]:
    """XAUTOCLAIM: where to go on, entries, IDs of entries that are no more (a server before 7.0 does not say them)."""
    return reply[0], entries(reply[1]), reply[2] if len(reply) > 2 else []


def claimed_ids(reply: Any) -> tuple[Any, list[Any], list[Any]]:
    return reply[0], reply[1], reply[2] if len(reply) > 2 else []


def pending(reply: Any) -> tuple[int, Any, Any, dict[Any, int]]:
    """XPENDING: how many, the first ID and the last, how many each consumer has."""
    total, first, last, consumers = reply
    return total, first, last, {name: int(many) for name, many in consumers or ()}


def pending_rows(reply: Any) -> list[tuple[Any, Any, int, int]]:
    return [(entry, consumer, idle, times) for entry, consumer, idle, times in reply]
