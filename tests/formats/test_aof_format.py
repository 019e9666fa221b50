"""AOF records, annotations, checksums: read whole, in pieces, torn and damaged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.formats import aof
from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError

COMMANDS = st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=5), max_size=8)


def read(
    text: bytes, size: int = 0, verify: bool = True, known_size: bool = True
) -> tuple[list[object], aof.AofReader]:
    """Everything up to the last event, fed in pieces of `size` bytes (0: at once)."""
    reader = aof.AofReader(total_size=len(text) if known_size else -1, verify=verify)
    pieces = [text[at : at + size] for at in range(0, len(text), size)] if size else [text]
    found: list[object] = []
    while True:
        event = reader.next_event()
        if event == aof.NEED_INPUT:
            if pieces:
                reader.feed(pieces.pop(0))
            else:
                reader.finish()
        elif event == aof.COMMAND:
            found.append(reader.argv)
        elif event == aof.TIMESTAMP:
            found.append(reader.timestamp_s)
        else:
            found.append({aof.NOTE: "note", aof.COVERED: "covered", aof.END: "end", aof.TORN: "torn"}[event])
        if event in (aof.END, aof.TORN):
            return found, reader


def batch(*commands: list[bytes]) -> bytes:
    text = b"".join(aof.encode_command(command) for command in commands)
    return text + aof.checksum_line(crc64(text), len(text))


LOG = batch([b"SET", b"a", b"1"], [b"SET", b"b", b"x" * 300]) + batch([b"DEL", b"a"], [b"INCR", b"number"])


@settings(max_examples=examples(80))
@given(COMMANDS, st.integers(0, 9))
def test_commands_come_back(commands: list[list[bytes]], size: int) -> None:
    text = b"".join(aof.encode_command(command) for command in commands)
    found, reader = read(text, size)
    assert found[:-1] == commands
    multi = [command[0].upper() for command in commands if len(command) == 1]
    assert found[-1] == ("torn" if b"MULTI" in multi else "end")
    assert reader.offset() == len(text)


def test_records_are_those_of_redis() -> None:
    assert aof.encode_command([b"SET", b"k", b""]) == b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"
    long = aof.encode_command([b"x" * 300] * 70)
    assert long.startswith(b"*70\r\n$300\r\nxxx")


def test_annotations_are_told_apart() -> None:
    text = aof.timestamp_line(1700000000) + b"#anything else\r\n" + aof.encode_command([b"PING"])
    found, reader = read(text)
    assert found == [1700000000, "note", [b"PING"], "end"]
    assert not reader.has_checksums
    assert reader.uncovered_size() == len(text)
    assert reader.uncovered_crc() == crc64(text)


@pytest.mark.parametrize("size", [0, 1, 7, 100])
def test_covered_batches_are_compared(size: int) -> None:
    found, reader = read(LOG, size)
    assert [each for each in found if not isinstance(each, list)] == ["covered", "covered", "end"]
    assert reader.has_checksums and reader.uncovered_size() == 0 and reader.uncovered_crc() == 0
    assert len(aof.checksum_line((1 << 64) - 1, 1 << 62)) < 128


def test_every_flipped_bit_is_found_or_changes_nothing() -> None:
    whole = [each for each in read(LOG)[0] if isinstance(each, list)]
    silent = 0
    for place in range(len(LOG)):
        for bit in range(8):
            damaged = LOG[:place] + bytes([LOG[place] ^ 1 << bit]) + LOG[place + 1 :]
            for known_size in (True, False):
                try:
                    found, reader = read(damaged, known_size=known_size)
                except FormatError:
                    continue
                silent += 1
                assert [each for each in found if isinstance(each, list)] == whole
                assert found[-1] == "end" or LOG[reader.valid_offset :].startswith(b"#CRC64")
    assert silent > 0  # a checksum line that became another annotation


def test_a_damaged_length_never_passes_as_a_torn_tail() -> None:
    damaged = LOG.replace(b"$1\r\na\r\n*2", b"$9\r\na\r\n*2", 1)
    for size in (0, 1, 50):
        for known_size in (True, False):
            with pytest.raises(FormatError):
                read(damaged, size, known_size=known_size)
    with pytest.raises(FormatError, match="beyond the end"):
        read(LOG.replace(b"$300", b"$700"), 20)


@pytest.mark.parametrize("known_size", [True, False])
def test_a_tail_torn_anywhere_is_cut_at_a_record(known_size: bool) -> None:
    ends = [0]
    text = b""
    for command in ([b"SET", b"a", b"1"], [b"MULTI"], [b"SET", b"b", b"2"], [b"exec"], [b"DEL", b"a"]):
        text += aof.encode_command(command)
        if command[0] not in (b"MULTI", b"SET") or text.count(b"MULTI") == 0:
            ends.append(len(text))
    for place in range(len(text) + 1):
        for size in (0, 10):
            found, reader = read(text[:place], size, known_size=known_size)
            assert reader.valid_offset == max(end for end in ends if end <= place)
            assert found[-1] == ("end" if place in ends else "torn")


def test_a_tail_torn_after_covered_batches_is_cut() -> None:
    text = LOG + aof.encode_command([b"SET", b"c", b"3"])
    found, reader = read(text[:-4], 64)
    assert found[-1] == "torn"
    assert reader.valid_offset == len(LOG) and reader.torn_offset == len(LOG)
    assert reader.covered_from == len(LOG)


@pytest.mark.parametrize(
    "text",
    [
        b"PING\r\n",
        b"*x\r\n",
        b"*0\r\n",
        b"*-1\r\n",
        b"*99999999999\r\n",
        b"*1\r\n+OK\r\n",
        b"*1\r\n\r\n",
        b"*1\r\n$x\r\n",
        b"*1\r\n$1\r\nab\r\n",
        b"*" + b"1" * 30,
        b"#" + b"x" * 200 + b"\r\n",
        b"#CRC64:xyz:1\r\n",
        aof.checksum_line(0, 5),
    ],
)
def test_what_is_no_log_is_refused(text: bytes) -> None:
    with pytest.raises(FormatError):
        read(text)


def test_checksums_can_be_left_unread() -> None:
    damaged = LOG.replace(b"\na\r", b"\nz\r", 1)
    with pytest.raises(FormatError, match="offset 0"):
        read(damaged)
    found, reader = read(damaged, verify=False)
    assert found[0] == [b"SET", b"z", b"1"] and found[-1] == "end"
    found, reader = read(LOG.replace(b"$6", b"$96"), verify=False)
    assert found[-1] == "torn"


def test_offsets_count_from_where_the_text_begins() -> None:
    reader = aof.AofReader(base=1000, total_size=1000 + len(LOG))
    reader.feed(LOG)
    while reader.next_event() != aof.END:
        pass
    assert reader.valid_offset == reader.offset() == 1000 + len(LOG)
