"""Typed methods for commands (list, set), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, Literal

from twisted.internet.defer import Deferred

from miniredis.client.values import Value, Values, many


class ListsMethods:
    """Commands about list, set."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def blmove(
        self,
        source: Value,
        destination: Value,
        side: Literal["LEFT", "RIGHT"],
        to_side: Literal["LEFT", "RIGHT"],
        timeout: float | str,
    ) -> Deferred[Any]:
        """BLMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout:double

        Takes an element of one list, puts it in another and returns it; waits for one.  Since 6.2.0; O(1).
        """
        words: list[Any] = ["BLMOVE"]
        words += [source]
        words += [destination]
        words.append(side)
        words.append(to_side)
        words += [timeout]
        return self.execute(*words)

    def blmpop(
        self, timeout: float | str, keys: Values, side: Literal["LEFT", "RIGHT"], *, count: int | None = None
    ) -> Deferred[Any]:
        """BLMPOP timeout:double numkeys key [key ...] <LEFT | RIGHT> [COUNT count]

        Removes and returns elements of the first list that has any; waits for one.  Since 7.0.0; O(N+M).
        """
        words: list[Any] = ["BLMPOP"]
        words += [timeout]
        keys = many(keys)
        words += [len(keys), *keys]
        words.append(side)
        if count is not None:
            words += ["COUNT", count]
        return self.execute(*words)

    def blpop(self, keys: Values, timeout: float | str) -> Deferred[Any]:
        """BLPOP key [key ...] timeout:double

        Removes and returns the first element of the first list that has any; waits for one.  Since 2.0.0;
        O(N).
        """
        return self.execute("BLPOP", *many(keys), timeout)

    def brpop(self, keys: Values, timeout: float | str) -> Deferred[Any]:
        """BRPOP key [key ...] timeout:double

        Removes and returns the last element of the first list that has any; waits for one.  Since 2.0.0;
        O(N).
        """
        return self.execute("BRPOP", *many(keys), timeout)

    def brpoplpush(self, source: Value, destination: Value, timeout: float | str) -> Deferred[Any]:
        """BRPOPLPUSH source destination timeout:double

        Takes the last element of one list, puts it first in another and returns it; waits for one.  Since
        2.2.0; O(1).  Deprecated: 6.2.0, BLMOVE with the RIGHT and LEFT arguments.
        """
        return self.execute("BRPOPLPUSH", source, destination, timeout)

    def lindex(self, key: Value, index: int) -> Deferred[Any]:
        """LINDEX key index

        Returns the element at an index, from the end when it is negative.  Since 1.0.0; O(N).
        """
        return self.execute("LINDEX", key, index)

    def linsert(self, key: Value, side: Literal["BEFORE", "AFTER"], pivot: Value, element: Value) -> Deferred[Any]:
        """LINSERT key <BEFORE | AFTER> pivot element

        Puts an element before or after another of a list.  Since 2.2.0; O(N).
        """
        words: list[Any] = ["LINSERT"]
        words += [key]
        words.append(side)
        words += [pivot]
        words += [element]
        return self.execute(*words)

    def llen(self, key: Value) -> Deferred[Any]:
        """LLEN key

        Returns the length of a list.  Since 1.0.0; O(1).
        """
        return self.execute("LLEN", key)

    def lmove(
        self, source: Value, destination: Value, side: Literal["LEFT", "RIGHT"], to_side: Literal["LEFT", "RIGHT"]
    ) -> Deferred[Any]:
        """LMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT>

        Takes an element of one list, puts it in another and returns it.  Since 6.2.0; O(1).
        """
        words: list[Any] = ["LMOVE"]
        words += [source]
        words += [destination]
        words.append(side)
        words.append(to_side)
        return self.execute(*words)

    def lmpop(self, keys: Values, side: Literal["LEFT", "RIGHT"], *, count: int | None = None) -> Deferred[Any]:
        """LMPOP numkeys key [key ...] <LEFT | RIGHT> [COUNT count]

        Removes and returns elements of the first list that has any.  Since 7.0.0; O(N+M).
        """
        words: list[Any] = ["LMPOP"]
        keys = many(keys)
        words += [len(keys), *keys]
        words.append(side)
        if count is not None:
            words += ["COUNT", count]
        return self.execute(*words)

    def lpop(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """LPOP key [count]

        Removes and returns the first elements of a list.  Since 1.0.0; O(N).
        """
        words: list[Any] = ["LPOP"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def lpos(
        self,
        key: Value,
        element: Value,
        *,
        rank: int | None = None,
        count: int | None = None,
        maxlen: int | None = None,
    ) -> Deferred[Any]:
        """LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]

        Returns the indexes at which an element is found.  Since 6.0.6; O(N).
        """
        words: list[Any] = ["LPOS"]
        words += [key]
        words += [element]
        if rank is not None:
            words += ["RANK", rank]
        if count is not None:
            words += ["COUNT", count]
        if maxlen is not None:
            words += ["MAXLEN", maxlen]
        return self.execute(*words)

    def lpush(self, key: Value, *elements: Value) -> Deferred[Any]:
        """LPUSH key element [element ...]

        Puts elements before the first one of a list, which is made if needed.  Since 1.0.0; O(1).
        """
        return self.execute("LPUSH", key, *elements)

    def lpushx(self, key: Value, *elements: Value) -> Deferred[Any]:
        """LPUSHX key element [element ...]

        Puts elements before the first one of a list, if there is a list.  Since 2.2.0; O(1).
        """
        return self.execute("LPUSHX", key, *elements)

    def lrange(self, key: Value, start: int, stop: int) -> Deferred[Any]:
        """LRANGE key start stop

        Returns the elements between two indexes, both included.  Since 1.0.0; O(S+N).
        """
        return self.execute("LRANGE", key, start, stop)

    def lrem(self, key: Value, count: int, element: Value) -> Deferred[Any]:
        """LREM key count element

        Removes equal elements: the first ones, the last ones (negative) or all (0).  Since 1.0.0; O(N+M).
        """
        return self.execute("LREM", key, count, element)

    def lset(self, key: Value, index: int, element: Value) -> Deferred[Any]:
        """LSET key index element

        Replaces the element at an index.  Since 1.0.0; O(N).
        """
        return self.execute("LSET", key, index, element)

    def ltrim(self, key: Value, start: int, stop: int) -> Deferred[Any]:
        """LTRIM key start stop

        Keeps the elements between two indexes only.  Since 1.0.0; O(N).
        """
        return self.execute("LTRIM", key, start, stop)

    def rpop(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """RPOP key [count]

        Removes and returns the last elements of a list.  Since 1.0.0; O(N).
        """
        words: list[Any] = ["RPOP"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def rpoplpush(self, source: Value, destination: Value) -> Deferred[Any]:
        """RPOPLPUSH source destination

        Takes the last element of one list, puts it first in another and returns it.  Since 1.2.0; O(1).
        Deprecated: 6.2.0, LMOVE with the RIGHT and LEFT arguments.
        """
        return self.execute("RPOPLPUSH", source, destination)

    def rpush(self, key: Value, *elements: Value) -> Deferred[Any]:
        """RPUSH key element [element ...]

        Puts elements after the last one of a list, which is made if needed.  Since 1.0.0; O(1).
        """
        return self.execute("RPUSH", key, *elements)

    def rpushx(self, key: Value, *elements: Value) -> Deferred[Any]:
        """RPUSHX key element [element ...]

        Puts elements after the last one of a list, if there is a list.  Since 2.2.0; O(1).
        """
        return self.execute("RPUSHX", key, *elements)

    def sadd(self, key: Value, *members: Value) -> Deferred[Any]:
        """SADD key member [member ...]

        Adds members to a set; counts those that are new.  Since 1.0.0; O(1) for each member.
        """
        return self.execute("SADD", key, *members)

    def scard(self, key: Value) -> Deferred[Any]:
        """SCARD key

        Returns the number of members of a set.  Since 1.0.0; O(1).
        """
        return self.execute("SCARD", key)

    def sdiff(self, *keys: Value) -> Deferred[Any]:
        """SDIFF key [key ...]

        Returns the members of the first set that no other has.  Since 1.0.0; O(N) where N is the size of all
        sets together.
        """
        return self.execute("SDIFF", *keys)

    def sdiffstore(self, destination: Value, *keys: Value) -> Deferred[Any]:
        """SDIFFSTORE destination key [key ...]

        Stores the members of the first set that no other has.  Since 1.0.0; O(N) where N is the size of all
        sets together.
        """
        return self.execute("SDIFFSTORE", destination, *keys)

    def sinter(self, *keys: Value) -> Deferred[Any]:
        """SINTER key [key ...]

        Returns the members that all the sets have.  Since 1.0.0; O(N*M) where N is the size of the smallest
        set and M the number of sets.
        """
        return self.execute("SINTER", *keys)

    def sintercard(self, keys: Values, *, limit: int | None = None) -> Deferred[Any]:
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

    def sinterstore(self, destination: Value, *keys: Value) -> Deferred[Any]:
        """SINTERSTORE destination key [key ...]

        Stores the members that all the sets have.  Since 1.0.0; O(N*M) where N is the size of the smallest
        set and M the number of sets.
        """
        return self.execute("SINTERSTORE", destination, *keys)

    def sismember(self, key: Value, member: Value) -> Deferred[Any]:
        """SISMEMBER key member

        Tells whether something is a member of a set.  Since 1.0.0; O(1).
        """
        return self.execute("SISMEMBER", key, member)

    def smembers(self, key: Value) -> Deferred[Any]:
        """SMEMBERS key

        Returns all members of a set.  Since 1.0.0; O(N) where N is the size of the set.
        """
        return self.execute("SMEMBERS", key)

    def smismember(self, key: Value, *members: Value) -> Deferred[Any]:
        """SMISMEMBER key member [member ...]

        Tells of several things whether they are members of a set.  Since 6.2.0; O(N) where N is the number of
        members asked about.
        """
        return self.execute("SMISMEMBER", key, *members)

    def smove(self, source: Value, destination: Value, member: Value) -> Deferred[Any]:
        """SMOVE source destination member

        Moves a member from one set to another.  Since 1.0.0; O(1).
        """
        return self.execute("SMOVE", source, destination, member)

    def spop(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """SPOP key [count]

        Removes members of a set chosen by chance and returns them.  Since 1.0.0; O(1) for one member, O(N)
        for N.
        """
        words: list[Any] = ["SPOP"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def srandmember(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """SRANDMEMBER key [count]

        Returns members of a set chosen by chance.  Since 1.0.0; O(1) for one member, O(N) for N.
        """
        words: list[Any] = ["SRANDMEMBER"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def srem(self, key: Value, *members: Value) -> Deferred[Any]:
        """SREM key member [member ...]

        Removes members of a set, and the set with its last one.  Since 1.0.0; O(N) where N is the number of
        members to remove.
        """
        return self.execute("SREM", key, *members)

    def sscan(self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None) -> Deferred[Any]:
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
        return self.execute(*words)

    def sunion(self, *keys: Value) -> Deferred[Any]:
        """SUNION key [key ...]

        Returns the members that any of the sets has.  Since 1.0.0; O(N) where N is the size of all sets
        together.
        """
        return self.execute("SUNION", *keys)

    def sunionstore(self, destination: Value, *keys: Value) -> Deferred[Any]:
        """SUNIONSTORE destination key [key ...]

        Stores the members that any of the sets has.  Since 1.0.0; O(N) where N is the size of all sets
        together.
        """
        return self.execute("SUNIONSTORE", destination, *keys)
