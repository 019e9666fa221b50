"""Typed methods for commands (geo), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client.values import Value


class GeoMethods:
    """Commands about geo."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def geoadd(
        self, key: Value, rows: Sequence[Sequence[Value]], *, nx: bool = False, xx: bool = False, ch: bool = False
    ) -> Deferred[Any]:
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
    ) -> Deferred[Any]:
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
        return self.execute(*words)

    def geohash(self, key: Value, *members: Value) -> Deferred[Any]:
        """GEOHASH key [member [member ...]]

        Returns the positions of members as geohash texts.  Since 3.2.0; O(1) for each member asked for.
        """
        return self.execute("GEOHASH", key, *members)

    def geopos(self, key: Value, *members: Value) -> Deferred[Any]:
        """GEOPOS key [member [member ...]]

        Returns the longitudes and latitudes of members.  Since 3.2.0; O(1) for each member asked for.
        """
        return self.execute("GEOPOS", key, *members)

    def georadius(self, *arguments: Value) -> Deferred[Any]:
        """GEORADIUS key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT
            count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]

        Returns or stores the members within a radius around a position.  Since 3.2.0; O(N+log(M)) where N is
        the number of members around the area and M the size of the sorted set.  Deprecated: 6.2.0, GEOSEARCH
        and GEOSEARCHSTORE with BYRADIUS.
        """
        return self.execute("GEORADIUS", *arguments)

    def georadius_ro(self, *arguments: Value) -> Deferred[Any]:
        """GEORADIUS_RO key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH]
            [COUNT count [ANY]] [ASC | DESC]

        Returns the members within a radius around a position.  Since 3.2.10; O(N+log(M)) where N is the
        number of members around the area and M the size of the sorted set.  Deprecated: 6.2.0, GEOSEARCH with
        BYRADIUS.
        """
        return self.execute("GEORADIUS_RO", *arguments)

    def georadiusbymember(self, *arguments: Value) -> Deferred[Any]:
        """GEORADIUSBYMEMBER key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT
            count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]

        Returns or stores the members within a radius around one of them.  Since 3.2.0; O(N+log(M)) where N is
        the number of members around the area and M the size of the sorted set.  Deprecated: 6.2.0, GEOSEARCH
        and GEOSEARCHSTORE with BYRADIUS and FROMMEMBER.
        """
        return self.execute("GEORADIUSBYMEMBER", *arguments)

    def georadiusbymember_ro(self, *arguments: Value) -> Deferred[Any]:
        """GEORADIUSBYMEMBER_RO key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT
            count [ANY]] [ASC | DESC]

        Returns the members within a radius around one of them.  Since 3.2.10; O(N+log(M)) where N is the
        number of members around the area and M the size of the sorted set.  Deprecated: 6.2.0, GEOSEARCH with
        BYRADIUS and FROMMEMBER.
        """
        return self.execute("GEORADIUSBYMEMBER_RO", *arguments)

    def geosearch(self, *arguments: Value) -> Deferred[Any]:
        """GEOSEARCH key [FROMMEMBER member | FROMLONLAT longitude latitude] <BYRADIUS radius <M | KM | FT |
            MI> | BYBOX width height <M | KM | FT | MI> | BYPOLYGON num-vertices longitude latitude [longitude
            latitude ...]> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]

        Returns the members within a circle, a box or a polygon.  Since 6.2.0; O(N+log(M)) where N is the
        number of members around the area and M the size of the sorted set.
        """
        return self.execute("GEOSEARCH", *arguments)

    def geosearchstore(self, *arguments: Value) -> Deferred[Any]:
        """GEOSEARCHSTORE destination source [FROMMEMBER member | FROMLONLAT longitude latitude] <BYRADIUS
            radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI> | BYPOLYGON num-vertices
            longitude latitude [longitude latitude ...]> [ASC | DESC] [COUNT count [ANY]] [STOREDIST]

        Stores the members within a circle, a box or a polygon at another key.  Since 6.2.0; O(N+log(M)) where
        N is the number of members around the area and M the size of the sorted set.
        """
        return self.execute("GEOSEARCHSTORE", *arguments)
