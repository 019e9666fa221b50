from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from miniredis.datatypes.packed import (
    ITEM_LIMIT,
    packed_append,
    packed_append_pair,
    packed_delete,
    packed_fields,
    packed_find,
    packed_item_at,
    packed_items,
    packed_replace_value,
    packed_value,
)

ITEMS = st.binary(max_size=5) | st.binary(min_size=ITEM_LIMIT, max_size=ITEM_LIMIT)


@given(st.lists(ITEMS, unique=True, max_size=20), st.binary(max_size=5))
def test_members_are_found_where_they_are_and_deleted_alone(members: list[bytes], absent: bytes) -> None:
    blob = b""
    for member in members:
        assert packed_find(blob, member, 1) == -1
        blob = packed_append(blob, member)
    assert packed_items(blob) == members
    for rank, member in enumerate(members):
        assert packed_item_at(blob, rank, 1) == member
        at = packed_find(blob, member, 1)
        assert packed_items(packed_delete(blob, at, 1)) == members[:rank] + members[rank + 1 :]
    if absent not in members:
        assert packed_find(blob, absent, 1) == -1


@given(st.dictionaries(ITEMS, ITEMS, max_size=12), ITEMS)
def test_only_fields_are_looked_up_never_values(pairs: dict[bytes, bytes], other: bytes) -> None:
    blob = b""
    for field, value in pairs.items():
        blob = packed_append_pair(blob, field, value)
    assert packed_fields(blob) == list(pairs)
    assert packed_items(blob) == [item for pair in pairs.items() for item in pair]
    for rank, (field, value) in enumerate(pairs.items()):
        at = packed_find(blob, field, 2)
        assert packed_value(blob, at) == value
        assert packed_item_at(blob, rank, 2) == field
        changed = packed_items(packed_replace_value(blob, at, other))
        assert dict(zip(changed[::2], changed[1::2], strict=True)) == {**pairs, field: other}
        assert packed_fields(packed_delete(blob, at, 2)) == [each for each in pairs if each != field]
    if other not in pairs:
        assert packed_find(blob, other, 2) == -1


def test_an_item_that_looks_like_part_of_another_is_not_mistaken_for_it() -> None:
    blob = packed_append_pair(packed_append_pair(b"", b"a\x01b", b"\x01b"), b"c", b"\x01b\x01b")
    assert packed_find(blob, b"b", 2) == -1
    assert packed_find(blob, b"", 2) == -1
    assert packed_value(blob, packed_find(blob, b"c", 2)) == b"\x01b\x01b"
