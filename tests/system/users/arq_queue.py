"""arq: jobs of asyncio's, which it takes by WATCH and MULTI; one for later and one that is tried again."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from arq import Retry, Worker, create_pool
from arq.connections import RedisSettings

SETTINGS = RedisSettings.from_dsn(os.environ["URL"])


async def add(ctx: dict[str, Any], a: int, b: int) -> int:
    return a + b


async def second_time(ctx: dict[str, Any]) -> int:
    if ctx["job_try"] == 1:
        raise Retry(defer=0)
    return int(ctx["job_try"])


async def main() -> None:
    pool = await create_pool(SETTINGS)
    began = time.monotonic()
    first = await pool.enqueue_job("add", 2, 3, _job_id="once")
    assert first is not None
    assert await pool.enqueue_job("add", 2, 3, _job_id="once") is None
    later = await pool.enqueue_job("add", 1, 1, _defer_by=1)
    again = await pool.enqueue_job("second_time")
    assert later is not None and again is not None
    worker = Worker([add, second_time], redis_settings=SETTINGS, burst=True, poll_delay=0.1, handle_signals=False)
    await worker.main()
    assert worker.jobs_complete == 3 and worker.jobs_retried == 1, worker
    assert await first.result(timeout=5) == 5
    assert await again.result(timeout=5) == 2
    assert await later.result(timeout=5) == 2 and time.monotonic() - began >= 1
    assert len(await pool.all_job_results()) == 3
    await worker.close()
    await pool.aclose()
    print("all well")


if __name__ == "__main__":
    asyncio.run(main())
