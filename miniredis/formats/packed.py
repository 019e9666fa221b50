"""What listpack, ziplist, zipmap and intset readers have in common: elements come in batches.

A packed blob may be the expansion of a few hostile bytes; taking a batch at a time into the value keeps memory
at a small multiple of the blob.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

BATCH: Final = 512


@mypyc_attr(allow_interpreted_subclasses=True)
class PackedReader:
    """Reads the elements of one blob in order; raises FormatError where the blob is corrupt."""

    def __init__(self, data: bytes) -> None:
        self._data: bytes = data
        self._position: int = 0
        self._last: int = len(data) - 1  # of the end mark
        self._seen: int = 0

    def next_batch(self, count: int) -> list[bytes]:
        """Up to `count` elements, integers as their decimal text; none at the end."""
        raise AssertionError("each format reads its own elements")

    def read_all(self) -> list[bytes]:
        """All that is left."""
        found: list[bytes] = []
        while batch := self.next_batch(BATCH):
            found.extend(batch)
        return found


def decimal_texts() -> list[bytes]:
    """The texts of 0 to 127, shared by all who read one."""
    return [b"%d" % number for number in range(128)]


SMALL: Final = decimal_texts()
