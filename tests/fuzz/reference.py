"""The grammar of requests and of glob patterns once more: slow, strict and in another way than the product's.

`decode` takes a whole stream at once and knows no state; `glob` is the recursive definition.  They follow the
protocol's description and redis-server's behaviour, and share no code with what they judge.
"""

from __future__ import annotations

import re
from functools import cache

INTEGER = re.compile(rb"(?:0|-?[1-9][0-9]{0,18})\Z")
SPACES = b" \t\n\v\f\r"
#: What ends a word that has begun: not all that separates words.
ENDS = b" \t\n\r"
ESCAPES = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("b"): 8, ord("a"): 7}


class Refused(Exception):
    """The stream is no sequence of requests from here on."""


def integer(text: bytes) -> int:
    """A number of 64 bits in its only spelling; ValueError for any other."""
    if INTEGER.match(text) is None or not -(1 << 63) <= int(text) < 1 << 63:
        raise ValueError(text)
    return int(text)


def words_of(line: bytes) -> list[bytes] | None:
    """Words of an inline command, None where quotes are wrong."""
    line = line.split(b"\0")[0]
    words: list[bytes] = []
    while True:
        line = line.lstrip(SPACES)
        if not line:
            return words
        word = b""
        quoted = b""
        while line:
            first, line = line[:1], line[1:]
            if not quoted and first in b"\"'":
                quoted = first
            elif not quoted and first in ENDS:
                break
            elif quoted and first == quoted:
                if line and line[0] not in SPACES:
                    return None
                quoted = b""
                break
            elif quoted == b'"' and first == b"\\" and line:
                hexadecimal = re.match(rb"x([0-9a-fA-F]{2})", line)
                if hexadecimal:
                    word += bytes([int(hexadecimal[1], 16)])
                    line = line[3:]
                else:
                    word += bytes([ESCAPES.get(line[0], line[0])])
                    line = line[1:]
            elif quoted == b"'" and first == b"\\" and line[:1] == b"'":
                word += b"'"
                line = line[1:]
            else:
                word += first
        if quoted:
            return None
        words.append(word)


def decode(data: bytes, max_bulk: int, authenticated: bool) -> tuple[list[list[bytes]], bytes]:
    """All requests in `data`, and the error that ends it, if one does."""
    requests: list[list[bytes]] = []
    while data:
        try:
            request, data = _frame(data, max_bulk, authenticated) if data[:1] == b"*" else _inline(data)
        except EOFError:
            return requests, b""
        except Refused as refusal:
            reason: bytes = refusal.args[0]
            return requests, b"ERR Protocol error: " + reason
        if request:
            requests.append(request)
    return requests, b""


def _inline(data: bytes) -> tuple[list[bytes], bytes]:
    line, newline, rest = data.partition(b"\n")
    if not newline:
        if len(data) > 65536:
            raise Refused(b"too big inline request")
        raise EOFError
    words = words_of(line.removesuffix(b"\r"))
    if words is None:
        raise Refused(b"unbalanced quotes in request")
    return words, rest


def _header(data: bytes, too_big: bytes) -> tuple[bytes, bytes]:
    """A line and what follows; any byte may stand behind the CR."""
    line, cr, rest = data.partition(b"\r")
    if not cr or not rest:
        if len(data) > 65536:
            raise Refused(too_big)
        raise EOFError
    return line, rest[1:]


def _frame(data: bytes, max_bulk: int, authenticated: bool) -> tuple[list[bytes], bytes]:
    line, data = _header(data, b"too big mbulk count string")
    try:
        count = integer(line[1:])
    except ValueError:
        count = 1 << 40
    if count > 2147483647:
        raise Refused(b"invalid multibulk length")
    if count > 10 and not authenticated:
        raise Refused(b"unauthenticated multibulk length")
    arguments: list[bytes] = []
    for _ in range(count):
        line, data = _header(data, b"too big bulk count string")
        if line[:1] != b"$":
            raise Refused(b"expected '$', got '" + (line + b"\r")[:1] + b"'")
        try:
            length = integer(line[1:])
        except ValueError:
            length = -1
        if not 0 <= length <= max_bulk:
            raise Refused(b"invalid bulk length")
        if length > 16384 and not authenticated:
            raise Refused(b"unauthenticated bulk length")
        if len(data) < length + 2:
            raise EOFError
        arguments.append(data[:length])
        data = data[length + 2 :]
    return arguments, data


def glob(pattern: bytes, text: bytes) -> bool:
    """Whether all of `text` matches, by the definition."""
    tokens: list[frozenset[int] | None] = []  # None: any run
    at = 0
    while at < len(pattern):
        first = pattern[at : at + 1]
        if first == b"*":
            tokens.append(None)
            at += 1
        elif first == b"?":
            tokens.append(frozenset(range(256)))
            at += 1
        elif first == b"[":
            members, at = _class(pattern, at + 1)
            tokens.append(members)
        else:
            if first == b"\\" and at + 1 < len(pattern):
                at += 1
            tokens.append(frozenset(pattern[at : at + 1]))
            at += 1

    @cache
    def matches(token: int, place: int) -> bool:
        if token == len(tokens):
            return place == len(text)
        members = tokens[token]
        if members is None:
            return matches(token + 1, place) or (place < len(text) and matches(token, place + 1))
        return place < len(text) and text[place] in members and matches(token + 1, place + 1)

    return matches(0, 0)


def _class(pattern: bytes, at: int) -> tuple[frozenset[int], int]:
    """The bytes that a class stands for, and where the pattern goes on."""
    negated = pattern[at : at + 1] == b"^"
    at += negated
    members: set[int] = set()
    while at < len(pattern):
        rest = pattern[at:]
        if rest[:1] == b"]":
            at += 1
            break
        if rest[:1] == b"\\" and len(rest) > 1:
            members.add(rest[1])
            at += 2
        elif len(rest) > 2 and rest[1:2] == b"-":
            members.update(range(min(rest[0], rest[2]), max(rest[0], rest[2]) + 1))
            at += 3
        else:
            members.add(rest[0])
            at += 1
    return frozenset(range(256)) - members if negated else frozenset(members), at
