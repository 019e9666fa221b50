"""What a scrape shows: the names dashboards ask for, and the server's own figures."""

from __future__ import annotations

import re
from functools import partial

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from twisted.web.resource import Resource

from miniredis.commands.context import Context
from miniredis.config.config import Config
from miniredis.resp.replies import Verbatim
from miniredis.testing.memory import MemoryServer
from miniredis.web.exposition import metrics_root
from miniredis.web.figures import EdgeFigures
from miniredis.web.latencies import label_value, latency_text
from miniredis.web.metrics import registry_of
from web.scrape import fetch

#: Metrics in the queries of the dashboards 763, 11835 and 14091 of grafana.com, of redis_exporter's own and its mixin.
ASKED_BY_DASHBOARDS = """
redis_up redis_uptime_in_seconds redis_start_time_seconds redis_instance_info redis_connected_clients
redis_blocked_clients redis_config_maxclients redis_memory_used_bytes redis_memory_max_bytes
redis_memory_used_rss_bytes redis_mem_fragmentation_ratio redis_memory_fragmentation_ratio
redis_commands_processed_total redis_commands_total redis_commands_duration_seconds_total
redis_keyspace_hits_total redis_keyspace_misses_total redis_net_input_bytes_total redis_net_output_bytes_total
redis_db_keys redis_db_keys_expiring redis_db_avg_ttl_seconds redis_expired_keys_total redis_evicted_keys_total
redis_connections_received_total redis_rejected_connections_total redis_connected_slaves redis_slowlog_length
redis_last_slow_execution_duration_seconds redis_rdb_changes_since_last_save redis_pubsub_channels
redis_pubsub_patterns redis_cpu_sys_seconds_total redis_cpu_user_seconds_total redis_memory_used_peak_bytes
redis_replication_backlog_bytes redis_master_repl_offset redis_errors_total redis_commands_failed_calls_total
redis_commands_rejected_calls_total redis_exporter_last_scrape_error redis_config_maxmemory
"""


class Scraped:
    """A server in memory and the page about it."""

    def __init__(self, **config: str) -> None:
        settings = Config()
        for name, value in config.items():
            settings.assign(name.replace("_", "-"), value.encode())
        self.server = MemoryServer(settings)
        self.client = self.server.connect()
        self.edge = EdgeFigures()
        self.root: Resource = metrics_root(
            registry_of(self.server.engine, self.edge), partial(latency_text, self.server.engine)
        )

    def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        page = fetch(self.root, "/metrics")
        assert page.code == 200
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in parse_text(page.text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        return self.samples()[name, tuple(sorted(labels.items()))]


@pytest.fixture
def scraped() -> Scraped:
    return Scraped()


def test_every_metric_of_the_common_dashboards_is_there(scraped: Scraped) -> None:
    scraped.client.call(b"SET", b"k", b"v")
    scraped.client.call(b"NOSUCH")
    names = {name for name, _ in scraped.samples()}
    assert [name for name in ASKED_BY_DASHBOARDS.split() if name not in names] == []


def test_commands_are_counted_by_name(scraped: Scraped) -> None:
    scraped.client.call(b"SET", b"k", b"v")
    scraped.client.call(b"GET", b"k")
    scraped.client.call(b"GET", b"k")
    scraped.client.call(b"LPUSH", b"k", b"v")
    scraped.client.call(b"GET")
    scraped.client.call(b"CONFIG", b"GET", b"port")
    assert scraped.value("redis_commands_total", cmd="get") == 2
    assert scraped.value("redis_commands_total", cmd="config|get") == 1
    assert scraped.value("redis_commands_failed_calls_total", cmd="lpush") == 1
    assert scraped.value("redis_commands_rejected_calls_total", cmd="get") == 1
    assert scraped.value("redis_errors_total", err="WRONGTYPE") == 1
    assert scraped.value("redis_keyspace_hits_total") == 2


def test_databases_are_named_as_info_names_them(scraped: Scraped) -> None:
    scraped.client.call(b"SET", b"k", b"v", b"EX", b"100")
    scraped.client.call(b"SET", b"l", b"v")
    assert scraped.value("redis_db_keys", db="db0") == 2
    assert scraped.value("redis_db_keys_expiring", db="db0") == 1
    assert scraped.value("redis_db_keys", db="db15") == 0


def test_latencies_are_a_histogram_with_the_same_bounds_for_every_command(scraped: Scraped) -> None:
    command = scraped.server.engine.commands.by_name[b"get"]
    scraped.client.call(b"GET", b"k")
    assert command.latencies is not None
    command.latencies[0] += 1  # up to 1.024 us
    command.latencies[3] += 1  # up to 4.096 us
    command.calls += 2
    bounds = {
        labels: value
        for (name, labels), value in scraped.samples().items()
        if name == "redis_commands_latencies_usec_bucket" and ("cmd", "get") in labels
    }
    by_bound = {dict(labels)["le"]: value for labels, value in bounds.items()}
    assert list(by_bound)[:4] == ["1.0", "2.0", "4.0", "8.0"]
    assert (by_bound["1.0"], by_bound["2.0"], by_bound["4.0"], by_bound["8.0"]) == (0, 2, 2, 3)
    assert by_bound["+Inf"] == 3
    assert len(by_bound) == 26
    assert scraped.value("redis_latency_percentiles_usec", cmd="get", quantile="99.9") == pytest.approx(4.096)


@pytest.mark.parametrize("percent", ["0", "50", "90", "99", "99.9", "100"])
def test_percentiles_are_those_of_info(scraped: Scraped, percent: str) -> None:
    scraped.client.call(b"CONFIG", b"SET", b"latency-tracking-info-percentiles", percent.encode())
    command = scraped.server.engine.commands.by_name[b"get"]
    scraped.client.call(b"GET", b"k")
    assert command.latencies is not None
    for bucket, calls in ((2, 50), (30, 45), (80, 4), (559, 1)):
        command.latencies[bucket] += calls
        command.calls += calls
    told = scraped.client.call(b"INFO", b"latencystats").decode()
    found = re.search(r"latency_percentiles_usec_get:p[\d.]+=([\d.]+)", told)
    assert found
    assert scraped.value("redis_latency_percentiles_usec", cmd="get", quantile=percent) == pytest.approx(
        float(found[1])
    )


def test_any_name_may_stand_in_a_label() -> None:
    assert label_value('a"b\\c\nd') == 'a\\"b\\\\c\\nd'


def test_slow_commands_and_spikes_are_told(scraped: Scraped) -> None:
    scraped.client.call(b"CONFIG", b"SET", b"latency-monitor-threshold", b"10", b"slowlog-log-slower-than", b"0")
    scraped.client.call(b"DEBUG", b"SLEEP", b"0.25")
    scraped.server.engine.latency.note(b"command", 1234, 250)
    assert scraped.value("redis_slowlog_length") >= 1
    assert scraped.value("redis_latency_spike_last", event_name="command") == 1234
    assert scraped.value("redis_latency_spike_duration_seconds", event_name="command") == 0.25


def test_replicas_and_primaries_are_told(scraped: Scraped) -> None:
    scraped.server.engine.info_sources[b"replication"] = [
        lambda: [
            ("role", b"slave"),
            ("slave0", "ip=10.0.0.1,port=6380,state=online,offset=420,lag=1"),
            ("master_host", "10.0.0.2"),
            ("master_port", 6379),
            ("master_link_status", "up"),
            ("master_last_io_seconds_ago", 3),
            ("slave_repl_offset", 410),
            ("slave_read_only", 1),
        ]
    ]
    replica = {"slave_ip": "10.0.0.1", "slave_port": "6380", "slave_state": "online"}
    assert scraped.value("redis_connected_slave_offset_bytes", **replica) == 420
    assert scraped.value("redis_connected_slave_lag_seconds", **replica) == 1
    primary = {"master_host": "10.0.0.2", "master_port": "6379"}
    assert scraped.value("redis_master_link_up", **primary) == 1
    assert scraped.value("redis_master_last_io_seconds_ago", **primary) == 3
    assert scraped.value("redis_slave_info", **primary, read_only="1") == 1


def test_a_sentinel_tells_what_it_watches(scraped: Scraped) -> None:
    def info(ctx: Context, argv: list[bytes]) -> object:
        assert argv == [b"INFO", b"sentinel"]
        text = b"sentinel_masters:1\r\nmaster0:name=mymaster,status=ok,address=10.0.0.2:6379,slaves=2,sentinels=3\r\n"
        return Verbatim(b"txt", b"# Sentinel\r\n" + text)

    scraped.server.engine.mode = b"sentinel"
    scraped.server.engine.commands.by_name[b"info"].run = info
    names = {"master_name": "mymaster", "master_address": "10.0.0.2:6379"}
    assert scraped.value("redis_sentinel_masters") == 1
    assert scraped.value("redis_sentinel_master_status", **names, master_status="ok") == 1
    assert scraped.value("redis_sentinel_master_slaves", **names) == 2
    assert scraped.value("redis_sentinel_master_sentinels", **names) == 3


def test_a_node_of_a_cluster_tells_its_state() -> None:
    scraped = Scraped(cluster_enabled="yes")
    table = scraped.server.engine.commands

    class Found:
        def run(self, ctx: Context, argv: list[bytes]) -> object:
            return b"cluster_state:ok\r\ncluster_known_nodes:6\r\n"

    table.find_by_full_name = lambda name: Found()  # type: ignore[method-assign,assignment,return-value]
    assert scraped.value("redis_cluster_state") == 1
    assert scraped.value("redis_cluster_known_nodes") == 6


def test_the_edge_tells_stalls_syncs_and_batches(scraped: Scraped) -> None:
    scraped.edge.stalls.note(300_000)
    scraped.edge.syncs.note(5)
    scraped.edge.batches = lambda: ([0, 3, 0, 1, 0, 0, 0, 0, 0, 0], 8)
    assert scraped.value("miniredis_reactor_stall_seconds_sum") == 0.3
    assert scraped.value("miniredis_reactor_stall_seconds_bucket", le="0.524288") == 1
    assert scraped.value("miniredis_reactor_stall_seconds_bucket", le="0.262144") == 0
    assert scraped.value("miniredis_aof_fsync_seconds_count") == 1
    assert scraped.value("miniredis_hub_batch_size_sum") == 8
    assert scraped.value("miniredis_hub_batch_size_bucket", le="1.0") == 3
    assert scraped.value("miniredis_hub_batch_size_bucket", le="7.0") == 4


def test_openmetrics_is_spoken_to_those_who_ask(scraped: Scraped) -> None:
    scraped.client.call(b"GET", b"k")
    page = fetch(scraped.root, "/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert page.header("content-type").startswith("application/openmetrics-text")
    assert "redis_commands" in {family.name for family in parse_openmetrics(page.text)}


def test_a_scrape_that_fails_says_so_and_tells_no_secret(scraped: Scraped) -> None:
    scraped.edge.batches = lambda: 1 / 0  # type: ignore[assignment,return-value]
    page = fetch(scraped.root, "/metrics")
    assert page.code == 500
    assert "ZeroDivision" not in page.text


def test_the_first_page_leads_to_the_metrics(scraped: Scraped) -> None:
    page = fetch(scraped.root, "/")
    assert page.code == 200
    assert re.search("href=/metrics", page.text)
    assert fetch(scraped.root, "/elsewhere").code == 404
    assert page.header("server") == "miniredis"


def test_what_info_shows_as_words_becomes_a_number(scraped: Scraped) -> None:
    scraped.server.engine.info_sources[b"persistence"] = [
        lambda: [("rdb_last_bgsave_status", "ok"), ("aof_last_write_status", "err"), ("loading", "?")]
    ]
    assert scraped.value("redis_rdb_last_bgsave_status") == 1
    assert scraped.value("redis_aof_last_write_status") == 0
    assert ("redis_loading_dump_file", ()) not in scraped.samples()
