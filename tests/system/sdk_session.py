"""Talks to real servers with the client: `sdk_session.py SCENARIO URL [ARGUMENT ...]`; prints what came of it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater, react

from miniredis.client import connect, connect_cluster
from miniredis.client.errors import CommandError, ConnectionFailed, ConnectionLost, RedisError, WatchError, WrongType

sys.path.append(str(Path(__file__).parent.parent))
from client.calls import CALLS, CALLS_OF_NODES, CALLS_OF_PROCESSES, Checked, problem

#: What a server of Redis 7.0 says of commands and options that came after it.
TOO_NEW = (
    "ERR unknown command",
    "ERR unknown subcommand",
    "ERR Unknown subcommand",
    "ERR syntax error",
    "ERR wrong number",
)


async def pause(reactor: Any, seconds: float) -> None:
    await deferLater(reactor, seconds, lambda: None)


async def everything(reactor: Any, url: str) -> None:
    """Each feature once, against one server."""
    for protocol in (2, 3):
        async with connect(url, protocol=protocol, decode_responses=True) as client:
            await client.flushall()
            assert await client.set("k", "v", ex=100) == "OK"
            assert await client.get("k") == "v"
            assert await gatherResults([client.incr("n") for _ in range(1000)]) == list(range(1, 1001))
            await client.hset("h", {"a": 1, "b": 2})
            found = await client.hgetall("h")
            assert found == {"a": "1", "b": "2"}
            raw = await client.execute("HGETALL", "h")
            assert raw == ({"a": "1", "b": "2"} if protocol == 3 else ["a", "1", "b", "2"])
            try:
                await client.lpush("k", 1)
            except WrongType:
                pass
            else:
                raise AssertionError("WRONGTYPE did not come")
            async with client.transaction() as tx:
                tx.set("t", 1)
                later = tx.incr("t")
            assert tx.results == ["OK", 2] and await later == 2
            try:
                async with client.watch("t") as watching:
                    await client.set("t", 5)
                    watching.multi()
                    watching.set("t", 6)
            except WatchError:
                pass
            else:
                raise AssertionError("WATCH saw nothing")
            popped = client.blpop("queue", timeout=10)
            await client.ping()
            while not await client.info("clients") or "blocked_clients:1" not in await client.info("clients"):
                await pause(reactor, 0.01)
            await client.rpush("queue", "job")
            assert await popped == ["queue", "job"]
            script = client.script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
            assert await script(["t"], [10]) == 15
            assert await script(["t"], [10]) == 25
            async with client.subscriber() as news:
                await news.subscribe("news")
                await news.psubscribe("ne*")
                assert await client.publish("news", "hello") == 2
                kinds = {(await news.next()).kind for _ in range(2)}
                assert kinds == {"message", "pmessage"}
                await client.client_kill(type_="pubsub")
                while (await client.pubsub_numsub("news"))["news"] != 1:
                    await pause(reactor, 0.01)
                assert (await news.next()).kind == "reconnected"
                await client.publish("news", "again")
                assert (await news.next()).data == "again"
            assert len({key async for key in client.scan_iter()}) == await client.dbsize()
    async with connect(url, cache_size=100) as cached, connect(url) as other:
        await other.set("c", 1)
        assert await cached.get("c") == b"1"
        assert await cached.get("c") == b"1"
        await other.set("c", 2)
        while await cached.get("c") != b"2":
            await pause(reactor, 0.01)
        assert cached.cache is not None and cached.cache.hits >= 1
    print("all well")


async def typed(reactor: Any, url: str, kind: str) -> None:
    """Each typed method: prints what they returned that they had not promised, and how many answered."""
    answered = 0
    for protocol in (2, 3):
        async with connect(url, protocol=protocol) as client:
            await client.flushall()
            calls = CALLS_OF_NODES if kind.endswith("node") else [*CALLS, *CALLS_OF_PROCESSES]
            if kind.endswith("node"):
                await client.set("a", 1)
            for call in calls:
                name, promised, reply = await call(Checked(client, bytes))
                if kind.startswith("redis") and isinstance(reply, CommandError) and str(reply).startswith(TOO_NEW):
                    continue
                wrong = problem(name, promised, reply)
                if wrong:
                    print(wrong)
                answered += not wrong
    print(answered, 2 * len(calls))


async def greet(reactor: Any, url: str) -> None:
    async with connect(url, attempts=2) as client:
        try:
            print((await client.ping()).decode())
        except RedisError as problem:
            print(type(problem).__name__)


async def load(reactor: Any, url: str, pid: str) -> None:
    """Counts under load while the server is killed: prints how many were acknowledged, lost, and never sent."""
    counts = {"done": 0, "lost": 0, "failed": 0}
    lost_before = 0
    async with connect(url, attempts=100, longest_pause=0.2) as client, client.subscriber() as news:
        heard: list[Any] = []
        await news.subscribe("news", listener=heard.append)

        async def work() -> None:
            nonlocal lost_before
            while not (lost_before and counts["done"] > lost_before + 2000):
                try:
                    await client.incr("n")
                except ConnectionLost:
                    counts["lost"] += 1
                    lost_before = lost_before or counts["done"]
                except ConnectionFailed:
                    counts["failed"] += 1
                else:
                    counts["done"] += 1
                    if counts["done"] == 2000:
                        os.kill(int(pid), signal.SIGKILL)

        await gatherResults([Deferred.fromCoroutine(work()) for _ in range(50)])
        value = int(await client.get("n") or 0)
        while not await client.publish("news", "x"):
            await pause(reactor, 0.01)
        while not heard:
            await pause(reactor, 0.01)
        print(value, counts["done"], counts["lost"], counts["failed"])


async def cluster(reactor: Any, url: str) -> None:
    async with connect_cluster(url, failover_timeout=60) as client:
        assert await client.flushall() == b"OK"
        keys = [f"key:{number}" for number in range(300)]
        assert await client.mset({key: key for key in keys}) == b"OK"
        assert await client.mget(*keys) == [key.encode() for key in keys]
        assert await client.dbsize() == 300
        assert len({key async for key in client.scan_iter(count=50)}) == 300
        async with client.transaction() as tx:
            tx.set("{a}1", 1)
            tx.incr("{a}1")
        assert tx.results == [b"OK", 2]

        async def work(tx: Any) -> None:
            value = int(await tx.get("{a}1"))
            tx.multi()
            tx.set("{a}1", value + 1)

        assert await client.transact(work, "{a}1") == [b"OK"]
        script = client.script("return redis.call('GET', KEYS[1])")
        assert await script(["{a}1"]) == b"3"
        async with client.subscriber() as news:
            await news.subscribe("news")
            await client.publish("news", "x")
            assert (await news.next()).data == b"x"
        async with client.shard_subscriber("shard") as news:
            await news.ssubscribe("shard")
            assert await client.spublish("shard", "y") == 1
            assert (await news.next()).data == b"y"
        print("all well", flush=True)
        # Slots move while it reads and writes: the test moves them between the lines.
        for number in range(int(sys.stdin.readline() or 0)):
            key = keys[number % 300]
            assert await client.set(key, number) == b"OK"
            assert await client.get(key) == b"%d" % number
        print("still well", flush=True)


async def replica_reads(reactor: Any, url: str, pid: str) -> None:
    """Reads from replicas, then, with one of them killed, from whoever is left; prints how many reads each time."""
    async with connect_cluster(url, read_from="replica", failover_timeout=60) as client:
        keys = [f"key:{number}" for number in range(100)]
        for key in keys:
            assert await client.set(key, key) == b"OK"
        await client.wait(1, 5000)
        while await client.mget(*keys) != [key.encode() for key in keys]:
            await pause(reactor, 0.01)

        async def primaries_read() -> bool:
            """Read all keys; whether a primary has seen a GET.  INFO asks the primaries only."""
            assert await client.config_resetstat() == b"OK"
            for key in keys:
                assert await client.get(key) == key.encode()
            return any(b"cmdstat_get:" in text for text in (await client.info("commandstats")).values())

        # A new cluster takes its time until each node knows of each replica.
        while await primaries_read():
            await client.refresh()
            await pause(reactor, 0.05)
        print("replicas", flush=True)
        os.kill(int(pid), signal.SIGKILL)
        for key in keys:
            assert await client.get(key) == key.encode()
        assert any(b"cmdstat_get:" in text for text in (await client.info("commandstats")).values())
        print("primaries", flush=True)


async def failover(reactor: Any, url: str, pid: str) -> None:
    async with connect(url, failover_timeout=60) as client:
        await client.set("before", 1)
        await client.wait(1, 5000)
        os.kill(int(pid), signal.SIGKILL)
        while True:
            try:
                await client.set("after", 2)
                break
            except ConnectionLost:
                continue
        print(*[(value or b"").decode() for value in (await client.mget("before", "after"))])


if __name__ == "__main__":
    react(lambda reactor, name, *words: Deferred.fromCoroutine(globals()[name](reactor, *words)), sys.argv[1:])
