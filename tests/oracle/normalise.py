"""What may differ between two right servers, and how a comparison looks past it.

A normaliser takes a raw reply and gives bytes to compare.  They keep the frame's own bytes and only reorder or
blank parts, so that a wrong type or a wrong count still shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from oracle.wire import frame_end

Normaliser = Callable[[bytes], bytes]


def elements(reply: bytes) -> tuple[bytes, list[bytes]]:
    """The header line of an aggregate and its elements as raw frames; no elements for a scalar."""
    if reply[:1] not in (b"*", b"~", b"%", b">"):
        return reply, []
    position = reply.index(b"\r\n") + 2
    header, found = reply[:position], []
    while position < len(reply):
        end = frame_end(reply, position)
        found.append(reply[position:end])
        position = end
    return header, found


def unordered(reply: bytes) -> bytes:
    """The elements of an array or set in a fixed order."""
    header, found = elements(reply)
    return header + b"".join(sorted(found))


def unordered_pairs(reply: bytes) -> bytes:
    """Field and value stay together; the pairs are put in a fixed order (HGETALL, CONFIG GET)."""
    header, found = elements(reply)
    pairs = [found[i] + (found[i + 1] if i + 1 < len(found) else b"") for i in range(0, len(found), 2)]
    return header + b"".join(sorted(pairs))


def shape(reply: bytes) -> bytes:
    """Types and counts only: of every number and text only its type is kept."""
    lines, position = [], 0
    while position < len(reply):
        line_end = reply.index(b"\r\n", position) + 2
        kind = reply[position : position + 1]
        if kind in (b"$", b"=", b"!") and reply[position + 1 : position + 2] != b"-":
            line_end += int(reply[position + 1 : line_end - 2]) + 2
        lines.append(reply[position:line_end] if kind in (b"*", b"~", b"%", b">", b"|") else kind)
        position = line_end
    return b"".join(lines)


def error_code(reply: bytes) -> bytes:
    """Of an error its first word only; other replies whole."""
    return reply.split(b" ", 1)[0] if reply[:1] == b"-" else reply


def within(tolerance: int) -> Normaliser:
    """Integers and integer texts rounded to multiples of `tolerance`: for replies that tell remaining time.

    Rounding has edges: choose times in the middle of a multiple."""

    def rounded(reply: bytes) -> bytes:
        return re.sub(rb"(?m)^(:?)(\d+)(?=\r\n)", lambda m: m[1] + b"%d" % (int(m[2]) // tolerance), reply)

    return rounded


#: Replies whose order Redis leaves open.
UNORDERED: dict[bytes, Normaliser] = {
    b"KEYS": unordered,
    b"SMEMBERS": unordered,
    b"SINTER": unordered,
    b"SUNION": unordered,
    b"SDIFF": unordered,
    b"HKEYS": unordered,
    b"HVALS": unordered,
    b"HGETALL": unordered_pairs,
    b"CONFIG": unordered_pairs,
}
