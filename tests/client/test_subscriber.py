"""Channels and patterns, across reconnections."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError

from miniredis.client.errors import ClientClosed
from miniredis.client.subscriber import Message

from client.network import Network
from client.test_client import outcome


@pytest.fixture
def network() -> Network:
    network = Network()
    network.serve()
    return network


@pytest.fixture(params=[2, 3])
def clients(request, network):
    url = f"redis://localhost?protocol={request.param}"
    return network.client(url), network.client(url)


def test_messages_are_read_in_order(network, clients):
    reader, writer = clients

    async def work() -> Any:
        async with reader.subscriber() as news:
            await news.subscribe("a", "b")
            await news.psubscribe("c*")
            assert await writer.publish("a", 1) == 1
            await writer.publish("b", 2)
            await writer.publish("cat", 3)
            return [await news.next() for _ in range(3)]

    assert network.wait(work()) == [
        Message("message", b"a", b"1"),
        Message("message", b"b", b"2"),
        Message("pmessage", b"cat", b"3", b"c*"),
    ]


def test_messages_are_iterated_until_the_end(network, clients):
    reader, writer = clients
    news = reader.subscriber()
    network.wait(news.subscribe("a"))
    found = []

    async def read() -> str:
        async for message in news:
            found.append(message.data)
        return "over"

    from twisted.internet.defer import Deferred

    over = outcome(Deferred.fromCoroutine(read()))
    network.wait(writer.publish("a", 1))
    network.wait(writer.publish("a", 2))
    news.close()
    network.pump()
    assert (found, over) == ([b"1", b"2"], ["over"])
    with pytest.raises(ClientClosed):
        news.subscribe("b")
    with pytest.raises(ClientClosed):
        news.next()


def test_listeners_get_their_messages_and_may_fail(network, clients):
    reader, writer = clients
    news = reader.subscriber()
    got: list[Message[bytes]] = []

    def fails(message: Message[bytes]) -> None:
        raise KeyError(message)

    network.wait(news.subscribe("a", listener=got.append))
    network.wait(news.subscribe("b", listener=fails))
    network.wait(writer.publish("b", 1))
    network.wait(writer.publish("a", 2))
    assert [message.data for message in got] == [b"2"]


def test_unsubscribing(network, clients):
    reader, writer = clients
    news = reader.subscriber()
    network.wait(news.unsubscribe("never"))
    network.wait(news.subscribe("a", "b"))
    network.wait(news.psubscribe("p*"))
    network.wait(news.ssubscribe("s"))
    network.wait(news.unsubscribe("a"))
    assert network.wait(writer.publish("a", 1)) == 0
    assert network.wait(writer.publish("b", 1)) == 1
    network.wait(news.unsubscribe())
    network.wait(news.punsubscribe("p*"))
    assert network.wait(writer.publish("b", 1)) == 0
    assert network.wait(writer.publish("pp", 1)) == 0
    assert network.wait(writer.spublish("s", 1)) == 1
    network.wait(news.sunsubscribe())
    assert network.wait(writer.spublish("s", 1)) == 0


def test_subscriptions_survive_the_connection(network, clients):
    reader, writer = clients
    news = reader.subscriber()
    network.wait(news.subscribe("a"))
    network.wait(news.psubscribe("p*"))
    network.wait(news.ssubscribe("s"))
    network.down.add(6379)
    network.cut()
    network.advance(30)
    network.down.clear()
    network.advance(10)
    assert network.wait(writer.publish("a", 1), 1) == 1
    assert network.wait(writer.publish("pp", 2)) == 1
    assert network.wait(writer.spublish("s", 3)) == 1
    kinds = [network.wait(news.next()).kind for _ in range(4)]
    assert kinds == ["reconnected", "message", "pmessage", "smessage"]
    assert reader.settings.attempts < network.attempts


def test_what_is_asked_for_without_a_connection_comes_with_it(network, clients):
    reader, writer = clients
    network.down.add(6379)
    news = reader.subscriber()
    confirmed = outcome(news.subscribe("a"))
    network.advance(1)
    assert not confirmed
    network.down.clear()
    network.advance(10)
    assert confirmed == [None]


def test_an_end_under_way_is_reached_when_the_connection_goes(network, clients):
    reader, _ = clients
    news = reader.subscriber()
    network.wait(news.subscribe("a", "b"))
    network.frozen.add(6379)
    ended = outcome(news.unsubscribe("a"))
    network.pump()
    network.cut()
    network.frozen.clear()
    network.advance(1)
    assert ended == [None]
    assert network.wait(network.client().publish("a", 1), 1) == 0


def test_a_slow_reader_stops_the_connection(network, clients):
    reader, writer = clients
    news = reader.subscriber(most_queued=10)
    network.wait(news.subscribe("a"))
    wire = network.alive()[0]
    for number in range(20):
        network.wait(writer.publish("a", number))
    assert wire.is_paused
    found = [network.wait(news.next()).data for _ in range(20)]
    assert found == [b"%d" % number for number in range(20)]
    assert not wire.is_paused


def test_one_reader_at_a_time_and_it_may_give_up(network, clients):
    reader, writer = clients
    news = reader.subscriber()
    network.wait(news.subscribe("a"))
    waiting = news.next()
    found = outcome(waiting)
    with pytest.raises(RuntimeError):
        news.next()
    waiting.cancel()
    assert found[0].check(CancelledError)
    network.wait(writer.publish("a", 1))
    assert network.wait(news.next()).data == b"1"
    last = outcome(news.next())
    pending = outcome(news.subscribe("b"))
    reader.close()
    assert last[0].check(ClientClosed)
    assert pending[0].check(ClientClosed) or pending[0].value.subFailure.check(ClientClosed)
