"""Typed methods for commands (algebra of sorted_set), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class SortedSetAlgebraMethods(Caller[T]):
    """Commands about algebra of sorted_set."""

    @overload
    def zdiff(self, keys: Values, *, withscores: Literal[True]) -> Deferred[list[tuple[T, float]]]: ...
    @overload
    def zdiff(self, keys: Values, *, withscores: Literal[False] = False) -> Deferred[list[T]]: ...
    @overload
    def zdiff(self, keys: Values, *, withscores: bool = False) -> Deferred[Any]: ...
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
        if withscores:
            return self.execute_as(shapes.scored, *words)
        return self.execute_as(shapes.listed, *words)

    def zdiffstore(self, destination: Value, keys: Values) -> Deferred[int]:
        """ZDIFFSTORE destination numkeys key [key ...]

        Stores the members of a sorted set that others do not have.  Since 6.2.0; O(N*K + M*log(M)) where N is
        the size of the first of K inputs and M the size of the result.
        """
        words: list[Any] = ["ZDIFFSTORE"]
        words += [destination]
        keys = many(keys)
        words += [len(keys), *keys]
        return self.execute(*words)

    @overload
    def zinter(
        self,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
        withscores: Literal[True],
    ) -> Deferred[list[tuple[T, float]]]: ...
    @overload
    def zinter(
        self,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
        withscores: Literal[False] = False,
    ) -> Deferred[list[T]]: ...
    @overload
    def zinter(
        self,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
        withscores: bool = False,
    ) -> Deferred[Any]: ...
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
        if withscores:
            return self.execute_as(shapes.scored, *words)
        return self.execute_as(shapes.listed, *words)

    def zintercard(self, keys: Values, *, limit: int | None = None) -> Deferred[int]:
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
    ) -> Deferred[int]:
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

    @overload
    def zunion(
        self,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
        withscores: Literal[True],
    ) -> Deferred[list[tuple[T, float]]]: ...
    @overload
    def zunion(
        self,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
        withscores: Literal[False] = False,
    ) -> Deferred[list[T]]: ...
    @overload
    def zunion(
        self,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
        withscores: bool = False,
    ) -> Deferred[Any]: ...
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
        if withscores:
            return self.execute_as(shapes.scored, *words)
        return self.execute_as(shapes.listed, *words)

    def zunionstore(
        self,
        destination: Value,
        keys: Values,
        *,
        weights: Values | None = None,
        aggregate: Literal["SUM", "MIN", "MAX"] | None = None,
    ) -> Deferred[int]:
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
