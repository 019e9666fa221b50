"""A server in process for the tests of commands.

    def test_get_of_a_missing_key(client):
        assert client(b"GET", b"k") == b"$-1\\r\\n"
        assert client.resp3(b"GET", b"k") == b"_\\r\\n"

`server.client()` gives further clients, `clock.advance(seconds)` moves time.
"""

from __future__ import annotations

import pytest

from miniredis.testing.memory import MemoryServer

from commands.recording import Record
from oracle.ours import OurConnection
from oracle.wire import encode, words


class CommandClient(OurConnection):
    """Called with the words of a command, it gives the raw reply; `b""` when none came (the client waits)."""

    def __init__(self, server: CommandServer, resp: int = 2) -> None:
        super().__init__(server)
        self._server = server
        self._resp3: CommandClient | None = None
        if resp == 3:
            self.session.context.resp = 3

    def __call__(self, *command: bytes) -> bytes:
        self.send(encode(command))
        return b"".join(self.drain())

    def run(self, text: str) -> bytes:
        """A command written as text, split at blanks."""
        return self(*words(text))

    @property
    def resp3(self) -> CommandClient:
        """Another client, which speaks RESP3."""
        if self._resp3 is None:
            self._resp3 = CommandClient(self._server, 3)
        return self._resp3


class CommandServer(MemoryServer):
    """The server of one test."""

    def client(self, resp: int = 2) -> CommandClient:
        return CommandClient(self, resp)


class ServerClock:
    """Time of the server."""

    def __init__(self, server: CommandServer) -> None:
        self._server = server

    def advance(self, seconds: float) -> None:
        self._server.advance(seconds)

    @property
    def now_ms(self) -> int:
        return self._server.wall_ms()


@pytest.fixture
def server() -> CommandServer:
    return CommandServer()


@pytest.fixture
def client(server: CommandServer) -> CommandClient:
    return server.client()


@pytest.fixture
def clock(server: CommandServer) -> ServerClock:
    return ServerClock(server)


@pytest.fixture
def record(server: CommandServer) -> Record:
    """What commands replay, notify and modify from now on."""
    return Record(server)
