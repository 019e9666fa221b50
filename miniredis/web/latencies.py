"""The histograms of single commands as text: by far the most lines of a scrape, so they are written without objects.

Both of Prometheus's formats write histograms and gauges in the same way; only their end differs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.latency import BUCKETS, upper_bound_us

#: Bounds of a command's time, in microseconds: up to 17 seconds. Always the same ones, as Prometheus asks.
BOUNDS_US: Final = tuple(1 << power for power in range(25))
HISTOGRAM: Final = "redis_commands_latencies_usec"
PERCENTILES: Final = "redis_latency_percentiles_usec"


def _last_buckets() -> list[int]:
    """For each bound, the last of a command's buckets that lies under it as a whole; -1: none does."""
    return [
        next((bucket for bucket in range(BUCKETS) if upper_bound_us(bucket) > bound), BUCKETS) - 1
        for bound in BOUNDS_US
    ]


_LAST_BUCKETS: Final = _last_buckets()


def label_value(text: str) -> str:
    """`text` as it may stand between quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def latency_text(engine: Engine) -> bytes:
    """A histogram and the percentiles of each command that was called."""
    shown = engine.config.percentiles()
    histograms = [
        f"# HELP {HISTOGRAM} How long calls of a command took, microseconds.",
        f"# TYPE {HISTOGRAM} histogram",
    ]
    # A summary's quantiles would have to lie between 0 and 1; the dashboards know 50, 99 and 99.9.
    percentiles = [f"# HELP {PERCENTILES} The same as percentiles, since the start.", f"# TYPE {PERCENTILES} gauge"]
    for command in engine.commands:
        latencies = command.latencies
        if latencies is None or not command.calls:
            continue
        name = label_value(command.full_name.decode())
        # So many calls took no longer than the bucket's bound.
        seen = list(accumulate(latencies))
        histograms += _histogram(name, seen, command.nanoseconds / 1000)
        for percent in shown:
            bucket = bisect_left(seen, max(seen[-1] * percent / 100, 1))
            bound = upper_bound_us(min(bucket, BUCKETS - 1))
            percentiles.append(f'{PERCENTILES}{{cmd="{name}",quantile="{percent:g}"}} {bound}')
    return "\n".join([*histograms, *percentiles, ""]).encode()


def _histogram(name: str, seen: list[int], sum_us: float) -> Iterator[str]:
    for bound, bucket in zip(BOUNDS_US, _LAST_BUCKETS, strict=True):
        yield f'{HISTOGRAM}_bucket{{cmd="{name}",le="{bound}.0"}} {seen[bucket] if bucket >= 0 else 0}'
    yield f'{HISTOGRAM}_bucket{{cmd="{name}",le="+Inf"}} {seen[-1]}'
    yield f'{HISTOGRAM}_count{{cmd="{name}"}} {seen[-1]}'
    yield f'{HISTOGRAM}_sum{{cmd="{name}"}} {sum_us}'
