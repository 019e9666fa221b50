"""Persistence under a reactor: one thread for what may wait for the disk, loading in slices after the port is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.python.threadpool import ThreadPool

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_LOADING
from miniredis.dispatch.load_delay import LoadDelay
from miniredis.persistence.disk import Disk
from miniredis.persistence.loading import LoadError, Loading
from miniredis.persistence.persistence import Persistence

#: A slice of loading; clients get their LOADING replies between two.
SLICE_NS: Final = 10_000_000
PROGRESS_EVERY_NS: Final = 5_000_000_000


class PersistenceEdge:
    """Starts and stops the persistence of one server."""

    def __init__(self, engine: Engine, reactor: Any, disk: Disk | None = None) -> None:
        self.engine = engine
        self.reactor = reactor
        # One thread, so that work on the log's files is done in the order in which it was asked for.
        self._pool = ThreadPool(0, 1, "persistence")
        self._is_pool_running = False
        self.persistence = Persistence(engine, disk or Disk(), self._in_thread)
        self._on_loaded: Callable[[], None] = _nothing
        self._on_failed: Callable[[str], None] = _ignore
        self._next_progress_ns = 0
        self.is_stopped = False

    def _in_thread(self, work: Callable[[], None], done: Callable[[OSError | None], None]) -> None:
        if self.is_stopped or not self._is_pool_running:
            # The reactor calls nothing back any more.
            done(_outcome(work))
            return

        def run() -> None:
            problem = _outcome(work)
            self.reactor.callFromThread(done, problem)

        self._pool.callInThread(run)

    # -- start

    def start(self, on_loaded: Callable[[], None], on_failed: Callable[[str], None]) -> None:
        """Load what there is; LOADING replies until `on_loaded` is called."""
        self._pool.start()
        self._is_pool_running = True
        self._on_loaded = on_loaded
        self._on_failed = on_failed
        self.persistence.on_fatal = on_failed
        try:
            loading = self.persistence.plan_load()
        except LoadError as problem:
            self._failed(str(problem))
            return
        if not loading.files:
            self._finish()
            return
        self.engine.gates |= GATE_LOADING
        self._next_progress_ns = self.engine.time.monotonic_ns() + PROGRESS_EVERY_NS
        self.reactor.callLater(0, self._slice, loading, LoadDelay(self.engine.config))

    def _slice(self, loading: Loading, delay: LoadDelay) -> None:
        if self.is_stopped:
            return
        now_ns = self.engine.time.monotonic_ns
        end_ns = now_ns() + SLICE_NS
        self.engine.begin_turn()
        try:
            done = loading.step()
            wait_s = delay.wait_s(loading.taken())
            while not done and wait_s == 0 and now_ns() < end_ns:
                done = loading.step()
                wait_s = delay.wait_s(loading.taken())
        except LoadError as problem:
            self._failed(str(problem))
            return
        if done and wait_s == 0:
            self.engine.gates &= ~GATE_LOADING
            self._finish()
            return
        if now_ns() >= self._next_progress_ns:
            self._next_progress_ns += PROGRESS_EVERY_NS
            share = loading.loaded_bytes * 100 // max(loading.total_bytes, 1)
            self.engine.log("notice", f"Loading: {share}% of {loading.total_bytes} bytes, {loading.keys} keys")
        self.reactor.callLater(wait_s, self._slice, loading, delay)

    def _finish(self) -> None:
        try:
            self.persistence.finish_load()
        except LoadError as problem:
            self._failed(str(problem))
            return
        self._on_loaded()

    def _failed(self, reason: str) -> None:
        self.engine.log("warning", f"Fatal error loading the DB: {reason}. Exiting.")
        self._on_failed(reason)

    # -- stop

    def stop(self, save: bool | None) -> bool:
        """Write what is left; False if a snapshot was wanted and could not be written, and then nothing has stopped."""
        if self.is_stopped:
            return True
        if not self.persistence.stop(save):
            return False
        self.is_stopped = True
        if self._is_pool_running:
            self._is_pool_running = False
            self._pool.stop()
        return True


def _outcome(work: Callable[[], None]) -> OSError | None:
    try:
        work()
    except OSError as problem:
        return problem
    return None


def _nothing() -> None:
    """Nobody asked."""


def _ignore(reason: str) -> None:
    """Nobody asked."""
