"""What RDB values and files are made of: lengths, strings, doubles, times.

`RdbSource` reads them from input that may arrive in pieces; `RdbSink` collects what is written.  A length is 6
bits (00), 14 bits (01), 32 bits (byte 128) or 64 bits (byte 129), big endian; a first byte 192 to 195 is an
integer of 1, 2 or 4 bytes or an LZF stream in place of a string.  Doubles and times are little endian.
"""

from __future__ import annotations

import struct
from math import inf, isnan, nan
from typing import Final

from mypy_extensions import i64

from miniredis.formats import lzf
from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.resp.numbers import parse_double, parse_int64

# What read_length_or_encoding gives for strings that are not stored raw.
ENCODED_INT8: Final = -1
ENCODED_INT16: Final = -2
ENCODED_INT32: Final = -3
ENCODED_LZF: Final = -4

#: No length of bytes comes near it: beyond, adding it to a position would overflow where positions are 64 bits.
MOST_BYTES: Final = 1 << 48
INTEGER_TEXT_LIMIT: Final = 11  # of "-2147483648"
COMPRESS_FROM: Final = 21
_BYTES: Final = [bytes([value]) for value in range(256)]
_DOUBLE: Final = struct.Struct("<d")


def parse_score(text: bytes) -> float:
    """A double of a packed sorted set; FormatError for anything else, NaN included."""
    found = parse_double(text)
    if found is None:
        raise FormatError("not a score")
    return found


class RdbSource:
    """Bytes to be read as RDB items.

    A read that needs more than has been fed raises IncompleteError and moves nothing that the caller cannot
    restore by setting `position` back; after `finish()` it raises FormatError.  `total_size`, if known, lets an
    impossible length fail at once.  With `checksum` every byte left behind by `drop()` is summed.
    """

    def __init__(self, data: bytes = b"", total_size: int = -1, checksum: bool = False) -> None:
        self._data: bytes = data
        self.position: i64 = 0
        self._end: i64 = len(data)
        self._needed: int = 0  # of the buffer, before another try makes sense
        self._waiting: list[bytes] = []
        self._waiting_size: int = 0
        self._dropped: int = 0
        self._total_size: int = total_size
        self._finished: bool = False
        self._checksum: bool = checksum
        self._crc: int = 0

    def feed(self, chunk: bytes) -> None:
        """Add input."""
        self._waiting.append(chunk)
        self._waiting_size += len(chunk)

    def finish(self) -> None:
        """There is no more input."""
        self._finished = True
        self.refill()

    def is_finished(self) -> bool:
        return self._finished

    def refill(self) -> bool:
        """Take over what was fed, if it may complete the item that was incomplete; False if not."""
        if self._end + self._waiting_size < self._needed and not self._finished:
            return False
        if self._waiting:
            self.drop()
            self._waiting.insert(0, self._data)
            self._data = b"".join(self._waiting)
            self._end = len(self._data)
            self._waiting = []
            self._waiting_size = 0
        return True

    def drop(self) -> None:
        """Forget what was read."""
        position = self.position
        if position > 0:
            if self._checksum:
                self._crc = crc64(self._data[:position], self._crc)
            self._data = self._data[position:]
            self._end -= position
            self._dropped += position
            self._needed -= position
            self.position = 0

    def offset(self) -> int:
        """How many bytes of the input lie before the next one to be read."""
        return self._dropped + self.position

    def crc(self) -> int:
        """CRC64 of everything read."""
        self.drop()
        return self._crc

    def rest(self) -> bytes:
        """All input not read."""
        return self._data[self.position :] + b"".join(self._waiting)

    def at_end(self) -> bool:
        return self.position >= self._end

    def _lack(self, needed: int) -> Exception:
        if self._finished or (0 <= self._total_size < self._dropped + needed):
            return FormatError("unexpected end")
        self._needed = needed
        return IncompleteError()

    def read_byte(self) -> int:
        position = self.position
        if position >= self._end:
            raise self._lack(position + 1)
        self.position = position + 1
        return self._data[position]

    def read_bytes(self, count: int) -> bytes:
        if count > MOST_BYTES:
            raise FormatError("impossible length")
        position = self.position
        end = position + count
        if end > self._end:
            raise self._lack(end)
        self.position = end
        return self._data[position:end]

    def read_length_or_encoding(self) -> int:
        """A length, or one of ENCODED_*."""
        position = self.position
        if position >= self._end:
            raise self._lack(position + 1)
        first = self._data[position]
        if first < 0x40:
            self.position = position + 1
            return first
        if first < 0x80:
            if position + 2 > self._end:
                raise self._lack(position + 2)
            self.position = position + 2
            return (first & 0x3F) << 8 | self._data[position + 1]
        self.position = position + 1
        if first == 0x80:
            return int.from_bytes(self.read_bytes(4), "big")
        if first == 0x81:
            return int.from_bytes(self.read_bytes(8), "big")
        if 0xC0 <= first <= 0xC3:
            return 0xBF - first
        raise FormatError("unknown length encoding")

    def read_length(self) -> int:
        length = self.read_length_or_encoding()
        if length < 0:
            raise FormatError("a string where a length should be")
        return length

    def read_string(self) -> bytes:
        """A string of any encoding; integers as their decimal text."""
        place: i64 = self.position
        if place < self._end:
            # Nearly all strings are short and lie in the buffer.
            first: i64 = self._data[place]
            if first < 0x40:
                place += 1
                first += place
            elif first < 0x80 and place + 1 < self._end:
                first = (first & 0x3F) << 8 | self._data[place + 1]
                place += 2
                first += place
            else:
                first = self._end + 1
            if first <= self._end:
                self.position = first
                return self._data[place:first]
        return self._read_other_string()

    def _read_other_string(self) -> bytes:
        length = self.read_length_or_encoding()
        if length >= 0:
            return self.read_bytes(length)
        if length == ENCODED_LZF:
            packed_size = self.read_length()
            plain_size = self.read_length()
            return lzf.decompress(self.read_bytes(packed_size), plain_size)
        return b"%d" % int.from_bytes(self.read_bytes(1 << (-1 - length)), "little", signed=True)

    def read_double(self) -> float:
        """8 bytes."""
        found: float = _DOUBLE.unpack(self.read_bytes(8))[0]
        return found

    def read_text_double(self) -> float:
        """A length and text; 253, 254, 255 stand for nan, inf, -inf."""
        length = self.read_byte()
        if length >= 253:
            return nan if length == 253 else inf if length == 254 else -inf
        return parse_score(self.read_bytes(length))

    def read_score(self, text: bool) -> float:
        """A double of either form that is not NaN."""
        score = self.read_text_double() if text else self.read_double()
        if isnan(score):
            raise FormatError("a score that is not a number")
        return score

    def read_milliseconds(self) -> int:
        """A signed time of 8 bytes."""
        return int.from_bytes(self.read_bytes(8), "little", signed=True)

    def read_unsigned(self, size: int) -> int:
        return int.from_bytes(self.read_bytes(size), "little")


class RdbSink:
    """Collects RDB items; `take` hands over what came together."""

    def __init__(self, compress: bool = True) -> None:
        self._parts: list[bytes] = []
        self.compress: bool = compress
        self.size: int = 0  # about: of what is collected and not taken

    def take(self) -> bytes:
        """All that was written since the last call."""
        taken = b"".join(self._parts)
        self._parts = []
        self.size = 0
        return taken

    def write_byte(self, value: int) -> None:
        self._parts.append(_BYTES[value])
        self.size += 1

    def write_bytes(self, data: bytes) -> None:
        self._parts.append(data)
        self.size += len(data)

    def write_length(self, length: int) -> None:
        """0 to 2**64 - 1."""
        if length < 0x40:
            self._parts.append(_BYTES[length])
        elif length < 0x4000:
            self._parts.append(_BYTES[length >> 8 | 0x40])
            self._parts.append(_BYTES[length & 0xFF])
        elif length <= 0xFFFFFFFF:
            self._parts.append(b"\x80" + length.to_bytes(4, "big"))
        else:
            self._parts.append(b"\x81" + length.to_bytes(8, "big"))
        self.size += 5

    def write_string(self, text: bytes) -> None:
        """An integer if `text` is one of 32 bits, an LZF stream where that is shorter, else as it is."""
        length = len(text)
        if length <= INTEGER_TEXT_LIMIT:
            number = parse_int64(text)
            if number is not None and self._write_integer(number):
                return
        elif length >= COMPRESS_FROM and self.compress:
            packed = lzf.compress(text)
            if packed is not None:
                self._parts.append(b"\xc3")
                self.write_length(len(packed))
                self.write_length(length)
                self.write_bytes(packed)
                return
        self.write_length(length)
        self._parts.append(text)
        self.size += length

    def _write_integer(self, number: int) -> bool:
        if -128 <= number <= 127:
            self.write_bytes(b"\xc0" + _BYTES[number & 0xFF])
        elif -32768 <= number <= 32767:
            self.write_bytes(b"\xc1" + number.to_bytes(2, "little", signed=True))
        elif -2147483648 <= number <= 2147483647:
            self.write_bytes(b"\xc2" + number.to_bytes(4, "little", signed=True))
        else:
            return False
        return True

    def write_double(self, number: float) -> None:
        self.write_bytes(_DOUBLE.pack(number))

    def write_milliseconds(self, time_ms: int) -> None:
        self.write_bytes(time_ms.to_bytes(8, "little", signed=True))
