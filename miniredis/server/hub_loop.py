"""Many connections behind one epoll set of their own: receive, run, send, in one tight loop.

Twisted's reactor spends more time on an event than we spend on a command, so it only watches this set, as one
reader; a turn takes the events of many connections at once.  Compiled, and free of Twisted.  The set is
level-triggered; a turn handles a bounded number of events, commands and bytes, so that the reactor gets its
turn as well.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable
from socket import socket
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Port
from miniredis.dispatch.session import Session

EVENTS_A_TURN: Final = 256
COMMANDS_A_TURN: Final = 512  # of one connection
RECEIVE_BYTES: Final = 64 * 1024
#: What one connection may send in a turn before the others get theirs.
SEND_BYTES: Final = 1024 * 1024

#: Pieces given to the kernel in one call.
PIECES_AT_ONCE: Final = 64

READABLE: Final = select.EPOLLIN
WRITABLE: Final = select.EPOLLOUT
BROKEN: Final = select.EPOLLHUP | select.EPOLLERR


class Hub:
    """The epoll set and its connections.  `schedule` asks the reactor for a turn soon."""

    def __init__(self, engine: Engine, schedule: Callable[[], None]) -> None:
        self.engine = engine
        self.schedule = schedule
        self.poll = select.epoll()
        self.connections: dict[int, HubConnection] = {}
        self.in_turn = False
        #: Connections with output from elsewhere, or with requests left over from their last turn.
        self.pending: list[HubConnection] = []
        self.is_closed = False

    def fileno(self) -> int:
        return self.poll.fileno()

    def add(self, sock: socket, peer: bytes, local: bytes) -> HubConnection:
        """A connection that was accepted; non-blocking already."""
        connection = HubConnection(self, sock)
        connection.peer = peer
        connection.local = local
        connection.session = self.engine.connect(connection)
        self.connections[connection.fd] = connection
        self.poll.register(connection.fd, READABLE)
        return connection

    def run_turn(self) -> None:
        """Handle what is ready; asks for another turn when something is left."""
        self.in_turn = True
        self.engine.begin_turn()
        pending = self.pending
        if pending:
            self.pending = []
            for connection in pending:
                connection.is_pending = False
                connection.proceed()
        connections = self.connections
        for fd, events in self.poll.poll(0, EVENTS_A_TURN):
            ready = connections.get(fd)
            if ready is None:
                continue
            if events & READABLE and not ready.has_more:
                ready.receive()
            elif events & BROKEN:
                ready.lose()
            elif events & WRITABLE:
                ready.send_kept()
        # What commands of this turn wrote to other connections leaves with it.
        pending = self.pending
        if pending:
            self.pending = []
            left: list[HubConnection] = []
            for connection in pending:
                if connection.has_more:
                    left.append(connection)
                else:
                    connection.is_pending = False
                    connection.proceed()
            self.pending.extend(left)
        log = self.engine.log_buffer
        if log is not None and log.is_behind():
            log.settle()
        self.in_turn = False
        if self.pending:
            self.schedule()

    def close(self) -> None:
        """Send what can be sent, then close every connection and the set."""
        for connection in list(self.connections.values()):
            connection.flush()
            connection.lose()
        self.is_closed = True
        self.poll.close()

    def put_off(self, connection: HubConnection) -> None:
        """Go on with a connection at the end of this turn, or in the next."""
        if not connection.is_pending:
            connection.is_pending = True
            self.pending.append(connection)
            if not self.in_turn:
                self.schedule()


class HubConnection(Port):
    """One socket and its session."""

    def __init__(self, hub: Hub, sock: socket) -> None:
        super().__init__()
        self.hub = hub
        self.sock = sock
        self.fd = sock.fileno()
        self.session: Session | None = None
        #: Requests have been received that were not run yet.
        self.has_more = False
        self.is_pending = False
        self.is_lost = False
        #: Output that the peer has not accepted yet: chunks, of whose first `sent_of_first` bytes are gone.
        self.unsent: deque[bytes] = deque()
        self.sent_of_first: int = 0
        self.unsent_size: int = 0
        self.interest: int = READABLE

    # -- the port of the session

    def wake(self) -> None:
        self.hub.put_off(self)

    def close(self, abort: bool) -> None:
        if abort:
            self.lose()
        else:
            self.hub.put_off(self)

    def unsent_bytes(self) -> int:
        return self.unsent_size

    # -- events

    def let_go(self) -> None:
        self.flush()
        if self.unsent_size == 0:
            self.watch(READABLE)
            session = self.session
            if session is not None and not session.decoder.is_idle():
                self.has_more = True
                self.hub.put_off(self)

    def receive(self) -> None:
        if self.is_held:
            self.watch(0)
            return
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.lose()
            return
        session = self.session
        assert session is not None
        if not data:
            self.lose()
            return
        session.bytes_in += len(data)
        session.decoder.feed(data)
        self.proceed()

    def proceed(self) -> None:
        """Run what has been received, send what came of it."""
        session = self.session
        assert session is not None
        if self.is_lost or self.is_held:
            return
        # While the peer does not read, nothing more is run for it.
        if self.unsent_size == 0 and self.hub.engine.proceed(session, COMMANDS_A_TURN):
            self.has_more = True
            self.hub.put_off(self)
        elif self.unsent_size == 0:
            self.has_more = False
            if not session.decoder.is_idle() and self.hub.engine.client_limits.query_exceeded(session):
                self.lose()
                return
        if session.out or session.closing:
            log = self.hub.engine.log_buffer
            if log is not None and log.is_behind():
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
                    sent = self.send(data)
                    if sent < 0:
                        return
                if sent < len(data):
                    self.keep(data, sent)
                    return
        elif self.unsent_size > 0:
            return
        if session.closing and not self.is_held:
            self.lose()

    def send(self, data: bytes) -> int:
        """How many bytes the kernel took; -1 when the connection is gone."""
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
                some = pieces[at : at + PIECES_AT_ONCE]
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

    def keep(self, data: bytes, sent: int) -> None:
        """Hold back what the kernel did not take, up to the limit of the client's class."""
        if self.unsent_size == 0:
            self.sent_of_first = sent
            self.watch(WRITABLE)
        self.unsent.append(data)
        self.unsent_size += len(data) - sent
        session = self.session
        assert session is not None
        if self.hub.engine.client_limits.output_exceeded(session, self.unsent_size):
            self.lose()

    def send_kept(self) -> None:
        """The peer reads again: send on, and once all is sent go on with its requests."""
        budget = SEND_BYTES
        while self.unsent_size > 0 and budget > 0:
            first = self.unsent[0]
            piece = bytes(memoryview(first)[self.sent_of_first : self.sent_of_first + budget])
            sent = self.send(piece)
            if sent <= 0:
                return
            budget -= sent
            self.unsent_size -= sent
            self.sent_of_first += sent
            if self.sent_of_first == len(first):
                self.unsent.popleft()
                self.sent_of_first = 0
            if sent < len(piece):
                return
        if self.unsent_size > 0:
            return
        self.watch(READABLE)
        session = self.session
        assert session is not None
        if session.closing:
            self.lose()
        elif session.out or self.has_more or not session.decoder.is_idle():
            self.hub.put_off(self)

    def watch(self, interest: int) -> None:
        if interest != self.interest and not self.is_lost:
            self.interest = interest
            self.hub.poll.modify(self.fd, interest)

    def lose(self) -> None:
        """The connection ends, whoever ended it."""
        if self.is_lost:
            return
        self.is_lost = True
        hub = self.hub
        hub.connections.pop(self.fd, None)
        hub.poll.unregister(self.fd)
        self.sock.close()
        session = self.session
        if session is not None:
            hub.engine.disconnect(session)
