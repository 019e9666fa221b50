"""Faults that a test orders: on the wire, on the disk, in who is primary."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from miniredis.testing import MiniRedis

Start = Callable[..., MiniRedis]


def plain_client(server: MiniRedis, **options: Any) -> Any:
    """A client that tries nothing twice."""
    return server.client(retry=Retry(NoBackoff(), 0), **options)


def test_an_error_meets_the_next_calls(server: MiniRedis):
    client = plain_client(server)
    server.faults.error("LOADING not yet", "get", times=2)
    assert server.faults.pending() == ["error LOADING not yet command GET nth 1 times 2"]
    client.set("key", "v")
    for _ in range(2):
        with pytest.raises(redis.BusyLoadingError, match="not yet"):
            client.get("key")
    assert client.get("key") == b"v"
    assert server.faults.pending() == []


def test_a_fault_waits_for_its_call(server: MiniRedis):
    client = plain_client(server)
    server.faults.error("MOVED 3999 127.0.0.1:6381", "SET", nth=3)
    client.set("key", 1)
    client.set("key", 2)
    with pytest.raises(redis.ResponseError, match="3999"):
        client.execute_command("SET", "key", 3)
    assert server.db[0]["key"] == b"2"


def test_a_fault_is_about_one_client(server: MiniRedis):
    meant = plain_client(server, client_name="meant")
    other = plain_client(server, client_name="other")
    meant.ping()
    other.ping()
    server.faults.error("ERR by name", "GET", client="meant", times=None)
    server.faults.error("ERR by number", "TTL", client=other.client_id(), times=None)
    assert other.get("key") is None
    with pytest.raises(redis.ResponseError, match="by name"):
        meant.get("key")
    assert meant.ttl("key") == -2
    with pytest.raises(redis.ResponseError, match="by number"):
        other.ttl("key")
    server.faults.clear()
    assert meant.get("key") is None


def test_a_container_stands_for_its_subcommands(server: MiniRedis):
    client = plain_client(server)
    client.ping()
    server.faults.error("ERR any", "config")
    server.faults.error("ERR one", "CONFIG|GET", nth=2)
    with pytest.raises(redis.ResponseError, match="any"):
        client.config_get("hz")
    client.config_get("hz")
    with pytest.raises(redis.ResponseError, match="one"):
        client.config_get("hz")


def test_a_fault_can_be_taken_back(server: MiniRedis):
    client = plain_client(server)
    client.ping()
    fault = server.faults.error("ERR no")
    server.faults.remove(fault)
    server.faults.remove(fault)
    assert client.ping()


@pytest.mark.parametrize("wrong", [{"nth": 0}, {"times": 0}])
def test_calls_are_counted_from_one(server: MiniRedis, wrong: dict[str, int]):
    with pytest.raises(ValueError, match="from 1"):
        server.faults.drop(**wrong)  # type: ignore[arg-type]


def test_a_delay_is_in_the_time_of_the_server():
    with MiniRedis("memory") as server:
        client = plain_client(server)
        client.set("key", "v")
        server.faults.delay(5, "GET")
        before = server.time()
        assert client.get("key") == b"v"
        assert server.time() - before == 5


def test_a_delayed_command_may_wait_for_more():
    with MiniRedis("memory") as server:
        client = plain_client(server)
        client.ping()
        server.faults.delay(5, "BLPOP")
        before = server.time()
        assert client.blpop("queue", timeout=10) is None
        assert server.time() - before == 15


def test_a_delayed_command_of_a_client_that_left_is_not_run():
    with MiniRedis("memory") as server:
        client = plain_client(server, socket_timeout=1)
        client.ping()
        server.faults.delay(5, "SET")
        with pytest.raises(redis.TimeoutError):
            client.set("key", "v")
        server.fast_forward(10)
        assert "key" not in server.db[0]


def test_a_delay_really_takes_time(start: Start):
    client = plain_client(start(), socket_timeout=None)
    client.execute_command("FAULT", "ADD", "DELAY", "0.05", "COMMAND", "PING")
    began = time.monotonic()
    assert client.ping()
    assert time.monotonic() - began >= 0.05


def test_a_dropped_request_is_not_run(server: MiniRedis):
    client = plain_client(server, socket_timeout=1)
    client.ping()
    server.faults.drop("INCRBY")
    with pytest.raises(redis.TimeoutError):
        client.incr("n")
    assert "n" not in server.db[0]


def test_a_request_whose_reply_is_lost_is_run(server: MiniRedis):
    client = plain_client(server, socket_timeout=1)
    client.ping()
    server.faults.lose_reply("INCRBY")
    with pytest.raises(redis.TimeoutError):
        client.incr("n")
    assert server.db[0]["n"] == b"1"


def test_a_connection_is_cut(server: MiniRedis):
    client = plain_client(server)
    client.ping()
    server.faults.reset("INCRBY")
    with pytest.raises(redis.ConnectionError):
        client.incr("n")
    assert client.incr("n") == 1


def test_a_reply_is_cut(server: MiniRedis):
    client = plain_client(server)
    client.set("key", "a long value")
    client.rpush("list", *range(5000))
    server.faults.truncate(8, "GET")
    server.faults.truncate(50, "LRANGE")
    with pytest.raises(redis.ConnectionError):
        client.get("key")
    with pytest.raises(redis.ConnectionError):
        client.lrange("list", 0, -1)
    assert client.get("key") == b"a long value"


def test_a_reply_that_waits_is_cut_when_it_comes():
    with MiniRedis("memory") as server:
        client = plain_client(server)
        client.ping()
        server.faults.truncate(1, "BLPOP")
        with pytest.raises(redis.ConnectionError):
            client.blpop("queue", timeout=3)


def test_a_transaction_meets_a_fault_where_it_is_queued(server: MiniRedis):
    client = plain_client(server)
    client.ping()
    server.faults.error("ERR not this one", "INCRBY")
    with pytest.raises(redis.ResponseError, match="not this one"), client.pipeline() as pipe:
        pipe.set("key", "v").incr("n").execute()
    assert "key" not in server.db[0]


def test_clients_order_faults_too(server: MiniRedis):
    client = plain_client(server)

    def fault(*words: object) -> Any:
        return client.execute_command("FAULT", *words)

    number = fault("ADD", "ERROR", "OOM no room", "COMMAND", "SET", "NTH", 2, "TIMES", 0)
    other = fault("ADD", "TRUNCATE", 3, "CLIENT", "somebody", "TIMES", 4)
    assert fault("ADD", "RESET", "CLIENT", 12345) == other + 1
    assert fault("LIST") == [
        [number, b"error OOM no room command SET nth 2 times 0"],
        [other, b"truncate 3 client somebody nth 1 times 4"],
        [other + 1, b"reset client 12345 nth 1 times 1"],
    ]
    client.set("key", 1)
    for _ in range(3):
        with pytest.raises(redis.ResponseError, match="no room|command not allowed"):
            client.set("key", 2)
    assert (fault("DEL", number), fault("DEL", number)) == (1, 0)
    assert client.set("key", 2)
    assert fault("CLEAR") == b"OK"
    assert fault("LIST") == []


@pytest.mark.parametrize(
    "words",
    [
        "ADD",
        "ADD NOTHING",
        "ADD DELAY",
        "ADD DELAY soon",
        "ADD DROP COMMAND",
        "ADD DROP COLOUR red",
        "ADD DROP NTH 0",
        "DEL",
        "LIST all",
        "SHOW",
    ],
)
def test_words_that_mean_no_fault_are_refused(words: str):
    with MiniRedis("memory") as server, pytest.raises(redis.ResponseError, match="syntax"):
        plain_client(server).execute_command("FAULT", *words.split())


def test_no_other_server_knows_them():
    from miniredis.testing.memory import MemoryServer

    assert MemoryServer().connect().call(b"FAULT", b"LIST").startswith(b"-ERR unknown command")


def test_a_full_disk_refuses_writes(start: Start):
    server = start(appendonly="yes")
    client = plain_client(server)
    client.set("key", "before")
    # What the log could not take is found out after the reply to it, as ever without appendfsync always.
    with server.disk_full(), pytest.raises(redis.ResponseError, match="MISCONF"):
        for _ in range(3):
            client.set("key", "meanwhile")
            server.fast_forward(1)
    server.fast_forward(2)
    assert client.set("key", "after")


def test_a_server_in_memory_has_no_disk():
    with MiniRedis("memory") as server, pytest.raises(RuntimeError, match="no disk"), server.disk_full():
        pass


def test_a_replica_takes_over(start: Start):
    primary = start()
    primary.db[0]["key"] = "v"
    replica = start(replicaof=["127.0.0.1", primary.port])
    old, new = plain_client(primary), plain_client(replica)
    wait_for(lambda: new.info("replication")["master_link_status"] == "up")
    assert new.get("key") == b"v"
    with pytest.raises(redis.ReadOnlyError):
        new.set("key", "w")
    primary.failover(replica)
    assert new.role()[0] == b"master"
    assert new.set("key", "w")
    wait_for(lambda: old.info("replication").get("master_link_status") == "up")
    wait_for(lambda: old.get("key") == b"w")


def wait_for(holds: Callable[[], bool]) -> None:
    """Ask until it is so."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
