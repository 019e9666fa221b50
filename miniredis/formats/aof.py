"""The append-only file: commands as RESP arrays, annotation lines that start with `#`.

Two annotations have a meaning here: `#TS:<unix seconds>` says when what follows was written; `#CRC64:<16 hex
digits>:<bytes>` is the checksum of so many bytes before it, back to the previous such line or to where the text
begins.  redis-server and redis-check-aof pass over both.

`AofReader` is fed chunks and gives one event at a time.  Commands come out before the line that covers them was
seen: whoever loads must throw everything away when a later call raises.
"""

from __future__ import annotations

import re
from typing import Final

from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError, IncompleteError

# Events of AofReader.
NEED_INPUT: Final = 0  # feed more, or finish
COMMAND: Final = 1  # argv
TIMESTAMP: Final = 2  # timestamp_s
NOTE: Final = 3  # any other annotation, passed over
COVERED: Final = 4  # a checksum line that matches
END: Final = 5
TORN: Final = 6  # the text ends inside a record or a transaction: cut it at valid_offset

MAX_ANNOTATION: Final = 127
MAX_ARGUMENTS: Final = 1 << 31
_CHECKSUM: Final = re.compile(rb"#CRC64:([0-9a-f]{16}):([1-9][0-9]{0,18})\Z")
_CHECKSUM_IN_TEXT: Final = re.compile(rb"\n#CRC64:[0-9a-f]{16}:([1-9][0-9]{0,18})\r\n")
_TIMESTAMP: Final = re.compile(rb"#TS:([0-9]{1,18})\Z")
_SIZES: Final = [b"$%d\r\n" % size for size in range(256)]
_COUNTS: Final = [b"*%d\r\n" % count for count in range(64)]


def encode_command(argv: list[bytes]) -> bytes:
    """One record."""
    count = len(argv)
    parts = [_COUNTS[count] if count < 64 else b"*%d\r\n" % count]
    for argument in argv:
        size = len(argument)
        parts.append(_SIZES[size] if size < 256 else b"$%d\r\n" % size)
        parts.append(argument)
        parts.append(b"\r\n")
    return b"".join(parts)


def timestamp_line(now_s: int) -> bytes:
    return b"#TS:%d\r\n" % now_s


def checksum_line(crc: int, covered: int) -> bytes:
    """The line after `covered` bytes (more than none) whose CRC64 is `crc`."""
    return b"#CRC64:%016x:%d\r\n" % (crc, covered)


class AofReader:
    """Call `next_event` until it gives NEED_INPUT, `feed` or `finish`, go on until it gives END or TORN.

    `base` is the offset in the file at which the text starts.  With `total_size` (of the file, from 0) a length
    that leads beyond the end is seen at once, without collecting all the rest.
    """

    def __init__(self, base: int = 0, total_size: int = -1, verify: bool = True) -> None:
        self._data: bytes = b""
        self._position: int = 0
        self._base: int = base  # offset in the file of _data[0]
        self._total_size: int = total_size
        self._verify: bool = verify
        self._needed: int = 0
        self._waiting: list[bytes] = []
        self._waiting_size: int = 0
        self._finished: bool = False
        self._torn: bool = False
        self._in_multi: bool = False
        self._summed: int = 0  # position up to which _crc goes
        self._crc: int = 0
        self.argv: list[bytes] = []
        self.timestamp_s: int = -1
        self.valid_offset: int = base  # the end of the last whole record outside of any transaction
        self.torn_offset: int = -1
        self.covered_from: int = base  # the end of the last checksum line
        self.has_checksums: bool = False

    def feed(self, chunk: bytes) -> None:
        self._waiting.append(chunk)
        self._waiting_size += len(chunk)

    def finish(self) -> None:
        """There is no more input."""
        self._finished = True

    def offset(self) -> int:
        """Where in the file the next record starts."""
        return self._base + self._position

    def uncovered_size(self) -> int:
        """How many of the bytes before `valid_offset` no checksum line covers."""
        return self.valid_offset - self.covered_from

    def uncovered_crc(self) -> int:
        """The CRC64 of those bytes after END, for the writer that goes on after them."""
        self._sum_up()
        return self._crc

    def next_event(self) -> int:
        """One of the events above; FormatError, with the offset, where the text is damaged."""
        if self._torn:
            return self._scan_tail()
        while True:
            try:
                return self._next()
            except IncompleteError:
                pass
            if 0 <= self._total_size < self._base + self._needed or (self._finished and not self._waiting):
                self._torn = True
                self.torn_offset = self.offset()
                return self._scan_tail()
            if len(self._data) + self._waiting_size < self._needed and not self._finished:
                return NEED_INPUT
            self._refill()

    def _refill(self) -> None:
        self._sum_up()
        position = self._position
        self._waiting.insert(0, self._data[position:])
        self._data = b"".join(self._waiting)
        self._waiting = []
        self._waiting_size = 0
        self._base += position
        self._needed -= position
        self._position = 0
        self._summed = 0

    def _sum_up(self) -> None:
        if self._summed < self._position:
            if self._verify:
                self._crc = crc64(self._data[self._summed : self._position], self._crc)
            self._summed = self._position

    def _damaged(self, what: str) -> FormatError:
        return FormatError(f"{what} at offset {self._base + self._position}")

    def _line(self, position: int, limit: int) -> int:
        """Where the line at `position` ends, before its CR LF."""
        end = self._data.find(b"\r\n", position, position + limit + 2)
        if end >= 0:
            return end
        if len(self._data) < position + limit + 2:
            self._needed = len(self._data) + 1
            raise IncompleteError
        raise self._damaged("Bad file format")

    def _next(self) -> int:
        data = self._data
        position = self._position
        if position >= len(data):
            if (self._finished and not self._waiting) or self._base + position == self._total_size:
                return self._end()
            self._needed = position + 1
            raise IncompleteError
        first = data[position]
        if first == 35:
            return self._read_annotation()
        if first != 42:
            raise self._damaged("Bad file format")
        end = self._line(position, 12)
        count = self._number(position + 1, end)
        if count < 1 or count >= MAX_ARGUMENTS:
            raise self._damaged("Bad file format")
        position = end + 2
        argv: list[bytes] = []
        while count > 0:
            end = self._line(position, 14)
            if end == position or data[position] != 36:
                raise self._damaged("Bad file format")
            start = end + 2
            end = start + self._number(position + 1, end)
            position = end + 2
            if position > len(data):
                self._needed = position
                raise IncompleteError
            if data[end] != 13 or data[end + 1] != 10:
                raise self._damaged("Bad file format")
            argv.append(data[start:end])
            count -= 1
        self.argv = argv
        self._position = position
        self._follow_transaction(argv)
        return COMMAND

    def _number(self, start: int, end: int) -> int:
        digits = self._data[start:end]
        if not digits.isdigit():
            raise self._damaged("Bad file format")
        return int(digits)

    def _follow_transaction(self, argv: list[bytes]) -> None:
        name = argv[0]
        if len(argv) == 1 and 4 <= len(name) <= 5:
            name = name.upper()
            if name == b"MULTI":
                self._in_multi = True
            elif name == b"EXEC":
                self._in_multi = False
        if not self._in_multi:
            self.valid_offset = self._base + self._position

    def _read_annotation(self) -> int:
        position = self._position
        end = self._line(position, MAX_ANNOTATION - 2)
        line = self._data[position:end]
        event = NOTE
        found = _TIMESTAMP.match(line)
        if found is not None:
            self.timestamp_s = int(found[1])
            event = TIMESTAMP
        found = _CHECKSUM.match(line)
        if found is not None:
            self._compare(int(found[1], 16), int(found[2]))
            event = COVERED
        elif line.startswith(b"#CRC64:") and self._verify:
            raise self._damaged("Bad checksum line")
        self._position = end + 2
        if event == COVERED:
            self._summed = self._position
            self._crc = 0
            self.covered_from = self._base + self._position
        if not self._in_multi:
            self.valid_offset = self._base + self._position
        return event

    def _compare(self, crc: int, covered: int) -> None:
        if not self._verify:
            return
        self._sum_up()
        size = self._base + self._position - self.covered_from
        if covered != size or crc != self._crc:
            raise FormatError(
                f"Checksum mismatch: the {size} bytes from offset {self.covered_from} to "
                f"{self.covered_from + size} are not what was written"
            )
        self.has_checksums = True

    def _end(self) -> int:
        return TORN if self._in_multi else END

    def _scan_tail(self) -> int:
        """The record at `torn_offset` leads beyond the end of the text.

        If a checksum line stands in what follows and covers the record, then the record was whole once and a length
        is damaged.
        """
        data = self._data[self._position :] + b"".join(self._waiting)
        base = self._base + self._position
        if self._verify:
            for found in _CHECKSUM_IN_TEXT.finditer(data):
                if base + found.start() + 1 - int(found[1]) == self.covered_from:
                    raise FormatError(f"Bad file format: a length leads beyond the end at offset {self.torn_offset}")
        kept = min(len(data), MAX_ANNOTATION)
        self._data = data[len(data) - kept :]
        self._base = base + len(data) - kept
        self._position = 0
        self._waiting = []
        self._waiting_size = 0
        return TORN if self._finished else NEED_INPUT
