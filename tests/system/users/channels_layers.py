"""channels-redis: both of its layers carry messages to a channel, to a group and to those of another process."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer


async def carries(kind: Any, **options: object) -> None:
    # Two of them, as two processes have.
    here, there = (kind(hosts=[os.environ["URL"]], **options) for _ in range(2))
    mine = await here.new_channel("mine")
    theirs = await there.new_channel("theirs")

    await there.send(mine, {"type": "hello", "blob": b"\x00\xff", "number": 7})
    assert await asyncio.wait_for(here.receive(mine), 10) == {"type": "hello", "blob": b"\x00\xff", "number": 7}

    await here.group_add("group", mine)
    await there.group_add("group", theirs)
    await here.group_send("group", {"type": "everybody"})
    for layer, channel in ((here, mine), (there, theirs)):
        assert await asyncio.wait_for(layer.receive(channel), 10) == {"type": "everybody"}

    await there.group_discard("group", theirs)
    await here.group_send("group", {"type": "fewer"})
    await here.send(theirs, {"type": "only you"})
    assert await asyncio.wait_for(here.receive(mine), 10) == {"type": "fewer"}
    assert await asyncio.wait_for(there.receive(theirs), 10) == {"type": "only you"}

    waiting = asyncio.create_task(here.receive(mine))
    await there.send(mine, {"type": "late"})
    assert await asyncio.wait_for(waiting, 10) == {"type": "late"}
    await here.flush()
    await there.flush()


async def holds_back_when_full() -> None:
    layer = RedisChannelLayer(hosts=[os.environ["URL"]], capacity=3)
    from channels.exceptions import ChannelFull

    sent = 0
    try:
        for _ in range(10):
            await layer.send("plain", {"type": "one more"})
            sent += 1
    except ChannelFull:
        pass
    assert sent == 3
    await layer.flush()


async def main() -> None:
    await carries(RedisChannelLayer)
    await carries(RedisChannelLayer, symmetric_encryption_keys=["a secret"])
    await carries(RedisPubSubChannelLayer)
    await holds_back_when_full()


if __name__ == "__main__":
    asyncio.run(main())
    print("all well")
