"""Typed methods for commands (expiry of hash), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class HashExpiryMethods(Caller[T]):
    """Commands about expiry of hash."""

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
    ) -> Deferred[list[int]]:
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
    ) -> Deferred[list[int]]:
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

    def hexpiretime(self, key: Value, fields: Values) -> Deferred[list[int]]:
        """HEXPIRETIME key <FIELDS numfields field [field ...]>

        Returns the time in seconds at which fields of a hash expire.  Since 9.0.0; O(N) where N is the number
        of fields.
        """
        words: list[Any] = ["HEXPIRETIME"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hgetdel(self, key: Value, fields: Values) -> Deferred[list[T | None]]:
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
    ) -> Deferred[list[T | None]]:
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

    def hpersist(self, key: Value, fields: Values) -> Deferred[list[int]]:
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
    ) -> Deferred[list[int]]:
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
    ) -> Deferred[list[int]]:
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

    def hpexpiretime(self, key: Value, fields: Values) -> Deferred[list[int]]:
        """HPEXPIRETIME key <FIELDS numfields field [field ...]>

        Returns the time in milliseconds at which fields of a hash expire.  Since 9.0.0; O(N) where N is the
        number of fields.
        """
        words: list[Any] = ["HPEXPIRETIME"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hpttl(self, key: Value, fields: Values) -> Deferred[list[int]]:
        """HPTTL key <FIELDS numfields field [field ...]>

        Returns the milliseconds until fields of a hash expire.  Since 9.0.0; O(N) where N is the number of
        fields.
        """
        words: list[Any] = ["HPTTL"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)

    def hsetex(
        self,
        key: Value,
        mapping: Mapping[Any, Value],
        *,
        nx: bool = False,
        xx: bool = False,
        fnx: bool = False,
        fxx: bool = False,
        ex: int | None = None,
        px: int | None = None,
        exat: int | None = None,
        pxat: int | None = None,
        keepttl: bool = False,
    ) -> Deferred[int]:
        """HSETEX key [NX | XX] [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT
            unix-time-milliseconds | KEEPTTL] <FIELDS numfields field value [field value ...]>

        Sets fields of a hash together with their expiry.  Since 9.0.0; O(N) where N is the number of fields.
        """
        words: list[Any] = ["HSETEX"]
        words += [key]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if fnx:
            words.append("FNX")
        if fxx:
            words.append("FXX")
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
        words += ["FIELDS", len(mapping)]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def httl(self, key: Value, fields: Values) -> Deferred[list[int]]:
        """HTTL key <FIELDS numfields field [field ...]>

        Returns the seconds until fields of a hash expire.  Since 9.0.0; O(N) where N is the number of fields.
        """
        words: list[Any] = ["HTTL"]
        words += [key]
        fields = many(fields)
        words += ["FIELDS", len(fields), *fields]
        return self.execute(*words)
