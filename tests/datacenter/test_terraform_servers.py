"""Terraform with our provider and backend against the real API and a real OpenStack: servers and their volumes."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import pytest

from datacenter.hosting.servers import converge
from tests.api.people import Person
from tests.clouds import CloudForTests
from tests.datacenter.ordering import Hosting, until
from tests.datacenter.terraforming import AROUND, Write, needs_terraform

pytestmark = [needs_terraform, pytest.mark.cloud, pytest.mark.slow]

SERVER = """
variable "gib" { default = 1 }
variable "stage" { default = "test" }
variable "lease" { default = "2035-01-01T00:00:00Z" }
data "irisplane_flavor" "small" { code = "small" }
data "irisplane_image" "guest" { code = "guest" }
resource "irisplane_server" "web" {
  name            = "web"
  plan            = data.irisplane_flavor.small.code
  image           = data.irisplane_image.guest.code
  networks        = [irisplane_network.inner.name]
  key             = irisplane_ssh_key.ann.name
  security_groups = concat([irisplane_security_group.web.name], var.stage == "test" ? [] : ["base"])
  user_data       = "#cloud-config\\n# kanarie-in-user-data\\n"
  metadata        = { stage = var.stage }
  lease_until     = var.lease
}
resource "irisplane_volume" "data" {
  name     = "data"
  size_gib = var.gib
  server   = irisplane_server.web.id
}
locals { server = irisplane_server.web.id }
"""
WHOLE = AROUND.replace("locals { server = null }", SERVER)


def one(name: str, more: str = "", image: str = "guest") -> str:
    """A configuration of one server."""
    return f"""
resource "irisplane_server" "one" {{
  name  = "{name}"
  plan  = "small"
  image = "{image}"
  {more}
}}
"""


def test_made_altered_and_gone_without_a_trace(
    configured: Write, hosting: Hosting, cloud: CloudForTests, ada: Person
) -> None:
    folder = configured(WHOLE, state="whole")
    assert folder.changes()
    folder.must("apply")
    assert not folder.changes(), folder.run("plan")[1]
    project = hosting.project().cloud_id
    (server,) = _servers(cloud, project)
    assert (server.name, server.status, server.metadata["stage"]) == ("web", "ACTIVE", "test")
    public = json.loads(folder.must("output", "-json"))["address"]["value"]
    assert public in json.dumps(server.addresses)
    (volume,) = _sdk(cloud).block_storage.volumes(all_projects=True, project_id=project)
    assert (volume.size, volume.attachments[0]["server_id"]) == (1, server.id)

    other = {"gib": "2", "port": "8000-8010", "stage": "production", "lease": "2036-01-01T01:00:00+01:00"}
    said = folder.must("apply", var=other)
    assert "0 added, 3 changed, 0 destroyed" in said
    code, said = folder.run("plan", var=other)
    assert code == 0, said
    (server,) = _servers(cloud, project)
    assert server.metadata["stage"] == "production"
    assert {one["name"] for one in server.security_groups} == {"web", "base"}, "in place, on the server that was there"
    (volume,) = _sdk(cloud).block_storage.volumes(all_projects=True, project_id=project)
    assert volume.size == 2
    rules = {
        (rule.port_range_min, rule.port_range_max)
        for rule in _sdk(cloud).network.security_group_rules(project_id=project, protocol="tcp")
    }
    assert rules == {(8000, 8010)}

    less = {**other, "lease": "2034-01-01T00:00:00Z", "gib": "1"}
    code, said = folder.run("plan", var=less)
    assert (code, said.count("Applying this will be refused")) == (2, 2), said
    code, said = folder.run("apply", var=less)
    assert (code, "and only grows" in said, "cannot become smaller" in said) == (1, True, True), said

    folder.must("destroy", var=less)
    assert _servers(cloud, project) == []
    assert list(_sdk(cloud).block_storage.volumes(all_projects=True, project_id=project)) == []
    assert list(_sdk(cloud).network.ips(project_id=project)) == []
    assert [net.name for net in _sdk(cloud).network.networks(project_id=project) if net.name.endswith("inner")] == []
    for noun in ("servers", "volumes", "floating-addresses", "security-groups", "ssh-keys"):
        assert ada.get(f"/api/v1/{noun}").json()["items"] == [], noun
    for resource in ("servers", "volumes", "storage_gib", "floating_ips", "security_groups"):
        assert hosting.used(resource) == 0
    assert "kanarie-in-user-data" not in said


def test_what_was_deleted_elsewhere_is_made_again(
    configured: Write, hosting: Hosting, cloud: CloudForTests, ada: Person
) -> None:
    folder = configured(one("lost"))
    folder.must("apply")
    (before,) = ada.get("/api/v1/servers?name=lost").json()["items"]
    path = f"/api/v1/servers/{before['id']}"
    hosting.done(ada.send("DELETE", path, headers={"If-Match": "*"}))
    code, said = folder.run("apply")
    assert (code, "is kept until" in said, "irisplane server restore lost" in said) == (1, True, True), said
    hosting.done(ada.send("DELETE", f"{path}?now=true", headers={"If-Match": "*"}))
    folder.must("apply")
    assert not folder.changes()
    (after,) = ada.get("/api/v1/servers?name=lost").json()["items"]
    assert after["id"] != before["id"]

    _sdk(cloud).compute.delete_server(after["cloud_id"], force=True)

    def vanished() -> bool:
        converge.look(hosting.database)
        return bool(hosting.server(after["id"]).status == "vanished")

    until(vanished, 120)
    assert folder.changes()
    hosting.grant("ixelles", servers=hosting.used("servers") + 1)
    try:
        folder.must("apply")
    finally:
        hosting.grant("ixelles", servers=10)
    assert not folder.changes()
    listed = ada.get("/api/v1/servers?name=lost").json()["items"]
    (again,) = [one for one in listed if one["status"] != "vanished"]
    assert again["id"] not in {before["id"], after["id"]}
    assert [made.name for made in _servers(cloud, hosting.project().cloud_id)].count("lost") == 1


def test_a_thing_that_is_there_is_taken_over(configured: Write, ada: Person) -> None:
    maker = configured(one("there", 'user_data = "#cloud-config"'))
    maker.must("apply")
    taker = configured(one("there", 'user_data = "#cloud-config"'))
    taker.must("import", "-no-color", "irisplane_server.one", "there")
    said = taker.must("plan", detailed_exitcode=None)
    assert "0 to add, 1 to change, 0 to destroy" in said, "what Irisplane never tells is learnt, not made anew"
    taker.must("apply")
    assert not taker.changes()
    code, said = taker.run("import", "-no-color", "irisplane_server.one", "nowhere")
    assert code == 1


def test_a_run_that_was_killed_goes_on_with_its_own_order(
    configured: Write, hosting: Hosting, cloud: CloudForTests, ada: Person
) -> None:
    folder = configured(one("killed"), state="killed")
    run = folder.start("apply", "-auto-approve", "-no-color")
    until(lambda: hosting.sql("select 1 from server where name = 'killed'"), 120)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(60)
    assert run.stdout is not None
    run.stdout.close()
    code, said = folder.run("apply")
    assert (code, "state lock" in said) == (1, True)
    folder.must("force-unlock", "-force", ada.get("/api/v1/terraform/state/killed/lock").json()["ID"])
    assert "was taken over" in folder.must("apply")
    assert not folder.changes()
    asked = "select id from change where kind = 'hosting.server.create' and plan -> 'targets' @> cast(:it as jsonb)"
    assert len(hosting.sql(asked, it='[{"name": "killed"}]')) == 1
    assert [made.name for made in _servers(cloud, hosting.project().cloud_id)].count("killed") == 1


def test_what_cannot_be_is_said_at_its_attribute(configured: Write, hosting: Hosting) -> None:
    code, said = configured(one("bad", 'key = "nobodys"')).run("apply")
    assert (code, "nobodys" in said, "with irisplane_server.one" in said) == (1, True, True), said
    code, said = configured(one("bad", image="windows-95")).run("apply")
    assert (code, "windows-95" in said) == (1, True), said
    hosting.grant("ixelles", servers=0)
    try:
        code, said = configured(one("one-too-many")).run("apply")
    finally:
        hosting.grant("ixelles", servers=10)
    assert (code, "HST-103" in said, "servers" in said) == (1, True, True), said


def test_an_order_that_needs_a_yes_waits_for_it(configured: Write, hosting: Hosting, ugo: Person, ada: Person) -> None:
    folder = configured(one("personal", 'data_class = "personal"'), person=ugo)
    run = folder.start("apply", "-auto-approve", "-no-color")
    found: dict[str, Any] = until(lambda: _waiting(ada), 120)
    time.sleep(1)
    assert run.poll() is None, "Terraform waits with it"
    plan = ada.get(f"/api/v1/changes/{found['id']}").json()
    yes = {"plan_hash": plan["plan_hash"], "reason": "read"}
    assert ada.post(f"/api/v1/changes/{found['id']}:approve", json=yes).status_code in {200, 202}
    assert run.wait(120) == 0
    assert run.stdout is not None
    assert "1 added" in run.stdout.read()
    run.stdout.close()
    assert not folder.changes()


def _waiting(person: Person) -> Any:
    items = person.get("/api/v1/changes/waiting").json()["items"]
    return items[0] if items else None


def _sdk(cloud: CloudForTests) -> Any:
    """The cloud as its administrator sees it; the library's types are looser than what it gives."""
    return cloud.admin


def _servers(cloud: CloudForTests, project: str) -> list[Any]:
    return list(_sdk(cloud).compute.servers(all_projects=True, project_id=project))
