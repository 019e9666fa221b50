"""SAVE, BGSAVE, save points, loading at the start."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from miniredis.config.config import Config
from miniredis.dispatch.roles import Replication
from miniredis.persistence import snapshots as snapshots_module
from miniredis.persistence.child import may_fork, start_child
from miniredis.persistence.loading import LoadError
from miniredis.resp.errors import ReplyError
from persistence.harness import DiskServer, FaultyDisk, fill, only_the

Start = Callable[..., DiskServer]


def test_what_was_saved_is_loaded(start: Start, tmp_path: Path) -> None:
    server = start()
    fill(server)
    client = server.client()
    assert server.persistence.snapshots.changes() == 20
    assert client.run("SAVE") == b"+OK\r\n"
    assert server.persistence.snapshots.changes() == 0
    assert os.listdir(tmp_path) == ["dump.rdb"]
    again = start()
    assert again.digest() == server.digest()
    assert again.said("keys loaded: 9")
    assert again.client().run("LASTSAVE").startswith(b":17")


def test_redis_check_rdb_accepts_the_file(start: Start, tmp_path: Path) -> None:
    server = start()
    fill(server)
    server.client().run("SAVE")
    done = subprocess.run(["redis-check-rdb", str(tmp_path / "dump.rdb")], capture_output=True, check=False)
    assert done.returncode == 0 and b"RDB looks OK" in done.stdout


def test_a_child_saves_while_the_server_goes_on(start: Start) -> None:
    server = start()
    fill(server)
    before = server.digest()
    client = server.client()
    assert client.run("BGSAVE") == b"+Background saving started\r\n"
    assert client.run("BGSAVE") == b"-ERR Background save already in progress\r\n"
    assert client.run("SAVE") == b"-ERR Background save already in progress\r\n"
    assert client.run("BGREWRITEAOF") == b"+Background append only file rewriting scheduled\r\n"
    text = client.run("INFO persistence")
    assert b"rdb_bgsave_in_progress:1" in text and b"current_save_keys_total:9" in text
    client.run("SET later 1")
    server.persistence.is_rewrite_scheduled = False
    server.wait_for_child()
    text = client.run("INFO persistence")
    assert b"rdb_last_bgsave_status:ok" in text and b"rdb_last_cow_size:0" not in text
    assert server.persistence.snapshots.changes() == 1
    assert start().digest() == before


def test_arguments_of_bgsave(start: Start) -> None:
    client = start().client()
    assert client.run("BGSAVE FOO") == b"-ERR syntax error\r\n"
    assert client.run("BGSAVE SCHEDULE CANCEL") == b"-ERR syntax error\r\n"
    assert client.run("BGSAVE CANCEL").startswith(b"-ERR Background saving is currently not in progress")


def test_a_snapshot_can_be_cancelled(start: Start, tmp_path: Path) -> None:
    server = start()
    fill(server)
    client = server.client()
    client.run("BGSAVE")
    assert client.run("BGSAVE CANCEL") == b"+Background saving cancelled\r\n"
    server.persistence.snapshots.is_scheduled = True
    assert client.run("BGSAVE CANCEL") == b"+Scheduled background saving cancelled\r\n"
    assert not [name for name in os.listdir(tmp_path) if name.startswith("temp")]


def test_in_a_transaction_a_snapshot_is_scheduled(start: Start) -> None:
    server = start()
    client = server.client()
    for line in ("MULTI", "SET a 1", "BGSAVE"):
        client.run(line)
    assert client.run("EXEC") == b"*2\r\n+OK\r\n+Background saving scheduled\r\n"
    server.poll()
    assert server.persistence.snapshots.child is not None
    server.wait_for_child()
    assert server.persistence.snapshots.saves == 1


def test_beside_a_rewrite_a_snapshot_waits(start: Start) -> None:
    server = start(appendonly="yes")
    client = server.client()
    assert client.run("BGREWRITEAOF") == b"+Background append only file rewriting started\r\n"
    assert client.run("BGSAVE").startswith(b"-ERR Another child process is active (AOF?)")
    assert client.run("BGSAVE SCHEDULE") == b"+Background saving scheduled\r\n"
    server.persistence.snapshots.poll()
    assert server.persistence.snapshots.child is None
    server.wait_for_child()
    server.poll()
    server.wait_for_child()
    assert server.persistence.snapshots.saves == 1


def test_save_points(start: Start) -> None:
    server = start(save="60 3 600 1")
    client = server.client()
    client.run("MSET a 1 b 2")
    server.poll(61)
    assert server.persistence.snapshots.child is None
    client.run("SET c 1")
    server.poll(1)
    assert server.persistence.snapshots.child is not None
    server.wait_for_child()
    assert server.said("3 changes in 60 seconds. Saving...")
    server.poll(601)
    assert server.persistence.snapshots.child is None
    client.run("SET c 2")
    server.poll(1)
    server.wait_for_child()
    assert server.persistence.snapshots.saves == 2


def test_after_a_failed_snapshot_writes_are_refused(start: Start, tmp_path: Path) -> None:
    disk = FaultyDisk()
    server = start(disk, save="600 1")
    client = server.client()
    client.run("SET a 1")
    disk.fails = lambda number, name: name == "write"
    assert client.run("SAVE") == b"-ERR\r\n"
    assert client.run("BGSAVE") == b"+Background saving started\r\n"
    server.wait_for_child()
    server.poll()
    assert server.said("Background saving error: OSError")
    assert client.run("CONFIG SET stop-writes-on-bgsave-error no") == b"+OK\r\n"
    assert client.run("SET a 1") == b"+OK\r\n"
    assert client.run("CONFIG SET stop-writes-on-bgsave-error yes") == b"+OK\r\n"
    assert client.run("SET a 2").startswith(b"-MISCONF Redis is configured to save RDB snapshots")
    assert client.run("PING").startswith(b"-MISCONF")
    assert client.run("GET a") == b"$1\r\n1\r\n"
    assert os.listdir(tmp_path) == []
    disk.fails = lambda number, name: False
    server.poll(1)
    assert server.persistence.snapshots.child is None
    assert client.run("SAVE") == b"+OK\r\n"
    assert client.run("SET a 2") == b"+OK\r\n"


def test_a_save_point_tries_again_after_a_while(start: Start) -> None:
    disk = FaultyDisk()
    server = start(disk, save="1 1", stop_writes_on_bgsave_error="no")
    server.client().run("SET a 1")
    disk.fails = lambda number, name: name == "rename"
    server.poll(2)
    server.wait_for_child()
    disk.fails = lambda number, name: False
    assert server.client().run("SET a 2") == b"+OK\r\n"
    server.poll(3)
    assert server.persistence.snapshots.child is None
    server.poll(3)
    server.wait_for_child()
    assert server.persistence.snapshots.last_ok


def test_each_failing_operation_leaves_the_old_file(start: Start, tmp_path: Path) -> None:
    disk = FaultyDisk()
    server = start(disk)
    fill(server)
    assert server.client().run("SAVE") == b"+OK\r\n"
    old = (tmp_path / "dump.rdb").read_bytes()
    server.client().run("SET more 1")
    steps = disk.operations
    for failing in range(1, steps):
        disk.operations = 0
        disk.fails = only_the(failing)
        assert server.client().run("SAVE") == b"-ERR\r\n"
        assert os.listdir(tmp_path) == ["dump.rdb"]
        assert (tmp_path / "dump.rdb").read_bytes() == old


def test_without_memory_for_a_child_none_is_started(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    monkeypatch.setattr(snapshots_module, "may_fork", lambda resident: False)
    assert server.client().run("BGSAVE") == b"-ERR\r\n"
    assert server.said("not enough memory")
    monkeypatch.setattr(snapshots_module, "may_fork", lambda resident: True)

    def refuse() -> int:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(os, "fork", refuse)
    assert server.client().run("BGSAVE") == b"-ERR\r\n"
    assert server.said("fork: Cannot allocate memory")


def test_whether_memory_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert may_fork(1)
    assert not may_fork(1 << 60)

    def refuse(*words: object) -> object:
        raise OSError

    monkeypatch.setattr("builtins.open", refuse)
    assert may_fork(1 << 60)


def test_a_killed_child_has_failed() -> None:
    import time

    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        child = start_child(lambda progress: time.sleep(60), 0)
        os.kill(child.pid, signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    while (done := child.poll()) is None:
        time.sleep(0.002)
    assert done is False and child.message == "terminated by signal 15"


def test_a_damaged_file_stops_the_start(start: Start, tmp_path: Path) -> None:
    server = start()
    fill(server)
    server.client().run("SAVE")
    path = tmp_path / "dump.rdb"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"value", b"vAlue"))
    with pytest.raises(LoadError, match=r"dump\.rdb: Wrong RDB checksum .* \(at offset \d+\)"):
        start()
    path.write_bytes(good[:50])
    with pytest.raises(LoadError, match="unexpected end"):
        start()
    path.write_bytes(b"")
    with pytest.raises(LoadError, match="unexpected end"):
        start()
    path.write_bytes(good)
    with pytest.raises(LoadError, match="has not so many"):
        start(databases="2")
    path.write_bytes(b"REDIS0010\xfe\x00\x00\x01a\x01b\x00\x01a\x01c\xff" + bytes(8))
    with pytest.raises(LoadError, match="a key twice: b'a'"):
        start()
    path.unlink()
    path.mkdir()
    with pytest.raises(LoadError, match="Is a directory"):
        start()


def test_expired_keys_are_not_loaded_and_empty_ones_left_out(start: Start, tmp_path: Path) -> None:
    server = start()
    client = server.client()
    client.run("SET gone x PX 50")
    client.run("SET stays x PX 5000000")
    client.run("SAVE")
    import time

    time.sleep(0.06)
    again = start()
    assert again.client().run("DBSIZE") == b":1\r\n"
    assert b"rdb_last_load_keys_expired:1" in again.client().run("INFO persistence")
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0003\x02\x01s\x00\x00\x01k\x01v\xff")
    assert start().said("1 empty keys were left out")


class FewLibraries:
    """Libraries without Lua."""

    def __init__(self) -> None:
        self.codes: list[bytes] = []

    def dump_libraries(self) -> list[bytes]:
        return self.codes

    def load_library(self, code: bytes, replace: bool) -> None:
        if b"#!" not in code:
            raise ReplyError(b"ERR Missing library metadata")
        assert replace or code not in self.codes
        self.codes.append(code)

    def flush_libraries(self) -> None:
        self.codes = []


def test_function_libraries_are_kept_without_lua(tmp_path: Path) -> None:
    def start_without_lua() -> DiskServer:
        server = DiskServer(tmp_path)
        server.engine.functions = None
        server.load()
        return server

    (tmp_path / "dump.rdb").write_bytes(b"REDIS0003\xf5\x0c#!lua name=l\xff")
    server = start_without_lua()
    assert server.persistence.snapshots.functions.sources() == [b"#!lua name=l"]
    assert server.client().run("DEBUG RELOAD") == b"+OK\r\n"
    assert b"\xf5\x0c#!lua name=l" in (tmp_path / "dump.rdb").read_bytes()
    assert start_without_lua().persistence.snapshots.functions.sources() == [b"#!lua name=l"]


def test_function_libraries_are_saved_and_loaded(start: Start, tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0003\xf5\x0c#!lua name=l\xff")
    libraries = FewLibraries()
    server = DiskServer(tmp_path)
    setattr(server.engine, "functions", libraries)  # noqa: B010
    server.load()
    assert libraries.codes == [b"#!lua name=l"]
    libraries.codes.append(b"#!lua name=m")
    assert server.client().run("DEBUG RELOAD") == b"+OK\r\n"
    assert libraries.codes == [b"#!lua name=l", b"#!lua name=m"]
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0003\xf5\x03abc\xff")
    with pytest.raises(LoadError, match="a function library: ERR Missing library metadata"):
        server.load()


class Position(Replication):
    """Knows where in the stream the data stands."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[dict[bytes, bytes]] = []

    def snapshot_origin(self) -> list[tuple[bytes, bytes]]:
        return [(b"repl-id", b"a" * 40), (b"repl-offset", b"17")]

    def take_origin(self, aux: dict[bytes, bytes]) -> None:
        self.taken.append(aux)


def test_the_origin_of_the_data_goes_along(start: Start, tmp_path: Path) -> None:
    server = start()
    server.engine.replication = Position()
    server.client().run("SET a 1")
    server.client().run("SAVE")
    position = Position()
    other = DiskServer(tmp_path)
    other.engine.replication = position
    other.load()
    assert position.taken[0][b"repl-id"] == b"a" * 40 and position.taken[0][b"repl-offset"] == b"17"
    logged = DiskServer(tmp_path, appendonly="yes")
    logged.engine.replication = position
    logged.load()
    assert len(position.taken) == 1
    assert b"repl-id" not in (tmp_path / "appendonlydir" / "appendonly.aof.1.base.rdb").read_bytes()


def test_what_an_interrupted_snapshot_left_is_removed(start: Start, tmp_path: Path) -> None:
    (tmp_path / "temp-123.rdb").write_bytes(b"REDIS0010")
    (tmp_path / "temp-notes.rdb").write_bytes(b"x")
    server = start()
    assert server.said("Removed temp-123.rdb") and os.listdir(tmp_path) == ["temp-notes.rdb"]


def test_a_file_is_synced_as_it_grows(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots_module, "SYNC_EVERY", 100_000)
    disk = FaultyDisk()
    server = start(disk)
    client = server.client()
    for number in range(10):
        client.call(b"SET", b"%d" % number, os.urandom(70_000))
    client.run("SAVE")
    assert disk.log.count("sync") == 2
    client.run("CONFIG SET rdb-save-incremental-fsync no")
    disk.log.clear()
    client.run("SAVE")
    assert disk.log.count("sync") == 1


def test_a_snapshot_can_be_slowed_down(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start(rdb_key_save_delay="1000")
    fill(server)
    slept: list[float] = []
    monkeypatch.setattr(server.engine, "sleep", slept.append)
    assert server.client().run("SAVE") == b"+OK\r\n"
    assert sum(slept) == pytest.approx(0.009)


LIBRARY = b"#!lua name=l\nredis.register_function('f', function() return 7 end)"


def test_function_libraries_are_loaded(start: Start, tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0003\xf5" + bytes([0x40, len(LIBRARY)]) + LIBRARY + b"\xff")
    server = start()
    assert server.client().run("FCALL f 0") == b":7\r\n"
    server.client().run("SAVE")
    assert LIBRARY[-20:] in (tmp_path / "dump.rdb").read_bytes()
    assert start().client().run("FCALL f 0") == b":7\r\n"


def test_a_library_that_is_none_stops_the_start(start: Start, tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0003\xf5\x0c#!lua name=l\xff")
    with pytest.raises(LoadError, match="a function library: ERR Invalid library metadata"):
        start()


def test_access_records_are_kept(start: Start) -> None:
    server = start(maxmemory_policy="allkeys-lfu")
    client = server.client()
    client.run("SET a 1")
    for _ in range(200):
        client.run("GET a")
    frequency = client.run("OBJECT FREQ a")
    client.run("SAVE")
    assert start(maxmemory_policy="allkeys-lfu").client().run("OBJECT FREQ a") == frequency
    server = start(maxmemory_policy="allkeys-lru")
    server.client().run("SET b 1")
    server.advance(500)
    server.client().run("SAVE")
    assert start(maxmemory_policy="allkeys-lru").client().run("OBJECT IDLETIME b") == b":500\r\n"


def test_reloading_by_debug(start: Start) -> None:
    server = start()
    fill(server)
    client = server.client()
    before = server.digest()
    assert client.run("DEBUG RELOAD") == b"+OK\r\n"
    assert server.digest() == before
    assert client.run("DEBUG RELOAD FOO").startswith(b"-ERR DEBUG RELOAD only supports")
    client.run("SAVE")
    client.run("FLUSHALL")
    assert client.run("DEBUG RELOAD NOSAVE") == b"+OK\r\n"
    assert server.digest() == before
    assert client.run("DEBUG RELOAD NOSAVE NOFLUSH").startswith(b"-ERR Error trying to load")
    client.run("SET extra 1")
    assert client.run("DEBUG RELOAD NOSAVE NOFLUSH MERGE") == b"+OK\r\n"
    assert client.run("EXISTS extra string") == b":2\r\n"


def test_stopping_saves_as_asked(start: Start, tmp_path: Path) -> None:
    disk = FaultyDisk()
    server = start(disk)
    server.client().run("SET a 1")
    assert server.persistence.stop(None)
    assert os.listdir(tmp_path) == []
    assert server.persistence.stop(True)
    assert os.listdir(tmp_path) == ["dump.rdb"]
    disk.fails = lambda number, name: True
    assert not server.persistence.stop(True)
    loading = DiskServer(tmp_path)
    loading.persistence.plan_load().step()
    assert loading.persistence.stop(True)


def test_a_server_without_files_says_so() -> None:
    from miniredis.testing.memory import MemoryServer

    client = MemoryServer().connect()
    assert client.call(b"SAVE") == b"-ERR this server keeps nothing on disk\r\n"


def test_a_server_without_files_reloads_in_memory() -> None:
    from miniredis.testing.memory import MemoryServer

    config = Config()
    config.assign("enable-debug-command", b"yes")
    client = MemoryServer(config).connect()
    client.call(b"SET", b"a", b"1")
    assert client.call(b"DEBUG", b"RELOAD") == b"+OK\r\n"
    assert client.call(b"GET", b"a") == b"$1\r\n1\r\n"


def test_while_loading_info_shows_how_far_it_is(start: Start, tmp_path: Path) -> None:
    server = start()
    fill(server)
    server.client().run("SAVE")
    other = DiskServer(tmp_path)
    loading = other.persistence.plan_load()
    assert loading.eta_s() == -1
    loading.step()
    other.persistence.poll()
    text = other.client().run("INFO persistence")
    assert b"loading:1" in text and b"loading_loaded_perc:100.00" in text and b"loading_eta_seconds:0" in text
    loading.close()
