"""The folder of the append-only files: its manifest, the names in it, what may be deleted.

appendonlydir/
  appendonly.aof.manifest        which files, in which order
  appendonly.aof.1.base.rdb      all keys at some moment (.aof: as commands)
  appendonly.aof.1.incr.aof      what was written since; the last one is being appended to
"""

from __future__ import annotations

import os
import re
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

    def next_base_name(self, is_rdb: bool) -> bytes:
        form = b"rdb" if is_rdb else b"aof"
        return b"%b.%d.base.%b" % (self.prefix(), self.manifest.next_base_sequence(), form)

    def next_increment(self) -> ManifestEntry:
        sequence = self.manifest.next_increment_sequence()
        return ManifestEntry(b"%b.%d.incr.aof" % (self.prefix(), sequence), sequence, INCREMENT)

    def temporary_path(self, process_id: int) -> str:
        return self.path(b"temp-rewriteaof-bg-%d.aof" % process_id)

    # -- the manifest

    def open(self) -> list[LoadedFile]:
        """Read the manifest (or take over a single file of an older version); the files to load, in order."""
        disk = self.disk
        path = self.manifest_path()
        try:
            if disk.exists(path):
                self.manifest = parse_manifest(disk.read_file(path))
            else:
                self._take_over_old_file()
        except FormatError as problem:
            raise LoadError(f"{path}: {problem}") from None
        except OSError as problem:
            raise LoadError(f"{path}: {problem.strerror}") from None
        entries = self.manifest.files()
        for entry in entries:
            if not disk.exists(self.path(entry.name)):
                raise LoadError(f"{path}: the file {os.fsdecode(entry.name)} is in the manifest but not on the disk")
        if self.manifest.base is None and not self.manifest.increments:
            stray = self._strays()
            if stray:
                raise LoadError(f"{self.folder()} has files ({stray[0]}) but no manifest to say what they are")
        last = len(entries) - 1
        # A rewrite that failed at its first step leaves an empty file behind the one that was written on.
        while last > 0 and disk.size(self.path(entries[last].name)) == 0:
            last -= 1
        return [
            LoadedFile(self.path(entry.name), os.fsdecode(entry.name), True, place >= last)
            for place, entry in enumerate(entries)
        ]

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

    def save(self, manifest: Manifest) -> None:
        """Make this the manifest, on the disk first; OSError leaves the old one in force."""
        self.disk.replace(self.manifest_path(), manifest.format())
        self.manifest = manifest

    def with_increment(self, entry: ManifestEntry) -> Manifest:
        """The manifest with one more file to append to."""
        manifest = self.manifest.copy()
        manifest.increments.append(entry)
        return manifest

    def with_base(self, name: bytes, first_increment: int) -> Manifest:
        """The manifest after a rewrite: a new base, the increments from `first_increment` on, the rest history."""
        manifest = self.manifest.copy()
        if manifest.base is not None:
            manifest.history.append(ManifestEntry(manifest.base.name, manifest.base.sequence, HISTORY))
        manifest.base = ManifestEntry(name, self.manifest.next_base_sequence(), BASE)
        kept: list[ManifestEntry] = []
        for entry in manifest.increments:
            if entry.sequence >= first_increment:
                kept.append(entry)
            else:
                manifest.history.append(ManifestEntry(entry.name, entry.sequence, HISTORY))
        manifest.increments = kept
        return manifest

    # -- cleaning up

    def delete_history(self) -> None:
        """Delete what a rewrite made needless, then forget it; a failure leaves it for the next time."""
        if not self.manifest.history or self.config.flag("aof-disable-auto-gc"):
            return
        manifest = self.manifest.copy()
        for entry in manifest.history:
            with suppress(OSError):
                self.disk.unlink(self.path(entry.name))
        manifest.history = []
        with suppress(OSError):
            self.save(manifest)

    def delete_strays(self) -> list[str]:
        """Delete what an interrupted rewrite left; the names."""
        found = self._strays()
        for name in found:
            with suppress(OSError):
                self.disk.unlink(os.path.join(self.folder(), name))
        return found

    def _strays(self) -> list[str]:
        """Files that look like ours and that the manifest does not know."""
        prefix = re.escape(os.fsdecode(self.prefix()))
        pattern = re.compile(rf"{prefix}\.[0-9]+\.(base\.rdb|base\.aof|incr\.aof)|temp-rewriteaof-bg-[0-9]+\.aof")
        known = {os.fsdecode(entry.name) for entry in (*self.manifest.files(), *self.manifest.history)}
        try:
            names = self.disk.list(self.folder())
        except OSError:
            return []
        return sorted(name for name in names if pattern.fullmatch(name) and name not in known)
