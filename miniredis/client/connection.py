"""One connection: requests out, replies in, in the order in which they were sent.

Requests of one turn of the reactor leave in one write.  When the connection breaks, it says which requests had been
sent and which had not: only the caller knows which may be repeated.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from miniredis.client.errors import (
    AuthenticationError,
    ConnectionLost,
    RedisError,
    ReplyTimeout,
    exception_of,
)
from miniredis.client.settings import Settings
from miniredis.client.values import encode, words_of
from miniredis.resp.errors import ProtocolError, ReplyError
from miniredis.resp.replies import Push
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser

#: What RESP2 sends to subscribers looks like any array.
MESSAGE_KINDS: Final = frozenset(
    b"message pmessage smessage subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe".split()
)


class Request:
    """Bytes that leave together, and the Deferred of their replies: a list of `replies` values, errors among them."""

    __slots__ = ("answered", "data", "deferred", "replies", "retry", "sent_at", "times", "waits")

    def __init__(self, data: bytes, replies: int = 1, *, retry: bool = False, waits: bool = False) -> None:
        self.data = data
        self.replies = replies
        #: May be sent again when the connection was lost.
        self.retry = retry
        #: May take as long as it likes.
        self.waits = waits
        self.times = 0
        self.sent_at = 0.0
        self.answered: list[object] = []
        self.deferred: Deferred[list[object]] = Deferred()


def request_of(*commands: Sequence[Any], retry: bool = False) -> Request:
    return Request(b"".join([encode(words_of(command)) for command in commands]), len(commands), retry=retry)


class Connection(Protocol):
    """`on_push` gets the items of pushes, `on_lost` the sent and the unsent requests when it is over."""

    def __init__(self, clock: IReactorTime, settings: Settings, subscribes: bool = False) -> None:
        self._clock = clock
        self._settings = settings
        self._subscribes = subscribes
        self._parser = ReplyParser()
        self._unsent: list[Request] = []
        self._sent: deque[Request] = deque()
        self._flushing = False
        self._reply_timer: IDelayedCall | None = None
        self._problem: RedisError | None = None
        self.alive = False
        #: Replies and pushes that came: a connection that brings none is no success.
        self.received = 0
        #: The protocol that was agreed on.
        self.protocol = 2
        self.on_push: Callable[[list[object]], None] = lambda items: None
        self.on_lost: Callable[[RedisError, list[Request], list[Request]], None] = fail_all

    # Requests.

    def send(self, request: Request) -> Deferred[list[object]]:
        """Leaves at the end of this turn, together with all others."""
        if not self.alive:
            request.deferred.errback(ConnectionLost("the connection is gone"))
            return request.deferred
        self._unsent.append(request)
        if not self._flushing:
            self._flushing = True
            self._clock.callLater(0, self.flush)
        return request.deferred

    def flush(self) -> None:
        """Write what has gathered."""
        self._flushing = False
        if not self._unsent or not self.alive:
            return
        # What was cancelled before it left need not leave.
        leaving = [request for request in self._unsent if not request.deferred.called]
        self._unsent = []
        now = self._clock.seconds()
        for request in leaving:
            request.sent_at = now
            request.times += 1
            if request.replies:
                self._sent.append(request)
        assert self.transport is not None
        self.transport.write(b"".join([request.data for request in leaving]))
        for request in leaving:
            if not request.replies:
                request.deferred.callback([])
        if self._settings.reply_timeout and self._reply_timer is None:
            self._reply_timer = self._clock.callLater(self._settings.reply_timeout, self._check_time)

    def unanswered(self) -> int:
        return len(self._sent) + len(self._unsent)

    def _check_time(self) -> None:
        self._reply_timer = None
        if not self._sent:
            return
        limit = self._settings.reply_timeout
        oldest = self._sent[0]
        left = limit if oldest.waits else oldest.sent_at + limit - self._clock.seconds()
        if left <= 0:
            self.abort(ReplyTimeout(f"no reply within {limit} s"))
        else:
            self._reply_timer = self._clock.callLater(left, self._check_time)

    @inlineCallbacks
    def greet(self, prepare: Sequence[Sequence[bytes]] = ()) -> Generator[Deferred[Any], Any, None]:
        """Agree on a protocol, say who we are, choose the database; then send `prepare`."""
        settings = self._settings
        then: list[list[Any]] = []
        if settings.client_name:
            then.append(["CLIENT", "SETNAME", settings.client_name])
        if settings.db:
            then.append(["SELECT", settings.db])
        then.extend([list(words) for words in prepare])
        user = settings.username or "default"
        if settings.protocol == 3:
            hello: list[Any] = ["HELLO", 3]
            if settings.password:
                hello += ["AUTH", user, settings.password]
            answers = yield self._at_once(hello, *then)
            if not isinstance(answers[0], ReplyError):
                self.protocol = 3
                self._refuse_errors(answers)
                return
            refusal = exception_of(answers[0])
            if isinstance(refusal, AuthenticationError) or refusal.code not in ("ERR", "NOPROTO"):
                raise refusal
        first: list[list[Any]] = []
        if settings.password:
            first.append(["AUTH", *([settings.username] if settings.username else []), settings.password])
        if first or then:
            self._refuse_errors((yield self._at_once(*first, *then)))

    def _at_once(self, *commands: Sequence[Any]) -> Deferred[list[object]]:
        sent = self.send(request_of(*commands))
        self.flush()
        return sent

    def _refuse_errors(self, answers: list[object]) -> None:
        for answer in answers:
            if isinstance(answer, ReplyError):
                raise exception_of(answer)

    # Twisted calls these.

    def connectionMade(self) -> None:
        self.alive = True
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)  # what leaves has been gathered already

    def dataReceived(self, data: bytes) -> None:
        self._parser.feed(data)
        try:
            value = self._parser.next()
            while value is not NEEDS_MORE:
                self._received(value)
                value = self._parser.next()
        except ProtocolError as problem:
            self.abort(ConnectionLost(f"what came is no reply: {problem.message.decode(errors='replace')}"))

    def _received(self, value: object) -> None:
        if isinstance(value, Push):
            self.received += 1
            self.on_push(value.items)
        elif self._subscribes and isinstance(value, list) and value and value[0] in MESSAGE_KINDS:
            self.received += 1
            self.on_push(value)
        elif not self._sent:
            # The server's word on why it closes (too many clients, protected mode).
            text = exception_of(value) if isinstance(value, ReplyError) else "a reply that nobody asked for"
            self.abort(ConnectionLost(str(text)))
        else:
            self.received += 1
            request = self._sent[0]
            request.answered.append(value)
            if len(request.answered) == request.replies:
                self._sent.popleft()
                if not request.deferred.called:
                    request.deferred.callback(request.answered)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.alive = False
        if self._reply_timer is not None:
            self._reply_timer.cancel()
            self._reply_timer = None
        problem = self._problem or ConnectionLost(f"the connection was lost: {reason.getErrorMessage()}")
        sent, self._sent = list(self._sent), deque()
        unsent, self._unsent = self._unsent, []
        self.on_lost(problem, sent, unsent)

    # Ending.

    def abort(self, problem: RedisError) -> None:
        """Give the connection up; everything under way fails with `problem`."""
        if self._problem is None:
            self._problem = problem
        self.alive = False
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]  # every stream transport has it

    def close(self) -> None:
        """After what has been written already."""
        self.flush()
        self.alive = False
        if self.transport is not None:
            self.transport.loseConnection()

    def pause(self) -> None:
        """Read no more for now: the consumer of messages is slower than they come."""
        if self.alive and self.transport is not None:
            self.transport.pauseProducing()  # type: ignore[attr-defined]

    def resume(self) -> None:
        if self.alive and self.transport is not None:
            self.transport.resumeProducing()  # type: ignore[attr-defined]


def fail_all(problem: RedisError, sent: list[Request], unsent: list[Request]) -> None:
    """What an exclusive connection does when it breaks."""
    for request in [*sent, *unsent]:
        if not request.deferred.called:
            request.deferred.errback(problem)


def first_reply(answers: list[object]) -> object:
    """The only reply of a request; an error is raised."""
    reply = answers[0]
    if isinstance(reply, ReplyError):
        raise exception_of(reply)
    return reply
