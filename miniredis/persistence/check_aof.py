"""miniredis-check-aof: reads the files of an append-only log and says whether they can be loaded.

--fix cuts the last file at the end of its last whole record, where it is only torn; with --force also where a record
or a checksum is damaged, which loses what follows.  --truncate-to-timestamp <unix seconds> brings the log back to a
moment, if its writer noted the time (aof-timestamp-enabled).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from miniredis.formats import aof
from miniredis.formats.aof import AofReader
from miniredis.formats.errors import FormatError
from miniredis.formats.manifest import parse_manifest
from miniredis.persistence.check_rdb import CHUNK, Say, check_rdb
from miniredis.persistence.disk import Disk
from miniredis.persistence.loading import MAGICS

USAGE = "Usage: miniredis-check-aof [--fix [--force] | --truncate-to-timestamp <timestamp>] <file.manifest | file.aof>"


class AofReport:
    """What a file of commands holds.  `problem` is empty where all is well."""

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self.size = size
        self.good_up_to = 0  # the end of the last record that can be kept
        self.verified_up_to = 0  # the end of the last checksum line that is right
        self.problem = ""
        self.is_only_torn = False
        self.stamp_offset = -1  # where what was written after the given time begins
        self.commands = 0


def check_aof(path: str, until_s: int = -1, disk: Disk | None = None) -> AofReport:
    """Read one file to its end, its RDB part included; OSError where it cannot be read."""
    disk = disk or Disk()
    report = AofReport(path, disk.size(path))
    base = 0
    descriptor = disk.open_read(path)
    try:
        first = disk.read(descriptor, CHUNK)
        if first.startswith(MAGICS) or path.endswith(".base.rdb"):
            base = check_rdb(path, disk).size
            disk.close(descriptor)
            descriptor = disk.open_read(path)
            skipped = 0
            while skipped < base:
                skipped += len(disk.read(descriptor, min(CHUNK, base - skipped)))
            first = disk.read(descriptor, CHUNK)
        reader = AofReader(base, report.size)
        reader.feed(first)
        _read(reader, report, until_s, disk, descriptor)
    except FormatError as problem:
        report.problem = str(problem)
        report.good_up_to = report.verified_up_to
    finally:
        disk.close(descriptor)
    return report


def _read(reader: AofReader, report: AofReport, until_s: int, disk: Disk, descriptor: int) -> None:
    while True:
        before = reader.offset()
        event = reader.next_event()
        if event == aof.NEED_INPUT:
            chunk = disk.read(descriptor, CHUNK)
            if chunk:
                reader.feed(chunk)
            else:
                reader.finish()
        elif event == aof.COMMAND:
            report.commands += 1
        elif event == aof.TIMESTAMP:
            if report.stamp_offset < 0 and 0 <= until_s < reader.timestamp_s:
                report.stamp_offset = before
        elif event == aof.COVERED:
            report.verified_up_to = reader.offset()
        elif event in (aof.END, aof.TORN):
            report.good_up_to = reader.valid_offset
            if event == aof.TORN:
                report.problem = f"the last record, at offset {reader.valid_offset}, is torn"
                report.is_only_torn = True
            return


def _files_of(path: str, disk: Disk) -> list[tuple[str, int]]:
    """The files of a manifest in order, or the one given; each with how many bytes were written to it, or -1."""
    if not path.endswith(".manifest"):
        return [(path, -1)]
    folder = os.path.dirname(path)
    manifest = parse_manifest(disk.read_file(path))
    return [(os.path.join(folder, os.fsdecode(entry.name)), entry.size) for entry in manifest.files()]


def run(words: Sequence[str], say: Say) -> int:
    """The exit status: 0 where all is well, or was mended."""
    fix = force = False
    until_s = -1
    rest = list(words)
    while rest and rest[0].startswith("--"):
        option = rest.pop(0)
        if option == "--fix":
            fix = True
        elif option == "--force":
            force = True
        elif option == "--truncate-to-timestamp" and rest and rest[0].isdigit():
            until_s = int(rest.pop(0))
        else:
            rest = []
    if len(rest) != 1:
        say(USAGE)
        return 1
    disk = Disk()
    try:
        return _check_all(_files_of(rest[0], disk), fix, force, until_s, say, disk)
    except (FormatError, OSError) as problem:
        say(f"{rest[0]}: {problem}")
        return 1


def _check_all(files: list[tuple[str, int]], fix: bool, force: bool, until_s: int, say: Say, disk: Disk) -> int:
    for place, (path, written) in enumerate(files):
        is_last = place == len(files) - 1
        report = check_aof(path, until_s, disk)
        if not report.problem and report.size < written and not is_last:
            report.problem = f"{written} bytes were written to it"
        if report.stamp_offset >= 0:
            return _go_back(report, is_last, say, disk)
        if not report.problem:
            say(f"{path}: {report.commands} commands, {report.size} bytes, as they were written")
            continue
        say(f"{path}: {report.problem}; good up to offset {report.good_up_to} of {report.size}")
        may_cut = is_last and fix and (report.is_only_torn or force)
        if not may_cut:
            say("Only the last file can be mended, a torn record with --fix, other damage with --fix --force.")
            return 1
        disk.truncate(path, report.good_up_to)
        say(f"{path}: cut at offset {report.good_up_to}, {report.size - report.good_up_to} bytes are gone")
    return 0


def _go_back(report: AofReport, is_last: bool, say: Say, disk: Disk) -> int:
    if not is_last:
        say(f"{report.path}: the time lies in a file that others follow; only the last one can be cut")
        return 1
    disk.truncate(report.path, report.stamp_offset)
    say(f"{report.path}: cut at offset {report.stamp_offset}, before what was written later")
    return 0


def main() -> None:
    """The program."""
    sys.exit(run(sys.argv[1:], print))
