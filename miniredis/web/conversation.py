"""The page's WebSocket: requests and replies, events, and a sample a second for who looks at the charts.

Texts in JSON.  From the page:

    {"id": 1, "lane": "page", "db": 0, "argv": ["GET", "key"]}      ->  {"id": 1, "reply": ...}
    {"watch": true}                                                 ->  {"sample": {...}} once a second

and without being asked `{"lane": "feed", "events": [...], "skipped": 0}`.  Each lane is a connection of its own, so
that MULTI at the command line does not disturb the key browser.  A page that does not read gets no events, no
samples and no replies: nothing gathers for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from miniredis.server.protocol import SessionFactory
from miniredis.web.lane import Lane
from miniredis.web.live import LiveFigures, Sample
from miniredis.web.logins import Login
from miniredis.web.replies import argument, error_of

LANES: Final = ("page", "line", "feed")
#: Events are sent together, ten times a second, and so many of them at most.
EVENTS_EVERY_S: Final = 0.1
MOST_EVENTS: Final = 200
PING_EVERY_S: Final = 20
PROBE_AFTER_S: Final = 0.5
MOST_WAITING: Final = 1000
#: Codes of our own for the end of a WebSocket.
LOGGED_OUT: Final = 4401
BAD_MESSAGE: Final = 4400


@implementer(IPushProducer)
class Conversation:
    """One page. What twisted.web.websocket calls a WebSocketProtocol."""

    def __init__(
        self,
        login: Login,
        factory: SessionFactory,
        addresses: tuple[IAddress, IAddress],
        live: LiveFigures,
        reactor: Any,
        end_login: Callable[[], None],
    ) -> None:
        self.login = login
        self._end_login = end_login
        self._factory = factory
        self._addresses = addresses
        self._live = live
        self._reactor = reactor
        self._transport: Any = None
        self._lanes: dict[str, Lane] = {}
        self._events: dict[str, list[object]] = {}
        self._skipped = 0
        self._flush: Any = None
        self._probe: Any = None
        self._is_paused = False
        self._is_over = False
        self._waiting = 0
        self._heard = True
        self._pings = LoopingCall(self._ping)
        self._pings.clock = reactor

    # -- what the WebSocket calls

    def negotiationStarted(self, transport: Any) -> None:
        self._transport = transport

    def negotiationFinished(self) -> None:
        # The connection still calls back the HTTP channel that it has outgrown.
        self._transport.detachProducer()
        self._transport.attachProducer(self)
        self.login.on_end.append(self._logged_out)
        self._pings.start(PING_EVERY_S, now=False).addErrback(lambda failure: None)

    def textMessageReceived(self, message: str) -> None:
        self._heard = True
        try:
            request = json.loads(message)
            if "watch" in request:
                self._watch(bool(request["watch"]))
                return
            number = int(request["id"])
            lane = self._lane(request["lane"])
            db = request.get("db")
            if db is not None and not isinstance(db, int):
                raise ValueError("db is a number")
            argv = [argument(word) for word in request["argv"]]
            if not argv:
                raise ValueError("an empty command")
        except (ValueError, KeyError, TypeError, AttributeError):
            self._transport.loseConnection(BAD_MESSAGE)
            return
        if self._is_paused or self._waiting >= MOST_WAITING:
            self._send({"id": number, "reply": {"error": "ERR too much at once: the page does not keep up"}})
            return
        self._waiting += 1
        lane.call(argv, db).addCallback(self._replied, number)

    def bytesMessageReceived(self, data: bytes | bytearray) -> None:
        self._transport.loseConnection(BAD_MESSAGE)

    def pongReceived(self, payload: bytes) -> None:
        self._heard = True

    def connectionLost(self, reason: Failure) -> None:
        self._is_over = True
        if self._pings.running:
            self._pings.stop()
        for call in (self._flush, self._probe):
            if call is not None:
                call.cancel()
        self._flush = self._probe = None
        if self._logged_out in self.login.on_end:
            self.login.on_end.remove(self._logged_out)
        self._live.remove(self._sampled)
        for lane in self._lanes.values():
            lane.close()
        self._lanes = {}

    # -- backpressure

    def pauseProducing(self) -> None:
        self._is_paused = True

    def resumeProducing(self) -> None:
        self._is_paused = False

    def stopProducing(self) -> None:
        self._is_paused = True

    # -- inside

    def _send(self, message: dict[str, object]) -> None:
        if not self._is_over:
            self._transport.sendTextMessage(json.dumps(message, separators=(",", ":")))

    def _lane(self, name: str) -> Lane:
        if name not in LANES:
            raise ValueError("no such lane")
        if name not in self._lanes:
            login = self.login
            self._lanes[name] = Lane(
                self._factory,
                self._addresses,
                login.user,
                login.password,
                lambda event: self._event(name, event),
                self._end_login,
                self._closed,
            )
        return self._lanes[name]

    def _replied(self, reply: object, number: int) -> None:
        self._waiting -= 1
        self._send({"id": number, "reply": reply})

    def _event(self, lane: str, event: object) -> None:
        if self._is_paused or sum(map(len, self._events.values())) >= MOST_EVENTS:
            self._skipped += 1
            return
        self._events.setdefault(lane, []).append(event)
        if self._flush is None:
            self._flush = self._reactor.callLater(EVENTS_EVERY_S, self._send_events)

    def _send_events(self) -> None:
        self._flush = None
        events, self._events = self._events, {}
        skipped, self._skipped = self._skipped, 0
        for lane, gathered in events.items():
            self._send({"lane": lane, "events": gathered, "skipped": skipped})
            skipped = 0

    def _closed(self) -> None:
        """The server has closed a lane, perhaps because its user is no more: find out."""
        if self._probe is None and not self._is_over:
            self._probe = self._reactor.callLater(PROBE_AFTER_S, self._try_again)

    def _try_again(self) -> None:
        self._probe = None
        self._lane("page").call([b"PING"])

    def _watch(self, wanted: bool) -> None:
        self._live.remove(self._sampled)
        if wanted:
            self._live.add(self._sampled)

    def _sampled(self, sample: Sample) -> None:
        """Whoever may not read INFO sees no charts: asked each time, since rights can change."""
        if not self._is_paused:
            self._lane("page").call([b"INFO", b"server"]).addCallback(self._may_see, sample)

    def _may_see(self, reply: object, sample: Sample) -> None:
        refusal = error_of(reply)
        self._send({"refused": refusal} if refusal else {"sample": sample})

    def _ping(self) -> None:
        if not self._heard:
            self._transport.loseConnection(1001)
            return
        self._heard = False
        self._transport.ping()

    def _logged_out(self) -> None:
        if not self._is_over:
            self._transport.loseConnection(LOGGED_OUT)
