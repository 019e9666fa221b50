"""Geo commands: the same bytes to redis-server and to us, polygons to Valkey."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer

RESP = pytest.mark.parametrize("resp", [2, 3])

FILL = [
    "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
    "GEOADD g 12.758489 38.788135 edge1 17.241510 38.788135 edge2",
    "SET text x",
]


@RESP
def test_positions(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            *FILL,
            "ZRANGE g 0 -1 WITHSCORES",
            "GEOPOS g Palermo nobody Catania",
            "GEOPOS none Palermo",
            "GEOPOS g",
            "GEOPOS text a",
            "GEOHASH g Palermo nobody Catania",
            "GEOHASH none Palermo",
            "GEOHASH g",
            "GEOHASH text a",
            "GEODIST g Palermo Catania",
            "GEODIST g Palermo Catania KM",
            "GEODIST g Palermo Catania mi",
            "GEODIST g Palermo Catania ft",
            "GEODIST g Palermo Palermo",
            "GEODIST g Palermo nobody",
            "GEODIST none a b",
            "GEODIST text a b",
            "GEODIST g Palermo Catania yd",
            "GEODIST g Palermo Catania m more",
            "GEODIST none a b yd",
            "ZADD odd -1 minus inf infinite 1.5 half 1e19 large -inf lowest 18446744073709551615 edge",
            "GEOPOS odd half minus",
            "GEOHASH odd half minus",
            "GEOADD corners 180 85.05112878 ne -180 -85.05112878 sw 0 0 middle 180 -85.05112878 se",
            "ZRANGE corners 0 -1 WITHSCORES",
            "GEOPOS corners ne sw middle se",
            "GEOHASH corners ne sw middle se",
            "GEODIST corners ne sw",
            "GEODIST corners middle ne km",
        ],
        resp=resp,
    )


def test_geoadd(oracle: Peer) -> None:
    oracle.compare(
        [
            *FILL,
            "GEOADD g NX 1 1 Palermo 2 2 new",
            "GEOADD g XX 3 3 Palermo 4 4 other",
            "GEOADD g XX CH 5 5 Palermo 6 6 Catania",
            "GEOADD g CH 7 7 Palermo 8 8 fresh",
            "GEOADD g 7 7 Palermo",
            "GEOPOS g Palermo Catania new other fresh",
            "GEOADD g NX XX 1 1 a",
            "GEOADD g 1 1",
            "GEOADD g 1 1 a 2",
            "GEOADD g 1 1 a 2 2",
            "GEOADD g GT 1 1 a",
            "GEOADD g NX CH",
            "GEOADD g NX CH XX",
            "GEOADD g 181 1 a",
            "GEOADD g 1 86 a",
            "GEOADD g 1 1 a -180.001 85.06 b",
            "GEOADD g x 1 a",
            "GEOADD g 1 y a",
            "GEOADD g inf 1 a",
            "GEOADD g nan 1 a",
            "GEOADD text 1 1 a",
            "GEOADD text 1 200 a",
            "GEOADD absent XX 1 1 a",
            "EXISTS absent",
        ]
    )


SEARCHES = [
    "FROMLONLAT 15 37 BYRADIUS 200 km",
    "FROMMEMBER Palermo BYRADIUS 200 km",
    "FROMLONLAT 15 37 BYBOX 400 400 km",
    "FROMMEMBER Catania BYBOX 300000 10000 m",
    "BYRADIUS 100 mi FROMLONLAT 15 37",
    "FROMLONLAT 15 37 BYRADIUS 1000000 ft",
    "FROMLONLAT 15 37 BYRADIUS 0 m",
    "FROMLONLAT -15 -37 BYRADIUS 30000 km",
    "FROMLONLAT 179 0 BYBOX 40000 40000 km",
    "FROMMEMBER edge1 BYRADIUS 0 m",
]


@RESP
def test_searches(oracle: Peer, resp: int) -> None:
    commands: list[str] = [*FILL]
    for search in SEARCHES:
        commands += [
            f"GEOSEARCH g {search}",
            f"GEOSEARCH g {search} ASC WITHDIST",
            f"GEOSEARCH g {search} DESC WITHCOORD WITHHASH",
            f"GEOSEARCH g {search} COUNT 2 WITHDIST WITHHASH WITHCOORD",
            f"GEOSEARCH g {search} COUNT 1 ANY",
            f"GEOSEARCH g COUNT 2 ANY DESC {search}",
            f"GEOSEARCHSTORE d g {search} ASC",
            "ZRANGE d 0 -1 WITHSCORES",
            f"GEOSEARCHSTORE d g {search} STOREDIST COUNT 3",
            "ZRANGE d 0 -1 WITHSCORES",
            f"GEOSEARCH none {search} WITHDIST",
            f"GEOSEARCHSTORE d none {search}",
            "EXISTS d",
            f"GEOSEARCHSTORE d none {search}",
        ]
    oracle.compare(commands, resp=resp)


@RESP
def test_the_older_searches(oracle: Peer, resp: int) -> None:
    commands: list[str] = [*FILL]
    for verb, centre in (("GEORADIUS", "15 37"), ("GEORADIUSBYMEMBER", "Palermo")):
        for suffix in ("", "_RO"):
            start = f"{verb}{suffix} g {centre}"
            commands += [
                f"{start} 200 km",
                f"{start} 200 km WITHDIST ASC",
                f"{start} 200 km WITHCOORD WITHHASH WITHDIST DESC COUNT 2",
                f"{start} 200 mi COUNT 1 ANY",
                f"{start} 200 km STORE d",
                "ZRANGE d 0 -1 WITHSCORES",
                f"{start} 200 km STOREDIST d COUNT 2",
                "ZRANGE d 0 -1 WITHSCORES",
                f"{start} 200 km STORE e STOREDIST d",
                f"{start} 200 km STOREDIST d STORE e DESC",
                f"{start} 200 km STORE d WITHDIST",
                f"{start} 200 km STORE",
                f"{start} 200 km STOREDIST",
                f"{start} 0 m",
                f"{start} -1 m",
                f"{start} x m",
                f"{start} 1 yd",
                f"{start} 1 m COUNT 0",
                f"{start} 1 m COUNT x",
                f"{start} 1 m COUNT",
                f"{start} 1 m ANY",
                f"{start} 1 m FOO",
                f"{start} 1 m BYRADIUS 1 m",
                f"{start} 1 m FROMMEMBER Palermo",
                f"{verb}{suffix} none {centre} 1 m",
                f"{verb}{suffix} none {centre} 1 m STORE d",
                f"{verb}{suffix} text {centre} 1 m",
                f"{verb}{suffix} g {centre} 1",
            ]
        commands += ["EXISTS d e", f"{verb} none {centre} 1 km STORE e", "EXISTS d e"]
    commands += [
        "GEORADIUS g 200 37 1 m",
        "GEORADIUS g x 37 1 m",
        "GEORADIUS g 15 x 1 m",
        "GEORADIUS none 200 37 1 m",
        "GEORADIUSBYMEMBER g nobody 1 m",
        "GEORADIUSBYMEMBER none nobody 1 yd",
        "GEORADIUSBYMEMBER none nobody -1 m",
        "GEORADIUSBYMEMBER none nobody 1 m FOO",
    ]
    oracle.compare(commands, resp=resp)


def test_search_errors(oracle: Peer) -> None:
    commands: list[str] = [*FILL]
    for start in ("GEOSEARCH g", "GEOSEARCHSTORE d g", "GEOSEARCH none", "GEOSEARCH text", "GEOSEARCHSTORE d none"):
        for rest in (
            "FROMLONLAT 15 37 ASC WITHDIST",
            "BYRADIUS 1 km ASC DESC COUNT 5",
            "FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 km",
            "FROMMEMBER Palermo FROMMEMBER Catania BYRADIUS 1 km",
            "FROMLONLAT 15 37 FROMLONLAT 13.4 38.1 BYRADIUS 100 km",
            "FROMLONLAT 15 37 BYRADIUS 10 km BYRADIUS 200 km",
            "FROMLONLAT 15 37 BYBOX 10 10 km BYBOX 300 300 km",
            "FROMLONLAT 15 37 BYRADIUS 1 km BYBOX 1 1 km",
            "FROMLONLAT 15 37 BYBOX 1 1 km BYRADIUS 1 km",
            "FROMLONLAT 15 37 BYRADIUS x km",
            "FROMLONLAT 15 37 BYRADIUS -1 km",
            "FROMLONLAT 15 37 BYRADIUS 1 yd",
            "FROMLONLAT 15 37 BYBOX x 1 km",
            "FROMLONLAT 15 37 BYBOX 1 x km",
            "FROMLONLAT 15 37 BYBOX -1 1 km",
            "FROMLONLAT 15 37 BYBOX 1 -1 km",
            "FROMLONLAT 15 37 BYBOX -1 x yd",
            "FROMLONLAT 15 37 BYBOX 1 1 yd",
            "FROMLONLAT 15 37 BYBOX 1 1",
            "FROMLONLAT 15 37 ASC BYRADIUS 1",
            "FROMLONLAT 200 37 BYRADIUS 1 km",
            "FROMLONLAT x 37 BYRADIUS 1 km",
            "FROMMEMBER nobody BYRADIUS 1 km",
            "ASC DESC BYRADIUS 1 km FROMMEMBER",
            "ASC BYRADIUS 1 km FROMLONLAT 15",
            "FROMLONLAT 15 37 BYRADIUS 1 km ANY",
            "FROMLONLAT 15 37 BYRADIUS 1 km COUNT 0",
            "FROMLONLAT 15 37 BYRADIUS 1 km COUNT -1",
            "FROMLONLAT 15 37 BYRADIUS 1 km COUNT x",
            "FROMLONLAT 15 37 BYRADIUS 1 km COUNT",
            "FROMLONLAT 15 37 BYRADIUS 1 km STORE x",
            "FROMLONLAT 15 37 BYRADIUS 1 km STOREDIST",
            "FROMLONLAT 15 37 BYRADIUS 1 km STOREDIST x",
            "FROMLONLAT 15 37 BYRADIUS 1 km WITHDIST",
            "FROMLONLAT 15 37 BYRADIUS 1 km WITHHASH WITHCOORD ANY",
            "FROMLONLAT 15 37 BYRADIUS 1 km FOO",
            "WITHDIST WITHCOORD WITHHASH COUNT 3 ASC",
        ):
            commands.append(f"{start} {rest}")
    commands += ["GEOSEARCH g FROMLONLAT 1 2 BYRADIUS 1", "GEOSEARCHSTORE d g FROMLONLAT 1 2 BYRADIUS 1"]
    oracle.compare(commands)


def scatter(seed: int) -> tuple[list[str], random.Random]:
    """Positions everywhere, a third of them close together."""
    chance = random.Random(seed)
    commands = []
    for number in range(400):
        if number % 3:
            longitude, latitude = chance.uniform(-180, 180), chance.uniform(-85, 85)
        else:
            longitude, latitude = chance.uniform(10, 20), chance.uniform(-10, 10)
        commands.append(f"GEOADD g {longitude!r} {latitude!r} m{number}")
    return commands, chance


@pytest.mark.parametrize("seed", range(3))
def test_scattered_members_are_found_in_the_same_order(oracle: Peer, seed: int) -> None:
    commands, chance = scatter(seed)
    for step in range(250):
        if step % 2:
            centre = f"{chance.uniform(-180, 180)!r} {chance.uniform(-85, 85)!r}"
        else:
            centre = f"{chance.uniform(10, 20)!r} {chance.uniform(-10, 10)!r}"
        width, height = 10 ** chance.uniform(2, 7.5), 10 ** chance.uniform(2, 7.5)
        commands += [
            f"GEOSEARCH g FROMLONLAT {centre} BYRADIUS {width!r} m WITHDIST",
            f"GEOSEARCH g FROMLONLAT {centre} BYBOX {width!r} {height!r} m WITHDIST",
            f"GEOSEARCH g FROMMEMBER m{chance.randrange(400)} BYRADIUS {width!r} m COUNT 5 ANY",
            f"GEODIST g m{chance.randrange(400)} m{chance.randrange(400)} ft",
        ]
    oracle.compare(commands)


@pytest.mark.parametrize("seed", range(3))
def test_polygons(valkey_oracle: Peer, seed: int) -> None:
    commands, chance = scatter(seed)
    for step in range(200):
        spread = 10 ** chance.uniform(-1, 2)
        longitude = chance.uniform(-150, 150) if step % 2 else chance.uniform(10, 20)
        latitude = chance.uniform(-80, 80) if step % 2 else chance.uniform(-10, 10)
        corners = []
        for _ in range(chance.choice([3, 3, 4, 5, 8])):
            corners.append(repr(max(-180.0, min(180.0, longitude + chance.uniform(-spread, spread)))))
            corners.append(repr(max(-85.0, min(85.0, latitude + chance.uniform(-spread, spread)))))
        polygon = f"BYPOLYGON {len(corners) // 2} {' '.join(corners)}"
        commands += [f"GEOSEARCH g {polygon} WITHDIST", f"GEOSEARCH g {polygon} ASC COUNT 3 WITHCOORD"]
        commands += [f"GEOSEARCHSTORE d g {polygon} STOREDIST", "ZCARD d"]
    valkey_oracle.compare(commands)


def test_polygon_errors(valkey_oracle: Peer) -> None:
    commands: list[str] = [*FILL]
    for rest in (
        "BYPOLYGON 4 12 37 12 39 16 39 16 37",
        "BYPOLYGON 2 12 37 12 39",
        "BYPOLYGON 4 12 37 12 39 16 39",
        "BYPOLYGON 3 12 37 12 39 16 39 km",
        "BYPOLYGON 3 12 37 12 39 16 99",
        "BYPOLYGON 3 12 37 12 39 16 x",
        "BYPOLYGON 0 1 2 3 4 5",
        "BYPOLYGON -3 1 2 3 4 5",
        "BYPOLYGON x 1 2 3 4 5",
        "BYPOLYGON 99999 1 2 3 4 5",
        "BYPOLYGON 9223372036854775807 1 2 3 4 5",
        "FROMLONLAT 0 0 BYPOLYGON 3 12 37 12 39 16 39",
        "FROMMEMBER Palermo BYPOLYGON 3 12 37 12 39 16 39",
        "BYPOLYGON 3 12 37 12 39 16 39 FROMLONLAT 0 0",
        "BYPOLYGON 3 12 37 12 39 16 39 FROMMEMBER Palermo",
        "BYPOLYGON 3 12 37 12 39 16 39 BYRADIUS 5 km",
        "BYPOLYGON 3 12 37 12 39 16 39 BYBOX 5 5 km",
        "BYPOLYGON 3 12 37 12 39 16 39 BYPOLYGON 3 12 37 12 39 16 39",
        "FROMLONLAT 0 0 BYRADIUS 5 km BYPOLYGON 3 12 37 12 39 16 39",
        "COUNT 1 ASC WITHDIST BYPOLYGON",
        "BYPOLYGON 3 12 37 12 39 16 39 ANY",
    ):
        commands += [f"GEOSEARCH g {rest}", f"GEOSEARCH none {rest}"]
    valkey_oracle.compare(commands)


longitudes = st.floats(-180, 180, allow_nan=False)
latitudes = st.floats(-85.05112878, 85.05112878, allow_nan=False)
places = st.tuples(longitudes, latitudes)


@settings(max_examples=examples(60))
@given(st.lists(places, min_size=1, max_size=12), places, st.floats(0, 2e7), st.sampled_from(["m", "km", "ft", "mi"]))
def test_any_places(
    oracle: Peer, found: list[tuple[float, float]], centre: tuple[float, float], size: float, unit: str
) -> None:
    commands = [f"GEOADD g {longitude!r} {latitude!r} {number}" for number, (longitude, latitude) in enumerate(found)]
    commands += ["ZRANGE g 0 -1 WITHSCORES"]
    for number in range(len(found)):
        commands += [f"GEOPOS g {number}", f"GEOHASH g {number}", f"GEODIST g 0 {number} {unit}"]
    where = f"FROMLONLAT {centre[0]!r} {centre[1]!r}"
    commands += [
        f"GEOSEARCH g {where} BYRADIUS {size!r} {unit} WITHDIST",
        f"GEOSEARCH g {where} BYBOX {size!r} {size / 3!r} {unit} WITHCOORD WITHHASH",
        f"GEOSEARCH g FROMMEMBER 0 BYRADIUS {size!r} m",
    ]
    oracle.compare(commands)


@pytest.mark.parametrize("centre", ["13.36 38.1", "180 85.05112878", "-180 -85.05112878", "0 0", "0 85"])
def test_areas_without_an_end(oracle: Peer, centre: str) -> None:
    shapes = ["BYRADIUS inf m", "BYRADIUS 1e308 km", "BYRADIUS 1e200 m", "BYRADIUS 1e-320 m"]
    shapes += ["BYBOX inf inf m", "BYBOX inf 1 m", "BYBOX 1 inf m", "BYBOX 1e200 1e200 m", "BYBOX 1e308 1e308 km"]
    oracle.compare(
        ["GEOADD g 13.361389 38.115556 P 15.087269 37.502669 C -179.9 80 N 179.9 -80 S 0 0 Z"]
        + [f"GEOSEARCH g FROMLONLAT {centre} {shape} ASC WITHDIST" for shape in shapes]
        + [f"GEORADIUS g {centre} {radius} km ASC" for radius in ("inf", "1e308")]
    )
