"""Counts by powers of two: cheap enough to be kept while nobody asks, exact enough for a dashboard."""

from __future__ import annotations

from typing import Final

#: The last bucket takes everything from 2**(BUCKETS - 2) on.
BUCKETS: Final = 32


class PowerHistogram:
    """How often a whole number of at least 0 fell between two powers of two; bucket i: below 2**i, from 2**(i-1) on."""

    def __init__(self) -> None:
        self.counts: list[int] = [0] * BUCKETS
        self.total: int = 0
        self.greatest: int = 0
        #: The greatest value ever.
        self.record: int = 0

    def note(self, value: int) -> None:
        """Count one value; a negative one (a clock that stepped back) as 0."""
        value = max(value, 0)
        self.counts[min(value.bit_length(), BUCKETS - 1)] += 1
        self.total += value
        self.greatest = max(self.greatest, value)
        self.record = max(self.record, value)

    def take_greatest(self) -> int:
        """The greatest value since the last call."""
        greatest = self.greatest
        self.greatest = 0
        return greatest


def cumulative(counts: list[int], first: int, last: int) -> list[tuple[int, int]]:
    """(2**i, values below it) for the buckets from `first` to `last`, and how many values there are at the end (0, n).

    The bounds are always the same ones: a Prometheus histogram must not change its buckets.
    """
    found: list[tuple[int, int]] = []
    for bucket in range(first, last + 1):
        found.append((1 << bucket, sum(counts[: bucket + 1])))
    found.append((0, sum(counts)))
    return found
