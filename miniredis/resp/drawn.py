"""A reply of more elements than anybody would want in memory: drawn by chance while the client reads.

`HRANDFIELD key -9223372036854775807` asks for 2**63 elements, of which a hundred differ.  Such a reply is an array
whose elements are taken from a fixed choice, encoded once; the engine asks for the next piece when the last one has
left, so it costs no more memory than a piece and no more time at once either.
"""

from __future__ import annotations

from random import Random
from typing import Final

#: Elements of a piece: some tens of microseconds' worth.
DRAWN_AT_ONCE: Final = 1024


class DrawnReply:
    """`count` times one of `choices` (each whole as it goes over the wire), after `header`."""

    def __init__(self, header: bytes, choices: list[bytes], count: int, random: Random) -> None:
        self._header = header
        self._choices = choices
        self._random = random
        self.left = count

    def append_piece(self, out: list[bytes]) -> bool:
        """Append the next elements; whether there are more."""
        if self._header:
            out.append(self._header)
            self._header = b""
        choices = self._choices
        random = self._random
        size = len(choices)
        count = min(self.left, DRAWN_AT_ONCE)
        out.append(b"".join([choices[int(random.random() * size)] for _ in range(count)]))
        self.left -= count
        return self.left > 0
