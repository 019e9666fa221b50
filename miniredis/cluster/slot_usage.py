"""What CLUSTER SLOT-STATS tells of each slot.  Keys are always known; time and traffic only where they are counted.

cluster-slot-stats-enabled lets every command be looked at after it ran, as the slow log does with slow ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from miniredis.cluster.host import EngineWorld
from miniredis.commands.declaration import Command
from miniredis.dispatch.routing import positions
from miniredis.dispatch.session import Session
from miniredis.keyspace.slots import SLOTS, key_slot
from miniredis.resp.encoder import command_size, encode_reply

KEY_COUNT: Final = b"key-count"


class SlotUsage:
    """The counters of one node."""

    def __init__(self, world: EngineWorld) -> None:
        self.world = world
        self.nanoseconds = [0] * SLOTS
        self.bytes_in = [0] * SLOTS
        self.bytes_out = [0] * SLOTS
        self.counts_traffic = False

    def take_config(self) -> None:
        """Begin or end to count, as the directive says."""
        engine = self.world.engine
        wanted = engine.config.flag("cluster-slot-stats-enabled")
        if wanted and not self.counts_traffic:
            engine.on_timed.append(self.note)
        elif self.counts_traffic and not wanted:
            engine.on_timed.remove(self.note)
        self.counts_traffic = wanted

    def note(self, session: Session, command: Command, argv: list[bytes], spent_ns: int, reply: object) -> None:
        found = positions(command, argv)
        if not found or not session.id:
            return
        slot = key_slot(argv[found[0]])
        self.nanoseconds[slot] += spent_ns
        self.bytes_in[slot] += command_size(argv)
        if not isinstance(reply, Deferred):
            self.bytes_out[slot] += len(encode_reply(reply, session.context.resp))

    def metrics(self) -> list[bytes]:
        more = [b"cpu-usec", b"network-bytes-in", b"network-bytes-out"] if self.counts_traffic else []
        return [KEY_COUNT, *more]

    def value(self, metric: bytes, slot: int) -> int:
        if metric == KEY_COUNT:
            return self.world.keys_in(slot)
        if metric == b"cpu-usec":
            return self.nanoseconds[slot] // 1000
        return (self.bytes_in if metric == b"network-bytes-in" else self.bytes_out)[slot]

    def reader(self, metric: bytes) -> Callable[[int], int]:
        return lambda slot: self.value(metric, slot)
