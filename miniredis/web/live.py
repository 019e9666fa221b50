"""The figures behind the charts: a sample a second, taken only while somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.task import LoopingCall

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.latency import BUCKETS, percentile_us
from miniredis.web.figures import EdgeFigures, info_fields
from miniredis.web.metrics import replicas_of

PERIOD_S: Final = 1.0
#: Commands listed beside the charts, those that take the most time.
MOST_COMMANDS: Final = 8

Sample = dict[str, object]
Watcher = Callable[[Sample], None]


class CommandMark:
    """What a command had done when it was last looked at."""

    def __init__(self, calls: int, nanoseconds: int, latencies: list[int]) -> None:
        self.calls = calls
        self.nanoseconds = nanoseconds
        self.latencies = latencies


class LiveFigures:
    """Takes the samples and gives them to all who watch."""

    def __init__(self, engine: Engine, edge: EdgeFigures, clock: Any) -> None:
        self.engine = engine
        self.edge = edge
        self._watchers: list[Watcher] = []
        self._marks: dict[bytes, CommandMark] = {}
        self._totals: dict[str, float] = {}
        self._last_ns: int = 0
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock

    def add(self, watcher: Watcher) -> None:
        """Give `watcher` each sample from now on."""
        if not self._watchers:
            self._begin()
            self._loop.start(PERIOD_S, now=False).addErrback(self._failed)
        self._watchers.append(watcher)

    def remove(self, watcher: Watcher) -> None:
        if watcher in self._watchers:
            self._watchers.remove(watcher)
            if not self._watchers:
                self._stop()

    def is_running(self) -> bool:
        return bool(self._loop.running)

    def stop(self) -> None:
        self._watchers = []
        self._stop()

    def _stop(self) -> None:
        if self._loop.running:
            self._loop.stop()
        self._marks = {}
        self._totals = {}

    def _failed(self, failure: Any) -> None:
        self.engine.log("warning", f"the console's charts have stopped: {failure.getTraceback()}")

    def _tick(self) -> None:
        try:
            sample = self.sample()
        except Exception as defect:
            self.engine.log_failure("no sample for the console's charts", defect)
            return
        for watcher in list(self._watchers):
            watcher(sample)

    # -- one sample

    def _begin(self) -> None:
        self._last_ns = self.engine.time.monotonic_ns()
        self._take_commands()
        self._totals = self._read_totals(info_fields(self.engine))
        self.edge.stalls.take_greatest()

    def _read_totals(self, fields: dict[str, str]) -> dict[str, float]:
        names = {
            "ops": "total_commands_processed",
            "bytes_in": "total_net_input_bytes",
            "bytes_out": "total_net_output_bytes",
            "hits": "keyspace_hits",
            "misses": "keyspace_misses",
            "expired": "expired_keys",
            "evicted": "evicted_keys",
            "errors": "total_error_replies",
        }
        totals = {name: float(fields[field]) for name, field in names.items()}
        totals["cpu"] = (float(fields["used_cpu_user"]) + float(fields["used_cpu_sys"])) * 100
        return totals

    def _take_commands(self) -> list[tuple[str, int, int, list[int]]]:
        """What each command did since the last look: (name, calls, nanoseconds, histogram)."""
        done: list[tuple[str, int, int, list[int]]] = []
        for command in self.engine.commands:
            before = self._marks.get(command.full_name)
            if before is None and command.calls == 0 or before is not None and before.calls == command.calls:
                continue
            latencies = list(command.latencies or ())
            if before is None or command.calls < before.calls:
                # Never seen, or counted anew after CONFIG RESETSTAT.
                before = CommandMark(0, 0, [])
            new = (
                [now - then for now, then in zip(latencies, before.latencies, strict=True)]
                if len(before.latencies) == len(latencies)
                else latencies
            )
            name = command.full_name.decode()
            done.append((name, command.calls - before.calls, command.nanoseconds - before.nanoseconds, new))
            self._marks[command.full_name] = CommandMark(command.calls, command.nanoseconds, latencies)
        return done

    def sample(self) -> Sample:
        """Rates since the last sample, and how things are."""
        engine = self.engine
        now_ns = engine.time.monotonic_ns()
        seconds = max((now_ns - self._last_ns) / 1e9, 0.001)
        self._last_ns = now_ns
        fields = info_fields(engine)
        totals = self._read_totals(fields)
        rates = {name: max(total - self._totals.get(name, total), 0) / seconds for name, total in totals.items()}
        self._totals = totals
        done = self._take_commands()
        merged = [0] * BUCKETS
        for _, _, _, latencies in done:
            if latencies:
                merged = [one + other for one, other in zip(merged, latencies, strict=True)]
        calls = sum(merged)
        lookups = rates["hits"] + rates["misses"]
        done.sort(key=lambda each: each[2], reverse=True)
        return {
            "t": engine.time.wall_ms() / 1000,
            **{name: round(rate, 2) for name, rate in rates.items()},
            "p50": percentile_us(merged, 50) if calls else None,
            "p99": percentile_us(merged, 99) if calls else None,
            "p999": percentile_us(merged, 99.9) if calls else None,
            "hit_rate": 100 * rates["hits"] / lookups if lookups else None,
            "stall_ms": self.edge.stalls.take_greatest() / 1000,
            "memory": int(fields["used_memory"]),
            "rss": int(fields["used_memory_rss"]),
            "peak": int(fields["used_memory_peak"]),
            "maxmemory": int(fields["maxmemory"]),
            "clients": int(fields["connected_clients"]),
            "blocked": int(fields["blocked_clients"]),
            "uptime": int(fields["uptime_in_seconds"]),
            "role": fields.get("role", ""),
            "keys": [
                [each.index, each.size(), each.expires.size()] for each in engine.keyspace.databases if each.size()
            ],
            "replicas": self._replicas(fields),
            "primary": self._primary(fields),
            "commands": [
                [name, count / seconds, spent_ns / max(count, 1) / 1000, percentile_us(latencies, 99)]
                for name, count, spent_ns, latencies in done[:MOST_COMMANDS]
            ],
        }

    def _replicas(self, fields: dict[str, str]) -> list[dict[str, object]]:
        offset = int(fields.get("master_repl_offset", "0"))
        return [
            {
                "name": f"{each.get('ip', '')}:{each.get('port', '')}",
                "state": each.get("state", ""),
                "lag": int(each.get("lag", "0")),
                "behind": max(offset - int(each.get("offset", "0")), 0),
            }
            for each in replicas_of(fields)
        ]

    def _primary(self, fields: dict[str, str]) -> dict[str, object] | None:
        if "master_host" not in fields:
            return None
        return {
            "name": f"{fields['master_host']}:{fields.get('master_port', '')}",
            "link": fields.get("master_link_status", ""),
            "silent": int(fields.get("master_last_io_seconds_ago", "-1")),
        }
