"""One run: some clients, each with a pipeline of requests under way, until enough were answered or time is over.

A client sends a batch, waits for all of its replies, notes the time for each request of it, and sends the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, FirstError, succeed
from twisted.internet.endpoints import connectProtocol
from twisted.internet.interfaces import IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from miniredis.benchmark.histogram import Histogram
from miniredis.benchmark.replies import BadReply, ReplyCounter
from miniredis.benchmark.workloads import Workload


class LoadFailed(Exception):
    """The run has no result."""


@dataclass
class Shape:
    """How much load: so many requests or, when `duration_s` is not 0, as many as that time allows."""

    clients: int = 50
    pipeline: int = 1
    requests: int = 100_000
    duration_s: float = 0.0
    #: Sent by each client before anything else: AUTH, HELLO, SELECT.
    greeting: list[bytes] = field(default_factory=list)


@dataclass
class Result:
    """What a run gave."""

    name: str
    requests: int
    seconds: float
    errors: int
    first_error: str
    latencies: Histogram

    @property
    def rps(self) -> float:
        return self.requests / self.seconds if self.seconds > 0 else 0.0


class LoadClient(Protocol):
    """One connection of a run."""

    out: Any

    def __init__(self, run: Run) -> None:
        self.run = run
        self.replies = ReplyCounter()
        self.greetings = 0  # replies to the greeting that are still to come
        self.waiting = 0
        self.batch = 0
        self.sent_at = 0.0

    def connectionMade(self) -> None:
        self.out = self.transport
        if ITCPTransport.providedBy(self.out):
            self.out.setTcpNoDelay(True)

    def begin(self) -> None:
        greeting = self.run.shape.greeting
        self.greetings = len(greeting)
        if greeting:
            self.out.write(b"".join(greeting))
        else:
            self.send()

    def send(self) -> None:
        """The next batch, if there is one."""
        count = self.run.take()
        if count == 0:
            self.run.idle(self)
            return
        self.batch = self.waiting = count
        self.out.write(self.run.workload.requests(count, self.run.random))
        self.sent_at = self.run.reactor.seconds()

    def dataReceived(self, data: bytes) -> None:
        try:
            count = self.replies.feed(data)
        except BadReply as problem:
            self.run.fail(LoadFailed(f"no reply: {problem}"))
            return
        if self.greetings and count:
            greeted = min(self.greetings, count)
            self.greetings -= greeted
            count -= greeted
            if self.greetings:
                return
            if self.replies.errors:
                self.run.fail(LoadFailed(self.replies.first_error.decode("latin-1")))
                return
            self.send()
            return
        self.waiting -= count
        if self.waiting <= 0 and self.batch:
            spent_s = self.run.reactor.seconds() - self.sent_at
            self.run.answered(self.batch, round(spent_s * 1e6))
            self.batch = 0
            self.send()

    def connectionLost(self, reason: Failure | None = None) -> None:
        if not self.run.is_over:
            self.run.fail(LoadFailed(f"a connection was lost: {reason.getErrorMessage() if reason else ''}"))


class Run:
    """A run against one server; `start` gives its Result."""

    def __init__(
        self, reactor: Any, endpoint: IStreamClientEndpoint, workload: Workload, shape: Shape, seed: int
    ) -> None:
        self.reactor = reactor
        self.endpoint = endpoint
        self.workload = workload
        self.shape = shape
        self.random = Random(seed)
        self.latencies = Histogram()
        #: Since it was last asked for by `lately`.
        self._recent = 0
        self.done = 0
        self.is_over = False
        self._left = shape.requests
        self._clients: list[LoadClient] = []
        self._idle = 0
        self._started_at = 0.0
        self._recent_at = 0.0
        self._finished: Deferred[Result] = Deferred()
        self._timer: Any = None

    def start(self) -> Deferred[Result]:
        connecting = [
            connectProtocol(self.endpoint, LoadClient(self)).addCallback(self._clients.append)
            for _ in range(self.shape.clients)
        ]
        DeferredList(connecting, fireOnOneErrback=True, consumeErrors=True).addCallbacks(self._begin, self._refused)
        return self._finished

    def _refused(self, failure: Failure) -> None:
        problem = failure.value
        if isinstance(problem, FirstError):
            problem = problem.subFailure.value
        self.fail(LoadFailed(f"cannot connect: {problem}"))

    def _begin(self, connected: object) -> None:
        self._started_at = self._recent_at = self.reactor.seconds()
        if self.shape.duration_s > 0:
            self._timer = self.reactor.callLater(self.shape.duration_s, self._time_is_over)
        for client in list(self._clients):
            if not self.is_over:
                client.begin()

    def _time_is_over(self) -> None:
        self._timer = None
        self._left = 0

    def take(self) -> int:
        """How many requests the next batch has."""
        count = min(self.shape.pipeline, self._left)
        if self.shape.duration_s <= 0 or self._left == 0:
            self._left -= count
        return count

    def answered(self, count: int, spent_us: int) -> None:
        self.done += count
        self._recent += count
        self.latencies.record(spent_us, count)

    def lately(self) -> float:
        """Requests a second since the last call."""
        now = self.reactor.seconds()
        spent, count = now - self._recent_at, self._recent
        self._recent_at, self._recent = now, 0
        return count / spent if spent > 0 else 0.0

    def overall(self) -> float:
        spent = self.reactor.seconds() - self._started_at
        return self.done / spent if spent > 0 else 0.0

    def idle(self, client: LoadClient) -> None:
        self._idle += 1
        if self._idle == self.shape.clients:
            errors = sum(each.replies.errors for each in self._clients)
            first = next((each.replies.first_error for each in self._clients if each.replies.first_error), b"")
            seconds = self.reactor.seconds() - self._started_at
            result = Result(self.workload.name, self.done, seconds, errors, first.decode("latin-1"), self.latencies)
            self._end()
            self._finished.callback(result)

    def fail(self, problem: LoadFailed) -> None:
        if not self.is_over:
            self._end()
            self._finished.errback(problem)

    def _end(self) -> None:
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for client in self._clients:
            client.out.loseConnection()


class Preparation(Protocol):
    """Sends some requests on a connection of its own, and is done when all are answered."""

    out: Any

    def __init__(self, requests: list[bytes]) -> None:
        self.requests = requests
        self.replies = ReplyCounter()
        self.left = len(requests)
        self.done: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.out = self.transport
        self.out.write(b"".join(self.requests))

    def dataReceived(self, data: bytes) -> None:
        self.left -= self.replies.feed(data)
        if self.left <= 0:
            self.out.loseConnection()

    def connectionLost(self, reason: Failure | None = None) -> None:
        if self.replies.errors:
            self.done.errback(LoadFailed(self.replies.first_error.decode("latin-1")))
        elif self.left > 0:
            self.done.errback(LoadFailed("the connection was lost before the test"))
        else:
            self.done.callback(None)


def prepare(endpoint: IStreamClientEndpoint, workload: Workload, greeting: list[bytes]) -> Deferred[None]:
    """Do what a test needs to find done."""
    if not workload.before:
        return succeed(None)

    def connected(protocol: Preparation) -> Deferred[None]:
        return protocol.done

    def refused(failure: Failure) -> None:
        raise LoadFailed(f"cannot connect: {failure.getErrorMessage()}")

    connecting: Deferred[Any] = connectProtocol(endpoint, Preparation([*greeting, *workload.preparation()]))
    return connecting.addCallbacks(connected, refused)
