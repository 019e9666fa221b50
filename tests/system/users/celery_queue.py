"""celery with redis as broker and backend: tasks, a chord, a retry and one for later, by a worker's process."""

from __future__ import annotations

import os
import time
from typing import Any

from celery import Celery, chord, group
from worker import worker

app = Celery("celery_queue", broker=os.environ["URL"], backend=os.environ["URL"])
app.conf.broker_connection_retry_on_startup = True


def add(a: int, b: int) -> int:
    return a + b


def total(numbers: list[int]) -> int:
    return sum(numbers)


def second_time(task: Any) -> int:
    """Works when it is tried again."""
    if task.request.retries == 0:
        raise task.retry(countdown=0)
    return int(task.request.retries)


adding = app.task(add, name="add")
totalling = app.task(total, name="total")
retried = app.task(second_time, name="second_time", bind=True)


def main() -> None:
    with worker("celery", "-A", "celery_queue", "worker", "--pool", "threads", "--concurrency", "2"):
        assert adding.delay(2, 3).get(timeout=30) == 5
        began = time.monotonic()
        later = adding.apply_async((1, 1), countdown=1)
        assert chord(adding.s(n, n) for n in range(10))(totalling.s()).get(timeout=30) == 90
        assert group(adding.s(n, 1) for n in range(5)).apply_async().get(timeout=30) == [1, 2, 3, 4, 5]
        assert (adding.s(1, 2) | adding.s(10)).apply_async().get(timeout=30) == 13
        assert retried.delay().get(timeout=30) == 1
        assert later.get(timeout=30) == 2 and time.monotonic() - began >= 1
        # A worker is asked and answers by pub/sub and lists.
        assert list(app.control.ping(timeout=1)[0].values()) == [{"ok": "pong"}]
    print("all well")


if __name__ == "__main__":
    main()
