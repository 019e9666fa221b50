"""A sliding window: at most so many calls in so many seconds, for everybody who shares the server.

    python rate_limiter.py [redis://localhost:6379]

The decision is one Lua script, so that two callers at the same moment cannot both take the last place.  The server's
own clock counts: those of the callers may differ.
"""

import sys

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from miniredis.client import connect

TAKE = """
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_us - ARGV[2] * 1000000)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
    return 0
end
local number = redis.call('INCR', KEYS[1] .. ':number')
redis.call('ZADD', KEYS[1], now_us, number)
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[1] .. ':number', ARGV[2])
return 1
"""


class RateLimiter:
    """At most `calls` in any `seconds`, for each name."""

    def __init__(self, client, calls, seconds):
        self._take = client.script(TAKE)
        self._limits = [calls, seconds]

    async def allows(self, name):
        """Whether one more call may be made now; it counts if so."""
        # Braces: in a cluster both keys of the script belong to one slot.
        return bool(await self._take([f"rate:{{{name}}}"], self._limits))


async def main(reactor, url="redis://localhost:6379"):
    async with connect(url) as client:
        limiter = RateLimiter(client, calls=5, seconds=60)
        await client.del_("rate:{ann}", "rate:{ann}:number")
        answers = await gatherResults([Deferred.fromCoroutine(limiter.allows("ann")) for _ in range(8)])
        print(f"{sum(answers)} of {len(answers)} calls were let through")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor, *sys.argv[1:])))
