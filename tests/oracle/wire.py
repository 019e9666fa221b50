"""Raw RESP over a socket: commands out, untouched reply bytes back, one frame per reply.

Rules: nothing here interprets a reply further than needed to find its end; what a test compares are the bytes
as they came.  The splitter takes any split of the stream.  `Frame` trees are for normalisers only.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence

Command = Sequence[bytes]

#: Seconds a reply may take before the test fails: generous, as two cores are shared by many processes.
REPLY_SECONDS = 30.0

_AGGREGATES = {ord("*"): 1, ord("~"): 1, ord(">"): 1, ord("%"): 2, ord("|"): 2}
_BULKS = frozenset(b"$=!")


def encode(command: Command) -> bytes:
    """One command as the multibulk a client sends."""
    parts = [b"*%d\r\n" % len(command)]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in command]
    return b"".join(parts)


def words(command: str | Command) -> list[bytes]:
    """A command as a list of words; text is split at blanks (no quoting: give a list where a word has blanks)."""
    if isinstance(command, str):
        return [word.encode() for word in command.split()]
    return list(command)


def script(text: str) -> list[str]:
    """Commands that stand in lines, several of a line parted by `|`."""
    return [command.strip() for line in text.split("\n") for command in line.split("|") if command.strip()]


def frame_end(data: bytes | bytearray, start: int = 0) -> int:
    """Where the reply that begins at `start` ends, or -1 while it is incomplete.  Iterative: depth is no risk."""
    position = start
    pending = 1
    while pending:
        line_end = data.find(b"\r\n", position)
        if line_end < 0:
            return -1
        kind = data[position]
        if kind in _BULKS:
            length = int(data[position + 1 : line_end])
            position = line_end + 2 + (length + 2 if length >= 0 else 0)
            if position > len(data):
                return -1
        else:
            if kind in _AGGREGATES:
                count = int(data[position + 1 : line_end])
                pending += max(count, 0) * _AGGREGATES[kind]
                if kind == ord("|"):
                    pending += 1  # an attribute is followed by the reply it belongs to
            position = line_end + 2
        pending -= 1
    return position


class Splitter:
    """Bytes in, whole reply frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self._buffer += data
        frames = []
        start = 0
        while start < len(self._buffer):
            end = frame_end(self._buffer, start)
            if end < 0:
                break
            frames.append(bytes(self._buffer[start:end]))
            start = end
        del self._buffer[:start]
        return frames

    @property
    def rest(self) -> bytes:
        """What came of a reply that is not complete."""
        return bytes(self._buffer)


class Connection:
    """What a test holds of one client, over a socket or in process."""

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def frames(self, count: int) -> list[bytes]:
        """The next `count` frames, pushes included; fails when they do not come."""
        raise NotImplementedError

    def drain(self) -> list[bytes]:
        """Every frame that has arrived, without waiting."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    @property
    def closed_by_server(self) -> bool:
        raise NotImplementedError

    def __call__(self, *command: bytes) -> bytes:
        """One command, one raw reply."""
        return self.pipeline([command])[0]

    def pipeline(self, commands: Sequence[Command]) -> list[bytes]:
        """All commands in one go; one raw reply each."""
        self.send(b"".join(map(encode, commands)))
        return self.frames(len(commands))


class SocketConnection(Connection):
    """A client of a real server."""

    def __init__(self, address: tuple[str, int] | str) -> None:
        if isinstance(address, str):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(REPLY_SECONDS)
            self._socket.connect(address)
        else:
            self._socket = socket.create_connection(address, timeout=REPLY_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._splitter = Splitter()
        self._ready: list[bytes] = []
        self._ended = False

    def send(self, data: bytes) -> None:
        """Write everything, reading meanwhile, so that two full socket buffers never wait for each other."""
        view = memoryview(data)
        deadline = time.monotonic() + REPLY_SECONDS
        while view:
            readable, writable, _ = select.select([self._socket], [self._socket], [], REPLY_SECONDS)
            if readable:
                self._receive()
                if self._ended:
                    return
            if writable:
                view = view[self._socket.send(view[:65536]) :]
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server took {len(data) - len(view)} of {len(data)} bytes")

    def _receive(self) -> None:
        try:
            data = self._socket.recv(262144)
        except ConnectionResetError:
            data = b""
        if data:
            self._ready += self._splitter.feed(data)
        else:
            self._ended = True

    def frames(self, count: int) -> list[bytes]:
        deadline = time.monotonic() + REPLY_SECONDS
        while len(self._ready) < count:
            readable, _, _ = select.select([self._socket], [], [], max(0.0, deadline - time.monotonic()))
            if readable:
                self._receive()
            if self._ended or not readable:
                why = "the server closed the connection" if self._ended else "no reply came"
                raise AssertionError(f"{why}: {count} replies wanted, {self._ready!r} {self._splitter.rest!r} came")
        found, self._ready = self._ready[:count], self._ready[count:]
        return found

    def drain(self) -> list[bytes]:
        while not self._ended and select.select([self._socket], [], [], 0)[0]:
            self._receive()
        found, self._ready = self._ready, []
        return found

    def close(self) -> None:
        self._socket.close()

    @property
    def closed_by_server(self) -> bool:
        if not self._ended and select.select([self._socket], [], [], 0)[0]:
            self._receive()
        return self._ended
