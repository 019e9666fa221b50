"""How the bus grows: frames, bytes, memory and time to agree of simulated clusters, for docs/cluster.rst.

PYTHONPATH=.:tests python bench/cluster_growth.py 10 30 100

A primary fails in each.  Every node is a real one, so the work grows with the square of their number: 100 nodes take
less than a minute, 300 some minutes, 1,000 an hour and 6 GB.  In large clusters little is waited for
before the failure, only every hundredth frame is written as a line, and traffic is counted until it is noticed.

PYTHONPATH=.:tests python bench/cluster_growth.py node 100 1000

What one node of so many costs: its memory, the size of its frames, and the time it spends on each and on each tick.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

from miniredis.cluster.codec import Decoder, encode
from miniredis.cluster.messages import PING, Message, Ping
from miniredis.cluster.surroundings import Link

from cluster.simulation import Machine, SimulatedCluster

TIMEOUT_MS = 15_000
SETTLE_MS = 20_000
WATCHED_MS = 30_000
STEP_MS = 250
LARGE = 200
LARGE_SETTLE_MS = 8_000  # all connect at once at the start, and ping again half a timeout later
LARGE_WATCHED_MS = 14_000
LARGE_CODEC_EVERY = 100


@dataclass(frozen=True)
class Growth:
    """Of one cluster, by node; times after the failure."""

    frames_per_s: float
    bytes_per_frame: float
    memory_bytes: float
    noticed_s: float
    taken_over_s: float
    agreed_s: float


def measure(count: int) -> Growth:
    is_large = count > LARGE
    cluster = SimulatedCluster(
        f"growth {count}", count, 2, TIMEOUT_MS, codec_every=LARGE_CODEC_EVERY if is_large else 1
    )
    memory = memory_of_a_node(cluster)
    # Almost nothing of this is ever garbage.
    gc.collect()
    gc.freeze()
    gc.disable()
    network = cluster.network
    cluster.run(LARGE_SETTLE_MS if is_large else SETTLE_MS)
    before = network.messages
    if is_large:
        crashed_ms = crash(cluster)
        cluster.run(LARGE_WATCHED_MS)
        watched_ms = LARGE_WATCHED_MS
    else:
        cluster.run(WATCHED_MS)
        watched_ms = WATCHED_MS
    frames = network.messages - before
    size = network.bytes / network.coded
    if not is_large:
        crashed_ms = crash(cluster)
    noticed_ms = taken_ms = agreed_ms = 0.0
    while not agreed_ms:
        cluster.run(STEP_MS)
        now_ms = cluster.events.now_ms - crashed_ms
        if not noticed_ms and all_hold_it_failed(cluster):
            noticed_ms = now_ms
        if not taken_ms and cluster.takeovers():
            taken_ms = now_ms
        if taken_ms and all_know_the_new_owner(cluster):
            agreed_ms = now_ms
    gc.enable()
    gc.unfreeze()
    return Growth(
        frames / count / (watched_ms / 1000), size, memory, (noticed_ms or taken_ms) / 1000, taken_ms / 1000,
        agreed_ms / 1000,
    )  # fmt: skip


def memory_of_a_node(cluster: SimulatedCluster) -> float:
    """What one node takes as it starts with all it knows; bytes."""
    machine = cluster.machines[-1]
    machine.participant = None
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    cluster.start(machine)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return taken


def crash(cluster: SimulatedCluster) -> float:
    """The first primary is gone; when."""
    cluster.machines[0].crash()
    return cluster.events.now_ms


def all_hold_it_failed(cluster: SimulatedCluster) -> bool:
    failed = cluster.machines[0].name
    return all(
        machine.participant.view.nodes[failed].has_failed
        for machine in cluster.machines
        if machine.participant is not None
    )


def all_know_the_new_owner(cluster: SimulatedCluster) -> bool:
    owners = {
        machine.participant.view.owners[0].id  # type: ignore[union-attr]
        for machine in cluster.machines
        if machine.participant is not None
    }
    return len(owners) == 1 and cluster.machines[0].name not in owners


def told(count: int, growth: Growth) -> str:
    return (
        f"{count} nodes: {growth.frames_per_s:.1f} frames/s of {growth.bytes_per_frame:.0f} bytes, "
        f"{growth.frames_per_s * growth.bytes_per_frame / 1000:.1f} kB/s, sent by each; "
        f"{growth.memory_bytes / 1000:.0f} kB each; the failure known to all after {growth.noticed_s:.1f} s, "
        f"replaced after {growth.taken_over_s:.1f} s, all agree {growth.agreed_s - growth.taken_over_s:.2f} s later"
    )


# -- one node of many


class SilentLink(Link):
    """Takes everything."""

    def send(self, message: Message) -> None: ...

    def close(self) -> None: ...


class FewOfMany(SimulatedCluster):
    """Only the first two of the nodes run, and know of all others."""

    def start(self, machine: Machine) -> None:
        if machine.number < 2 or machine is self.machines[-1]:
            super().start(machine)


def timed_us(call: Callable[[int], object], times: int) -> float:
    began = time.process_time()
    for number in range(times):
        call(number)
    return (time.process_time() - began) / times * 1e6


def cost_of_a_node(count: int, times: int = 200) -> str:
    cluster = FewOfMany(f"node of {count}", count, 2, TIMEOUT_MS)
    memory = memory_of_a_node(cluster)
    sending, receiving = (machine.participant for machine in cluster.machines[:2])
    assert sending is not None
    assert receiving is not None
    peers = sending.view.peers()
    for node in peers:
        node.link = SilentLink(node, sending.world.now_ms())
        node.link.is_up = True
        node.pong_ms = node.heard_ms = sending.world.now_ms()
    sender = receiving.view.find(sending.myself.id)
    assert sender is not None
    frames: list[bytes] = []
    decoder = Decoder()

    def send(number: int) -> None:
        gossip = sending.membership.gossip_for(peers[number % len(peers)])
        frames.extend(encode(Ping(sending.header(), PING, gossip)))

    def receive(number: int) -> None:
        message = decoder.decode(frames[number], True)
        assert isinstance(message, Ping)
        receiving.membership.take_gossip(message.gossip, sender)

    send_us = timed_us(send, times)
    receive_us = timed_us(receive, times)
    tick_us = timed_us(lambda _: sending.tick(), times)
    size = sum(len(frame) + 1 for frame in frames) / times
    return (
        f"one of {count} nodes: {memory / 1000:.0f} kB, frames of {size:.0f} bytes, {send_us:.0f} us to send one, "
        f"{receive_us:.0f} us to take one, {tick_us:.0f} us a tick"
    )


def main(words: list[str]) -> None:
    if words[0] == "node":
        for word in words[1:]:
            print(cost_of_a_node(int(word)), flush=True)
        return
    for word in words:
        print(told(int(word), measure(int(word))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
