"""Hash commands beside redis-server; what it does not have, beside Valkey."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.normalise import Normaliser, elements, shape, unordered, unordered_pairs, within


def scanned(reply: bytes) -> bytes:
    """The reply of a scan, its items in a fixed order."""
    header, found = elements(reply)
    return header + found[0] + unordered(found[1]) if found else reply


def scanned_pairs(reply: bytes) -> bytes:
    header, found = elements(reply)
    return header + found[0] + unordered_pairs(found[1]) if found else reply


LOOSE: dict[bytes, Normaliser] = {b"HSCAN": scanned_pairs, b"HRANDFIELD": unordered}
AROUND_NOW: dict[bytes, Normaliser] = {b"HTTL": within(30), b"HPTTL": within(30000)}
SHAPES: dict[bytes, Normaliser] = {b"HRANDFIELD": shape}


@pytest.mark.parametrize("resp", [2, 3])
def test_fields_are_set_read_and_deleted(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "HSET h a 1 b 2 a 3",
            "HSET h a 1",
            "HSET h a",
            "HSET h a 1 b",
            "HSET h",
            "HMSET h c 3 d 4",
            "HMSET h c",
            "HMSET h c 3 d",
            "HSETNX h a 9",
            "HSETNX h e 5",
            "HSETNX h",
            "HGET h a",
            "HGET h zz",
            "HGET none a",
            "HMGET h a zz b",
            "HMGET none a b",
            "HGETALL h",
            "HGETALL none",
            "HKEYS h",
            "HKEYS none",
            "HVALS h",
            "HVALS none",
            "HLEN h",
            "HLEN none",
            "HEXISTS h a",
            "HEXISTS h zz",
            "HEXISTS none a",
            "HSTRLEN h a",
            "HSTRLEN h zz",
            "HSTRLEN none a",
            "HDEL h a zz a",
            "HDEL none a",
            "HDEL h b c d e",
            "EXISTS h",
            [b"HSET", b"h", b"", b"", b"\x00\xff", b"\r\n"],
            "HGETALL h",
            [b"HGET", b"h", b""],
            [b"HSTRLEN", b"h", b"\x00\xff"],
        ],
        resp=resp,
    )


def test_numbers_in_fields(oracle: Peer) -> None:
    oracle.compare(
        [
            "HINCRBY h a 5",
            "HINCRBY h a -7",
            "HINCRBY h a 9223372036854775807",
            "HINCRBY h a 9223372036854775807",
            "HSET h min -9223372036854775808 text abc space 1_0 float 1.5",
            "HINCRBY h min -1",
            "HINCRBY h min 9223372036854775807",
            "HINCRBY h text 1",
            "HINCRBY h text x",
            "HINCRBY h space 1",
            "HINCRBY h float 1",
            "HINCRBY h a 1.5",
            "HINCRBY h a 9223372036854775808",
            [b"HINCRBY", b"h", b"a", b" 1"],
            "HINCRBY h a",
            "HINCRBYFLOAT h float 1.5",
            "HINCRBYFLOAT h float 5.0e3",
            "HINCRBYFLOAT h float -3.14159265358979",
            "HINCRBYFLOAT h new 0.1",
            "HINCRBYFLOAT h new 0.2",
            "HINCRBYFLOAT h text 1",
            "HINCRBYFLOAT h float abc",
            "HINCRBYFLOAT h float nan",
            "HINCRBYFLOAT h float inf",
            "HINCRBYFLOAT h float -inf",
            "HSET h big 1e5000 infinite inf",
            "HINCRBYFLOAT h big 1",
            "HINCRBYFLOAT h infinite 1",
            "HINCRBYFLOAT h huge 1e4932",
            "HINCRBYFLOAT h huge 1e4932",
            "HINCRBYFLOAT h a 1",
            "HINCRBY h a 1",
            "HINCRBYFLOAT h float 0.0000000000000000001",
            "HGETALL h",
        ]
    )


COMMANDS_WITH_KEY = [
    "HSET s a 1", "HMSET s a 1", "HSETNX s a 1", "HGET s a", "HMGET s a", "HGETALL s", "HKEYS s", "HVALS s", "HLEN s",
    "HEXISTS s a", "HSTRLEN s a", "HDEL s a", "HINCRBY s a 1", "HINCRBYFLOAT s a 1", "HRANDFIELD s", "HRANDFIELD s 1",
    "HRANDFIELD s 1 WITHVALUES", "HSCAN s 0", "HINCRBY s a x", "HINCRBYFLOAT s a x", "HRANDFIELD s x", "HSCAN s x",
    "HSCAN s 0 FOO", "HSET s a",
]  # fmt: skip


def test_a_value_of_another_type_is_refused(oracle: Peer) -> None:
    oracle.compare(["SET s x", *COMMANDS_WITH_KEY])


@pytest.mark.parametrize("resp", [2, 3])
def test_random_fields(oracle: Peer, resp: int) -> None:
    filled = "HSET h a 1 b 2 c 3"
    oracle.compare(
        [
            filled,
            "HRANDFIELD h 10",
            "HRANDFIELD h 3 WITHVALUES",
            "HRANDFIELD h 0",
            "HRANDFIELD h 0 WITHVALUES",
            "HRANDFIELD none",
            "HRANDFIELD none 5",
            "HRANDFIELD none -5 WITHVALUES",
            "HRANDFIELD h x",
            "HRANDFIELD h 1 FOO",
            "HRANDFIELD h 1 WITHVALUES FOO",
            "HRANDFIELD h -9223372036854775808",
            "HRANDFIELD h -9223372036854775808 WITHVALUES",
            "HRANDFIELD h 9223372036854775807 WITHVALUES",
            "HRANDFIELD h 9223372036854775807",
            "HRANDFIELD h 9223372036854775808",
            "HRANDFIELD h 4611686018427387903 WITHVALUES",
            "HRANDFIELD h 4611686018427387904 WITHVALUES",
            "HRANDFIELD none -4611686018427387904 WITHVALUES",
        ],
        resp=resp,
        normalise=LOOSE,
    )
    oracle.compare(
        [filled, "HRANDFIELD h", "HRANDFIELD h 2", "HRANDFIELD h -7", "HRANDFIELD h -7 withvalues"],
        resp=resp,
        normalise=SHAPES,
    )


def test_scans(oracle: Peer) -> None:
    oracle.compare(
        [
            "HSET h a 1 ab 2 b 3",
            "HSCAN h 0",
            "HSCAN h 0 MATCH a*",
            "HSCAN h 0 MATCH * COUNT 1",
            "HSCAN h 0 COUNT 0",
            "HSCAN h 0 COUNT -1",
            "HSCAN h 0 COUNT x",
            "HSCAN h 0 COUNT",
            "HSCAN h 0 MATCH",
            "HSCAN h 0 FOO bar",
            "HSCAN h 0 TYPE hash",
            "HSCAN h x",
            "HSCAN h 5x",
            "HSCAN h -1",
            "HSCAN h 18446744073709551615",
            "HSCAN h 18446744073709551616",
            [b"HSCAN", b"h", b" 0"],
            [b"HSCAN", b"h", b""],
            "HSCAN none 0",
            "HSCAN none 0 FOO",
            "HSCAN none x",
        ],
        normalise=LOOSE,
    )


def test_encodings(oracle: Peer) -> None:
    oracle.compare(
        [
            [b"HSET", b"a", b"f", b"v" * 64],
            "OBJECT ENCODING a",
            [b"HSET", b"a", b"f", b"v" * 65],
            "OBJECT ENCODING a",
            "HSET a f v",
            "OBJECT ENCODING a",
            [b"HSET", b"b", b"f" * 65, b"v"],
            "OBJECT ENCODING b",
            [b"HSETNX", b"c", b"f", b"v" * 65],
            "OBJECT ENCODING c",
            [b"HINCRBY", b"d", b"f" * 65, b"1"],
            "OBJECT ENCODING d",
            [b"HSET", b"e", *(b"%d" % n for n in range(1024))],
            "OBJECT ENCODING e",
            "HSET e one more",
            "OBJECT ENCODING e",
            "HDEL e one",
            "OBJECT ENCODING e",
        ]
    )


FIELDS = st.sampled_from(["a", "b", "c", "d", "long" * 20])
VALUES = st.sampled_from(["1", "-5", "x", "3.5", "9223372036854775807", "v" * 70])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["HSET h", "HSETNX h", "HMSET h"]), FIELDS, VALUES).map(" ".join),
    st.tuples(st.sampled_from(["HINCRBY h", "HINCRBYFLOAT h"]), FIELDS, VALUES).map(" ".join),
    st.tuples(st.sampled_from(["HGET h", "HDEL h", "HEXISTS h", "HSTRLEN h"]), FIELDS).map(" ".join),
    st.lists(FIELDS, min_size=1, max_size=4).map(lambda fields: "HDEL h " + " ".join(fields)),
    st.lists(FIELDS, min_size=1, max_size=4).map(lambda fields: "HMGET h " + " ".join(fields)),
    st.sampled_from(
        ["HGETALL h", "HLEN h", "HKEYS h", "HVALS h", "OBJECT ENCODING h", "HRANDFIELD h 100", "HSCAN h 0"]
    ),
)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(STEPS, max_size=60), st.sampled_from([2, 3]))
def test_any_sequence_is_answered_alike(oracle: Peer, steps: list[str], resp: int) -> None:
    oracle.compare(steps, resp=resp, normalise=LOOSE)


# What redis-server 7.0 does not have.

FAR = "99999999999"
FAR_MS = "99999999999999"


def test_fields_expire(valkey_oracle: Peer) -> None:
    valkey_oracle.compare(
        [
            "HSET h a 1 b 2 c 3",
            "HEXPIRE h 100 FIELDS 3 a b zz",
            "HTTL h FIELDS 4 a b c zz",
            "HPTTL h FIELDS 4 a b c zz",
            f"HEXPIREAT h {FAR} FIELDS 2 a zz",
            f"HPEXPIREAT h {FAR_MS} FIELDS 1 b",
            "HEXPIRETIME h FIELDS 4 a b c zz",
            "HPEXPIRETIME h FIELDS 4 a b c zz",
            "HTTL none FIELDS 2 a b",
            "HEXPIRE none 100 FIELDS 2 a b",
            "HPERSIST none FIELDS 1 a",
            "HPERSIST h FIELDS 3 a c zz",
            "HTTL h FIELDS 1 a",
            "HPEXPIRE h 100000 FIELDS 2 a a",
            "HTTL h FIELDS 1 a",
            "OBJECT ENCODING h",
            "HSET h a 5",
            "HTTL h FIELDS 1 a",
            f"HEXPIREAT h {FAR} FIELDS 1 a",
            "HINCRBY h a 1",
            "HINCRBYFLOAT h a 1.5",
            "HEXPIRETIME h FIELDS 1 a",
            "HSETNX h a 1",
            "HEXPIRETIME h FIELDS 1 a",
            "HEXPIRE h 0 FIELDS 3 a b zz",
            "HGETALL h",
            "HPEXPIREAT h 1 FIELDS 2 c c",
            "EXISTS h",
        ],
        normalise=AROUND_NOW,
    )


def test_conditions_of_hexpire(valkey_oracle: Peer) -> None:
    valkey_oracle.compare(
        [
            "HSET h a 1 b 2 c 3",
            "HEXPIRE h 1000 XX FIELDS 2 a b",
            "HEXPIRE h 1000 GT FIELDS 2 a b",
            "HEXPIRE h 1000 LT FIELDS 1 a",
            "HEXPIRE h 1000 NX FIELDS 2 a b",
            "HEXPIRE h 2000 GT FIELDS 3 a b c",
            "HEXPIRE h 500 GT FIELDS 3 a b c",
            "HEXPIRE h 500 LT FIELDS 3 a b c",
            "HEXPIRE h 5000 LT FIELDS 3 a b c",
            "HEXPIRE h 3000 XX GT FIELDS 2 a b",
            "HEXPIRE h 300 XX LT FIELDS 2 a b",
            "HTTL h FIELDS 3 a b c",
            f"HPEXPIREAT h {FAR_MS} FIELDS 1 a",
            f"HPEXPIREAT h {FAR_MS} GT FIELDS 1 a",
            f"HPEXPIREAT h {FAR_MS} LT FIELDS 1 a",
            "HEXPIRE h 0 NX FIELDS 2 a b",
            "HEXPIRE h 0 GT FIELDS 2 a b",
            "HEXPIRE h 0 LT FIELDS 2 a b",
            "HGETALL h",
        ],
        normalise=AROUND_NOW,
    )


@pytest.mark.parametrize("key", ["h", "none", "s"])
def test_errors_of_field_expiry(valkey_oracle: Peer, key: str) -> None:
    commands = [
        "HEXPIRE K 100 FIELDS 0 a",
        "HEXPIRE K 100 FIELDS -1 a",
        "HEXPIRE K 100 FIELDS 1 a b",
        "HEXPIRE K 100 FIELDS 3 a b",
        "HEXPIRE K 100 FIELDS x a b",
        "HEXPIRE K 100 FOO 1 a",
        "HEXPIRE K 100 FIELDS 1",
        "HEXPIRE K abc FIELDS 1 a",
        "HEXPIRE K abc FIELDS 2 a",
        "HEXPIRE K abc FIELDS x a",
        "HEXPIRE K abc FOO FIELDS 1 a",
        "HEXPIRE K abc NX XX FIELDS 1 a",
        "HEXPIRE K -1 FIELDS 1 a",
        "HEXPIRE K -1 FIELDS 2 a",
        "HEXPIRE K 9223372036854775807 FIELDS 1 a",
        "HEXPIRE K 9223372036854775 FIELDS 1 a",
        "HPEXPIRE K 9223372036854775807 FIELDS 1 a",
        "HEXPIREAT K 9223372036854775807 FIELDS 1 a",
        "HEXPIREAT K -5 FIELDS 1 a",
        "HPEXPIREAT K -5 FIELDS 1 a",
        "HPEXPIRE K -5 FIELDS 1 a",
        "HEXPIRE K 100 NX XX FIELDS 1 a",
        "HEXPIRE K 100 NX GT FIELDS 1 a",
        "HEXPIRE K 100 NX LT FIELDS 1 a",
        "HEXPIRE K 100 GT LT FIELDS 1 a",
        "HEXPIRE K 100 NX FOO FIELDS 5 a",
        "HEXPIRE K 100 nx NX FIELDS 1 a",
        "HEXPIRE K 100 a b FIELDS",
        "HEXPIRE K 100 FIELDS 1 a NX",
        "HEXPIRE K 100 FIELDS 2 a NX",
        "HEXPIRE K 100 FIELDS FIELDS 1 a",
        "HEXPIRE K 100 x\0y FIELDS 1 a",
        "HTTL K FIELDS 2 a",
        "HTTL K FIELDS 0 a",
        "HTTL K FIELDS x a",
        "HTTL K FOO 1 a",
        "HTTL K FIELDS 1",
        "HTTL K FIELDS 1 a",
        "HPTTL K fields 1 zz",
        "HEXPIRETIME K a FIELDS 1 a",
        "HPEXPIRETIME K FIELDS 2 a",
        "HPERSIST K FIELDS 2 a",
        "HPERSIST K FIELDS 0 a",
        "HPERSIST K FIELDS x a",
        "HPERSIST K FOO 1 a",
        "HPERSIST K FIELDS 1 a",
        "HGETEX K EX 100 a b",
        "HGETEX K EX abc a b",
        "HGETEX K FIELDS x a",
        "HGETEX K EX abc FIELDS x a",
        "HGETEX K EX abc FIELDS 5 a",
        "HGETEX K EX -1 FIELDS 5 a",
        "HGETEX K EX -1 FIELDS 1 a",
        "HGETEX K EX abc FIELDS 1 a",
        "HGETEX K FOO FIELDS 5 a",
        "HGETEX K EX FIELDS FIELDS 1 a",
        "HGETEX K FNX FIELDS 1 a",
        "HGETEX K NX FIELDS 1 a",
        "HGETEX K KEEPTTL FIELDS 1 a",
        "HGETEX K EX 10 PX 10 FIELDS 1 a",
        "HGETEX K EX 10 PERSIST FIELDS 1 a",
        "HGETEX K PERSIST EX 10 FIELDS 1 a",
        "HGETEX K EX 9223372036854775807 FIELDS 1 a",
        "HGETEX K FIELDS 1 a EX 100",
        "HGETEX K FIELDS 0 a",
        "HGETEX K EX 10",
        "HGETEX K EX 10 FIELDS",
        "HSETEX K FIELDS x a b",
        "HSETEX K FIELDS -1 a b",
        "HSETEX K FIELDS 2 a 1 b",
        "HSETEX K FIELDS 1 a",
        "HSETEX K EX 10 FIELDS 1 a",
        "HSETEX K EX abc FIELDS x a b",
        "HSETEX K EX abc FIELDS 5 a b",
        "HSETEX K EX abc FIELDS 1 a b",
        "HSETEX K FOO FIELDS 5 a b",
        "HSETEX K EX 100 a b c d",
        "HSETEX K NX XX FIELDS 1 a b",
        "HSETEX K FXX FNX FIELDS 1 a b",
        "HSETEX K EX 10 KEEPTTL FIELDS 1 a b",
        "HSETEX K KEEPTTL EX 10 FIELDS 1 a b",
        "HSETEX K EX 10 PX 10 FIELDS 1 a b",
        "HSETEX K PERSIST FIELDS 1 a b",
        "HSETEX K EX -5 FIELDS 1 a b",
        "HSETEX K EX 9223372036854775807 FIELDS 1 a b",
        "HSETEX K FIELDS 9223372036854775807 a b",
        "HSETEX K FIELDS 1 a 1 EX 100",
        "HGETDEL K FIELDS 2 a",
        "HGETDEL K FIELDS 0 a",
        "HGETDEL K FIELDS x a",
        "HGETDEL K FOO 1 a",
        "HGETDEL K a b c",
        "HGETDEL K FIELDS 1 zz",
        "HSCAN K 0 NOVALUES FOO",
    ]
    valkey_oracle.compare(["SET s x", "HSET h a 1", *(command.replace("K", key, 1) for command in commands)])


@pytest.mark.parametrize("resp", [2, 3])
def test_hgetex(valkey_oracle: Peer, resp: int) -> None:
    valkey_oracle.compare(
        [
            "HSET h a 1 b 2 c 3",
            "HGETEX h FIELDS 2 a zz",
            "HGETEX h EX 100 FIELDS 2 a zz",
            "HTTL h FIELDS 1 a",
            "HGETEX h PX 100000 FIELDS 1 b",
            "HTTL h FIELDS 1 b",
            f"HGETEX h EXAT {FAR} FIELDS 1 a",
            "HEXPIRETIME h FIELDS 1 a",
            f"HGETEX h PXAT {FAR_MS} FIELDS 1 a",
            "HPEXPIRETIME h FIELDS 1 a",
            "HGETEX h PERSIST FIELDS 3 a b zz",
            "HGETEX h PERSIST PERSIST FIELDS 1 a",
            "HPEXPIRETIME h FIELDS 2 a b",
            "HGETEX h EX 10 EX 100 FIELDS 1 a",
            "HTTL h FIELDS 1 a",
            "HGETEX h EX 0 FIELDS 2 a zz",
            "HGETEX h PXAT 1 FIELDS 1 b",
            "HGETEX none FIELDS 2 a b",
            "HGETEX none EX 100 FIELDS 2 a b",
            "HGETALL h",
            "HGETEX h EXAT 0 FIELDS 1 c",
            "EXISTS h",
        ],
        resp=resp,
        normalise=AROUND_NOW,
    )


@pytest.mark.parametrize("resp", [2, 3])
def test_hsetex_and_hgetdel(valkey_oracle: Peer, resp: int) -> None:
    valkey_oracle.compare(
        [
            "HSETEX h FIELDS 1 a 1",
            "OBJECT ENCODING h",
            "HSETEX h EX 100 FIELDS 2 a 1 b 2",
            "OBJECT ENCODING h",
            "HTTL h FIELDS 2 a b",
            "HSETEX h FNX FIELDS 1 a 9",
            "HSETEX h FNX EX 100 FIELDS 1 n 9",
            "HSETEX h FXX FIELDS 1 m 9",
            f"HSETEX h FXX PXAT {FAR_MS} FIELDS 1 a 9",
            "HPEXPIRETIME h FIELDS 1 a",
            "HSETEX h KEEPTTL FIELDS 2 a 10 new 11",
            "HPEXPIRETIME h FIELDS 2 a new",
            "HSETEX h FIELDS 1 a 11",
            "HPEXPIRETIME h FIELDS 1 a",
            "HSETEX h NX FIELDS 1 a 12",
            "HSETEX h XX FIELDS 1 a 13",
            "HSETEX none XX FIELDS 1 a 13",
            "HSETEX none NX FXX FIELDS 1 a 13",
            "HSETEX none FXX FIELDS 1 a 13",
            "HSETEX none FNX FIELDS 2 a 1 a 2",
            "HGETALL none",
            "HSETEX none FNX FIELDS 2 a 1 b 2",
            "HSETEX none FXX FIELDS 2 a 1 b 2",
            "HSETEX none FXX NX FIELDS 1 a 1",
            "HSETEX h EX 10 EX 100 FIELDS 1 a 13",
            "HTTL h FIELDS 1 a",
            "HSETEX h EX 0 FIELDS 2 a 1 zz 1",
            "HSETEX h PXAT 1 FIELDS 1 never 1",
            "HGETALL h",
            "HSETEX new PXAT 1 FIELDS 1 never 1",
            "EXISTS new",
            "HSCAN h 0 NOVALUES MATCH n*",
            "HGETDEL h FIELDS 3 b zz b",
            "HGETDEL none FIELDS 1 zz",
            "HGETDEL missing FIELDS 2 a b",
            "HGETDEL h FIELDS 3 n new a",
            "EXISTS h",
        ],
        resp=resp,
        normalise={**AROUND_NOW, b"HSCAN": scanned},
    )


def test_hscan_novalues(valkey_oracle: Peer) -> None:
    valkey_oracle.compare(
        ["HSET h a 1 ab 2 b 3", "HSCAN h 0 NOVALUES", "HSCAN h 0 COUNT 5 NOVALUES MATCH a*", "HSCAN none 0 NOVALUES"],
        normalise={b"HSCAN": scanned},
    )


EXPIRY_STEPS = st.one_of(
    STEPS,
    st.tuples(
        st.sampled_from(["HEXPIRE h 1000", "HEXPIRE h 0", "HEXPIRE h 5000", f"HPEXPIREAT h {FAR_MS}"]),
        st.sampled_from(["", "NX", "XX", "GT", "LT"]),
        st.lists(FIELDS, min_size=1, max_size=3),
    ).map(lambda step: f"{step[0]} {step[1]} FIELDS {len(step[2])} {' '.join(step[2])}"),
    st.tuples(
        st.sampled_from(
            ["HTTL h", "HPERSIST h", "HGETDEL h", "HGETEX h", "HGETEX h PERSIST", "HGETEX h EX 3000", "HGETEX h PX 0"]
        ),
        st.lists(FIELDS, min_size=1, max_size=3),
    ).map(lambda step: f"{step[0]} FIELDS {len(step[1])} {' '.join(step[1])}"),
    st.tuples(
        st.sampled_from(["", "NX", "XX"]),
        st.sampled_from(["", "FNX", "FXX"]),
        st.sampled_from(["", "EX 1000", "PX 5000000", "KEEPTTL", "PXAT 1"]),
        st.lists(st.tuples(FIELDS, VALUES).map(" ".join), min_size=1, max_size=3),
    ).map(lambda step: f"HSETEX h {step[0]} {step[1]} {step[2]} FIELDS {len(step[3])} {' '.join(step[3])}"),
)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(EXPIRY_STEPS, max_size=60))
def test_any_sequence_with_expiries_is_answered_alike(valkey_oracle: Peer, steps: list[str]) -> None:
    valkey_oracle.compare(steps, normalise={**LOOSE, b"HTTL": within(500)})
