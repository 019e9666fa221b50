"""Byte work that is worth C: each function in Python, replaced by its twin of native/bytework.c where that was built.

The twins are held against each other by the tests.  `split_requests` has none here: without it RequestDecoder reads
its requests one by one.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from importlib import import_module
from typing import Final

LONG: Final = 255
LENGTH_BYTES: Final[list[bytes]] = [bytes([length]) for length in range(LONG)]
#: Deeper replies are left to the encoder of single ones.
MAX_DEPTH: Final = 32

#: (data, position, most, max_bulk, the likely name, out) -> the position behind the requests that were added to
#: `out`, the last first.  It takes whole ones in the shortest spelling only, and stops at any other.
SplitRequests = Callable[[bytes, int, int, int, bytes, list[list[bytes]]], int]


def make_room_in_python(size: int) -> bytes | bytearray:
    """Room for an argument: bytes that nobody else may see before they are filled, or, here, a bytearray."""
    return bytearray(size)


def fill_in_python(target: bytes | bytearray, at: int, data: bytes, start: int, count: int) -> None:
    """Put `count` bytes of `data` from `start` on into room that was made, from `at` on."""
    if not 0 <= at <= len(target) - count or not 0 <= start <= len(data) - count:
        raise ValueError("there is no such place")
    memoryview(target)[at : at + count] = data[start : start + count]


def encode_plain_in_python(reply: object, resp: int) -> bytes | None:
    """A reply of bytes, integers, None and lists of such as protocol version `resp` writes it; None for any other."""
    parts: list[bytes] = []
    return b"".join(parts) if _append_plain(parts, reply, resp, 0) else None


def _append_plain(parts: list[bytes], reply: object, resp: int, depth: int) -> bool:
    if isinstance(reply, bytes):
        parts.append(encode_bulk_in_python(reply))
    elif reply is None:
        parts.append(b"_\r\n" if resp == 3 else b"$-1\r\n")
    elif isinstance(reply, int) and not isinstance(reply, bool):
        if not -(1 << 63) <= reply < 1 << 63:
            return False
        parts.append(b":%d\r\n" % reply)
    elif isinstance(reply, list) and depth < MAX_DEPTH:
        parts.append(b"*%d\r\n" % len(reply))
        for item in reply:
            if not _append_plain(parts, item, resp, depth + 1):
                return False
    else:
        return False
    return True


def encode_bulk_in_python(value: bytes) -> bytes:
    return b"$" + str(len(value)).encode() + b"\r\n" + value + b"\r\n"


def add_request_in_python(buffer: bytearray, argv: list[bytes], most: int) -> int:
    """Append a request as a client would send it: how many bytes; more than `most` are not added, and that is 0."""
    data = b"*%d\r\n" % len(argv) + b"".join([encode_bulk_in_python(argument) for argument in argv])
    if len(data) > most:
        return 0
    buffer += data
    return len(data)


def pack_entries_in_python(elements: list[bytes]) -> bytes:
    """Entries one after the other, as datatypes/packed_entries.py describes them."""
    parts: list[bytes] = []
    for element in elements:
        length = len(element)
        if length < LONG:
            edge = LENGTH_BYTES[length]
            parts.append(edge)
            parts.append(element)
            parts.append(edge)
        else:
            wide = length.to_bytes(4, "little")
            parts.append(b"\xff" + wide + element + wide + b"\xff")
    return b"".join(parts)


def unpack_entries_in_python(out: list[bytes], raw: bytes | bytearray, offset: int, count: int) -> int:
    """Append `count` entries that start at `offset`; the offset after them."""
    while count > 0:
        count -= 1
        length = raw[offset]
        offset += 1
        tail = 1
        if length == LONG:
            length = int.from_bytes(raw[offset : offset + 4], "little")
            offset += 4
            tail = 5
        if len(raw) - offset < length + tail:
            raise IndexError("entries end in the middle")
        out.append(bytes(raw[offset : offset + length]))
        offset += length + tail
    return offset


def key_slot_in_python(key: bytes) -> int:
    """Which of the 16,384 slots of a cluster a key belongs to: CRC16 (XMODEM) of its name, or of its hash tag."""
    start = key.find(b"{") + 1
    if start > 0:
        end = key.find(b"}", start)
        if end > start:
            return crc_hqx(key[start:end], 0) & 16383
    return crc_hqx(key, 0) & 16383


def mark_of_key_in_python(marks: bytearray, key: bytes) -> int:
    """What stands in `marks`, a byte for each slot, for the slot of a key."""
    return marks[key_slot_in_python(key)]


def _load() -> object:
    try:
        return import_module("miniredis.resp._bytework")
    except ImportError:
        return None


_native: Final = _load()
#: Whether the twins in C serve.
IS_NATIVE: Final = _native is not None
split_requests: Final[SplitRequests | None] = getattr(_native, "split_requests", None)
make_room: Final[Callable[[int], bytes | bytearray]] = getattr(_native, "make_room", make_room_in_python)
fill: Final[Callable[[bytes | bytearray, int, bytes, int, int], None]] = getattr(_native, "fill", fill_in_python)
encode_plain: Final[Callable[[object, int], bytes | None]] = getattr(_native, "encode_plain", encode_plain_in_python)
encode_bulk: Final[Callable[[bytes], bytes]] = getattr(_native, "encode_bulk", encode_bulk_in_python)
add_request: Final[Callable[[bytearray, list[bytes], int], int]] = getattr(
    _native, "add_request", add_request_in_python
)
pack_entries: Final[Callable[[list[bytes]], bytes]] = getattr(_native, "pack_entries", pack_entries_in_python)
unpack_entries: Final[Callable[[list[bytes], bytes | bytearray, int, int], int]] = getattr(
    _native, "unpack_entries", unpack_entries_in_python
)
key_slot: Final[Callable[[bytes], int]] = getattr(_native, "key_slot", key_slot_in_python)
mark_of_key: Final[Callable[[bytearray, bytes], int]] = getattr(_native, "mark_of_key", mark_of_key_in_python)
