"""The payload of DUMP, RESTORE and MIGRATE, and that of FUNCTION DUMP.

A value with its type code, or the functions as in an RDB file; then two bytes of RDB version and CRC64 of all
before it, both little endian.
"""

from __future__ import annotations

from typing import Final

from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError
from miniredis.formats.rdb_file import OPCODE_FUNCTION, OPCODE_FUNCTION_PRE_RELEASE
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.registry import (
    FIELD_EXPIRY_RDB_VERSION,
    RDB_VERSION,
    VALKEY_RDB_VERSION,
    WITHOUT_LIMIT,
    ValueRegistry,
    rdb_version_of,
)

FOOTER_SIZE: Final = 10


def _seal(body: bytes, version: int) -> bytes:
    body += version.to_bytes(2, "little")
    return body + crc64(body).to_bytes(8, "little")


def payload_version(payload: bytes, registry: ValueRegistry) -> int:
    """The RDB version of a whole payload, or -1: damaged, or of a version that is not known."""
    size = len(payload)
    if size < FOOTER_SIZE:
        return -1
    version = payload[size - 10] | payload[size - 9] << 8
    if version > FIELD_EXPIRY_RDB_VERSION and version != VALKEY_RDB_VERSION and not registry.tries_newer:
        return -1
    if not registry.skips_checksums and int.from_bytes(payload[size - 8 :], "little") != crc64(payload[: size - 8]):
        return -1
    return version


def dump_value(registry: ValueRegistry, value: object, compress: bool = True) -> bytes:
    codec = registry.codec(value)
    code = codec.code_for(value)
    sink = RdbSink(compress)
    sink.write_byte(code)
    codec.save(value, sink)
    return _seal(sink.take(), rdb_version_of(code))


def restore_value(registry: ValueRegistry, payload: bytes, version: int) -> object:
    """The value of a payload whose version `payload_version` gave; FormatError if it is corrupt."""
    source = RdbSource(payload[: len(payload) - FOOTER_SIZE])
    source.finish()
    loader = registry.loader(source.read_byte(), version)
    loader.advance(source, WITHOUT_LIMIT)
    if loader.is_empty():
        raise FormatError("an empty value")
    if not source.at_end():
        raise FormatError("bytes after the value")
    return loader.value


def dump_functions(codes: list[bytes]) -> bytes:
    """The payload of FUNCTION DUMP: the source of each library."""
    sink = RdbSink()
    for code in codes:
        sink.write_byte(OPCODE_FUNCTION)
        sink.write_string(code)
    return _seal(sink.take(), RDB_VERSION)


def restore_functions(payload: bytes) -> list[bytes]:
    """The sources in a payload that `payload_version` accepts; FormatError, its text as Redis replies it."""
    source = RdbSource(payload[: len(payload) - FOOTER_SIZE])
    source.finish()
    found: list[bytes] = []
    while not source.at_end():
        code = source.read_byte()
        if code == OPCODE_FUNCTION_PRE_RELEASE:
            raise FormatError("Failed loading library blob")
        if code != OPCODE_FUNCTION:
            raise FormatError("given type is not a function")
        try:
            found.append(source.read_string())
        except FormatError as problem:
            raise FormatError("Failed loading library payload") from problem
    return found
