"""Every type of value: saved and loaded, whole and in pieces, in every form that an older or newer server writes."""

import random
import struct
from collections.abc import Callable

import pytest

from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.lists import ListValue
from miniredis.datatypes.sets import SetValue
from miniredis.datatypes.sorted_sets import SortedSet
from miniredis.datatypes.stream_groups import UNKNOWN_READ
from miniredis.datatypes.stream_ids import make_id
from miniredis.datatypes.streams import StreamValue
from miniredis.datatypes.value import Value
from miniredis.formats import intset, listpack
from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.rdb_values import build_registry
from miniredis.formats.registry import (
    CommandSink,
    CountedLoader,
    PackedLoader,
    ValueCodec,
    ValueLoader,
    ValueRegistry,
    module_type_name,
    rdb_version_of,
)

REDIS = 12
VALKEY = 80


class Commands(CommandSink):
    def __init__(self) -> None:
        self.list: list[list[bytes]] = []

    def command(self, arguments: list[bytes]) -> None:
        self.list.append(arguments)


def text(data: bytes) -> bytes:
    sink = RdbSink(compress=False)
    sink.write_string(data)
    return sink.take()


def length(number: int) -> bytes:
    sink = RdbSink()
    sink.write_length(number)
    return sink.take()


def time_ms(number: int) -> bytes:
    return struct.pack("<q", number)


@pytest.fixture
def limits() -> EncodingLimits:
    return EncodingLimits()


@pytest.fixture
def registry(limits: EncodingLimits) -> ValueRegistry:
    return build_registry(limits)


def load(registry: ValueRegistry, code: int, body: bytes, version: int = REDIS) -> object:
    """The value of a body, read at once; it must end where the body ends."""
    source = RdbSource(body)
    source.finish()
    loader = registry.loader(code, version)
    assert loader.advance(source, 1 << 60)
    assert source.at_end() and not loader.is_empty()
    return loader.value


def load_in_pieces(registry: ValueRegistry, code: int, body: bytes, size: int, budget: int) -> object:
    source = RdbSource()
    loader = registry.loader(code, REDIS)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    while True:
        try:
            if loader.advance(source, budget):
                return loader.value
        except IncompleteError:
            source.feed(pieces.pop(0))
            while not source.refill():
                source.feed(pieces.pop(0))


def contents(value: object) -> object:
    """What can be compared."""
    if isinstance(value, HashValue):
        items = value.items()
        return dict(zip(items[::2], items[1::2], strict=True)), dict(value.expiries())
    if isinstance(value, SetValue):
        return sorted(value.members())
    if isinstance(value, SortedSet):
        return value.pairs(0, value.size())
    if isinstance(value, ListValue):
        return value.range(0, -1)
    if isinstance(value, StreamValue):
        groups = {
            name: (
                group.last_id,
                group.entries_read,
                sorted(group.consumers),
                [(each.id, each.consumer.name, each.delivered_ms, each.deliveries) for each in group.pending.all()],
            )
            for name, group in value.groups.items()
        }
        entries = [(entry.id, entry.items) for entry in value.range(0, make_id(1 << 63, 0))]
        return entries, value.last_id, value.first_id, value.max_deleted_id, value.entries_added, groups
    return bytes(value)  # type: ignore[call-overload]


def make_list(limits: EncodingLimits, count: int) -> ListValue:
    value = ListValue(limits)
    value.extend_right([b"%d" % (number * 31) if number % 3 else b"text %d" % number for number in range(count)])
    return value


def make_set(limits: EncodingLimits, members: list[bytes]) -> SetValue:
    value = SetValue(limits, members[0], len(members))
    for member in members:
        value.add(member)
    return value


def make_sorted_set(limits: EncodingLimits, count: int) -> SortedSet:
    value = SortedSet(limits)
    for number in range(count):
        value.put(b"member:%d" % number, [number / 7, -1.5e300, float("inf"), -0.0, 17.0][number % 5])
    return value


def make_hash(limits: EncodingLimits, count: int, expiring: int = 0) -> HashValue:
    value = HashValue(limits)
    for number in range(count):
        value.set(b"field:%d" % number, b"%d" % number if number % 2 else b"value %d" % number)
    for number in range(expiring):
        value.expire_field(b"field:%d" % number, 1_900_000_000_000 + number * 1000)
    return value


def make_stream(limits: EncodingLimits, count: int) -> StreamValue:
    value = StreamValue(limits)
    for number in range(count):
        items = [b"a", b"%d" % number, b"b", b"x"] if number % 4 else [b"other", b"fields %d" % number]
        value.add(make_id(1000 + number // 3, number % 3), items)
    for number in (2, 3, count - 2):
        value.delete(make_id(1000 + number // 3, number % 3))
    return value


def make_groups(value: StreamValue) -> StreamValue:
    from miniredis.datatypes.stream_groups import Group

    group = Group(value.last_id, 5)
    value.groups[b"readers"] = group
    for name in (b"alice", b"bob", b"idle"):
        group.consumer(name, 1234).active_ms = 1234
    for entry in value.range(0, value.last_id, 20):
        group.give(entry.id, group.consumers[b"alice" if entry.id % 2 else b"bob"], 5678, entry.id % 3 + 1)
    value.groups[b"empty"] = Group(0, UNKNOWN_READ)
    return value


VALUES: dict[str, Callable[[EncodingLimits], object]] = {
    "string": lambda limits: b"a string",
    "integer": lambda limits: b"-1234",
    "changed string": lambda limits: bytearray(b"ab" * 300),
    "small list": lambda limits: make_list(limits, 10),
    "large list": lambda limits: make_list(limits, 5000),
    "intset": lambda limits: make_set(limits, [b"%d" % number for number in range(-50, 400)]),
    "small set": lambda limits: make_set(limits, [b"a", b"b", b"1"]),
    "large set": lambda limits: make_set(limits, [b"member %d" % number for number in range(2000)]),
    "small sorted set": lambda limits: make_sorted_set(limits, 20),
    "large sorted set": lambda limits: make_sorted_set(limits, 3000),
    "small hash": lambda limits: make_hash(limits, 10),
    "large hash": lambda limits: make_hash(limits, 1500),
    "expiring hash": lambda limits: make_hash(limits, 10, 4),
    "large expiring hash": lambda limits: make_hash(limits, 1500, 1500),
    "stream": lambda limits: make_stream(limits, 700),
    "stream with groups": lambda limits: make_groups(make_stream(limits, 100)),
    "empty stream": lambda limits: StreamValue(limits),
}


def make_plain_list(limits: EncodingLimits) -> ListValue:
    value = make_list(limits, 3)
    value.load_plain(b"x" * 100_000)
    return value


VALUES["list with a plain node"] = make_plain_list


@pytest.mark.parametrize("name", VALUES)
def test_what_was_saved_is_loaded(name: str, limits: EncodingLimits, registry: ValueRegistry) -> None:
    value = VALUES[name](limits)
    codec = registry.codec(value)
    code = codec.code_for(value)
    assert code in codec.codes()
    sink = RdbSink()
    codec.save(value, sink)
    body = sink.take()
    loaded = load(registry, code, body)
    assert contents(loaded) == contents(value)
    if isinstance(loaded, Value) and isinstance(value, Value):
        loaded._check()  # type: ignore[attr-defined]
        assert loaded.encoding() == value.encoding() or name == "small set"
        assert codec.type_name() == value.type_name()
    assert registry.digest(loaded, -1) == registry.digest(value, -1)
    assert codec.free_effort(value) >= 0
    for size, budget in ((1, 1000), (7, 3), (10_000, 50)):
        if size > 1 or len(body) < 5000:
            assert contents(load_in_pieces(registry, code, body, size, budget)) == contents(value)
    for cut in range(0, len(body), max(1, len(body) // 100)):
        with pytest.raises((FormatError, AssertionError)):
            load(registry, code, body[:cut])


def test_the_version_is_the_oldest_that_can_say_it(limits: EncodingLimits, registry: ValueRegistry) -> None:
    plain, expiring = make_hash(limits, 3), make_hash(limits, 3, 1)
    assert rdb_version_of(registry.codec(plain).code_for(plain)) == 10
    assert rdb_version_of(registry.codec(expiring).code_for(expiring)) == 12


HASH_ITEMS = [b"f", b"v", b"g", b"12"]
LISTPACK = listpack.encode(HASH_ITEMS)
FORMS = {
    "list": (1, length(3) + text(b"a") + text(b"2") + text(b"c"), [b"a", b"2", b"c"]),
    "list of nodes": (18, length(2) + length(2) + text(listpack.encode([b"a"])) + length(1) + text(b"b"), [b"a", b"b"]),
    "empty node": (18, length(2) + length(2) + text(listpack.encode([])) + length(2) + text(LISTPACK), HASH_ITEMS),
    "set": (2, length(2) + text(b"b") + text(b"a"), [b"a", b"b"]),
    "intset": (11, text(intset.encode([-5, 70000])), [b"-5", b"70000"]),
    "set as listpack": (20, text(listpack.encode([b"1", b"2"])), [b"1", b"2"]),
    "text scores": (3, length(2) + text(b"a") + b"\x031.5" + text(b"b") + b"\xfe", [b"a", 1.5, b"b", float("inf")]),
    "binary scores": (5, length(1) + text(b"a") + struct.pack("<d", -2.5), [b"a", -2.5]),
    "scores as listpack": (17, text(listpack.encode([b"a", b"1.5", b"b", b"2"])), [b"a", 1.5, b"b", 2.0]),
    "hash": (4, length(2) + b"".join(map(text, HASH_ITEMS)), ({b"f": b"v", b"g": b"12"}, {})),
    "hash as listpack": (16, text(LISTPACK), ({b"f": b"v", b"g": b"12"}, {})),
    "hash as zipmap": (9, text(b"\x02\x01f\x01\x00v\x01g\x02\x0012\xff"), ({b"f": b"v", b"g": b"12"}, {})),
    "expiry before the release": (
        22,
        length(2) + length(5000) + text(b"f") + text(b"v") + length(0) + text(b"g") + text(b"12"),
        ({b"f": b"v", b"g": b"12"}, {b"f": 5000}),
    ),
    "packed expiry before the release": (
        23,
        text(listpack.encode([b"f", b"v", b"5000", b"g", b"12", b"0"])),
        ({b"f": b"v", b"g": b"12"}, {b"f": 5000}),
    ),
    "expiry": (
        24,
        time_ms(5000) + length(2) + length(1) + text(b"f") + text(b"v") + length(0) + text(b"g") + text(b"12"),
        ({b"f": b"v", b"g": b"12"}, {b"f": 5000}),
    ),
    "packed expiry": (
        25,
        time_ms(5000) + text(listpack.encode([b"f", b"v", b"5000", b"g", b"12", b"0"])),
        ({b"f": b"v", b"g": b"12"}, {b"f": 5000}),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_other_servers_are_read(name: str, registry: ValueRegistry) -> None:
    code, body, expected = FORMS[name]
    assert contents(load(registry, code, body)) == expected
    assert contents(load_in_pieces(registry, code, body, 1, 1)) == expected


def test_ziplists_are_read(registry: ValueRegistry) -> None:
    from miniredis.formats import ziplist

    blob = b"\x17\0\0\0\x13\0\0\0\x04\0" + b"\0\x01f" + b"\x03\x01v" + b"\x03\x01g" + b"\x03\xfe\x0c" + b"\xff"
    assert ziplist.decode(blob) == HASH_ITEMS
    assert contents(load(registry, 13, text(blob))) == ({b"f": b"v", b"g": b"12"}, {})
    assert contents(load(registry, 10, text(blob))) == HASH_ITEMS
    assert contents(load(registry, 14, length(2) + text(blob) + text(blob))) == HASH_ITEMS * 2
    scores = b"\x11\0\0\0\x0d\0\0\0\x02\0" + b"\0\x01a" + b"\x03\xf3" + b"\xff"
    scores = bytes([len(scores)]) + scores[1:]
    assert contents(load(registry, 12, text(scores))) == [b"a", 2.0]


def test_fields_of_valkey_expire(registry: ValueRegistry) -> None:
    body = length(2) + text(b"f") + text(b"v") + time_ms(5000) + text(b"g") + text(b"12") + time_ms(-1)
    assert contents(load(registry, 22, body, VALKEY)) == ({b"f": b"v", b"g": b"12"}, {b"f": 5000})


def test_a_node_larger_than_any_setting_makes_is_split(registry: ValueRegistry) -> None:
    elements = [b"element number %d" % number for number in range(20_000)]
    value = load(registry, 18, length(1) + length(2) + text(listpack.encode(elements)))
    assert isinstance(value, ListValue) and value.block_count() > 1
    assert contents(value) == elements


def test_streams_of_every_version_are_read(registry: ValueRegistry) -> None:
    node = text(struct.pack(">QQ", 5, 0)) + text(
        listpack.encode(
            [b"2", b"1", b"1", b"a", b"0", b"2", b"0", b"0", b"x", b"4", b"3", b"0", b"1", b"y", b"4"]
            + [b"0", b"2", b"0", b"1", b"b", b"z", b"6"]
        )
    )
    entry = struct.pack(">QQ", 5, 0)
    head = length(2) + length(9) + length(0)
    edges = length(5) + length(0) + length(5) + length(1) + length(4)
    pending = length(1) + entry + time_ms(77) + length(3)
    consumer = length(1) + text(b"c") + time_ms(88)
    group = text(b"g") + length(5) + length(0)
    bodies = {
        15: length(1) + node + head + length(1) + group + pending + consumer + length(1) + entry,
        19: length(1) + node + head + edges + length(1) + group + length(1) + pending + consumer + length(1) + entry,
        21: length(1) + node + head + edges + length(1) + group + length((1 << 64) - 1) + pending
        + consumer + time_ms(99) + length(1) + entry,
    }  # fmt: skip
    added = {15: 2, 19: 4, 21: 4}
    read = {15: 1, 19: 1, 21: UNKNOWN_READ}
    deleted = {15: 0, 19: make_id(5, 1), 21: make_id(5, 1)}
    for code, body in bodies.items():
        value = load(registry, code, body)
        assert isinstance(value, StreamValue)
        value._check()
        entries = [(make_id(5, 0), [b"a", b"x"]), (make_id(7, 0), [b"b", b"z"])]
        groups = {b"g": (make_id(5, 0), read[code], [b"c"], [(make_id(5, 0), b"c", 77, 3)])}
        assert contents(value) == (entries, make_id(9, 0), make_id(5, 0), deleted[code], added[code], groups)
        assert value.groups[b"g"].consumers[b"c"].active_ms == (99 if code == 21 else 88)
        assert contents(load_in_pieces(registry, code, body, 1, 1)) == contents(value)


def test_a_stream_node_without_living_entries_is_dropped(registry: ValueRegistry) -> None:
    blob = listpack.encode([b"0", b"1", b"1", b"a", b"0", b"3", b"0", b"0", b"x", b"4"])
    body = length(1) + text(struct.pack(">QQ", 5, 0)) + text(blob) + length(0) + length(5) + length(0) + length(0)
    value = load(registry, 15, body)
    assert isinstance(value, StreamValue) and value.block_count() == 0 and value.last_id == make_id(5, 0)


def test_a_stream_node_larger_than_any_setting_makes_is_split(registry: ValueRegistry) -> None:
    elements = [b"2000", b"0", b"1", b"a", b"0"]
    for number in range(2000):
        elements += [b"2", b"%d" % number, b"0", b"x", b"4"]
    body = length(1) + text(struct.pack(">QQ", 5, 0)) + text(listpack.encode(elements))
    value = load(registry, 15, body + length(2000) + length(5000) + length(0) + length(0))
    assert isinstance(value, StreamValue) and value.block_count() > 1 and value.size() == 2000
    value._check()


def stream_body(elements: list[bytes], tail: bytes = b"", key: bytes = struct.pack(">QQ", 5, 0)) -> bytes:
    return length(1) + text(key) + text(listpack.encode(elements)) + tail


GOOD_NODE = [b"1", b"0", b"1", b"a", b"0", b"2", b"0", b"0", b"x", b"4"]
GOOD_HEAD = length(1) + length(5) + length(0)
ONE_ID = struct.pack(">QQ", 5, 0)
ONE_PENDING = ONE_ID + time_ms(0) + length(1)
GROUP = text(b"g") + length(5) + length(0)
CONSUMER = text(b"c") + time_ms(0)
CORRUPT = {
    "list container": (18, length(1) + length(3) + text(listpack.encode([b"a"]))),
    "set twice": (2, length(2) + text(b"a") + text(b"a")),
    "packed set twice": (20, text(listpack.encode([b"a", b"a"]))),
    "sorted set twice": (5, length(2) + (text(b"a") + struct.pack("<d", 1)) * 2),
    "packed sorted set twice": (17, text(listpack.encode([b"a", b"1", b"a", b"1"]))),
    "odd sorted set": (17, text(listpack.encode([b"a", b"1", b"b"]))),
    "score": (17, text(listpack.encode([b"a", b"x"]))),
    "score nan": (5, length(1) + text(b"a") + struct.pack("<d", float("nan"))),
    "hash twice": (4, length(2) + (text(b"a") + text(b"1")) * 2),
    "odd hash": (16, text(listpack.encode([b"a", b"1", b"b"]))),
    "expiry negative": (24, time_ms(-5000) + length(1) + length(1) + text(b"f") + text(b"v")),
    "expiry far": (22, length(1) + length(1 << 60) + text(b"f") + text(b"v")),
    "packed expiry text": (25, time_ms(1) + text(listpack.encode([b"f", b"v", b"x"]))),
    "packed expiry negative": (25, time_ms(1) + text(listpack.encode([b"f", b"v", b"-3"]))),
    "packed expiry odd": (25, time_ms(1) + text(listpack.encode([b"f", b"v"]))),
    "stream key": (15, stream_body(GOOD_NODE, GOOD_HEAD + length(0), key=b"short")),
    "stream entry number": (15, stream_body([b"1", b"0", b"1", b"a", b"0", b"x", b"0", b"0", b"x", b"4"])),
    "stream head": (15, stream_body([b"1", b"0", b"1", b"a", b"5", b"2", b"0", b"0", b"x", b"4"])),
    "stream fields": (15, stream_body([b"1", b"0", b"-1", b"0"])),
    "stream fields cut": (15, stream_body([b"1", b"0", b"9", b"0"])),
    "stream entry cut": (15, stream_body(GOOD_NODE[:-1])),
    "stream entry size": (15, stream_body(GOOD_NODE[:-1] + [b"5"])),
    "stream entries": (15, stream_body([b"2", *GOOD_NODE[1:]])),
    "stream order": (15, stream_body([b"2", *GOOD_NODE[1:], b"2", b"0", b"0", b"x", b"4"])),
    "stream before its node": (15, stream_body([*GOOD_NODE[:6], b"-1", *GOOD_NODE[7:]])),
    "stream nodes": (15, length(2) + (text(ONE_ID) + text(listpack.encode(GOOD_NODE))) * 2),
    "stream length": (15, stream_body(GOOD_NODE, length(2) + length(5) + length(0) + length(0))),
    "stream last": (15, stream_body(GOOD_NODE, length(1) + length(4) + length(0) + length(0))),
    "stream added": (19, stream_body(GOOD_NODE, GOOD_HEAD + length(0) * 4 + length(1 << 63) + length(0))),
    "group twice": (15, stream_body(GOOD_NODE, GOOD_HEAD + length(2) + (GROUP + length(0) + length(0)) * 2)),
    "pending twice": (15, stream_body(GOOD_NODE, GOOD_HEAD + length(1) + GROUP + length(2) + ONE_PENDING * 2)),
    "pending alone": (15, stream_body(GOOD_NODE, GOOD_HEAD + length(1) + GROUP + length(1) + ONE_PENDING + length(0))),
    "owned but not pending": (
        15,
        stream_body(GOOD_NODE, GOOD_HEAD + length(1) + GROUP + length(0) + length(1) + CONSUMER + length(1) + ONE_ID),
    ),
    "consumer twice": (
        15,
        stream_body(GOOD_NODE, GOOD_HEAD + length(1) + GROUP + length(0) + length(2) + (CONSUMER + length(0)) * 2),
    ),
    "unknown type": (99, b""),
    "unknown module": (7, length(1 << 60)),
}


@pytest.mark.parametrize("name", CORRUPT)
def test_corrupt_values_are_refused(name: str, registry: ValueRegistry) -> None:
    code, body = CORRUPT[name]
    with pytest.raises(FormatError) as problem:
        load(registry, code, body)
    assert str(problem.value) != "unexpected end"


def test_an_expiry_of_valkey_is_minus_one_or_a_time(registry: ValueRegistry) -> None:
    with pytest.raises(FormatError):
        load(registry, 22, length(1) + text(b"f") + text(b"v") + time_ms(-2), VALKEY)


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (1, length(0)),
        (2, length(0)),
        (4, length(0)),
        (5, length(0)),
        (24, time_ms(0) + length(0)),
        (16, text(listpack.encode([]))),
        (18, length(1) + length(2) + text(listpack.encode([]))),
    ],
)
def test_empty_values_are_marked(code: int, body: bytes, registry: ValueRegistry) -> None:
    source = RdbSource(body)
    source.finish()
    loader = registry.loader(code, REDIS)
    assert loader.advance(source, 1000) and loader.is_empty()


def test_mutated_bodies_are_loaded_or_refused(limits: EncodingLimits, registry: ValueRegistry) -> None:
    chance = random.Random(6)
    refused = 0
    for make in VALUES.values():
        value = make(limits)
        codec = registry.codec(value)
        code = codec.code_for(value)
        sink = RdbSink()
        codec.save(value, sink)
        body = sink.take()
        if len(body) > 30_000:
            continue
        for _ in range(60):
            damaged = bytearray(body)
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(min(len(damaged), 200))] = chance.randrange(256)
            source = RdbSource(bytes(damaged))
            source.finish()
            try:
                loader = registry.loader(chance.choice([code, code, chance.randrange(27)]), chance.choice([12, 80]))
                loader.advance(source, 1 << 60)
            except FormatError:
                refused += 1
                continue
            if isinstance(loader.value, Value):
                loader.value._check()  # type: ignore[attr-defined]
    assert refused > 100


def test_replayed_commands(limits: EncodingLimits, registry: ValueRegistry) -> None:
    def replay(value: object) -> list[list[bytes]]:
        sink = Commands()
        registry.codec(value).replay(b"k", value, sink)
        return sink.list

    assert replay(b"v") == [[b"SET", b"k", b"v"]]
    assert replay(bytearray(b"v")) == [[b"SET", b"k", b"v"]]
    assert [len(command) for command in replay(make_list(limits, 130))] == [66, 66, 4]
    assert replay(make_set(limits, [b"1", b"2"])) == [[b"SADD", b"k", b"1", b"2"]]
    scores = SortedSet(limits)
    scores.put(b"a", 1.5)
    assert replay(scores) == [[b"ZADD", b"k", b"1.5", b"a"]]
    assert replay(make_hash(limits, 2, 1)) == [
        [b"HMSET", b"k", b"field:0", b"value 0", b"field:1", b"1"],
        [b"HPEXPIREAT", b"k", b"1900000000000", b"FIELDS", b"1", b"field:0"],
    ]
    stream = StreamValue(limits)
    assert replay(stream) == [
        [b"XADD", b"k", b"MAXLEN", b"0", b"0-1", b"x", b"y"],
        [b"XSETID", b"k", b"0-0", b"ENTRIESADDED", b"0", b"MAXDELETEDID", b"0-0"],
    ]
    stream.add(make_id(5, 0), [b"a", b"1"])
    stream.add(make_id(5, 1), [b"a", b"2"])
    stream.delete(make_id(5, 1))
    commands = replay(make_groups(stream))
    assert commands[0] == [b"XADD", b"k", b"5-0", b"a", b"1"]
    assert commands[1] == [b"XSETID", b"k", b"5-1", b"ENTRIESADDED", b"2", b"MAXDELETEDID", b"5-1"]
    assert commands[2] == [b"XGROUP", b"CREATE", b"k", b"readers", b"5-1", b"ENTRIESREAD", b"5"]
    claim = b"XCLAIM k readers bob 0 5-0 TIME 5678 RETRYCOUNT 3 JUSTID FORCE".split()
    assert claim[:5] in [command[:5] for command in commands]
    assert commands[-1] == [b"XGROUP", b"CREATE", b"k", b"empty", b"0-0", b"ENTRIESREAD", b"-1"]


class CounterValue(Value):
    """A value of a module."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count


class CounterLoader(ValueLoader):
    def advance(self, source: RdbSource, budget: int) -> bool:
        if budget == 0:
            return False
        self.value = CounterValue(source.read_length())
        return True


class CounterCodec(ValueCodec):
    def load(self, code: int, version: int) -> ValueLoader:
        return CounterLoader()


def test_a_module_brings_its_type(registry: ValueRegistry) -> None:
    registry.register_module(7 << 10, CounterCodec(), CounterValue)
    body = length(7 << 10) + length(42)
    value = load(registry, 7, body)
    assert isinstance(value, CounterValue) and value.count == 42
    assert registry.codec(value).free_effort(value) == 1
    loader = registry.loader(7, REDIS)
    with pytest.raises(IncompleteError):
        loader.advance(RdbSource(body[:1]), 1)
    assert not registry.loader(7, REDIS).advance(RdbSource(body), 0)
    registry.unregister_module(7 << 10, CounterValue)
    with pytest.raises(FormatError, match="AAAAAAAAH"):
        load(registry, 7, body)


def test_digests_say_whether_a_key_expires(registry: ValueRegistry) -> None:
    from miniredis.formats.digest import digest_text

    assert digest_text(registry.digest(b"v", -1)) != digest_text(registry.digest(b"v", 5))
    assert registry.digest_entry(b"k", b"v", -1) != registry.digest_entry(b"l", b"v", -1)
    assert registry.codec(b"v").type_name() == b"string"


def test_a_modules_name_is_in_its_id() -> None:
    assert module_type_name(0) == "AAAAAAAAA"
    assert module_type_name((1 << 64) - 1) == "_________"


def test_base_classes_do_nothing_of_their_own(registry: ValueRegistry) -> None:
    source = RdbSource(b"\x01\x01a")
    codec = ValueCodec()
    for call in (
        lambda: CommandSink().command([]),
        lambda: ValueLoader().advance(source, 1),
        lambda: CountedLoader().advance(RdbSource(b"\x01"), 1),
        lambda: PackedLoader(1).advance(RdbSource(b"\x01a"), 1),
        lambda: PackedLoader(1)._take([]),
        codec.type_name,
        codec.digest_number,
        codec.codes,
        lambda: codec.code_for(b""),
        lambda: codec.save(b"", RdbSink()),
        lambda: codec.load(0, 0),
        lambda: codec.digest(b"", 0),
        lambda: codec.replay(b"", b"", CommandSink()),
    ):
        with pytest.raises(AssertionError):
            call()
    assert not ValueLoader().is_empty()
