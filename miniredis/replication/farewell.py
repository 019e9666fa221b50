"""Before a primary stops: writes pause, for at most `shutdown-timeout`, until its replicas have everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.pause import FOR_SHUTDOWN
from miniredis.dispatch.roles import ONLINE
from miniredis.replication.history import History
from miniredis.replication.primary import Primary

#: The one who waits ends the pause, or the process.
PAUSE_MS: Final = 1 << 40


class Farewell:
    """The waiting of one server, while it waits."""

    def __init__(self, engine: Engine, history: History, primary: Primary) -> None:
        self.engine: Engine = engine
        self.history: History = history
        self.primary: Primary = primary
        self._done: Callable[[], None] | None = None
        self._has_paused: bool = False
        self._wanted: int = 0
        self._deadline_ms: int = 0

    def lagging(self) -> int:
        """Replicas that do not have everything, as far as is known."""
        return sum([each.state == ONLINE and each.acked_offset < self._wanted for each in self.primary.followers])

    def begin(self, timeout_ms: int, done: Callable[[], None]) -> bool:
        """Whether there is anybody to wait for; only then `done` is called, later."""
        self._wanted = self.history.offset()
        if self.engine.is_replica or timeout_ms <= 0 or self.lagging() == 0:
            return False
        self.engine.log("notice", f"Waiting up to {timeout_ms // 1000} seconds for replicas before shutting down.")
        self._done = done
        self._deadline_ms = self.primary.now_ms() + timeout_ms
        self._has_paused = True
        self.engine.pause.begin(PAUSE_MS, True, FOR_SHUTDOWN)
        self.primary.request_acknowledgements()
        return True

    def tick(self) -> None:
        """Ten times a second, and after acknowledgements."""
        done = self._done
        if done is None:
            return
        lagging = self.lagging()
        if lagging > 0 and self.primary.now_ms() < self._deadline_ms:
            return
        self._done = None
        count = len(self.primary.followers)
        self.engine.log("notice", f"{count - lagging} of {count} replicas are in sync when shutting down.")
        done()

    def end(self) -> bool:
        """The server goes on after all; False when nobody waits."""
        was_waiting = self._done is not None
        self._done = None
        if self._has_paused:
            self._has_paused = False
            self.engine.pause.end(FOR_SHUTDOWN)
        return was_waiting
