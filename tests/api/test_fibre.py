"""The plant over HTTP: traces, budgets, places, and what is asked in a way that means nothing."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.api.foreign import plant_of
from tests.api.people import Person


@pytest.fixture(scope="module", autouse=True)
def plant(engineer: Person) -> None:
    """The region and a small plant."""
    assert engineer.post("/api/v1/region:import?builtin=brussels").status_code == 201
    device = {"role": "access", "device_type": "FRRouting/FRR", "site": "TH-21009"}
    port = [{"name": "to-other", "kind": "physical"}]
    devices = [{"name": name, "interfaces": port, **device} for name in ("own01", "own02")]
    for collection, body in [("devices", devices), *plant_of()]:
        answer = engineer.post(f"/api/v1/{collection}", json=body)
        assert answer.status_code == 201, (collection, answer.text)


def test_a_trace_leads_through_patch_cords(engineer: Person) -> None:
    answer = engineer.get("/api/v1/fibre/trace?strand=C-zk7/1")
    assert answer.status_code == 200, answer.text
    names = [hop["name"] for hop in answer.json()["hops"]]
    assert names == ["P-zk7/3", "PC-zk7", "P-zk7/1", "C-zk7/1", "K-zk7", "D-zk7/1", "P-zk7/2"]


def test_a_budget_and_a_place_are_answered(engineer: Person) -> None:
    found = engineer.get("/api/v1/fibre/loss?panel_port=P-zk7/2&wavelength_nm=1550").json()
    assert [one["part"] for one in found["parts"]] == ["fibre", "splices", "connectors"]
    place = engineer.get("/api/v1/fibre/locate?strand=C-zk7/1&node=NA-zk7&metres=100&towards=NB-zk7")
    assert place.status_code == 200, place.text
    assert (place.json()["cable"], place.json()["exact"]) == ("C-zk7", True)


def test_the_plant_comes_as_a_map_and_as_tables(engineer: Person) -> None:
    features = engineer.get("/api/v1/fibre:geojson").json()["features"]
    assert {one["properties"]["plant"] for one in features} == {"plant_node", "duct", "cable"}
    with zipfile.ZipFile(io.BytesIO(engineer.get("/api/v1/fibre:csv").content)) as archive:
        assert b"C-zk7/1" in archive.read("splices.csv")


def test_a_closure_is_answered_as_data_and_drawn(engineer: Person) -> None:
    plan = engineer.get("/api/v1/fibre/splice-plan?closure=K-zk7").json()
    assert [one["left"]["cable"] for one in plan["splices"]] == ["C-zk7"]
    drawn = engineer.get("/api/v1/fibre/splice-plan:svg?closure=K-zk7&language=nl")
    assert (drawn.headers["content-type"].split(";")[0], "Lasplan" in drawn.text) == ("image/svg+xml", True)
    assert engineer.get("/api/v1/fibre/splice-plan:pdf?closure=K-zk7").content.startswith(b"%PDF")
    assert engineer.get("/api/v1/fibre/splice-plan:svg?closure=NOWHERE").status_code == 404


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("trace", "INV-103", "/query"),
        ("trace?strand=C-zk7/1&circuit=X-zk7", "INV-103", "/query"),
        ("trace?strand=C-zk7/3", "INV-140", None),
        ("trace?panel_port=P-zk7/4", "INV-141", None),
        ("loss?strand=C-zk7/1&wavelength_nm=10", None, None),
        ("locate?strand=C-zk7/1&node=NOWHERE&metres=1", "INV-103", "/query/node"),
        ("locate?strand=C-zk7/1&node=NA-zk7&metres=1e5&towards=NB-zk7", "INV-103", "/query/metres"),
    ],
)
def test_what_means_nothing_is_refused(engineer: Person, query: str, code: str | None, pointer: str | None) -> None:
    answer = engineer.get(f"/api/v1/fibre/{query}")
    assert answer.status_code in {400, 404, 422}
    if code is not None:
        assert answer.json()["code"] == code
        assert [one["pointer"] for one in answer.json().get("errors", [])] == ([pointer] if pointer else [])
