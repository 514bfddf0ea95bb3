"""Security groups, in a real Neutron: created once, altered as a set, compared, deleted when nothing has them."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import pytest

from datacenter.hosting.cloud import tag_of
from datacenter.hosting.networks import groups
from datacenter.hosting.networks.rules import RuleIn, cloud_rules, distinct
from tests.api.people import Person
from tests.datacenter.ordering import Hosting, Worker

GROUPS = "/api/v1/security-groups"
WEB = [
    {"protocol": "tcp", "port_min": 80, "port_max": 81},
    {"protocol": "icmp"},
    {"protocol": "tcp", "port_min": 22, "remote": "10.42.0.0/24"},
]


def _cloud_rules(hosting: Hosting, group: str) -> set[Any]:
    connection = hosting.own_cloud()
    found = groups.find(connection, UUID(group))
    return set(groups.shown_rules(found.security_group_rules))


def _create(hosting: Hosting, person: Person, name: str, rules: list[dict[str, Any]]) -> str:
    made = person.post(GROUPS, json={"name": name, "rules": rules})
    hosting.done(made)
    return str(made.json()["resource"]["id"])


def test_a_group_lives_from_order_to_deletion(hosting: Hosting, ada: Person, uma: Person, worker: Worker) -> None:
    name = f"web {uuid4().hex[:6]}"
    order = {"name": name, "description": "what the web needs", "rules": WEB}
    seen = ada.post(f"{GROUPS}:preview", json=order)
    assert seen.status_code == 200, seen.text
    assert seen.json()["quota_after"]["security_groups"]["left"] == 10 - hosting.used("security_groups") - 1
    assert "+ in tcp 80-81 from anywhere" in seen.json()["plan"]["targets"][0]["diff"]
    assert ada.get(GROUPS, params={"name": name}).json()["items"] == []

    made = ada.post(GROUPS, json=order)
    assert made.status_code == 202, made.text
    resource = made.json()["resource"]
    assert resource["href"] == f"{GROUPS}/{resource['id']}"
    assert ada.get(resource["href"]).json()["status"] == "ordered"
    hosting.done(made)
    shown = ada.get(resource["href"]).json()
    assert (shown["status"], shown["description"], shown["project"]) == ("active", "what the web needs", "main")
    assert shown["rules"] == [
        {"direction": "ingress", "protocol": "icmp", "port_min": None, "port_max": None, "remote": None},
        {"direction": "ingress", "protocol": "tcp", "port_min": 22, "port_max": 22, "remote": "10.42.0.0/24"},
        {"direction": "ingress", "protocol": "tcp", "port_min": 80, "port_max": 81, "remote": None},
    ]
    wanted = cloud_rules(distinct([RuleIn.model_validate(one) for one in shown["rules"]]), {})
    assert _cloud_rules(hosting, resource["id"]) == wanted
    assert uma.get(resource["href"]).status_code == 404
    hosting_count = hosting.used("security_groups")

    # the same rules again: nothing to do; other rules: the difference
    same = ada.send("PUT", f"{resource['href']}/rules", json={"rules": shown["rules"]}, headers={"If-Match": "*"})
    assert same.json()["outcome"] == {"nothing_to_do": True}
    rules = [*shown["rules"][:2], {"direction": "egress", "protocol": "tcp", "port_min": 443}]
    stale = ada.send("PUT", f"{resource['href']}/rules", json={"rules": rules}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "CORE-112")
    version = f'"{shown["version"]}"'
    altered = ada.send("PUT", f"{resource['href']}/rules", json={"rules": rules}, headers={"If-Match": version})
    change = hosting.done(altered)
    diff = change.plan["targets"][0]["diff"]
    assert diff == "- in tcp 80-81 from anywhere\n+ out tcp 443 to anywhere"
    now = ada.get(resource["href"]).json()["rules"]
    assert _cloud_rules(hosting, resource["id"]) == cloud_rules(distinct([RuleIn.model_validate(x) for x in now]), {})
    assert [one["direction"] for one in now] == ["egress", "ingress", "ingress"]

    back = ada.post(f"/api/v1/changes/{change.id}:undo", json={"reason": "as before"})
    hosting.done(back)
    assert ada.get(resource["href"]).json()["rules"] == shown["rules"]
    assert _cloud_rules(hosting, resource["id"]) == wanted

    hosting.done(ada.send("DELETE", resource["href"], headers={"If-Match": "*"}))
    assert ada.get(resource["href"]).status_code == 404
    connection = hosting.own_cloud()
    assert groups.find(connection, UUID(resource["id"])) is None
    assert hosting.used("security_groups") == hosting_count - 1
    assert ada.post(GROUPS, json=order).status_code == 202  # the name is free again


def test_one_rule_comes_and_goes(hosting: Hosting, ada: Person, worker: Worker) -> None:
    group = _create(hosting, ada, f"one {uuid4().hex[:6]}", [])
    rule = {"protocol": "tcp", "port_min": 8080}
    hosting.done(ada.post(f"{GROUPS}/{group}:allow", json=rule))
    assert [one["port_max"] for one in ada.get(f"{GROUPS}/{group}").json()["rules"]] == [8080]
    assert ada.post(f"{GROUPS}/{group}:allow", json=rule).json()["outcome"] == {"nothing_to_do": True}
    other = ada.post(f"{GROUPS}/{group}:deny", json={**rule, "port_min": 8081})
    assert (other.status_code, other.json()["code"]) == (422, "HST-142")
    hosting.done(ada.post(f"{GROUPS}/{group}:deny", json=rule))
    assert ada.get(f"{GROUPS}/{group}").json()["rules"] == []


def test_groups_name_each_other_and_themselves(hosting: Hosting, ada: Person, uma: Person, worker: Worker) -> None:
    suffix = uuid4().hex[:6]
    front = _create(hosting, ada, f"front {suffix}", [{"remote": f"group:front {suffix}"}])
    back = _create(
        hosting, ada, f"back {suffix}", [{"protocol": "tcp", "port_min": 5432, "remote": f"group:front {suffix}"}]
    )
    assert ada.get(f"{GROUPS}/{back}").json()["rules"][0]["remote"] == f"group:front {suffix}"
    refused = ada.send("DELETE", f"{GROUPS}/{front}", headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (409, "HST-143")
    assert f"back {suffix}" in refused.json()["detail"]
    hosting.done(ada.send("PATCH", f"{GROUPS}/{front}", json={"name": f"edge {suffix}"}, headers={"If-Match": "*"}))
    assert ada.get(f"{GROUPS}/{front}").json()["rules"][0]["remote"] == f"group:edge {suffix}"
    assert ada.get(f"{GROUPS}/{back}").json()["rules"][0]["remote"] == f"group:edge {suffix}"
    # a group of another administration is no group
    for name in (f"edge {suffix}", "nowhere"):
        said = uma.post(GROUPS, json={"name": "theirs", "rules": [{"remote": f"group:{name}"}]})
        assert (said.status_code, said.json()["code"], said.json()["errors"][0]["pointer"]) == (
            404,
            "HST-141",
            "/rules",
        )


@pytest.mark.parametrize("name", ["base", "default", "x" * 64, "", " a", "a\u200bb", "e\u0301", "a\nb", "a\u202eb"])
def test_a_name_that_cannot_be_is_refused(ada: Person, name: str) -> None:
    said = ada.post(GROUPS, json={"name": name})
    assert said.status_code == 422, said.text
    assert (
        said.json()["errors"][0]["pointer"] == "/name" if "errors" in said.json() else said.json()["pointer"] == "/name"
    )


def test_rules_that_somebody_altered_meanwhile_make_the_plan_stale(
    hosting: Hosting, ada: Person, worker: Worker
) -> None:
    group = _create(hosting, ada, f"stale {uuid4().hex[:6]}", [])
    worker.freeze()
    try:
        first = ada.post(f"{GROUPS}/{group}:allow", json={"protocol": "tcp", "port_min": 1})
        second = ada.post(f"{GROUPS}/{group}:allow", json={"protocol": "tcp", "port_min": 2})
    finally:
        worker.thaw()
    states = {hosting.ended(first).state, hosting.ended(second).state}
    assert states == {"succeeded", "stale"}
    assert len(ada.get(f"{GROUPS}/{group}").json()["rules"]) == 1


def test_a_worker_that_dies_in_the_middle_makes_one_group(hosting: Hosting, ada: Person, worker: Worker) -> None:
    rules = [{"protocol": "tcp", "port_min": port} for port in range(1, 41)]
    made = ada.post(GROUPS, json={"name": f"killed {uuid4().hex[:6]}", "rules": rules})
    group = made.json()["resource"]["id"]
    connection = hosting.own_cloud()
    end = time.monotonic() + 120
    while groups.find(connection, UUID(group)) is None and time.monotonic() < end:
        time.sleep(0.02)
    victim = hosting.workers[-1]
    victim.kill()
    hosting.workers.remove(victim)
    hosting.worker()
    hosting.done(made, 180)
    found = list(connection.network.security_groups(description=tag_of(group)))
    assert len(found) == 1
    assert len(_cloud_rules(hosting, group)) == 82


def test_base_lets_icmp_in_and_nothing_else(hosting: Hosting) -> None:
    connection = hosting.own_cloud()
    base = groups.ensure_base(connection)
    connection.network.create_security_group_rule(
        security_group_id=base, direction="ingress", protocol="tcp", port_range_min=22, port_range_max=22,
        ether_type="IPv4",
    )  # fmt: skip
    assert groups.ensure_base(connection) == base
    comes_in = {
        (rule.protocol, rule.family) for rule in groups.rules_of(connection, base) if rule.direction == "ingress"
    }
    assert comes_in == {("icmp", "IPv4"), ("icmp", "IPv6")}
