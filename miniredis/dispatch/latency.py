"""How long things took: a histogram for each command, and the spikes that the latency monitor notes.

The histogram counts in units of 1.024 us below 65.5 us, where nearly all commands end, so that counting costs
one shift and one addition; above, in sixteenths of a power of two.
"""

from __future__ import annotations

from typing import Final

FINE_BUCKETS: Final = 64
FINE_SHIFT: Final = 10
#: Buckets of an eighth power above the fine ones: for 2**16 ns up to 2**46 ns, 20 hours.
PARTS: Final = 16
POWERS: Final = 31
BUCKETS: Final = FINE_BUCKETS + PARTS * POWERS
FIRST_POWER: Final = 16

#: Samples kept for each event of the monitor.
HISTORY: Final = 160


def coarse_bucket(spent_ns: int) -> int:
    """The bucket of a time of at least 65,536 ns."""
    power = min(spent_ns.bit_length() - 1, FIRST_POWER + POWERS - 1)
    part = min((spent_ns >> (power - 4)) - PARTS, PARTS - 1)
    return FINE_BUCKETS + (power - FIRST_POWER) * PARTS + part


def upper_bound_us(bucket: int) -> float:
    """The longest time that falls into a bucket, in microseconds."""
    if bucket < FINE_BUCKETS:
        return ((bucket + 1) << FINE_SHIFT) / 1000
    power, part = divmod(bucket - FINE_BUCKETS, PARTS)
    return float((PARTS + part + 1) << (power + FIRST_POWER - 4)) / 1000


def percentile_us(buckets: list[int], percent: float) -> float:
    """The time in microseconds that `percent` of all calls did not exceed."""
    total = sum(buckets)
    wanted = max(total * percent / 100, 1)
    seen = 0
    for bucket, count in enumerate(buckets):
        seen += count
        if seen >= wanted:
            return upper_bound_us(bucket)
    return 0.0


def cumulative_by_power(buckets: list[int]) -> list[tuple[int, int]]:
    """(microseconds, calls that took no longer) for the powers of two at which the count changes."""
    found: list[tuple[int, int]] = []
    limit = 1
    seen = 0
    before = 0
    for bucket, count in enumerate(buckets):
        if count == 0:
            continue
        while upper_bound_us(bucket) > limit:
            if seen > before:
                found.append((limit, seen))
                before = seen
            limit *= 2
        seen += count
    if seen > before:
        found.append((limit, seen))
    return found


class LatencyEvent:
    """Spikes of one kind: (Unix second, the worst of that second in ms), and the worst of all."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, int]] = []
        self.worst_ms: int = 0


class LatencyMonitor:
    """Events that took at least `threshold_ms`; 0 turns the monitor off."""

    def __init__(self) -> None:
        self.threshold_ms: int = 0
        self.events: dict[bytes, LatencyEvent] = {}

    def note(self, name: bytes, now_s: int, spent_ms: int) -> None:
        if self.threshold_ms == 0 or spent_ms < self.threshold_ms:
            return
        event = self.events.setdefault(name, LatencyEvent())
        event.worst_ms = max(event.worst_ms, spent_ms)
        if event.samples and event.samples[-1][0] == now_s:
            event.samples[-1] = (now_s, max(event.samples[-1][1], spent_ms))
            return
        event.samples.append((now_s, spent_ms))
        del event.samples[:-HISTORY]

    def reset(self, names: list[bytes]) -> int:
        """Forget the named events, or all; how many there were."""
        chosen = [name for name in (names or list(self.events)) if name in self.events]
        for name in chosen:
            del self.events[name]
        return len(chosen)
