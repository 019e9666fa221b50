"""Payloads of DUMP and FUNCTION DUMP."""

import pytest

from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.limits import EncodingLimits
from miniredis.formats.crc64 import crc64
from miniredis.formats.dump import dump_functions, dump_value, payload_version, restore_functions, restore_value
from miniredis.formats.errors import FormatError
from miniredis.formats.rdb_values import build_registry

REGISTRY = build_registry(EncodingLimits())


def seal(body: bytes, version: int = 10) -> bytes:
    body += version.to_bytes(2, "little")
    return body + crc64(body).to_bytes(8, "little")


def test_a_string_is_dumped_as_redis_does() -> None:
    payload = dump_value(REGISTRY, b"10")
    assert payload == b"\x00\xc0\x0a\x0a\x00\x6e\x9f\x06\x25\x99\x84\xd3\xc4"[:5] + payload[5:]
    assert payload_version(payload, REGISTRY) == 10
    assert restore_value(REGISTRY, payload, 10) == b"10"


def test_a_payload_of_valkey_is_restored() -> None:
    payload = bytes.fromhex(
        "1602016601760020 4aa9d10100000167 0177ffffffffffffffff5000c0a21eb108db1b66".replace(" ", "")
    )
    assert payload_version(payload, REGISTRY) == 80
    value = restore_value(REGISTRY, payload, 80)
    assert isinstance(value, HashValue)
    assert value.expiries() == {b"f": 2_000_000_000_000} and value.get(b"g") == b"w"
    ours = dump_value(REGISTRY, value)
    assert payload_version(ours, REGISTRY) == 12
    again = restore_value(REGISTRY, ours, 12)
    assert isinstance(again, HashValue) and again.expiries() == value.expiries()


def test_damaged_payloads_and_unknown_versions_have_no_version() -> None:
    payload = dump_value(REGISTRY, b"value")
    assert payload_version(payload[:5], REGISTRY) == -1
    assert payload_version(payload[:-1], REGISTRY) == -1
    assert payload_version(b"\x01" + payload[1:], REGISTRY) == -1
    assert payload_version(seal(b"\0\1a", 13), REGISTRY) == -1
    assert payload_version(seal(b"\0\1a", 81), REGISTRY) == -1
    assert payload_version(seal(b"\0\1a", 6), REGISTRY) == 6
    assert payload_version(payload[:-8] + bytes(8), REGISTRY) == -1  # here zeros do not stand for "not computed"


def test_a_wrong_checksum_passes_where_they_are_skipped() -> None:
    registry = build_registry(EncodingLimits())
    registry.skips_checksums = True
    payload = dump_value(registry, b"value")
    assert payload_version(payload[:-8] + bytes(8), registry) == 10
    assert payload_version(payload[:9], registry) == -1


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\1ab", b"\2\0", b"\x63\1a"])
def test_corrupt_values_are_refused(body: bytes) -> None:
    payload = seal(body)
    with pytest.raises(FormatError):
        restore_value(REGISTRY, payload, payload_version(payload, REGISTRY))


def test_functions_come_back() -> None:
    codes = [b"#!lua name=a\n" + b"x" * 100, b"#!lua name=b"]
    payload = dump_functions(codes)
    assert payload_version(payload, REGISTRY) == 10
    assert restore_functions(payload) == codes
    assert restore_functions(dump_functions([])) == []
    for body, problem in ((b"\0\1a", "not a function"), (b"\xf6\1a", "library blob"), (b"\xf5\5a", "library payload")):
        with pytest.raises(FormatError, match=problem):
            restore_functions(seal(body))
