"""Searching for members within a circle, a box or a polygon: GEOSEARCH, GEOSEARCHSTORE, the older GEORADIUS family."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.geo import parse_position, parse_unit, position_reply
from miniredis.commands.key_specs import READ_KEY
from miniredis.commands.sorted_set_ranges import STORE_KEYS, store_sorted_set
from miniredis.commands.sorted_sets import read_sorted_set
from miniredis.datatypes.geo import Box, Circle, Polygon, SearchArea, bits_of, format_distance, position_of
from miniredis.datatypes.sorted_sets import SortedSet
from miniredis.resp.errors import error, syntax_error
from miniredis.resp.numbers import parse_double, parse_int64

group = CommandGroup("geo")

AROUND_POSITION: Final = 0  # GEORADIUS
AROUND_MEMBER: Final = 1  # GEORADIUSBYMEMBER
BY_OPTIONS: Final = 2  # GEOSEARCH

UNSORTED: Final = 0
NEAREST_FIRST: Final = 1
FARTHEST_FIRST: Final = 2

RADIUS_KEYS: Final = (
    "index:1>range:last0/step1/limit0[RO+access]; "
    "kw:STORE@{0}>range:last0/step1/limit0[OW+update+variable_flags]; "
    "kw:STOREDIST@{0}>range:last0/step1/limit0[OW+update+variable_flags]"
)


class Found:
    """A member within the area, its distance in metres from the centre."""

    def __init__(self, member: bytes, score: float, distance: float) -> None:
        self.member = member
        self.score = score
        self.distance = distance

    def by_distance(self) -> float:
        return self.distance


def parse_length(argument: bytes, problem: bytes) -> float:
    """A radius, width or height that is a number; its sign is the caller's."""
    length = parse_double(argument)
    if length is None:
        raise error(problem)
    return length


class GeoQuery:
    """The arguments of a search; the key's value is needed to find a member in the centre."""

    def __init__(self, argv: list[bytes], value: SortedSet | None, kind: int, may_store: bool, storing: bool) -> None:
        """`may_store`: STORE and STOREDIST name a key; `storing`: the command stores, STOREDIST is a mere word."""
        self.argv = argv
        self.value = value
        self.kind = kind
        self.storing = storing
        self.may_store = may_store
        self.with_distance = False
        self.with_hash = False
        self.with_coordinates = False
        self.order = UNSORTED
        self.count = 0
        self.any = False
        self.store_key: bytes | None = argv[1] if storing else None
        self.store_distance = False
        self.unit_m = 1.0
        self._centre = b""  # the word that gave it, and the shape's
        self._longitude = 0.0
        self._latitude = 0.0
        self._shape = b""
        self._width_m = 0.0  # of a circle the radius
        self._height_m = 0.0
        self._vertices: list[tuple[float, float]] = []
        at = 2
        if kind == AROUND_POSITION:
            self._set_centre(argv[2], argv[3])
            self._set_radius(argv[4], argv[5])
            at = 6
        elif kind == AROUND_MEMBER:
            self._set_member(argv[2])
            self._shape = b"byradius"
            if value is not None:  # Redis does not even look at the radius otherwise
                self._set_radius(argv[3], argv[4])
            at = 5
        elif storing:
            at = 3
        while at < len(argv):
            at = self._parse_option(at)
        self._check_options()

    def area(self) -> SearchArea:
        if self._shape == b"bybox":
            return Box(self._longitude, self._latitude, self._width_m, self._height_m)
        if self._shape == b"bypolygon":
            return Polygon(self._vertices)
        return Circle(self._longitude, self._latitude, self._width_m)

    def _set_centre(self, longitude: bytes, latitude: bytes) -> None:
        self._longitude, self._latitude = parse_position(longitude, latitude)
        self._centre = b"fromlonlat"

    def _set_member(self, member: bytes) -> None:
        self._centre = b"frommember"
        if self.value is None:
            return
        score = self.value.score(member)
        if score is None:
            raise error(b"could not decode requested zset member")
        self._longitude, self._latitude = position_of(score)

    def _set_radius(self, radius: bytes, unit: bytes) -> None:
        length = parse_length(radius, b"need numeric radius")
        if length < 0:
            raise error(b"radius cannot be negative")
        self.unit_m = parse_unit(unit)
        self._width_m = length * self.unit_m
        self._shape = b"byradius"

    def _set_box(self, width: bytes, height: bytes, unit: bytes) -> None:
        across = parse_length(width, b"need numeric width")
        up = parse_length(height, b"need numeric height")
        if across < 0 or up < 0:
            raise error(b"height or width cannot be negative")
        self.unit_m = parse_unit(unit)
        self._width_m = across * self.unit_m
        self._height_m = up * self.unit_m
        self._shape = b"bybox"

    def _set_polygon(self, at: int) -> int:
        """Vertices from the word BYPOLYGON at `at`; where they end."""
        argv = self.argv
        vertices = parse_int64(argv[at + 1])
        if vertices is None or not -(1 << 31) <= vertices < 1 << 31:
            raise error(b"invalid number of vertices")
        end = at + 2 + 2 * vertices
        if vertices < 3 or end > len(argv):
            raise error(b"GEOSEARCH BYPOLYGON must have at least 3 vertices")
        self._vertices = [parse_position(argv[index], argv[index + 1]) for index in range(at + 2, end, 2)]
        self._shape = b"bypolygon"
        return end

    def _parse_option(self, at: int) -> int:
        """Read the option at `at`; where the next one is."""
        argv = self.argv
        word = argv[at].lower()
        left = len(argv) - at - 1
        if word == b"withdist":
            self.with_distance = True
        elif word == b"withhash":
            self.with_hash = True
        elif word == b"withcoord":
            self.with_coordinates = True
        elif word == b"any":
            self.any = True
        elif word == b"asc":
            self.order = NEAREST_FIRST
        elif word == b"desc":
            self.order = FARTHEST_FIRST
        elif word == b"count" and left >= 1:
            self.count = parse_int(argv[at + 1])
            if self.count <= 0:
                raise error(b"COUNT must be > 0")
            return at + 2
        elif word in (b"store", b"storedist") and self.may_store and left >= 1:
            self.store_key = argv[at + 1]
            self.store_distance = word == b"storedist"
            return at + 2
        elif word == b"storedist" and self.storing:
            self.store_distance = True
        elif self.kind == BY_OPTIONS:
            return self._parse_where(word, at, left)
        else:
            raise syntax_error()
        return at + 1

    def _parse_where(self, word: bytes, at: int, left: int) -> int:
        """The options of GEOSEARCH that say where: one centre and one shape, or a polygon, which has its own."""
        argv = self.argv
        shape = self._shape
        if word in (b"frommember", b"fromlonlat") and self._centre in (b"", word) and shape != b"bypolygon":
            if word == b"frommember" and left >= 1:
                self._set_member(argv[at + 1])
                return at + 2
            if word == b"fromlonlat" and left >= 2:
                self._set_centre(argv[at + 1], argv[at + 2])
                return at + 3
        elif shape in (b"", word):
            if word == b"byradius" and left >= 2:
                self._set_radius(argv[at + 1], argv[at + 2])
                return at + 3
            if word == b"bybox" and left >= 3:
                self._set_box(argv[at + 1], argv[at + 2], argv[at + 3])
                return at + 4
            if word == b"bypolygon" and left >= 1 and not self._centre:
                return self._set_polygon(at)
        raise syntax_error()

    def _check_options(self) -> None:
        name = self.argv[0]
        if self.store_key is not None and (self.with_distance or self.with_hash or self.with_coordinates):
            what = b"GEOSEARCHSTORE" if self.storing else b"STORE option in GEORADIUS"
            raise error(what + b" is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
        if not self._centre and self._shape != b"bypolygon":
            raise error(b"exactly one of FROMMEMBER or FROMLONLAT can be specified for " + name)
        if not self._shape:
            raise error(b"exactly one of BYRADIUS and BYBOX can be specified for " + name)
        if self.any and not self.count:
            raise error(b"the ANY argument requires COUNT argument")
        if self.count and self.order == UNSORTED and not self.any:
            self.order = NEAREST_FIRST

    def search(self, value: SortedSet) -> list[Found]:
        """The members within the area: ordered, and not more than asked for."""
        area = self.area()
        most = self.count if self.any else 0
        found: list[Found] = []
        for low, high in area.score_ranges():
            if most and len(found) >= most:
                break
            start = value.count_below(low, False)
            pairs = value.pairs(start, value.count_below(high, False))
            for index in range(0, len(pairs), 2):
                member, score = pairs[index], pairs[index + 1]
                assert isinstance(member, bytes) and isinstance(score, float)
                longitude, latitude = position_of(score)
                distance = area.distance_within_m(longitude, latitude)
                if distance >= 0:
                    found.append(Found(member, score, distance))
                    if len(found) == most:
                        break
        if self.order != UNSORTED:
            found.sort(key=Found.by_distance, reverse=self.order == FARTHEST_FIRST)
        return found[: self.count] if self.count else found

    def reply(self, found: list[Found]) -> list[object]:
        if not (self.with_distance or self.with_hash or self.with_coordinates):
            return [each.member for each in found]
        rows: list[object] = []
        for each in found:
            row: list[object] = [each.member]
            if self.with_distance:
                row.append(format_distance(each.distance / self.unit_m))
            if self.with_hash:
                row.append(bits_of(each.score))
            if self.with_coordinates:
                row.append(position_reply(each.score))
            rows.append(row)
        return rows


def run_search(ctx: Context, argv: list[bytes], kind: int, may_store: bool = False, storing: bool = False) -> object:
    """Any of the searching commands."""
    value = read_sorted_set(ctx, argv[2] if storing else argv[1])
    query = GeoQuery(argv, value, kind, may_store, storing)
    found = [] if value is None else query.search(value)
    if query.store_key is None:
        return query.reply(found)
    limits = ctx.keyspace.limits
    result = SortedSet(limits)
    if len(found) > limits.zset_max_listpack_entries:
        result.become_skiplist()
    for each in found:
        result.put(each.member, each.distance / query.unit_m if query.store_distance else each.score)
    return store_sorted_set(ctx, query.store_key, result, b"geosearchstore" if storing else b"georadiusstore")


@group.command(
    "GEORADIUS",
    arity=-6,
    flags="write denyoom movablekeys",
    keys=RADIUS_KEYS.format(6),
    since="3.2.0",
    complexity="O(N+log(M)) where N is the number of members around the area and M the size of the sorted set.",
    summary="Returns or stores the members within a radius around a position.",
    syntax="key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] "
    "[ASC | DESC] [STORE key | STOREDIST key]",
    deprecated="6.2.0, GEOSEARCH and GEOSEARCHSTORE with BYRADIUS",
)
def georadius(ctx: Context, argv: list[bytes]) -> object:
    return run_search(ctx, argv, AROUND_POSITION, may_store=True)


@group.command(
    "GEORADIUS_RO",
    arity=-6,
    flags="readonly",
    keys=READ_KEY,
    since="3.2.10",
    complexity="O(N+log(M)) where N is the number of members around the area and M the size of the sorted set.",
    summary="Returns the members within a radius around a position.",
    syntax="key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] "
    "[ASC | DESC]",
    deprecated="6.2.0, GEOSEARCH with BYRADIUS",
)
def georadius_ro(ctx: Context, argv: list[bytes]) -> object:
    return run_search(ctx, argv, AROUND_POSITION)


@group.command(
    "GEORADIUSBYMEMBER",
    arity=-5,
    flags="write denyoom movablekeys",
    keys=RADIUS_KEYS.format(5),
    since="3.2.0",
    complexity="O(N+log(M)) where N is the number of members around the area and M the size of the sorted set.",
    summary="Returns or stores the members within a radius around one of them.",
    syntax="key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC] "
    "[STORE key | STOREDIST key]",
    deprecated="6.2.0, GEOSEARCH and GEOSEARCHSTORE with BYRADIUS and FROMMEMBER",
)
def georadiusbymember(ctx: Context, argv: list[bytes]) -> object:
    return run_search(ctx, argv, AROUND_MEMBER, may_store=True)


@group.command(
    "GEORADIUSBYMEMBER_RO",
    arity=-5,
    flags="readonly",
    keys=READ_KEY,
    since="3.2.10",
    complexity="O(N+log(M)) where N is the number of members around the area and M the size of the sorted set.",
    summary="Returns the members within a radius around one of them.",
    syntax="key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]",
    deprecated="6.2.0, GEOSEARCH with BYRADIUS and FROMMEMBER",
)
def georadiusbymember_ro(ctx: Context, argv: list[bytes]) -> object:
    return run_search(ctx, argv, AROUND_MEMBER)


@group.command(
    "GEOSEARCH",
    arity=-7,
    flags="readonly",
    keys=READ_KEY,
    since="6.2.0",
    complexity="O(N+log(M)) where N is the number of members around the area and M the size of the sorted set.",
    summary="Returns the members within a circle, a box or a polygon.",
    syntax="key [FROMMEMBER member | FROMLONLAT longitude latitude] "
    "<BYRADIUS radius <M | KM | FT | MI> | "
    "BYBOX width height <M | KM | FT | MI> | BYPOLYGON num-vertices longitude latitude [longitude latitude ...]> "
    "[ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
)
def geosearch(ctx: Context, argv: list[bytes]) -> object:
    return run_search(ctx, argv, BY_OPTIONS)


@group.command(
    "GEOSEARCHSTORE",
    arity=-8,
    flags="write denyoom",
    keys=STORE_KEYS,
    since="6.2.0",
    complexity="O(N+log(M)) where N is the number of members around the area and M the size of the sorted set.",
    summary="Stores the members within a circle, a box or a polygon at another key.",
    syntax="destination source [FROMMEMBER member | FROMLONLAT longitude latitude] "
    "<BYRADIUS radius <M | KM | FT | MI> | "
    "BYBOX width height <M | KM | FT | MI> | BYPOLYGON num-vertices longitude latitude [longitude latitude ...]> "
    "[ASC | DESC] [COUNT count [ANY]] [STOREDIST]",
)
def geosearchstore(ctx: Context, argv: list[bytes]) -> object:
    return run_search(ctx, argv, BY_OPTIONS, storing=True)
