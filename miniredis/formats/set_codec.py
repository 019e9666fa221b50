"""The codec of sets."""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.sets import SetValue
from miniredis.formats import intset
from miniredis.formats.digest import digest_xor
from miniredis.formats.errors import FormatError
from miniredis.formats.listpack import ListpackReader
from miniredis.formats.packed import PackedReader
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.registry import (
    ITEMS_PER_COMMAND,
    CommandSink,
    CountedLoader,
    PackedLoader,
    ValueCodec,
    ValueLoader,
)

TYPE_SET: Final = 2
TYPE_INTSET: Final = 11
TYPE_LISTPACK: Final = 20


class SetCodec(ValueCodec):
    def __init__(self, limits: EncodingLimits) -> None:
        self._limits: EncodingLimits = limits

    def type_name(self) -> bytes:
        return b"set"

    def digest_number(self) -> int:
        return 2

    def codes(self) -> list[int]:
        return [TYPE_SET, TYPE_INTSET, TYPE_LISTPACK]

    def code_for(self, value: object) -> int:
        """Redis 7.0 knows no set that is a listpack."""
        assert isinstance(value, SetValue)
        return TYPE_SET if value.integers() is None else TYPE_INTSET

    def save(self, value: object, sink: RdbSink) -> None:
        assert isinstance(value, SetValue)
        integers = value.integers()
        if integers is not None:
            sink.write_string(intset.encode(list(integers)))
            return
        members = value.members()
        sink.write_length(len(members))
        for member in members:
            sink.write_string(member)

    def load(self, code: int, version: int) -> ValueLoader:
        return _SetLoader(self._limits) if code == TYPE_SET else _PackedSetLoader(self._limits, code)

    def digest(self, value: object, digest: int) -> int:
        assert isinstance(value, SetValue)
        for member in value.members():
            digest = digest_xor(digest, member)
        return digest

    def replay(self, key: bytes, value: object, sink: CommandSink) -> None:
        assert isinstance(value, SetValue)
        members = value.members()
        for start in range(0, len(members), ITEMS_PER_COMMAND):
            sink.command([b"SADD", key, *members[start : start + ITEMS_PER_COMMAND]])

    def free_effort(self, value: object) -> int:
        assert isinstance(value, SetValue)
        return value.size() if value.encoding() == b"hashtable" else 1


class _SetLoader(CountedLoader):
    def __init__(self, limits: EncodingLimits) -> None:
        super().__init__()
        self._limits: EncodingLimits = limits
        self._set: SetValue | None = None

    def _read_item(self, source: RdbSource) -> None:
        member = source.read_string()
        members = self._set
        if members is None:
            members = SetValue(self._limits, member, self._count)
            self._set = members
            self.value = members
        if not members.add(member):
            raise FormatError("a set has a member twice")


class _PackedSetLoader(PackedLoader):
    def __init__(self, limits: EncodingLimits, code: int) -> None:
        super().__init__(1)
        # A listpack of integers stays one, as in Redis 7.2.
        self._set: SetValue = SetValue(limits, b"0" if code == TYPE_INTSET else b"")
        self.value = self._set
        self._code: int = code

    def _open(self, blob: bytes) -> PackedReader:
        return intset.IntsetReader(blob) if self._code == TYPE_INTSET else ListpackReader(blob)

    def _take(self, batch: list[bytes]) -> None:
        for member in batch:
            if not self._set.add(member):
                raise FormatError("a set has a member twice")
