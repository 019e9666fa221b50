"""Keeps the engine's fast copies of configuration values in step with the configuration."""

from __future__ import annotations

from miniredis.dispatch.executor import Engine


def follow_config(engine: Engine) -> None:
    """Take over what the engine needs now, and again whenever CONFIG SET changes it."""
    config = engine.config

    def take_limits() -> None:
        engine.max_bulk = config.int("proto-max-bulk-len")
        for session in engine.sessions.values():
            session.decoder.max_bulk = engine.max_bulk

    def take_access_policy() -> None:
        policy = config.text("maxmemory-policy")
        if policy.endswith((b"-lru", b"-lfu")):
            engine.keyspace.track_access(policy.endswith(b"-lfu"))
        for database in engine.keyspace.databases:
            if database.access is not None:
                database.access.log_factor = config.int("lfu-log-factor")
                database.access.decay_minutes = config.int("lfu-decay-time")

    def take_notifications() -> None:
        engine.notify_classes(config.int("notify-keyspace-events"))

    config.follow(["notify-keyspace-events"], take_notifications)
    config.follow(["proto-max-bulk-len"], take_limits)
    config.follow(["maxmemory-policy", "lfu-log-factor", "lfu-decay-time"], take_access_policy)
