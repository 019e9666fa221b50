"""One client in the hub: its socket, its session and what waits to be sent.

It receives, has its requests run and sends the replies in the turn in which they came, as much as one client is due.
Compiled with the hub.
"""

from __future__ import annotations

from collections import deque
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.session import Session
from miniredis.server.hub_loop import BROKEN, READABLE, WRITABLE, Hub, HubConnection
from miniredis.server.receiving import receive_into

COMMANDS_AT_ONCE: Final = 128  # of one connection, before the others get theirs
RECEIVE_BYTES: Final = 64 * 1024
#: Of an argument that is known to be big.
RECEIVE_BIG_BYTES: Final = 256 * 1024
#: Likewise what is sent to one connection.
SEND_BYTES: Final = 128 * 1024
#: Pieces given to the kernel in one call.
PIECES_AT_ONCE: Final = 64


def add_client(hub: Hub, sock: socket, peer: bytes, local: bytes) -> SessionConnection:
    """A client of the hub's engine, accepted and non-blocking."""
    engine = hub.engine
    assert engine is not None
    connection = SessionConnection(hub, engine, sock)
    connection.peer = peer
    connection.local = local
    connection.session = engine.connect(connection)
    connection.watch(READABLE)
    return connection


class SessionConnection(HubConnection):
    """One socket and its session."""

    def __init__(self, hub: Hub, engine: Engine, sock: socket) -> None:
        super().__init__(hub, sock.fileno())
        self.engine = engine
        self.sock = sock
        #: Its descriptor gives what the peer sent; that of TLS gives something else.
        self.is_plain = isinstance(sock, socket)
        self.session: Session | None = None
        self.is_lost = False
        #: Output that the peer has not accepted yet: chunks, of whose first `sent_of_first` bytes are gone.
        self.unsent: deque[bytes] | None = None  # most clients read what they asked for
        self.sent_of_first: int = 0
        self.unsent_size: int = 0

    # -- the port of the session

    def wake(self) -> None:
        self.hub.put_off(self)

    def close(self, abort: bool) -> None:
        if abort:
            self.lose()
        else:
            self.hub.put_off(self)

    def gather_packets(self) -> None:
        self.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 0)

    def unsent_bytes(self) -> int:
        return self.unsent_size

    # -- events

    def let_go(self) -> None:
        if self.is_lost:
            return  # its descriptor may be another's by now
        self.flush()
        if self.unsent_size == 0 and not self.is_lost:
            self.watch(READABLE)
            session = self.session
            if session is not None and not session.decoder.is_idle():
                self.has_more = True
                self.hub.put_off(self)

    def receive(self) -> None:
        if self.is_held:
            self.watch(BROKEN)
            return
        session = self.session
        assert session is not None
        self.engine.counters.reads += 1
        is_gathering = session.decoder.is_gathering()
        if is_gathering and self.is_plain:
            self.receive_big(session)
            return
        try:
            data = self.sock.recv(RECEIVE_BIG_BYTES if is_gathering else RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.lose()
            return
        if not data:
            self.lose()
            return
        session.bytes_in += len(data)
        session.decoder.feed(data)
        self.proceed()

    def receive_big(self, session: Session) -> None:
        """More of a big argument, straight into its place."""
        try:
            received = session.decoder.receive_from(self.fd, RECEIVE_BIG_BYTES, receive_into)
        except OSError:
            self.lose()
            return
        if received > 0:
            session.bytes_in += received
            self.proceed()
        elif received == 0:
            self.lose()

    def proceed(self) -> None:
        """Run what has been received, send what came of it."""
        session = self.session
        assert session is not None
        if self.is_lost or self.is_held:
            return
        # While the peer does not read, nothing more is run for it.
        if self.unsent_size == 0:
            self.is_running = True
            self.has_more = self.engine.proceed(session, COMMANDS_AT_ONCE)
            self.is_running = False
            if self.has_more:
                self.hub.has_greedy = True
                self.hub.put_off(self)
            elif not session.decoder.is_idle() and self.engine.client_limits.query_exceeded(session):
                self.lose()
                return
        if session.out or session.closing:
            log = self.engine.log_buffer
            if log is not None and log.is_behind() and not self.hub.is_busy:
                log.hold(self)
            else:
                self.flush()

    def flush(self) -> None:
        """Send as much as the peer takes."""
        session = self.session
        assert session is not None
        if self.is_lost:
            return
        if session.out and not self.is_held:
            pieces = session.take_pieces()
            if len(pieces) > 1:
                if not self.send_pieces(pieces):
                    return
            else:
                data = pieces[0]
                sent = 0
                if self.unsent_size == 0:
                    sent = self.send(data if len(data) <= SEND_BYTES else memoryview(data)[:SEND_BYTES])
                    if sent < 0:
                        return
                if sent < len(data):
                    self.keep(data, sent)
                    return
        elif self.unsent_size > 0:
            return
        if session.closing and not self.is_held:
            self.lose()

    def send(self, data: bytes | memoryview) -> int:
        """How many bytes the kernel took; -1 when the connection is gone."""
        self.engine.counters.writes += 1
        try:
            return self.sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.lose()
            return -1

    def send_pieces(self, pieces: list[bytes]) -> bool:
        """Send pieces without putting them together; False when some must be kept, or the connection is gone."""
        at = 0
        budget = SEND_BYTES
        if self.unsent_size == 0:
            while at < len(pieces) and budget > 0:
                some = self.first_bytes(pieces, at, budget)
                self.engine.counters.writes += 1
                try:
                    sent = self.sock.sendmsg(some)
                except BlockingIOError:
                    break
                except OSError:
                    self.lose()
                    return False
                budget -= sent
                while at < len(pieces) and sent >= len(pieces[at]):
                    sent -= len(pieces[at])
                    at += 1
                if sent > 0:
                    self.keep(pieces[at], sent)
                    at += 1
                    break
        for piece in pieces[at:]:
            if self.is_lost:
                break
            self.keep(piece, 0)
        return self.unsent_size == 0 and not self.is_lost

    def first_bytes(self, pieces: list[bytes], at: int, most: int) -> list[bytes | memoryview]:
        """Pieces from `at` on for one call, `most` bytes of them."""
        some: list[bytes | memoryview] = []
        while at < len(pieces) and len(some) < PIECES_AT_ONCE and most > 0:
            piece = pieces[at]
            some.append(piece if len(piece) <= most else memoryview(piece)[:most])
            most -= len(piece)
            at += 1
        return some

    def keep(self, data: bytes, sent: int) -> None:
        """Hold back what the kernel did not take, up to the limit of the client's class."""
        unsent = self.unsent
        if unsent is None:
            unsent = self.unsent = deque()
        if self.unsent_size == 0:
            self.sent_of_first = sent
            self.watch(WRITABLE)
        unsent.append(data)
        self.unsent_size += len(data) - sent
        session = self.session
        assert session is not None
        if self.engine.client_limits.output_exceeded(session, self.unsent_size):
            self.lose()

    def send_kept(self) -> None:
        """The peer reads again: send on, and once all is sent go on with its requests."""
        budget = SEND_BYTES
        unsent = self.unsent
        while unsent is not None and self.unsent_size > 0 and budget > 0:
            first = unsent[0]
            piece = memoryview(first)[self.sent_of_first : self.sent_of_first + budget]
            sent = self.send(piece)
            if sent <= 0:
                return
            budget -= sent
            self.unsent_size -= sent
            self.sent_of_first += sent
            if self.sent_of_first == len(first):
                unsent.popleft()
                self.sent_of_first = 0
            if sent < len(piece):
                return
        if self.unsent_size > 0:
            return
        self.unsent = None
        self.watch(READABLE)
        session = self.session
        assert session is not None
        if session.closing:
            self.lose()
        elif session.out or self.has_more or not session.decoder.is_idle():
            self.hub.put_off(self)

    def hang_up(self) -> None:
        self.lose()

    def fail(self, defect: Exception) -> None:
        self.engine.counters.unexpected_errors += 1
        self.engine.log_failure("a defect ended a connection", defect)
        self.is_running = False
        self.lose()

    def lose(self) -> None:
        """The connection ends, whoever ended it."""
        if self.is_lost:
            return
        self.is_lost = True
        self.watch(0)
        self.sock.close()
        session = self.session
        if session is not None:
            self.engine.disconnect(session)
