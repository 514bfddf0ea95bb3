"""Our rows follow Nova, whoever altered it; what vanished or appeared is shown, taken over, or cleaned away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.bootstrap import ensure
from datacenter.hosting import flavors, projects
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.drivers.openstack import OpenStackServers
from datacenter.hosting.drivers.protocol import ServerOrder
from datacenter.hosting.servers import converge, purge
from tests.api.people import Person
from tests.datacenter.clouding import CloudUnderTest
from tests.datacenter.ordering import Hosting, until

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture(scope="module")
def standing(hosting: Hosting, ugo: Person) -> str:
    """A server's id."""
    answer = hosting.create(ugo, "standing1")
    hosting.done(answer)
    return str(answer.json()["resource"]["id"])


def _by_hand(hosting: Hosting, name: str, *, tag: str = "by-hand", size: str = "SCS-1V-1-1t") -> str:
    """A server made past us, with the project's own account; its id in the cloud."""
    project = projects.ensure(hosting.database, hosting.project().id)
    servers = OpenStackServers(projects.of(hosting.database, project.id))
    network = hosting.sql(
        "select cloud_id from cloud_network where project_id = :id and name = 'private'", id=project.id
    )
    made = servers.create(
        ServerOrder(
            tag=tag, name=name, image=servers.image_id({"irisplane_offering": "test-guest"}),
            flavor=flavors.flavor_id(flavors.Size(size, 1, 512, 1)), networks=(network[0].cloud_id,),
        )
    )  # fmt: skip
    until(lambda: servers.get(made.id).status in {"active", "error"})
    assert servers.get(made.id).status == "active", servers.get(made.id).fault
    return made.id


def _told(hosting: Hosting, server_id: str) -> list[tuple[str, str]]:
    rows = hosting.sql(
        "select body ->> 'from' as was, body ->> 'to' as is from journal where action = 'server.status'"
        " and subject_id = :id order by id", id=server_id,
    )  # fmt: skip
    return [tuple(row) for row in rows]


def test_a_server_stopped_in_the_cloud_is_seen_at_the_next_look(
    hosting: Hosting, cloud: CloudUnderTest, standing: str
) -> None:
    converge.look(hosting.database)
    cloud.admin.compute.stop_server(hosting.server(standing).cloud_id)

    def seen(status: str) -> bool:
        converge.look(hosting.database)
        return bool(hosting.server(standing).status == status)

    until(lambda: seen("stopped"), 30)
    assert ("active", "stopped") in _told(hosting, standing)
    before = hosting.server(standing).version
    converge.look_at_all(hosting.database)
    assert hosting.server(standing).version == before  # what did not change is not written
    cloud.admin.compute.start_server(hosting.server(standing).cloud_id)
    until(lambda: seen("active"), 30)


def test_what_our_own_change_wrote_after_nova_was_asked_stands(hosting: Hosting, standing: str) -> None:
    asked = datetime.now(UTC)
    found = converge.ask(None)
    hosting.sql("update server set status = 'kept', purge_at = now() + interval '1 day' where id = :id", id=standing)
    converge._write(hosting.database, found, asked, whole=True)
    assert hosting.server(standing).status == "kept"
    hosting.sql("update server set status = 'active', purge_at = null where id = :id", id=standing)


def test_a_server_made_by_hand_is_shown_and_can_be_taken_over(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person
) -> None:
    cloud_id = _by_hand(hosting, "Wiki (old)!")
    converge.look_at_all(hosting.database)
    (finding,) = [one for one in hosting.project().findings if one["cloud_id"] == cloud_id]
    assert (finding["kind"], finding["name"], finding["vcpus"]) == ("foreign-server", "Wiki (old)!", 1)

    unknown = ugo.post("/api/v1/servers:import", json={"servers": ["01a00000-0000-7000-8000-000000000000"]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "HST-128")
    before = hosting.used("servers")
    answer = ugo.post("/api/v1/servers:import", json={"servers": [cloud_id], "reason": "a test"})
    assert answer.status_code == 202, answer.text
    assert hosting.used("servers") == before + 1
    hosting.done(answer)
    server = ugo.get(answer.json()["resource"]["href"]).json()
    assert (server["name"], server["status"], server["plan"], server["tags"]) == (
        "wiki-old",
        "active",
        None,
        ["by-hand"],
    )
    assert set(cloud.admin.compute.get_server(cloud_id).tags) == {tag_of(server["id"]), "by-hand"}
    converge.look_at_all(hosting.database)
    assert [one for one in hosting.project().findings if one["kind"] == "foreign-server"] == []
    hosting.done(ugo.post(f"{answer.json()['resource']['href']}:stop", json={}))


def test_a_server_that_vanished_is_shown_so_and_given_back(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person
) -> None:
    answer = hosting.create(ugo, "fleeting1")
    hosting.done(answer)
    server_id = answer.json()["resource"]["id"]
    cloud.admin.compute.delete_server(hosting.server(server_id).cloud_id)

    def seen() -> Any:
        converge.look(hosting.database)
        return hosting.server(server_id).status == "vanished"

    used = [hosting.used(one) for one in ("servers", "vcpus", "ram_mib")]
    until(seen, 40)
    assert _told(hosting, server_id)[-1][1] == "vanished"
    left = [hosting.used(one) for one in ("servers", "vcpus", "ram_mib")]
    assert left == [used[0] - 1, used[1] - 1, used[2] - 512], "it holds nothing of the quotas"

    again = hosting.create(ugo, "fleeting1")
    assert again.status_code == 202, "nor its name"
    hosting.done(again)
    headers = {"If-Match": "*"}
    hosting.done(ugo.send("DELETE", f"/api/v1/servers/{server_id}", headers=headers))
    assert hosting.server(server_id).status == "gone"
    assert [hosting.used(one) for one in ("servers", "vcpus", "ram_mib")] == used
    hosting.done(ugo.send("DELETE", f"{again.json()['resource']['href']}?now=true", headers=headers))


def test_what_vanished_and_is_there_again_takes_its_quota_and_a_free_name(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person
) -> None:
    """A cell that Nova lost for a while: its servers are missing in the list, and then are there again."""
    servers = []
    for _ in range(3):
        answer = hosting.create(ugo, "back1")
        hosting.done(answer)
        servers.append(str(answer.json()["resource"]["id"]))
        if len(servers) < 3:
            hosting.sql("update server set status = 'vanished' where id = :id", id=servers[-1])
    used = hosting.used("servers")
    granted = hosting.sql(
        "select granted from quota where tenant_id = :id and project_id is null and resource = 'servers'",
        id=hosting.tenants["ixelles"],
    )[0].granted
    hosting.grant("ixelles", servers=used)
    try:
        converge.look_at_all(hosting.database)
        assert [hosting.server(one).status for one in servers] == ["active"] * 3
        assert hosting.used("servers") == used + 2, "more than granted, and shown"
        refused = hosting.create(ugo, "nothing-left")
        assert (refused.status_code, refused.json()["code"]) == (409, "HST-103")
    finally:
        hosting.grant("ixelles", servers=granted)
    names = [hosting.server(one).name for one in servers]
    assert names[2] == "back1"
    suffixes = [hosting.server(one).cloud_id.replace("-", "")[:8] for one in servers[:2]]
    assert names[:2] == [f"back1-{suffix}" for suffix in suffixes]
    (told,) = hosting.sql(
        "select body from journal where action = 'server.status' and subject_id = :id and body ->> 'from' = 'vanished'",
        id=servers[0],
    )
    assert (told.body["name"], told.body["called_before"]) == (names[0], "back1")
    for one in servers:
        hosting.done(ugo.send("DELETE", f"/api/v1/servers/{one}?now=true", headers={"If-Match": "*"}))


def test_a_second_server_with_our_tag_is_removed(hosting: Hosting, cloud: CloudUnderTest, standing: str) -> None:
    kept = hosting.server(standing).cloud_id
    twin = _by_hand(hosting, "standing1", tag=tag_of(standing))
    converge.look_at_all(hosting.database)

    def alone() -> bool:
        found = cloud.servers(hosting.project().cloud_id)
        return [one.id for one in found if tag_of(standing) in (one.tags or [])] == [kept]

    until(alone, 60)
    (told,) = hosting.sql("select body from journal where action = 'server.twin_removed' and kind = 'audit'")
    assert told.body == {"cloud_id": twin, "kept": kept}


def test_a_size_altered_in_the_cloud_is_followed_and_counted(
    hosting: Hosting, cloud: CloudUnderTest, standing: str
) -> None:
    medium = flavors.flavor_id(flavors.Size("SCS-2V-1-1t", 2, 1024, 1))
    cloud_id = hosting.server(standing).cloud_id
    before = hosting.used("vcpus")
    cloud.admin.compute.resize_server(cloud_id, medium)
    until(lambda: cloud.admin.compute.get_server(cloud_id).status == "VERIFY_RESIZE", 90)
    cloud.admin.compute.confirm_server_resize(cloud_id)
    until(lambda: cloud.admin.compute.get_server(cloud_id).status == "ACTIVE", 60)

    def followed() -> bool:
        converge.look(hosting.database)
        return bool(hosting.server(standing).vcpus == 2)

    until(followed, 30)
    assert hosting.used("vcpus") == before + 1


def test_a_kept_server_is_deleted_when_its_hour_has_come(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person, standing: str
) -> None:
    ensure(hosting.database)
    headers = {"If-Match": "*"}
    hosting.done(ugo.send("DELETE", f"/api/v1/servers/{standing}", headers=headers))
    converge.look_at_all(hosting.database)
    assert hosting.server(standing).status == "kept"
    assert purge.delete_due(hosting.database) == 0
    hosting.sql("update server set purge_at = now() - interval '1 minute' where id = :id", id=standing)
    assert purge.delete_due(hosting.database) == 1
    assert purge.delete_due(hosting.database) == 0
    until(lambda: hosting.server(standing).status == "gone", 60)
    change = hosting.sql("select * from change where kind = 'hosting.server.delete' order by id desc limit 1")[0]
    assert change.tenant_id == hosting.tenants["ixelles"]
