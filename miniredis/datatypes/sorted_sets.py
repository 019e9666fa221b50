"""A sorted set: unique members, each with a score, in order of score and then of the member's bytes.

Small sets are packed (`packed_scores`), larger ones are a `Table` from member to score beside a `ScoreIndex`.  The
encoding that OBJECT ENCODING names is a matter of the configured limits alone and changes one way only; a set that
the limits still call a listpack may be indexed already, because packed entries are bounded.

Ranges of every kind are ranges of ranks: `count_below` and `count_before` turn a bound into a rank, and
`members`, `pairs` and `delete` take ranks from a start up to a stop, both within 0 and `size()`.

score: O(1).  put, remove, rank, count_below, count_before, pop: O(log n).  members, pairs, delete: O(log n + m).
Scores are any double but NaN, which the caller refuses.  -0.0 equals 0.0; a skiplist keeps its sign and a listpack
does not, as in Redis.
"""

from __future__ import annotations

from random import Random
from typing import Final, cast

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.packed_scores import PACKED_ENTRIES, PACKED_MEMBER, PackedScores
from miniredis.datatypes.score_index import ScoreIndex
from miniredis.datatypes.table import Table
from miniredis.datatypes.value import Value

SAME: Final = 0
ADDED: Final = 1
CHANGED: Final = 2

# Bytes for each pair of the indexed form: table entry, two places in blocks, float object, header of the member.
PAIR_OVERHEAD: Final = 37 + 17 + 32 + 33
PACKED_OVERHEAD: Final = 48 + 40 + 33 + 64  # the objects of an empty packed set
MEMORY_SAMPLE: Final = 100


class SortedSet(Value):
    """See the module; `limits` decide between the encodings "listpack" and "skiplist"."""

    def __init__(self, limits: EncodingLimits) -> None:
        self._limits = limits
        self._is_skiplist: bool = False
        self._packed: PackedScores | None = PackedScores()
        self._index: ScoreIndex | None = None
        self._table: Table | None = None

    def type_name(self) -> bytes:
        return b"zset"

    def encoding(self) -> bytes:
        return b"skiplist" if self._is_skiplist else b"listpack"

    def size(self) -> int:
        packed = self._packed
        if packed is not None:
            return len(packed.scores)
        return self._ordered().size()

    def score(self, member: bytes) -> float | None:
        packed = self._packed
        if packed is not None:
            rank = packed.find(member)
            if rank < 0:
                return None
            return packed.score_at(rank)
        return cast("float | None", self._scores().get(member))

    def put(self, member: bytes, score: float) -> int:
        """Give `member` this score: ADDED, CHANGED, or SAME when it had it."""
        packed = self._packed
        if packed is not None:
            rank = packed.find(member)
            if rank >= 0:
                if packed.score_at(rank) == score:
                    return SAME
                packed.delete(rank, rank + 1)
                packed.insert(member, score + 0.0)
                return CHANGED
            if self._fits(member, len(packed.scores)):
                packed.insert(member, score + 0.0)
                return ADDED
        elif not self._is_skiplist and not self._scores().contains(member):
            self._fits(member, self._ordered().size())
        if not self._is_skiplist:
            score += 0.0
        return self._put_indexed(member, score)

    def become_skiplist(self) -> None:
        """Leave the small encoding now, before a result that is too large for it is put."""
        if not self._is_skiplist:
            self._is_skiplist = True
            self._move_to_index()

    def put_pairs(self, pairs: list[object]) -> None:
        """Put members and scores that take turns, as `pairs` gives them."""
        for index in range(0, len(pairs), 2):
            self.put(cast(bytes, pairs[index]), cast(float, pairs[index + 1]))

    def remove(self, member: bytes) -> bool:
        """Drop `member`; False when it is not here."""
        packed = self._packed
        if packed is not None:
            rank = packed.find(member)
            if rank < 0:
                return False
            packed.delete(rank, rank + 1)
            return True
        score = self._scores().pop(member)
        if score is None:
            return False
        self._ordered().remove(member, cast(float, score))
        return True

    def rank(self, member: bytes) -> int:
        """How many members stand before this one, -1 when it is not here."""
        packed = self._packed
        if packed is not None:
            return packed.find(member)
        score = self._scores().get(member)
        if score is None:
            return -1
        return self._ordered().rank(member, cast(float, score))

    def pop_first(self) -> tuple[bytes, float]:
        """Take out the pair of lowest rank; the set must not be empty."""
        packed = self._packed
        if packed is not None:
            member = packed.members(0, 1)[0]
            score = packed.score_at(0)
            packed.delete(0, 1)
            return member, score
        member = self._ordered().pop_first()
        return member, cast(float, self._scores().pop(member))

    def pop_last(self) -> tuple[bytes, float]:
        """Take out the pair of highest rank; the set must not be empty."""
        packed = self._packed
        if packed is not None:
            last = len(packed.scores) - 1
            member = packed.members(last, last + 1)[0]
            score = packed.score_at(last)
            packed.delete(last, last + 1)
            return member, score
        member = self._ordered().pop_last()
        return member, cast(float, self._scores().pop(member))

    def count_below(self, score: float, inclusive: bool) -> int:
        """How many members have a score below `score`, or up to it when inclusive."""
        packed = self._packed
        if packed is not None:
            return packed.count_below(score, inclusive)
        return self._ordered().count_below(score, inclusive)

    def count_before(self, member: bytes, inclusive: bool) -> int:
        """How many members stand before `member`, or up to it; means something only while all scores are equal."""
        packed = self._packed
        if packed is not None:
            return packed.count_before(member, inclusive)
        return self._ordered().count_before(member, inclusive)

    def members(self, start: int, stop: int) -> list[bytes]:
        """Members in order."""
        packed = self._packed
        if packed is not None:
            return packed.members(start, stop)
        return self._ordered().members(start, stop)

    def scores(self, start: int, stop: int) -> list[object]:
        """Scores in order, as float objects."""
        packed = self._packed
        if packed is not None:
            return cast(list[object], packed.scores[start:stop].tolist())
        return self._ordered().scores(start, stop)

    def pairs(self, start: int, stop: int) -> list[object]:
        """Members and scores in order, taking turns: [member, score, member, score, ...]."""
        found: list[object] = [None] * (2 * (stop - start))
        found[::2] = self.members(start, stop)
        found[1::2] = self.scores(start, stop)
        return found

    def delete(self, start: int, stop: int) -> None:
        """Drop a range of ranks."""
        packed = self._packed
        if packed is not None:
            packed.delete(start, stop)
            return
        table = self._scores()
        for member in self._ordered().delete(start, stop):
            table.pop(member)

    def random_rank(self, random: Random) -> int:
        """A rank, each as likely as any other; the set must not be empty."""
        return int(random.random() * self.size())

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """About `count` members from `cursor` on and the next cursor, 0 when done; a packed set comes at once."""
        packed = self._packed
        if packed is not None:
            return 0, packed.members(0, len(packed.scores))
        return self._scores().scan(cursor, count)

    def copy(self) -> SortedSet:
        twin = SortedSet(self._limits)
        twin._is_skiplist = self._is_skiplist
        packed = self._packed
        if packed is not None:
            twin._packed = packed.copy()
            return twin
        table = Table()
        for member, score in self._scores().items():
            table.set(member, score)
        twin._packed = None
        twin._index = self._ordered().copy()
        twin._table = table
        return twin

    def memory(self) -> int:
        packed = self._packed
        if packed is not None:
            return PACKED_OVERHEAD + len(packed.names) + 8 * len(packed.scores)
        size = self._ordered().size()
        sample = self._ordered().members(0, min(size, MEMORY_SAMPLE))
        sampled = 0
        for member in sample:
            sampled += len(member)
        return PACKED_OVERHEAD + size * PAIR_OVERHEAD + (sampled * size // len(sample) if sample else 0)

    def _scores(self) -> Table:
        table = self._table
        assert table is not None
        return table

    def _ordered(self) -> ScoreIndex:
        index = self._index
        assert index is not None
        return index

    def _fits(self, member: bytes, size: int) -> bool:
        """Whether a packed set of `size` can take `member`; settles the encoding for it, too."""
        limits = self._limits
        if size >= limits.zset_max_listpack_entries or len(member) > limits.zset_max_listpack_value:
            self._is_skiplist = True
            return False
        return size < PACKED_ENTRIES and len(member) <= PACKED_MEMBER

    def _move_to_index(self) -> None:
        packed = self._packed
        if packed is not None:
            self._packed = None
            self._index = ScoreIndex()
            self._table = Table()
            for rank, each in enumerate(packed.members(0, len(packed.scores))):
                self._put_indexed(each, packed.score_at(rank))

    def _put_indexed(self, member: bytes, score: float) -> int:
        self._move_to_index()
        table = self._table
        index = self._index
        assert table is not None and index is not None
        shared: object = score
        known = table.get(member)
        if known is None:
            table.set(member, shared)
            index.insert(member, score, shared)
            return ADDED
        old = cast(float, known)
        if old == score:
            return SAME
        member = index.remove(member, old)  # the object that the table holds, not an equal one
        table.set(member, shared)
        index.insert(member, score, shared)
        return CHANGED

    def _check(self) -> None:
        """One form at a time, and both halves of the indexed one agree."""
        packed = self._packed
        if packed is not None:
            assert self._table is None and self._index is None and not self._is_skiplist
            packed._check()
            return
        index = self._ordered()
        table = self._scores()
        index._check()
        table._check()
        assert index.size() == table.size()
        for member, score in zip(index.members(0, index.size()), index.scores(0, index.size()), strict=True):
            assert table.get(member) is score
