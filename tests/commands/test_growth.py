"""Redis's complexities hold: what must not depend on the size of a collection is timed at two sizes of it.

Sixty times the size may cost a few times more (logarithms, caches), never sixty times.  The processor time of the
fastest of several rounds is taken, so that a loaded machine does not matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from miniredis.datatypes.discarded import DISCARDED
from miniredis.testing.memory import MemoryClient, MemoryServer

SMALL, LARGE = 1_000, 60_000
#: Where linear growth would give 60.
MOST = 12
ROUNDS = 5


def filled(size: int) -> MemoryClient:
    client = MemoryServer().connect()
    for start in range(0, size, 500):
        numbers = range(start, start + 500)
        client.call(b"RPUSH", b"l", *[b"element:%d" % number for number in numbers])
        client.call(b"SADD", b"s", *[b"member:%d" % number for number in numbers])
        client.call(b"HSET", b"h", *[word for n in numbers for word in (b"field:%d" % n, b"value")])
        client.call(b"ZADD", b"z", *[word for n in numbers for word in (b"%d" % n, b"member:%08d" % n)])
        client.call(b"ZADD", b"lex", *[word for n in numbers for word in (b"0", b"member:%08d" % n)])
        for number in numbers:
            client.call(b"XADD", b"x", b"%d-1" % (number + 1), b"field", b"value")
    return client


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[tuple[int, MemoryClient], tuple[int, MemoryClient]]]:
    made = [(SMALL, filled(SMALL)), (LARGE, filled(LARGE))]
    yield made[0], made[1]
    made.clear()
    DISCARDED.free(1 << 60)


def fastest(call: Callable[[int], object], times: int) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for step in range(times):
            call(step)
        best = min(best, time.process_time() - before)
    return best


@pytest.mark.parametrize(
    "command",
    [
        "LINDEX l {middle}",
        "LINDEX l -{middle}",
        "LRANGE l {middle} {after}",
        "LRANGE l -10 -1",
        "LSET l {middle} v",
        "LPOS l element:3",
        "RPOPLPUSH l l",
        "ZRANK z member:{middle:08d}",
        "ZREVRANK z member:{middle:08d}",
        "ZRANGE z {middle} {after}",
        "ZRANGE z {middle} {after} REV",
        "ZRANGE z {middle} {after} BYSCORE",
        "ZRANGE z {after} {middle} BYSCORE REV LIMIT 2 5",
        "ZRANGE lex [member:{middle:08d} [member:{after:08d} BYLEX",
        "ZCOUNT z 5 {middle}",
        "ZLEXCOUNT lex [member:00000005 [member:{middle:08d}",
        "ZADD z {middle}.5 member:{middle:08d}",
        "ZSCORE z member:{middle:08d}",
        "ZRANDMEMBER z 5",
        "XRANGE x {middle} {after}",
        "XREVRANGE x {after} {middle} COUNT 5",
        "XREAD COUNT 5 STREAMS x {middle}-1",
        "XLEN x",
        "SRANDMEMBER s",
        "SRANDMEMBER s 5",
        "SISMEMBER s member:{middle}",
        "SSCAN s 0 COUNT 10",
        "HRANDFIELD h",
        "HRANDFIELD h 5 WITHVALUES",
        "HGET h field:{middle}",
        "HSCAN h 0 COUNT 10",
        "SCAN 0 COUNT 10",
        "RANDOMKEY",
        "OBJECT ENCODING z",
        "MEMORY USAGE h",
    ],
)
def test_the_size_hardly_matters(
    clients: tuple[tuple[int, MemoryClient], tuple[int, MemoryClient]], command: str
) -> None:
    spent = []
    for size, client in clients:
        words = command.format(middle=size // 2, after=size // 2 + 9).encode().split()
        assert not client.call(*words).startswith(b"-")

        def call(step: int, client: MemoryClient = client, words: list[bytes] = words) -> object:
            return client.call(*words)

        spent.append(fastest(call, 60))
    assert spent[1] < spent[0] * MOST, f"{spent[1] / spent[0]:.1f} times as long"


@pytest.mark.parametrize(
    ("take", "give"),
    [
        ("LPOP l 5", "RPUSH l a b c d e"),
        ("ZPOPMIN z", "ZADD z 0 first"),
        ("ZREMRANGEBYRANK z {middle} {middle}", "ZADD z {middle} member"),
        ("XTRIM x MAXLEN = {less}", "XADD x {step}-1 field value"),
        ("SPOP s", "SADD s new"),
        ("HDEL h field:{middle}", "HSET h field:{middle} v"),
        ("LTRIM l 1 -1", "RPUSH l a"),
    ],
)
def test_taking_and_giving_neither(
    clients: tuple[tuple[int, MemoryClient], tuple[int, MemoryClient]], take: str, give: str
) -> None:
    spent = []
    for size, client in clients:
        newest = [10 * size]

        def call(step: int, client: MemoryClient = client, size: int = size, newest: list[int] = newest) -> None:
            newest[0] += 1
            for command in (take, give):
                words = command.format(middle=size // 2, less=size - 1, step=newest[0]).encode().split()
                assert not client.call(*words).startswith(b"-")

        spent.append(fastest(call, 60))
    assert spent[1] < spent[0] * MOST, f"{spent[1] / spent[0]:.1f} times as long"


def test_a_push_does_not_look_at_all_who_wait() -> None:
    spent = []
    for waiting in (150, 10_000):
        server = MemoryServer()
        for _ in range(waiting):
            server.connect().call(b"BLPOP", b"k", b"0")
        client = server.connect()
        spent.append(fastest(lambda step, client=client: client.call(b"RPUSH", b"k", b"v"), 20))  # type: ignore[misc]
    assert spent[1] < spent[0] * MOST, f"{spent[1] / spent[0]:.1f} times as long"


def test_nor_does_a_push_to_another_key() -> None:
    spent = []
    for waiting in (150, 10_000):
        server = MemoryServer()
        for number in range(waiting):
            server.connect().call(b"BLPOP", b"k:%d" % number, b"0")
        client = server.connect()
        spent.append(fastest(lambda step, client=client: client.call(b"RPUSH", b"other", b"v"), 50))  # type: ignore[misc]
    assert spent[1] < spent[0] * MOST, f"{spent[1] / spent[0]:.1f} times as long"
