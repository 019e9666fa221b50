"""Sentinels of ours and of Redis, watching servers of ours and of Redis, in real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.sentinel import Sentinel

from oracle.servers import ServerProcess, redis_server
from system.conftest import ROOT, program
from system.environments import node_environment

Start = Callable[..., ServerProcess]
NAME = "mymaster"


def until(reached: Callable[[], object], seconds: float = 30) -> float:
    """Wait for something that takes a while in other processes; how long it took."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < seconds, f"not reached in {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


class Watched:
    """A primary with two replicas, and three sentinels; each of a kind: "ours" or "redis"."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.servers: dict[int, ServerProcess] = {}
        self.sentinels: list[ServerProcess] = []
        self.real: list[ServerProcess] = []

    def serve(self, kind: str, *words: str) -> ServerProcess:
        if kind == "ours":
            server = self._start(*words, "--repl-diskless-sync-delay", "0")
        else:
            server = redis_server(*words, "--repl-diskless-sync-delay", "0")
            self.real.append(server)
        self.servers[server.port] = server
        return server

    def serve_three(self, kinds: tuple[str, str, str]) -> ServerProcess:
        primary = self.serve(kinds[0])
        for kind in kinds[1:]:
            self.serve(kind, "--replicaof", "127.0.0.1", str(primary.port))
        client = redis.Redis(port=primary.port)
        until(lambda: client.info("replication")["connected_slaves"] == 2)
        return primary

    def watch(self, primary: ServerProcess, kinds: tuple[str, ...], quorum: int = 2) -> None:
        for kind in kinds:
            command = [program("miniredis-sentinel")] if kind == "ours" else ["redis-sentinel"]
            sentinel = ServerProcess([*command, "{dir}/sentinel.conf"])
            sentinel.stop()  # it had no file to read yet: now it gets one
            lines = [
                f"port {sentinel.port}",
                f"dir {sentinel.folder}",
                f"sentinel monitor {NAME} 127.0.0.1 {primary.port} {quorum}",
                f"sentinel down-after-milliseconds {NAME} 1000",
                f"sentinel failover-timeout {NAME} 10000",
            ]
            (sentinel.folder / "sentinel.conf").write_text("\n".join(lines) + "\n")
            sentinel.start_again()
            sentinel.wait_ready()
            self.sentinels.append(sentinel)
        expected = len(kinds) - 1
        until(lambda: all(self.primary_of(each)["num-other-sentinels"] == expected for each in self.sentinels))
        until(lambda: all(self.primary_of(each)["num-slaves"] == 2 for each in self.sentinels))

    def primary_of(self, sentinel: ServerProcess) -> dict[str, object]:
        client: Any = redis.Redis(port=sentinel.port)
        found: dict[str, object] = client.sentinel_master(NAME)
        return found

    def address(self, sentinel: ServerProcess) -> int:
        client: Any = redis.Redis(port=sentinel.port)
        return int(client.sentinel_get_master_addr_by_name(NAME)[1])

    def agreed(self, other_than: int) -> bool:
        ports = {self.address(each) for each in self.sentinels}
        return len(ports) == 1 and ports != {other_than}

    def client(self) -> Any:
        kind: Any = Sentinel
        return kind([("127.0.0.1", each.port) for each in self.sentinels], socket_timeout=1)

    def end(self) -> None:
        for server in (*self.sentinels, *self.real):
            server.remove()


@pytest.fixture
def watched(start: Start) -> Iterator[Watched]:
    scene = Watched(start)
    try:
        yield scene
        for sentinel in scene.sentinels:
            assert "Traceback" not in sentinel.output, sentinel.output[-3000:]
    finally:
        scene.end()


OURS = ("ours", "ours", "ours")
REDIS = ("redis", "redis", "redis")


@pytest.mark.parametrize(
    ("servers", "sentinels"),
    [(OURS, OURS), (REDIS, OURS), (OURS, REDIS), (("ours", "redis", "ours"), ("ours", "redis", "ours"))],
    ids=["ours by ours", "redis by ours", "ours by redis", "both by both"],
)
def test_a_killed_primary_is_replaced(
    servers: tuple[str, str, str], sentinels: tuple[str, ...], watched: Watched, count: Callable[[str, int], None]
) -> None:
    primary = watched.serve_three(servers)
    redis.Redis(port=primary.port).set("before", "1")
    redis.Redis(port=primary.port).wait(2, 5000)
    watched.watch(primary, sentinels)
    primary.process.kill()
    count("kills", 1)
    until(lambda: watched.agreed(primary.port))
    client = watched.client().master_for(NAME)
    until(lambda: attempt(lambda: client.set("after", "2")))
    assert client.get("before") == b"1"
    # The other replica follows the new primary.
    new = watched.address(watched.sentinels[0])
    until(lambda: redis.Redis(port=new).info("replication")["connected_slaves"] == 1)


def my_id_of(sentinel: ServerProcess) -> object:
    client: Any = redis.Redis(port=sentinel.port)
    return client.execute_command("SENTINEL MYID")


def attempt(call: Callable[[], object]) -> bool:
    try:
        call()
    except redis.RedisError:
        return False
    return True


def test_the_old_primary_comes_back_as_a_replica(watched: Watched) -> None:
    primary = watched.serve_three(OURS)
    watched.watch(primary, OURS)
    primary.process.send_signal(signal.SIGSTOP)
    until(lambda: watched.agreed(primary.port))
    new = watched.address(watched.sentinels[0])
    primary.process.send_signal(signal.SIGCONT)
    old = redis.Redis(port=primary.port)
    took = until(lambda: old.info("replication")["role"] == "slave", 10)
    assert took < 5
    assert old.info("replication")["master_port"] == new


def test_a_failover_by_hand_loses_no_client(watched: Watched) -> None:
    primary = watched.serve_three(OURS)
    watched.watch(primary, OURS)
    client = watched.client().master_for(NAME)
    client.set("k", "1")
    assert redis.Redis(port=watched.sentinels[0].port).sentinel_failover(NAME)
    until(lambda: watched.agreed(primary.port))
    until(lambda: attempt(lambda: client.set("k", "2")))


def test_what_was_acknowledged_by_a_replica_survives(watched: Watched) -> None:
    """Writes that WAIT 1 acknowledged are there after the primary is killed in the middle of them."""
    primary = watched.serve_three(OURS)
    watched.watch(primary, OURS)
    client = redis.Redis(port=primary.port, socket_timeout=2)
    acknowledged = []
    killed = False
    for number in range(100_000):
        try:
            client.rpush("log", number)
            if client.wait(1, 500) >= 1:
                acknowledged.append(number)
        except redis.RedisError:
            break
        if len(acknowledged) >= 300 and not killed:
            primary.process.kill()
            killed = True
    until(lambda: watched.agreed(primary.port))
    new = watched.client().master_for(NAME)
    kept: set[int] = set()

    def read() -> bool:
        kept.update(int(each) for each in new.lrange("log", 0, -1))
        return True

    until(lambda: attempt(read))
    assert len(acknowledged) >= 300
    assert set(acknowledged) <= kept


def test_the_file_goes_from_redis_to_us_and_back(watched: Watched) -> None:
    primary = watched.serve_three(OURS)
    watched.watch(primary, ("redis",), quorum=1)
    sentinel = watched.sentinels[0]
    my_id = my_id_of(sentinel)
    for command in ([program("miniredis-sentinel")], ["redis-sentinel"]):
        sentinel.stop()
        sentinel.command = [*command, "{dir}/sentinel.conf"]
        sentinel.start_again()
        sentinel.wait_ready()
        assert my_id_of(sentinel) == my_id
        until(lambda: watched.primary_of(sentinel)["num-slaves"] == 2)


@pytest.mark.parametrize(
    "words",
    [
        ["miniredis-server", "sentinel.conf", "--sentinel"],
        ["miniredis-sentinel", "sentinel.conf"],
        ["twistd", "-n", "miniredis", "sentinel.conf", "--sentinel"],
    ],
    ids=lambda words: words[0],
)
def test_each_way_to_start(words: list[str]) -> None:
    server = ServerProcess([program(words[0]), "--version"])
    try:
        server.process.wait(20)
        file = server.folder / "sentinel.conf"
        file.write_text(f"port {server.port}\nsentinel monitor {NAME} 127.0.0.1 1 1\n")
        server.command = [program(words[0]), *words[1:]]
        server.start_again()
        server.wait_ready()
        client = redis.Redis(port=server.port)
        assert client.info("server")["redis_mode"] == "sentinel"
        assert NAME in client.sentinel_masters()
        assert "sentinel myid" in file.read_text()
        assert server.stop() == 0
    finally:
        server.remove()


def test_a_sentinel_without_a_file_does_not_start() -> None:
    done = subprocess.run([program("miniredis-sentinel")], capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert b"Sentinel needs config file on disk" in done.stderr


IOREDIS = """
const Redis = require('ioredis');
const sentinels = process.argv[1].split(',').map(port => ({host: '127.0.0.1', port: Number(port)}));
const client = new Redis({sentinels, name: 'mymaster', maxRetriesPerRequest: null});
client.on('error', () => {});
client.once('ready', () => console.log('ready'));
require('readline').createInterface({input: process.stdin}).on('line', async word => {
  await client.set('word', word);
  console.log(await client.get('word'));
});
"""

TXREDISAPI = """
import sys
from twisted.internet import defer, reactor, stdio, task
from twisted.protocols.basic import LineReceiver
from txredisapi import Sentinel

class Words(LineReceiver):
    delimiter = b"\\n"

    def lineReceived(self, line):
        defer.ensureDeferred(self.keep(line.decode()))

    async def keep(self, word):
        while True:
            try:
                await client.set("word", word)
                print(await client.get("word"), flush=True)
                return
            except Exception:
                await task.deferLater(reactor, 0.2)

sentinel = Sentinel([("127.0.0.1", int(port)) for port in sys.argv[1].split(",")])
client = sentinel.master_for("mymaster")
stdio.StandardIO(Words())
reactor.callWhenRunning(print, "ready", flush=True)
reactor.run()
"""


def client_command(client: str, ports: str) -> tuple[list[str], Path]:
    if client == "txredisapi":
        return [sys.executable, "-c", TXREDISAPI, ports], ROOT
    return ["node", "-e", IOREDIS, ports], node_environment("ioredis")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", ["ioredis", "txredisapi"])
def test_other_clients_keep_working_through_a_failover(
    client: str, watched: Watched, count: Callable[[str, int], None]
) -> None:
    primary = watched.serve_three(OURS)
    watched.watch(primary, OURS)
    command, folder = client_command(client, ",".join(str(each.port) for each in watched.sentinels))
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=folder)
    assert running.stdin is not None
    assert running.stdout is not None
    try:
        assert running.stdout.readline() == "ready\n"
        running.stdin.write("before\n")
        assert running.stdout.readline() == "before\n"
        primary.process.kill()
        count("kills", 1)
        until(lambda: watched.agreed(primary.port))
        running.stdin.write("after\n")
        assert running.stdout.readline() == "after\n"
        new: Any = redis.Redis(port=watched.address(watched.sentinels[0]))
        assert new.get("word") == b"after"
    finally:
        running.kill()
        running.wait()
