"""CLUSTERSCAN: a cursor that leads through all slots, from node to node.

It reads `FINGERPRINT-{TAG}-POSITION`: the tag hashes to the slot to go on with, so that a client routes the cursor
like a key; the position is one of a table's order, and means something to the server of that fingerprint only.
"""

from __future__ import annotations

from heapq import nsmallest
from itertools import product
from typing import Final

from miniredis.cluster.access import slot_argument
from miniredis.cluster.cluster import Cluster
from miniredis.commands.context import Context
from miniredis.commands.lookup import type_name
from miniredis.commands.scanning import ScanOptions
from miniredis.datatypes.table import position_of
from miniredis.keyspace.slots import SLOTS, key_slot
from miniredis.resp.errors import error, invalid_cursor

DIGITS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FINGERPRINT_LENGTH: Final = 6

_tags: dict[int, bytes] = {}


def tag_of(slot: int) -> bytes:
    """A short name that hashes to a slot."""
    if slot not in _tags:
        for letters in product(DIGITS, repeat=3):
            tag = bytes(letters)
            _tags.setdefault(key_slot(tag), tag)
            if slot in _tags:
                break
    return _tags[slot]


class ClusterCursor:
    """`slot` -1: the beginning of everything."""

    def __init__(self, text: bytes) -> None:
        self.slot = -1
        self.tag = b""
        self.fingerprint = b""
        self.position = 0
        if text == b"0":
            return
        self.fingerprint, opening, rest = text.partition(b"-{")
        self.tag, closing, position = rest.partition(b"}-")
        if not opening or not closing or not self.tag or not position.isdigit() or len(position) > 19:
            raise invalid_cursor()
        self.slot = key_slot(self.tag)
        self.position = int(position)


def _cursor(slot: int, fingerprint: bytes = b"0", position: int = 0, tag: bytes = b"") -> bytes:
    return b"%s-{%s}-%d" % (fingerprint, tag or tag_of(slot), position)


def _literal_slot(pattern: bytes) -> int:
    """The slot of all keys that a pattern without wildcards before the end of its hash tag can match; -1: any."""
    if not any(letter in pattern for letter in b"*?[\\"):
        return key_slot(pattern)
    return -1


def scan_slots(cluster: Cluster, ctx: Context, cursor: ClusterCursor, argv: list[bytes]) -> object:
    words, only = _slot_option(argv)
    options = ScanOptions(words, 2, b"TYPE")
    if cursor.slot < 0:
        if only >= 0:
            return [_cursor(only), []]
        pattern = _pattern_of(words)
        if pattern and _literal_slot(pattern) >= 0:
            return [_cursor(_literal_slot(pattern), tag=pattern if b"{" not in pattern else b""), []]
        return [_cursor(0), []]
    if only >= 0 and cursor.slot != only:
        raise error(b"Cursor slot mismatch with SLOT argument")
    fingerprint = cluster.engine.run_id[:FINGERPRINT_LENGTH]
    position = cursor.position if cursor.fingerprint == fingerprint else 0
    slot = cursor.slot
    found: list[bytes] = []
    index = ctx.db.slots
    assert index is not None
    own = cluster.view.myself.head().slots
    while len(found) < options.count:
        names = [key for key in index.some(slot, index.count(slot)) if position_of(key) >= position]
        wanted = options.count - len(found)
        if len(names) > wanted:
            some = nsmallest(wanted, names, key=position_of)
            last = position_of(some[-1])
            found += [key for key in names if position_of(key) <= last]
            if any(position_of(key) > last for key in names):
                return [_cursor(slot, fingerprint, last + 1), _shown(ctx, options, found)]
        else:
            found += names
        position = 0
        slot += 1
        if only >= 0 or slot == SLOTS:
            return [b"0", _shown(ctx, options, found)]
        if slot not in own:
            break
    return [_cursor(slot, fingerprint if position else b"0"), _shown(ctx, options, found)]


def _slot_option(argv: list[bytes]) -> tuple[list[bytes], int]:
    """The arguments without SLOT, and the slot it names."""
    for at in range(2, len(argv) - 1, 2):
        if argv[at].upper() == b"SLOT":
            return argv[:at] + argv[at + 2 :], slot_argument(argv[at + 1])
    return argv, -1


def _pattern_of(argv: list[bytes]) -> bytes:
    for at in range(2, len(argv) - 1, 2):
        if argv[at].upper() == b"MATCH":
            return argv[at + 1]
    return b""


def _shown(ctx: Context, options: ScanOptions, keys: list[bytes]) -> list[object]:
    found: list[object] = []
    for key in options.matching(keys):
        value = ctx.db.peek(key)
        if value is not None and (not options.type_name or type_name(value) == options.type_name):
            found.append(key)
    return found
