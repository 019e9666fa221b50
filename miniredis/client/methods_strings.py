"""Typed methods for commands (string, bitmap, hyperloglog), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from twisted.internet.defer import Deferred

from miniredis.client.values import Value


class StringsMethods:
    """Commands about string, bitmap, hyperloglog."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def append(self, key: Value, value: Value) -> Deferred[Any]:
        """APPEND key value

        Appends to the string at a key, or creates it.  Since 2.0.0; O(M) where M is the length of what is
        appended.
        """
        return self.execute("APPEND", key, value)

    def bitcount(self, *arguments: Value) -> Deferred[Any]:
        """BITCOUNT key [start [end [BYTE | BIT]]]

        Counts the set bits of the string at a key.  Since 2.6.0; O(N) where N is the length of the range.
        """
        return self.execute("BITCOUNT", *arguments)

    def bitfield(self, *arguments: Value) -> Deferred[Any]:
        """BITFIELD key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset
            value:integer | INCRBY encoding offset increment> ...]

        Reads and changes integers of any width inside the string at a key.  Since 3.2.0; O(1) for each
        operation.
        """
        return self.execute("BITFIELD", *arguments)

    def bitfield_ro(self, *arguments: Value) -> Deferred[Any]:
        """BITFIELD_RO key [GET encoding offset [GET encoding offset ...]]

        Reads integers of any width inside the string at a key.  Since 6.0.0; O(1) for each operation.
        """
        return self.execute("BITFIELD_RO", *arguments)

    def bitop(self, choice_and: Literal["AND", "OR", "XOR", "NOT"], destkey: Value, *keys: Value) -> Deferred[Any]:
        """BITOP <AND | OR | XOR | NOT> destkey key [key ...]

        Combines strings bit by bit and stores the result.  Since 2.6.0; O(N) where N is the total length of
        the strings.
        """
        words: list[Any] = ["BITOP"]
        words.append(choice_and)
        words += [destkey]
        words += keys
        return self.execute(*words)

    def bitpos(self, *arguments: Value) -> Deferred[Any]:
        """BITPOS key bit [start [end [BYTE | BIT]]]

        Finds the first set or clear bit of the string at a key.  Since 2.8.7; O(N) where N is the length of
        the range.
        """
        return self.execute("BITPOS", *arguments)

    def decr(self, key: Value) -> Deferred[Any]:
        """DECR key

        Takes one from the integer at a key.  Since 1.0.0; O(1).
        """
        return self.execute("DECR", key)

    def decrby(self, key: Value, decrement: int) -> Deferred[Any]:
        """DECRBY key decrement

        Subtracts from the integer at a key.  Since 1.0.0; O(1).
        """
        return self.execute("DECRBY", key, decrement)

    def delifeq(self, key: Value, value: Value) -> Deferred[Any]:
        """DELIFEQ key value

        Deletes a key whose string equals the one given.  Since 9.0.0; O(1).
        """
        return self.execute("DELIFEQ", key, value)

    def get(self, key: Value) -> Deferred[Any]:
        """GET key

        Returns the string at a key.  Since 1.0.0; O(1).
        """
        return self.execute("GET", key)

    def getbit(self, key: Value, offset: int) -> Deferred[Any]:
        """GETBIT key offset

        Returns one bit of the string at a key.  Since 2.2.0; O(1).
        """
        return self.execute("GETBIT", key, offset)

    def getdel(self, key: Value) -> Deferred[Any]:
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
    ) -> Deferred[Any]:
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

    def getrange(self, key: Value, start: int, end: int) -> Deferred[Any]:
        """GETRANGE key start end

        Returns a part of the string at a key.  Since 2.4.0; O(N) where N is the length of the reply.
        """
        return self.execute("GETRANGE", key, start, end)

    def getset(self, key: Value, value: Value) -> Deferred[Any]:
        """GETSET key value

        Stores a string at a key and returns the one before it.  Since 1.0.0; O(1).  Deprecated: 6.2.0, SET
        with GET.
        """
        return self.execute("GETSET", key, value)

    def incr(self, key: Value) -> Deferred[Any]:
        """INCR key

        Adds one to the integer at a key.  Since 1.0.0; O(1).
        """
        return self.execute("INCR", key)

    def incrby(self, key: Value, increment: int) -> Deferred[Any]:
        """INCRBY key increment

        Adds to the integer at a key.  Since 1.0.0; O(1).
        """
        return self.execute("INCRBY", key, increment)

    def incrbyfloat(self, key: Value, increment: float | str) -> Deferred[Any]:
        """INCRBYFLOAT key increment:double

        Adds to the floating point number at a key.  Since 2.6.0; O(1).
        """
        return self.execute("INCRBYFLOAT", key, increment)

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
        return self.execute(*words)

    def mget(self, *keys: Value) -> Deferred[Any]:
        """MGET key [key ...]

        Returns the strings at several keys.  Since 1.0.0; O(N) where N is the number of keys.
        """
        return self.execute("MGET", *keys)

    def mset(self, mapping: Mapping[Any, Value]) -> Deferred[Any]:
        """MSET key value [key value ...]

        Stores strings at several keys at once.  Since 1.0.1; O(N) where N is the number of keys.
        """
        words: list[Any] = ["MSET"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def msetex(self, *arguments: Value) -> Deferred[Any]:
        """MSETEX numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT unix-time-
            seconds | PXAT unix-time-milliseconds | KEEPTTL]

        Stores strings at several keys at once, with a condition and an expiry for all of them.  Since 9.1.0;
        O(N) where N is the number of keys.
        """
        return self.execute("MSETEX", *arguments)

    def msetnx(self, mapping: Mapping[Any, Value]) -> Deferred[Any]:
        """MSETNX key value [key value ...]

        Stores strings at several keys if none of them has a value yet.  Since 1.0.1; O(N) where N is the
        number of keys.
        """
        words: list[Any] = ["MSETNX"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def pfadd(self, key: Value, *elements: Value) -> Deferred[Any]:
        """PFADD key [element [element ...]]

        Adds elements to a HyperLogLog, or creates it.  Since 2.8.9; O(1) for each element.
        """
        return self.execute("PFADD", key, *elements)

    def pfcount(self, *keys: Value) -> Deferred[Any]:
        """PFCOUNT key [key ...]

        Returns about how many distinct elements HyperLogLogs hold together.  Since 2.8.9; O(1) for one key,
        O(N) for several, where N is their number; with a large constant.
        """
        return self.execute("PFCOUNT", *keys)

    def pfdebug(self, choice_getreg: Literal["GETREG", "DECODE", "ENCODING", "TODENSE"], key: Value) -> Deferred[Any]:
        """PFDEBUG <GETREG | DECODE | ENCODING | TODENSE> key

        Shows the inside of a HyperLogLog.  Since 2.8.9; O(1).
        """
        words: list[Any] = ["PFDEBUG"]
        words.append(choice_getreg)
        words += [key]
        return self.execute(*words)

    def pfmerge(self, destkey: Value, *sourcekeys: Value) -> Deferred[Any]:
        """PFMERGE destkey [sourcekey [sourcekey ...]]

        Merges HyperLogLogs into one.  Since 2.8.9; O(N) where N is the number of keys; with a large constant.
        """
        return self.execute("PFMERGE", destkey, *sourcekeys)

    def pfselftest(self) -> Deferred[Any]:
        """PFSELFTEST

        Checks that HyperLogLogs count as they should.  Since 2.8.9; O(1).
        """
        return self.execute("PFSELFTEST")

    def psetex(self, key: Value, milliseconds: int, value: Value) -> Deferred[Any]:
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
    ) -> Deferred[Any]:
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

    def setbit(self, key: Value, offset: int, value: int) -> Deferred[Any]:
        """SETBIT key offset value:integer

        Sets or clears one bit of the string at a key, and returns what it was.  Since 2.2.0; O(1).
        """
        return self.execute("SETBIT", key, offset, value)

    def setex(self, key: Value, seconds: int, value: Value) -> Deferred[Any]:
        """SETEX key seconds value

        Stores a string that expires in some seconds.  Since 2.0.0; O(1).
        """
        return self.execute("SETEX", key, seconds, value)

    def setnx(self, key: Value, value: Value) -> Deferred[Any]:
        """SETNX key value

        Stores a string at a key that has no value yet.  Since 1.0.0; O(1).
        """
        return self.execute("SETNX", key, value)

    def setrange(self, key: Value, offset: int, value: Value) -> Deferred[Any]:
        """SETRANGE key offset value

        Overwrites a part of a string, filling it up with zeros before that.  Since 2.2.0; O(M) where M is the
        length of the value, and of the zeros before it.
        """
        return self.execute("SETRANGE", key, offset, value)

    def strlen(self, key: Value) -> Deferred[Any]:
        """STRLEN key

        Returns the length of the string at a key.  Since 2.2.0; O(1).
        """
        return self.execute("STRLEN", key)

    def substr(self, key: Value, start: int, end: int) -> Deferred[Any]:
        """SUBSTR key start end

        Returns a part of the string at a key.  Since 1.0.0; O(N) where N is the length of the reply.
        Deprecated: 2.0.0, GETRANGE.
        """
        return self.execute("SUBSTR", key, start, end)
