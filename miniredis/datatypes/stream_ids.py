"""Stream IDs: milliseconds and a sequence number, 64 bits each, held as one integer so that they compare at once.

`ms << 64 | seq`; written `ms-seq`.
"""

from __future__ import annotations

from typing import Final

SEQ_BITS: Final = 64
SEQ_MAX: Final = (1 << 64) - 1
MAX_ID: Final = (1 << 128) - 1
MAX_ID_TEXT: Final = 127


def make_id(ms: int, seq: int) -> int:
    return ms << SEQ_BITS | seq


def format_id(entry_id: int) -> bytes:
    return b"%d-%d" % (entry_id >> SEQ_BITS, entry_id & SEQ_MAX)


def parse_unsigned(text: bytes) -> int:
    """A decimal number of 64 bits, as Redis reads the halves of an ID; -1 for anything else.

    A plain one may not be negative; what is not plain is read as C's strtoull does: space and a sign before it,
    leading zeros, and a negative one counted from the top.
    """
    if len(text) <= 20 and text.isdigit():
        number = int(text)
        return number if number <= SEQ_MAX else -1
    digits = text.lstrip(b" \t\n\v\f\r")
    negative = digits[:1] == b"-"
    if negative or digits[:1] == b"+":
        digits = digits[1:]
    if not digits.isdigit() or len(digits) > MAX_ID_TEXT:
        return -1
    number = int(digits)
    if number > SEQ_MAX:
        return -1
    if not negative:
        return number
    # `-5` is a number, and negative; `-05` is not one that Redis reads at first sight.
    plain = text == b"-%d" % number and 0 < number <= 1 << 63
    return -1 if plain else (1 << 64) - number & SEQ_MAX


def parse_id(text: bytes, missing_seq: int) -> int:
    """`ms-seq`, or `ms` alone with `missing_seq`; -1 when it is neither."""
    if len(text) > MAX_ID_TEXT:
        return -1
    text = text.partition(b"\0")[0]
    dash = text.find(b"-")
    if dash < 0:
        ms = parse_unsigned(text)
        return -1 if ms < 0 else make_id(ms, missing_seq)
    ms = parse_unsigned(text[:dash])
    seq = parse_unsigned(text[dash + 1 :])
    return -1 if ms < 0 or seq < 0 else make_id(ms, seq)


def radix_tree_nodes(ids: list[int]) -> int:
    """How many nodes Redis's radix tree has for these sorted keys of 16 bytes, its root included."""
    if not ids:
        return 1
    return _subtree_nodes([entry_id.to_bytes(16, "big") for entry_id in ids], 0)


def _subtree_nodes(keys: list[bytes], depth: int) -> int:
    """The keys share their first `depth` bytes.  A run of bytes without a fork is one node, a fork another."""
    first = keys[0]
    last = keys[-1]
    shared = depth
    while shared < 16 and first[shared] == last[shared]:
        shared += 1
    nodes = 1 + (shared > depth)
    if shared == 16:
        return nodes
    start = 0
    for index in range(1, len(keys) + 1):
        if index == len(keys) or keys[index][shared] != keys[start][shared]:
            nodes += _subtree_nodes(keys[start:index], shared + 1)
            start = index
    return nodes
