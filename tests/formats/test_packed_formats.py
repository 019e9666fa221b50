"""Listpack, ziplist, zipmap and intset: every encoding, and every way to be corrupt."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.formats import intset, listpack, ziplist, zipmap
from miniredis.formats.errors import FormatError
from miniredis.formats.packed import PackedReader

TEXTS = st.one_of(
    st.binary(max_size=80),
    st.integers(-(1 << 63), (1 << 63) - 1).map(lambda number: b"%d" % number),
    st.sampled_from([b"x" * size for size in (62, 63, 64, 127, 128, 4095, 4096, 16382, 16383, 20000)]),
)
BORDERS = [
    sign * number + step
    for number in (0, 12, 127, 128, 4095, 4096, 32767, 8388607, 2147483647, (1 << 63) - 2)
    for sign in (1, -1)
    for step in (-1, 0, 1)
]


def make_ziplist(entries: list[bytes], long_sizes: bool = False) -> bytes:
    """What Redis 6 would hold, with every integer in the shortest form."""
    body = b""
    previous = 0
    last = 10
    for entry in entries:
        head = bytes([previous]) if previous < 254 and not long_sizes else b"\xfe" + struct.pack("<I", previous)
        number = int(entry) if entry.lstrip(b"-").isdigit() and b"%d" % int(entry) == entry else None
        if number is not None and 0 <= number <= 12:
            rest = bytes([0xF1 + number])
        elif number is not None and -128 <= number <= 127:
            rest = b"\xfe" + struct.pack("<b", number)
        elif number is not None and -32768 <= number <= 32767:
            rest = b"\xc0" + struct.pack("<h", number)
        elif number is not None and -8388608 <= number <= 8388607:
            rest = b"\xf0" + number.to_bytes(3, "little", signed=True)
        elif number is not None and -2147483648 <= number <= 2147483647:
            rest = b"\xd0" + struct.pack("<i", number)
        elif number is not None and -(1 << 63) <= number < 1 << 63:
            rest = b"\xe0" + struct.pack("<q", number)
        elif len(entry) < 64:
            rest = bytes([len(entry)]) + entry
        elif len(entry) < 16384:
            rest = struct.pack(">H", 0x4000 | len(entry)) + entry
        else:
            rest = b"\x80" + struct.pack(">I", len(entry)) + entry
        last = 10 + len(body)
        body += head + rest
        previous = len(head) + len(rest)
    return struct.pack("<IIH", 11 + len(body), last, min(len(entries), 65535)) + body + b"\xff"


def make_zipmap(items: list[bytes], unused: int = 0) -> bytes:
    body = b""
    for index, item in enumerate(items):
        body += bytes([len(item)]) if len(item) < 254 else b"\xfe" + struct.pack("<I", len(item))
        body += bytes([unused]) + item + b"?" * unused if index & 1 else item
    return bytes([min(len(items) // 2, 254)]) + body + b"\xff"


@settings(max_examples=examples(60))
@given(st.lists(TEXTS, max_size=12))
def test_a_listpack_gives_back_what_was_put_in(elements: list[bytes]) -> None:
    assert listpack.decode(listpack.encode(elements)) == elements


def test_a_listpack_holds_integers_of_every_width() -> None:
    texts = [b"%d" % number for number in BORDERS if -(1 << 63) <= number < 1 << 63]
    packed = listpack.encode(texts)
    assert listpack.decode(packed) == texts
    assert listpack.encode([b"1"]) == b"\x09\0\0\0\x01\0\x01\x01\xff"


def test_a_listpack_is_read_in_batches() -> None:
    elements = [b"%d" % number for number in range(1000)]
    reader = listpack.ListpackReader(listpack.encode(elements))
    assert reader.next_batch(3) == elements[:3]
    assert reader.read_all() == elements[3:]
    assert reader.next_batch(3) == []


@pytest.mark.parametrize("length", [127, 128, 16382, 16383, 2097150, 2097151, 268435454, 268435455])
def test_backward_lengths_grow_where_those_of_redis_do(length: int) -> None:
    back = listpack.encode_back_length(length)
    value = 0
    for place, byte in enumerate(reversed(back)):
        value |= (byte & 127) << 7 * place
        assert (byte >= 128) == (place < len(back) - 1)
    assert value == length
    assert len(back) == 1 + (length > 127) + (length >= 16383) + (length >= 2097151) + (length >= 268435455)


def test_a_listpack_too_large_for_its_header_is_refused() -> None:
    with pytest.raises(FormatError):
        listpack.encode([b"x" * 100], max_size=100)


def test_a_listpack_may_leave_its_count_open() -> None:
    packed = listpack.encode([b"a", b"b"])
    assert listpack.decode(packed[:4] + b"\xff\xff" + packed[6:]) == [b"a", b"b"]


def with_body(body: bytes, count: int = 1) -> bytes:
    return struct.pack("<IH", 7 + len(body), count) + body + b"\xff"


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x06\0\0\0\0\0",
        b"\x08\0\0\0\0\0\xff",  # wrong size
        b"\x07\0\0\0\0\0\xfe",  # no end
        b"\x07\0\0\0\x01\0\xff",  # wrong count
        with_body(b"\x85abc"),  # 6-bit string beyond the end
        with_body(b"\xc0"),  # 13-bit integer beyond the end
        with_body(b"\xe0"),  # 12-bit length beyond the end
        with_body(b"\xe0\x05abc"),
        with_body(b"\xf0\x05\0"),  # 32-bit length beyond the end
        with_body(b"\xf0\xff\xff\xff\xffabc"),
        with_body(b"\xf4\x01\x02\x03"),  # 64-bit integer beyond the end
        with_body(b"\xf5\x01"),  # unknown
        with_body(b"\x01\x02"),  # wrong backward length
        with_body(b"\x01"),  # no backward length
        with_body(b"\xe0\x80" + b"x" * 128 + b"\x02\x82"),  # wrong backward length of two bytes
        with_body(b"\xe0\x80" + b"x" * 128 + b"\x01"),  # and a cut one
    ],
)
def test_corrupt_listpacks_are_refused(blob: bytes) -> None:
    with pytest.raises(FormatError):
        listpack.decode(blob)


@settings(max_examples=examples(60))
@given(st.lists(TEXTS, max_size=12), st.booleans())
def test_a_ziplist_is_read(entries: list[bytes], long_sizes: bool) -> None:
    assert ziplist.decode(make_ziplist(entries, long_sizes)) == entries


def test_a_ziplist_holds_integers_of_every_width() -> None:
    texts = [b"%d" % number for number in BORDERS if -(1 << 63) <= number < 1 << 63]
    blob = make_ziplist(texts)
    assert ziplist.decode(blob) == texts
    assert ziplist.decode(blob[:8] + b"\xff\xff" + blob[10:]) == texts


def ziplist_with(body: bytes, last: int = 10, count: int = 1) -> bytes:
    return struct.pack("<IIH", 11 + len(body), last, count) + body + b"\xff"


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        ziplist_with(b"", count=0)[:-1],
        b"\x0c" + ziplist_with(b"", count=0)[1:],  # wrong size
        ziplist_with(b"", count=0)[:-1] + b"\xfe",  # no end
        ziplist_with(b"", count=1),
        ziplist_with(b"", last=11, count=0),
        ziplist_with(b"\x01\xf2"),  # wrong size of the previous entry
        ziplist_with(b"\xff\xf2"),
        ziplist_with(b"\xfe\0\0"),  # cut
        ziplist_with(b"\0"),  # no entry
        ziplist_with(b"\0\x05abc"),  # string beyond the end
        ziplist_with(b"\0\x40"),
        ziplist_with(b"\0\x80\xff\xff"),
        ziplist_with(b"\0\x81abc"),  # unknown encodings
        ziplist_with(b"\0\xc1abc"),
        ziplist_with(b"\0\xd0ab"),  # integer beyond the end
        ziplist_with(b"\0\xf2", last=11),
    ],
)
def test_corrupt_ziplists_are_refused(blob: bytes) -> None:
    with pytest.raises(FormatError):
        ziplist.decode(blob)


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.integers(0, 3))
def test_a_zipmap_is_read(pairs: list[tuple[bytes, bytes]], unused: int) -> None:
    items = [item for pair in pairs for item in pair]
    assert zipmap.decode(make_zipmap(items, unused)) == items


def test_a_zipmap_of_many_pairs_has_no_count() -> None:
    items = [b"%d" % number for number in range(600)]
    assert zipmap.decode(make_zipmap(items)) == items


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x00\x00",  # no end
        b"\x01\xff",  # wrong count
        b"\x01\x03ab\xff",  # text beyond the end
        b"\x01\xfe\x01\0\xff",  # length beyond the end
        b"\x01\x01a\xff\xff",  # end inside
        b"\x01\x01a\x01\xff",  # value beyond the end
        b"\x01\x01a\x00\x05\xff",  # unused space beyond the end
        b"\x01\x01a\xff",  # field without value
    ],
)
def test_corrupt_zipmaps_are_refused(blob: bytes) -> None:
    with pytest.raises(FormatError):
        zipmap.decode(blob)


@settings(max_examples=examples(60))
@given(st.sets(st.integers(-(1 << 63), (1 << 63) - 1), max_size=30), st.sampled_from([0, 32, 48]))
def test_an_intset_gives_back_what_was_put_in(numbers: set[int], shift: int) -> None:
    ordered = sorted({number >> shift for number in numbers})
    blob = intset.encode(ordered)
    assert intset.decode(blob) == ordered
    assert intset.IntsetReader(blob).read_all() == [b"%d" % number for number in ordered]
    widest = max([2] + [2 if -32768 <= each < 32768 else 4 if -(1 << 31) <= each < 1 << 31 else 8 for each in ordered])
    assert blob[0] == widest


@pytest.mark.parametrize(
    "blob",
    [
        b"\x02\0\0",
        struct.pack("<IIh", 3, 1, 1),  # unknown width
        struct.pack("<IIh", 2, 2, 1),  # wrong size
        struct.pack("<IIhh", 2, 2, 2, 1),  # out of order
        struct.pack("<IIhh", 2, 2, 1, 1),  # twice
    ],
)
def test_corrupt_intsets_are_refused(blob: bytes) -> None:
    with pytest.raises(FormatError):
        intset.decode(blob)


def test_mutated_blobs_are_read_or_refused_and_never_grow() -> None:
    """Whatever comes out is bounded by what went in."""
    source = random.Random(20)
    elements = [b"%d" % (number * 977) for number in range(20)] + [b"x" * size for size in (0, 5, 63, 64, 300, 5000)]
    blobs = [
        (listpack.ListpackReader, listpack.encode(elements)),
        (ziplist.ZiplistReader, make_ziplist(elements)),
        (zipmap.ZipmapReader, make_zipmap(elements)),
        (intset.IntsetReader, intset.encode(list(range(0, 4000, 7)))),
    ]
    read = refused = 0
    for reader, blob in blobs:
        for _ in range(400):
            damaged = bytearray(blob)
            for _ in range(source.randint(1, 3)):
                damaged[source.randrange(min(len(blob), 120))] = source.randrange(256)
            try:
                found = reader(bytes(damaged)).read_all()
                read += 1
            except FormatError:
                refused += 1
                continue
            assert sum(map(len, found)) <= 10 * len(blob)
    assert read > 10 and refused > 1000


def test_the_base_reader_reads_nothing_of_its_own() -> None:
    with pytest.raises(AssertionError):
        PackedReader(b"").next_batch(1)
