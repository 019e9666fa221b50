"""A server in memory: bytes in, bytes out, no reactor, time that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from twisted.internet.task import Clock

from miniredis.app.assembly import build_engine
from miniredis.config.config import Config
from miniredis.dispatch.port import DelayedCall, Port, TimeSource
from miniredis.resp.encoder import encode_command

#: Where time begins: 2026-01-01 00:00:00 UTC, in milliseconds.
START_MS = 1_767_225_600_000
#: Requests of one client that are run before the others get their turn.
COMMANDS_A_TURN = 1000


class MemoryClient(Port):
    """A connection to a MemoryServer."""

    def __init__(self, server: MemoryServer) -> None:
        super().__init__()
        self.peer = b"127.0.0.1:50000"
        self.local = b"127.0.0.1:6379"
        self._server = server
        self._received = bytearray()
        self.is_closed = False
        self.session = server.engine.connect(self)

    def wake(self) -> None:
        self._server.woken.append(self)

    def close(self, abort: bool) -> None:
        self._server.woken.append(self)

    def send(self, data: bytes) -> None:
        """Bytes as a client would write them."""
        self._server.engine.begin_turn()
        self.session.bytes_in += len(data)
        self.session.decoder.feed(data)
        self._server.woken.append(self)
        self._server.run_woken()
        self._server.end_turn()

    def received(self) -> bytes:
        """All that the server has sent since the last call."""
        data = bytes(self._received)
        self._received.clear()
        return data

    def call(self, *argv: bytes) -> bytes:
        """One command; the raw bytes that came back at once."""
        self.send(encode_command(list(argv)))
        return self.received()

    def disconnect(self) -> None:
        """The client goes away."""
        if not self.is_closed:
            self.is_closed = True
            self._server.engine.disconnect(self.session)

    def let_go(self) -> None:
        self._received += self.session.take_output()
        self.wake()

    def proceed(self) -> None:
        session = self.session
        if self.is_closed or self.is_held:
            return
        while self._server.engine.proceed(session, COMMANDS_A_TURN):
            pass
        log = self._server.engine.log_buffer
        if log is not None and log.is_behind() and (session.out or session.closing):
            log.hold(self)
            log.settle()
            return
        if session.out:
            self._received += session.take_output()
        if session.closing:
            self.disconnect()


class MemoryServer:
    """An engine under a test's control."""

    def __init__(self, config: Config | None = None, seed: int = 0) -> None:
        self.clock = Clock()
        self.start_ms = START_MS
        self.logged: list[tuple[str, str]] = []
        self.woken: list[MemoryClient] = []
        time = TimeSource(
            lambda: self.wall_ms() * 1000,
            lambda: round(self.clock.seconds() * 1e9),
            self._call_later,
            self.clock.advance,
        )
        self.engine = build_engine(
            config or Config(), time, Random(seed), lambda level, text: self.logged.append((level, text))
        )

    def _call_later(self, delay: float, call: Callable[[], None]) -> DelayedCall:
        def due() -> None:
            self.engine.begin_turn()
            call()

        delayed: DelayedCall = self.clock.callLater(delay, due)
        return delayed

    def wall_ms(self) -> int:
        """Unix time as the server sees it."""
        return self.start_ms + round(self.clock.seconds() * 1000)

    def set_wall_ms(self, now_ms: int) -> None:
        """Step the wall clock; timers stay where they are."""
        self.start_ms = now_ms - round(self.clock.seconds() * 1000)
        self.engine.begin_turn()

    def connect(self) -> MemoryClient:
        return MemoryClient(self)

    def advance(self, seconds: float) -> None:
        """Move time; what was due happens."""
        self.clock.advance(seconds)
        self.engine.begin_turn()
        self.run_woken()

    def end_turn(self) -> None:
        """What was put off to the end of a turn happens."""
        self.clock.advance(0)
        self.run_woken()

    def run_woken(self) -> None:
        """Go on with the clients that have something to send or to run, until none has."""
        while self.woken:
            woken, self.woken = self.woken, []
            for client in woken:
                client.proceed()
