"""limits: its windows, each a Lua script of its own, let through what fits and no more."""

from __future__ import annotations

import os
import time

from limits import parse
from limits.storage import storage_from_string
from limits.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)

STORAGE = storage_from_string(os.environ["URL"])


def lets_through_what_fits(limiter: RateLimiter) -> None:
    five = parse("5/hour")
    name = type(limiter).__name__
    assert [limiter.hit(five, name, "alice") for _ in range(7)] == [True] * 5 + [False] * 2
    assert limiter.hit(five, name, "bob", cost=4)
    assert limiter.test(five, name, "bob") and not limiter.test(five, name, "alice")
    left = limiter.get_window_stats(five, name, "bob")
    assert left.remaining == 1 and time.time() - 1 < left.reset_time <= time.time() + 3601, left
    assert not limiter.hit(five, name, "bob", cost=2)
    limiter.clear(five, name, "alice")
    assert limiter.hit(five, name, "alice")


def opens_again(limiter: RateLimiter) -> None:
    one = parse("2/second")
    name = type(limiter).__name__
    while limiter.hit(one, name, "carol"):
        pass
    began = time.monotonic()
    while not limiter.hit(one, name, "carol"):
        assert time.monotonic() - began < 10
        time.sleep(0.02)


if __name__ == "__main__":
    for kind in (FixedWindowRateLimiter, MovingWindowRateLimiter, SlidingWindowCounterRateLimiter):
        lets_through_what_fits(kind(STORAGE))
        opens_again(kind(STORAGE))
    assert STORAGE.check()
    STORAGE.reset()
    print("all well")
