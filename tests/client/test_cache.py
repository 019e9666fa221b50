"""Client-side caching: nothing stale, nothing without bound."""

from __future__ import annotations

import pytest

from miniredis.client.cache import Cache
from miniredis.client.errors import AddressError, WrongType

from client.network import Network
from client.test_client import outcome


@pytest.fixture
def network() -> Network:
    network = Network()
    network.serve()
    return network


def test_what_was_read_is_not_asked_again_until_it_changes(network):
    client, other = network.client(cache_size=100), network.client()
    network.wait(other.set("a", 1))
    assert network.wait(client.get("a")) == b"1"
    assert network.wait(client.get("a")) == b"1"
    assert (client.cache.hits, client.cache.misses) == (1, 1)
    network.wait(other.set("a", 2))
    assert network.wait(client.get("a")) == b"2"
    network.wait(client.set("a", 3))
    assert network.wait(client.get("a")) == b"3"
    assert client.cache.invalidations == 2


def test_every_command_of_a_key_is_invalidated(network):
    client, other = network.client(cache_size=100), network.client()
    network.wait(other.hset("h", {"a": 1}))
    assert network.wait(client.hget("h", "a")) == b"1"
    whole = network.wait(client.hgetall("h"))
    whole[b"b"] = b"the caller's own"
    assert network.wait(client.hgetall("h")) == {b"a": b"1"}
    network.wait(client.mget("x", "h2", "h3"))
    assert len(client.cache) == 3
    network.wait(other.hset("h", {"a": 2}))
    assert len(client.cache) == 1
    network.wait(other.set("x", 1))
    assert network.wait(client.mget("x", "h2", "h3")) == [b"1", None, None]


def test_a_reply_overtaken_by_its_invalidation_is_not_kept(network):
    client, other = network.client(cache_size=100), network.client()
    network.wait(client.ping())
    network.frozen.add(6379)
    first = outcome(client.get("a"))
    network.pump()
    network.frozen.clear()
    # Both travel in one segment: the reply, then that it is not true any more.
    network.servers[6379].connect().call(b"SET", b"a", b"1")
    network.pump()
    assert first == [None]
    assert network.wait(client.get("a")) == b"1"
    assert network.wait(other.get("a")) == b"1"


def test_a_change_during_the_reading_is_heard():
    from twisted.internet.defer import Deferred

    cache = Cache(10)
    reply: Deferred[bytes] = Deferred()
    found = outcome(cache.get([b"get", b"a"], [b"a"], lambda words: reply))
    cache.receive([b"invalidate", [b"a"]])
    reply.callback(b"old")
    assert (found, len(cache)) == ([b"old"], 0)
    again: Deferred[bytes] = Deferred()
    outcome(cache.get([b"get", b"a"], [b"a"], lambda words: again))
    cache.receive([b"invalidate", None])
    again.callback(b"old")
    cache.receive([b"something", b"else"])
    assert len(cache) == 0


def test_the_cache_is_emptied_with_the_connection_and_by_flushall(network):
    client = network.client(cache_size=100)
    network.wait(client.get("a"))
    network.cut()
    assert len(client.cache) == 0
    network.wait(client.get("a"), 1)
    network.wait(network.client().flushall())
    network.wait(client.ping())
    assert len(client.cache) == 0


def test_the_least_used_reply_goes_first(network):
    client = network.client(cache_size=2)
    for key in ("a", "b", "a", "c"):
        network.wait(client.get(key))
    assert client.cache.hits == 1
    network.wait(client.get("a"))
    network.wait(client.get("c"))
    assert client.cache.hits == 3
    network.wait(client.get("b"))
    assert client.cache.misses == 4
    assert len(client.cache) == 2


def test_errors_are_not_kept_and_other_commands_not_cached(network):
    client = network.client(cache_size=10)
    network.wait(client.rpush("list", 1))
    for _ in range(2):
        with pytest.raises(WrongType):
            network.wait(client.get("list"))
    network.wait(client.ttl("list"))
    network.wait(client.randomkey())
    assert len(client.cache) == 0
    with pytest.raises(AddressError):
        network.client(cache_size=10, protocol=2)
