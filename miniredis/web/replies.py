"""Replies as JSON: what the engine wrote for a client becomes what a page can read.

    bulk string   "text", or {"b64": ...} where it is not UTF-8
    status        {"ok": "OK"}              error   {"error": "ERR ..."}
    integer       1, or {"int": "..."} beyond what a page's numbers hold
    double        {"double": "1.5"}         null    null         boolean   true
    array         [...]     map  {"map": [[key, value], ...]}     set  {"set": [...]}     push  {"push": [...]}
    verbatim      {"text": ...}

The engine writes whole replies, so that what is given to `parse_replies` ends where a reply ends.  Attributes are
left out.  Requests take the other direction through `argument`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

#: JavaScript's numbers are exact up to here.
MOST_EXACT: Final = (1 << 53) - 1


def text_or_bytes(data: bytes) -> object:
    """A bulk string."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(data).decode()}


def argument(value: object) -> bytes:
    """An argument of a request: text, a number, or {"b64": ...}. Raises `ValueError`."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, int) and not isinstance(value, bool):
        return b"%d" % value
    if isinstance(value, dict) and isinstance(value.get("b64"), str):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except binascii.Error as problem:
            raise ValueError("no base64") from problem
    raise ValueError("an argument is a text, a whole number or {b64: ...}")


def parse_replies(data: bytes) -> list[object]:
    """All replies in `data`."""
    found: list[object] = []
    at = 0
    while at < len(data):
        is_attribute = data[at : at + 1] == b"|"
        value, at = _parse(data, at)
        if not is_attribute:
            found.append(value)
    return found


def _parse(data: bytes, at: int) -> tuple[object, int]:
    end = data.index(b"\r\n", at)
    kind = data[at : at + 1]
    line = data[at + 1 : end]
    at = end + 2
    if kind == b"$" or kind == b"=":
        size = int(line)
        if size < 0:
            return None, at
        body = data[at : at + size]
        at += size + 2
        return (text_or_bytes(body) if kind == b"$" else {"text": body[4:].decode("utf-8", "replace")}), at
    if kind in (b"*", b"~", b">"):
        size = int(line)
        if size < 0:
            return None, at
        items, at = _items(data, at, size)
        return (items if kind == b"*" else {"set": items} if kind == b"~" else {"push": items}), at
    if kind == b"%" or kind == b"|":
        flat, at = _items(data, at, int(line) * 2)
        return {"map": [flat[place : place + 2] for place in range(0, len(flat), 2)]}, at
    return _parse_line(kind, line), at


def _items(data: bytes, at: int, count: int) -> tuple[list[object], int]:
    items: list[object] = []
    for _ in range(count):
        value, at = _parse(data, at)
        items.append(value)
    return items, at


def _parse_line(kind: bytes, line: bytes) -> object:
    if kind == b":":
        number = int(line)
        return number if -MOST_EXACT <= number <= MOST_EXACT else {"int": str(number)}
    text = line.decode("utf-8", "replace")
    if kind == b"+":
        return {"ok": text}
    if kind == b"-":
        return {"error": text}
    if kind == b",":
        return {"double": text}
    if kind == b"#":
        return line == b"t"
    if kind == b"(":
        return {"int": text}
    if kind == b"_":
        return None
    raise ValueError(f"no reply begins with {kind!r}")


def error_of(reply: object) -> str:
    """The text of an error reply, else nothing."""
    return str(reply["error"]) if isinstance(reply, dict) and "error" in reply else ""
