"""miniredis-check-rdb and miniredis-check-aof."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from miniredis.formats.aof import encode_command
from miniredis.persistence import check_aof, check_rdb
from persistence.harness import DiskServer, fill

Start = Callable[..., DiskServer]


def rdb(*words: str) -> tuple[int, str]:
    lines: list[str] = []
    return check_rdb.run(words, lines.append), "\n".join(lines)


def log(*words: str) -> tuple[int, str]:
    lines: list[str] = []
    return check_aof.run(words, lines.append), "\n".join(lines)


def test_a_good_rdb_file_is_described(start: Start, tmp_path: Path) -> None:
    server = start()
    fill(server)
    server.client().run("SAVE")
    path = tmp_path / "dump.rdb"
    status, text = rdb(str(path))
    assert status == 0
    assert "redis-ver = 7.2.4" in text and "4 of type string" in text and "9 keys, 1 of them expire" in text
    path.write_bytes(path.read_bytes().replace(b"value", b"vAlue"))
    status, text = rdb(str(path))
    assert status == 1 and "Wrong RDB checksum" in text
    path.write_bytes(path.read_bytes()[:60])
    assert rdb(str(path))[0] == 1
    assert rdb(str(tmp_path / "none"))[0] == 1
    assert rdb() == (1, "Usage: miniredis-check-rdb <file.rdb>")
    path.write_bytes(b"REDIS0003\xf5\x0c#!lua name=l\xff")
    assert "1 function libraries" in rdb(str(path))[1]


def test_a_torn_log_is_mended(start: Start, tmp_path: Path) -> None:
    server = start(appendonly="yes")
    fill(server)
    folder = tmp_path / "appendonlydir"
    manifest = str(folder / "appendonly.aof.manifest")
    status, text = log(manifest)
    assert status == 0 and "base.rdb" in text and "as they were written" in text
    increment = folder / "appendonly.aof.1.incr.aof"
    good = increment.read_bytes()
    increment.write_bytes(good + encode_command([b"SET", b"torn", b"1"])[:-5])
    assert log(manifest)[0] == 1
    status, text = log("--fix", manifest)
    assert status == 0 and "cut at offset" in text
    assert increment.read_bytes() == good
    assert start(appendonly="yes").digest() == server.digest()


def test_other_damage_needs_force(start: Start, tmp_path: Path) -> None:
    server = start(appendonly="yes")
    client = server.client()
    client.run("SET a 1")
    digest = server.digest()
    client.run("SET b 1")
    path = tmp_path / "appendonlydir" / "appendonly.aof.1.incr.aof"
    text = path.read_bytes()
    path.write_bytes(text.replace(b"\r\nb\r\n", b"\r\nz\r\n"))
    assert log("--fix", str(path))[0] == 1
    assert log("--fix", "--force", str(path))[0] == 0
    assert start(appendonly="yes").digest() == digest


def test_a_log_goes_back_in_time(start: Start, tmp_path: Path) -> None:
    server = start(appendonly="yes", aof_timestamp_enabled="yes")
    client = server.client()
    client.run("SET a 1")
    digest = server.digest()
    moment = server.engine.keyspace.now_ms // 1000
    server.advance(10)
    client.run("SET b 1")
    path = tmp_path / "appendonlydir" / "appendonly.aof.1.incr.aof"
    manifest = str(tmp_path / "appendonlydir" / "appendonly.aof.manifest")
    assert log("--truncate-to-timestamp", str(moment + 100), manifest)[0] == 0
    status, text = log("--truncate-to-timestamp", str(moment + 5), manifest)
    assert status == 0 and "before what was written later" in text
    assert start(appendonly="yes").digest() == digest
    assert log("--truncate-to-timestamp", str(moment - 5), str(path))[0] == 0
    assert path.read_bytes() == b""


def test_a_base_that_lost_its_end_is_found(start: Start, tmp_path: Path) -> None:
    server = start(appendonly="yes", aof_use_rdb_preamble="no")
    fill(server)
    server.client().run("BGREWRITEAOF")
    server.wait_for_child()
    folder = tmp_path / "appendonlydir"
    manifest = str(folder / "appendonly.aof.manifest")
    assert log(manifest)[0] == 0
    base = next(folder.glob("*.base.aof"))
    base.write_bytes(encode_command([b"SELECT", b"0"]))
    status, text = log("--fix", manifest)
    assert status == 1 and "bytes were written to it" in text
    (folder / "appendonly.aof.9.base.rdb").write_bytes(b"")
    status, text = log(str(folder / "appendonly.aof.9.base.rdb"))
    assert status == 1 and "unexpected end" in text


def test_only_the_last_file_is_cut(tmp_path: Path) -> None:
    stamped = b"#TS:100\r\n" + encode_command([b"SET", b"a", b"1"])
    (tmp_path / "one").write_bytes(stamped)
    (tmp_path / "two").write_bytes(stamped)
    manifest = tmp_path / "log.manifest"
    manifest.write_bytes(b"file one seq 1 type i\nfile two seq 2 type i\n")
    assert log("--truncate-to-timestamp", "50", str(manifest))[0] == 1
    (tmp_path / "one").write_bytes(stamped[:-3])
    assert log("--fix", str(manifest))[0] == 1


def test_a_log_that_begins_with_an_rdb_part(start: Start, tmp_path: Path) -> None:
    server = start()
    fill(server)
    server.client().run("SAVE")
    path = tmp_path / "log.aof"
    path.write_bytes((tmp_path / "dump.rdb").read_bytes() + encode_command([b"SET", b"a", b"1"]) + b"#note\r\n")
    status, text = log(str(path))
    assert status == 0 and "1 commands" in text


@pytest.mark.parametrize("words", [[], ["--foo", "x"], ["--truncate-to-timestamp", "x", "y"], ["a", "b"]])
def test_usage(words: list[str]) -> None:
    assert log(*words) == (1, check_aof.USAGE)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert log(str(tmp_path / "none"))[0] == 1
    (tmp_path / "bad.manifest").write_bytes(b"nonsense\n")
    assert log(str(tmp_path / "bad.manifest"))[0] == 1


@pytest.mark.parametrize("program", [check_rdb, check_aof])
def test_the_programs_end_with_their_status(program: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["program"])
    with pytest.raises(SystemExit) as ended:
        program.main()  # type: ignore[attr-defined]
    assert ended.value.code == 1
