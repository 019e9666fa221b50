"""The 16,384 slots of a cluster: which one a key belongs to, and which keys each holds.

A key's slot is CRC16 (XMODEM) of its name, or of the part between the first { and the next } where that is not
empty, so that related keys can be kept together.  Only a server in cluster mode keeps an index of keys by slot.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from miniredis.resp.bytework import key_slot

__all__ = [
    "COMING",
    "ELSEWHERE",
    "LEAVING",
    "OURS",
    "REPLICATED",
    "SLOTS",
    "UNSERVED",
    "KeysBySlot",
    "key_slot",
]

SLOTS: Final = 16384

# Whose a slot is.
UNSERVED: Final = 0  # nobody's
ELSEWHERE: Final = 1
OURS: Final = 2
LEAVING: Final = 3  # ours, its keys are being moved to another node
COMING: Final = 4  # another's, its keys are being moved here
REPLICATED: Final = 5  # our primary's


class KeysBySlot:
    """The names of one database's keys, by slot.  add, remove, count: O(1)."""

    def __init__(self) -> None:
        self._slots: list[set[bytes] | None] = [None] * SLOTS

    def add(self, key: bytes) -> None:
        slot = key_slot(key)
        keys = self._slots[slot]
        if keys is None:
            self._slots[slot] = {key}
        else:
            keys.add(key)

    def remove(self, key: bytes) -> None:
        slot = key_slot(key)
        keys = self._slots[slot]
        if keys is not None:
            keys.discard(key)
            if not keys:
                self._slots[slot] = None

    def count(self, slot: int) -> int:
        keys = self._slots[slot]
        return 0 if keys is None else len(keys)

    def some(self, slot: int, most: int) -> list[bytes]:
        """Up to `most` keys of a slot."""
        keys = self._slots[slot]
        return [] if keys is None else list(islice(keys, most))

    def used(self) -> list[int]:
        """The slots that have keys."""
        return [slot for slot, keys in enumerate(self._slots) if keys is not None]

    def clear(self) -> None:
        self._slots = [None] * SLOTS
