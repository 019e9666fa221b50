"""Streams and their consumer groups against plain dicts."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.packed_entries import LISTPACK_HEADER
from miniredis.datatypes.stream_blocks import StreamEntry, read_varint
from miniredis.datatypes.stream_entries import varint
from miniredis.datatypes.stream_groups import CHUNK, UNKNOWN_READ, Consumer, Group, Pending, PendingMap
from miniredis.datatypes.stream_ids import (
    MAX_ID,
    SEQ_MAX,
    format_id,
    make_id,
    parse_id,
    radix_tree_nodes,
)
from miniredis.datatypes.streams import StreamValue


def limits_with(entries: int = 100, size: int = 4096) -> EncodingLimits:
    limits = EncodingLimits()
    limits.stream_node_max_entries = entries
    limits.stream_node_max_bytes = size
    return limits


def stream_of(count: int, entries: int = 100) -> StreamValue:
    """Entries 1-0, 2-0, ... with their number as value."""
    stream = StreamValue(limits_with(entries))
    for number in range(1, count + 1):
        stream.add(make_id(number, 0), [b"f", b"%d" % number])
    return stream


def numbers(entries: list[StreamEntry]) -> list[int]:
    return [int(entry.items[1]) for entry in entries]


def test_ids_are_written_and_read() -> None:
    assert format_id(make_id(5, 7)) == b"5-7"
    assert parse_id(b"5-7", 0) == make_id(5, 7)
    assert parse_id(b"5", 9) == make_id(5, 9)
    assert parse_id(b"18446744073709551615-18446744073709551615", 0) == MAX_ID


@pytest.mark.parametrize(
    ("text", "entry_id"),
    [
        (b"007-1", make_id(7, 1)),
        (b" 8-+1", make_id(8, 1)),
        (b"\t9--01", make_id(9, SEQ_MAX)),
        (b"000000000000000000000000018-1", make_id(18, 1)),
        (b"19-1\0junk", make_id(19, 1)),
        (b"+00--0", 0),
        (b"5--9223372036854775809", make_id(5, (1 << 63) - 1)),
    ],
)
def test_odd_ids_are_read_as_redis_reads_them(text: bytes, entry_id: int) -> None:
    assert parse_id(text, 0) == entry_id


@pytest.mark.parametrize(
    "text",
    [b"", b"-", b"+", b"5-", b"-5", b"5--5", b"x", b"5-x", b"13-1 ", b"1 6-1", b"20-0x1", b"5-1-1", b"9" * 200]
    + [b"18446744073709551616", b"5-18446744073709551616", b"+99999999999999999999999-1", b"99999999999999999999"],
)
def test_what_is_no_id(text: bytes) -> None:
    assert parse_id(text, 0) == -1


def test_the_size_of_the_radix_tree() -> None:
    """Numbers a real server gave as radix-tree-nodes."""
    assert radix_tree_nodes([]) == 1
    assert radix_tree_nodes([make_id(1, 1)]) == 2
    assert radix_tree_nodes([make_id(1, 1), make_id(1, 2)]) == 4
    assert radix_tree_nodes([make_id(1, 0), make_id(256, 0)]) == 6


@given(st.integers(0, 1 << 64))
def test_varints_come_back(number: int) -> None:
    raw = b"x" + varint(number) + b"y"
    assert read_varint(raw, 1) == (number, len(raw) - 1)


def test_an_empty_stream_has_nothing() -> None:
    stream = StreamValue(EncodingLimits())
    assert (stream.size(), stream.type_name(), stream.encoding()) == (0, b"stream", b"stream")
    assert stream.range(0, MAX_ID) == stream.reverse_range(0, MAX_ID) == []
    assert stream.get(5) is None
    assert not stream.delete(5)
    assert stream.trim_to_length(0, False, 0) == stream.trim_to_id(9, False, 0) == 0
    assert stream.last_living_id() == 0
    assert stream.memory() > 0
    stream._check()


def test_next_ids() -> None:
    stream = StreamValue(EncodingLimits())
    assert stream.next_id(0) == make_id(0, 1)
    assert stream.next_id(7) == make_id(7, 0)
    stream.add(make_id(7, SEQ_MAX), [b"f", b"v"])
    assert stream.next_id(6) == make_id(8, 0)
    assert stream.next_id_at(7) == -1
    assert stream.next_id_at(6) == -1
    assert stream.next_id_at(8) == make_id(8, 0)
    stream.add(make_id(8, 3), [b"f", b"v"])
    assert stream.next_id_at(8) == make_id(8, 4)
    stream.last_id = MAX_ID
    assert stream.next_id(9) == -1


def test_ranges_from_both_ends() -> None:
    stream = stream_of(250, 10)
    assert stream.block_count() == 25
    assert numbers(stream.range(0, MAX_ID)) == list(range(1, 251))
    assert numbers(stream.range(make_id(95, 1), make_id(122, 0))) == list(range(96, 123))
    assert numbers(stream.range(make_id(95, 0), MAX_ID, 3)) == [95, 96, 97]
    assert numbers(stream.reverse_range(0, MAX_ID)) == list(range(250, 0, -1))
    assert numbers(stream.reverse_range(make_id(95, 1), make_id(122, 5), 4)) == [122, 121, 120, 119]
    assert numbers(stream.reverse_range(make_id(119, 0), make_id(121, 5))) == [121, 120, 119]
    assert stream.range(make_id(5, 1), make_id(5, 9)) == []
    assert stream.reverse_range(0, 5) == []
    entry = stream.get(make_id(42, 0))
    assert entry is not None
    assert (entry.id, entry.items) == (make_id(42, 0), [b"f", b"42"])


def test_entries_with_other_fields_and_distant_ids() -> None:
    stream = StreamValue(EncodingLimits())
    entries = [
        (make_id(1, SEQ_MAX), [b"f", b"v"]),
        (make_id(2, 0), [b"g", b"w", b"f", b""]),
        (make_id(2, SEQ_MAX - 1), [b"f", b"x" * 300]),
        (make_id(1 << 63, 5), [b"f", b"1", b"f", b"2"]),
        (MAX_ID, [b"f", b"end"]),
    ]
    for entry_id, items in entries:
        stream.add(entry_id, items)
    assert stream.block_count() == 1
    assert [(entry.id, entry.items) for entry in stream.range(0, MAX_ID)] == entries
    assert [(entry.id, entry.items) for entry in stream.reverse_range(0, MAX_ID)] == entries[::-1]
    stream._check()


def test_a_block_ends_at_its_limit_of_entries_or_bytes() -> None:
    stream = StreamValue(limits_with(3, 0))
    for number in range(1, 8):
        stream.add(number, [b"f", b"v" * 5000])
    assert [stream.block(place).count for place in range(stream.block_count())] == [3, 3, 1]
    stream = StreamValue(limits_with(0, 120))
    for number in range(1, 30):
        stream.add(number, [b"field", b"value"])
    assert stream.block_count() == 5
    assert stream.block(0).fields is stream.block(1).fields
    assert stream.block(0).listpack_bytes() > LISTPACK_HEADER


def test_deletion_flags_an_entry_and_drops_an_empty_block() -> None:
    stream = stream_of(9, 3)
    assert stream.delete(make_id(5, 0))
    assert not stream.delete(make_id(5, 0))
    assert not stream.delete(make_id(5, 1))
    assert not stream.delete(make_id(99, 0))
    assert not stream.delete(0)
    assert stream.max_deleted_id == make_id(5, 0)
    assert numbers(stream.range(0, MAX_ID)) == [1, 2, 3, 4, 6, 7, 8, 9]
    assert numbers(stream.reverse_range(0, MAX_ID)) == [9, 8, 7, 6, 4, 3, 2, 1]
    for number in (4, 6):
        stream.delete(make_id(number, 0))
    assert stream.block_count() == 2
    assert stream.first_id == make_id(1, 0)
    stream.delete(make_id(1, 0))
    assert stream.first_id == make_id(2, 0)
    assert stream.max_deleted_id == make_id(6, 0)
    for number in (2, 3, 7, 8, 9):
        stream.delete(make_id(number, 0))
    assert (stream.size(), stream.first_id, stream.last_id) == (0, 0, make_id(9, 0))
    stream._check()


def test_trimming_to_a_length() -> None:
    stream = stream_of(30, 10)
    assert stream.trim_to_length(25, True, 0) == 0
    assert stream.trim_to_length(19, True, 5) == 0
    assert stream.trim_to_length(19, True, 10) == 10
    assert stream.trim_to_length(16, False, 0) == 4
    assert numbers(stream.range(0, MAX_ID)) == list(range(15, 31))
    assert stream.first_id == make_id(15, 0)
    assert stream.max_deleted_id == 0
    stream._check()
    assert stream.trim_to_length(3, False, 0) == 13
    assert stream.trim_to_length(5, False, 0) == 0
    assert stream.trim_to_length(0, False, 0) == 3
    assert stream.first_id == 0
    stream._check()


def test_trimming_to_an_id() -> None:
    stream = stream_of(30, 10)
    assert stream.trim_to_id(make_id(20, 0), True, 0) == 10
    assert stream.trim_to_id(make_id(25, 0), True, 5) == 0
    assert stream.trim_to_id(make_id(25, 0), False, 0) == 14
    assert numbers(stream.range(0, MAX_ID)) == [25, 26, 27, 28, 29, 30]
    stream.delete(make_id(30, 0))
    assert stream.trim_to_id(make_id(30, 0), False, 0) == 5
    assert (stream.size(), stream.block_count(), stream.first_id) == (0, 1, 0)
    stream.add(make_id(40, 0), [b"f", b"40"])
    assert stream.first_id == make_id(40, 0)
    stream._check()
    assert stream.trim_to_id(MAX_ID, False, 0) == 1
    assert stream.block_count() == 0


def test_lag_as_a_group_reads_on() -> None:
    stream = stream_of(5)
    group = Group(0, UNKNOWN_READ)
    assert stream.lag(group) == 5
    for number in (1, 2):
        stream.advance(group, make_id(number, 0))
    stream.advance(group, make_id(1, 0))
    assert (group.entries_read, stream.lag(group), group.last_id) == (2, 3, make_id(2, 0))
    stream.delete(make_id(4, 0))
    assert stream.lag(group) is None
    stream.advance(group, make_id(3, 0))
    assert group.entries_read == UNKNOWN_READ
    stream.advance(group, make_id(5, 0))
    assert (group.entries_read, stream.lag(group)) == (5, 0)
    group.last_id = make_id(99, 0)
    group.entries_read = UNKNOWN_READ
    assert stream.lag(group) is None
    stream.trim_to_length(0, False, 0)
    group.last_id = make_id(2, 0)
    assert stream.lag(group) == 0


def test_lag_of_streams_never_used_or_trimmed() -> None:
    stream = StreamValue(EncodingLimits())
    group = Group(0, UNKNOWN_READ)
    assert stream.lag(group) == 0
    assert stream.entries_read_at(0) == 0
    stream.advance(group, 5)
    assert group.entries_read == UNKNOWN_READ
    stream = stream_of(9)
    stream.trim_to_length(4, False, 0)
    group = Group(make_id(6, 0), UNKNOWN_READ)
    assert stream.lag(group) == 3
    group.last_id = make_id(7, 0)
    assert stream.lag(group) is None


def test_blocks_are_loaded_as_a_file_has_them() -> None:
    stream = stream_of(25, 10)
    stream.delete(make_id(13, 0))
    twin = StreamValue(stream.limits)
    for place in range(stream.block_count()):
        block = stream.block(place)
        twin.load_block(block.master_id, block.fields, block.all_entries())
    twin.first_id, twin.last_id = stream.first_id, stream.last_id
    twin._check()
    assert numbers(twin.range(0, MAX_ID)) == numbers(stream.range(0, MAX_ID))
    assert twin.tree_nodes() == stream.tree_nodes() == 8


def test_a_copy_is_independent() -> None:
    stream = stream_of(250, 2)
    group = Group(make_id(3, 0), 3)
    stream.groups[b"g"] = group
    consumer = group.consumer(b"c", 5)
    consumer.active_ms = 6
    group.give(make_id(2, 0), consumer, 7, 8)
    twin = stream.copy()
    assert twin.memory() == stream.memory() > 1000
    stream.delete(make_id(2, 0))
    group.acknowledge(make_id(2, 0))
    twin._check()
    assert numbers(twin.range(0, make_id(3, 0))) == [1, 2, 3]
    other = twin.groups[b"g"]
    pending = other.pending.get(make_id(2, 0))
    assert pending is not None
    assert (pending.consumer.name, pending.delivered_ms, pending.deliveries) == (b"c", 7, 8)
    assert (other.consumers[b"c"].seen_ms, other.consumers[b"c"].active_ms) == (5, 6)
    assert (other.last_id, other.entries_read) == (make_id(3, 0), 3)


def test_a_pending_entry_changes_hands() -> None:
    group = Group(0, 0)
    alice, bob = group.consumer(b"alice", 1), group.consumer(b"bob", 2)
    assert group.consumer(b"alice", 9) is alice
    group.give(5, alice, 10, 1)
    group.give(6, alice, 10, 1)
    group.give(5, bob, 20, 2)
    group.give(6, alice, 30, 3)
    assert [pending.id for pending in alice.pending.all()] == [6]
    assert [pending.id for pending in bob.pending.all()] == [5]
    group._check()
    assert not group.acknowledge(7)
    assert group.acknowledge(5)
    assert bob.pending.size() == 0
    assert group.consumer_names() == [b"alice", b"bob"]
    assert group.remove_consumer(b"alice") == 1
    assert group.remove_consumer(b"alice") == -1
    assert group.pending.size() == 0
    group._check()


def test_the_map_of_pending_entries_keeps_order() -> None:
    consumer = Consumer(b"c", 0)
    entries = PendingMap()
    assert entries.get(1) is None
    assert entries.remove(1) is None
    assert entries.range(0, MAX_ID, 9) == entries.all() == []
    random = Random(11)
    ids = list(range(0, 3000, 3))
    random.shuffle(ids)
    for entry_id in ids:
        entries.put(Pending(entry_id, consumer, 0, 1))
    entries._check()
    assert (entries.first_id(), entries.last_id()) == (0, 2997)
    assert entries.get(4) is None
    assert entries.remove(4) is None
    assert entries.get(-1) is entries.remove(-1) is None
    assert [pending.id for pending in entries.range(10, 40, 5)] == [12, 15, 18, 21, 24]
    assert [pending.id for pending in entries.range(10, 19, 99)] == [12, 15, 18]
    replaced = Pending(12, consumer, 5, 5)
    entries.put(replaced)
    assert entries.get(12) is replaced
    assert entries.size() == 1000
    for entry_id in ids:
        removed = entries.remove(entry_id)
        assert removed is not None and removed.id == entry_id
        if entry_id % 50 == 0:
            entries._check()
    assert entries.size() == 0


def test_pending_entries_that_come_in_order_fill_their_chunks() -> None:
    consumer = Consumer(b"c", 0)
    entries = PendingMap()
    for entry_id in range(10 * CHUNK):
        entries.put(Pending(entry_id, consumer, 0, 1))
    assert len(entries._ids) == 5
    entries._check()


@pytest.mark.parametrize(("entries", "size"), [(100, 4096), (3, 4096), (0, 150), (7, 0)])
def test_random_actors_agree_with_a_plain_dict(entries: int, size: int) -> None:
    random = Random(entries * 7 + size)
    stream = StreamValue(limits_with(entries, size))
    model: dict[int, list[bytes]] = {}
    for step in range(1500):
        action = random.randrange(9)
        if action < 5:
            entry_id = stream.next_id((stream.last_id >> 64) + random.randrange(3))
            items: list[bytes] = []
            for _ in range(random.choice([1, 1, 1, 3])):
                items += [random.choice([b"f", b"g"]), random.randbytes(random.choice([0, 5, 200]))]
            stream.add(entry_id, items)
            model[entry_id] = items
        elif action == 5 and model:
            entry_id = random.choice([*model, 3])
            assert stream.delete(entry_id) == (model.pop(entry_id, None) is not None)
        elif action == 6 and step % 10 == 0:
            keep = random.randrange(len(model) + 2)
            assert stream.trim_to_length(keep, False, 0) == max(len(model) - keep, 0)
            for entry_id in list(model)[: max(len(model) - keep, 0)]:
                del model[entry_id]
        elif action == 7 and step % 10 == 0 and model:
            border = random.choice(list(model))
            gone = [entry_id for entry_id in model if entry_id < border]
            assert stream.trim_to_id(border, False, 0) == len(gone)
            for entry_id in gone:
                del model[entry_id]
        elif action == 8:
            ids = [0, MAX_ID, *model]
            start, end, count = random.choice(ids), random.choice(ids), random.randrange(1, 9)
            expected = [(each, items) for each, items in model.items() if start <= each <= end]
            assert [(entry.id, entry.items) for entry in stream.range(start, end, count)] == expected[:count]
            backwards = [(entry.id, entry.items) for entry in stream.reverse_range(start, end, count)]
            assert backwards == expected[::-1][:count]
        assert stream.size() == len(model)
        if step % 50 == 0:
            stream._check()
            assert stream.last_living_id() == max(model, default=0)
            assert {entry.id: entry.items for entry in stream.copy().range(0, MAX_ID)} == model


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1 << 66), st.lists(st.binary(max_size=9), min_size=2, max_size=2)), max_size=30),
    st.integers(1, 5),
)
def test_any_ids_come_back_in_order(steps: list[tuple[int, list[bytes]]], entries: int) -> None:
    stream = StreamValue(limits_with(entries))
    expected: list[tuple[int, list[bytes]]] = []
    for step, items in steps:
        stream.add(stream.last_id + 1 + step, items)
        expected.append((stream.last_id, items))
    assert [(entry.id, entry.items) for entry in stream.range(0, MAX_ID)] == expected
    assert [(entry.id, entry.items) for entry in stream.reverse_range(0, MAX_ID)] == expected[::-1]
    stream._check()
