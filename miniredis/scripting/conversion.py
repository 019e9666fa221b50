"""Replies of commands as scripts see them.

Integers are numbers, bulks strings, arrays tables; statuses and errors tables with the field `ok` or `err`.  In
version 2 a null is false; in version 3 it is nil, and maps, sets, doubles and their kind are tables that say so.
"""

from __future__ import annotations

from typing import Final

from miniredis.resp.errors import ReplyError
from miniredis.resp.numbers import format_double
from miniredis.resp.replies import (
    Attribute,
    BigNumber,
    Double,
    MapReply,
    Preencoded,
    Push,
    SetReply,
    Status,
    Verbatim,
)
from miniredis.scripting.sandbox import FAILURE, ITEM_BYTES, STATUS, TABLE, Sandbox

NO_MEMORY: Final = b"OOM script memory"


def to_lua(sandbox: Sandbox, reply: object, resp: int) -> object:
    """A reply for Lua: a plain value, or (value, STATUS, TABLE or FAILURE)."""
    if isinstance(reply, bytes):
        if len(reply) > 4096 and not sandbox.has_room(len(reply)):
            return NO_MEMORY, FAILURE
        return reply
    if isinstance(reply, Preencoded):
        return encoded_to_lua(sandbox, reply.data, resp)
    if isinstance(reply, bool):
        if resp == 3:  # in one expression with the other, compiled code would make it a number
            return reply
        return int(reply)
    if isinstance(reply, int):
        return reply
    if reply is None:
        return False if resp == 2 else None
    if isinstance(reply, Status):
        return reply.text, STATUS
    if isinstance(reply, ReplyError):
        return reply.message, FAILURE
    if isinstance(reply, list):
        size = flat_size(reply)
        if size >= 0:  # as it is: by far the most frequent
            return (sandbox.flat_table(reply), TABLE) if sandbox.has_room(size) else (NO_MEMORY, FAILURE)
    tree = Tree(resp)
    value = tree.value(reply)
    if not sandbox.has_room(tree.size):
        return NO_MEMORY, FAILURE
    if isinstance(value, list | dict):
        return sandbox.table(value), TABLE
    return value


def flat_size(items: list[object]) -> int:
    """About how many bytes a list takes in Lua; -1 if not all of its items are strings."""
    size = ITEM_BYTES
    for item in items:
        if not isinstance(item, bytes):
            return -1
        size += len(item)
    return size + len(items) * ITEM_BYTES


def encoded_to_lua(sandbox: Sandbox, data: bytes, resp: int) -> object:
    """The same of a reply that is bytes already."""
    first = data[0] if data else 0
    if first == 43:  # +
        return data[1:-2], STATUS
    if first == 58:  # :
        return int(data[1:-2])
    value, _ = parse_encoded(data, 0)
    return to_lua(sandbox, value, resp)


def parse_encoded(data: bytes, position: int) -> tuple[object, int]:
    """The reply at this position of RESP2 bytes that commands make beforehand, and where it ends."""
    end = data.find(b"\r\n", position)
    if end < 0:
        return None, len(data)
    kind = data[position]
    line = data[position + 1 : end]
    position = end + 2
    if kind == 43:
        return Status(line), position
    if kind == 45:
        return ReplyError(line), position
    if kind == 58:
        return int(line), position
    size = int(line)
    if size < 0:
        return None, position
    if kind == 36:
        return data[position : position + size], position + size + 2
    items: list[object] = []
    for _ in range(size):
        item, position = parse_encoded(data, position)
        items.append(item)
    return items, position


class Tree:
    """Turns a reply into lists, dicts and plain values; `size`: about how many bytes that takes in Lua."""

    def __init__(self, resp: int) -> None:
        self.resp = resp
        self.size = 0

    def value(self, reply: object) -> object:
        self.size += ITEM_BYTES
        if isinstance(reply, bytes):
            self.size += len(reply)
            return reply
        if isinstance(reply, bool):
            if self.resp == 3:
                return reply
            return int(reply)
        if isinstance(reply, int):
            return reply
        if isinstance(reply, list):
            return [self.value(item) for item in reply]
        if isinstance(reply, Status):
            return {b"ok": reply.text}
        if isinstance(reply, ReplyError):
            return {b"err": reply.message}
        if isinstance(reply, Preencoded):
            value, _ = parse_encoded(reply.data, 0)
            return self.value(value)
        if isinstance(reply, bytearray):
            return self.value(bytes(reply))
        return self._rare(reply)

    def _rare(self, reply: object) -> object:
        if isinstance(reply, float | Double):
            digits = reply.digits if isinstance(reply, Double) else format_double(reply)
            return {b"double": float(digits)} if self.resp == 3 else self.value(digits)
        if isinstance(reply, MapReply):
            if self.resp == 2:
                return [self.value(item) for item in reply.flat]
            items = [self.value(item) for item in reply.flat]
            return {b"map": dict(zip(items[::2], items[1::2], strict=True))}
        if isinstance(reply, SetReply):
            members = [self.value(member) for member in reply.members]
            return members if self.resp == 2 else {b"set": dict.fromkeys(members, True)}
        if isinstance(reply, Verbatim):
            self.size += len(reply.text)
            if self.resp == 2:
                return reply.text
            return {b"verbatim_string": {b"string": reply.text, b"format": reply.form}}
        if isinstance(reply, BigNumber):
            return reply.digits if self.resp == 2 else {b"big_number": reply.digits}
        if isinstance(reply, Push):
            return [self.value(item) for item in reply.items]
        if isinstance(reply, Attribute):
            return self.value(reply.reply)
        return False if self.resp == 2 else None
