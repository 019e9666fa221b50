"""Typed methods for commands (sorted_set), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class SortedSetsMethods(Caller[T]):
    """Commands about sorted_set."""

    def bzmpop(
        self, timeout: float | str, keys: Values, which: Literal["MIN", "MAX"], *, count: int | None = None
    ) -> Deferred[tuple[T, list[tuple[T, float]]] | None]:
        """BZMPOP timeout:double numkeys key [key ...] <MIN | MAX> [COUNT count]

        Takes members off one end of the first of several sorted sets that is not empty, waiting for one.
        Since 7.0.0; O(K) + O(M*log(N)) where K is the number of keys, N the size of the sorted set, M the
        members taken.
        """
        words: list[Any] = ["BZMPOP"]
        words += [timeout]
        keys = many(keys)
        words += [len(keys), *keys]
        words.append(which)
        if count is not None:
            words += ["COUNT", count]
        return self.execute_as(shapes.popped_scored, *words)

    def bzpopmax(self, keys: Values, timeout: float | str) -> Deferred[tuple[T, T, float] | None]:
        """BZPOPMAX key [key ...] timeout:double

        Takes the member with the highest score out of a sorted set, waiting for one.  Since 5.0.0; O(log(N))
        where N is the size of the sorted set.
        """
        return self.execute_as(shapes.lowest, "BZPOPMAX", *many(keys), timeout)

    def bzpopmin(self, keys: Values, timeout: float | str) -> Deferred[tuple[T, T, float] | None]:
        """BZPOPMIN key [key ...] timeout:double

        Takes the member with the lowest score out of a sorted set, waiting for one.  Since 5.0.0; O(log(N))
        where N is the size of the sorted set.
        """
        return self.execute_as(shapes.lowest, "BZPOPMIN", *many(keys), timeout)

    @overload
    def zadd(
        self,
        key: Value,
        rows: Sequence[Sequence[Value]],
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
        ch: bool = False,
        incr: Literal[True],
    ) -> Deferred[float | None]: ...
    @overload
    def zadd(
        self,
        key: Value,
        rows: Sequence[Sequence[Value]],
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
        ch: bool = False,
        incr: Literal[False] = False,
    ) -> Deferred[int]: ...
    @overload
    def zadd(
        self,
        key: Value,
        rows: Sequence[Sequence[Value]],
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
        ch: bool = False,
        incr: bool = False,
    ) -> Deferred[Any]: ...
    def zadd(
        self,
        key: Value,
        rows: Sequence[Sequence[Value]],
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
        ch: bool = False,
        incr: bool = False,
    ) -> Deferred[Any]:
        """ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]

        Adds members to a sorted set, or changes their scores.  Since 1.2.0; O(log(N)) for each member, where
        N is the size of the sorted set.
        """
        words: list[Any] = ["ZADD"]
        words += [key]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        if ch:
            words.append("CH")
        if incr:
            words.append("INCR")
        for row in rows:
            words += row
        if incr:
            return self.execute_as(shapes.number, *words)
        return self.execute(*words)

    def zcard(self, key: Value) -> Deferred[int]:
        """ZCARD key

        Returns the number of members of a sorted set.  Since 1.2.0; O(1).
        """
        return self.execute("ZCARD", key)

    def zcount(self, key: Value, min: float | str, max: float | str) -> Deferred[int]:
        """ZCOUNT key min:double max:double

        Returns how many members of a sorted set are within a range of scores.  Since 2.0.0; O(log(N)) where N
        is the size of the sorted set.
        """
        return self.execute("ZCOUNT", key, min, max)

    def zincrby(self, key: Value, increment: int, member: Value) -> Deferred[float]:
        """ZINCRBY key increment member

        Adds to the score of a member of a sorted set.  Since 1.2.0; O(log(N)) where N is the size of the
        sorted set.
        """
        return self.execute_as(shapes.number, "ZINCRBY", key, increment, member)

    def zlexcount(self, key: Value, min: Value, max: Value) -> Deferred[int]:
        """ZLEXCOUNT key min max

        Returns how many members of a sorted set of one score are within a range of names.  Since 2.8.9;
        O(log(N)) where N is the size of the sorted set.
        """
        return self.execute("ZLEXCOUNT", key, min, max)

    def zmpop(
        self, keys: Values, which: Literal["MIN", "MAX"], *, count: int | None = None
    ) -> Deferred[tuple[T, list[tuple[T, float]]] | None]:
        """ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count]

        Takes members off one end of the first of several sorted sets that is not empty.  Since 7.0.0; O(K) +
        O(M*log(N)) where K is the number of keys, N the size of the sorted set, M the members taken.
        """
        words: list[Any] = ["ZMPOP"]
        keys = many(keys)
        words += [len(keys), *keys]
        words.append(which)
        if count is not None:
            words += ["COUNT", count]
        return self.execute_as(shapes.popped_scored, *words)

    def zmscore(self, key: Value, *members: Value) -> Deferred[list[float | None]]:
        """ZMSCORE key member [member ...]

        Returns the scores of several members of a sorted set.  Since 6.2.0; O(N) where N is the number of
        members asked for.
        """
        return self.execute_as(shapes.numbers, "ZMSCORE", key, *members)

    def zpopmax(self, key: Value, *, count: int | None = None) -> Deferred[list[tuple[T, float]]]:
        """ZPOPMAX key [count]

        Takes the members with the highest scores out of a sorted set.  Since 5.0.0; O(log(N)*M) where N is
        the size of the sorted set and M the number of members taken.
        """
        words: list[Any] = ["ZPOPMAX"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute_as(shapes.scored, *words)

    def zpopmin(self, key: Value, *, count: int | None = None) -> Deferred[list[tuple[T, float]]]:
        """ZPOPMIN key [count]

        Takes the members with the lowest scores out of a sorted set.  Since 5.0.0; O(log(N)*M) where N is the
        size of the sorted set and M the number of members taken.
        """
        words: list[Any] = ["ZPOPMIN"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute_as(shapes.scored, *words)

    @overload
    def zrandmember(
        self, key: Value, *, count: int | None = None, withscores: Literal[True]
    ) -> Deferred[list[tuple[T, float]]]: ...
    @overload
    def zrandmember(self, key: Value, *, count: int, withscores: Literal[False] = False) -> Deferred[list[T]]: ...
    @overload
    def zrandmember(
        self, key: Value, *, count: None = None, withscores: Literal[False] = False
    ) -> Deferred[T | None]: ...
    @overload
    def zrandmember(self, key: Value, *, count: int | None = None, withscores: bool = False) -> Deferred[Any]: ...
    def zrandmember(self, key: Value, *, count: int | None = None, withscores: bool = False) -> Deferred[Any]:
        """ZRANDMEMBER key [count [WITHSCORES]]

        Returns members of a sorted set chosen by chance.  Since 6.2.0; O(N*log(M)) where N is the number of
        members returned and M the size of the sorted set.
        """
        words: list[Any] = ["ZRANDMEMBER"]
        words += [key]
        if count is not None:
            words += [count]
        if withscores:
            words.append("WITHSCORES")
        if withscores:
            return self.execute_as(shapes.scored, *words)
        if count is not None:
            return self.execute_as(shapes.listed, *words)
        return self.execute(*words)

    def zrem(self, key: Value, *members: Value) -> Deferred[int]:
        """ZREM key member [member ...]

        Removes members from a sorted set.  Since 1.2.0; O(M*log(N)) where N is the size of the sorted set and
        M the number of members to remove.
        """
        return self.execute("ZREM", key, *members)

    @overload
    def zscan(
        self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None, noscores: Literal[True]
    ) -> Deferred[tuple[int, list[T]]]: ...
    @overload
    def zscan(
        self,
        key: Value,
        cursor: int,
        *,
        match: Value | None = None,
        count: int | None = None,
        noscores: Literal[False] = False,
    ) -> Deferred[tuple[int, list[tuple[T, float]]]]: ...
    @overload
    def zscan(
        self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None, noscores: bool = False
    ) -> Deferred[Any]: ...
    def zscan(
        self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None, noscores: bool = False
    ) -> Deferred[Any]:
        """ZSCAN key cursor [MATCH pattern] [COUNT count] [NOSCORES]

        Returns members of a sorted set in portions.  Since 2.8.0; O(1) for each call, O(N) for all members of
        the sorted set.
        """
        words: list[Any] = ["ZSCAN"]
        words += [key]
        words += [cursor]
        if match is not None:
            words += ["MATCH", match]
        if count is not None:
            words += ["COUNT", count]
        if noscores:
            words.append("NOSCORES")
        if noscores:
            return self.execute_as(shapes.page, *words)
        return self.execute_as(shapes.page_of_scores, *words)

    def zscore(self, key: Value, member: Value) -> Deferred[float | None]:
        """ZSCORE key member

        Returns the score of a member of a sorted set.  Since 1.2.0; O(1).
        """
        return self.execute_as(shapes.number, "ZSCORE", key, member)
