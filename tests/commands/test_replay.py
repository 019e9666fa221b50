"""What is replayed builds the same data again, whenever it is replayed: strings, keys, bits, HyperLogLog, SORT."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_IGNORE

from commands.conftest import CommandServer
from commands.recording import Record

KEYS = st.sampled_from([b"a", b"b", b"c"])
VALUES = st.sampled_from([b"1", b"-7", b"3.5", b"abc", b""])
TIMES = st.sampled_from(
    [[b"EX", b"100"], [b"PX", b"2500"], [b"PXAT", b"4102444800000"], [b"EXAT", b"1"], [b"KEEPTTL"], []]
)
CONDITIONS = st.sampled_from([[], [b"NX"], [b"XX"], [b"GET"], [b"IFEQ", b"1"]])
COMMANDS = st.one_of(
    st.builds(lambda k, v, t, c: [b"SET", k, v, *c, *t], KEYS, VALUES, TIMES, CONDITIONS),
    st.builds(lambda k, m, v, t: [b"MSETEX", b"2", k, v, m, v, *t], KEYS, KEYS, VALUES, TIMES),
    st.builds(lambda k, t: [b"GETEX", k, *t], KEYS, TIMES),
    st.tuples(st.sampled_from([b"APPEND", b"GETSET", b"SETNX", b"DELIFEQ", b"RPUSH", b"SADD", b"PFADD"]), KEYS, VALUES),
    st.tuples(st.sampled_from([b"GETDEL", b"INCR", b"DEL", b"PERSIST", b"GET", b"PFCOUNT", b"UNLINK"]), KEYS),
    st.tuples(
        st.sampled_from([b"INCRBYFLOAT", b"INCRBY", b"EXPIRE", b"PEXPIRE"]),
        KEYS,
        st.sampled_from([b"3", b"-2", b"700"]),
    ),
    st.tuples(st.just(b"SETRANGE"), KEYS, st.just(b"3"), VALUES),
    st.tuples(st.sampled_from([b"RENAME", b"RENAMENX", b"COPY", b"PFMERGE", b"MSETNX"]), KEYS, KEYS),
    st.tuples(st.just(b"COPY"), KEYS, KEYS, st.just(b"DB"), st.just(b"1"), st.just(b"REPLACE")),
    st.tuples(st.just(b"MOVE"), KEYS, st.just(b"1")),
    st.tuples(st.just(b"SELECT"), st.sampled_from([b"0", b"1"])),
    KEYS.map(lambda key: [b"BITFIELD", key, *b"OVERFLOW FAIL INCRBY u4 #2 9".split()]),
    st.tuples(st.just(b"SETBIT"), KEYS, st.just(b"12"), st.sampled_from([b"0", b"1"])),
    st.tuples(st.just(b"BITOP"), st.just(b"XOR"), KEYS, KEYS, KEYS),
    st.tuples(st.just(b"SORT"), KEYS, st.just(b"BY"), st.just(b"w_*"), st.just(b"ALPHA"), st.just(b"STORE"), KEYS),
).map(list[bytes])


def contents(server: CommandServer) -> dict[tuple[int, bytes], object]:
    """Every key that lives, with its value as a reply and its expiry."""
    found: dict[tuple[int, bytes], object] = {}
    client = server.client()
    for database in server.engine.keyspace.databases[:2]:
        client(b"SELECT", b"%d" % database.index)
        for key in sorted(database.table.keys()):
            kind = client(b"TYPE", key)
            read = {b"+string\r\n": [b"GET", key], b"+list\r\n": [b"LRANGE", key, b"0", b"-1"]}
            value = client(*read.get(kind, [b"SORT", key, b"ALPHA"]))
            if kind != b"+none\r\n":
                found[database.index, key] = (kind, value, database.expiry(key))
    return found


@settings(max_examples=examples(80))
@given(st.lists(st.tuples(COMMANDS, st.sampled_from([0.0, 0.0, 1.0])), max_size=30))
def test_a_replay_gives_the_same_data(steps: list[tuple[list[bytes], float]]) -> None:
    server = CommandServer()
    record = Record(server)
    client = server.client()
    for command, pause in steps:
        client(*command)
        server.advance(pause)
    again = CommandServer()
    again.advance(50)  # replayed later, a relative time would show
    again.engine.keyspace.set_expire_policy(EXPIRE_IGNORE)
    receiver = again.client()
    for db_index, argv in record.entries():
        receiver(b"SELECT", b"%d" % db_index)
        receiver(*argv)
    again.engine.keyspace.set_expire_policy(EXPIRE_DELETE)
    server.advance(50 - sum(pause for _, pause in steps))
    assert contents(again) == contents(server)
