"""Typed methods for commands (geo), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class GeoMethods(Caller[T]):
    """Commands about geo."""

    def geoadd(
        self, key: Value, rows: Sequence[Sequence[Value]], *, nx: bool = False, xx: bool = False, ch: bool = False
    ) -> Deferred[int]:
        """GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]

        Adds members with their positions to a sorted set, or moves them.  Since 3.2.0; O(log(N)) for each
        member, where N is the size of the sorted set.
        """
        words: list[Any] = ["GEOADD"]
        words += [key]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if ch:
            words.append("CH")
        for row in rows:
            words += row
        return self.execute(*words)

    def geodist(
        self,
        key: Value,
        member1: Value,
        member2: Value,
        *,
        m: bool = False,
        km: bool = False,
        ft: bool = False,
        mi: bool = False,
    ) -> Deferred[float | None]:
        """GEODIST key member1 member2 [M | KM | FT | MI]

        Returns the distance of two members.  Since 3.2.0; O(1).
        """
        words: list[Any] = ["GEODIST"]
        words += [key]
        words += [member1]
        words += [member2]
        if m:
            words.append("M")
        if km:
            words.append("KM")
        if ft:
            words.append("FT")
        if mi:
            words.append("MI")
        return self.execute_as(shapes.number, *words)

    def geohash(self, key: Value, *members: Value) -> Deferred[list[T | None]]:
        """GEOHASH key [member [member ...]]

        Returns the positions of members as geohash texts.  Since 3.2.0; O(1) for each member asked for.
        """
        return self.execute("GEOHASH", key, *members)

    def geopos(self, key: Value, *members: Value) -> Deferred[list[tuple[float, float] | None]]:
        """GEOPOS key [member [member ...]]

        Returns the longitudes and latitudes of members.  Since 3.2.0; O(1) for each member asked for.
        """
        return self.execute_as(shapes.positions, "GEOPOS", key, *members)

    @overload
    def geosearch(
        self,
        key: Value,
        byradius: tuple[float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bybox: tuple[float | str, float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bypolygon: Sequence[Sequence[Value]] | None = None,
        *,
        frommember: Value | None = None,
        fromlonlat: tuple[float | str, float | str] | None = None,
        asc: bool = False,
        desc: bool = False,
        count: int | None = None,
        any: bool = False,
        withcoord: Literal[True],
        withdist: bool = False,
        withhash: bool = False,
    ) -> Deferred[list[list[Any]]]: ...
    @overload
    def geosearch(
        self,
        key: Value,
        byradius: tuple[float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bybox: tuple[float | str, float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bypolygon: Sequence[Sequence[Value]] | None = None,
        *,
        frommember: Value | None = None,
        fromlonlat: tuple[float | str, float | str] | None = None,
        asc: bool = False,
        desc: bool = False,
        count: int | None = None,
        any: bool = False,
        withcoord: Literal[False] = False,
        withdist: Literal[True],
        withhash: bool = False,
    ) -> Deferred[list[list[Any]]]: ...
    @overload
    def geosearch(
        self,
        key: Value,
        byradius: tuple[float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bybox: tuple[float | str, float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bypolygon: Sequence[Sequence[Value]] | None = None,
        *,
        frommember: Value | None = None,
        fromlonlat: tuple[float | str, float | str] | None = None,
        asc: bool = False,
        desc: bool = False,
        count: int | None = None,
        any: bool = False,
        withcoord: Literal[False] = False,
        withdist: Literal[False] = False,
        withhash: Literal[True],
    ) -> Deferred[list[list[Any]]]: ...
    @overload
    def geosearch(
        self,
        key: Value,
        byradius: tuple[float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bybox: tuple[float | str, float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bypolygon: Sequence[Sequence[Value]] | None = None,
        *,
        frommember: Value | None = None,
        fromlonlat: tuple[float | str, float | str] | None = None,
        asc: bool = False,
        desc: bool = False,
        count: int | None = None,
        any: bool = False,
        withcoord: Literal[False] = False,
        withdist: Literal[False] = False,
        withhash: Literal[False] = False,
    ) -> Deferred[list[T]]: ...
    @overload
    def geosearch(
        self,
        key: Value,
        byradius: tuple[float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bybox: tuple[float | str, float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bypolygon: Sequence[Sequence[Value]] | None = None,
        *,
        frommember: Value | None = None,
        fromlonlat: tuple[float | str, float | str] | None = None,
        asc: bool = False,
        desc: bool = False,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
    ) -> Deferred[Any]: ...
    def geosearch(
        self,
        key: Value,
        byradius: tuple[float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bybox: tuple[float | str, float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bypolygon: Sequence[Sequence[Value]] | None = None,
        *,
        frommember: Value | None = None,
        fromlonlat: tuple[float | str, float | str] | None = None,
        asc: bool = False,
        desc: bool = False,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
    ) -> Deferred[Any]:
        """GEOSEARCH key [FROMMEMBER member | FROMLONLAT longitude latitude] <BYRADIUS radius <M | KM | FT |
            MI> | BYBOX width height <M | KM | FT | MI> | BYPOLYGON num-vertices longitude latitude [longitude
            latitude ...]> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]

        Returns the members within a circle, a box or a polygon.  Since 6.2.0; O(N+log(M)) where N is the
        number of members around the area and M the size of the sorted set.
        """
        words: list[Any] = ["GEOSEARCH"]
        words += [key]
        if frommember is not None:
            words += ["FROMMEMBER", frommember]
        if fromlonlat is not None:
            words += ["FROMLONLAT", *fromlonlat]
        if byradius is not None:
            words += ["BYRADIUS", *byradius]
        if bybox is not None:
            words += ["BYBOX", *bybox]
        if bypolygon is not None:
            words += ["BYPOLYGON", len(bypolygon)]
            for row in bypolygon:
                words += row
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        if count is not None:
            words += ["COUNT", count]
        if any:
            words.append("ANY")
        if withcoord:
            words.append("WITHCOORD")
        if withdist:
            words.append("WITHDIST")
        if withhash:
            words.append("WITHHASH")
        if withcoord or withdist or withhash:
            return self.execute(*words)
        return self.execute_as(shapes.listed, *words)

    def geosearchstore(
        self,
        destination: Value,
        source: Value,
        byradius: tuple[float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bybox: tuple[float | str, float | str, Literal["M", "KM", "FT", "MI"]] | None = None,
        bypolygon: Sequence[Sequence[Value]] | None = None,
        *,
        frommember: Value | None = None,
        fromlonlat: tuple[float | str, float | str] | None = None,
        asc: bool = False,
        desc: bool = False,
        count: int | None = None,
        any: bool = False,
        storedist: bool = False,
    ) -> Deferred[int]:
        """GEOSEARCHSTORE destination source [FROMMEMBER member | FROMLONLAT longitude latitude] <BYRADIUS
            radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI> | BYPOLYGON num-vertices
            longitude latitude [longitude latitude ...]> [ASC | DESC] [COUNT count [ANY]] [STOREDIST]

        Stores the members within a circle, a box or a polygon at another key.  Since 6.2.0; O(N+log(M)) where
        N is the number of members around the area and M the size of the sorted set.
        """
        words: list[Any] = ["GEOSEARCHSTORE"]
        words += [destination]
        words += [source]
        if frommember is not None:
            words += ["FROMMEMBER", frommember]
        if fromlonlat is not None:
            words += ["FROMLONLAT", *fromlonlat]
        if byradius is not None:
            words += ["BYRADIUS", *byradius]
        if bybox is not None:
            words += ["BYBOX", *bybox]
        if bypolygon is not None:
            words += ["BYPOLYGON", len(bypolygon)]
            for row in bypolygon:
                words += row
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        if count is not None:
            words += ["COUNT", count]
        if any:
            words.append("ANY")
        if storedist:
            words.append("STOREDIST")
        return self.execute(*words)
