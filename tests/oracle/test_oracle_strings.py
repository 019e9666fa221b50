"""Strings: the same bytes to redis-server (and to Valkey where a command or option is newer) and to us."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.normalise import within
from oracle.wire import script

LEAST = b"-9223372036854775808"
GREATEST = b"9223372036854775807"


def test_set_with_its_options(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            SET k v|SET k v NX|SET k v XX GET
            SET k v NX XX|SET k v NX GET|SET k v EX 100|TTL k|SET k v KEEPTTL|TTL k|SET k v|TTL k
            SET k v EX 0|SET k v EX -1
            SET k v EX x|SET k v EX|SET k v EX 9223372036854775807|SET k v PX 9223372036854775807
            SET k v PXAT 9223372036854775807|PEXPIRETIME k|SET k v EXAT 9223372036854775|PEXPIRETIME k
            SET k v EXAT 1|GET k
            SET k v EX 10 PX 10|SET k v EX 10 EX 20|TTL k|SET k v EX 10 KEEPTTL|SET k v KEEPTTL EX 10|SET k v PERSIST
            SET k v FOO|SET k v GET GET|SET k v NX NX|SET k v KEEPTTL KEEPTTL|set k V xx get px 100000|GET k|RPUSH l 1
            SET l w GET|SET l w NX GET|SET l w NX|SET l w|GET l|SET n v XX|GET n|SET k|SET n w get nx|GET n|SET o w GET
            GET o
            """
        )
    )


def test_set_with_a_comparison(valkey_oracle: Peer) -> None:
    valkey_oracle.compare(
        script(
            """
            SET k v IFEQ v|SET k v|SET k w IFEQ v|SET k x IFEQ v|GET k|SET k w IFEQ v GET|SET k w IFEQ w GET|GET k
            SET k w IFEQ w NX|SET k w NX IFEQ w|SET k w XX IFEQ w|SET k w IFEQ|SET k w IFEQ w IFEQ w
            SET k2 w IFEQ w GET|SET k z IFEQ w EX 100|TTL k|SET k y IFEQ z KEEPTTL|TTL k|RPUSH l 1|SET l w IFEQ w
            SET l w IFEQ w GET|APPEND k abc|SET k q IFEQ yabc|GET k
            """
        )
    )


def test_delifeq(valkey_oracle: Peer) -> None:
    valkey_oracle.compare(
        script(
            """
            DELIFEQ k v|SET k v|DELIFEQ k w|DELIFEQ k v|GET k|RPUSH l 1|DELIFEQ l 1|DELIFEQ k|APPEND k v|APPEND k w
            DELIFEQ k vw|EXISTS k
            """
        )
    )


def test_msetex(valkey_oracle: Peer) -> None:
    valkey_oracle.compare(
        script(
            """
            MSETEX 2 a 1 b 2 EX 100|MGET a b|TTL a|TTL b|MSETEX 2 a 1 b 2|TTL a|MSETEX 2 a 3 c 4 NX|MGET a b c
            MSETEX 2 c 3 d 4 NX|MSETEX 2 a 5 e 6 XX|MSETEX 2 a 5 b 6 XX EX 50|MSETEX 2 a 7 b 8 KEEPTTL|TTL a
            MGET a b|MSETEX 0 a 1|MSETEX x a 1|MSETEX -1 a 1|MSETEX 3 a 1 b 2|MSETEX 1 a 1 FOO|MSETEX 1 a 1 EX 0
            MSETEX 1 a 1 EX x|MSETEX 1 a 1 EXAT 1|EXISTS a|MSETEX 1 a 1 NX XX|MSETEX 1 a 1 EX 1 PX 1|MSETEX 1 a 1 EX
            MSETEX 1 a 1 GET|MSETEX 1 a 1 PERSIST|MSETEX 1 a 1 IFEQ 1|MSETEX 9223372036854775807 a 1
            MSETEX 1073741824 a 1|MSETEX 1 a|MSETEX 2147483648 a 1|MSETEX 1 l 1 NX PXAT 99999999999999|PEXPIRETIME l
            """
        )
    )


def test_getex_getdel_getset(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            GETEX k|SET k v|GETEX k|GETEX k EX 100|TTL k|GETEX k|TTL k|GETEX k PERSIST|TTL k|GETEX k PERSIST
            GETEX k KEEPTTL|GETEX k NX|GETEX k EXAT 1|EXISTS k|GETEX k EX 0|SET k v|GETEX k EX 0|GETEX k EX x
            GETEX n EX 0|GETEX n FOO|RPUSH l 1|GETEX l EX x|GETEX l|GETEX k PX 100 PERSIST|GETEX k PERSIST EX 10
            GETEX k PXAT 99999999999999|PEXPIRETIME k|GETEX k EX 10 EX 20|GETEX k EX|GETDEL k|GETDEL k|GETDEL l
            GETSET k v|GETSET k w|GET k|GETSET l w|EXPIRE k 100|GETSET k z|TTL k|SETNX k v|SETNX kk v|SETNX l v
            SETEX k 10 v|TTL k|SETEX k 0 v|SETEX k x v|PSETEX k 100000 w|TTL k|PSETEX k -5 v
            SETEX k 9223372036854775807 v|GET k
            """
        )
    )


def test_several_at_once(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            MSET a 1 b 2|MGET a b c|MSET a 1 b|MSET a 1 a 2|GET a|MSETNX a 1 c 2|EXISTS c|MSETNX c 1 d 2
            MSETNX e 1 e 2|GET e|MSETNX a|MSETNX e 1 f|RPUSH l 1|MGET l a|MSET l x|GET l|APPEND a z|MGET a
            EXPIRE a 100|MSET a 1|TTL a|MGET|MSET
            """
        )
    )


def test_ranges(oracle: Peer) -> None:
    oracle.compare(
        [
            *script(
                """
                SET s HelloWorld|GETRANGE s 0 -1|GETRANGE s -3 -1|GETRANGE s 5 2|GETRANGE s -100 100
                GETRANGE s 100 200|GETRANGE s x 1|GETRANGE s 0 x|GETRANGE s -9223372036854775808 9223372036854775807
                GETRANGE s 0 -100|GETRANGE s -1 -5|GETRANGE s 3 3|GETRANGE none 0 1|RPUSH l 1|GETRANGE l 0 1
                SUBSTR s 0 3|SUBSTR none 0 1|SETRANGE s 5 XYZ|GET s|SETRANGE s 12 end|GET s|SETRANGE none -1 x
                SETRANGE none x x|SETRANGE none 3 abc|GET none|SETRANGE none 536870912 a
                SETRANGE none 9223372036854775807 a|SETRANGE l 0 a|SETRANGE l -1 a|STRLEN s|STRLEN nothing|STRLEN l
                GETRANGE none 1 4|SETRANGE n2 9223372036854775806 ab
                """
            ),
            [b"SETRANGE", b"s", b"0", b""],
            [b"SETRANGE", b"nothing", b"0", b""],
            [b"SETRANGE", b"l", b"0", b""],
            [b"SETRANGE", b"nothing", b"-1", b""],
            [b"SET", b"empty", b""],
            *script("GETRANGE empty 0 -1|GETRANGE empty 1 2|SETRANGE empty 2 a|GET empty"),
        ]
    )


def test_append(oracle: Peer) -> None:
    oracle.compare(
        [
            *script("APPEND k abc|APPEND k def|GET k|RPUSH l 1|APPEND l a|STRLEN k"),
            [b"APPEND", b"k", b""],
            [b"APPEND", b"new", b""],
            *script(
                """
                EXISTS new|GET new|EXPIRE k 100|APPEND k x|TTL k|SET i 12|APPEND i 3|INCR i|GET i
                """
            ),
        ]
    )


def test_counters(oracle: Peer) -> None:
    numbers = ["0", "-0", "+1", " 1", "1 ", "01", "0x1", "1_0", "1.0", "1e1", "-", "x", "1" * 4301, "-5", ""]
    numbers += [LEAST.decode(), GREATEST.decode(), "9223372036854775808", "-9223372036854775809"]
    commands: list[list[bytes]] = []
    for number in numbers:
        text = number.encode()
        commands += [
            [b"INCRBY", b"n", text],
            [b"DECRBY", b"n", text],
            [b"SET", b"m", text],
            [b"INCR", b"m"],
            [b"GET", b"n"],
        ]
    oracle.compare(
        [
            *script(
                """
                INCR a|INCRBY a 5|DECR a|DECRBY a 2|GET a|RPUSH l 1|INCR l|INCRBY l x|DECRBY l x|EXPIRE a 100|INCR a
                TTL a
                """
            ),
            *commands,
            [b"SET", b"n", GREATEST],
            *script("INCR n|DECR n|INCRBY n 1|INCRBY n 1"),
            [b"SET", b"n", LEAST],
            *script("DECR n|INCRBY n -1"),
            [b"DECRBY", b"n", LEAST],
        ]
    )


def test_floating_point_counters(oracle: Peer) -> None:
    commands: list[list[bytes]] = []
    for number in (
        b"0 -0 1 +1 1. .5 1e3 1E-3 0x10 0X1p3 inf -inf Infinity nan 1_0 1e400 1e-400 1e5000 1e-5000 . 5e 0x x 3.0e3 "
        b"0.1 1e-17 5e-18 5.1e-18 -1e-20 9007199254740993 18446744073709551615 36893488147419103235 1e4000 0x1p-16445 "
        b"0x1p-16446 123456.789e-5 1.18973149535723176502e4932"
    ).split():
        commands += [
            [b"DEL", b"f"],
            [b"INCRBYFLOAT", b"f", number],
            [b"INCRBYFLOAT", b"f", b"0.1"],
            [b"INCRBYFLOAT", b"f", number],
            [b"SET", b"g", number],
            [b"INCRBYFLOAT", b"g", b"-1"],
            [b"GET", b"g"],
        ]
    oracle.compare(
        [
            *commands,
            [b"INCRBYFLOAT", b"f", b" 1"],
            [b"INCRBYFLOAT", b"f", b""],
            *script(
                """
                RPUSH l 1|INCRBYFLOAT l x|INCRBYFLOAT l 1|SET t abc|INCRBYFLOAT t 1|EXPIRE f 100|INCRBYFLOAT f 1
                TTL f
                """
            ),
        ]
    )


@settings(max_examples=examples(60))
@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda x: b"%r" % x),
            st.decimals(-(10**15), 10**15, places=8).map(lambda x: str(x).encode()),
            st.integers(-(10**25), 10**25).map(lambda x: b"%d" % x),
        ),
        max_size=12,
    )
)
def test_sums_of_any_numbers(oracle: Peer, numbers: list[bytes]) -> None:
    oracle.compare([[b"INCRBYFLOAT", b"f", number] for number in numbers])


def test_lcs(oracle: Peer) -> None:
    options = [
        "",
        "LEN",
        "IDX",
        "IDX MINMATCHLEN 4",
        "IDX MINMATCHLEN 4 WITHMATCHLEN",
        "IDX WITHMATCHLEN",
        "WITHMATCHLEN",
    ]
    options += ["IDX LEN", "MINMATCHLEN x", "MINMATCHLEN -1 IDX", "MINMATCHLEN", "FOO", "idx minmatchlen 2"]
    for protocol in (2, 3):
        oracle.compare(
            [
                "MSET a ohmytext b mynewtext",
                *[f"LCS a b {option}" for option in options],
                *script(
                    """
                    LCS a none|LCS a none IDX|LCS none none LEN|RPUSH l 1|LCS a l|LCS a l FOO|LCS a|LCS a a
                    LCS a a IDX
                    """
                ),
                *script("SETRANGE big 20000 x|LCS big big|LCS big big LEN"),
            ],
            resp=protocol,
        )


@settings(max_examples=examples(100))
@given(st.text("ab", max_size=25), st.text("abc", max_size=25))
def test_lcs_of_any_strings(oracle: Peer, a: str, b: str) -> None:
    oracle.compare(
        [
            [b"SET", b"a", a.encode()],
            [b"SET", b"b", b.encode()],
            "LCS a b",
            "LCS a b LEN",
            "LCS a b IDX WITHMATCHLEN",
            "LCS a b IDX MINMATCHLEN 2",
        ]
    )


KEYS = st.sampled_from([b"a", b"b", b"list"])
VALUES = st.one_of(
    st.sampled_from([b"", b"1", b"-7", b"007", b"1.5", b"abc", b"9223372036854775807", b"x" * 50]),
    st.binary(max_size=8),
)
NUMBERS = st.one_of(st.integers(-12, 12).map(lambda n: b"%d" % n), st.sampled_from([b"x", b"1.5", LEAST, GREATEST]))
LIFETIMES = st.sampled_from(
    [[], [b"KEEPTTL"], [b"EX", b"100"], [b"PX", b"100000"], [b"EXAT", b"4102444800"], [b"EX", b"0"], [b"PX", b"x"]]
)
CONDITIONS = st.sampled_from([[], [b"NX"], [b"XX"], [b"GET"], [b"XX", b"GET"], [b"GET", b"NX"]])
COMMANDS = st.one_of(
    st.tuples(st.just(b"SET"), KEYS, VALUES).map(list),
    st.builds(lambda k, v, c, t: [b"SET", k, v, *c, *t], KEYS, VALUES, CONDITIONS, LIFETIMES),
    st.tuples(st.sampled_from([b"GET", b"STRLEN", b"INCR", b"DECR", b"GETDEL", b"GETEX", b"EXPIRETIME"]), KEYS).map(
        list
    ),
    st.tuples(st.sampled_from([b"APPEND", b"GETSET", b"SETNX"]), KEYS, VALUES).map(list),
    st.tuples(st.sampled_from([b"INCRBY", b"DECRBY", b"INCRBYFLOAT"]), KEYS, NUMBERS).map(list),
    st.tuples(st.just(b"GETRANGE"), KEYS, NUMBERS, NUMBERS).map(list),
    st.tuples(st.just(b"SETRANGE"), KEYS, st.integers(-1, 40).map(lambda n: b"%d" % n), VALUES).map(list),
    st.builds(lambda k, t: [b"GETEX", k, *t], KEYS, LIFETIMES),
    st.builds(lambda n, a, b, v: [n, a, v, b, v], st.sampled_from([b"MSET", b"MSETNX"]), KEYS, KEYS, VALUES),
    st.tuples(st.just(b"MGET"), KEYS, KEYS).map(list),
    st.tuples(st.sampled_from([b"OBJECT"]), st.just(b"ENCODING"), st.sampled_from([b"a", b"b"])).map(list),
)


@settings(max_examples=examples(80))
@given(st.lists(COMMANDS, max_size=40))
def test_any_sequence(oracle: Peer, commands: list[list[bytes]]) -> None:
    oracle.compare([[b"RPUSH", b"list", b"1"], *commands], normalise={b"EXPIRETIME": within(1000)})
