"""A server's life, verb by verb, against a real Nova: what was asked for is what the cloud says afterwards."""

from __future__ import annotations

import re
from typing import Any

import pytest

from datacenter.hosting import cloud as connections
from datacenter.hosting import projects
from datacenter.hosting.servers import converge, images
from tests.api.people import Person
from tests.datacenter.clouding import CloudUnderTest
from tests.datacenter.ordering import Hosting, until

pytestmark = pytest.mark.usefixtures("worker")


class Server:
    """One server of a test."""

    def __init__(self, hosting: Hosting, cloud: CloudUnderTest, person: Person, name: str, **more: Any) -> None:
        self.hosting, self.cloud, self.person = hosting, cloud, person
        answer = hosting.create(person, name, **more)
        assert answer.status_code == 202, answer.text
        self.id: str = answer.json()["resource"]["id"]
        self.href = f"/api/v1/servers/{self.id}"
        hosting.done(answer)

    @property
    def row(self) -> Any:
        return self.hosting.server(self.id)

    @property
    def there(self) -> Any:
        """As Nova has it."""
        return self.cloud.admin.compute.get_server(self.row.cloud_id)

    def ask(self, verb: str, **body: Any) -> Any:
        return self.person.post(f"{self.href}:{verb}", json={"reason": "a test", **body})

    def do(self, verb: str, **body: Any) -> Any:
        return self.hosting.done(self.ask(verb, **body))

    def delete(self, **params: Any) -> Any:
        headers = {"If-Match": "*"}
        return self.person.send("DELETE", self.href, headers=headers, params={"reason": "a test", **params})


@pytest.fixture(scope="module")
def server(hosting: Hosting, cloud: CloudUnderTest, ugo: Person) -> Server:
    return Server(hosting, cloud, ugo, "life1")


def test_stop_start_and_reboot(server: Server) -> None:
    server.do("stop")
    assert (server.row.status, server.there.status) == ("stopped", "SHUTOFF")
    again = server.ask("stop")
    assert (again.status_code, again.json()["code"]) == (409, "HST-121")
    assert "life1 is stopped" in again.json()["detail"]
    server.do("start")
    assert (server.row.status, server.there.status) == ("active", "ACTIVE")
    server.do("reboot", how="hard")
    assert server.row.status == "active"
    server.do("reboot")
    assert server.there.status == "ACTIVE"


def test_a_larger_size_counts_from_the_order_on_and_is_confirmed(server: Server, hosting: Hosting) -> None:
    before = hosting.used("vcpus"), hosting.used("ram_mib")
    answer = server.ask("resize", plan="medium")
    assert (hosting.used("vcpus"), hosting.used("ram_mib")) == (before[0] + 1, before[1] + 512)
    hosting.done(answer)
    assert (server.row.status, server.row.vcpus, server.there.flavor["vcpus"]) == ("resized", 2, 2)
    assert hosting.used("vcpus") == before[0] + 1
    server.do("confirm-resize")
    assert (server.row.status, server.row.vcpus, server.there.status) == ("active", 2, "ACTIVE")
    assert hosting.used("vcpus") == before[0] + 1
    assert hosting.sql("select * from server_resize where gone_at is null") == []


def test_a_smaller_size_holds_the_way_back_until_it_is_taken(server: Server, hosting: Hosting) -> None:
    before = hosting.used("vcpus")
    server.do("resize", plan="small")
    assert (server.row.status, server.row.vcpus) == ("resized", 1)
    assert hosting.used("vcpus") == before
    server.do("revert-resize")
    assert (server.row.vcpus, server.there.flavor["vcpus"], server.row.status) == (2, 2, "active")
    assert hosting.used("vcpus") == before


def test_a_resize_beyond_the_quota_is_refused_and_one_that_has_no_host_goes_back(
    server: Server, hosting: Hosting, ada: Person
) -> None:
    refused = server.ask("resize", plan="vast")
    assert (refused.status_code, refused.json()["code"]) == (409, "HST-103"), refused.text
    hosting.grant("ixelles", vcpus=1000, ram_mib=5_000_000)
    with hosting.database.transaction("worker", projects._SCOPE) as tx:
        limits = projects.granted(tx, hosting.project().id)
    projects.write_quotas(connections.admin(), hosting.project().cloud_id, limits)
    before = hosting.used("vcpus")
    answer = server.ask("resize", plan="vast")
    assert hosting.used("vcpus") == before + 510
    pim = hosting.hire("pim-resize", "platform-manager")
    for one in (ada, pim):
        said = {"plan_hash": answer.json()["plan_hash"], "reason": "go"}
        one.post(f"/api/v1/changes/{answer.json()['id']}:approve", json=said)
    change = hosting.ended(answer)
    assert change.state in {"failed", "rolled_back"}, hosting.story(change.id)
    assert "No host of the cloud has room" in change.outcome["summary"]
    assert hosting.used("vcpus") == before
    assert (server.row.vcpus, server.row.status) == (2, "active")


def test_the_disk_is_kept_as_an_image_and_a_server_is_made_anew_from_it(server: Server, hosting: Hosting) -> None:
    before = hosting.used("snapshots")
    server.do("snapshot", name="life1-monday")
    assert hosting.used("snapshots") == before + 1
    (image,) = server.person.get(f"{server.href}/images").json()["items"]
    assert (image["name"], image["status"]) == ("life1-monday", "active")
    server.do("rebuild", image=image["id"])
    assert server.there.image.id == image["id"]
    assert server.row.image == image["id"]
    gone = server.person.send("DELETE", f"{server.href}/images/{image['id']}")
    hosting.done(gone)
    assert server.person.get(f"{server.href}/images").json()["items"] == []
    assert hosting.used("snapshots") == before
    nobodys = server.person.send("DELETE", f"{server.href}/images/{image['id']}")
    assert hosting.ended(nobodys).state in {"failed", "rolled_back"}


def test_images_count_as_snapshots_and_outlive_their_server(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person, uma: Person
) -> None:
    kept = Server(hosting, cloud, ugo, "short-lived1")
    before = hosting.used("snapshots")
    hosting.grant("ixelles", snapshots=before + 2)
    kept.do("snapshot", name="first")
    undone = ugo.post(f"/api/v1/changes/{kept.do('snapshot', name='regretted').id}:undo", json={"reason": "no"})
    hosting.done(undone)
    kept.do("snapshot", name="second")
    full = kept.ask("snapshot", name="third")
    assert (full.status_code, full.json()["code"]) == (409, "HST-103")
    assert "snapshots" in full.json()["detail"]
    hosting.done(kept.delete(now=True))
    assert hosting.used("snapshots") == before + 2
    listed = ugo.get("/api/v1/server-images", params={"server": kept.id}).json()["items"]
    assert [(one["name"], one["status"], one["server"]["status"]) for one in listed] == [
        ("first", "active", "gone"),
        ("second", "active", "gone"),
    ]
    assert uma.get("/api/v1/server-images").json()["items"] == []
    first, second = listed
    heir = Server(hosting, cloud, ugo, "heir1", image="second")
    assert (heir.there.image.id, heir.row.image) == (second["image"], "second")
    hosting.sql("update server_image set name = 'second' where id = :id", id=first["id"])
    torn = heir.ask("rebuild", image="second")
    assert (torn.status_code, torn.json()["errors"][0]["pointer"]) == (422, "/image")
    assert {first["image"], second["image"]} <= set(re.split("[ ,.]+", torn.json()["detail"]))
    hosting.sql("update server_image set name = 'first' where id = :id", id=first["id"])
    heir.do("rebuild", image="first")
    assert heir.there.image.id == first["image"]
    unknown = heir.ask("rebuild", image="third")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "HST-101")
    hosting.done(heir.delete(now=True))
    assert {one["id"] for one in ugo.get(f"{kept.href}/images").json()["items"]} == {first["image"], second["image"]}

    cloud.admin.image.delete_image(first["image"])
    images.converge(hosting.database)
    assert hosting.used("snapshots") == before + 1, "one that was deleted by hand counts no more"
    (lost,) = ugo.get("/api/v1/server-images", params={"status": "vanished"}).json()["items"]
    assert lost["id"] == first["id"]
    for one in (first, second):
        strange = uma.send("DELETE", f"{kept.href}/images/{one['image']}")
        assert (strange.status_code, strange.json()["code"]) == (404, "HST-120")
    for one in (first, second):
        hosting.done(ugo.send("DELETE", f"{kept.href}/images/{one['image']}"))
    assert ugo.get("/api/v1/server-images").json()["items"] == []
    assert hosting.used("snapshots") == before
    hosting.grant("ixelles", snapshots=20)


def test_name_metadata_and_tags(server: Server, hosting: Hosting, cloud: CloudUnderTest, ugo: Person) -> None:
    server.do("rename", name="life2")
    assert (server.row.name, server.there.name) == ("life2", "life2")
    Server(hosting, cloud, ugo, "other1")
    taken = server.ask("rename", name="other1")
    assert (taken.status_code, taken.json()["code"]) == (409, "HST-104")
    shown = ugo.get(server.href)
    body = {"metadata": {"team": "maps"}, "tags": ["prod", "web"]}
    without = ugo.send("PATCH", server.href, json=body)
    assert without.status_code == 428
    stale = ugo.send("PATCH", server.href, json=body, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    hosting.done(ugo.send("PATCH", server.href, json=body, headers={"If-Match": shown.headers["ETag"]}))
    assert server.there.metadata == {"team": "maps"}
    assert set(server.there.tags) == {f"irisplane-{server.id}", "prod", "web"}
    assert (server.row.metadata, server.row.tags) == ({"team": "maps"}, ["prod", "web"])


def test_a_network_is_attached_and_detached(server: Server, hosting: Hosting) -> None:
    own = projects.of(hosting.database, hosting.project().id)
    made = own.network.create_network(name="second")
    own.network.create_subnet(network_id=made.id, ip_version=4, cidr="10.43.0.0/24")
    hosting.sql(
        "insert into cloud_network (tenant_id, project_id, name, cidr, status, cloud_id)"
        " values (:tenant, :project, 'second', '10.43.0.0/24', 'active', :cloud)",
        tenant=hosting.tenants["ixelles"], project=hosting.project().id, cloud=made.id,
    )  # fmt: skip
    server.do("attach-network", network="second")
    assert sorted(server.there.addresses) == ["private", "second"]
    assert {one["network"] for one in server.row.addresses} == {"private", "second"}
    server.do("detach-network", network="second")
    assert list(server.there.addresses) == ["private"]
    assert [one["network"] for one in server.row.addresses] == ["private"]


def test_a_floating_address_is_shown_at_once_and_the_cloud_says_the_same(server: Server, hosting: Hosting) -> None:
    def shown() -> list[tuple[str, str, str]]:
        told = server.person.get(server.href).json()["addresses"]
        return [(one["network"], one["kind"], one["address"]) for one in told]

    (own,) = shown()
    made = server.person.post("/api/v1/floating-addresses", json={"server": server.id})
    hosting.done(made)
    address = server.person.get(made.json()["resource"]["href"]).json()["address"]
    assert shown() == [own, ("private", "floating", address)]

    def heard() -> bool:
        converge.look_at_all(hosting.database)
        assert shown() == [own, ("private", "floating", address)]
        return len(server.row.addresses) == 2

    until(heard, 60)
    hosting.done(server.person.post(f"{made.json()['resource']['href']}:detach", json={}))
    assert shown() == [own]
    hosting.done(server.person.post(f"{made.json()['resource']['href']}:attach", json={"server": server.id}))
    assert len(shown()) == 2
    hosting.done(server.person.send("DELETE", made.json()["resource"]["href"], headers={"If-Match": "*"}))
    assert shown() == [own]
    converge.look_at_all(hosting.database)
    assert shown() == [own], "also while Nova has not heard of it"


def test_what_it_wrote_on_its_console_and_an_honest_no_for_typing(server: Server) -> None:
    said = server.person.get(f"{server.href}/console")
    assert said.status_code == 200
    assert "nothing boots" in said.json()["output"]  # the virt driver of the lab says so on every console
    typing = server.person.get(f"{server.href}/console-url")
    assert (typing.status_code, typing.json()["code"]) in {(200, None), (409, "HST-127")}


def test_protected_given_back_restored_and_gone(server: Server, hosting: Hosting) -> None:
    server.do("protect")
    refused = server.delete()
    assert (refused.status_code, refused.json()["code"]) == (409, "HST-122")
    server.do("unprotect")

    hosting.done(server.delete())
    row = server.row
    assert (row.status, server.there.status) == ("kept", "SHUTOFF")
    assert 71 < (row.purge_at - row.kept_at).total_seconds() / 3600 < 73
    used = hosting.used("servers")
    server.do("restore")
    assert (server.row.status, server.there.status, server.row.purge_at) == ("active", "ACTIVE", None)

    hosting.done(server.delete(now=True))
    assert server.row.status == "gone"
    assert hosting.used("servers") == used - 1
    assert list(server.cloud.admin.compute.servers(all_projects=True, uuid=row.cloud_id)) == []
    assert server.person.get(server.href).json()["status"] == "gone"
    assert server.ask("start").status_code == 404


def test_who_ordered_takes_it_back_as_they_would_give_it_back(hosting: Hosting, ugo: Person) -> None:
    answer = hosting.create(ugo, "regret1")
    hosting.done(answer)
    undo = f"/api/v1/changes/{answer.json()['id']}:undo"
    href = answer.json()["resource"]["href"]
    hosting.done(ugo.post(f"{href}:protect", json={}))
    refused = ugo.post(undo, json={"reason": "not needed"})
    assert (refused.status_code, refused.json()["code"]) == (409, "HST-122")
    hosting.done(ugo.post(f"{href}:unprotect", json={}))
    undone = ugo.post(undo, json={"reason": "not needed"})
    assert undone.json()["waiting_for"] == []
    hosting.done(undone)
    assert hosting.server(answer.json()["resource"]["id"]).status == "gone", hosting.story(undone.json()["id"])
