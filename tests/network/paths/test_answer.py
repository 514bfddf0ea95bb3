"""Ways through the plant as people are told them: the best, the pair, and what stands in the way of a pair."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import InvalidInput
from core.postgres_temporary import TemporaryPostgres
from inventory.errors import ObjectNotFound
from inventory.imports import SourceFile
from inventory.region_import import built_in
from network.design.drawing import drawing
from network.paths.answer import Avoided, diverse, several, single_points
from network.paths.plant import Plant, read_plant
from tests.inventory.conftest import SYSTEM
from tests.inventory.test_import import bring

STEP = 0.0015


def nodes_and_ducts() -> list[SourceFile]:
    """Two ways round a square from the data centre, through manholes with cabinets on one feed; a school on a spur.

    ::

        dc ── m1 ── hall        dc-m1-hall and dc-m2-hall, and a dear tram tunnel from dc to hall;
         └─── m2 ───┘           hall ── m3 ── school
    """
    at = {"dc": (0, 0), "m1": (1, 1), "m2": (1, -1), "hall": (2, 0), "m3": (3, 0), "school": (4, 0), "far": (9, 9)}
    sites = {"dc": "DC-ARTS", "hall": "TH-21009", "school": "TH-21001"}
    nodes = [
        {"code": code, "kind": "building" if code in sites else "cabinet" if code in {"m1", "m2"} else "manhole",
         "site": sites.get(code), "feed": "F1" if code in {"m1", "m2"} else None,
         "lon": round(4.35 + x * STEP, 6), "lat": round(50.85 + y * STEP, 6)}
        for code, (x, y) in at.items()
    ]  # fmt: skip
    ways = {"dc-m1": 300, "m1-hall": 310, "dc-m2": 320, "m2-hall": 330, "hall-m3": 200, "m3-school": 210, "tram": 5000}
    ducts = [
        {"code": code, "a_node": "dc" if code == "tram" else code.split("-")[0],
         "b_node": "hall" if code == "tram" else code.split("-")[1], "length_m": metres, "source": "a <map>"}
        for code, metres in ways.items()
    ]  # fmt: skip
    files = {
        "power-feeds": [{"code": "F1"}],
        "plant-nodes": nodes,
        "ducts": ducts,
        "closures": [{"code": "K1", "node": "m1"}],
        "cables": [{"code": "CR.1", "strands": 12, "a_node": "dc", "b_node": "m1", "length_m": 300}],
        "cable-ducts": [{"cable": "CR.1", "duct": "dc-m1", "position": 1}],
    }
    return [SourceFile(f"{name}.json", json.dumps(rows).encode()) for name, rows in files.items()]


@pytest.fixture(scope="module")
def standing(pg: TemporaryPostgres) -> Iterator[Database]:
    with pg.copy() as name:
        opened = Database(lambda role: pg.dsn(role, name))
        bring(opened, built_in())
        prepared, record = bring(opened, nodes_and_ducts())
        assert (record.state, prepared.refused) == ("succeeded", [])
        yield opened
        opened.close()


@pytest.fixture
def plant(standing: Database) -> Plant:
    with standing.transaction("api", SYSTEM) as tx:
        return read_plant(tx)


def test_the_best_way_is_told_duct_by_duct_and_the_next_ones_in_order(plant: Plant) -> None:
    found = several(plant, "DC-ARTS", "TH-21009", by="length", k=9)
    assert [way["length_m"] for way in found["paths"]] == [610.0, 650.0, 5000.0]
    assert found["paths"][0]["nodes"] == ["dc", "m1", "hall"]
    assert found["paths"][0]["ducts"][1] == {"code": "m1-hall", "from": "m1", "length_m": 310.0}
    assert found["a"] == {"node": "dc", "site": "DC-ARTS"}


def test_by_loss_a_splice_may_make_the_longer_way_the_better(plant: Plant) -> None:
    best = several(plant, "dc", "hall", by="loss", k=2)["paths"]
    assert [way["nodes"][1] for way in best] == ["m2", "m1"]
    assert best[0]["loss_db"] == pytest.approx(0.65 * 0.30)
    assert best[1]["loss_db"] == pytest.approx(0.61 * 0.30 + 0.30)


def test_the_pair_shares_nothing_and_is_the_best(plant: Plant) -> None:
    found = diverse(plant, "dc", "hall", by="length", avoid={"duct", "building"})
    assert (found["found"], found["exact"], found["bound"]) == (True, True, 1260.0)
    one, other = ({duct["code"] for duct in way["ducts"]} for way in found["paths"])
    assert one.isdisjoint(other)


def test_a_common_power_feed_sends_the_second_way_through_the_tunnel(plant: Plant) -> None:
    found = diverse(plant, "dc", "hall", by="length", avoid={"building", "feed"})
    assert [way["length_m"] for way in found["paths"]] == [610.0, 5000.0]
    assert (found["exact"], found["avoid"]) == (True, ["duct", "building", "feed"])


@pytest.mark.parametrize(
    ("avoid", "passed"),
    [
        ({"duct"}, {("duct", "hall-m3"), ("duct", "m3-school")}),
        ({"building"}, {("duct", "hall-m3"), ("duct", "m3-school"), ("building", "hall"), ("manhole", "m3")}),
    ],
)
def test_where_there_is_no_pair_it_is_said_what_every_way_passes(
    plant: Plant, avoid: set[Avoided], passed: set[tuple[str, str]]
) -> None:
    found = diverse(plant, "DC-ARTS", "TH-21001", by="length", avoid=avoid)
    assert (found["found"], found["exact"], found["paths"], found["bound"]) == (False, True, [], None)
    assert {(one["kind"], one["key"]) for one in found["because"]} == passed


def test_a_node_without_ducts_is_known_and_no_way_leads_there(plant: Plant) -> None:
    assert several(plant, "dc", "far", by="length", k=1)["paths"] == []
    found = diverse(plant, "dc", "far", by="length", avoid={"duct"})
    assert found["because"] == [{"kind": "no ducts", "key": "far"}]


def test_what_is_not_in_the_plant_and_one_place_twice_are_refused_by_name(plant: Plant) -> None:
    with pytest.raises(ObjectNotFound, match="no building of a site 'moon'"):
        several(plant, "moon", "dc", by="length", k=1)
    with pytest.raises(InvalidInput, match="Both ends are the node 'dc'"):
        several(plant, "DC-ARTS", "dc", by="length", k=1)


def test_single_points_of_failure_name_what_they_cut_off(plant: Plant) -> None:
    found = single_points(plant)
    assert found["cores"] == ["DC-ARTS"]
    cut = {(one["kind"], one["key"]): one["cut"] for one in found["points"]}
    assert cut["duct", "m3-school"] == ["TH-21001"]
    assert cut["building", "hall"] == ["TH-21001"]
    assert cut["building", "dc"] == ["TH-21001", "TH-21009"]
    assert ("duct", "dc-m1") not in cut
    assert ("feed", "F1") not in cut


def test_a_plant_that_alters_is_read_anew_and_one_that_does_not_is_not(standing: Database) -> None:
    with standing.transaction("api", SYSTEM) as tx:
        first, again = read_plant(tx), read_plant(tx)
    assert again is first
    with standing.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update duct set length_m = 4999, updated_at = clock_timestamp() where code = 'tram'"))
    with standing.transaction("api", SYSTEM) as tx:
        assert read_plant(tx).ducts["tram"].length_mm == 4_999_000


def test_the_picture_shows_each_duct_once_by_what_lies_in_it_and_names_its_sources(standing: Database) -> None:
    with standing.transaction("api", SYSTEM) as tx:
        picture = drawing(tx)
    assert picture.count("<path d=") == 7 + 1  # the ducts, and the scale
    assert picture.count("<circle") == 3 + 2  # the buildings, and the legend
    assert "a &lt;map&gt;" in picture
    assert ">core</text>" in picture
    assert ">no cable</text>" in picture


def test_a_site_is_entered_by_its_building_and_by_a_cabinet_where_it_has_none(standing: Database) -> None:
    nodes = [
        {"code": code, "kind": "cabinet", "site": site, "lon": 4.36, "lat": 50.84}
        for code, site in (("a-cabinet", "DC-ARTS"), ("b-cabinet", "DC-ULB"), ("c-cabinet", "DC-ULB"))
    ]
    bring(standing, [SourceFile("plant-nodes.json", json.dumps(nodes).encode())])
    with standing.transaction("api", SYSTEM) as tx:
        found, picture = read_plant(tx), drawing(tx)
    assert [found.node(site, pointer="/a") for site in ("DC-ARTS", "DC-ULB")] == ["dc", "b-cabinet"]
    assert picture.count("<circle") == 4 + 2, "each site once, and the legend"
