"""Requests out of a byte stream: multibulk frames and inline commands.

`feed(data)` adds bytes, `next()` takes one request or None when more bytes are needed; a request that is
none raises ProtocolError with Redis's text.  Memory grows with the bytes received, never with the lengths
announced, and what was parsed once is not parsed again when the rest arrives.  Limits are Redis's:
64 KiB for a line, `max_bulk` for an argument, 2,147,483,647 arguments; before authentication 10 arguments of
16 KiB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mypy_extensions import i64

from miniredis.resp.bytework import fill, make_room, split_requests
from miniredis.resp.encoder import command_size
from miniredis.resp.errors import ProtocolError
from miniredis.resp.numbers import parse_int64
from miniredis.resp.quoting import split_arguments

MAX_LINE: Final = 64 * 1024
MAX_ARGUMENTS: Final = 2147483647
MAX_ARGUMENTS_BEFORE_AUTHENTICATION: Final = 10
MAX_BULK_BEFORE_AUTHENTICATION: Final = 16 * 1024
#: From this size an argument that has not arrived whole is gathered apart, so that no chunk is copied twice.
BIG_ARGUMENT: Final = 32 * 1024

#: Room for the beginning of a big argument, and by how much it is more than what has come.
FIRST_ROOM: Final = 4096
WIDER: Final = 16

#: Requests split off at a time, where that is done in C.
SPLIT: Final = 32


CR: Final = 13
STAR: Final = 42
DOLLAR: Final = 36


#: (descriptor, room, position, count, beyond) -> how many bytes came, 0 at the end, -1 when none are there; those
#: `beyond` the count are dropped.
ReceiveInto = Callable[[int, bytes | bytearray, int, int, int], int]


class RequestDecoder:
    """The requests of one connection, in order.

    `max_bulk` is 100 bytes or more: a length of two digits is not held against it.
    """

    def __init__(self, max_bulk: int = 512 * 1024 * 1024) -> None:
        self.max_bulk = max_bulk
        self.authenticated = True
        #: Where the request that `next` returned last began in `data`; raw bytes are data[start:position],
        #: unless `whole` says that it did not arrive in one piece.
        self.data: bytes = b""
        self.position: i64 = 0
        self.start: i64 = 0
        self.whole = True
        #: Several requests may be split off at once; not where it matters how far each one reaches.
        self.may_split = True
        #: Requests that were split off already, the last first; `position` is behind them.
        self._ready: list[list[bytes]] = []
        self._split = False  # the request returned last was one of them
        self._likely: bytes = b""  # the name of its next command, perhaps
        self._argv: list[bytes] | None = None  # the arguments so far of an unfinished request
        self._missing: i64 = 0  # how many more it announced
        self._bulk_length: i64 = -1  # announced length of the argument that comes next, -1: not read yet
        self._room: bytes | bytearray | None = None  # for a big argument, or for its beginning
        self._filled: i64 = 0  # so much of it has come, with the CRLF
        self._argv_bytes: i64 = 0  # of the arguments in _argv

    def pending_bytes(self) -> int:
        """Received but not yet returned: what counts against client-query-buffer-limit."""
        total = len(self.data) - int(self.position)
        if self._room is not None:
            total += int(self._filled)
        if self._argv is not None:
            total += int(self._argv_bytes)
        for argv in self._ready:
            total += command_size(argv)
        return total

    def is_gathering(self) -> bool:
        """Whether more of a big argument is to come: it may be received straight into its place."""
        return self._room is not None

    def is_idle(self) -> bool:
        """Nothing of an unfinished request is held."""
        return self.position >= len(self.data) and self._argv is None and len(self._ready) == 0

    def feed(self, data: bytes) -> None:
        if self._room is not None:
            # The argument's missing bytes and its CRLF; the rest begins a new buffer.
            needed = int(self._bulk_length + 2 - self._filled)
            self._fill(data, 0)
            if len(data) <= needed:
                return
            self.data = data[needed:]
            self.position = 0
        elif self.position >= len(self.data):
            self.data = data
            self.position = 0
        else:
            self.data = self.data[int(self.position) :] + data
            self.position = 0

    def receive_from(self, fd: int, most: int, receive_into: ReceiveInto) -> int:
        """Have up to `most` bytes of a big argument received; how many came, 0 at the end, -1 when none are there.

        Raises what `receive_into` does.
        """
        room = self._room
        assert room is not None
        size: i64 = len(room)
        length = self._bulk_length
        if self._filled == size and size < length:
            room = self._widen(size)
            size = len(room)
        missing = size - self._filled
        count: i64 = most
        beyond: i64 = 0
        if missing <= count:
            count = max(missing, 0)
            if size == length:
                beyond = min(length + 2 - self._filled, 2)
        received = receive_into(fd, room, int(min(self._filled, size)), int(count), int(beyond))
        if received > 0:
            self._filled += received
        return received

    def _begin_big(self, data: bytes, position: i64, length: i64) -> None:
        """An argument of which `data` has the beginning."""
        begun: i64 = len(data) - position
        self._room = make_room(int(min(length, max(FIRST_ROOM, WIDER * begun))))
        self._filled = 0
        self._bulk_length = length
        self._fill(data, position)

    def _fill(self, data: bytes, start: i64) -> None:
        """As much of `data` as belongs to the argument; what comes of its CRLF is only counted."""
        room = self._room
        assert room is not None
        length = self._bulk_length
        came = min(len(data) - start, length + 2 - self._filled)
        count = min(came, length - self._filled)
        if count > 0:
            if self._filled + count > len(room):
                room = self._widen(self._filled + count)
            fill(room, int(self._filled), data, int(start), int(count))
        self._filled += came

    def _widen(self, needed: i64) -> bytes | bytearray:
        """Room for more, so that it is copied rarely: memory follows what comes, not what was announced."""
        before = self._room
        assert before is not None
        room = make_room(int(min(self._bulk_length, WIDER * needed)))
        fill(room, 0, bytes(before), 0, int(self._filled))
        self._room = room
        return room

    def next(self) -> list[bytes] | None:
        """The next request; None when the bytes end before it does.  Empty requests are passed over."""
        ready = self._ready
        if len(ready) > 0:
            return ready.pop()
        data = self.data
        position = self.position
        if (
            split_requests is not None
            and self._argv is None
            and self.authenticated
            and self.may_split
            and position < len(data)
        ):
            self.position = split_requests(data, int(position), SPLIT, self.max_bulk, self._likely, ready)
            if len(ready) > 0:
                request = ready.pop()
                self._likely = request[0]
                self._split = True
                self.whole = True
                return request
        self._split = False
        end: i64 = len(data)
        argv: list[bytes] | None = self._argv
        missing: i64 = 0
        length: i64 = -1
        known = 0 if argv is None else len(argv)
        if argv is None:
            while True:
                if position >= end:
                    self.data = b""
                    self.position = 0
                    return None
                self.start = position
                if data[position] != STAR:
                    inline = self._next_inline()
                    if inline is None:
                        return None
                    if len(inline) > 0:
                        return inline
                    position = self.position
                    continue
                # The header of a frame: one digit is read in place, anything else carefully.
                if position + 3 < end and data[position + 2] == CR and 49 <= data[position + 1] <= 57:
                    missing = data[position + 1] - 48
                    position += 4
                else:
                    line_end: i64 = data.find(b"\r", int(position))
                    if line_end < 0 or line_end + 1 >= end:
                        if end - position > MAX_LINE:
                            raise ProtocolError(b"ERR Protocol error: too big mbulk count string")
                        self.position = position
                        return None
                    missing = self._multibulk_length(data[position + 1 : line_end])
                    position = line_end + 2
                    if missing <= 0:
                        self.position = position
                        continue
                break
            argv = []
            self.whole = True
            self._argv_bytes = 0
        else:
            missing = self._missing
            length = self._bulk_length
            self.whole = False
            room = self._room
            if room is not None:
                if self._filled < length + 2:
                    return None
                argv.append(bytes(room))
                self._room = None
                length = -1
                missing -= 1
        while missing > 0:
            if length < 0:
                if position + 3 < end and data[position] == DOLLAR:
                    first: i64 = data[position + 1] - 48
                    if 0 <= first <= 9 and data[position + 2] == CR:
                        length = first
                        position += 4
                    elif 1 <= first <= 9 and data[position + 3] == CR and 48 <= data[position + 2] <= 57:
                        if position + 4 >= end:
                            break
                        length = first * 10 + data[position + 2] - 48
                        position += 5
                if length < 0:
                    header_end: i64 = data.find(b"\r", int(position))
                    if header_end < 0 or header_end + 1 >= end:
                        if end - position > MAX_LINE:
                            raise ProtocolError(b"ERR Protocol error: too big bulk count string")
                        break
                    length = self._argument_length(data, position, header_end)
                    position = header_end + 2
            argument_end: i64 = position + length
            if argument_end + 2 > end:
                if length >= BIG_ARGUMENT:
                    self._begin_big(data, position, length)
                    self.data = b""
                    position = 0
                break
            argv.append(data[position:argument_end])
            position = argument_end + 2
            length = -1
            missing -= 1
        self.position = position
        if missing == 0:
            self._argv = None
            self._bulk_length = -1
            return argv
        # Each argument is counted once, when it is first left behind in an unfinished request.
        for argument in argv[known:]:
            self._argv_bytes += len(argument)
        self._argv = argv
        self._missing = missing
        self._bulk_length = length
        return None

    def _multibulk_length(self, digits: bytes) -> i64:
        count = parse_int64(digits)
        if count is None or count > MAX_ARGUMENTS:
            raise ProtocolError(b"ERR Protocol error: invalid multibulk length")
        if count > MAX_ARGUMENTS_BEFORE_AUTHENTICATION and not self.authenticated:
            raise ProtocolError(b"ERR Protocol error: unauthenticated multibulk length")
        return count

    def _argument_length(self, data: bytes, position: i64, line_end: i64) -> i64:
        if data[position] != DOLLAR:
            found = bytes([data[position]])
            raise ProtocolError(b"ERR Protocol error: expected '$', got '" + found + b"'")
        length = parse_int64(data[position + 1 : line_end])
        if length is None or length < 0 or length > self.max_bulk:
            raise ProtocolError(b"ERR Protocol error: invalid bulk length")
        if length > MAX_BULK_BEFORE_AUTHENTICATION and not self.authenticated:
            raise ProtocolError(b"ERR Protocol error: unauthenticated bulk length")
        return length

    def _next_inline(self) -> list[bytes] | None:
        """A line of words; None when it has not ended, an empty list for a blank one."""
        start = int(self.start)
        line_end = self.data.find(b"\n", start)
        if line_end < 0:
            self.position = self.start
            if len(self.data) - start > MAX_LINE:
                raise ProtocolError(b"ERR Protocol error: too big inline request")
            return None
        stop = line_end
        if stop > start and self.data[stop - 1] == CR:
            stop -= 1
        argv = split_arguments(self.data[start:stop])
        if argv is None:
            raise ProtocolError(b"ERR Protocol error: unbalanced quotes in request")
        self.position = line_end + 1
        self.whole = False  # what is logged must be a frame
        return argv

    def raw(self) -> bytes | None:
        """The bytes of the request that `next` returned last; None when they are not at hand in one piece."""
        if self._split or not self.whole:
            return None
        return self.data[self.start : self.position]
