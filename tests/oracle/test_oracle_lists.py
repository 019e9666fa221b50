"""List commands beside real servers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.wire import Command

BAD_NUMBERS = [b"x", b"", b"1.5", b" 1", b"01", b"9223372036854775808", b"-9223372036854775808", b"-1", b"0"]


@pytest.mark.parametrize("resp", [2, 3])
def test_pushes_and_pops(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "LPUSH k a b c", "RPUSH k d", "LRANGE k 0 -1", "LPUSHX k x y", "RPUSHX k z", "LPUSHX none x",
            "RPUSHX none x",
            "LLEN k", "LLEN none", "LPOP k", "RPOP k", "LPOP none", "RPOP none", "LPOP k 2", "RPOP k 0", "RPOP none 1",
            "LPOP none 0", "LPOP k 100", "EXISTS k", "LPOP k 1 2", "RPOP k 1 2", "LPUSH k", "LPUSH",
        ],
        resp=resp,
    )  # fmt: skip


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_numbers_that_are_none(oracle: Peer, number: bytes) -> None:
    oracle.compare(
        [
            "RPUSH k a b c",
            [b"LPOP", b"k", number],
            [b"RPOP", b"none", number],
            [b"LINDEX", b"k", number],
            [b"LINDEX", b"none", number],
            [b"LRANGE", b"k", number, b"1"],
            [b"LRANGE", b"none", b"0", number],
            [b"LSET", b"k", number, b"v"],
            [b"LSET", b"none", number, b"v"],
            [b"LREM", b"k", number, b"v"],
            [b"LREM", b"none", number, b"v"],
            [b"LTRIM", b"none", number, b"1"],
            [b"LPOS", b"k", b"a", b"RANK", number],
            [b"LPOS", b"k", b"a", b"COUNT", number],
            [b"LPOS", b"k", b"a", b"MAXLEN", number],
            [b"LMPOP", number, b"none", b"LEFT"],
            [b"LMPOP", b"1", b"none", b"LEFT", b"COUNT", number],
            [b"BLMPOP", b"1", number, b"k", b"LEFT"],
            [b"LTRIM", b"k", b"0", number],
            "LRANGE k 0 -1",
        ]
    )


@pytest.mark.parametrize(
    "timeout",
    [
        b"x",
        b"",
        b"1.5",
        b" 1",
        b"1 ",
        b"-1",
        b"-0",
        b"-0.0001",
        b"-0.0011",
        b"1e-9",
        b"0x1",
        b"inf",
        b"-inf",
        b"nan",
        b"1e300",
        b"1e18",
    ],
)
def test_timeouts_of_any_form(oracle: Peer, timeout: bytes) -> None:
    oracle.compare(
        [
            "RPUSH k a b c d e f g",
            [b"BLPOP", b"none", b"k", timeout],
            [b"BRPOP", b"k", timeout],
            [b"BLMPOP", timeout, b"1", b"k", b"LEFT"],
            [b"BLMOVE", b"k", b"o", b"LEFT", b"LEFT", timeout],
            [b"BRPOPLPUSH", b"k", b"o", timeout],
        ]
    )


@pytest.mark.parametrize("resp", [2, 3])
def test_reading_by_index_and_by_value(oracle: Peer, resp: int) -> None:
    commands: list[str | Command] = ["RPUSH k a b c 1 2 3 c c"]
    commands += [f"LINDEX k {index}" for index in (0, 1, 7, 8, -1, -8, -9)]
    commands += [f"LRANGE k {a} {b}" for a in (0, 2, -3, -100, 8) for b in (0, 3, -1, -3, -100, 100)]
    commands += [
        "LPOS k c", "LPOS k c RANK 2", "LPOS k c RANK -1", "LPOS k c COUNT 0", "LPOS k c RANK -2 COUNT 2",
        "LPOS k c RANK 9", "LPOS k c RANK 9 COUNT 0", "LPOS k c MAXLEN 2", "LPOS k c MAXLEN 3 COUNT 0",
        "LPOS k c RANK -1 MAXLEN 1 COUNT 0", "LPOS k nope", "LPOS k nope COUNT 1", "LPOS none a", "LPOS none a COUNT 0",
        "LPOS k c RANK", "LPOS k c BAD 1", "LPOS k c rank 1 count 1 maxlen 0", "LPOS k c RANK 0", "LPOS k 1",
    ]  # fmt: skip
    oracle.compare(commands, resp=resp)


def test_changes(oracle: Peer) -> None:
    oracle.compare(
        [
            "RPUSH k a b c a b c", "LSET k 0 x", "LSET k -1 y", "LSET k 9 z", "LINSERT k BEFORE b i",
            "LINSERT k after b j",
            "LINSERT k before nope j", "LINSERT none BEFORE a b", "LINSERT k MIDDLE a b", "LRANGE k 0 -1", "LREM k 1 b",
            "LREM k -1 a", "LREM k 0 c", "LREM k 5 nope", "LRANGE k 0 -1", "LTRIM k 1 -2", "LRANGE k 0 -1",
            "LTRIM k 5 9",
            "EXISTS k", "RPUSH k a", "LREM k 0 a", "EXISTS k", "LSET k 0 a", "LTRIM k 0 0",
        ]
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_moves(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "RPUSH k a b c d", "LMOVE k o LEFT RIGHT", "LMOVE k o right left", "RPOPLPUSH k o", "LRANGE o 0 -1",
            "LMOVE k k LEFT RIGHT", "RPOPLPUSH o o", "LRANGE o 0 -1", "LMOVE none o LEFT LEFT", "RPOPLPUSH none o",
            "LMOVE k o UP LEFT", "LMOVE k o LEFT", "LMOVE k o LEFT LEFT", "EXISTS k", "LRANGE o 0 -1",
            "BLMOVE o k LEFT LEFT 0", "BRPOPLPUSH o k 0.5", "BLMOVE o k LEFT SIDE 0", "LRANGE k 0 -1",
            "RPUSH one x", "LMOVE one one LEFT LEFT", "RPOPLPUSH one one", "LRANGE one 0 -1",
        ],
        resp=resp,
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_pops_of_the_first_list_that_has_any(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "RPUSH k a b c d e f", "LMPOP 1 k LEFT", "LMPOP 2 none k RIGHT COUNT 2", "LMPOP 2 none other LEFT",
            "LMPOP 1 k LEFT COUNT 1 COUNT 2", "LMPOP 1 k LEFT COUNT", "LMPOP 1 k", "LMPOP 3 k LEFT", "LMPOP 1 k SIDE",
            "LMPOP 1 k LEFT BAD 1", "LMPOP", "BLMPOP 0 1 k left count 1", "BLMPOP 0 2 none k RIGHT COUNT 9", "EXISTS k",
            "RPUSH k a b", "BLPOP none k 0", "BRPOP none k 0", "EXISTS k", "BLMPOP 0.1 3 k LEFT",
        ],
        resp=resp,
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_nothing_waits_in_a_transaction(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "MULTI",
            "BLPOP k 0",
            "BRPOP k 0",
            "BLMPOP 0 1 k LEFT",
            "BLMOVE k o LEFT LEFT 0",
            "BRPOPLPUSH k o 0",
            "EXEC",
        ],
        resp=resp,
    )


def test_the_wrong_type(oracle: Peer) -> None:
    oracle.compare(
        [
            "SET s v", "RPUSH k a", "LPUSH s a", "RPUSH s a b", "LPUSHX s a", "RPUSHX s a", "LPOP s", "RPOP s 2",
            "LPOP s x",
            "LLEN s", "LINDEX s 0", "LINDEX s x", "LRANGE s 0 1", "LRANGE s x 1", "LPOS s a", "LPOS s a RANK 0",
            "LSET s 0 a",
            "LSET s x a", "LINSERT s BEFORE a b", "LINSERT s SIDE a b", "LREM s 0 a", "LTRIM s 0 1",
            "LMPOP 2 none s LEFT",
            "LMOVE s k LEFT LEFT", "LMOVE k s LEFT LEFT", "RPOPLPUSH s k", "RPOPLPUSH k s", "RPOPLPUSH none s",
            "BLPOP none s 0", "BRPOP s 0", "BLMPOP 0 1 s LEFT", "BLMOVE s k LEFT LEFT 0", "BLMOVE k s LEFT LEFT 0",
            "BRPOPLPUSH k s 0", "LRANGE k 0 -1", "GET k", "GET s",
        ]
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_waiting_clients_are_served_in_order_of_arrival(oracle: Peer, resp: int) -> None:
    oracle.compare_clients(
        [
            (1, "BLPOP k other 0"), (2, "BRPOP k 0"), (3, "BLMPOP 0 2 k other LEFT COUNT 2"), (4,
            "BLMOVE k o LEFT RIGHT 0"),
            (5, "BRPOPLPUSH k o 0"), (6, "RPUSH k a b"), (6, "LRANGE k 0 -1"), (6, "RPUSH k c d e f"), (6,
            "RPUSH k g h"),
            (6, "LRANGE o 0 -1"), (6, "EXISTS k"),
        ],
        resp=resp,
    )  # fmt: skip


def test_a_push_of_another_type_or_to_another_key_serves_nobody(oracle: Peer) -> None:
    oracle.compare_clients(
        [
            (1, "BLPOP k 0"), (2, "SET k v"), (2, "DEL k"), (2, "SADD k a"), (2, "DEL k"), (2, "RPUSH other a"),
            (2, "SELECT 1"), (2, "RPUSH k a"), (2, "SELECT 0"), (2, "RPUSH k b"), (1, "PING"),
        ]
    )  # fmt: skip


def test_a_transaction_serves_when_it_has_ended(oracle: Peer) -> None:
    oracle.compare_clients(
        [
            (1, "BLPOP k 0"), (2, "BLPOP k 0"), (3, "MULTI"), (3, "RPUSH k a"), (3, "LPUSH k b"), (3, "DEL k"),
            (3, "RPUSH k c d"), (3, "LRANGE k 0 -1"), (3, "EXEC"), (3, "EXISTS k"),
        ]
    )  # fmt: skip


def test_keys_that_become_lists_by_other_ways(oracle: Peer) -> None:
    oracle.compare_clients(
        [
            (1, "BLPOP k 0"), (2, "RPUSH s 2 1"), (2, "RENAME s k"), (2, "LRANGE k 0 -1"), (2, "DEL k"), (1,
            "BLPOP k 0"),
            (2, "RPUSH s x"), (2, "COPY s k"), (2, "EXISTS k"), (1, "BLPOP k 0"), (2, "SORT s ALPHA STORE k"),
            (1, "BLPOP k 0"), (2, "SELECT 1"), (2, "RPUSH k m"), (2, "MOVE k 0"), (2, "SELECT 0"),
            (1, "BLPOP k 0"), (2, "RENAMENX s k"), (1, "BLPOP k 0"), (2, "SELECT 1"), (2, "RPUSH k swapped"), (2,
            "SWAPDB 0 1"),
        ]
    )  # fmt: skip


def test_served_clients_feed_others(oracle: Peer) -> None:
    oracle.compare_clients(
        [
            (1, "BLMOVE a b LEFT RIGHT 0"), (2, "BLMOVE b c LEFT RIGHT 0"), (3, "BLPOP c 0"), (4, "RPUSH a x"),
            (4, "EXISTS a b c"), (1, "BLMOVE a a LEFT RIGHT 0"), (2, "BLPOP a 0"), (4, "RPUSH a y"), (4, "EXISTS a"),
        ]
    )  # fmt: skip


def test_a_move_to_a_wrong_type_fails_when_it_is_served(oracle: Peer) -> None:
    oracle.compare_clients(
        [
            (1, "BLMOVE a b LEFT RIGHT 0"), (2, "BRPOPLPUSH a b 0"), (3, "BLPOP a 0"), (4, "SET b v"), (4, "RPUSH a x"),
            (4, "EXISTS a"),
        ]
    )  # fmt: skip


def test_a_waiting_client_pipelines(oracle: Peer) -> None:
    oracle.compare_clients([(1, "BLPOP k 0"), (1, "PING"), (1, "LPUSH k z"), (2, "RPUSH k a"), (2, "LRANGE k 0 -1")])


def test_events(oracle: Peer) -> None:
    commands = [
        "RPUSH k a b c d", "LPUSH k x", "LPUSHX k y", "RPUSHX none y", "LPOP k 2", "LPOP k 0", "RPOP k", "LSET k 0 x",
        "LINSERT k BEFORE x y", "LINSERT k BEFORE none y", "LTRIM k 0 9", "LTRIM none 0 9", "LREM k 0 y", "LREM k 0 y",
        "LMOVE k o RIGHT LEFT", "RPOPLPUSH k o", "LMPOP 1 o LEFT COUNT 1", "BLPOP o 0", "RPUSH k a b", "LTRIM k 5 6",
        "RPUSH k a b c", "BLMOVE k k LEFT RIGHT 0", "BRPOPLPUSH k o 0", "BLMPOP 0 2 none k LEFT COUNT 9", "DEL o",
    ]  # fmt: skip
    steps: list[tuple[int, str | Command]] = [
        (1, "CONFIG SET notify-keyspace-events KEA"),
        (2, "PSUBSCRIBE __key*__:*"),
    ]
    steps += [(1, command) for command in commands]
    steps += [
        (3, "BLPOP k 0"),
        (4, "BLMOVE k o LEFT LEFT 0"),
        (1, "RPUSH k a b c"),
        (5, "BRPOP none 0"),
        (6, "BLPOP m 0"),
    ]
    steps += [
        (1, "MULTI"),
        (1, "RPUSH none a"),
        (1, "LPUSH m a"),
        (1, "EXEC"),
        (1, [b"CONFIG", b"SET", b"notify-keyspace-events", b""]),
    ]
    oracle.compare_clients(steps)


def test_a_timeout_gives_nothing(oracle: Peer) -> None:
    """In real time on the other side; what ours does when its time is over is tested without it."""
    for command in ("BLPOP {} 0.01", "BRPOP {} 0.01", "BLMPOP 0.01 1 {} LEFT", "BLMOVE {} o LEFT LEFT 0.01"):
        assert oracle(*command.format("never").encode().split()) == b"*-1\r\n"
    assert oracle(b"BRPOPLPUSH", b"never", b"o", b"0.01") == b"*-1\r\n"


@pytest.mark.parametrize("size", [-1, -2, 5, 128])
def test_encodings(valkey_oracle: Peer, size: int) -> None:
    """As from Redis 7.2 on; redis-server 7.0 says quicklist of every list."""
    valkey_oracle.compare(
        [f"CONFIG SET list-max-listpack-size {size}"]
        + [
            command
            for step in range(12)
            for command in ([b"RPUSH", b"k", b"x" * (700 + step)], [b"OBJECT", b"ENCODING", b"k"])
        ]
        + ["LTRIM k 0 5", "OBJECT ENCODING k", "LPOP k 4", "OBJECT ENCODING k", [b"LSET", b"k", b"0", b"y" * 9000]]
        + ["OBJECT ENCODING k", "LSET k 0 z", "OBJECT ENCODING k", [b"LINSERT", b"k", b"BEFORE", b"z", b"y" * 70000]]
        + ["OBJECT ENCODING k", "LREM k 1 z", "OBJECT ENCODING k", "CONFIG SET list-max-listpack-size -2"]
    )


def test_a_quicklist_stays_one_until_half_its_limit_is_left(valkey_oracle: Peer) -> None:
    shrinking = [["LSET k 0 x", "OBJECT ENCODING k", "RPOP k", "OBJECT ENCODING k"] for _ in range(4)]
    valkey_oracle.compare(
        ["CONFIG SET list-max-listpack-size 4", "RPUSH k a b c d e", *sum(shrinking, []), "DEL k", "RPUSH k a b c d e"]
        + ["LREM k 1 b", "OBJECT ENCODING k", "LSET k 0 x", "OBJECT ENCODING k", "LINSERT k BEFORE x y", "LTRIM k 1 3"]
        + ["OBJECT ENCODING k", "LSET k 0 z", "OBJECT ENCODING k", "CONFIG SET list-max-listpack-size -2"]
    )


ELEMENTS = st.sampled_from([b"a", b"b", b"1", b"-5", b"", b"x" * 300, b"12345678901234567890"])
INDEXES = st.integers(-12, 12).map(lambda number: b"%d" % number)
KEYS = st.sampled_from([b"k", b"l"])
SIDES = st.sampled_from([b"LEFT", b"RIGHT"])
COMMANDS = st.one_of(
    st.tuples(st.sampled_from([b"LPUSH", b"RPUSH", b"LPUSHX"]), KEYS, ELEMENTS),
    st.tuples(st.just(b"RPUSH"), KEYS, ELEMENTS, ELEMENTS, ELEMENTS),
    st.tuples(st.sampled_from([b"LPOP", b"RPOP", b"LLEN"]), KEYS),
    st.tuples(st.sampled_from([b"LPOP", b"RPOP"]), KEYS, st.sampled_from([b"0", b"1", b"3"])),
    st.tuples(st.just(b"LINDEX"), KEYS, INDEXES),
    st.tuples(st.sampled_from([b"LRANGE", b"LRANGE", b"LTRIM"]), KEYS, INDEXES, INDEXES),
    st.tuples(st.just(b"LSET"), KEYS, INDEXES, ELEMENTS),
    st.tuples(st.just(b"LREM"), KEYS, st.sampled_from([b"0", b"1", b"-1", b"-2"]), ELEMENTS),
    st.tuples(st.just(b"LINSERT"), KEYS, st.sampled_from([b"BEFORE", b"AFTER"]), ELEMENTS, ELEMENTS),
    st.tuples(st.just(b"LMOVE"), KEYS, KEYS, SIDES, SIDES),
    st.tuples(st.just(b"LMPOP"), st.just(b"2"), KEYS, KEYS, SIDES, st.just(b"COUNT"), st.sampled_from([b"1", b"2"])),
    st.tuples(st.just(b"LPOS"), KEYS, ELEMENTS, st.just(b"COUNT"), st.just(b"0"), st.just(b"RANK"), INDEXES),
)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(COMMANDS, min_size=10, max_size=60))
def test_any_sequence_of_commands(oracle: Peer, commands: list[tuple[bytes, ...]]) -> None:
    sequence: list[str | Command] = [list(command) for command in commands]
    oracle.compare([*sequence, "LRANGE k 0 -1", "LRANGE l 0 -1"])


@pytest.mark.parametrize(
    ("waits", "build", "ends"),
    [
        ("BLPOP k 0", "RPUSH k a b", "LRANGE k 0 -1"),
        ("BLMOVE k o LEFT RIGHT 0", "RPUSH k a b", "LRANGE o 0 -1"),
        ("BLMPOP 0 1 k LEFT COUNT 2", "RPUSH k a b c", "LRANGE k 0 -1"),
        ("BZPOPMIN k 0", "ZADD k 1 a 2 b", "ZRANGE k 0 -1"),
        ("BZMPOP 0 1 k MAX COUNT 2", "ZADD k 1 a 2 b 3 c", "ZRANGE k 0 -1"),
        ("XREAD BLOCK 0 STREAMS k 0", "XADD k 1-1 f v", "XLEN k"),
    ],
)
def test_what_comes_by_restore_rename_move_or_copy_serves_too(oracle: Peer, waits: str, build: str, ends: str) -> None:
    maker = oracle.theirs.connect()
    maker.pipeline([[b"DEL", b"k"], build.encode().split()])
    payload = elements_of_bulk(maker(b"DUMP", b"k"))
    maker.close()
    elsewhere = build.replace(" k ", " elsewhere ", 1)
    for ways in (
        [[b"RESTORE", b"k", b"0", payload]],
        [elsewhere, "RENAME elsewhere k"],
        [elsewhere, "COPY elsewhere k"],
        ["SELECT 1", build, "MOVE k 0", "SELECT 0"],
        ["MULTI", elsewhere, "RENAMENX elsewhere k", "EXEC"],
        ["SELECT 1", build, "SWAPDB 0 1", "SELECT 0"],
    ):
        steps: list[tuple[int, str | Command]] = [(1, waits), (2, waits)]
        steps += [(3, way) for way in ways]
        oracle.compare_clients([*steps, (3, ends), (1, "PING")])


def elements_of_bulk(reply: bytes) -> bytes:
    """The text of a bulk string."""
    return reply[reply.index(b"\r\n") + 2 : -2]


def test_timeouts_beyond_a_double_are_timeouts_all_the_same(valkey_oracle: Peer) -> None:
    texts = ("1e400", "-1e400", "0x1p5000", "-0x1p5000", "1e5000", "1e309x")
    valkey_oracle.compare(["RPUSH k 1 2", *[f"BLPOP missing {text}" for text in texts], "BLPOP k 1e-400"])
