"""miniredis-check-rdb: reads an RDB file to its end and says what is in it, or where it is damaged."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from miniredis.datatypes.limits import EncodingLimits
from miniredis.formats import rdb_file
from miniredis.formats.errors import FormatError
from miniredis.formats.rdb_file import RdbReader
from miniredis.formats.rdb_values import build_registry
from miniredis.formats.registry import PassedOver
from miniredis.persistence.disk import Disk

CHUNK = 1 << 20

Say = Callable[[str], None]


class RdbReport:
    """What a file holds."""

    def __init__(self) -> None:
        self.version = 0
        self.keys = 0
        self.expiring = 0
        self.functions = 0
        self.aux: dict[str, str] = {}
        self.by_type: dict[str, int] = {}
        self.size = 0


def check_rdb(path: str, disk: Disk | None = None) -> RdbReport:
    """Read it all; FormatError, with the offset, or OSError where that is not possible.

    Bytes after the end are left: they may be the commands of an append-only file.
    """
    disk = disk or Disk()
    report = RdbReport()
    registry = build_registry(EncodingLimits())
    registry.passes_over_modules = True
    reader = RdbReader(registry, total_size=disk.size(path))
    descriptor = disk.open_read(path)
    try:
        while True:
            event = reader.next_event()
            if event == rdb_file.NEED_INPUT:
                chunk = disk.read(descriptor, CHUNK)
                if chunk:
                    reader.feed(chunk)
                else:
                    reader.finish()
            elif event == rdb_file.KEY:
                report.keys += 1
                report.expiring += reader.expiry_ms >= 0
                value = reader.value
                kind = value.type_name if isinstance(value, PassedOver) else registry.codec(value).type_name().decode()
                report.by_type[kind] = report.by_type.get(kind, 0) + 1
            elif event == rdb_file.AUX:
                report.aux[reader.name.decode("latin-1")] = reader.text.decode("latin-1")
            elif event == rdb_file.FUNCTION:
                report.functions += 1
            elif event == rdb_file.END:
                report.version = reader.version
                report.size = reader.offset()
                return report
    except FormatError as problem:
        raise FormatError(f"{problem} (at offset {reader.offset()})") from None
    finally:
        disk.close(descriptor)


def run(words: Sequence[str], say: Say) -> int:
    """The exit status."""
    if len(words) != 1:
        say("Usage: miniredis-check-rdb <file.rdb>")
        return 1
    path = words[0]
    try:
        report = check_rdb(path)
    except (FormatError, OSError) as problem:
        say(f"{path}: {problem}")
        say("This RDB file cannot be loaded.")
        return 1
    for name, text in report.aux.items():
        say(f"{name} = {text}")
    for kind, number in sorted(report.by_type.items()):
        say(f"{number} of type {kind}")
    say(f"{report.keys} keys, {report.expiring} of them expire; {report.functions} function libraries")
    say(f"{path}: RDB version {report.version}, {report.size} bytes, everything is as it was written")
    return 0


def main() -> None:
    """The program."""
    sys.exit(run(sys.argv[1:], print))
