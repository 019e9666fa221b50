"""How connections come to be: the dialling of one, one that is kept up for ever, and a pool of exclusive ones.

A link is shared by everybody: requests wait while there is no connection, and fail after so many attempts in a row.
What had been sent when a connection broke fails with ConnectionLost, unless its sender allowed a repetition.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any

from twisted.internet import ssl
from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IDelayedCall, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from miniredis.client.connection import Connection, Request
from miniredis.client.errors import (
    AuthenticationError,
    ClientClosed,
    ConnectionFailed,
    ConnectionLost,
    RedisError,
    TooManyWaiting,
)
from miniredis.client.settings import Address, Settings

#: Where the server is now: sentinels are asked for every connection anew.
Locate = Callable[[], Deferred[Address]]
Endpoints = Callable[[Any, Address, Settings], IStreamClientEndpoint]


def tls_options(address: Address, settings: Settings) -> Any:
    """What Twisted needs to check the server's certificate and name, and to show ours."""
    own = None
    if settings.certificate_file:
        texts = []
        for path in (settings.certificate_file, settings.key_file or settings.certificate_file):
            with open(path, "rb") as file:
                texts.append(file.read())
        own = ssl.PrivateCertificate.load(texts[0], ssl.KeyPair.load(texts[1], 1), 1)
    if not settings.verify:
        return ssl.CertificateOptions(
            verify=False,
            **({"privateKey": own.privateKey.original, "certificate": own.original} if own else {}),
        )
    roots = None
    if settings.ca_file:
        with open(settings.ca_file, "rb") as file:
            pem = file.read()
        end = b"-----END CERTIFICATE-----"
        roots = ssl.trustRootFromCertificates(
            [ssl.Certificate.loadPEM(part + end) for part in pem.split(end)[:-1]],
        )
    return ssl.optionsForClientTLS(address.host, roots, own)


def endpoint_of(reactor: Any, address: Address, settings: Settings) -> IStreamClientEndpoint:
    if address.path:
        return UNIXClientEndpoint(reactor, address.path, timeout=settings.connect_timeout)
    plain = HostnameEndpoint(reactor, address.host, address.port, timeout=settings.connect_timeout)
    if not address.tls:
        return plain
    wrapped: IStreamClientEndpoint = wrapClientTLS(tls_options(address, settings), plain)
    return wrapped


def fixed(address: Address) -> Locate:
    return lambda: succeed(address)


class Dialer:
    """Makes connections that are ready for commands.  `prepare` is sent on each of them."""

    def __init__(
        self, reactor: Any, settings: Settings, locate: Locate, prepare: Sequence[Sequence[bytes]] = ()
    ) -> None:
        self.reactor = reactor
        self.settings = settings
        self.prepare = prepare
        self.locate = locate
        #: How an address becomes an endpoint; tests have their own networks.
        self.endpoint: Endpoints = endpoint_of
        #: Looks at a new connection before it is used: whether it is the server that was meant.
        self.check: Callable[[Connection], Deferred[None]] | None = None

    def with_prepared(self, prepare: Sequence[Sequence[bytes]]) -> Dialer:
        """The same server, with more to send on each connection."""
        other = Dialer(self.reactor, self.settings, self.locate, [*self.prepare, *prepare])
        other.check = self.check
        other.endpoint = self.endpoint
        return other

    def dial(self, subscribes: bool = False) -> Deferred[Connection]:
        """A new connection, or ConnectionFailed, or the server's refusal."""
        dialled: Deferred[Connection] = self._dial(subscribes)
        dialled.addTimeout(self.settings.connect_timeout, self.reactor)
        dialled.addErrback(self._explain)
        return dialled

    @inlineCallbacks
    def _dial(self, subscribes: bool) -> Generator[Deferred[Any], Any, Connection]:
        address: Address = yield self.locate()
        factory = Factory.forProtocol(lambda: Connection(self.reactor, self.settings, subscribes))
        factory.noisy = False
        connection: Connection = yield self.endpoint(self.reactor, address, self.settings).connect(factory)
        try:
            yield connection.greet(self.prepare)
            if self.check is not None:
                yield self.check(connection)
        except BaseException:
            connection.abort(ConnectionFailed("the greeting failed"))
            raise
        return connection

    def _explain(self, failure: Failure) -> Failure:
        if failure.check(RedisError) and not failure.check(ConnectionLost):
            return failure
        return Failure(ConnectionFailed(f"cannot connect: {failure.getErrorMessage() or type(failure.value).__name__}"))


def pause_before(attempt: int, settings: Settings) -> float:
    """Seconds before attempt number `attempt`, with half of it left to chance."""
    longest = min(settings.first_pause * 2.0 ** min(attempt - 1, 30), settings.longest_pause)
    return longest * (0.5 + random.random() / 2)


class Link:
    """One connection that is made when it is needed and made again when it breaks.

    `tenacious`: also when nobody waits for it (subscriptions).
    """

    def __init__(self, dialer: Dialer, *, tenacious: bool = False) -> None:
        self._dialer = dialer
        self._clock = dialer.reactor
        self._settings = dialer.settings
        self._tenacious = tenacious
        self._waiting: deque[Request] = deque()
        self._dialling: Deferred[Connection] | None = None
        self._pause: IDelayedCall | None = None
        self._failures = 0
        self._greeted = 0
        self._closed = False
        self.connection: Connection | None = None
        self.on_push: Callable[[list[object]], None] = lambda items: None
        #: Called with each new connection before any waiting request leaves on it.
        self.on_connected: Callable[[Connection], None] = lambda connection: None
        self.on_disconnected: Callable[[], None] = lambda: None

    def request(self, request: Request) -> Deferred[list[object]]:
        if self._closed:
            request.deferred.errback(ClientClosed("the client is closed"))
        elif self.connection is not None and self.connection.alive:
            self.connection.send(request)
        elif len(self._waiting) >= self._settings.most_waiting:
            request.deferred.errback(TooManyWaiting(f"{len(self._waiting)} commands wait for a connection already"))
        else:
            self._waiting.append(request)
            self.start()
        return request.deferred

    def start(self) -> None:
        """Connect, unless that is being done or done."""
        if self._closed or self.connection is not None or self._dialling is not None or self._pause is not None:
            return
        self._dial()

    def _dial(self) -> None:
        self._pause = None
        self._dialling = self._dialer.dial(self._tenacious)
        self._dialling.addCallbacks(self._connected, self._failed)

    def _connected(self, connection: Connection) -> None:
        self._dialling = None
        if self._closed:
            connection.close()
            return
        if not connection.alive:  # it went while the greeting was being answered
            self._failed(Failure(ConnectionFailed("the connection was lost at once")))
            return
        self._greeted = connection.received
        self.connection = connection
        connection.on_push = self.on_push
        connection.on_lost = self._lost
        self.on_connected(connection)
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            if not request.deferred.called:  # not cancelled meanwhile
                connection.send(request)

    def _failed(self, failure: Failure) -> None:
        self._dialling = None
        if self._closed:
            return
        self._count_failure(failure)
        self._try_later()

    def _count_failure(self, failure: Failure) -> None:
        self._failures += 1
        if self._failures >= self._settings.attempts or failure.check(AuthenticationError):
            waiting, self._waiting = self._waiting, deque()
            if not self._tenacious:
                self._failures = 0
            for request in waiting:
                if not request.deferred.called:
                    request.deferred.errback(failure.value)

    def _try_later(self) -> None:
        # Callbacks above may have started something already.
        wanted = self._tenacious or self._waiting
        if wanted and self._pause is None and self._dialling is None and self.connection is None and not self._closed:
            pause = pause_before(self._failures, self._settings) if self._failures else 0.0
            self._pause = self._clock.callLater(pause, self._dial)

    def _lost(self, problem: RedisError, sent: list[Request], unsent: list[Request]) -> None:
        connection, self.connection = self.connection, None
        self.on_disconnected()
        again = []
        for request in sent:
            if self._closed or not request.retry or request.times >= self._settings.attempts:
                if not request.deferred.called:
                    request.deferred.errback(problem)
            else:
                request.answered = []
                again.append(request)
        again += unsent
        if self._closed:
            for request in unsent:
                if not request.deferred.called:
                    request.deferred.errback(ClientClosed("the client is closed"))
            return
        self._waiting.extendleft(reversed(again))
        if connection is not None and connection.received > self._greeted:
            self._failures = 0
        else:
            # It greets and hangs up: as bad as none, and no reason to hurry.
            self._count_failure(Failure(ConnectionFailed(f"no connection that lasts: {problem}")))
        self._try_later()

    def reconnect(self, problem: str) -> None:
        """The server is another one now: what is under way is lost, the next connection goes there."""
        if self.connection is not None:
            self.connection.abort(ConnectionLost(problem))

    def close(self) -> None:
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._dialling is not None:
            self._dialling.cancel()
        if self.connection is not None:
            self.connection.close()
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            if not request.deferred.called:
                request.deferred.errback(ClientClosed("the client is closed"))


class Pool:
    """Exclusive connections: taken, used by one, given back."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._dialling = 0
        self._turns: deque[Deferred[None]] = deque()
        self._closed = False

    def size(self) -> int:
        return len(self._idle) + len(self._busy) + self._dialling

    @inlineCallbacks
    def take(self) -> Generator[Deferred[Any], Any, Connection]:
        """An idle connection, or a new one; waits while there are as many as there may be."""
        while True:
            if self._closed:
                raise ClientClosed("the client is closed")
            while self._idle:
                connection: Connection = self._idle.pop()
                if connection.alive:
                    self._busy.add(connection)
                    return connection
            if self.size() < self._dialer.settings.most_connections:
                break
            turn: Deferred[None] = Deferred()
            self._turns.append(turn)
            yield turn
        self._dialling += 1
        try:
            connection = yield self._dial()
        except BaseException:
            self._dialling -= 1
            self._next_turn()
            raise
        self._dialling -= 1
        if self._closed:
            connection.close()
            raise ClientClosed("the client is closed")
        self._busy.add(connection)
        return connection

    @inlineCallbacks
    def _dial(self) -> Generator[Deferred[Any], Any, Connection]:
        settings = self._dialer.settings
        for attempt in range(1, settings.attempts + 1):
            try:
                connection: Connection = yield self._dialer.dial()
                return connection
            except ConnectionFailed:
                if attempt == settings.attempts or self._closed:
                    raise
            paused: Deferred[None] = Deferred()
            call = self._dialer.reactor.callLater(pause_before(attempt, settings), paused.callback, None)
            try:
                yield paused
            finally:
                if call.active():
                    call.cancel()
        raise ConnectionFailed("no attempt was allowed")

    def give_back(self, connection: Connection) -> None:
        """For the next one; with replies outstanding it is no use to anybody."""
        self._busy.discard(connection)
        if self._closed or connection.unanswered():
            connection.abort(ConnectionLost("the connection was given back in use"))
        elif connection.alive:
            connection.on_push = lambda items: None
            self._idle.append(connection)
        self._next_turn()

    def _next_turn(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.called:
                turn.callback(None)
                return

    def drop_idle(self) -> None:
        """The server is another one now."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        for connection in list(self._busy):
            connection.abort(ConnectionLost("the server was replaced"))

    def close(self) -> None:
        self._closed = True
        for connection in [*self._idle, *self._busy]:
            connection.close()
        self._idle = []
        while self._turns:
            self._next_turn()
