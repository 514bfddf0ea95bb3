"""Volumes and snapshots, in a real Cinder: ordered, grown, attached, kept, brought back, deleted; always counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from datacenter.hosting.changes import once
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.errors import CloudSilent
from datacenter.hosting.volumes.disks import Disks
from tests.api.people import Person
from tests.datacenter.clouding import IMAGE, CloudUnderTest
from tests.datacenter.ordering import Hosting, Worker

VOLUMES, SNAPSHOTS = "/api/v1/volumes", "/api/v1/snapshots"
ANY = {"If-Match": "*"}


@pytest.fixture(scope="module")
def own(hosting: Hosting) -> Any:
    """The connection of the first administration's project."""
    return hosting.own_cloud()


@pytest.fixture(scope="module")
def server(hosting: Hosting, own: Any, cloud: CloudUnderTest) -> Iterator[Any]:
    """A server in Nova with a row of ours."""
    flavor = cloud.admin.compute.create_flavor(name=f"volumes-{uuid4().hex[:8]}", ram=64, vcpus=1, disk=1)
    network = hosting.sql("select cloud_id from cloud_network where project_id = :id", id=hosting.project().id)[0]
    image = next(cloud.admin.image.images(name=IMAGE))
    name = f"holder-{uuid4().hex[:6]}"
    made = own.compute.create_server(
        name=name, flavor_id=flavor.id, image_id=image.id, networks=[{"uuid": network.cloud_id}]
    )
    own.compute.wait_for_server(made, wait=180)
    row = hosting.sql(
        "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, status, cloud_id)"
        " values (:tenant, :project, :name, 1, 64, 1, 'active', :cloud) returning id, name",
        tenant=hosting.tenants["ixelles"], project=hosting.project().id, name=name, cloud=made.id,
    )[0]  # fmt: skip
    yield row
    own.compute.delete_server(made)
    own.compute.wait_for_delete(made, wait=180)
    cloud.admin.compute.delete_flavor(flavor)


def _create(hosting: Hosting, person: Person, size: int = 1, **more: Any) -> str:
    made = person.post(VOLUMES, json={"name": f"v {uuid4().hex[:8]}", "size_gib": size, **more})
    hosting.done(made)
    return str(made.json()["resource"]["href"])


def _delete(hosting: Hosting, person: Person, path: str) -> None:
    hosting.done(person.send("DELETE", path, headers=ANY))


def test_a_volume_lives_from_order_to_deletion(
    hosting: Hosting, ada: Person, uma: Person, worker: Worker, own: Any
) -> None:
    name = f"data {uuid4().hex[:6]}"
    order = {"name": name, "size_gib": 2, "description": "what is kept"}
    seen = ada.post(f"{VOLUMES}:preview", json=order).json()
    assert seen["price"]["month_micro_eur"] == str(2 * 27 * 2920)
    left = {resource: one["left"] for resource, one in seen["quota_after"].items()}
    assert left == {"volumes": 9 - hosting.used("volumes"), "storage_gib": 498 - hosting.used("storage_gib")}
    held = hosting.used("storage_gib")
    made = ada.post(VOLUMES, json=order)
    assert hosting.used("storage_gib") == held + 2
    hosting.done(made)
    path = made.json()["resource"]["href"]
    shown = ada.get(path).json()
    assert (shown["status"], shown["size_gib"], shown["description"]) == ("available", 2, "what is kept")
    assert shown["month_micro_eur"] == str(2 * 27 * 2920)
    disk = Disks(own).find(UUID(shown["id"]))
    assert disk is not None
    assert (disk.size_gib, disk.name) == (2, name)
    assert uma.get(path).status_code == 404
    assert ada.get(VOLUMES, params={"name": name}).json()["items"] == [shown]

    renamed = ada.send("PATCH", path, json={"name": f"{name} b"}, headers={"If-Match": f'"{shown["version"]}"'})
    change = hosting.done(renamed)
    assert ada.get(path).json()["name"] == f"{name} b"
    assert ada.send("PATCH", path, json={"name": "x"}, headers={"If-Match": '"1"'}).status_code == 412
    hosting.done(ada.post(f"/api/v1/changes/{change.id}:undo", json={"reason": "as before"}))
    assert Disks(own).find(UUID(shown["id"])).name == name  # type: ignore[union-attr]  # it is there

    smaller = ada.post(f"{path}:extend", json={"size_gib": 1})
    assert (smaller.status_code, smaller.json()["code"]) == (422, "HST-147")
    more = ada.post(f"{path}:extend:preview", json={"size_gib": 5}).json()
    assert more["price"]["month_micro_eur"] == str(3 * 27 * 2920)
    grown = ada.post(f"{path}:extend", json={"size_gib": 5})
    assert hosting.used("storage_gib") == held + 5
    second = ada.post(f"{path}:extend", json={"size_gib": 6})
    assert (second.status_code, second.json()["code"]) in {(409, "HST-146"), (202, None)}
    hosting.done(grown)
    assert (ada.get(path).json()["size_gib"], ada.get(path).json()["wanted_gib"]) == (5, None)

    _delete(hosting, ada, path)
    assert ada.get(path).status_code == 404
    assert Disks(own).find(UUID(shown["id"])) is None
    assert hosting.used("storage_gib") == held


def test_a_volume_comes_to_a_server_and_leaves_it(
    hosting: Hosting, ada: Person, uma: Person, worker: Worker, own: Any, server: Any
) -> None:
    path = _create(hosting, ada)
    volume = path.rsplit("/", 1)[1]
    attached = ada.post(f"/api/v1/servers/{server.id}:attach-volume", json={"volume": volume})
    change = hosting.done(attached)
    shown = ada.get(path).json()
    assert (shown["status"], shown["server"]) == ("attached", {"id": str(server.id), "name": server.name})
    disk = Disks(own).find(UUID(volume))
    assert disk is not None
    assert [held.device for held in disk.held] == [shown["device"]]
    assert ada.get(VOLUMES, params={"server": str(server.id)}).json()["items"] == [shown]
    holder = ada.get(f"/api/v1/servers/{server.id}")
    assert holder.json()["volumes"] == [{"id": volume, "name": shown["name"], "size_gib": 1, "device": shown["device"]}]
    again = ada.post(f"/api/v1/servers/{server.id}:attach-volume", json={"volume": volume})
    assert again.json()["outcome"] == {"nothing_to_do": True}

    in_use = ada.send("DELETE", path, headers=ANY)
    assert (in_use.status_code, in_use.json()["code"]) == (409, "HST-143")
    assert f"attached to the server {server.name}" in in_use.json()["detail"]
    hosting.done(ada.post(SNAPSHOTS, json={"name": f"live {volume[-6:]}", "volume": volume}))
    back = ada.post(f"{path}:restore", json={"snapshot": f"live {volume[-6:]}"})
    assert (back.status_code, back.json()["code"]) == (409, "HST-146")

    hosting.done(ada.post(f"/api/v1/changes/{change.id}:undo", json={"reason": "not there"}))
    assert (ada.get(path).json()["status"], ada.get(path).json()["server"]) == ("available", None)
    hosting.done(ada.post(f"/api/v1/servers/{server.id}:attach-volume", json={"volume": volume}))
    detached = hosting.done(ada.post(f"/api/v1/servers/{server.id}:detach-volume", json={"volume": volume}))
    assert (ada.get(path).json()["status"], ada.get(path).json()["device"]) == ("available", "")
    left = ada.get(f"/api/v1/servers/{server.id}")
    assert left.json()["volumes"] == []
    assert left.headers["etag"] != holder.headers["etag"]
    assert Disks(own).find(UUID(volume)).held == ()  # type: ignore[union-attr]  # it is there
    assert "- attached to" in detached.plan["targets"][0]["diff"]
    for snapshot in ada.get(SNAPSHOTS, params={"volume": volume}).json()["items"]:
        _delete(hosting, ada, f"{SNAPSHOTS}/{snapshot['id']}")
    _delete(hosting, ada, path)


def test_what_is_anothers_is_nobodys(hosting: Hosting, ada: Person, uma: Person, worker: Worker, server: Any) -> None:
    path = _create(hosting, ada)
    volume = path.rsplit("/", 1)[1]
    for named in (volume, str(uuid4())):
        for address, body in (
            (f"/api/v1/servers/{server.id}:attach-volume", {"volume": named}),
            (f"/api/v1/servers/{uuid4()}:detach-volume", {"volume": named}),
            (SNAPSHOTS, {"name": "x", "volume": named}),
            (VOLUMES, {"name": "x", "size_gib": 1, "snapshot": named}),
            (f"{VOLUMES}/{named}:extend", {"size_gib": 9}),
        ):
            said = uma.post(address, json=body)
            assert (said.status_code, said.json()["code"]) == (404, "HST-141"), (address, said.text)
    _delete(hosting, ada, path)


def test_a_snapshot_is_taken_copied_brought_back_and_given_up(
    hosting: Hosting, ada: Person, worker: Worker, own: Any
) -> None:
    held = hosting.used("storage_gib")
    path = _create(hosting, ada, 2)
    volume, suffix = path.rsplit("/", 1)[1], uuid4().hex[:6]
    seen = ada.post(f"{SNAPSHOTS}:preview", json={"name": "first", "volume": volume}).json()
    assert seen["price"]["month_micro_eur"] == str(2 * 14 * 2920)
    hosting.done(ada.post(SNAPSHOTS, json={"name": f"first {suffix}", "volume": volume}))
    time.sleep(1.1)  # the cloud tells when in whole seconds
    hosting.done(ada.post(SNAPSHOTS, json={"name": f"second {suffix}", "volume": volume}))
    assert hosting.used("storage_gib") == held + 6
    listed = ada.get(SNAPSHOTS, params={"volume": volume}).json()["items"]
    assert [one["name"] for one in listed] == [f"first {suffix}", f"second {suffix}"]
    assert all(one["taken_at"] and one["status"] == "available" for one in listed)

    older = ada.post(f"{path}:restore", json={"snapshot": listed[0]["id"]})
    assert (older.status_code, older.json()["code"]) == (409, "HST-150")
    hosting.done(ada.post(f"{path}:restore", json={"snapshot": f"second {suffix}"}))
    refused = ada.send("DELETE", path, headers=ANY)
    assert (refused.status_code, refused.json()["code"]) == (409, "HST-143")
    assert f"second {suffix}" in refused.json()["detail"]

    small = ada.post(VOLUMES, json={"name": "never", "size_gib": 1, "snapshot": f"first {suffix}"})
    assert (small.status_code, small.json()["code"]) == (422, "HST-147")
    copied = ada.post(VOLUMES, json={"name": f"copy {suffix}", "snapshot": f"first {suffix}"})
    hosting.done(copied)
    copy = ada.get(copied.json()["resource"]["href"]).json()
    assert (copy["size_gib"], copy["snapshot_id"]) == (2, listed[0]["id"])
    for one in listed:
        _delete(hosting, ada, f"{SNAPSHOTS}/{one['id']}")
    assert Disks(own).find_snapshot(UUID(listed[0]["id"])) is None
    for one in (path, copied.json()["resource"]["href"]):
        _delete(hosting, ada, one)
    assert hosting.used("storage_gib") == held
    assert hosting.used("snapshots") == 0


def test_storage_raced_at_the_limit_admits_exactly_what_fits(hosting: Hosting, uma: Person) -> None:
    """Nobody carries them out: what counts is what was ordered."""
    hosting.grant("uccle", storage_gib=20, volumes=50)
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda n: uma.post(VOLUMES, json={"name": f"raced {n}", "size_gib": 3}), range(16))
        )  # fmt: skip
    good = [one for one in answers if one.status_code == 202]
    assert len(good) == 6
    assert hosting.used("storage_gib", "uccle") == 18
    refused = next(one.json() for one in answers if one.status_code != 202)
    assert (refused["code"], refused["fields"]["left"]) == ("HST-103", 2)
    for one in good:
        cancelled = uma.post(f"/api/v1/changes/{one.json()['id']}:cancel", json={"reason": "enough"})
        assert cancelled.status_code in {200, 409}, cancelled.text


def test_a_volume_whose_answer_is_lost_is_made_once(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    disks, volume, asked = Disks(own), uuid4(), []
    real = Disks.create

    def loses(self: Disks, *args: Any, **more: Any) -> Any:
        real(self, *args, **more)
        asked.append(True)
        raise CloudSilent("no answer")

    monkeypatch.setattr(Disks, "create", loses)
    made = once(lambda: disks.find(volume), lambda: disks.create(volume, "lost", 1), seconds=120)
    assert asked == [True]
    found = own.block_storage.get("/volumes/detail").json()["volumes"]
    assert [one["id"] for one in found if tag_of(volume) in one["metadata"].values()] == [made.id]
    while (seen := disks.find(volume)) is not None and seen.status != "available":
        time.sleep(0.2)
    disks.delete(made.id)


def test_a_worker_that_dies_in_the_middle_makes_one_volume(
    hosting: Hosting, ada: Person, worker: Worker, own: Any
) -> None:
    made = ada.post(VOLUMES, json={"name": f"killed {uuid4().hex[:6]}", "size_gib": 1})
    volume = UUID(made.json()["resource"]["id"])
    end = time.monotonic() + 120
    while Disks(own).find(volume) is None and time.monotonic() < end:
        time.sleep(0.01)
    victim = hosting.workers[-1]
    victim.kill()
    hosting.workers.remove(victim)
    hosting.worker()
    hosting.done(made, 120)
    found = own.block_storage.get("/volumes/detail").json()["volumes"]
    assert len([one for one in found if tag_of(volume) in one["metadata"].values()]) == 1
    _delete(hosting, ada, made.json()["resource"]["href"])
