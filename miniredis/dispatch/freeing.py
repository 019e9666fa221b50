"""Freeing what is gone: in slices between other work, and faster while somebody waits for it.

The commands that drop a lot (DEL of a large value, FLUSHALL) only unhook it; `datatypes.discarded` holds it until it
is freed here.  A slice ends with its time; the pauses between slices belong to the clients.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred

from miniredis.datatypes.discarded import DISCARDED
from miniredis.dispatch.port import DelayedCall, TimeSource

SLICE_NS: Final = 1_500_000
PAUSE_SECONDS: Final = 0.004
#: Places freed before time is looked at again: about 50 microseconds' worth.
PLACES_AT_ONCE: Final = 16
#: What a client that wants to see the memory free waits for at once: some milliseconds' worth.
PLACES_INLINE: Final = 500


class Freeing:
    """The slices of one server, and the clients that wait for the last of them."""

    def __init__(self, time: TimeSource) -> None:
        self._time = time
        self._next: DelayedCall | None = None
        self._waiting: list[Deferred[object]] = []

    def begin(self) -> None:
        """Free what there is, if that is not under way."""
        if DISCARDED.pending > 0 and self._next is None:
            self._next = self._time.call_later(PAUSE_SECONDS, self._run)

    def _run(self) -> None:
        self._next = None
        deadline_ns = self._time.monotonic_ns() + SLICE_NS
        while DISCARDED.free(PLACES_AT_ONCE):
            if self._time.monotonic_ns() >= deadline_ns:
                self._next = self._time.call_later(PAUSE_SECONDS, self._run)
                return
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def finish(self) -> Deferred[object] | None:
        """Free what there is; None when that is done, else a Deferred that fires when it will be."""
        if not DISCARDED.free(PLACES_INLINE):
            return None
        deferred: Deferred[object] = Deferred()
        self._waiting.append(deferred)
        self.begin()
        return deferred

    def stop(self) -> None:
        """The server ends: nobody waits any more, and memory goes with the process."""
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None
