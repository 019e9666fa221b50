"""dramatiq with its redis broker, which is one Lua script, and its results: a message, a group, one for later."""

from __future__ import annotations

import os
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from worker import worker

broker = RedisBroker(url=os.environ["URL"])
broker.add_middleware(Results(backend=RedisBackend(url=os.environ["URL"])))
dramatiq.set_broker(broker)


def add(a: int, b: int) -> int:
    return a + b


adding = dramatiq.actor(add, store_results=True)


def main() -> None:
    with worker("dramatiq", "dramatiq_queue", "--processes", "1", "--threads", "2"):
        assert adding.send(2, 3).get_result(block=True, timeout=20_000) == 5
        began = time.monotonic()
        later = adding.send_with_options(args=(1, 1), delay=1000)
        together = dramatiq.group([adding.message(n, n) for n in range(5)]).run()
        assert list(together.get_results(block=True, timeout=20_000)) == [0, 2, 4, 6, 8]
        assert later.get_result(block=True, timeout=20_000) == 2 and time.monotonic() - began >= 1
        broker.join("default", timeout=20_000)
    print("all well")


if __name__ == "__main__":
    main()
