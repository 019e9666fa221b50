"""The byte work in Python and its twin in C, which is built here: equal for every input."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.resp import bytework, decoder, encoder
from miniredis.resp.bytework import (
    add_request_in_python,
    encode_bulk_in_python,
    encode_plain_in_python,
    fill_in_python,
    key_slot_in_python,
    make_room_in_python,
    mark_of_key_in_python,
    pack_entries_in_python,
    unpack_entries_in_python,
)
from miniredis.resp.decoder import RequestDecoder
from miniredis.resp.encoder import append_bulk, append_reply, encode_command
from miniredis.resp.errors import ProtocolError
from native_build import build_native


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return build_native("bytework", tmp_path_factory.mktemp("native"))


integers = st.integers(min_value=-(1 << 64), max_value=1 << 64)
texts = st.binary(max_size=40) | st.binary(min_size=250, max_size=260)
plain = st.recursive(st.none() | integers | texts, lambda inner: st.lists(inner, max_size=6), max_leaves=20)
replies = plain | st.booleans() | st.floats() | st.lists(st.booleans() | texts, max_size=3)


@given(reply=replies, resp=st.sampled_from([2, 3]))
def test_replies_are_encoded_alike(native: ModuleType, reply: object, resp: int) -> None:
    in_python = encode_plain_in_python(reply, resp)
    assert native.encode_plain(reply, resp) == in_python
    for is_native in (False, True):
        out: list[bytes] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoder, "IS_NATIVE", is_native)
            append_reply(out, reply, resp)
        assert in_python is None or b"".join(out) == in_python


@given(argv=st.lists(texts, max_size=5), length=st.sampled_from([3, 2000, 16_383, 16_384]))
def test_requests_are_encoded_alike(argv: list[bytes], length: int) -> None:
    found = []
    wide = b"w" * length
    for is_native in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoder, "IS_NATIVE", is_native)
            out: list[bytes] = []
            append_bulk(out, wide)
            found.append((encode_command([*argv, wide]), b"".join(out)))
    assert found[0] == found[1]


def test_integers_beyond_64_bits_are_left_to_others(native: ModuleType) -> None:
    for number in (1 << 63, -(1 << 63) - 1):
        assert native.encode_plain(number, 2) is None
        assert encode_plain_in_python(number, 2) is None


@given(value=texts)
def test_bulk_strings_are_encoded_alike(native: ModuleType, value: bytes) -> None:
    assert native.encode_bulk(value) == encode_bulk_in_python(value)


@given(elements=st.lists(texts, max_size=40), left_out=st.integers(0, 40))
def test_entries_are_packed_and_unpacked_alike(native: ModuleType, elements: list[bytes], left_out: int) -> None:
    packed = native.pack_entries(elements)
    assert packed == pack_entries_in_python(elements)
    count = max(len(elements) - left_out, 0)
    for raw in (packed, bytearray(packed)):
        here: list[bytes] = []
        there: list[bytes] = []
        assert native.unpack_entries(here, raw, 0, count) == unpack_entries_in_python(there, raw, 0, count)
        assert here == there == elements[:count]


@given(raw=st.binary(max_size=30), offset=st.integers(0, 30), count=st.integers(0, 5))
def test_torn_entries_are_refused_alike(native: ModuleType, raw: bytes, offset: int, count: int) -> None:
    results: list[object] = []
    for unpack in (native.unpack_entries, unpack_entries_in_python):
        found: list[bytes] = []
        try:
            results.append(unpack(found, raw, offset, count))
        except IndexError:
            results.append("torn")
    assert results[0] == results[1]


@given(arguments=st.lists(st.lists(st.binary(max_size=300), max_size=6), max_size=30), most=st.integers(0, 700))
def test_requests_are_gathered_alike(native: ModuleType, arguments: list[list[bytes]], most: int) -> None:
    in_c, in_python = bytearray(), bytearray()
    for argv in arguments:
        before = len(in_python)
        size = add_request_in_python(in_python, argv, most)
        assert native.add_request(in_c, argv, most) == size == len(in_python) - before
        assert in_c == in_python
        assert bytes(in_python[before:]) == (encode_command(argv) if size else b"")
        assert size > 0 or len(encode_command(argv)) > most


def test_an_argument_is_filled_piece_by_piece(native: ModuleType) -> None:
    for make_room, fill in ((native.make_room, native.fill), (make_room_in_python, fill_in_python)):
        room = make_room(10)
        fill(room, 3, b"3456789", 0, 7)
        fill(room, 0, b"[012]", 1, 3)
        assert bytes(room) == b"0123456789"


def test_there_is_no_place_outside_of_the_room() -> None:
    room = make_room_in_python(4)
    for at, start, count in ((1, 0, 4), (-1, 0, 1), (0, 1, 4)):
        with pytest.raises(ValueError, match="no such place"):
            fill_in_python(room, at, b"data", start, count)


def test_depth_is_bounded(native: ModuleType) -> None:
    reply: object = b"x"
    for _ in range(40):
        reply = [reply]
    assert native.encode_plain(reply, 2) is None
    assert encode_plain_in_python(reply, 2) is None


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("encode_bulk", (1,)),
        ("make_room", ("1",)),
        ("make_room", (-1,)),
        ("fill", (bytearray(4), 0, b"data", 0, 4)),
        ("fill", (b"room", 0, "data", 0, 4)),
        ("fill", (b"room", "0", b"data", 0, 4)),
        ("fill", (b"room", 1, b"data", 0, 4)),
        ("fill", (b"room", -1, b"data", 0, 4)),
        ("fill", (b"room", 0, b"data", 1, 4)),
        ("fill", (b"room", 0, b"data", 0, -1)),
        ("add_request", (b"", [b"PING"], 10)),
        ("add_request", (bytearray(), (b"PING",), 10)),
        ("add_request", (bytearray(), ["PING"], 10)),
        ("add_request", (bytearray(), [b"PING"], "10")),
        ("add_request", (bytearray(), [b"PING"])),
        ("encode_plain", (b"",)),
        ("encode_plain", (b"", "2")),
        ("pack_entries", (1,)),
        ("pack_entries", ([1],)),
        ("unpack_entries", ([], "x", 0, 1)),
        ("unpack_entries", ([], b"x", "0", 1)),
        ("split_requests", (b"", 0, 1, 1, b"")),
        ("split_requests", (b"", "0", 1, 1, b"", [])),
        ("split_requests", (b"", 1, 1, 1, b"", [])),
    ],
)
def test_wrong_arguments_are_errors(native: ModuleType, function: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError, IndexError)):
        getattr(native, function)(*arguments)


requests = st.one_of(
    st.lists(texts, min_size=1, max_size=12).map(encode_command),
    st.sampled_from(
        [b"PING\r\n", b"\r\n", b"*0\r\n", b"*-1\r\n", b"*01\r\n$1\r\na\r\n", b"*1\r\n$01\r\na\r\n", b"*1\r\n$0\r\n\r\n"]
    ),
)
streams = st.lists(requests | st.binary(max_size=3), max_size=60).map(b"".join)


def drained(pieces: list[bytes]) -> tuple[list[list[bytes]], list[bytes], bytes, int]:
    """Requests, what a log would have of each, the error at the end if any, and what was left over."""
    requests = RequestDecoder(300)
    found: list[list[bytes]] = []
    raw: list[bytes] = []
    for piece in pieces:
        requests.feed(piece)
        try:
            while (argv := requests.next()) is not None:
                found.append(argv)
                raw.append(requests.raw() or encode_command(argv))
        except ProtocolError as problem:
            return found, raw, problem.message, 0
    return found, raw, b"", requests.pending_bytes()


@given(stream=streams, cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_requests_are_split_off_as_they_are_read(native: ModuleType, stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder, "split_requests", None)
        one_by_one = drained(pieces)
        patch.setattr(decoder, "split_requests", native.split_requests)
        assert drained(pieces) == one_by_one


def test_requests_that_were_split_off_count_as_pending(native: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "split_requests", native.split_requests)
    requests = RequestDecoder()
    request = encode_command([b"SET", b"k", b"v"])
    requests.feed(request * 50 + b"*1\r\n$3\r\nab")
    for left in range(50, 0, -1):
        assert not requests.is_idle()
        assert requests.pending_bytes() == left * len(request) + 10
        assert requests.next() == [b"SET", b"k", b"v"]
        assert requests.raw() is None  # it is quicker to write it anew
    assert requests.next() is None
    requests.feed(b"c\r\n")
    assert requests.next() == [b"abc"]
    assert requests.raw() is None
    assert requests.is_idle()


#: Many with braces, in any order.
keys = st.binary(max_size=40) | st.text("{}ab", max_size=8).map(str.encode)


@given(key=keys, seed=st.integers(0, 255))
def test_slots_are_alike(native: ModuleType, key: bytes, seed: int) -> None:
    slot = key_slot_in_python(key)
    assert native.key_slot(key) == slot
    marks = bytearray((place * 31 + place // 256 + seed) % 256 for place in range(16384))
    assert native.mark_of_key(marks, key) == mark_of_key_in_python(marks, key) == marks[slot]


def test_what_is_no_key_has_no_slot(native: ModuleType) -> None:
    for wrong in ("text", 1, None):
        with pytest.raises(TypeError):
            native.key_slot(wrong)
        with pytest.raises(TypeError):
            native.mark_of_key(bytearray(16384), wrong)
    with pytest.raises(TypeError):
        native.mark_of_key(bytes(16384), b"k")
    with pytest.raises(IndexError, match="more slots than marks"):
        native.mark_of_key(bytearray(10), b"foo")


def test_without_the_module_python_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(bytework, "import_module", missing)
    assert bytework._load() is None
