"""Security groups of a server that runs, in a real Neutron: every port has them, and has back what it had."""

from __future__ import annotations

from typing import Any

import pytest

from datacenter.hosting.servers import converge
from tests.api.people import Person
from tests.datacenter.clouding import CloudUnderTest
from tests.datacenter.ordering import Hosting

pytestmark = pytest.mark.usefixtures("worker")

GROUPS = "/api/v1/security-groups"


def _order(hosting: Hosting, person: Person, path: str, **body: Any) -> str:
    answer = person.post(path, json={"reason": "a test", **body})
    hosting.done(answer)
    return str(answer.json()["resource"]["id"])


@pytest.fixture(scope="module")
def grouped(hosting: Hosting, ada: Person) -> dict[str, str]:
    """Groups of the project: ``web``, and ``db``, which lets members of ``web`` in; ids by name."""
    web = _order(hosting, ada, GROUPS, name="web", rules=[{"protocol": "tcp", "port_min": 80}])
    db = _order(hosting, ada, GROUPS, name="db", rules=[{"protocol": "tcp", "port_min": 5432, "remote": "group:web"}])
    return {"web": web, "db": db}


@pytest.fixture(scope="module")
def server(hosting: Hosting, ugo: Person, grouped: dict[str, str]) -> str:
    """Where a server with ports in two networks is read."""
    _order(hosting, ugo, "/api/v1/networks", name="back", cidr="10.88.0.0/24")
    server = _order(hosting, ugo, "/api/v1/servers", name="grouped1", plan="small", image="guest")
    hosting.done(ugo.post(f"/api/v1/servers/{server}:attach-network", json={"network": "back"}))
    return f"/api/v1/servers/{server}"


def _on_ports(cloud: CloudUnderTest, hosting: Hosting, href: str) -> list[list[str]]:
    """Names of the groups of each port, as Neutron has them."""
    device = hosting.server(href.rpartition("/")[2]).cloud_id
    names = {one.id: one.name for one in cloud.admin.network.security_groups()}
    ports = cloud.admin.network.ports(device_id=device)
    return sorted(sorted(names[one] for one in port.security_group_ids) for port in ports)


def _shown(person: Person, href: str) -> list[str]:
    return [one["name"] for one in person.get(href).json()["security_groups"]]


def test_a_server_says_its_groups_and_a_network_that_is_attached_joins_them(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person, server: str
) -> None:
    assert _shown(ugo, server) == ["base"]
    assert _on_ports(cloud, hosting, server) == [["base"], ["base"]]


def test_groups_are_added_set_and_taken_away_on_every_port(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person, server: str, grouped: dict[str, str]
) -> None:
    added = ugo.post(f"{server}:add-security-group", json={"security_group": "web"})
    assert added.status_code == 202, added.text
    plan = ugo.get(f"/api/v1/changes/{added.json()['id']}/plan").json()
    assert plan["targets"][0]["diff"].splitlines() == [
        "+ group web",
        "+ in tcp 80 from anywhere",
        "+ db lets it through: in tcp 5432 from group:web",
    ]
    assert plan["approvals"] == []
    hosting.done(added)
    assert _shown(ugo, server) == ["base", "web"]
    assert ugo.get(server).json()["security_groups"][1]["id"] == grouped["web"]
    assert _on_ports(cloud, hosting, server) == [["base", "web"]] * 2

    hosting.done(ugo.post(f"{server}:set-security-groups", json={"security_groups": [grouped["db"]]}))
    assert _on_ports(cloud, hosting, server) == [["db"]] * 2
    again = ugo.post(f"{server}:set-security-groups", json={"security_groups": ["db"]})
    assert hosting.done(again).plan["summary"] == "grouped1 is in the security group db already"

    hosting.done(ugo.post(f"{server}:remove-security-group", json={"security_group": "db"}))
    assert _shown(ugo, server) == ["base"]
    assert _on_ports(cloud, hosting, server) == [["base"]] * 2


def test_taking_it_back_gives_every_port_what_it_had(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person, ada: Person, server: str
) -> None:
    device = hosting.server(server.rpartition("/")[2]).cloud_id
    port, *_ = cloud.admin.network.ports(device_id=device)
    (default,) = cloud.admin.network.security_groups(name="default", project_id=hosting.project().cloud_id)
    cloud.admin.network.update_port(port, security_groups=[*port.security_group_ids, default.id])
    converge.look_at_all(hosting.database)
    assert _shown(ugo, server) == ["base", "default"], "what somebody did in the cloud is followed"
    before = _on_ports(cloud, hosting, server)
    assert before == [["base"], ["base", "default"]]

    set_ = ugo.post(f"{server}:set-security-groups", json={"security_groups": ["web", "base"]})
    hosting.done(set_)
    assert _on_ports(cloud, hosting, server) == [["base", "web"]] * 2
    hosting.done(ada.post(f"/api/v1/changes/{set_.json()['id']}:undo", json={"reason": "not so"}))
    assert _on_ports(cloud, hosting, server) == before
    assert _shown(ugo, server) == ["base", "default"]
    hosting.done(ugo.post(f"{server}:remove-security-group", json={"security_group": "default"}))
    assert _on_ports(cloud, hosting, server) == [["base"]] * 2


def test_a_group_that_a_server_has_is_not_deleted_and_its_new_name_is_shown(
    hosting: Hosting, ada: Person, ugo: Person, server: str
) -> None:
    spare = _order(hosting, ada, GROUPS, name="spare", rules=[])
    hosting.done(ugo.post(f"{server}:add-security-group", json={"security_group": "spare"}))
    refused = ada.send("DELETE", f"{GROUPS}/{spare}", headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (409, "HST-143")
    assert "grouped1" in refused.json()["detail"]
    hosting.done(ada.send("PATCH", f"{GROUPS}/{spare}", json={"name": "other"}, headers={"If-Match": "*"}))
    assert _shown(ugo, server) == ["base", "other"]
    converge.look_at_all(hosting.database)
    assert _shown(ugo, server) == ["base", "other"]
    hosting.done(ugo.post(f"{server}:remove-security-group", json={"security_group": "other"}))
    hosting.done(ada.send("DELETE", f"{GROUPS}/{spare}", headers={"If-Match": "*"}))


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("add-security-group", {"security_group": "nowhere"}, "/security_group"),
        ("remove-security-group", {"security_group": "nowhere"}, "/security_group"),
        ("set-security-groups", {"security_groups": ["base", "nowhere"]}, "/security_groups/1"),
    ],
)
def test_a_group_that_is_not_there_is_named_with_its_field(
    ugo: Person, server: str, verb: str, body: dict[str, Any], pointer: str
) -> None:
    refused = ugo.post(f"{server}:{verb}", json=body)
    assert (refused.status_code, refused.json()["code"]) == (404, "HST-141"), refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert "nowhere" in refused.json()["detail"]
