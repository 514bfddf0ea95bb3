"""Ordering a server: previewed, made once, shown as it is, and told in words when it cannot be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from datacenter.hosting.cloud import tag_of
from tests.api.people import Person
from tests.datacenter.clouding import CloudUnderTest
from tests.datacenter.ordering import Hosting

pytestmark = pytest.mark.usefixtures("worker")


def test_a_preview_says_everything_and_writes_nothing(hosting: Hosting, ugo: Person) -> None:
    body = {"name": "web1", "plan": "small", "image": "guest"}
    answer = ugo.post("/api/v1/servers:preview", json=body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["price"]["month_micro_eur"] == str(1500 * 2920)
    assert told["quota_after"]["servers"] == {"granted": 10, "used": 1, "left": 9}
    assert told["quota_after"]["vcpus"] == {"granted": 20, "used": 1, "left": 19}
    assert told["approvals"] == []
    assert told["energy"]["kwh_month"]
    assert hosting.sql("select * from server") == []
    assert hosting.used("servers") == 0


def test_a_server_is_ordered_made_and_shown_with_its_address(
    hosting: Hosting, ugo: Person, cloud: CloudUnderTest
) -> None:
    answer = hosting.create(
        ugo, "web1", metadata={"team": "maps"}, tags=["prod"], user_data="#!/bin/sh\necho canary-7f3\n"
    )
    assert answer.status_code == 202, answer.text
    resource = answer.json()["resource"]
    assert resource == {"type": "server", "id": resource["id"], "href": f"/api/v1/servers/{resource['id']}"}
    change = hosting.done(answer)
    assert change.outcome["resource"] == {"type": "server", "id": resource["id"]}

    shown = ugo.get(resource["href"])
    assert shown.headers["ETag"]
    server = shown.json()
    assert (server["status"], server["plan"], server["project"]["code"]) == ("active", "small", "main")
    assert server["addresses"][0]["network"] == "private"
    (there,) = cloud.servers(hosting.project().cloud_id)
    assert there.id == server["cloud_id"]
    assert there.name == "web1"
    assert set(there.tags) == {tag_of(resource["id"]), "prod"}
    assert there.metadata == {"team": "maps"}
    assert there.user_id == hosting.project().cloud_user
    assert there.has_config_drive
    assert [one["name"] for one in there.security_groups] == ["base"]  # no group was named: ping is let in, no more
    # what was typed is nowhere but in the cloud
    told = hosting.sql(
        "select string_agg(c::text, ' ') from change c union all select string_agg(j::text, ' ') from journal j"
        " union all select string_agg(s::text, ' ') from change_step s union all select string_agg(i::text, ' ')"
        " from idempotency i"
    )
    assert not any("canary-7f3" in (text or "") or "Y2FuYXJ5" in (text or "") for (text,) in told)
    assert hosting.sql("select * from secret where name like 'hosting/user-data/%'") == []

    listed = ugo.get("/api/v1/servers", params={"tag": "prod"}).json()
    assert [one["name"] for one in listed["items"]] == ["web1"]


def test_with_a_key_a_group_and_an_address_from_its_first_minute(
    hosting: Hosting, ugo: Person, cloud: CloudUnderTest
) -> None:
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGqVP0kSzYpu8YB0qoFqyoQx0Yk6nZ8m0mM7b0yqv5d3 ugo@desk"
    key = ugo.post("/api/v1/ssh-keys", json={"name": "laptop", "public_key": line})
    assert key.status_code == 201, key.text
    group = ugo.post("/api/v1/security-groups", json={"name": "web", "rules": []})
    hosting.done(group)
    before = hosting.used("floating_ips")
    answer = hosting.create(ugo, "reachable1", key="laptop", security_groups=["web", "base"], floating_address=True)
    assert answer.status_code == 202, answer.text
    assert hosting.used("floating_ips") == before + 1
    hosting.done(answer)
    shown = ugo.get(answer.json()["resource"]["href"]).json()
    assert shown["key"] == "laptop"
    kinds = {one["kind"] for one in shown["addresses"]}
    assert kinds == {"fixed", "floating"}
    there = cloud.admin.compute.get_server(shown["cloud_id"])
    assert there.key_name.startswith("laptop-")
    assert {one["name"] for one in there.security_groups} == {"web", "base"}
    (address,) = hosting.sql("select * from floating_ip where server_id = :id", id=shown["id"])
    assert (address.status, str(address.address)) == (
        "assigned", next(one["address"] for one in shown["addresses"] if one["kind"] == "floating"),
    )  # fmt: skip
    for wrong in ({"key": "nobodys"}, {"security_groups": ["nobodys"]}):
        refused = hosting.create(ugo, "reachable2", **wrong)
        assert refused.status_code in {404, 422}, refused.text
        assert refused.json()["errors"][0]["pointer"].startswith(f"/{next(iter(wrong))}")


def test_the_name_is_taken_until_it_is_gone(hosting: Hosting, ugo: Person) -> None:
    answer = hosting.create(ugo, "web1")
    assert answer.status_code == 409
    assert answer.json()["code"] == "HST-104"
    assert answer.json()["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize(
    ("field", "value", "code", "said"),
    [
        ("name", "wéb", "HST-123", "U+00E9 LATIN SMALL LETTER E WITH ACUTE"),
        ("name", "web\u202e1", "HST-123", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("name", "wеb", "HST-123", "CYRILLIC SMALL LETTER IE"),  # that is the trick
        ("name", "Web", "HST-123", "capital"),
        ("name", "web\u200b", "HST-123", "U+200B ZERO WIDTH SPACE"),
        ("name", "-web", "HST-123", "hyphen"),
        ("name", "", "HST-123", "needs a name"),
        ("name", "a" * 64, "HST-123", "64 characters"),
        ("plan", "gigantic", "HST-101", "small"),
        ("image", "windows-95", "HST-101", "guest"),
        ("project", "nowhere", "HST-102", "nowhere"),
        ("networks", ["dmz"], "HST-125", "dmz"),
        ("zone", "moon", "HST-188", "moon"),
        ("user_data", "x" * 49_150, "HST-124", "49,150"),
        ("user_data", "é" * 24_575, "HST-124", "49,150"),
        ("lease_until", "2020-01-01T00:00:00Z", "CORE-100", "ended"),
    ],
)
def test_bad_input_names_the_field_and_the_way_out(
    hosting: Hosting, ugo: Person, field: str, value: Any, code: str, said: str
) -> None:
    for path in ("/api/v1/servers", "/api/v1/servers:preview"):
        body = {"name": "ok", "plan": "small", "image": "guest", "reason": "a test", field: value}
        answer = ugo.post(path, json=body)
        told = answer.json()
        assert (answer.status_code // 100, told["code"]) == (4, code), answer.text
        assert said in told["detail"]
        assert told["errors"][0]["pointer"].startswith(f"/{field}")
        assert told["hint"]


def test_user_data_at_the_limit_reaches_the_cloud(hosting: Hosting, ugo: Person) -> None:
    assert hosting.done(hosting.create(ugo, "large-data", user_data="#" * 49_149))


def test_a_size_that_no_host_has_becomes_a_sentence(hosting: Hosting, ada: Person, cloud: CloudUnderTest) -> None:
    hosting.grant("ixelles", vcpus=1000, ram_mib=5_000_000)
    from datacenter.hosting import projects
    from datacenter.hosting.cloud import admin

    with hosting.database.transaction("worker", projects._SCOPE) as tx:
        limits = projects.granted(tx, hosting.project().id)
    projects.write_quotas(admin(), hosting.project().cloud_id, limits)
    answer = hosting.create(ada, "vast1", plan="vast")
    assert answer.json()["waiting_for"] == ["platform-manager"]
    pim = hosting.hire("pim-vast", "platform-manager")
    approved = pim.post(
        f"/api/v1/changes/{answer.json()['id']}:approve",
        json={"plan_hash": answer.json()["plan_hash"], "reason": "room enough"},
    )
    assert approved.status_code == 200, approved.text
    change = hosting.ended(answer)
    assert change.state in {"failed", "rolled_back"}
    assert "No host of the cloud has room" in change.outcome["summary"]
    row = hosting.server(answer.json()["resource"]["id"])
    assert row.status == "gone"
    assert not [one for one in cloud.servers(hosting.project().cloud_id) if one.name == "vast1"]


def test_an_image_that_the_cloud_lost_is_told_and_nothing_is_held(hosting: Hosting, ugo: Person) -> None:
    before = hosting.used("servers")
    change = hosting.ended(hosting.create(ugo, "lost1", image="lost"))
    assert change.state in {"failed", "rolled_back"}
    assert "image is no longer there" in change.outcome["summary"]
    assert hosting.used("servers") == before


def test_fifty_orders_at_the_limit_admit_exactly_what_fits(hosting: Hosting, uma: Person) -> None:
    hosting.grant("uccle", servers=7)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: hosting.create(uma, f"race-{number}"), range(50)))
    admitted = [one for one in answers if one.status_code == 202]
    refused = [one for one in answers if one.status_code != 202]
    assert len(admitted) == 7
    assert {one.json()["code"] for one in refused} == {"HST-103"}
    assert hosting.used("servers", "uccle") == 7
    for one in admitted:
        hosting.done(one, 240)


def test_another_administrations_ids_are_as_good_as_none(hosting: Hosting, uma: Person) -> None:
    theirs = hosting.sql(
        "select id from server where tenant_id = :tenant and status = 'active' limit 1",
        tenant=hosting.tenants["ixelles"],
    )[0].id
    nobodys = "01a00000-0000-7000-8000-000000000000"
    project = hosting.project("ixelles").id
    for method, path, body in (
        ("GET", "/api/v1/servers/{}", None),
        ("GET", "/api/v1/servers/{}/console", None),
        ("GET", "/api/v1/servers/{}/images", None),
        ("POST", "/api/v1/servers/{}:stop", {}),
        ("POST", "/api/v1/servers/{}:resize", {"plan": "medium"}),
        ("DELETE", "/api/v1/servers/{}", None),
        ("PATCH", "/api/v1/servers/{}", {"tags": ["mine"]}),
    ):
        answers = []
        for one in (theirs, nobodys):
            headers = {"Idempotency-Key": f"k-{method}-{one}-{path[-4:].strip('/{}:')}", "If-Match": "*"}
            more = {} if body is None else {"json": body}
            answer = uma.send(method, path.format(one), headers=headers, **more)
            told = {**answer.json(), "request_id": "", "instance": ""}
            answers.append((answer.status_code, str(told).replace(str(one), "ID")))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404, answers[0]
    for one in (project, nobodys):
        answer = hosting.create(uma, "spy", project=str(one))
        assert (answer.status_code, answer.json()["code"]) == (404, "HST-102")
    assert hosting.server(theirs).status == "active"
