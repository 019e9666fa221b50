"""Our server in process, without a reactor or sockets, behind the same interface as the real ones."""

from __future__ import annotations

import time

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryServer

from oracle.comparison import Backend
from oracle.wire import Connection, Splitter


class OurConnection(Connection):
    """A client of ours; what it receives is there as soon as it was sent."""

    def __init__(self, server: MemoryServer) -> None:
        self._client = server.connect()
        self.session = self._client.session
        self._splitter = Splitter()
        self._ready: list[bytes] = []

    def send(self, data: bytes) -> None:
        self._client.send(data)

    def _collect(self) -> None:
        self._ready += self._splitter.feed(self._client.received())

    def frames(self, count: int) -> list[bytes]:
        self._collect()
        if len(self._ready) < count:
            why = "the connection was closed" if self._client.is_closed else "no reply came"
            raise AssertionError(f"ours, {why}: {count} replies wanted, {self._ready!r} {self._splitter.rest!r} came")
        found, self._ready = self._ready[:count], self._ready[count:]
        return found

    def drain(self) -> list[bytes]:
        self._collect()
        found, self._ready = self._ready, []
        return found

    def close(self) -> None:
        self._client.disconnect()

    @property
    def closed_by_server(self) -> bool:
        return self._client.is_closed


def our_backend() -> Backend:
    """A fresh server of ours; its clock is set to the real one whenever a client connects."""
    config = Config()
    config.assign("enable-debug-command", b"yes")
    config.assign("save", b"")
    server = MemoryServer(config)

    def connect() -> Connection:
        server.set_wall_ms(time.time_ns() // 1_000_000)
        return OurConnection(server)

    return Backend("ours", connect, settle=lambda: None)
