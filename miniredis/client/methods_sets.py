"""Typed methods for commands (set), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class SetsMethods(Caller[T]):
    """Commands about set."""

    def sadd(self, key: Value, *members: Value) -> Deferred[int]:
        """SADD key member [member ...]

        Adds members to a set; counts those that are new.  Since 1.0.0; O(1) for each member.
        """
        return self.execute("SADD", key, *members)

    def scard(self, key: Value) -> Deferred[int]:
        """SCARD key

        Returns the number of members of a set.  Since 1.0.0; O(1).
        """
        return self.execute("SCARD", key)

    def sdiff(self, *keys: Value) -> Deferred[set[T]]:
        """SDIFF key [key ...]

        Returns the members of the first set that no other has.  Since 1.0.0; O(N) where N is the size of all
        sets together.
        """
        return self.execute_as(shapes.members, "SDIFF", *keys)

    def sdiffstore(self, destination: Value, *keys: Value) -> Deferred[int]:
        """SDIFFSTORE destination key [key ...]

        Stores the members of the first set that no other has.  Since 1.0.0; O(N) where N is the size of all
        sets together.
        """
        return self.execute("SDIFFSTORE", destination, *keys)

    def sinter(self, *keys: Value) -> Deferred[set[T]]:
        """SINTER key [key ...]

        Returns the members that all the sets have.  Since 1.0.0; O(N*M) where N is the size of the smallest
        set and M the number of sets.
        """
        return self.execute_as(shapes.members, "SINTER", *keys)

    def sintercard(self, keys: Values, *, limit: int | None = None) -> Deferred[int]:
        """SINTERCARD numkeys key [key ...] [LIMIT limit]

        Counts the members that all the sets have.  Since 7.0.0; O(N*M) where N is the size of the smallest
        set and M the number of sets.
        """
        words: list[Any] = ["SINTERCARD"]
        keys = many(keys)
        words += [len(keys), *keys]
        if limit is not None:
            words += ["LIMIT", limit]
        return self.execute(*words)

    def sinterstore(self, destination: Value, *keys: Value) -> Deferred[int]:
        """SINTERSTORE destination key [key ...]

        Stores the members that all the sets have.  Since 1.0.0; O(N*M) where N is the size of the smallest
        set and M the number of sets.
        """
        return self.execute("SINTERSTORE", destination, *keys)

    def sismember(self, key: Value, member: Value) -> Deferred[int]:
        """SISMEMBER key member

        Tells whether something is a member of a set.  Since 1.0.0; O(1).
        """
        return self.execute("SISMEMBER", key, member)

    def smembers(self, key: Value) -> Deferred[set[T]]:
        """SMEMBERS key

        Returns all members of a set.  Since 1.0.0; O(N) where N is the size of the set.
        """
        return self.execute_as(shapes.members, "SMEMBERS", key)

    def smismember(self, key: Value, *members: Value) -> Deferred[list[int]]:
        """SMISMEMBER key member [member ...]

        Tells of several things whether they are members of a set.  Since 6.2.0; O(N) where N is the number of
        members asked about.
        """
        return self.execute("SMISMEMBER", key, *members)

    def smove(self, source: Value, destination: Value, member: Value) -> Deferred[int]:
        """SMOVE source destination member

        Moves a member from one set to another.  Since 1.0.0; O(1).
        """
        return self.execute("SMOVE", source, destination, member)

    @overload
    def spop(self, key: Value, *, count: int) -> Deferred[set[T]]: ...
    @overload
    def spop(self, key: Value, *, count: None = None) -> Deferred[T | None]: ...
    def spop(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """SPOP key [count]

        Removes members of a set chosen by chance and returns them.  Since 1.0.0; O(1) for one member, O(N)
        for N.
        """
        words: list[Any] = ["SPOP"]
        words += [key]
        if count is not None:
            words += [count]
        if count is not None:
            return self.execute_as(shapes.members, *words)
        return self.execute(*words)

    @overload
    def srandmember(self, key: Value, *, count: int) -> Deferred[list[T]]: ...
    @overload
    def srandmember(self, key: Value, *, count: None = None) -> Deferred[T | None]: ...
    def srandmember(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """SRANDMEMBER key [count]

        Returns members of a set chosen by chance.  Since 1.0.0; O(1) for one member, O(N) for N.
        """
        words: list[Any] = ["SRANDMEMBER"]
        words += [key]
        if count is not None:
            words += [count]
        if count is not None:
            return self.execute_as(shapes.listed, *words)
        return self.execute(*words)

    def srem(self, key: Value, *members: Value) -> Deferred[int]:
        """SREM key member [member ...]

        Removes members of a set, and the set with its last one.  Since 1.0.0; O(N) where N is the number of
        members to remove.
        """
        return self.execute("SREM", key, *members)

    def sscan(
        self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None
    ) -> Deferred[tuple[int, list[T]]]:
        """SSCAN key cursor [MATCH pattern] [COUNT count]

        Iterates over the members of a set.  Since 2.8.0; O(1) for every call; O(N) for a complete iteration.
        """
        words: list[Any] = ["SSCAN"]
        words += [key]
        words += [cursor]
        if match is not None:
            words += ["MATCH", match]
        if count is not None:
            words += ["COUNT", count]
        return self.execute_as(shapes.page, *words)

    def sunion(self, *keys: Value) -> Deferred[set[T]]:
        """SUNION key [key ...]

        Returns the members that any of the sets has.  Since 1.0.0; O(N) where N is the size of all sets
        together.
        """
        return self.execute_as(shapes.members, "SUNION", *keys)

    def sunionstore(self, destination: Value, *keys: Value) -> Deferred[int]:
        """SUNIONSTORE destination key [key ...]

        Stores the members that any of the sets has.  Since 1.0.0; O(N) where N is the size of all sets
        together.
        """
        return self.execute("SUNIONSTORE", destination, *keys)
