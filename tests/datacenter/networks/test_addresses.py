"""Floating addresses, in a real Neutron: given once, leading to a server or nowhere, given back even while in use."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from datacenter.hosting import cloud as connections
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.errors import CloudSilent
from datacenter.hosting.networks import addresses
from tests.api.people import Person
from tests.datacenter.ordering import Hosting, Worker

ADDRESSES = "/api/v1/floating-addresses"


@pytest.fixture(scope="module")
def own(hosting: Hosting) -> Any:
    """The connection of the first administration's project."""
    return hosting.own_cloud()


@pytest.fixture
def standing(hosting: Hosting, own: Any) -> Iterator[Any]:
    """Makes a server's row, and a port in the project's network that is its: what an address leads to."""
    made: list[tuple[Any, str]] = []

    def make(name: str, tenant: str = "ixelles") -> str:
        project = hosting.project(tenant)
        device = str(uuid4())
        row = hosting.sql(
            "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, status, cloud_id)"
            " values (:tenant, :project, :name, 1, 512, 1, 'active', :cloud) returning id",
            tenant=hosting.tenants[tenant], project=project.id, name=name, cloud=device,
        )[0]  # fmt: skip
        if tenant == "ixelles":
            network = hosting.sql("select cloud_id from cloud_network where project_id = :id", id=project.id)[
                0
            ].cloud_id
            made.append((own.network.create_port(network_id=network, device_id=device, name=name), str(row.id)))
        return str(row.id)

    yield make
    for port, _ in made:
        own.network.delete_port(port)


def test_an_address_lives_from_order_to_return(
    hosting: Hosting, ada: Person, uma: Person, worker: Worker, standing: Any, own: Any
) -> None:
    web, db = standing(f"web-{uuid4().hex[:6]}"), standing(f"db-{uuid4().hex[:6]}")
    order = {"description": "for the web", "server": web}
    seen = ada.post(f"{ADDRESSES}:preview", json=order).json()
    assert seen["price"]["month_micro_eur"] == str(685 * 2920)
    assert seen["quota_after"]["floating_ips"]["left"] == 2
    assert hosting.used("floating_ips") == 0
    made = ada.post(ADDRESSES, json=order)
    hosting.done(made)
    path = made.json()["resource"]["href"]
    shown = ada.get(path).json()
    assert (shown["status"], shown["server_id"], shown["description"]) == ("assigned", web, "for the web")
    assert shown["server"]["name"].startswith("web-")
    (found,) = own.network.ips(description=tag_of(shown["id"]))
    assert (found.floating_ip_address, found.fixed_ip_address) == (shown["address"], shown["fixed_address"])
    (listed,) = ada.get(ADDRESSES, params={"address": shown["address"]}).json()["items"]
    assert listed == shown
    assert ada.get(ADDRESSES, params={"server": web}).json()["items"] == [shown]
    assert uma.get(path).status_code == 404
    read = ada.get(f"/api/v1/servers/{web}")
    floating = {"network": "", "address": shown["address"], "kind": "floating"}
    assert read.json()["addresses"] == [floating], "at once: nobody has looked at Nova, which knows no such server"

    moved = ada.post(f"{path}:attach", json={"server": db})
    change = hosting.done(moved)
    assert change.plan["targets"][0]["diff"].startswith("- leads to web-")
    assert ada.get(path).json()["server_id"] == db
    assert ada.get(f"/api/v1/servers/{web}").json()["addresses"] == []
    assert ada.get(f"/api/v1/servers/{web}").headers["ETag"] != read.headers["ETag"]
    assert ada.get(f"/api/v1/servers/{db}").json()["addresses"] == [floating]
    assert ada.post(f"{path}:attach", json={"server": db}).json()["outcome"] == {"nothing_to_do": True}
    hosting.done(ada.post(f"/api/v1/changes/{change.id}:undo", json={"reason": "back"}))
    assert ada.get(path).json()["server_id"] == web
    hosting.done(ada.post(f"{path}:detach", json={}))
    assert (ada.get(path).json()["status"], ada.get(path).json()["fixed_address"]) == ("free", None)
    assert own.network.get_ip(found.id).port_id is None

    hosting.done(ada.post(f"{path}:attach", json={"server": web}))
    given_back = hosting.done(ada.send("DELETE", path, headers={"If-Match": "*"}))
    assert "is not reached by it any more" in given_back.plan["targets"][0]["diff"]
    assert ada.get(path).status_code == 404
    assert list(own.network.ips(description=tag_of(shown["id"]))) == []
    assert hosting.used("floating_ips") == 0
    undone = hosting.ended(ada.post(f"/api/v1/changes/{given_back.id}:undo", json={"reason": "back"}))
    assert undone.state == "rolled_back"  # the undo: everything is as it was before it, so the address stays gone
    assert "was given back" in str(undone.outcome)


def test_another_administrations_server_is_no_server(
    hosting: Hosting, ada: Person, uma: Person, worker: Worker, standing: Any
) -> None:
    theirs = standing(f"theirs-{uuid4().hex[:6]}", "uccle")
    for server in (theirs, str(uuid4()), "nowhere"):
        said = ada.post(ADDRESSES, json={"server": server})
        assert (said.status_code, said.json()["code"], said.json()["errors"][0]["pointer"]) == (
            404,
            "HST-141",
            "/server",
        )
    made = ada.post(ADDRESSES, json={})
    hosting.done(made)
    path = made.json()["resource"]["href"]
    for server in (theirs, str(uuid4()), "nowhere"):
        said = ada.post(f"{path}:attach", json={"server": server})
        assert (said.status_code, said.json()["code"]) == (404, "HST-141")
    for verb in ("attach", "detach"):
        said = uma.post(f"{path}:{verb}", json={"server": theirs} if verb == "attach" else {})
        assert (said.status_code, said.json()["code"]) == (404, "HST-141")
    hosting.done(ada.send("DELETE", path, headers={"If-Match": "*"}))


def test_the_quota_admits_exactly_what_fits(hosting: Hosting, ada: Person, worker: Worker) -> None:
    held = hosting.used("floating_ips")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ada.post(ADDRESSES, json={}), range(8)))
    good = [one for one in answers if one.status_code == 202]
    assert len(good) == 3 - held
    assert {one.json()["code"] for one in answers if one.status_code != 202} == {"HST-103"}
    for one in good:
        hosting.done(one)
        hosting.done(ada.send("DELETE", one.json()["resource"]["href"], headers={"If-Match": "*"}))
    assert hosting.used("floating_ips") == held


def test_an_address_whose_answer_is_lost_is_given_once(
    hosting: Hosting, own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datacenter.hosting.changes import once

    address = uuid4()
    real = own.network.create_ip

    def loses(**body: Any) -> Any:
        real(**body)
        raise TimeoutError

    monkeypatch.setattr(own.network, "create_ip", loses)
    found = once(lambda: addresses.find(own, address), lambda: addresses.give(own, address), seconds=120)
    assert found.description == tag_of(address)
    with pytest.raises(CloudSilent), connections.speaking("x"):
        loses(floating_network_id=found.floating_network_id, description=tag_of(address))
    monkeypatch.undo()
    assert len(list(own.network.ips(description=tag_of(address)))) == 2  # the second is the test's own
    for one in own.network.ips(description=tag_of(address)):
        own.network.delete_ip(one)


def test_a_server_without_a_way_outside_is_said_so(hosting: Hosting, ada: Person, worker: Worker) -> None:
    project = hosting.project()
    row = hosting.sql(
        "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, status, cloud_id)"
        " values (:tenant, :project, :name, 1, 512, 1, 'active', :cloud) returning id",
        tenant=hosting.tenants["ixelles"], project=project.id, name=f"alone-{uuid4().hex[:6]}", cloud=str(uuid4()),
    )[0]  # fmt: skip
    ended = hosting.ended(ada.post(ADDRESSES, json={"server": str(row.id)}))
    assert ended.state == "rolled_back"
    assert "no network that leads outside" in str(ended.outcome)
    own = hosting.own_cloud()
    target = UUID(ended.plan["targets"][0]["id"].partition(":")[2])
    assert addresses.find(own, target) is None
    assert hosting.sql("select status from floating_ip where id = :id", id=target)[0].status == "gone"


def test_an_address_of_a_server_that_is_gone_leads_nowhere(
    hosting: Hosting, ada: Person, worker: Worker, standing: Any
) -> None:
    server = standing(f"gone-{uuid4().hex[:6]}")
    made = ada.post(ADDRESSES, json={"server": server})
    hosting.done(made)
    hosting.sql("update server set status = 'gone', gone_at = now() where id = :id", id=server)
    path = made.json()["resource"]["href"]
    assert (ada.get(path).json()["status"], ada.get(path).json()["server"]) == ("free", None)
    hosting.done(ada.send("DELETE", path, headers={"If-Match": "*"}))
