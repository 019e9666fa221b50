"""Set commands beside redis-server; encodings that it does not know yet beside Valkey."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.normalise import Normaliser, elements, shape, unordered


def scanned(reply: bytes) -> bytes:
    """The reply of a scan, its items in a fixed order."""
    header, found = elements(reply)
    return header + found[0] + unordered(found[1]) if found else reply


LOOSE: dict[bytes, Normaliser] = {b"SSCAN": scanned, b"SRANDMEMBER": unordered, b"SPOP": unordered}
SHAPES: dict[bytes, Normaliser] = {b"SRANDMEMBER": shape, b"SPOP": shape}


@pytest.mark.parametrize("resp", [2, 3])
def test_members_are_added_found_and_removed(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "SADD s a b c a",
            "SADD s a",
            "SADD s",
            "SADD n 3 1 2 -5 9223372036854775807 -9223372036854775808",
            "SMEMBERS n",
            "SADD n 9223372036854775808 01 +1",
            "SMEMBERS n",
            "SCARD s",
            "SCARD none",
            "SISMEMBER s a",
            "SISMEMBER s zz",
            "SISMEMBER none a",
            "SMISMEMBER s a zz b",
            "SMISMEMBER none a b",
            "SMISMEMBER s",
            "SMEMBERS s",
            "SMEMBERS none",
            "SREM s a zz a",
            "SREM none a",
            "SREM s",
            "SREM s b c",
            "EXISTS s",
            [b"SADD", b"b", b"", b"\x00\xff", b"\r\n"],
            "SMEMBERS b",
            [b"SISMEMBER", b"b", b""],
        ],
        resp=resp,
    )


def test_members_move(oracle: Peer) -> None:
    oracle.compare(
        [
            "SADD a 1 2 x",
            "SADD b 1 y",
            "SMOVE a b 1",
            "SMOVE a b zz",
            "SMOVE a new x",
            "SMOVE a a 2",
            "SMOVE a a zz",
            "SMOVE none b 1",
            "SMOVE none none 1",
            "SMOVE a b 2",
            "EXISTS a",
            "SMEMBERS b",
            "SMEMBERS new",
            "SET string x",
            "SMOVE string b 1",
            "SMOVE b string 1",
            "SMOVE b string zz",
            "SMOVE none string 1",
            "SMOVE string none 1",
        ]
    )


@pytest.mark.parametrize("resp", [2, 3])
def test_members_are_popped_and_drawn(oracle: Peer, resp: int) -> None:
    filled = "SADD s a b c"
    oracle.compare(
        [
            filled,
            "SRANDMEMBER s 10",
            "SRANDMEMBER s 3",
            "SRANDMEMBER s 0",
            "SRANDMEMBER none",
            "SRANDMEMBER none 5",
            "SRANDMEMBER none -5",
            "SRANDMEMBER s x",
            "SRANDMEMBER s 1 2",
            "SRANDMEMBER s -9223372036854775808",
            "SRANDMEMBER s 9223372036854775807",
            "SRANDMEMBER s 9223372036854775808",
            "SRANDMEMBER none -9223372036854775808",
            "SPOP none",
            "SPOP none 5",
            "SPOP none x",
            "SPOP s 0",
            "SPOP s -1",
            "SPOP s x",
            "SPOP s 1 2",
            "SPOP s 9223372036854775808",
            "SPOP s 9223372036854775807",
            "EXISTS s",
            filled,
            "SPOP s 3",
            "EXISTS s",
        ],
        resp=resp,
        normalise=LOOSE,
    )
    oracle.compare(
        [
            filled,
            "SRANDMEMBER s",
            "SRANDMEMBER s 2",
            "SRANDMEMBER s -7",
            "SPOP s",
            "SCARD s",
            "SPOP s 1",
            "SCARD s",
            "SPOP s",
            "EXISTS s",
            [b"SADD", b"m", *(b"member%d" % n for n in range(300))],
            "SPOP m 290",
            "SCARD m",
        ],
        resp=resp,
        normalise=SHAPES,
    )


@pytest.mark.parametrize("resp", [2, 3])
def test_algebra(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "SADD a 1 2 3 x y",
            "SADD b 2 3 4 y z",
            "SADD c 3 y",
            "SADD d 10 11",
            *(
                f"{command} {keys}"
                for command in ("SINTER", "SUNION", "SDIFF")
                for keys in ("a", "a b", "a b c", "b a", "a a", "a none", "none a", "none", "d a", "c a b d", "")
            ),
            *(
                each
                for command in ("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE")
                for keys in ("a", "a b", "a b c", "a none", "none a", "none", "d a", "a a", "")
                for each in (f"{command} to {keys}", "SMEMBERS to", "EXISTS to")
            ),
            "SUNIONSTORE a a b",
            "SMEMBERS a",
            "SDIFFSTORE a a a",
            "EXISTS a",
            "SET string x",
            "SINTERSTORE string b c",
            "TYPE string",
            "SET string x EX 100",
            "SUNIONSTORE string b",
            "TTL string",
            "SET string x",
            "SDIFFSTORE string none",
            "EXISTS string",
        ],
        resp=resp,
    )


def test_sintercard(oracle: Peer) -> None:
    oracle.compare(
        [
            "SADD a 1 2 3 4",
            "SADD b 2 3 4 5",
            "SET string x",
            "SINTERCARD 1 a",
            "SINTERCARD 2 a b",
            "SINTERCARD 2 a b LIMIT 2",
            "SINTERCARD 2 a b LIMIT 0",
            "SINTERCARD 2 a b limit 100",
            "SINTERCARD 2 a b LIMIT -1",
            "SINTERCARD 2 a b LIMIT x",
            "SINTERCARD 2 a b LIMIT",
            "SINTERCARD 2 a b LIMIT 1 LIMIT 2",
            "SINTERCARD 2 a b FOO",
            "SINTERCARD 2 a none",
            "SINTERCARD 2 none a",
            "SINTERCARD 0 a",
            "SINTERCARD -1 a",
            "SINTERCARD x a",
            "SINTERCARD 3 a b",
            "SINTERCARD 9223372036854775807 a b",
            "SINTERCARD 2 a string",
            "SINTERCARD 2 none string",
            "SINTERCARD 1",
        ]
    )


def test_a_value_of_another_type_is_refused(oracle: Peer) -> None:
    oracle.compare(
        [
            "SET string x",
            "SADD a 1",
            "SADD string 1",
            "SREM string 1",
            "SPOP string",
            "SPOP string 1",
            "SPOP string x",
            "SRANDMEMBER string",
            "SRANDMEMBER string x",
            "SCARD string",
            "SMEMBERS string",
            "SISMEMBER string 1",
            "SMISMEMBER string 1",
            "SSCAN string 0",
            "SSCAN string x",
            *(
                f"{command} {keys}"
                for command in ("SINTER", "SUNION", "SDIFF", "SINTERSTORE to", "SUNIONSTORE to", "SDIFFSTORE to")
                for keys in ("string", "a string", "string a", "none string", "string none")
            ),
        ]
    )


def test_scans(oracle: Peer) -> None:
    oracle.compare(
        [
            "SADD s a ab b",
            "SADD n 1 2 3",
            "SSCAN s 0",
            "SSCAN n 0",
            "SSCAN s 0 MATCH a*",
            "SSCAN n 0 MATCH [12]",
            "SSCAN n 0 COUNT 1",
            "SSCAN s 0 COUNT 0",
            "SSCAN s 0 COUNT x",
            "SSCAN s 0 COUNT",
            "SSCAN s 0 MATCH",
            "SSCAN s 0 FOO bar",
            "SSCAN s 0 NOVALUES",
            "SSCAN s 0 TYPE set",
            "SSCAN s x",
            "SSCAN n -1",
            "SSCAN n 18446744073709551615",
            "SSCAN none 0",
            "SSCAN none x",
        ],
        normalise=LOOSE,
    )


def many(key: bytes, count: int, prefix: bytes = b"") -> list[bytes]:
    return [b"SADD", key, *(prefix + b"%d" % number for number in range(count))]


def test_encodings_of_integers(oracle: Peer) -> None:
    oracle.compare(
        [
            "SADD a 1 2 3",
            "OBJECT ENCODING a",
            many(b"b", 512),
            "OBJECT ENCODING b",
            "SADD b 512",
            "OBJECT ENCODING b",
            "SREM b 512",
            "OBJECT ENCODING b",
        ]
    )


def test_encodings(valkey_oracle: Peer) -> None:
    commands: list[str | list[bytes]] = [
        many(b"x", 200, b"x"),
        many(b"y", 200, b"y"),
        "SADD x 1 2",
        "SADD y 1 2",
        "SADD i 1 2 3",
        "SADD j 1 5 v",
    ]
    builds: list[list[str | list[bytes]]] = [
        [many(b"k", 512)],
        [many(b"k", 513)],
        [many(b"k", 512), "SADD k 600"],
        [many(b"k", 127), "SADD k a"],
        [many(b"k", 128), "SADD k a"],
        ["SADD k 1", [b"SADD", b"k", b"a" * 65]],
        [[b"SADD", b"k", b"a" * 64]],
        [[b"SADD", b"k", b"a" * 65]],
        [many(b"k", 128, b"a")],
        [many(b"k", 129, b"a")],
        [[b"SADD", b"k", *[b"a"] * 129]],
        [[b"SADD", b"k", *[b"1"] * 513]],
        [many(b"k", 127, b"a"), [b"SADD", b"k", *[b"a1"] * 100]],
        [many(b"k", 127, b"a"), [b"SADD", b"k", *[b"a1"] * 200]],
        ["SADD k 1", [b"SADD", b"k", *[b"1"] * 513]],
        ["SADD k 1 a b"],
        ["SADD k a 1"],
        ["SINTERSTORE k i j"],
        ["SINTERSTORE k x y"],
        ["SINTERSTORE k x x"],
        ["SUNIONSTORE k i j"],
        ["SUNIONSTORE k i i"],
        ["SUNIONSTORE k x y"],
        ["SDIFFSTORE k x y"],
        ["SDIFFSTORE k i j"],
        ["SMOVE i k 3"],
        ["SMOVE j k v"],
        [many(b"k", 300, b"x"), "SPOP k 290"],
        [many(b"k", 300, b"x"), "SPOP k 200"],
        [many(b"k", 300), "SPOP k 290"],
        [many(b"k", 30), "SADD k x", "SREM k x"],
    ]
    for build in builds:
        commands += [*build, "OBJECT ENCODING k", "DEL k"]
    valkey_oracle.compare(commands, normalise=SHAPES)


def test_sets_of_a_few_strings_are_listpacks_from_redis_7_2_on(oracle: Peer) -> None:
    oracle.compare(["SADD s a b", "OBJECT ENCODING s"])


KEYS = st.sampled_from(["s", "t", "u"])
MEMBERS = st.sampled_from(["1", "2", "3", "-7", "99999", "a", "b", "x" * 70, "1.5", "01"])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["SADD", "SREM", "SMISMEMBER"]), KEYS, st.lists(MEMBERS, min_size=1, max_size=5)).map(
        lambda step: f"{step[0]} {step[1]} {' '.join(step[2])}"
    ),
    st.tuples(KEYS, MEMBERS).map(lambda step: f"SISMEMBER {step[0]} {step[1]}"),
    st.tuples(KEYS, KEYS, MEMBERS).map(lambda step: "SMOVE " + " ".join(step)),
    st.tuples(
        st.sampled_from(
            ["SINTER", "SUNION", "SDIFF", "SINTERSTORE u", "SUNIONSTORE u", "SDIFFSTORE u", "SINTERCARD 2"]
        ),
        KEYS,
        KEYS,
    ).map(" ".join),
    st.tuples(st.sampled_from(["SMEMBERS", "SCARD", "TYPE", "OBJECT ENCODING", "SSCAN"]), KEYS).map(
        lambda step: " ".join(step) + (" 0" if step[0] == "SSCAN" else "")
    ),
    KEYS.map(lambda key: f"SRANDMEMBER {key} 100"),
    KEYS.map(lambda key: f"SPOP {key} 100"),
)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(STEPS, max_size=60), st.sampled_from([2, 3]))
def test_any_sequence_is_answered_alike(valkey_oracle: Peer, steps: list[str], resp: int) -> None:
    valkey_oracle.compare(steps, resp=resp, normalise=LOOSE)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_any_sequence_is_answered_as_by_redis_server(oracle: Peer, steps: list[str]) -> None:
    oracle.compare(steps, normalise=LOOSE)
