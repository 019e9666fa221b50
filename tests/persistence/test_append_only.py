"""The append-only file: written, synced, loaded, torn, damaged, rewritten."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from miniredis.formats.aof import encode_command
from miniredis.formats.manifest import HISTORY, ManifestEntry, parse_manifest
from miniredis.persistence import rewriting as rewriting_module
from miniredis.persistence.loading import LoadError
from persistence.harness import DiskServer, FaultyDisk, fill, only_the

Start = Callable[..., DiskServer]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "appendonlydir"


def increment(folder: Path, number: int = 1) -> Path:
    return folder / f"appendonly.aof.{number}.incr.aof"


def check(folder: Path) -> bytes:
    manifest = str(folder / "appendonly.aof.manifest")
    return subprocess.run(["redis-check-aof", manifest], capture_output=True, check=False).stdout


@pytest.mark.parametrize("policy", ["always", "everysec", "no"])
@pytest.mark.parametrize("checksums", ["yes", "no"])
def test_what_was_written_is_loaded(start: Start, folder: Path, policy: str, checksums: str) -> None:
    options = {"appendonly": "yes", "appendfsync": policy, "aof_checksum": checksums, "aof_timestamp_enabled": "yes"}
    server = start(**options)
    fill(server)
    client = server.client()
    for line in ("MULTI", "SET a 1", "INCR a", "EXEC", "EXPIRE a 1000", "DEL list"):
        client.run(line)
    text = increment(folder).read_bytes()
    assert text.count(b"MULTI") == text.count(b"EXEC") == 1
    assert (b"#CRC64:" in text) == (checksums == "yes")
    assert text.startswith(b"#TS:")
    assert b"is valid" in check(folder)
    again = start(**options)
    assert again.digest() == server.digest()
    again.client().run("SET more 1")
    assert start(**options).digest() == again.digest()


def test_an_rdb_file_that_is_passed_over_is_spoken_of(start: Start) -> None:
    """As in Redis, only the log counts; it is new, and the data is in the other file."""
    client = start().client()
    client.run("SET a 1")
    client.run("SAVE")
    server = start(appendonly="yes")
    assert server.client().run("DBSIZE") == b":0\r\n"
    assert server.said("dump.rdb is not loaded, since appendonly is on")
    assert not start(appendonly="yes").said("is not loaded")


def test_a_new_folder_has_a_base_and_an_increment(start: Start, folder: Path) -> None:
    start(appendonly="yes")
    names = sorted(os.listdir(folder))
    assert names == ["appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof", "appendonly.aof.manifest"]


def test_always_replies_after_the_sync(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes", appendfsync="always")
    server.keeps_threads = True
    first, second, reader = server.client(), server.client(), server.client()
    assert first.run("SET a 1") == b""
    assert second.run("SET b 1") == b""
    assert reader.run("GET a") == b""
    assert second.run("SET b 2") == b""
    assert len(server.threads) == 1
    syncs = disk.log.count("sync")
    work, done = server.threads.pop(0)
    work()
    done(None)
    server.run_woken()
    assert first.received() == b"+OK\r\n"
    assert (second.received(), reader.received()) == (b"", b"")
    assert len(server.threads) == 1
    server.run_threads()
    assert second.received() == b"+OK\r\n"
    server.run_threads()
    assert second.received() == b"+OK\r\n"
    assert reader.received() == b"$1\r\n1\r\n"
    assert disk.log.count("sync") <= syncs + 3
    assert first.run("GET a") == b"$1\r\n1\r\n"


def test_everysec_replies_after_the_write_and_syncs_once_a_second(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    server.keeps_threads = True
    client = server.client()
    server.poll(2)
    assert client.run("SET a 1") == b"+OK\r\n"
    assert not server.threads
    server.poll(1)
    assert len(server.threads) == 1
    client.run("SET a 2")
    server.poll(1)
    server.poll(1.5)
    assert len(server.threads) == 1
    assert b"aof_delayed_fsync:1" in client.run("INFO persistence")
    assert b"aof_pending_bio_fsync:1" in client.run("INFO persistence")
    server.run_threads()
    server.poll(1)
    server.run_threads()
    server.poll(5)
    assert not server.threads


def test_syncs_can_wait_for_a_rewrite(start: Start) -> None:
    server = start(appendonly="yes", no_appendfsync_on_rewrite="yes")
    server.keeps_threads = True
    client = server.client()
    client.run("BGREWRITEAOF")
    client.run("SET a 1")
    server.run_threads()
    assert server.persistence.log is not None
    server.advance(5)
    server.persistence.log.tick()
    assert not server.threads
    server.keeps_threads = False
    server.wait_for_child()
    server.run_threads()


def test_full_disk_refuses_writes_until_there_is_space(start: Start, folder: Path) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    client = server.client()
    client.run("SET a 1")
    disk.fails = lambda number, name: name == "write"
    assert client.run("SET b 1") == b"+OK\r\n"
    assert client.run("SET c 1") == b"-MISCONF Errors writing to the AOF file: No space left on device\r\n"
    assert client.run("PING").startswith(b"-MISCONF")
    assert b"aof_last_write_status:err" in client.run("INFO persistence")
    for _ in range(4):
        server.poll()
    disk.fails = lambda number, name: False
    server.poll()
    assert client.run("SET c 1") == b"+OK\r\n"
    assert start(appendonly="yes").digest() == server.digest()
    assert b"is valid" in check(folder)


@pytest.mark.parametrize("checksums", ["yes", "no"])
def test_half_a_batch_that_cannot_be_taken_back_is_finished_first(start: Start, folder: Path, checksums: str) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes", aof_checksum=checksums)
    client = server.client()
    disk.fails = lambda number, name: name in ("write", "truncate")
    if disk.log.count("write") % 2:
        disk.log.append("write")
    client.run("SET b 1")
    size = increment(folder).stat().st_size
    assert size > 0
    server.poll()
    assert client.run("SET c 1").startswith(b"-MISCONF")
    assert increment(folder).stat().st_size >= size
    disk.fails = lambda number, name: False
    server.poll()
    assert client.run("SET c 1") == b"+OK\r\n"
    assert start(appendonly="yes", aof_checksum=checksums).digest() == server.digest()
    assert server.persistence.rewrites == 0


def test_what_gathered_meanwhile_follows_half_a_batch(start: Start, folder: Path) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    disk.fails = lambda number, name: name in ("write", "truncate")
    if disk.log.count("write") % 2:
        disk.log.append("write")
    server.client().run("SET b 1")
    log = server.persistence.log
    assert log is not None
    log.append(0, [b"SET", b"expired", b"1"], None)
    server.poll()
    disk.fails = lambda number, name: False
    log.append(0, [b"DEL", b"expired"], None)
    server.poll()
    assert start(appendonly="yes").digest() == server.digest()
    assert b"is valid" in check(folder)


def test_a_failed_sync_is_not_forgotten_before_new_files_are_synced(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    client = server.client()
    client.run("SET a 1")
    disk.fails = lambda number, name: name == "sync"
    server.poll(2)
    assert client.run("SET b 1").startswith(b"-MISCONF Errors writing to the AOF file")
    server.wait_for_child()
    disk.fails = lambda number, name: False
    server.poll(0.1)
    assert client.run("SET b 1").startswith(b"-MISCONF")
    for _ in range(100):
        server.poll(10)
        server.wait_for_child()
    assert client.run("SET b 1") == b"+OK\r\n"
    assert start(appendonly="yes").digest() == server.digest()


@pytest.mark.parametrize("kind", ["write", "sync"])
def test_always_ends_the_server_when_it_cannot_keep_its_promise(start: Start, kind: str) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes", appendfsync="always")
    client = server.client()
    assert client.run("SET a 1") == b"+OK\r\n"
    disk.fails = lambda number, name: name == kind
    assert client.run("SET a 2") == b""
    assert "when the AOF fsync policy is 'always'" in server.fatal
    server.persistence.stop(False)
    log = server.persistence.log
    assert log is not None
    log.close()
    assert client.received() == b""


def test_always_ends_the_server_when_the_file_before_the_new_one_cannot_be_synced(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes", appendfsync="always")
    server.keeps_threads = True
    client = server.client()
    assert client.run("SET a 1") == b""
    client.run("BGREWRITEAOF")
    disk.fails = lambda number, name: name == "sync"
    server.run_threads()
    assert "when the AOF fsync policy is 'always'" in server.fatal
    assert client.received() == b""


def test_a_rewrite_that_began_before_a_sync_failed_does_not_make_up_for_it(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    client = server.client()
    client.run("BGREWRITEAOF")
    assert client.run("SET a 1") == b"+OK\r\n"
    disk.fails = lambda number, name: name == "sync"
    server.advance(2)
    assert server.persistence.log is not None
    server.persistence.log.tick()
    disk.fails = lambda number, name: False
    while server.persistence.rewrites == 0:
        server.persistence.poll()
    assert client.run("SET b 1").startswith(b"-MISCONF")
    server.wait_for_child()
    assert server.persistence.rewrites == 2
    assert client.run("SET b 1") == b"+OK\r\n"
    assert start(appendonly="yes").digest() == server.digest()


def test_new_files_are_tried_at_once_while_a_failed_sync_refuses_writes(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    client = server.client()
    client.run("SET a 1")
    disk.fails = lambda number, name: name in ("sync", "write")
    server.poll(2)
    for _ in range(5):
        server.wait_for_child()
        server.poll(1)
    server.wait_for_child()
    disk.fails = lambda number, name: False
    server.poll(0.1)
    server.wait_for_child()
    assert client.run("SET b 1") == b"+OK\r\n"


def test_a_stop_that_fails_leaves_the_log_open(start: Start, tmp_path: Path) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    client = server.client()
    (tmp_path / "dump.rdb").mkdir()
    assert not server.persistence.stop(True)
    assert client.run("SET a 1") == b"+OK\r\n"
    disk.fails = lambda number, name: name == "write"
    client.run("SET b 1")
    assert not server.persistence.stop(False)
    disk.fails = lambda number, name: False
    assert server.persistence.stop(False)
    assert start(appendonly="yes").digest() == server.digest()


def test_a_failed_sync_holds_the_stop_up_until_there_are_new_files(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    server.client().run("SET a 1")
    disk.fails = lambda number, name: name == "sync"
    assert not server.persistence.stop(False)
    disk.fails = lambda number, name: False
    assert not server.persistence.stop(False)
    server.poll()
    server.wait_for_child()
    assert server.persistence.stop(False)
    assert start(appendonly="yes").digest() == server.digest()


def test_the_name_of_a_base_is_never_given_twice(start: Start, folder: Path) -> None:
    """The manifest may have reached the disk although its folder could not be synced."""
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    client = server.client()
    client.run("INCR n")
    client.run("BGREWRITEAOF")
    client.run("INCR n")
    syncs = disk.log.count("sync folder")
    disk.fails = lambda number, name: name == "sync folder" and disk.log.count(name) == syncs + 2
    server.wait_for_child()
    assert not server.persistence.rewrite_ok
    disk.fails = lambda number, name: False
    client.run("INCR n")
    client.run("BGREWRITEAOF")
    client.run("INCR n")
    renames = disk.log.count("rename")
    # The base is in place, the manifest that names it is not.
    disk.fails = lambda number, name: name == "rename" and disk.log.count(name) == renames + 2
    server.wait_for_child()
    disk.fails = lambda number, name: False
    assert start(appendonly="yes").client().run("GET n") == b"$1\r\n4\r\n"


def test_a_tail_torn_at_any_byte_is_cut(start: Start, folder: Path) -> None:
    server = start(appendonly="yes")
    client = server.client()
    prefixes = [(increment(folder).stat().st_size, server.digest())]
    for line in ("SET a 1", "SET b 2", "DEL a"):
        client.run(line)
        prefixes.append((increment(folder).stat().st_size, server.digest()))
    for line in ("MULTI", "SET a 5", "INCR a", "EXEC"):
        client.run(line)
    prefixes.append((increment(folder).stat().st_size, server.digest()))
    text = increment(folder).read_bytes()
    for place in range(len(text) + 1):
        increment(folder).write_bytes(text[:place])
        again = start(appendonly="yes")
        # A batch without its checksum line, or with a torn one, is whole all the same.
        allowed = {digest for size, digest in prefixes if size - 60 <= place}
        best = [digest for size, digest in prefixes if size <= place][-1]
        assert again.digest() in allowed
        assert again.digest() == best or place + 60 >= min(size for size, _ in prefixes if size > place)
        if place % 7 == 0:
            again.client().run("SET after 1")
            assert start(appendonly="yes").digest() == again.digest()


def test_a_torn_tail_can_be_refused(start: Start, folder: Path) -> None:
    start(appendonly="yes").client().run("SET a 1")
    text = increment(folder).read_bytes()
    increment(folder).write_bytes(text + encode_command([b"SET", b"b", b"1"])[:-3])
    with pytest.raises(LoadError, match="last whole record ends at offset"):
        start(appendonly="yes", aof_load_truncated="no")
    server = start(appendonly="yes")
    assert server.said("Truncating the AOF appendonly.aof.1.incr.aof at offset")
    assert increment(folder).read_bytes() == text


def test_flipped_bits_are_found(start: Start, folder: Path) -> None:
    server = start(appendonly="yes")
    fill(server)
    digest = server.digest()
    text = increment(folder).read_bytes()
    found = 0
    for place in range(0, len(text), 5):
        increment(folder).write_bytes(text[:place] + bytes([text[place] ^ 1 << place % 8]) + text[place + 1 :])
        try:
            again = start(appendonly="yes")
        except LoadError as problem:
            assert "offset" in str(problem) and "incr.aof" in str(problem)
            found += 1
            continue
        assert again.digest() == digest
        for name in os.listdir(folder):
            if ".incr." in name and name != increment(folder).name:
                (folder / name).unlink()
    assert found > len(text) // 6


def test_a_log_with_an_unknown_command_or_a_damaged_base_is_refused(start: Start, folder: Path) -> None:
    start(appendonly="yes").client().run("SET a 1")
    good = increment(folder).read_bytes()
    increment(folder).write_bytes(good + encode_command([b"FOO", b"b"]))
    with pytest.raises(LoadError, match="Unknown command 'FOO'"):
        start(appendonly="yes")
    for words, reason in (
        ([b"XGROUP", b"FOO", b"b"], "Unknown command 'XGROUP'"),
        ([b"SET", b"b"], "Wrong number of arguments of 'SET'"),
    ):
        increment(folder).write_bytes(good + encode_command(words))
        with pytest.raises(LoadError, match=reason):
            start(appendonly="yes")
    increment(folder).write_bytes(good + encode_command([b"LPUSH", b"a", b"x"]))
    start(appendonly="yes")
    increment(folder).write_bytes(good)
    base = folder / "appendonly.aof.1.base.rdb"
    whole = base.read_bytes()
    base.write_bytes(whole[:-4])
    with pytest.raises(LoadError, match="base.rdb"):
        start(appendonly="yes")
    base.unlink()
    with pytest.raises(LoadError, match="not on the disk"):
        start(appendonly="yes")
    base.write_bytes(whole)
    manifest = folder / "appendonly.aof.manifest"
    text = manifest.read_bytes()
    manifest.write_bytes(b"nonsense\n")
    with pytest.raises(LoadError, match="Invalid AOF manifest"):
        start(appendonly="yes")
    manifest.unlink()
    with pytest.raises(LoadError, match="no manifest"):
        start(appendonly="yes")
    manifest.mkdir()
    with pytest.raises(LoadError, match="Is a directory"):
        start(appendonly="yes")
    manifest.rmdir()
    manifest.write_bytes(text)
    start(appendonly="yes")


@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_a_rewrite_is_short_and_complete(start: Start, folder: Path, preamble: str) -> None:
    options = {"appendonly": "yes", "aof_use_rdb_preamble": preamble}
    server = start(**options)
    fill(server)
    client = server.client()
    for number in range(1000):
        client.run(f"SET counter {number}")
    client.run("RPUSH long " + "x" * 70000)
    assert client.run("BGREWRITEAOF") == b"+Background append only file rewriting started\r\n"
    assert client.run("BGREWRITEAOF").startswith(b"-ERR Background append only file rewriting already in progress")
    assert b"aof_rewrite_in_progress:1" in client.run("INFO persistence")
    client.run("SET meanwhile 1")
    server.wait_for_child()
    client.run("SET later 1")
    form = "rdb" if preamble == "yes" else "aof"
    names = sorted(os.listdir(folder))
    assert names == [f"appendonly.aof.2.base.{form}", "appendonly.aof.2.incr.aof", "appendonly.aof.manifest"]
    assert server.persistence.current_size() == sum(os.path.getsize(folder / name) for name in names[:2])
    assert b"is valid" in check(folder)
    again = start(**options)
    assert again.digest() == server.digest()
    assert again.client().run("SET more 1") == b"+OK\r\n"
    assert b"aof_rewrites:1" in client.run("INFO persistence")


def test_functions_stand_in_a_base_of_commands(start: Start, folder: Path) -> None:
    server = start(appendonly="yes", aof_use_rdb_preamble="no", aof_checksum="no")
    server.engine.functions = None
    server.persistence.snapshots.functions.load([b"#!lua name=l"])
    server.client().run("BGREWRITEAOF")
    server.wait_for_child()
    expected = encode_command([b"FUNCTION", b"LOAD", b"#!lua name=l"])
    assert (folder / "appendonly.aof.2.base.aof").read_bytes() == expected


def test_the_files_of_a_rewrite_are_synced_in_the_thread(start: Start, folder: Path) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    server.keeps_threads = True
    client = server.client()
    client.run("SET a 1")
    disk.log.clear()
    assert client.run("BGREWRITEAOF") == b"+Background append only file rewriting started\r\n"
    assert client.run("BGREWRITEAOF").startswith(b"-ERR Background append only file rewriting already in progress")
    assert client.run("SET b 1") == b"+OK\r\n"
    assert "sync" not in disk.log and not (folder / "appendonly.aof.2.incr.aof").exists()
    server.run_threads()
    client.run("SET c 1")
    while server.persistence._step is None:
        server.persistence.poll()
    disk.log.clear()
    client.run("SET d 1")
    assert set(disk.log) == {"write"}
    server.run_threads()
    assert server.persistence.rewrites == 1
    assert start(appendonly="yes").digest() == server.digest()


@pytest.mark.parametrize("when", [0, 1])
def test_a_stop_or_a_turn_off_waits_for_the_files(start: Start, folder: Path, when: int) -> None:
    server = start(appendonly="yes")
    server.keeps_threads = True
    client = server.client()
    client.run("SET a 1")
    client.run("BGREWRITEAOF")
    if when == 1:
        server.run_threads()
        while server.persistence._step is None:
            server.persistence.poll()
    client.run("SET b 1")
    if when == 0:
        client.run("CONFIG SET appendonly no")
    else:
        assert server.persistence.stop(False)
    assert not server.persistence.is_rewriting()
    server.run_threads()
    again = start(appendonly="yes")
    assert again.digest() == server.digest()
    known = (folder / "appendonly.aof.manifest").read_text()
    assert all(name in known or name.endswith("manifest") for name in os.listdir(folder))


def test_a_base_begun_without_a_log_is_not_that_of_a_new_log(start: Start) -> None:
    server = start()
    client = server.client()
    client.run("SET a 1")
    client.run("BGREWRITEAOF")
    client.run("SET b 1")
    assert client.run("CONFIG SET appendonly yes") == b"+OK\r\n"
    client.run("SET c 1")
    server.wait_for_child()
    assert start(appendonly="yes").digest() == server.digest()


def test_functions_and_what_scripts_wrote_are_loaded(start: Start, folder: Path) -> None:
    server = start(appendonly="yes")
    client = server.client()
    client.call(b"FUNCTION", b"LOAD", b"#!lua name=l\nredis.register_function('f', function() return 7 end)")
    client.call(b"FUNCTION", b"LOAD", b"#!lua name=m\nredis.register_function('g', function() return 8 end)")
    client.call(b"EVAL", b"redis.call('set', 'a', 1) redis.call('incr', 'a')", b"0")
    client.call(b"FUNCTION", b"DELETE", b"m")
    assert b"EVAL" not in increment(folder).read_bytes()
    again = start(appendonly="yes")
    assert again.digest() == server.digest()
    assert again.client().run("FCALL f 0") == b":7\r\n"
    assert again.client().run("FCALL g 0") == b"-ERR Function not found\r\n"
    again.client().run("BGREWRITEAOF")
    again.wait_for_child()
    assert start(appendonly="yes").client().run("FCALL f 0") == b":7\r\n"


def test_each_failing_step_of_a_rewrite_loses_nothing(start: Start, folder: Path) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    client = server.client()
    failing = 0
    while True:
        failing += 1
        client.run(f"SET round {failing}")
        disk.operations = 0
        disk.fails = only_the(failing)
        client.run("BGREWRITEAOF")
        client.run("SET between 1")
        server.wait_for_child()
        done = disk.operations < failing
        disk.fails = lambda number, name: False
        for _ in range(3):
            server.poll(4000)
            server.wait_for_child()
        client.run("SET after 1")
        server.poll(2)
        again = start(appendonly="yes")
        assert again.digest() == server.digest(), failing
        known = (folder / "appendonly.aof.manifest").read_text()
        assert all(name in known or name.endswith("manifest") for name in os.listdir(folder)), failing
        if done:
            break
    assert failing > 10


def test_a_log_that_has_grown_is_rewritten(start: Start) -> None:
    server = start(appendonly="yes", auto_aof_rewrite_min_size="1000", auto_aof_rewrite_percentage="100")
    client = server.client()
    for _ in range(40):
        client.run("SET key value")
    server.poll()
    assert server.persistence.is_rewriting()
    server.wait_for_child()
    assert server.said("Starting automatic rewriting of AOF on")
    server.poll()
    assert not server.persistence.is_rewriting()


def with_history(manifest: Path, name: bytes) -> None:
    """Let a manifest name one more file that is to be deleted."""
    found = parse_manifest(manifest.read_bytes())
    found.history.append(ManifestEntry(name, 1, HISTORY))
    manifest.write_bytes(found.format(True))


def test_strays_of_an_interrupted_rewrite_are_removed(start: Start, folder: Path) -> None:
    start(appendonly="yes")
    strays = (
        "temp-rewriteaof-bg-123.aof",
        "appendonly.aof.9.base.rdb",
        "appendonly.aof.9.incr.aof",
        "appendonly.aof.manifest.tmp",
    )
    for name in strays:
        (folder / name).write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    manifest = folder / "appendonly.aof.manifest"
    (folder / "old").write_bytes(b"x")
    with_history(manifest, b"old")
    server = start(appendonly="yes")
    assert server.said("Removed temp-rewriteaof-bg-123.aof")
    assert sorted(os.listdir(folder)) == [
        "appendonly.aof.1.base.rdb",
        "appendonly.aof.1.incr.aof",
        "appendonly.aof.manifest",
        "notes.txt",
    ]
    with_history(manifest, b"gone")
    start(appendonly="yes", aof_disable_auto_gc="yes").client().run("BGREWRITEAOF")
    assert b"gone" in manifest.read_bytes()


def test_what_a_manifest_without_a_checksum_does_not_name_is_left_alone(start: Start, folder: Path) -> None:
    """It may be what a torn manifest has lost."""
    server = start(appendonly="yes")
    server.client().run("SET a 1")
    manifest = folder / "appendonly.aof.manifest"
    whole = manifest.read_bytes()
    manifest.write_bytes(b"file appendonly.aof.1.base.rdb seq 1 type b\n")
    start(appendonly="yes").client().run("SET b 1")
    manifest.write_bytes(whole)
    assert start(appendonly="yes").client().run("GET a") == b"$1\r\n1\r\n"


@pytest.mark.parametrize("left", ["temp-rewriteaof-bg-1.aof", "appendonly.aof.manifest.tmp"])
def test_a_first_start_that_was_interrupted_is_begun_anew(start: Start, folder: Path, left: str) -> None:
    folder.mkdir()
    (folder / left).write_bytes(b"x")
    start(appendonly="yes").client().run("SET a 1")
    assert start(appendonly="yes").client().run("GET a") == b"$1\r\n1\r\n"
    assert left not in os.listdir(folder)


def test_a_single_file_of_an_older_version_is_taken_over(start: Start, tmp_path: Path, folder: Path) -> None:
    old = start()
    fill(old)
    old.client().run("SAVE")
    preamble = (tmp_path / "dump.rdb").read_bytes()
    (tmp_path / "appendonly.aof").write_bytes(preamble + encode_command([b"SET", b"tail", b"1"]))
    server = start(appendonly="yes")
    old.client().run("SET tail 1")
    assert server.digest() == old.digest()
    assert not (tmp_path / "appendonly.aof").exists()
    server.client().run("SET more 1")
    assert start(appendonly="yes").digest() == server.digest()
    (folder / "appendonly.aof.manifest").unlink()
    increment(folder).unlink()
    assert start(appendonly="yes").client().run("GET tail") == b"$1\r\n1\r\n"


def test_the_log_is_turned_on_and_off_while_the_server_runs(start: Start, folder: Path) -> None:
    server = start()
    fill(server)
    client = server.client()
    assert client.run("CONFIG SET appendonly yes") == b"+OK\r\n"
    client.run("SET during 1")
    server.wait_for_child()
    client.run("SET after 1")
    assert start(appendonly="yes").digest() == server.digest()
    assert client.run("CONFIG SET appendonly no") == b"+OK\r\n"
    client.run("SET unlogged 1")
    assert start(appendonly="yes").client().run("EXISTS unlogged after") == b":1\r\n"
    client.run("BGSAVE")
    assert client.run("CONFIG SET appendonly yes") == b"+OK\r\n"
    assert server.persistence.is_rewrite_scheduled
    assert client.run("CONFIG SET appendonly no") == b"+OK\r\n"
    assert client.run("CONFIG SET appendonly yes") == b"+OK\r\n"
    server.wait_for_child()
    server.poll()
    server.wait_for_child()
    assert start(appendonly="yes").digest() == server.digest()
    assert server.persistence.stop(None)


def test_a_log_that_cannot_be_opened_is_not_turned_on(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk)
    disk.fails = lambda number, name: name == "open"
    assert server.client().run("CONFIG SET appendonly yes").startswith(b"-ERR CONFIG SET failed")
    assert server.client().run("CONFIG GET appendonly") == b"*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n"
    with pytest.raises(LoadError, match="No space left"):
        start(disk, appendonly="yes")


def test_a_rewrite_without_a_log_makes_a_base(start: Start, folder: Path) -> None:
    server = start()
    fill(server)
    server.client().run("BGREWRITEAOF")
    server.wait_for_child()
    assert start(appendonly="yes").digest() == server.digest()


def test_in_a_transaction_a_rewrite_is_scheduled(start: Start) -> None:
    server = start(appendonly="yes")
    client = server.client()
    for line in ("MULTI", "BGREWRITEAOF"):
        client.run(line)
    assert client.run("EXEC") == b"*1\r\n+Background append only file rewriting scheduled\r\n"
    server.poll()
    server.wait_for_child()
    assert server.persistence.rewrites == 1


def test_without_memory_no_rewrite(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start(appendonly="yes")
    monkeypatch.setattr(rewriting_module, "may_fork", lambda resident: False)
    assert server.client().run("BGREWRITEAOF").startswith(b"-ERR Can't execute an AOF background rewriting")


def test_stopping_writes_the_log_to_its_end(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, appendonly="yes")
    client = server.client()
    disk.fails = lambda number, name: name == "write"
    client.run("SET a 1")
    disk.fails = lambda number, name: False
    client.run("BGREWRITEAOF")
    assert server.persistence.stop(None)
    assert server.persistence.log is not None
    server.persistence.log.close()
    server.persistence.log.tick()
    assert start(appendonly="yes").digest() == server.digest()


def test_loading_again_by_debug(start: Start, folder: Path) -> None:
    server = start(appendonly="yes")
    fill(server)
    client = server.client()
    before = server.digest()
    size = increment(folder).stat().st_size
    assert client.run("DEBUG LOADAOF") == b"+OK\r\n"
    assert server.digest() == before
    assert increment(folder).stat().st_size == size
    assert client.run("SET more 1") == b"+OK\r\n"
    assert start(appendonly="yes").digest() == server.digest()
    increment(folder).write_bytes(b"nonsense")
    assert client.run("DEBUG LOADAOF").startswith(b"-ERR Error trying to load the AOF files")
    client.run("CONFIG SET appendonly no")
    assert client.run("DEBUG LOADAOF").startswith(b"-ERR Error trying to load the AOF files")


def test_expired_keys_leave_the_log_as_deletions(start: Start, folder: Path) -> None:
    server = start(appendonly="yes")
    client = server.client()
    client.run("SET a 1 PX 100")
    server.advance(1)
    assert client.run("GET a") == b"$-1\r\n"
    assert increment(folder).read_bytes().count(b"DEL") == 1


def test_another_dir_takes_effect_when_the_log_is_turned_on_again(start: Start, tmp_path: Path) -> None:
    server = start(appendonly="yes", enable_protected_configs="yes")
    client = server.client()
    other = tmp_path / "other"
    other.mkdir()
    assert client.run(f"CONFIG SET dir {other}") == b"+OK\r\n"
    client.run("SET a 1")
    client.run("BGREWRITEAOF")
    server.wait_for_child()
    assert start(appendonly="yes").digest() == server.digest()
    client.run("CONFIG SET appendonly no")
    client.run("CONFIG SET appendonly yes")
    server.wait_for_child()
    assert DiskServer(other, appendonly="yes").load().digest() == server.digest()
