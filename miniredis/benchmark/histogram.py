"""Times counted in buckets whose width grows with the time, after Gil Tene's HdrHistogram.

Below 256 us a bucket is one microsecond wide; above, each doubling is divided into 128 buckets: the error is under
one percent from a microsecond to hours, in 5 thousand counters at most.
"""

from __future__ import annotations

from typing import Final

LINEAR_US: Final = 256
HALF: Final = LINEAR_US // 2


def bucket_of(time_us: int) -> int:
    """The bucket of a time in microseconds."""
    if time_us < LINEAR_US:
        return max(time_us, 0)
    shift = time_us.bit_length() - LINEAR_US.bit_length() + 1
    return shift * HALF + (time_us >> shift)


def longest_of(bucket: int) -> int:
    """The longest time that falls into a bucket, in microseconds."""
    if bucket < LINEAR_US:
        return bucket
    shift = bucket // HALF - 1
    return ((bucket - shift * HALF + 1) << shift) - 1


class Histogram:
    """Counts of times in microseconds."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.total = 0
        self.sum_us = 0
        self.least_us = 0
        self.greatest_us = 0

    def record(self, time_us: int, count: int = 1) -> None:
        bucket = bucket_of(time_us)
        self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.least_us = time_us if self.total == 0 else min(self.least_us, time_us)
        self.greatest_us = max(self.greatest_us, time_us)
        self.total += count
        self.sum_us += time_us * count

    def add(self, other: Histogram) -> None:
        """Count what another one has counted."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count
        if other.total:
            self.least_us = other.least_us if self.total == 0 else min(self.least_us, other.least_us)
            self.greatest_us = max(self.greatest_us, other.greatest_us)
        self.total += other.total
        self.sum_us += other.sum_us

    def mean_us(self) -> float:
        return self.sum_us / self.total if self.total else 0.0

    def percentile_us(self, percent: float) -> int:
        """The time that `percent` of all did not exceed."""
        wanted = max(self.total * percent / 100, 1)
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return min(longest_of(bucket), self.greatest_us)
        return self.greatest_us
