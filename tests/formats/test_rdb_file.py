"""RDB files: written and read back, in pieces, with everything that other servers put into them."""

import pytest

from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.limits import EncodingLimits
from miniredis.formats import rdb_file
from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError
from miniredis.formats.rdb_file import RdbReader, RdbWriter
from miniredis.formats.rdb_primitives import RdbSink
from miniredis.formats.rdb_values import build_registry

REGISTRY = build_registry(EncodingLimits())
EVENTS = "HEADER AUX DATABASE SIZES KEY FUNCTION MODULE_DATA SLOT_INFO SLOT_IMPORT END"
NAMES = {getattr(rdb_file, name): name for name in EVENTS.split()}


def read(
    data: bytes, size: int = 0, budget: int = 4096, verify: bool = True
) -> tuple[list[tuple[object, ...]], RdbReader]:
    reader = RdbReader(REGISTRY, verify=verify, total_size=len(data) if size else -1)
    pieces = [data[at : at + size] for at in range(0, len(data), size)] if size else [data]
    found: list[tuple[object, ...]] = []
    while True:
        event = reader.next_event(budget)
        details: dict[int, tuple[object, ...]] = {
            rdb_file.HEADER: (reader.version,),
            rdb_file.AUX: (reader.name, reader.text),
            rdb_file.DATABASE: (reader.db,),
            rdb_file.SIZES: (reader.keys_hint, reader.expiries_hint),
            rdb_file.KEY: (reader.db, reader.key, REGISTRY.digest(reader.value, -1) if reader.value is not None else 0)
            + (reader.expiry_ms, reader.idle_s, reader.frequency),
            rdb_file.FUNCTION: (reader.text,),
            rdb_file.MODULE_DATA: (reader.module_id,),
            rdb_file.SLOT_INFO: tuple(reader.slots),
            rdb_file.SLOT_IMPORT: (reader.name, *reader.slots),
            rdb_file.END: (reader.offset(),),
        }
        if event == rdb_file.NEED_INPUT:
            if pieces:
                reader.feed(pieces.pop(0))
            else:
                reader.finish()
        elif event != rdb_file.UNDER_WAY:
            found.append((NAMES[event], *details[event]))
        if event == rdb_file.END:
            assert reader.next_event() == rdb_file.END
            return found, reader


def digest(value: object) -> int:
    return REGISTRY.digest(value, -1)


def large_hash() -> HashValue:
    value = HashValue(EncodingLimits())
    for number in range(500):
        value.set(b"field %d" % number, b"x" * number)
    return value


def write(version: int = 10, checksum: bool = True) -> bytes:
    writer = RdbWriter(REGISTRY, version, checksum=checksum)
    writer.aux(b"redis-ver", b"7.2.4")
    writer.function(b"#!lua name=l")
    writer.database(0, 2, 1)
    writer.entry(b"a", b"1", expiry_ms=1_900_000_000_000, idle_s=100)
    first = writer.take()
    assert writer.size() == 0
    writer.entry(b"b", large_hash(), frequency=7)
    assert writer.size() > 1000
    writer.database(3, 1, 0)
    writer.entry(b"c", bytearray(b"changed"))
    return first + writer.finish()


EXPECTED = [
    ("HEADER", 10),
    ("AUX", b"redis-ver", b"7.2.4"),
    ("FUNCTION", b"#!lua name=l"),
    ("DATABASE", 0),
    ("SIZES", 2, 1),
    ("KEY", 0, b"a", digest(b"1"), 1_900_000_000_000, 100, -1),
    ("KEY", 0, b"b", digest(large_hash()), -1, -1, 7),
    ("DATABASE", 3),
    ("SIZES", 1, 0),
    ("KEY", 3, b"c", digest(b"changed"), -1, -1, -1),
]


@pytest.mark.parametrize(("size", "budget"), [(0, 4096), (1, 4096), (13, 10), (100_000, 1)])
def test_what_was_written_is_read(size: int, budget: int) -> None:
    data = write()
    found, reader = read(data, size, budget)
    assert found == [*EXPECTED, ("END", len(data))]
    assert reader.rest() == b"" and reader.skipped_empty == 0


def test_without_a_checksum_zeros_stand_there() -> None:
    data = write(checksum=False)
    assert data.endswith(b"\xff" + bytes(8))
    assert read(data)[0][:-1] == EXPECTED


def test_what_follows_the_file_is_left() -> None:
    assert read(write() + b"*1\r\n$4\r\nPING\r\n")[1].rest() == b"*1\r\n$4\r\nPING\r\n"


def test_every_flipped_bit_is_found() -> None:
    data = write()
    for place in range(0, len(data), 101):
        damaged = data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]
        with pytest.raises(FormatError):
            read(damaged)
    damaged = data.replace(b"changed", b"chaNged")
    with pytest.raises(FormatError, match="checksum"):
        read(damaged)
    assert read(damaged, verify=False)[0][-1] == ("END", len(data))


def test_a_cut_file_is_found() -> None:
    data = write()
    for place in [*range(60), *range(60, len(data), 977), *range(len(data) - 40, len(data))]:
        for size in (0, 50):
            with pytest.raises(FormatError):
                read(data[:place], size)


def seal(body: bytes, magic: bytes = b"REDIS0012") -> bytes:
    data = magic + body + b"\xff"
    return data + crc64(data).to_bytes(8, "little")


def test_everything_else_that_a_file_may_hold_is_understood() -> None:
    sink = RdbSink()
    sink.write_bytes(b"\xf7")  # data of a module, beside the keys
    sink.write_length(12345 << 10)
    for number in (2, 1, 1, 7, 2, 8):
        sink.write_length(number)
    sink.write_bytes(b"\x03" + bytes(4) + b"\x04" + bytes(8) + b"\x05")
    sink.write_string(b"text")
    sink.write_length(0)
    body = sink.take() + b"\xf4\x05\x06\x07" + b"\xf3\x04name\x02\x01\x02\x05\x06" + b"\xfd\x10\0\0\0\0\x01k\x01v"
    assert read(seal(body))[0][1:] == [
        ("MODULE_DATA", 12345 << 10),
        ("SLOT_INFO", 5, 6, 7),
        ("SLOT_IMPORT", b"name", 1, 2, 5, 6),
        ("KEY", 0, b"k", digest(b"v"), 16000, -1, -1),
        ("END", len(seal(body))),
    ]
    with pytest.raises(FormatError):
        read(seal(b"\xf7\x05\x02\x01\x09"))
    with pytest.raises(FormatError):
        read(seal(b"\xf6\x01a"))


def test_an_expiry_before_1970_is_one_at_its_start() -> None:
    assert read(seal(b"\xfc" + b"\xff" * 8 + b"\0\x01k\x01v"))[0][1][4] == 0


def test_empty_keys_are_left_out() -> None:
    found, reader = read(seal(b"\xfc" + bytes(8) + b"\x02\x01s\0" + b"\0\x01k\x01v"))
    assert found[1] == ("KEY", 0, b"k", digest(b"v"), -1, -1, -1)
    assert reader.skipped_empty == 1


def test_files_of_all_versions_are_opened_and_no_others() -> None:
    assert read(b"REDIS0003\xfe\x01\0\x01k\x01v\xff")[0] == [
        ("HEADER", 3),
        ("DATABASE", 1),
        ("KEY", 1, b"k", digest(b"v"), -1, -1, -1),
        ("END", 17),
    ]
    assert read(seal(b"", b"VALKEY080"))[0][0] == ("HEADER", 80)
    for magic in (b"REDIS0000", b"REDIS0013", b"REDIS0080", b"VALKEY079", b"VALKEY081"):
        with pytest.raises(FormatError, match="Can't handle RDB format version"):
            read(seal(b"", magic))
    for magic in (b"REDISxxxx", b"VALKEYabc", b"*1\r\n$4\r\nP", b"RADIS0010"):
        with pytest.raises(FormatError, match="Wrong signature"):
            read(seal(b"", magic))


def test_files_of_newer_versions_are_tried_where_that_is_wanted() -> None:
    registry = build_registry(EncodingLimits())
    registry.tries_newer = True
    for magic in (b"REDIS0013", b"REDIS0079", b"VALKEY081", b"VALKEY999"):
        reader = RdbReader(registry)
        reader.feed(seal(b"", magic))
        assert reader.next_event() == rdb_file.HEADER
    for magic in (b"REDIS0000", b"REDIS0080", b"VALKEY079"):
        reader = RdbReader(registry)
        reader.feed(seal(b"", magic))
        with pytest.raises(FormatError, match="Can't handle RDB format version"):
            reader.next_event()


def test_a_valkey_file_with_expiring_fields() -> None:
    body = b"\x16\x01h\x02\x01f\x01v\x00 J\xa9\xd1\x01\x00\x00\x01g\x01w" + b"\xff" * 8
    expected = HashValue(EncodingLimits())
    expected.set(b"f", b"v")
    expected.set(b"g", b"w")
    found = read(seal(body, b"VALKEY080"), size=5)[0]
    assert found[1] == ("KEY", 0, b"h", digest(expected), -1, -1, -1)


def test_fields_that_expire_need_the_newer_version() -> None:
    value = HashValue(EncodingLimits())
    value.set(b"f", b"v")
    value.expire_field(b"f", 1_900_000_000_000)
    writer = RdbWriter(REGISTRY, 10)
    with pytest.raises(FormatError):
        writer.entry(b"h", value)
    writer = RdbWriter(REGISTRY, 12)
    writer.entry(b"h", value)
    assert read(writer.finish())[0][0] == ("HEADER", 12)


def test_input_may_end_before_any_of_it_is_read() -> None:
    reader = RdbReader(REGISTRY)
    data = write()
    reader.feed(data[:50])
    reader.feed(data[50:])
    reader.finish()
    events = [reader.next_event() for _ in range(30)]
    assert events[-1] == rdb_file.END and events.count(rdb_file.KEY) == 3
