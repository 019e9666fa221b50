"""rq: jobs through a queue and a worker's process, with a failure, a job that waits for another and one for later."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta

from redis import Redis
from rq import Queue, Retry
from worker import installed


def add(a: int, b: int) -> int:
    return a + b


def fail() -> None:
    raise ValueError("as it should")


def main() -> None:
    url = os.environ["URL"]
    connection = Redis.from_url(url)
    queue = Queue("work", connection=connection)
    # The worker imports what a job names.
    first = queue.enqueue("rq_queue.add", 2, 3)
    behind = queue.enqueue("rq_queue.add", 1, 1, depends_on=first)
    failing = queue.enqueue("rq_queue.fail", retry=Retry(max=1))
    later = queue.enqueue_in(timedelta(seconds=1), "rq_queue.add", 4, 5)
    assert queue.count == 2, queue.job_ids
    assert queue.scheduled_job_registry.count == 1

    work = [installed("rq"), "worker", "--burst", "--with-scheduler", "--url", url, "work"]
    subprocess.run(work, check=True, capture_output=True, timeout=30)
    assert first.return_value() == 5
    assert behind.return_value() == 2
    assert failing.is_failed and failing.id in queue.failed_job_registry
    result = failing.latest_result()
    assert result is not None and "as it should" in (result.exc_string or "")

    while later.get_status(refresh=True) != "finished":  # the scheduler puts it into the queue when it is due
        subprocess.run(work, check=True, capture_output=True, timeout=30)
    assert later.return_value() == 9
    assert queue.count == 0 and queue.finished_job_registry.count == 3
    print("all well")


if __name__ == "__main__":
    main()
