"""The AOF manifest, with Redis's rules."""

import pytest

from miniredis.formats.errors import FormatError
from miniredis.formats.manifest import Manifest, ManifestEntry, parse_manifest

TYPICAL = (
    b"file appendonly.aof.2.base.rdb seq 2 type b\n"
    b"file appendonly.aof.1.base.rdb seq 1 type h\n"
    b"file appendonly.aof.3.incr.aof seq 3 type i\n"
    b"file appendonly.aof.4.incr.aof seq 4 type i\n"
)


def test_a_manifest_is_read_and_written_alike() -> None:
    manifest = parse_manifest(TYPICAL)
    assert manifest.format() == TYPICAL
    assert [entry.name for entry in manifest.files()] == [
        b"appendonly.aof.2.base.rdb",
        b"appendonly.aof.3.incr.aof",
        b"appendonly.aof.4.incr.aof",
    ]
    assert manifest.history[0].sequence == 1
    assert (manifest.next_base_sequence(), manifest.next_increment_sequence()) == (3, 5)


def test_an_empty_manifest_begins_with_one() -> None:
    manifest = Manifest()
    assert (manifest.next_base_sequence(), manifest.next_increment_sequence()) == (1, 1)
    assert manifest.format() == b"# no files yet\n" and manifest.files() == []
    assert parse_manifest(manifest.format()).is_empty()


def test_a_copy_changes_alone() -> None:
    manifest = parse_manifest(TYPICAL)
    other = manifest.copy()
    other.increments.pop()
    other.history.clear()
    other.base = None
    assert manifest.format() == TYPICAL


def test_names_with_blanks_are_quoted() -> None:
    manifest = Manifest()
    manifest.base = ManifestEntry(b'my "log\x01\\.1.base.rdb', 1, b"b")
    text = manifest.format()
    assert text == b'file "my \\"log\\x01\\\\.1.base.rdb" seq 1 type b\n'
    assert parse_manifest(text).base is not None
    assert parse_manifest(text).format() == text


def test_comments_and_unknown_pairs_are_passed_over() -> None:
    manifest = parse_manifest(b"# made by hand\nfile a seq 1 type i colour blue\r\n")
    assert [entry.name for entry in manifest.increments] == [b"a"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"file a seq 1 type i",  # unterminated
        b"\n",
        b"file a seq 1\n",
        b"file a seq 1 type i odd\n",
        b'file "a seq 1 type i\n',
        b"file a seq x type i\n",
        b"file a seq 0 type i\n",
        b"file a seq 1 type x\n",
        b"file a/b seq 1 type i\n",
        b'file "" seq 1 type i\n',
        b"file " + b"a" * 1100 + b" seq 1 type i\n",
        b"file a seq 1 type b\nfile b seq 2 type b\n",
        b"file a seq 2 type i\nfile b seq 2 type i\n",
    ],
)
def test_what_redis_refuses_is_refused(text: bytes) -> None:
    with pytest.raises(FormatError):
        parse_manifest(text)


def test_a_name_that_takes_too_much_when_it_is_quoted_is_refused() -> None:
    with pytest.raises(FormatError, match="line 1: The AOF manifest file contains too long line"):
        parse_manifest(b"file " + b"\xff" * 300 + b" seq 1 type i\n")
    name = b"\xff" * 200
    assert parse_manifest(b"file " + name + b" seq 1 type i\n").increments[0].name == name


def test_a_checksum_covers_all_lines() -> None:
    manifest = parse_manifest(b"file a seq 1 type b\nfile b seq 1 type i\n")
    text = manifest.format(True)
    assert text.startswith(b"#CRC64:") and parse_manifest(text).format(True) == text
    for place in range(len(text)):
        for bit in range(8):
            damaged = text[:place] + bytes([text[place] ^ 1 << bit]) + text[place + 1 :]
            try:
                found = parse_manifest(damaged)
            except FormatError:
                continue
            assert found.format() == manifest.format()
        with pytest.raises(FormatError):
            parse_manifest(text[:place])
    assert parse_manifest(text.replace(b"type i", b"type h"), False).increments == []
