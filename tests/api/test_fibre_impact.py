"""`/api/v1/fibre/impact` and `/works` over HTTP: who may ask, what is answered, who is told, what is refused where."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from benchmarks.plants import write
from core.db import Database
from tests.api.people import Hire, Person
from tests.network.impact.test_impact import RING, SYSTEM


@pytest.fixture(scope="module", autouse=True)
def plant(database: Database, engineer: Person, tenants: dict[str, UUID]) -> None:
    with database.transaction("owner", SYSTEM) as tx:
        write(tx, RING)
        tenants.update((row.code, row.id) for row in tx.execute(text("select code, id from tenant")))


def test_an_engineer_asks_what_a_cable_takes(engineer: Person) -> None:
    answer = engineer.post("/api/v1/fibre/impact", json={"of": [{"kind": "cable", "key": "C0"}]})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert {row["code"]: row["state"] for row in found["circuits"]} == {"K0": "protected", "K2": "down"}
    assert found["totals"]["circuits"] == {"down": 1, "protected": 1}
    assert found["lost"]["cables"] == [{"code": "C0", "strands": 12, "a": "N0", "b": "N1", "length_m": 20000.0}]


def test_an_agency_may_not_ask_where_the_regions_fibre_lies(agent: Person) -> None:
    assert agent.post("/api/v1/fibre/impact", json={"of": [{"kind": "cable", "key": "C0"}]}).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 422, "/of"),
        ({"of": [{"kind": "cable", "key": "C9"}]}, 404, "/of/0/key"),
        ({"of": [{"kind": "pipe", "key": "C0"}]}, 422, "/of/0/kind"),
        ({"polygon": {"type": "Point", "coordinates": [4, 50]}}, 422, "/polygon"),
        ({"of": [], "what": 1}, 422, "/what"),
    ],
)
def test_a_question_that_means_nothing_is_refused_where_it_is_wrong(
    engineer: Person, body: dict[str, object], status: int, pointer: str
) -> None:
    answer = engineer.post("/api/v1/fibre/impact", json=body)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert pointer in (problem.get("pointer"), *(error.get("pointer") for error in problem.get("errors", ())))


FROM, UNTIL = "2027-01-31T22:00:00Z", "2027-02-01T04:00:00Z"


def test_works_are_announced_to_those_whose_circuits_they_touch(engineer: Person, hire: Hire, plant: None) -> None:
    body = {"of": [{"kind": "cable", "key": "C0"}], "begins": FROM, "ends": UNTIL}
    made = engineer.post("/api/v1/fibre/works", json=body)
    assert made.status_code == 201, made.text
    notice = made.json()
    assert notice["state"] == "draft"
    assert notice["impact"] == "interrupted"
    assert {(one["type"], one["name"], one["tenant"]) for one in notice["resources"]} == {
        ("circuit", "K0", "t0"), ("circuit", "K2", "t1"),
    }  # fmt: skip
    assert notice["title"]["nl"] == "Werken aan het glasvezelnet: C0"
    theirs, strangers = hire("theirs", "agency-user", tenant="t1"), hire("strangers", "agency-user", tenant="t2")
    assert theirs.get("/api/v1/maintenance").json()["items"] == []
    told = engineer.send(
        "PATCH", f"/api/v1/maintenance/{notice['id']}", json={"state": "scheduled"},
        headers={"If-Match": made.headers["etag"]},
    )  # fmt: skip
    assert told.status_code == 200, told.text
    (seen,) = theirs.get("/api/v1/maintenance").json()["items"]
    assert [one["name"] for one in seen["resources"]] == ["K2"]
    assert strangers.get("/api/v1/maintenance").json()["items"] == []


def test_works_that_touch_nobody_need_no_notice(engineer: Person, agent: Person) -> None:
    body = {"of": [{"kind": "strand", "key": "C0/12"}], "begins": FROM, "ends": UNTIL}
    refused = engineer.post("/api/v1/fibre/works", json=body)
    assert refused.status_code == 422, refused.text
    assert "Nothing that is known of is touched" in refused.json()["detail"]
    assert agent.post("/api/v1/fibre/works", json=body).status_code == 403
