"""Typed methods for commands (hash), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class HashesMethods(Caller[T]):
    """Commands about hash."""

    def hdel(self, key: Value, *fields: Value) -> Deferred[int]:
        """HDEL key field [field ...]

        Removes fields of a hash, and the hash with its last one.  Since 2.0.0; O(N) where N is the number of
        fields to remove.
        """
        return self.execute("HDEL", key, *fields)

    def hexists(self, key: Value, field: Value) -> Deferred[int]:
        """HEXISTS key field

        Tells whether a hash has a field.  Since 2.0.0; O(1).
        """
        return self.execute("HEXISTS", key, field)

    def hget(self, key: Value, field: Value) -> Deferred[T | None]:
        """HGET key field

        Returns the value of a field of a hash.  Since 2.0.0; O(1).
        """
        return self.execute("HGET", key, field)

    def hgetall(self, key: Value) -> Deferred[dict[T, T]]:
        """HGETALL key

        Returns all fields of a hash with their values.  Since 2.0.0; O(N) where N is the size of the hash.
        """
        return self.execute_as(shapes.mapping, "HGETALL", key)

    def hincrby(self, key: Value, field: Value, increment: int) -> Deferred[int]:
        """HINCRBY key field increment

        Adds to the integer in a field of a hash.  Since 2.0.0; O(1).
        """
        return self.execute("HINCRBY", key, field, increment)

    def hincrbyfloat(self, key: Value, field: Value, increment: float | str) -> Deferred[float]:
        """HINCRBYFLOAT key field increment:double

        Adds to the number in a field of a hash.  Since 2.6.0; O(1).
        """
        return self.execute_as(shapes.number, "HINCRBYFLOAT", key, field, increment)

    def hkeys(self, key: Value) -> Deferred[list[T]]:
        """HKEYS key

        Returns all fields of a hash.  Since 2.0.0; O(N) where N is the size of the hash.
        """
        return self.execute_as(shapes.listed, "HKEYS", key)

    def hlen(self, key: Value) -> Deferred[int]:
        """HLEN key

        Returns the number of fields of a hash.  Since 2.0.0; O(1).
        """
        return self.execute("HLEN", key)

    def hmget(self, key: Value, *fields: Value) -> Deferred[list[T | None]]:
        """HMGET key field [field ...]

        Returns the values of fields of a hash.  Since 2.0.0; O(N) where N is the number of fields.
        """
        return self.execute("HMGET", key, *fields)

    def hmset(self, key: Value, mapping: Mapping[Any, Value]) -> Deferred[T]:
        """HMSET key field value [field value ...]

        Sets fields of a hash.  Since 2.0.0; O(N) where N is the number of fields.  Deprecated: 4.0.0, HSET
        with several pairs.
        """
        words: list[Any] = ["HMSET"]
        words += [key]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    @overload
    def hrandfield(
        self, key: Value, *, count: int | None = None, withvalues: Literal[True]
    ) -> Deferred[list[tuple[T, T]]]: ...
    @overload
    def hrandfield(self, key: Value, *, count: int, withvalues: Literal[False] = False) -> Deferred[list[T]]: ...
    @overload
    def hrandfield(
        self, key: Value, *, count: None = None, withvalues: Literal[False] = False
    ) -> Deferred[T | None]: ...
    @overload
    def hrandfield(self, key: Value, *, count: int | None = None, withvalues: bool = False) -> Deferred[Any]: ...
    def hrandfield(self, key: Value, *, count: int | None = None, withvalues: bool = False) -> Deferred[Any]:
        """HRANDFIELD key [count [WITHVALUES]]

        Returns fields of a hash chosen by chance.  Since 6.2.0; O(N) where N is the number of fields
        returned.
        """
        words: list[Any] = ["HRANDFIELD"]
        words += [key]
        if count is not None:
            words += [count]
        if withvalues:
            words.append("WITHVALUES")
        if withvalues:
            return self.execute_as(shapes.pairs, *words)
        if count is not None:
            return self.execute_as(shapes.listed, *words)
        return self.execute(*words)

    @overload
    def hscan(
        self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None, novalues: Literal[True]
    ) -> Deferred[tuple[int, list[T]]]: ...
    @overload
    def hscan(
        self,
        key: Value,
        cursor: int,
        *,
        match: Value | None = None,
        count: int | None = None,
        novalues: Literal[False] = False,
    ) -> Deferred[tuple[int, dict[T, T]]]: ...
    @overload
    def hscan(
        self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None, novalues: bool = False
    ) -> Deferred[Any]: ...
    def hscan(
        self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None, novalues: bool = False
    ) -> Deferred[Any]:
        """HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]

        Iterates over the fields of a hash.  Since 2.8.0; O(1) for every call; O(N) for a complete iteration.
        """
        words: list[Any] = ["HSCAN"]
        words += [key]
        words += [cursor]
        if match is not None:
            words += ["MATCH", match]
        if count is not None:
            words += ["COUNT", count]
        if novalues:
            words.append("NOVALUES")
        if novalues:
            return self.execute_as(shapes.page, *words)
        return self.execute_as(shapes.page_of_fields, *words)

    def hset(self, key: Value, mapping: Mapping[Any, Value]) -> Deferred[int]:
        """HSET key field value [field value ...]

        Sets fields of a hash; counts those that are new.  Since 2.0.0; O(1) for each field.
        """
        words: list[Any] = ["HSET"]
        words += [key]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def hsetnx(self, key: Value, field: Value, value: Value) -> Deferred[int]:
        """HSETNX key field value

        Sets a field of a hash unless it is there.  Since 2.0.0; O(1).
        """
        return self.execute("HSETNX", key, field, value)

    def hstrlen(self, key: Value, field: Value) -> Deferred[int]:
        """HSTRLEN key field

        Returns the length of the value of a field.  Since 3.2.0; O(1).
        """
        return self.execute("HSTRLEN", key, field)

    def hvals(self, key: Value) -> Deferred[list[T]]:
        """HVALS key

        Returns all values of a hash.  Since 2.0.0; O(N) where N is the size of the hash.
        """
        return self.execute_as(shapes.listed, "HVALS", key)
