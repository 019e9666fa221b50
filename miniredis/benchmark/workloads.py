"""What is sent: named tests after redis-benchmark's, or any command line.

Words may contain `__rand_int__`, a number of 12 digits below the keyspace that is drawn anew for each request, and
`__data__`, the value.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from random import Random
from typing import Final

from miniredis.resp.encoder import encode_command

RANDOM: Final = b"__rand_int__"
DATA: Final = b"__data__"

#: Name -> the commands that prepare it, and the command itself.
TESTS: Final[dict[str, tuple[list[str], str]]] = {
    "ping_inline": ([], "PING"),
    "ping_mbulk": ([], "PING"),
    "set": ([], "SET key:__rand_int__ __data__"),
    "get": ([], "GET key:__rand_int__"),
    "del": ([], "DEL key:__rand_int__"),
    "incr": ([], "INCR counter:__rand_int__"),
    "lpush": ([], "LPUSH mylist __data__"),
    "rpush": ([], "RPUSH mylist __data__"),
    "lpop": ([], "LPOP mylist"),
    "rpop": ([], "RPOP mylist"),
    "sadd": ([], "SADD myset element:__rand_int__"),
    "hset": ([], "HSET myhash element:__rand_int__ __data__"),
    "spop": ([], "SPOP myset"),
    "zadd": ([], "ZADD myzset __rand_int__ element:__rand_int__"),
    "zpopmin": ([], "ZPOPMIN myzset"),
    "lrange_100": (["RPUSH mylist" + " __data__" * 100] * 5, "LRANGE mylist 0 99"),
    "lrange_300": (["RPUSH mylist" + " __data__" * 100] * 5, "LRANGE mylist 0 299"),
    "mset": ([], "MSET" + " key:__rand_int__ __data__" * 10),
    "publish": ([], "PUBLISH mychannel __data__"),
    "eval": ([], "EVAL 'return redis.call(\"GET\", KEYS[1])' 1 key:__rand_int__"),
}
DEFAULT_TESTS: Final = "ping_mbulk,set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset"


class Workload:
    """One kind of request."""

    def __init__(self, name: str, line: str, before: list[str], keyspace: int, size: int, inline: bool = False) -> None:
        self.name = name
        self.keyspace = keyspace
        self.data = b"x" * size
        self.before = [self._words(text) for text in before]
        words = self._words(line)
        frame = b" ".join(words) + b"\r\n" if inline else encode_command(words)
        # What stands between the random numbers, which have a fixed length.
        self._parts = frame.split(RANDOM)

    def _words(self, line: str) -> list[bytes]:
        return [word.encode().replace(DATA, self.data) for word in shlex.split(line)]

    def preparation(self) -> Iterator[bytes]:
        """Requests to be sent once, ahead."""
        for words in self.before:
            yield encode_command(words)

    def requests(self, count: int, random: Random) -> bytes:
        """`count` requests one after the other."""
        parts = self._parts
        if len(parts) == 1:
            return parts[0] * count
        pieces: list[bytes] = []
        for _ in range(count):
            for part in parts[:-1]:
                pieces.append(part)
                pieces.append(b"%012d" % int(random.random() * self.keyspace))
            pieces.append(parts[-1])
        return b"".join(pieces)


def named(name: str, keyspace: int, size: int) -> Workload:
    """The test of this name; KeyError if there is none."""
    before, line = TESTS[name.lower()]
    return Workload(name.lower(), line, before, keyspace, size, inline=name.lower() == "ping_inline")
