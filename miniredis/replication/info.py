"""What INFO and ROLE tell of replication, with the names that sentinels and exporters read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniredis.dispatch.roles import ONLINE
from miniredis.replication.following import CONNECTED, HANDSHAKE, TRANSFER

if TYPE_CHECKING:
    from miniredis.replication.following import Following
    from miniredis.replication.replication import ServerReplication

Fields = list[tuple[str, object]]


def replication_fields(replication: ServerReplication) -> Fields:
    engine = replication.engine
    config = engine.config
    primary = replication.primary
    history = replication.history
    fields: Fields = [("role", "slave" if engine.is_replica else "master")]
    if engine.is_replica:
        fields += _following_fields(replication.following)
        fields += [
            ("slave_priority", config.int("replica-priority")),
            ("slave_read_only", int(config.flag("replica-read-only"))),
            ("replica_announced", int(config.flag("replica-announced"))),
            # What a second connection would gather during a full sync; there is one only.
            ("replicas_repl_buffer_size", 0),
            ("replicas_repl_buffer_peak", 0),
        ]
    fields.append(("connected_slaves", len(primary.followers)))
    fields.append(("replicas_waiting_psync", 0))  # no snapshot goes by a connection of its own
    if config.int("min-replicas-to-write") > 0 and config.int("min-replicas-max-lag") > 0:
        fields.append(("min_slaves_good_slaves", primary.good_followers()))
    now_ms = primary.now_ms()
    for number, follower in enumerate(primary.followers):
        lag_s = (now_ms - follower.heard_ms) // 1000 if follower.state == ONLINE else 0
        fields.append(
            (
                f"slave{number}",
                f"ip={follower.host().decode('latin-1')},port={follower.announced_port},"
                f"state={follower.state.decode()},offset={follower.acked_offset},lag={lag_s}",
            )
        )
    backlog = history.backlog
    fields += [
        ("master_failover_state", replication.failover.state),
        ("master_replid", history.id),
        ("master_replid2", history.second_id),
        ("master_repl_offset", history.offset()),
        ("second_repl_offset", history.second_until + 1 if history.second_until >= 0 else -1),
        ("repl_backlog_active", int(backlog is not None)),
        ("repl_backlog_size", config.int("repl-backlog-size")),
        ("repl_backlog_first_byte_offset", backlog.start + 1 if backlog is not None else 0),
        ("repl_backlog_histlen", backlog.kept_bytes() if backlog is not None else 0),
    ]
    return fields


def _following_fields(following: Following) -> Fields:
    now_ms = following.now_ms()
    is_up = following.is_up()
    stream = following.stream
    applied = following.history.offset()
    fields: Fields = [
        ("master_host", following.host),
        ("master_port", following.port),
        ("master_link_status", "up" if is_up else "down"),
        ("master_last_io_seconds_ago", (now_ms - following.heard_ms) // 1000 if is_up else -1),
        ("master_sync_in_progress", int(following.state == TRANSFER)),
        ("slave_read_repl_offset", stream.received if is_up and stream is not None else applied),
        ("slave_repl_offset", applied),
    ]
    incoming = following.incoming
    if following.state == TRANSFER:
        total = incoming.payload.size if incoming is not None and not incoming.payload.mark else 0
        read = incoming.payload.received if incoming is not None else 0
        fields += [
            ("master_sync_total_bytes", total),
            ("master_sync_read_bytes", read),
            ("master_sync_left_bytes", total - read),
            ("master_sync_perc", f"{read * 100 / total if total > 0 else 0:.2f}"),
            ("master_sync_last_io_seconds_ago", (now_ms - following.heard_ms) // 1000),
        ]
    if not is_up:
        fields.append(("master_link_down_since_seconds", (now_ms - following.down_since_ms) // 1000))
    return fields


def sync_fields(replication: ServerReplication) -> Fields:
    counters = replication.engine.counters
    return [
        ("sync_full", counters.full_syncs),
        ("sync_partial_ok", counters.partial_syncs),
        ("sync_partial_err", counters.refused_partial_syncs),
        ("slave_expires_tracked_keys", 0),
    ]


def backlog_memory_fields(replication: ServerReplication) -> Fields:
    backlog = replication.history.backlog
    kept = backlog.kept_bytes() if backlog is not None else 0
    size = replication.engine.config.int("repl-backlog-size")
    return [
        ("mem_replication_backlog", min(kept, size)),
        ("mem_total_replication_buffers", kept),
        ("mem_replicas_repl_buffer", 0),
    ]


def role_reply(replication: ServerReplication) -> list[object]:
    """As ROLE answers."""
    following = replication.following
    offset = replication.history.offset()
    if not replication.engine.is_replica:
        replicas: list[object] = [
            [each.host(), b"%d" % each.announced_port, b"%d" % each.acked_offset]
            for each in replication.primary.followers
            if each.state == ONLINE
        ]
        return [b"master", offset, replicas]
    state = "handshake" if following.state == HANDSHAKE else following.state
    is_known = following.state == CONNECTED
    return [b"slave", following.host.encode(), following.port, state.encode(), offset if is_known else -1]
