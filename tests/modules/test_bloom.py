"""Bloom and cuckoo filters: never a false no, few false yes, bounded memory, the replies of RedisBloom."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniredis.formats.errors import FormatError
from miniredis.modules.bloom_filter import BloomFilter, FilterFull
from miniredis.modules.cuckoo_filter import CuckooFilter
from miniredis.modules.filters import WITHOUT_LIMIT, put_chunk
from miniredis.modules.items import ItemReader, ItemWriter
from miniredis.testing.memory import MemoryClient
from modules.servers import call, serving

BLOOM = b"miniredis.modules.bloom"


def items(prefix: bytes, count: int) -> list[bytes]:
    return [b"%s-%d" % (prefix, number) for number in range(count)]


@pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
@pytest.mark.parametrize("capacity", [100, 5000])
def test_the_error_rate_is_kept_also_after_it_has_grown(rate: float, capacity: int):
    found = BloomFilter(capacity, rate, 2)
    for item in items(b"in", 5000):
        found.add(item, WITHOUT_LIMIT)
    assert all(found.has(item) for item in items(b"in", 5000))
    wrong = sum(found.has(item) for item in items(b"out", 20000))
    # Three standard deviations above what was asked for.
    assert wrong <= 20000 * rate + 3 * (20000 * rate) ** 0.5


def test_a_cuckoo_filter_has_few_false_answers_too():
    found = CuckooFilter(8192, 2, 20, 1)
    for item in items(b"in", 7000):
        assert found.add(item, WITHOUT_LIMIT)
    assert all(found.has(item) for item in items(b"in", 7000))
    layers = len(found.layers)
    wrong = sum(found.has(item) for item in items(b"out", 20000))
    # Two buckets of two marks of 255 in each layer.
    expected = 20000 * 4 / 255 * layers
    assert wrong <= expected + 3 * expected**0.5


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 5),
    st.integers(1, 4),
    st.lists(st.tuples(st.booleans(), st.binary(max_size=2)), max_size=200),
)
def test_a_cuckoo_filter_never_loses_an_item(
    capacity: int, bucket: int, expansion: int, steps: list[tuple[bool, bytes]]
):
    found = CuckooFilter(capacity, bucket, 5, expansion)
    held: dict[bytes, int] = {}
    for add, item in steps:
        if add:
            if found.add(item, WITHOUT_LIMIT):
                held[item] = held.get(item, 0) + 1
        elif held.get(item):
            assert found.remove(item)
            held[item] -= 1
    assert found.items == sum(held.values())
    assert all(found.count(item) >= count for item, count in held.items())
    twin = found.copy()
    assert twin.layers == found.layers and all(twin.layers[0] is not layer for layer in found.layers)


def test_adding_and_asking():
    _, client = serving(BLOOM)
    assert call(client, "BF.EXISTS b x") == b":0\r\n"
    assert call(client, "BF.CARD b") == b":0\r\n"
    assert call(client, "BF.ADD b x") == b":1\r\n"
    assert call(client, "BF.ADD b x") == b":0\r\n"
    assert call(client, "BF.MADD b x y") == b"*2\r\n:0\r\n:1\r\n"
    assert call(client, "BF.MEXISTS b x y z") == b"*3\r\n:1\r\n:1\r\n:0\r\n"
    assert call(client, "BF.CARD b") == b":2\r\n"
    call(client, "HELLO 3")
    assert call(client, "BF.ADD b w") == b"#t\r\n"
    assert call(client, "BF.EXISTS b v") == b"#f\r\n"
    assert call(client, "BF.INFO b ITEMS") == b"%1\r\n$24\r\nNumber of items inserted\r\n:3\r\n"


def test_reserving():
    _, client = serving(BLOOM)
    assert call(client, "BF.RESERVE b 0.001 500 EXPANSION 4") == b"+OK\r\n"
    assert call(client, "BF.RESERVE b 0.001 500") == b"-ERR item exists\r\n"
    assert call(client, "BF.INFO b CAPACITY") == b"*1\r\n:500\r\n"
    assert call(client, "BF.INFO b EXPANSION") == b"*1\r\n:4\r\n"
    assert call(client, "BF.INFO b WHAT") == b"-ERR Invalid information value\r\n"
    assert call(client, "BF.INFO b SIZE SIZE").startswith(b"-ERR wrong number")
    assert call(client, "BF.INFO none") == b"-ERR not found\r\n"
    call(client, "SET s v")
    assert call(client, "BF.ADD s x").startswith(b"-WRONGTYPE")


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("k x 10", b"-ERR bad error rate\r\n"),
        ("k 1 10", b"-ERR (0 < error rate range < 1)\r\n"),
        ("k nan 10", b"-ERR "),
        ("k 0.1 x", b"-ERR bad capacity\r\n"),
        ("k 0.1 0", b"-ERR capacity: value must be"),
        ("k 0.1 10 EXPANSION -1", b"-ERR expansion: value must be"),
        ("k 0.1 10 EXPANSION", b"-ERR syntax error\r\n"),
        ("k 0.1 10 WHAT", b"-ERR syntax error\r\n"),
        ("k 0.1 10 NONSCALING EXPANSION 2", b"-ERR Nonscaling filters cannot expand\r\n"),
        ("k 0.01 1000000000", b"-ERR the filter would be larger than bf.max-filter-bytes allows\r\n"),
        ("k 1e-300 10", b"-ERR the filter would be larger than bf.max-filter-bytes allows\r\n"),
    ],
)
def test_arguments_are_checked(words: str, reply: bytes):
    _, client = serving(BLOOM)
    assert call(client, f"BF.RESERVE {words}").startswith(reply)
    assert call(client, "EXISTS k") == b":0\r\n"


def test_inserting_with_options():
    _, client = serving(BLOOM)
    assert call(client, "BF.INSERT b NOCREATE ITEMS x") == b"-ERR not found\r\n"
    assert call(client, "BF.INSERT b CAPACITY 2 ERROR 0.001 NONSCALING ITEMS x y z") == (
        b"*3\r\n:1\r\n:1\r\n-ERR non scaling filter is full\r\n"
    )
    assert call(client, "BF.ADD b z") == b"-ERR non scaling filter is full\r\n"
    assert call(client, "BF.INFO b EXPANSION") == b"*1\r\n$-1\r\n"
    assert call(client, "BF.INSERT b ERROR ITEMS").startswith(b"-ERR bad error rate")
    assert call(client, "BF.INSERT b WHAT 1 ITEMS x") == b"-ERR unknown argument received\r\n"
    assert call(client, "BF.INSERT b NOCREATE ITEMS").startswith(b"-ERR wrong number of arguments")


def test_a_filter_does_not_outgrow_its_bound():
    _, client = serving(BLOOM)
    assert call(client, "CONFIG SET bf.max-filter-bytes 1024") == b"+OK\r\n"
    refused = 0
    for number in range(2000):
        refused += call(client, f"BF.ADD b {number}").startswith(b"-ERR the filter would be larger")
    assert refused > 1000
    for number in range(1200):
        call(client, f"CF.ADD f {number}")
    assert call(client, "CF.ADD f more") == b"-ERR Filter is full\r\n"
    assert b":-1" in call(client, "CF.INSERT f ITEMS a b c d e f g h i j k l m n o p")


def copy_by_chunks(client: MemoryClient, kind: bytes) -> None:
    iterator = b"0"
    while True:
        reply = client.call(kind + b".SCANDUMP", b"from", iterator)
        head, _, rest = reply.partition(b"\r\n$")
        iterator = head.split(b":")[1]
        if iterator == b"0":
            return
        data = rest.split(b"\r\n", 1)[1][:-2]
        assert client.call(kind + b".LOADCHUNK", b"to", iterator, data) == b"+OK\r\n"


@pytest.mark.parametrize("kind", [b"BF", b"CF"])
def test_a_filter_can_be_moved_in_chunks(kind: bytes):
    _, client = serving(BLOOM)
    for item in items(b"in", 500):
        client.call(kind + b".ADD", b"from", item)
    copy_by_chunks(client, kind)
    assert call(client, "DEBUG DIGEST-VALUE to") == call(client, "DEBUG DIGEST-VALUE from")
    name = kind.decode()
    assert call(client, f"{name}.LOADCHUNK none 5 x") == b"-ERR not found\r\n"
    assert call(client, f"{name}.LOADCHUNK to 1 x") == b"-ERR received bad data\r\n"
    assert call(client, f"{name}.LOADCHUNK to 999999999 x") == b"-ERR received bad data\r\n"
    assert call(client, f"{name}.SCANDUMP none 0") == b"-ERR not found\r\n"
    assert call(client, f"{name}.SCANDUMP to 99999999") == b"*2\r\n:0\r\n$0\r\n\r\n"


def test_a_chunk_that_crosses_a_part_is_refused():
    with pytest.raises(FormatError):
        put_chunk([bytearray(4), bytearray(4)], 2, b"abc")


def test_cuckoo_commands():
    _, client = serving(BLOOM)
    assert call(client, "CF.EXISTS f x") == b":0\r\n"
    assert call(client, "CF.COUNT f x") == b":0\r\n"
    assert call(client, "CF.DEL f x") == b"-ERR Not found\r\n"
    assert call(client, "CF.INFO f") == b"-ERR not found\r\n"
    assert call(client, "CF.INSERT f NOCREATE ITEMS x") == b"-ERR not found\r\n"
    assert call(client, "CF.RESERVE f 100 BUCKETSIZE 4 MAXITERATIONS 10 EXPANSION 2") == b"+OK\r\n"
    assert call(client, "CF.RESERVE f 100") == b"-ERR item exists\r\n"
    assert call(client, "CF.ADD f x") == b":1\r\n"
    assert call(client, "CF.ADDNX f x") == b":0\r\n"
    assert call(client, "CF.INSERT f ITEMS x y") == b"*2\r\n:1\r\n:1\r\n"
    assert call(client, "CF.INSERTNX f CAPACITY 5 ITEMS x z") == b"*2\r\n:0\r\n:1\r\n"
    assert call(client, "CF.MEXISTS f x y q") == b"*3\r\n:1\r\n:1\r\n:0\r\n"
    assert call(client, "CF.COUNT f x") == b":2\r\n"
    assert call(client, "CF.DEL f x") == b":1\r\n"
    assert call(client, "CF.DEL f q") == b":0\r\n"
    assert b"$23\r\nNumber of items deleted\r\n:1\r\n$11\r\nBucket size\r\n:4\r\n" in call(client, "CF.INFO f")
    call(client, "HELLO 3")
    assert call(client, "CF.INSERT f ITEMS w") == b"*1\r\n#t\r\n"
    for words in ("g 100 BUCKETSIZE", "g 100 WHAT 1"):
        assert call(client, f"CF.RESERVE {words}") == b"-ERR syntax error\r\n"
    assert call(client, "CF.RESERVE g 10000000000").startswith(b"-ERR the filter would be larger")
    assert call(client, "CF.INSERT f WHAT 1 ITEMS x") == b"-ERR unknown argument received\r\n"
    assert call(client, "CF.INSERT f NOCREATE ITEMS").startswith(b"-ERR wrong number of arguments")


@pytest.mark.parametrize("value", [BloomFilter(10, 0.01, 2), CuckooFilter(10, 2, 5, 1)])
def test_a_filter_survives_saving(value: BloomFilter | CuckooFilter):
    for item in items(b"in", 100):
        value.add(item, WITHOUT_LIMIT)
    saved = ItemWriter()
    value.save(saved)
    loaded = type(value).load(ItemReader(saved.items), value.ENCODING)
    again = ItemWriter()
    loaded.save(again)
    assert again.items == saved.items
    copied = ItemWriter()
    value.copy().save(copied)
    assert copied.items == saved.items


@pytest.mark.parametrize("value", [BloomFilter(10, 0.01, 2), CuckooFilter(10, 2, 5, 1)])
def test_damaged_data_is_refused(value: BloomFilter | CuckooFilter):
    saved = ItemWriter()
    value.save(saved)
    for place, (kind, item) in enumerate(saved.items):
        wrong: int | float | bytes = b"" if isinstance(item, bytes) else 7.0 if isinstance(item, float) else 1 << 50
        damaged = [*saved.items[:place], (kind, wrong), *saved.items[place + 1 :]]
        try:
            type(value).load(ItemReader(damaged), value.ENCODING)
        except FormatError:
            continue
        # Counts of what happened may be anything.
        assert isinstance(value, CuckooFilter) and place in (3, 4, 5)
    with pytest.raises(FormatError):
        type(value).load_head(ItemReader(saved.items), 1)


def test_a_filter_has_no_more_layers_than_it_may():
    value = BloomFilter(1, 0.5, 1)
    with pytest.raises(FilterFull):
        for item in items(b"in", 100000):
            value.add(item, WITHOUT_LIMIT)
    assert len(value.layers) == 64


def test_the_default_rate_must_be_one():
    server, client = serving()
    assert call(client, "MODULE LOADEX miniredis.modules.bloom CONFIG bf.error-rate 2").startswith(
        b"-ERR Error loading"
    )
    assert any("bf.error-rate" in text for _, text in server.logged)
