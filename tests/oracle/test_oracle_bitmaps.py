"""Bitmaps and bit fields: the same bytes to redis-server (and Valkey) and to us."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.wire import script

A = [b"SET", b"a", b"\xff\x0f"]
B = [b"SET", b"b", b"\x0f\xff\xaa"]


def test_single_bits(oracle: Peer) -> None:
    oracle.compare(
        [
            A,
            *script(
                """
    GETBIT a -1|GETBIT a 4294967296|GETBIT a 4294967295|GETBIT a x|SETBIT a 4294967296 1|SETBIT a 0 2
                SETBIT a 0 x|SETBIT a x 1|SETBIT a -1 1|SETBIT a 0 1|SETBIT a 0 0|GETBIT a 0|SETBIT a 100 1|STRLEN a
                SETBIT n 5 0|STRLEN n|SETBIT n 20 0|STRLEN n|RPUSH l 1|GETBIT l 0|SETBIT l 0 1|SETBIT l x 1|GETBIT l x
                GETBIT none 3|SETBIT a 01 1|SETBIT a 1 +1|SETBIT a 1|GETBIT a|SET i 12|SETBIT i 2 0|GET i|EXPIRE i 100
                SETBIT i 1 1|TTL i|SET j 12|SETBIT j 1 0|OBJECT ENCODING j|GET j
                """
            ),
        ]
    )


def test_counting_and_finding(oracle: Peer) -> None:
    ranges = ["", "0 -1", "0 -1 BIT", "0 -1 BYTE", "0 -1 X", "x 1", "0 x", "-5 -2", "-2 -5", "5 30 BIT", "1 1", "0 0"]
    ranges += [
        "9223372036854775807 -1",
        "-9223372036854775808 -1 BIT",
        "0 9223372036854775807 BIT",
        "0 -100",
        "3 9 bit",
    ]
    ranges += ["-3 -1 bit", "5 2", "100 200", "0 1 BIT BIT", "-100 -50"]
    oracle.compare(
        [
            A,
            *[f"BITCOUNT a {words}" for words in ranges],
            *[f"BITPOS a {bit} {words}" for words in ranges for bit in (0, 1)],
            *script(
                """
                BITPOS a 2|BITPOS a x|BITPOS a 0 1|BITPOS a 0 5|BITPOS a 0 x|BITPOS a 1 1|BITPOS none 0
                BITPOS none 1|BITPOS a|BITCOUNT none|BITCOUNT none 0 -1|BITCOUNT none 0 -1 BIT|BITPOS none 0 0 -1
                RPUSH l 1|BITCOUNT l|BITPOS l 1|BITPOS l x|BITCOUNT
                """
            ),
            [b"SET", b"f", b"\xff\xff"],
            *script(
                """
                BITPOS f 0|BITPOS f 0 0|BITPOS f 0 1|BITPOS f 0 2|BITPOS f 0 0 -1|BITPOS f 1 2|BITPOS f 0 0 -1 BIT
                """
            ),
            [b"SET", b"e", b""],
            *script(
                """
                BITPOS e 0|BITPOS e 1|BITPOS e 0 0|BITPOS e 0 0 -1|BITCOUNT e|BITCOUNT e 0 -1
                """
            ),
        ]
    )


def test_one_end_is_enough_to_count(valkey_oracle: Peer) -> None:
    valkey_oracle.compare(
        [A, "BITCOUNT a 0", "BITCOUNT a 1", "BITCOUNT a -1", "BITCOUNT a x", "BITCOUNT none 0", "BITCOUNT a 0 x"]
    )


def test_combining(oracle: Peer) -> None:
    operations: list[str] = []
    for word in ("AND", "OR", "XOR", "NOT", "DIFF", "and", "x"):
        operations += [f"BITOP {word} d a b", "GET d", f"BITOP {word} d a", "GET d", f"BITOP {word} d a none", "GET d"]
        operations += [f"BITOP {word} d none none2", "EXISTS d", f"BITOP {word} a a b", f"BITOP {word} d l a"]
    oracle.compare([A, B, "RPUSH l 1", *operations, "BITOP AND", "BITOP AND d", "BITOP NOT l a", "TYPE l", "GET a"])


def test_fields(oracle: Peer) -> None:
    types = [
        "u8",
        "i8",
        "u1",
        "i1",
        "u63",
        "i64",
        "u64",
        "i65",
        "u0",
        "i0",
        "u08",
        "x8",
        "U8",
        "I8",
        "u",
        "i",
        "8",
        "u-1",
    ]
    offsets = [
        "0",
        "#1",
        "5",
        "-1",
        "4294967288",
        "4294967289",
        "4294967295",
        "4294967296",
        "#x",
        "#",
        "x",
        "#-1",
        "+1",
    ]
    offsets += ["#9223372036854775807", "#536870911", "#536870912"]
    oracle.compare(
        [
            A,
            *[f"BITFIELD a GET {name} 0" for name in types],
            *[f"BITFIELD a GET u8 {offset}" for offset in offsets],
            *[f"BITFIELD_RO a GET {name} 3" for name in types],
            *script(
                """
                BITFIELD a|BITFIELD a SET u8 0 300|BITFIELD a SET u8 0 -1|BITFIELD a GET u8 0
                BITFIELD a SET u63 0 -1|BITFIELD a SET u8 0 9223372036854775808
                BITFIELD a OVERFLOW FAIL SET u8 0 300|BITFIELD a OVERFLOW FAIL SET i8 0 -1
                BITFIELD a OVERFLOW SAT SET u8 0 300|BITFIELD a OVERFLOW SAT SET u8 0 -300|BITFIELD a GET u8 0
                BITFIELD a OVERFLOW X|BITFIELD a OVERFLOW|BITFIELD a GET u8|BITFIELD a SET u8 0|BITFIELD a FOO u8 0
                BITFIELD a OVERFLOW FAIL|BITFIELD a INCRBY i64 0 9223372036854775807|BITFIELD a INCRBY u8 0 x
                BITFIELD a INCRBY i64 0 9223372036854775807|BITFIELD a OVERFLOW SAT INCRBY i64 0 9223372036854775807
                BITFIELD a OVERFLOW FAIL INCRBY i64 0 9223372036854775807|BITFIELD a SET i64 0 -9223372036854775808
                BITFIELD a OVERFLOW SAT INCRBY i64 0 -1|BITFIELD_RO a SET u8 0 1
                BITFIELD_RO a OVERFLOW WRAP GET u8 0|BITFIELD_RO a|BITFIELD_RO a GET u8 0 FOO
                BITFIELD n GET u8 0 GET i64 100|EXISTS n|BITFIELD n SET u8 0 0|EXISTS n|STRLEN n
                BITFIELD n OVERFLOW SAT INCRBY i8 0 200 OVERFLOW FAIL INCRBY i8 0 1 INCRBY i8 8 100 INCRBY i8 8 100
                GET n|BITFIELD m OVERFLOW FAIL INCRBY u8 0 300|EXISTS m|STRLEN m|RPUSH l 1|BITFIELD l GET u8 0
                BITFIELD l|BITFIELD l SET u8 0 1|BITFIELD_RO l GET u8 0|BITFIELD l GET
                BITFIELD p get u8 0 set u4 2 9 incrby i3 #1 2|GET p|SET i 12|BITFIELD i INCRBY u8 0 1|GET i|BITFIELD
                BITFIELD_RO
                """
            ),
        ]
    )


TYPES = st.builds(lambda sign, width: f"{sign}{width}".encode(), st.sampled_from("ui"), st.integers(1, 63))
OFFSETS = st.one_of(st.integers(0, 80).map(lambda n: b"%d" % n), st.integers(0, 5).map(lambda n: b"#%d" % n))
VALUES = st.one_of(
    st.integers(-300, 300), st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from([-(1 << 63), (1 << 63) - 1])
).map(lambda number: b"%d" % number)
PARTS = st.one_of(
    st.tuples(st.just(b"GET"), TYPES, OFFSETS),
    st.tuples(st.sampled_from([b"SET", b"INCRBY"]), TYPES, OFFSETS, VALUES),
    st.tuples(st.just(b"OVERFLOW"), st.sampled_from([b"WRAP", b"SAT", b"FAIL"])),
)


@settings(max_examples=examples(120))
@given(st.binary(max_size=12), st.lists(PARTS, max_size=8))
def test_any_fields(oracle: Peer, value: bytes, parts: list[tuple[bytes, ...]]) -> None:
    oracle.compare(
        [[b"SET", b"k", value], [b"BITFIELD", b"k", *[word for part in parts for word in part]], "GET k", "STRLEN k"]
    )


BOUNDS = st.integers(-40, 40).map(lambda number: b"%d" % number)


@settings(max_examples=examples(100))
@given(st.binary(max_size=4), st.binary(max_size=4), BOUNDS, BOUNDS, st.sampled_from([b"BIT", b"BYTE"]), st.booleans())
def test_any_ranges(oracle: Peer, a: bytes, b: bytes, start: bytes, end: bytes, unit: bytes, bit: bool) -> None:
    value = b"1" if bit else b"0"
    oracle.compare(
        [
            [b"SET", b"a", a],
            [b"SET", b"b", b],
            [b"BITCOUNT", b"a", start, end, unit],
            [b"BITPOS", b"a", value, start, end, unit],
            [b"BITPOS", b"a", value, start, end],
            [b"BITPOS", b"a", value, start],
            [b"BITPOS", b"a", value],
            *[[b"BITOP", word, b"d", b"a", b"b"] for word in (b"AND", b"OR", b"XOR")],
            "GET d",
        ]
    )
