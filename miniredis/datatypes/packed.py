"""Small collections as one `bytes` object: each item is its length in one byte, then its text.

A set packs members, a hash packs field, value, field, value...; `width` says how many items make an entry
(1 or 2) and a lookup only ever compares the first item of an entry.  A blob is immutable, so copies of a
collection share it, and a change builds a new one: at the sizes kept here that costs less than the call.

Everything is O(length of the blob).  An item longer than `ITEM_LIMIT` cannot be packed, and a blob longer than
`BLOB_LIMIT` or of more than `ENTRY_LIMIT` entries should not be: the collection moves to a `Table` then.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

ITEM_LIMIT: Final = 255
ENTRY_LIMIT: Final = 128  # Redis's own default; walking more costs more than a dict does
BLOB_LIMIT: Final = 4096

_LENGTHS: Final[list[bytes]] = [bytes([length]) for length in range(ITEM_LIMIT + 1)]


def packed_find(blob: bytes, item: bytes, width: i64) -> i64:
    """Offset of the entry that starts with `item`, or -1."""
    length: i64 = len(item)
    end: i64 = len(blob)
    # The last byte tells items of one length apart more often than the first: field:1, field:2...
    last: i64 = item[length - 1] if length else 0
    at: i64 = 0
    while at < end:
        here: i64 = blob[at]
        if here == length and (length == 0 or blob[at + length] == last) and blob[at + 1 : at + 1 + length] == item:
            return at
        at += here + 1
        if width == 2:
            at += 1 + blob[at]
    return -1


def packed_append(blob: bytes, item: bytes) -> bytes:
    """The blob with an entry of one item more; the caller knows that it is new."""
    return blob + _LENGTHS[len(item)] + item


def packed_append_pair(blob: bytes, field: bytes, value: bytes) -> bytes:
    """The blob with an entry of two items more; the caller knows that the field is new."""
    return blob + _LENGTHS[len(field)] + field + _LENGTHS[len(value)] + value


def packed_value(blob: bytes, at: i64) -> bytes:
    """The second item of the entry at `at`."""
    start: i64 = at + 1 + blob[at]
    return blob[start + 1 : start + 1 + blob[start]]


def packed_replace_value(blob: bytes, at: i64, value: bytes) -> bytes:
    """The blob with another second item in the entry at `at`."""
    start: i64 = at + 1 + blob[at]
    return blob[:start] + _LENGTHS[len(value)] + value + blob[start + 1 + blob[start] :]


def packed_delete(blob: bytes, at: i64, width: i64) -> bytes:
    """The blob without the entry at `at`."""
    end: i64 = at + 1 + blob[at]
    if width == 2:
        end += 1 + blob[end]
    return blob[:at] + blob[end:]


def packed_items(blob: bytes) -> list[bytes]:
    """Every item in order: members, or fields and values in turn."""
    found: list[bytes] = []
    end: i64 = len(blob)
    at: i64 = 0
    while at < end:
        start: i64 = at + 1
        at = start + blob[at]
        found.append(blob[start:at])
    return found


def packed_fields(blob: bytes) -> list[bytes]:
    """The first item of every entry of two."""
    found: list[bytes] = []
    end: i64 = len(blob)
    at: i64 = 0
    while at < end:
        start: i64 = at + 1
        at = start + blob[at]
        found.append(blob[start:at])
        at += 1 + blob[at]
    return found


def packed_item_at(blob: bytes, rank: i64, width: i64) -> bytes:
    """The first item of entry number `rank`, counted from 0."""
    at: i64 = 0
    steps: i64 = rank * width
    while steps > 0:
        at += 1 + blob[at]
        steps -= 1
    return blob[at + 1 : at + 1 + blob[at]]
