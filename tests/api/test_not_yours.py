"""What is not yours and what does not exist are one answer, at every address; and lists show neither."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from fastapi import FastAPI

from core.db import Database
from core.journal.sequencer import Sequencer
from inventory.objects import ALL
from tests.api.example_kind import only_example
from tests.api.people import Person

SHARED = {"communes", "device-types"}
"""Every tenant may read these: names of communes and of products."""

ABSENT: dict[str, str] = {"tenants": "no-such", "asns": "4199999999", "communes": "99999", "change_id": str(uuid4())}
STREAMS = ("/events",)
EMPTY: tuple[object, ...] = ({"items": [], "next": None}, [], {"all": {"children": []}, "_meta": {"hostvars": {}}})


@pytest.fixture(scope="module", autouse=True)
def region(engineer: Person) -> None:
    """Something of the region's own of every type."""
    imported = engineer.post("/api/v1/region:import?builtin=brussels")
    assert imported.status_code == 201, imported.text
    device = {"role": "access", "device_type": "FRRouting/FRR", "site": "TH-21009"}
    port = [{"name": "to-other", "kind": "physical"}]
    made: dict[str, Any] = {
        "rooms": {"site": "TH-21009", "name": "cellar"},
        "devices": [{"name": name, "interfaces": port, **device} for name in ("own01", "own02")],
        "links": {"name": "own01-own02", "a": "own01:to-other", "b": "own02:to-other"},
        "device-access": {"device": "own01", "username": "irisplane", "secret_name": "device/own01/irisplane"},
        "rack-placements": {"device": "own01", "rack": "DC-ARTS/R01", "units": "40-40"},
        "addresses": {"address": "10.255.0.77/32", "prefix": "global 10.255.0.0/24"},
        "vlans": {"group": "DC-ARTS", "vid": 77, "name": "own"},
        "config-contexts": {"name": "own", "scope": "region", "data": {"ntp": ["10.0.0.1"]}},
    }
    for collection, body in made.items():
        answer = engineer.post(f"/api/v1/{collection}", json=body)
        assert answer.status_code == 201, (collection, answer.text)
    number = engineer.post("/api/v1/asn-ranges/region-private:allocate", json={})
    assert number.status_code == 201, number.text


@pytest.fixture(scope="module")
def waiting(engineer: Person) -> Iterator[str]:
    """A change of the region's that waits for its lead."""
    with only_example():
        asked = {"kind": "network.example", "intent": {"names": ["own01"]}, "reason": "the region's own"}
        yield str(engineer.post("/api/v1/changes", json=asked).json()["id"])


def _said(person: Person, path: str, named: str, method: str = "GET", **kwargs: object) -> tuple[int, str]:
    """The answer, without what was asked for and under which request."""
    answer = person.send(method, path, **kwargs)
    body = answer.json()
    body.pop("request_id", None)
    body.pop("instance", None)
    return answer.status_code, str(body).replace(named, "<it>")


def test_objects_of_the_region_look_absent_to_an_agency(app: FastAPI, engineer: Person, agent: Person) -> None:
    paths = [path for path, verbs in app.openapi()["paths"].items() if "get" in verbs and "{ref}" in path]
    assert len(paths) > len(ALL) - 2
    for path in paths:
        collection = path.split("/")[3]
        items = engineer.get(f"/api/v1/{collection}?limit=5").json()["items"]
        assert items, f"the region has no {collection}: nothing was tried"
        for item in items:
            absent = str(uuid4())
            if collection in SHARED:
                assert agent.get(path.replace("{ref}", item["id"])).status_code == 200
                continue
            theirs = _said(agent, path.replace("{ref}", item["id"]), item["id"])
            assert theirs == _said(agent, path.replace("{ref}", absent), absent), path
            assert theirs[0] == 404, path


def test_names_of_the_regions_objects_look_absent_too(engineer: Person, agent: Person) -> None:
    for path, there, absent in (
        ("/api/v1/devices/{}", "own01", "own99"),
        ("/api/v1/devices/{}/context", "own01", "own99"),
        ("/api/v1/sites/{}", "TH-21009", "TH-99999"),
        ("/api/v1/vrfs/{}", "global", "nowhere"),
        ("/api/v1/racks/{}", "DC-ARTS/R01", "DC-ARTS/R99"),
        ("/api/v1/tenants/{}", "region", "nobody"),
        ("/api/v1/tenants/{}", "uccle", "nobody"),
        ("/api/v1/network/devices/{}/config", "own01", "own99"),
        ("/api/v1/network/devices/{}/versions", "own01", "own99"),
    ):
        theirs = _said(agent, path.format(quote(there)), there)
        assert theirs == _said(agent, path.format(quote(absent)), absent), path
        assert theirs[0] in {403, 404}


def test_changes_of_the_region_look_absent_to_an_agency(app: FastAPI, agent: Person, waiting: str) -> None:
    paths = [
        path
        for path, verbs in app.openapi()["paths"].items()
        if "get" in verbs and "{change_id}" in path and not path.endswith(STREAMS)
    ]
    assert len(paths) >= 4
    absent = str(uuid4())
    for path in paths:
        theirs = _said(agent, path.replace("{change_id}", waiting), waiting)
        assert theirs == _said(agent, path.replace("{change_id}", absent), absent), path
        assert theirs[0] == 404
    assert agent.get(f"/api/v1/changes/{waiting}/events").status_code == 404
    yes = {"plan_hash": "0" * 64, "reason": "hostile"}
    for verb, body in (("approve", yes), ("reject", yes), ("cancel", {"reason": "x"}), ("undo", {"reason": "x"}),
                       ("replan", {"reason": "x"})):  # fmt: skip
        sent = [
            _said(agent, f"/api/v1/changes/{which}:{verb}", which, "POST", json=body,
                  headers={"Idempotency-Key": uuid4().hex})
            for which in (waiting, absent)
        ]  # fmt: skip
        assert sent[0] == sent[1], verb
        assert sent[0][0] in {403, 404}


def test_writing_the_regions_objects_looks_like_writing_nothing(engineer: Person, agent: Person) -> None:
    for collection, key in (("devices", "own01"), ("sites", "TH-21009"), ("vrfs", "global")):
        item = engineer.get(f"/api/v1/{collection}/{key}").json()
        absent = str(uuid4())
        for method in ("PATCH", "DELETE"):
            kwargs: dict[str, object] = {"json": {"status": "active"}} if method == "PATCH" else {}
            sent = [
                _said(agent, f"/api/v1/{collection}/{which}", which, method, headers={"If-Match": "*"}, **kwargs)
                for which in (item["id"], absent)
            ]
            assert sent[0] == sent[1], (collection, method)
            assert sent[0][0] in {403, 404}
    for pool in ("prefixes/global 10.64.0.0%2F12", "vlan-groups/DC-ARTS", "racks/DC-ARTS%2FR01"):
        assert agent.post(f"/api/v1/{pool}:allocate", json={"name": "x"}).status_code in {403, 404, 422}


def test_lists_show_an_agency_nothing_of_the_region(
    app: FastAPI, database: Database, agent: Person, waiting: str
) -> None:
    Sequencer(database, None).drain()
    lists = [
        path for path, verbs in app.openapi()["paths"].items()
        if "get" in verbs and "{" not in path and not path.endswith((*STREAMS, "/export", ":export", "/metrics"))
    ]  # fmt: skip
    assert len(lists) > 25
    for path in lists:
        answer = agent.get(path)
        assert answer.status_code in {200, 403, 422}, (path, answer.text)
        for canary in ("own01", "TH-21009", waiting, "10.255.0.77", "the region's own"):
            assert canary not in answer.text, (path, canary)
    for path in (
        "/api/v1/devices:select?select=name=own01",
        "/api/v1/ansible-inventory?select=role=access",
        "/api/v1/prometheus/targets?select=name~own*",
        "/api/v1/devices?q=own",
        "/api/v1/devices?site=TH-21009",
        "/api/v1/interfaces?device=own01",
        "/api/v1/audit?subject=own01",
        f"/api/v1/audit?change={waiting}",
        "/api/v1/changes?requested_by=engineer",
    ):
        answer = agent.get(path)
        assert answer.status_code in {200, 422}, path
        if answer.status_code == 200:
            assert answer.json() in EMPTY, path
        else:  # an unknown name is repeated as it was asked, and nothing else
            nowhere = agent.get(path.replace("TH-21009", "NOWHERE").replace("own01", "NOWHERE"))
            assert (
                nowhere.text.replace("NOWHERE", "<it>").partition("request_id")[0]
                == (answer.text.replace("TH-21009", "<it>").replace("own01", "<it>").partition("request_id")[0])
            )


def test_the_journal_numbers_of_others_look_absent(database: Database, engineer: Person, agent: Person) -> None:
    Sequencer(database, None).drain()
    rows = engineer.get("/api/v1/audit?kind=log&action=device.insert").json()["items"]
    theirs = _said(agent, f"/api/v1/audit/{rows[0]['seq']}", str(rows[0]["seq"]))
    assert theirs == _said(agent, "/api/v1/audit/987654321", "987654321")
    assert theirs[0] == 404


def test_an_agencys_export_holds_nothing_of_the_region(agent: Person) -> None:
    answer = agent.get("/api/v1/region:export")
    assert answer.status_code in {200, 403}
    assert b"own01" not in answer.content
    if answer.status_code == 200:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            for name in archive.namelist():
                assert b"TH-21009" not in archive.read(name), name
