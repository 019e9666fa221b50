"""Reply values to the bytes of RESP2 or RESP3.

Appends chunks to a list that the connection joins once a turn.  Frequent headers are made beforehand.
Lines are stripped of CR and LF here and nowhere else.  Nesting is bounded by what commands build.
Format: the RESP specification, versions 2 and 3.
"""

from __future__ import annotations

from typing import Final

from miniredis.resp.bytework import IS_NATIVE, encode_bulk, encode_plain
from miniredis.resp.errors import ReplyError
from miniredis.resp.numbers import format_double
from miniredis.resp.replies import (
    Attribute,
    BigNumber,
    Double,
    MapReply,
    NoReply,
    NullArray,
    Preencoded,
    Push,
    SetReply,
    Several,
    Status,
    Verbatim,
)

CRLF: Final = b"\r\n"
READY_HEADERS: Final = 1024
BULK_HEADERS: Final[list[bytes]] = [b"$%d\r\n" % n for n in range(READY_HEADERS)]
ARRAY_HEADERS: Final[list[bytes]] = [b"*%d\r\n" % n for n in range(READY_HEADERS)]
INTEGERS: Final[list[bytes]] = [b":%d\r\n" % n for n in range(READY_HEADERS)]
#: Up to a million an integer is put together from two halves.
INTEGER_HEADS: Final[list[bytes]] = [b":%d" % n for n in range(1000)]
INTEGER_TAILS: Final[list[bytes]] = [b"%03d\r\n" % n for n in range(1000)]
LARGE_BULK: Final = 16 * 1024  # from here a value leaves as a chunk of its own, not copied into the join


def one_line(text: bytes) -> bytes:
    """`text` fit for a line of its own: CR and LF become blanks."""
    if b"\r" in text or b"\n" in text:
        return text.replace(b"\r", b" ").replace(b"\n", b" ")
    return text


def encode_error(message: bytes) -> bytes:
    return b"-" + one_line(message) + CRLF


def append_bulk(out: list[bytes], value: bytes) -> None:
    size = len(value)
    if IS_NATIVE and size < LARGE_BULK:
        out.append(encode_bulk(value))
    elif size < READY_HEADERS:
        out.append(BULK_HEADERS[size] + value + CRLF)
    elif size < LARGE_BULK:
        out.append(b"$" + str(size).encode() + CRLF + value + CRLF)
    else:
        out.append(b"$" + str(size).encode() + CRLF)
        out.append(value)
        out.append(CRLF)


def append_integer(out: list[bytes], number: int) -> None:
    if 0 <= number < READY_HEADERS:
        out.append(INTEGERS[number])
    elif 0 <= number < 1_000_000:
        out.append(INTEGER_HEADS[number // 1000] + INTEGER_TAILS[number % 1000])
    else:
        out.append(b":" + str(number).encode() + CRLF)


def append_array_header(out: list[bytes], size: int) -> None:
    if size < READY_HEADERS:
        out.append(ARRAY_HEADERS[size])
    else:
        out.append(b"*" + str(size).encode() + CRLF)


def append_reply(out: list[bytes], reply: object, resp: int) -> None:
    """Append `reply` as protocol version `resp` (2 or 3) writes it."""
    if isinstance(reply, bytes):
        append_bulk(out, reply)
    elif isinstance(reply, Preencoded):
        out.append(reply.data)
    elif reply is None:
        out.append(b"$-1\r\n" if resp == 2 else b"_\r\n")
    elif isinstance(reply, bool):
        if resp == 2:
            out.append(b":1\r\n" if reply else b":0\r\n")
        else:
            out.append(b"#t\r\n" if reply else b"#f\r\n")
    elif isinstance(reply, int):
        append_integer(out, reply)
    elif isinstance(reply, list):
        if IS_NATIVE:
            data = encode_plain(reply, resp)
            if data is not None:
                out.append(data)
                return
        append_array_header(out, len(reply))
        for item in reply:
            if isinstance(item, bytes):
                size = len(item)
                if size < READY_HEADERS:
                    # Three chunks: a third faster for long arrays than putting them together here.
                    out.append(BULK_HEADERS[size])
                    out.append(item)
                    out.append(CRLF)
                else:
                    append_bulk(out, item)
            else:
                append_reply(out, item, resp)
    else:
        append_rare_reply(out, reply, resp)


def append_items(out: list[bytes], header: bytes, items: list[object], resp: int) -> None:
    out.append(header)
    for item in items:
        append_reply(out, item, resp)


def append_rare_reply(out: list[bytes], reply: object, resp: int) -> None:
    if isinstance(reply, bytearray):
        append_bulk(out, bytes(reply))
    elif isinstance(reply, Status):
        out.append(b"+" + one_line(reply.text) + CRLF)
    elif isinstance(reply, NullArray):
        out.append(b"*-1\r\n" if resp == 2 else b"_\r\n")
    elif isinstance(reply, MapReply):
        if resp == 2:
            append_items(out, b"*%d\r\n" % len(reply.flat), reply.flat, resp)
        else:
            append_items(out, b"%%%d\r\n" % (len(reply.flat) // 2), reply.flat, resp)
    elif isinstance(reply, SetReply):
        append_items(out, (b"*%d\r\n" if resp == 2 else b"~%d\r\n") % len(reply.members), reply.members, resp)
    elif isinstance(reply, float):
        append_double(out, format_double(reply), resp)
    elif isinstance(reply, Double):
        append_double(out, reply.digits, resp)
    elif isinstance(reply, ReplyError):
        out.append(encode_error(reply.message))
    elif isinstance(reply, Push):
        append_items(out, (b"*%d\r\n" if resp == 2 else b">%d\r\n") % len(reply.items), reply.items, resp)
    elif isinstance(reply, Verbatim):
        if resp == 2:
            append_bulk(out, reply.text)
        else:
            out.append(b"=%d\r\n%b:%b\r\n" % (len(reply.text) + 4, reply.form, reply.text))
    elif isinstance(reply, BigNumber):
        if resp == 2:
            append_bulk(out, reply.digits)
        else:
            out.append(b"(" + one_line(reply.digits) + CRLF)
    elif isinstance(reply, Several):
        append_items(out, b"", reply.replies, resp)
    elif isinstance(reply, Attribute):
        if resp == 3:
            append_items(out, b"|%d\r\n" % (len(reply.flat) // 2), reply.flat, resp)
        append_reply(out, reply.reply, resp)
    elif not isinstance(reply, NoReply):
        raise TypeError(f"a command returned {type(reply).__name__}, which is no reply")


def append_double(out: list[bytes], digits: bytes, resp: int) -> None:
    if resp == 2:
        append_bulk(out, digits)
    else:
        out.append(b"," + digits + CRLF)


def encode_reply(reply: object, resp: int) -> bytes:
    """`reply` as one byte string."""
    out: list[bytes] = []
    append_reply(out, reply, resp)
    return b"".join(out)


def command_size(argv: list[bytes]) -> int:
    """How many bytes `encode_command` would make."""
    size = 3 + len(str(len(argv)))
    for argument in argv:
        length = len(argument)
        size += 5 + len(str(length)) + length
    return size


def encode_command(argv: list[bytes]) -> bytes:
    """A request as an array of bulk strings: what the AOF and replicas are sent."""
    if IS_NATIVE:
        data = encode_plain(argv, 2)
        assert data is not None
        return data
    out: list[bytes] = []
    append_array_header(out, len(argv))
    for argument in argv:
        append_bulk(out, argument)
    return b"".join(out)
