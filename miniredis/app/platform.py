"""What the process around the engine can tell: memory, processor time, the machine."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Callable
from contextlib import suppress

from miniredis.dispatch import executor
from miniredis.dispatch.port import Platform


def is_compiled() -> bool:
    """Whether the inner packages run as machine code."""
    return not (executor.__file__ or "").endswith(".py")


def last_known(read: Callable[[], int]) -> Callable[[], int]:
    """What `read` gives, or gave when it could last: where no file can be opened any more, figures stand still."""
    known = 0

    def read_or_remember() -> int:
        nonlocal known
        with suppress(OSError):
            known = read()
        return known

    return read_or_remember


def rss_reader() -> Callable[[], int]:
    """A function that reads the resident memory of this process in bytes."""
    page = os.sysconf("SC_PAGE_SIZE")

    def from_proc() -> int:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * page

    def from_usage() -> int:
        # The peak rather than the present, which is what there is without /proc; in bytes on macOS only.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024

    return last_known(from_proc) if os.path.exists("/proc/self/statm") else from_usage


def cpu_seconds() -> tuple[float, float, float, float]:
    """User and system time of this process, and of its children that have ended."""
    times = os.times()
    return times.user, times.system, times.children_user, times.children_system


def thread_cpu_seconds() -> tuple[float, float]:
    """User and system time of the calling thread; where the system does not tell, of the process."""
    usage = resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF))
    return usage.ru_utime, usage.ru_stime


def queued_reader() -> Callable[[], int]:
    """A function that tells for how many nanoseconds the calling thread could have run and had no processor.

    The second number of Linux's schedstat; elsewhere always 0."""
    path = "/proc/thread-self/schedstat"

    def from_proc() -> int:
        with open(path, "rb") as file:
            return int(file.read().split()[1])

    return last_known(from_proc) if os.path.exists(path) else lambda: 0


def describe_platform() -> Platform:
    """What INFO shows of the process and the machine."""
    told = Platform()
    uname = platform.uname()
    told.os = f"{uname.system} {uname.release} {uname.machine}"
    told.process_id = os.getpid()
    told.executable = os.path.abspath(sys.argv[0]) if sys.argv[0] else sys.executable
    told.is_compiled = is_compiled()
    told.total_memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    told.rss_bytes = rss_reader()
    told.cpu_seconds = cpu_seconds
    told.thread_cpu_seconds = thread_cpu_seconds
    return told
