"""`GET /api/v1/fibre/map`: ducts along their paths with their cables, nodes with their closures, for who may read."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from benchmarks.plants import write
from core.db import Database
from tests.api.people import Person
from tests.network.impact.test_impact import RING, SYSTEM


@pytest.fixture(scope="module", autouse=True)
def plant(database: Database, engineer: Person, tenants: dict[str, UUID]) -> None:
    with database.transaction("owner", SYSTEM) as tx:
        write(tx, RING)
        tenants.update((row.code, row.id) for row in tx.execute(text("select code, id from tenant")))


def test_everything_that_lies_somewhere_is_on_the_map_once(engineer: Person, database: Database) -> None:
    answer = engineer.get("/api/v1/fibre/map")
    assert answer.status_code == 200, answer.text
    features = answer.json()["features"]
    by_layer = {
        layer: [one for one in features if one["properties"]["layer"] == layer] for layer in ("node", "duct", "cable")
    }
    with database.transaction("owner", SYSTEM) as tx:
        nodes, ducts, loose = tx.execute(
            text(
                "select (select count(*) from plant_node), (select count(*) from duct), (select count(*) from cable c"
                " where not exists (select from cable_duct x where x.cable_id = c.id))"
            )
        ).one()
        rows = tx.execute(
            text(
                "select d.code, array_agg(c.code order by c.code) as cables from duct d"
                " join cable_duct x on x.duct_id = d.id join cable c on c.id = x.cable_id group by d.code"
            )
        )
        held = {row.code: row.cables for row in rows}
    assert {layer: len(found) for layer, found in by_layer.items()} == {"node": nodes, "duct": ducts, "cable": loose}
    assert len({one["id"] for one in features}) == len(features) > 0
    for one in by_layer["duct"]:
        assert one["properties"]["cables"] == held.get(one["properties"]["code"], [])
        assert len(one["geometry"]["coordinates"]) >= 2


def test_an_agency_is_shown_nothing_of_where_the_regions_fibre_lies(agent: Person) -> None:
    answer = agent.get("/api/v1/fibre/map")
    assert answer.status_code in {200, 403}
    assert answer.status_code == 403 or answer.json()["features"] == []
