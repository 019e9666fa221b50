"""Typed methods for commands (string, hyperloglog), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class StringsMethods(Caller[T]):
    """Commands about string, hyperloglog."""

    def append(self, key: Value, value: Value) -> Deferred[int]:
        """APPEND key value

        Appends to the string at a key, or creates it.  Since 2.0.0; O(M) where M is the length of what is
        appended.
        """
        return self.execute("APPEND", key, value)

    def decr(self, key: Value) -> Deferred[int]:
        """DECR key

        Takes one from the integer at a key.  Since 1.0.0; O(1).
        """
        return self.execute("DECR", key)

    def decrby(self, key: Value, decrement: int) -> Deferred[int]:
        """DECRBY key decrement

        Subtracts from the integer at a key.  Since 1.0.0; O(1).
        """
        return self.execute("DECRBY", key, decrement)

    def delifeq(self, key: Value, value: Value) -> Deferred[int]:
        """DELIFEQ key value

        Deletes a key whose string equals the one given.  Since 9.0.0; O(1).
        """
        return self.execute("DELIFEQ", key, value)

    def get(self, key: Value) -> Deferred[T | None]:
        """GET key

        Returns the string at a key.  Since 1.0.0; O(1).
        """
        return self.execute("GET", key)

    def getdel(self, key: Value) -> Deferred[T | None]:
        """GETDEL key

        Returns the string at a key and deletes the key.  Since 6.2.0; O(1).
        """
        return self.execute("GETDEL", key)

    def getex(
        self,
        key: Value,
        *,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        persist: bool = False,
    ) -> Deferred[T | None]:
        """GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds |
            PERSIST]

        Returns the string at a key and changes when it expires.  Since 6.2.0; O(1).
        """
        words: list[Any] = ["GETEX"]
        words += [key]
        if ex is not None:
            words += ["EX", ex]
        if px is not None:
            words += ["PX", px]
        if exat is not None:
            words += ["EXAT", exat]
        if pxat is not None:
            words += ["PXAT", pxat]
        if persist:
            words.append("PERSIST")
        return self.execute(*words)

    def getrange(self, key: Value, start: int, end: int) -> Deferred[T]:
        """GETRANGE key start end

        Returns a part of the string at a key.  Since 2.4.0; O(N) where N is the length of the reply.
        """
        return self.execute("GETRANGE", key, start, end)

    def getset(self, key: Value, value: Value) -> Deferred[T | None]:
        """GETSET key value

        Stores a string at a key and returns the one before it.  Since 1.0.0; O(1).  Deprecated: 6.2.0, SET
        with GET.
        """
        return self.execute("GETSET", key, value)

    def incr(self, key: Value) -> Deferred[int]:
        """INCR key

        Adds one to the integer at a key.  Since 1.0.0; O(1).
        """
        return self.execute("INCR", key)

    def incrby(self, key: Value, increment: int) -> Deferred[int]:
        """INCRBY key increment

        Adds to the integer at a key.  Since 1.0.0; O(1).
        """
        return self.execute("INCRBY", key, increment)

    def incrbyfloat(self, key: Value, increment: float | str) -> Deferred[float]:
        """INCRBYFLOAT key increment:double

        Adds to the floating point number at a key.  Since 2.6.0; O(1).
        """
        return self.execute_as(shapes.number, "INCRBYFLOAT", key, increment)

    @overload
    def lcs(
        self,
        key1: Value,
        key2: Value,
        *,
        len: bool = False,
        idx: Literal[True],
        minmatchlen: int | None = None,
        withmatchlen: bool = False,
    ) -> Deferred[dict[T, Any]]: ...
    @overload
    def lcs(
        self,
        key1: Value,
        key2: Value,
        *,
        len: Literal[True],
        idx: Literal[False] = False,
        minmatchlen: int | None = None,
        withmatchlen: bool = False,
    ) -> Deferred[int]: ...
    @overload
    def lcs(
        self,
        key1: Value,
        key2: Value,
        *,
        len: Literal[False] = False,
        idx: Literal[False] = False,
        minmatchlen: int | None = None,
        withmatchlen: bool = False,
    ) -> Deferred[T]: ...
    @overload
    def lcs(
        self,
        key1: Value,
        key2: Value,
        *,
        len: bool = False,
        idx: bool = False,
        minmatchlen: int | None = None,
        withmatchlen: bool = False,
    ) -> Deferred[Any]: ...
    def lcs(
        self,
        key1: Value,
        key2: Value,
        *,
        len: bool = False,
        idx: bool = False,
        minmatchlen: int | None = None,
        withmatchlen: bool = False,
    ) -> Deferred[Any]:
        """LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]

        Finds the longest common subsequence of two strings.  Since 7.0.0; O(N*M/64) where N and M are the
        lengths of the strings.
        """
        words: list[Any] = ["LCS"]
        words += [key1]
        words += [key2]
        if len:
            words.append("LEN")
        if idx:
            words.append("IDX")
        if minmatchlen is not None:
            words += ["MINMATCHLEN", minmatchlen]
        if withmatchlen:
            words.append("WITHMATCHLEN")
        if idx:
            return self.execute_as(shapes.mapping, *words)
        return self.execute(*words)

    def mget(self, *keys: Value) -> Deferred[list[T | None]]:
        """MGET key [key ...]

        Returns the strings at several keys.  Since 1.0.0; O(N) where N is the number of keys.
        """
        return self.execute("MGET", *keys)

    def mset(self, mapping: Mapping[Any, Value]) -> Deferred[T]:
        """MSET key value [key value ...]

        Stores strings at several keys at once.  Since 1.0.1; O(N) where N is the number of keys.
        """
        words: list[Any] = ["MSET"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def msetex(
        self,
        mapping: Mapping[Any, Value],
        *,
        nx: bool = False,
        xx: bool = False,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        keepttl: bool = False,
    ) -> Deferred[int]:
        """MSETEX numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT unix-time-
            seconds | PXAT unix-time-milliseconds | KEEPTTL]

        Stores strings at several keys at once, with a condition and an expiry for all of them.  Since 9.1.0;
        O(N) where N is the number of keys.
        """
        words: list[Any] = ["MSETEX"]
        words += [len(mapping)]
        for pair in mapping.items():
            words += pair
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if ex is not None:
            words += ["EX", ex]
        if px is not None:
            words += ["PX", px]
        if exat is not None:
            words += ["EXAT", exat]
        if pxat is not None:
            words += ["PXAT", pxat]
        if keepttl:
            words.append("KEEPTTL")
        return self.execute(*words)

    def msetnx(self, mapping: Mapping[Any, Value]) -> Deferred[int]:
        """MSETNX key value [key value ...]

        Stores strings at several keys if none of them has a value yet.  Since 1.0.1; O(N) where N is the
        number of keys.
        """
        words: list[Any] = ["MSETNX"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def pfadd(self, key: Value, *elements: Value) -> Deferred[int]:
        """PFADD key [element [element ...]]

        Adds elements to a HyperLogLog, or creates it.  Since 2.8.9; O(1) for each element.
        """
        return self.execute("PFADD", key, *elements)

    def pfcount(self, *keys: Value) -> Deferred[int]:
        """PFCOUNT key [key ...]

        Returns about how many distinct elements HyperLogLogs hold together.  Since 2.8.9; O(1) for one key,
        O(N) for several, where N is their number; with a large constant.
        """
        return self.execute("PFCOUNT", *keys)

    def pfdebug(self, action: Literal["GETREG", "DECODE", "ENCODING", "TODENSE"], key: Value) -> Deferred[Any]:
        """PFDEBUG <GETREG | DECODE | ENCODING | TODENSE> key

        Shows the inside of a HyperLogLog.  Since 2.8.9; O(1).
        """
        words: list[Any] = ["PFDEBUG"]
        words.append(action)
        words += [key]
        return self.execute(*words)

    def pfmerge(self, destkey: Value, *sourcekeys: Value) -> Deferred[T]:
        """PFMERGE destkey [sourcekey [sourcekey ...]]

        Merges HyperLogLogs into one.  Since 2.8.9; O(N) where N is the number of keys; with a large constant.
        """
        return self.execute("PFMERGE", destkey, *sourcekeys)

    def pfselftest(self) -> Deferred[T]:
        """PFSELFTEST

        Checks that HyperLogLogs count as they should.  Since 2.8.9; O(1).
        """
        return self.execute("PFSELFTEST")

    def psetex(self, key: Value, milliseconds: int, value: Value) -> Deferred[T]:
        """PSETEX key milliseconds value

        Stores a string that expires in some milliseconds.  Since 2.6.0; O(1).
        """
        return self.execute("PSETEX", key, milliseconds, value)

    def set(
        self,
        key: Value,
        value: Value,
        *,
        nx: bool = False,
        xx: bool = False,
        ifeq: Value | None = None,
        get: bool = False,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        keepttl: bool = False,
    ) -> Deferred[T | None]:
        """SET key value [NX | XX | IFEQ comparison-value] [GET] [EX seconds | PX milliseconds | EXAT unix-
            time-seconds | PXAT unix-time-milliseconds | KEEPTTL]

        Stores a string at a key, whatever was there.  Since 1.0.0; O(1).
        """
        words: list[Any] = ["SET"]
        words += [key]
        words += [value]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if ifeq is not None:
            words += ["IFEQ", ifeq]
        if get:
            words.append("GET")
        if ex is not None:
            words += ["EX", ex]
        if px is not None:
            words += ["PX", px]
        if exat is not None:
            words += ["EXAT", exat]
        if pxat is not None:
            words += ["PXAT", pxat]
        if keepttl:
            words.append("KEEPTTL")
        return self.execute(*words)

    def setex(self, key: Value, seconds: int, value: Value) -> Deferred[T]:
        """SETEX key seconds value

        Stores a string that expires in some seconds.  Since 2.0.0; O(1).
        """
        return self.execute("SETEX", key, seconds, value)

    def setnx(self, key: Value, value: Value) -> Deferred[int]:
        """SETNX key value

        Stores a string at a key that has no value yet.  Since 1.0.0; O(1).
        """
        return self.execute("SETNX", key, value)

    def setrange(self, key: Value, offset: int, value: Value) -> Deferred[int]:
        """SETRANGE key offset value

        Overwrites a part of a string, filling it up with zeros before that.  Since 2.2.0; O(M) where M is the
        length of the value, and of the zeros before it.
        """
        return self.execute("SETRANGE", key, offset, value)

    def strlen(self, key: Value) -> Deferred[int]:
        """STRLEN key

        Returns the length of the string at a key.  Since 2.2.0; O(1).
        """
        return self.execute("STRLEN", key)

    def substr(self, key: Value, start: int, end: int) -> Deferred[T]:
        """SUBSTR key start end

        Returns a part of the string at a key.  Since 1.0.0; O(N) where N is the length of the reply.
        Deprecated: 2.0.0, GETRANGE.
        """
        return self.execute("SUBSTR", key, start, end)
