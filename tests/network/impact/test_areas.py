"""Areas of works as people give them: what is within the radius is inside, and what cannot be meant is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import cos, radians
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from benchmarks.plants import write
from core.db import Database
from inventory.errors import FieldRefused, ObjectNotFound
from inventory.plant.geometry import metres
from network.impact.answer import impact
from network.impact.areas import MOST_METRES, area_around, area_read
from network.impact.subjects import Question
from tests.network.impact.test_impact import RING, SYSTEM

SQUARE = [[4.3, 50.8], [4.31, 50.8], [4.31, 50.81], [4.3, 50.81]]


@pytest.fixture(scope="module")
def tx(database: Database) -> Iterator[Connection]:
    """A transaction with the ring in it, taken back after."""
    with database.transaction("owner", SYSTEM) as made:
        write(made, RING)
        yield made
        made.rollback()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    lon=st.floats(4.2, 4.5), lat=st.floats(50.7, 51.0), radius=st.integers(1, MOST_METRES),
    east=st.floats(-1.2, 1.2), north=st.floats(-1.2, 1.2),
)  # fmt: skip
def test_an_area_holds_what_is_within_its_radius_and_little_else(
    tx: Connection, lon: float, lat: float, radius: int, east: float, north: float
) -> None:
    degree = radius / 111_195
    place = (lon + east * degree / cos(radians(lat)), lat + north * degree)
    shape = shapely.from_geojson(json.dumps(area_around(tx, f"{lon:.9f} {lat:.9f}", radius)))
    assert isinstance(shape, shapely.Polygon)
    assert shape.is_valid
    assert shapely.is_ccw(shape.exterior), "as RFC 7946 wants it"
    away = metres((lon, lat), place)
    if away < radius - 0.05:
        assert shape.covers(shapely.Point(place))
    if away > radius * 1.005 + 0.05:
        assert not shape.covers(shapely.Point(place))


def test_an_area_around_a_node_takes_what_ends_there_and_nothing_of_its_neighbour(tx: Connection) -> None:
    found = impact(tx, Question(polygon=area_around(tx, " N3 ", 20)))
    assert found["lost"]["ducts"] == ["D3"]
    assert impact(tx, Question(polygon=area_around(tx, "4.303, 50.8", 20)))["lost"]["ducts"] == ["D3"]


@pytest.mark.parametrize("radius", [0, -5, MOST_METRES + 1])
def test_a_radius_beyond_its_bounds_is_refused_with_both(tx: Connection, radius: int) -> None:
    with pytest.raises(FieldRefused, match=f"{radius} m; it must be from 1 to {MOST_METRES}") as told:
        area_around(tx, "N3", radius)
    assert told.value.pointer == "/radius"


@pytest.mark.parametrize("place", ["N99", "4.3690", "4,3690 50,8450", "9" * 63])
def test_a_place_that_is_none_is_named(tx: Connection, place: str) -> None:
    with pytest.raises(ObjectNotFound, match=f"There is no place '{place}'"):
        area_around(tx, place, 50)


@pytest.mark.parametrize(
    "typed",
    [
        "4.3 50.8\n4.31 50.8\n4.31 50.81\n4.3 50.81\n",
        "4.3,50.8; 4.31, 50.8; 4.31\t50.81; 4.3 50.81; 4.3 50.8",
        json.dumps({"type": "Polygon", "coordinates": [[*SQUARE, SQUARE[0]]]}),
    ],
)
def test_corners_a_line_each_are_the_polygon_that_geojson_says(typed: str) -> None:
    assert area_read(typed)["coordinates"] == [[*SQUARE, SQUARE[0]]]
    assert Question(polygon=area_read(typed)).polygon is not None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("4.3 50.8\n4.31 50.8", "at least three corners"),
        ("4.3 50.8\nrue de la Loi\n4.31 50.8", "'rue de la Loi' is no corner"),
        ("4.3 50.8 4.31", "is no corner"),
        ("9" * 400 + " 50.8", "is no corner"),
        ("{", "no JSON"),
        ("[" * 20_000, "no JSON"),
        ("[1, 2]", "no Polygon"),
    ],
)
def test_what_is_no_area_is_refused_with_the_way_out(typed: str, told: str) -> None:
    with pytest.raises(FieldRefused, match=told) as refused:
        area_read(typed)
    assert refused.value.pointer == "/polygon"
    assert "longitude, then latitude" in refused.value.hint


def test_corners_with_the_latitude_first_are_recognised_as_such() -> None:
    turned: dict[str, Any] = area_read("50.8 4.3\n50.8 4.31\n50.81 4.31")
    with pytest.raises(ValueError, match="longitude comes first"):
        Question(polygon=turned)
