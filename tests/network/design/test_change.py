"""The design as a Change: it writes what it says, is taken back, survives export and import, and alters nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import InvalidInput
from core.postgres_temporary import TemporaryPostgres
from inventory.imports import SourceFile
from inventory.region_import import built_in
from orchestrator.plan import Plan
from orchestrator.planning import ChangeRequest
from orchestrator.records import ChangeRecord, read_plan
from orchestrator.submitting import submit, undo
from tests.inventory.conftest import SYSTEM, engineer_of
from tests.inventory.test_import import bring, exported
from tests.network.design.streets import candidates, town

OPEN_DATA = Path(__file__).parents[3].parent / "shared" / "data" / "brussels"
PLANT = (
    "plant-nodes", "ducts", "cables", "cable-ducts", "closures", "splices", "panels", "panel-ports", "circuits",
    "circuit-strands",
)  # fmt: skip


@pytest.fixture
def other_database(pg: TemporaryPostgres) -> Iterator[Database]:
    """A second one of this one test's own."""
    with pg.copy() as name:
        opened = Database(lambda role: pg.dsn(role, name))
        yield opened
        opened.close()


def design(database: Database, **intent: Any) -> ChangeRecord:
    person = engineer_of(database)
    return submit(database, person, ChangeRequest(kind="network.design", intent=intent, reason="a test"), "test")


def plan_of(database: Database, record: ChangeRecord) -> Plan:
    with database.transaction("api", SYSTEM) as tx:
        return read_plan(tx, record.id)


def told_of(database: Database, record: ChangeRecord) -> dict[str, Any]:
    """What the plan of a design tells of it."""
    told: dict[str, Any] = plan_of(database, record).facts["design"]
    return told


def small_town(seed: int = 1) -> list[SourceFile]:
    """The town of the tests, as files."""
    corridor, sites = town(seed), candidates(seed)
    nodes = [{"code": code, "lon": lon, "lat": lat, "source": "a map"} for code, (lon, lat) in corridor.places.items()]
    stretches = [
        {"code": edge.code, "a_node": edge.a, "b_node": edge.b, "length_m": edge.length_mm / 1000,
         "path": [list(place) for place in edge.path], "source": edge.source}
        for edge in corridor.edges
    ]  # fmt: skip
    rows = [
        {"code": site.code, "kind": site.kind, "name_fr": site.code, "name_nl": site.code, "lon": site.place[0],
         "lat": site.place[1], "facts": dict(site.facts)}
        for site in sites
    ]  # fmt: skip
    named = {"corridor-nodes": nodes, "corridors": stretches, "sites": rows}
    return [SourceFile(f"{name}.json", json.dumps(one).encode()) for name, one in named.items()]


def plant(database: Database) -> dict[str, list[dict[str, Any]]]:
    files = exported(database)
    return {name: json.loads(files.get(f"{name}.json", b"[]")) for name in PLANT}


def school(code: str, lon: float, lat: float) -> SourceFile:
    row = {"code": code, "kind": "school", "name_fr": code, "name_nl": code, "lon": lon, "lat": lat,
           "facts": {"level_guess": "secondary"}}  # fmt: skip
    return SourceFile("sites.json", json.dumps([row]).encode())


def test_a_design_writes_what_its_plan_says_and_undo_takes_all_of_it_back(fresh_database: Database) -> None:
    bring(fresh_database, built_in())
    bring(fresh_database, small_town())
    before = exported(fresh_database)
    record = design(fresh_database)
    assert record.state == "succeeded"
    told, made = told_of(fresh_database, record), plant(fresh_database)
    assert told["counts"]["ducts"] == len(made["ducts"])
    assert told["counts"]["cables"] == len(made["cables"])
    assert told["counts"]["circuits"] == len(made["circuits"])
    assert told["counts"]["splices"] == len(made["splices"])
    assert abs(told["duct_m"] - sum(duct["length_m"] for duct in made["ducts"])) < 1
    assert int(told["cost_micro_eur"]) == sum(int(line["amount_micro_eur"]) for line in told["costs"])
    assert plan_of(fresh_database, record).facts["alterations"] == []
    assert "km of duct" in plan_of(fresh_database, record).summary
    for kind in ("plant-nodes", "ducts", "cables"):
        assert {row["provenance"] for row in made[kind]} == {"derived"}
        assert all("a map" in row["source"] for row in made[kind])
    undo(fresh_database, engineer_of(fresh_database), record.id, "it was a test")
    assert exported(fresh_database) == before


def test_a_second_design_has_nothing_to_do_and_one_more_school_alters_no_row_that_is_there(
    fresh_database: Database,
) -> None:
    bring(fresh_database, built_in())
    bring(fresh_database, small_town(2))
    design(fresh_database)
    before = plant(fresh_database)
    assert design(fresh_database).outcome == {"nothing_to_do": True}
    bring(fresh_database, [school("SC-NEW", 4.3647, 50.8671)])
    record = design(fresh_database)
    assert told_of(fresh_database, record)["new_sites"] == ["SC-NEW"]
    added = plan_of(fresh_database, record).facts["alterations"]
    assert {one["op"] for one in added} == {"+"}, "the plan shows what is added, and alters nothing"
    assert [one["name"] for one in added if one["type"] == "circuit"] == ["AC.SC-NEW"]
    after = plant(fresh_database)
    for kind in PLANT:
        assert all(row in after[kind] for row in before[kind]), kind
    new = [row["code"] for row in after["circuits"] if row not in before["circuits"]]
    assert new == ["AC.SC-NEW"]
    assert all(row["a_node"] == "SC-NEW" for row in after["cables"] if row not in before["cables"])
    with fresh_database.transaction("owner", SYSTEM) as tx:
        assert tx.execute(text("select count(*) from plant_node where version > 1")).scalar_one() == 0
        assert tx.execute(text("select count(*) from cable where version > 1")).scalar_one() == 0


def test_what_was_designed_is_the_same_after_export_and_import(
    fresh_database: Database, other_database: Database
) -> None:
    bring(fresh_database, built_in())
    bring(fresh_database, small_town(3))
    design(fresh_database)
    out = exported(fresh_database)
    bring(other_database, [SourceFile(name, content) for name, content in out.items()])
    assert exported(other_database) == out
    assert design(other_database).outcome == {"nothing_to_do": True}


def test_a_design_goes_on_from_a_building_that_was_documented_by_hand(fresh_database: Database) -> None:
    bring(fresh_database, built_in())
    bring(fresh_database, small_town())
    site = next(one for one in candidates(1) if one.code == "ST-3")
    node = {"code": "cellar", "kind": "building", "site": "ST-3", "lon": site.place[0], "lat": site.place[1]}
    bring(fresh_database, [SourceFile("plant-nodes.json", json.dumps([node]).encode())])
    design(fresh_database)
    made = plant(fresh_database)
    assert [row["code"] for row in made["plant-nodes"] if row["site"] == "ST-3"] == ["cellar"]
    assert any("cellar" in (row["a_node"], row["b_node"]) for row in made["cables"])
    assert design(fresh_database).outcome == {"nothing_to_do": True}


def test_what_cannot_be_designed_says_what_is_missing(fresh_database: Database) -> None:
    bring(fresh_database, built_in())
    with pytest.raises(InvalidInput, match="no corridor"):
        design(fresh_database)
    bring(fresh_database, small_town())
    with pytest.raises(InvalidInput, match="no unit price 'gold'"):
        design(fresh_database, unit_costs={"gold": 5})
    with pytest.raises(InvalidInput, match="ring_sites"):
        design(fresh_database, ring_sites=0)


@pytest.mark.skipif(not OPEN_DATA.is_dir(), reason="the region's open data is not beside this clone")
@pytest.mark.slow
def test_brussels_is_designed_as_large_as_it_is_and_survives_export_and_import(
    fresh_database: Database, other_database: Database
) -> None:
    bring(fresh_database, built_in())
    bring(fresh_database, [SourceFile(path.name, path.read_bytes()) for path in sorted(OPEN_DATA.iterdir())])
    record = design(fresh_database)
    told = told_of(fresh_database, record)
    assert 400 <= told["site_count"] <= 450
    assert 340_000 <= told["duct_m"] <= 430_000
    assert told["sites"]["core"] == {"datacentre": 4}
    assert told["two_ways"] > 0.9 * told["site_count"]
    out = exported(fresh_database)
    assert all("OpenStreetMap" in row["source"] for row in json.loads(out["ducts.json"]))
    bring(other_database, [SourceFile(name, content) for name, content in out.items()])
    assert exported(other_database) == out
    bring(other_database, [school("SC-NEW-1", 4.3737, 50.8279)])
    added = told_of(other_database, design(other_database))
    assert added["new_sites"] == ["SC-NEW-1"]
    assert added["duct_m"] < 3_000
