"""How the bus grows: frames, bytes, memory and time to agree of simulated clusters, for docs/cluster.rst.

PYTHONPATH=.:tests python bench/cluster_growth.py 10 100
"""

from __future__ import annotations

import sys
import tracemalloc

from cluster.simulation import SimulatedCluster

TIMEOUT_MS = 15_000
SETTLE_MS = 20_000
WATCHED_MS = 30_000
STEP_MS = 250


def measure(count: int) -> str:
    tracemalloc.start()
    cluster = SimulatedCluster(f"growth {count}", count, 2, TIMEOUT_MS, with_codec=True)
    memory = tracemalloc.get_traced_memory()[0] / count
    tracemalloc.stop()
    cluster.run(SETTLE_MS)
    messages, size = cluster.network.messages, cluster.network.bytes
    cluster.run(WATCHED_MS)
    per_second = (cluster.network.messages - messages) / count / (WATCHED_MS / 1000)
    bytes_per_second = (cluster.network.bytes - size) / count / (WATCHED_MS / 1000)
    frame = (cluster.network.bytes - size) / max(cluster.network.messages - messages, 1)
    cluster.machines[0].crash()
    crashed_ms = cluster.events.now_ms
    taken_ms = agreed_ms = 0.0
    while not agreed_ms:
        cluster.run(STEP_MS)
        now_ms = cluster.events.now_ms - crashed_ms
        if not taken_ms and cluster.takeovers():
            taken_ms = now_ms
        owners = {
            machine.participant.view.owners[0].id  # type: ignore[union-attr]
            for machine in cluster.machines
            if machine.participant is not None
        }
        if taken_ms and len(owners) == 1 and cluster.machines[0].name not in owners:
            agreed_ms = now_ms
    return (
        f"{count} nodes: {per_second:.1f} frames/s and {bytes_per_second / 1000:.1f} kB/s sent by each, "
        f"{frame:.0f} bytes a frame, {memory / 1000:.0f} kB each, "
        f"failover after {taken_ms / 1000:.1f} s, all know {(agreed_ms - taken_ms) / 1000:.2f} s later"
    )


if __name__ == "__main__":
    for word in sys.argv[1:]:
        print(measure(int(word)), flush=True)
