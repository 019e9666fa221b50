"""One reactor in a thread of its own, shared by all servers of a process whose tests block.

It is not the global reactor: that stays free for pytest-twisted, trial or the program under test.  The thread is a
daemon and ends with the process; a forked child gets a new one.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from twisted.internet.defer import maybeDeferred
from twisted.python.failure import Failure

#: Nothing that is asked of the reactor takes longer, unless something hangs.
LONGEST_S: Final = 60.0

_lock = threading.Lock()
_background: Background | None = None


class Background:
    """The thread and its reactor."""

    def __init__(self) -> None:
        self.reactor = new_reactor()
        self.process_id = os.getpid()
        started = threading.Event()
        self.reactor.callWhenRunning(started.set)
        self.thread = threading.Thread(target=self._run, name="miniredis reactor", daemon=True)
        self.thread.start()
        started.wait(LONGEST_S)

    def _run(self) -> None:
        self.reactor.run(installSignalHandlers=False)

    def call(self, function: Callable[[], Any], timeout_s: float = LONGEST_S) -> Any:
        """Run it in the reactor's thread; its result, also that of a Deferred, or its exception."""
        if threading.current_thread() is self.thread:
            raise RuntimeError("this would wait for itself: it was called in the thread of the server")
        results: list[object] = []
        ready = threading.Event()

        def finish(result: object) -> None:
            results.append(result)
            ready.set()

        def run() -> None:
            maybeDeferred(function).addBoth(finish)

        self.reactor.callFromThread(run)
        if not ready.wait(timeout_s):
            raise TimeoutError(f"the server did not answer within {timeout_s} seconds")
        result = results[0]
        if isinstance(result, Failure):
            assert result.value is not None
            raise result.value
        return result


def new_reactor() -> Any:
    """The best reactor of this system, without installing it."""
    kind = "epoll" if hasattr(select, "epoll") else "select"
    module = import_module(f"twisted.internet.{kind}reactor")
    return getattr(module, f"{'EPoll' if kind == 'epoll' else 'Select'}Reactor")()


def background() -> Background:
    """The one of this process; started when it is first needed."""
    global _background
    with _lock:
        if _background is None or _background.process_id != os.getpid():
            _background = Background()
        return _background
