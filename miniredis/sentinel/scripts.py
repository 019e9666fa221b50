"""Scripts that the operator wants run: a bounded queue, few at once, tried again with growing delays.

Pure: `start` starts one and returns its pid, `kill` ends it; `ended` is told of its exit.  A script that exits with 1
is tried again; one that exits with more, or is killed for its time, is not, as in Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.sentinel.timing import Timing

LONGEST_QUEUE: Final = 256
MOST_RUNNING: Final = 16
MOST_TRIES: Final = 10

#: Starts argv and returns its pid; raises `OSError`.
StartScript = Callable[[list[bytes]], int]
#: (event, text) of something that went wrong.
Report = Callable[[str, str], None]


class Job:
    """One script with its arguments."""

    def __init__(self, argv: list[bytes]) -> None:
        self.argv = argv
        self.pid: int = 0  # 0: it does not run
        self.started_ms: int = 0
        self.due_ms: int = 0
        self.tries: int = 0
        self.was_killed = False


class ScriptQueue:
    """What waits and what runs, in order."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.jobs: list[Job] = []

    def add(self, argv: list[bytes]) -> None:
        """The oldest that waits makes room."""
        self.jobs.append(Job(argv))
        if len(self.jobs) > LONGEST_QUEUE:
            for job in self.jobs:
                if job.pid == 0:
                    self.jobs.remove(job)
                    break

    def running(self) -> int:
        return sum(1 for job in self.jobs if job.pid)

    def run_due(self, now_ms: int, start: StartScript, report: Report) -> None:
        """Start what is due, as far as there is room."""
        for job in list(self.jobs):
            if self.running() >= MOST_RUNNING:
                return
            if job.pid or job.due_ms > now_ms:
                continue
            job.tries += 1
            job.started_ms = now_ms
            try:
                job.pid = start(job.argv)
            except OSError as problem:
                report("-script-error", f"{job.argv[0].decode(errors='replace')} {problem.strerror} 0")
                if job.tries < MOST_TRIES:
                    self._try_again(job, now_ms)
                else:
                    self.jobs.remove(job)

    def end_overdue(self, now_ms: int, kill: Callable[[int], None], report: Report) -> None:
        """A script has its time and no more."""
        for job in self.jobs:
            if job.pid and not job.was_killed and now_ms - job.started_ms > self.timing["script-max-runtime"]:
                job.was_killed = True
                report("-script-timeout", f"{job.argv[0].decode(errors='replace')} {job.pid}")
                kill(job.pid)

    def ended(self, pid: int, exit_status: int | None, now_ms: int, report: Report) -> None:
        """`exit_status` None: ended by a signal."""
        for job in self.jobs:
            if job.pid == pid:
                break
        else:
            return
        job.pid = 0
        # A signal is tried again as well, unless it was ours.
        if (exit_status is None and not job.was_killed) or exit_status == 1:
            if job.tries < MOST_TRIES:
                self._try_again(job, now_ms)
                return
            report("-script-error", f"{job.argv[0].decode(errors='replace')} {exit_status or 0} {job.tries}")
        elif exit_status:
            report("-script-error", f"{job.argv[0].decode(errors='replace')} 0 {exit_status}")
        self.jobs.remove(job)

    def _try_again(self, job: Job, now_ms: int) -> None:
        job.due_ms = now_ms + self.timing["script-retry-delay"] * 2 ** (job.tries - 1)

    def reply(self, now_ms: int) -> list[object]:
        """SENTINEL PENDING-SCRIPTS."""
        rows: list[object] = []
        for job in self.jobs:
            delay = max(job.due_ms - now_ms, 0) if not job.pid and job.due_ms else 0
            rows.append(
                [
                    b"argv",
                    list(job.argv),
                    b"flags",
                    b"running" if job.pid else b"scheduled",
                    b"pid",
                    b"%d" % job.pid,
                    b"run-time" if job.pid else b"run-delay",
                    b"%d" % (now_ms - job.started_ms if job.pid else delay),
                    b"retry-num",
                    b"%d" % job.tries,
                ]
            )
        return rows
