"""The ordered half of a large sorted set: pairs of score and member in order, in blocks.

A block holds up to `BLOCK_LIMIT` pairs as two parallel lists.  The score objects are the very ones that the
member table of the set holds, so that the second list costs one pointer a pair; an `array` of doubles would cost
the same eight bytes and a new float object at each look.

Each block but the first has a *low bound*: not above any pair in it and above every pair of the blocks before it.
Like the separators of a B-tree it need not be a pair that is present, so adding and removing never touch it.

Ranks need the number of pairs before a block.  A Fenwick tree over the block sizes answers in O(log blocks); it is
rebuilt on the first question after blocks were added or dropped, which happens once in hundreds of changes, and it
costs nothing while nobody asks.

insert, remove, rank, count_below: O(log n) compares and a move within one block.  slice, delete: O(log n + m).
"""

from __future__ import annotations

from typing import Final, cast

from mypy_extensions import i64

BLOCK_LIMIT: Final = 512
MERGE_BELOW: Final = 64  # a block this small looks for a neighbour to join
MERGED_LIMIT: Final = 384  # and takes one only if the two together leave room


class Block:
    """Pairs in order; `scores` holds float objects."""

    def __init__(self, members: list[bytes], scores: list[object], low_score: float, low_member: bytes) -> None:
        self.members = members
        self.scores = scores
        self.low_score = low_score
        self.low_member = low_member

    def place_of(self, score: float, member: bytes) -> i64:
        """How many pairs of this block stand before (score, member)."""
        members = self.members
        scores = self.scores
        low: i64 = 0
        high: i64 = len(members)
        while low < high:
            middle = (low + high) >> 1
            here = cast(float, scores[middle])
            if here < score or (here == score and members[middle] < member):
                low = middle + 1
            else:
                high = middle
        return low

    def count_below(self, score: float, inclusive: bool) -> i64:
        """How many pairs of this block have a score below `score`, or up to it."""
        scores = self.scores
        low: i64 = 0
        high: i64 = len(scores)
        while low < high:
            middle = (low + high) >> 1
            here = cast(float, scores[middle])
            if here < score or (inclusive and here == score):
                low = middle + 1
            else:
                high = middle
        return low

    def count_before(self, member: bytes, inclusive: bool) -> i64:
        """How many members of this block stand before `member`, or up to it; all scores being equal."""
        members = self.members
        low: i64 = 0
        high: i64 = len(members)
        while low < high:
            middle = (low + high) >> 1
            here = members[middle]
            if here < member or (inclusive and here == member):
                low = middle + 1
            else:
                high = middle
        return low


class ScoreIndex:
    """Pairs ordered by score, then by the bytes of the member.  It trusts its caller that members are unique."""

    def __init__(self) -> None:
        self._blocks: list[Block] = [Block([], [], 0.0, b"")]
        self._size: int = 0
        self._tree: list[int] = []  # Fenwick tree of the block sizes, places 1 to len(blocks)
        self._tree_is_current: bool = False

    def size(self) -> int:
        return self._size

    def insert(self, member: bytes, score: float, shared_score: object) -> None:
        """Add a pair that is not there; `shared_score` is the float object of `score` that the caller keeps too."""
        at = self._block_for(score, member)
        block = self._blocks[at]
        place = block.place_of(score, member)
        length: i64 = len(block.members)
        self._size += 1
        if length >= BLOCK_LIMIT:
            if place == length and at == len(self._blocks) - 1:
                # Ascending input fills its blocks instead of leaving them half empty.
                self._blocks.append(Block([member], [shared_score], score, member))
                self._tree_is_current = False
                return
            self._split(at)
            half: i64 = BLOCK_LIMIT // 2
            if place > half:
                at += 1
                place -= half
            block = self._blocks[at]
        block.members.insert(place, member)
        block.scores.insert(place, shared_score)
        if self._tree_is_current:
            self._bump(at, 1)

    def remove(self, member: bytes, score: float) -> bytes:
        """Drop a pair that is there; the member object that was kept."""
        at = self._block_for(score, member)
        block = self._blocks[at]
        place = block.place_of(score, member)
        kept = block.members.pop(place)
        block.scores.pop(place)
        self._size -= 1
        if self._tree_is_current:
            self._bump(at, -1)
        if len(block.members) < MERGE_BELOW:
            self._join(at)
        return kept

    def pop_first(self) -> bytes:
        """Drop the first pair; its member.  The index must not be empty."""
        block = self._blocks[0]
        member = block.members.pop(0)
        block.scores.pop(0)
        self._popped(0, block)
        return member

    def pop_last(self) -> bytes:
        """Drop the last pair; its member.  The index must not be empty."""
        at: i64 = len(self._blocks) - 1
        block = self._blocks[at]
        member = block.members.pop()
        block.scores.pop()
        self._popped(at, block)
        return member

    def rank(self, member: bytes, score: float) -> int:
        """How many pairs stand before (score, member)."""
        at = self._block_for(score, member)
        return self._pairs_before(at) + self._blocks[at].place_of(score, member)

    def count_below(self, score: float, inclusive: bool) -> int:
        """How many pairs have a score below `score`, or up to it when inclusive."""
        blocks = self._blocks
        low: i64 = 1
        high: i64 = len(blocks)
        while low < high:
            middle = (low + high) >> 1
            border = blocks[middle].low_score
            if border < score or (inclusive and border == score):
                low = middle + 1
            else:
                high = middle
        return self._pairs_before(low - 1) + blocks[low - 1].count_below(score, inclusive)

    def count_before(self, member: bytes, inclusive: bool) -> int:
        """How many members stand before `member`, or up to it; means something only while all scores are equal."""
        blocks = self._blocks
        low: i64 = 1
        high: i64 = len(blocks)
        while low < high:
            middle = (low + high) >> 1
            border = blocks[middle].low_member
            if border < member or (inclusive and border == member):
                low = middle + 1
            else:
                high = middle
        return self._pairs_before(low - 1) + blocks[low - 1].count_before(member, inclusive)

    def members(self, start: int, stop: int) -> list[bytes]:
        """Members of the ranks from `start` up to `stop`, both within 0 and size()."""
        left: i64 = stop - start
        if left <= 0:
            return []
        at, place = self._locate(start)
        found = self._blocks[at].members[place : place + left]
        left -= len(found)
        while left > 0:
            at += 1
            more = self._blocks[at].members
            found.extend(more if left >= len(more) else more[:left])
            left -= len(more)
        return found

    def scores(self, start: int, stop: int) -> list[object]:
        """The float objects of the ranks from `start` up to `stop`, both within 0 and size()."""
        left: i64 = stop - start
        if left <= 0:
            return []
        at, place = self._locate(start)
        found = self._blocks[at].scores[place : place + left]
        left -= len(found)
        while left > 0:
            at += 1
            more = self._blocks[at].scores
            found.extend(more if left >= len(more) else more[:left])
            left -= len(more)
        return found

    def delete(self, start: int, stop: int) -> list[bytes]:
        """Drop the pairs of the ranks from `start` up to `stop`, both within 0 and size(); their members."""
        left: i64 = stop - start
        gone: list[bytes] = []
        if left <= 0:
            return gone
        first, place = self._locate(start)
        self._size -= left
        at = first
        while left > 0:
            block = self._blocks[at]
            cut = block.members[place : place + left]
            gone.extend(cut)
            del block.members[place : place + left]
            del block.scores[place : place + left]
            if self._tree_is_current:
                self._bump(at, -len(cut))
            left -= len(cut)
            place = 0
            at += 1
        # Only the two ends of the range may have something left.
        low = first if len(self._blocks[first].members) == 0 else first + 1
        high = at if len(self._blocks[at - 1].members) == 0 else at - 1
        if low < high:
            del self._blocks[low:high]
            self._tree_is_current = False
            if not self._blocks:
                self._blocks.append(Block([], [], 0.0, b""))
        last: i64 = len(self._blocks) - 1
        if first <= last and len(self._blocks[first].members) < MERGE_BELOW:
            self._join(first)
        return gone

    def copy(self) -> ScoreIndex:
        """An index of its own over the same members and score objects."""
        twin = ScoreIndex()
        twin._blocks = [
            Block(block.members[:], block.scores[:], block.low_score, block.low_member) for block in self._blocks
        ]
        twin._size = self._size
        return twin

    def _block_for(self, score: float, member: bytes) -> i64:
        """The block in which (score, member) stands or would stand."""
        blocks = self._blocks
        low: i64 = 1
        high: i64 = len(blocks)
        while low < high:
            middle = (low + high) >> 1
            block = blocks[middle]
            border = block.low_score
            if border < score or (border == score and block.low_member <= member):
                low = middle + 1
            else:
                high = middle
        return low - 1

    def _locate(self, rank: i64) -> tuple[i64, i64]:
        """The block of the pair at `rank`, and its place there.  The two ends need no tree."""
        blocks = self._blocks
        if rank < len(blocks[0].members):
            return 0, rank
        last: i64 = len(blocks) - 1
        from_end = self._size - len(blocks[last].members)
        if rank >= from_end:
            return last, rank - from_end
        if not self._tree_is_current:
            self._build_tree()
        tree = self._tree
        places: i64 = len(blocks)
        step: i64 = 1
        while step * 2 <= places:
            step *= 2
        at: i64 = 0
        while step > 0:
            ahead = at + step
            if ahead <= places and tree[ahead] <= rank:
                at = ahead
                rank -= tree[ahead]
            step >>= 1
        return at, rank

    def _pairs_before(self, at: i64) -> int:
        """How many pairs the blocks before block `at` hold."""
        if at == 0:
            return 0
        if not self._tree_is_current:
            self._build_tree()
        tree = self._tree
        total = 0
        while at > 0:
            total += tree[at]
            at &= at - 1
        return total

    def _build_tree(self) -> None:
        places: i64 = len(self._blocks)
        tree = [0] * (places + 1)
        place: i64 = 1
        for block in self._blocks:
            total = tree[place] + len(block.members)
            tree[place] = total
            above = place + (place & -place)
            if above <= places:
                tree[above] += total
            place += 1
        self._tree = tree
        self._tree_is_current = True

    def _bump(self, at: i64, change: int) -> None:
        """Tell the tree that block `at` has `change` pairs more."""
        tree = self._tree
        place = at + 1
        places: i64 = len(tree)
        while place < places:
            tree[place] += change
            place += place & -place

    def _split(self, at: i64) -> None:
        """Halve a full block; slices, because a list keeps its room when its tail is deleted."""
        block = self._blocks[at]
        members = block.members
        scores = block.scores
        half: i64 = BLOCK_LIMIT // 2
        low_member = members[half]
        self._blocks.insert(at + 1, Block(members[half:], scores[half:], cast(float, scores[half]), low_member))
        block.members = members[:half]
        block.scores = scores[:half]
        self._tree_is_current = False

    def _join(self, at: i64) -> None:
        """Drop block `at` if it is empty, or join it with a neighbour if the two are small."""
        blocks = self._blocks
        if len(blocks) == 1:
            return
        length: i64 = len(blocks[at].members)
        if length == 0:
            del blocks[at]
            self._tree_is_current = False
            return
        if at + 1 < len(blocks) and length + len(blocks[at + 1].members) <= MERGED_LIMIT:
            left = at
        elif at > 0 and length + len(blocks[at - 1].members) <= MERGED_LIMIT:
            left = at - 1
        else:
            return
        into = blocks[left]
        other = blocks[left + 1]
        into.members = into.members + other.members
        into.scores = into.scores + other.scores
        del blocks[left + 1]
        self._tree_is_current = False

    def _popped(self, at: i64, block: Block) -> None:
        """A pair left one end of the index: end blocks shrink to nothing before they go."""
        self._size -= 1
        if len(block.members) == 0 and len(self._blocks) > 1:
            del self._blocks[at]
            self._tree_is_current = False
        elif self._tree_is_current:
            self._bump(at, -1)

    def _check(self) -> None:
        """Pairs ascend, low bounds hold, no block is empty or too full, the tree tells the truth."""
        blocks = self._blocks
        assert sum(len(block.members) for block in blocks) == self._size
        before: tuple[float, bytes] | None = None
        for at, block in enumerate(blocks):
            assert len(block.members) == len(block.scores) <= BLOCK_LIMIT
            assert block.members or len(blocks) == 1
            border = (block.low_score, block.low_member)
            assert at == 0 or (before is not None and before < border)
            for score, member in zip(block.scores, block.members, strict=True):
                pair = (cast(float, score), member)
                assert before is None or before < pair, (before, pair)
                assert at == 0 or border <= pair
                before = pair
        if self._tree_is_current:
            kept = self._tree
            self._build_tree()
            assert kept == self._tree
