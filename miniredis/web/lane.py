"""A client of the engine within the process: the console's commands go the way that every client's go.

A lane is a connection without a socket.  It logs in with HELLO as any client would, so that users, their rights,
MULTI, limits and the append-only file hold for it; CLIENT LIST shows it under the address of the browser.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress

from miniredis.resp.encoder import encode_command
from miniredis.server.protocol import SessionFactory, SessionProtocol
from miniredis.web.replies import error_of, parse_replies

#: More than this is not shown: making JSON of it would hold up everybody.
MOST_REPLY_BYTES: Final = 2 * 1024 * 1024
TOO_LARGE: Final = {"error": "ERR the reply is larger than 2 MB, which the console does not show. Use redis-cli."}
GONE: Final = {"error": "ERR the server closed this connection"}
NEEDS_REPLIES: Final = {"error": "ERR the console needs an answer to every command"}
#: Answered, in RESP3, by pushes only.
ANSWERED_BY_PUSHES: Final = (
    b"subscribe",
    b"psubscribe",
    b"ssubscribe",
    b"unsubscribe",
    b"punsubscribe",
    b"sunsubscribe",
)


class Lane:
    """One conversation with the engine; replies come in the order of the commands.

    `on_event` gets what no command asked for: messages, lines of MONITOR.  After the server has closed the
    connection (`on_closed` is told), the next command opens another; `on_refused` is told when the user may no longer
    log in.
    """

    def __init__(
        self,
        factory: SessionFactory,
        addresses: tuple[IAddress, IAddress],
        user: str,
        password: str | None,
        on_event: Callable[[object], None],
        on_refused: Callable[[], None],
        on_closed: Callable[[], None],
    ) -> None:
        self._factory = factory
        self._peer, self._host = addresses
        self._user = user
        self._password = password
        self._on_event = on_event
        self._on_refused = on_refused
        self._on_closed = on_closed
        self._protocol: SessionProtocol | None = None
        self._pending: deque[Deferred[object]] = deque()
        self.db: int = 0

    # -- for the console

    def log_in(self) -> Deferred[object]:
        """Connect anew; the reply of HELLO, or its error."""
        self.close()
        self.db = 0
        self._protocol = self._factory.buildProtocol(None)
        self._protocol.makeConnection(self)
        hello = [b"HELLO", b"3"]
        if self._password is not None:
            hello += [b"AUTH", self._user.encode(), self._password.encode("utf-8", "surrogatepass")]
        return self._send([*hello, b"SETNAME", b"console"])

    def call(self, argv: list[bytes], db: int | None = None) -> Deferred[object]:
        """The reply of a command, in database `db` if that is given; a refused login is the reply, too."""
        name = argv[0].lower()
        if name == b"client" and len(argv) > 1 and argv[1].lower() == b"reply":
            return succeed(NEEDS_REPLIES)
        if self._protocol is None:
            self.log_in().addCallback(self._logged_in)
        if db is not None and db != self.db:
            self.db = db
            self._send([b"SELECT", b"%d" % db])
        if name in ANSWERED_BY_PUSHES:
            self._feed(argv)
            return succeed({"ok": "OK"})
        return self._send(argv)

    def _logged_in(self, reply: object) -> None:
        # After a refusal the command that follows gets NOAUTH.
        if error_of(reply):
            self._on_refused()

    def close(self) -> None:
        """The client goes away; who still waits gets an error."""
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connectionLost()
        pending, self._pending = self._pending, deque()
        for deferred in pending:
            deferred.callback(GONE)

    def _send(self, argv: list[bytes]) -> Deferred[object]:
        deferred: Deferred[object] = Deferred()
        self._pending.append(deferred)
        self._feed(argv)
        return deferred

    def _feed(self, argv: list[bytes]) -> None:
        if self._protocol is not None:
            self._protocol.dataReceived(encode_command(argv))

    # -- the transport of the protocol

    def write(self, data: bytes) -> None:
        if len(data) > MOST_REPLY_BYTES:
            pending, self._pending = self._pending, deque()
            for deferred in pending:
                deferred.callback(TOO_LARGE)
            self.close()
            return
        for reply in parse_replies(data):
            if self._pending and not (isinstance(reply, dict) and "push" in reply):
                self._pending.popleft().callback(reply)
            else:
                self._on_event(reply)

    def loseConnection(self) -> None:
        self.close()
        self._on_closed()

    def abortConnection(self) -> None:
        self.loseConnection()

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """What is written is taken at once."""

    def getPeer(self) -> Any:
        return self._peer

    def getHost(self) -> Any:
        return self._host

    def unregisterProducer(self) -> None:
        """Nothing was kept of it."""
