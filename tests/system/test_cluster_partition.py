"""Partitions of a real network: an isolated primary stops in time, the majority goes on, no promised write is lost."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from oracle.servers import ServerProcess
from oracle.wire import SocketConnection
from system.networks import Networks
from system.nodes import TIMEOUT_MS, NodeProcess, until

#: What an isolated primary may take longer than a node timeout.
GRACE_S = 0.6


class HostedNode(NodeProcess):
    """A node in a network of its own."""

    def __init__(self, networks: Networks, number: int) -> None:
        self.networks = networks
        self.number = number
        super().__init__(host=networks.host(number), prefix=networks.prefix(number))

    def connect(self) -> SocketConnection:
        return self.networks.connect(self.number, self.host, self.port)

    def wait_ready(self) -> None:
        def answers() -> bool:
            try:
                return self.cli("PING", check=False).strip() == "PONG"
            except subprocess.SubprocessError:
                return False

        until(answers, "no answer")

    def cli(self, *words: str, check: bool = True) -> str:
        command = [*self.networks.prefix(self.number), "redis-cli", "-h", self.host, "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


@pytest.fixture
def hosts() -> Iterator[list[HostedNode]]:
    """Three primaries on hosts 1 to 3, their replicas on 4 to 6."""
    networks = Networks(6)
    nodes: list[HostedNode] = []
    try:
        nodes += [HostedNode(networks, number) for number in range(1, 7)]
        for node in nodes:
            node.wait_ready()
        command = ["redis-cli", "--cluster", "create", *[node.address for node in nodes], "--cluster-replicas", "1",
                   "--cluster-yes"]  # fmt: skip
        subprocess.run([*networks.prefix(1), *command], check=True, capture_output=True, timeout=120)
        for node in nodes:
            until(lambda node=node: node.state() == "ok", "not ok")  # type: ignore[misc]
        for node in nodes[3:]:
            until(lambda node=node: "link_status:up" in node.cli("INFO", "replication"), "no sync")  # type: ignore[misc]
        yield nodes
    finally:
        for node in nodes:
            ServerProcess.remove(node)
        networks.remove()


def tag_of(node: HostedNode) -> bytes:
    """Something that hashes to a slot of this node."""
    for number in range(10_000):
        if node.cli("EXISTS", f"{{{number}}}").strip() == "0":
            return b"{%d}" % number
    raise AssertionError("it has no slots")


def test_an_isolated_primary_stops_and_its_replica_goes_on(
    hosts: list[HostedNode], count: Callable[[str, int], None]
) -> None:
    networks = hosts[0].networks
    victim = hosts[0]
    tag = tag_of(victim)
    replicas = [node for node in hosts if victim.id() in node.cli("CLUSTER", "NODES").split("myself")[1].split("\n")[0]]
    assert len(replicas) == 1
    inside, outside = victim.connect(), replicas[0].connect()
    acknowledged: list[bytes] = []
    number = 0

    def write() -> bytes:
        nonlocal number
        number += 1
        return inside(b"SET", tag + b"%d" % number, b"%d" % number)

    for _ in range(200):
        assert write() == b"+OK\r\n"
        if inside(b"WAIT", b"1", b"1000") == b":1\r\n":
            acknowledged.append(tag + b"%d" % number)
    assert len(acknowledged) > 150
    networks.plug(victim.number, 1)
    cut = time.monotonic()
    last_write_s = 0.0
    back_s = 0.0
    while time.monotonic() - cut < 15 and not (back_s and time.monotonic() - cut > 2 * TIMEOUT_MS / 1000):
        if write() == b"+OK\r\n":
            last_write_s = time.monotonic() - cut
        if not back_s and outside(b"SET", tag, b"v") == b"+OK\r\n":
            back_s = time.monotonic() - cut
        time.sleep(0.005)
    count("kills", 1)
    print(f"isolated primary stopped after {last_write_s:.2f} s, its replica served after {back_s:.2f} s")
    assert last_write_s < TIMEOUT_MS / 1000 + GRACE_S
    assert 0 < back_s < 2 * TIMEOUT_MS / 1000
    assert last_write_s < back_s, "both took writes"
    networks.plug(victim.number, 0)
    until(lambda: "myself,slave" in victim.cli("CLUSTER", "NODES"), "it does not follow")
    for node in hosts:
        until(lambda node=node: node.state() == "ok", "not ok")  # type: ignore[misc]
    lost = [key for key in acknowledged if outside(b"EXISTS", key) != b":1\r\n"]
    assert lost == []
