"""The listening socket for TLS on the hub: handshakes first, and sessions for those who finish theirs.

Before its handshake is done a connection is a descriptor and little else: no session, no output, and no state of
OpenSSL's before its first byte.  It has a bounded time for it.  What a handshake costs (a signature, some tenths of a
millisecond) is spent in the reactor's turns between those of the hub, some milliseconds at a time, so a thousand that
come at once don't keep the clients waiting who are there already.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from OpenSSL import SSL

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.session import Session
from miniredis.server.hub import HubReader
from miniredis.server.hub_loop import READABLE, WRITABLE, Hub, HubConnection
from miniredis.server.listener import SessionPort
from miniredis.server.session_loop import add_client
from miniredis.server.tls_context import reason_of
from miniredis.server.tls_socket import TlsSocket

#: A handshake that takes longer is given up.
HANDSHAKE_SECONDS: Final = 10
#: Time for handshakes in one turn of the reactor.
HANDSHAKES_NS: Final = 4_000_000


class Handshakes:
    """Those that are not done.  `new_connection` makes OpenSSL's side of one; `enter` gets the session and OpenSSL's
    connection of one that is done."""

    def __init__(
        self,
        engine: Engine,
        call_soon: Callable[[Callable[[], None]], object],
        new_connection: Callable[[socket.socket], Any],
        enter: Callable[[Session, Any], None],
    ) -> None:
        self.engine = engine
        self.new_connection = new_connection
        self.enter = enter
        self.failed = 0
        self._call_soon = call_soon
        #: In the order of their beginning -> when their time is over, by the monotonic clock.
        self._deadlines: dict[Handshake, int] = {}
        self._ready: deque[Handshake] = deque()
        self._is_called = False

    def __len__(self) -> int:
        return len(self._deadlines)

    def begin(self, hub: Hub, sock: socket.socket, peer: bytes, local: bytes) -> None:
        handshake = Handshake(self, hub, sock, peer, local)
        self._deadlines[handshake] = self.engine.time.monotonic_ns() + HANDSHAKE_SECONDS * 1_000_000_000
        handshake.watch(READABLE)

    def put_off(self, handshake: Handshake) -> None:
        """Go on with it at the reactor's next turn."""
        self._ready.append(handshake)
        self._call()

    def _call(self) -> None:
        if not self._is_called:
            self._is_called = True
            self._call_soon(self._run)

    def _run(self) -> None:
        self._is_called = False
        clock = self.engine.time.monotonic_ns
        end_ns = clock() + HANDSHAKES_NS
        while self._ready:
            self._ready.popleft().step()
            if clock() > end_ns:
                break
        if self._ready:
            self._call()

    def tick(self) -> None:
        """End those whose time is over."""
        now_ns = self.engine.time.monotonic_ns()
        while self._deadlines:
            first = next(iter(self._deadlines))
            if self._deadlines[first] > now_ns:
                return
            self.fail(first, "it took too long")

    def fail(self, handshake: Handshake, reason: str) -> None:
        self.failed += 1
        self.engine.log("verbose", f"Error accepting a client connection: {reason} (addr={handshake.peer.decode()})")
        handshake.lose()

    def ended(self, handshake: Handshake) -> None:
        self._deadlines.pop(handshake, None)

    def close(self) -> None:
        for handshake in list(self._deadlines):
            handshake.lose()


class Handshake(HubConnection):
    """One connection until it has proved itself."""

    def __init__(self, handshakes: Handshakes, hub: Hub, sock: socket.socket, peer: bytes, local: bytes) -> None:
        super().__init__(hub, sock.fileno())
        self.handshakes = handshakes
        self.sock = sock
        self.peer = peer
        self.local = local
        self.connection: Any = None
        self.is_ended = False

    def step(self) -> None:
        """As far as it goes with what has been received."""
        if self.is_ended:
            return
        try:
            if self.connection is None:
                self.connection = self.handshakes.new_connection(self.sock)
            self.connection.do_handshake()
        except SSL.WantReadError:
            self.watch(READABLE)
        except SSL.WantWriteError:
            self.watch(WRITABLE)
        except SSL.Error as problem:
            self.handshakes.fail(self, reason_of(problem))
        except Exception as defect:
            self.fail(defect)
        else:
            self._end()
            self._enter()

    def _enter(self) -> None:
        engine = self.handshakes.engine
        engine.begin_turn()
        tls: Any = TlsSocket(self.sock, self.connection)
        port = add_client(self.hub, tls, self.peer, self.local)
        port.is_tls = True
        assert port.session is not None
        self.handshakes.enter(port.session, self.connection)

    def _end(self) -> None:
        self.is_ended = True
        self.watch(0)
        self.handshakes.ended(self)

    # -- the hub's side

    def receive(self) -> None:
        self.watch(0)
        if self.hub.is_busy:
            self.step()  # the reactor does not come to its next turn
        else:
            self.handshakes.put_off(self)

    def send_kept(self) -> None:
        if not self.is_ended and self.interest == WRITABLE:
            self.receive()

    def hang_up(self) -> None:
        self.lose()

    def lose(self) -> None:
        if not self.is_ended:
            self._end()
            self.sock.close()

    def fail(self, defect: Exception) -> None:
        self.handshakes.engine.counters.unexpected_errors += 1
        self.handshakes.engine.log_failure("a defect ended a handshake", defect)
        self.lose()


class TlsSessionPort(SessionPort):
    """As SessionPort, but what it accepts begins with a handshake."""

    def __init__(
        self, reader: HubReader, factory: Any, port: int, interface: str, backlog: int, handshakes: Handshakes
    ) -> None:
        super().__init__(reader, factory, port, interface, backlog)
        self.handshakes = handshakes

    def _refuse(self, accepted: socket.socket, refusal: bytes) -> None:
        accepted.close()  # nothing can be said before the handshake

    def _enter(self, accepted: socket.socket, peer: bytes, local: bytes) -> None:
        engine = self.handshakes.engine
        if len(self.handshakes) + len(engine.sessions) >= engine.config.int("maxclients"):
            engine.counters.rejected_connections += 1
            accepted.close()
            return
        self.handshakes.begin(self.reader.hub, accepted, peer, local)
