"""What the lab's fibres lie in: entered once, traced, cut on paper, told by incidents, and left alone by a design."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from core.db import Database
from core.postgres_temporary import TemporaryPostgres
from core.settings import Settings, load
from inventory.imports import SourceFile
from inventory.plant.loss import budget
from inventory.region_import import built_in
from lab import entries, seed
from lab.desk import Desk
from lab.network.topology import LARGEST, SMALLEST, Topology, plan
from lab.plant import cabinet, cable, plant_of
from network.design.plan import Place
from network.impact.answer import impact
from network.impact.subjects import Question, Subject
from network.incidents.correlating import correlate
from network.incidents.plant import ways_of_links
from network.incidents.seeing import LinkSight
from network.paths.answer import diverse, single_points
from network.paths.plant import read_plant
from network.services.ways import ways
from tests.api.people import Hire
from tests.api.serving import serve
from tests.inventory.conftest import SYSTEM, create, engineer_of, submitter
from tests.inventory.test_import import bring
from tests.network.design.test_change import design, plant, small_town

TOPOLOGY = plan()
LINKS = [fibre.name for fibre in TOPOLOGY.fibres]


@cache
def places() -> Mapping[str, Place]:
    """Where the region's sites are."""
    (file,) = (file for file in built_in() if file.name == "sites.json")
    return {one["code"]: (one["lon"], one["lat"]) for one in json.loads(file.content)}


def routers_of(topology: Topology) -> list[dict[str, Any]]:
    """What enters the lab's routers and links."""
    return entries.operations_for(
        load({"IRISPLANE_INSTANCE": "test"}), topology, {one.name for one in topology.routers}
    )


@pytest.fixture(scope="module")
def desk(app: FastAPI, settings: Settings, hire: Hire) -> Iterator[Desk]:
    """The region and its routers, as ``irisplane up`` has entered them before it comes to the plant."""
    people = {"engineer": {"token": hire("emma", "engineer").token}}
    with serve(app) as address:
        here = settings.model_copy(update={"listen": address.removeprefix("http://")})
        with Desk(here, people) as made:
            made.import_region("a test")
            made.change("inventory.edit", {"operations": routers_of(TOPOLOGY)}, "a test")
            theirs = create("circuit", {"code": "theirs", "link": "cr01-cr03"})
            made.change("inventory.edit", {"operations": [theirs]}, "a test")
            assert seed._plant(made, TOPOLOGY) is True
            yield made


@given(st.integers(SMALLEST, LARGEST))
def test_every_fibre_has_a_cable_and_no_duct_alone_parts_a_router_from_the_others(size: int) -> None:
    topology = plan(size)
    made = plant_of(topology, places())
    assert [one["code"] for one in made["cable"]] == [cable(fibre) for fibre in topology.fibres]
    lying = {one["code"]: set[str]() for one in made["duct"]}
    for one in made["cable_duct"]:
        lying[one["duct"]].add(one["cable"])
    assert max(len(cables) for cables in lying.values()) > 1 or size < 8, "somewhere one spade is two links"
    for lost in lying.values():
        left = [{fibre.a, fibre.b} for fibre in topology.fibres if cable(fibre) not in lost]
        reached, before = {topology.routers[0].name}, 0
        while len(reached) > before:
            before = len(reached)
            reached = reached.union(*(ends for ends in left if ends & reached))
        assert len(reached) == size, lost
    for kind, values in made.items():
        if "code" in values[0]:
            assert len({one["code"] for one in values}) == len(values), kind


def test_a_site_without_a_place_is_left_out_with_its_fibres() -> None:
    known = {code: place for code, place in places().items() if code != "DC-ARTS"}
    made = plant_of(TOPOLOGY, known)
    assert {one["code"] for one in made["cable"]} == {
        cable(fibre) for fibre in TOPOLOGY.fibres if "cr01" not in (fibre.a, fibre.b)
    }
    assert cabinet("DC-ARTS") not in json.dumps(made)
    assert plant_of(TOPOLOGY, {}) == {kind: [] for kind in made}


def test_it_is_entered_once_and_what_people_entered_stays_theirs(desk: Desk) -> None:
    changes = len(list(desk.every("/api/v1/changes")))
    assert seed._plant(desk, TOPOLOGY) is False
    assert len(list(desk.every("/api/v1/changes"))) == changes
    circuits = {one["link"]: one["code"] for one in desk.every("/api/v1/circuits")}
    assert circuits.pop("cr01-cr03") == "theirs"
    assert circuits == {name: f"LAB-{name}" for name in LINKS if name != "cr01-cr03"}
    for collection in ("plant-nodes", "ducts", "cables"):
        assert {one["provenance"] for one in desk.every(f"/api/v1/{collection}")} == {"synthetic"}


def test_light_goes_from_router_to_router_and_arrives_as_planned(desk: Desk, database: Database) -> None:
    for fibre in TOPOLOGY.fibres:
        if fibre.name == "cr01-cr03":
            continue
        with database.transaction("api", SYSTEM) as tx:
            found = budget(tx, "interface", f"{fibre.a}:{fibre.a_interface}")
            assert budget(tx, "circuit", cable(fibre)) == found
        assert (found["a"], found["b"]) == (f"{fibre.a}:{fibre.a_interface}", f"{fibre.b}:{fibre.b_interface}")
        assert found["lit"]
        assert found["unknown"] == 0
        for way in found["directions"]:
            assert (way["verdict"], way["measured"]) == ("fits", "as-expected"), way


def test_a_cut_cable_is_told_beforehand_and_no_circuit_is_unknown(desk: Desk, database: Database) -> None:
    with database.transaction("api", SYSTEM) as tx:
        found = impact(tx, Question(of=(Subject(kind="cable", key="LAB-ac01-ag01"),)))
        both = impact(tx, Question(of=(Subject(kind="duct", key="LAB-D-ST-GARE-DU-MIDI"),)))
    assert desk is not None
    assert found["links"] == [{"name": "ac01-ag01", "state": "down"}]
    assert [(one["code"], one["strands"]) for one in found["circuits"]] == [("LAB-ac01-ag01", ["LAB-ac01-ag01/1"])]
    assert {"name": "ac01", "role": "access", "site": "TH-21001", "state": "protected"} in found["devices"]
    assert found["unknown"] == {"links_without_circuit": 0}
    assert [one["name"] for one in both["links"]] == ["ac01-ag01", "ac04-ag01"]
    assert not [one for one in both["devices"] if one["state"] == "down"]


def test_whichever_links_fall_the_cable_or_the_duct_they_share_is_named(desk: Desk, database: Database) -> None:
    with database.transaction("worker", SYSTEM) as tx:
        ways = ways_of_links(tx)
    assert desk is not None

    def named(*down: str) -> list[str]:
        sights = [LinkSight(name, "down" if name in down else "up", (), ()) for name in LINKS]
        return [fault.name for fault in correlate(sights, (), ways)]

    laid = [name for name in LINKS if name != "cr01-cr03"]
    for name in laid:
        assert named(name) == [f"cable LAB-{name}"]
    assert named("ac01-ag01", "ac04-ag01") == ["duct LAB-D-ST-GARE-DU-MIDI"]
    for one, other in combinations([name for name in laid if not name.startswith("ac")], 2):
        assert named(one, other) == sorted([f"cable LAB-{one}", f"cable LAB-{other}"])


def test_a_service_tells_the_strands_that_it_goes_over(desk: Desk, database: Database) -> None:
    with database.transaction("api", SYSTEM) as tx:
        (way,) = ways(tx, ["ac01", "ag03"], "diverse")
    assert desk is not None
    assert way.strands == tuple(f"LAB-{link}/1" for link in way.links)
    assert len(way.strands) > 1
    assert f"(strands {', '.join(way.strands)})" in str(way)
    assert set(way.second).isdisjoint(way.links)


def test_two_ways_apart_lead_from_a_town_hall_and_nothing_alone_cuts_it_off(desk: Desk, database: Database) -> None:
    with database.transaction("api", SYSTEM) as tx:
        found = read_plant(tx)
    assert desk is not None
    assert diverse(found, "TH-21001", "DC-USINES", by="length", avoid=("duct", "building"))["found"]
    told = single_points(found)
    assert told["cores"] == ["DC-ARTS", "DC-SIAMU", "DC-ULB", "DC-USINES"]
    assert (told["sites"], told["points"], told["unreached"]) == (12, [], [])


def test_a_design_neither_counts_nor_uses_it(database: Database, pg: TemporaryPostgres) -> None:
    """With the lab and without it, the same network is laid over the same town."""
    made: list[dict[str, list[dict[str, Any]]]] = []
    for with_lab in (True, False):
        with pg.copy() as name:
            here = Database(lambda role, name=name: pg.dsn(role, name))  # type: ignore[misc]  # bound at once
            bring(here, built_in())
            own: dict[str, list[dict[str, Any]]] = {}
            if with_lab:
                run = submitter(here, engineer_of(here))
                run("inventory.edit", operations=routers_of(TOPOLOGY))
                laid = [create(kind, *values) for kind, values in plant_of(TOPOLOGY, places()).items()]
                run("inventory.edit", operations=laid)
                own = plant(here)
                assert len(own["cables"]) == len(TOPOLOGY.fibres)
            bring(here, small_town())
            bring(here, [_at_a_data_centre()])
            assert design(here).state == "succeeded"
            after = plant(here)
            made.append({kind: [row for row in rows if row not in own.get(kind, [])] for kind, rows in after.items()})
            for kind, rows in own.items():
                assert all(row in after[kind] for row in rows), kind
            assert design(here).outcome == {"nothing_to_do": True}
            here.close()
    assert "DC-USINES" in json.dumps(made[0]["circuits"]), "the design comes to a site of the lab"
    assert made[0] == made[1]


def _at_a_data_centre() -> SourceFile:
    """A site of the lab that the town's streets lead to."""
    row = {"code": "DC-USINES", "kind": "datacentre", "name_fr": "D", "name_nl": "D", "lon": 4.3647, "lat": 50.8671}
    return SourceFile("sites.json", json.dumps([row]).encode())
