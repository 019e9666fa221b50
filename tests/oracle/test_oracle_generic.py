"""Keys of any type: the same bytes to redis-server (and Valkey) and to us."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.normalise import elements, unordered, within
from oracle.wire import script

#: Times to live count down while a comparison runs.
COUNTING = {b"PTTL": within(10_000), b"TTL": within(10), b"PEXPIRETIME": within(10_000), b"EXPIRETIME": within(10)}


def scanned(reply: bytes) -> bytes:
    """A reply of SCAN whose keys stand in a fixed order."""
    header, found = elements(reply)
    return header + b"".join(unordered(frame) for frame in found)


def test_deleting_and_counting(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            SET k v|DEL k k none|SET k v|RPUSH l 1
            UNLINK k l none|SET k v|EXISTS k k none|TOUCH k k none|TYPE k|TYPE none|RPUSH l 1|TYPE l|SADD s a|TYPE s
            ZADD z 1 a|TYPE z|HSET h f v|TYPE h|DEL|EXISTS|TOUCH|TYPE|DEL l s z h|EXISTS l s|DEL k|GET k
            """
        )
    )


def test_expiry_with_its_conditions(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            SET k v|EXPIRE k 105|TTL k|EXPIRE k 205 NX|EXPIRE k 305 XX|TTL k|EXPIRE k 55 GT|TTL k|EXPIRE k 55 LT
            TTL k|EXPIRE k 10 NX XX|EXPIRE k 10 GT LT|EXPIRE k 10 NX GT|EXPIRE k 10 XX GT|EXPIRE k 15 XX LT XX
            EXPIRE k 10 FOO|EXPIRE k x FOO|EXPIRE k x|EXPIRE none x|EXPIRE none 10|EXPIRE k 9223372036854775807
            EXPIRE k 9223372036854775|EXPIRE k -9223372036854775808|PEXPIRE k 9223372036854775807
            PEXPIREAT k 9223372036854775807|PEXPIRETIME k|EXPIREAT k 9223372036854775807|EXPIREAT k 9223372036854775
            PERSIST k|PERSIST k|PERSIST none|EXPIRE k 15 GT|TTL k|EXPIRE k 15 LT|TTL k|PTTL k|PEXPIRETIME none
            EXPIRETIME none|TTL none|PTTL none|PERSIST k|TTL k|PTTL k|EXPIRETIME k|PEXPIREAT k 33177117420500
            PEXPIRETIME k|EXPIRETIME k|EXPIRE k -1|EXISTS k|SET k v|EXPIREAT k 1|EXISTS k|SET k v|PEXPIRE k 0 GT
            PEXPIRE k 0 NX|EXISTS k|SET k v|PEXPIREAT k -5|GET k|SET k v|EXPIREAT k -9223372036854775|GET k|SET k v
            EXPIRE k 100 nx|EXPIRE k 15 lt gt|TTL k extra|EXPIRE k
            """
        ),
        normalise=COUNTING,
    )


def test_renaming(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            SET k v|RENAME k k|RENAMENX k k|RENAME none k|RENAMENX none k|RENAME none none|SET l x|RENAMENX k l
            RENAME k l|GET l|EXISTS k|RENAMENX l k|GET k|RPUSH l 1|EXPIRE l 1005|RENAME k l|TTL l|TYPE l
            EXPIRE l 1005|RENAME l m|TTL m|HSET h f v|RENAME h m|TYPE m|TTL m|RENAME m|RENAMENX m m m
            """
        ),
        normalise=COUNTING,
    )


def test_moving_between_databases(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            SET l x|EXPIRE l 1005|MOVE l 0|MOVE l 1|EXISTS l|MOVE l 16|MOVE l -1|MOVE l x|MOVE l 2147483648
            MOVE none 1|SET l 2|MOVE l 1|SELECT 1|TTL l|GET l|SELECT 0|GET l|MOVE l|MOVE l 1 2
            """
        ),
        normalise=COUNTING,
    )


def test_copying(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            SET l 2|COPY l m|GET m|COPY l m|SET l 3|COPY l m REPLACE|GET m|COPY l l|COPY l l DB 0|COPY l l DB 1
            COPY l l DB 1|COPY l l DB 1 REPLACE|COPY l n DB 99|COPY l n DB x|COPY l n FOO|COPY l n DB|COPY none n
            COPY none none|COPY l n REPLACE REPLACE DB 2|SELECT 2|GET n|SELECT 0|EXPIRE l 1005|COPY l t|TTL t
            APPEND l 4|COPY l u|APPEND u 5|MGET l u|HSET h f v|COPY h h2|HSET h2 f w|HGET h f|RPUSH li a b
            COPY li li2|RPUSH li2 c|LRANGE li 0 -1|SADD s 1 2|COPY s s2|SCARD s2|ZADD z 1 a|COPY z z2|ZSCORE z2 a
            COPY l|COPY li l REPLACE|TTL l|OBJECT ENCODING u
            """
        ),
        normalise=COUNTING,
    )


def test_names(oracle: Peer) -> None:
    patterns = ["*", "a*", "*b", "*a*", "a", "?b", "[ab]a", "[^a]*", "a\\*", "", "zz*", "[", "a[b-a]", "**", "h\\"]
    oracle.compare(
        [
            "MSET aa 1 ab 2 bb 3 a 4 a* 5 [ 6 h\\ 7",
            *[[b"KEYS", pattern.encode()] for pattern in patterns],
            *[[b"SCAN", b"0", b"COUNT", b"1000", b"MATCH", pattern.encode()] for pattern in patterns],
            "PEXPIREAT aa 1",
            *script("KEYS *|RANDOMKEY x|KEYS|KEYS a b"),
        ],
        normalise={b"SCAN": scanned},
    )


def test_an_empty_database_has_no_random_key(oracle: Peer) -> None:
    oracle.compare(["RANDOMKEY", "SET only 1", "RANDOMKEY", "PEXPIREAT only 1", "RANDOMKEY"])


def test_scan(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            MSET a 1 b 2|RPUSH l 1|HSET h f v|SCAN 0 COUNT 0|SCAN 0 COUNT x|SCAN 0 COUNT|SCAN x
            SCAN 0 COUNT 1000 TYPE list|SCAN 0 COUNT 1000|SCAN 0 COUNT 1000 TYPE STRING|SCAN 0 COUNT 1000 MATCH zz*
            SCAN 0 FOO x|SCAN 0 TYPE foo|SCAN 0 NOVALUES|SCAN 18446744073709551616|SCAN +0 COUNT 1000|SCAN
            SCAN 0 MATCH|SCAN 0x1|SCAN 0 count 1000 match a* type string|SCAN 0 COUNT -1
            SCAN 0 COUNT 9223372036854775807
            """
        ),
        normalise={b"SCAN": scanned},
    )


def test_object(oracle: Peer) -> None:
    oracle.compare(
        [
            *script(
                """
                SET a 1|OBJECT ENCODING none|OBJECT ENCODING a|OBJECT REFCOUNT a|OBJECT REFCOUNT none|OBJECT FREQ a
                OBJECT FREQ none|OBJECT IDLETIME a|OBJECT IDLETIME none|OBJECT FOO a|OBJECT ENCODING
                OBJECT ENCODING a b|OBJECT|OBJECT HELP x|SET e 10000|OBJECT REFCOUNT e|SET e 9999|OBJECT REFCOUNT e
                APPEND e 1|OBJECT ENCODING e|OBJECT REFCOUNT e|INCR e|OBJECT ENCODING e|APPEND n 12
                OBJECT ENCODING n|SETRANGE e 0 1|OBJECT ENCODING e|SETBIT b 1 1|OBJECT ENCODING b|BITOP NOT c b
                OBJECT ENCODING c|GETSET b 12|OBJECT ENCODING b|SET f 12345678901234567890|OBJECT ENCODING f
                PFADD h a|OBJECT ENCODING h|BITFIELD g SET u8 0 1|OBJECT ENCODING g|SET m -5|OBJECT ENCODING m
                OBJECT REFCOUNT m|SET o 007|OBJECT ENCODING o|RPUSH l 1|OBJECT REFCOUNT l|SET p -9223372036854775808
                OBJECT ENCODING p|INCRBYFLOAT q 1.5|OBJECT ENCODING q
                """
            ),
            [b"SET", b"e", b"a" * 44],
            "OBJECT ENCODING e",
            [b"SET", b"e", b"a" * 45],
            "OBJECT ENCODING e",
            [b"SET", b"e", b""],
            "OBJECT ENCODING e",
        ]
    )


def test_scanning_for_a_type(valkey_oracle: Peer) -> None:
    valkey_oracle.compare(["SET a 1", "SCAN 0 TYPE string"])


KEYS = st.sampled_from([b"a", b"b", b"c"])
SECONDS = st.sampled_from([b"105", b"205", b"-1", b"0", b"x", b"99999999999999999"])
CONDITIONS = st.sampled_from([[], [b"NX"], [b"XX"], [b"GT"], [b"LT"], [b"XX", b"LT"]])
COMMANDS = st.one_of(
    st.tuples(st.just(b"SET"), KEYS, st.sampled_from([b"1", b"v"])).map(list),
    st.tuples(st.just(b"APPEND"), KEYS, st.just(b"z")).map(list),
    st.tuples(st.sampled_from([b"RPUSH", b"SADD"]), KEYS, st.sampled_from([b"1", b"v"])).map(list),
    st.tuples(st.just(b"HSET"), KEYS, st.just(b"f"), st.sampled_from([b"1", b"v"])).map(list),
    st.tuples(
        st.sampled_from([b"DEL", b"UNLINK", b"EXISTS", b"TOUCH", b"RENAME", b"RENAMENX", b"COPY"]), KEYS, KEYS
    ).map(list),
    st.tuples(st.just(b"COPY"), KEYS, KEYS, st.just(b"REPLACE")).map(list),
    st.tuples(st.just(b"COPY"), KEYS, KEYS, st.just(b"DB"), st.sampled_from([b"0", b"1"])).map(list),
    st.tuples(st.just(b"MOVE"), KEYS, st.sampled_from([b"0", b"1"])).map(list),
    st.tuples(st.just(b"SELECT"), st.sampled_from([b"0", b"1"])).map(list),
    st.builds(lambda k, s, c: [b"EXPIRE", k, s, *c], KEYS, SECONDS, CONDITIONS),
    st.tuples(st.sampled_from([b"TTL", b"PERSIST", b"TYPE", b"GET"]), KEYS).map(list),
    st.tuples(st.just(b"OBJECT"), st.sampled_from([b"ENCODING", b"REFCOUNT"]), KEYS).map(list),
    st.just([b"KEYS", b"*"]),
)


@settings(max_examples=examples(80))
@given(st.lists(COMMANDS, max_size=40))
def test_any_sequence(oracle: Peer, commands: list[list[bytes]]) -> None:
    oracle.compare(commands, normalise=COUNTING)
