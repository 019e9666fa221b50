"""The codec of sorted sets."""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.sorted_sets import ADDED, SortedSet
from miniredis.formats.digest import DIGEST_SIZE, digest_mix, digest_xor
from miniredis.formats.errors import FormatError
from miniredis.formats.listpack import ListpackReader, encode
from miniredis.formats.packed import PackedReader
from miniredis.formats.rdb_primitives import RdbSink, RdbSource, parse_score
from miniredis.formats.registry import (
    ITEMS_PER_COMMAND,
    CommandSink,
    CountedLoader,
    PackedLoader,
    ValueCodec,
    ValueLoader,
)
from miniredis.formats.ziplist import ZiplistReader
from miniredis.resp.numbers import format_double

TYPE_TEXT_SCORES: Final = 3
TYPE_BINARY_SCORES: Final = 5
TYPE_ZIPLIST: Final = 12
TYPE_LISTPACK: Final = 17
BATCH: Final = 1024


class SortedSetCodec(ValueCodec):
    def __init__(self, limits: EncodingLimits) -> None:
        self._limits: EncodingLimits = limits

    def type_name(self) -> bytes:
        return b"zset"

    def digest_number(self) -> int:
        return 3

    def codes(self) -> list[int]:
        return [TYPE_TEXT_SCORES, TYPE_BINARY_SCORES, TYPE_ZIPLIST, TYPE_LISTPACK]

    def code_for(self, value: object) -> int:
        assert isinstance(value, SortedSet)
        return TYPE_LISTPACK if value.encoding() == b"listpack" else TYPE_BINARY_SCORES

    def save(self, value: object, sink: RdbSink) -> None:
        assert isinstance(value, SortedSet)
        size = value.size()
        if value.encoding() == b"listpack":
            sink.write_string(encode(_texts(value, 0, size)))
            return
        sink.write_length(size)
        for start in range(0, size, BATCH):
            stop = min(start + BATCH, size)
            scores = value.scores(start, stop)
            for index, member in enumerate(value.members(start, stop)):
                sink.write_string(member)
                score = scores[index]
                assert isinstance(score, float)
                sink.write_double(score)

    def load(self, code: int, version: int) -> ValueLoader:
        if code in (TYPE_TEXT_SCORES, TYPE_BINARY_SCORES):
            return _SortedSetLoader(self._limits, code == TYPE_TEXT_SCORES)
        return _PackedSortedSetLoader(self._limits, code)

    def digest(self, value: object, digest: int) -> int:
        assert isinstance(value, SortedSet)
        size = value.size()
        for start in range(0, size, BATCH):
            stop = min(start + BATCH, size)
            scores = value.scores(start, stop)
            for index, member in enumerate(value.members(start, stop)):
                score = scores[index]
                assert isinstance(score, float)
                pair = digest_mix(digest_mix(0, member), b"%.17g" % score)
                digest = digest_xor(digest, pair.to_bytes(DIGEST_SIZE, "big"))
        return digest

    def replay(self, key: bytes, value: object, sink: CommandSink) -> None:
        assert isinstance(value, SortedSet)
        size = value.size()
        for start in range(0, size, ITEMS_PER_COMMAND):
            texts = _texts(value, start, min(start + ITEMS_PER_COMMAND, size))
            command = [b"ZADD", key]
            for index in range(0, len(texts), 2):
                command.append(texts[index + 1])
                command.append(texts[index])
            sink.command(command)

    def free_effort(self, value: object) -> int:
        assert isinstance(value, SortedSet)
        return 1 if value.encoding() == b"listpack" else value.size()


def _texts(value: SortedSet, start: int, stop: int) -> list[bytes]:
    """Members and scores in turn, as text."""
    found: list[bytes] = []
    scores = value.scores(start, stop)
    for index, member in enumerate(value.members(start, stop)):
        score = scores[index]
        assert isinstance(score, float)
        found.append(member)
        found.append(format_double(score))
    return found


class _SortedSetLoader(CountedLoader):
    def __init__(self, limits: EncodingLimits, text: bool) -> None:
        super().__init__()
        self._set: SortedSet = SortedSet(limits)
        self.value = self._set
        self._text: bool = text

    def _read_item(self, source: RdbSource) -> None:
        member = source.read_string()
        if self._set.put(member, source.read_score(self._text)) != ADDED:
            raise FormatError("a sorted set has a member twice")


class _PackedSortedSetLoader(PackedLoader):
    def __init__(self, limits: EncodingLimits, code: int) -> None:
        super().__init__(2)
        self._set: SortedSet = SortedSet(limits)
        self.value = self._set
        self._code: int = code

    def _open(self, blob: bytes) -> PackedReader:
        return ListpackReader(blob) if self._code == TYPE_LISTPACK else ZiplistReader(blob)

    def _take(self, batch: list[bytes]) -> None:
        for index in range(0, len(batch), 2):
            if self._set.put(batch[index], parse_score(batch[index + 1])) != ADDED:
                raise FormatError("a sorted set has a member twice")
