"""The folder of the append-only files: its manifest, the names in it, what may be deleted.

appendonlydir/
  appendonly.aof.manifest        which files, in which order
  appendonly.aof.1.base.rdb      all keys at some moment (.aof: as commands)
  appendonly.aof.1.incr.aof      what was written since; the last one is being appended to
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress

from miniredis.config.config import Config
from miniredis.formats.errors import FormatError
from miniredis.formats.manifest import BASE, HISTORY, INCREMENT, Manifest, ManifestEntry, parse_manifest
from miniredis.persistence.disk import Disk
from miniredis.persistence.loading import LoadedFile, LoadError


class AofFiles:
    """One server's folder and what its manifest says."""

    def __init__(self, config: Config, disk: Disk) -> None:
        self.config: Config = config
        self.disk: Disk = disk
        self.manifest: Manifest = Manifest()
        self._folder: str = ""
        #: Of the last base that was begun: a failed attempt may have left its name in the manifest on the disk.
        self._base_sequence: int = 0

    # -- names

    def folder(self) -> str:
        """Where the files are; CONFIG SET dir does not move them while they are in use."""
        if not self._folder:
            self.choose_folder()
        return self._folder

    def choose_folder(self) -> None:
        """Take the folder that `dir` names now."""
        self._folder = os.path.abspath(os.path.join(self.config.string("dir"), self.config.string("appenddirname")))

    def path(self, name: bytes) -> str:
        return os.path.join(self.folder(), os.fsdecode(name))

    def prefix(self) -> bytes:
        return self.config.text("appendfilename")

    def manifest_path(self) -> str:
        return self.path(self.prefix() + b".manifest")

    def next_base(self, is_rdb: bool) -> ManifestEntry:
        """For a new base: no name is given twice."""
        form = b"rdb" if is_rdb else b"aof"
        sequence = max(self.manifest.next_base_sequence(), self._base_sequence + 1)
        while not self._is_free(name := b"%b.%d.base.%b" % (self.prefix(), sequence, form)):
            sequence += 1
        self._base_sequence = sequence
        return ManifestEntry(name, sequence, BASE)

    def next_increment(self) -> ManifestEntry:
        sequence = self.manifest.next_increment_sequence()
        while not self._is_free(name := b"%b.%d.incr.aof" % (self.prefix(), sequence)):
            sequence += 1
        return ManifestEntry(name, sequence, INCREMENT)

    def _is_free(self, name: bytes) -> bool:
        """Whether no file of this name holds anything: what the manifest has lost is not written over."""
        path = self.path(name)
        return not self.disk.exists(path) or self.disk.size(path) == 0

    def temporary_path(self, process_id: int) -> str:
        return self.path(b"temp-rewriteaof-bg-%d.aof" % process_id)

    # -- the manifest

    def open(self) -> list[LoadedFile]:
        """Read the manifest (or take over a single file of an older version); the files to load, in order."""
        disk = self.disk
        path = self.manifest_path()
        try:
            if disk.exists(path):
                self.manifest = parse_manifest(disk.read_file(path), self.config.flag("aof-checksum"))
            else:
                self._take_over_old_file()
        except FormatError as problem:
            raise LoadError(f"{path}: {problem}") from None
        except OSError as problem:
            raise LoadError(f"{path}: {problem.strerror}") from None
        if self.manifest.is_empty():
            stray = [name for name in self._strays() if not _is_temporary(name)]
            if stray and not disk.exists(path):
                raise LoadError(f"{self.folder()} has files ({stray[0]}) but no manifest to say what they are")
        entries = self.manifest.files()
        for entry in entries:
            self._check_file(entry, entry is entries[-1])
        return self.to_load()

    def to_load(self) -> list[LoadedFile]:
        """The files of the manifest in order."""
        disk = self.disk
        entries = self.manifest.files()
        last = len(entries) - 1
        # A rewrite that failed at its first step leaves an empty file behind the one that was written on.
        while last > 0 and disk.size(self.path(entries[last].name)) == 0:
            last -= 1
        return [
            LoadedFile(self.path(entry.name), os.fsdecode(entry.name), True, place >= last)
            for place, entry in enumerate(entries)
        ]

    def _check_file(self, entry: ManifestEntry, is_last: bool) -> None:
        path = self.path(entry.name)
        if not self.disk.exists(path):
            raise LoadError(
                f"{self.manifest_path()}: the file {os.fsdecode(entry.name)} is in the manifest but not on the disk"
            )
        size = self.disk.size(path)
        if size < entry.size and not is_last:
            raise LoadError(f"{path}: unexpected end of file at offset {size}, {entry.size} bytes were written")

    def _take_over_old_file(self) -> None:
        """A single append-only file in `dir` becomes the base."""
        old = os.path.join(self.config.string("dir"), self.config.string("appendfilename"))
        name = self.prefix()
        there = self.disk.exists(self.path(name))
        if not self.disk.exists(old) and not there:
            return
        manifest = Manifest()
        manifest.base = ManifestEntry(name, 1, BASE)
        self.disk.make_folder(self.folder())
        if not there:
            self.disk.rename(old, self.path(name))
        self.save(manifest)

    def begin_folder(self) -> None:
        """Make the folder, and say in it that what is not in the manifest does not count yet."""
        self.disk.make_folder(self.folder())
        if not self.disk.exists(self.manifest_path()):
            self.save(Manifest())

    def save(self, manifest: Manifest) -> None:
        """Make this the manifest, on the disk first; OSError leaves the old one in force."""
        self.disk.replace(self.manifest_path(), manifest.format(self.config.flag("aof-checksum")))
        self.manifest = manifest

    def writing(self, manifest: Manifest) -> Callable[[], None]:
        """What writes this manifest, in any thread; whoever runs it makes it the one in force."""
        path = self.manifest_path()
        text = manifest.format(self.config.flag("aof-checksum"))
        return lambda: self.disk.replace(path, text)

    def with_increment(self, entry: ManifestEntry, closed_size: int = -1) -> Manifest:
        """The manifest with one more file to append to; so much was written to the one before."""
        manifest = self.manifest.copy()
        increments = manifest.increments
        if increments and closed_size >= 0:
            last = increments.pop()
            increments.append(ManifestEntry(last.name, last.sequence, last.kind, closed_size))
        increments.append(entry)
        return manifest

    def with_base(self, base: ManifestEntry, first_increment: int) -> Manifest:
        """The manifest after a rewrite: a new base, the increments from `first_increment` on, the rest history."""
        manifest = self.manifest.copy()
        if manifest.base is not None:
            manifest.history.append(ManifestEntry(manifest.base.name, manifest.base.sequence, HISTORY))
        manifest.base = base
        kept: list[ManifestEntry] = []
        for entry in manifest.increments:
            if entry.sequence >= first_increment:
                kept.append(entry)
            else:
                manifest.history.append(ManifestEntry(entry.name, entry.sequence, HISTORY))
        manifest.increments = kept
        return manifest

    # -- cleaning up

    def without_history(self) -> tuple[Manifest, Callable[[], None]] | None:
        """The manifest without the files that a rewrite made needless, and what deletes them; None: there are none."""
        if not self.manifest.history or self.config.flag("aof-disable-auto-gc"):
            return None
        manifest = self.manifest.copy()
        manifest.history = []
        paths = [self.path(entry.name) for entry in self.manifest.history]
        write = self.writing(manifest)

        def work() -> None:
            for path in paths:
                with suppress(OSError):
                    self.disk.unlink(path)
            write()

        return manifest, work

    def delete_strays(self) -> list[str]:
        """Delete what an interrupted rewrite left; the names.

        A manifest without a checksum may have lost lines: what its files held must not be lost with them.
        """
        found = self._strays()
        if not self.manifest.is_verified and self.config.flag("aof-checksum"):
            found = [name for name in found if _is_temporary(name) or self._is_empty(name)]
        for name in found:
            with suppress(OSError):
                self.disk.unlink(os.path.join(self.folder(), name))
        return found

    def _is_empty(self, name: str) -> bool:
        try:
            return self.disk.size(os.path.join(self.folder(), name)) == 0
        except OSError:
            return False

    def _strays(self) -> list[str]:
        """Files that look like ours and that the manifest does not know."""
        prefix = re.escape(os.fsdecode(self.prefix()))
        pattern = re.compile(
            rf"{prefix}\.[0-9]+\.(base\.rdb|base\.aof|incr\.aof)"
            rf"|temp-rewriteaof-bg-[0-9]+\.aof|{prefix}\.manifest\.tmp"
        )
        known = {os.fsdecode(entry.name) for entry in (*self.manifest.files(), *self.manifest.history)}
        try:
            names = self.disk.list(self.folder())
        except OSError:
            return []
        return sorted(name for name in names if pattern.fullmatch(name) and name not in known)


def _is_temporary(name: str) -> bool:
    return name.startswith("temp-") or name.endswith(".tmp")
