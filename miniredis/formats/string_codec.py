"""The codec of strings: `bytes`, or `bytearray` once changed in place."""

from __future__ import annotations

from typing import Final

from miniredis.formats.digest import digest_mix
from miniredis.formats.errors import IncompleteError
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.registry import CommandSink, ValueCodec, ValueLoader

TYPE_STRING: Final = 0


class StringCodec(ValueCodec):
    def type_name(self) -> bytes:
        return b"string"

    def digest_number(self) -> int:
        return 0

    def codes(self) -> list[int]:
        return [TYPE_STRING]

    def code_for(self, value: object) -> int:
        return TYPE_STRING

    def save(self, value: object, sink: RdbSink) -> None:
        sink.write_string(as_bytes(value))

    def load(self, code: int, version: int) -> ValueLoader:
        return _StringLoader()

    def digest(self, value: object, digest: int) -> int:
        return digest_mix(digest, as_bytes(value))

    def replay(self, key: bytes, value: object, sink: CommandSink) -> None:
        sink.command([b"SET", key, as_bytes(value)])


class _StringLoader(ValueLoader):
    def advance(self, source: RdbSource, budget: int) -> bool:
        position = source.position
        try:
            self.value = source.read_string()
        except IncompleteError:
            source.position = position
            raise
        return True


def as_bytes(value: object) -> bytes:
    """The string that a key holds, whichever class it has."""
    if isinstance(value, bytes):
        return value
    assert isinstance(value, bytearray)
    return bytes(value)
