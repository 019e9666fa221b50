"""HyperLogLog: the bytes a live Redis stored, the estimates it gave, and the corruptions it refuses."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes import hyperloglog
from miniredis.datatypes.hyperloglog import CorruptHyperLogLog

HEADER = b"HYLL\x01" + bytes(10) + b"\x80"


def sparse_of(tail: bytes) -> bytearray:
    return bytearray(HEADER + tail)


def added(elements: list[bytes], limit: int = 3000) -> bytearray:
    blob = hyperloglog.new_sparse()
    for element in elements:
        hyperloglog.add(blob, element, limit)
    return blob


def plain_registers(elements: list[bytes]) -> bytes:
    model = bytearray(hyperloglog.REGISTERS)
    for element in elements:
        hashed = hyperloglog.hash_element(element)
        rest = hashed >> 14
        count = 1
        while count <= 50 and not (rest >> (count - 1)) & 1:
            count += 1
        model[hashed & 16383] = max(model[hashed & 16383], count)
    return bytes(model)


def test_an_empty_value_is_redis_s() -> None:
    assert hyperloglog.new_sparse() == HEADER + b"\x7f\xff"


def test_one_element_is_stored_as_redis_stores_it() -> None:
    blob = added([b"a"])
    assert blob == HEADER + b"q\xa6\x84NW"
    assert hyperloglog.describe_runs(blob) == b"Z:12711 v:2,1 Z:3672"
    assert hyperloglog.describe_runs(sparse_of(b"\x2d\x80")) == b"z:46 v:1,1"


@pytest.mark.parametrize(
    ("element", "expected"),
    [(b"zz", b"J\xd9\x80u$"), (b"a", b"q\xa6\x84NW")],
)
def test_the_hash_chooses_redis_s_register(element: bytes, expected: bytes) -> None:
    assert added([element]) == HEADER + expected


def test_the_cached_cardinality_is_kept_until_a_register_grows() -> None:
    blob = added([b"a"])
    assert hyperloglog.cached_cardinality(blob) == -1
    hyperloglog.cache_cardinality(blob, 1)
    assert blob == b"HYLL\x01\0\0\0\x01\0\0\0\0\0\0\0q\xa6\x84NW"
    assert not hyperloglog.add(blob, b"a", 3000)
    assert hyperloglog.cached_cardinality(blob) == 1
    assert hyperloglog.add(blob, b"b", 3000)
    assert hyperloglog.cached_cardinality(blob) == -1


def test_it_becomes_dense_when_sparse_would_be_too_long() -> None:
    blob = hyperloglog.new_sparse()
    lengths = []
    for number in range(5):
        assert hyperloglog.add(blob, b"%d" % number, 30)
        lengths.append(len(blob))
    assert lengths == [21, 24, 27, 30, hyperloglog.DENSE_SIZE]
    assert hyperloglog.encoding_of(blob) == hyperloglog.DENSE
    assert not hyperloglog.make_dense(blob)


def test_a_value_above_32_makes_it_dense() -> None:
    blob = hyperloglog.new_sparse()
    assert hyperloglog.set_register(blob, 16383, 33, 3000)
    assert hyperloglog.encoding_of(blob) == hyperloglog.DENSE
    assert hyperloglog.registers(blob) == bytes(16383) + b"\x21"
    assert not hyperloglog.set_register(blob, 16383, 33, 3000)


@settings(max_examples=examples(15), deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0, 100, 400, 3000, 20000]), st.integers(1, 400))
def test_registers_are_the_model_s_in_either_form(seed: int, limit: int, count: int) -> None:
    chance = random.Random(seed)
    elements = [chance.randbytes(chance.randrange(20)) for _ in range(count)]
    blob = added(elements, limit)
    assert hyperloglog.is_hyperloglog(blob)
    assert hyperloglog.registers(blob) == plain_registers(elements)
    dense = bytearray(blob)
    hyperloglog.make_dense(dense)
    assert hyperloglog.registers(dense) == plain_registers(elements)


@settings(max_examples=examples(15), deadline=None)
@given(st.integers(0, 2**32))
def test_registers_set_at_random_in_neighbourhoods(seed: int) -> None:
    chance = random.Random(seed)
    blob = hyperloglog.new_sparse()
    model = bytearray(hyperloglog.REGISTERS)
    for _ in range(300):
        index = chance.randrange(40) if chance.random() < 0.9 else chance.randrange(hyperloglog.REGISTERS)
        count = chance.randint(1, 6)
        assert hyperloglog.set_register(blob, index, count, 3000) == (model[index] < count)
        model[index] = max(model[index], count)
        assert hyperloglog.registers(blob) == model


def test_equal_neighbours_share_a_run() -> None:
    blob = hyperloglog.new_sparse()
    for index in range(6):
        hyperloglog.set_register(blob, index, 3, 3000)
    assert hyperloglog.describe_runs(blob) == b"v:3,4 v:3,2 Z:16378"
    hyperloglog.set_register(blob, 1, 9, 3000)
    assert hyperloglog.describe_runs(blob) == b"v:3,1 v:9,1 v:3,4 Z:16378"
    hyperloglog.set_register(blob, 16383, 1, 3000)
    hyperloglog.set_register(blob, 16382, 1, 3000)
    assert hyperloglog.describe_runs(blob).endswith(b"Z:16376 v:1,2")


@pytest.mark.parametrize("count", [0, 1, 10, 100, 1000, 20000])
def test_estimates_are_near_the_truth(count: int) -> None:
    elements = [b"element:%d" % number for number in range(count)]
    found = hyperloglog.estimate(plain_registers(elements))
    assert abs(found - count) <= count * 0.03


@pytest.mark.parametrize(("register", "estimate"), [(49, 6653256548922161152), (50, -(2**63)), (63, -(2**63))])
def test_an_estimate_copes_with_every_register_at_its_end(register: int, estimate: int) -> None:
    assert hyperloglog.estimate(bytes([register]) * hyperloglog.REGISTERS) == estimate
    blob = hyperloglog.new_sparse()
    hyperloglog.cache_cardinality(blob, estimate)
    assert hyperloglog.cached_cardinality(blob) == max(estimate, -1)


def test_an_estimate_copes_with_some_registers_at_their_end() -> None:
    assert hyperloglog.estimate(b"\x33" * 8192 + b"\x05" * 8192) == 756388
    assert hyperloglog.estimate(b"\x33" * 16383 + b"\x01") == 387270501


def test_merging_takes_the_greatest_registers() -> None:
    left = [b"l%d" % number for number in range(300)]
    right = [b"r%d" % number for number in range(300)]
    both = plain_registers(left + right)
    assert hyperloglog.merged([plain_registers(left), plain_registers(right)]) == both
    sparse = added(left)
    hyperloglog.merge_into(sparse, [plain_registers(right)], False, 3000)
    assert hyperloglog.encoding_of(sparse) == hyperloglog.SPARSE
    assert hyperloglog.registers(sparse) == both
    dense = added(left)
    hyperloglog.merge_into(dense, [plain_registers(right)], True, 3000)
    assert hyperloglog.encoding_of(dense) == hyperloglog.DENSE
    assert hyperloglog.registers(dense) == both


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        (b"", False),
        (b"HYLL", False),
        (HEADER, True),
        (b"HYLX" + HEADER[4:], False),
        (b"HYLL\x02" + bytes(20), False),
        (b"HYLL\x00" + bytes(20), False),
        (b"HYLL\x00" + bytes(hyperloglog.DENSE_SIZE - 5), True),
    ],
)
def test_a_header_is_checked(value: bytes, valid: bool) -> None:
    assert hyperloglog.is_hyperloglog(value) == valid
    assert hyperloglog.is_hyperloglog(bytearray(value)) == valid


@pytest.mark.parametrize(
    "tail", [b"", b"\x7f\xff\x7f\xff", b"\x7f", b"\x80", b"\x7f\xff\x80", b"\x7f\xfb\x84", b"\x7f\xfb\x8f\x8f\x8f"]
)
def test_runs_that_do_not_add_up_are_refused(tail: bytes) -> None:
    with pytest.raises(CorruptHyperLogLog):
        hyperloglog.registers(sparse_of(tail))
    with pytest.raises(CorruptHyperLogLog):
        hyperloglog.make_dense(sparse_of(tail))


@pytest.mark.parametrize("tail", [b"", b"\x80", b"\x00\x40"])
def test_a_register_outside_the_runs_cannot_be_set(tail: bytes) -> None:
    with pytest.raises(CorruptHyperLogLog):
        hyperloglog.add(sparse_of(tail), b"a", 3000)


def test_a_cut_value_is_changed_as_redis_changes_it() -> None:
    blob = sparse_of(b"\x7f")
    assert hyperloglog.describe_runs(blob) == b"Z:16129"
    assert hyperloglog.add(blob, b"a", 3000)
    assert blob == HEADER + b"q\xa6\x84M"


def test_the_self_test_passes() -> None:
    assert hyperloglog.self_test(1500, 1000)
