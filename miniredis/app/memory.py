"""Giving memory back to the system: what the C allocator keeps, and code that only the start needed.

What large values leave is kept by glibc for the next ones, which is why they are as fast as they are: with memory of
its own for each, SET of a megabyte takes three times as long.  What nobody wants again must not stay for ever, though:
after a flush of a gigabyte the process would keep most of it.  So once in a while it is looked at how much is free, and
a good part of it given back.  Both walk through all that is free, which takes some 70 ms for a gigabyte: in a thread,
while which only large allocations wait.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, ClassVar, Final

#: How often is looked.
EVERY_NS: Final = 5_000_000_000
#: Less is not worth it.
WORTH_BYTES: Final = 64 << 20
#: Nor is less than this share of the process: it is the play of a busy server.
WORTH_SHARE: Final = 4


class Information(ctypes.Structure):
    """mallinfo2 of glibc."""

    _fields_: ClassVar = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


#: What glibc's mallopt calls its settings.
TRIM_THRESHOLD: Final = -1
MMAP_THRESHOLD: Final = -3
#: From this size memory has a mapping of its own, which is new each time; the most that glibc comes to by itself.
MAPPED_BYTES: Final = 32 << 20


class Allocator:
    """The C allocator of this process.  Without glibc's functions there is nothing to set and to give back."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        self._set: Any = getattr(library, "mallopt", None)
        self._trim: Any = getattr(library, "malloc_trim", None)
        self._information: Any = getattr(library, "mallinfo2", None)
        if self._information is not None:
            self._information.restype = Information

    def free_bytes(self) -> int:
        """What it keeps for later."""
        return int(self._information().fordblks) if self._information is not None else 0

    def keep_ready(self) -> None:
        """Keep what large values leave, up to what is looked after here.

        By itself glibc returns the end of the heap at every second such value, and each of the next pays with a fault
        for every page.
        """
        if self._set is not None:
            self._set(TRIM_THRESHOLD, WORTH_BYTES)
            self._set(MMAP_THRESHOLD, MAPPED_BYTES)

    def give_back(self) -> None:
        if self._trim is not None:
            self._trim(0)


#: Of /proc/self/maps: a range of code that is a file's.
CODE: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ (?!0 )\d+ +/", re.ASCII)
MADV_DONTNEED: Final = 4


def code_ranges(maps: str) -> Iterator[tuple[int, int]]:
    """(address, bytes) of what is mapped of files to be run, and nobody can have written to."""
    for line in maps.splitlines():
        found = CODE.match(line)
        if found is not None:
            first, end = int(found[1], 16), int(found[2], 16)
            yield first, end - first


def let_go_of_code() -> None:
    """Give up the pages of code that are mapped now: most were needed to start and never again.

    What is run later comes back from the system's cache of files, a few hundred faults of a microsecond.  For Linux;
    elsewhere nothing happens.
    """
    with suppress(OSError, AttributeError):
        with open("/proc/self/maps") as file:
            maps = file.read()
        advise = ctypes.CDLL(None).madvise
        for address, size in code_ranges(maps):
            advise(ctypes.c_void_p(address), ctypes.c_size_t(size), MADV_DONTNEED)


class MemoryReturn:
    """When to give back; `in_thread` runs a function without keeping anybody waiting."""

    def __init__(
        self,
        allocator: Allocator,
        rss_bytes: Callable[[], int],
        monotonic_ns: Callable[[], int],
        in_thread: Callable[[Callable[[], None]], object],
    ) -> None:
        self.allocator = allocator
        self.rss_bytes = rss_bytes
        self.monotonic_ns = monotonic_ns
        self.in_thread = in_thread
        self._next_ns = monotonic_ns() + EVERY_NS
        #: What was resident when the last was given back, or at the start.
        self._left_bytes = rss_bytes()

    def look(self) -> None:
        """Called often; seldom does something."""
        now_ns = self.monotonic_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + EVERY_NS
        # What was given back counts as free all the same: by that alone it would be given back for ever.
        if self.rss_bytes() > self._left_bytes + WORTH_BYTES:
            self.in_thread(self._give_back_much)

    def purge(self) -> None:
        """Give back what there is, little as it may be."""
        self.in_thread(self.allocator.give_back)

    def _give_back_much(self) -> None:
        if self.allocator.free_bytes() > max(WORTH_BYTES, self.rss_bytes() // WORTH_SHARE):
            self.allocator.give_back()
            self._left_bytes = self.rss_bytes()
