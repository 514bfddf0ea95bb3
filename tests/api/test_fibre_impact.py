"""`/api/v1/fibre/impact` over HTTP: who may ask, what is answered, what is refused and where."""

from __future__ import annotations

import pytest

from benchmarks.plants import write
from core.db import Database
from tests.api.people import Person
from tests.network.impact.test_impact import RING, SYSTEM


@pytest.fixture(scope="module", autouse=True)
def plant(database: Database, engineer: Person) -> None:
    with database.transaction("owner", SYSTEM) as tx:
        write(tx, RING)


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
