"""Quotas: exactly what fits, what would be enough, who grants it, who is told why not; and the cloud follows."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel
from sqlalchemy import Connection, text

from core.db import Database
from core.errors import IrisplaneError
from core.identity import principal_in
from core.ids import uuid7
from core.journal.sequencer import Sequencer
from core.settings import Settings
from datacenter.hosting import notices as hosting_notices
from datacenter.hosting import projects
from datacenter.hosting.errors import OverQuota
from orchestrator import engine, notices
from orchestrator.engine import ChangeRequest
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, Plan, Target
from orchestrator.registry import Registry
from tests.api.people import SYSTEM, Person
from tests.clouds import CloudForTests
from tests.datacenter.ordering import Hosting

ROW = (
    "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, order_id)"
    " select p.tenant_id, p.id, :name, :vcpus, 512, 1, :change from project p where p.code = 'main'"
    " and p.tenant_id = :tenant"
)


class Size(BaseModel):
    """A server of so many processors."""

    name: str
    vcpus: int = 1


class Rack(ChangeKind[Size]):
    """Orders a row and nothing behind it."""

    name = "hosting.example.create"
    title = "Example"
    intent = Size

    def plan(self, intent: Size, world: World) -> Draft:
        return Draft("An example", (Target(f"example:{uuid7()}", intent.name, "", "+ it"),), facts={"bounded": True})

    def reserve(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        tenant = tx.execute(text("select irisplane_tenant()")).scalar_one()
        tx.execute(
            text(ROW), {**plan.intent, "vcpus": plan.intent.get("vcpus", 1), "change": change_id, "tenant": tenant}
        )


def _sql(database: Database, statement: str, **values: Any) -> Any:
    with database.transaction("platform", SYSTEM) as tx:
        result = tx.execute(text(statement), values)
        return result.all() if result.returns_rows else result.rowcount


def _grant(database: Database, tenant: UUID, resource: str, granted: int) -> None:
    _sql(
        database,
        "update quota set granted = :g where tenant_id = :t and resource = :r",
        g=granted,
        t=tenant,
        r=resource,
    )


def _used(database: Database, tenant: UUID, resource: str) -> set[int]:
    rows = _sql(database, "select used from quota where tenant_id = :t and resource = :r", t=tenant, r=resource)
    return {row.used for row in rows}


def test_fifty_orders_at_once_at_the_limit_admit_exactly_what_fits(
    fresh_database: Database, environment: dict[str, str]
) -> None:
    """Seven of fifty fit, whoever comes first, and the count is what stands afterwards."""
    from core.identity import create_principal, grant

    with fresh_database.transaction("owner", SYSTEM) as tx:
        tenant = tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en) values ('race', 'commune', 'r', 'r', 'r')"
                " returning id"
            )
        ).scalar_one()
        who = create_principal(tx, handle="racer", kind="person", display_name="R")
        grant(tx, principal_id=who, tenant_id=tenant, role="agency-user", granted_by=None)
    with fresh_database.transaction("platform", SYSTEM) as tx:
        person = principal_in(tx, "racer", "race")
    _grant(fresh_database, tenant, "servers", 7)
    _grant(fresh_database, tenant, "vcpus", 1000)
    kinds = Registry()
    kinds.add(Rack())
    start = threading.Barrier(50)
    answers: list[str] = []

    def order(number: int) -> str:
        start.wait()
        asked = ChangeRequest(kind=Rack.name, intent={"name": f"s{number}"}, reason="race")
        try:
            return engine.submit(fresh_database, person, asked, kinds=kinds).state.value
        except OverQuota as error:
            return f"over quota of {error.fields['resource']}"
        except IrisplaneError as error:
            return f"{error.code} {error.message}"

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(order, range(50)))
    assert sorted(set(answers)) == ["approved", "over quota of servers"]
    assert answers.count("approved") == 7
    assert _used(fresh_database, tenant, "servers") == {7}
    assert _sql(fresh_database, "select count(*) as n from server")[0].n == 7
    assert _sql(fresh_database, "select count(*) as n from change")[0].n == 7


def test_what_is_over_offers_the_order_that_would_be_enough(
    database: Database, tenants: dict[str, UUID], ugo: Person, environment: dict[str, str]
) -> None:
    """Everything that is short at once, for the project that was meant; the hint is in the caller's language."""
    tenant = tenants["ixelles"]
    _grant(database, tenant, "vcpus", 4)
    _grant(database, tenant, "ram_mib", 256)
    with pytest.MonkeyPatch.context() as patch:
        kinds = Registry()
        kinds.add(Rack())
        patch.setattr("orchestrator.registry.installed", lambda: kinds)
        body = {"kind": Rack.name, "intent": {"name": "big", "vcpus": 6}, "reason": "more"}
        answer = ugo.post("/api/v1/changes", json=body, headers={"Accept-Language": "fr-BE"})
    assert (answer.status_code, answer.json()["code"]) == (409, "HST-103")
    told = answer.json()
    assert told["hint"].startswith("Libérez quelque chose")
    assert (told["fields"]["granted"], told["fields"]["left"]) == (256, 256)
    assert told["fields"]["order"] == {
        "kind": "hosting.quota.grant", "intent": {"project": "main", "resources": {"ram_mib": 512, "vcpus": 6}},
    }  # fmt: skip
    asked = ugo.post("/api/v1/changes", json={**told["fields"]["order"], "reason": "the new register"})
    assert asked.status_code == 202, asked.text
    assert asked.json()["waiting_for"] == ["platform-manager"]
    assert ugo.post(f"/api/v1/changes/{asked.json()['id']}:cancel", json={"reason": "x"}).status_code == 200


def _rows(person: Person, **filters: str) -> dict[tuple[str | None, str], dict[str, Any]]:
    items = person.get("/api/v1/quotas", params=filters).json()["items"]
    return {(row["project"], row["resource"]): row for row in items}


def test_quotas_are_listed_for_tenant_and_project_with_what_is_left(
    database: Database, tenants: dict[str, UUID], ugo: Person, pim: Person
) -> None:
    _grant(database, tenants["ixelles"], "vcpus", 10)
    _grant(database, tenants["ixelles"], "ram_mib", 100_000)
    _sql(database, ROW, name="listed", vcpus=8, change=None, tenant=tenants["ixelles"])
    seen = _rows(ugo)
    assert len(seen) == 18
    row = seen["main", "vcpus"]
    assert (row["granted"], row["used"], row["left"], row["level"]) == (10, 8, 2, "nearly-full")
    assert seen[None, "vcpus"]["level"] == "nearly-full"
    assert set(_rows(ugo, level="nearly-full")) == {("main", "vcpus"), (None, "vcpus")}
    assert {key[0] for key in _rows(ugo, project="main")} == {"main"}
    tenants_seen = {row["tenant"] for row in pim.get("/api/v1/quotas").json()["items"]}
    assert len(tenants_seen) >= 2
    first = ugo.get("/api/v1/quotas?limit=10")
    rest = ugo.get(first.headers["Link"].split(">")[0][1:]).json()["items"]
    assert len(first.json()["items"]) + len(rest) == 18
    _sql(database, "update server set status = 'gone', gone_at = now() where name = 'listed'")


def test_crossing_a_threshold_is_an_event_and_a_mail_once(
    database: Database, tenants: dict[str, UUID], settings: Settings, ada: Person
) -> None:
    """At four fifths and at the end; not again while it stays there, and not in a preview."""
    tenant = tenants["ixelles"]
    _grant(database, tenant, "vcpus", 10)
    _grant(database, tenant, "servers", 100)
    _grant(database, tenant, "ram_mib", 100_000)
    with database.transaction("platform", SYSTEM, preview=True) as tx:
        tx.execute(text(ROW), {"name": "whatif", "vcpus": 10, "change": None, "tenant": tenant})
    for number, vcpus in enumerate((7, 1, 1, 1)):
        _sql(database, ROW, name=f"t{number}", vcpus=vcpus, change=None, tenant=tenant)
    found = _sql(
        database,
        "select action, body from journal where action like 'quota.%full' and body ->> 'resource' = 'vcpus'"
        " and body ->> 'project' is null and (body ->> 'granted')::int = 10 order by id desc limit 2",
    )
    assert [row.action for row in found] == ["quota.full", "quota.nearly-full"]
    assert (found[1].body["used"], found[0].body["used"]) == (8, 10)
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update principal set locale = 'fr' where id = :id"), {"id": ada.id})
    Sequencer(database, None).drain()
    hosting_notices.write_due(database, settings)
    told = _sql(database, "select subject, body from notice where principal_id = :id order by id", id=ada.id)
    assert "[Irisplane] Quota atteint : processeurs virtuels" in {row.subject for row in told}
    assert any("Sur 10 processeurs virtuels, 10 sont utilisés." in row.body for row in told)
    _sql(database, "update server set status = 'gone', gone_at = now() where tenant_id = :t", t=tenant)


def test_a_refusal_says_why_to_who_asked_in_their_language(
    database: Database, settings: Settings, ugo: Person, pim: Person
) -> None:
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update principal set locale = 'nl' where id = :id"), {"id": ugo.id})
    asked = ugo.post("/api/v1/quotas", json={"resource": "servers", "granted": 4000, "reason": "veel"}).json()
    assert asked["waiting_for"] == ["platform-manager"]
    refused = pim.post(f"/api/v1/changes/{asked['id']}:reject", json={"reason": "There are not so many hosts."})
    assert refused.status_code == 200, refused.text
    Sequencer(database, None).drain()
    notices.write_due(database, settings)
    [told] = _sql(
        database, "select subject, body from notice where change_id = :c and principal_id = :p", c=asked["id"], p=ugo.id
    )
    assert told.subject.startswith("[Irisplane] geweigerd: Quotum van ixelles")
    assert "zegt waarom: There are not so many hosts." in told.body


def test_an_administration_does_not_lower_and_does_not_reach_over(
    ugo: Person, uma: Person, tenants: dict[str, UUID]
) -> None:
    lower = ugo.post("/api/v1/quotas", json={"resource": "servers", "granted": 0, "project": "main"})
    assert (lower.status_code, lower.json()["code"]) == (422, "HST-186")
    assert lower.json()["errors"][0]["pointer"] == "/resources/servers"
    both = ugo.post("/api/v1/quotas", json={"resource": "servers"})
    assert both.status_code == 422
    said = []
    for ref in ("no-such", _project_of(ugo)):
        answer = uma.post("/api/v1/quotas", json={"resource": "servers", "granted": 99, "project": ref})
        said.append((answer.status_code, answer.json()["detail"].replace(ref, "<it>"), answer.json()["code"]))
    assert said[0] == said[1]
    assert said[0][0] == 404


def _project_of(person: Person) -> str:
    return str(next(row["project_id"] for row in person.get("/api/v1/quotas").json()["items"] if row["project_id"]))


@pytest.mark.slow
def test_what_is_approved_is_granted_here_and_in_the_cloud(
    hosting: Hosting, cloud: CloudForTests, worker: object, ugo: Person, ada: Person, pim: Person
) -> None:
    made = projects.ensure(hosting.database, hosting.project().id)
    assert made.cloud_id is not None
    hosting.grant("ixelles", vcpus=20)
    asked = ugo.post("/api/v1/quotas", json={"resource": "vcpus", "granted": 31, "project": "main", "reason": "growth"})
    assert asked.status_code == 202, asked.text
    change = asked.json()
    assert change["resource"]["type"] == "project"
    own = ada.post(f"/api/v1/changes/{change['id']}:approve", json={"plan_hash": change["plan_hash"], "reason": "x"})
    assert own.status_code == 403
    yes = pim.post(f"/api/v1/changes/{change['id']}:approve", json={"plan_hash": change["plan_hash"], "reason": "fine"})
    assert yes.status_code == 200, yes.text
    hosting.done(change["id"])
    seen = _rows(ugo, resource="vcpus")
    assert (seen["main", "vcpus"]["granted"], seen[None, "vcpus"]["granted"]) == (31, 31)
    assert cloud.admin.compute.get_quota_set(made.cloud_id).cores == 31


@pytest.mark.slow
def test_staff_lowers_below_what_is_used_and_nothing_is_taken_away(
    hosting: Hosting, cloud: CloudForTests, worker: object, ugo: Person, pim: Person, tenants: dict[str, UUID]
) -> None:
    projects.ensure(hosting.database, hosting.project().id)
    _sql(hosting.database, ROW, name="lowered", vcpus=4, change=None, tenant=tenants["ixelles"])
    held = hosting.used("vcpus")
    project = str(hosting.project().id)
    body = {"resource": "vcpus", "granted": held - 2, "project": project, "reason": "fewer hosts"}
    shown = pim.post("/api/v1/quotas:preview", json=body).json()
    assert f"{held} vcpus are used in main, more than the {held - 2} granted" in shown["plan"]["impact"]["notes"][0]
    assert shown["quota_after"]["vcpus"] == {"granted": held - 2, "used": held, "left": 0}
    hosting.done(pim.post("/api/v1/quotas", json=body))
    row = _rows(ugo, resource="vcpus")["main", "vcpus"]
    assert (row["granted"], row["used"], row["left"], row["level"]) == (held - 2, held, 0, "full")
    with pytest.raises(Exception, match="over quota"):
        _sql(hosting.database, ROW, name="more", vcpus=1, change=None, tenant=tenants["ixelles"])
    _sql(hosting.database, "update server set status = 'gone', gone_at = now() where name = 'lowered'")


@pytest.mark.slow
def test_an_administration_splits_what_it_has_among_its_projects(
    hosting: Hosting, worker: object, ugo: Person, ada: Person, tenants: dict[str, UUID]
) -> None:
    _sql(
        hosting.database, "insert into project (tenant_id, code, name) values (:t, 'second', 'Second')",
        t=tenants["ixelles"],
    )  # fmt: skip
    hosting.grant("ixelles", volumes=10)
    too_much = {"shares": {"main": {"volumes": 6}, "second": {"volumes": 5}}, "reason": "two teams"}
    refused = ada.post("/api/v1/quotas:split", json=too_much)
    assert (refused.status_code, refused.json()["code"]) == (422, "HST-187")
    shares = {"main": {"volumes": 6}, "second": {"volumes": 4}}
    waits = ugo.post("/api/v1/quotas:split", json={"shares": shares, "reason": "two teams"})
    assert waits.json()["waiting_for"] == ["agency-admin"]
    ugo.post(f"/api/v1/changes/{waits.json()['id']}:cancel", json={"reason": "the administrator does it"})
    hosting.done(ada.post("/api/v1/quotas:split", json={"shares": shares, "reason": "two teams"}))
    seen = _rows(ugo, resource="volumes")
    assert [seen[key, "volumes"]["granted"] for key in ("main", "second", None)] == [6, 4, 10]
