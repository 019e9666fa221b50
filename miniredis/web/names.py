"""Fields of INFO and the metrics they are: the names are those of redis_exporter, whose dashboards people have.

A metric is a gauge unless its field only ever grows.  What our INFO does not have yet is left out of a scrape.
"""

from __future__ import annotations

from typing import Final

GAUGES: Final = {
    # Server
    "uptime_in_seconds": "uptime_in_seconds",
    "process_id": "process_id",
    "hz": "hz",
    "configured_hz": "configured_hz",
    # Clients
    "connected_clients": "connected_clients",
    "blocked_clients": "blocked_clients",
    "tracking_clients": "tracking_clients",
    "pubsub_clients": "pubsub_clients",
    "watching_clients": "watching_clients",
    "clients_in_timeout_table": "clients_in_timeout_table",
    "total_watched_keys": "total_watched_keys",
    "total_blocking_keys": "total_blocking_keys",
    "maxclients": "max_clients",
    "client_recent_max_output_buffer": "client_recent_max_output_buffer_bytes",
    "client_recent_max_input_buffer": "client_recent_max_input_buffer_bytes",
    # Memory
    "allocator_active": "allocator_active_bytes",
    "allocator_allocated": "allocator_allocated_bytes",
    "allocator_resident": "allocator_resident_bytes",
    "used_memory": "memory_used_bytes",
    "used_memory_rss": "memory_used_rss_bytes",
    "used_memory_peak": "memory_used_peak_bytes",
    "used_memory_lua": "memory_used_lua_bytes",
    "used_memory_overhead": "memory_used_overhead_bytes",
    "used_memory_startup": "memory_used_startup_bytes",
    "used_memory_dataset": "memory_used_dataset_bytes",
    "used_memory_scripts": "memory_used_scripts_bytes",
    "used_memory_functions": "memory_used_functions_bytes",
    "number_of_functions": "number_of_functions",
    "number_of_libraries": "number_of_libraries",
    "number_of_cached_scripts": "number_of_cached_scripts",
    "maxmemory": "memory_max_bytes",
    "total_system_memory": "total_system_memory_bytes",
    "mem_fragmentation_ratio": "mem_fragmentation_ratio",
    "mem_fragmentation_bytes": "mem_fragmentation_bytes",
    "mem_clients_slaves": "mem_clients_slaves",
    "mem_clients_normal": "mem_clients_normal",
    "mem_replication_backlog": "mem_replication_backlog_bytes",
    "mem_not_counted_for_evict": "mem_not_counted_for_eviction_bytes",
    "lazyfree_pending_objects": "lazyfree_pending_objects",
    "lazyfreed_objects": "lazyfreed_objects",
    "active_defrag_running": "active_defrag_running",
    # Persistence
    "loading": "loading_dump_file",
    "async_loading": "async_loading",
    "rdb_changes_since_last_save": "rdb_changes_since_last_save",
    "rdb_bgsave_in_progress": "rdb_bgsave_in_progress",
    "rdb_last_save_time": "rdb_last_save_timestamp_seconds",
    "rdb_last_bgsave_status": "rdb_last_bgsave_status",
    "rdb_last_bgsave_time_sec": "rdb_last_bgsave_duration_sec",
    "rdb_current_bgsave_time_sec": "rdb_current_bgsave_duration_sec",
    "rdb_saves": "rdb_saves_total",
    "rdb_last_cow_size": "rdb_last_cow_size_bytes",
    "rdb_last_load_keys_expired": "rdb_last_load_expired_keys",
    "rdb_last_load_keys_loaded": "rdb_last_load_loaded_keys",
    "aof_enabled": "aof_enabled",
    "aof_rewrite_in_progress": "aof_rewrite_in_progress",
    "aof_rewrite_scheduled": "aof_rewrite_scheduled",
    "aof_last_rewrite_time_sec": "aof_last_rewrite_duration_sec",
    "aof_current_rewrite_time_sec": "aof_current_rewrite_duration_sec",
    "aof_last_cow_size": "aof_last_cow_size_bytes",
    "aof_current_size": "aof_current_size_bytes",
    "aof_base_size": "aof_base_size_bytes",
    "aof_pending_rewrite": "aof_pending_rewrite",
    "aof_buffer_length": "aof_buffer_length",
    "aof_pending_bio_fsync": "aof_pending_bio_fsync",
    "aof_delayed_fsync": "aof_delayed_fsync",
    "aof_last_bgrewrite_status": "aof_last_bgrewrite_status",
    "aof_last_write_status": "aof_last_write_status",
    # Stats
    "instantaneous_ops_per_sec": "instantaneous_ops_per_sec",
    "instantaneous_input_kbps": "instantaneous_input_kbps",
    "instantaneous_output_kbps": "instantaneous_output_kbps",
    "expired_stale_perc": "expired_stale_percentage",
    "pubsub_channels": "pubsub_channels",
    "pubsub_patterns": "pubsub_patterns",
    "pubsubshard_channels": "pubsubshard_channels",
    "latest_fork_usec": "latest_fork_usec",
    "migrate_cached_sockets": "migrate_cached_sockets_total",
    "slave_expires_tracked_keys": "slave_expires_tracked_keys",
    "tracking_total_keys": "tracking_total_keys",
    # Replication
    "connected_slaves": "connected_slaves",
    "repl_backlog_size": "replication_backlog_bytes",
    "repl_backlog_active": "repl_backlog_is_active",
    "repl_backlog_first_byte_offset": "repl_backlog_first_byte_offset",
    "repl_backlog_histlen": "repl_backlog_history_bytes",
    "master_repl_offset": "master_repl_offset",
    "second_repl_offset": "second_repl_offset",
    "slave_priority": "slave_priority",
    "sync_full": "replica_resyncs_full",
    "sync_partial_ok": "replica_partial_resync_accepted",
    "sync_partial_err": "replica_partial_resync_denied",
    # Cluster
    "cluster_enabled": "cluster_enabled",
    "cluster_slots_assigned": "cluster_slots_assigned",
    "cluster_slots_ok": "cluster_slots_ok",
    "cluster_slots_pfail": "cluster_slots_pfail",
    "cluster_slots_fail": "cluster_slots_fail",
    "cluster_known_nodes": "cluster_known_nodes",
    "cluster_size": "cluster_size",
    "cluster_state": "cluster_state",
    "cluster_current_epoch": "cluster_current_epoch",
    "cluster_my_epoch": "cluster_my_epoch",
    "cluster_stats_messages_sent": "cluster_messages_sent_total",
    "cluster_stats_messages_received": "cluster_messages_received_total",
    # Sentinel
    "sentinel_masters": "sentinel_masters",
    "sentinel_tilt": "sentinel_tilt",
    "sentinel_running_scripts": "sentinel_running_scripts",
    "sentinel_scripts_queue_length": "sentinel_scripts_queue_length",
    "sentinel_simulate_failure_flags": "sentinel_simulate_failure_flags",
}

#: Without the ending _total, which belongs to their samples.
COUNTERS: Final = {
    "total_connections_received": "connections_received",
    "total_commands_processed": "commands_processed",
    "rejected_connections": "rejected_connections",
    "total_net_input_bytes": "net_input_bytes",
    "total_net_output_bytes": "net_output_bytes",
    "total_error_replies": "error_replies",
    "unexpected_error_replies": "unexpected_error_replies",
    "expired_keys": "expired_keys",
    "expired_fields": "expired_fields",
    "expired_time_cap_reached_count": "expired_time_cap_reached",
    "evicted_keys": "evicted_keys",
    "evicted_clients": "evicted_clients",
    "keyspace_hits": "keyspace_hits",
    "keyspace_misses": "keyspace_misses",
    "client_query_buffer_limit_disconnections": "client_query_buffer_limit_disconnections",
    "client_output_buffer_limit_disconnections": "client_output_buffer_limit_disconnections",
    "used_cpu_sys": "cpu_sys_seconds",
    "used_cpu_user": "cpu_user_seconds",
    "used_cpu_sys_children": "cpu_sys_children_seconds",
    "used_cpu_user_children": "cpu_user_children_seconds",
}

#: Dashboards of another generation ask for the same thing by another name.
ALSO_KNOWN_AS: Final = {
    "mem_fragmentation_ratio": "memory_fragmentation_ratio",
    "mem_fragmentation_bytes": "memory_fragmentation_bytes",
}

#: What `redis_instance_info` tells in its labels.
INSTANCE_LABELS: Final = (
    "role",
    "redis_version",
    "redis_build_id",
    "redis_mode",
    "os",
    "maxmemory_policy",
    "tcp_port",
    "run_id",
    "process_id",
    "master_replid",
)


def number(text: str) -> float | None:
    """The number a field shows: `ok`, `up` and `yes` are 1, their opposites 0; None if it is no number."""
    if text in ("ok", "up", "yes"):
        return 1.0
    if text in ("err", "fail", "down", "no"):
        return 0.0
    try:
        return float(text)
    except ValueError:
        return None
