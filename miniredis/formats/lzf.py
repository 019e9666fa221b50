"""LZF, the compression of strings in RDB files.

A stream is a sequence of runs: a byte below 32 is followed by that many literals plus one; any other byte
holds a length (3 bits, 7 meaning "add the next byte", plus 2) and the high 5 bits of a distance whose low
8 bits follow.  The C module python-lzf does both directions; the same in Python serves without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from miniredis.datatypes.compression import Compressor
from miniredis.formats.errors import FormatError

MAX_RATIO: Final = 88  # three bytes can stand for at most 264
MAX_DISTANCE: Final = 8192
MAX_LITERALS: Final = 32
MAX_MATCH: Final = 264

Compress = Callable[[bytes, int], bytes | None]
Decompress = Callable[[bytes, int], bytes | None]


def pure_compress(data: bytes, limit: int) -> bytes | None:
    """A stream of at most `limit` bytes, or None if it takes more."""
    size = len(data)
    seen: dict[bytes, int] = {}
    out: list[bytes] = []
    written = 0
    position = 0
    literals_from = 0
    while position < size:
        triple = data[position : position + 3]
        distance = position - seen.get(triple, -MAX_DISTANCE - 1) if len(triple) == 3 else MAX_DISTANCE + 1
        seen[triple] = position
        if distance > MAX_DISTANCE:
            position += 1
            continue
        written += _put_literals(out, data, literals_from, position)
        length = 3
        longest = min(MAX_MATCH, size - position)
        while length < longest and data[position + length] == data[position + length - distance]:
            length += 1
        high = (distance - 1) >> 8
        low = (distance - 1) & 0xFF
        if length < 9:
            out.append(bytes([(length - 2) << 5 | high, low]))
        else:
            out.append(bytes([7 << 5 | high, length - 9, low]))
        written += len(out[len(out) - 1])
        position += length
        literals_from = position
        if written > limit:
            return None
    written += _put_literals(out, data, literals_from, size)
    return b"".join(out) if written <= limit else None


def _put_literals(out: list[bytes], data: bytes, start: int, end: int) -> int:
    written = 0
    while start < end:
        run = data[start : min(start + MAX_LITERALS, end)]
        out.append(bytes([len(run) - 1]))
        out.append(run)
        written += 1 + len(run)
        start += len(run)
    return written


def pure_decompress(data: bytes, size: int) -> bytes | None:
    """The `size` bytes that were compressed; None or ValueError if the stream holds others."""
    out = bytearray()
    position = 0
    end = len(data)
    while position < end:
        control = data[position]
        position += 1
        if control < MAX_LITERALS:
            if position + control + 1 > end:
                raise ValueError("literals beyond the end")
            out += data[position : position + control + 1]
            position += control + 1
        else:
            length = control >> 5
            if length == 7 and position < end:
                length += data[position]
                position += 1
            if position >= end:
                raise ValueError("a match is cut off")
            start = len(out) - ((control & 31) << 8) - data[position] - 1
            position += 1
            length += 2
            if start < 0:
                raise ValueError("a match before the start")
            piece = bytes(out[start : start + length])
            out += (piece * (length // len(piece) + 1))[:length] if len(piece) < length else piece
        if len(out) > size:
            return None
    return bytes(out)


def find_implementation() -> tuple[Compress, Decompress]:
    """The C module's functions, or those above."""
    try:
        import lzf  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return pure_compress, pure_decompress
    return cast(Compress, lzf.compress), cast(Decompress, lzf.decompress)


_compress, _decompress = find_implementation()


def compress(data: bytes) -> bytes | None:
    """The stream if it is at least 4 bytes shorter than `data` (as Redis demands), else None."""
    limit = len(data) - 4
    return _compress(data, limit) if limit > 0 else None


def decompress(data: bytes, size: int) -> bytes:
    """The `size` bytes that were compressed; FormatError if the stream is corrupt or holds another number.

    No more memory is taken than a stream of this length can fill.
    """
    if size < 1 or size > len(data) * MAX_RATIO:
        raise FormatError("LZF: impossible size")
    try:
        plain = _decompress(data, size)
    except ValueError:
        plain = None
    if plain is None or len(plain) != size:
        raise FormatError("LZF: corrupt stream")
    return plain


class LzfCompressor(Compressor):
    """For the inner nodes of lists (list-compress-depth)."""

    def compress(self, raw: bytes) -> bytes | None:
        return compress(raw)

    def decompress(self, packed: bytes, size: int) -> bytes:
        return decompress(packed, size)
