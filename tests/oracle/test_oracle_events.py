"""Keyspace events of strings, keys, SORT, bitmaps and HyperLogLog: what a subscriber of each server is sent."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.wire import Command, script

EVENTS = [
    # When a key that is over is found by active expiry is chance.
    (1, [b"DEBUG", b"SET-ACTIVE-EXPIRE", b"0"]),
    (1, [b"CONFIG", b"SET", b"notify-keyspace-events", b"KEAmn"]),
    (1, [b"PSUBSCRIBE", b"__key*__:*"]),
]


def compare(oracle: Peer, commands: list[str] | list[list[bytes]]) -> None:
    """Client 0 runs the commands, client 1 is told of them."""
    steps: list[tuple[int, str | Command]] = [*EVENTS, *[(0, command) for command in commands]]
    steps += [(0, [b"CONFIG", b"SET", b"notify-keyspace-events", b""]), (0, [b"DEBUG", b"SET-ACTIVE-EXPIRE", b"1"])]
    oracle.compare_clients(steps)


def test_strings(oracle: Peer) -> None:
    compare(
        oracle,
        script(
            """
            SET k v|SET k v NX|SET n v XX|SET k v EX 100|SET k w GET|SET k w KEEPTTL|SETNX k v|SETNX l v|SETEX k 100 v
            PSETEX k 100000 v|GETSET k w|GETEX k|GETEX k EX 100|GETEX k PERSIST|GETEX k PERSIST|GETEX k EXAT 1|GET k
            MSET a 1 b 2|MSETNX a 1 c 2|MSETNX c 1 d 2|GETDEL a|GETDEL a|INCR n|DECRBY n 2|INCRBYFLOAT n 1.5|INCR n
            APPEND k abc|APPEND k def|SETRANGE k 2 x|STRLEN k|GETRANGE k 0 1|MGET k none|RPUSH li 1|GET li|SET li v
            SET k v EXAT 1|SET k w|SET k v PXAT 1|APPEND k x|SET k v PXAT 1|SET k v KEEPTTL|LCS k none
            """
        ),
    )


def test_keys(oracle: Peer) -> None:
    compare(
        oracle,
        script(
            """
            MSET k v l w|DEL k k none|UNLINK l|SET k v|EXISTS k none|TYPE none|TTL none|TOUCH none|EXPIRE k 100|EXPIRE k 10 GT
            PERSIST k|PERSIST k|EXPIRE k -1|SET k v|PEXPIREAT k 1|RENAME none k|SET k v|RENAME k k|SET l w|RENAME k l
            RENAMENX l k|RENAMENX k k|MOVE k 1|MOVE k 1|SET k w|MOVE k 1|COPY k l|COPY k l|COPY k l REPLACE|COPY k m DB 2
            SET k v PXAT 1|EXISTS k|SET k v PXAT 1|DEL k|SET k v PXAT 1|TTL k|SET k v PXAT 1|RENAME l k
            OBJECT ENCODING none|RANDOMKEY|KEYS *|HSET h f v|RENAME h k|COPY k h
            """
        ),
    )


def test_collections_sorted(oracle: Peer) -> None:
    compare(
        oracle,
        script(
            """
            RPUSH l 3 1 2|SORT l|SORT l STORE d|SORT none STORE d|SORT none STORE d|SORT l BY w_* GET g_*|SORT l STORE l
            SET s v|SORT s STORE l|SORT l LIMIT 0 0 STORE s
            """
        ),
    )


def test_bits(oracle: Peer) -> None:
    compare(
        oracle,
        script(
            """
            SETBIT k 1 1|SETBIT k 1 1|SETBIT k 9 0|GETBIT none 1|BITCOUNT none|BITPOS none 1|BITOP NOT d k|BITOP OR d none
            BITOP OR d none|BITFIELD k SET u8 0 64|BITFIELD k SET u8 0 65 INCRBY u8 0 1|BITFIELD none GET u8 0
            BITFIELD k SET u8 100 0|BITFIELD_RO none GET u8 0|BITFIELD k GET u8 0 SET u8 0 1
            """
        ),
    )


def test_hyperloglogs(oracle: Peer) -> None:
    compare(
        oracle,
        script(
            """
            PFADD h|PFADD h|PFADD h a|PFADD h a|PFCOUNT h|PFCOUNT h none|PFMERGE m h none|PFMERGE m|PFDEBUG TODENSE m
            PFCOUNT none
            """
        ),
    )


KEYS = st.sampled_from([b"a", b"b"])
COMMANDS = st.one_of(
    st.tuples(
        st.sampled_from([b"SET", b"APPEND", b"SETNX", b"GETSET", b"RPUSH", b"SADD", b"PFADD"]), KEYS, st.just(b"1")
    ),
    st.tuples(
        st.sampled_from([b"GET", b"INCR", b"DEL", b"UNLINK", b"GETDEL", b"PERSIST", b"EXISTS", b"TTL", b"TYPE"]), KEYS
    ),
    st.tuples(st.sampled_from([b"RENAME", b"RENAMENX", b"COPY", b"PFMERGE", b"MGET"]), KEYS, KEYS),
    st.tuples(st.just(b"SORT"), KEYS, st.just(b"STORE"), KEYS),
    st.tuples(st.just(b"BITOP"), st.sampled_from([b"OR", b"AND"]), KEYS, KEYS, KEYS),
    st.tuples(st.just(b"EXPIRE"), KEYS, st.sampled_from([b"100", b"-1"])),
    st.tuples(st.just(b"SET"), KEYS, st.just(b"v"), st.just(b"PXAT"), st.sampled_from([b"1", b"4102444800000"])),
    st.tuples(st.just(b"MOVE"), KEYS, st.sampled_from([b"0", b"1"])),
    st.tuples(st.just(b"SETBIT"), KEYS, st.just(b"3"), st.sampled_from([b"0", b"1"])),
).map(list)


@settings(max_examples=examples(40))
@given(st.lists(COMMANDS, max_size=20))
def test_any_sequence(oracle: Peer, commands: list[list[bytes]]) -> None:
    compare(oracle, commands)
