"""A whole server in one process without sockets, reactor or waiting: bytes in, bytes out, time moved by hand.

    server = InProcessServer()
    client = server.connect()
    client.feed(b"PING\\r\\n")
    assert client.take() == b"+PONG\\r\\n"
    server.advance(10)

Everything that follows from the bytes fed, on every client, has happened when `feed` returns.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable
from importlib import import_module
from random import Random

from twisted.internet.task import Clock

from miniredis.commands.declaration import CommandGroup
from miniredis.config.config import Config
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import DelayedCall, Port, TimeSource
from miniredis.dispatch.registry import CommandTable
from miniredis.dispatch.session import Session
from miniredis.keyspace.keyspace import Keyspace

#: 2023-11-14 22:13:20 UTC: where time stands when a server begins and is not told otherwise.
START_MS = 1_700_000_000_000
COMMANDS_A_TURN = 1_000


def all_groups() -> list[CommandGroup]:
    """The command groups of every module that declares one as `group`."""
    groups: list[CommandGroup] = []
    for package_name in ("commands", "dispatch", "scripting"):
        package = import_module(f"miniredis.{package_name}")
        for found in pkgutil.iter_modules(package.__path__):
            group = getattr(import_module(f"{package.__name__}.{found.name}"), "group", None)
            if isinstance(group, CommandGroup) and group not in groups:
                groups.append(group)
    return groups


class InProcessServer:
    """An engine, a clock and its clients.  Chance is seeded, so that a run can be repeated."""

    def __init__(
        self, *, start_ms: int = START_MS, seed: int = 0, groups: Iterable[CommandGroup] | None = None
    ) -> None:
        self.clock = Clock()
        self.start_ms = start_ms
        self.log: list[tuple[str, str]] = []
        random = Random(seed)
        time = TimeSource(self.wall_ms, lambda: int(self.clock.seconds() * 1e9), self._call_later)
        self.engine = Engine(
            Keyspace(16, random),
            Config(),
            CommandTable(all_groups() if groups is None else groups),
            random,
            time,
            lambda level, line: self.log.append((level, line)),
        )
        self._pending: list[InProcessClient] = []

    def wall_ms(self) -> int:
        """Unix time in milliseconds, as the server sees it."""
        return self.start_ms + round(self.clock.seconds() * 1000)

    def set_wall_ms(self, now_ms: int) -> None:
        """Step the wall clock; timers stay where they are."""
        self.start_ms = now_ms - round(self.clock.seconds() * 1000)
        self.engine.begin_turn()

    def advance(self, seconds: float) -> None:
        """Let time pass: timers due meanwhile run at their moment."""
        self.clock.advance(seconds)
        self.engine.begin_turn()
        self.settle()

    def connect(self) -> InProcessClient:
        client = InProcessClient(self)
        client.session = self.engine.connect(client)
        return client

    def put_off(self, client: InProcessClient) -> None:
        if client not in self._pending:
            self._pending.append(client)

    def settle(self) -> None:
        """Until no client has anything left to run or to send."""
        while self._pending:
            self._pending.pop(0).proceed()

    def _call_later(self, seconds: float, call: Callable[[], None]) -> DelayedCall:
        def due() -> None:
            self.engine.begin_turn()
            call()
            self.settle()

        delayed: DelayedCall = self.clock.callLater(seconds, due)
        return delayed


class InProcessClient(Port):
    """A client of an InProcessServer."""

    def __init__(self, server: InProcessServer) -> None:
        super().__init__()
        self.peer = b"127.0.0.1:50000"
        self.local = b"127.0.0.1:6379"
        self.server = server
        self.session: Session | None = None
        self.received = bytearray()

    @property
    def is_closed(self) -> bool:
        """The server has ended the connection, or `close` was called."""
        return self.session is None

    def feed(self, data: bytes) -> None:
        """Bytes arrive at the server; everything that follows from them happens."""
        session = self.session
        if session is not None:
            self.server.engine.begin_turn()
            session.bytes_in += len(data)
            session.decoder.feed(data)
            self.server.put_off(self)
            self.server.settle()

    def take(self) -> bytes:
        """What was received since the last call."""
        data = bytes(self.received)
        self.received.clear()
        return data

    def hang_up(self) -> None:
        """The client goes away."""
        self._end()
        self.server.settle()

    # -- the port of the session

    def wake(self) -> None:
        self.server.put_off(self)

    def close(self, abort: bool) -> None:
        if abort:
            self._end()
        else:
            self.server.put_off(self)

    def proceed(self) -> None:
        session = self.session
        if session is None:
            return
        if self.server.engine.proceed(session, COMMANDS_A_TURN):
            self.server.put_off(self)
        self.received += session.take_output()
        if session.closing:
            self._end()

    def _end(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            self.server.engine.disconnect(session)
