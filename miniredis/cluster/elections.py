"""Failover: a replica asks for votes, primaries give at most one an epoch.

Of a replica whose primary has failed:

      waiting --(delay by rank is over)--> asking --(majority of primaries voted)--> primary
         ^                                    |
         +--------(no majority in time)-------+

A vote is on disk before it leaves, and so is the epoch a replica stands in: whoever comes back from a crash
cannot vote or stand twice.
"""

from __future__ import annotations

from collections.abc import Callable

from miniredis.cluster.messages import Header
from miniredis.cluster.node import NOFAILOVER, ClusterNode
from miniredis.cluster.ranges import slots_in
from miniredis.cluster.view import ClusterView

#: The delay before a replica stands, at the default node timeout; shorter with shorter timeouts, as in Valkey 9.
DELAY_MS = 500
DELAY_SHARE = 30
LEAST_ELECTION_MS = 2000
#: Reasons why a replica does not take over, logged once each time they change.
NO_REASON, DATA_AGE, WAITING_DELAY, EXPIRED, WAITING_VOTES = "", "data age", "delay", "expired", "votes"


class Voter:
    """The primary's side.  `save` puts the view on disk and says whether it is there."""

    def __init__(self, view: ClusterView, save: Callable[[], bool]) -> None:
        self.view = view
        self._save = save

    def asked(self, candidate: ClusterNode, header: Header) -> bool:
        """Whether the candidate gets our vote, which is on disk then."""
        view = self.view
        reason = self._refusal(candidate, header)
        if reason:
            view.world.log("notice", f"Failover auth denied to {candidate.id.decode()}: {reason}")
            return False
        primary = candidate.primary
        assert primary is not None
        voted_before = view.last_vote_epoch
        view.last_vote_epoch = view.current_epoch
        if not self._save():
            view.last_vote_epoch = voted_before
            return False
        primary.voted_ms = view.world.now_ms()
        view.world.log("notice", f"Failover auth granted to {candidate.id.decode()} for epoch {view.current_epoch}")
        return True

    def _refusal(self, candidate: ClusterNode, header: Header) -> str:
        view = self.view
        myself = view.myself
        if myself.is_replica or not myself.slots:
            return "we are no primary with slots"
        if header.current_epoch < view.current_epoch:
            return f"reqEpoch ({header.current_epoch}) < curEpoch({view.current_epoch})"
        if view.last_vote_epoch == view.current_epoch:
            return f"already voted for epoch {view.current_epoch}"
        primary = candidate.primary
        if candidate.is_primary:
            return "it is a primary node"
        if primary is None:
            return "I don't know its primary"
        if not primary.has_failed and not header.is_forced:
            return "its primary is up"
        since_ms = view.world.now_ms() - primary.voted_ms
        if primary.voted_ms and since_ms < view.world.settings.node_timeout_ms * 2:
            return f"can't vote for any replica of {primary.id.decode()} within {since_ms} milliseconds"
        for slot in slots_in(header.slots):
            owner = view.owners[slot]
            if owner is not None and owner.config_epoch > header.config_epoch:
                return f"slot {slot} epoch ({owner.config_epoch}) > reqConfigEpoch ({header.config_epoch})"
        return ""


class Election:
    """The replica's side.  What it wants done it leaves in `wants_votes`, `wants_siblings_told` and `has_won`."""

    def __init__(self, view: ClusterView) -> None:
        self.view = view
        self.starts_ms = 0  # when the votes are asked for; 0: no election so far
        self.epoch = 0
        self.voters: set[bytes] = set()
        self.was_asked = False
        self.rank = 0
        self._reason = NO_REASON

    def restart(self) -> None:
        """Forget the one that runs; the next may begin at once."""
        self.starts_ms = 0
        self.was_asked = False
        self.voters = set()

    def voted(self, voter: ClusterNode, header: Header) -> None:
        if voter.is_primary and voter.slots and self.was_asked and header.current_epoch >= self.epoch:
            self.voters.add(voter.id)

    def delay_ms(self) -> int:
        return min(self.view.world.settings.node_timeout_ms // DELAY_SHARE, DELAY_MS)

    def step(self, is_manual: bool) -> str:
        """ "" for nothing to do, "announce" our offset to the siblings, "ask" for votes, "won"."""
        view = self.view
        world = view.world
        settings = world.settings
        primary = view.myself.primary
        if (
            view.myself.is_primary
            or primary is None
            or not (primary.has_failed or is_manual)
            or (settings.no_failover and not is_manual)
            or not primary.slots
        ):
            self._reason = NO_REASON
            return ""
        now_ms = world.now_ms()
        timeout_ms = max(settings.node_timeout_ms * 2, LEAST_ELECTION_MS)
        age_ms = world.data_age_ms()
        if age_ms > settings.node_timeout_ms:
            age_ms -= settings.node_timeout_ms
        oldest_ms = settings.ping_replica_period_s * 1000 + settings.node_timeout_ms * settings.validity_factor
        if settings.validity_factor and age_ms > oldest_ms and not is_manual:
            return self._cannot(DATA_AGE)
        if self.starts_ms == 0 or now_ms - self.starts_ms > timeout_ms * 2:
            self._begin(now_ms, is_manual)
            return "announce"
        if not self.was_asked and not is_manual:
            rank = self._own_rank()
            if rank > self.rank:
                self.starts_ms += (rank - self.rank) * 2 * self.delay_ms()
                self.rank = rank
        if now_ms < self.starts_ms:
            return self._cannot(WAITING_DELAY)
        if now_ms - self.starts_ms > timeout_ms:
            return self._cannot(EXPIRED)
        if not self.was_asked:
            view.current_epoch += 1
            self.epoch = view.current_epoch
            self.was_asked = True
            world.log("notice", f"Starting a failover election for epoch {self.epoch}.")
            view.save_later(sync=True)
            return "ask"
        if len(self.voters) >= view.quorum():
            world.log("notice", f"Failover election won: I'm the new primary, configEpoch set to {self.epoch}")
            view.myself.config_epoch = max(view.myself.config_epoch, self.epoch)
            return "won"
        return self._cannot(WAITING_VOTES)

    def _begin(self, now_ms: int, is_manual: bool) -> None:
        delay_ms = self.delay_ms()
        self.was_asked = False
        self.voters = set()
        self.rank = self._own_rank()
        self.starts_ms = now_ms + delay_ms + self.view.world.random.randrange(delay_ms + 1) + self.rank * 2 * delay_ms
        if is_manual:
            self.starts_ms = now_ms
            self.rank = 0
        self.view.world.log(
            "notice",
            f"Start of election delayed for {self.starts_ms - now_ms} milliseconds "
            f"(rank #{self.rank}, offset {self.view.world.offset()}).",
        )

    def _own_rank(self) -> int:
        """How many siblings hold more of the primary's data."""
        myself = self.view.myself
        assert myself.primary is not None
        offset = self.view.world.offset()
        return sum(
            1
            for sibling in myself.primary.replicas
            if sibling is not myself and not sibling.flags & NOFAILOVER and sibling.offset > offset
        )

    def _cannot(self, reason: str) -> str:
        if reason != self._reason:
            self._reason = reason
            self.view.world.log("notice", f"Currently unable to failover: {reason}")
        return ""


def take_over(view: ClusterView) -> None:
    """Become the primary of what our primary owned; config_epoch is set already."""
    old = view.myself.primary
    if view.myself.is_primary or old is None:
        return
    view.make_primary(view.myself)
    view.world.promote()
    for slot in list(old.slots):
        view.assign(slot, view.myself)
    view.save_later(sync=True)
    view.must_update = view.routes_changed = True
