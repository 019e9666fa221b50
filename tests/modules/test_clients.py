"""redis-py's own objects for the modules of Redis, against a server in a process, in both protocols."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.commands.json.path import Path as JsonPath

from oracle.servers import ServerProcess, free_port

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("bloom", "json", "timeseries", "ratelimit")
WORDS = ["--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--dir", "{dir}", "--appendonly", "yes"]
MORE_WORDS = ["--enable-debug-command", "yes", "--rdbcompression", "no"]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    loading = [word for name in SHIPPED for word in ("--loadmodule", f"miniredis.modules.{name}")]
    loading += ["--loadmodule", "modules.sample"]
    command = [sys.executable, "-c", "from miniredis.app.main import server; server()", *WORDS, *MORE_WORDS, *loading]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    started = ServerProcess(command, env=environment)
    try:
        started.wait_ready()
        yield started
    finally:
        started.remove()


@pytest.fixture(params=[None, 2, 3], ids=["default", "RESP2", "RESP3"])
def client(server: ServerProcess, request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    chosen = {} if request.param is None else {"protocol": request.param}
    with redis.Redis(port=server.port, decode_responses=True, **chosen) as connected:
        connected.flushall()
        yield connected


def field(info: Any, attribute: str, title: str) -> object:
    """Of an INFO reply: an object with attributes, or in RESP3 the map as it came."""
    return info[title] if isinstance(info, dict) else info.get(attribute)


def plain(reply: Any) -> object:
    """The shapes that redis-py gives a reply differ by protocol; what is in them must not."""
    if isinstance(reply, dict):
        return [[key, plain(value)] for key, value in reply.items()]
    if isinstance(reply, list) and reply and all(isinstance(each, dict) for each in reply):
        return [pair for each in reply for pair in plain(each)]  # type: ignore[attr-defined]
    return [plain(each) for each in reply] if isinstance(reply, (list, tuple)) else reply


def test_documents(client: redis.Redis):
    documents = client.json()
    assert documents.set("d", JsonPath.root_path(), {"name": "x", "list": [1, 2.5], "on": True})
    assert documents.get("d") == {"name": "x", "list": [1, 2.5], "on": True}
    assert documents.get("d", "$.list[*]") == [1, 2.5]
    assert documents.get("d", "$.name", "$.on") == {"$.name": ["x"], "$.on": [True]}
    assert documents.mget(["d", "none"], "$.name") == [["x"], None]
    assert documents.numincrby("d", "$.list[0]", 4) == [5]
    assert documents.numincrby("d", ".list[0]", 1) in (6, [6])  # in RESP3 it is always a list
    assert documents.arrappend("d", "$.list", 7, {"k": None}) == [4]
    assert documents.arrlen("d", ".list") == 4
    assert documents.arrindex("d", ".list", 7) == 2
    assert documents.arrpop("d", ".list") == {"k": None}
    assert documents.arrpop("d", "$.list", 0) == ["6"]
    assert documents.arrinsert("d", "$.list", 0, "first") == [3]
    assert documents.arrtrim("d", "$.list", 0, 0) == [1]
    assert documents.strlen("d", "$.name") == [1]
    assert documents.strappend("d", "yz", "$.name") == [3]
    assert documents.toggle("d", "$.on") == [0]
    assert documents.objlen("d", ".") == 3
    assert documents.objkeys("d", ".") == ["name", "list", "on"]
    assert documents.type("d", ".name") in ("string", ["string"])
    assert documents.merge("d", "$", {"on": None, "more": 1})
    assert documents.set("d", "$.more", 2, nx=True) is None
    assert documents.clear("d", "$.list") == 1
    assert documents.delete("d", "$.more") == 1
    assert documents.get("d", ".") == {"name": "xyz", "list": []}
    assert documents.delete("d") == 1
    assert documents.get("d") is None
    with pytest.raises(redis.ResponseError):
        documents.set("new", "$.a", 1)
    assert client.type("none") == "none"


def test_bloom_filters(client: redis.Redis):
    filters = client.bf()
    assert filters.create("b", 0.01, 1000)
    assert filters.add("b", "x") == 1
    assert filters.add("b", "x") == 0
    assert filters.madd("b", "x", "y") == [0, 1]
    assert filters.insert("c", ["a", "b"], capacity=100, error=0.001) == [1, 1]
    assert filters.exists("b", "x") == 1
    assert filters.mexists("b", "x", "z") == [1, 0]
    assert filters.card("b") == 2
    info = filters.info("b")
    assert field(info, "insertedNum", "Number of items inserted") == 2
    assert field(info, "capacity", "Capacity") == 1000
    assert filters.create("fixed", 0.01, 10, noScale=True)


def test_cuckoo_filters(client: redis.Redis):
    filters = client.cf()
    assert filters.create("f", 1000, bucket_size=4)
    assert filters.add("f", "x") == 1
    assert filters.addnx("f", "x") == 0
    assert filters.insert("f", ["y", "z"]) == [1, 1]
    assert filters.insertnx("f", ["y", "w"]) == [0, 1]
    assert filters.exists("f", "x") == 1
    assert filters.count("f", "x") == 1
    assert filters.delete("f", "x") == 1
    assert filters.mexists("f", "x", "y") == [0, 1]
    info = filters.info("f")
    assert field(info, "insertedNum", "Number of items inserted") == 3
    assert field(info, "deletedNum", "Number of items deleted") == 1
    assert field(info, "bucketSize", "Bucket size") == 4


def test_chunks_of_a_filter(server: ServerProcess):
    with redis.Redis(port=server.port) as client:
        client.flushall()
        filters = client.bf()
        filters.madd("from", *range(300))
        iterator, chunk = filters.scandump("from", 0)
        while iterator:
            filters.loadchunk("to", iterator, chunk)
            iterator, chunk = filters.scandump("from", iterator)
        assert filters.mexists("to", *range(300)) == [1] * 300


def test_time_series(client: redis.Redis):
    series = client.ts()
    assert series.create("t", retention_msecs=0, labels={"kind": "x"}, duplicate_policy="last")
    assert series.create("hourly", labels={"kind": "y"})
    assert series.createrule("t", "hourly", "avg", 10)
    assert [series.add("t", time, time / 2) for time in (1, 5, 11)] == [1, 5, 11]
    assert series.madd([("t", 12, 3), ("t", 25, 4.5)]) == [12, 25]
    assert [tuple(sample) for sample in series.range("t", "-", "+", count=2)] == [(1, 0.5), (5, 2.5)]
    assert [tuple(sample) for sample in series.revrange("t", 0, 12, count=1)] == [(12, 3.0)]
    assert [tuple(sample) for sample in series.range("hourly", "-", "+")] == [(0, 1.5), (10, 4.25)]
    assert [tuple(each) for each in series.range("t", 0, 99, aggregation_type="max", bucket_size_msec=100)] == [
        (0, 5.5)
    ]
    assert plain(series.get("t")) == [25, 4.5]
    assert series.incrby("up", 3, timestamp=1) == 1
    assert series.decrby("up", 1, timestamp=2) == 2
    assert list(series.queryindex(["kind=x"])) == ["t"]
    assert plain(series.mget(["kind=x"], with_labels=True)) in (
        [["t", [[["kind", "x"]], 25, 4.5]]],
        [["t", [[["kind", "x"]], [25, 4.5]]]],
    )
    assert plain(series.mrange(20, 30, ["kind=x"], with_labels=True)) in (
        [["t", [[["kind", "x"]], [[25, 4.5]]]]],
        [["t", [[["kind", "x"]], [["aggregators", []]], [[25, 4.5]]]]],
    )
    grouped = series.mrange(
        0, 99, ["kind=(x,y)"], aggregation_type="count", bucket_size_msec=1000, groupby="kind", reduce="sum"
    )
    assert [name for name, _ in plain(grouped)] == ["kind=x", "kind=y"]  # type: ignore[attr-defined]
    info = series.info("t")
    assert field(info, "total_samples", "totalSamples") == 5
    assert field(info, "labels", "labels") == {"kind": "x"}
    assert field(info, "duplicate_policy", "duplicatePolicy") == "last"
    assert series.delete("t", 1, 5) == 2
    assert series.alter("t", retention_msecs=5)
    assert series.deleterule("t", "hourly")


def test_throttling(client: redis.Redis):
    replies = [client.execute_command("CL.THROTTLE", "user", 1, 1, 60) for _ in range(3)]
    assert [reply[0] for reply in replies] == [0, 0, 1]


def test_a_module_of_a_user(client: redis.Redis):
    assert client.execute_command("TALLY.LATER", "0.01") == "later"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.execute_command, "TALLY.WAIT", "k", 3)
        while client.info("clients")["blocked_clients"] == 0:
            assert not waiting.done()
        client.execute_command("TALLY.ADD", "k", 3)
        assert waiting.result(10) == 3
    with pytest.raises(redis.ResponseError, match="internal error"):
        client.execute_command("TALLY.BREAK", "exit")
    assert client.ping()


def test_redis_says_which_type_it_does_not_know(server: ServerProcess):
    with redis.Redis(port=server.port) as client:
        client.flushall()
        client.bf().add("b", "x")
        payload = client.dump("b")
        client.save()
    theirs = ServerProcess(["redis-server", *WORDS[:-1], "no"])
    try:
        theirs.wait_ready()
        with redis.Redis(port=theirs.port) as client, pytest.raises(redis.ResponseError, match="Bad data format"):
            client.restore("b", 0, payload)
        theirs.stop()
        shutil.copy(server.folder / "dump.rdb", theirs.folder / "dump.rdb")
        theirs.start_again()
        theirs.process.wait(20)
        assert "no matching module type 'MBbloom--'" in theirs.output
    finally:
        theirs.remove()


def test_a_replica_follows(server: ServerProcess):
    command = [*server.command, "--replicaof", f"127.0.0.1 {server.port}", "--replica-read-only", "yes"]
    with redis.Redis(port=server.port, decode_responses=True) as primary:
        primary.flushall()
        primary.json().set("before", "$", [1])
        primary.ts().add("t", 1, 2)
        replica = ServerProcess(command, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"})
        try:
            replica.wait_ready()
            primary.json().set("after", "$", [2])
            primary.bf().add("b", "x")
            primary.cf().add("f", "x")
            primary.execute_command("CL.THROTTLE", "user", 1, 1, 60)
            primary.ts().add("t", "*", 3)
            with redis.Redis(port=replica.port, decode_responses=True) as follower:
                wait_for_sync(primary, follower)
                assert primary.execute_command("DEBUG", "DIGEST") == follower.execute_command("DEBUG", "DIGEST")
                assert follower.json().get("after") == [2] and follower.json().get("before") == [1]
                with pytest.raises(redis.exceptions.ReadOnlyError):
                    follower.json().set("no", "$", 1)
        finally:
            replica.remove()


def wait_for_sync(primary: redis.Redis, follower: redis.Redis) -> None:
    """Until the replica is connected and has all that the primary has written."""
    deadline = time.monotonic() + 30
    while follower.info("replication")["master_link_status"] != "up":
        assert time.monotonic() < deadline, "the replica does not come up"
    primary.set("last", 1)
    assert primary.wait(1, 20000) == 1


def test_a_log_brings_everything_back(server: ServerProcess):
    with redis.Redis(port=server.port, decode_responses=True) as client:
        client.flushall()
        client.json().set("d", "$", {"a": [1]})
        client.bf().add("b", "x")
        client.cf().add("f", "x")
        client.ts().add("t", 1, 2.5, labels={"k": "v"})
        client.bgrewriteaof()
        client.json().arrappend("d", "$.a", 2)
        client.bf().add("b", "y")
        client.ts().add("t", 2, 3.5)
    assert server.stop() == 0
    server.start_again()
    server.wait_ready()
    with redis.Redis(port=server.port, decode_responses=True) as client:
        assert client.json().get("d") == {"a": [1, 2]}
        assert client.bf().mexists("b", "x", "y", "z") == [1, 1, 0]
        assert client.cf().count("f", "x") == 1
        assert [tuple(sample) for sample in client.ts().range("t", "-", "+")] == [(1, 2.5), (2, 3.5)]


def test_a_cluster_routes_by_the_keys_of_a_module():
    loading = [word for name in ("json", "timeseries") for word in ("--loadmodule", f"miniredis.modules.{name}")]
    script = [sys.executable, "-c", "from miniredis.app.main import server; server()"]
    node = ServerProcess(
        [*script, *WORDS, *MORE_WORDS, *loading, "--cluster-enabled", "yes", "--cluster-port", str(free_port())],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        node.wait_ready()
        with redis.Redis(port=node.port, protocol=2) as client:
            with pytest.raises(redis.exceptions.ClusterDownError):
                client.execute_command("JSON.SET", "a", "$", "1")
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):
                assert node.process.poll() is None
            assert client.execute_command("JSON.SET", "a", "$", "1") == b"OK"
            for words in (("JSON.MGET", "a", "b", "$"), ("TS.CREATERULE", "a", "b", "AGGREGATION", "avg", 1)):
                with pytest.raises(redis.exceptions.ResponseError, match="hash to the same slot"):
                    client.execute_command(*words)
            assert client.execute_command("JSON.MGET", "{a}1", "{a}2", "$") == [None, None]
    finally:
        node.remove()
