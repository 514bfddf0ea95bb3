"""`/api/v1/fibre/path` and its neighbours over HTTP: who may ask, what is answered, what is refused where."""

from __future__ import annotations

import pytest

from tests.api.foreign import plant_of
from tests.api.people import Person


@pytest.fixture(scope="module", autouse=True)
def plant(engineer: Person) -> None:
    """The region, and a duct between two buildings."""
    assert engineer.post("/api/v1/region:import?builtin=brussels").status_code == 201
    for collection, body in plant_of():
        if collection in {"power-feeds", "plant-nodes", "ducts"}:
            answer = engineer.post(f"/api/v1/{collection}", json=body)
            assert answer.status_code == 201, (collection, answer.text)


def test_the_way_between_two_sites_is_answered(engineer: Person) -> None:
    answer = engineer.get("/api/v1/fibre/path?a=DC-ARTS&b=TH-21009&k=3")
    assert answer.status_code == 200, answer.text
    (way,) = answer.json()["paths"]
    assert [duct["code"] for duct in way["ducts"]] == ["DU-zk7"]
    assert way["length_m"] == 400


@pytest.mark.parametrize("asked", ["disjoint=edge", "disjoint=node", "avoid=duct", "avoid=building,feed"])
def test_where_there_is_no_pair_the_duct_that_every_way_passes_is_named(engineer: Person, asked: str) -> None:
    found = engineer.get(f"/api/v1/fibre/path?a=DC-ARTS&b=TH-21009&{asked}").json()
    assert (found["found"], found["exact"], found["paths"]) == (False, True, [])
    assert found["because"] == [{"kind": "duct", "key": "DU-zk7"}]


def test_what_a_data_centre_alone_holds_up_is_answered(engineer: Person) -> None:
    found = engineer.get("/api/v1/fibre/weak-points").json()
    assert found["cores"] == ["DC-ARTS"]
    assert {(one["kind"], one["key"]): one["cut"] for one in found["points"]} == {
        ("duct", "DU-zk7"): ["TH-21009"],
        ("building", "NA-zk7"): ["TH-21009"],
    }


def test_the_picture_is_an_svg(engineer: Person) -> None:
    answer = engineer.get("/api/v1/fibre/map.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg ")


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("a=DC-ARTS&b=nowhere", 404, "no building of a site 'nowhere'"),
        ("a=DC-ARTS&b=NA-zk7", 422, "Both ends are the node 'NA-zk7'"),
        ("a=DC-ARTS&b=TH-21009&avoid=rain", 422, "'rain' cannot be avoided"),
        ("a=DC-ARTS&b=TH-21009&k=0", 422, "k"),
        ("a=DC-ARTS", 422, "b"),
    ],
)
def test_a_question_that_means_nothing_is_refused(engineer: Person, query: str, status: int, said: str) -> None:
    answer = engineer.get(f"/api/v1/fibre/path?{query}")
    assert answer.status_code == status
    assert said in answer.text


def test_an_agency_sees_nothing_of_the_regions_plant(agent: Person) -> None:
    assert agent.get("/api/v1/fibre/path?a=DC-ARTS&b=TH-21009").status_code in {403, 404}
    assert agent.get("/api/v1/fibre/weak-points").status_code in {403, 422}
    assert "<circle" not in agent.get("/api/v1/fibre/map.svg").text
