"""Time series: samples, aggregation, rules, labels, with the replies of RedisTimeSeries."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniredis.dispatch.sinks import LogSink, Replay
from miniredis.formats.errors import FormatError
from miniredis.modules import series, series_reading
from miniredis.modules.items import ItemReader, ItemWriter
from miniredis.modules.series import Series, bucket_of
from miniredis.testing.memory import MemoryClient
from modules.servers import call, serving

TIMESERIES = b"miniredis.modules.timeseries"


@pytest.fixture
def client() -> MemoryClient:
    _, client = serving(TIMESERIES)
    return client


def samples(reply: bytes) -> list[Any]:
    lines = reply.split(b"\r\n")[1:-1]
    return [(int(lines[at + 1][1:]), float(lines[at + 2][1:])) for at in range(0, len(lines), 3)]


def ranged(client: MemoryClient, words: str) -> list[Any]:
    return samples(call(client, f"TS.RANGE {words}"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(-9, 9)), max_size=60), st.integers(1, 40), st.integers(0, 9))
def test_a_rule_writes_what_the_aggregation_of_the_range_says(
    added: list[tuple[int, int]], bucket_ms: int, align_ms: int
):
    _, client = serving(TIMESERIES)
    call(client, "TS.CREATE from DUPLICATE_POLICY last")
    call(client, "TS.CREATE to")
    call(client, f"TS.CREATERULE from to AGGREGATION avg {bucket_ms} {align_ms}")
    held: dict[int, int] = {}
    for time_ms, value in added:
        call(client, f"TS.ADD from {time_ms} {value}")
        held[time_ms] = value
    buckets: dict[int, list[int]] = {}
    for time_ms in sorted(held):
        buckets.setdefault(bucket_of(time_ms, bucket_ms, align_ms), []).append(held[time_ms])
    expected = [(begin, pytest.approx(fmean(values))) for begin, values in sorted(buckets.items())]
    align = align_ms % bucket_ms
    assert ranged(client, f"from - + ALIGN {align} AGGREGATION avg {bucket_ms}") == expected
    assert ranged(client, "to - +") == expected[:-1]
    assert ranged(client, "to - + LATEST") == expected


def test_adding(client: MemoryClient):
    assert call(client, "TS.CREATE t LABELS a 1") == b"+OK\r\n"
    assert call(client, "TS.CREATE t") == b"-ERR TSDB: key already exists\r\n"
    assert call(client, "TS.ADD t 10 1.5") == b":10\r\n"
    assert call(client, "TS.ADD t 5 1") == b":5\r\n"
    assert call(client, "TS.ADD t 5 2").startswith(b"-ERR TSDB: Error at upsert, update is not supported")
    assert ranged(client, "t - +") == [(5, 1.0), (10, 1.5)]
    assert call(client, "TS.GET t") == b"*2\r\n:10\r\n+1.5\r\n"
    assert call(client, "TS.ADD t * 3") == b":1767225600000\r\n"
    assert call(client, "TS.ADD t x 3") == b"-ERR TSDB: invalid timestamp\r\n"
    assert call(client, "TS.ADD t 1 x") == b"-ERR TSDB: invalid value\r\n"
    assert call(client, "TS.MADD t 20 1 none 1 1 t -1 1") == (
        b"*3\r\n:20\r\n-ERR TSDB: the key does not exist\r\n-ERR TSDB: invalid timestamp\r\n"
    )
    assert call(client, "TS.MADD t 20 1 none").startswith(b"-ERR wrong number")
    call(client, "SET s v")
    assert call(client, "TS.ADD s 1 1").startswith(b"-WRONGTYPE")
    assert call(client, "TS.GET none") == b"-ERR TSDB: the key does not exist\r\n"
    assert call(client, "TS.GET t WHAT") == b"-ERR TSDB: wrong arguments\r\n"


@pytest.mark.parametrize(("policy", "value"), [("first", 5), ("last", 3), ("min", 3), ("max", 5), ("sum", 8)])
def test_policies_for_a_second_sample(policy: str, value: int, client: MemoryClient):
    call(client, "TS.ADD t 1 5")
    assert call(client, f"TS.ADD t 1 3 ON_DUPLICATE {policy}") == b":1\r\n"
    assert ranged(client, "t - +") == [(1, value)]
    call(client, "TS.ALTER t DUPLICATE_POLICY sum")
    call(client, "TS.ADD t 1 1")
    assert ranged(client, "t - +") == [(1, value + 1)]


def test_the_policy_of_the_server(client: MemoryClient):
    call(client, "CONFIG SET timeseries.duplicate-policy max")
    call(client, "TS.ADD t 1 5")
    call(client, "TS.ADD t 1 9")
    assert ranged(client, "t - +") == [(1, 9.0)]


def test_counting_up_and_down(client: MemoryClient):
    assert call(client, "TS.INCRBY t 5 TIMESTAMP 10 LABELS a b") == b":10\r\n"
    assert call(client, "TS.INCRBY t 2 TIMESTAMP 10") == b":10\r\n"
    assert call(client, "TS.DECRBY t 3 TIMESTAMP 11") == b":11\r\n"
    assert ranged(client, "t - +") == [(10, 7.0), (11, 4.0)]
    assert b"equal to or higher" in call(client, "TS.DECRBY t 3 TIMESTAMP 9")
    call(client, "TS.ALTER t IGNORE 1000 100 DUPLICATE_POLICY last")
    assert call(client, "TS.INCRBY t 1 TIMESTAMP 12") == b":11\r\n"


def test_samples_that_say_little_are_dropped_where_asked(client: MemoryClient):
    call(client, "TS.CREATE t DUPLICATE_POLICY last IGNORE 10 1")
    assert [call(client, f"TS.ADD t {time} {value}") for time, value in ((1, 5), (5, 5.5), (6, 8), (20, 8))] == [
        b":1\r\n", b":1\r\n", b":6\r\n", b":20\r\n",
    ]  # fmt: skip
    assert call(client, "TS.MADD t 21 8") == b"*1\r\n:20\r\n"


def test_retention_forgets(client: MemoryClient):
    call(client, "TS.CREATE t RETENTION 10")
    for time in (1, 5, 12, 20):
        call(client, f"TS.ADD t {time} {time}")
    assert ranged(client, "t - +") == [(12, 12.0), (20, 20.0)]
    assert call(client, "TS.ADD t 3 1") == b"-ERR TSDB: Timestamp is older than retention\r\n"
    call(client, "TS.ALTER t RETENTION 2")
    assert ranged(client, "t - +") == [(20, 20.0)]


def test_a_rule_sees_its_bucket_whole_whatever_the_retention(client: MemoryClient):
    call(client, "TS.CREATE t RETENTION 5")
    call(client, "TS.CREATE sums RETENTION 1000")
    call(client, "TS.CREATERULE t sums AGGREGATION sum 100")
    for time in range(0, 120, 10):
        call(client, f"TS.ADD t {time} 1")
    assert ranged(client, "sums - +") == [(0, 10.0)]
    assert ranged(client, "t - +") == [(110, 1.0)]


def test_ranges(client: MemoryClient):
    for time in range(10):
        call(client, f"TS.ADD t {time} {time * time}")
    assert ranged(client, "t 3 5") == [(3, 9.0), (4, 16.0), (5, 25.0)]
    assert ranged(client, "t - + COUNT 2") == [(0, 0.0), (1, 1.0)]
    assert samples(call(client, "TS.REVRANGE t - + COUNT 2")) == [(9, 81.0), (8, 64.0)]
    assert ranged(client, "t - + FILTER_BY_TS 2 4 99 FILTER_BY_VALUE 5 100") == [(4, 16.0)]
    assert ranged(client, "t 7 2") == []
    assert ranged(client, "t - + AGGREGATION count 4 BUCKETTIMESTAMP mid") == [(2, 4.0), (6, 4.0), (10, 2.0)]
    assert ranged(client, "t - + COUNT 1 AGGREGATION max 4 BUCKETTIMESTAMP +") == [(4, 9.0)]
    assert samples(call(client, "TS.REVRANGE t - + COUNT 1 AGGREGATION max 4")) == [(8, 81.0)]
    assert ranged(client, "t 1 9 ALIGN start AGGREGATION first 4") == [(1, 1.0), (5, 25.0), (9, 81.0)]
    assert ranged(client, "t 0 9 ALIGN + AGGREGATION last 4")[0] == (0, 0.0)
    assert ranged(client, "t - + FILTER_BY_VALUE 9 16 AGGREGATION sum 100") == [(0, 25.0)]
    assert call(client, "TS.RANGE t - + AGGREGATION min,max 100") == b"*1\r\n*3\r\n:0\r\n+0\r\n+81\r\n"
    assert call(client, "TS.RANGE none - +") == b"-ERR TSDB: the key does not exist\r\n"


AGGREGATED = {
    "avg": 3.0, "sum": 9.0, "min": 1.0, "max": 6.0, "range": 5.0, "count": 3.0, "first": 2.0, "last": 6.0,
    "var.p": 14 / 3, "var.s": 7.0, "std.p": (14 / 3) ** 0.5, "std.s": 7.0**0.5, "twa": 2.5,
}  # fmt: skip


@pytest.mark.parametrize("name", AGGREGATED)
def test_aggregates(name: str, client: MemoryClient):
    for time, value in ((0, 2), (2, 1), (4, 6)):
        call(client, f"TS.ADD t {time} {value}")
    assert ranged(client, f"t - + AGGREGATION {name} 100") == [(0, pytest.approx(AGGREGATED[name]))]


def test_the_time_weighted_average_reaches_to_its_neighbours(client: MemoryClient):
    for time, value in ((0, 0), (10, 10), (20, 0)):
        call(client, f"TS.ADD t {time} {value}")
    assert ranged(client, "t - + AGGREGATION twa 10") == [(0, 5.0), (10, 5.0), (20, 0.0)]
    assert ranged(client, "t - + ALIGN 5 AGGREGATION twa 10")[1] == (5, 7.5)
    assert series.Series().aggregate(b"twa", 0, 10) != 0.0
    assert ranged(client, "t 0 0 AGGREGATION var.s 10") == [(0, 0.0)]


def test_empty_buckets(client: MemoryClient, monkeypatch: pytest.MonkeyPatch):
    call(client, "TS.ADD t 5 1")
    call(client, "TS.ADD t 35 2")
    assert ranged(client, "t - + AGGREGATION sum 10 EMPTY") == [(0, 1.0), (10, 0.0), (20, 0.0), (30, 2.0)]
    assert ranged(client, "t - + AGGREGATION last 10 EMPTY") == [(0, 1.0), (10, 1.0), (20, 1.0), (30, 2.0)]
    assert b"+NaN" in call(client, "TS.RANGE t - + AGGREGATION max 10 EMPTY")
    monkeypatch.setattr(series_reading, "MOST_BUCKETS", 2)
    assert b"EMPTY would fill more" in call(client, "TS.RANGE t - + AGGREGATION max 10 EMPTY")


def test_deleting_changes_what_rules_have_written(client: MemoryClient):
    call(client, "TS.CREATE t")
    call(client, "TS.CREATE sums")
    call(client, "TS.CREATERULE t sums AGGREGATION sum 10")
    for time in (1, 2, 11, 21, 31):
        call(client, f"TS.ADD t {time} {time}")
    assert ranged(client, "sums - +") == [(0, 3.0), (10, 11.0), (20, 21.0)]
    assert call(client, "TS.DEL t 2 19") == b":2\r\n"
    assert ranged(client, "sums - +") == [(0, 1.0), (20, 21.0)]
    assert call(client, "TS.DEL t 2 19") == b":0\r\n"


def test_rules(client: MemoryClient):
    for key in "abc":
        call(client, f"TS.CREATE {key}")
    assert call(client, "TS.CREATERULE a b AGGREGATION avg 10") == b"+OK\r\n"
    for words, refusal in (
        ("a b AGGREGATION avg 10", b"the destination key already has a src rule"),
        ("b c AGGREGATION avg 10", b"the source key already has a source rule"),
        ("c a AGGREGATION avg 10", b"the destination key already has a dst rule"),
        ("a a AGGREGATION avg 10", b"should be different"),
        ("a c AGGREGATION what 10", b"Unknown aggregation type"),
        ("a c AGGREGATION avg 0", b"must be greater than zero"),
        ("a none AGGREGATION avg 10", b"the key does not exist"),
        ("a c AGGREGATION avg 10 0 0", b"wrong number"),
    ):
        assert refusal in call(client, f"TS.CREATERULE {words}")
    assert b"$5\r\nrules\r\n*1\r\n*4\r\n$1\r\nb\r\n:10\r\n+AVG\r\n:0\r\n" in call(client, "TS.INFO a")
    assert b"$9\r\nsourceKey\r\n$1\r\na\r\n" in call(client, "TS.INFO b")
    assert call(client, "TS.DELETERULE a b") == b"+OK\r\n"
    assert call(client, "TS.DELETERULE a b") == b"-ERR TSDB: compaction rule does not exist\r\n"
    call(client, "TS.CREATERULE a b AGGREGATION avg 10")
    call(client, "DEL b")
    assert [call(client, f"TS.ADD a {time} 1") for time in (1, 20)] == [b":1\r\n", b":20\r\n"]
    assert b"$5\r\nrules\r\n*0\r\n" in call(client, "TS.INFO a")


def test_series_are_found_by_their_labels(client: MemoryClient):
    call(client, "TS.ADD a 1 1 LABELS kind x place p")
    call(client, "TS.ADD b 1 5 LABELS kind x place q")
    call(client, "TS.ADD c 2 3 LABELS kind y")
    for words, keys in (
        ("kind=x", ["a", "b"]),
        ("kind=(x,y) place!=p", ["b", "c"]),
        ("kind=(x,y) place=", ["c"]),
        ("kind=(x,y) place!=", ["a", "b"]),
        ("kind=z", []),
    ):
        reply = b"*%d\r\n" % len(keys) + b"".join(b"$1\r\n%s\r\n" % key.encode() for key in keys)
        assert call(client, f"TS.QUERYINDEX {words}") == reply
    assert b"at least one matcher" in call(client, "TS.QUERYINDEX kind!=x")
    assert b"failed parsing labels" in call(client, "TS.QUERYINDEX kind")
    assert call(client, "TS.MGET FILTER kind=y") == b"*1\r\n*3\r\n$1\r\nc\r\n*0\r\n*2\r\n:2\r\n+3\r\n"
    assert call(client, "TS.MGET SELECTED_LABELS place FILTER kind=y") == (
        b"*1\r\n*3\r\n$1\r\nc\r\n*1\r\n*2\r\n$5\r\nplace\r\n$-1\r\n*2\r\n:2\r\n+3\r\n"
    )
    assert call(client, "TS.MRANGE - + WITHLABELS FILTER kind=y") == (
        b"*1\r\n*3\r\n$1\r\nc\r\n*1\r\n*2\r\n$4\r\nkind\r\n$1\r\ny\r\n*1\r\n*2\r\n:2\r\n+3\r\n"
    )
    assert call(client, "TS.MREVRANGE - + COUNT 1 FILTER kind=x GROUPBY kind REDUCE sum") == (
        b"*1\r\n*3\r\n$6\r\nkind=x\r\n*0\r\n*1\r\n*2\r\n:1\r\n+6\r\n"
    )
    assert b"__source__\r\n$3\r\na,b\r\n" in call(
        client, "TS.MRANGE - + WITHLABELS FILTER kind=x GROUPBY kind REDUCE max"
    )
    for words in (
        "- + WITHLABELS SELECTED_LABELS a FILTER kind=x",
        "- + SELECTED_LABELS FILTER kind=x",
        "- + FILTER kind=x GROUPBY kind REDUCE twa",
        "- + COUNT 1 COUNT 2",
        "- + FILTER kind=x GROUPBY kind",
    ):
        assert call(client, f"TS.MRANGE {words}").startswith(b"-ERR TSDB:")


def test_series_that_a_user_may_not_read_are_not_told():
    server, client = serving(TIMESERIES)
    call(client, "TS.ADD open 1 1 LABELS kind x")
    call(client, "TS.ADD secret 1 1 LABELS kind x")
    call(client, "ACL SETUSER tom on nopass ~open +@timeseries")
    tom = server.connect()
    call(tom, "AUTH tom x")
    assert call(tom, "TS.MGET FILTER kind=x").startswith(b"-NOPERM")
    call(client, "DEL secret")
    assert call(tom, "TS.MGET FILTER kind=x").startswith(b"*1\r\n")


@pytest.mark.parametrize(
    "words",
    [
        "RETENTION", "RETENTION x", "CHUNK_SIZE 50", "CHUNK_SIZE 1", "ENCODING what", "DUPLICATE_POLICY what",
        "IGNORE 1", "IGNORE 1 -1", "LABELS a", "WHAT 1", "ON_DUPLICATE last", "TIMESTAMP 1",
    ],
)  # fmt: skip
def test_options_are_checked(words: str, client: MemoryClient):
    assert call(client, f"TS.CREATE t {words}").startswith(b"-ERR TSDB:")
    assert client.call(b"TS.CREATE", b"t", b"LABELS", b"", b"x").startswith(b"-ERR TSDB:")
    assert call(client, "EXISTS t") == b":0\r\n"


@pytest.mark.parametrize(
    "words",
    [
        "x +", "- x", "- + COUNT x", "- + ALIGN -", "- + AGGREGATION what 1", "- + AGGREGATION avg 0", "- + EMPTY",
        "- + FILTER_BY_TS", "- + FILTER_BY_VALUE 1", "- + AGGREGATION avg 1 BUCKETTIMESTAMP x",
        "- + ALIGN x AGGREGATION avg 1", "- + FILTER a=b",
    ],
)  # fmt: skip
def test_ranges_are_checked(words: str, client: MemoryClient):
    call(client, "TS.ADD t 1 1")
    assert call(client, f"TS.RANGE t {words}").startswith(b"-ERR TSDB:")


def test_info(client: MemoryClient):
    call(client, "TS.CREATE t RETENTION 99 ENCODING UNCOMPRESSED CHUNK_SIZE 64 DUPLICATE_POLICY min LABELS a b")
    for time in range(10):
        call(client, f"TS.ADD t {time} 1")
    info = call(client, "TS.INFO t DEBUG")
    for part in (
        b"totalSamples\r\n:10\r\n", b"retentionTime\r\n:99\r\n", b"chunkCount\r\n:3\r\n", b"chunkType\r\n+uncompressed",
        b"duplicatePolicy\r\n+min", b"labels\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", b"keySelfName\r\n$1\r\nt\r\n",
    ):  # fmt: skip
        assert part in info
    assert call(client, "TS.INFO none").startswith(b"-ERR TSDB: the key does not exist")


def test_replies_of_resp3(client: MemoryClient):
    call(client, "HELLO 3")
    call(client, "TS.ADD t 1 1.5 LABELS a b")
    call(client, "TS.CREATE u")
    call(client, "TS.CREATERULE t u AGGREGATION avg 10")
    assert call(client, "TS.GET t") == b"*2\r\n:1\r\n,1.5\r\n"
    assert call(client, "TS.GET u") == b"*0\r\n"
    assert call(client, "TS.GET u LATEST") == b"*2\r\n:0\r\n,1.5\r\n"
    assert call(client, "TS.QUERYINDEX a=b") == b"~1\r\n$1\r\nt\r\n"
    assert call(client, "TS.MGET WITHLABELS FILTER a=b") == (
        b"%1\r\n$1\r\nt\r\n*2\r\n%1\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n:1\r\n,1.5\r\n"
    )
    assert call(client, "TS.MRANGE - + FILTER a=b AGGREGATION max 10") == (
        b"%1\r\n$1\r\nt\r\n*3\r\n%0\r\n%1\r\n$11\r\naggregators\r\n*1\r\n$3\r\nmax\r\n*1\r\n*2\r\n:0\r\n,1.5\r\n"
    )
    assert b"$8\r\nreducers\r\n*1\r\n$3\r\nmax\r\n" in call(client, "TS.MRANGE - + FILTER a=b GROUPBY a REDUCE max")
    assert b"$5\r\nrules\r\n%1\r\n$1\r\nu\r\n*3\r\n:10\r\n+AVG\r\n:0\r\n" in call(client, "TS.INFO t")


class Recorded(LogSink):
    def __init__(self) -> None:
        self.commands: list[list[bytes]] = []

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        self.commands.append(argv)

    def append_block(self, commands: list[Replay]) -> None:
        self.commands += [each.argv for each in commands]


def test_what_is_replayed_makes_the_same_series_elsewhere():
    server, client = serving(TIMESERIES)
    log = Recorded()
    server.engine.log_sinks.append(log)
    server.engine.refresh_listening()
    for words in (
        "TS.CREATE t LABELS a b", "TS.CREATE u", "TS.CREATERULE t u AGGREGATION twa 1000", "TS.ADD t * 1.1",
        "TS.MADD t 5 1 none 1 1 t 5 2", "TS.ADD t 5 9", "TS.INCRBY t 0.1", "TS.ADD new * 5 RETENTION 77",
        "TS.DEL t 5 5",
        "TS.ALTER t RETENTION 123456",
    ):  # fmt: skip
        call(client, words)
        server.advance(3)
    other, reader = serving(TIMESERIES)
    other.advance(1000)
    for argv in log.commands:
        assert not reader.call(*argv).startswith(b"-")
    for key in ("t", "u", "new"):
        assert call(reader, f"DEBUG DIGEST-VALUE {key}") == call(client, f"DEBUG DIGEST-VALUE {key}")


def test_saving_and_damage():
    value = Series()
    value.labels = {b"a": b"b"}
    value.rules = [series.Rule(b"u", b"avg", 10, 0)]
    for time in range(5):
        value.put(time, time, b"block")
    saved = ItemWriter()
    value.save(saved)
    again = ItemWriter()
    Series.load(ItemReader(saved.items), 600).save(again)
    assert again.items == saved.items
    assert value.free_effort() == 1 and value.memory() > 400
    kinds = [kind for kind, _ in saved.items]
    for place, wrong in ((3, b"what"), (12, b"what"), (13, 0), (15, b"\0" * 8), (16, b"\0" * 8)):
        damaged = [*saved.items[:place], (kinds[place], wrong), *saved.items[place + 1 :]]
        with pytest.raises(FormatError):
            Series.load(ItemReader(damaged), 600)
