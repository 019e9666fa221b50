"""The packed list against a plain Python list."""

from __future__ import annotations

import zlib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.compression import Compressor
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.list_blocks import MIN_COMPRESSED, exceeds_limit, is_large
from miniredis.datatypes.lists import ListValue
from miniredis.datatypes.packed_entries import listpack_size, pack_entry, skip_backward, string_size
from miniredis.resp.bytework import pack_entries


class Zlib(Compressor):
    """Stands in for LZF, which belongs to another package."""

    def compress(self, raw: bytes) -> bytes | None:
        packed = zlib.compress(raw)
        return packed if len(packed) < len(raw) else None

    def decompress(self, packed: bytes, size: int) -> bytes:
        raw = zlib.decompress(packed)
        assert len(raw) == size
        return raw


def limits_with(fill: int = -2, depth: int = 0, threshold: int = 0) -> EncodingLimits:
    limits = EncodingLimits()
    limits.list_max_listpack_size = fill
    limits.list_compress_depth = depth
    limits.list_compressor = Zlib()
    limits.quicklist_packed_threshold = threshold
    return limits


def list_of(elements: list[bytes], limits: EncodingLimits | None = None) -> ListValue:
    value = ListValue(limits or EncodingLimits())
    value.extend_right(elements)
    return value


def elements_of(value: ListValue) -> list[bytes]:
    """By way of the blocks, unlike `range`."""
    value._check()
    found: list[bytes] = []
    for place in range(value.block_count()):
        found += value.block_entries(place)
    return found


NUMBERS = [b"%d" % number for number in range(3000)]


def test_an_empty_list_has_nothing() -> None:
    value = ListValue(EncodingLimits())
    assert (value.size(), value.get(0), value.range(0, -1), value.encoding()) == (0, None, [], b"listpack")
    assert value.type_name() == b"list"
    assert value.positions(b"a", 1, 0, 0) == []
    assert value.remove(b"a", 0) == 0
    assert not value.insert(b"a", b"b", False)
    assert not value.set(0, b"a")
    assert value.memory() > 0
    value._check()


def test_pushes_at_both_ends_and_pops() -> None:
    value = ListValue(EncodingLimits())
    value.push_right(b"b")
    value.push_left(b"a")
    value.extend_right([b"c", b"d"])
    value.extend_left([b"0", b"1"])
    assert value.range(0, -1) == [b"1", b"0", b"a", b"b", b"c", b"d"]
    assert (value.pop_left(), value.pop_right()) == (b"1", b"d")
    assert value.take_left(2) == [b"0", b"a"]
    assert value.take_right(9) == [b"c", b"b"]
    assert value.size() == 0


def test_taking_more_than_there_is_from_the_head_takes_all() -> None:
    value = list_of(NUMBERS)
    assert value.take_right(2) == [b"2999", b"2998"]
    assert value.take_left(5000) == NUMBERS[:-2]
    assert (value.size(), value.block_count()) == (0, 0)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 254, 255, 256, 4095, 4096, 8184, 8185, 8192, 8193, 20000, 70000])
def test_elements_of_any_length_come_back_from_both_ends_and_the_middle(length: int) -> None:
    element = bytes([length % 251]) * length
    value = list_of([b"a", element, b"b", element])
    assert value.range(0, -1) == [b"a", element, b"b", element]
    assert value.get(1) == element
    assert value.get(-1) == element
    assert value.pop_right() == element
    assert value.pop_left() == b"a"
    assert value.pop_left() == element
    assert elements_of(value) == [b"b"]


def test_an_entry_can_be_skipped_backwards_whatever_its_length() -> None:
    entries = [b"x" * 254, b"y" * 255, b"", b"z" * 70000]
    raw = bytes(pack_entries(entries))
    offset = len(raw)
    for entry in reversed(entries):
        offset = skip_backward(raw, offset, 1)
        assert raw[offset:].startswith(pack_entry(entry))
    assert offset == 0


def test_the_size_in_a_listpack_of_integers_and_strings() -> None:
    """Sizes a real server showed as ql_uncompressed_size, less the seven bytes of an empty listpack."""
    sizes = {
        b"": 2,
        b"0": 2,
        b"127": 2,
        b"128": 3,
        b"-1": 3,
        b"-4096": 3,
        b"4096": 4,
        b"-32768": 4,
        b"40000": 5,
        b"8388608": 6,
        b"-2147483649": 10,
        b"9223372036854775807": 10,
        b"-9223372036854775808": 10,
        b"9223372036854775808": 21,
        b"-0": 4,
        b"-": 3,
        b"00": 4,
        b"1a": 4,
        b"a": 3,
        b"/": 3,
        b":": 3,
        b"x" * 20: 22,
        b"x" * 63: 65,
        b"x" * 64: 67,
        b"x" * 125: 128,
        b"x" * 126: 130,
        b"x" * 4096: 4103,
        b"x" * 16384: 16392,
        b"x" * 2097152: 2097161,
    }
    for element, size in sizes.items():
        assert listpack_size(element) == size, element[:30]


@pytest.mark.interpreted
def test_the_size_in_a_listpack_of_a_giant() -> None:
    assert string_size(1 << 28) == (1 << 28) + 10


def test_limits_by_bytes_and_by_entries() -> None:
    assert not exceeds_limit(-1, 4096, 10000)
    assert exceeds_limit(-1, 4097, 1)
    assert not exceeds_limit(-9, 65536, 1)
    assert exceeds_limit(3, 10, 4)
    assert exceeds_limit(3, 8193, 2)
    assert exceeds_limit(0, 10, 2)
    assert is_large(-2, 0, 8193)
    assert not is_large(-2, 0, 8192)
    assert is_large(-9, 0, 65537)
    assert is_large(100, 0, 8193)
    assert is_large(-2, 5, 5)
    assert not is_large(-2, 1 << 30, 9000)


def test_a_list_becomes_a_quicklist_over_the_limit_and_a_listpack_again_at_half_of_it() -> None:
    value = list_of([b"a", b"b", b"c", b"d"], limits_with(fill=4))
    assert value.encoding() == b"listpack"
    value.push_right(b"e")
    assert value.encoding() == b"quicklist"
    assert [value.node(place).count for place in range(value.block_count())] == [4, 1]
    value.pop_right()
    assert value.encoding() == b"quicklist"
    value.pop_right()
    value.pop_right()
    assert value.encoding() == b"listpack"
    assert value.range(0, -1) == [b"a", b"b"]


def test_a_byte_limit_counts_the_bytes_pushed_before_they_are_packed() -> None:
    value = ListValue(EncodingLimits())
    for _ in range(79):
        value.push_right(b"x" * 100)
    assert value.encoding() == b"listpack"
    value.push_right(b"x" * 100)
    assert value.encoding() == b"quicklist"
    assert [value.node(place).size for place in range(2)] == [7 + 79 * 103, 110]
    while value.encoding() == b"quicklist":
        value.pop_right()
    assert value.size() == 39
    assert list_of([b"a"] * 3000).encoding() == b"listpack"


def test_a_loaded_list_chooses_its_encoding_when_it_is_whole() -> None:
    value = ListValue(limits_with(fill=4))
    value.load_node([b"a", b"b", b"c"])
    value.settle()
    assert value.encoding() == b"listpack"
    value = ListValue(limits_with())
    value.load_node([b"a", b"b", b"c"])
    value.load_plain(b"whole")
    value.load_node([b"d"])
    value.settle()
    assert value.encoding() == b"quicklist"
    assert [value.node(place).plain for place in range(3)] == [False, True, False]
    assert elements_of(value) == [b"a", b"b", b"c", b"whole", b"d"]
    alone = ListValue(limits_with())
    alone.load_plain(b"whole")
    alone.settle()
    assert alone.encoding() == b"quicklist"


def test_every_index_of_many_blocks() -> None:
    value = list_of(NUMBERS, limits_with(fill=7))
    assert [value.get(index) for index in range(3000)] == NUMBERS
    assert [value.get(index) for index in range(-1, -3001, -1)] == NUMBERS[::-1]
    assert value.get(3000) is None
    assert value.get(-3001) is None


def test_ranges_of_many_blocks() -> None:
    value = list_of(NUMBERS, limits_with(fill=7))
    for start, stop in [
        (0, 9),
        (5, 5),
        (10, 2000),
        (-5, -1),
        (-9999, 3),
        (2990, 9999),
        (5, 4),
        (3000, 3001),
        (0, -3001),
    ]:
        upper = stop + 3000 if stop < 0 else stop
        lower = max(start + 3000, 0) if start < 0 else start
        assert value.range(start, stop) == NUMBERS[lower : max(upper + 1, 0)], (start, stop)


def test_a_middle_index_after_changes_at_the_ends_stays_right() -> None:
    value = list_of(NUMBERS, limits_with(fill=7))
    model = list(NUMBERS)
    assert value.get(1500) == b"1500"
    for step in range(100):
        value.push_left(b"h%d" % step)
        model.insert(0, b"h%d" % step)
        value.push_right(b"t%d" % step)
        model.append(b"t%d" % step)
        assert value.get(1500 + step // 2) == model[1500 + step // 2]
    for _ in range(300):
        assert value.pop_left() == model.pop(0)
        assert value.pop_right() == model.pop()
        assert value.get(1000) == model[1000]
    value._check()


def test_insert_splits_a_full_block_and_uses_room_beside() -> None:
    value = list_of([b"%d" % n for n in range(9)], limits_with(fill=3))
    assert value.insert(b"4", b"x", False)
    assert elements_of(value) == [b"0", b"1", b"2", b"3", b"x", b"4", b"5", b"6", b"7", b"8"]
    assert value.insert(b"2", b"y", True)
    assert value.insert(b"6", b"z", False)
    assert value.insert(b"0", b"first", False)
    assert value.insert(b"8", b"last", True)
    assert not value.insert(b"none", b"n", True)
    assert elements_of(value) == [
        b"first", b"0", b"1", b"2", b"y", b"3", b"x", b"4", b"5", b"z", b"6", b"7", b"8", b"last",
    ]  # fmt: skip


def test_big_elements_stand_alone_and_give_way() -> None:
    limits = limits_with(threshold=100)
    big = b"b" * 100
    value = list_of([b"a", b"c", b"d", b"e"], limits)
    value.push_right(b"x" * 9000)
    assert value.set(1, big)
    assert value.set(0, big)
    assert value.insert(b"d", big + b"1", True)
    assert value.insert(b"d", b"s", False)
    assert value.set(-1, b"small")
    assert value.set(0, big + b"2")
    assert value.set(-2, big + b"3")
    expected = [big + b"2", big, b"s", b"d", big + b"1", big + b"3", b"small"]
    assert elements_of(value) == expected
    assert value.insert(b"d", big + b"4", False)
    assert value.positions(big, 1, 0, 0) == [1]
    assert value.remove(big, 0) == 1
    assert value.remove(big + b"1", 1) == 1
    assert elements_of(value) == [big + b"2", b"s", big + b"4", b"d", big + b"3", b"small"]
    value.extend_right([b"p", b"q", b"r"])
    assert value.set(7, big + b"5")
    assert value.insert(b"p", big + b"6", True)
    assert elements_of(value)[-5:] == [b"small", b"p", big + b"6", big + b"5", b"r"]
    assert value.copy().range(0, -1) == value.range(0, -1)
    assert value.memory() > 600


def test_an_element_in_the_middle_of_a_block_gives_way_to_a_big_one() -> None:
    value = list_of([b"a", b"b", b"c", b"d", b"e" * 9000], limits_with(threshold=0))
    assert value.set(1, b"B" * 9000)
    assert value.insert(b"c", b"x" * 9000, True)
    assert [value.node(place).count for place in range(value.block_count())] == [1, 1, 1, 1, 1, 1]
    assert value.size() == 6
    assert value.get(3) == b"x" * 9000


@pytest.mark.parametrize(
    ("start", "stop"), [(0, -1), (1, -2), (100, 200), (5, 4), (2999, 5000), (-10, -1), (0, 0), (-9999, 7)]
)
def test_trim_keeps_what_range_gives(start: int, stop: int) -> None:
    value = list_of(NUMBERS, limits_with(fill=7))
    value.get(1500)
    expected = value.range(start, stop)
    value.trim(start, stop)
    assert elements_of(value) == expected
    assert value.size() == len(expected)
    value.extend_left([b"l", b"m"])
    assert value.range(0, -1) == [b"m", b"l", *expected]


def test_remove_takes_the_first_the_last_or_all() -> None:
    elements = [b"a", b"b", b"a", b"c", b"a", b"a", b"b", b"a"]
    first = list_of(elements, limits_with(fill=3))
    assert first.remove(b"a", 2) == 2
    assert elements_of(first) == [b"b", b"c", b"a", b"a", b"b", b"a"]
    last = list_of(elements, limits_with(fill=3))
    assert last.remove(b"a", -2) == 2
    assert elements_of(last) == [b"a", b"b", b"a", b"c", b"a", b"b"]
    every = list_of(elements, limits_with(fill=3))
    assert every.remove(b"a", 0) == 5
    assert elements_of(every) == [b"b", b"c", b"b"]
    gone = list_of([b"a"] * 8, limits_with(fill=3))
    assert gone.remove(b"a", 0) == 8
    assert elements_of(gone) == []


def test_remove_is_not_misled_by_bytes_that_look_like_an_entry() -> None:
    """The packed form of an element may stand inside another element."""
    value = list_of([pack_entry(b"a"), b"a", b"x" + pack_entry(b"a")])
    assert value.positions(b"a", 1, 0, 0) == [1]
    assert value.remove(b"a", 0) == 1
    assert elements_of(value) == [pack_entry(b"a"), b"x" + pack_entry(b"a")]
    assert value.remove(b"a", 0) == 0


def test_positions_by_rank_count_and_number_compared() -> None:
    value = list_of([b"a", b"b", b"c", b"1", b"2", b"3", b"c", b"c"], limits_with(fill=3))
    assert value.positions(b"c", 1, 1, 0) == [2]
    assert value.positions(b"c", 1, 0, 0) == [2, 6, 7]
    assert value.positions(b"c", 2, 0, 0) == [6, 7]
    assert value.positions(b"c", 2, 1, 0) == [6]
    assert value.positions(b"c", -1, 1, 0) == [7]
    assert value.positions(b"c", -1, 0, 0) == [7, 6, 2]
    assert value.positions(b"c", -2, 2, 0) == [6, 2]
    assert value.positions(b"c", 4, 0, 0) == []
    assert value.positions(b"c", 1, 0, 3) == [2]
    assert value.positions(b"c", 1, 0, 2) == []
    assert value.positions(b"c", -1, 0, 2) == [7, 6]
    assert value.positions(b"c", -1, 0, 1) == [7]
    assert value.positions(b"b", -1, 0, 7) == [1]
    assert value.positions(b"b", -1, 0, 6) == []


def test_inner_blocks_are_compressed_at_their_depth() -> None:
    limits = limits_with(fill=10, depth=2)
    value = list_of([b"element number %08d" % number for number in range(100)], limits)
    packed = [value.node(place).compressed for place in range(value.block_count())]
    assert packed == [False, False] + [True] * 6 + [False, False]
    assert value.node(4).stored < value.node(4).size
    assert value.get(45) == b"element number %08d" % 45
    value.trim(30, 69)
    assert [value.node(place).compressed for place in range(value.block_count())] == [False] * 4
    assert elements_of(value) == [b"element number %08d" % number for number in range(30, 70)]


def test_a_block_that_would_not_shrink_stays_as_it_is() -> None:
    random = Random(7)
    limits = limits_with(fill=2, depth=1)
    value = list_of([random.randbytes(40) for _ in range(8)], limits)
    assert not any(value.node(place).compressed for place in range(value.block_count()))
    short = list_of([b"a"] * MIN_COMPRESSED, limits)
    assert not any(short.node(place).compressed for place in range(short.block_count()))


def test_changes_inside_compressed_blocks() -> None:
    limits = limits_with(fill=10, depth=1)
    elements = [b"element number %08d" % number for number in range(60)]
    value = list_of(elements, limits)
    assert value.set(25, b"replaced")
    assert value.remove(elements[34], 1) == 1
    assert value.insert(elements[44], b"inserted", True)
    elements[25] = b"replaced"
    del elements[34]
    elements.insert(44, b"inserted")
    assert elements_of(value) == elements
    assert value.copy().range(0, -1) == elements
    assert value.node(3).compressed
    assert value.memory() > 0
    assert value.insert(elements[31], b"split here", True)
    assert value.insert(elements[31], b"split there", False)
    elements.insert(32, b"split here")
    elements.insert(31, b"split there")
    assert elements_of(value) == elements


def test_a_depth_turned_off_leaves_readable_blocks() -> None:
    """CONFIG SET comes at any time; a compressed block may then find itself at an end."""
    limits = limits_with(fill=10, depth=1)
    elements = [b"element number %08d" % number for number in range(60)]
    value = list_of(elements, limits)
    limits.list_compress_depth = 0
    assert [value.pop_left() for _ in range(15)] == elements[:15]
    assert [value.pop_right() for _ in range(15)] == elements[:-16:-1]
    value.trim(10, 19)
    assert value.range(0, -1) == elements[25:35]
    again = list_of(elements, limits_with(fill=10, depth=1))
    again.limits.list_compress_depth = 0
    again.trim(10, 49)
    again.push_left(b"l")
    again.push_right(b"r")
    assert elements_of(again) == [b"l", *elements[10:50], b"r"]
    filling = list_of(elements, limits_with(fill=10, depth=1))
    filling.limits.list_compress_depth = 0
    filling.trim(13, 46)
    filling.insert(elements[25], b"x", False)
    assert filling.remove(elements[13], 0) == 1
    filling.limits.list_max_listpack_size = 60
    filling.push_left(b"l")
    filling.push_right(b"r")
    filling._check()


def test_pushes_open_a_compressed_end() -> None:
    limits = limits_with(fill=10, depth=1)
    elements = [b"element number %08d" % number for number in range(30)]
    value = list_of(elements, limits)
    limits.list_compress_depth = 0
    del_first = value.take_left(10)
    del_last = value.take_right(10)
    limits.list_max_listpack_size = 20
    value.push_left(b"l")
    assert (del_first, del_last) == (elements[:10], elements[:19:-1])
    assert elements_of(value) == [b"l", *elements[10:20]]
    value = list_of(elements, limits_with(fill=10, depth=1))
    value.limits.list_compress_depth = 0
    value.take_left(10)
    value.take_right(10)
    value.limits.list_max_listpack_size = 20
    value.push_right(b"r")
    assert elements_of(value) == [*elements[10:20], b"r"]


@pytest.mark.parametrize(
    ("fill", "depth", "threshold"), [(-2, 0, 0), (5, 0, 0), (5, 1, 0), (-1, 2, 30), (1, 0, 0), (16, 1, 25)]
)
def test_random_actors_agree_with_a_plain_list(fill: int, depth: int, threshold: int) -> None:
    random = Random(fill * 100 + depth)
    value = ListValue(limits_with(fill, depth, threshold))
    model: list[bytes] = []
    for step in range(1200):
        element = random.choice(
            [b"%d" % random.randrange(20), b"word " * random.randrange(8), b"v" * random.randrange(400)]
        )
        action = random.randrange(13)
        size = len(model)
        if action == 0:
            value.push_left(element)
            model.insert(0, element)
        elif action in (1, 2):
            value.extend_right([element, b"%d" % step])
            model += [element, b"%d" % step]
        elif action == 3 and model:
            assert value.pop_left() == model.pop(0)
        elif action == 4 and model:
            assert value.pop_right() == model.pop()
        elif action == 5:
            index = random.randint(-size - 1, size)
            assert value.get(index) == (model[index] if -size <= index < size else None)
        elif action == 6:
            index = random.randint(-size - 1, size)
            assert value.set(index, element) == (-size <= index < size)
            if -size <= index < size:
                model[index] = element
        elif action in (7, 8):
            after = random.random() < 0.5
            assert value.insert(element, b"new %d" % step, after) == (element in model)
            if element in model:
                model.insert(model.index(element) + after, b"new %d" % step)
        elif action == 9:
            count = random.randint(-2, 2)
            indexes = [index for index, each in enumerate(model) if each == element]
            chosen = indexes[:count] if count > 0 else indexes[count:] if count < 0 else indexes
            assert value.remove(element, count) == len(chosen)
            for index in reversed(chosen):
                del model[index]
        elif action == 10:
            start, stop = random.randint(-5, size), random.randint(-5, size + 2)
            lower, upper = start + size if start < 0 else start, stop + size if stop < 0 else stop
            assert value.range(start, stop) == model[max(lower, 0) : max(upper + 1, 0)]
        elif action == 11 and size > 60:
            start, stop = random.randrange(size // 4), -1 - random.randrange(size // 4)
            value.trim(start, stop)
            model = model[start : size + stop + 1]
        elif action == 12:
            indexes = [index for index, each in enumerate(model) if each == element]
            assert value.positions(element, 1, 0, 0) == indexes
            assert value.positions(element, -1, 2, 0) == indexes[::-1][:2]
        assert value.size() == len(model)
        if step % 20 == 0:
            assert elements_of(value) == model
            assert elements_of(value.copy()) == model


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.binary(max_size=12), max_size=40),
    st.integers(-45, 45),
    st.integers(-45, 45),
    st.integers(-6, 8),
)
def test_any_list_is_ranged_and_trimmed_like_python_slices(
    elements: list[bytes], start: int, stop: int, fill: int
) -> None:
    value = list_of(elements, limits_with(fill))
    size = len(elements)
    lower, upper = start + size if start < 0 else start, stop + size if stop < 0 else stop
    expected = elements[max(lower, 0) : max(upper + 1, 0)]
    assert value.range(start, stop) == expected
    value.trim(start, stop)
    assert elements_of(value) == expected


def test_a_compressor_must_be_written() -> None:
    with pytest.raises(AssertionError):
        Compressor().compress(b"")
    with pytest.raises(AssertionError):
        Compressor().decompress(b"", 0)


@pytest.mark.parametrize("fill", [-2, -1, 40, 3])
def test_queues_of_changing_length_agree_with_a_plain_list(fill: int) -> None:
    """Elements at the ends are loose for a while: pushes, pops and looks inside in every order."""
    random = Random(fill)
    value = ListValue(limits_with(fill))
    model: list[bytes] = []
    for phase in range(60):
        pushes = random.choice([0.2, 0.5, 0.8])
        left = random.random()
        for step in range(random.randrange(100)):
            at_head = random.random() < left
            if random.random() < pushes:
                element = b"%d-%d" % (phase, step) * random.choice([1, 1, 1, 60])
                if at_head:
                    value.push_left(element)
                    model.insert(0, element)
                else:
                    value.push_right(element)
                    model.append(element)
            elif model:
                assert (value.pop_left() if at_head else value.pop_right()) == model.pop(0 if at_head else -1)
        assert value.size() == len(model)
        if random.random() < 0.5:
            assert value.range(0, -1) == model
            assert elements_of(value) == model
    assert elements_of(value) == model
