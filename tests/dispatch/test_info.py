"""What INFO counts, and when it counts anew."""

from __future__ import annotations

import pytest

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryClient, MemoryServer


def configured(**values: str) -> MemoryServer:
    config = Config()
    for name, value in values.items():
        config.assign(name.replace("_", "-"), value.encode())
    return MemoryServer(config)


def fields(client: MemoryClient, section: str = "everything") -> dict[str, str]:
    lines = client.call(b"INFO", section.encode()).decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


def test_each_kind_of_listener_has_a_line() -> None:
    server = configured(bind="127.0.0.1 -::1", port="7000", tls_port="7001", unixsocket="/run/redis.sock")
    shown = fields(server.connect(), "server")
    assert [value for name, value in shown.items() if name.startswith("listener")] == [
        "name=tcp,bind=127.0.0.1,bind=-::1,port=7000",
        "name=unix,bind=/run/redis.sock",
        "name=tls,bind=127.0.0.1,bind=-::1,port=7001",
    ]


def test_without_a_port_there_is_no_listener() -> None:
    assert "listener0" not in fields(configured(port="0").connect(), "server")


def test_the_zone_is_told_by_info_and_hello() -> None:
    client = configured(availability_zone="attic").connect()
    assert fields(client, "server")["availability_zone"] == "attic"
    assert client.call(b"HELLO", b"2").endswith(b"$17\r\navailability_zone\r\n$5\r\nattic\r\n")
    assert b"availability_zone" not in MemoryServer().connect().call(b"HELLO", b"2")


def test_without_tls_there_are_no_certificates() -> None:
    shown = fields(MemoryServer().connect(), "tls")
    assert set(shown.values()) == {"none", "0"} and len(shown) == 6


@pytest.mark.parametrize(("words", "actions"), [((b"WRITE",), "write"), ((b"ALL",), "all")])
def test_a_pause_is_told_with_the_time_that_is_left(words: tuple[bytes, ...], actions: str) -> None:
    server = MemoryServer()
    client = server.connect()
    assert fields(client)["paused_actions"] == "none"
    client.call(b"CLIENT", b"PAUSE", b"5000", *words)
    server.advance(2)
    pause = server.engine.pause
    assert pause.is_on()
    if actions == "write":
        shown = fields(client)
        assert (shown["paused_reason"], shown["paused_actions"]) == ("client_pause", actions)
        assert shown["paused_timeout_milliseconds"] == "3000"
    else:
        assert client.call(b"INFO") == b""  # it waits as everything does
    server.advance(4)
    client.received()
    assert fields(client)["paused_timeout_milliseconds"] == "0"


def test_time_without_room_is_counted() -> None:
    server = configured(maxmemory="1mb")
    client = server.connect()
    client.call(b"SET", b"k", b"x" * 900_000)
    client.call(b"APPEND", b"k", b"x" * 300_000)
    assert client.call(b"SET", b"l", b"v").startswith(b"-OOM")
    server.advance(3)
    shown = fields(client)
    assert shown["current_eviction_exceeded_time"] == shown["total_eviction_exceeded_time"] == "3000"
    client.call(b"DEL", b"k")
    client.call(b"GET", b"k")
    server.advance(5)
    shown = fields(client)
    assert (shown["current_eviction_exceeded_time"], shown["total_eviction_exceeded_time"]) == ("0", "3000")
    client.call(b"CONFIG", b"RESETSTAT")
    assert fields(client)["total_eviction_exceeded_time"] == "0"


def test_turns_have_a_rate_and_a_mean_time() -> None:
    server = MemoryServer()
    engine = server.engine
    for _ in range(5):
        engine.sample_rates()
        for _ in range(100):
            began_ns = engine.time.monotonic_ns()
            engine.note_turn(began_ns - 20_000)
        server.advance(1)
    engine.sample_rates()
    shown = fields(server.connect(), "stats")
    assert shown["eventloop_cycles"] == "500"
    assert shown["eventloop_duration_sum"] == "10000"
    assert shown["instantaneous_eventloop_cycles_per_sec"] == "100"
    assert shown["instantaneous_eventloop_duration_usec"] == "20"


def test_requests_take_their_time_but_not_that_of_others_within_it() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"DEBUG", b"SLEEP", b"0")  # refused, and takes no time
    before = int(fields(client)["eventloop_duration_cmd_sum"])
    server.engine.config.assign("enable-debug-command", b"yes")
    client.call(b"DEBUG", b"SLEEP", b"0.25")
    assert int(fields(client)["eventloop_duration_cmd_sum"]) - before == 250_000

    def of_another() -> None:
        server.connect().call(b"DEBUG", b"SLEEP", b"1")

    server.engine.run_interlude(of_another)
    assert int(fields(client)["eventloop_duration_cmd_sum"]) - before == 250_000


def test_output_to_replicas_counts_apart_from_the_moment_they_are_replicas() -> None:
    server = MemoryServer()
    client, replica = server.connect(), server.connect()
    replica.call(b"PING")
    before = server.engine.total_bytes_out()
    server.engine.counters.replication_bytes_out -= replica.session.bytes_out
    replica.session.is_replica = True
    replica.call(b"PING")
    assert fields(client, "stats")["total_net_repl_output_bytes"] == "7"
    assert server.engine.total_bytes_out() >= before + 7
    assert fields(client, "clients")["connected_clients"] == "1"
    client.call(b"CONFIG", b"RESETSTAT")
    assert fields(client, "stats")["total_net_repl_output_bytes"] == "0"
    replica.call(b"PING")
    replica.disconnect()
    assert fields(client, "stats")["total_net_repl_output_bytes"] == "7"


def test_hashes_that_have_fields_with_an_expiry_are_counted() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"HSET", b"h", b"f", b"v", b"g", b"v")
    assert fields(client)["db0"] == "keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=0"
    client.call(b"HPEXPIRE", b"h", b"10", b"FIELDS", b"1", b"f")
    assert fields(client)["db0"].endswith("keys_with_volatile_items=1")
    server.advance(1)
    server.engine.active_expiry.run(lambda: True)
    shown = fields(client)
    assert shown["db0"].endswith("keys_with_volatile_items=0")
    assert float(shown["expired_keys_with_volatile_items_stale_perc"]) == 5


def test_denials_are_counted_by_their_reason() -> None:
    client = MemoryServer().connect()
    client.call(
        b"ACL", b"SETUSER", b"alice", b"on", b">secret", b"~a*", b"&a*", b"+get", b"+publish", b"+info", b"db=0"
    )
    client.call(b"AUTH", b"alice", b"wrong")
    client.call(b"AUTH", b"alice", b"secret")
    for command in (b"SET a 1", b"GET b", b"GET c", b"PUBLISH b 1", b"SELECT 1"):
        client.call(*command.split())
    client.call(b"GET", b"a")
    shown = fields(client, "stats")
    counts = [shown[f"acl_access_denied_{reason}"] for reason in ("auth", "cmd", "key", "channel", "tls_cert", "db")]
    assert counts == ["1", "1", "2", "1", "0", "1"]
