"""Files cut at any byte, files with a bit flipped: the same data, a prefix where that is promised, or no start."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from miniredis.formats.manifest import INCREMENT, ManifestEntry, parse_manifest
from miniredis.persistence.loading import LoadError
from persistence.harness import DiskServer, fill

Count = Callable[[str, int], None]
LOG = {"appendonly": "yes", "aof_timestamp_enabled": "yes"}
#: `make crash` flips some thousand.
FLIPS = int(os.environ.get("MINIREDIS_FLIPS", "300"))


class Written:
    """A folder with a log of every kind of record, as its server left it."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self.options = {**LOG, **options}
        server = DiskServer(folder, None, **self.options).load()
        fill(server)
        client = server.client()
        client.run("BGREWRITEAOF")
        server.wait_for_child()
        for line in ("SET a 1", "SELECT 2", "SET b 2", "MULTI", "INCR b", "SADD s x", "EXEC", "DEL a", "SET c 3"):
            client.run(line)
            server.advance(0.6)
        client.run("SAVE")
        server.persistence.stop(False)
        self.digest = server.digest()
        self.files = {path: path.read_bytes() for path in self._paths()}

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def file(self, part: str) -> Path:
        return next(path for path in self.files if part in path.name)

    def load(self, **options: str) -> DiskServer:
        """Only loaded: nothing is written to but a torn tail is cut."""
        server = DiskServer(self.folder, None, **(options or self.options))
        loading = server.persistence.plan_load()
        try:
            while not loading.step():
                pass
        finally:
            loading.close()
        server.engine.effects.clear()
        return server

    def restore(self) -> None:
        for path, content in self.files.items():
            if path.read_bytes() != content:
                path.write_bytes(content)


@pytest.fixture(params=["yes", "no"], ids=["rdb base", "base of commands"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Written]:
    yield Written(tmp_path, aof_use_rdb_preamble=request.param)


def test_a_base_or_a_manifest_cut_at_any_byte_is_refused(written: Written) -> None:
    for part in (".base.", ".manifest"):
        path = written.file(part)
        whole = written.files[path]
        for size in range(0, len(whole), 1 if part == ".manifest" or FLIPS > 1000 else 3):
            path.write_bytes(whole[:size])
            with pytest.raises(LoadError, match=re.escape(path.name)):
                written.load()
        written.restore()


def test_an_increment_that_others_follow_is_not_cut(written: Written) -> None:
    path = written.file(".incr.")
    manifest_path = written.file(".manifest")
    manifest = parse_manifest(manifest_path.read_bytes())
    manifest.increments[0].size = path.stat().st_size
    manifest.increments.append(ManifestEntry(b"next", 9, INCREMENT))
    manifest_path.write_bytes(manifest.format(True))
    (path.parent / "next").write_bytes(b"*1\r\n$4\r\nPING\r\n")
    whole = written.files[path]
    assert written.load().digest() == written.digest
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(LoadError, match="unexpected end of file at offset"):
            written.load()
        assert path.stat().st_size == size


def test_no_flipped_bit_loads_as_other_data(written: Written, count: Count) -> None:
    """In all files of the log, in the RDB file."""
    chance = random.Random(6)
    paths = list(written.files)
    sizes = [len(content) for content in written.files.values()]
    silent = refused = 0
    for _ in range(FLIPS // 2):
        path = chance.choices(paths, sizes)[0]
        content = bytearray(written.files[path])
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        try:
            options = {} if path.suffix != ".rdb" or "base" in path.name else {"appendonly": "no"}
            if written.load(**options).digest() != written.digest:
                silent += 1
        except LoadError as problem:
            assert path.name in str(problem)
            refused += 1
        written.restore()
    count("inputs", FLIPS // 2)
    assert silent == 0
    assert refused > FLIPS * 4 // 10
