"""Typed methods for commands (hash), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client.values import Value, Values, many


class HashesMethods:
    """Commands about hash."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def hdel(self, key: Value, *fields: Value) -> Deferred[Any]:
        """HDEL key field [field ...]

        Removes fields of a hash, and the hash with its last one.  Since 2.0.0; O(N) where N is the number of
        fields to remove.
        """
        return self.execute("HDEL", key, *fields)

    def hexists(self, key: Value, field: Value) -> Deferred[Any]:
        """HEXISTS key field

        Tells whether a hash has a field.  Since 2.0.0; O(1).
        """
        return self.execute("HEXISTS", key, field)

    def hexpire(
        self,
        key: Value,
        seconds: int,
        fields: Values,
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Deferred[Any]:
        """HEXPIRE key seconds [NX | XX | GT | LT] <FIELDS numfields field [field ...]>

        Lets fields of a hash expire after so many seconds.  Since 9.0.0; O(N) where N is the number of
        fields.
        """
        words: list[Any] = ["HEXPIRE"]
        words += [key]
        words += [seconds]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hexpireat(
        self,
        key: Value,
        unix_time_seconds: int,
        fields: Values,
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Deferred[Any]:
        """HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] <FIELDS numfields field [field ...]>

        Lets fields of a hash expire at a time given in seconds.  Since 9.0.0; O(N) where N is the number of
        fields.
        """
        words: list[Any] = ["HEXPIREAT"]
        words += [key]
        words += [unix_time_seconds]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hexpiretime(self, key: Value, fields: Values) -> Deferred[Any]:
        """HEXPIRETIME key <FIELDS numfields field [field ...]>

        Returns the time in seconds at which fields of a hash expire.  Since 9.0.0; O(N) where N is the number
        of fields.
        """
        words: list[Any] = ["HEXPIRETIME"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hget(self, key: Value, field: Value) -> Deferred[Any]:
        """HGET key field

        Returns the value of a field of a hash.  Since 2.0.0; O(1).
        """
        return self.execute("HGET", key, field)

    def hgetall(self, key: Value) -> Deferred[Any]:
        """HGETALL key

        Returns all fields of a hash with their values.  Since 2.0.0; O(N) where N is the size of the hash.
        """
        return self.execute("HGETALL", key)

    def hgetdel(self, key: Value, fields: Values) -> Deferred[Any]:
        """HGETDEL key <FIELDS numfields field [field ...]>

        Returns the values of fields of a hash and removes them.  Since 9.1.0; O(N) where N is the number of
        fields.
        """
        words: list[Any] = ["HGETDEL"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hgetex(
        self,
        key: Value,
        fields: Values,
        *,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        persist: bool = False,
    ) -> Deferred[Any]:
        """HGETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds |
            PERSIST] <FIELDS numfields field [field ...]>

        Returns the values of fields of a hash and sets or removes their expiry.  Since 9.0.0; O(N) where N is
        the number of fields.
        """
        words: list[Any] = ["HGETEX"]
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
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hincrby(self, key: Value, field: Value, increment: int) -> Deferred[Any]:
        """HINCRBY key field increment

        Adds to the integer in a field of a hash.  Since 2.0.0; O(1).
        """
        return self.execute("HINCRBY", key, field, increment)

    def hincrbyfloat(self, key: Value, field: Value, increment: float | str) -> Deferred[Any]:
        """HINCRBYFLOAT key field increment:double

        Adds to the number in a field of a hash.  Since 2.6.0; O(1).
        """
        return self.execute("HINCRBYFLOAT", key, field, increment)

    def hkeys(self, key: Value) -> Deferred[Any]:
        """HKEYS key

        Returns all fields of a hash.  Since 2.0.0; O(N) where N is the size of the hash.
        """
        return self.execute("HKEYS", key)

    def hlen(self, key: Value) -> Deferred[Any]:
        """HLEN key

        Returns the number of fields of a hash.  Since 2.0.0; O(1).
        """
        return self.execute("HLEN", key)

    def hmget(self, key: Value, *fields: Value) -> Deferred[Any]:
        """HMGET key field [field ...]

        Returns the values of fields of a hash.  Since 2.0.0; O(N) where N is the number of fields.
        """
        return self.execute("HMGET", key, *fields)

    def hmset(self, key: Value, mapping: Mapping[Any, Value]) -> Deferred[Any]:
        """HMSET key field value [field value ...]

        Sets fields of a hash.  Since 2.0.0; O(N) where N is the number of fields.  Deprecated: 4.0.0, HSET
        with several pairs.
        """
        words: list[Any] = ["HMSET"]
        words += [key]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def hpersist(self, key: Value, fields: Values) -> Deferred[Any]:
        """HPERSIST key <FIELDS numfields field [field ...]>

        Takes the expiry of fields of a hash away.  Since 9.0.0; O(N) where N is the number of fields.
        """
        words: list[Any] = ["HPERSIST"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hpexpire(
        self,
        key: Value,
        milliseconds: int,
        fields: Values,
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Deferred[Any]:
        """HPEXPIRE key milliseconds [NX | XX | GT | LT] <FIELDS numfields field [field ...]>

        Lets fields of a hash expire after so many milliseconds.  Since 9.0.0; O(N) where N is the number of
        fields.
        """
        words: list[Any] = ["HPEXPIRE"]
        words += [key]
        words += [milliseconds]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hpexpireat(
        self,
        key: Value,
        unix_time_milliseconds: int,
        fields: Values,
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Deferred[Any]:
        """HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] <FIELDS numfields field [field ...]>

        Lets fields of a hash expire at a time given in milliseconds.  Since 9.0.0; O(N) where N is the number
        of fields.
        """
        words: list[Any] = ["HPEXPIREAT"]
        words += [key]
        words += [unix_time_milliseconds]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hpexpiretime(self, key: Value, fields: Values) -> Deferred[Any]:
        """HPEXPIRETIME key <FIELDS numfields field [field ...]>

        Returns the time in milliseconds at which fields of a hash expire.  Since 9.0.0; O(N) where N is the
        number of fields.
        """
        words: list[Any] = ["HPEXPIRETIME"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hpttl(self, key: Value, fields: Values) -> Deferred[Any]:
        """HPTTL key <FIELDS numfields field [field ...]>

        Returns the milliseconds until fields of a hash expire.  Since 9.0.0; O(N) where N is the number of
        fields.
        """
        words: list[Any] = ["HPTTL"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hrandfield(self, *arguments: Value) -> Deferred[Any]:
        """HRANDFIELD key [count [WITHVALUES]]

        Returns fields of a hash chosen by chance.  Since 6.2.0; O(N) where N is the number of fields
        returned.
        """
        return self.execute("HRANDFIELD", *arguments)

    def hscan(
        self, key: Value, cursor: int, *, match: Value | None = None, count: int | None = None, novalues: bool = False
    ) -> Deferred[Any]:
        """HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]

        Iterates over the fields of a hash.  Since 2.8.0; O(1) for every call; O(N) for a complete iteration.
        """
        words: list[Any] = ["HSCAN"]
        words += [key]
        words += [cursor]
        if match is not None:
            words += ["MATCH", match]
        if count is not None:
            words += ["COUNT", count]
        if novalues:
            words.append("NOVALUES")
        return self.execute(*words)

    def hset(self, key: Value, mapping: Mapping[Any, Value]) -> Deferred[Any]:
        """HSET key field value [field value ...]

        Sets fields of a hash; counts those that are new.  Since 2.0.0; O(1) for each field.
        """
        words: list[Any] = ["HSET"]
        words += [key]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def hsetex(self, *arguments: Value) -> Deferred[Any]:
        """HSETEX key [NX | XX] [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT
            unix-time-milliseconds | KEEPTTL] <FIELDS numfields field value [field value ...]>

        Sets fields of a hash together with their expiry.  Since 9.0.0; O(N) where N is the number of fields.
        """
        return self.execute("HSETEX", *arguments)

    def hsetnx(self, key: Value, field: Value, value: Value) -> Deferred[Any]:
        """HSETNX key field value

        Sets a field of a hash unless it is there.  Since 2.0.0; O(1).
        """
        return self.execute("HSETNX", key, field, value)

    def hstrlen(self, key: Value, field: Value) -> Deferred[Any]:
        """HSTRLEN key field

        Returns the length of the value of a field.  Since 3.2.0; O(1).
        """
        return self.execute("HSTRLEN", key, field)

    def httl(self, key: Value, fields: Values) -> Deferred[Any]:
        """HTTL key <FIELDS numfields field [field ...]>

        Returns the seconds until fields of a hash expire.  Since 9.0.0; O(N) where N is the number of fields.
        """
        words: list[Any] = ["HTTL"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hvals(self, key: Value) -> Deferred[Any]:
        """HVALS key

        Returns all values of a hash.  Since 2.0.0; O(N) where N is the size of the hash.
        """
        return self.execute("HVALS", key)
