"""The AOF manifest: which files, in which order, make up the log.

Each line is `file <name> seq <number> type <b|h|i>`, names quoted where needed: at most one base (b), increments
(i) in rising sequence, history files (h) that wait for deletion.  Lines that start with `#` are comments.

The first line may be `#CRC64:<16 hex digits>:<bytes>`, of all that follows it: a manifest that lost a line, or in which
one letter turned an increment into history, would otherwise load as other data.  A line `#SIZE:<bytes>` behind that of
a file which is not appended to any more says how much was written to it.  redis-server passes over both.
"""

from __future__ import annotations

import re
from typing import Final

from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError
from miniredis.resp.quoting import quote, split_arguments

BASE: Final = b"b"
INCREMENT: Final = b"i"
HISTORY: Final = b"h"
MAX_LINE: Final = 1024
NOTHING_YET: Final = b"# no files yet\n"
_CHECKSUM: Final = re.compile(rb"#CRC64:([0-9a-f]{16}):([0-9]{1,18})\n")
_SIZE: Final = re.compile(rb"#SIZE:([0-9]{1,18})")
_SPECIAL: Final = re.compile(rb"[^!#-&(-\[\]-~]")  # spaces, quotes, backslashes, unprintable bytes


class ManifestEntry:
    """One file of the log."""

    def __init__(self, name: bytes, sequence: int, kind: bytes, size: int = -1) -> None:
        self.name: bytes = name
        self.sequence: int = sequence
        self.kind: bytes = kind
        self.size: int = size  # at least so many bytes were written to it; -1: not known

    def format(self) -> bytes:
        return b"file %b seq %d type %b\n" % (
            quote(self.name) if _SPECIAL.search(self.name) else self.name,
            self.sequence,
            self.kind,
        )


class Manifest:
    """The base, the increments from oldest to newest, the files to delete."""

    def __init__(self) -> None:
        self.base: ManifestEntry | None = None
        self.increments: list[ManifestEntry] = []
        self.history: list[ManifestEntry] = []
        self.is_verified: bool = False  # it was read, and its checksum matches

    def copy(self) -> Manifest:
        """Entries never change once they are read or saved, so they are shared."""
        other = Manifest()
        other.base = self.base
        other.increments = self.increments.copy()
        other.history = self.history.copy()
        return other

    def files(self) -> list[ManifestEntry]:
        """What is loaded, in order."""
        found = self.increments.copy()
        if self.base is not None:
            found.insert(0, self.base)
        return found

    def is_empty(self) -> bool:
        """Whether there is nothing to load."""
        return self.base is None and not self.increments

    def next_base_sequence(self) -> int:
        return self.base.sequence + 1 if self.base is not None else 1

    def next_increment_sequence(self) -> int:
        return self.increments[len(self.increments) - 1].sequence + 1 if self.increments else 1

    def format(self, checksum: bool = False) -> bytes:
        """The text of the file; never empty, which would not be one."""
        lines: list[bytes] = []
        if self.base is not None:
            _put(self.base, lines, checksum)
        for entry in self.history:
            lines.append(entry.format())
        for entry in self.increments:
            _put(entry, lines, checksum)
        if not lines:
            lines.append(NOTHING_YET)
        text = b"".join(lines)
        return b"#CRC64:%016x:%d\n" % (crc64(text), len(text)) + text if checksum else text


def _put(entry: ManifestEntry, lines: list[bytes], with_size: bool) -> None:
    lines.append(entry.format())
    if with_size and entry.size >= 0:
        lines.append(b"#SIZE:%d\n" % entry.size)


def _verify(text: bytes) -> bool:
    """Whether there is a checksum; FormatError if it does not match."""
    if not text.startswith(b"#CRC64:"):
        return False
    found = _CHECKSUM.match(text)
    if found is None:
        raise FormatError("Bad checksum line in the AOF manifest")
    rest = text[found.end() :]
    if len(rest) != int(found[2]) or crc64(rest) != int(found[1], 16):
        raise FormatError("Checksum mismatch: the AOF manifest is not what was written")
    return True


def parse_manifest(text: bytes, verify: bool = True) -> Manifest:
    """FormatError with the line's number for anything Redis would refuse, or for a checksum that does not match."""
    manifest = Manifest()
    if not text:
        raise FormatError("Found an empty AOF manifest")
    if verify:
        manifest.is_verified = _verify(text)
    lines = text.split(b"\n")
    if lines[len(lines) - 1]:
        raise FormatError("The AOF manifest file contains an unterminated line")
    lines.pop()
    highest = 0
    last: ManifestEntry | None = None
    for number, line in enumerate(lines, 1):
        if line.startswith(b"#"):
            size = _SIZE.fullmatch(line)
            if size is not None and last is not None and manifest.is_verified:
                last.size = int(size[1])
            continue
        entry = _parse_line(line, number)
        last = entry
        if entry.kind == BASE:
            if manifest.base is not None:
                raise FormatError(f"line {number}: Found duplicate base file information")
            manifest.base = entry
        elif entry.kind == HISTORY:
            manifest.history.append(entry)
        else:
            if entry.sequence <= highest:
                raise FormatError(f"line {number}: Found a non-monotonic sequence number")
            highest = entry.sequence
            manifest.increments.append(entry)
    return manifest


def _parse_line(line: bytes, number: int) -> ManifestEntry:
    if len(line) >= MAX_LINE:
        raise FormatError(f"line {number}: The AOF manifest file contains too long line")
    words = split_arguments(line.strip(b" \t\r\n"))
    if words is None or len(words) < 6 or len(words) & 1:
        raise FormatError(f"line {number}: Invalid AOF manifest file format")
    name = b""
    sequence = -1
    kind = b""
    for index in range(0, len(words), 2):
        word = words[index].lower()
        value = words[index + 1]
        if word == b"file":
            name = value
            if b"/" in name:
                raise FormatError(f"line {number}: File can't be a path, just a filename")
        elif word == b"seq":
            sequence = int(value) if value.isdigit() else -1
        elif word == b"type":
            kind = value
    if not name or sequence < 1 or kind not in (BASE, HISTORY, INCREMENT):
        raise FormatError(f"line {number}: Invalid AOF manifest file format")
    entry = ManifestEntry(name, sequence, kind)
    if len(entry.format()) > MAX_LINE:  # quoted it takes more than it did: written again, it could not be read
        raise FormatError(f"line {number}: The AOF manifest file contains too long line")
    return entry
