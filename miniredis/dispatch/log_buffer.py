"""What is to be written to the append-only file, and the replies that wait for it.

Commands gather here as bytes; `appended` counts them.  Output may leave for a client while `released` has caught up
with `appended`; otherwise its port is held, everything behind it included, until `release` lets it go.  The edge
calls `settle` at the end of a turn; the file's writer overrides it.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

from miniredis.dispatch.port import Port
from miniredis.dispatch.sinks import FOR_FILE, LogSink, Replay
from miniredis.formats.aof import encode_command
from miniredis.resp.bytework import add_request

#: A longer command is a part of its own: it is not copied more often than it must be.
SMALL_BYTES: Final = 16 * 1024
MULTI: Final = b"*1\r\n$5\r\nMULTI\r\n"
EXEC: Final = b"*1\r\n$4\r\nEXEC\r\n"


@mypyc_attr(allow_interpreted_subclasses=True)
class LogBuffer(LogSink):
    """The log's tail that is not written yet."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        #: Behind the parts: small commands, one after the other.
        self._small: bytearray = bytearray()
        self.appended: int = 0
        self.released: int = 0
        self.held: list[Port] = []
        self._db_index: int = -1

    def concerns(self, audience: int) -> bool:
        return (audience & FOR_FILE) != 0

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        if db_index != self._db_index:
            self._select(db_index)
        if raw is not None:
            self._put(raw)
            return
        added = add_request(self._small, argv, SMALL_BYTES)
        if added > 0:
            self.appended += added
        else:
            self._put(encode_command(argv))

    def append_block(self, commands: list[Replay]) -> None:
        # SELECT may stand within a transaction, as in Redis.
        self._put(MULTI)
        for command in commands:
            self.append(command.db_index, command.argv, command.raw)
        self._put(EXEC)

    def forget_database(self) -> None:
        """What is appended next begins a file, or follows a cut: name its database."""
        self._db_index = -1

    def take(self) -> bytes:
        """All that gathered."""
        self._end_small()
        data = b"".join(self.parts)
        self.parts = []
        return data

    def is_empty(self) -> bool:
        return not self.parts and not self._small

    def gathered_bytes(self) -> int:
        return sum([len(part) for part in self.parts]) + len(self._small)

    def put_back(self, data: bytes) -> None:
        """It could not be written; it comes first when the next try is made."""
        self.parts.insert(0, data)

    def is_behind(self) -> bool:
        """Whether output has to wait."""
        return self.released < self.appended

    def hold(self, port: Port) -> None:
        """Send nothing to this client before what was appended so far is released."""
        port.ticket = self.appended
        if not port.is_held:
            port.is_held = True
            self.held.append(port)

    def release(self, offset: int) -> None:
        """What was appended up to `offset` is as safe as the configuration asks."""
        self.released = offset
        held = self.held
        if held:
            self.held = [port for port in held if port.ticket > offset]
            for port in held:
                if port.ticket <= offset:
                    port.is_held = False
                    port.let_go()

    def durable(self) -> int:
        """Up to where, counted as `appended`, everything is on the disk."""
        return self.released

    def settle(self) -> None:
        """The turn is over: write, release now or when it is safe."""
        raise AssertionError("only the writer of a file can settle")

    def flush(self) -> bool:
        """Write and sync all of it at once; whether that worked."""
        raise NotImplementedError

    def _select(self, db_index: int) -> None:
        self._db_index = db_index
        self._put(encode_command([b"SELECT", b"%d" % db_index]))

    def _end_small(self) -> None:
        if self._small:
            self.parts.append(bytes(self._small))
            self._small.clear()

    def _put(self, data: bytes) -> None:
        self._end_small()
        self.parts.append(data)
        self.appended += len(data)
