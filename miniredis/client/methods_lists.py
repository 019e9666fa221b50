"""Typed methods for commands (list), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class ListsMethods(Caller[T]):
    """Commands about list."""

    def blmove(
        self,
        source: Value,
        destination: Value,
        side: Literal["LEFT", "RIGHT"],
        to_side: Literal["LEFT", "RIGHT"],
        timeout: float | str,
    ) -> Deferred[T | None]:
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
    ) -> Deferred[tuple[T, list[T]] | None]:
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
        return self.execute_as(shapes.popped, *words)

    def blpop(self, keys: Values, timeout: float | str) -> Deferred[list[T] | None]:
        """BLPOP key [key ...] timeout:double

        Removes and returns the first element of the first list that has any; waits for one.  Since 2.0.0;
        O(N).
        """
        return self.execute("BLPOP", *many(keys), timeout)

    def brpop(self, keys: Values, timeout: float | str) -> Deferred[list[T] | None]:
        """BRPOP key [key ...] timeout:double

        Removes and returns the last element of the first list that has any; waits for one.  Since 2.0.0;
        O(N).
        """
        return self.execute("BRPOP", *many(keys), timeout)

    def brpoplpush(self, source: Value, destination: Value, timeout: float | str) -> Deferred[T | None]:
        """BRPOPLPUSH source destination timeout:double

        Takes the last element of one list, puts it first in another and returns it; waits for one.  Since
        2.2.0; O(1).  Deprecated: 6.2.0, BLMOVE with the RIGHT and LEFT arguments.
        """
        return self.execute("BRPOPLPUSH", source, destination, timeout)

    def lindex(self, key: Value, index: int) -> Deferred[T | None]:
        """LINDEX key index

        Returns the element at an index, from the end when it is negative.  Since 1.0.0; O(N).
        """
        return self.execute("LINDEX", key, index)

    def linsert(self, key: Value, side: Literal["BEFORE", "AFTER"], pivot: Value, element: Value) -> Deferred[int]:
        """LINSERT key <BEFORE | AFTER> pivot element

        Puts an element before or after another of a list.  Since 2.2.0; O(N).
        """
        words: list[Any] = ["LINSERT"]
        words += [key]
        words.append(side)
        words += [pivot]
        words += [element]
        return self.execute(*words)

    def llen(self, key: Value) -> Deferred[int]:
        """LLEN key

        Returns the length of a list.  Since 1.0.0; O(1).
        """
        return self.execute("LLEN", key)

    def lmove(
        self, source: Value, destination: Value, side: Literal["LEFT", "RIGHT"], to_side: Literal["LEFT", "RIGHT"]
    ) -> Deferred[T | None]:
        """LMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT>

        Takes an element of one list, puts it in another and returns it.  Since 6.2.0; O(1).
        """
        words: list[Any] = ["LMOVE"]
        words += [source]
        words += [destination]
        words.append(side)
        words.append(to_side)
        return self.execute(*words)

    def lmpop(
        self, keys: Values, side: Literal["LEFT", "RIGHT"], *, count: int | None = None
    ) -> Deferred[tuple[T, list[T]] | None]:
        """LMPOP numkeys key [key ...] <LEFT | RIGHT> [COUNT count]

        Removes and returns elements of the first list that has any.  Since 7.0.0; O(N+M).
        """
        words: list[Any] = ["LMPOP"]
        keys = many(keys)
        words += [len(keys), *keys]
        words.append(side)
        if count is not None:
            words += ["COUNT", count]
        return self.execute_as(shapes.popped, *words)

    @overload
    def lpop(self, key: Value, *, count: int) -> Deferred[list[T] | None]: ...
    @overload
    def lpop(self, key: Value, *, count: None = None) -> Deferred[T | None]: ...
    def lpop(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """LPOP key [count]

        Removes and returns the first elements of a list.  Since 1.0.0; O(N).
        """
        words: list[Any] = ["LPOP"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute(*words)

    @overload
    def lpos(
        self, key: Value, element: Value, *, rank: int | None = None, count: int, maxlen: int | None = None
    ) -> Deferred[list[int]]: ...
    @overload
    def lpos(
        self, key: Value, element: Value, *, rank: int | None = None, count: None = None, maxlen: int | None = None
    ) -> Deferred[int | None]: ...
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

    def lpush(self, key: Value, *elements: Value) -> Deferred[int]:
        """LPUSH key element [element ...]

        Puts elements before the first one of a list, which is made if needed.  Since 1.0.0; O(1).
        """
        return self.execute("LPUSH", key, *elements)

    def lpushx(self, key: Value, *elements: Value) -> Deferred[int]:
        """LPUSHX key element [element ...]

        Puts elements before the first one of a list, if there is a list.  Since 2.2.0; O(1).
        """
        return self.execute("LPUSHX", key, *elements)

    def lrange(self, key: Value, start: int, stop: int) -> Deferred[list[T]]:
        """LRANGE key start stop

        Returns the elements between two indexes, both included.  Since 1.0.0; O(S+N).
        """
        return self.execute_as(shapes.listed, "LRANGE", key, start, stop)

    def lrem(self, key: Value, count: int, element: Value) -> Deferred[int]:
        """LREM key count element

        Removes equal elements: the first ones, the last ones (negative) or all (0).  Since 1.0.0; O(N+M).
        """
        return self.execute("LREM", key, count, element)

    def lset(self, key: Value, index: int, element: Value) -> Deferred[T]:
        """LSET key index element

        Replaces the element at an index.  Since 1.0.0; O(N).
        """
        return self.execute("LSET", key, index, element)

    def ltrim(self, key: Value, start: int, stop: int) -> Deferred[T]:
        """LTRIM key start stop

        Keeps the elements between two indexes only.  Since 1.0.0; O(N).
        """
        return self.execute("LTRIM", key, start, stop)

    @overload
    def rpop(self, key: Value, *, count: int) -> Deferred[list[T] | None]: ...
    @overload
    def rpop(self, key: Value, *, count: None = None) -> Deferred[T | None]: ...
    def rpop(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """RPOP key [count]

        Removes and returns the last elements of a list.  Since 1.0.0; O(N).
        """
        words: list[Any] = ["RPOP"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def rpoplpush(self, source: Value, destination: Value) -> Deferred[T | None]:
        """RPOPLPUSH source destination

        Takes the last element of one list, puts it first in another and returns it.  Since 1.2.0; O(1).
        Deprecated: 6.2.0, LMOVE with the RIGHT and LEFT arguments.
        """
        return self.execute("RPOPLPUSH", source, destination)

    def rpush(self, key: Value, *elements: Value) -> Deferred[int]:
        """RPUSH key element [element ...]

        Puts elements after the last one of a list, which is made if needed.  Since 1.0.0; O(1).
        """
        return self.execute("RPUSH", key, *elements)

    def rpushx(self, key: Value, *elements: Value) -> Deferred[int]:
        """RPUSHX key element [element ...]

        Puts elements after the last one of a list, if there is a list.  Since 2.2.0; O(1).
        """
        return self.execute("RPUSHX", key, *elements)
