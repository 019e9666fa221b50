"""The persistence section of INFO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniredis.dispatch.gates import GATE_LOADING

if TYPE_CHECKING:
    from miniredis.persistence.persistence import Persistence

Fields = list[tuple[str, object]]


def _status(good: bool) -> str:
    return "ok" if good else "err"


def buffered_bytes(persistence: Persistence) -> int:
    """What the append-only file has not been given yet."""
    log = persistence.log
    return log.gathered_bytes() if log is not None else 0


def persistence_fields(persistence: Persistence) -> Fields:
    """As Redis names them."""
    snapshots = persistence.snapshots
    log = persistence.log
    loading = persistence.loading
    loaded = persistence.last_loading()
    now_s = persistence.now_s()
    child = snapshots.child
    rewrite_s = persistence.rewrite_started_s()
    keys, total_keys = persistence.child_keys(), persistence.child_keys_total()
    fields: Fields = [
        ("loading", int(loading is not None or bool(persistence.engine.gates & GATE_LOADING))),
        ("async_loading", 0),
        ("current_cow_peak", 0),
        ("current_cow_size", 0),
        ("current_cow_size_age", 0),
        ("current_fork_perc", f"{min(keys * 100 / max(total_keys, 1), 100):.2f}"),
        ("current_save_keys_processed", keys),
        ("current_save_keys_total", total_keys),
        ("rdb_bgsave_in_progress", int(child is not None)),
        ("rdb_last_save_time", snapshots.last_save_s),
        ("rdb_last_bgsave_status", _status(snapshots.last_ok)),
        ("rdb_last_bgsave_time_sec", snapshots.last_duration_s),
        ("rdb_current_bgsave_time_sec", now_s - int(child.started_s) if child is not None else -1),
        ("rdb_saves", snapshots.saves),
        ("rdb_last_cow_size", snapshots.last_copied_bytes),
        ("rdb_last_load_keys_expired", loaded.expired if loaded is not None else 0),
        ("rdb_last_load_keys_loaded", loaded.keys if loaded is not None else 0),
        ("aof_enabled", int(log is not None)),
        ("aof_rewrite_in_progress", int(persistence.is_rewriting())),
        ("aof_rewrite_scheduled", int(persistence.is_rewrite_scheduled)),
        ("aof_last_rewrite_time_sec", persistence.rewrite_duration_s),
        ("aof_current_rewrite_time_sec", now_s - rewrite_s if rewrite_s >= 0 else -1),
        ("aof_last_bgrewrite_status", _status(persistence.rewrite_ok)),
        ("aof_rewrites", persistence.rewrites),
        ("aof_rewrites_consecutive_failures", persistence.rewrite_failures),
        ("aof_last_write_status", _status(log is None or not log.trouble())),
        ("aof_last_cow_size", persistence.last_copied_bytes),
        ("module_fork_in_progress", 0),
        ("module_fork_last_cow_size", 0),
    ]
    if log is not None:
        fields += [
            ("aof_current_size", persistence.current_size()),
            ("aof_base_size", persistence.size_after_rewrite),
            ("aof_pending_rewrite", int(persistence.is_rewrite_scheduled)),
            ("aof_buffer_length", buffered_bytes(persistence)),
            ("aof_pending_bio_fsync", int(log.is_syncing())),
            ("aof_delayed_fsync", log.delayed_syncs),
        ]
    if loading is not None:
        total = max(loading.total_bytes, 1)
        fields += [
            ("loading_start_time", loading.began_ms // 1000),
            ("loading_total_bytes", loading.total_bytes),
            ("loading_rdb_used_mem", 0),
            ("loading_loaded_bytes", loading.loaded_bytes),
            ("loading_loaded_perc", f"{loading.loaded_bytes * 100 / total:.2f}"),
            ("loading_eta_seconds", loading.eta_s()),
        ]
    return fields
