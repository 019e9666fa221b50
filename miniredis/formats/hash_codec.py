"""The codec of hashes, with the expiry of fields as Redis 7.4 and as Valkey 9 write it."""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.limits import EncodingLimits
from miniredis.formats.digest import DIGEST_SIZE, digest_mix, digest_xor
from miniredis.formats.errors import FormatError
from miniredis.formats.listpack import ListpackReader, encode
from miniredis.formats.packed import PackedReader
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.registry import (
    ITEMS_PER_COMMAND,
    VALKEY_RDB_VERSION,
    CommandSink,
    CountedLoader,
    PackedLoader,
    ValueCodec,
    ValueLoader,
)
from miniredis.formats.ziplist import ZiplistReader
from miniredis.formats.zipmap import ZipmapReader
from miniredis.resp.numbers import parse_int64

TYPE_HASH: Final = 4
TYPE_ZIPMAP: Final = 9
TYPE_ZIPLIST: Final = 13
TYPE_LISTPACK: Final = 16
TYPE_VALKEY_EXPIRY: Final = 22  # in data of Valkey 9; in that of Redis the next one
TYPE_EXPIRY_PRE_RELEASE: Final = 22
TYPE_LISTPACK_EXPIRY_PRE_RELEASE: Final = 23
TYPE_EXPIRY: Final = 24
TYPE_LISTPACK_EXPIRY: Final = 25
GREATEST_EXPIRY_MS: Final = (1 << 48) - 1


class HashCodec(ValueCodec):
    def __init__(self, limits: EncodingLimits) -> None:
        self._limits: EncodingLimits = limits

    def type_name(self) -> bytes:
        return b"hash"

    def digest_number(self) -> int:
        return 4

    def codes(self) -> list[int]:
        return [
            TYPE_HASH,
            TYPE_ZIPMAP,
            TYPE_ZIPLIST,
            TYPE_LISTPACK,
            TYPE_EXPIRY_PRE_RELEASE,
            TYPE_LISTPACK_EXPIRY_PRE_RELEASE,
            TYPE_EXPIRY,
            TYPE_LISTPACK_EXPIRY,
        ]

    def code_for(self, value: object) -> int:
        assert isinstance(value, HashValue)
        if value.has_expiries():
            return TYPE_EXPIRY
        return TYPE_LISTPACK if value.encoding() == b"listpack" else TYPE_HASH

    def save(self, value: object, sink: RdbSink) -> None:
        assert isinstance(value, HashValue)
        items = value.items()
        if value.has_expiries():
            _save_with_expiry(items, value.expiries(), sink)
        elif value.encoding() == b"listpack":
            sink.write_string(encode(items))
        else:
            sink.write_length(len(items) >> 1)
            for item in items:
                sink.write_string(item)

    def code_for_valkey(self, value: object) -> int:
        assert isinstance(value, HashValue)
        return TYPE_VALKEY_EXPIRY if value.has_expiries() else self.code_for(value)

    def save_for_valkey(self, value: object, sink: RdbSink) -> None:
        assert isinstance(value, HashValue)
        if not value.has_expiries():
            self.save(value, sink)
            return
        items = value.items()
        expiries = value.expiries()
        sink.write_length(len(items) >> 1)
        for index in range(0, len(items), 2):
            sink.write_string(items[index])
            sink.write_string(items[index + 1])
            sink.write_milliseconds(expiries.get(items[index], -1))

    def load(self, code: int, version: int) -> ValueLoader:
        if code == TYPE_VALKEY_EXPIRY and version >= VALKEY_RDB_VERSION:
            return _ValkeyExpiryLoader(self._limits)
        if code in (TYPE_EXPIRY, TYPE_EXPIRY_PRE_RELEASE):
            return _ExpiryLoader(self._limits, code)
        if code in (TYPE_LISTPACK_EXPIRY, TYPE_LISTPACK_EXPIRY_PRE_RELEASE):
            return _PackedExpiryLoader(self._limits, code)
        if code == TYPE_HASH:
            return _HashLoader(self._limits)
        return _PackedHashLoader(self._limits, code)

    def digest(self, value: object, digest: int) -> int:
        assert isinstance(value, HashValue)
        items = value.items()
        for index in range(0, len(items), 2):
            pair = digest_mix(digest_mix(0, items[index]), items[index + 1])
            digest = digest_xor(digest, pair.to_bytes(DIGEST_SIZE, "big"))
        return digest

    def replay(self, key: bytes, value: object, sink: CommandSink) -> None:
        assert isinstance(value, HashValue)
        items = value.items()
        for start in range(0, len(items), 2 * ITEMS_PER_COMMAND):
            sink.command([b"HMSET", key, *items[start : start + 2 * ITEMS_PER_COMMAND]])
        for field, expiry_ms in value.expiries().items():
            sink.command([b"HPEXPIREAT", key, b"%d" % expiry_ms, b"FIELDS", b"1", field])

    def free_effort(self, value: object) -> int:
        assert isinstance(value, HashValue)
        return 1 if value.encoding() == b"listpack" else value.stored_size()


def _save_with_expiry(items: list[bytes], expiries: dict[bytes, int], sink: RdbSink) -> None:
    """The earliest expiry, then per field 0 or its distance to that plus 1."""
    earliest = min(expiries.values())
    sink.write_milliseconds(earliest)
    sink.write_length(len(items) >> 1)
    for index in range(0, len(items), 2):
        expiry_ms = expiries.get(items[index], -1)
        sink.write_length(0 if expiry_ms < 0 else expiry_ms - earliest + 1)
        sink.write_string(items[index])
        sink.write_string(items[index + 1])


def _put(value: HashValue, field: bytes, text: bytes, expiry_ms: int) -> None:
    if not value.replace(field, text):
        raise FormatError("a hash has a field twice")
    if expiry_ms >= 0:
        if expiry_ms > GREATEST_EXPIRY_MS:
            raise FormatError("an impossible expiry of a field")
        value.expire_field(field, expiry_ms)


class _HashLoader(CountedLoader):
    """Fields and values."""

    def __init__(self, limits: EncodingLimits) -> None:
        super().__init__()
        self._hash: HashValue = HashValue(limits)
        self.value = self._hash

    def _read_item(self, source: RdbSource) -> None:
        field = source.read_string()
        _put(self._hash, field, source.read_string(), -1)


class _ValkeyExpiryLoader(_HashLoader):
    """Fields, values, and 8 bytes of time, -1 for none."""

    def _read_item(self, source: RdbSource) -> None:
        field = source.read_string()
        text = source.read_string()
        expiry_ms = source.read_milliseconds()
        if expiry_ms < -1:
            raise FormatError("an impossible expiry of a field")
        _put(self._hash, field, text, expiry_ms)


class _ExpiryLoader(_HashLoader):
    """Times, fields and values; before the release of Redis 7.4 the times were absolute."""

    def __init__(self, limits: EncodingLimits, code: int) -> None:
        super().__init__(limits)
        self._relative: bool = code == TYPE_EXPIRY
        self._base_ms: int = 0

    def _read_head(self, source: RdbSource) -> None:
        if self._relative:
            self._base_ms = source.read_milliseconds() - 1

    def _read_item(self, source: RdbSource) -> None:
        time_ms = source.read_length()
        field = source.read_string()
        text = source.read_string()
        if time_ms == 0:
            _put(self._hash, field, text, -1)
        elif time_ms + self._base_ms < 0:
            raise FormatError("an impossible expiry of a field")
        else:
            _put(self._hash, field, text, time_ms + self._base_ms)


class _PackedHashLoader(PackedLoader):
    def __init__(self, limits: EncodingLimits, code: int) -> None:
        super().__init__(2)
        self._hash: HashValue = HashValue(limits)
        self.value = self._hash
        self._code: int = code

    def _open(self, blob: bytes) -> PackedReader:
        if self._code == TYPE_LISTPACK:
            return ListpackReader(blob)
        return ZiplistReader(blob) if self._code == TYPE_ZIPLIST else ZipmapReader(blob)

    def _take(self, batch: list[bytes]) -> None:
        for index in range(0, len(batch), 2):
            _put(self._hash, batch[index], batch[index + 1], -1)


class _PackedExpiryLoader(PackedLoader):
    """A listpack of fields, values and absolute times, 0 for none; since the release after the earliest time."""

    def __init__(self, limits: EncodingLimits, code: int) -> None:
        super().__init__(3)
        self._hash: HashValue = HashValue(limits)
        self.value = self._hash
        self._has_head: bool = code == TYPE_LISTPACK_EXPIRY

    def _read_head(self, source: RdbSource) -> None:
        if self._has_head:
            source.read_milliseconds()

    def _open(self, blob: bytes) -> PackedReader:
        return ListpackReader(blob)

    def _take(self, batch: list[bytes]) -> None:
        for index in range(0, len(batch), 3):
            expiry_ms = parse_int64(batch[index + 2])
            if expiry_ms is None or expiry_ms < 0:
                raise FormatError("an impossible expiry of a field")
            _put(self._hash, batch[index], batch[index + 1], -1 if expiry_ms == 0 else expiry_ms)
