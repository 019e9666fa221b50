"""Sets of slots as ranges: ((0, 5460), (10923, 10923)), ascending and apart; and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from miniredis.keyspace.slots import SLOTS

Ranges = tuple[tuple[int, int], ...]


def ranges_of(slots: Iterable[int]) -> Ranges:
    found: list[tuple[int, int]] = []
    first = last = -2
    for slot in sorted(slots):
        if slot == last + 1:
            last = slot
            continue
        if first >= 0:
            found.append((first, last))
        first = last = slot
    if first >= 0:
        found.append((first, last))
    return tuple(found)


def slots_in(ranges: Ranges) -> Iterator[int]:
    for first, last in ranges:
        yield from range(first, last + 1)


def count_in(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges)


def format_range(first: int, last: int) -> bytes:
    return b"%d" % first if first == last else b"%d-%d" % (first, last)


def parse_slot(text: bytes) -> int:
    """Raises `ValueError` for anything but 0 to 16383."""
    if not text.isdigit() or len(text) > 5 or int(text) >= SLOTS:
        raise ValueError(f"no slot: {text[:20]!r}")
    return int(text)


def parse_range(text: bytes) -> tuple[int, int]:
    """ "7" or "7-9".  Raises `ValueError`."""
    first, dash, last = text.partition(b"-")
    low = parse_slot(first)
    high = parse_slot(last) if dash else low
    if high < low:
        raise ValueError(f"no range of slots: {text[:20]!r}")
    return low, high
