"""What a server does now and then without being asked: active expiry, freeing what was discarded, statistics.

Runs `hz` times a second.  Each piece of work has a budget, and a failure in one is logged and harms neither the
others nor the next round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.session import Session

#: The share of a round that active expiry may take, in percent, at the lowest `active-expire-effort`.
EXPIRY_SHARE: Final = 25
#: How many percent each further step of effort adds.
EXPIRY_SHARE_A_STEP: Final = 2


class Upkeep:
    """The periodic work of one server."""

    def __init__(self, engine: Engine, own_session: Session) -> None:
        self.engine = engine
        self.own_session = own_session
        #: More work, of other subsystems: called each round.
        self.rounds: list[Callable[[], None]] = [
            self.expire,
            self.free,
            engine.sample_rates,
            engine.client_limits.look_at_all,
        ]
        self._deadline_ns: int = 0

    def run(self) -> None:
        """One round."""
        self.engine.begin_turn()
        began_ns = self.engine.timer.mark_ns
        for work in self.rounds:
            try:
                work()
            except Exception as defect:
                self.engine.counters.unexpected_errors += 1
                self.engine.log_failure("periodic work failed", defect)
        self.engine.note_turn(began_ns)

    def expire(self) -> None:
        """Remove keys whose time is over."""
        config = self.engine.config
        share = EXPIRY_SHARE + EXPIRY_SHARE_A_STEP * (config.int("active-expire-effort") - 1)
        begun_ns = self.engine.time.monotonic_ns()
        self._deadline_ns = begun_ns + 1_000_000_000 // config.int("hz") * share // 100
        self.engine.active_expiry.run(self._time_is_left)
        self.engine.counters.expiry_ns += self.engine.time.monotonic_ns() - begun_ns
        self.engine.deliver_unasked(self.own_session)

    def _time_is_left(self) -> bool:
        return self.engine.time.monotonic_ns() < self._deadline_ns

    def free(self) -> None:
        """Begin to give back the memory of what is gone; that goes on faster than rounds do."""
        self.engine.freeing.begin()
