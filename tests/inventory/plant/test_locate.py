"""A distance that an OTDR shows is a place on the map: along the right duct, with the slack spread over it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import Database
from inventory.errors import FieldRefused
from inventory.plant.geometry import along, metres, path_metres
from inventory.plant.locate import locate
from tests.inventory.conftest import SYSTEM, Submit, create
from tests.inventory.plant.conftest import A, B, M, cable, splice

pytestmark = pytest.mark.usefixtures("plant")


def _locate(database: Database, strand: str, node: str, distance: float, **more: Any) -> dict[str, Any]:
    with database.transaction("api", SYSTEM) as tx:
        return locate(tx, strand, node, distance, **more)


def test_the_ends_of_a_cable_are_its_nodes(database: Database) -> None:
    for distance, cable_there, place in ((0, "C1", A), (600, "C1", M), (1200, "C2", B)):
        found = _locate(database, "C1/1", "A", distance)
        assert found["cable"] == cable_there
        assert metres((found["lon"], found["lat"]), place) < 0.2
        assert found["nearest"]["metres"] < 0.2


def test_a_duct_that_is_walked_backwards_is_walked_backwards(database: Database) -> None:
    found = _locate(database, "C1/1", "A", 900)
    assert (found["cable"], found["strand"], found["duct"], found["cable_m"]) == ("C2", "C2/1", "D2", 300)
    # D2 runs from B to M: half of the cable is half of its 560 m, and 600 m of cable lie in it
    assert (found["duct_m"], found["slack"]) == (280, 1.0714)
    assert metres((found["lon"], found["lat"]), along([M, B], 0.5)) < 0.2


def test_measured_from_either_end_it_is_the_same_place(database: Database) -> None:
    there, back = _locate(database, "C2/1", "A", 450), _locate(database, "C2/1", "B", 750)
    assert metres((there["lon"], there["lat"]), (back["lon"], back["lat"])) < 0.2
    assert (there["cable_m"], back["cable_m"]) == (450, 150)


def test_between_the_ends_it_is_asked_which_way(database: Database) -> None:
    with pytest.raises(FieldRefused, match="both ways") as caught:
        _locate(database, "C1/1", "M", 100)
    assert "A, B" in str(caught.value.hint)
    towards_a = _locate(database, "C1/1", "M", 100, towards="A")
    towards_b = _locate(database, "C1/1", "M", 100, towards="B")
    assert (towards_a["cable"], towards_a["from"]) == ("C1", "M")
    assert (towards_b["cable"], towards_b["duct"]) == ("C2", "D2")


def test_beyond_the_end_or_beside_the_way_is_refused(database: Database) -> None:
    with pytest.raises(FieldRefused, match="it is 1200 m long"):
        _locate(database, "C1/1", "A", 1300)
    with pytest.raises(FieldRefused, match="not on the way") as caught:
        _locate(database, "C1/1", "ELSEWHERE", 10)
    assert "A, M, B" in str(caught.value.hint)


def test_a_cable_of_unknown_ducts_is_placed_on_the_straight_line(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[create("cable", cable("LOOSE", "A", "B", length_m=2000))])
    found = _locate(database, "LOOSE/1", "A", 500)
    assert (found["exact"], found["duct"]) == (False, None)
    assert metres((found["lon"], found["lat"]), along([A, B], 0.25)) < 0.2


def test_a_ring_is_measured_from_its_node_only_with_a_direction(run: Submit, database: Database) -> None:
    run(
        "inventory.edit",
        operations=[
            create("cable", cable("RA", "A", "M"), cable("RB", "M", "A")),
            create("splice", splice("RA/1:b", "RB/1:a")),
        ],
    )
    with pytest.raises(FieldRefused, match="both ways"):
        _locate(database, "RA/1", "A", 10)
    assert _locate(database, "RA/1", "A", 10, towards="M")["cable"] == "RA"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(distance=st.floats(0, 1200))
def test_places_lie_on_the_path_in_order(database: Database, distance: float) -> None:
    found = _locate(database, "C1/1", "A", distance)
    place = (found["lon"], found["lat"])
    whole = path_metres([A, (4.353, 50.8415), M, B])
    assert metres(A, place) <= whole + 1
    share = distance / 1200
    assert found["lon"] == pytest.approx(A[0] + (B[0] - A[0]) * share, abs=1e-3)
    assert found["cable"] == ("C1" if distance <= 600 else "C2")
