"""Which node of a cluster serves which slot, as CLUSTER SLOTS says."""

from __future__ import annotations

from binascii import crc_hqx
from typing import Any, Final

from miniredis.client.settings import Address

SLOTS: Final = 16384


def key_slot(key: bytes) -> int:
    """CRC16 of the key, or of what stands between the first { and the next } where that is not empty."""
    start = key.find(b"{") + 1
    if start:
        end = key.find(b"}", start)
        if end > start:
            key = key[start:end]
    return crc_hqx(key, 0) & (SLOTS - 1)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")


class SlotMap:
    """`primaries[slot]` and, for reading, `replicas[slot]`."""

    def __init__(self) -> None:
        self.primaries: list[Address | None] = [None] * SLOTS
        self.replicas: list[tuple[Address, ...]] = [()] * SLOTS
        #: All that serve any slot; kept beside the lists, which are long to look through.
        self.shards: set[Address] = set()
        self.nodes: set[Address] = set()

    def assign(self, first: int, last: int, primary: Address, replicas: tuple[Address, ...] = ()) -> None:
        """Slots `first` to `last` belong to `primary`."""
        count = last + 1 - first
        self.primaries[first : last + 1] = [primary] * count
        self.replicas[first : last + 1] = [replicas] * count
        self.shards.add(primary)
        self.nodes.update((primary, *replicas))


def slot_map(reply: list[Any], asked: Address) -> SlotMap:
    """From the reply of CLUSTER SLOTS; a node without an address of its own is the one that was asked."""
    found = SlotMap()
    for start, end, *nodes in reply:
        addresses = [
            Address(host if (host := _text(node[0])) not in ("", "?") else asked.host, int(node[1]), tls=asked.tls)
            for node in nodes
        ]
        found.assign(int(start), int(end), addresses[0], tuple(addresses[1:]))
    return found
