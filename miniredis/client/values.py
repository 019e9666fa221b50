"""Python values to the words of a command, and replies to Python values.

Text is UTF-8; bytes that are not become surrogates when `decode_responses` is set, and become the same bytes again when
such text is sent.  Errors inside an aggregate (EXEC) stay in their place as exceptions, they are not raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from miniredis.client.errors import UsageError, exception_of
from miniredis.resp.encoder import append_array_header, append_bulk
from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import Attribute, BigNumber, MapReply, Push, SetReply, Status, Verbatim

#: What a command may be made of.
Value = bytes | bytearray | memoryview | str | int | float
#: Where several may be given.
Values = Value | Iterable[Value]


def to_bytes(value: Value) -> bytes:
    """A word as it is sent."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode(errors="surrogateescape")
    if isinstance(value, bool):
        raise UsageError("a boolean has no form of its own in Redis: say 1 or 0, or a word")
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, float):
        return repr(value).encode()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise UsageError(f"a command is made of bytes, str, int and float, not of {type(value).__name__}")


def many(values: Value | Iterable[Value]) -> list[Value]:
    """Several values; one alone may stand for itself, so that no text is taken for its letters."""
    if isinstance(values, bytes | bytearray | memoryview | str | int | float):
        return [values]
    return list(values)


def words_of(values: Iterable[Value]) -> list[bytes]:
    words = [to_bytes(value) for value in values]
    if not words:
        raise UsageError("a command needs a name")
    return words


def encode(words: Sequence[bytes]) -> bytes:
    """A command on the wire."""
    out: list[bytes] = []
    append_array_header(out, len(words))
    for word in words:
        append_bulk(out, word)
    return b"".join(out)


def to_python(value: object, decode: bool) -> Any:
    """A reply as programs want it: dict, set, list, int, float, bool, None, and bytes or str."""
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape") if decode else value
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list):
        return [to_python(item, decode) for item in value]
    if isinstance(value, Status):
        return to_python(value.text, decode)
    if isinstance(value, ReplyError):
        return exception_of(value)
    if isinstance(value, MapReply):
        items = [to_python(item, decode) for item in value.flat]
        try:
            return dict(zip(items[::2], items[1::2], strict=True))
        except TypeError:  # keys that are aggregates
            return list(zip(items[::2], items[1::2], strict=True))
    if isinstance(value, SetReply):
        members = [to_python(item, decode) for item in value.members]
        try:
            return set(members)
        except TypeError:
            return members
    if isinstance(value, Verbatim):
        return to_python(value.text, decode)
    if isinstance(value, BigNumber):
        return int(value.digits)
    if isinstance(value, Attribute):
        return to_python(value.reply, decode)
    assert isinstance(value, Push)
    return [to_python(item, decode) for item in value.items]
