"""The small form of a sorted set: all members in one byte string, their scores in one array.

`names` is, for each member in order, one byte of length and the member itself; `scores` are the doubles in the same
order.  Every operation walks at most `PACKED_ENTRIES` length bytes; the search for a member lets `bytes.find` do
the comparing and walks only to learn whether an entry begins where it matched.

What a member may be (at most `PACKED_MEMBER` bytes) and how many there may be is for the owner to keep.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import Final

PACKED_ENTRIES: Final = 256
PACKED_MEMBER: Final = 255
LENGTH_BYTES: Final = [bytes((length,)) for length in range(256)]


class PackedScores:
    """Pairs ordered by score, then by the bytes of the member."""

    def __init__(self) -> None:
        self.names: bytes = b""
        self.scores: array[float] = array("d")

    def find(self, member: bytes) -> int:
        """The rank of a member, -1 if it is not here."""
        if len(member) > PACKED_MEMBER:
            return -1
        names = self.names
        entry = LENGTH_BYTES[len(member)] + member
        at = names.find(entry)
        rank = 0
        place = 0
        while at >= 0:
            while place < at:
                place += names[place] + 1
                rank += 1
            if place == at:
                return rank
            at = names.find(entry, place)
        return -1

    def score_at(self, rank: int) -> float:
        return self.scores[rank]

    def insert(self, member: bytes, score: float) -> None:
        """Add a member that is not here and is not too long."""
        scores = self.scores
        rank = bisect_left(scores, score)
        size = len(scores)
        place = self._place_of(rank)
        names = self.names
        while rank < size and scores[rank] == score:
            after = place + names[place] + 1
            if names[place + 1 : after] > member:
                break
            place = after
            rank += 1
        scores.insert(rank, score)
        self.names = names[:place] + LENGTH_BYTES[len(member)] + member + names[place:]

    def delete(self, start: int, stop: int) -> None:
        """Drop the ranks from `start` up to `stop`, both within 0 and the size."""
        first = self._place_of(start)
        names = self.names
        last = first
        for _ in range(stop - start):
            last += names[last] + 1
        self.names = names[:first] + names[last:]
        del self.scores[start:stop]

    def count_below(self, score: float, inclusive: bool) -> int:
        """How many scores are below `score`, or up to it when inclusive."""
        if inclusive:
            return bisect_right(self.scores, score)
        return bisect_left(self.scores, score)

    def count_before(self, member: bytes, inclusive: bool) -> int:
        """How many members stand before `member`, or up to it; all scores being equal."""
        names = self.names
        end = len(names)
        place = 0
        rank = 0
        while place < end:
            after = place + names[place] + 1
            here = names[place + 1 : after]
            if here > member or (here == member and not inclusive):
                break
            place = after
            rank += 1
        return rank

    def members(self, start: int, stop: int) -> list[bytes]:
        """Members of the ranks from `start` up to `stop`, both within 0 and the size."""
        names = self.names
        place = self._place_of(start)
        found: list[bytes] = []
        for _ in range(stop - start):
            after = place + names[place] + 1
            found.append(names[place + 1 : after])
            place = after
        return found

    def copy(self) -> PackedScores:
        twin = PackedScores()
        twin.names = self.names
        twin.scores = self.scores[:]
        return twin

    def _place_of(self, rank: int) -> int:
        """Where in `names` the entry of `rank` begins; the end for the size itself."""
        names = self.names
        place = 0
        for _ in range(rank):
            place += names[place] + 1
        return place

    def _check(self) -> None:
        """The lengths add up, the pairs ascend."""
        size = len(self.scores)
        assert self._place_of(size) == len(self.names)
        pairs = list(zip(self.scores, self.members(0, size), strict=True))
        assert all(pairs[rank] < pairs[rank + 1] for rank in range(size - 1))
        assert size <= PACKED_ENTRIES
