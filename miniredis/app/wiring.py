"""Keeps the engine's fast copies of configuration values in step with the configuration."""

from __future__ import annotations

from typing import Final

from miniredis.dispatch.command_log import LARGE_REPLY, LARGE_REQUEST, SLOW
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_LOG_REQUESTS

#: Later than any command ends: nothing is looked at.
NEVER_NS: Final = 1 << 62
#: A larger request comes in pieces: no edge reads more at once.
RECEIVED_AT_ONCE: Final = 64 * 1024


def follow_config(engine: Engine) -> None:
    """Take over what the engine needs now, and again whenever CONFIG SET changes it."""
    config = engine.config

    def take_limits() -> None:
        engine.max_bulk = config.int("proto-max-bulk-len")
        for session in engine.sessions.values():
            session.decoder.max_bulk = engine.max_bulk

    def take_access_policy() -> None:
        policy = config.text("maxmemory-policy")
        databases = engine.keyspace.databases
        # Counters are of no use once the policy is another: OBJECT IDLETIME asks for times again.
        had_counters = any(database.access is not None and database.access.counts for database in databases)
        if policy.endswith((b"-lru", b"-lfu")) or had_counters:
            engine.keyspace.track_access(policy.endswith(b"-lfu"))
        for database in engine.keyspace.databases:
            if database.access is not None:
                database.access.log_factor = config.int("lfu-log-factor")
                database.access.decay_minutes = config.int("lfu-decay-time")

    def take_notifications() -> None:
        engine.notify_classes(config.int("notify-keyspace-events"))

    def take_log_limits() -> None:
        slower_us = config.int("slowlog-log-slower-than")
        threshold_ms = config.int("latency-monitor-threshold")
        engine.log_slower_ns = slower_us * 1000 if slower_us >= 0 else -1
        engine.latency.threshold_ms = threshold_ms
        bounds = [NEVER_NS]
        if slower_us >= 0:
            bounds.append(slower_us * 1000)
        if threshold_ms > 0:
            bounds.append(threshold_ms * 1_000_000)
        if config.flag("cluster-enabled") and config.flag("cluster-slot-stats-enabled"):
            bounds.append(0)
        engine.timer.slow_ns = min(bounds)
        engine.log_larger_bytes = config.int("commandlog-request-larger-than")
        if 0 <= engine.log_larger_bytes < RECEIVED_AT_ONCE:
            engine.gates |= GATE_LOG_REQUESTS
        else:
            engine.gates &= ~GATE_LOG_REQUESTS
        reply_bytes = config.int("commandlog-reply-larger-than")
        engine.large_reply_bytes = reply_bytes if reply_bytes >= 0 else NEVER_NS
        engine.command_log.resize(SLOW, config.int("slowlog-max-len"))
        engine.command_log.resize(LARGE_REQUEST, config.int("commandlog-large-request-max-len"))
        engine.command_log.resize(LARGE_REPLY, config.int("commandlog-large-reply-max-len"))

    def take_latency_tracking() -> None:
        engine.timer.tracks_latency = config.flag("latency-tracking")
        if not engine.timer.tracks_latency:
            for command in engine.commands:
                command.latencies = None

    config.follow(
        [
            "slowlog-log-slower-than",
            "slowlog-max-len",
            "latency-monitor-threshold",
            "cluster-slot-stats-enabled",
            "commandlog-request-larger-than",
            "commandlog-reply-larger-than",
            "commandlog-large-request-max-len",
            "commandlog-large-reply-max-len",
        ],
        take_log_limits,
    )
    engine.keyspace.limits.follow(config)
    config.follow(["latency-tracking"], take_latency_tracking)

    def take_version_check() -> None:
        engine.keyspace.values.tries_newer = config.text("rdb-version-check") == b"relaxed"

    config.follow(["rdb-version-check"], take_version_check)
    config.follow(["import-mode"], lambda: engine.keyspace.set_imports(config.flag("import-mode")))
    config.follow(["notify-keyspace-events"], take_notifications)

    def take_client_limits() -> None:
        limits = engine.client_limits
        limits.output = config.output_limits()
        limits.query_bytes = config.int("client-query-buffer-limit")
        limits.timeout_s = config.int("timeout")
        limits.total_bytes = config.bytes_of("maxmemory-clients", config.int("maxmemory"))

    config.follow(
        ["client-output-buffer-limit", "client-query-buffer-limit", "timeout", "maxmemory-clients", "maxmemory"],
        take_client_limits,
    )
    config.follow(["proto-max-bulk-len"], take_limits)

    def take_access_rules() -> None:
        engine.acl.all_channels = config.text("acl-pubsub-default") == b"allchannels"
        engine.acl.log.resize(config.int("acllog-max-len"))

    def take_default_password() -> None:
        engine.acl.set_default_password(config.text("requirepass"))

    config.follow(["acl-pubsub-default", "acllog-max-len"], take_access_rules)
    config.follow(["requirepass"], take_default_password)

    def take_tracking_limit() -> None:
        engine.tracking.most_keys = config.int("tracking-table-max-keys")

    config.follow(["tracking-table-max-keys"], take_tracking_limit)

    def take_memory_limit() -> None:
        engine.memory_limit.eviction.policy = config.text("maxmemory-policy")
        engine.memory_limit.eviction.samples = config.int("maxmemory-samples")
        engine.memory_limit.set_limit(config.bytes_of("maxmemory", engine.platform.total_memory_bytes))

    config.follow(["maxmemory", "maxmemory-policy", "maxmemory-samples"], take_memory_limit)
    config.follow(["maxmemory-policy", "lfu-log-factor", "lfu-decay-time"], take_access_policy)
