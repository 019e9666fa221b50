"""The codec of lists."""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.lists import ListValue
from miniredis.formats.digest import digest_mix
from miniredis.formats.errors import FormatError
from miniredis.formats.listpack import ListpackReader, encode
from miniredis.formats.packed import BATCH, PackedReader
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.registry import (
    ITEMS_PER_COMMAND,
    CommandSink,
    CountedLoader,
    PackedLoader,
    ValueCodec,
    ValueLoader,
)
from miniredis.formats.ziplist import ZiplistReader

TYPE_LIST: Final = 1
TYPE_ZIPLIST: Final = 10
TYPE_QUICKLIST: Final = 14
TYPE_QUICKLIST_2: Final = 18
CONTAINER_PLAIN: Final = 1
CONTAINER_PACKED: Final = 2
NODE_LIMIT: Final = 1 << 17  # no setting of Redis makes nodes as large; one that is gets split


class ListCodec(ValueCodec):
    def __init__(self, limits: EncodingLimits) -> None:
        self._limits: EncodingLimits = limits

    def type_name(self) -> bytes:
        return b"list"

    def digest_number(self) -> int:
        return 1

    def codes(self) -> list[int]:
        return [TYPE_LIST, TYPE_ZIPLIST, TYPE_QUICKLIST, TYPE_QUICKLIST_2]

    def code_for(self, value: object) -> int:
        return TYPE_QUICKLIST_2

    def save(self, value: object, sink: RdbSink) -> None:
        assert isinstance(value, ListValue)
        sink.write_length(value.block_count())
        for place in range(value.block_count()):
            entries = value.block_entries(place)
            if value.node(place).plain:
                sink.write_length(CONTAINER_PLAIN)
                sink.write_string(entries[0])
            else:
                sink.write_length(CONTAINER_PACKED)
                sink.write_string(encode(entries))

    def load(self, code: int, version: int) -> ValueLoader:
        if code == TYPE_ZIPLIST:
            return _PackedListLoader(self._limits)
        return _ListLoader(self._limits, code)

    def digest(self, value: object, digest: int) -> int:
        assert isinstance(value, ListValue)
        for place in range(value.block_count()):
            for element in value.block_entries(place):
                digest = digest_mix(digest, element)
        return digest

    def replay(self, key: bytes, value: object, sink: CommandSink) -> None:
        assert isinstance(value, ListValue)
        for place in range(value.block_count()):
            entries = value.block_entries(place)
            for start in range(0, len(entries), ITEMS_PER_COMMAND):
                sink.command([b"RPUSH", key, *entries[start : start + ITEMS_PER_COMMAND]])

    def free_effort(self, value: object) -> int:
        assert isinstance(value, ListValue)
        return value.block_count()


class _ListLoader(CountedLoader):
    """Elements one by one, or nodes that hold many."""

    def __init__(self, limits: EncodingLimits, code: int) -> None:
        super().__init__()
        self._list: ListValue = ListValue(limits)
        self.value = self._list
        self._code: int = code

    def is_empty(self) -> bool:
        return self._list.size() == 0

    def _read_item(self, source: RdbSource) -> None:
        if self._code == TYPE_LIST:
            self._list.push_right(source.read_string())
            return
        container = CONTAINER_PACKED
        if self._code == TYPE_QUICKLIST_2:
            container = source.read_length()
        blob = source.read_string()
        if container == CONTAINER_PLAIN:
            self._list.load_plain(blob)
        elif container == CONTAINER_PACKED:
            self._read_node(blob)
        else:
            raise FormatError("unknown container of a list node")

    def _read_node(self, blob: bytes) -> None:
        reader: PackedReader = ZiplistReader(blob) if self._code == TYPE_QUICKLIST else ListpackReader(blob)
        if len(blob) <= NODE_LIMIT:
            entries = reader.read_all()
            if entries:  # Redis drops empty nodes as well
                self._list.load_node(entries)
            return
        while batch := reader.next_batch(BATCH):
            self._list.load_node(batch)

    def _complete(self) -> None:
        if self._code != TYPE_LIST:
            self._list.settle()


class _PackedListLoader(PackedLoader):
    """The list of Redis 2.6 that is one ziplist."""

    def __init__(self, limits: EncodingLimits) -> None:
        super().__init__(1)
        self._list: ListValue = ListValue(limits)
        self.value = self._list

    def _open(self, blob: bytes) -> PackedReader:
        return ZiplistReader(blob)

    def _take(self, batch: list[bytes]) -> None:
        self._list.extend_right(batch)
