"""redis-py without a network: a connection class whose socket is the server itself.

Time under no reactor stands still, and a client that waits makes it pass: a read that finds nothing moves the clock
to the next moment at which something is due, until there is an answer or the client's own timeout is over.  So
BLPOP with a timeout of an hour returns at once, an hour later in the server's time; and a read that nothing can ever
answer times out at once instead of hanging.
"""

from __future__ import annotations

import errno
from typing import Any, Final

from redis.connection import AbstractConnection, ConnectionPool

try:
    from redis._parsers import _RESP2Parser as PlainParser
except ImportError:  # redis-py before 5
    from redis.connection import PythonParser as PlainParser  # type: ignore[attr-defined, no-redef]

from miniredis.testing.memory import MemoryClient
from miniredis.testing.stages import MemoryStage

HOST: Final = "memory"
#: A read gives up after so many moments at which something happened, but nothing for it.
MOST_MOMENTS: Final = 10_000


class MemorySocket:
    """What redis-py asks of a socket."""

    def __init__(self, stage: MemoryStage) -> None:
        self._stage = stage
        with stage.lock:
            self._client: MemoryClient = stage.server.connect()
        self._unread = bytearray()
        self._timeout_s: float | None = None

    def settimeout(self, seconds: float | None) -> None:
        self._timeout_s = seconds

    def gettimeout(self) -> float | None:
        return self._timeout_s

    def getpeername(self) -> tuple[str, int]:
        return (HOST, 0)

    def getsockname(self) -> tuple[str, int]:
        return (HOST, 0)

    def sendall(self, data: bytes) -> None:
        with self._stage.lock:
            if self._client.is_closed:
                raise BrokenPipeError(errno.EPIPE, "the server has closed the connection")
            self._client.send(bytes(data))

    def recv(self, size: int, flags: int = 0) -> bytes:
        with self._stage.lock:
            self._wait()
            data = bytes(self._unread[:size])
            del self._unread[: len(data)]
            return data

    def _has_something(self) -> bool:
        self._unread += self._client.received()
        return bool(self._unread) or self._client.is_closed

    def _wait(self) -> None:
        """Until there is something to read, in the server's time."""
        if self._has_something():
            return
        if self._timeout_s == 0:
            raise BlockingIOError(errno.EWOULDBLOCK, "nothing has been received")
        server = self._stage.server
        end_s = None if self._timeout_s is None else server.clock.seconds() + self._timeout_s
        for _ in range(MOST_MOMENTS):
            due = [call.getTime() for call in server.clock.getDelayedCalls()]
            if not due or (end_s is not None and min(due) > end_s):
                break
            self._stage.advance(max(min(due) - server.clock.seconds(), 0))
            if self._has_something():
                return
        if end_s is not None:
            self._stage.advance(max(end_s - server.clock.seconds(), 0))
            if self._has_something():
                return
        raise TimeoutError("timed out")

    def shutdown(self, how: int) -> None:
        """Closing does it."""

    def close(self) -> None:
        with self._stage.lock:
            self._client.disconnect()


class MemoryConnection(AbstractConnection):
    """A connection of redis-py to a server in memory."""

    def __init__(self, stage: MemoryStage, **options: Any) -> None:
        self._stage = stage
        # hiredis would poll a descriptor.
        options["parser_class"] = PlainParser
        for name in ("host", "port"):
            options.pop(name, None)
        super().__init__(**options)

    def repr_pieces(self) -> list[tuple[str, Any]]:
        return [("server", HOST), ("db", self.db)]

    def _connect(self) -> Any:
        connected = MemorySocket(self._stage)
        connected.settimeout(self.socket_timeout)
        return connected

    def _host_error(self) -> str:
        return HOST


def memory_pool(stage: MemoryStage, **options: Any) -> ConnectionPool:
    """A pool of such connections.  Without a timeout of its own a client waits as long as its command says."""
    options.setdefault("socket_timeout", None)
    return ConnectionPool(connection_class=MemoryConnection, stage=stage, **options)
