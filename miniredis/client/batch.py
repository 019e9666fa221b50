"""Several commands as one: pipelines, transactions, and transactions that watch keys.

A pipeline and a transaction are one write and, whatever happens, all or no bytes of it.  WATCH belongs to a connection,
so a transaction that watches has one of its own; if that breaks, so does the transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Generic, Protocol, Self

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from miniredis.client.base import Commands, Script, raise_first
from miniredis.client.connection import Connection, Request, first_reply, request_of
from miniredis.client.errors import CommandError, ExecAborted, RedisError, UsageError, WatchError, exception_of
from miniredis.client.link import Pool
from miniredis.client.methods_one_node import OneNodeMethods
from miniredis.client.shapes import Shape, T, shaped
from miniredis.client.values import Value, encode, to_python, words_of
from miniredis.resp.errors import ReplyError


class Sender(Protocol):
    """Sends the commands of a batch to where they belong; their results, errors among them."""

    def send_batch(self, commands: list[list[bytes]], transaction: bool) -> Deferred[list[Any]]: ...


class Later(Deferred[Any]):
    """One reply of a batch.  Nobody need look at it: an error that nobody sees here is told by the batch."""

    is_wanted = False

    def addCallbacks(self, *arguments: Any, **named: Any) -> Any:
        self.is_wanted = True
        return super().addCallbacks(*arguments, **named)

    def addCallback(self, *arguments: Any, **named: Any) -> Any:
        self.is_wanted = True
        return super().addCallback(*arguments, **named)

    def addErrback(self, *arguments: Any, **named: Any) -> Any:
        self.is_wanted = True
        return super().addErrback(*arguments, **named)

    def addBoth(self, *arguments: Any, **named: Any) -> Any:
        self.is_wanted = True
        return super().addBoth(*arguments, **named)

    def fail(self, failure: Failure) -> None:
        if not self.is_wanted:
            self.addErrback(lambda failure: None)
        self.errback(failure)


class Batch(Commands[T]):
    """Commands that are gathered.  Each call returns a Deferred of its own reply; `execute_all` returns all."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._commands: list[list[bytes]] = []
        self._deferreds: list[Later] = []
        #: How the typed methods want their replies.
        self._shapes: list[Shape | None] = []
        self._over = False
        #: Of everything, in order, after the end of `async with`.
        self.results: list[Any] = []

    def __len__(self) -> int:
        return len(self._commands)

    def execute(self, *words: Value) -> Deferred[Any]:
        return self._gather(None, words)

    def execute_as(self, shape: Shape, *words: Value) -> Deferred[Any]:
        return self._gather(shape, words)

    def _gather(self, shape: Shape | None, words: tuple[Value, ...]) -> Deferred[Any]:
        if self._over:
            raise UsageError("these commands have been sent already")
        self._commands.append(words_of(words))
        self._shapes.append(shape)
        deferred = Later()
        self._deferreds.append(deferred)
        return deferred

    def script(self, source: Value, *, reads_only: bool = False) -> Script:
        """A script among these commands is sent with its text: what was gathered cannot be asked a second time."""
        return Script(self, source, reads_only=reads_only, by_text=True)

    async def _send(self) -> list[Any]:
        return await self._sender.send_batch(self._commands, False)

    async def execute_all(self, *, raise_errors: bool = True) -> list[Any]:
        """Send what was gathered.  Without `raise_errors` error replies are among the results."""
        self._over = True
        if not self._commands:
            return []
        try:
            self.results = [
                reply if isinstance(reply, RedisError) else shaped(reply, shape)
                for reply, shape in zip(await self._send(), self._shapes, strict=True)
            ]
        except BaseException as problem:
            self._fail(problem)
            raise
        for deferred, result in zip(self._deferreds, self.results, strict=True):
            if isinstance(result, RedisError):
                deferred.fail(Failure(result))
            else:
                deferred.callback(result)
        return raise_first(self.results) if raise_errors else self.results

    def _fail(self, problem: BaseException) -> None:
        self._over = True
        for deferred in self._deferreds:
            if not deferred.called:
                deferred.fail(Failure(problem))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if problem is None:
            if not self._over:
                await self.execute_all()
        else:
            self._fail(problem)


class Pipeline(Batch[T], OneNodeMethods[T]):
    """`async with client.pipeline() as pipe: pipe.set(...); pipe.get(...)`, then `pipe.results`."""


def results_of_exec(answers: list[object], names: list[bytes]) -> list[object]:
    """From the replies of MULTI, the commands and EXEC to those of the commands."""
    outcome = answers[-1]
    if isinstance(outcome, ReplyError):
        for answer, name in zip(answers[1:-1], names, strict=True):
            if isinstance(answer, ReplyError):
                refused = exception_of(answer)
                if isinstance(exception_of(outcome), ExecAborted):
                    raise ExecAborted(f"EXECABORT {name.decode(errors='replace')} was refused: {refused}") from refused
                raise refused
        raise exception_of(outcome)
    if outcome is None:
        raise WatchError("a watched key was changed")
    if not isinstance(outcome, list):
        raise CommandError("ERR what came is no reply to EXEC")
    return outcome


class Transaction(Batch[T], OneNodeMethods[T]):
    """`async with client.transaction() as tx: tx.incr(...)`: MULTI ... EXEC in one write."""

    async def _send(self) -> list[Any]:
        return await self._sender.send_batch(self._commands, True)


class WatchingTransaction(Batch[T], OneNodeMethods[T]):
    """`async with client.watch("k") as tx`: commands are done at once until `tx.multi()`, then gathered for EXEC."""

    def __init__(self, find_pool: Callable[[], Deferred[Pool]], decode: bool, keys: tuple[Value, ...]) -> None:
        super().__init__(self)
        self._find_pool = find_pool
        self._pool: Pool | None = None
        self._decode = decode
        self._keys = keys
        self._connection: Connection | None = None
        self._gathers = False

    def send_batch(self, commands: list[list[bytes]], transaction: bool) -> Deferred[list[Any]]:
        answered: Deferred[Any] = self._connected().send(request_of(["MULTI"], *commands, ["EXEC"]))
        answered.addCallback(results_of_exec, [words[0] for words in commands])
        return answered.addCallback(to_python, self._decode)

    def _connected(self) -> Connection:
        if self._connection is None:
            raise UsageError("a transaction that watches is used in `async with`")
        return self._connection

    def multi(self) -> None:
        """From here on commands are gathered."""
        self._gathers = True

    def execute(self, *words: Value) -> Deferred[Any]:
        connection = self._connected()
        if self._gathers:
            return self._gather(None, words)
        sent: Deferred[Any] = connection.send(Request(encode(words_of(words))))
        return sent.addCallback(lambda answers: to_python(first_reply(answers), self._decode))

    def execute_as(self, shape: Shape, *words: Value) -> Deferred[Any]:
        if self._gathers:
            return self._gather(shape, words)
        return self.execute(*words).addCallback(shaped, shape)

    async def __aenter__(self) -> WatchingTransaction[T]:
        self._pool = await self._find_pool()
        self._connection = await self._pool.take()
        try:
            first_reply(await self._connection.send(request_of(["WATCH", *self._keys])))
        except BaseException:
            self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self._connected()
        try:
            if problem is None and not self._over and self._commands:
                await self.execute_all()
            else:
                if problem is not None:
                    self._fail(problem)
                if connection.alive:
                    await connection.send(request_of(["UNWATCH"]))
        except RedisError:
            if problem is None:
                raise
        finally:
            self._leave()

    def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._pool is not None:
            self._pool.give_back(connection)


class Watching(Commands[T], Generic[T]):
    """What can watch keys can repeat a transaction until nobody else was in between."""

    def watch(self, *keys: Value) -> WatchingTransaction[T]:
        raise NotImplementedError

    async def transact(
        self, work: Callable[[WatchingTransaction[T]], Awaitable[Any]], *keys: Value, attempts: int = 20
    ) -> list[Any]:
        """`work(tx)` in a transaction that watches `keys`, again as long as others change them; its results."""
        for attempt in range(1, attempts + 1):
            transaction = self.watch(*keys)
            try:
                async with transaction:
                    await work(transaction)
            except WatchError:
                if attempt == attempts:
                    raise
            else:
                return transaction.results
        raise UsageError("at least one attempt is needed")
