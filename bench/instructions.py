"""The engine alone: batches of 16 requests of one command, without sockets: `instructions.py COMMAND [COUNT]`.

Prints the least CPU time of a command over some rounds.  Under callgrind it counts instructions, whatever else the
machine does:

    PYTHONHASHSEED=1 valgrind --tool=callgrind --toggle-collect='CPyDef_executor___Engine___proceed*' \\
        python -P bench/instructions.py get 4000
"""

from __future__ import annotations

import gc
import sys
import time
from random import Random

from miniredis.app.assembly import build_engine
from miniredis.benchmark.workloads import named
from miniredis.config.config import Config
from miniredis.dispatch.port import DelayedCall, Port, TimeSource

KEYS = 10_000
BATCH = 16


def never(delay: float, call: object) -> DelayedCall:
    raise AssertionError("nothing waits here")


def main() -> None:
    name, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    time_source = TimeSource(lambda: time.time_ns() // 1000, time.monotonic_ns, never, time.sleep)
    engine = build_engine(Config(), time_source, Random(1), lambda level, text: print(text))
    session = engine.connect(Port())
    database = engine.keyspace.databases[0]
    for number in range(KEYS):
        database.put(b"key:%012d" % number, b"xxx")
    workload = named(name, KEYS, 3)
    random = Random(2)
    batches = [*workload.preparation(), *(workload.requests(BATCH, random) for _ in range(count // BATCH))]

    def run() -> float:
        started = time.process_time()
        for batch in batches:
            engine.begin_turn()
            session.decoder.feed(batch)
            while engine.proceed(session, 512):
                pass
            session.take_output()
        return time.process_time() - started

    run()
    gc.freeze()
    best = min(run() for _ in range(3))
    print(f"{name}: {best / len(batches) / BATCH * 1e9:.0f} ns")


if __name__ == "__main__":
    main()
