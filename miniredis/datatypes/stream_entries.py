"""How an entry stands in a block of a stream, and the writer of one, in Python and in C (native/entries.c).

An entry is a byte of flags, the milliseconds since the block's first ID, the sequence number (relative to that
of the first ID within the same millisecond), the length of the rest, and the rest: the values alone when the
fields are those of the block's first entry, else the number of fields and fields and values in turn.  Numbers are
varints.  The twin in C serves where it was built; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

from miniredis.datatypes.packed_entries import listpack_integer_size, listpack_size

DELETED: Final = 1
SAME_FIELDS: Final = 2
ONE_BYTE: Final[list[bytes]] = [bytes([number]) for number in range(128)]


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the high bit says that more follow."""
    if number < 128:
        return ONE_BYTE[number]
    parts = bytearray()
    while number >= 128:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def append_entry_in_python(data: bytearray, ms: int, seq: int, fields: list[bytes], items: list[bytes]) -> int:
    """Write an entry behind the others of a block whose first one has these fields.

    `items` are fields and values in turn.  Returns the bytes of a listpack that they take in Redis's own form, where
    they do not hang on the ID."""
    same = items[::2] == fields
    count = len(items) // 2
    size = 0
    body: list[bytes] = []
    if same:
        size = listpack_integer_size(count + 3)
    else:
        body.append(varint(count))
        size = listpack_integer_size(count) + listpack_integer_size(2 * count + 4)
    for value in items[1::2] if same else items:
        body.append(varint(len(value)))
        body.append(value)
        size += listpack_size(value)
    packed = b"".join(body)
    flags = ONE_BYTE[SAME_FIELDS] if same else ONE_BYTE[0]
    data += b"".join([flags, varint(ms), varint(seq), varint(len(packed)), packed])
    return size


def _load() -> object:
    try:
        return import_module("miniredis.datatypes._entries")
    except ImportError:
        return None


append_entry: Final[Callable[[bytearray, int, int, list[bytes], list[bytes]], int]] = getattr(
    _load(), "append_entry", append_entry_in_python
)
