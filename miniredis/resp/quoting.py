"""Words of a line, as inline commands, redis.conf and redis-cli quote them.

Words are separated by blanks. Inside double quotes a backslash starts an escape (\\n \\r \\t \\b \\a,
\\xHH, any other byte stands for itself); inside single quotes only \\' is one. A closing quote must be
followed by a blank or the end. A NUL byte ends the line, as it does in C.
"""

from __future__ import annotations

from typing import Final

_SPACES: Final = b" \t\n\r\x0b\x0c"  # skipped before a word
_ENDS: Final = b" \t\n\r"  # what ends a word outside quotes: the vertical tab and form feed do not
_HEX: Final = b"0123456789abcdefABCDEF"
_ESCAPES: Final = {0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, 0x62: 0x08, 0x61: 0x07}  # n r t b a
_NAMED: Final = {0x5C: b"\\\\", 0x22: b'\\"', 0x0A: b"\\n", 0x0D: b"\\r", 0x09: b"\\t", 0x07: b"\\a", 0x08: b"\\b"}


def split_arguments(line: bytes) -> list[bytes] | None:
    """The words of `line`, or None where quotes are not balanced."""
    if b'"' not in line and b"'" not in line and b"\0" not in line and b"\x0b" not in line and b"\x0c" not in line:
        return line.split()
    words: list[bytes] = []
    end = line.find(b"\0")
    if end < 0:
        end = len(line)
    at = 0
    while True:
        while at < end and line[at] in _SPACES:
            at += 1
        if at == end:
            return words
        word = bytearray()
        while at < end and line[at] not in _ENDS:
            byte = line[at]
            if byte == 0x22:
                at = _double_quoted(line, at + 1, end, word)
            elif byte == 0x27:
                at = _single_quoted(line, at + 1, end, word)
            else:
                word.append(byte)
                at += 1
                continue
            if at < 0:
                return None
            break
        words.append(bytes(word))


def _double_quoted(line: bytes, at: int, end: int, word: bytearray) -> int:
    """Append what stands in double quotes from `at`; the place after the closing quote, -1 if there is none."""
    while at < end:
        byte = line[at]
        if byte == 0x22:
            return _closed(line, at + 1, end)
        if byte == 0x5C and at + 1 < end:
            escaped = line[at + 1]
            if escaped == 0x78 and at + 3 < end and line[at + 2] in _HEX and line[at + 3] in _HEX:
                word.append(int(line[at + 2 : at + 4], 16))
                at += 4
                continue
            word.append(_ESCAPES.get(escaped, escaped))
            at += 2
            continue
        word.append(byte)
        at += 1
    return -1


def _single_quoted(line: bytes, at: int, end: int, word: bytearray) -> int:
    """The same for single quotes."""
    while at < end:
        byte = line[at]
        if byte == 0x27:
            return _closed(line, at + 1, end)
        if byte == 0x5C and at + 1 < end and line[at + 1] == 0x27:
            at += 1
            byte = 0x27
        word.append(byte)
        at += 1
    return -1


def _closed(line: bytes, at: int, end: int) -> int:
    """The place after a closing quote, -1 where another word follows without a blank."""
    if at < end and line[at] not in _SPACES:
        return -1
    return at


def quote(text: bytes) -> bytes:
    """`text` between double quotes, every byte that is not printable ASCII escaped."""
    quoted = bytearray(b'"')
    for byte in text:
        named = _NAMED.get(byte)
        if named is not None:
            quoted += named
        elif 0x20 <= byte < 0x7F:
            quoted.append(byte)
        else:
            quoted += b"\\x%02x" % byte
    quoted += b'"'
    return bytes(quoted)
