"""Typed methods for commands (ranges of sorted_set), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class SortedSetRangesMethods(Caller[T]):
    """Commands about ranges of sorted_set."""

    @overload
    def zrange(
        self,
        key: Value,
        start: Value,
        stop: Value,
        *,
        byscore: bool = False,
        bylex: bool = False,
        rev: bool = False,
        limit: tuple[int, int] | None = None,
        withscores: Literal[True],
    ) -> Deferred[list[tuple[T, float]]]: ...
    @overload
    def zrange(
        self,
        key: Value,
        start: Value,
        stop: Value,
        *,
        byscore: bool = False,
        bylex: bool = False,
        rev: bool = False,
        limit: tuple[int, int] | None = None,
        withscores: Literal[False] = False,
    ) -> Deferred[list[T]]: ...
    @overload
    def zrange(
        self,
        key: Value,
        start: Value,
        stop: Value,
        *,
        byscore: bool = False,
        bylex: bool = False,
        rev: bool = False,
        limit: tuple[int, int] | None = None,
        withscores: bool = False,
    ) -> Deferred[Any]: ...
    def zrange(
        self,
        key: Value,
        start: Value,
        stop: Value,
        *,
        byscore: bool = False,
        bylex: bool = False,
        rev: bool = False,
        limit: tuple[int, int] | None = None,
        withscores: bool = False,
    ) -> Deferred[Any]:
        """ZRANGE key start:string stop:string [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]

        Returns members of a sorted set within a range of ranks, scores or names.  Since 1.2.0; O(log(N)+M)
        where N is the size of the sorted set and M the number of members returned.
        """
        words: list[Any] = ["ZRANGE"]
        words += [key]
        words += [start]
        words += [stop]
        if byscore:
            words.append("BYSCORE")
        if bylex:
            words.append("BYLEX")
        if rev:
            words.append("REV")
        if limit is not None:
            words += ["LIMIT", *limit]
        if withscores:
            words.append("WITHSCORES")
        if withscores:
            return self.execute_as(shapes.scored, *words)
        return self.execute_as(shapes.listed, *words)

    def zrangebylex(
        self, key: Value, min: Value, max: Value, *, limit: tuple[int, int] | None = None
    ) -> Deferred[list[T]]:
        """ZRANGEBYLEX key min max [LIMIT offset count]

        Returns members of a sorted set of one score within a range of names.  Since 2.8.9; O(log(N)+M) where
        N is the size of the sorted set and M the number of members returned.  Deprecated: 6.2.0, ZRANGE with
        BYLEX.
        """
        words: list[Any] = ["ZRANGEBYLEX"]
        words += [key]
        words += [min]
        words += [max]
        if limit is not None:
            words += ["LIMIT", *limit]
        return self.execute_as(shapes.listed, *words)

    @overload
    def zrangebyscore(
        self,
        key: Value,
        min: float | str,
        max: float | str,
        *,
        withscores: Literal[True],
        limit: tuple[int, int] | None = None,
    ) -> Deferred[list[tuple[T, float]]]: ...
    @overload
    def zrangebyscore(
        self,
        key: Value,
        min: float | str,
        max: float | str,
        *,
        withscores: Literal[False] = False,
        limit: tuple[int, int] | None = None,
    ) -> Deferred[list[T]]: ...
    @overload
    def zrangebyscore(
        self,
        key: Value,
        min: float | str,
        max: float | str,
        *,
        withscores: bool = False,
        limit: tuple[int, int] | None = None,
    ) -> Deferred[Any]: ...
    def zrangebyscore(
        self,
        key: Value,
        min: float | str,
        max: float | str,
        *,
        withscores: bool = False,
        limit: tuple[int, int] | None = None,
    ) -> Deferred[Any]:
        """ZRANGEBYSCORE key min:double max:double [WITHSCORES] [LIMIT offset count]

        Returns members of a sorted set within a range of scores.  Since 1.0.5; O(log(N)+M) where N is the
        size of the sorted set and M the number of members returned.  Deprecated: 6.2.0, ZRANGE with BYSCORE.
        """
        words: list[Any] = ["ZRANGEBYSCORE"]
        words += [key]
        words += [min]
        words += [max]
        if withscores:
            words.append("WITHSCORES")
        if limit is not None:
            words += ["LIMIT", *limit]
        if withscores:
            return self.execute_as(shapes.scored, *words)
        return self.execute_as(shapes.listed, *words)

    def zrangestore(
        self,
        dst: Value,
        src: Value,
        min: Value,
        max: Value,
        *,
        byscore: bool = False,
        bylex: bool = False,
        rev: bool = False,
        limit: tuple[int, int] | None = None,
    ) -> Deferred[int]:
        """ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]

        Stores members of a sorted set within a range at another key.  Since 6.2.0; O(log(N)+M) where N is the
        size of the sorted set and M the number of members stored.
        """
        words: list[Any] = ["ZRANGESTORE"]
        words += [dst]
        words += [src]
        words += [min]
        words += [max]
        if byscore:
            words.append("BYSCORE")
        if bylex:
            words.append("BYLEX")
        if rev:
            words.append("REV")
        if limit is not None:
            words += ["LIMIT", *limit]
        return self.execute(*words)

    @overload
    def zrank(self, key: Value, member: Value, *, withscore: Literal[True]) -> Deferred[tuple[int, float] | None]: ...
    @overload
    def zrank(self, key: Value, member: Value, *, withscore: Literal[False] = False) -> Deferred[int | None]: ...
    @overload
    def zrank(self, key: Value, member: Value, *, withscore: bool = False) -> Deferred[Any]: ...
    def zrank(self, key: Value, member: Value, *, withscore: bool = False) -> Deferred[Any]:
        """ZRANK key member [WITHSCORE]

        Returns how many members of a sorted set stand before one.  Since 2.0.0; O(log(N)) where N is the size
        of the sorted set.
        """
        words: list[Any] = ["ZRANK"]
        words += [key]
        words += [member]
        if withscore:
            words.append("WITHSCORE")
        if withscore:
            return self.execute_as(shapes.rank_and_score, *words)
        return self.execute(*words)

    def zremrangebylex(self, key: Value, min: Value, max: Value) -> Deferred[int]:
        """ZREMRANGEBYLEX key min max

        Removes members of a sorted set of one score within a range of names.  Since 2.8.9; O(log(N)+M) where
        N is the size of the sorted set and M the number of members removed.
        """
        return self.execute("ZREMRANGEBYLEX", key, min, max)

    def zremrangebyrank(self, key: Value, start: int, stop: int) -> Deferred[int]:
        """ZREMRANGEBYRANK key start stop

        Removes members of a sorted set within a range of ranks.  Since 2.0.0; O(log(N)+M) where N is the size
        of the sorted set and M the number of members removed.
        """
        return self.execute("ZREMRANGEBYRANK", key, start, stop)

    def zremrangebyscore(self, key: Value, min: float | str, max: float | str) -> Deferred[int]:
        """ZREMRANGEBYSCORE key min:double max:double

        Removes members of a sorted set within a range of scores.  Since 1.2.0; O(log(N)+M) where N is the
        size of the sorted set and M the number of members removed.
        """
        return self.execute("ZREMRANGEBYSCORE", key, min, max)

    @overload
    def zrevrange(
        self, key: Value, start: int, stop: int, *, withscores: Literal[True]
    ) -> Deferred[list[tuple[T, float]]]: ...
    @overload
    def zrevrange(
        self, key: Value, start: int, stop: int, *, withscores: Literal[False] = False
    ) -> Deferred[list[T]]: ...
    @overload
    def zrevrange(self, key: Value, start: int, stop: int, *, withscores: bool = False) -> Deferred[Any]: ...
    def zrevrange(self, key: Value, start: int, stop: int, *, withscores: bool = False) -> Deferred[Any]:
        """ZREVRANGE key start stop [WITHSCORES]

        Returns members of a sorted set within a range of ranks, the highest score first.  Since 1.2.0;
        O(log(N)+M) where N is the size of the sorted set and M the number of members returned.  Deprecated:
        6.2.0, ZRANGE with REV.
        """
        words: list[Any] = ["ZREVRANGE"]
        words += [key]
        words += [start]
        words += [stop]
        if withscores:
            words.append("WITHSCORES")
        if withscores:
            return self.execute_as(shapes.scored, *words)
        return self.execute_as(shapes.listed, *words)

    def zrevrangebylex(
        self, key: Value, max: Value, min: Value, *, limit: tuple[int, int] | None = None
    ) -> Deferred[list[T]]:
        """ZREVRANGEBYLEX key max min [LIMIT offset count]

        Returns members of a sorted set of one score within a range of names, the last first.  Since 2.8.9;
        O(log(N)+M) where N is the size of the sorted set and M the number of members returned.  Deprecated:
        6.2.0, ZRANGE with REV and BYLEX.
        """
        words: list[Any] = ["ZREVRANGEBYLEX"]
        words += [key]
        words += [max]
        words += [min]
        if limit is not None:
            words += ["LIMIT", *limit]
        return self.execute_as(shapes.listed, *words)

    @overload
    def zrevrangebyscore(
        self,
        key: Value,
        max: float | str,
        min: float | str,
        *,
        withscores: Literal[True],
        limit: tuple[int, int] | None = None,
    ) -> Deferred[list[tuple[T, float]]]: ...
    @overload
    def zrevrangebyscore(
        self,
        key: Value,
        max: float | str,
        min: float | str,
        *,
        withscores: Literal[False] = False,
        limit: tuple[int, int] | None = None,
    ) -> Deferred[list[T]]: ...
    @overload
    def zrevrangebyscore(
        self,
        key: Value,
        max: float | str,
        min: float | str,
        *,
        withscores: bool = False,
        limit: tuple[int, int] | None = None,
    ) -> Deferred[Any]: ...
    def zrevrangebyscore(
        self,
        key: Value,
        max: float | str,
        min: float | str,
        *,
        withscores: bool = False,
        limit: tuple[int, int] | None = None,
    ) -> Deferred[Any]:
        """ZREVRANGEBYSCORE key max:double min:double [WITHSCORES] [LIMIT offset count]

        Returns members of a sorted set within a range of scores, the highest first.  Since 2.2.0; O(log(N)+M)
        where N is the size of the sorted set and M the number of members returned.  Deprecated: 6.2.0, ZRANGE
        with REV and BYSCORE.
        """
        words: list[Any] = ["ZREVRANGEBYSCORE"]
        words += [key]
        words += [max]
        words += [min]
        if withscores:
            words.append("WITHSCORES")
        if limit is not None:
            words += ["LIMIT", *limit]
        if withscores:
            return self.execute_as(shapes.scored, *words)
        return self.execute_as(shapes.listed, *words)

    @overload
    def zrevrank(
        self, key: Value, member: Value, *, withscore: Literal[True]
    ) -> Deferred[tuple[int, float] | None]: ...
    @overload
    def zrevrank(self, key: Value, member: Value, *, withscore: Literal[False] = False) -> Deferred[int | None]: ...
    @overload
    def zrevrank(self, key: Value, member: Value, *, withscore: bool = False) -> Deferred[Any]: ...
    def zrevrank(self, key: Value, member: Value, *, withscore: bool = False) -> Deferred[Any]:
        """ZREVRANK key member [WITHSCORE]

        Returns how many members of a sorted set stand behind one.  Since 2.0.0; O(log(N)) where N is the size
        of the sorted set.
        """
        words: list[Any] = ["ZREVRANK"]
        words += [key]
        words += [member]
        if withscore:
            words.append("WITHSCORE")
        if withscore:
            return self.execute_as(shapes.rank_and_score, *words)
        return self.execute(*words)
