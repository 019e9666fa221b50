"""Clusters of real processes, managed by redis-cli and used by real clients."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.cluster import RedisCluster

from oracle.servers import die_with_parent
from oracle.wire import SocketConnection
from system.conftest import program
from system.nodes import TIMEOUT_MS, NodeProcess, Nodes, free_node_ports, run_cli, until, wait_agreed


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """Three primaries."""
    running = Nodes([NodeProcess() for _ in range(3)], 0)
    yield running
    running.remove()


@pytest.fixture
def pairs() -> Iterator[Nodes]:
    """Three primaries, each with a replica."""
    running = Nodes([NodeProcess("--appendonly", "yes") for _ in range(6)], 1)
    yield running
    running.remove()


def client(nodes: Nodes, protocol: int = 2) -> RedisCluster:
    return RedisCluster(host="127.0.0.1", port=nodes.alive()[0].port, protocol=protocol, socket_timeout=5)


class Load:
    """Clients that write and read back what they wrote; what went wrong stands in `errors`."""

    def __init__(self, nodes: Nodes, protocol: int = 2, clients: int = 2) -> None:
        self.errors: list[str] = []
        self.written: dict[str, str] = {}
        self.done = 0
        self.longest_gap_s = 0.0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(client(nodes, protocol), number)) for number in range(clients)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, cluster: RedisCluster, number: int) -> None:
        chance = random.Random(number)
        count = 0
        while not self._stop.is_set():
            count += 1
            key, value = f"load{number}:{chance.randrange(500)}", str(count)
            try:
                cluster.set(key, value)
                self.written[key] = value
                found = cluster.get(key)
                if found != value.encode():
                    self.errors.append(f"{key} is {found!r}, not {value}")
                self.done += 1
            except Exception as problem:
                self.errors.append(repr(problem))

    def lost(self, cluster: RedisCluster) -> list[str]:
        return [key for key, value in self.written.items() if cluster.get(key) != value.encode()]


def test_redis_cli_manages_it(nodes: Nodes) -> None:
    first = nodes.processes[0]
    assert "All 16384 slots covered" in nodes.check()
    assert "3 masters" in run_cli("--cluster", "info", first.address)
    assert run_cli("--cluster", "call", first.address, "PING").count("PONG") == 3
    assert "New node timeout set" in run_cli("--cluster", "set-timeout", first.address, str(TIMEOUT_MS + 1))
    assert run_cli("-c", "-p", str(first.port), "SET", "some key", "v").strip() == "OK"
    assert run_cli("-c", "-p", str(first.port), "GET", "some key").strip() == "v"


def test_nodes_are_added_and_removed(nodes: Nodes) -> None:
    first = nodes.processes[0]
    extra = NodeProcess()
    try:
        extra.wait_ready()
        run_cli("--cluster", "add-node", extra.address, first.address)
        for process in nodes.processes:
            # A move is refused by who has not heard of the target.
            until(lambda process=process: extra.id() in process.cli("CLUSTER", "NODES"), "not known")  # type: ignore[misc]
        wait_agreed(first.address)
        assert "4 masters" in run_cli("--cluster", "info", first.address)
        run_cli("--cluster", "reshard", first.address, "--cluster-from", first.id(), "--cluster-to", extra.id(),
                "--cluster-slots", "10", "--cluster-yes")  # fmt: skip
        assert "All 16384 slots covered" in nodes.check()
        assert "10 slots" in run_cli("--cluster", "info", first.address)
        run_cli("--cluster", "reshard", first.address, "--cluster-from", extra.id(), "--cluster-to", first.id(),
                "--cluster-slots", "10", "--cluster-yes")  # fmt: skip
        run_cli("--cluster", "del-node", first.address, extra.id())
        until(lambda: "3 masters" in run_cli("--cluster", "info", first.address), "it was not removed")
    finally:
        extra.remove()


def test_a_slot_left_open_is_fixed(nodes: Nodes) -> None:
    first, second, _ = nodes.processes
    slot = "100"
    assert first.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", second.id()).strip() == "OK"
    assert second.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", first.id()).strip() == "OK"
    run_cli("--cluster", "fix", first.address, stdin="yes\n", check=False)
    assert "All 16384 slots covered" in nodes.check()


def test_a_move_that_broke_off_between_two_keys_is_fixed(nodes: Nodes) -> None:
    slot = run_cli("-p", str(nodes.processes[0].port), "CLUSTER", "KEYSLOT", "{broken off}").strip()
    keys = [f"{{broken off}}{number}" for number in range(6)]
    for key in keys:
        run_cli("-c", "-p", str(nodes.processes[0].port), "SET", key, key)
    source = nodes.owner_of(keys[0])
    target = next(process for process in nodes.processes if process is not source)
    assert target.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id()).strip() == "OK"
    assert source.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id()).strip() == "OK"
    moved = source.cli("MIGRATE", target.host, str(target.port), "", "0", "5000", "KEYS", *keys[:3])
    assert moved.strip() == "OK"
    assert "[WARNING] Node" in run_cli("--cluster", "check", source.address, check=False)
    run_cli("--cluster", "fix", source.address, "--cluster-yes")
    check = nodes.check()
    assert "All 16384 slots covered" in check
    assert "[WARNING]" not in check
    for key in keys:
        assert run_cli("-c", "-p", str(source.port), "GET", key).strip() == key


def test_slots_that_nobody_serves_are_covered_again(nodes: Nodes) -> None:
    first = nodes.processes[0]
    key = next(f"key{number}" for number in range(10_000) if nodes.owner_of(f"key{number}") is first)
    slot = first.cli("CLUSTER", "KEYSLOT", key).strip()
    for process in nodes.processes:  # its owner before the others, which it would tell again that it has it
        process.cli("CLUSTER", "DELSLOTS", slot)
    for process in nodes.processes:
        until(lambda process=process: process.state() == "fail", "it does not miss the slot")  # type: ignore[misc]
    assert "Not all 16384 slots are covered" in run_cli("--cluster", "check", first.address, check=False)
    run_cli("--cluster", "fix", first.address, stdin="yes\n")
    nodes.wait_ok()
    assert "All 16384 slots covered" in nodes.check()
    assert run_cli("-c", "-p", str(first.port), "SET", key, "v").strip() == "OK"


def test_its_data_is_backed_up(nodes: Nodes, tmp_path: Path) -> None:
    run_cli("--cluster", "backup", nodes.processes[0].address, str(tmp_path))
    assert len(list(tmp_path.glob("*.rdb"))) == 3


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_reshard_under_load_fails_no_command(nodes: Nodes, protocol: int) -> None:
    first, second, _ = nodes.processes
    with Load(nodes, protocol) as load:
        until(lambda: load.done > 200, "no load")
        run_cli("--cluster", "reshard", first.address, "--cluster-from", first.id(), "--cluster-to", second.id(),
                "--cluster-slots", "100", "--cluster-yes")  # fmt: skip
        wait_agreed(first.address)
        run_cli("--cluster", "rebalance", first.address, "--cluster-threshold", "1")
        done = load.done
        until(lambda: load.done > done + 100, "no load")
    assert load.errors == []
    assert load.lost(client(nodes)) == []


def test_slots_move_at_once_under_load(nodes: Nodes) -> None:
    first, second, _ = nodes.processes
    with Load(nodes) as load:
        until(lambda: load.done > 200, "no load")
        for source, target in ((first, second), (second, first)):
            ranges = source.cli("CLUSTER", "NODES").split("myself")[1].split("\n")[0].split(" connected ")[1].split()
            low, high = ranges[0].split("-")
            middle = str((int(low) + int(high)) // 2)
            source.cli("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", low, middle, "NODE", target.id())
            until(lambda source=source: "success" in source.cli("CLUSTER", "GETSLOTMIGRATIONS"), "it does not end")  # type: ignore[misc]
        done = load.done
        until(lambda: load.done > done + 100, "no load")
    assert load.errors == []
    assert load.lost(client(nodes)) == []
    assert "All 16384 slots covered" in nodes.check()


def test_redis_benchmark_knows_the_nodes(nodes: Nodes) -> None:
    done = subprocess.run(
        ["redis-benchmark", "--cluster", "-p", str(nodes.processes[0].port), "-n", "20000", "-r", "1000", "-t",
         "set,get", "-q"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "Cluster has 3 master nodes" in done.stdout
    assert done.stdout.count("requests per second") == 2


def test_slots_move_while_redis_benchmark_runs(nodes: Nodes) -> None:
    first, second, _ = nodes.processes
    running = subprocess.Popen(
        ["redis-benchmark", "--cluster", "-p", str(first.port), "-n", "50000", "-r", "2000", "-t", "set", "-q"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=die_with_parent,
    )  # fmt: skip
    run_cli("--cluster", "reshard", first.address, "--cluster-from", second.id(), "--cluster-to", first.id(),
            "--cluster-slots", "50", "--cluster-yes")  # fmt: skip
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 0, output[-1000:]
    assert "requests per second" in output
    assert "All 16384 slots covered" in nodes.check()


def test_it_is_managed_while_redis_benchmark_runs(nodes: Nodes) -> None:
    first = nodes.processes[0]
    running = subprocess.Popen(
        ["redis-benchmark", "--cluster", "-p", str(first.port), "-n", "100000", "-r", "2000", "-t", "set", "-q"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=die_with_parent,
    )  # fmt: skip
    extra = NodeProcess()
    try:
        extra.wait_ready()
        run_cli("--cluster", "add-node", extra.address, first.address)
        for process in nodes.processes:
            until(lambda process=process: extra.id() in process.cli("CLUSTER", "NODES"), "not known")  # type: ignore[misc]
        wait_agreed(first.address)
        assert run_cli("--cluster", "call", first.address, "PING").count("PONG") == 4
        assert "New node timeout set" in run_cli("--cluster", "set-timeout", first.address, str(TIMEOUT_MS))
        run_cli("--cluster", "rebalance", first.address, "--cluster-threshold", "1")
        run_cli("--cluster", "del-node", first.address, extra.id())
        until(lambda: "3 masters" in run_cli("--cluster", "info", first.address), "it was not removed")
        output, _ = running.communicate(timeout=120)
    finally:
        extra.remove()
    assert running.returncode == 0, output[-1000:]
    assert "requests per second" in output
    assert "All 16384 slots covered" in nodes.check()


def test_a_killed_primary_is_back_within_two_node_timeouts(pairs: Nodes, count: Callable[[str, int], None]) -> None:
    cluster = client(pairs)
    cluster.set("key", "v")
    victim = pairs.owner_of("key")
    others = [process for process in pairs.processes if process is not victim]
    with Load(pairs) as load:
        until(lambda: load.done > 100, "no load")
        victim.kill()
        killed = time.monotonic()
        connections: dict[int, SocketConnection] = {process.port: process.connect() for process in others}

        def serves() -> bool:
            return any(link(b"SET", b"key", b"w") == b"+OK\r\n" for link in connections.values())

        until(serves, "nobody took over", 30)
        gap_s = time.monotonic() - killed
    count("kills", 1)
    assert gap_s < 2 * TIMEOUT_MS / 1000, f"back after {gap_s:.2f} s"
    victim.restart()
    until(lambda: "myself,slave" in victim.cli("CLUSTER", "NODES", check=False), "it does not come back as a replica")
    pairs.wait_ok()


def test_a_manual_failover_loses_nothing(pairs: Nodes) -> None:
    replica = pairs.processes[3]
    with Load(pairs) as load:
        until(lambda: load.done > 100, "no load")
        assert replica.cli("CLUSTER", "FAILOVER").strip() == "OK"
        until(lambda: "myself,master" in replica.cli("CLUSTER", "NODES"), "it did not take over", 10)
        done = load.done
        until(lambda: load.done > done + 100, "no load")
    assert load.errors == []
    assert load.lost(client(pairs)) == []


def test_one_command_brings_up_a_cluster() -> None:
    port = free_node_ports(3)
    parent = subprocess.Popen(
        [program("miniredis-cluster"), "3", "--port", str(port), "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=die_with_parent,
    )  # fmt: skip
    try:
        assert parent.stdout is not None
        lines: list[str] = []
        for line in parent.stdout:
            lines.append(line)
            if "ready" in line:
                break
        assert "3 nodes" in lines[-1], lines
        assert run_cli("-c", "-p", str(port), "SET", "k", "v").strip() == "OK"
    finally:
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(30) == 0
    for number in range(3):
        with pytest.raises(OSError, match="refused"):
            SocketConnection(("127.0.0.1", port + number))


def test_a_node_that_cannot_start_is_told_with_its_reason() -> None:
    port = free_node_ports(3)
    with socket.create_server(("127.0.0.1", port + 10_001)):
        done = subprocess.run(
            [program("miniredis-cluster"), "3", "--port", str(port), "--bind", "127.0.0.1"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Failed listening on port {port + 10_001}" in done.stdout
    assert f"The cluster could not be made: the node on port {port + 1} has ended" in done.stdout


def test_info_and_links_tell_of_the_same_connections(nodes: Nodes) -> None:
    first = nodes.processes[0]
    until(lambda: first.cli("CLUSTER", "LINKS").count("direction") == 4, "not all are connected")
    assert "cluster_connections:4" in first.cli("INFO", "clients")
