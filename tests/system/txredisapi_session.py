"""Talks to the server on the given port with txredisapi: `txredisapi_session.py PORT`; prints `all well`."""

from __future__ import annotations

import sys
from typing import Any

import txredisapi
from twisted.internet import defer, endpoints, task


class Listener(txredisapi.SubscriberProtocol):  # type: ignore[misc]
    """Notes what is published."""

    received: defer.Deferred[tuple[str, str]] = defer.Deferred()
    subscribed: defer.Deferred[None] = defer.Deferred()

    def connectionMade(self) -> Any:
        ready = super().connectionMade()
        self.subscribe("news")
        return ready

    def messageReceived(self, pattern: str, channel: str, message: object) -> None:
        if message == "hello":
            self.received.callback((channel, str(message)))
        elif not self.subscribed.called:
            self.subscribed.callback(None)


class ListenerFactory(txredisapi.SubscriberFactory):  # type: ignore[misc]
    protocol = Listener
    reconnect = False


async def session(reactor: Any, port: int) -> None:
    pool = await txredisapi.ConnectionPool("127.0.0.1", port, poolsize=3, reconnect=False)
    assert await pool.set("k", "v") == "OK"
    assert await pool.get("k") == "v"
    assert await pool.incr("n") == 1
    await pool.hmset("h", {"f": "1", "g": "2"})
    assert await pool.hgetall("h") == {"f": 1, "g": 2}
    await pool.zadd("z", 1, "a", 2, "b")
    assert await pool.zrange("z", 0, -1) == ["a", "b"]
    assert await pool.sadd("s", ["x", "y"]) == 2
    assert sorted(await pool.smembers("s")) == ["x", "y"]
    assert sorted(await defer.gatherResults([pool.rpush("l", number) for number in range(10)])) == list(range(1, 11))
    transaction = await pool.multi()
    await transaction.set("t", "1")
    await transaction.get("t")
    assert await transaction.commit() == ["OK", 1]
    try:
        await pool.lpush("k", "x")
    except txredisapi.ResponseError as problem:
        assert "WRONGTYPE" in str(problem)
    else:
        raise AssertionError("no error came")
    assert await pool.eval("return ARGV[1]", [], ["x"]) == "x"
    listening = ListenerFactory()
    listening.startConnecting(endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port))
    while await pool.publish("news", "hello") == 0:
        await task.deferLater(reactor, 0.01)
    assert await Listener.received == ("news", "hello")
    await listening.disconnect()
    await pool.disconnect()


def main(reactor: Any) -> Any:
    return defer.ensureDeferred(session(reactor, int(sys.argv[1])))


if __name__ == "__main__":
    try:
        task.react(main)
    except SystemExit as end:
        if not end.code:
            print("all well")
        raise
