"""Files exchanged with real servers: theirs loaded by us, ours by them, all data compared by its fingerprint."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from persistence.harness import DiskServer

from oracle.servers import ServerProcess, redis_server, valkey_server
from oracle.test_oracle_payloads import data_set
from oracle.wire import Connection


def fill(call: object, seed: int) -> None:
    for command in data_set(seed):
        reply = call(*command)  # type: ignore[operator]
        assert not reply.startswith(b"-"), (command[:2], reply)
    for line in ("PEXPIREAT list:5 99999999999999", "SELECT 5", "SET elsewhere 1", "MULTI", "INCR n", "INCR n", "EXEC"):
        call(*line.encode().split())  # type: ignore[operator]


def text_of(reply: bytes) -> bytes:
    return reply.strip().lstrip(b"+")


def wait_for(connection: Connection, field: bytes) -> None:
    deadline = time.monotonic() + 20
    while field not in connection(b"INFO", b"persistence"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stop_and_load(server: ServerProcess, folder: Path, **options: str) -> DiskServer:
    """What a real server left in its folder, loaded by us."""
    shutil.copytree(server.folder, folder, dirs_exist_ok=True)
    server.remove()
    return DiskServer(folder, None, **options).load()


@pytest.mark.parametrize("log", [False, True])
def test_we_load_what_redis_wrote(log: bool, tmp_path: Path) -> None:
    server = redis_server("--appendonly", "yes" if log else "no")
    try:
        connection = server.connect()
        fill(connection, 12)
        if log:
            connection(b"BGREWRITEAOF")
            wait_for(connection, b"aof_rewrite_in_progress:0")
            connection(b"SET", b"after", b"the rewrite")
        else:
            connection(b"SAVE")
        digest = text_of(connection(b"DEBUG", b"DIGEST"))
        connection.close()
        ours = stop_and_load(server, tmp_path / "copy", appendonly="yes" if log else "no")
        assert text_of(ours.digest()) == digest
    finally:
        server.remove()


def test_we_load_what_valkey_wrote(tmp_path: Path) -> None:
    server = valkey_server()
    try:
        connection = server.connect()
        fill(connection, 13)
        for size in (1, 5, 100, 600):  # their digest of scores has another form
            connection(b"SELECT", b"0")
            connection(b"DEL", b"zset:%d" % size)
        connection(b"HPEXPIREAT", b"hash:5", b"99999999999999", b"FIELDS", b"1", b"none")
        connection(b"SAVE")
        digest = text_of(connection(b"DEBUG", b"DIGEST"))
        connection.close()
        ours = stop_and_load(server, tmp_path / "copy")
        assert text_of(ours.digest()) == digest
    finally:
        server.remove()


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_redis_loads_what_we_wrote(log: bool, preamble: str, tmp_path: Path) -> None:
    """Its own data set, on the way through our files."""
    server = redis_server()
    folder = tmp_path / "copy"
    connection = server.connect()
    fill(connection, 14)
    connection(b"SAVE")
    connection.close()
    ours = stop_and_load(server, folder, aof_use_rdb_preamble=preamble)
    client = ours.connect()
    if log:
        client.call(b"CONFIG", b"SET", b"appendonly", b"yes")
        ours.wait_for_child()
        for words in (b"SET later 1", b"MULTI", b"INCR later", b"PEXPIRE later 9999999", b"EXEC", b"SPOP set:100 3"):
            client.call(*words.split())
    else:
        assert client.call(b"SAVE") == b"+OK\r\n"
    digest = text_of(ours.digest())
    ours.persistence.stop(False)
    server = redis_server("--dir", str(folder), "--appendonly", "yes" if log else "no")
    try:
        connection = server.connect()
        assert text_of(connection(b"DEBUG", b"DIGEST")) == digest
        connection.close()
    finally:
        server.remove()


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_the_checking_programs_accept_random_data(seed: int, tmp_path: Path, count: Callable[[str, int], None]) -> None:
    preamble = "yes" if seed % 2 else "no"
    ours = DiskServer(tmp_path, None, appendonly="yes", aof_use_rdb_preamble=preamble).load()
    fill(ours.connect().call, seed)
    assert ours.connect().call(b"SAVE") == b"+OK\r\n"
    manifest = tmp_path / "appendonlydir" / "appendonly.aof.manifest"
    for _ in range(2):
        done = subprocess.run(["redis-check-aof", str(manifest)], capture_output=True, check=False)
        assert done.returncode == 0 and b"All AOF files and manifest are valid" in done.stdout, done.stdout
        ours.connect().call(b"BGREWRITEAOF")
        ours.wait_for_child()
    done = subprocess.run(["redis-check-rdb", str(tmp_path / "dump.rdb")], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    count("seeds", 1)


@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_a_log_goes_from_us_to_redis_and_back(preamble: str, tmp_path: Path) -> None:
    """Each appends to what the other has written; then redis-server rewrites it, manifest and all."""
    options = {"appendonly": "yes", "aof_use_rdb_preamble": preamble, "aof_timestamp_enabled": "yes"}
    ours = DiskServer(tmp_path, None, **options).load()
    fill(ours.connect().call, 31)
    ours.connect().call(b"BGREWRITEAOF")
    ours.wait_for_child()
    ours.connect().call(b"INCR", b"rounds")
    ours.persistence.stop(False)
    for rewrites in (False, True):
        theirs = redis_server("--dir", str(tmp_path), "--appendonly", "yes", "--aof-timestamp-enabled", "yes")
        try:
            connection = theirs.connect()
            assert text_of(connection(b"DEBUG", b"DIGEST")) == text_of(ours.digest())
            connection(b"INCR", b"rounds")
            if rewrites:
                connection(b"BGREWRITEAOF")
                wait_for(connection, b"aof_rewrite_in_progress:0")
                connection(b"INCR", b"rounds")
            digest = text_of(connection(b"DEBUG", b"DIGEST"))
            connection.close()
        finally:
            theirs.remove()
        ours = DiskServer(tmp_path, None, **options).load()
        assert text_of(ours.digest()) == digest
        ours.connect().call(b"INCR", b"rounds")
        ours.persistence.stop(False)
    assert DiskServer(tmp_path, None, **options).load().connect().call(b"GET", b"rounds") == b"$1\r\n6\r\n"


def test_a_single_file_as_redis_6_wrote_it_is_taken_over(tmp_path: Path) -> None:
    """A preamble and commands behind it, in `dir` itself: its parts come from a real server."""
    theirs = redis_server("--appendonly", "yes")
    try:
        connection = theirs.connect()
        fill(connection, 41)
        connection(b"BGREWRITEAOF")
        wait_for(connection, b"aof_rewrite_in_progress:0")
        connection(b"INCR", b"later")
        digest = text_of(connection(b"DEBUG", b"DIGEST"))
        connection.close()
        theirs.stop()
        folder = theirs.folder / "appendonlydir"
        base, increment = sorted(folder.glob("*.base.rdb"))[-1], sorted(folder.glob("*.incr.aof"))[-1]
        (tmp_path / "appendonly.aof").write_bytes(base.read_bytes() + increment.read_bytes())
    finally:
        theirs.remove()
    ours = DiskServer(tmp_path, None, appendonly="yes").load()
    assert text_of(ours.digest()) == digest
    ours.persistence.stop(False)
    theirs = redis_server("--dir", str(tmp_path), "--appendonly", "yes")
    try:
        connection = theirs.connect()
        assert text_of(connection(b"DEBUG", b"DIGEST")) == digest
        connection.close()
    finally:
        theirs.remove()


def test_a_new_folder_is_there_or_refused(tmp_path: Path) -> None:
    theirs = redis_server("--enable-protected-configs", "yes")
    ours = DiskServer(tmp_path, None, enable_protected_configs="yes").load()
    try:
        peers: list[tuple[Path, Callable[..., bytes]]] = [
            (theirs.folder, theirs.connect()),
            (tmp_path, ours.connect().call),
        ]
        for folder, _ in peers:
            (folder / "sub" / "deep").mkdir(parents=True)
            (folder / "file").write_bytes(b"")
        for words in (
            b"CONFIG SET dir nope",
            b"CONFIG SET dir file",
            b"CONFIG SET dir a\0b",
            b"CONFIG SET maxmemory 1mb dir nope",
            b"CONFIG GET maxmemory",
            b"CONFIG SET dir sub dbfilename a/b",
            b"CONFIG GET dir",
            b"CONFIG SET dir sub",
            b"CONFIG GET dir",
            b"SAVE",
            b"CONFIG SET dir ./deep/",
            b"CONFIG GET dir",
            b"CONFIG SET dir ..",
            b"CONFIG GET dir",
            b"CONFIG SET dir deep/nope",
            b"CONFIG GET dir",
            b"SAVE",
        ):
            replies = []
            for folder, call in peers:
                path = str(folder).encode()
                reply = call(*words.split(b" "))
                replies.append(reply.split(b"\r\n")[-2].replace(path, b"") if path in reply else reply)
            assert replies[0] == replies[1], words
        assert (tmp_path / "sub" / "dump.rdb").exists() and not (tmp_path / "dump.rdb").exists()
        assert peers[1][1](b"CONFIG", b"SET", b"dir", b"") == (
            b"-ERR CONFIG SET failed (possibly related to argument 'dir') - dir can't be empty\r\n"
        )
    finally:
        theirs.remove()
