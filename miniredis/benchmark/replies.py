"""Counts the replies in a byte stream without looking into them: a load generator only needs to know how many came."""

from __future__ import annotations

from typing import Final

_CR: Final = b"\r\n"
_LINES: Final = b"+-:_#,("
_BULKS: Final = b"$=!"
#: Items of an aggregate for each of its announced length.
_AGGREGATES: Final = {ord("*"): 1, ord("~"): 1, ord(">"): 1, ord("%"): 2, ord("|"): 2}


class BadReply(Exception):
    """What came is no reply."""


class ReplyCounter:
    """RESP2 and RESP3.  `errors` counts the error replies, `first_error` is the text of the first."""

    def __init__(self) -> None:
        self.errors = 0
        self.first_error = b""
        self._data = b""
        self._skip = 0  # bytes of a bulk string that are still to come, its CRLF included
        self._open: list[int] = []  # how many items each open aggregate still waits for

    def feed(self, data: bytes) -> int:
        """How many replies have become complete."""
        if self._data:
            data = self._data + data
        position = 0
        end = len(data)
        count = 0
        while position < end:
            if self._skip:
                step = min(self._skip, end - position)
                position += step
                self._skip -= step
                if self._skip:
                    break
                count += self._close()
                continue
            line_end = data.find(_CR, position)
            if line_end < 0:
                break
            kind = data[position]
            if kind in _LINES:
                if kind == 45:
                    self._note_error(data[position + 1 : line_end])
                count += self._close()
            elif kind in _BULKS:
                length = self._length(data[position + 1 : line_end])
                if length < 0:
                    count += self._close()
                else:
                    self._skip = length + 2
            elif kind in _AGGREGATES:
                items = self._length(data[position + 1 : line_end]) * _AGGREGATES[kind]
                if kind == 124:  # attributes belong to the reply after them
                    items += 1
                if items > 0:
                    self._open.append(items)
                else:
                    count += self._close()
            else:
                raise BadReply(bytes(data[position:line_end][:100]))
            position = line_end + 2
        self._data = data[position:]
        return count

    def _length(self, digits: bytes) -> int:
        try:
            return int(digits)
        except ValueError:
            raise BadReply(digits[:100]) from None

    def _note_error(self, text: bytes) -> None:
        self.errors += 1
        if not self.first_error:
            self.first_error = text

    def _close(self) -> int:
        """A value is complete: 1 when a whole reply is with it."""
        opened = self._open
        while opened:
            opened[-1] -= 1
            if opened[-1] > 0:
                return 0
            opened.pop()
        return 1
