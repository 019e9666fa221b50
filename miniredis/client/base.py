"""What everything that takes commands has in common: the typed methods, and what is built from commands alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from hashlib import sha1
from typing import Any, Generic

from twisted.internet.defer import Deferred

from miniredis.client.errors import NoScript, RedisError
from miniredis.client.methods import Methods
from miniredis.client.shapes import T
from miniredis.client.values import Value, to_bytes


class Script:
    """A Lua script, sent by its SHA, with its text only where the server does not know it yet."""

    def __init__(
        self, commands: Commands[Any], source: Value, *, reads_only: bool = False, by_text: bool = False
    ) -> None:
        self._commands = commands
        self._by_text = by_text
        self.source = to_bytes(source)
        self.sha = sha1(self.source).hexdigest()
        self._suffix = "_RO" if reads_only else ""

    def __call__(self, keys: Iterable[Value] = (), arguments: Iterable[Value] = ()) -> Deferred[Any]:
        several = list(keys)
        rest: list[Value] = [len(several), *several, *arguments]
        if self._by_text:
            return self._commands.execute("EVAL" + self._suffix, self.source, *rest)
        return Deferred.fromCoroutine(self._run(rest))

    async def _run(self, rest: list[Value]) -> Any:
        try:
            return await self._commands.execute("EVALSHA" + self._suffix, self.sha, *rest)
        except NoScript:
            # EVAL keeps the script as well: the next call finds it.
            return await self._commands.execute("EVAL" + self._suffix, self.source, *rest)


class Commands(Methods[T], Generic[T]):
    """Anything that commands can be given to."""

    def script(self, source: Value, *, reads_only: bool = False) -> Script:
        """`await client.script(source)(keys, arguments)`."""
        return Script(self, source, reads_only=reads_only)

    async def scan_iter(
        self, match: Value | None = None, *, count: int | None = None, type: Value | None = None
    ) -> AsyncIterator[T]:
        """All keys, by SCAN: `async for key in client.scan_iter("user:*")`.  A key may come more than once."""
        words: list[Value] = []
        for token, value in (("MATCH", match), ("COUNT", count), ("TYPE", type)):
            if value is not None:
                words += [token, value]
        async for key in self._scan(["SCAN"], words):
            yield key

    async def hscan_iter(self, key: Value, match: Value | None = None) -> AsyncIterator[tuple[T, T]]:
        """The fields of a hash with their values, by HSCAN."""
        async for pair in self._pairs("HSCAN", key, match):
            yield pair

    async def sscan_iter(self, key: Value, match: Value | None = None) -> AsyncIterator[T]:
        """The members of a set, by SSCAN."""
        async for member in self._scan(["SSCAN", key], ["MATCH", match] if match is not None else []):
            yield member

    async def zscan_iter(self, key: Value, match: Value | None = None) -> AsyncIterator[tuple[T, float]]:
        """The members of a sorted set with their scores, by ZSCAN."""
        async for member, score in self._pairs("ZSCAN", key, match):
            yield member, float(score)

    async def _pairs(self, name: str, key: Value, match: Value | None) -> AsyncIterator[tuple[Any, Any]]:
        first: Any = None
        is_second = False
        async for item in self._scan([name, key], ["MATCH", match] if match is not None else []):
            if is_second:
                yield first, item
            first = item
            is_second = not is_second

    async def _scan(self, start: list[Value], options: list[Value]) -> AsyncIterator[Any]:
        cursor: Value = b"0"
        while True:
            cursor, items = await self.execute(*start, cursor, *options)
            for item in items:
                yield item
            if to_bytes(cursor) == b"0":
                return


def raise_first(results: list[Any]) -> list[Any]:
    """The results, unless one is an error: that is raised."""
    for result in results:
        if isinstance(result, RedisError):
            raise result
    return results
