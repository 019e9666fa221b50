"""huey: tasks through its consumer's process: results, priorities, one for later, and one that is locked."""

from __future__ import annotations

import os
import time

from huey import PriorityRedisExpireHuey
from huey.exceptions import TaskException
from worker import worker

huey = PriorityRedisExpireHuey("work", url=os.environ["URL"])


def add(a: int, b: int) -> int:
    return a + b


def hold() -> str:
    with huey.lock_task("the lock"):
        return "held"


adding = huey.task()(add)
holding = huey.task()(hold)


def main() -> None:
    with worker("huey_consumer", "huey_queue.huey", "--workers", "2", "--scheduler-interval", "1"):
        assert adding(2, 3).get(blocking=True, timeout=20) == 5
        began = time.monotonic()
        later = adding.schedule((1, 1), delay=1)
        urgent = adding(4, 5, priority=10)
        assert urgent.get(blocking=True, timeout=20) == 9
        assert holding().get(blocking=True, timeout=20) == "held"
        with huey.lock_task("the lock"):
            refused = holding()
            try:
                refused.get(blocking=True, timeout=20)
            except TaskException as problem:
                assert "TaskLockedException" in str(problem), problem
            else:
                raise AssertionError("the lock was taken twice")
        chained = huey.enqueue(adding.s(1, 2).then(adding, 10))
        assert [each.get(blocking=True, timeout=20) for each in chained] == [3, 13]
        assert later.get(blocking=True, timeout=20) == 2 and time.monotonic() - began >= 1
    assert huey.pending_count() == huey.scheduled_count() == 0
    print("all well")


if __name__ == "__main__":
    import huey_queue  # tasks are called after the module they are in, and the consumer knows it by this name

    huey_queue.main()
