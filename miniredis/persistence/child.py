"""Work in a forked child: it sees all keys as they were at one moment, while the server goes on.

Why a child: the snapshot is exact without a word of cooperation from any command, and its cost for the server is
the fork itself (the page tables) and the copies of pages that change meanwhile.  Its price is memory: Python counts
references in the objects, so that a child which looks at everything copies nearly all of it.  Hence `may_fork`.

The child has no reactor, no log, no signal handlers and none of the server's descriptors; it says what went wrong
through a pipe, how far it is through a page of shared memory, and ends by `_exit`.  It yields the processor to the
server, and ends with it: what a killed server's child would finish belongs to nobody.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, NoReturn

#: The part of the process's memory that a child may come to copy, in percent.
COPIED_SHARE: Final = 90
REPORT_LIMIT: Final = 4096
#: Added to the child's niceness: with all processors busy the server's clients go first.
CHILD_NICENESS: Final = 5
#: What the server handles and a child does not.
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD)
PR_SET_PDEATHSIG: Final = 1
# Found before any fork: a child of a process with threads must not load anything.
_C_LIBRARY: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


class Progress:
    """How far a child is; it writes, the server reads."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, mmap.PAGESIZE)

    def note(self, keys: int) -> None:
        """So many keys are done."""
        self._shared[:8] = keys.to_bytes(8, "little")

    def note_copied(self) -> None:
        """Look how much memory the child holds for itself alone."""
        self._shared[8:16] = private_bytes().to_bytes(8, "little")

    def keys(self) -> int:
        return int.from_bytes(self._shared[:8], "little")

    def copied_bytes(self) -> int:
        return int.from_bytes(self._shared[8:16], "little")

    def close(self) -> None:
        self._shared.close()


Work = Callable[[Progress], None]


class Child:
    """A child at work.  `poll` is called now and then."""

    def __init__(self, pid: int, report: int, started_s: float, progress: Progress, fork_us: int = 0) -> None:
        self.pid: int = pid
        #: How long the fork itself took, which stopped the server.
        self.fork_us: int = fork_us
        self.progress: Progress = progress
        self.started_s: float = started_s
        self._report: int = report
        self.message: str = ""
        #: Memory that it came to hold for itself; known when it has ended well.
        self.copied_bytes: int = 0

    def poll(self) -> bool | None:
        """None while it works; then whether it did all of it, and `message` says why not."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        return self._finished(status)

    def kill(self) -> None:
        """End it, and wait until it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        self._finished(status)

    def _finished(self, status: int) -> bool:
        with suppress(OSError):
            self.message = os.read(self._report, REPORT_LIMIT).decode("utf-8", "replace")
        os.close(self._report)
        self.copied_bytes = self.progress.copied_bytes()
        self.progress.close()
        if os.WIFSIGNALED(status):
            self.message = f"terminated by signal {os.WTERMSIG(status)}"
            return False
        return os.WEXITSTATUS(status) == 0


def start_child(work: Work, now_s: float, kept: int = -1) -> Child:
    """Fork and run `work` in the child, which has only `kept` of our descriptors; OSError if that is not possible."""
    gc.collect(0)
    progress = Progress()
    reading, writing = os.pipe()
    parent = os.getpid()
    # A signal to the child must not find our handlers there: it waits until they are gone.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    began_ns = time.monotonic_ns()
    try:
        pid = os.fork()
        if pid == 0:
            _run_in_child(work, writing, progress, parent, kept, mask)
    except OSError:
        os.close(reading)
        os.close(writing)
        progress.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    fork_us = (time.monotonic_ns() - began_ns) // 1000
    os.close(writing)
    return Child(pid, reading, now_s, progress, fork_us)


def start_silent_child(work: Callable[[], None], now_s: float, kept: int) -> Child:
    """The same for work that does not tell how far it is."""
    return start_child(lambda progress: work(), now_s, kept)


def _run_in_child(
    work: Work, report: int, progress: Progress, parent: int, kept: int = -1, mask: Iterable[int] = ()
) -> NoReturn:
    status = 1
    try:
        gc.disable()
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _close_all_but(report, kept)
        _end_with(parent)
        os.nice(CHILD_NICENESS)
        _offer_itself()
        work(progress)
        progress.note_copied()
        status = 0
    except BaseException as problem:
        with suppress(OSError):
            os.write(report, f"{type(problem).__name__}: {problem}".encode()[:REPORT_LIMIT])
    finally:
        os._exit(status)


def _end_with(parent: int) -> None:
    """The kernel ends this process when its parent ends."""
    if _C_LIBRARY is not None:
        _C_LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _offer_itself() -> None:
    """Where memory runs out, the kernel shall end this process and not the server."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "wb", 0) as file:
        file.write(b"1000")


def private_bytes() -> int:
    """Memory this process has written to and shares with no other; 0 where that cannot be known."""
    try:
        with open("/proc/self/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Private_Dirty:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _close_all_but(*kept: int) -> None:
    """A client whose connection the server closes must see that at once, not when the child ends."""
    try:
        limit = max(int(name) for name in os.listdir("/proc/self/fd")) + 1
    except OSError:
        limit = 4096
    first = 3
    for descriptor in sorted(kept):
        if descriptor >= first:  # a range whose end is negative is everything
            os.closerange(first, descriptor)
            first = descriptor + 1
    os.closerange(first, max(first, limit))


def may_fork(resident_bytes: int) -> bool:
    """Whether there is memory for a child that copies what it looks at; True where that cannot be known."""
    try:
        with open("/proc/meminfo", "rb") as file:
            for line in file:
                if line.startswith(b"MemAvailable:"):
                    return int(line.split()[1]) * 1024 >= resident_bytes * COPIED_SHARE // 100
    except OSError:
        pass
    return True
