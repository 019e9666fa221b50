"""What a command may return besides bytes, int, None, bool, float and list.

The encoder knows how each is written in RESP2 and in RESP3, so a command says what it means once.
"""

from __future__ import annotations

from typing import Final


class Status:
    """A simple string such as `+OK`."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text


class Preencoded:
    """Bytes that are a complete reply already; the same in both protocols."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class NullArray:
    """RESP2's `*-1`; RESP3 has one null for all."""


class NoReply:
    """Nothing is sent: the command has written its own replies, or the client asked for silence."""


class MapReply:
    """Alternating keys and values: a map in RESP3, one flat array in RESP2."""

    __slots__ = ("flat",)

    def __init__(self, flat: list[object]) -> None:
        self.flat = flat


class SetReply:
    """A set in RESP3, an array in RESP2."""

    __slots__ = ("members",)

    def __init__(self, members: list[object]) -> None:
        self.members = members


class Push:
    """An out-of-band message: a push in RESP3, an array in RESP2."""

    __slots__ = ("items",)

    def __init__(self, items: list[object]) -> None:
        self.items = items


class Several:
    """Replies one after the other: a command that answers more than once."""

    __slots__ = ("replies",)

    def __init__(self, replies: list[object]) -> None:
        self.replies = replies


class Double:
    """A double of RESP3, whose digits are already chosen; a bulk string in RESP2."""

    __slots__ = ("digits",)

    def __init__(self, digits: bytes) -> None:
        self.digits = digits


class Verbatim:
    """Text with a three-letter format in RESP3, a bulk string in RESP2."""

    __slots__ = ("form", "text")

    def __init__(self, form: bytes, text: bytes) -> None:
        self.form = form
        self.text = text


class BigNumber:
    """An integer of any size in RESP3, a bulk string in RESP2."""

    __slots__ = ("digits",)

    def __init__(self, digits: bytes) -> None:
        self.digits = digits


class Attribute:
    """Attributes (alternating keys and values) before a reply; RESP2 has only the reply."""

    __slots__ = ("flat", "reply")

    def __init__(self, flat: list[object], reply: object) -> None:
        self.flat = flat
        self.reply = reply


OK: Final = Preencoded(b"+OK\r\n")
PONG: Final = Preencoded(b"+PONG\r\n")
QUEUED: Final = Preencoded(b"+QUEUED\r\n")
ZERO: Final = Preencoded(b":0\r\n")
ONE: Final = Preencoded(b":1\r\n")
EMPTY_ARRAY: Final = Preencoded(b"*0\r\n")
NULL_ARRAY: Final = NullArray()
NO_REPLY: Final = NoReply()
