"""Terraform with our provider and backend against the real API and a real OpenStack: what stands around servers."""

from __future__ import annotations

import json

import pytest

from tests.api.people import Person
from tests.clouds import CloudForTests
from tests.datacenter.ordering import Hosting, until
from tests.datacenter.terraforming import AROUND, Write, needs_terraform

pytestmark = [needs_terraform, pytest.mark.cloud, pytest.mark.slow]


def test_what_stands_around_servers_is_made_altered_taken_over_and_gone(
    configured: Write, hosting: Hosting, cloud: CloudForTests, ada: Person
) -> None:
    folder = configured(AROUND, state="around")
    said = folder.must("apply")
    assert "4 added" in said
    assert not folder.changes(), folder.run("plan")[1]
    project = hosting.project().cloud_id
    sdk = cloud.admin
    (public,) = sdk.network.ips(project_id=project)
    assert json.loads(folder.must("output", "-json"))["address"]["value"] == public.floating_ip_address

    other = {"port": "8000-8010", "group": "api"}
    said = folder.must("apply", var=other)
    assert "0 added, 1 changed, 0 destroyed" in said, said
    assert folder.run("plan", var=other)[0] == 0
    rules = {
        (rule.port_range_min, rule.port_range_max)
        for rule in sdk.network.security_group_rules(project_id=project, protocol="tcp")
    }
    assert rules == {(8000, 8010)}

    for thing in ("ssh_key.ann", "network.inner", "security_group.web", "floating_ip.web"):
        folder.must("state", "rm", f"irisplane_{thing}")
    names = {"ssh_key.ann": "ann", "network.inner": "main/inner", "security_group.web": "api"}
    for thing, name in {**names, "floating_ip.web": public.floating_ip_address}.items():
        folder.must("import", "-no-color", "-var", "group=api", f"irisplane_{thing}", name)
    code, said = folder.run("plan", var=other)
    assert code == 0, said

    (made,) = ada.get("/api/v1/security-groups").json()["items"]
    assert ada.send("DELETE", f"/api/v1/security-groups/{made['id']}", headers={"If-Match": "*"}).status_code == 202
    until(lambda: not ada.get("/api/v1/security-groups").json()["items"], 60)
    said = folder.must("apply", var=other)
    assert "1 added, 0 changed, 0 destroyed" in said, "deleted elsewhere, made again"

    folder.must("destroy", var=other)
    assert list(sdk.network.ips(project_id=project)) == []
    for noun in ("floating-addresses", "security-groups", "ssh-keys"):
        assert ada.get(f"/api/v1/{noun}").json()["items"] == [], noun
    assert "inner" not in ada.get("/api/v1/networks").text
    assert (hosting.used("floating_ips"), hosting.used("security_groups")) == (0, 0)
