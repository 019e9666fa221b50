"""What large tables held, let go of a little at a time.

Freeing a million small objects takes a good part of a second, and whoever drops the last reference pays for it.  A
large `Table` that dies therefore leaves its shards here, whatever made it die: DEL, a flush, expiry, an overwritten
key, a result that was only needed for a reply.  The server's upkeep then frees them between other work.

There is one such place in a process, as there is one allocator; servers that share the process share it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from miniredis.datatypes.shards import Shard

#: Fewer entries are freed at once: that takes less than a tenth of a millisecond.
LARGE: Final = 1024


class Discarded:
    """Directories of dead tables.  `free` is O(places) and what the values in them need."""

    def __init__(self) -> None:
        self._directories: deque[list[Shard]] = deque()
        self._sizes: deque[int] = deque()
        #: Entries that wait to be freed.
        self.pending: int = 0
        #: Entries that were freed here since the start.
        self.freed: int = 0

    def add(self, directory: list[Shard], entries: int) -> None:
        """Take over what a table of so many entries held; nobody else may use it any more."""
        self._directories.append(directory)
        self._sizes.append(entries)
        self.pending += entries

    def free(self, places: int) -> bool:
        """Let go of up to so many places of directories, oldest first; whether more is left.

        What is freed may be large tables in turn, which come here while this runs."""
        while places > 0 and self._directories:
            directory = self._directories[0]
            count = min(places, len(directory))
            del directory[len(directory) - count :]
            places -= max(count, 1)
            if not directory:
                self._directories.popleft()
                entries = self._sizes.popleft()
                self.pending -= entries
                self.freed += entries
        return len(self._directories) > 0


DISCARDED: Final = Discarded()
