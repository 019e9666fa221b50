"""A step of work on the log's files that waits for the disk: done in the thread, what follows from it in the server.

Whoever cannot wait for the thread completes it at once: then what has not begun is done here, what runs is waited for,
and the thread finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock


class FileStep:
    """`work` runs once, then `follow` once, with the OSError that `work` raised or None."""

    def __init__(self, work: Callable[[], None], follow: Callable[[OSError | None], None]) -> None:
        self._work: Callable[[], None] = work
        self._follow: Callable[[OSError | None], None] = follow
        self._lock: Lock = Lock()
        self._has_run: bool = False
        self._has_followed: bool = False
        self._problem: OSError | None = None

    def run(self) -> None:
        """In any thread."""
        with self._lock:
            if self._has_run:
                return
            self._has_run = True
            try:
                self._work()
            except OSError as problem:
                self._problem = problem

    def follow(self) -> None:
        """In the server's thread, after `run`."""
        if not self._has_followed:
            self._has_followed = True
            self._follow(self._problem)

    def complete(self) -> None:
        """In the server's thread: do what is left of it now."""
        self.run()
        self.follow()
