"""HyperLogLog: the values themselves are compared, byte by byte, with redis-server's."""

from __future__ import annotations

import random

import pytest

from oracle.comparison import Peer
from oracle.wire import script

HEADER = b"HYLL\x01" + bytes(10) + b"\x80"
DENSE_HEADER = b"HYLL\x00" + bytes(10) + b"\x80"


def test_the_commands(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            PFADD h a|GET h|PFADD h a|PFADD h|PFADD n|GET n
            PFADD n|PFADD h a b c|PFCOUNT h|GET h|PFCOUNT h|PFCOUNT h n|PFCOUNT none|PFCOUNT none h|PFMERGE m h n|GET m
            PFMERGE h n|GET h|PFMERGE e|GET e|PFDEBUG ENCODING h|PFDEBUG DECODE h|PFDEBUG TODENSE e|PFDEBUG TODENSE e
            PFDEBUG DECODE e|PFDEBUG ENCODING e|PFDEBUG GETREG h|PFDEBUG ENCODING h|GET h|PFDEBUG FOO h|PFDEBUG FOO none
            PFDEBUG encoding none|PFDEBUG GETREG none
            PFMERGE m h|PFDEBUG ENCODING m|GET m|PFCOUNT m h e|PFADD m x y z|GET m
            PFSELFTEST|PFSELFTEST x|PFDEBUG FOO|SET s a|PFADD s b|PFCOUNT s|PFCOUNT none s|PFMERGE s h|PFMERGE x s
            PFDEBUG ENCODING s|RPUSH l 1|PFADD l b|PFCOUNT l|PFCOUNT none l|PFMERGE l h|PFMERGE x l|PFDEBUG ENCODING l
            EXISTS x|EXPIRE h 1000|PFADD h more|TTL h|PFADD|PFCOUNT|PFMERGE|OBJECT ENCODING h
            """
        )
    )


@pytest.mark.parametrize("limit", [30, 300, 3000, 15000])
def test_values_stay_equal_while_they_grow(oracle: Peer, limit: int) -> None:
    chance = random.Random(limit)
    commands: list[list[bytes]] = [[b"CONFIG", b"SET", b"hll-sparse-max-bytes", b"%d" % limit]]
    for _ in range(60):
        key = chance.choice([b"a", b"b"])
        elements = [
            b"%x" % chance.getrandbits(chance.choice([4, 10, 64, 300])) for _ in range(chance.choice([1, 3, 40]))
        ]
        commands += [[b"PFADD", key, *elements], [b"GET", key], [b"PFCOUNT", key], [b"GET", key]]
        if chance.random() < 0.1:
            commands += [[b"PFMERGE", b"m", b"a", b"b"], [b"GET", b"m"], [b"PFCOUNT", b"a", b"b", b"m"]]
    oracle.compare([*commands, [b"CONFIG", b"SET", b"hll-sparse-max-bytes", b"3000"]])


TAILS = [
    b"",
    b"\x7f\xff\x7f\xff",
    b"\x7f\xff",
    b"\x7f",
    b"\x80",
    b"\x7f\xff\x80",
    b"\x7f\xfb\x84",
    b"\x7f\xfb\x8f\x8f\x8f",
]
TAILS += [b"\x90\x02\x03", b"\x3f" * 256, b"\x3f" * 255 + b"\xfc", b"\xff" * 5000]


@pytest.mark.parametrize("tail", TAILS)
def test_values_that_are_corrupt(oracle: Peer, tail: bytes) -> None:
    commands: list[list[bytes]] = [[b"PFADD", b"good", b"1", b"2"]]
    for command in (
        [b"PFADD", b"k", b"a"],
        [b"PFADD", b"k", b"zz", b"b"],
        [b"PFCOUNT", b"k"],
        [b"PFCOUNT", b"k", b"good"],
        [b"PFMERGE", b"x", b"k"],
        [b"PFMERGE", b"k", b"good"],
        [b"PFDEBUG", b"DECODE", b"k"],
        [b"PFDEBUG", b"ENCODING", b"k"],
        [b"PFDEBUG", b"TODENSE", b"k"],
        [b"PFDEBUG", b"GETREG", b"k"],
    ):
        commands += [[b"SET", b"k", HEADER + tail], command, [b"GET", b"k"], [b"GET", b"x"], [b"DEL", b"x"]]
    oracle.compare(commands)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"HYLL",
        b"HYLX" + HEADER[4:] + b"\x7f\xff",
        b"HYLL\x02" + HEADER[5:] + b"\x7f\xff",
        b"HYLL\xff" + HEADER[5:] + b"\x7f\xff",
        DENSE_HEADER + b"abc",
        DENSE_HEADER + bytes(12287),
        DENSE_HEADER + bytes(12288),
        DENSE_HEADER + bytes(12289),
        DENSE_HEADER + b"\xff" * 12288,
        DENSE_HEADER + b"\xcb\x3c\xf3" * 4096,
        DENSE_HEADER + b"\xb3\xcf\x3c" * 4096,
        DENSE_HEADER + bytes(range(256)) * 48,
        b"HYLL\x01abc" + HEADER[8:] + b"\x7f\xff",
        b"HYLL\x01\0\0\0\x05\0\0\0\0\0\0\0\x7f\xff",
    ],
)
def test_headers_and_dense_values(oracle: Peer, value: bytes) -> None:
    oracle.compare(
        [
            [b"SET", b"k", value],
            "PFCOUNT k",
            "GET k",
            "PFCOUNT k k",
            "PFADD k a b",
            "GET k",
            "PFMERGE x k",
            "GET x",
            "PFDEBUG ENCODING k",
            "PFDEBUG GETREG k",
            "PFMERGE k k",
            "GET k",
        ]
    )
