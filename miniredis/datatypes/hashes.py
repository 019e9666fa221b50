"""The hash: fields to values, each field with an expiry of its own if it was given one.

A small hash is one packed blob, a larger one (or one with a long field or value) a `Table`.  OBJECT ENCODING is
answered by the thresholds of the configuration and never goes back; it does not say which of the two it is.  What
a field's expiry needs stands aside in a `FieldExpiry` that a hash without expiries does not have.

Fields hidden by `hide_due` are not found by any of the reading functions; `size` leaves them out.  Complexities:
get, set, delete: O(1); fields, values, items: O(n); scan: O(count); random_field: O(1), uniform.
"""

from __future__ import annotations

from random import Random
from typing import Final, cast

from mypy_extensions import i64

from miniredis.datatypes.field_expiry import NO_EXPIRY, FieldExpiry
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.packed import (
    BLOB_LIMIT,
    ENTRY_LIMIT,
    ITEM_LIMIT,
    packed_append_pair,
    packed_delete,
    packed_fields,
    packed_find,
    packed_item_at,
    packed_items,
    packed_replace_value,
    packed_value,
)
from miniredis.datatypes.table import Table
from miniredis.datatypes.value import Value

_OBJECT_BYTES: Final = 96  # the object itself and the collector's header
_BYTES_HEADER: Final = 48  # a bytes object beside its text, rounded up
_SAMPLE: Final = 8


class HashValue(Value):
    """Fields to values, both byte strings."""

    def __init__(self, limits: EncodingLimits) -> None:
        self._limits = limits
        self._blob: bytes = b""
        self._count: i64 = 0  # entries of the blob
        self._table: Table | None = None
        self._converted: bool = False
        self._expiry: FieldExpiry | None = None

    # The value as a whole.

    def type_name(self) -> bytes:
        return b"hash"

    def encoding(self) -> bytes:
        return b"hashtable" if self._converted else b"listpack"

    def size(self) -> int:
        """How many fields, hidden ones left out."""
        expiry = self._expiry
        if expiry is not None and expiry.hidden:
            return self.stored_size() - len(expiry.hidden)
        return self.stored_size()

    def stored_size(self) -> int:
        """How many fields, hidden ones too: the hash goes when none is left."""
        table = self._table
        return self._count if table is None else table.size()

    def copy(self) -> HashValue:
        other = HashValue(self._limits)
        other._blob = self._blob
        other._count = self._count
        if self._table is not None:
            other._table = self._table.copy()
        other._converted = self._converted
        if self._expiry is not None:
            other._expiry = self._expiry.copy()
        return other

    def memory(self) -> int:
        total = _OBJECT_BYTES + _BYTES_HEADER + len(self._blob)
        table = self._table
        if table is not None:
            sampled = 0
            seen = 0
            for field, value in table.items():
                sampled += 2 * _BYTES_HEADER + len(field) + len(cast(bytes, value))
                seen += 1
                if seen == _SAMPLE:
                    break
            total += table.memory() + sampled * table.size() // max(seen, 1)
        if self._expiry is not None:
            total += 200 * self._expiry.size()
        return total

    # Fields.

    def get(self, field: bytes) -> bytes | None:
        """The value of a field, or None."""
        expiry = self._expiry
        if expiry is not None and field in expiry.hidden:
            return None
        table = self._table
        if table is not None:
            return cast("bytes | None", table.get(field))
        at = packed_find(self._blob, field, 2)
        return None if at < 0 else packed_value(self._blob, at)

    def contains(self, field: bytes) -> bool:
        expiry = self._expiry
        if expiry is not None and field in expiry.hidden:
            return False
        table = self._table
        if table is not None:
            return table.contains(field)
        return packed_find(self._blob, field, 2) >= 0

    def set(self, field: bytes, value: bytes) -> bool:
        """Store, and forget the field's expiry; True when the field is new."""
        expiry = self._expiry
        if expiry is not None:
            if field in expiry.hidden:
                self.delete(field)
            self.persist_field(field)
        return self._store(field, value)

    def replace(self, field: bytes, value: bytes) -> bool:
        """Store, and keep the field's expiry; True when the field is new."""
        expiry = self._expiry
        if expiry is not None and field in expiry.hidden:
            self.delete(field)
        return self._store(field, value)

    def _store(self, field: bytes, value: bytes) -> bool:
        field_length: i64 = len(field)
        value_length: i64 = len(value)
        if not self._converted:
            longest: i64 = self._limits.hash_max_listpack_value
            if field_length > longest or value_length > longest:
                self._converted = True
        table = self._table
        if table is None:
            if field_length <= ITEM_LIMIT and value_length <= ITEM_LIMIT:
                blob = self._blob
                at = packed_find(blob, field, 2)
                if at >= 0:
                    self._blob = packed_replace_value(blob, at, value)
                    if len(self._blob) > BLOB_LIMIT:
                        self._move_to_table()
                    return False
                if self._count < ENTRY_LIMIT and len(blob) + field_length + value_length + 2 <= BLOB_LIMIT:
                    self._blob = packed_append_pair(blob, field, value)
                    self._count += 1
                    if not self._converted and self._count > self._limits.hash_max_listpack_entries:
                        self._converted = True
                    return True
            table = self._move_to_table()
        new = table.set(field, value)
        if new and not self._converted and table.size() > self._limits.hash_max_listpack_entries:
            self._converted = True
        return new

    def delete(self, field: bytes) -> bool:
        """Remove a field; whether it was there (and not hidden)."""
        found = True
        expiry = self._expiry
        if expiry is not None:
            found = field not in expiry.hidden
            self.persist_field(field)
        table = self._table
        if table is not None:
            return table.pop(field) is not None and found
        at = packed_find(self._blob, field, 2)
        if at < 0:
            return False
        self._blob = packed_delete(self._blob, at, 2)
        self._count -= 1
        return found

    # Many fields.

    def fields(self) -> list[bytes]:
        table = self._table
        found = packed_fields(self._blob) if table is None else table.keys()
        expiry = self._expiry
        if expiry is not None and expiry.hidden:
            hidden = expiry.hidden
            found = [field for field in found if field not in hidden]
        return found

    def values(self) -> list[bytes]:
        """In the order of `fields`."""
        items = self.items()
        return items[1::2]

    def items(self) -> list[bytes]:
        """Field, value, field, value..."""
        found: list[bytes] = []
        table = self._table
        if table is None:
            found = packed_items(self._blob)
        else:
            for field, value in table.items():
                found.append(field)
                found.append(cast(bytes, value))
        expiry = self._expiry
        if expiry is not None and expiry.hidden:
            shown: list[bytes] = []
            for at in range(0, len(found), 2):
                if found[at] not in expiry.hidden:
                    shown.append(found[at])
                    shown.append(found[at + 1])
            return shown
        return found

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Fields from `cursor` on, about `count` of them, and the next cursor; 0 when done."""
        table = self._table
        if table is None:
            return 0, self.fields()
        following, found = table.scan(cursor, count)
        expiry = self._expiry
        if expiry is not None and expiry.hidden:
            hidden = expiry.hidden
            found = [field for field in found if field not in hidden]
        return following, found

    def random_field(self, random: Random) -> bytes:
        """One field, each as likely as any other; the hash must not be empty."""
        expiry = self._expiry
        if expiry is not None and 2 * len(expiry.hidden) > self.stored_size():
            shown = self.fields()
            return shown[int(random.random() * len(shown))]
        while True:
            table = self._table
            if table is not None:
                field = cast(bytes, table.random_key(random))
            else:
                field = packed_item_at(self._blob, int(random.random() * int(self._count)), 2)
            if expiry is None or field not in expiry.hidden:
                return field

    def random_fields(self, random: Random, count: int) -> list[bytes]:
        """`count` different fields, or all of them, each choice as likely as any other."""
        size = self.size()
        if self._table is None or count * 3 > size:
            found = self.fields()
            return found if count >= size else random.sample(found, count)
        chosen: dict[bytes, None] = {}
        while len(chosen) < count:
            chosen[self.random_field(random)] = None
        return list(chosen)

    # Expiry of fields, in absolute unix milliseconds.

    def has_expiries(self) -> bool:
        """Whether any field has an expiry, due or not."""
        return self._expiry is not None

    def expiry_of(self, field: bytes) -> int:
        """Unix ms, or -1: no expiry, or no such field."""
        expiry = self._expiry
        return NO_EXPIRY if expiry is None else expiry.get(field)

    def expire_field(self, field: bytes, at_ms: int) -> None:
        """Give an existing field an expiry.  The encoding is hashtable from then on."""
        if self._expiry is None:
            self._expiry = FieldExpiry()
        self._converted = True
        self._expiry.set(field, at_ms)

    def persist_field(self, field: bytes) -> bool:
        """Take a field's expiry away; whether it had one."""
        expiry = self._expiry
        if expiry is None or not expiry.drop(field):
            return False
        if expiry.size() == 0:
            self._expiry = None
        return True

    def next_expiry_ms(self) -> int:
        """When the next field is due (hidden ones left out), or -1."""
        return NO_EXPIRY if self._expiry is None else self._expiry.next_ms()

    def expiring_count(self) -> int:
        """How many fields have an expiry."""
        return 0 if self._expiry is None else self._expiry.size()

    def delete_due(self, now_ms: int, limit: int) -> list[bytes]:
        """Delete at most `limit` fields whose time has come; which, earliest first."""
        expiry = self._expiry
        if expiry is None:
            return []
        due = expiry.take_due(now_ms, limit)
        for field in due:
            self.delete(field)
        if expiry.size() == 0:
            self._expiry = None
        return due

    def hide_due(self, now_ms: int) -> None:
        """Keep the fields whose time has come, but answer as if they were gone (a replica waits for the HDEL)."""
        if self._expiry is not None:
            self._expiry.hide_due(now_ms)

    def show_hidden(self) -> None:
        """Undo `hide_due`: what is written comes from the primary, or the replica became one."""
        if self._expiry is not None and self._expiry.hidden:
            self._expiry.show_hidden()

    def expiries(self) -> dict[bytes, int]:
        """Each field that has an expiry, and when; not to be changed."""
        return {} if self._expiry is None else self._expiry.times()

    def _move_to_table(self) -> Table:
        table = Table()
        items = packed_items(self._blob)
        for at in range(0, len(items), 2):
            table.set(items[at], items[at + 1])
        self._blob = b""
        self._count = 0
        self._table = table
        return table

    def _check(self) -> None:
        """The blob parses and is within its limits, fields are unique, expiries are of fields that exist."""
        items = packed_items(self._blob)
        assert len(items) == 2 * self._count
        assert self._count <= ENTRY_LIMIT
        assert len(self._blob) <= BLOB_LIMIT
        assert len(set(items[::2])) == self._count
        if self._table is not None:
            assert self._count == 0
            self._table._check()
        if self._expiry is not None:
            assert self._converted
            stored = frozenset(packed_fields(self._blob) if self._table is None else self._table.keys())
            self._expiry._check(stored)
