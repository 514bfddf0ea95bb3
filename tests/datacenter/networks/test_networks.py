"""Private networks, in a real Neutron: ranges that fit, made once, deleted when nothing stands in them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from datacenter.hosting import private_network
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.errors import CloudSilent
from datacenter.hosting.networks import nets
from tests.api.people import Person
from tests.datacenter.ordering import Hosting, Worker

NETWORKS = "/api/v1/networks"


@pytest.fixture(scope="module")
def own(hosting: Hosting) -> Any:
    """The connection of the first administration's project, which may have more networks than by default."""
    hosting.grant("ixelles", networks=6)
    return hosting.own_cloud()


def test_a_network_lives_from_order_to_deletion(
    hosting: Hosting, ada: Person, uma: Person, worker: Worker, own: Any
) -> None:
    name = f"db {uuid4().hex[:6]}"
    order = {"name": name, "cidr": "10.20.0.0/24"}
    seen = ada.post(f"{NETWORKS}:preview", json=order).json()
    assert seen["quota_after"]["networks"] == {"granted": 6, "used": 2, "left": 4}
    made = ada.post(NETWORKS, json=order)
    hosting.done(made)
    path = made.json()["resource"]["href"]
    shown = ada.get(path).json()
    assert (shown["status"], shown["cidr"], shown["routed"], shown["servers"]) == ("active", "10.20.0.0/24", True, [])
    placed = nets.whole(own, UUID(shown["id"]), routed=True)
    assert placed is not None
    assert own.network.get_router(placed.router).external_gateway_info["network_id"]
    assert own.network.get_subnet(placed.subnet).cidr == "10.20.0.0/24"
    assert uma.get(path).status_code == 404
    assert [one["name"] for one in ada.get(NETWORKS, params={"q": name[3:]}).json()["items"]] == [name]

    # while something stands in it, it is not deleted, and stays whole
    port = own.network.create_port(network_id=placed.network, device_id=str(uuid4()), name="in the way")
    refused = hosting.ended(ada.send("DELETE", path, headers={"If-Match": "*"}))
    assert refused.state == "rolled_back"
    assert f"In the network {name} stand 1 ports" in str(refused.outcome)
    assert nets.whole(own, UUID(shown["id"]), routed=True) == placed
    assert ada.get(path).json()["status"] == "active"
    own.network.delete_port(port)

    hosting.done(ada.send("DELETE", path, headers={"If-Match": f'"{ada.get(path).json()["version"]}"'}))
    assert ada.get(path).status_code == 404
    assert list(own.network.networks(description=tag_of(shown["id"]))) == []
    assert list(own.network.routers(description=tag_of(shown["id"]))) == []
    assert hosting.used("networks") == 1


def test_a_network_without_a_range_gets_a_free_one_and_may_be_isolated(
    hosting: Hosting, ada: Person, worker: Worker, own: Any
) -> None:
    made = ada.post(NETWORKS, json={"name": f"one {uuid4().hex[:6]}", "routed": False})
    other = ada.post(NETWORKS, json={"name": f"two {uuid4().hex[:6]}", "routed": False})
    hosting.done(made)
    hosting.done(other)
    ranges = [ada.get(one.json()["resource"]["href"]).json()["cidr"] for one in (made, other)]
    assert ranges == ["10.64.0.0/24", "10.64.1.0/24"]
    assert list(own.network.routers(description=tag_of(made.json()["resource"]["id"]))) == []
    change = made.json()["id"]
    hosting.done(ada.post(f"/api/v1/changes/{change}:undo", json={"reason": "not needed"}))
    assert ada.get(made.json()["resource"]["href"]).status_code == 404
    hosting.done(ada.send("DELETE", other.json()["resource"]["href"], headers={"If-Match": "*"}))


@pytest.mark.parametrize(
    ("cidr", "status", "code"),
    [
        ("10.42.0.0/24", 409, "HST-145"),  # the project's own first network
        ("10.42.0.128/25", 409, "HST-145"),
        ("10.42.0.0/16", 409, "HST-145"),
        ("10.20.0.5/24", 422, "HST-144"),
        ("0.0.0.0/0", 422, "HST-144"),
        ("fd00::/64", 422, "HST-144"),
        ("8.8.8.0/24", 422, "HST-144"),
        ("10.0.0.0/30", 422, "HST-144"),
        ("x", 422, "HST-144"),
    ],
)
def test_a_range_that_does_not_fit_is_refused_before_anything_is_ordered(
    hosting: Hosting, ada: Person, own: Any, cidr: str, status: int, code: str
) -> None:
    said = ada.post(NETWORKS, json={"name": "never", "cidr": cidr})
    assert (said.status_code, said.json()["code"]) == (status, code), said.text
    assert said.json()["errors"][0]["pointer"] == "/cidr"
    assert ada.get(NETWORKS, params={"name": "never"}).json()["items"] == []


def test_two_orders_of_one_range_at_once_are_one_network(hosting: Hosting, ada: Person, own: Any) -> None:
    """No worker runs: the database alone keeps them apart, whoever planned first."""
    first = hosting.sql(
        "insert into cloud_network (tenant_id, project_id, name, cidr) select tenant_id, id, 'raced', '10.30.0.0/24'"
        " from project where id = :id returning id", id=hosting.project().id,
    )[0]  # fmt: skip
    said = ada.post(NETWORKS, json={"name": "raced", "cidr": "10.31.0.0/24"})
    assert (said.status_code, said.json()["code"]) == (409, "HST-104")
    said = ada.post(NETWORKS, json={"name": "other", "cidr": "10.30.0.0/25"})
    assert (said.status_code, said.json()["code"]) == (409, "HST-145")
    hosting.sql("delete from cloud_network where id = :id", id=first.id)


def test_a_network_whose_answer_is_lost_is_made_once(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from datacenter.hosting.changes import once

    network, lost = uuid4(), []
    real = own.network.create_network

    def loses(**body: Any) -> Any:
        real(**body)
        lost.append(True)
        raise TimeoutError

    monkeypatch.setattr(own.network, "create_network", loses)
    with pytest.raises(CloudSilent):
        private_network.place(own, network, "lost", "10.33.0.0/24", routed=False)
    monkeypatch.setattr(own.network, "create_network", real)
    placed = once(
        lambda: nets.whole(own, network, routed=False),
        lambda: private_network.place(own, network, "lost", "10.33.0.0/24", routed=False),
        seconds=120,
    )
    assert lost
    assert [one.id for one in own.network.networks(description=tag_of(network))] == [placed.network]
    assert nets.remove(own, network, "lost")
    assert not nets.remove(own, network, "lost")
