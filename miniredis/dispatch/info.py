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
from miniredis.dispatch.state import Rate
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
        ("server_mode", engine.mode),
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
        ("clients_hz", engine.config.int("hz")),
        ("lru_clock", now_ms // 1000 & 0xFFFFFF),
        ("executable", platform.executable),
        ("config_file", engine.config_file),
        ("io_threads_active", 0),
        ("availability_zone", engine.config.text("availability-zone")),
        *listener_fields(engine),
    ]


def listener_fields(engine: Engine) -> Fields:
    """Where clients can connect: a line for each kind."""
    config = engine.config
    binds = b"".join([b"bind=%s," % word for word in config.words("bind")])
    listeners: list[bytes] = []
    if config.int("port") > 0:
        listeners.append(b"name=tcp,%sport=%d" % (binds, config.int("port")))
    path = config.text("unixsocket")
    if path:
        listeners.append(b"name=unix,bind=" + path)
    if config.int("tls-port") > 0:
        listeners.append(b"name=tls,%sport=%d" % (binds, config.int("tls-port")))
    return [(f"listener{number}", line) for number, line in enumerate(listeners)]


def tls_section(engine: Engine) -> Fields:
    if b"tls" in engine.info_sources:
        return []
    fields: Fields = []
    for kind in ("server", "client", "ca"):
        fields += [(f"tls_{kind}_cert_serial", "none"), (f"tls_{kind}_cert_expires_in_seconds", 0)]
    return fields


def clients_section(engine: Engine) -> Fields:
    sessions = list(engine.sessions.values())
    is_paused = engine.pause.is_on()
    return [
        ("connected_clients", sum(1 for session in sessions if not session.is_replica)),
        *([] if engine.cluster else [("cluster_connections", 0)]),
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
        ("paused_reason", engine.pause.reason if is_paused else "none"),
        ("paused_actions", ("write" if engine.pause.writes_only else "all") if is_paused else "none"),
        ("paused_timeout_milliseconds", engine.pause.left_ms()),
    ]


def memory_section(engine: Engine) -> Fields:
    used = engine.used_memory()
    rss = engine.platform.rss_bytes()
    peak = max(engine.counters.peak_memory, 1)
    start = engine.start_memory
    overhead = min(start, used)
    limit = engine.config.int("maxmemory")
    unsent = {True: 0, False: 0}
    for session in engine.sessions.values():
        unsent[session.is_replica] += session.port.unsent_bytes()
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
        ("allocator_muzzy", 0),
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
        ("mem_clients_slaves", unsent[True]),
        ("mem_clients_normal", unsent[False]),
        *([] if engine.cluster else [(f"mem_cluster_{name}", 0) for name in ("links", "slot_import", "slot_export")]),
        ("mem_overhead_db_hashtable_rehashing", 0),  # tables grow shard by shard
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
    "io_threaded_freed_objects",
    "io_threaded_accept_processed",
    "io_threaded_poll_processed",
    "io_threaded_total_prefetch_batches",
    "io_threaded_total_prefetch_entries",
    "reply_buffer_shrinks",
    "reply_buffer_expands",
)


#: Names of fields -> reasons of the log of denials.
DENIALS: Final = (
    ("auth", b"auth"),
    ("cmd", b"command"),
    ("key", b"key"),
    ("channel", b"channel"),
    ("db", b"database"),
    ("tls_cert", b"tls_cert"),
)


def kilobytes(rate: Rate) -> str:
    """How many there are in a second."""
    return f"{rate.per_second() / 1024:.2f}"


def stats_section(engine: Engine) -> Fields:
    counters = engine.counters
    statistics = engine.keyspace.statistics
    rates = engine.rates
    since_ms = counters.exceeded_since_ms
    exceeded_ms = engine.keyspace.clock.now_ms - since_ms if since_ms != 0 else 0
    turns_per_second = rates.turns.per_second()
    return [
        ("total_connections_received", counters.connections),
        ("total_commands_processed", engine.total_commands()),
        ("instantaneous_ops_per_sec", round(rates.commands.per_second())),
        ("total_net_input_bytes", engine.total_bytes_in()),
        ("total_net_output_bytes", engine.total_bytes_out()),
        ("total_net_repl_input_bytes", counters.replication_bytes_in),
        ("total_net_repl_output_bytes", engine.replication_bytes_out()),
        ("instantaneous_input_kbps", kilobytes(rates.bytes_in)),
        ("instantaneous_output_kbps", kilobytes(rates.bytes_out)),
        ("instantaneous_input_repl_kbps", kilobytes(rates.replication_bytes_in)),
        ("instantaneous_output_repl_kbps", kilobytes(rates.replication_bytes_out)),
        ("rejected_connections", counters.rejected_connections),
        ("expired_keys", statistics.expired),
        ("expired_fields", statistics.expired_fields),
        ("expired_stale_perc", f"{engine.active_expiry.stale_percent:.2f}"),
        ("expired_keys_with_volatile_items_stale_perc", f"{engine.active_expiry.stale_hash_percent:.2f}"),
        ("expired_time_cap_reached_count", engine.active_expiry.times_cut_short),
        ("expire_cycle_cpu_milliseconds", counters.expiry_ns // 1_000_000),
        ("evicted_keys", statistics.evicted),
        ("evicted_clients", counters.evicted_clients),
        ("total_eviction_exceeded_time", counters.exceeded_ms + exceeded_ms),
        ("current_eviction_exceeded_time", exceeded_ms),
        ("keyspace_hits", statistics.hits),
        ("keyspace_misses", statistics.misses),
        ("pubsub_channels", len(engine.pubsub.channels)),
        ("pubsub_patterns", len(engine.pubsub.patterns)),
        ("pubsubshard_channels", len(engine.pubsub.shard_channels)),
        ("latest_fork_usec", counters.last_fork_us),
        ("total_forks", counters.forks),
        ("migrate_cached_sockets", engine.platform.kept_links()),
        ("tracking_total_keys", engine.tracking.readers.size()),
        ("tracking_total_items", engine.tracking.items),
        ("tracking_total_prefixes", len(engine.tracking.prefixes)),
        ("unexpected_error_replies", counters.unexpected_errors),
        ("total_error_replies", counters.errors),
        ("client_query_buffer_limit_disconnections", counters.query_limit_disconnections),
        ("client_output_buffer_limit_disconnections", counters.output_limit_disconnections),
        ("total_reads_processed", counters.reads),
        ("total_writes_processed", counters.writes),
        ("eventloop_cycles", counters.turns),
        ("eventloop_duration_sum", counters.turn_ns // 1000),
        ("eventloop_duration_cmd_sum", counters.request_ns // 1000),
        ("instantaneous_eventloop_cycles_per_sec", round(turns_per_second)),
        (
            "instantaneous_eventloop_duration_usec",
            round(rates.turn_ns.per_second() / 1000 / turns_per_second) if turns_per_second else 0,
        ),
        *((f"acl_access_denied_{name}", engine.acl.denied[reason]) for name, reason in DENIALS),
        *([] if engine.cluster else [(f"total_net_cluster_slot_{way}_bytes", 0) for way in ("import", "export")]),
        *((name, 0) for name in NEVER_HERE),
    ]


def persistence_section(engine: Engine) -> Fields:
    return [
        ("rdb_changes_since_last_save", engine.effects.dirty - engine.dirty_at_save),
        ("slot_migration_fork_in_progress", 0),  # slots are sent without one
    ]


def replication_section(engine: Engine) -> Fields:
    if b"replication" in engine.info_sources:
        return []
    return [
        ("role", b"master"),
        ("connected_slaves", 0),
        ("replicas_waiting_psync", 0),
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
        ("used_active_time_main_thread", f"{engine.counters.turn_ns / 1e9:.6f}"),
    ]


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


def _from_sources(engine: Engine) -> Fields:
    return []


def keyspace_section(engine: Engine) -> Fields:
    return [
        (
            f"db{database.index}",
            f"keys={database.size()},expires={database.expires.size()},avg_ttl={database.average_ttl_ms},"
            f"keys_with_volatile_items={database.volatile_hashes.size()}",
        )
        for database in engine.keyspace.databases
        if database.size() > 0
    ]


Section = Callable[[Engine], Fields]
#: (name, title, function), in the order in which INFO shows them.
SECTIONS: Final[list[tuple[bytes, str, Section]]] = [
    (b"server", "Server", server_section),
    (b"tls", "TLS", tls_section),
    (b"clients", "Clients", clients_section),
    (b"memory", "Memory", memory_section),
    (b"persistence", "Persistence", persistence_section),
    (b"stats", "Stats", stats_section),
    (b"replication", "Replication", replication_section),
    (b"cpu", "CPU", cpu_section),
    (b"modules", "Modules", _from_sources),
    (b"commandstats", "Commandstats", commandstats_section),
    (b"errorstats", "Errorstats", errorstats_section),
    (b"latencystats", "Latencystats", latencystats_section),
    (b"cluster", "Cluster", cluster_section),
    (b"cluster_info", "Cluster Info", _from_sources),
    (b"scriptingengines", "Scripting Engines", _from_sources),
    (b"keyspace", "Keyspace", keyspace_section),
]
#: Only with "all" or "everything", or by name.
NOT_BY_DEFAULT: Final = (b"tls", b"commandstats", b"latencystats", b"cluster_info", b"scriptingengines")


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
