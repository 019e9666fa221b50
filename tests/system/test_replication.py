"""A miniredis beside redis-server and Valkey, on either side of a replication link."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from oracle.servers import ServerProcess, redis_server, valkey_server
from oracle.wire import encode
from system.replication_load import BreakingLink, Load, ask, digest, follow, info, until, until_same

Start = Callable[..., ServerProcess]
AT_ONCE = ("--repl-diskless-sync-delay", "0")
#: (primary, replica)
PAIRS = [("ours", "ours"), ("redis", "ours"), ("ours", "redis"), ("valkey", "ours"), ("ours", "valkey")]


@pytest.fixture
def serve(start: Start) -> Iterator[Start]:
    """`serve("redis", "--option", "value")`: a server of that kind, without the delay before a sync."""
    real: list[ServerProcess] = []

    def serve_one(kind: str, *words: str) -> ServerProcess:
        if kind == "ours":
            return start(*AT_ONCE, *words)
        server = {"redis": redis_server, "valkey": valkey_server}[kind](*AT_ONCE, *words)
        real.append(server)
        return server

    yield serve_one
    for server in real:
        server.remove()


@pytest.mark.parametrize("diskless", ["yes", "no"])
@pytest.mark.parametrize(("primary", "replica"), PAIRS)
def test_a_replica_holds_what_its_primary_holds(primary: str, replica: str, diskless: str, serve: Start) -> None:
    source = serve(primary, "--repl-diskless-sync", diskless)
    target = serve(replica)
    load = Load(source.port, 7)
    load.run(2000)
    during = threading.Thread(target=load.run, args=(3000,))
    during.start()
    follow(target, source.port)
    during.join()
    load.run(2000)
    load.close()
    until_same(source, target)
    assert ask(source, "WAIT", 1, 5000) == b":1\r\n"


@pytest.mark.parametrize("mode", ["disabled", "on-empty-db", "swapdb", "flush-before-load"])
@pytest.mark.parametrize("source", ["ours", "redis"])
def test_a_replica_replaces_what_it_had(source: str, mode: str, serve: Start) -> None:
    primary = serve(source)
    replica = serve("ours", "--repl-diskless-load", mode)
    for server, seed in ((primary, 1), (replica, 2)):
        load = Load(server.port, seed)
        load.run(1500)
        load.close()
    follow(replica, primary.port)
    until_same(primary, replica)


@pytest.mark.parametrize(("primary", "replica"), PAIRS)
def test_a_link_that_breaks_every_second_costs_no_full_sync(primary: str, replica: str, serve: Start) -> None:
    source = serve(primary, "--repl-backlog-size", "64mb")
    target = serve(replica)
    link = BreakingLink(source.port)
    follow(target, link.port)
    load = Load(source.port, 11)
    for _ in range(6):
        load.run_for(1)
        link.cut()
    load.run_for(0.5)
    load.close()
    until_same(source, target)
    assert info(source, "sync_full", "stats") == "1"
    assert int(info(source, "sync_partial_ok", "stats")) >= 3
    link.close()


def test_a_link_that_breaks_within_a_full_sync_is_tried_again(serve: Start) -> None:
    source, target = serve("ours"), serve("ours")
    assert ask(source, "DEBUG", "POPULATE", 50000, "key", 200) == b"+OK\r\n"
    link = BreakingLink(source.port)
    assert ask(target, "REPLICAOF", "127.0.0.1", link.port) == b"+OK\r\n"
    for _ in range(3):
        until(lambda: int(info(target, "master_sync_read_bytes") or 0) > 0, "no sync")
        link.cut()
    until(lambda: info(target, "master_link_status") == "up", target.output[-2000:])
    until_same(source, target)
    link.close()


def test_offsets_are_the_same_all_down_a_chain(serve: Start) -> None:
    servers = [serve("redis"), serve("ours"), serve("ours"), serve("valkey")]
    for above, below in zip(servers, servers[1:], strict=False):
        follow(below, above.port)
    load = Load(servers[0].port, 3)
    load.run(4000)
    load.close()
    until_same(*servers)
    until(lambda: len({info(server, "master_repl_offset") for server in servers}) == 1, "different offsets")
    assert len({info(server, "master_replid") for server in servers}) == 1


def test_replicas_go_on_with_the_one_that_was_promoted(serve: Start) -> None:
    old, new, other = serve("redis", "--repl-diskless-sync-delay", "0"), serve("ours"), serve("redis")
    follow(new, old.port)
    follow(other, old.port)
    load = Load(old.port, 5)
    load.run(2000)
    load.close()
    until_same(old, new, other)
    old_id = info(old, "master_replid")
    assert ask(new, "REPLICAOF", "NO", "ONE") == b"+OK\r\n"
    assert info(new, "master_replid2") == old_id
    for server in (other, old):
        follow(server, new.port)
    load = Load(new.port, 6)
    load.run(1000)
    load.close()
    until_same(new, other, old)
    assert info(new, "sync_full", "stats") == "0"
    assert info(new, "sync_partial_ok", "stats") == "2"


@pytest.mark.parametrize("source", ["ours", "redis", "valkey"])
def test_a_replica_that_restarts_from_its_file_asks_for_the_rest_only(source: str, serve: Start, start: Start) -> None:
    primary = serve(source)
    replica = serve("ours")
    follow(replica, primary.port)
    load = Load(primary.port, 8)
    load.run(1000)
    until_same(primary, replica)
    assert ask(replica, "SAVE") == b"+OK\r\n"
    load.run(1000)
    again = start(*AT_ONCE, "--replicaof", "127.0.0.1", str(primary.port), "--dir", str(replica.folder))
    load.close()
    until_same(primary, again)
    assert info(primary, "sync_full", "stats") == "1"
    assert info(primary, "sync_partial_ok", "stats") == "1"


def test_the_replicas_of_a_primary_that_restarts_from_its_file_go_on(serve: Start, start: Start) -> None:
    primary, replica = serve("ours"), serve("redis")
    follow(replica, primary.port)
    load = Load(primary.port, 9)
    load.run(1000)
    load.close()
    until_same(primary, replica)
    assert ask(primary, "SAVE") == b"+OK\r\n"
    primary.process.kill()
    primary.process.wait()
    again = start(*AT_ONCE, "--dir", str(primary.folder))
    follow(replica, again.port)
    until_same(again, replica)
    assert info(again, "sync_full", "stats") == "0"
    assert info(again, "sync_partial_ok", "stats") == "1"


@pytest.mark.parametrize(("primary", "replica"), PAIRS)
def test_failover_hands_the_role_over(primary: str, replica: str, serve: Start) -> None:
    first, second = serve(primary), serve(replica)
    follow(second, first.port)
    load = Load(first.port, 4)
    load.run(1000)
    load.close()
    assert ask(first, "FAILOVER", "TO", "127.0.0.1", second.port, "TIMEOUT", 10000) == b"+OK\r\n"
    until(lambda: info(second, "role") == "master", first.output[-2000:])
    until(lambda: info(first, "master_link_status") == "up", first.output[-2000:])
    assert info(first, "master_failover_state") == "no-failover"
    until_same(first, second)
    assert info(second, "sync_full", "stats") == "0"
    load = Load(second.port, 5)
    load.run(1000)
    load.close()
    until_same(first, second)


def test_moving_from_redis_to_miniredis_and_back_loses_no_write(serve: Start) -> None:
    """What docs/replication.rst tells to do, with a client that never stops writing."""
    theirs, ours = serve("redis"), serve("ours")
    servers = {theirs.port: theirs, ours.port: ours}
    acknowledged: list[int] = []
    longest = [0.0]
    stop = threading.Event()

    def write() -> None:
        """A client that goes to whoever is the primary, as one does that asks sentinels or a proxy."""
        number = 0
        port = theirs.port
        last = time.monotonic()
        while not stop.is_set():
            reply = ask(servers[port], "SADD", "numbers", number)
            if reply == b":1\r\n":
                acknowledged.append(number)
                number += 1
                longest[0] = max(longest[0], time.monotonic() - last)
                last = time.monotonic()
            else:
                assert reply.startswith((b"-READONLY", b":0")), reply
                number += reply.startswith(b":0")
                port = ours.port if port == theirs.port else theirs.port

    def move(old: ServerProcess, new: ServerProcess) -> None:
        until(lambda: "state=online" in info(old, "slave0"), "the replica is not online")
        assert ask(old, "FAILOVER", "TO", "127.0.0.1", new.port, "TIMEOUT", 10000) == b"+OK\r\n"
        until(lambda: info(new, "role") == "master", old.output[-2000:])
        until(lambda: info(old, "master_link_status") == "up", old.output[-2000:])

    client = threading.Thread(target=write)
    client.start()
    try:
        follow(ours, theirs.port)
        move(theirs, ours)
        count = len(acknowledged)
        until(lambda: len(acknowledged) > count + 100, "no writes after the move")
        move(ours, theirs)
        count = len(acknowledged)
        until(lambda: len(acknowledged) > count + 100, "no writes after the move back")
    finally:
        stop.set()
        client.join()
    until_same(theirs, ours)
    assert ask(theirs, "SCARD", "numbers") == b":%d\r\n" % (max(acknowledged) + 1)
    assert longest[0] < 3


def test_fields_that_expire_fail_the_sync_with_an_old_replica_and_nothing_else(serve: Start) -> None:
    source, old, new = serve("ours"), serve("redis"), serve("valkey")
    ask(source, "HSET", "h", "f", "v")
    ask(source, "HPEXPIRE", "h", 100000, "FIELDS", 1, "f")
    follow(new, source.port)
    assert ask(old, "REPLICAOF", "127.0.0.1", source.port) == b"+OK\r\n"
    until(lambda: "servers before Redis 7.4 and Valkey 9 cannot load it" in source.output, source.output)
    assert ask(source, "SET", "k", "v") == b"+OK\r\n"
    until_same(source, new)
    assert info(source, "sync_full", "stats") == "2"
    ask(source, "DEL", "h")
    until(lambda: info(old, "master_link_status") == "up", old.output[-2000:])
    until_same(source, new, old)


@pytest.mark.parametrize(("primary", "replica"), [("ours", "ours"), ("redis", "ours"), ("ours", "redis")])
def test_what_is_evicted_goes_everywhere(primary: str, replica: str, serve: Start) -> None:
    source = serve(primary)
    target = serve(replica)
    used = int(info(source, "used_memory", "memory")) if primary == "redis" else 0
    ask(source, "CONFIG", "SET", "maxmemory", used + 6_000_000, "maxmemory-policy", "allkeys-random")
    follow(target, source.port)
    load = Load(source.port, 13)
    load.run(3000)
    for number in range(600):
        ask(source, "SET", f"filler:{number}", "x" * 20_000)
    load.close()
    assert int(info(source, "evicted_keys", "stats")) > 0
    until_same(source, target)


LIBRARY = b"#!lua name=%s\nredis.register_function('%s', function(keys) return redis.call('INCR', keys[1]) end)"


@pytest.mark.parametrize(("primary", "replica"), PAIRS)
def test_functions_come_along_and_what_they_do(primary: str, replica: str, serve: Start) -> None:
    source, target = serve(primary), serve(replica)
    assert ask(source, "FUNCTION", "LOAD", LIBRARY % (b"early", b"first")) == b"$5\r\nearly\r\n"
    ask(target, "FUNCTION", "LOAD", LIBRARY % (b"own", b"own"))
    follow(target, source.port)
    assert ask(source, "FUNCTION", "LOAD", LIBRARY % (b"late", b"second")) == b"$4\r\nlate\r\n"
    for name in ("first", "second"):
        assert ask(source, "FCALL", name, 1, "counter").startswith(b":")
    until_same(source, target)
    assert ask(target, "FUNCTION", "LIST", "LIBRARYNAME", "own") == b"*0\r\n"
    for name in ("early", "late"):
        assert ask(target, "FUNCTION", "LIST", "LIBRARYNAME", name) != b"*0\r\n"


def test_the_log_of_a_replica_holds_what_came_by_full_sync(serve: Start, start: Start) -> None:
    primary = serve("redis")
    replica = serve("ours", "--appendonly", "yes")
    assert ask(replica, "SET", "old", "data") == b"+OK\r\n"
    load = Load(primary.port, 14)
    load.run(1000)
    follow(replica, primary.port)
    until(lambda: info(replica, "aof_rewrite_in_progress", "persistence") == "0", "the rewrite goes on")
    until(lambda: info(replica, "aof_rewrites", "persistence") != "0", "no rewrite")
    load.run(1000)
    load.close()
    until_same(primary, replica)
    replica.process.kill()
    replica.process.wait()
    again = start(*AT_ONCE, "--appendonly", "yes", "--dir", str(replica.folder))
    until_same(primary, again)


def test_redis_cli_takes_a_snapshot_and_follows(serve: Start, tmp_path: object) -> None:
    import subprocess

    source = serve("ours")
    load = Load(source.port, 2)
    load.run(1000)
    load.close()
    path = f"{tmp_path}/copy.rdb"
    done = subprocess.run(["redis-cli", "-p", str(source.port), "--rdb", path], capture_output=True, timeout=30)
    assert done.returncode == 0, done
    copy = serve("redis", "--dir", str(tmp_path), "--dbfilename", "copy.rdb")
    until(lambda: digest(copy) == digest(source), "different data", 10)
    watcher = subprocess.Popen(["redis-cli", "-p", str(source.port), "--replica"], stdout=subprocess.PIPE)
    try:
        until(lambda: info(source, "slave0").find("state=online") > 0, source.output[-2000:])
        ask(source, "SET", "marker", "here")
        assert watcher.stdout is not None
        seen = b""
        while b"marker" not in seen:
            line = watcher.stdout.readline()
            assert line, seen
            seen += line
    finally:
        watcher.kill()
        watcher.wait()


def test_the_stream_waits_for_a_script_that_keeps_the_replica_busy(serve: Start) -> None:
    source = serve("ours")
    target = serve("ours", "--busy-reply-threshold", "10")
    follow(target, source.port)
    ask(source, "SET", "seen", "before")
    until_same(source, target)
    scripter, other = target.connect(), target.connect()
    # It ends by itself when it sees a write of the primary's, which would be wrong.
    script = b"while redis.call('GET', KEYS[1]) == 'before' do end return 'changed'"
    scripter.send(encode([b"EVAL", script, b"1", b"seen"]))
    until(lambda: other(b"GET", b"seen").startswith(b"-BUSY"), "the script is not busy")
    for number in range(1000):
        ask(source, "SET", f"key{number}", number)
    ask(source, "SET", "seen", "after")
    until(lambda: other(b"SCRIPT", b"KILL") == b"+OK\r\n", "the script cannot be killed")
    assert b"Script killed by user" in scripter.frames(1)[0]
    until_same(source, target)
    assert info(source, "sync_full", "stats") == "1"
