"""INFO: what monitoring tools read.  One function a section; subsystems add fields through `info_sources`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis import REDIS_VERSION, __version__
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.latency import percentile_us
from miniredis.resp.replies import Verbatim

group = CommandGroup("server")

Fields = list[tuple[str, object]]


def human(size: float) -> str:
    """Bytes as people read them: 512B, 1.50K, 2.00G."""
    if size < 1024:
        return f"{int(size)}B"
    for unit in "KMGT":
        size /= 1024
        if size < 1024 or unit == "T":
            break
    return f"{size:.2f}{unit}"


def server_section(engine: Engine) -> Fields:
    platform = engine.platform
    now_ms = engine.keyspace.clock.now_ms
    uptime_s = max(now_ms - engine.started_ms, 0) // 1000
    return [
        ("redis_version", REDIS_VERSION),
        ("redis_git_sha1", "00000000"),
        ("redis_git_dirty", 0),
        ("redis_build_id", "0"),
        ("redis_mode", engine.mode),
        ("miniredis_version", __version__),
        ("miniredis_build", "compiled" if platform.is_compiled else "interpreted"),
        ("miniredis_endpoint", platform.endpoint),
        ("os", platform.os),
        ("arch_bits", 64),
        ("monotonic_clock", "POSIX clock_gettime"),
        ("multiplexing_api", platform.multiplexing),
        ("process_id", platform.process_id),
        ("process_supervised", platform.supervised),
        ("run_id", engine.run_id),
        ("tcp_port", engine.config.int("port")),
        ("server_time_usec", engine.wall_us()),
        ("uptime_in_seconds", uptime_s),
        ("uptime_in_days", uptime_s // 86400),
        ("hz", engine.config.int("hz")),
        ("configured_hz", engine.config.int("hz")),
        ("lru_clock", now_ms // 1000 & 0xFFFFFF),
        ("executable", platform.executable),
        ("config_file", engine.config_file),
        ("io_threads_active", 0),
    ]


def clients_section(engine: Engine) -> Fields:
    sessions = list(engine.sessions.values())
    return [
        ("connected_clients", sum(1 for session in sessions if not session.is_replica)),
        ("cluster_connections", 0),
        ("maxclients", engine.config.int("maxclients")),
        ("client_recent_max_input_buffer", max([each.decoder.pending_bytes() for each in sessions], default=0)),
        ("client_recent_max_output_buffer", max([each.port.unsent_bytes() for each in sessions], default=0)),
        ("blocked_clients", engine.waiting.count()),
        ("tracking_clients", len(engine.tracking.clients)),
        ("pubsub_clients", engine.pubsub.clients()),
        ("watching_clients", sum(1 for session in sessions if session.watched)),
        ("clients_in_timeout_table", sum(1 for each in engine.waiting.waiters.values() if each.timeout is not None)),
        ("total_watched_keys", engine.watching.count()),
        ("total_blocking_keys", engine.waiting.keys_waited_for()),
        ("total_blocking_keys_on_nokey", engine.waiting.removal_keys_waited_for()),
    ]


def memory_section(engine: Engine) -> Fields:
    used = engine.used_memory()
    rss = engine.platform.rss_bytes()
    peak = max(engine.counters.peak_memory, 1)
    start = engine.start_memory
    overhead = min(start, used)
    limit = engine.config.int("maxmemory")
    return [
        ("used_memory", used),
        ("used_memory_human", human(used)),
        ("used_memory_rss", rss),
        ("used_memory_rss_human", human(rss)),
        ("used_memory_peak", peak),
        ("used_memory_peak_human", human(peak)),
        ("used_memory_peak_perc", f"{used * 100 / peak:.2f}%"),
        ("used_memory_overhead", overhead),
        ("used_memory_startup", start),
        ("used_memory_dataset", used - overhead),
        ("used_memory_dataset_perc", f"{(used - overhead) * 100 / max(used, 1):.2f}%"),
        ("allocator_allocated", used),
        ("allocator_active", rss),
        ("allocator_resident", rss),
        # How its parts are used within Python's allocator cannot be seen from outside.
        ("allocator_frag_ratio", f"{rss / max(used, 1):.2f}"),
        ("allocator_frag_bytes", rss - used),
        ("allocator_rss_ratio", "1.00"),
        ("allocator_rss_bytes", 0),
        ("rss_overhead_ratio", "1.00"),
        ("rss_overhead_bytes", 0),
        ("total_system_memory", engine.platform.total_memory_bytes),
        ("total_system_memory_human", human(engine.platform.total_memory_bytes)),
        ("maxmemory", limit),
        ("maxmemory_human", human(limit)),
        ("maxmemory_policy", engine.config.text("maxmemory-policy")),
        ("mem_fragmentation_ratio", f"{rss / max(used, 1):.2f}"),
        ("mem_fragmentation_bytes", rss - used),
        ("mem_not_counted_for_evict", 0),
        ("mem_clients_slaves", 0),
        ("mem_clients_normal", sum(each.port.unsent_bytes() for each in engine.sessions.values())),
        ("mem_allocator", "python"),
        ("active_defrag_running", 0),
        ("lazyfree_pending_objects", engine.keyspace.discarded.pending),
        ("lazyfreed_objects", engine.keyspace.discarded.freed),
    ]


#: What other servers count and cannot happen here: memory is not defragmented, threads do not serve clients, reply
#: buffers have no fixed size, and payloads are always checked whole.
NEVER_HERE: Final = (
    "active_defrag_hits",
    "active_defrag_misses",
    "active_defrag_key_hits",
    "active_defrag_key_misses",
    "total_active_defrag_time",
    "current_active_defrag_time",
    "dump_payload_sanitizations",
    "io_threaded_reads_processed",
    "io_threaded_writes_processed",
    "reply_buffer_shrinks",
    "reply_buffer_expands",
)


def stats_section(engine: Engine) -> Fields:
    counters = engine.counters
    statistics = engine.keyspace.statistics
    return [
        ("total_connections_received", counters.connections),
        ("total_commands_processed", engine.total_commands()),
        ("instantaneous_ops_per_sec", round(engine.rates.commands.per_second())),
        ("total_net_input_bytes", engine.total_bytes_in()),
        ("total_net_output_bytes", engine.total_bytes_out()),
        ("instantaneous_input_kbps", f"{engine.rates.bytes_in.per_second() / 1024:.2f}"),
        ("instantaneous_output_kbps", f"{engine.rates.bytes_out.per_second() / 1024:.2f}"),
        ("rejected_connections", counters.rejected_connections),
        ("expired_keys", statistics.expired),
        ("expired_fields", statistics.expired_fields),
        ("expired_stale_perc", f"{engine.active_expiry.stale_percent:.2f}"),
        ("expired_time_cap_reached_count", engine.active_expiry.times_cut_short),
        ("expire_cycle_cpu_milliseconds", counters.expiry_ns // 1_000_000),
        ("evicted_keys", statistics.evicted),
        ("evicted_clients", counters.evicted_clients),
        ("keyspace_hits", statistics.hits),
        ("keyspace_misses", statistics.misses),
        ("pubsub_channels", len(engine.pubsub.channels)),
        ("pubsub_patterns", len(engine.pubsub.patterns)),
        ("pubsubshard_channels", len(engine.pubsub.shard_channels)),
        ("tracking_total_keys", engine.tracking.readers.size()),
        ("tracking_total_items", engine.tracking.items),
        ("tracking_total_prefixes", len(engine.tracking.prefixes)),
        ("unexpected_error_replies", counters.unexpected_errors),
        ("total_error_replies", counters.errors),
        ("client_query_buffer_limit_disconnections", counters.query_limit_disconnections),
        ("client_output_buffer_limit_disconnections", counters.output_limit_disconnections),
        *((name, 0) for name in NEVER_HERE),
    ]


def persistence_section(engine: Engine) -> Fields:
    return [("rdb_changes_since_last_save", engine.effects.dirty - engine.dirty_at_save)]


def replication_section(engine: Engine) -> Fields:
    if b"replication" in engine.info_sources:
        return []
    return [
        ("role", b"master"),
        ("connected_slaves", 0),
        ("master_failover_state", "no-failover"),
        ("master_replid", engine.run_id),
        ("master_replid2", "0" * 40),
        ("master_repl_offset", 0),
        ("second_repl_offset", -1),
        ("repl_backlog_active", 0),
        ("repl_backlog_size", engine.config.int("repl-backlog-size")),
        ("repl_backlog_first_byte_offset", 0),
        ("repl_backlog_histlen", 0),
    ]


def cpu_section(engine: Engine) -> Fields:
    user, system, child_user, child_system = engine.platform.cpu_seconds()
    thread_user, thread_system = engine.platform.thread_cpu_seconds()
    return [
        ("used_cpu_sys", f"{system:.6f}"),
        ("used_cpu_user", f"{user:.6f}"),
        ("used_cpu_sys_children", f"{child_system:.6f}"),
        ("used_cpu_user_children", f"{child_user:.6f}"),
        ("used_cpu_sys_main_thread", f"{thread_system:.6f}"),
        ("used_cpu_user_main_thread", f"{thread_user:.6f}"),
    ]


def modules_section(engine: Engine) -> Fields:
    return []


def commandstats_section(engine: Engine) -> Fields:
    fields: Fields = []
    for command in engine.commands:
        if command.calls or command.rejected or command.failed:
            spent_us = command.nanoseconds // 1000
            fields.append(
                (
                    f"cmdstat_{command.full_name.decode()}",
                    f"calls={command.calls},usec={spent_us},usec_per_call={spent_us / max(command.calls, 1):.2f},"
                    f"rejected_calls={command.rejected},failed_calls={command.failed}",
                )
            )
    return fields


def errorstats_section(engine: Engine) -> Fields:
    return [
        (f"errorstat_{code.decode('latin-1')}", f"count={count}") for code, count in sorted(engine.error_counts.items())
    ]


def latencystats_section(engine: Engine) -> Fields:
    percentiles = engine.config.percentiles()
    fields: Fields = []
    for command in engine.commands:
        if command.latencies is not None and command.calls:
            shown = ",".join(f"p{percent:g}={percentile_us(command.latencies, percent):.3f}" for percent in percentiles)
            fields.append((f"latency_percentiles_usec_{command.full_name.decode()}", shown))
    return fields


def cluster_section(engine: Engine) -> Fields:
    return [("cluster_enabled", int(engine.config.flag("cluster-enabled")))]


def keyspace_section(engine: Engine) -> Fields:
    return [
        (
            f"db{database.index}",
            f"keys={database.size()},expires={database.expires.size()},avg_ttl={database.average_ttl_ms}",
        )
        for database in engine.keyspace.databases
        if database.size() > 0
    ]


Section = Callable[[Engine], Fields]
#: (name, title, function), in the order in which INFO shows them.
SECTIONS: Final[list[tuple[bytes, str, Section]]] = [
    (b"server", "Server", server_section),
    (b"clients", "Clients", clients_section),
    (b"memory", "Memory", memory_section),
    (b"persistence", "Persistence", persistence_section),
    (b"stats", "Stats", stats_section),
    (b"replication", "Replication", replication_section),
    (b"cpu", "CPU", cpu_section),
    (b"modules", "Modules", modules_section),
    (b"commandstats", "Commandstats", commandstats_section),
    (b"errorstats", "Errorstats", errorstats_section),
    (b"latencystats", "Latencystats", latencystats_section),
    (b"cluster", "Cluster", cluster_section),
    (b"keyspace", "Keyspace", keyspace_section),
]
#: Only with "all" or "everything", or by name.
NOT_BY_DEFAULT: Final = (b"commandstats", b"latencystats")


def chosen_sections(words: list[bytes]) -> set[bytes]:
    every = {name for name, _, _ in SECTIONS}
    default = every - set(NOT_BY_DEFAULT)
    if not words:
        return default
    chosen: set[bytes] = set()
    for word in words:
        name = word.lower()
        if name in (b"all", b"everything"):
            chosen |= every
        elif name == b"default":
            chosen |= default
        else:
            chosen.add(name)
    return chosen


def render_info(engine: Engine, words: list[bytes]) -> bytes:
    """The text of INFO for these section names."""
    chosen = chosen_sections(words)
    blocks: list[bytes] = []
    for name, title, section in SECTIONS:
        if name not in chosen:
            continue
        fields = section(engine)
        for source in engine.info_sources.get(name, []):
            fields = fields + source()
        block = b"# " + title.encode() + b"\r\n"
        for field, value in fields:
            block += field.encode() + b":" + (value if isinstance(value, bytes) else str(value).encode()) + b"\r\n"
        blocks.append(block)
    return b"\r\n".join(blocks)


@group.command(
    "INFO",
    arity=-1,
    flags="loading stale",
    summary="Describes the server and counts what it does.",
    syntax="[section [section ...]]",
    acl="dangerous",
    tips="nondeterministic_output request_policy:all_shards response_policy:special",
)
def info(ctx: Context, argv: list[bytes]) -> object:
    return Verbatim(b"txt", render_info(engine_of(ctx), argv[1:]))
