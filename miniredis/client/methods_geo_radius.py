"""Typed methods for commands (radius queries of geo), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class GeoRadiusMethods(Caller[T]):
    """Commands about radius queries of geo."""

    @overload
    def georadius(
        self,
        key: Value,
        longitude: float | str,
        latitude: float | str,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
        store: Value,
        storedist: Value | None = None,
    ) -> Deferred[int]: ...
    @overload
    def georadius(
        self,
        key: Value,
        longitude: float | str,
        latitude: float | str,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
        store: None = None,
        storedist: Value,
    ) -> Deferred[int]: ...
    @overload
    def georadius(
        self,
        key: Value,
        longitude: float | str,
        latitude: float | str,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
        store: None = None,
        storedist: None = None,
    ) -> Deferred[list[Any]]: ...
    def georadius(
        self,
        key: Value,
        longitude: float | str,
        latitude: float | str,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
        store: Value | None = None,
        storedist: Value | None = None,
    ) -> Deferred[Any]:
        """GEORADIUS key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT
            count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]

        Returns or stores the members within a radius around a position.  Since 3.2.0; O(N+log(M)) where N is
        the number of members around the area and M the size of the sorted set.  Deprecated: 6.2.0, GEOSEARCH
        and GEOSEARCHSTORE with BYRADIUS.
        """
        words: list[Any] = ["GEORADIUS"]
        words += [key]
        words += [longitude]
        words += [latitude]
        words += [radius]
        words.append(unit)
        if withcoord:
            words.append("WITHCOORD")
        if withdist:
            words.append("WITHDIST")
        if withhash:
            words.append("WITHHASH")
        if count is not None:
            words += ["COUNT", count]
        if any:
            words.append("ANY")
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        if store is not None:
            words += ["STORE", store]
        if storedist is not None:
            words += ["STOREDIST", storedist]
        if store is not None or storedist is not None:
            return self.execute(*words)
        return self.execute(*words)

    def georadius_ro(
        self,
        key: Value,
        longitude: float | str,
        latitude: float | str,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
    ) -> Deferred[list[Any]]:
        """GEORADIUS_RO key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH]
            [COUNT count [ANY]] [ASC | DESC]

        Returns the members within a radius around a position.  Since 3.2.10; O(N+log(M)) where N is the
        number of members around the area and M the size of the sorted set.  Deprecated: 6.2.0, GEOSEARCH with
        BYRADIUS.
        """
        words: list[Any] = ["GEORADIUS_RO"]
        words += [key]
        words += [longitude]
        words += [latitude]
        words += [radius]
        words.append(unit)
        if withcoord:
            words.append("WITHCOORD")
        if withdist:
            words.append("WITHDIST")
        if withhash:
            words.append("WITHHASH")
        if count is not None:
            words += ["COUNT", count]
        if any:
            words.append("ANY")
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        return self.execute(*words)

    @overload
    def georadiusbymember(
        self,
        key: Value,
        member: Value,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
        store: Value,
        storedist: Value | None = None,
    ) -> Deferred[int]: ...
    @overload
    def georadiusbymember(
        self,
        key: Value,
        member: Value,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
        store: None = None,
        storedist: Value,
    ) -> Deferred[int]: ...
    @overload
    def georadiusbymember(
        self,
        key: Value,
        member: Value,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
        store: None = None,
        storedist: None = None,
    ) -> Deferred[list[Any]]: ...
    def georadiusbymember(
        self,
        key: Value,
        member: Value,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
        store: Value | None = None,
        storedist: Value | None = None,
    ) -> Deferred[Any]:
        """GEORADIUSBYMEMBER key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT
            count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]

        Returns or stores the members within a radius around one of them.  Since 3.2.0; O(N+log(M)) where N is
        the number of members around the area and M the size of the sorted set.  Deprecated: 6.2.0, GEOSEARCH
        and GEOSEARCHSTORE with BYRADIUS and FROMMEMBER.
        """
        words: list[Any] = ["GEORADIUSBYMEMBER"]
        words += [key]
        words += [member]
        words += [radius]
        words.append(unit)
        if withcoord:
            words.append("WITHCOORD")
        if withdist:
            words.append("WITHDIST")
        if withhash:
            words.append("WITHHASH")
        if count is not None:
            words += ["COUNT", count]
        if any:
            words.append("ANY")
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        if store is not None:
            words += ["STORE", store]
        if storedist is not None:
            words += ["STOREDIST", storedist]
        if store is not None or storedist is not None:
            return self.execute(*words)
        return self.execute(*words)

    def georadiusbymember_ro(
        self,
        key: Value,
        member: Value,
        radius: float | str,
        unit: Literal["M", "KM", "FT", "MI"],
        *,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        count: int | None = None,
        any: bool = False,
        asc: bool = False,
        desc: bool = False,
    ) -> Deferred[list[Any]]:
        """GEORADIUSBYMEMBER_RO key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT
            count [ANY]] [ASC | DESC]

        Returns the members within a radius around one of them.  Since 3.2.10; O(N+log(M)) where N is the
        number of members around the area and M the size of the sorted set.  Deprecated: 6.2.0, GEOSEARCH with
        BYRADIUS and FROMMEMBER.
        """
        words: list[Any] = ["GEORADIUSBYMEMBER_RO"]
        words += [key]
        words += [member]
        words += [radius]
        words.append(unit)
        if withcoord:
            words.append("WITHCOORD")
        if withdist:
            words.append("WITHDIST")
        if withhash:
            words.append("WITHHASH")
        if count is not None:
            words += ["COUNT", count]
        if any:
            words.append("ANY")
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        return self.execute(*words)
