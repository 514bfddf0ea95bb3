"""What somebody altered by hand in a real cloud is found and shown; what an order alters just now is left to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from datacenter.hosting.networks import converge as networks
from datacenter.hosting.networks import groups
from datacenter.hosting.standing_look import Seen, rows_of, write_down
from datacenter.hosting.volumes import converge as volumes
from datacenter.hosting.volumes.disks import Disks
from tests.api.people import Person
from tests.datacenter.ordering import Hosting, Worker, until


@pytest.fixture(scope="module")
def own(hosting: Hosting) -> Any:
    """The connection of the first administration's project."""
    return hosting.own_cloud()


def _made(hosting: Hosting, person: Person, path: str, **body: Any) -> str:
    answer = person.post(path, json=body)
    hosting.done(answer)
    return str(answer.json()["resource"]["href"])


def test_what_was_altered_by_hand_is_shown(hosting: Hosting, ada: Person, worker: Worker, own: Any) -> None:
    suffix = uuid4().hex[:6]
    group = _made(hosting, ada, "/api/v1/security-groups", name=f"g {suffix}", rules=[{"protocol": "icmp"}])
    network = _made(hosting, ada, "/api/v1/networks", name=f"n {suffix}", routed=False)
    address = _made(hosting, ada, "/api/v1/floating-addresses")
    volume = _made(hosting, ada, "/api/v1/volumes", name=f"v {suffix}", size_gib=1)
    things = [group, network, address, volume]
    networks.converge(hosting.database)
    volumes.converge(hosting.database)
    before = [ada.get(path).json() for path in things]
    assert [one["findings"] for one in before] == [[], [], [], []]
    assert networks.converge(hosting.database) + volumes.converge(hosting.database) == 0
    assert [ada.get(path).json()["version"] for path in things] == [one["version"] for one in before]

    found = groups.find(own, UUID(before[0]["id"]))
    own.network.create_security_group_rule(
        security_group_id=found.id, direction="ingress", protocol="tcp", port_range_min=22, port_range_max=22,
        ether_type="IPv4",
    )  # fmt: skip
    cloud_network = hosting.sql("select cloud_id from cloud_network where id = :id", id=before[1]["id"])[0].cloud_id
    own.network.update_network(cloud_network, name="renamed by hand")
    own.network.delete_ip(
        hosting.sql("select cloud_id from floating_ip where id = :id", id=before[2]["id"])[0].cloud_id
    )
    disks, disk_id = Disks(own), UUID(before[3]["id"])
    disk = disks.find(disk_id)
    assert disk is not None
    disks.extend(disk.id, 2)
    until(lambda: (seen := disks.find(disk_id)) is not None and seen.size_gib == 2 and seen.status == "available", 30)

    networks.converge(hosting.database)
    volumes.converge(hosting.database)
    after = [ada.get(path).json() for path in things]
    assert after[0]["findings"] == [{"what": "rule", "here": None, "cloud": "ingress IPv4 tcp 22-22 anywhere"}]
    assert after[1]["findings"] == [{"what": "name", "here": f"n {suffix}", "cloud": "renamed by hand"}]
    assert (after[2]["status"], after[2]["server"]) == ("vanished", None)
    assert after[3]["findings"] == [{"what": "size_gib", "here": 1, "cloud": 2}]
    told = hosting.sql("select action from journal where subject_id = :id and kind = 'event'", id=before[2]["id"])
    assert "floating-address.vanished" in {row.action for row in told}

    # setting the rules again brings the group to them; what vanished is given up; the rest says what it finds
    again = ada.send("PUT", f"{group}/rules", json={"rules": after[0]["rules"]}, headers={"If-Match": "*"})
    assert hosting.done(again).plan["targets"][0]["diff"] == "= as ordered, which the cloud is not"
    networks.converge(hosting.database)
    assert ada.get(group).json()["findings"] == []
    for path in things:
        hosting.done(ada.send("DELETE", path, headers={"If-Match": "*"}))
        assert ada.get(path).status_code == 404


def test_a_volume_that_is_gone_by_hand_vanishes_and_one_that_comes_back_stands(
    hosting: Hosting, ada: Person, worker: Worker, own: Any
) -> None:
    path = _made(hosting, ada, "/api/v1/volumes", name=f"lost {uuid4().hex[:6]}", size_gib=1)
    volume, disks = UUID(path.rsplit("/", 1)[1]), Disks(own)
    disk = disks.find(volume)
    assert disk is not None
    disks.delete(disk.id)
    until(lambda: disks.find(volume) is None, 30)
    volumes.converge(hosting.database)
    assert ada.get(path).json()["status"] == "vanished"
    disks.create(volume, ada.get(path).json()["name"], 1)
    until(lambda: (seen := disks.find(volume)) is not None and seen.status == "available", 30)
    volumes.converge(hosting.database)
    assert ada.get(path).json()["status"] == "available"
    hosting.done(ada.send("DELETE", path, headers={"If-Match": "*"}))


def test_what_an_order_works_on_is_left_to_it(hosting: Hosting, ada: Person, worker: Worker) -> None:
    path = _made(hosting, ada, "/api/v1/volumes", name=f"busy {uuid4().hex[:6]}", size_gib=1)
    volume = UUID(path.rsplit("/", 1)[1])
    (row,) = [one for one in rows_of(hosting.database, "volume", "volume") if one.id == volume]
    lost = [Seen(row, "vanished", (), {})]
    deleting = ada.send("DELETE", path, headers={"If-Match": "*"})
    until(
        lambda: hosting.sql("select state from change where id = :id", id=deleting.json()["id"])[0].state != "approved",
        60,
    )
    assert write_down(hosting.database, "volume", "volume", lost, {}) == 0
    hosting.done(deleting)
    assert write_down(hosting.database, "volume", "volume", lost, {}) == 0
    assert ada.get(path).status_code == 404
