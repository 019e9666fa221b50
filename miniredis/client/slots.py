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

    def nodes(self) -> set[Address]:
        return self.shards() | {replica for several in set(self.replicas) for replica in several}

    def shards(self) -> set[Address]:
        return {node for node in set(self.primaries) if node is not None}


def slot_map(reply: list[Any], asked: Address) -> SlotMap:
    """From the reply of CLUSTER SLOTS; a node without an address of its own is the one that was asked."""
    found = SlotMap()
    for start, end, *nodes in reply:
        addresses = [
            Address(host if (host := _text(node[0])) not in ("", "?") else asked.host, int(node[1]), tls=asked.tls)
            for node in nodes
        ]
        for slot in range(int(start), int(end) + 1):
            found.primaries[slot] = addresses[0]
            found.replicas[slot] = tuple(addresses[1:])
    return found
