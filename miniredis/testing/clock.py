"""Time of a test: it goes on by itself or stands still, and is moved by hand; and a reactor that has this time.

Calls that are due on the way are made in their order, each at its own time.  A server has periodic work ten times a
second, so a long way would be a great many calls: after `calls_on_the_way` the rest is one leap, as after a laptop's
sleep.  Between two moments of the way the reactor has a turn, so that servers that talk to each other (sentinels,
nodes of a cluster, replicas) hear each other's answers in time.

One clock may drive several servers.  It belongs to the reactor's thread; only `shift` may be called from others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.base import DelayedCall
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import directlyProvides, implementer, providedBy

from miniredis.dispatch.port import TimeSource

CALLS_ON_THE_WAY: Final = 1000
#: The same for a server that talks to others, for which a leap is a failure: a sentinel falls into TILT.
CALLS_AMONG_NODES: Final = 50_000
#: A call is made this much after its time, never before it: a LoopingCall that is early is called twice.
LATE_NS: Final = 1000


@implementer(IReactorTime)
class MovableClock:
    """`callLater` and `seconds` as a reactor's; `frozen`: time moves only by `advance`."""

    def __init__(self, reactor: Any, frozen: bool = False) -> None:
        self._reactor = reactor
        self._log = Logger(namespace="miniredis")
        self.calls_on_the_way: int = CALLS_ON_THE_WAY
        self._calls: list[Any] = []
        self._pump: Any = None
        self._wall_from_ns = time.time_ns() - time.monotonic_ns()
        self._stands_at_ns = time.monotonic_ns() if frozen else -1
        self._ahead_ns = 0
        #: Called before each call that is due: the server's clocks are read anew.
        self.on_moment: list[Callable[[], None]] = []

    # -- reading

    def monotonic_ns(self) -> int:
        running_ns = self._stands_at_ns if self._stands_at_ns >= 0 else time.monotonic_ns()
        return running_ns + self._ahead_ns

    def wall_us(self) -> int:
        """Unix time in microseconds."""
        return (self.monotonic_ns() + self._wall_from_ns) // 1000

    def seconds(self) -> float:
        return self.monotonic_ns() / 1e9

    def source(self) -> TimeSource:
        """What a server takes its time from.  DEBUG SLEEP really stops the thread, unless time stands still."""
        return TimeSource(self.wall_us, self.monotonic_ns, self.callLater, self._sleep)

    def _sleep(self, seconds: float) -> None:
        if self._stands_at_ns >= 0:
            self.shift(seconds)
        else:
            time.sleep(seconds)

    # -- calls

    def callLater(self, delay: float, callable: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        due = DelayedCall(self.seconds() + delay, callable, args, kwargs, self._calls.remove, self._moved, self.seconds)
        self._calls.append(due)
        self._arm()
        return due

    def getDelayedCalls(self) -> list[Any]:
        return list(self._calls)

    def _moved(self, call: Any) -> None:
        self._arm()

    def _earliest(self) -> Any:
        return min(self._calls, key=_due_s, default=None)

    def _arm(self) -> None:
        """See to it that the reactor wakes us when the first call is due."""
        first = self._earliest()
        if first is None or (self._stands_at_ns >= 0 and _due_s(first) > self.seconds()):
            return
        wait = max(_due_s(first) - self.seconds(), 0)
        if self._pump is not None and self._pump.active():
            if self._pump.getTime() <= self._reactor.seconds() + wait:
                return
            self._pump.cancel()
        self._pump = self._reactor.callLater(wait, self._run_due)

    def _run_due(self) -> None:
        self._run_until(self.seconds())
        self._arm()

    def _run_until(self, end_s: float) -> int:
        """Make the calls that are due by then, those made meanwhile not among them; how many there were."""
        due = sorted((call for call in self._calls if _due_s(call) <= end_s), key=_due_s)
        for call in due:
            if not call.active():
                continue
            self._calls.remove(call)
            call.called = 1
            try:
                for look in self.on_moment:
                    look()
                call.func(*call.args, **call.kw)
            except Exception:
                self._log.failure("a delayed call failed")
        return len(due)

    def stop(self) -> None:
        """Call nothing any more."""
        for call in list(self._calls):
            call.cancel()
        if self._pump is not None and self._pump.active():
            self._pump.cancel()
        self._pump = None

    # -- moving

    def shift(self, seconds: float) -> None:
        """Only the clocks move; what became due is called by the reactor as soon as it can.  Any thread may do this."""
        self._ahead_ns += round(seconds * 1e9)
        self._reactor.callFromThread(self._arm)

    def set_wall(self, unix_seconds: float) -> None:
        """Step the wall clock; timers stay where they are."""
        self._wall_from_ns = round(unix_seconds * 1e9) - self.monotonic_ns()
        for look in self.on_moment:
            look()

    def advance(self, seconds: float) -> Deferred[None]:
        """Move on; fires when everything that was due on the way has been done."""
        if seconds < 0:
            raise ValueError("time goes forward only; set_time steps the wall clock")
        done: Deferred[None] = Deferred()
        end_ns = self._ahead_ns + round(seconds * 1e9)
        self._step(end_ns, 0, done)
        return done

    def _step(self, end_ns: int, made: int, done: Deferred[None]) -> None:
        left_s = (end_ns - self._ahead_ns) / 1e9
        first = self._earliest()
        if first is not None and made < self.calls_on_the_way and _due_s(first) - self.seconds() < left_s:
            self._ahead_ns += max(round((_due_s(first) - self.seconds()) * 1e9), 0) + LATE_NS
            made += self._run_until(self.seconds())
            self._reactor.callLater(0, self._step, end_ns, made, done)
            return
        self._ahead_ns = max(end_ns, self._ahead_ns)
        for look in self.on_moment:
            look()
        self._run_until(self.seconds())
        self._arm()
        # What the last calls sent leaves before the caller goes on.
        self._reactor.callLater(0, done.callback, None)


def _due_s(call: Any) -> float:
    return float(call.getTime())


class ClockReactor:
    """A reactor with the time of a MovableClock; everything else is the real one's."""

    def __init__(self, reactor: Any, clock: MovableClock) -> None:
        self._reactor = reactor
        self.callLater = clock.callLater
        self.seconds = clock.seconds
        self.getDelayedCalls = clock.getDelayedCalls
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)
