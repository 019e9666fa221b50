"""The figures behind the charts."""

from __future__ import annotations

from typing import Any

import pytest

from miniredis.testing.memory import MemoryServer
from miniredis.web.figures import EdgeFigures, StallWatch, TimedDisk
from miniredis.web.histogram import BUCKETS, PowerHistogram, cumulative
from miniredis.web.live import LiveFigures


class Watched:
    """A server whose figures somebody looks at."""

    def __init__(self) -> None:
        self.server = MemoryServer()
        self.client = self.server.connect()
        self.edge = EdgeFigures()
        self.live = LiveFigures(self.server.engine, self.edge, self.server.clock)
        self.samples: list[dict[str, Any]] = []
        self.live.add(self.samples.append)

    def next(self) -> dict[str, Any]:
        self.server.advance(1)
        return self.samples[-1]


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_rates_are_those_of_the_last_second(watched: Watched) -> None:
    for number in range(30):
        watched.client.call(b"SET", b"k%d" % number, b"v")
    watched.client.call(b"GET", b"k1")
    watched.client.call(b"GET", b"nothing")
    watched.client.call(b"NOSUCH")
    sample = watched.next()
    assert sample["ops"] == 32
    assert (sample["hits"], sample["misses"], sample["hit_rate"]) == (1, 1, 50)
    assert sample["errors"] == 1
    assert sample["keys"] == [[0, 30, 0]]
    assert sample["clients"] == 1
    assert sample["bytes_in"] > 0
    quiet = watched.next()
    assert (quiet["ops"], quiet["p99"], quiet["hit_rate"]) == (0, None, None)
    assert quiet["commands"] == []


def test_the_commands_that_took_most_come_first(watched: Watched) -> None:
    watched.client.call(b"PING")
    command = watched.server.engine.commands.by_name[b"get"]
    watched.client.call(b"GET", b"k")
    command.nanoseconds += 5_000_000
    sample = watched.next()
    assert [name for name, *_ in sample["commands"]] == ["get", "ping"]
    name, calls, mean_us, p99_us = sample["commands"][0]
    assert (calls, mean_us) == (1, 5000)
    assert p99_us > 0


def test_percentiles_are_of_what_was_called_since_the_last_sample(watched: Watched) -> None:
    command = watched.server.engine.commands.by_name[b"ping"]
    watched.client.call(b"PING")
    assert command.latencies is not None
    command.latencies[40] += 99
    command.calls += 99
    assert watched.next()["p50"] == pytest.approx(41.984)
    watched.client.call(b"PING")
    assert watched.next()["p50"] == pytest.approx(1.024)


def test_counters_that_begin_anew_make_no_negative_rate(watched: Watched) -> None:
    for _ in range(10):
        watched.client.call(b"PING")
    watched.next()
    watched.client.call(b"CONFIG", b"RESETSTAT")
    watched.client.call(b"PING")
    sample = watched.next()
    assert sample["ops"] >= 0
    assert ["ping", 1.0] in [each[:2] for each in sample["commands"]]


def test_commands_without_a_histogram_are_counted(watched: Watched) -> None:
    watched.client.call(b"CONFIG", b"SET", b"latency-tracking", b"no")
    watched.client.call(b"PING")
    sample = watched.next()
    assert sample["p99"] is None
    assert "ping" in [name for name, *_ in sample["commands"]]


def test_replicas_and_the_primary_are_told(watched: Watched) -> None:
    watched.server.engine.info_sources[b"replication"] = [
        lambda: [
            ("master_repl_offset", 500),
            ("slave0", "ip=10.0.0.1,port=6380,state=online,offset=420,lag=1"),
            ("master_host", "10.0.0.2"),
            ("master_port", 6379),
            ("master_link_status", "up"),
            ("master_last_io_seconds_ago", 3),
        ]
    ]
    sample = watched.next()
    assert sample["replicas"] == [{"name": "10.0.0.1:6380", "state": "online", "lag": 1, "behind": 80}]
    assert sample["primary"] == {"name": "10.0.0.2:6379", "link": "up", "silent": 3}


def test_a_sample_that_fails_is_logged_and_the_next_one_comes(watched: Watched) -> None:
    watched.server.engine.info_sources[b"memory"] = [lambda: [("used_memory", "?")]]
    watched.server.advance(1)
    assert watched.samples == []
    assert any("no sample" in text for _, text in watched.server.logged)
    del watched.server.engine.info_sources[b"memory"]
    watched.next()
    assert len(watched.samples) == 1


def test_nothing_runs_once_nobody_looks(watched: Watched) -> None:
    watched.live.remove(watched.samples.append)
    watched.live.remove(watched.samples.append)
    assert watched.server.clock.getDelayedCalls() == []
    assert watched.live._marks == {}
    watched.live.add(watched.samples.append)
    watched.live.stop()
    assert watched.server.clock.getDelayedCalls() == []


def test_a_loop_that_ends_by_itself_is_told(watched: Watched) -> None:
    def fail(sample: object) -> None:
        raise RuntimeError("the watcher")

    watched.live.add(fail)
    watched.server.advance(1)
    assert any("charts have stopped" in text for _, text in watched.server.logged)


# -- what the edge measures


def test_a_stall_is_what_a_call_comes_too_late() -> None:
    stalls = PowerHistogram()
    now_ns = 0
    watch = StallWatch(stalls, lambda: now_ns, lambda: 100_000_000)
    watch.look()
    for late_ms in (0, 250, -1):
        now_ns += (100 + late_ms) * 1_000_000
        watch.look()
    assert stalls.total == 250_000
    assert stalls.counts[0] == 2
    assert stalls.take_greatest() == 250_000
    assert stalls.take_greatest() == 0
    assert dict(watch.fields()) == {"reactor_longest_stall_usec": 250_000, "reactor_longest_own_stall_usec": 250_000}


def test_what_the_machine_gave_to_others_is_no_stall_of_our_own() -> None:
    now_ns = queued_ns = 0
    watch = StallWatch(PowerHistogram(), lambda: now_ns, lambda: 2_000_000, lambda: queued_ns)
    watch.look()
    now_ns, queued_ns = 62_000_000, 50_000_000
    watch.look()
    now_ns, queued_ns = 94_000_000, 50_000_000
    watch.look()
    assert dict(watch.fields()) == {"reactor_longest_stall_usec": 60_000, "reactor_longest_own_stall_usec": 30_000}


def test_syncs_are_timed(tmp_path: Any) -> None:
    syncs = PowerHistogram()
    disk = TimedDisk(syncs)
    descriptor = disk.open_new(str(tmp_path / "file"))
    disk.sync(descriptor)
    disk.close(descriptor)
    assert sum(syncs.counts) == 1


def test_buckets_are_powers_of_two() -> None:
    histogram = PowerHistogram()
    for value in (0, 1, 2, 3, 4, 1 << 60):
        histogram.note(value)
    assert histogram.counts[:4] == [1, 1, 2, 1]
    assert histogram.counts[BUCKETS - 1] == 1
    assert cumulative(histogram.counts, 1, 2) == [(2, 2), (4, 4), (0, 6)]
