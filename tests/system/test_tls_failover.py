"""Failovers where every connection is TLS: a cluster's nodes and its bus; sentinels, what they watch and each other."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.cluster import RedisCluster

from system.conftest import program
from system.nodes import free_node_port, until
from system.test_tls import TlsProcess, files

__all__ = ["files"]  # a fixture

NODE_TIMEOUT_MS = 2000
NAME = "mymaster"
SECURE = ["--save", "", "--tls-replication", "yes", "--repl-diskless-sync-delay", "0"]


@pytest.fixture
def run(files: Path) -> Iterator[Callable[..., TlsProcess]]:
    """`run("miniredis-server", "--option", "value")`: a program that has started, and ends with the test."""
    running: list[TlsProcess] = []

    def run_one(command: list[str], *words: str) -> TlsProcess:
        running.append(TlsProcess(files, command, *words, port=free_node_port()))
        running[-1].wait_ready()
        return running[-1]

    yield run_one
    for process in running:
        assert "Traceback" not in process.output, process.output[-3000:]
        process.remove()


Run = Callable[..., TlsProcess]


def kill(process: TlsProcess) -> None:
    process.process.send_signal(signal.SIGKILL)
    process.process.wait()


def cluster_client(node: TlsProcess, files: Path) -> Any:
    return RedisCluster(
        host="127.0.0.1",
        port=node.tls_port,
        ssl=True,
        ssl_ca_certs=str(files / "ca.crt"),
        ssl_certfile=str(files / "client.crt"),
        ssl_keyfile=str(files / "client.key"),
        socket_timeout=10,
    )


def role_of(node: TlsProcess) -> str:
    return node.cli("ROLE").splitlines()[0]


def test_a_cluster_replaces_a_killed_primary(run: Run, files: Path, count: Callable[[str, int], None]) -> None:
    cluster = ["--cluster-enabled", "yes", "--tls-cluster", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS)]
    nodes = [run([program("miniredis-server")], *SECURE, *cluster) for _ in range(6)]
    addresses = [f"127.0.0.1:{node.tls_port}" for node in nodes]
    made = nodes[0].cli("--cluster", "create", *addresses, "--cluster-replicas", "1", "--cluster-yes")
    assert "All 16384 slots covered" in made, made
    for replica in nodes[3:]:
        until(lambda replica=replica: "master_link_status:up" in replica.cli("INFO", "replication"), "no sync")  # type: ignore[misc]
    client = cluster_client(nodes[1], files)
    for number in range(300):
        client.set(f"k{number}", number)
    for primary in nodes[:3]:
        assert primary.cli("WAIT", "1", "20000") == "1\n"

    # Slots move, one way and the other.
    first, second = (node.cli("CLUSTER", "MYID").strip() for node in nodes[:2])
    nodes[0].cli("--cluster", "reshard", addresses[0], "--cluster-from", first, "--cluster-to", second,
                 "--cluster-slots", "20", "--cluster-yes")  # fmt: skip
    slots = nodes[0].cli("CLUSTER", "NODES").split("myself")[1].split("\n")[0].split(" connected ")[1].split()
    low, high = slots[0].split("-")
    assert nodes[0].cli("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", low, str(int(low) + 50), "NODE", second) == "OK\n"
    until(lambda: "success" in nodes[0].cli("CLUSTER", "GETSLOTMIGRATIONS"), "slots do not move")
    assert int(low) + 50 < int(high)

    with socket.create_connection(("127.0.0.1", nodes[1].tls_port + 10_000)) as stranger:
        stranger.sendall(b"no greeting of TLS\n")
        stranger.settimeout(20)
        assert b"M1" not in stranger.recv(4096)  # an alert at most, and no frame

    kill(nodes[0])
    count("kills", 1)
    until(lambda: [role_of(node) for node in nodes[3:]].count("master") == 1, "nobody was promoted")
    for node in nodes[1:]:
        until(lambda node=node: "cluster_state:ok" in node.cli("CLUSTER", "INFO"), "it is not whole")  # type: ignore[misc]
    client = cluster_client(nodes[1], files)
    assert [int(client.get(f"k{number}")) for number in range(300)] == list(range(300))
    assert client.set("after", "v")
    assert "All 16384 slots covered" in nodes[1].cli("--cluster", "check", addresses[1])


def seen(sentinel: TlsProcess) -> dict[str, Any]:
    found: dict[str, Any] = sentinel.client().sentinel_master(NAME)
    return found


@pytest.mark.parametrize("kind", ["miniredis-sentinel", "redis-sentinel"])
def test_sentinels_replace_a_killed_primary(
    run: Run, tmp_path: Path, kind: str, count: Callable[[str, int], None]
) -> None:
    server = program("miniredis-server")
    primary = run([server], *SECURE)
    replica = run([server], *SECURE, "--replicaof", "127.0.0.1", str(primary.tls_port))
    until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"), "no sync")
    sentinels = []
    for number in range(3):
        config = tmp_path / f"sentinel{number}.conf"
        lines = [
            f"sentinel monitor {NAME} 127.0.0.1 {primary.tls_port} 2",
            f"sentinel down-after-milliseconds {NAME} 1000",
            f"sentinel failover-timeout {NAME} 10000",
        ]
        config.write_text("\n".join(lines) + "\n")
        command = program(kind) if kind == "miniredis-sentinel" else kind
        sentinels.append(run([command, str(config)], "--tls-replication", "yes"))
    until(lambda: all(seen(each)["num-other-sentinels"] == 2 for each in sentinels), "they do not meet")
    until(lambda: all(seen(each)["num-slaves"] == 1 for each in sentinels), "the replica is not found")
    assert primary.cli("SET", "k", "v") == "OK\n"
    assert primary.cli("WAIT", "1", "20000") == "1\n"

    kill(primary)
    count("kills", 1)
    until(lambda: all(seen(each)["port"] == replica.tls_port for each in sentinels), "no failover")
    until(lambda: role_of(replica) == "master", "it was not promoted")
    client = replica.client()
    assert client.get("k") == b"v"
    assert client.set("after", "v")


def test_a_client_finds_the_primary_by_tls_sentinels(run: Run, tmp_path: Path, files: Path) -> None:
    primary = run([program("miniredis-server")], *SECURE)
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor {NAME} 127.0.0.1 {primary.tls_port} 1\n")
    sentinel = run([program("miniredis-sentinel"), str(config)], "--tls-replication", "yes")
    kind: Any = redis.sentinel.Sentinel
    options = {
        "ssl": True,
        "ssl_ca_certs": str(files / "ca.crt"),
        "ssl_certfile": str(files / "client.crt"),
        "ssl_keyfile": str(files / "client.key"),
    }
    found = kind([("127.0.0.1", sentinel.tls_port)], sentinel_kwargs=options, **options)
    until(lambda: seen(sentinel)["runid"] != "", "it is not seen")
    assert found.master_for(NAME).set("k", "v")
