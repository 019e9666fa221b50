"""What all databases of one server share: the time they see and the counts they keep."""

from __future__ import annotations


class KeyspaceClock:
    """The time every database of a server sees: read once a turn by the edge, or moved by a test."""

    def __init__(self) -> None:
        self.now_ms: int = 0
        #: The command that runs is of a client that does not touch (CLIENT NO-TOUCH): access records stay as they are.
        self.leaves_no_trace = False


class Statistics:
    """Counters of lookups and removals, as INFO stats shows them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Count from zero."""
        self.hits: int = 0
        self.misses: int = 0
        self.expired: int = 0
        self.evicted: int = 0
        self.expired_fields: int = 0


class MemoryCount:
    """Bytes held by keys and values, by our own estimate; kept only while a limit is set."""

    def __init__(self) -> None:
        self.active = False
        self.used: int = 0
