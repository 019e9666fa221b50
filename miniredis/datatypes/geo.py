"""Positions on the earth as scores of a sorted set: 52 bits, 26 of the latitude between 26 of the longitude.

A *cell* at `step` bits an axis is the rectangle of all positions with the same first bits; its positions are one
range of scores.  A search takes the nine cells around its centre at the finest step whose cells are not smaller
than the area, leaves out those beyond its bounding box, and measures each member of the rest.

Degrees and metres throughout, longitude before latitude as in GEOADD.  The sphere's radius, the bounds of the latitude
and the way steps are chosen are Redis's (its GEO documentation and its replies), so that distances agree
to the digit and unsorted results come in the same order.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Final

LONGITUDE_LIMIT: Final = 180.0
LATITUDE_LIMIT: Final = 85.05112878  # where a square Mercator map ends
STEPS: Final = 26
EARTH_RADIUS_M: Final = 6372797.560856
MERCATOR_REACH_M: Final = 20037726.37
RADIANS_PER_DEGREE: Final = math.pi / 180.0
HASH_LETTERS: Final = b"0123456789bcdefghjkmnpqrstuvwxyz"

# Spreading 32 bits to the even places of 64, halving the stride each time.
SPREAD: Final = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
GATHER: Final = (
    (1, 0x3333333333333333),
    (2, 0x0F0F0F0F0F0F0F0F),
    (4, 0x00FF00FF00FF00FF),
    (8, 0x0000FFFF0000FFFF),
    (16, 0x00000000FFFFFFFF),
)
# East and north of each of the nine cells, in the order in which they are searched.
NEIGHBOURS: Final = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))


def is_position(longitude: float, latitude: float) -> bool:
    """Whether a position can be stored."""
    return -LONGITUDE_LIMIT <= longitude <= LONGITUDE_LIMIT and -LATITUDE_LIMIT <= latitude <= LATITUDE_LIMIT


def score_of(longitude: float, latitude: float) -> float:
    """The score under which a position is stored."""
    return float(_cell_of(longitude, latitude, STEPS, LATITUDE_LIMIT))


def bits_of(score: float) -> int:
    """The bits of a score; any double may be a score, so those that are no position are brought into 64 bits."""
    if score >= 18446744073709551616.0:
        return 0xFFFFFFFFFFFFFFFF
    if score <= -9223372036854775808.0:
        return 0x8000000000000000
    return int(score) & 0xFFFFFFFFFFFFFFFF


def position_of(score: float) -> tuple[float, float]:
    """The middle of the cell that a score names: longitude, latitude."""
    west, south, east, north = _bounds(bits_of(score), STEPS)
    longitude = (west + east) / 2
    latitude = (south + north) / 2
    return (
        max(-LONGITUDE_LIMIT, min(LONGITUDE_LIMIT, longitude)),
        max(-LATITUDE_LIMIT, min(LATITUDE_LIMIT, latitude)),
    )


def hash_text(score: float) -> bytes:
    """The 11 characters of the common geohash, which counts the latitude from -90 to 90; the last has no bits left."""
    longitude, latitude = position_of(score)
    bits = _cell_of(longitude, latitude, STEPS, 90.0)
    letters = bytearray()
    for shift in range(47, -1, -5):
        letters.append(HASH_LETTERS[(bits >> shift) & 31])
    letters.append(HASH_LETTERS[0])
    return bytes(letters)


def distance_m(longitude1: float, latitude1: float, longitude2: float, latitude2: float) -> float:
    """The haversine distance of two positions."""
    longitude1 *= RADIANS_PER_DEGREE
    longitude2 *= RADIANS_PER_DEGREE
    v = math.sin((longitude2 - longitude1) / 2)
    if v == 0.0:
        return meridian_distance_m(latitude1, latitude2)
    latitude1 *= RADIANS_PER_DEGREE
    latitude2 *= RADIANS_PER_DEGREE
    u = math.sin((latitude2 - latitude1) / 2)
    a = u * u + math.cos(latitude1) * math.cos(latitude2) * v * v
    return 2.0 * EARTH_RADIUS_M * math.asin(math.sqrt(a))


def meridian_distance_m(latitude1: float, latitude2: float) -> float:
    """The distance of two positions of one longitude."""
    return EARTH_RADIUS_M * math.fabs(latitude2 * RADIANS_PER_DEGREE - latitude1 * RADIANS_PER_DEGREE)


def format_distance(distance: float) -> bytes:
    """Four decimals; a distance that lies half way in its scaled form goes to the even digit, as in Redis."""
    scaled = round(distance * 10000.0)
    return b"%d.%04d" % (scaled // 10000, scaled % 10000)


class SearchArea(ABC):
    """An area around a centre; subclasses say how far it reaches and what is inside."""

    def __init__(self, longitude: float, latitude: float, reach_m: float, width_m: float, height_m: float) -> None:
        """`reach_m`: from the centre to the farthest point; width and height: of a rectangle around the area."""
        self.longitude = longitude
        self.latitude = latitude
        self.reach_m = reach_m
        self.width_m = width_m
        self.height_m = height_m

    @abstractmethod
    def distance_within_m(self, longitude: float, latitude: float) -> float:
        """The distance of a position from the centre, or -1 when it is outside."""

    def bounding_box(self) -> tuple[float, float, float, float]:
        """West, south, east, north; may go beyond the range of positions."""
        latitude_delta = self.height_m / 2 / EARTH_RADIUS_M / RADIANS_PER_DEGREE
        north = self.latitude + latitude_delta
        south = self.latitude - latitude_delta
        # A degree of longitude is shortest on the side of the nearer pole.
        widest = south if self.latitude < 0 else north
        # An area without an end has no west and east; what is compared with these is then within.
        circle = math.cos(widest * RADIANS_PER_DEGREE) if math.isfinite(widest) else math.nan
        longitude_delta = self.width_m / 2 / EARTH_RADIUS_M / circle / RADIANS_PER_DEGREE
        return self.longitude - longitude_delta, south, self.longitude + longitude_delta, north

    def score_ranges(self) -> list[tuple[float, float]]:
        """Ranges of scores, from the first up to but without the second, that hold every member of the area."""
        west, south, east, north = self.bounding_box()
        step = steps_for(self.reach_m, self.latitude)
        cell = _cell_of(self.longitude, self.latitude, step, LATITUDE_LIMIT)
        if step > 1 and self._is_beyond_neighbours(cell, step, west, south, east, north):
            step -= 1
            cell = _cell_of(self.longitude, self.latitude, step, LATITUDE_LIMIT)
        left, bottom, right, top = _bounds(cell, step)
        shift = 2 * (STEPS - step)
        ranges: list[tuple[float, float]] = []
        last = -1
        for eastward, northward in NEIGHBOURS:
            # Below two steps the cells around are not all different, and none may be left out.
            if step >= 2 and (
                (northward < 0 and bottom < south)
                or (northward > 0 and top > north)
                or (eastward < 0 and left < west)
                or (eastward > 0 and right > east)
            ):
                continue
            neighbour = _moved(cell, step, eastward, northward)
            if neighbour == last:
                continue
            last = neighbour
            ranges.append((float(neighbour << shift), float((neighbour + 1) << shift)))
        return ranges

    def _is_beyond_neighbours(self, cell: int, step: int, west: float, south: float, east: float, north: float) -> bool:
        """Whether the area reaches over the cells around `cell`."""
        return (
            _bounds(_moved(cell, step, 0, 1), step)[3] < north
            or _bounds(_moved(cell, step, 0, -1), step)[1] > south
            or _bounds(_moved(cell, step, 1, 0), step)[2] < east
            or _bounds(_moved(cell, step, -1, 0), step)[0] > west
        )


class Circle(SearchArea):
    """All positions up to a radius."""

    def __init__(self, longitude: float, latitude: float, radius_m: float) -> None:
        super().__init__(longitude, latitude, radius_m, 2 * radius_m, 2 * radius_m)

    def distance_within_m(self, longitude: float, latitude: float) -> float:
        distance = distance_m(self.longitude, self.latitude, longitude, latitude)
        return distance if distance <= self.reach_m else -1.0


class Box(SearchArea):
    """All positions within half a width and half a height, measured along the axes."""

    def __init__(self, longitude: float, latitude: float, width_m: float, height_m: float) -> None:
        half_width_m = width_m / 2
        half_height_m = height_m / 2
        reach_m = math.sqrt(half_width_m * half_width_m + half_height_m * half_height_m)  # ** would overflow
        super().__init__(longitude, latitude, reach_m, width_m, height_m)

    def distance_within_m(self, longitude: float, latitude: float) -> float:
        if meridian_distance_m(latitude, self.latitude) > self.height_m / 2:
            return -1.0
        if distance_m(longitude, latitude, self.longitude, latitude) > self.width_m / 2:
            return -1.0
        return distance_m(self.longitude, self.latitude, longitude, latitude)


class Polygon(SearchArea):
    """All positions inside straight lines on the map from vertex to vertex; the centre is their mean on the sphere."""

    def __init__(self, vertices: list[tuple[float, float]]) -> None:
        """`vertices`: at least three of longitude and latitude, the last joined to the first."""
        x = y = z = 0.0
        for longitude, latitude in vertices:
            circle = math.cos(latitude * RADIANS_PER_DEGREE)
            x += circle * math.cos(longitude * RADIANS_PER_DEGREE)
            y += circle * math.sin(longitude * RADIANS_PER_DEGREE)
            z += math.sin(latitude * RADIANS_PER_DEGREE)
        count = len(vertices)
        x /= count
        y /= count
        z /= count
        longitude = math.atan2(y, x) / RADIANS_PER_DEGREE
        latitude = math.atan2(z, math.sqrt(x * x + y * y)) / RADIANS_PER_DEGREE
        self.vertices = vertices
        west, south, east, north = self.bounding_box()
        reach_m = max(
            distance_m(longitude, latitude, west, south),
            distance_m(longitude, latitude, west, north),
            distance_m(longitude, latitude, east, south),
            distance_m(longitude, latitude, east, north),
        )
        super().__init__(longitude, latitude, reach_m, 0.0, 0.0)

    def bounding_box(self) -> tuple[float, float, float, float]:
        longitudes = [longitude for longitude, _ in self.vertices]
        latitudes = [latitude for _, latitude in self.vertices]
        return min(longitudes), min(latitudes), max(longitudes), max(latitudes)

    def distance_within_m(self, longitude: float, latitude: float) -> float:
        # Inside is where a line to the west crosses the border an odd number of times.
        inside = False
        previous_longitude, previous_latitude = self.vertices[-1]
        for corner_longitude, corner_latitude in self.vertices:
            if (corner_latitude > latitude) != (previous_latitude > latitude):
                slope = (previous_longitude - corner_longitude) / (previous_latitude - corner_latitude)
                if longitude < slope * (latitude - corner_latitude) + corner_longitude:
                    inside = not inside
            previous_longitude = corner_longitude
            previous_latitude = corner_latitude
        if not inside:
            return -1.0
        return distance_m(self.longitude, self.latitude, longitude, latitude)


def steps_for(reach_m: float, latitude: float) -> int:
    """The finest step whose nine cells cover a reach; cells are narrower near the poles."""
    if reach_m == 0:
        return STEPS
    step = -1
    while reach_m < MERCATOR_REACH_M:
        reach_m *= 2
        step += 1
    if abs(latitude) > 66:
        step -= 1
        if abs(latitude) > 80:
            step -= 1
    return max(1, min(STEPS, step))


def _spread(bits: int) -> int:
    for shift, mask in SPREAD:
        bits = (bits | bits << shift) & mask
    return bits


def _gather(bits: int) -> int:
    bits &= 0x5555555555555555
    for shift, mask in GATHER:
        bits = (bits | bits >> shift) & mask
    return bits


def _cell_of(longitude: float, latitude: float, step: int, latitude_limit: float) -> int:
    """The cell of a position: `step` bits of the latitude in the even places, of the longitude in the odd ones."""
    across = (longitude + LONGITUDE_LIMIT) / (2 * LONGITUDE_LIMIT)
    up = (latitude + latitude_limit) / (2 * latitude_limit)
    scale = 1 << step
    return _spread(int(up * scale)) | _spread(int(across * scale)) << 1


def _bounds(cell: int, step: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a cell."""
    scale = float(1 << step)
    up = _gather(cell)
    across = _gather(cell >> 1)
    return (
        -LONGITUDE_LIMIT + (across / scale) * (2 * LONGITUDE_LIMIT),
        -LATITUDE_LIMIT + (up / scale) * (2 * LATITUDE_LIMIT),
        -LONGITUDE_LIMIT + ((across + 1) / scale) * (2 * LONGITUDE_LIMIT),
        -LATITUDE_LIMIT + ((up + 1) / scale) * (2 * LATITUDE_LIMIT),
    )


def _moved(cell: int, step: int, eastward: int, northward: int) -> int:
    """A cell beside; both axes wrap around."""
    up = _gather(cell)
    across = _gather(cell >> 1)
    if northward:
        up = (up + northward) & ((1 << step) - 1)
    if eastward:
        across = (across + eastward) & ((1 << step) - 1)
    return _spread(up) | _spread(across) << 1
