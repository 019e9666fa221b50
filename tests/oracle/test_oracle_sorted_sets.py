"""Sorted sets: the same bytes to redis-server and to us, to Valkey for what redis-server 7.0 does not have."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.normalise import shape

RESP = pytest.mark.parametrize("resp", [2, 3])

FILL = ["ZADD z 1 a 2 b 3 c 4 d 5 e", "ZADD same 0 a 0 b 0 c 0 d 0 e", "SET text x", "SADD plain a b q"]


@RESP
def test_zadd_with_every_option(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "ZADD z 1 a",
            "ZADD z 1 a 2 b 3.5 c",
            "ZADD z NX 9 a 9 n",
            "ZADD z XX 8 a 8 m",
            "ZADD z XX CH 7 a 7 m",
            "ZADD z GT 6 a 100 b",
            "ZADD z LT CH 6 a 6 b 6 new",
            "ZADD z GT XX CH 50 a 50 other",
            "ZADD z INCR 5 a",
            "ZADD z NX INCR 5 a",
            "ZADD z XX INCR 5 nobody",
            "ZADD z GT INCR -5 a",
            "ZADD z LT INCR 5 a",
            "ZADD z CH CH 1 a 2 b",
            "ZADD z 1 a 1 a 2 a",
            "ZADD z inf p -inf n +inf q Infinity r",
            "ZADD z 1e3 h 0x10 i -0 o .5 f 1. g",
            "ZRANGE z 0 -1 WITHSCORES",
            "ZADD fresh XX 1 a",
            "ZADD fresh XX INCR 1 a",
            "EXISTS fresh",
            "ZINCRBY z 1.5 a",
            "ZINCRBY z -inf p",
            "ZINCRBY fresh 3 a",
            "ZADD z 3.0e5 big 17179869184.5 bigger 1e17 e17 1e22 e22 1e300 e300 0.1 tenth 1e-5 small",
            "ZRANGE z 0 -1 WITHSCORES",
        ],
        resp=resp,
    )


def test_zadd_errors(oracle: Peer) -> None:
    oracle.compare(
        [
            *FILL,
            "ZADD z",
            "ZADD z 1",
            "ZADD z NX",
            "ZADD z NX XX",
            "ZADD z 1 a 2",
            "ZADD z NX XX 1 a",
            "ZADD z GT LT 1 a",
            "ZADD z GT NX 1 a",
            "ZADD z LT NX 1 a",
            "ZADD z INCR 1 a 2 b",
            "ZADD z nan a",
            "ZADD z x a",
            "ZADD z 1 a x b",
            [b"ZADD", b"z", b" 1", b"a"],
            [b"ZADD", b"z", b"", b"a"],
            [b"ZADD", b"z", b"1_0", b"a"],
            "ZADD text 1 a",
            "ZADD text XX 1 a",
            "ZADD text x a",
            "ZADD inf inf a",
            "ZADD inf INCR -inf a",
            "ZINCRBY inf -inf a",
            "ZINCRBY z x a",
            "ZINCRBY text 1 a",
            "ZINCRBY z nx a",
            "ZINCRBY z 1",
            "ZADD inf NX INCR -inf a",
            "ZRANGE z 0 -1 WITHSCORES",
        ]
    )


def test_negative_zero_by_encoding(oracle: Peer) -> None:
    oracle.compare(
        ["ZADD z -0 a", "ZSCORE z a", "ZINCRBY z -0 a", "ZUNION 1 z WEIGHTS -1 WITHSCORES", "ZADD z INCR -0 b"], resp=2
    )
    oracle.compare(
        [
            [b"ZADD", b"z", b"-0", b"x" * 70],
            "ZADD z -0 a 0 b",
            "ZRANGE z 0 -1 WITHSCORES",
            "ZINCRBY z -0 a",
            "ZUNIONSTORE u 1 z WEIGHTS -1",
            "ZRANGE u 0 -1 WITHSCORES",
            "ZRANGESTORE r z 1 2",
            "ZRANGE r 0 -1 WITHSCORES",
        ]
    )


@RESP
def test_single_members(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            *FILL,
            "ZSCORE z a",
            "ZSCORE z nobody",
            "ZSCORE none a",
            "ZSCORE text a",
            "ZMSCORE z a nobody e",
            "ZMSCORE none a b",
            "ZMSCORE text a",
            "ZMSCORE z",
            "ZCARD z",
            "ZCARD none",
            "ZCARD text",
            "ZRANK z c",
            "ZREVRANK z c",
            "ZRANK z nobody",
            "ZRANK none a",
            "ZRANK text a",
            "ZREVRANK same a",
            "ZREM z a nobody b",
            "ZREM z a",
            "ZREM none a",
            "ZREM text a",
            "ZREM z c d e",
            "EXISTS z",
        ],
        resp=resp,
    )


@RESP
def test_rank_with_score(valkey_oracle: Peer, resp: int) -> None:
    valkey_oracle.compare(
        [
            *FILL,
            "ZRANK z c WITHSCORE",
            "ZREVRANK z c withscore",
            "ZRANK z nobody WITHSCORE",
            "ZRANK none a WITHSCORE",
            "ZRANK z c WITHSCORES",
            "ZRANK text a foo",
            "ZRANK z c WITHSCORE more",
            "ZREVRANK none",
        ],
        resp=resp,
    )


RANGE_BOUNDS = [
    (b"0", b"-1"),
    (b"1", b"3"),
    (b"-2", b"-1"),
    (b"-100", b"100"),
    (b"3", b"1"),
    (b"5", b"9"),
    (b"2", b"2"),
    (b"-9223372036854775808", b"9223372036854775807"),
]
SCORE_BOUNDS = [
    (b"-inf", b"+inf"),
    (b"2", b"4"),
    (b"(2", b"(4"),
    (b"(2", b"2"),
    (b"2", b"2"),
    (b"4", b"2"),
    (b"", b"3"),
    (b"(", b"3"),
    (b" 1", b"3"),
    (b"1 ", b"3"),
    (b"  ", b"3"),
    (b"0x1", b"0x3p0"),
    (b"1e999", b"-1e999"),
    (b"-0x1p9999", b"0x1p9999"),
    (b"1e-999", b"1e999"),
    (b"1\0junk", b"3\0"),
    (b"nan", b"3"),
    (b"1", b"nan"),
    (b"1_0", b"3"),
    (b"a", b"3"),
    (b"0xg", b"3"),
    (b"((1", b"3"),
    (b"-Infinity", b"INF"),
]
LEX_BOUNDS = [
    (b"-", b"+"),
    (b"+", b"-"),
    (b"[b", b"[d"),
    (b"(b", b"(d"),
    (b"(b", b"[b"),
    (b"[b", b"[b"),
    (b"[d", b"[b"),
    (b"[", b"("),
    (b"b", b"d"),
    (b"-x", b"+"),
    (b"-", b"-"),
    (b"+", b"+"),
    (b"", b"+"),
]


@RESP
def test_ranges_by_rank(oracle: Peer, resp: int) -> None:
    commands: list[str | list[bytes]] = [*FILL]
    for low, high in RANGE_BOUNDS:
        for command in ([b"ZRANGE"], [b"ZREVRANGE"]):
            commands.append([*command, b"z", low, high])
            commands.append([*command, b"z", low, high, b"WITHSCORES"])
        commands.append([b"ZRANGE", b"z", low, high, b"REV", b"WITHSCORES"])
        commands.append([b"ZRANGESTORE", b"d", b"z", low, high])
        commands.append([b"ZRANGE", b"d", b"0", b"-1", b"WITHSCORES"])
        commands.append([b"ZREMRANGEBYRANK", b"d", low, high])
    oracle.compare(commands, resp=resp)


@RESP
def test_ranges_by_score(oracle: Peer, resp: int) -> None:
    commands: list[str | list[bytes]] = [*FILL]
    for low, high in SCORE_BOUNDS:
        commands.append([b"ZRANGEBYSCORE", b"z", low, high, b"WITHSCORES"])
        commands.append([b"ZREVRANGEBYSCORE", b"z", high, low])
        commands.append([b"ZCOUNT", b"z", low, high])
        commands.append([b"ZRANGE", b"z", low, high, b"BYSCORE"])
        commands.append([b"ZRANGE", b"z", high, low, b"BYSCORE", b"REV", b"WITHSCORES"])
        commands.append([b"ZRANGESTORE", b"d", b"z", low, high, b"BYSCORE"])
        commands.append([b"ZREMRANGEBYSCORE", b"d", low, high])
    oracle.compare(commands, resp=resp)


@RESP
def test_ranges_by_member(oracle: Peer, resp: int) -> None:
    commands: list[str | list[bytes]] = [*FILL]
    for low, high in LEX_BOUNDS:
        commands.append([b"ZRANGEBYLEX", b"same", low, high])
        commands.append([b"ZREVRANGEBYLEX", b"same", high, low])
        commands.append([b"ZLEXCOUNT", b"same", low, high])
        commands.append([b"ZRANGE", b"same", low, high, b"BYLEX"])
        commands.append([b"ZRANGE", b"same", high, low, b"BYLEX", b"REV"])
        commands.append([b"ZRANGESTORE", b"d", b"same", low, high, b"BYLEX"])
        commands.append([b"ZREMRANGEBYLEX", b"d", low, high])
    oracle.compare(commands, resp=resp)


def test_limits(oracle: Peer) -> None:
    commands: list[str] = [*FILL]
    for offset in (-1, 0, 1, 4, 5, 9223372036854775807):
        for count in (-9223372036854775808, -1, 0, 1, 3, 9223372036854775807):
            commands += [
                f"ZRANGEBYSCORE z 1 5 LIMIT {offset} {count}",
                f"ZREVRANGEBYSCORE z (5 1 WITHSCORES LIMIT {offset} {count}",
                f"ZRANGEBYLEX same - + LIMIT {offset} {count}",
                f"ZRANGE same + - BYLEX REV LIMIT {offset} {count}",
                f"ZRANGE z 2 9 BYSCORE LIMIT {offset} {count} WITHSCORES",
                f"ZRANGESTORE d z 1 4 BYSCORE LIMIT {offset} {count}",
                "ZRANGE d 0 -1",
                f"ZRANGE z 0 -1 LIMIT {offset} {count}",
            ]
    oracle.compare(commands)


def test_range_errors(oracle: Peer) -> None:
    oracle.compare(
        [
            *FILL,
            "ZRANGE z a b",
            "ZRANGE z 0 1.5",
            "ZRANGE z 0",
            "ZRANGE z 0 1 foo",
            "ZRANGE z 0 1 BYLEX",
            "ZRANGE z a b BYSCORE",
            "ZRANGE z 1 2 BYLEX BYSCORE",
            "ZRANGE z 1 2 BYSCORE BYSCORE",
            "ZRANGE z 1 2 REV REV",
            "ZRANGE z [a [b BYLEX WITHSCORES",
            "ZRANGE z 0 1 LIMIT",
            "ZRANGE z 0 1 BYSCORE LIMIT 0",
            "ZRANGE z 0 1 BYSCORE LIMIT a 1",
            "ZRANGE z 0 1 BYSCORE LIMIT 0 99999999999999999999",
            "ZRANGE z 0 1 LIMIT 0 1",
            "ZRANGE text 0 1",
            "ZRANGE text a b",
            "ZRANGE none 0 1 WITHSCORES",
            "ZREVRANGE z 0 1 BYSCORE",
            "ZREVRANGE z 0 1 REV",
            "ZREVRANGE z 0 1 LIMIT 0 1",
            "ZRANGEBYSCORE z 0 1 BYSCORE",
            "ZRANGEBYSCORE z 0 1 REV",
            "ZRANGEBYSCORE z 0",
            "ZRANGEBYLEX same - + WITHSCORES",
            "ZREVRANGEBYLEX same + - FOO",
            "ZRANGESTORE d z 0 1 WITHSCORES",
            "ZRANGESTORE d text 0 1",
            "ZRANGESTORE d none 0 1",
            "ZRANGESTORE text none 0 1",
            "EXISTS text d",
            "ZRANGESTORE d z a b",
            "ZRANGESTORE z z 1 2",
            "ZRANGE z 0 -1",
            "SET text x",
            "ZCOUNT text 1 2",
            "ZCOUNT text a 2",
            "ZCOUNT none 1 2",
            "ZLEXCOUNT text - +",
            "ZLEXCOUNT text a +",
            "ZLEXCOUNT none - +",
            "ZREMRANGEBYRANK text 0 1",
            "ZREMRANGEBYRANK z a 1",
            "ZREMRANGEBYRANK none 0 1",
            "ZREMRANGEBYSCORE text 0 1",
            "ZREMRANGEBYSCORE z a 1",
            "ZREMRANGEBYSCORE none 0 1",
            "ZREMRANGEBYLEX text - +",
            "ZREMRANGEBYLEX z a +",
            "ZREMRANGEBYLEX none - +",
            "ZREMRANGEBYRANK z 0 -1",
            "EXISTS z",
            "ZREMRANGEBYSCORE same 0 0",
            "EXISTS same",
        ]
    )


@RESP
def test_pops(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            *FILL,
            "ZPOPMIN z",
            "ZPOPMAX z",
            "ZPOPMIN z 0",
            "ZPOPMAX z 2",
            "ZPOPMIN z 100",
            "EXISTS z",
            "ZPOPMIN z",
            "ZPOPMIN z 3",
            "ZPOPMIN text",
            "ZPOPMIN text 0",
            "ZPOPMAX text 1",
            "ZPOPMIN z -1",
            "ZPOPMIN z a",
            "ZPOPMIN z 1 2",
            "ZPOPMIN same 9223372036854775808",
            "ZPOPMIN same 9223372036854775807",
            "ZADD y 1 a 2 b 3 c",
            "ZMPOP 1 y MIN",
            "ZMPOP 2 none y MAX COUNT 1",
            "ZMPOP 2 y none min count 10",
            "ZMPOP 1 y MIN",
            "ZMPOP 0 y MIN",
            "ZMPOP a y MIN",
            "ZMPOP -1 y MIN",
            "ZMPOP 5 y MIN",
            "ZMPOP 1 y",
            "ZMPOP 1 y FOO",
            "ZMPOP 1 y MIN FOO",
            "ZMPOP 1 y MIN COUNT",
            "ZMPOP 1 y MIN COUNT 0",
            "ZMPOP 1 y MIN COUNT a",
            "ZMPOP 1 y MIN COUNT 1 COUNT 2",
            "ZMPOP 2 none text MIN",
            "ZMPOP 9223372036854775807 y MIN",
        ],
        resp=resp,
    )


@RESP
def test_blocking_pops_that_need_not_wait(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "ZADD z 1 a 2 b 3 c 4 d 5 e 6 f",
            "SET text x",
            "BZPOPMIN z 0",
            "BZPOPMAX none z 0",
            "BZPOPMIN z text 0",
            "BZPOPMIN none text z 0",
            "BZMPOP 0 1 z MIN",
            "BZMPOP 0.5 2 none z MAX COUNT 2",
            "BZMPOP 0 1 text MAX",
            "BZPOPMIN z a",
            "BZPOPMIN z -1",
            "BZPOPMIN z",
            "BZMPOP a 1 z MIN",
            "BZMPOP -1 0 z MIN",
            "BZMPOP -1 1 z MIN",
            "BZMPOP a 1 z FOO",
            "BZMPOP 1 0 z MIN",
            "BZMPOP 1 1 z FOO",
            "BZMPOP 1 2 z MIN",
            "BZMPOP 1 1 z MIN COUNT -1",
            "MULTI",
            "BZPOPMIN none 0",
            "BZMPOP 0 1 none MIN",
            "EXEC",
        ],
        resp=resp,
    )


@RESP
def test_blocking_pops_are_served_in_order(oracle: Peer, resp: int) -> None:
    oracle.compare_clients(
        [
            (1, "BZPOPMIN z 0"),
            (2, "BZPOPMAX other z 0"),
            (3, "BZMPOP 0 2 other z MIN COUNT 2"),
            (4, "ZADD z 1 a"),
            (4, "ZADD z 2 b 3 c 4 d"),
            (4, "ZRANGE z 0 -1 WITHSCORES"),
            (1, "BZPOPMIN z 0"),
            (2, "BZPOPMIN z 0"),
            (4, "SADD z x"),
            (4, "DEL z"),
            (4, "MULTI"),
            (4, "ZADD z 1 a"),
            (4, "ZADD z 2 b"),
            (4, "EXEC"),
            (1, "BZPOPMIN z 0"),
            (4, "ZADD source 7 g"),
            (4, "ZUNIONSTORE z 1 source"),
            (1, "BZPOPMAX z 0"),
            (4, "ZRANGESTORE z source 0 -1"),
            (1, "BZPOPMAX z 0"),
            (4, "ZINCRBY z 5 member"),
            (4, "EXISTS z"),
        ],
        resp=resp,
    )


@RESP
def test_random_members(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            *FILL,
            "ZRANDMEMBER z 5",
            "ZRANDMEMBER z 100 WITHSCORES",
            "ZRANDMEMBER z 0",
            "ZRANDMEMBER none",
            "ZRANDMEMBER none 3",
            "ZRANDMEMBER none -3 WITHSCORES",
            "ZRANDMEMBER text",
            "ZRANDMEMBER text 1",
            "ZRANDMEMBER z a",
            "ZRANDMEMBER z 1 FOO",
            "ZRANDMEMBER z 1 WITHSCORES FOO",
            "ZRANDMEMBER z -9223372036854775808",
            "ZRANDMEMBER z -9223372036854775807 WITHSCORES",
            "ZRANDMEMBER z 9223372036854775807 WITHSCORES",
            "ZRANDMEMBER z 9223372036854775808",
            "ZRANDMEMBER z 0 FOO",
        ],
        resp=resp,
    )
    oracle.compare(
        [*FILL, "ZRANDMEMBER z", "ZRANDMEMBER z 3", "ZRANDMEMBER z -7", "ZRANDMEMBER z -7 WITHSCORES"],
        resp=resp,
        normalise={b"ZRANDMEMBER": shape},
    )


@RESP
def test_scans(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            *FILL,
            "ZSCAN z 0",
            "ZSCAN z 0 MATCH [a-c]",
            "ZSCAN z 0 COUNT 2 MATCH *",
            "ZSCAN none 0",
            "ZSCAN none 0 FOO",
            "ZSCAN text 0",
            "ZSCAN z a",
            "ZSCAN z 0 COUNT 0",
            "ZSCAN z 0 COUNT a",
            "ZSCAN z 0 MATCH",
            "ZSCAN z 0 FOO bar",
            [b"ZSCAN", b"z", b" 1"],
        ],
        resp=resp,
    )


def test_scan_without_scores(valkey_oracle: Peer) -> None:
    valkey_oracle.compare([*FILL, "ZSCAN z 0 NOSCORES", "ZSCAN z 0 noscores MATCH a"])


@RESP
def test_algebra(oracle: Peer, resp: int) -> None:
    commands: list[str] = [
        "ZADD x 1 a 2 b 3.25 c inf i",
        "ZADD y 10 b 20 c 30 d -inf i 0.1 t",
        "ZADD w 0.2 t 0.7 b",
        "SADD plain a c q",
        "SADD numbers 1 2 3",
    ]
    for keys in (
        "1 x",
        "2 x y",
        "3 x y plain",
        "2 w plain",
        "2 y none",
        "2 none y",
        "2 x x",
        "3 w y x",
        "2 plain numbers",
    ):
        for verb in ("ZUNION", "ZINTER", "ZDIFF"):
            commands += [
                f"{verb} {keys}",
                f"{verb} {keys} WITHSCORES",
                f"{verb}STORE out {keys}",
                "ZRANGE out 0 -1 WITHSCORES",
            ]
            for aggregate in ("SUM", "MIN", "MAX"):
                commands.append(f"{verb} {keys} AGGREGATE {aggregate} WITHSCORES")
        commands.append(f"ZINTERCARD {keys}")
        commands.append(f"ZINTERCARD {keys} LIMIT 1")
        commands.append(f"ZINTERCARD {keys} LIMIT 0")
    for weights in ("2 -1", "0 0", "inf -inf", "1.5 0.1", "-inf inf"):
        commands.append(f"ZUNION 2 x y WEIGHTS {weights} WITHSCORES")
        commands.append(f"ZINTERSTORE out 2 x y AGGREGATE MAX WEIGHTS {weights}")
        commands.append("ZRANGE out 0 -1 WITHSCORES")
    commands.append("ZADD endless inf a 1 b")
    for weights, aggregate in product(("10 0", "0 10", "0 0", "1 -1"), ("SUM", "MIN", "MAX")):
        for verb in ("ZUNION", "ZINTER"):
            commands.append(f"{verb} 2 endless endless WEIGHTS {weights} AGGREGATE {aggregate} WITHSCORES")
    oracle.compare(commands, resp=resp)


def test_algebra_errors(oracle: Peer) -> None:
    commands: list[str] = [*FILL]
    for verb in ("ZUNION", "ZINTER", "ZDIFF", "ZINTERCARD", "ZUNIONSTORE o", "ZINTERSTORE o", "ZDIFFSTORE o"):
        commands += [
            f"{verb} 0 z",
            f"{verb} -1 z",
            f"{verb} a z",
            f"{verb} 2 z",
            f"{verb} 9223372036854775807 z",
            f"{verb} 1 text",
            f"{verb} 1 text FOO",
            f"{verb} 2 none text",
            f"{verb} 1 z FOO",
            f"{verb} 1 z WEIGHTS",
            f"{verb} 1 z WEIGHTS a",
            f"{verb} 1 z WEIGHTS nan",
            f"{verb} 1 z WEIGHTS 1 2",
            f"{verb} 1 z AGGREGATE",
            f"{verb} 1 z AGGREGATE FOO",
            f"{verb} 1 z WITHSCORES",
            f"{verb} 1 z LIMIT",
            f"{verb} 1 z LIMIT a",
            f"{verb} 1 z LIMIT -1",
            f"{verb} 1 z LIMIT 1 LIMIT 2",
            f"{verb} 1",
        ]
    commands += [
        "ZUNIONSTORE text 1 none",
        "EXISTS text",
        "ZUNIONSTORE plain 2 z plain",
        "ZRANGE plain 0 -1 WITHSCORES",
    ]
    oracle.compare(commands)


def test_stored_results_replace_keys_of_any_type(oracle: Peer) -> None:
    oracle.compare(
        [
            *FILL,
            "ZINTERSTORE text 2 z same",
            "ZRANGE text 0 -1 WITHSCORES",
            "ZDIFFSTORE z 2 z same",
            "EXISTS z",
            "ZDIFFSTORE z 1 none",
        ]
    )


def test_large_sets(oracle: Peer) -> None:
    commands: list[str] = []
    for start in range(0, 1500, 50):
        commands.append(
            "ZADD big " + " ".join(f"{(number * 7919) % 1000} m{number}" for number in range(start, start + 50))
        )
    for step in range(40):
        low = (step * 37) % 1000
        commands += [
            f"ZRANGE big {low} {low + 12} WITHSCORES",
            f"ZREVRANGE big {low} {low + 3}",
            f"ZRANGEBYSCORE big {low} {low + 5} WITHSCORES",
            f"ZREVRANGEBYSCORE big {low + 9} ({low} LIMIT 2 5",
            f"ZCOUNT big ({low} +inf",
            f"ZRANK big m{low}",
            f"ZREVRANK big m{low}",
            f"ZREM big m{low} m{low + 1}",
            f"ZINCRBY big 0.5 m{low + 2}",
            f"ZREMRANGEBYRANK big {low} {low + 3}",
            f"ZREMRANGEBYSCORE big {low} {low + 1}",
            "ZPOPMIN big 3",
            "ZPOPMAX big",
            "ZCARD big",
        ]
    oracle.compare(commands)


def test_keyspace_events(oracle: Peer) -> None:
    watched = [
        "ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g",
        "ZADD z 1 a",
        "ZADD z XX 1 nobody",
        "ZADD z INCR 1 a",
        "ZINCRBY z 1 a",
        "ZINCRBY z 0 a",
        "ZREM z a nobody",
        "ZREM z nobody",
        "ZPOPMIN z",
        "ZPOPMAX z 2",
        "ZPOPMAX z 0",
        "ZMPOP 1 z MIN",
        "ZREMRANGEBYRANK z 0 0",
        "ZREMRANGEBYRANK z 5 9",
        "ZREMRANGEBYSCORE z 100 200",
        "ZREMRANGEBYSCORE z 0 100",
        "ZADD z 0 a 0 b 0 c",
        "ZREMRANGEBYLEX z [a [a",
        "ZUNIONSTORE u 1 z",
        "ZINTERSTORE u 2 z none",
        "ZINTERSTORE u 2 z none",
        "ZDIFFSTORE u 2 z none",
        "ZRANGESTORE r z 0 -1",
        "ZRANGESTORE r z 5 9",
        "ZREM z b c",
        "GEOADD g 1 1 a 2 2 b",
        "GEOSEARCHSTORE s g FROMLONLAT 1 1 BYRADIUS 10 km",
        "GEORADIUS g 1 1 10 km STORE s",
        "GEORADIUS g 50 50 10 km STORE s",
        "GEOSEARCHSTORE s g FROMLONLAT 50 50 BYRADIUS 10 km",
        "BZPOPMIN g 0",
        "BZMPOP 0 1 g MAX",
    ]
    oracle.compare_clients(
        [
            (2, "CONFIG SET notify-keyspace-events KEA"),
            (1, "PSUBSCRIBE *"),
            *[(2, command) for command in watched],
            (3, "BZPOPMAX waited 0"),
            (2, "ZADD waited 1 a 2 b"),
            (3, "BZMPOP 0 1 waiting MIN COUNT 5"),
            (2, "ZADD waiting 1 a 2 b"),
            (2, [b"CONFIG", b"SET", b"notify-keyspace-events", b""]),
        ]
    )


# -- sequences found by Hypothesis

keys = st.sampled_from([b"k1", b"k2", b"k3"])
members = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"", b"aa", b"\xff\x00"])
scores = st.sampled_from(
    [b"0", b"1", b"-1", b"2.5", b"inf", b"-inf", b"1e17", b"3", b"-0", b"0.1", b"0.2", b"x", b"nan", b"1e308"]
)
ranks = st.sampled_from([b"0", b"1", b"2", b"-1", b"-2", b"5", b"-7"])
score_bounds = st.sampled_from([b"-inf", b"inf", b"(1", b"1", b"2.5", b"(2.5", b"0", b"(", b"q"])
lex_bounds = st.sampled_from([b"-", b"+", b"[a", b"(a", b"[c", b"(d", b"[", b"q"])
small_counts = st.sampled_from([b"-1", b"0", b"1", b"2", b"10"])
add_options = st.lists(st.sampled_from([b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"]), max_size=2)
pairs = st.lists(st.tuples(scores, members), min_size=1, max_size=4)
limits = st.none() | st.tuples(small_counts, small_counts)


def joined(*parts: object) -> list[bytes]:
    words: list[bytes] = []
    for part in parts:
        if isinstance(part, bytes):
            words.append(part)
        elif isinstance(part, (list, tuple)):
            words += joined(*part)
    return words


def with_limit(command: list[bytes], limit: tuple[bytes, bytes] | None) -> list[bytes]:
    return command if limit is None else [*command, b"LIMIT", *limit]


def numbered(found: list[bytes]) -> list[bytes]:
    return [b"%d" % len(found), *found]


plain_sets = st.builds(joined, st.sampled_from([b"SADD", b"SREM"]), keys, members)
adds = st.builds(joined, st.just(b"ZADD"), keys, add_options, pairs)
plain_adds = st.builds(joined, st.just(b"ZADD"), keys, pairs)
by_member = st.builds(joined, st.sampled_from([b"ZREM", b"ZSCORE", b"ZRANK", b"ZREVRANK", b"ZMSCORE"]), keys, members)
by_key = st.builds(joined, st.sampled_from([b"ZCARD", b"ZPOPMIN", b"ZPOPMAX", b"DEL", b"TYPE"]), keys)
pops = st.builds(joined, st.sampled_from([b"ZPOPMIN", b"ZPOPMAX"]), keys, small_counts)
multiple_pops = st.builds(
    joined,
    st.just(b"ZMPOP"),
    st.lists(keys, min_size=1, max_size=2).map(numbered),
    st.sampled_from([b"MIN", b"MAX"]),
    st.just(b"COUNT"),
    small_counts,
)
by_rank = st.builds(
    joined, st.sampled_from([b"ZRANGE", b"ZREVRANGE", b"ZREMRANGEBYRANK"]), keys, ranks, ranks
) | st.builds(joined, st.sampled_from([b"ZRANGE", b"ZREVRANGE"]), keys, ranks, ranks, st.just(b"WITHSCORES"))
by_score = st.builds(
    with_limit,
    st.builds(joined, st.sampled_from([b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE"]), keys, score_bounds, score_bounds),
    limits,
) | st.builds(joined, st.sampled_from([b"ZCOUNT", b"ZREMRANGEBYSCORE"]), keys, score_bounds, score_bounds)
increments = st.builds(joined, st.just(b"ZINCRBY"), keys, scores, members)
stores = st.builds(
    with_limit,
    st.builds(joined, st.just(b"ZRANGESTORE"), keys, keys, score_bounds, score_bounds, st.just(b"BYSCORE")),
    limits,
) | st.builds(joined, st.just(b"ZRANGESTORE"), keys, keys, ranks, ranks, st.sampled_from([b"REV", ()]))
algebra = st.builds(
    joined,
    st.sampled_from([b"ZUNIONSTORE", b"ZINTERSTORE", b"ZDIFFSTORE"]),
    keys,
    st.lists(keys, min_size=1, max_size=3).map(numbered),
    st.sampled_from([(), (), (b"AGGREGATE", b"MIN"), (b"AGGREGATE", b"MAX"), (b"WEIGHTS", b"2", b"-1")]),
) | st.builds(
    joined,
    st.sampled_from([b"ZUNION", b"ZINTER", b"ZDIFF"]),
    st.lists(keys, min_size=1, max_size=3).map(numbered),
    st.sampled_from([(), b"WITHSCORES"]),
)
commands = st.one_of(
    plain_adds, adds, plain_adds, by_member, by_key, pops, multiple_pops, by_rank, by_score, increments, stores, algebra
)


@settings(max_examples=examples(200))
@given(st.lists(commands, min_size=5, max_size=40), st.sampled_from([2, 3]))
def test_sequences(oracle: Peer, sequence: list[list[bytes]], resp: int) -> None:
    ending = [[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"] for key in (b"k1", b"k2", b"k3")]
    oracle.compare(sequence + ending, resp=resp)


lex_adds = st.builds(
    lambda key, found: [b"ZADD", key, *joined([(b"0", member) for member in found])],
    keys,
    st.lists(members, min_size=1, max_size=4),
)
by_lex = st.builds(
    with_limit,
    st.builds(joined, st.sampled_from([b"ZRANGEBYLEX", b"ZREVRANGEBYLEX"]), keys, lex_bounds, lex_bounds),
    limits,
) | st.builds(joined, st.sampled_from([b"ZLEXCOUNT", b"ZREMRANGEBYLEX"]), keys, lex_bounds, lex_bounds)


@settings(max_examples=examples(120))
@given(st.lists(lex_adds | by_lex | by_member, min_size=5, max_size=30))
def test_sequences_of_one_score(oracle: Peer, sequence: list[list[bytes]]) -> None:
    oracle.compare(sequence)
