"""What one node holds true about the cluster: nodes, owners of slots, epochs, whether it may serve.

Data with the operations that keep it consistent; the machines beside it (membership, failures, elections, ...)
decide when.  `is_dirty` and `must_sync` say what `settle` has to save.
"""

from __future__ import annotations

from collections.abc import Iterator

from miniredis.cluster.node import FAIL, MIGRATE_TO, MYSELF, PFAIL, PRIMARY, REPLICA, ClusterNode
from miniredis.cluster.ranges import Ranges, slots_in
from miniredis.cluster.surroundings import Surroundings
from miniredis.keyspace.slots import SLOTS

#: A primary that has started lets the others tell it first who owns its slots now.
WRITABLE_DELAY_MS = 2000
#: A primary back from a minority waits a node timeout before it serves again, within these bounds.
LEAST_REJOIN_MS, MOST_REJOIN_MS = 500, 5000
#: Primaries count for the majority for so many node timeouts after they seem to be gone.
SHRINK_TIMEOUTS = 2


class ClusterView:
    """The cluster as one node sees it."""

    def __init__(self, world: Surroundings, node_id: bytes) -> None:
        self.world = world
        now_ms = world.now_ms()
        self.myself = ClusterNode(node_id, MYSELF | PRIMARY, now_ms)
        self.nodes: dict[bytes, ClusterNode] = {node_id: self.myself}
        self.owners: list[ClusterNode | None] = [None] * SLOTS
        self.leaving: dict[int, ClusterNode] = {}  # slot -> where its keys go
        self.coming: dict[int, ClusterNode] = {}  # slot -> where its keys come from
        #: Slots whose owner does not claim them any more: anybody may.
        self.unclaimed: set[int] = set()
        self.current_epoch = 0
        self.last_vote_epoch = 0
        self.is_up = False
        #: Primaries with slots: what a majority is counted from.
        self.size = 1
        self._smaller_ms = 0  # since when there seem to be fewer
        self.blacklist: dict[bytes, int] = {}  # forgotten node -> until when
        self.started_ms = now_ms
        self.minority_ms = -MOST_REJOIN_MS  # when we last reached too few primaries
        self.is_dirty = False
        self.must_sync = False
        self.must_update = True
        self.routes_changed = True

    # -- nodes

    def find(self, node_id: bytes) -> ClusterNode | None:
        return self.nodes.get(node_id)

    def add(self, node: ClusterNode) -> None:
        self.nodes[node.id] = node

    def remove(self, node: ClusterNode) -> None:
        """Forget a node with all that is known through it."""
        for slot in list(node.slots):
            self.unassign(slot)
        for table in (self.leaving, self.coming):
            for slot, other in list(table.items()):
                if other is node:
                    del table[slot]
        for other in self.nodes.values():
            other.failure_reports.pop(node.id, None)
        self.unfollow(node)
        for replica in node.replicas:
            replica.primary = None
        node.replicas = []
        for link in (node.link, node.inbound):
            if link is not None:
                link.close()
        node.link = node.inbound = None
        self.nodes.pop(node.id, None)
        self.save_later()
        self.must_update = True

    def rename(self, node: ClusterNode, node_id: bytes) -> None:
        """A node in handshake has told its name."""
        del self.nodes[node.id]
        node.id = node_id
        self.nodes[node_id] = node

    def peers(self) -> list[ClusterNode]:
        return [node for node in self.nodes.values() if node is not self.myself]

    def is_blacklisted(self, node_id: bytes) -> bool:
        until_ms = self.blacklist.get(node_id)
        if until_ms is None:
            return False
        if until_ms > self.world.now_ms():
            return True
        del self.blacklist[node_id]
        return False

    # -- roles

    def unfollow(self, node: ClusterNode) -> None:
        """Take a node out of its primary's replicas."""
        primary = node.primary
        if primary is not None:
            if node in primary.replicas:
                primary.replicas.remove(node)
            if not primary.replicas:
                primary.flags &= ~MIGRATE_TO
            node.primary = None

    def make_primary(self, node: ClusterNode) -> None:
        if node.is_primary:
            return
        if node.primary is not None:
            self.unfollow(node)
            if node is not self.myself:
                node.flags |= MIGRATE_TO
        node.flags = node.flags & ~REPLICA | PRIMARY
        self.save_later()
        self.must_update = self.routes_changed = True

    def make_replica(self, node: ClusterNode, primary: ClusterNode | None) -> None:
        """Of a primary, or of one that we do not know yet."""
        if node.is_primary:
            for slot in list(node.slots):
                self.unassign(slot)
            node.flags = node.flags & ~(PRIMARY | MIGRATE_TO) | REPLICA
            self.must_update = True
        if node.primary is not primary:
            self.unfollow(node)
            node.primary = primary
            if primary is not None:
                primary.replicas.append(node)
                primary.flags |= MIGRATE_TO
                node.shard_id = primary.shard_id
        self.save_later()
        self.routes_changed = True

    def follow(self, primary: ClusterNode) -> None:
        """Become a replica of another node."""
        if self.myself.is_primary:
            self.leaving.clear()
            self.coming.clear()
        self.make_replica(self.myself, primary)
        self.world.follow(primary)
        self.must_update = True

    # -- slots

    def assign(self, slot: int, node: ClusterNode) -> None:
        before = self.owners[slot]
        if before is not node:
            if before is not None:
                before.lose_slot(slot)
            node.take_slot(slot)
            self.owners[slot] = node
        self.unclaimed.discard(slot)
        self.routes_changed = True

    def unassign(self, slot: int) -> None:
        owner = self.owners[slot]
        if owner is not None:
            owner.lose_slot(slot)
            self.owners[slot] = None
        self.unclaimed.discard(slot)
        self.routes_changed = True

    def assign_range(self, first: int, last: int, node: ClusterNode) -> None:
        """The same for a whole range."""
        for owner in set(self.owners[first : last + 1]):
            if owner is not None and owner is not node:
                owner.lose_slots(first, last)
        node.take_slots(first, last)
        self.owners[first : last + 1] = [node] * (last + 1 - first)
        if self.unclaimed:
            self.unclaimed.difference_update(range(first, last + 1))
        self.routes_changed = True

    def take_claims(self, sender: ClusterNode, config_epoch: int, claimed: Ranges) -> None:
        """A primary claims slots: it gets those that nobody has claimed with the same or a later epoch.

        Whoever loses all slots that way follows who took the last of them.
        """
        if sender is self.myself:
            return
        head = self.myself.head()
        taken_of_ours = 0
        lost: list[int] = []
        for first, last in self._runs(claimed):
            owner = self.owners[first]
            if owner is sender:
                if self.unclaimed:
                    self.unclaimed.difference_update(range(first, last + 1))
                continue
            if first in self.coming:
                continue  # ours as soon as whoever moves it here says so
            if owner is not None and owner.config_epoch >= config_epoch and first not in self.unclaimed:
                continue
            if owner is self.myself:
                for slot in range(first, last + 1):
                    self.leaving.pop(slot, None)
                    if self.world.keys_in(slot):
                        lost.append(slot)
            if owner is head:
                taken_of_ours += last + 1 - first
            self.assign_range(first, last, sender)
            self.save_later(sync=True)
            self.must_update = True
        if sender.slots and sender.ranges != claimed:
            claims = set(slots_in(claimed))
            self.unclaimed.update(slot for slot in sender.slots if slot not in claims)
        if (
            taken_of_ours
            and not head.slots
            and (self.world.settings.allow_migration or len(sender.slots) == taken_of_ours)
        ):
            self.world.log(
                "notice",
                f"Configuration change detected. Reconfiguring myself as a replica of {sender.id.decode()}",
            )
            self.follow(sender)
            self.save_later(sync=True)
        elif self.myself.is_replica and head is not self.myself and head.primary not in (None, self.myself):
            # Our primary has become a replica itself: no chains.
            assert head.primary is not None
            self.follow(head.primary)
        elif lost:
            self.world.drop_keys(lost)

    def _runs(self, claimed: Ranges) -> Iterator[tuple[int, int]]:
        """The claim in pieces to which the same answer applies."""
        owners = self.owners
        for first, last in claimed:
            owner = owners[first]
            if not self.coming and not self.unclaimed and owners[first : last + 1].count(owner) == last + 1 - first:
                yield first, last
            else:
                for slot in range(first, last + 1):
                    yield slot, slot

    # -- epochs

    def highest_epoch(self) -> int:
        return max(self.current_epoch, *(node.config_epoch for node in self.nodes.values()))

    def raise_own_epoch(self) -> bool:
        """Take a new config epoch without asking anybody: after a slot was moved here, on TAKEOVER.

        False when ours is the highest already.
        """
        highest = self.highest_epoch()
        if self.myself.config_epoch == 0 or self.myself.config_epoch != highest:
            self.current_epoch += 1
            self.myself.config_epoch = self.current_epoch
            self.save_later(sync=True)
            self.routes_changed = True
            return True
        return False

    # -- may we serve?

    def quorum(self) -> int:
        return self.size // 2 + 1

    def update_state(self) -> None:
        """See whether every slot is served and most primaries are within reach."""
        self.must_update = False
        world = self.world
        now_ms = world.now_ms()
        timeout_ms = world.settings.node_timeout_ms
        size = reachable = 0
        covered = 0
        all_served = True
        for node in self.nodes.values():
            if node.slots and node.flags & PRIMARY:
                size += 1
                covered += len(node.slots)
                if node.flags & FAIL:
                    all_served = False
                if not node.flags & (FAIL | PFAIL) and not self._is_silent(node, now_ms, timeout_ms):
                    reachable += 1
        self._count(size, now_ms)
        if self.myself.is_primary and not self.is_up and now_ms - self.started_ms < WRITABLE_DELAY_MS:
            self.must_update = True
            return
        up = reachable >= self.quorum()
        if not up:
            self.minority_ms = now_ms
        if world.settings.full_coverage and (covered < SLOTS or not all_served):
            up = False
        if up != self.is_up:
            rejoin_ms = min(max(timeout_ms, LEAST_REJOIN_MS), MOST_REJOIN_MS)
            if up and self.myself.is_primary and now_ms - self.minority_ms < rejoin_ms:
                self.must_update = True
                return
            world.log("notice", f"Cluster state changed: {'ok' if up else 'fail'}")
            self.is_up = up
            self.routes_changed = True

    def _count(self, size: int, now_ms: int) -> None:
        """A majority is one of a number that grows at once and shrinks late.

        Between the word that a primary is none any more and the word who has its slots now, there seem to be fewer
        than there are: votes of a minority must not become a majority by that.
        """
        if size >= self.size:
            self.size = size
            self._smaller_ms = 0
        elif not self._smaller_ms:
            self._smaller_ms = now_ms
        elif now_ms - self._smaller_ms > self.world.settings.node_timeout_ms * SHRINK_TIMEOUTS:
            self.size = size
            self._smaller_ms = 0

    def _is_silent(self, node: ClusterNode, now_ms: int, timeout_ms: int) -> bool:
        """Nothing came from it for a node timeout: too long to go on writing in the name of a majority it is part of.

        A ping may begin half a timeout after the last pong, so PFAIL alone could come half a timeout late.
        """
        heard_ms = max(node.heard_ms, node.pong_ms)
        return node is not self.myself and heard_ms > 0 and now_ms - heard_ms > timeout_ms

    # -- saving

    def save_later(self, sync: bool = False) -> None:
        self.is_dirty = True
        self.must_sync = self.must_sync or sync

    def primaries(self) -> list[ClusterNode]:
        """Those with slots."""
        return [node for node in self.nodes.values() if node.is_primary and node.slots]

    def link_state(self, node: ClusterNode) -> bytes:
        is_up = node is self.myself or (node.link is not None and node.link.is_up)
        return b"connected" if is_up else b"disconnected"

    def _check(self) -> None:
        for slot, owner in enumerate(self.owners):
            assert owner is None or (slot in owner.slots and self.nodes.get(owner.id) is owner), slot
        for node in self.nodes.values():
            assert all(self.owners[slot] is node for slot in node.slots)
            assert node.primary is None or node in node.primary.replicas
            assert all(replica.primary is node for replica in node.replicas)
            assert bool(node.flags & PRIMARY) != bool(node.flags & REPLICA) or node.is_in_handshake
