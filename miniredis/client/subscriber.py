"""Pub/sub: messages of channels, patterns and shard channels, for as long as they are wanted.

    async with client.subscriber() as news:
        await news.subscribe("weather")
        async for message in news:
            ...

What is subscribed to is remembered here and asked for again on each new connection; what was published in between is
lost, as Redis has it, and a message of kind "reconnected" says where.  A slow reader stops the connection from being
read, so memory stays bounded; a very slow one is disconnected by the server (client-output-buffer-limit).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Self

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.logger import Logger

from miniredis.client.connection import Connection, Request
from miniredis.client.errors import ClientClosed, RedisError
from miniredis.client.link import Link
from miniredis.client.shapes import T
from miniredis.client.values import Value, encode, to_bytes, to_python

log: Final = Logger()
#: Kind of a message -> the command of its subscription.
SUBSCRIBE: Final = {b"message": b"SUBSCRIBE", b"pmessage": b"PSUBSCRIBE", b"smessage": b"SSUBSCRIBE"}
UNSUBSCRIBE: Final = {b"message": b"UNSUBSCRIBE", b"pmessage": b"PUNSUBSCRIBE", b"smessage": b"SUNSUBSCRIBE"}
KIND_OF_CONFIRMATION: Final = {
    command.lower(): (kind, table is SUBSCRIBE) for table in (SUBSCRIBE, UNSUBSCRIBE) for kind, command in table.items()
}


@dataclass(frozen=True)
class Message(Generic[T]):
    """`kind` is "message", "pmessage", "smessage", or "reconnected" (then the rest is empty)."""

    kind: str
    channel: T
    data: T
    #: The pattern that the channel matched, of a pmessage.
    pattern: T | None = None


Listener = Callable[[Message[T]], object]


class Subscriber(Generic[T]):
    """Reads messages by `async for`, by `next()`, or gives them to listeners."""

    def __init__(self, link: Link, decode: bool, most_queued: int = 1000) -> None:
        self.link = link
        self._decode = decode
        self._most_queued = most_queued
        #: (kind, name) -> listener; None: messages are queued.
        self._wanted: dict[tuple[bytes, bytes], Listener[T] | None] = {}
        self._confirmations: dict[tuple[bytes, bytes, bool], list[Deferred[None]]] = {}
        self._queue: deque[Message[T]] = deque()
        self._reader: Deferred[Message[T]] | None = None
        self._paused = False
        self._connected_before = False
        self._closed = False
        link.on_push = self._pushed
        link.on_connected = self._connected

    # What is wanted.

    def subscribe(self, *channels: Value, listener: Listener[T] | None = None) -> Deferred[Any]:
        """Listen to channels; the Deferred fires when the server has confirmed all."""
        return self._want(b"message", channels, listener)

    def psubscribe(self, *patterns: Value, listener: Listener[T] | None = None) -> Deferred[Any]:
        """Listen to all channels that match."""
        return self._want(b"pmessage", patterns, listener)

    def ssubscribe(self, *channels: Value, listener: Listener[T] | None = None) -> Deferred[Any]:
        """Listen to shard channels."""
        return self._want(b"smessage", channels, listener)

    def unsubscribe(self, *channels: Value) -> Deferred[Any]:
        """Listen no longer; without names, to no channel."""
        return self._unwant(b"message", channels)

    def punsubscribe(self, *patterns: Value) -> Deferred[Any]:
        """Listen no longer to patterns; without names, to none."""
        return self._unwant(b"pmessage", patterns)

    def sunsubscribe(self, *channels: Value) -> Deferred[Any]:
        """Listen no longer to shard channels; without names, to none."""
        return self._unwant(b"smessage", channels)

    def _want(self, kind: bytes, values: tuple[Value, ...], listener: Listener[T] | None) -> Deferred[Any]:
        names = [to_bytes(value) for value in values]
        for name in names:
            self._wanted[kind, name] = listener
        self.link.start()
        return self._ask(SUBSCRIBE[kind], kind, names, True)

    def _unwant(self, kind: bytes, values: tuple[Value, ...]) -> Deferred[Any]:
        names = [to_bytes(value) for value in values] or [name for each, name in self._wanted if each == kind]
        for name in names:
            self._wanted.pop((kind, name), None)
        return self._ask(UNSUBSCRIBE[kind], kind, names, False)

    def _ask(self, command: bytes, kind: bytes, names: list[bytes], begins: bool) -> Deferred[Any]:
        if self._closed:
            raise ClientClosed("the subscriber is closed")
        connection = self.link.connection
        if not names or (connection is None and not begins):
            return succeed(None)
        if connection is not None:
            connection.send(Request(encode([command, *names]), 0))
        waiting = []
        for name in names:
            confirmed: Deferred[None] = Deferred()
            self._confirmations.setdefault((kind, name, begins), []).append(confirmed)
            waiting.append(confirmed)
        return gatherResults(waiting, consumeErrors=True).addCallback(lambda _: None)

    def _connected(self, connection: Connection) -> None:
        if self._paused:
            connection.pause()
        for kind, command in SUBSCRIBE.items():
            names = [name for each, name in self._wanted if each == kind]
            if names:
                connection.send(Request(encode([command, *names]), 0))
        # Whoever waits for an end has it: the new connection was never told.
        for key in [key for key in self._confirmations if not key[2]]:
            self._confirm(key)
        if self._connected_before and any(listener is None for listener in self._wanted.values()):
            nothing: Any = "" if self._decode else b""
            self._queue_message(Message("reconnected", nothing, nothing))
        self._connected_before = True

    # What comes.

    def _pushed(self, items: list[object]) -> None:
        kind = items[0]
        if not isinstance(kind, bytes):
            return
        if kind in KIND_OF_CONFIRMATION:
            of, begins = KIND_OF_CONFIRMATION[kind]
            name = items[1]
            if isinstance(name, bytes):
                if not begins and (of, name) in self._wanted and (of, name, False) not in self._confirmations:
                    # The server ended it (a shard channel whose slot has moved): a new connection finds its place.
                    self.link.reconnect("the server ended a subscription")
                self._confirm((of, name, begins))
            return
        if kind not in SUBSCRIBE:
            return
        values = [to_python(item, self._decode) for item in items[1:]]
        name = items[1]
        if kind == b"pmessage":
            message = Message("pmessage", values[1], values[2], values[0])
        else:
            message = Message(kind.decode(), values[0], values[1])
        assert isinstance(name, bytes)
        listener = self._wanted.get((kind, name))
        if listener is None:
            self._queue_message(message)
            return
        try:
            listener(message)
        except Exception:
            log.failure("a listener to {name} failed", name=name)

    def _confirm(self, key: tuple[bytes, bytes, bool]) -> None:
        for confirmed in self._confirmations.pop(key, []):
            if not confirmed.called:
                confirmed.callback(None)

    def _queue_message(self, message: Message[T]) -> None:
        if self._reader is not None:
            reader, self._reader = self._reader, None
            reader.callback(message)
            return
        self._queue.append(message)
        if len(self._queue) >= self._most_queued and not self._paused and self.link.connection is not None:
            self._paused = True
            self.link.connection.pause()

    def next(self) -> Deferred[Message[T]]:
        """The next message that no listener takes."""
        if self._queue:
            message = self._queue.popleft()
            if self._paused and len(self._queue) <= self._most_queued // 2:
                self._paused = False
                if self.link.connection is not None:
                    self.link.connection.resume()
            return succeed(message)
        if self._closed:
            raise ClientClosed("the subscriber is closed")
        if self._reader is not None:
            raise RuntimeError("somebody waits for the next message already")
        self._reader = Deferred(self._reader_gone)
        return self._reader

    def _reader_gone(self, reader: Deferred[Message[T]]) -> None:
        self._reader = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message[T]:
        """Ends when the subscriber is closed."""
        try:
            return await self.next()
        except ClientClosed:
            raise StopAsyncIteration from None

    def close(self) -> None:
        self._closed = True
        self.link.close()
        problem: RedisError = ClientClosed("the subscriber is closed")
        if self._reader is not None:
            reader, self._reader = self._reader, None
            reader.errback(problem)
        waiting, self._confirmations = self._confirmations, {}
        for several in waiting.values():
            for confirmed in several:
                if not confirmed.called:
                    confirmed.errback(problem)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *problem: object) -> None:
        self.close()
