"""Positions as scores, distances and search areas; the figures are redis-server's replies."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.geo import (
    LATITUDE_LIMIT,
    STEPS,
    Box,
    Circle,
    Polygon,
    SearchArea,
    bits_of,
    distance_m,
    format_distance,
    hash_text,
    is_position,
    position_of,
    score_of,
    steps_for,
)

PALERMO = (13.361389, 38.115556)
CATANIA = (15.087269, 37.502669)


def test_scores_of_known_places():
    assert score_of(*PALERMO) == 3479099956230698.0
    assert score_of(*CATANIA) == 3479447370796909.0


def test_positions_come_back_as_the_middle_of_their_cell():
    assert position_of(3479099956230698.0) == (13.361389338970184, 38.1155563954963)


def test_hash_texts_of_known_places():
    assert hash_text(score_of(*PALERMO)) == b"sqc8b49rny0"
    assert hash_text(score_of(*CATANIA)) == b"sqdtr74hyu0"


def test_the_distance_of_known_places():
    distance = distance_m(*position_of(score_of(*PALERMO)), *position_of(score_of(*CATANIA)))
    assert format_distance(distance) == b"166274.1516"
    assert format_distance(distance / 1000.0) == b"166.2742"


def test_the_distance_along_a_meridian():
    assert format_distance(distance_m(5.0, 1.0, 5.0, 2.0)) == b"111226.3000"
    assert distance_m(5.0, 1.0, 5.0, 1.0) == 0.0


def test_distances_half_way_go_to_the_even_digit():
    assert format_distance(8305529.188250001) == b"8305529.1882"
    assert format_distance(0.0) == b"0.0000"


def test_what_can_be_a_position():
    assert is_position(180.0, LATITUDE_LIMIT)
    assert is_position(-180.0, -LATITUDE_LIMIT)
    assert not is_position(180.1, 0.0)
    assert not is_position(0.0, 85.06)
    assert not is_position(math.inf, 0.0)


def test_the_far_corner_is_clamped_when_it_comes_back():
    assert position_of(score_of(180.0, LATITUDE_LIMIT)) == (180.0, LATITUDE_LIMIT)


@pytest.mark.parametrize(
    ("score", "bits"),
    [
        (1.5, 1),
        (-1.0, 0xFFFFFFFFFFFFFFFF),
        (math.inf, 0xFFFFFFFFFFFFFFFF),
        (-math.inf, 0x8000000000000000),
        (1e19, 10000000000000000000),
    ],
)
def test_any_score_has_bits(score, bits):
    assert bits_of(score) == bits
    longitude, latitude = position_of(score)
    assert -180.0 <= longitude <= 180.0
    assert -LATITUDE_LIMIT <= latitude <= LATITUDE_LIMIT


def test_steps_are_finer_for_shorter_reaches_and_coarser_near_the_poles():
    assert steps_for(0.0, 0.0) == STEPS
    assert steps_for(1e9, 0.0) == 1
    assert steps_for(0.001, 0.0) == STEPS
    assert steps_for(1000.0, 0.0) == 14
    assert steps_for(1000.0, 70.0) == 13
    assert steps_for(1000.0, -85.0) == 12


def found_in(area: SearchArea, places: list[tuple[float, float]]) -> tuple[set[int], set[int]]:
    """Indices of the places inside the area: by its score ranges, and by measuring them all."""
    ranges = area.score_ranges()
    by_ranges: set[int] = set()
    by_measure: set[int] = set()
    for number, place in enumerate(places):
        score = score_of(*place)
        if area.distance_within_m(*position_of(score)) < 0:
            continue
        by_measure.add(number)
        if any(low <= score < high for low, high in ranges):
            by_ranges.add(number)
    return by_ranges, by_measure


def scattered(seed: int, count: int) -> list[tuple[float, float]]:
    chance = random.Random(seed)
    return [(chance.uniform(-150, 150), chance.uniform(-60, 60)) for _ in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_score_ranges_cover_what_is_inside(seed):
    chance = random.Random(seed)
    places = scattered(seed, 400)
    for _ in range(40):
        centre = (chance.uniform(-100, 100), chance.uniform(-50, 50))
        size_m = 10 ** chance.uniform(3, 6.4)
        for area in (
            Circle(*centre, size_m),
            Box(*centre, size_m, size_m / 2),
            Polygon([(centre[0] + chance.uniform(-20, 20), centre[1] + chance.uniform(-9, 9)) for _ in range(5)]),
        ):
            by_ranges, by_measure = found_in(area, places)
            assert by_ranges == by_measure


def test_ranges_of_an_area_do_not_repeat():
    for area in (Circle(0.0, 0.0, 3e7), Circle(179.9, 10.0, 5000.0), Box(-30.0, -45.0, 1e7, 1e3)):
        ranges = area.score_ranges()
        assert len(set(ranges)) == len(ranges)


def test_an_area_of_the_whole_earth_takes_four_cells():
    assert len(Circle(10.0, 10.0, 3e7).score_ranges()) == 4


def test_a_circle_ends_at_its_radius():
    circle = Circle(*PALERMO, 166_300.0)
    assert 166_000 < circle.distance_within_m(*CATANIA) < 166_300
    assert Circle(*PALERMO, 166_000.0).distance_within_m(*CATANIA) == -1.0


def test_a_box_is_measured_along_its_axes():
    box = Box(15.0, 37.0, 400_000.0, 400_000.0)
    assert box.distance_within_m(*PALERMO) > 0
    assert Box(15.0, 37.0, 400_000.0, 200_000.0).distance_within_m(*PALERMO) == -1.0
    assert Box(15.0, 37.0, 200_000.0, 400_000.0).distance_within_m(*PALERMO) == -1.0


def test_a_polygon_measures_from_the_mean_of_its_vertices():
    polygon = Polygon([(12.0, 37.0), (12.0, 39.0), (16.0, 39.0), (16.0, 37.0)])
    distances = [
        format_distance(polygon.distance_within_m(*position_of(score_of(*place)))) for place in (PALERMO, CATANIA)
    ]
    assert distances == [b"56987.4933", b"111411.0839"]
    assert polygon.distance_within_m(17.24151, 38.788135) == -1.0


def test_a_hollow_of_a_polygon_is_outside():
    arrow = Polygon([(0.0, 0.0), (10.0, 10.0), (20.0, 0.0), (10.0, 5.0)])
    assert arrow.distance_within_m(10.0, 2.0) == -1.0
    assert arrow.distance_within_m(10.0, 7.0) > 0


@settings(max_examples=examples(200), deadline=None)
@given(st.floats(-180, 180), st.floats(-LATITUDE_LIMIT, LATITUDE_LIMIT))
def test_positions_keep_their_place(longitude, latitude):
    back = position_of(score_of(longitude, latitude))
    assert abs(back[0] - longitude) <= 360.0 / 2**STEPS
    # As in Redis: what the last meridian carries moves the latitude by a cell.
    cells = 2 if longitude > 180 - 1e-9 else 1
    assert abs(back[1] - latitude) <= cells * 2 * LATITUDE_LIMIT / 2**STEPS
    assert len(hash_text(score_of(longitude, latitude))) == 11
