"""Positions in sorted sets: adding them, reading them back, distances.  Searches are in `geo_search`."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_float
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import READ_KEY, UPDATE_KEY
from miniredis.commands.sorted_sets import AddOptions, add_scored, read_sorted_set
from miniredis.datatypes.geo import distance_m, format_distance, hash_text, is_position, position_of, score_of
from miniredis.resp.errors import error, syntax_error
from miniredis.resp.numbers import format_double
from miniredis.resp.replies import NULL_ARRAY, Double

group = CommandGroup("geo")

UNITS_M: Final = {b"m": 1.0, b"km": 1000.0, b"ft": 0.3048, b"mi": 1609.34}


def parse_unit(argument: bytes) -> float:
    """A unit of length in metres."""
    unit = UNITS_M.get(argument.lower())
    if unit is None:
        raise error(b"unsupported unit provided. please use M, KM, FT, MI")
    return unit


def parse_position(longitude_text: bytes, latitude_text: bytes) -> tuple[float, float]:
    """Longitude and latitude that can be stored."""
    longitude = parse_float(longitude_text)
    latitude = parse_float(latitude_text)
    if not is_position(longitude, latitude):
        raise error(b"invalid longitude,latitude pair %f,%f" % (longitude, latitude))
    return longitude, latitude


def coordinate(value: float) -> Double:
    """A longitude or latitude with up to 17 decimals."""
    digits = (b"%.17f" % value).rstrip(b"0").rstrip(b".")
    return Double(b"0" if digits == b"-0" else digits)


def position_reply(score: float) -> list[object]:
    longitude, latitude = position_of(score)
    return [coordinate(longitude), coordinate(latitude)]


@group.command(
    "GEOADD",
    arity=-5,
    flags="write denyoom",
    keys=UPDATE_KEY,
    since="3.2.0",
    complexity="O(log(N)) for each member, where N is the size of the sorted set.",
    summary="Adds members with their positions to a sorted set, or moves them.",
    syntax="key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
)
def geoadd(ctx: Context, argv: list[bytes]) -> object:
    options = AddOptions()
    options.parse(argv, 2, False)
    if (len(argv) - options.end) % 3 or (options.only_new and options.only_known):
        raise syntax_error()
    scores: list[float] = []
    members: list[bytes] = []
    for index in range(options.end, len(argv), 3):
        longitude, latitude = parse_position(argv[index], argv[index + 1])
        scores.append(score_of(longitude, latitude))
        members.append(argv[index + 2])
    reply = add_scored(ctx, argv[1], scores, members, options)
    replayed = [b"ZADD", argv[1], *argv[2 : options.end]]
    for index, member in enumerate(members):
        replayed.append(format_double(scores[index]))
        replayed.append(member)
    ctx.replay_as(replayed)
    return reply


@group.command(
    "GEODIST",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="3.2.0",
    complexity="O(1)",
    summary="Returns the distance of two members.",
    syntax="key member1 member2 [M | KM | FT | MI]",
)
def geodist(ctx: Context, argv: list[bytes]) -> object:
    unit_m = 1.0
    if len(argv) == 5:
        unit_m = parse_unit(argv[4])
    elif len(argv) > 5:
        raise syntax_error()
    value = read_sorted_set(ctx, argv[1])
    if value is None:
        return None
    first = value.score(argv[2])
    second = value.score(argv[3])
    if first is None or second is None:
        return None
    longitude1, latitude1 = position_of(first)
    longitude2, latitude2 = position_of(second)
    return format_distance(distance_m(longitude1, latitude1, longitude2, latitude2) / unit_m)


@group.command(
    "GEOHASH",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    since="3.2.0",
    complexity="O(1) for each member asked for.",
    summary="Returns the positions of members as geohash texts.",
    syntax="key [member [member ...]]",
)
def geohash(ctx: Context, argv: list[bytes]) -> object:
    value = read_sorted_set(ctx, argv[1])
    found: list[object] = []
    for index in range(2, len(argv)):
        score = None if value is None else value.score(argv[index])
        found.append(None if score is None else hash_text(score))
    return found


@group.command(
    "GEOPOS",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    since="3.2.0",
    complexity="O(1) for each member asked for.",
    summary="Returns the longitudes and latitudes of members.",
    syntax="key [member [member ...]]",
)
def geopos(ctx: Context, argv: list[bytes]) -> object:
    value = read_sorted_set(ctx, argv[1])
    found: list[object] = []
    for index in range(2, len(argv)):
        score = None if value is None else value.score(argv[index])
        found.append(NULL_ARRAY if score is None else position_reply(score))
    return found
