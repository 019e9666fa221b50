"""The slow log, the latency monitor and its histograms."""

from __future__ import annotations

import pytest

from miniredis.commands.declaration import Command
from miniredis.config.config import Config
from miniredis.dispatch.command_log import LARGE_REPLY, LARGE_REQUEST, shortened
from miniredis.dispatch.latency import (
    BUCKETS,
    FINE_BUCKETS,
    LatencyMonitor,
    coarse_bucket,
    cumulative_by_power,
    percentile_us,
    upper_bound_us,
)
from miniredis.dispatch.latency_graph import draw_spikes
from miniredis.dispatch.secrets import REDACTED, without_secrets
from miniredis.testing.memory import MemoryClient, MemoryServer


@pytest.fixture
def slow() -> MemoryClient:
    """A client whose DEBUG SLEEP takes its time by the server's clock."""
    config = Config()
    config.assign("enable-debug-command", b"yes")
    server = MemoryServer(config)
    client = server.connect()
    client.call(b"CONFIG", b"SET", b"slowlog-log-slower-than", b"10000", b"latency-monitor-threshold", b"5")
    return client


def test_a_slow_command_is_logged_with_its_time(slow: MemoryClient) -> None:
    slow.call(b"DEBUG", b"SLEEP", b"0.05")
    entry = slow.call(b"SLOWLOG", b"GET")
    assert b":50000\r\n*3\r\n$5\r\nDEBUG\r\n$5\r\nSLEEP\r\n$4\r\n0.05\r\n$15\r\n127.0.0.1:50000\r\n" in entry
    assert slow.call(b"SLOWLOG", b"LEN") == b":1\r\n"
    assert slow.call(b"COMMANDLOG", b"LEN", b"slow") == b":1\r\n"
    assert slow.call(b"COMMANDLOG", b"GET", b"-1", b"slow") == entry
    assert slow.call(b"SLOWLOG", b"RESET") == b"+OK\r\n"
    assert slow.call(b"SLOWLOG", b"GET", b"-1") == b"*0\r\n"


def test_a_command_of_a_script_comes_from_nowhere() -> None:
    client = MemoryServer().connect()
    client.call(b"CONFIG", b"SET", b"slowlog-log-slower-than", b"0")
    client.call(b"EVAL", b"return redis.call('get', 'k')", b"0")
    assert b"$3\r\nget\r\n$1\r\nk\r\n$3\r\n?:0\r\n$0\r\n\r\n" in client.call(b"SLOWLOG", b"GET", b"10")


def test_the_log_keeps_so_many_and_no_more(slow: MemoryClient) -> None:
    slow.call(b"CONFIG", b"SET", b"slowlog-max-len", b"2")
    for _ in range(3):
        slow.call(b"DEBUG", b"SLEEP", b"0.02")
    assert slow.call(b"SLOWLOG", b"LEN") == b":2\r\n"
    slow.call(b"CONFIG", b"SET", b"slowlog-max-len", b"0")
    slow.call(b"DEBUG", b"SLEEP", b"0.02")
    assert slow.call(b"SLOWLOG", b"LEN") == b":0\r\n"


def test_a_large_request_is_logged_by_its_size() -> None:
    client = MemoryServer().connect()
    client.call(b"CONFIG", b"SET", b"commandlog-request-larger-than", b"100000")
    client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$200000\r\n" + b"x" * 100_000)
    client.send(b"x" * 100_000 + b"\r\n")
    assert b":200031\r\n" in client.call(b"COMMANDLOG", b"GET", b"10", b"large-request")
    assert client.call(b"COMMANDLOG", b"RESET", b"large-request") == b"+OK\r\n"
    assert client.call(b"COMMANDLOG", b"LEN", b"large-reply") == b":0\r\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (b"SLOWLOG GET x", b"-ERR count should be greater than or equal to -1\r\n"),
        (b"SLOWLOG GET -2", b"-ERR count should be greater than or equal to -1\r\n"),
        (b"COMMANDLOG LEN x", b"-ERR type should be one of"),
        (b"LATENCY GRAPH x", b"-ERR No samples available for event 'x'\r\n"),
        (b"SLOWLOG NOPE", b"-ERR unknown subcommand 'NOPE'. Try SLOWLOG HELP.\r\n"),
    ],
)
def test_wrong_words(words: bytes, error: bytes) -> None:
    assert MemoryServer().connect().call(*words.split()).startswith(error)


def test_long_requests_are_cut_where_they_are_shown() -> None:
    shown = shortened([b"x" * 200] * 40)
    assert len(shown) == 32
    assert shown[0] == b"x" * 128 + b"... (72 more bytes)"
    assert shown[-1] == b"... (9 more arguments)"


def test_spikes_have_a_history_a_graph_and_a_doctor(slow: MemoryClient) -> None:
    assert b"so far" in slow.call(b"LATENCY", b"DOCTOR")
    slow.call(b"DEBUG", b"SLEEP", b"0.02")
    slow.call(b"DEBUG", b"SLEEP", b"0.05")
    assert slow.call(b"LATENCY", b"LATEST").endswith(b":50\r\n:50\r\n")
    assert slow.call(b"LATENCY", b"HISTORY", b"command").startswith(b"*1\r\n")
    assert slow.call(b"LATENCY", b"HISTORY", b"none") == b"*0\r\n"
    assert b"high 50 ms" in slow.call(b"LATENCY", b"GRAPH", b"command")
    assert b"command: 1 spikes" in slow.call(b"LATENCY", b"DOCTOR")
    assert slow.call(b"LATENCY", b"RESET", b"command", b"none") == b":1\r\n"
    slow.call(b"CONFIG", b"SET", b"latency-monitor-threshold", b"0")
    assert b"is off" in slow.call(b"LATENCY", b"DOCTOR")


def test_the_monitor_keeps_the_worst_of_a_second_and_160_seconds() -> None:
    monitor = LatencyMonitor()
    monitor.threshold_ms = 10
    monitor.note(b"e", 1, 9)
    assert not monitor.events
    for second in range(200):
        monitor.note(b"e", second, 20)
        monitor.note(b"e", second, 15)
    assert len(monitor.events[b"e"].samples) == 160
    assert monitor.events[b"e"].samples[-1] == (199, 20)


def test_histograms_count_every_call() -> None:
    client = MemoryServer().connect()
    client.call(b"HELLO", b"3")
    for _ in range(3):
        client.call(b"PING")
    assert b"$4\r\nping\r\n%2\r\n$5\r\ncalls\r\n:3\r\n" in client.call(b"LATENCY", b"HISTOGRAM", b"ping", b"nope")
    assert b"$4\r\nping\r\n" in client.call(b"LATENCY", b"HISTOGRAM")
    assert b"latency_percentiles_usec_ping:p50=" in client.call(b"INFO", b"latencystats")
    client.call(b"CONFIG", b"SET", b"latency-tracking", b"no")
    client.call(b"PING")
    assert client.call(b"LATENCY", b"HISTOGRAM", b"ping") == b"%0\r\n"


def test_every_time_falls_into_the_bucket_whose_bounds_hold_it() -> None:
    spent_ns = 65_536
    while spent_ns < 1 << 46:
        bucket = coarse_bucket(spent_ns)
        assert FINE_BUCKETS <= bucket < BUCKETS
        assert spent_ns / 1000 <= upper_bound_us(bucket)
        assert bucket == FINE_BUCKETS or upper_bound_us(bucket - 1) <= spent_ns / 1000 * 1.0000001
        spent_ns = spent_ns * 21 // 20
    assert coarse_bucket(1 << 60) == BUCKETS - 1


def test_percentiles_and_cumulative_counts() -> None:
    buckets = [0] * BUCKETS
    buckets[0] = 99
    buckets[40] = 1
    assert percentile_us(buckets, 50) == pytest.approx(1.024)
    assert percentile_us(buckets, 100) == pytest.approx(41.984)
    assert percentile_us([0] * BUCKETS, 50) == 0.0
    assert cumulative_by_power(buckets) == [(2, 99), (64, 100)]


@pytest.mark.parametrize(
    ("name", "argv", "shown"),
    [
        ("auth", b"AUTH u p", b"AUTH # #"),
        ("hello", b"HELLO 3 AUTH u p SETNAME n", b"HELLO 3 AUTH # # SETNAME n"),
        ("migrate", b"MIGRATE h 1 k 0 5 AUTH p", b"MIGRATE h 1 k 0 5 AUTH #"),
        ("migrate", b"MIGRATE h 1 k 0 5 AUTH2 u p", b"MIGRATE h 1 k 0 5 AUTH2 # #"),
        ("config set", b"CONFIG SET requirepass p hz 10", b"CONFIG SET requirepass # hz 10"),
        ("acl setuser", b"ACL SETUSER u >p", b"ACL SETUSER # #"),
        ("sentinel set", b"SENTINEL SET m auth-pass p", b"SENTINEL SET m auth-pass #"),
        ("get", b"GET k", b"GET k"),
    ],
)
def test_secrets_are_hidden_wherever_commands_are_shown(name: str, argv: bytes, shown: bytes) -> None:
    command = Command(name, None, "server", -1, "", "", "1.0.0", "", "", "", "", "", "", None)
    wanted = [REDACTED if word == b"#" else word for word in shown.split()]
    assert without_secrets(command, argv.split()) == wanted


def test_large_replies_are_logged_with_their_encoded_size() -> None:
    server = MemoryServer()
    client = server.connect()
    for word in (b"aaaaaaaaaa", b"b"):
        client.call(b"RPUSH", b"l", word)
    client.call(b"HSET", b"h", b"field", b"x" * 40)
    client.call(b"CONFIG", b"SET", b"commandlog-reply-larger-than", b"12")
    client.call(b"COMMANDLOG", b"RESET", b"large-reply")
    client.call(b"ECHO", b"12345")
    client.call(b"ECHO", b"123456")
    client.call(b"LRANGE", b"l", b"0", b"-1")
    client.call(b"HGETALL", b"h")
    client.call(b"PING")
    client.call(b"LRANGE", b"l", b"1", b"-1")
    client.call(b"OBJECT", b"ENCODING", b"l")
    client.call(b"CONFIG", b"SET", b"commandlog-reply-larger-than", b"-1")
    client.call(b"ECHO", b"x" * 5000)
    entries = server.engine.command_log.entries[LARGE_REPLY]
    assert [(entry.argv[0], entry.amount) for entry in reversed(entries)] == [
        (b"ECHO", 12),
        (b"LRANGE", 28),
        (b"HGETALL", 62),
        (b"OBJECT", 14),
    ]


def test_large_replies_of_resp3_and_of_commands_nobody_knows() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"CONFIG", b"SET", b"commandlog-reply-larger-than", b"20")
    client.call(b"HELLO", b"3")
    client.call(b"CONFIG", b"GET", b"maxmemory")
    client.call(b"NOSUCH", b"x" * 100)
    names = [entry.argv[0] for entry in server.engine.command_log.entries[LARGE_REPLY]]
    assert names == [b"CONFIG", b"HELLO"]


def test_spikes_are_drawn_as_columns_with_their_ages() -> None:
    drawn = draw_spikes([(1100, 3 * 86400), (1500, 7200), (900, 300), (950, 59)])
    assert drawn == b" #  \n |  \no|  \n||_o\n    \n3255\ndhm9\n   s\n"


def test_many_spikes_take_several_blocks() -> None:
    assert draw_spikes([(5, 1)] * 100).count(b"1" * 80 + b"\n") == 1


def test_small_requests_are_logged_when_the_bound_is_low() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"CONFIG", b"SET", b"commandlog-request-larger-than", b"26")
    client.call(b"ECHO", b"123456")
    client.call(b"ECHO", b"12345")
    client.send(b"*2\r\n$4\r\nEC")
    client.send(b"HO\r\n$6\r\n123456\r\n*1\r\n$12\r\nNOSUCHNOS")
    client.send(b"UCH\r\n")
    log = server.engine.command_log.entries[LARGE_REQUEST]
    assert [(entry.argv[0], entry.amount) for entry in log] == [(b"ECHO", 26), (b"ECHO", 26)]
    client.call(b"CONFIG", b"SET", b"commandlog-request-larger-than", b"-1")
    assert server.engine.gates == 0
    client.send(b"*2\r\n$4\r\nEC")
    client.send(b"HO\r\n$6\r\n123456\r\n")
    assert len(log) == 3


def test_the_slow_log_takes_one_count() -> None:
    client = MemoryServer().connect()
    assert client.call(b"SLOWLOG", b"GET", b"1", b"2").startswith(b"-ERR unknown subcommand or wrong number")
