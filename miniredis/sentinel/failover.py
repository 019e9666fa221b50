"""Replacing a primary that is down.

    none ──objectively down──▶ wait_start ──elected──▶ select_slave ──a good one──▶ send_slaveof_noone
      ▲                            │ not elected            │ none                        │ told
      ├────────────────────────────┴────────────────────────┴──── too late ◀──────────────┤
      │                                                                                   ▼
      └── the new primary is watched ◀── update_config ◀── reconf_slaves ◀──INFO says── wait_promotion

Whoever runs it was elected for its epoch (or told to by SENTINEL FAILOVER); the others learn of the outcome from its
hellos, which carry the epoch as the new config epoch.
"""

from __future__ import annotations

from miniredis.sentinel.instances import (
    DONE,
    FOLLOWING,
    NO_FAILOVER,
    NOT_TOLD,
    RECONFIGURE,
    SELECT_REPLICA,
    SEND_PROMOTION,
    TOLD,
    UPDATE_CONFIG,
    WAIT_PROMOTION,
    WAIT_START,
    Address,
    Instance,
)
from miniredis.sentinel.quorum import elected
from miniredis.sentinel.state import Sentinel
from miniredis.sentinel.timing import DESYNCHRONIZATION_MS


def start_if_needed(sentinel: Sentinel, primary: Instance, now_ms: int) -> bool:
    """Begin a failover of a primary that is objectively down, unless one was tried a short while ago."""
    if not primary.is_agreed_down or primary.in_failover:
        return False
    wait_ms = primary.settings.failover_timeout_ms * 2
    if now_ms - primary.failover_started_ms < wait_ms:
        if primary.failover_delay_logged != primary.failover_started_ms:
            primary.failover_delay_logged = primary.failover_started_ms
            left_s = (primary.failover_started_ms + wait_ms - now_ms) / 1000
            sentinel.event("warning", "", None, f"Next failover delay: no failover is started for {left_s:.0f} seconds")
        return False
    start(sentinel, primary, now_ms)
    return True


def start(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    """Begin a failover in a new epoch."""
    primary.failover_state = WAIT_START
    sentinel.enter_epoch(sentinel.epoch + 1)
    primary.failover_epoch = sentinel.epoch
    sentinel.event("warning", "+try-failover", primary)
    primary.failover_started_ms = now_ms + sentinel.random.randrange(DESYNCHRONIZATION_MS)
    primary.failover_changed_ms = now_ms


def start_forced(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    """SENTINEL FAILOVER: no agreement and no vote is needed."""
    start(sentinel, primary, now_ms)
    primary.is_forced = True


def proceed(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    """One step of the failover that runs for this primary, if any."""
    state = primary.failover_state
    if state == WAIT_START:
        _wait_start(sentinel, primary, now_ms)
    elif state == SELECT_REPLICA:
        _select(sentinel, primary, now_ms)
    elif state == SEND_PROMOTION:
        _send_promotion(sentinel, primary, now_ms)
    elif state == WAIT_PROMOTION:
        if now_ms - primary.failover_changed_ms > primary.settings.failover_timeout_ms:
            sentinel.event("warning", "-failover-abort-slave-timeout", primary)
            abort(primary, now_ms)
    elif state == RECONFIGURE:
        _reconfigure(sentinel, primary, now_ms)
    if primary.failover_state == UPDATE_CONFIG:
        switch_to_promoted(sentinel, primary, now_ms)


def abort(primary: Instance, now_ms: int) -> None:
    primary.is_forced = False
    _enter(primary, NO_FAILOVER, now_ms)
    primary.promoted = None


def _enter(primary: Instance, state: str, now_ms: int) -> None:
    primary.failover_state = state
    primary.failover_changed_ms = now_ms


def _wait_start(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    leader = elected(sentinel, primary, primary.failover_epoch, now_ms)
    if leader != sentinel.my_id and not primary.is_forced:
        patience_ms = min(sentinel.timing["election-timeout"], primary.settings.failover_timeout_ms)
        if now_ms - primary.failover_started_ms > patience_ms:
            sentinel.event("warning", "-failover-abort-not-elected", primary)
            abort(primary, now_ms)
        return
    sentinel.event("warning", "+elected-leader", primary)
    if sentinel.crash_after_election:
        sentinel.outside.crash()
    _enter(primary, SELECT_REPLICA, now_ms)
    sentinel.event("warning", "+failover-state-select-slave", primary)


def _select(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    chosen = select_replica(sentinel, primary, now_ms)
    if chosen is None:
        sentinel.event("warning", "-failover-abort-no-good-slave", primary)
        abort(primary, now_ms)
        return
    sentinel.event("warning", "+selected-slave", chosen)
    primary.promoted = chosen
    _enter(primary, SEND_PROMOTION, now_ms)
    sentinel.event("notice", "+failover-state-send-slaveof-noone", chosen)


def select_replica(sentinel: Sentinel, primary: Instance, now_ms: int) -> Instance | None:
    """The replica to promote: reachable, fresh, then by priority, by how much it has of the data, by run id."""
    timing = sentinel.timing
    longest_down_ms = primary.settings.down_after_ms * 10
    if primary.is_down:
        longest_down_ms += now_ms - primary.down_since_ms
    freshness_ms = timing["ping-period"] * 5 if primary.is_down else timing["info-period"] * 3
    good = [
        replica
        for replica in primary.replicas.values()
        if not replica.is_down
        and replica.is_connected
        and now_ms - replica.link.available_ms <= timing["ping-period"] * 5
        and replica.priority != 0
        and replica.info_ms
        and now_ms - replica.info_ms <= freshness_ms
        and replica.primary_link_down_ms <= longest_down_ms
    ]
    return min(good, key=_worth, default=None)


def _worth(replica: Instance) -> tuple[int, int, bool, bytes]:
    return replica.priority, -replica.offset, not replica.run_id, replica.run_id


def _send_promotion(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    promoted = primary.promoted
    assert promoted is not None
    if not promoted.is_connected:
        if now_ms - primary.failover_changed_ms > primary.settings.failover_timeout_ms:
            sentinel.event("warning", "-failover-abort-slave-timeout", primary)
            abort(primary, now_ms)
        return
    if sentinel.follow(promoted, None):
        promoted.info_ms = 0  # ask it at once what became of it
        sentinel.event("notice", "+failover-state-wait-promotion", promoted)
        _enter(primary, WAIT_PROMOTION, now_ms)


def promoted_reports(sentinel: Sentinel, primary: Instance, promoted: Instance, now_ms: int) -> None:
    """The replica we waited for says it is a primary."""
    primary.config_epoch = primary.failover_epoch
    _enter(primary, RECONFIGURE, now_ms)
    sentinel.save()
    sentinel.event("warning", "+promoted-slave", promoted)
    if sentinel.crash_after_promotion:
        sentinel.outside.crash()
    sentinel.event("warning", "+failover-state-reconf-slaves", primary)
    sentinel.call_reconfiguration_script(primary, b"leader", primary.address, promoted.address)
    for member in primary.members():
        member.published_ms = 0  # the others must hear of it at once


def _reconfigure(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    promoted = primary.promoted
    assert promoted is not None
    busy = sum(1 for each in primary.replicas.values() if each.told in (TOLD, FOLLOWING))
    for replica in primary.replicas.values():
        if replica is promoted or replica.told == DONE:
            continue
        if replica.told == TOLD and now_ms - replica.told_ms > sentinel.timing["slave-reconf-timeout"]:
            sentinel.event("notice", "-slave-reconf-sent-timeout", replica)
            replica.told = DONE
            busy -= 1
            continue
        if busy >= primary.settings.parallel_syncs:
            continue
        if replica.told == NOT_TOLD and replica.is_connected and sentinel.follow(replica, promoted.address):
            replica.told = TOLD
            replica.told_ms = now_ms
            replica.info_ms = 0
            busy += 1
            sentinel.event("notice", "+slave-reconf-sent", replica)
    _end_if_complete(sentinel, primary, promoted, now_ms)


def _end_if_complete(sentinel: Sentinel, primary: Instance, promoted: Instance, now_ms: int) -> None:
    if promoted.is_down:
        return
    missing = [
        each for each in primary.replicas.values() if each is not promoted and each.told != DONE and not each.is_down
    ]
    if missing and now_ms - primary.failover_changed_ms > primary.settings.failover_timeout_ms:
        sentinel.event("warning", "+failover-end-for-timeout", primary)
        for replica in missing:
            if replica.told == NOT_TOLD and replica.is_connected and sentinel.follow(replica, promoted.address):
                replica.told = TOLD
                sentinel.event("notice", "+slave-reconf-sent-be", replica)
        missing = []
    if not missing:
        sentinel.event("warning", "+failover-end", primary)
        _enter(primary, UPDATE_CONFIG, now_ms)


def replica_reports(sentinel: Sentinel, primary: Instance, replica: Instance) -> None:
    """A replica that was told to follow the promoted one says how far it is."""
    promoted = primary.promoted
    if promoted is None:
        return
    if replica.told == TOLD and promoted.address.is_at(replica.primary_host, replica.primary_port):
        replica.told = FOLLOWING
        sentinel.event("notice", "+slave-reconf-inprog", replica)
    if replica.told == FOLLOWING and replica.primary_link_up:
        replica.told = DONE
        sentinel.event("notice", "+slave-reconf-done", replica)


def switch_to_promoted(sentinel: Sentinel, primary: Instance, now_ms: int) -> None:
    """The failover is over: watch the new primary."""
    promoted = primary.promoted
    address = promoted.address if promoted is not None else primary.address
    announce_switch(sentinel, primary, address)
    sentinel.move_primary(primary, address, now_ms)


def announce_switch(sentinel: Sentinel, primary: Instance, address: Address) -> None:
    """+switch-master, which clients listen for."""
    before = primary.address
    text = f"{primary.name} {sentinel.shown(before)} {before.port} {sentinel.shown(address)} {address.port}"
    sentinel.event("warning", "+switch-master", None, text)
