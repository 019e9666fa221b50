"""Bytes of a server to values: the client's half of RESP2 and RESP3, for whatever of ours calls another server.

Values come in the forms that commands return (replies.py), so that what is parsed can be encoded again: bulk strings
are bytes, simple strings `Status`, errors `ReplyError` (not raised), arrays lists, maps `MapReply`, and so on.
A reply that is split anywhere gives the same value; what has been understood is not looked at again.  Memory grows
with the bytes received, never with lengths announced, and nesting is bounded.
"""

from __future__ import annotations

from typing import Final

from miniredis.resp.errors import ProtocolError, ReplyError
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import Attribute, BigNumber, MapReply, Push, SetReply, Status, Verbatim

#: Deeper than any reply of a server.
DEEPEST: Final = 64
#: The longest line: of a simple string or an error, or a header.
LONGEST_LINE: Final = 1 << 20
#: What is fully consumed is dropped from the buffer in pieces of this size.
DROP_BYTES: Final = 1 << 16


class NeedsMore:
    """What `next` returns while a reply is incomplete."""


NEEDS_MORE: Final = NeedsMore()

_ARRAY: Final = 0x2A
_PUSH: Final = 0x3E
_SET: Final = 0x7E
_MAP: Final = 0x25
_ATTRIBUTE: Final = 0x7C
_BULK: Final = 0x24
_VERBATIM: Final = 0x3D
_BLOB_ERROR: Final = 0x21


class _Open:
    """An aggregate whose items are not all there yet."""

    __slots__ = ("items", "kind", "left")

    def __init__(self, kind: int, left: int) -> None:
        self.kind = kind
        self.left = left
        self.items: list[object] = []


class ReplyParser:
    """Feed it bytes, take values.  Raises `ProtocolError` for what no server says; then it is of no use any more."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at: int = 0
        self._scanned: int = 0  # no end of line before here
        self._open: list[_Open] = []
        self._bulk: int = -1  # length of the bulk string that is being received
        self._bulk_kind: int = 0
        self._attributes: list[list[object]] = []

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def pending_bytes(self) -> int:
        """Bytes received that belong to no value yet."""
        return len(self._buffer) - self._at

    def next(self) -> object:
        """The next whole reply, or NEEDS_MORE."""
        while True:
            value = self._bulk_value() if self._bulk >= 0 else self._line_value()
            if value is NEEDS_MORE:
                self._drop()
                return NEEDS_MORE
            if isinstance(value, _Open):
                continue
            value = self._close(value)
            if value is not NEEDS_MORE:
                if self._at == len(self._buffer):
                    self._drop()
                return value

    def take_rest(self) -> bytes:
        """What was received behind the last value: the connection goes over to another protocol."""
        rest = bytes(self._buffer[self._at :])
        self._buffer = bytearray()
        self._at = self._scanned = 0
        return rest

    def _drop(self) -> None:
        if self._at == len(self._buffer):
            self._buffer.clear()
            self._at = self._scanned = 0
        elif self._at >= DROP_BYTES:
            del self._buffer[: self._at]
            self._scanned = max(self._scanned - self._at, 0)
            self._at = 0

    def _close(self, value: object) -> object:
        """Put a whole value where it belongs; the outermost one that this completes, or NEEDS_MORE."""
        while self._open:
            innermost = self._open[-1]
            innermost.items.append(value)
            innermost.left -= 1
            if innermost.left > 0:
                return NEEDS_MORE
            self._open.pop()
            if innermost.kind == _ATTRIBUTE:
                # They become nested, too: without a bound their end would exhaust the stack.
                if len(self._attributes) == DEEPEST:
                    raise ProtocolError(b"ERR Protocol error: too many attributes of a reply")
                self._attributes.append(innermost.items)
                return NEEDS_MORE
            value = aggregate(innermost.kind, innermost.items)
        if self._attributes:
            for flat in reversed(self._attributes):
                value = Attribute(flat, value)
            self._attributes = []
        return value

    def _line_value(self) -> object:
        """A simple value, NEEDS_MORE, or the `_Open` of something that is longer than its line."""
        end = self._buffer.find(b"\r\n", max(self._at, self._scanned))
        if end < 0:
            self._scanned = max(len(self._buffer) - 1, self._at)
            if len(self._buffer) - self._at > LONGEST_LINE:
                raise ProtocolError(b"ERR Protocol error: too long a line in a reply")
            return NEEDS_MORE
        if end == self._at:
            raise ProtocolError(b"ERR Protocol error: empty line in a reply")
        kind = self._buffer[self._at]
        text = bytes(self._buffer[self._at + 1 : end])
        self._at = self._scanned = end + 2
        if kind == 0x2B:  # +
            return Status(text)
        if kind == 0x2D:  # -
            return ReplyError(text)
        if kind == 0x3A:  # :
            return self._number(text)
        if kind == 0x5F:  # _
            return None
        if kind == 0x23:  # #
            if text not in (b"t", b"f"):
                raise ProtocolError(b"ERR Protocol error: invalid boolean in a reply")
            return text == b"t"
        if kind == 0x2C:  # ,
            return parse_double(text)
        if kind == 0x28:  # (
            return BigNumber(text)
        if kind in (_BULK, _VERBATIM, _BLOB_ERROR):
            length = self._number(text)
            if length == -1 and kind == _BULK:
                return None
            if length < 0:
                raise ProtocolError(b"ERR Protocol error: invalid bulk length in a reply")
            self._bulk = length
            self._bulk_kind = kind
            return self._bulk_value()
        return self._begin(kind, text)

    def _begin(self, kind: int, text: bytes) -> object:
        if kind not in (_ARRAY, _PUSH, _SET, _MAP, _ATTRIBUTE):
            raise ProtocolError(b"ERR Protocol error: unknown type of reply")
        count = self._number(text)
        if count == -1 and kind == _ARRAY:
            return None
        if count < 0 or count > 1 << 32:
            raise ProtocolError(b"ERR Protocol error: invalid length of an aggregate in a reply")
        if kind in (_MAP, _ATTRIBUTE):
            count *= 2
        if count == 0:
            if kind == _ATTRIBUTE:
                return _NOTHING
            return aggregate(kind, [])
        if len(self._open) == DEEPEST:
            raise ProtocolError(b"ERR Protocol error: too deep a reply")
        self._open.append(_Open(kind, count))
        return _NOTHING

    def _bulk_value(self) -> object:
        length = self._bulk
        end = self._at + length
        if len(self._buffer) < end + 2:
            return NEEDS_MORE
        if self._buffer[end : end + 2] != b"\r\n":
            raise ProtocolError(b"ERR Protocol error: a bulk string in a reply does not end where it should")
        data = bytes(memoryview(self._buffer)[self._at : end])
        self._at = self._scanned = end + 2
        self._bulk = -1
        if self._bulk_kind == _BLOB_ERROR:
            return ReplyError(data)
        if self._bulk_kind == _VERBATIM:
            return Verbatim(data[:3], data[4:])
        return data

    def _number(self, text: bytes) -> int:
        number = parse_int64(text)
        if number is None:
            raise ProtocolError(b"ERR Protocol error: invalid number in a reply")
        return number


_NOTHING: Final = _Open(_ARRAY, 0)


def aggregate(kind: int, items: list[object]) -> object:
    if kind == _MAP:
        return MapReply(items)
    if kind == _SET:
        return SetReply(items)
    if kind == _PUSH:
        return Push(items)
    return items


def parse_double(text: bytes) -> float:
    """A double of RESP3: digits with an exponent, inf, -inf or nan."""
    if text in (b"inf", b"-inf", b"nan"):
        return float(text)
    if not text or any(byte not in b"0123456789+-.eE" for byte in text):
        raise ProtocolError(b"ERR Protocol error: invalid double in a reply")
    try:
        return float(text)
    except ValueError as problem:
        raise ProtocolError(b"ERR Protocol error: invalid double in a reply") from problem
