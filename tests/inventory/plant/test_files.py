"""The plant out and in again by every form of file is the same; other people's files, with what is wrong told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.db import Database
from inventory.imports import SourceFile, read_all
from inventory.plant.export import export_csv, export_geojson
from inventory.region_import import prepare
from orchestrator.planning import ChangeRequest
from orchestrator.records import ChangeRecord
from orchestrator.submitting import submit
from tests.inventory.conftest import SYSTEM, create, engineer_of, region_operations, submitter
from tests.inventory.plant.conftest import A, B, M, planted
from tests.inventory.test_import import exported


def _bring(database: Database, files: list[SourceFile]) -> tuple[list[str], ChangeRecord]:
    person = engineer_of(database)
    with database.transaction("api", person.scope("t", "import")) as tx:
        found = prepare(tx, person.scope("t", "import"), files)
    asked = ChangeRequest(kind="inventory.import", intent=found.intent, reason="import")
    return [one.reason for one in found.refused], submit(database, person, asked)


def _filled(database: Database) -> None:
    do = planted(database)
    engineer_of(database, "ixelles")
    do(
        "inventory.edit",
        operations=[
            create("panel_port", {"panel": "PB", "number": 10, "connector": "SC/APC"}),
            create("patch_cord", {"code": "PC", "a_port": "PB/2", "b_port": "PB/10", "length_m": 2.5}),
            create("strand_hold", {"strand": "C1/9", "tenant": "ixelles", "purpose": "an école, \"quoted\""}),
            create("circuit", {"code": "X2", "tenant": "ixelles", "protection": "diverse", "b_port": "PB/2"}),
            create("duct", {"code": "D3", "a_node": "A", "b_node": "B", "length_m": 1100, "kind": "tunnel"}),
        ],
    )  # fmt: skip


def test_the_region_goes_out_and_in_with_its_plant(fresh_database: Database, database: Database) -> None:
    _filled(fresh_database)
    first = exported(fresh_database)
    assert {"splices.json", "panel-ports.json", "circuit-strands.json"} <= first.keys()
    assert "strands.json" not in first
    refused, record = _bring(database, [SourceFile(name, content) for name, content in first.items()])
    assert (refused, record.state) == ([], "succeeded")
    assert exported(database) == first


def test_tables_go_out_and_in(fresh_database: Database, database: Database) -> None:
    _filled(fresh_database)
    with fresh_database.transaction("api", SYSTEM) as tx:
        tables = export_csv(tx)
    rest = [SourceFile(name, content) for name, content in exported(fresh_database).items()
            if name.removesuffix(".json") not in {table.stem.removesuffix(".csv") for table in tables}]  # fmt: skip
    refused, _ = _bring(database, [*rest, *tables])
    assert refused == []
    with database.transaction("api", SYSTEM) as tx:
        assert export_csv(tx) == tables
    refused, again = _bring(database, tables)
    assert (refused, again.outcome) == ([], {"nothing_to_do": True})


def test_maps_go_out_and_in(fresh_database: Database, pg: Any) -> None:
    _filled(fresh_database)
    with fresh_database.transaction("api", SYSTEM) as tx:
        drawn = export_geojson(tx)
    kinds = [one["properties"]["plant"] for one in json.loads(drawn)["features"]]
    assert kinds == ["plant_node"] * 3 + ["duct"] * 3 + ["cable"] * 2
    with pg.copy() as name:
        empty = Database(lambda role: pg.dsn(role, name))
        submitter(empty, engineer_of(empty))("inventory.edit", operations=region_operations())
        refused, _ = _bring(empty, [SourceFile("plant.geojson", drawn.encode())])
        assert refused == []
        with empty.transaction("api", SYSTEM) as tx:
            assert export_geojson(tx) == drawn
        empty.close()


def _collection(*features: tuple[str, Any, dict[str, Any]]) -> SourceFile:
    made = [{"type": "Feature", "geometry": {"type": shape, "coordinates": places}, "properties": properties}
            for shape, places, properties in features]  # fmt: skip
    return SourceFile("theirs.geojson", json.dumps({"type": "FeatureCollection", "features": made}).encode())


def test_other_peoples_lines_are_ducts_as_long_as_they_are_drawn(fresh_database: Database) -> None:
    submitter(fresh_database, engineer_of(fresh_database))("inventory.edit", operations=region_operations())
    theirs = _collection(
        ("Point", A, {"code": "MH-1", "kind": "manhole", "colour": "red"}),
        ("Point", B, {"code": "MH-2", "kind": "handhole"}),
        ("LineString", [A, M, B], {"code": "T-1", "a_node": "MH-1", "b_node": "MH-2"}),
        ("LineString", [A, B], {"code": "CB-1", "a_node": "MH-1", "b_node": "MH-2", "strands": 12, "ducts": ["T-1"]}),
    )
    refused, record = _bring(fresh_database, [theirs])
    assert (refused, record.state) == ([], "succeeded")
    found = exported(fresh_database)
    assert json.loads(found["ducts.json"])[0]["length_m"] == pytest.approx(1074.6, abs=1)
    assert json.loads(found["cable-ducts.json"])[0]["duct"] == "T-1"


@pytest.mark.parametrize(
    ("feature", "told"),
    [
        (("Point", (50.84, 4.35), {"code": "N", "kind": "manhole"}), "wrong order"),
        (("Point", (149000.0, 170500.0), {"code": "N", "kind": "manhole"}), "EPSG:31370"),
        (("Point", None, {"code": "N", "kind": "manhole"}), "not a point"),
        (("LineString", [A, (484000.0, 6594000.0)], {"code": "D", "a_node": "A", "b_node": "B"}), "EPSG:3857"),
        (("LineString", [A, "x"], {"code": "D", "a_node": "A", "b_node": "B", "length_m": 9}), "path"),
        (("LineString", [A, [None, 1]], {"code": "D", "a_node": "A", "b_node": "B"}), ""),
        (("LineString", [A, B], {"code": "D", "a_node": "NOWHERE", "b_node": "B"}), "no plant node"),
        (("LineString", [A, B], {"code": "C", "a_node": "A", "b_node": "B", "strands": "many"}), "strands"),
    ],
)
def test_a_feature_that_cannot_be_is_refused_with_its_reason(
    database: Database, feature: tuple[str, Any, dict[str, Any]], told: str
) -> None:
    engineer_of(database)
    with database.transaction("api", SYSTEM) as tx:
        found = prepare(tx, SYSTEM, [_collection(feature)])
    assert found.records == 0
    assert len(found.refused) == 1
    assert told in found.refused[0].reason


def test_lines_that_join_nothing_are_counted_not_taken() -> None:
    reading = read_all([_collection(("LineString", [A, B], {"name": "a street"}))])
    assert reading.sources["theirs.geojson"]["not_taken"] == 1
