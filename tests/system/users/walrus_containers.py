"""walrus: containers, its rate limit, lock, cache, completion and a consumer group's stream."""

from __future__ import annotations

import os

import redis
from walrus import Database

database = Database(connection_pool=redis.ConnectionPool.from_url(os.environ["URL"]))


def containers() -> None:
    numbers = database.List("numbers")
    numbers.extend([1, 2, 3])
    assert list(numbers) == [b"1", b"2", b"3"] and numbers[-1] == b"3"
    scores = database.ZSet("scores")
    scores.add({"a": 1, "b": 2, "c": 3})
    assert scores.score("b") == 2
    person = database.Hash("person")
    person.update(name="Ada", born="1815")
    assert person.as_dict(decode=True) == {"name": "Ada", "born": "1815"}
    bits = database.bit_field("bits")
    assert bits.incrby("u8", 0, 200).execute() == [200]
    words = database.HyperLogLog("words")
    words.add(*(str(number) for number in range(100)))
    assert 95 <= len(words) <= 105


def scripts() -> None:
    with database.lock("lock", ttl=5000):
        assert not database.lock("lock", ttl=5000).acquire(block=False)
    limit = database.rate_limit("limit", limit=3, per=60)
    assert [limit.limit("alice") for _ in range(5)] == [False] * 3 + [True] * 2
    cache = database.cache()
    cache.set("k", {"a": [1, 2]}, 60)
    assert cache.get("k") == {"a": [1, 2]}
    completion = database.autocomplete()
    for title in ("learn python now", "learn redis now", "python and redis"):
        completion.store(title)
    assert sorted(completion.search("learn")) == ["learn python now", "learn redis now"]


def streams() -> None:
    group = database.consumer_group("readers", ["events"])
    group.create()
    group.set_id("0-0")
    ids = [group.events.add({"number": str(number)}) for number in range(3)]
    assert [entry for entry, _ in group.events.read()] == ids
    assert group.events.ack(*ids) == 3
    assert group.events.pending() == []


if __name__ == "__main__":
    containers()
    scripts()
    streams()
    print("all well")
