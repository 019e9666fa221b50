"""What CLUSTER SLOT-STATS tells of each slot.  Keys are always known; time and traffic only where they are counted.

cluster-slot-stats-enabled lets every command be looked at after it ran (as the slow log does with slow ones).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.cluster.host import EngineWorld
from miniredis.keyspace.slots import SLOTS

KEY_COUNT: Final = b"key-count"


class SlotUsage:
    def __init__(self, world: EngineWorld) -> None:
        self.world = world
        self.counts_traffic = False
        self.cpu_usec = [0] * SLOTS
        self.bytes_in = [0] * SLOTS
        self.bytes_out = [0] * SLOTS

    def metrics(self) -> list[bytes]:
        more = [b"cpu-usec", b"network-bytes-in", b"network-bytes-out"] if self.counts_traffic else []
        return [KEY_COUNT, *more]

    def reader(self, metric: bytes) -> Callable[[int], int]:
        if metric == KEY_COUNT:
            return self.world.keys_in
        table = {b"cpu-usec": self.cpu_usec, b"network-bytes-in": self.bytes_in, b"network-bytes-out": self.bytes_out}
        return table[metric].__getitem__

    def reset(self) -> None:
        for table in (self.cpu_usec, self.bytes_in, self.bytes_out):
            table[:] = [0] * SLOTS
