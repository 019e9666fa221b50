"""What a table is made of: shards of some dozens of pairs, each in Python and in C.

The twin in C (native/shards.c) serves where it was built: a dict takes 40 bytes a pair and touches five or six lines of
the cache for a look-up, it takes 22 bytes and touches four.  The tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import islice
from typing import Final, Protocol

#: Of a key's hash: where it stands in its table.
POSITION_MASK: Final = (1 << 48) - 1


class Shard(Protocol):
    """Byte strings to objects, in no order; None is no value."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]:
        """The keys; the shard must not change meanwhile."""

    def pairs(self) -> list[tuple[bytes, object]]:
        """Keys and values as they are now."""

    def take(self, key: bytes) -> object:
        """Remove; the value it had, or None."""

    def clone(self) -> Shard:
        """Another shard of the same values."""

    def absorb(self, other: Shard) -> None:
        """Take over another's pairs as well."""

    def key_at(self, rank: int) -> bytes:
        """The key of a rank from 0 on, which no other has.  Raises `IndexError`."""


class ShardInPython(dict[bytes, object]):
    """The twin in Python."""

    def pairs(self) -> list[tuple[bytes, object]]:
        return list(self.items())

    def take(self, key: bytes) -> object:
        return self.pop(key, None)

    def clone(self) -> Shard:
        copied = ShardInPython()
        copied.update(self)
        return copied

    def absorb(self, other: Shard) -> None:
        self.update(other.pairs())

    def key_at(self, rank: int) -> bytes:
        if not 0 <= rank < len(self):
            raise IndexError("the shard has no such rank")
        return next(islice(self, rank, None))


def shard_get_in_python(directory: list[Shard], shift: int, key: bytes) -> object:
    """The value of `key` in its shard of `directory`, as datatypes/table.py lays them out; None if it is not there."""
    shard = directory[(hash(key) & POSITION_MASK) >> shift]
    assert isinstance(shard, dict)
    return shard.get(key)


def shard_set_in_python(directory: list[Shard], shift: int, key: bytes, value: object) -> int:
    """Store; how many keys the shard had before if this one is new, else -1."""
    shard = directory[(hash(key) & POSITION_MASK) >> shift]
    assert isinstance(shard, dict)
    before = len(shard)
    shard[key] = value
    return -1 if len(shard) == before else before


def shard_divide_in_python(shard: Shard, border: int, lower: Shard, upper: Shard) -> None:
    """Give the keys below a position to one shard, the others to another."""
    assert isinstance(lower, dict)
    assert isinstance(upper, dict)
    for key, value in shard.pairs():
        if hash(key) & POSITION_MASK < border:
            lower[key] = value
        else:
            upper[key] = value


def _load() -> object:
    try:
        return import_module("miniredis.datatypes._shards")
    except ImportError:
        return None


_native: Final = _load()
new_shard: Final[Callable[[], Shard]] = getattr(_native, "Shard", ShardInPython)
shard_get: Final[Callable[[list[Shard], int, bytes], object]] = getattr(_native, "shard_get", shard_get_in_python)
shard_set: Final[Callable[[list[Shard], int, bytes, object], int]] = getattr(_native, "shard_set", shard_set_in_python)
shard_divide: Final[Callable[[Shard, int, Shard, Shard], None]] = getattr(
    _native, "shard_divide", shard_divide_in_python
)
