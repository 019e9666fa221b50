"""The time commands take: read from the clock once for a run of equal brief ones, and for each other command.

In a pipeline of a client the same command often comes many times in a row, and reading the clock for each would
cost as much as some of them do.  A run ends with another command, with the client's turn, or before a command that
may take long; its commands share its time, and the counts of calls are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mypy_extensions import i64

from miniredis.commands.declaration import Command
from miniredis.dispatch.latency import BUCKETS, FINE_BUCKETS, FINE_SHIFT, coarse_bucket

if TYPE_CHECKING:
    from miniredis.dispatch.session import Session

#: Commands with more arguments are always timed alone.
RUN_ARGUMENTS: Final = 8
#: All are, when the bound of the slow log is lower than this.
RUNS_FROM_NS: Final = 1_000_000
NOTHING: Final[list[bytes]] = []


class CallTimer:
    """`note_slow` is told of commands that took at least `slow_ns`, with their reply; of runs that did, without one."""

    def __init__(
        self,
        monotonic_ns: Callable[[], int],
        note_slow: Callable[[Session, Command, list[bytes], int, object], None],
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._note_slow = note_slow
        self.slow_ns: i64 = 1 << 62
        self.tracks_latency = True
        #: When the run before ended.
        self.mark_ns: i64 = 0
        #: Runs are allowed: somebody will settle them at the end of the client's turn.
        self.may_group = False
        #: The command whose run it is; None: the command at hand is timed alone.
        self.run_of: Command | None = None
        self.run_length: i64 = 0
        self.session: Session | None = None
        self.argv: list[bytes] = NOTHING

    def begin(self) -> None:
        """What follows is a client's turn."""
        self.mark_ns = self._monotonic_ns()
        self.may_group = self.slow_ns >= RUNS_FROM_NS

    def end(self) -> None:
        if self.run_length > 0:
            self.settle()
        self.may_group = False

    def before_other(self, session: Session, command: Command, argv: list[bytes]) -> None:
        """The command at hand does not go on with the run."""
        if self.run_length > 0:
            self.settle()
        brief = command.is_brief and self.may_group and len(argv) <= RUN_ARGUMENTS
        self.run_of = command if brief else None
        self.session = session if brief else None

    def after_other(
        self, session: Session, command: Command, argv: list[bytes], started_ns: i64, reply: object
    ) -> None:
        """A command that was timed alone has ended; commands within it may have been runs."""
        if self.run_length > 0:
            self.settle()
        now_ns: i64 = self._monotonic_ns()
        spent_ns = now_ns - started_ns
        self.mark_ns = now_ns
        self._account(command, 1, spent_ns)
        if spent_ns >= self.slow_ns:
            self._note_slow(session, command, argv, spent_ns, reply)

    def settle(self) -> None:
        """A run is over."""
        command = self.run_of
        session = self.session
        assert command is not None and session is not None
        now_ns: i64 = self._monotonic_ns()
        spent_ns = now_ns - self.mark_ns
        self.mark_ns = now_ns
        self._account(command, self.run_length, spent_ns)
        if spent_ns >= self.slow_ns:
            self._note_slow(session, command, self.argv, spent_ns, None)
        self.run_of = None
        self.run_length = 0
        self.session = None
        self.argv = NOTHING

    def _account(self, command: Command, calls: i64, spent_ns: i64) -> None:
        command.calls += calls
        command.nanoseconds += spent_ns
        latencies = command.latencies
        if latencies is None:
            if not self.tracks_latency:
                return
            latencies = command.latencies = [0] * BUCKETS
        each_ns = spent_ns if calls == 1 else spent_ns // calls
        fine = each_ns >> FINE_SHIFT
        if fine < FINE_BUCKETS:
            latencies[fine] += calls
        else:
            latencies[coarse_bucket(each_ns)] += calls
