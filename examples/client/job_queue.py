"""Jobs in a stream: workers share them, and a job whose worker died goes to another.

python job_queue.py [redis://localhost:6379]
"""

import sys

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from miniredis.client import connect
from miniredis.client.errors import CommandError

STREAM, GROUP = "jobs", "workers"


class Worker:
    """Takes jobs one by one; a job counts as done when `work` has returned."""

    def __init__(self, client, name, work):
        self.client = client
        self.name = name
        self.work = work

    async def run(self, jobs):
        for _ in range(jobs):
            job, fields = await self._next()
            await self.work(self.name, fields)
            await self.client.xack(STREAM, GROUP, job)

    async def _next(self):
        """What somebody left undone for a minute comes first."""
        claimed = await self.client.xautoclaim(STREAM, GROUP, self.name, 60_000, "0", count=1)
        if claimed[1]:
            return claimed[1][0]
        found = await self.client.execute(
            "XREADGROUP", "GROUP", GROUP, self.name, "COUNT", 1, "BLOCK", 0, "STREAMS", STREAM, ">"
        )
        return found[STREAM][0]


async def main(reactor, url="redis://localhost:6379"):
    async with connect(url, decode_responses=True) as client:
        await client.del_(STREAM)
        try:
            await client.xgroup_create(STREAM, GROUP, "$", mkstream=True)
        except CommandError as refused:
            if not refused.args[0].startswith("BUSYGROUP"):
                raise

        async def work(worker, fields):
            print(f"{worker}: {fields}")

        workers = [Worker(client, name, work) for name in ("ann", "bob")]
        busy = gatherResults([Deferred.fromCoroutine(worker.run(2)) for worker in workers])
        for number in range(4):
            await client.xadd(STREAM, {"page": number})
        await busy
        pending = await client.xpending(STREAM, GROUP)
        print(f"{pending[0]} jobs left")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor, *sys.argv[1:])))
