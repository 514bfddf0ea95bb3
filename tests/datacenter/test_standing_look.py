"""What somebody altered by hand in a real cloud is found and shown; what an order alters just now is left to it."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from datacenter.hosting import cloud as connections
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.networks import addresses, groups
from datacenter.hosting.networks import converge as networks
from datacenter.hosting.standing_look import Seen, rows_of, write_down
from datacenter.hosting.volumes import converge as volumes
from datacenter.hosting.volumes.disks import Disks, every_disk
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
    held = hosting.used("volumes"), hosting.used("storage_gib")
    volumes.converge(hosting.database)
    assert ada.get(path).json()["status"] == "vanished"
    assert (hosting.used("volumes"), hosting.used("storage_gib")) == (held[0] - 1, held[1] - 1)
    other = _made(hosting, ada, "/api/v1/volumes", name=ada.get(path).json()["name"], size_gib=1)
    disks.create(volume, ada.get(path).json()["name"], 1)
    until(lambda: (seen := disks.find(volume)) is not None and seen.status == "available", 30)
    volumes.converge(hosting.database)
    assert ada.get(path).json()["status"] == "available"
    name = ada.get(other).json()["name"]
    assert ada.get(path).json()["name"] == f"{name}-{str(volume)[-8:]}", "its own name was given away"
    for one in (path, other):
        hosting.done(ada.send("DELETE", one, headers={"If-Match": "*"}))


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


def test_what_a_lost_answer_left_behind_twice_is_removed_and_told(
    hosting: Hosting, ada: Person, worker: Worker, own: Any
) -> None:
    disks = Disks(own)
    path = _made(hosting, ada, "/api/v1/volumes", name=f"twice {uuid4().hex[:6]}", size_gib=1)
    volume = UUID(path.rpartition("/")[2])
    address = UUID(_made(hosting, ada, "/api/v1/floating-addresses").rpartition("/")[2])
    kept = {
        "volume": hosting.sql("select cloud_id from volume where id = :id", id=volume)[0].cloud_id,
        "floating-address": hosting.sql("select cloud_id from floating_ip where id = :id", id=address)[0].cloud_id,
    }
    twins = {
        "volume": disks.create(volume, "twice", 1).id, "floating-address": str(addresses.give(own, address).id)
    }  # fmt: skip

    def seen(what: str) -> set[str]:
        if what == "volume":
            found = every_disk(connections.admin(), "volumes")
            return {one.id for one in found if one.tag == tag_of(volume) and one.status == "available"}
        return {str(one.id) for one in own.network.ips(description=tag_of(address))}

    def alone(what: str) -> bool:
        return seen(what) == {kept[what]}

    until(lambda: len(seen("volume")) == 2, 30)
    volumes.converge(hosting.database)
    networks.converge(hosting.database)
    for what, thing in (("volume", volume), ("floating-address", address)):
        until(partial(alone, what), 30)
        (told,) = hosting.sql(
            "select body from journal where kind = 'audit' and action = :action and subject_id = :id",
            action=f"{what}.twin_removed", id=str(thing),
        )  # fmt: skip
        assert told.body == {"cloud_id": twins[what], "kept": kept[what]}
    assert ada.get(path).json()["status"] == "available"

    hosting.done(ada.send("DELETE", path, headers={"If-Match": "*"}))
    late = disks.create(volume, "late", 1)  # what a cloud makes of an order long after it was given up
    until(lambda: seen("volume") == {late.id}, 30)
    volumes.converge(hosting.database)
    until(lambda: seen("volume") == set(), 30)
    hosting.done(ada.send("DELETE", f"/api/v1/floating-addresses/{address}", headers={"If-Match": "*"}))
