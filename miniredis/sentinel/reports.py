"""What SENTINEL PRIMARIES, REPLICAS, SENTINELS and INFO show, in Redis's fields."""

from __future__ import annotations

from miniredis.resp.replies import MapReply
from miniredis.sentinel.instances import PRIMARY, REPLICA, SENTINEL, Instance
from miniredis.sentinel.state import Sentinel

Fields = list[tuple[str, object]]


def describe_instance(sentinel: Sentinel, instance: Instance, now_ms: int) -> MapReply:
    flat: list[object] = []
    for name, value in _fields(sentinel, instance, now_ms):
        flat += [name.encode(), value if isinstance(value, bytes) else str(value).encode("latin-1")]
    return MapReply(flat)


def _fields(sentinel: Sentinel, instance: Instance, now_ms: int) -> Fields:
    link, settings = instance.link, instance.settings
    fields: Fields = [
        ("name", instance.name),
        ("ip", sentinel.shown(instance.address)),
        ("port", instance.address.port),
        ("runid", instance.run_id),
        ("flags", instance.flags()),
        ("link-pending-commands", link.pending),
        ("link-refcount", len(link.owners)),
    ]
    if instance.in_failover:
        fields.append(("failover-state", instance.failover_state))
    fields += [
        ("last-ping-sent", now_ms - link.unanswered_since_ms if link.unanswered_since_ms else 0),
        ("last-ok-ping-reply", now_ms - link.available_ms),
        ("last-ping-reply", now_ms - link.answered_ms),
    ]
    if instance.is_down:
        fields.append(("s-down-time", now_ms - instance.down_since_ms))
    if instance.is_agreed_down:
        fields.append(("o-down-time", now_ms - instance.agreed_down_since_ms))
    fields.append(("down-after-milliseconds", settings.down_after_ms))
    if instance.kind != SENTINEL:
        fields += [
            ("info-refresh", now_ms - instance.info_ms if instance.info_ms else 0),
            ("role-reported", instance.reported_role),
            ("role-reported-time", now_ms - instance.reported_role_ms),
        ]
    if instance.kind == PRIMARY:
        fields += _primary_fields(instance)
    elif instance.kind == REPLICA:
        fields += _replica_fields(instance)
    else:
        fields += [
            ("last-hello-message", now_ms - instance.hello_ms),
            ("voted-leader", instance.leader or b"?"),
            ("voted-leader-epoch", instance.leader_epoch),
        ]
    return fields


def _primary_fields(primary: Instance) -> Fields:
    settings = primary.settings
    fields: Fields = [
        ("config-epoch", primary.config_epoch),
        ("num-slaves", len(primary.replicas)),
        ("num-other-sentinels", len(primary.sentinels)),
        ("quorum", settings.quorum),
        ("failover-timeout", settings.failover_timeout_ms),
        ("parallel-syncs", settings.parallel_syncs),
    ]
    if settings.notification_script:
        fields.append(("notification-script", settings.notification_script))
    if settings.reconfiguration_script:
        fields.append(("client-reconfig-script", settings.reconfiguration_script))
    return fields


def _replica_fields(replica: Instance) -> Fields:
    return [
        ("master-link-down-time", replica.primary_link_down_ms),
        ("master-link-status", "ok" if replica.primary_link_up else "err"),
        ("master-host", replica.primary_host or "?"),
        ("master-port", replica.primary_port),
        ("slave-priority", replica.priority),
        ("slave-repl-offset", replica.offset),
        ("replica-announced", 1 if replica.is_announced else 0),
    ]


def sentinel_section(sentinel: Sentinel, now_ms: int) -> Fields:
    """INFO sentinel."""
    fields: Fields = [
        ("sentinel_masters", len(sentinel.primaries)),
        ("sentinel_tilt", 1 if sentinel.in_tilt else 0),
        ("sentinel_tilt_since_seconds", (now_ms - sentinel.tilt_since_ms) // 1000 if sentinel.in_tilt else -1),
        ("sentinel_running_scripts", sentinel.scripts.running()),
        ("sentinel_scripts_queue_length", len(sentinel.scripts.jobs)),
        ("sentinel_simulate_failure_flags", sentinel.crash_after_election + 2 * sentinel.crash_after_promotion),
    ]
    for number, primary in enumerate(sentinel.primaries.values()):
        status = "odown" if primary.is_agreed_down else "sdown" if primary.is_down else "ok"
        host = sentinel.shown(primary.address)
        fields.append(
            (
                f"master{number}",
                f"name={primary.name},status={status},address={host}:{primary.address.port},"
                f"slaves={len(primary.replicas)},sentinels={len(primary.sentinels) + 1}",
            )
        )
    return fields
