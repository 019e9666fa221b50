"""redis-py, unmodified, in RESP2 and RESP3, with its C parser and without."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from oracle.servers import ServerProcess


@pytest.fixture(params=[2, 3])
def client(empty: ServerProcess, request: pytest.FixtureRequest) -> Iterator[Any]:
    connected = redis.Redis(port=empty.port, protocol=request.param, decode_responses=True, socket_timeout=20)
    yield connected
    connected.close()


def test_strings_and_expiry(client: Any) -> None:
    assert client.ping() is True
    assert client.set("k", "v", ex=100, nx=True) is True
    assert client.set("k", "w", nx=True) is None
    assert 95 <= client.ttl("k") <= 100
    assert client.getex("k", persist=True) == "v"
    assert client.ttl("k") == -1
    assert client.incrbyfloat("f", 1.5) == 1.5
    assert client.mset({"a": "1", "b": "2"}) is True
    assert client.mget("a", "none", "b") == ["1", None, "2"]
    assert client.delete("a", "b", "none") == 2


def test_every_type(client: Any) -> None:
    client.rpush("l", "a", "b", "c")
    assert client.lrange("l", 0, -1) == ["a", "b", "c"]
    client.hset("h", mapping={"f": "1", "g": "2"})
    assert client.hgetall("h") == {"f": "1", "g": "2"}
    client.sadd("s", "x", "y")
    assert client.smembers("s") == {"x", "y"}
    client.zadd("z", {"a": 1, "b": 2.5})
    assert [tuple(pair) for pair in client.zrange("z", 0, -1, withscores=True)] == [("a", 1.0), ("b", 2.5)]
    entry = client.xadd("x", {"f": "v"})
    assert client.xlen("x") == 1
    assert client.xrange("x") == [(entry, {"f": "v"})]
    assert sorted(client.scan_iter()) == ["h", "l", "s", "x", "z"]
    assert client.type("z") == "zset"


def test_pipelines_and_transactions(client: Any) -> None:
    with client.pipeline(transaction=False) as pipe:
        for number in range(1000):
            pipe.set(f"k{number}", number)
        assert pipe.execute() == [True] * 1000
    with client.pipeline() as pipe:
        pipe.watch("k1")
        pipe.multi()
        pipe.incr("k1")
        client.set("k1", 50)
        with pytest.raises(redis.WatchError):
            pipe.execute()

    def add_one(pipe: Any) -> None:
        value = int(pipe.get("k1"))
        # From here on commands are queued; a write before would break the watch, its own client's too.
        pipe.multi()
        pipe.set("k1", value + 1)

    assert client.transaction(add_one, "k1") == [True]
    assert client.get("k1") == "51"


def test_errors_have_their_classes(client: Any) -> None:
    client.set("k", "v")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        client.lpush("k", "x")
    with pytest.raises(redis.ResponseError, match="not an integer"):
        client.incr("k")
    with pytest.raises(redis.exceptions.NoScriptError):
        client.evalsha("0" * 40, 0)


def test_publish_and_subscribe(client: Any) -> None:
    with client.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.subscribe("news")
        subscriber.psubscribe("w*")
        while subscriber.get_message(timeout=0.2):
            pass
        client.publish("news", "a")
        client.publish("weather", "b")
        found: list[tuple[str, str, str]] = []
        while len(found) < 2:
            message = subscriber.get_message(timeout=10)
            if message is not None:
                found.append((message["type"], message["channel"], message["data"]))
        assert found == [("message", "news", "a"), ("pmessage", "weather", "b")]


def test_blocking_pop(client: Any) -> None:
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(client.blpop("q", timeout=20)))
    waiting.start()
    while client.info("clients")["blocked_clients"] == 0:
        pass
    client.rpush("q", "job")
    waiting.join()
    assert [tuple(pair) for pair in found] == [("q", "job")]
    assert client.blpop("q", timeout=0.05) is None


def test_scripts(client: Any) -> None:
    double = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1]) * 2")
    assert double(keys=["n"], args=[21]) == 42
    assert double(keys=["n"], args=[1]) == 44


def test_locks(client: Any) -> None:
    with client.lock("lock", timeout=5, blocking_timeout=5) as held:
        assert held.owned()
        assert not client.lock("lock", timeout=5, blocking=False).acquire()
        assert held.extend(5)
    assert client.exists("lock") == 0


def test_about_the_server(client: Any) -> None:
    info = client.info()
    assert info["redis_version"] == "7.2.4"
    assert info["miniredis_build"] == "compiled"
    assert client.config_get("maxmemory") == {"maxmemory": "0"}
    assert client.client_setname("tester") is True
    assert "tester" in [entry["name"] for entry in client.client_list()]
    assert client.command_count() > 200
    assert client.dbsize() == 0
    assert abs(client.time()[0] - client.lastsave().timestamp()) < 10_000


def test_client_side_caching(empty: ServerProcess) -> None:
    from redis.cache import CacheConfig

    cached = redis.Redis(port=empty.port, protocol=3, cache_config=CacheConfig(), decode_responses=True)
    other = redis.Redis(port=empty.port, decode_responses=True)
    other.set("k", "1")
    assert cached.get("k") == "1"
    assert cached.get("k") == "1"
    other.set("k", "2")
    while cached.get("k") != "2":
        pass
    cached.close()
    other.close()
