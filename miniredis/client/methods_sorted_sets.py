"""Typed methods for commands (sorted_set), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from twisted.internet.defer import Deferred

from miniredis.client.values import Value, Values, many


class SortedSetsMethods:
    """Commands about sorted_set."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def bzmpop(
        self, timeout: float | str, keys: Values, choice_min: Literal["MIN", "MAX"], *, count: int | None = None
    ) -> Deferred[Any]:
        """BZMPOP timeout:double numkeys key [key ...] <MIN | MAX> [COUNT count]

        Takes members off one end of the first of several sorted sets that is not empty, waiting for one.
        Since 7.0.0; O(K) + O(M*log(N)) where K is the number of keys, N the size of the sorted set, M the
        members taken.
        """
        words: list[Any] = ["BZMPOP"]
        words += [timeout]
        keys = many(keys)
        words += [len(keys), *keys]
        words.append(choice_min)
        if count is not None:
            words += ["COUNT", count]
        return self.execute(*words)

    def bzpopmax(self, keys: Values, timeout: float | str) -> Deferred[Any]:
        """BZPOPMAX key [key ...] timeout:double

        Takes the member with the highest score out of a sorted set, waiting for one.  Since 5.0.0; O(log(N))
        where N is the size of the sorted set.
        """
        return self.execute("BZPOPMAX", *many(keys), timeout)

    def bzpopmin(self, keys: Values, timeout: float | str) -> Deferred[Any]:
        """BZPOPMIN key [key ...] timeout:double

        Takes the member with the lowest score out of a sorted set, waiting for one.  Since 5.0.0; O(log(N))
        where N is the size of the sorted set.
        """
        return self.execute("BZPOPMIN", *many(keys), timeout)

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
        return self.execute(*words)

    def zcard(self, key: Value) -> Deferred[Any]:
        """ZCARD key

        Returns the number of members of a sorted set.  Since 1.2.0; O(1).
        """
        return self.execute("ZCARD", key)

    def zcount(self, key: Value, min: float | str, max: float | str) -> Deferred[Any]:
        """ZCOUNT key min:double max:double

        Returns how many members of a sorted set are within a range of scores.  Since 2.0.0; O(log(N)) where N
        is the size of the sorted set.
        """
        return self.execute("ZCOUNT", key, min, max)

    def zdiff(self, keys: Values, *, withscores: bool = False) -> Deferred[Any]:
        """ZDIFF numkeys key [key ...] [WITHSCORES]

        Returns the members of a sorted set that others do not have.  Since 6.2.0; O(N*K + M*log(M)) where N
        is the size of the first of K inputs and M the size of the result.
        """
        words: list[Any] = ["ZDIFF"]
        keys = many(keys)
        words += [len(keys), *keys]
        if withscores:
            words.append("WITHSCORES")
        return self.execute(*words)

    def zdiffstore(self, destination: Value, keys: Values) -> Deferred[Any]:
        """ZDIFFSTORE destination numkeys key [key ...]

        Stores the members of a sorted set that others do not have.  Since 6.2.0; O(N*K + M*log(M)) where N is
        the size of the first of K inputs and M the size of the result.
        """
        words: list[Any] = ["ZDIFFSTORE"]
        words += [destination]
        keys = many(keys)
        words += [len(keys), *keys]
        return self.execute(*words)

    def zincrby(self, key: Value, increment: int, member: Value) -> Deferred[Any]:
        """ZINCRBY key increment member

        Adds to the score of a member of a sorted set.  Since 1.2.0; O(log(N)) where N is the size of the
        sorted set.
        """
        return self.execute("ZINCRBY", key, increment, member)

    def zinter(
        self,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
        withscores: bool = False,
    ) -> Deferred[Any]:
        """ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]
            [WITHSCORES]

        Returns the members that several sorted sets have in common.  Since 6.2.0; O(N*K)+O(M*log(M)) where N
        is the size of the smallest of K inputs and M the size of the result.
        """
        words: list[Any] = ["ZINTER"]
        keys = many(keys)
        words += [len(keys), *keys]
        if weights is not None:
            words += ["WEIGHTS", *many(weights)]
        if aggregate is not None:
            words += ["AGGREGATE", aggregate]
        if withscores:
            words.append("WITHSCORES")
        return self.execute(*words)

    def zintercard(self, keys: Values, *, limit: int | None = None) -> Deferred[Any]:
        """ZINTERCARD numkeys key [key ...] [LIMIT limit]

        Returns how many members several sorted sets have in common.  Since 7.0.0; O(N*K) where N is the size
        of the smallest of K inputs.
        """
        words: list[Any] = ["ZINTERCARD"]
        keys = many(keys)
        words += [len(keys), *keys]
        if limit is not None:
            words += ["LIMIT", limit]
        return self.execute(*words)

    def zinterstore(
        self,
        destination: Value,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
    ) -> Deferred[Any]:
        """ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN |
            MAX>]

        Stores the members that several sorted sets have in common.  Since 2.0.0; O(N*K)+O(M*log(M)) where N
        is the size of the smallest of K inputs and M the size of the result.
        """
        words: list[Any] = ["ZINTERSTORE"]
        words += [destination]
        keys = many(keys)
        words += [len(keys), *keys]
        if weights is not None:
            words += ["WEIGHTS", *many(weights)]
        if aggregate is not None:
            words += ["AGGREGATE", aggregate]
        return self.execute(*words)

    def zlexcount(self, key: Value, min: Value, max: Value) -> Deferred[Any]:
        """ZLEXCOUNT key min max

        Returns how many members of a sorted set of one score are within a range of names.  Since 2.8.9;
        O(log(N)) where N is the size of the sorted set.
        """
        return self.execute("ZLEXCOUNT", key, min, max)

    def zmpop(self, keys: Values, choice_min: Literal["MIN", "MAX"], *, count: int | None = None) -> Deferred[Any]:
        """ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count]

        Takes members off one end of the first of several sorted sets that is not empty.  Since 7.0.0; O(K) +
        O(M*log(N)) where K is the number of keys, N the size of the sorted set, M the members taken.
        """
        words: list[Any] = ["ZMPOP"]
        keys = many(keys)
        words += [len(keys), *keys]
        words.append(choice_min)
        if count is not None:
            words += ["COUNT", count]
        return self.execute(*words)

    def zmscore(self, key: Value, *members: Value) -> Deferred[Any]:
        """ZMSCORE key member [member ...]

        Returns the scores of several members of a sorted set.  Since 6.2.0; O(N) where N is the number of
        members asked for.
        """
        return self.execute("ZMSCORE", key, *members)

    def zpopmax(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """ZPOPMAX key [count]

        Takes the members with the highest scores out of a sorted set.  Since 5.0.0; O(log(N)*M) where N is
        the size of the sorted set and M the number of members taken.
        """
        words: list[Any] = ["ZPOPMAX"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def zpopmin(self, key: Value, *, count: int | None = None) -> Deferred[Any]:
        """ZPOPMIN key [count]

        Takes the members with the lowest scores out of a sorted set.  Since 5.0.0; O(log(N)*M) where N is the
        size of the sorted set and M the number of members taken.
        """
        words: list[Any] = ["ZPOPMIN"]
        words += [key]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def zrandmember(self, *arguments: Value) -> Deferred[Any]:
        """ZRANDMEMBER key [count [WITHSCORES]]

        Returns members of a sorted set chosen by chance.  Since 6.2.0; O(N*log(M)) where N is the number of
        members returned and M the size of the sorted set.
        """
        return self.execute("ZRANDMEMBER", *arguments)

    def zrem(self, key: Value, *members: Value) -> Deferred[Any]:
        """ZREM key member [member ...]

        Removes members from a sorted set.  Since 1.2.0; O(M*log(N)) where N is the size of the sorted set and
        M the number of members to remove.
        """
        return self.execute("ZREM", key, *members)

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
        return self.execute(*words)

    def zscore(self, key: Value, member: Value) -> Deferred[Any]:
        """ZSCORE key member

        Returns the score of a member of a sorted set.  Since 1.2.0; O(1).
        """
        return self.execute("ZSCORE", key, member)

    def zunion(
        self,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
        withscores: bool = False,
    ) -> Deferred[Any]:
        """ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]
            [WITHSCORES]

        Returns the members of any of several sorted sets.  Since 6.2.0; O(N)+O(M*log(M)) where N is the sum
        of the sizes of the inputs and M the size of the result.
        """
        words: list[Any] = ["ZUNION"]
        keys = many(keys)
        words += [len(keys), *keys]
        if weights is not None:
            words += ["WEIGHTS", *many(weights)]
        if aggregate is not None:
            words += ["AGGREGATE", aggregate]
        if withscores:
            words.append("WITHSCORES")
        return self.execute(*words)

    def zunionstore(
        self,
        destination: Value,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
    ) -> Deferred[Any]:
        """ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN |
            MAX>]

        Stores the members of any of several sorted sets.  Since 2.0.0; O(N)+O(M*log(M)) where N is the sum of
        the sizes of the inputs and M the size of the result.
        """
        words: list[Any] = ["ZUNIONSTORE"]
        words += [destination]
        keys = many(keys)
        words += [len(keys), *keys]
        if weights is not None:
            words += ["WEIGHTS", *many(weights)]
        if aggregate is not None:
            words += ["AGGREGATE", aggregate]
        return self.execute(*words)
