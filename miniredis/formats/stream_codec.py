"""The codec of streams: nodes as Redis's listpacks, then counters and consumer groups."""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.stream_blocks import StreamBlock
from miniredis.datatypes.stream_entries import SAME_FIELDS
from miniredis.datatypes.stream_groups import UNKNOWN_READ, Group
from miniredis.datatypes.stream_ids import SEQ_BITS, SEQ_MAX, format_id
from miniredis.datatypes.streams import StreamValue
from miniredis.formats.digest import digest_mix
from miniredis.formats.listpack import encode
from miniredis.formats.rdb_primitives import RdbSink
from miniredis.formats.registry import CommandSink, ValueCodec, ValueLoader
from miniredis.formats.stream_loader import (
    DELETED,
    ENTRY_HEAD,
    TYPE_LISTPACKS,
    TYPE_LISTPACKS_2,
    TYPE_LISTPACKS_3,
    StreamLoader,
)

ID_SIZE: Final = 16


class StreamCodec(ValueCodec):
    def __init__(self, limits: EncodingLimits) -> None:
        self._limits: EncodingLimits = limits

    def type_name(self) -> bytes:
        return b"stream"

    def digest_number(self) -> int:
        return 6

    def codes(self) -> list[int]:
        return [TYPE_LISTPACKS, TYPE_LISTPACKS_2, TYPE_LISTPACKS_3]

    def code_for(self, value: object) -> int:
        """That of Redis 7.0, which does not keep when a consumer was last active."""
        return TYPE_LISTPACKS_2

    def save(self, value: object, sink: RdbSink) -> None:
        assert isinstance(value, StreamValue)
        sink.write_length(value.block_count())
        for place in range(value.block_count()):
            block = value.block(place)
            sink.write_string(block.master_id.to_bytes(ID_SIZE, "big"))
            sink.write_string(encode(_node_elements(block)))
        sink.write_length(value.size())
        _write_id(sink, value.last_id)
        _write_id(sink, value.first_id)
        _write_id(sink, value.max_deleted_id)
        sink.write_length(value.entries_added)
        sink.write_length(len(value.groups))
        for name, group in value.groups.items():
            _save_group(name, group, sink)

    def load(self, code: int, version: int) -> ValueLoader:
        return StreamLoader(self._limits, code)

    def digest(self, value: object, digest: int) -> int:
        assert isinstance(value, StreamValue)
        for place in range(value.block_count()):
            for entry in value.block(place).all_entries():
                if not entry.is_deleted:
                    digest = digest_mix(digest, b"%d.%d" % (entry.id >> SEQ_BITS, entry.id & SEQ_MAX))
                    for item in entry.items:
                        digest = digest_mix(digest, item)
        return digest

    def replay(self, key: bytes, value: object, sink: CommandSink) -> None:
        assert isinstance(value, StreamValue)
        for place in range(value.block_count()):
            for entry in value.block(place).all_entries():
                if not entry.is_deleted:
                    sink.command([b"XADD", key, format_id(entry.id), *entry.items])
        if value.size() == 0:
            # Only an entry makes a stream; it goes at once.
            sink.command([b"XADD", key, b"MAXLEN", b"0", format_id(max(value.last_id, 1)), b"x", b"y"])
        added = b"%d" % value.entries_added
        deleted = format_id(value.max_deleted_id)
        sink.command([b"XSETID", key, format_id(value.last_id), b"ENTRIESADDED", added, b"MAXDELETEDID", deleted])
        for name, group in value.groups.items():
            read = b"%d" % group.entries_read
            sink.command([b"XGROUP", b"CREATE", key, name, format_id(group.last_id), b"ENTRIESREAD", read])
            for consumer in group.consumers.values():
                sink.command([b"XGROUP", b"CREATECONSUMER", key, name, consumer.name])
                head = [b"XCLAIM", key, name, consumer.name, b"0"]
                for pending in consumer.pending.all():
                    time = b"%d" % pending.delivered_ms
                    tail = [b"TIME", time, b"RETRYCOUNT", b"%d" % pending.deliveries, b"JUSTID", b"FORCE"]
                    sink.command([*head, format_id(pending.id), *tail])

    def free_effort(self, value: object) -> int:
        assert isinstance(value, StreamValue)
        return value.block_count() + sum([1 + group.pending.size() for group in value.groups.values()])


def _node_elements(block: StreamBlock) -> list[bytes]:
    """What Redis's listpack of this node holds."""
    entries = block.all_entries()
    deleted = 0
    for entry in entries:
        if entry.is_deleted:
            deleted += 1
    fields = block.fields
    found = [b"%d" % (len(entries) - deleted), b"%d" % deleted, b"%d" % len(fields), *fields, b"0"]
    base_ms = block.master_id >> SEQ_BITS
    base_seq = block.master_id & SEQ_MAX
    for entry in entries:
        items = entry.items
        same = items[::2] == fields
        found.append(b"%d" % ((SAME_FIELDS if same else 0) | (DELETED if entry.is_deleted else 0)))
        found.append(b"%d" % _signed((entry.id >> SEQ_BITS) - base_ms))
        found.append(b"%d" % _signed((entry.id & SEQ_MAX) - base_seq))
        if same:
            values = items[1::2]
            found.extend(values)
            found.append(b"%d" % (len(values) + ENTRY_HEAD))
        else:
            found.append(b"%d" % (len(items) >> 1))
            found.extend(items)
            found.append(b"%d" % (len(items) + ENTRY_HEAD + 1))
    return found


def _signed(number: int) -> int:
    """A difference of 64-bit numbers, as C keeps it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _write_id(sink: RdbSink, entry_id: int) -> None:
    sink.write_length(entry_id >> SEQ_BITS)
    sink.write_length(entry_id & SEQ_MAX)


def _save_group(name: bytes, group: Group, sink: RdbSink) -> None:
    sink.write_string(name)
    _write_id(sink, group.last_id)
    sink.write_length(SEQ_MAX if group.entries_read == UNKNOWN_READ else group.entries_read)
    sink.write_length(group.pending.size())
    for pending in group.pending.all():
        sink.write_bytes(pending.id.to_bytes(ID_SIZE, "big"))
        sink.write_milliseconds(pending.delivered_ms)
        sink.write_length(pending.deliveries)
    sink.write_length(len(group.consumers))
    for consumer in group.consumers.values():
        sink.write_string(consumer.name)
        sink.write_milliseconds(consumer.seen_ms)
        sink.write_length(consumer.pending.size())
        for pending in consumer.pending.all():
            sink.write_bytes(pending.id.to_bytes(ID_SIZE, "big"))
