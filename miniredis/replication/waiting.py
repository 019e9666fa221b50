"""WAIT and WAITAOF: clients that wait until replicas (and disks) have what was written."""

from __future__ import annotations

from collections.abc import Callable

from miniredis.commands.context import NOT_READY, Context
from miniredis.dispatch.access import session_of
from miniredis.dispatch.blocking import Waiter
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import DelayedCall


class Wait:
    """One of them: `look` gives the reply and whether it is the one hoped for."""

    def __init__(self, waiter: Waiter, look: Callable[[], tuple[object, bool]]) -> None:
        self.waiter = waiter
        self.look = look
        self.timer: DelayedCall | None = None


class Waits:
    """All of one server.  They stand among the other waiting clients, for no key: CLIENT UNBLOCK finds them there."""

    def __init__(self, engine: Engine) -> None:
        self.engine: Engine = engine
        self._waits: list[Wait] = []

    def begin(self, ctx: Context, timeout_ms: int, look: Callable[[], tuple[object, bool]]) -> object:
        """The reply at once, or later; `timeout_ms` 0 waits without end."""
        reply, is_enough = look()
        if is_enough or not ctx.may_block:
            return reply
        engine = self.engine
        deferred = engine.wait_for_keys(ctx, [], 0, _never, reply, False)
        wait = Wait(engine.waiting.waiters[session_of(ctx).id], look)
        self._waits.append(wait)
        if timeout_ms > 0:
            wait.timer = engine.time.call_later(timeout_ms / 1000, lambda: self._end(wait))
        return deferred

    def look_again(self) -> None:
        """Something was acknowledged or written to disk."""
        for wait in list(self._waits):
            if wait.waiter.done:
                self._forget(wait)
                continue
            reply, is_enough = wait.look()
            # What is hoped for later is shown to CLIENT UNBLOCK as well.
            wait.waiter.timeout_reply = reply
            if is_enough:
                self._end(wait)

    def _end(self, wait: Wait) -> None:
        self._forget(wait)
        reply, _ = wait.look()
        self.engine.release(wait.waiter, reply)

    def _forget(self, wait: Wait) -> None:
        if wait in self._waits:
            self._waits.remove(wait)
        if wait.timer is not None and wait.timer.active():
            wait.timer.cancel()


def _never(ctx: Context, key: bytes) -> object:
    return NOT_READY
