"""The client of one server: a shared connection for everything that can share, others beside it for what cannot.

    client = connect("redis://localhost")
    await client.set("key", "value", ex=10)
    one, two = await gatherResults([client.get("a"), client.get("b")])     # one write

Every call returns a Deferred, which a coroutine may await.  Its protocol and its connections are our own: txredisapi,
whose exceptions and habits it keeps, has neither RESP3 and its pushes nor pipelining by default, repeats no
subscription after a reconnection, and reserves a connection of its pool for each command.
"""

from __future__ import annotations

from typing import Any, Self

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import deferLater

from miniredis.client.batch import Pipeline, Transaction, Watching, WatchingTransaction, results_of_exec
from miniredis.client.cache import Cache
from miniredis.client.connection import Connection, Request, first_reply, request_of
from miniredis.client.errors import Loading, UsageError
from miniredis.client.facts import facts_of
from miniredis.client.link import Dialer, Link, Pool, pause_before
from miniredis.client.methods_one_node import OneNodeMethods
from miniredis.client.settings import Settings
from miniredis.client.shapes import T
from miniredis.client.subscriber import Subscriber
from miniredis.client.values import Value, encode, to_python, words_of


class Client(Watching[T], OneNodeMethods[T]):
    """Commands to one server, wherever `dialer` finds it."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self.settings: Settings = dialer.settings
        self.cache: Cache | None = None
        shared = dialer
        if self.settings.cache_size:
            self.cache = Cache(self.settings.cache_size)
            shared = dialer.with_prepared([[b"CLIENT", b"TRACKING", b"ON"]])
        self._link = Link(shared)
        if self.cache is not None:
            self._link.on_push = self.cache.receive
            self._link.on_disconnected = self.cache.clear
        self.pool = Pool(dialer)
        self._subscribers: list[Subscriber[T]] = []

    def execute(self, *words: Value, retry: bool = False) -> Deferred[Any]:
        """Any command.  `retry`: it does no harm twice, so send it again when the connection is lost under it."""
        try:
            plain = words_of(words)
            facts = facts_of(plain)
            if facts.own_form:
                raise UsageError(f"{plain[0].decode(errors='replace')} would change the connection that all share")
        except UsageError as problem:
            return fail(problem)
        return self.run(plain, retry=retry)

    def run(self, words: list[bytes], *, asking: bool = False, retry: bool = False) -> Deferred[Any]:
        """A command that is known to fit.  `asking`: for a slot that this node is about to get."""
        facts = facts_of(words)
        if facts.blocks:
            return Deferred.fromCoroutine(self._run_blocking(words, asking))
        if asking:
            asked = self.send(Request(encode([b"ASKING"]) + encode(words), 2))
            return asked.addCallback(lambda answers: self._reply(answers[1:]))
        if self.cache is not None and facts.cacheable:
            positions = facts.key_positions(words)
            return self.cache.get(words, [words[at] for at in positions], self._execute_plain)
        return self._execute_plain(words, retry or (facts.reads and self.settings.retry_reads))

    def _execute_plain(self, words: list[bytes], retry: bool = False) -> Deferred[Any]:
        answered: Deferred[Any] = self.send(Request(encode(words), retry=retry))
        answered.addCallback(self._reply)
        answered.addErrback(self._after_loading, words, retry, 1)
        return answered

    def send(self, request: Request) -> Deferred[list[object]]:
        """A request as it is, on the shared connection."""
        return self._link.request(request)

    def _reply(self, answers: list[object]) -> Any:
        return to_python(first_reply(answers), self.settings.decode_responses)

    def _after_loading(self, failure: Any, words: list[bytes], retry: bool, attempt: int) -> Any:
        """A server that reads its data has done nothing: ask again a little later."""
        if not failure.check(Loading) or attempt >= self.settings.attempts:
            return failure
        pause = pause_before(attempt, self.settings)
        again: Deferred[Any] = deferLater(self._dialer.reactor, pause, lambda: None)
        again.addCallback(lambda _: self.send(Request(encode(words), retry=retry)))
        again.addCallback(self._reply)
        again.addErrback(self._after_loading, words, retry, attempt + 1)
        return again

    async def _run_blocking(self, words: list[bytes], asking: bool) -> Any:
        connection = await self.pool.take()
        try:
            if asking:
                first_reply(await connection.send(request_of([b"ASKING"])))
            return self._reply(await connection.send(Request(encode(words), waits=True)))
        finally:
            # A call that was cancelled leaves its reply to come: then the connection is given up with it.
            self.pool.give_back(connection)

    # Several commands as one.

    def pipeline(self) -> Pipeline[T]:
        """Commands that leave in one write.  (All of one turn of the reactor do so anyway.)"""
        return Pipeline(self)

    def transaction(self) -> Transaction[T]:
        """MULTI and EXEC around what is called on it."""
        return Transaction(self)

    def watch(self, *keys: Value) -> WatchingTransaction[T]:
        """A transaction that is done only if nobody else has changed `keys` meanwhile; WatchError otherwise."""
        return WatchingTransaction(lambda: succeed(self.pool), self.settings.decode_responses, keys)

    def send_batch(self, commands: list[list[bytes]], transaction: bool) -> Deferred[list[Any]]:
        """For Batch."""
        for words in commands:
            if facts_of(words).own_form or (not transaction and facts_of(words).blocks):
                name = words[0].decode(errors="replace")
                return fail(UsageError(f"{name} does not belong on the connection that all share"))
        decode = self.settings.decode_responses
        if not transaction:
            sent: Deferred[Any] = self.send(request_of(*commands))
            return sent.addCallback(to_python, decode)
        answered: Deferred[Any] = self.send(request_of([b"MULTI"], *commands, [b"EXEC"]))
        answered.addCallback(results_of_exec, [words[0] for words in commands])
        return answered.addCallback(to_python, decode)

    # Connections of their own.

    def subscriber(self, most_queued: int = 1000) -> Subscriber[T]:
        """For channels and patterns; it has a connection of its own and subscribes again after a reconnection."""
        subscriber: Subscriber[T] = Subscriber(
            Link(self._dialer, tenacious=True), self.settings.decode_responses, most_queued
        )
        self._subscribers.append(subscriber)
        return subscriber

    def exclusive(self) -> Deferred[Connection]:
        """A connection for one's own use, to be given back by `release`."""
        return Deferred.fromCoroutine(self._take())

    async def _take(self) -> Connection:
        return await self.pool.take()

    def release(self, connection: Connection) -> None:
        self.pool.give_back(connection)

    def moved(self, why: str) -> None:
        """The server is another one now: let go of all connections to the old one."""
        self._link.reconnect(why)
        self.pool.drop_idle()
        for subscriber in self._subscribers:
            subscriber.link.reconnect(why)

    def close(self) -> None:
        """What waits fails with ClientClosed, what is under way with ConnectionLost."""
        self._link.close()
        self.pool.close()
        for subscriber in self._subscribers:
            subscriber.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *problem: object) -> None:
        self.close()
