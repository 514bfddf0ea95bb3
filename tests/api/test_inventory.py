"""The inventory over REST: create, read, alter, delete, allocate, import; ETags, pages, errors that say where."""

from __future__ import annotations

import io
import json
import zipfile
from urllib.parse import quote

import pytest

from tests.api.people import Person


@pytest.fixture(scope="module", autouse=True)
def region(engineer: Person) -> None:
    answer = engineer.post("/api/v1/region:import?builtin=brussels", headers={"X-Reason": "first%20import"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["refused"] == []
    assert answer.json()["change"]["state"] == "succeeded"


def device(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "role": "access", "device_type": "FRRouting/FRR", "site": "TH-21009", **more}


def test_a_device_lives_and_dies(engineer: Person) -> None:
    made = engineer.post("/api/v1/devices", json=device("ac01", interfaces=[{"name": "lo", "kind": "loopback"}]))
    assert made.status_code == 201, made.text
    assert made.json()["objects"][0]["key"] == "ac01"
    assert made.headers["location"].startswith("/api/v1/changes/")
    read = engineer.get("/api/v1/devices/ac01")
    assert read.headers["etag"] == '"1"'
    assert read.json()["interfaces"][0]["name"] == "lo"
    assert engineer.get("/api/v1/devices/ac01", headers={"If-None-Match": '"1"'}).status_code == 304
    assert engineer.send("PATCH", "/api/v1/devices/ac01", json={"status": "active"}).status_code == 428
    altered = engineer.send("PATCH", "/api/v1/devices/ac01", json={"status": "active"}, headers={"If-Match": '"1"'})
    assert altered.status_code == 200, altered.text
    assert (
        engineer.send(
            "PATCH", "/api/v1/devices/ac01", json={"status": "planned"}, headers={"If-Match": '"1"'}
        ).status_code
        == 412
    )
    assert engineer.send("DELETE", "/api/v1/devices/ac01", headers={"If-Match": "*"}).status_code == 200
    assert engineer.get("/api/v1/devices/ac01").status_code == 404


def test_many_at_once_and_pages(engineer: Person) -> None:
    assert engineer.post("/api/v1/devices", json=[device(f"bulk{n}") for n in range(7)]).status_code == 201
    first = engineer.get("/api/v1/devices?select=name~bulk*&limit=5")
    assert [one["name"] for one in first.json()["items"]] == [f"bulk{n}" for n in range(5)]
    following = first.headers["link"].split(">")[0][1:]
    assert [one["name"] for one in engineer.get(following).json()["items"]] == ["bulk5", "bulk6"]
    changed = [{"ref": f"bulk{n}", "set": {"status": "active"}, "version": 1} for n in range(7)]
    assert engineer.post("/api/v1/devices:update", json=changed).status_code == 201
    assert engineer.post("/api/v1/devices:delete", json=[f"bulk{n}" for n in range(7)]).status_code == 201
    assert engineer.get("/api/v1/devices?select=name~bulk*").json()["items"] == []


def test_keys_with_slashes_and_spaces(engineer: Person) -> None:
    assert engineer.get("/api/v1/racks/DC-ARTS/R01").json()["units"] == 42
    assert engineer.get(f"/api/v1/prefixes/{quote('global 10.0.0.0/8')}").json()["kind"] == "container"
    assert engineer.get("/api/v1/device-types/Juniper%2FMX204").json()["platform"] == "junos"


def test_the_next_free_one(engineer: Person) -> None:
    pool = quote("global 10.64.0.0/12")
    got = [
        engineer.post(
            f"/api/v1/prefixes/{pool}:allocate", json={"length": 24, "purpose": "service", "site": "TH-21009"}
        )
        for _ in range(2)
    ]
    assert [one.json()["allocated"][0]["value"] for one in got] == ["10.64.0.0/24", "10.64.1.0/24"], got[0].text
    vlan = engineer.post("/api/v1/vlan-groups/DC-ARTS:allocate", json={"name": "guests"})
    assert vlan.json()["allocated"][0]["value"] == "1"
    many = {"items": [{"what": "asn", "pool": "region-private"}, {"what": "asn", "pool": "region-private"}]}
    answer = engineer.post("/api/v1/allocations", json=many)
    assert [one["value"] for one in answer.json()["allocated"]] == ["64513", "64514"]
    site = engineer.get(f"/api/v1/prefixes/{quote('global 10.64.0.0/24')}").json()["site"]
    assert site == "TH-21009"


def test_the_context_of_a_device_is_explained(engineer: Person) -> None:
    engineer.post("/api/v1/devices", json=device("ctx1"))
    engineer.post(
        "/api/v1/config-contexts",
        json={"name": "ctx1", "scope": "device", "device": "ctx1", "data": {"ospf": {"hello": 5}}},
    )
    merged = engineer.get("/api/v1/devices/ctx1/context").json()
    assert merged["ospf"]["hello"] == 5
    assert merged["ospf"]["dead"] == 4
    leaves = {
        one["pointer"]: one["given_by"]
        for one in engineer.get("/api/v1/devices/ctx1/context?explain=true").json()["items"]
    }
    assert leaves["/ospf/hello"] == ["ctx1"]
    assert leaves["/ospf/dead"] == ["region-defaults"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/api/v1/devices", device("-"), 422, "INV-103"),
        ("POST", "/api/v1/devices", device("x", site="NOWHERE"), 422, "INV-102"),
        ("POST", "/api/v1/vrfs", {"name": "global"}, 409, "INV-110"),
        ("GET", "/api/v1/devices?colour=red", None, 422, "INV-103"),
        ("GET", "/api/v1/devices?select=site%3DNOWHERE", None, 422, "INV-100"),
        ("GET", "/api/v1/devices?cursor=abc", None, 422, "API-102"),
        ("GET", "/api/v1/devices/nobody", None, 404, "INV-140"),
        ("POST", "/api/v1/devices", [1], 422, "ORC-103"),
        ("POST", "/api/v1/racks/DC-ARTS%2FR01:allocate", {"device": "nobody"}, 422, "INV-102"),
    ],
)
def test_errors_say_what_and_where(
    engineer: Person, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = engineer.get(path) if method == "GET" else engineer.post(path, json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code in {status, 400}, answer.text
    assert answer.json()["hint"]


def test_a_pointer_leads_into_what_was_sent(engineer: Person) -> None:
    assert engineer.post("/api/v1/devices", json=device("-")).json()["errors"][0]["pointer"] == "/name"
    many = engineer.post("/api/v1/devices", json=[device("good"), device("x", site="NOWHERE")]).json()
    assert many["errors"][0]["pointer"] == "/1/site"
    two = engineer.post("/api/v1/devices", json=[device("good"), device("x", role="y", mtu=1)]).json()
    assert [one["pointer"] for one in two["fields"]["errors"]] == ["/1/role", "/1/mtu"]


def test_a_reader_cannot_write_and_an_agency_sees_its_own(agent: Person, hire: object) -> None:
    assert agent.post("/api/v1/vrfs", json={"name": "mine"}).status_code == 403
    assert agent.get("/api/v1/sites").json()["items"] == []
    assert len(agent.get("/api/v1/communes").json()["items"]) == 19


def test_plays_are_told_with_what_they_take(engineer: Person) -> None:
    listed = engineer.get("/api/v1/network/plays").json()["items"]
    assert [one["name"] for one in listed] == ["edge_router", "hypervisor_baseline", "router_baseline"]
    told = engineer.get("/api/v1/network/plays/router_baseline").json()
    users = next(one for one in told["variables"] if one["name"] == "snmp_users")
    assert {one["name"]: one["secret"] for one in users["fields"]} == {"name": False, "auth": True, "privacy": True}
    unknown = engineer.get("/api/v1/network/plays/wifi")
    assert unknown.status_code == 404
    assert "There is: edge_router, hypervisor_baseline, router_baseline." in unknown.json()["hint"]


def test_ansible_and_prometheus_find_the_devices(engineer: Person) -> None:
    engineer.post("/api/v1/devices", json=device("find1", management_address="172.30.0.77", status="active"))
    found = engineer.get("/api/v1/ansible-inventory?select=name%3Dfind1").json()
    assert found["role_access"]["hosts"] == ["find1"]
    assert found["_meta"]["hostvars"]["find1"]["ansible_host"] == "172.30.0.77"
    assert found["_meta"]["hostvars"]["find1"]["irisplane_context"]["bgp"]["asn"] == 64512
    targets = engineer.get("/api/v1/prometheus/targets?select=name%3Dfind1&port=9342").json()
    assert targets[0]["targets"] == ["172.30.0.77:9342"]
    assert targets[0]["labels"]["site"] == "TH-21009"


def test_an_archive_goes_in_and_the_region_comes_out(engineer: Person) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("vrfs.csv", "name,rd\nguest,64512:7\nnot a name,\n")
    answer = engineer.post(
        "/api/v1/region:import", content=packed.getvalue(), headers={"Content-Type": "application/zip"}
    )
    assert answer.status_code == 201, answer.text
    assert [(one["file"], one["line"]) for one in answer.json()["refused"]] == [("vrfs.csv", 3)]
    checked = engineer.send(
        "POST", "/api/v1/region:check", json={"files": [{"name": "vrfs.csv", "text": "name\nother\n"}]}
    )
    assert checked.json()["counts"] == {"+ vrf": 1}
    out = engineer.get("/api/v1/region:export")
    with zipfile.ZipFile(io.BytesIO(out.content)) as archive:
        assert "guest" in {one["name"] for one in json.loads(archive.read("vrfs.json"))}


def test_every_list_and_its_first_object_answer(engineer: Person) -> None:
    from inventory.objects import ALL

    for made in ALL.values():
        answer = engineer.get(f"/api/v1/{made.collection}?limit=3")
        assert answer.status_code == 200, made.collection
        for one in answer.json()["items"]:
            key = one.get("id") or one["code"]
            assert (
                engineer.get(f"/api/v1/{made.collection}/{key if made.name != 'tenant' else one['code']}").status_code
                == 200
            )


def test_openapi_names_the_models(engineer: Person) -> None:
    document = engineer.get("/openapi.json").json()
    assert "management_address" in json.dumps(document["paths"]["/api/v1/devices"]["post"]["requestBody"])
    assert "$defs" not in json.dumps(document["paths"]["/api/v1/devices"])
