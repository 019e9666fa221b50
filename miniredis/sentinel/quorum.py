"""Down or not, by our own eyes and by agreement, and who may lead a failover.

    up ──no good answer for down-after──▶ subjectively down (+sdown)
       ◀──────────an answer─────────────
    primary, subjectively down ──quorum of sentinels agrees──▶ objectively down (+odown)
                               ◀──agreement ends, or it is up again──

A vote is for one epoch: a sentinel gives at most one in each, kept on disk before it is told.
"""

from __future__ import annotations

from miniredis.resp.numbers import parse_int64
from miniredis.sentinel.instances import NO_FAILOVER, PRIMARY, REPLICA, Instance
from miniredis.sentinel.state import Sentinel
from miniredis.sentinel.timing import DESYNCHRONIZATION_MS

#: An opinion that has not been repeated for this many ask-periods counts no more.
OPINION_PERIODS = 5


def check_subjectively_down(sentinel: Sentinel, instance: Instance, now_ms: int) -> None:
    """Mark or clear an instance as down by what we saw of it ourselves."""
    timing = sentinel.timing
    link = instance.link
    silent_ms = 0
    if link.unanswered_since_ms:
        silent_ms = now_ms - link.unanswered_since_ms
    elif link.is_broken(instance.kind):
        silent_ms = now_ms - link.available_ms
    settings = instance.settings
    demoted = (
        instance.kind == PRIMARY
        and instance.reported_role == REPLICA
        and now_ms - instance.reported_role_ms > settings.down_after_ms + timing["info-period"] * 2
    )
    rebooted = (
        instance.kind == PRIMARY
        and instance.rebooted_ms > 0
        and now_ms - instance.rebooted_ms > settings.reboot_down_after_ms
    )
    if silent_ms > settings.down_after_ms or demoted or rebooted:
        if not instance.is_down:
            instance.down_since_ms = now_ms
            sentinel.event("warning", "+sdown", instance)
    elif instance.is_down:
        instance.down_since_ms = 0
        instance.script_kill_sent = False
        sentinel.event("warning", "-sdown", instance)


def check_objectively_down(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    """Mark or clear a primary as down by agreement."""
    agreeing = 0
    if primary.is_down:
        agreeing = 1 + sum(1 for other in primary.sentinels.values() if other.thinks_down)
    if agreeing >= primary.settings.quorum and agreeing > 0:
        if not primary.is_agreed_down:
            primary.agreed_down_since_ms = now_ms
            sentinel.event("warning", "+odown", primary, f"#quorum {agreeing}/{primary.settings.quorum}")
    elif primary.is_agreed_down:
        primary.agreed_down_since_ms = 0
        sentinel.event("warning", "-odown", primary)


def ask_others(sentinel: Sentinel, primary: Instance, now_ms: int, at_once: bool) -> None:
    """Ask the other sentinels what they think of a primary that we hold to be down, and, in a failover, to vote."""
    period = sentinel.timing["ask-period"]
    for other in primary.sentinels.values():
        if now_ms - other.asked_reply_ms > period * OPINION_PERIODS:
            other.thinks_down = False
            other.leader = b""
        if not primary.is_down or not other.is_connected:
            continue
        if not at_once and now_ms - other.asked_reply_ms < period:
            continue
        candidate = sentinel.my_id if primary.failover_state != NO_FAILOVER else b"*"
        argv = [
            b"SENTINEL",
            b"is-master-down-by-addr",
            sentinel.shown(primary.address).encode(),
            b"%d" % primary.address.port,
            b"%d" % sentinel.epoch,
            candidate,
        ]
        sentinel.send(other, argv, _Opinion(sentinel, other, now_ms).take)


class _Opinion:
    """The answer of one sentinel to one question."""

    def __init__(self, sentinel: Sentinel, other: Instance, now_ms: int) -> None:
        self.sentinel = sentinel
        self.other = other
        self.asked_ms = now_ms

    def take(self, reply: object) -> None:
        """[thinks it is down: 0 or 1, whom it votes for or *, in which epoch]"""
        if not isinstance(reply, list) or len(reply) != 3:
            return
        thinks_down, leader, epoch = reply
        if not isinstance(thinks_down, int) or not isinstance(leader, bytes) or not isinstance(epoch, int):
            return
        other = self.other
        other.asked_reply_ms = max(self.sentinel.ticked_ms, self.asked_ms)
        other.thinks_down = thinks_down == 1
        if leader != b"*":
            if other.leader_epoch != epoch:
                self.sentinel.event(
                    "warning", "", None, f"{other.name} voted for {leader.decode(errors='replace')} {epoch}"
                )
            other.leader = leader
            other.leader_epoch = epoch


def vote(sentinel: Sentinel, primary: Instance, epoch: int, candidate: bytes, now_ms: int) -> tuple[bytes, int]:
    """Vote for `candidate` in `epoch` if no vote was given in it yet; whom we voted for last, and in which epoch."""
    if epoch > sentinel.epoch:
        sentinel.enter_epoch(epoch)
        sentinel.save()
    if primary.leader_epoch < epoch and sentinel.epoch <= epoch:
        before = primary.leader, primary.leader_epoch
        primary.leader, primary.leader_epoch = candidate, sentinel.epoch
        # A vote that is not on disk could be given twice: once more after a crash.
        if not sentinel.save():
            primary.leader, primary.leader_epoch = before
            return before
        sentinel.event("warning", "+vote-for-leader", None, f"{candidate.decode(errors='replace')} {epoch}")
        if candidate != sentinel.my_id:
            # Give the winner time before we try ourselves.
            primary.failover_started_ms = now_ms + sentinel.random.randrange(DESYNCHRONIZATION_MS)
    return primary.leader, primary.leader_epoch


def elected(sentinel: Sentinel, primary: Instance, epoch: int, now_ms: int) -> bytes:
    """Who leads `epoch`: with more than half of all sentinels' votes, and at least the quorum.  Empty: nobody."""
    votes: dict[bytes, int] = {}
    for other in primary.sentinels.values():
        if other.leader and other.leader_epoch == sentinel.epoch:
            votes[other.leader] = votes.get(other.leader, 0) + 1
    favourite = max(votes, key=votes.__getitem__, default=sentinel.my_id)
    mine, mine_epoch = vote(sentinel, primary, epoch, favourite, now_ms)
    if mine and mine_epoch == epoch:
        votes[mine] = votes.get(mine, 0) + 1
    if not votes:
        return b""
    winner = max(votes, key=votes.__getitem__)
    needed = max((len(primary.sentinels) + 1) // 2 + 1, primary.settings.quorum)
    return winner if votes[winner] >= needed else b""


def answer_question(
    sentinel: Sentinel, host: str, port: int, epoch: int, candidate: bytes, now_ms: int
) -> list[object]:
    """SENTINEL IS-MASTER-DOWN-BY-ADDR: our opinion, and our vote if one is asked for."""
    primary = sentinel.find_primary_at(host, port)
    is_down = primary is not None and primary.is_down and not sentinel.in_tilt
    leader, leader_epoch = b"", 0
    if primary is not None and candidate != b"*":
        leader, leader_epoch = vote(sentinel, primary, epoch, candidate, now_ms)
    return [1 if is_down else 0, leader or b"*", leader_epoch]


def check_quorum(primary: Instance) -> tuple[int, bool, bool]:
    """(usable sentinels, ourselves among them; enough to agree; enough to authorise a failover)"""
    usable = 1 + sum(1 for other in primary.sentinels.values() if not other.is_down and other.is_connected)
    voters = len(primary.sentinels) + 1
    return usable, usable >= primary.settings.quorum, usable >= voters // 2 + 1


def parse_epoch(word: bytes) -> int | None:
    """An epoch is a whole number, never negative."""
    number = parse_int64(word)
    return number if number is not None and number >= 0 else None
