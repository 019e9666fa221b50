"""What Prometheus reads: the server's figures under the names that redis_exporter gives them, and some of our own.

A scrape reads counters that are kept anyway, so that a server nobody scrapes does nothing for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from miniredis import __version__
from miniredis.dispatch.command_log import SLOW
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Port
from miniredis.resp.replies import Verbatim
from miniredis.web.figures import EdgeFigures, info_fields, subfields
from miniredis.web.histogram import cumulative
from miniredis.web.names import ALSO_KNOWN_AS, COUNTERS, GAUGES, INSTANCE_LABELS, number


class ServerCollector(Collector):
    """All families of one server."""

    def __init__(self, engine: Engine, edge: EdgeFigures) -> None:
        self.engine = engine
        self.edge = edge
        self._context = engine.own_session(Port()).context

    def collect(self) -> Iterator[Metric]:
        fields = info_fields(self.engine)
        fields.update(self._more_fields(fields))
        yield GaugeMetricFamily("redis_up", "The server answers.", value=1)
        yield self._one("redis_exporter_last_scrape_error", "No scrape fails halfway.", {"err": ""}, 0)
        yield from self._fields(fields)
        yield from self._identity(fields)
        yield from self._databases()
        yield from self._commands()
        yield from self._logs()
        yield from self._replication(fields)
        yield from self._sentinel(fields)
        yield from self._edge()

    # -- INFO

    def _fields(self, fields: dict[str, str]) -> Iterator[Metric]:
        for field, name in GAUGES.items():
            value = number(fields[field]) if field in fields else None
            if value is not None:
                yield GaugeMetricFamily("redis_" + name, f"{field} of INFO", value=value)
                if name in ALSO_KNOWN_AS:
                    yield GaugeMetricFamily("redis_" + ALSO_KNOWN_AS[name], f"{field} of INFO", value=value)
        for field, name in COUNTERS.items():
            value = number(fields[field]) if field in fields else None
            if value is not None:
                yield CounterMetricFamily("redis_" + name, f"{field} of INFO", value=value)

    def _more_fields(self, fields: dict[str, str]) -> dict[str, str]:
        """What only a command tells: CLUSTER INFO of a node of a cluster, INFO of a sentinel."""
        if fields.get("cluster_enabled") == "1":
            return self._asked(b"cluster|info", [b"CLUSTER", b"INFO"])
        if self.engine.mode == b"sentinel":
            return self._asked(b"info", [b"INFO", b"sentinel"])
        return {}

    def _asked(self, name: bytes, argv: list[bytes]) -> dict[str, str]:
        """The lines name:value of a command's reply; nothing where there is no such command."""
        command = self.engine.commands.find_by_full_name(name)
        reply = command.run(self._context, argv) if command is not None else None
        text = reply.text if isinstance(reply, Verbatim) else reply if isinstance(reply, bytes) else b""
        lines = [line.partition(":") for line in text.decode("utf-8", "replace").splitlines()]
        return {name: value for name, _, value in lines}

    def _identity(self, fields: dict[str, str]) -> Iterator[Metric]:
        labels = {name: fields.get(name, "") for name in INSTANCE_LABELS}
        yield self._one("redis_instance_info", "What kind of server this is.", labels, 1)
        started = GaugeMetricFamily("redis_start_time_seconds", "When the server started, Unix time.")
        started.add_metric([], self.engine.started_ms / 1000)
        yield started
        config = self.engine.config
        yield GaugeMetricFamily("redis_config_maxclients", "maxclients", value=config.int("maxclients"))
        yield GaugeMetricFamily("redis_config_maxmemory", "maxmemory", value=float(fields["maxmemory"]))
        about = {
            "version": __version__,
            "build": fields["miniredis_build"],
            "endpoint": fields["miniredis_endpoint"],
            "python": sys.version.split()[0],
        }
        yield self._one("miniredis_build_info", "Which miniredis this is.", about, 1)

    def _databases(self) -> Iterator[Metric]:
        keys = GaugeMetricFamily("redis_db_keys", "Keys of a database.", labels=["db"])
        expiring = GaugeMetricFamily("redis_db_keys_expiring", "Keys of it with a time to live.", labels=["db"])
        ttl = GaugeMetricFamily("redis_db_avg_ttl_seconds", "Their mean time to live.", labels=["db"])
        for database in self.engine.keyspace.databases:
            # An empty database is shown as well: a series that comes and goes makes gaps in every chart.
            name = f"db{database.index}"
            keys.add_metric([name], database.size())
            expiring.add_metric([name], database.expires.size())
            ttl.add_metric([name], database.average_ttl_ms / 1000)
        yield from (keys, expiring, ttl)

    # -- commands

    def _commands(self) -> Iterator[Metric]:
        calls = CounterMetricFamily("redis_commands", "Calls of a command.", labels=["cmd"])
        seconds = CounterMetricFamily("redis_commands_duration_seconds", "Time spent in it.", labels=["cmd"])
        rejected = CounterMetricFamily("redis_commands_rejected_calls", "Calls refused before.", labels=["cmd"])
        failed = CounterMetricFamily("redis_commands_failed_calls", "Calls that failed.", labels=["cmd"])
        for command in self.engine.commands:
            if not (command.calls or command.rejected or command.failed):
                continue
            label = [command.full_name.decode()]
            calls.add_metric(label, command.calls)
            seconds.add_metric(label, command.nanoseconds / 1e9)
            rejected.add_metric(label, command.rejected)
            failed.add_metric(label, command.failed)
        errors = CounterMetricFamily("redis_errors", "Error replies by their code.", labels=["err"])
        for code, count in self.engine.error_counts.items():
            errors.add_metric([code.decode("latin-1")], count)
        yield from (calls, seconds, rejected, failed, errors)

    def _logs(self) -> Iterator[Metric]:
        slow = self.engine.command_log.entries[SLOW]
        yield GaugeMetricFamily("redis_slowlog_length", "Entries of the slow log.", value=len(slow))
        yield GaugeMetricFamily("redis_slowlog_last_id", "Its newest entry.", value=slow[0].number if slow else 0)
        yield GaugeMetricFamily(
            "redis_last_slow_execution_duration_seconds",
            "What its newest entry took.",
            value=slow[0].amount / 1e6 if slow else 0,
        )
        last = GaugeMetricFamily("redis_latency_spike_last", "When it was, Unix time.", labels=["event_name"])
        spent = GaugeMetricFamily("redis_latency_spike_duration_seconds", "How long it took.", labels=["event_name"])
        for name, event in self.engine.latency.events.items():
            when_s, spent_ms = event.samples[-1]
            last.add_metric([name.decode()], when_s)
            spent.add_metric([name.decode()], spent_ms / 1000)
        yield from (last, spent)

    # -- other servers

    def _replication(self, fields: dict[str, str]) -> Iterator[Metric]:
        offset = GaugeMetricFamily(
            "redis_connected_slave_offset_bytes", "A replica's place.", labels=["slave_ip", "slave_port", "slave_state"]
        )
        lag = GaugeMetricFamily(
            "redis_connected_slave_lag_seconds", "Its silence.", labels=["slave_ip", "slave_port", "slave_state"]
        )
        for replica in replicas_of(fields):
            labels = [replica.get("ip", ""), replica.get("port", ""), replica.get("state", "")]
            offset.add_metric(labels, number(replica.get("offset", "")) or 0)
            lag.add_metric(labels, number(replica.get("lag", "")) or 0)
        yield from (offset, lag)
        if "master_host" not in fields:
            return
        primary = {"master_host": fields["master_host"], "master_port": fields.get("master_port", "")}
        for field, name in (
            ("master_link_status", "redis_master_link_up"),
            ("master_last_io_seconds_ago", "redis_master_last_io_seconds_ago"),
            ("master_sync_in_progress", "redis_master_sync_in_progress"),
            ("slave_repl_offset", "redis_slave_repl_offset"),
        ):
            value = number(fields.get(field, ""))
            if value is not None:
                yield self._one(name, f"{field} of INFO", primary, value)
        about = {**primary, "read_only": fields.get("slave_read_only", "")}
        yield self._one("redis_slave_info", "Whose replica this is.", about, 1)

    def _sentinel(self, fields: dict[str, str]) -> Iterator[Metric]:
        families = {
            "slaves": "redis_sentinel_master_slaves",
            "sentinels": "redis_sentinel_master_sentinels",
        }
        watched = [subfields(text) for name, text in fields.items() if _is_numbered(name, "master")]
        if not watched:
            return
        status = GaugeMetricFamily(
            "redis_sentinel_master_status", "1 if ok.", labels=["master_name", "master_address", "master_status"]
        )
        counts = {
            field: GaugeMetricFamily(name, f"{field} it knows", labels=["master_name", "master_address"])
            for field, name in families.items()
        }
        for primary in watched:
            labels = [primary.get("name", ""), primary.get("address", "")]
            state = primary.get("status", "")
            status.add_metric([*labels, state], 1 if state == "ok" else 0)
            for field, family in counts.items():
                family.add_metric(labels, number(primary.get(field, "")) or 0)
        yield status
        yield from counts.values()

    # -- our own

    def _edge(self) -> Iterator[Metric]:
        edge = self.edge
        yield _seconds(
            "miniredis_reactor_stall_seconds",
            "By how much periodic work came too late, because the reactor was busy.",
            edge.stalls.counts,
            edge.stalls.total,
        )
        yield _seconds(
            "miniredis_aof_fsync_seconds",
            "How long the disk took to sync the append-only file (and snapshots).",
            edge.syncs.counts,
            edge.syncs.total,
        )
        counts, total = edge.batches()
        family = HistogramMetricFamily("miniredis_hub_batch_size", "Connections that one turn of the hub served.")
        # A bucket of the hub ends one below a power of two.
        buckets = [(f"{bound - 1}.0" if bound else "+Inf", float(count)) for bound, count in cumulative(counts, 1, 9)]
        family.add_metric([], buckets, total)
        yield family

    def _one(self, name: str, text: str, labels: dict[str, str], value: float) -> Metric:
        family = GaugeMetricFamily(name, text, labels=list(labels))
        family.add_metric(list(labels.values()), value)
        return family


def _seconds(name: str, text: str, counts: list[int], total_us: int) -> Metric:
    family = HistogramMetricFamily(name, text)
    # From 16 microseconds to 17 seconds.
    buckets = [(repr(bound / 1e6) if bound else "+Inf", float(count)) for bound, count in cumulative(counts, 4, 24)]
    family.add_metric([], buckets, total_us / 1e6)
    return family


def _is_numbered(name: str, word: str) -> bool:
    return name.startswith(word) and name[len(word) :].isdecimal()


def replicas_of(fields: dict[str, str]) -> Iterable[dict[str, str]]:
    """Each `slave0` of INFO as a mapping."""
    return [subfields(text) for name, text in fields.items() if _is_numbered(name, "slave")]


def registry_of(engine: Engine, edge: EdgeFigures) -> CollectorRegistry:
    """A registry that knows this server and nothing else of the process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServerCollector(engine, edge))
    return registry
