"""redis-py's Lock, blocking and of asyncio: many who want it, one whose time is over, one who asks for more time."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import suppress

import redis
import redis.asyncio
from redis.exceptions import LockError, LockNotOwnedError

CLIENTS = 8
ROUNDS = 5


def count_under_the_lock(url: str, protocol: int) -> None:
    """What nobody else may do meanwhile: read, and write what follows from it."""
    client = redis.Redis.from_url(url, protocol=protocol)
    for _ in range(ROUNDS):
        with client.lock("lock", timeout=20, sleep=0.002):
            seen = int(client.get("count") or 0)
            client.set("count", seen + 1)


def contended(url: str) -> None:
    threads = [threading.Thread(target=count_under_the_lock, args=(url, 2 + n % 2)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert int(redis.Redis.from_url(url).get("count") or 0) == CLIENTS * ROUNDS


def with_a_time(url: str) -> None:
    client = redis.Redis.from_url(url)
    first, second = client.lock("timed", timeout=0.3), client.lock("timed", timeout=5)
    assert first.acquire(blocking=False)
    assert not second.acquire(blocking=False)
    began = time.monotonic()
    assert not second.acquire(blocking_timeout=0.1)
    assert second.acquire(blocking_timeout=10)  # when the time of the first is over
    assert 0.1 < time.monotonic() - began < 5
    try:
        first.release()
    except LockNotOwnedError:
        pass
    else:
        raise AssertionError("released what another one holds")
    assert second.owned() and second.locked()

    left_ms = client.pttl("timed")
    assert second.extend(10) and client.pttl("timed") > left_ms + 5000
    assert second.extend(2, replace_ttl=True) and client.pttl("timed") <= 2000
    assert second.reacquire() and client.pttl("timed") > 4000
    second.release()
    with suppress(LockError):
        second.release()
    assert client.exists("timed") == 0


async def of_asyncio(url: str) -> None:
    client = redis.asyncio.Redis.from_url(url)
    seen: list[int] = []

    async def hold(number: int) -> None:
        async with client.lock("async", timeout=20, sleep=0.002):
            seen.append(number)
            await client.ping()
            assert seen[-1] == number

    await asyncio.gather(*(hold(number) for number in range(CLIENTS)))
    assert sorted(seen) == list(range(CLIENTS))
    await client.aclose()


if __name__ == "__main__":
    contended(os.environ["URL"])
    with_a_time(os.environ["URL"])
    asyncio.run(of_asyncio(os.environ["URL"]))
    print("all well")
