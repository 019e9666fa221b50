"""Where the figures come from: INFO's fields as a mapping, and what the edge measures beside the engine.

Nothing here is on the way of a command.  The reactor's stalls are seen by periodic work, the disk's times by the
thread that waits for it, the hub counts its turns; everything else is what INFO shows anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.info import SECTIONS
from miniredis.persistence.disk import Disk
from miniredis.web.histogram import PowerHistogram

#: Sections that are made of something that can be had directly.
BY_OTHER_MEANS = (b"commandstats", b"latencystats", b"errorstats", b"keyspace")


def info_fields(engine: Engine) -> dict[str, str]:
    """The fields of INFO, of all sections but those about single commands, errors and databases."""
    found: dict[str, str] = {}
    for name, _, section in SECTIONS:
        if name in BY_OTHER_MEANS:
            continue
        fields = section(engine)
        for source in engine.info_sources.get(name, []):
            fields = fields + source()
        for field, value in fields:
            found[field] = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return found


def subfields(text: str) -> dict[str, str]:
    """`ip=10.0.0.1,port=6379` as a mapping."""
    return dict(part.split("=", 1) for part in text.split(",") if "=" in part)


def _no_batches() -> tuple[list[int], int]:
    return [], 0


class EdgeFigures:
    """What the edge of one server measures; times are in microseconds."""

    def __init__(self) -> None:
        self.stalls = PowerHistogram()
        self.syncs = PowerHistogram()
        #: Turns of the hub by the power of two of the events they handled, and the sum of these events.
        self.batches: Callable[[], tuple[list[int], int]] = _no_batches


def _never() -> int:
    return 0


class StallWatch:
    """Called by periodic work: what the call comes later than it should, the reactor was busy with something else.

    `queued_ns` tells for how long this thread could have run and had no processor so far: what the machine gave to
    others meanwhile is a stall for clients, and none of our own making."""

    def __init__(
        self,
        stalls: PowerHistogram,
        monotonic_ns: Callable[[], int],
        period_ns: Callable[[], int],
        queued_ns: Callable[[], int] = _never,
    ) -> None:
        self._stalls = stalls
        self._monotonic_ns = monotonic_ns
        self._period_ns = period_ns
        self._queued_ns = queued_ns
        self._last_ns = -1
        self._last_queued_ns = 0
        #: The longest of our own making, in microseconds.
        self.own_record = 0

    def look(self) -> None:
        now_ns, queued_ns = self._monotonic_ns(), self._queued_ns()
        if self._last_ns >= 0:
            stall_ns = now_ns - self._last_ns - self._period_ns()
            self._stalls.note(stall_ns // 1000)
            self.own_record = max(self.own_record, (stall_ns - queued_ns + self._last_queued_ns) // 1000)
        self._last_ns, self._last_queued_ns = now_ns, queued_ns

    def fields(self) -> list[tuple[str, object]]:
        """For INFO: the longest stall since the start, and the longest but for the time without a processor."""
        return [
            ("reactor_longest_stall_usec", self._stalls.record),
            ("reactor_longest_own_stall_usec", self.own_record),
        ]


class TimedDisk(Disk):
    """The file system, with a note of how long each sync took."""

    def __init__(self, syncs: PowerHistogram) -> None:
        super().__init__()
        self._syncs = syncs

    def sync(self, descriptor: int) -> None:
        began_ns = time.monotonic_ns()
        super().sync(descriptor)
        self._syncs.note((time.monotonic_ns() - began_ns) // 1000)
