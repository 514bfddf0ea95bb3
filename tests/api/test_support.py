"""Support requests and maintenance notices: who sees what, whose turn it is, and who is told in which language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.db import Database
from core.journal.sequencer import Sequencer
from core.settings import Settings
from datacenter.hosting import notices
from datacenter.hosting.support import maintenance
from tests.api.people import SYSTEM, Hire, Person

BODY = "The words are nobody else's: zebra-canary-7311."


@pytest.fixture(scope="module")
def neighbour(hire: Hire) -> Person:
    return hire("neighbour", "agency-admin", tenant="uccle")


@pytest.fixture(scope="module")
def user(hire: Hire) -> Person:
    return hire("user", "agency-user", tenant="ixelles")


def _server(database: Database, tenants: dict[str, UUID], tenant: str, name: str, **more: object) -> UUID:
    values = {"tenant": tenants[tenant], "name": name, "host": "", **more}
    with database.transaction("owner", SYSTEM) as tx:
        made: UUID = tx.execute(
            text(
                "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, host)"
                " select :tenant, p.id, :name, 1, 512, 1, :host from project p where p.tenant_id = :tenant"
                " and p.code = 'main' returning id"
            ),
            values,
        ).scalar_one()
    return made


def _open(person: Person, **more: object) -> dict[str, Any]:
    answer = person.post("/api/v1/support-requests", json={"subject": "No disk", "body": BODY, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _told(database: Database, settings: Settings) -> dict[str, tuple[str, str]]:
    """Handle → subject and body of the newest mail, since the last look."""
    Sequencer(database, None).drain()
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("delete from notice"))
    notices.write_due(database, settings)
    with database.transaction("owner", SYSTEM) as tx:
        rows = tx.execute(
            text("select p.handle, n.subject, n.body from notice n join principal p on p.id = n.principal_id")
        )
        return {row.handle: (row.subject, row.body) for row in rows}


def _speaks(database: Database, person: Person, locale: str) -> None:
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update principal set locale = :l where id = :id"), {"l": locale, "id": person.id})


def test_both_sides_speak_in_turn_and_are_told_in_their_language(
    database: Database, settings: Settings, user: Person, manager: Person
) -> None:
    _speaks(database, user, "fr")
    _speaks(database, manager, "nl")
    made = _open(user)
    path = f"/api/v1/support-requests/{made['id']}"
    assert made["state"] == "open"
    assert [message["body"] for message in made["messages"]] == [BODY]
    assert _told(database, settings)["manager"][0] == "[Irisplane] Nieuwe vraag van ixelles: No disk"
    assert manager.post(f"{path}/messages", json={"body": "Look again."}).status_code == 201
    assert user.get(path).json()["state"] == "answered"
    told = _told(database, settings)
    assert list(told) == ["user"]
    assert told["user"][0] == "[Irisplane] Une réponse vous attend : No disk"
    assert f"{settings.url}{path}" in told["user"][1]
    assert "Look again" not in told["user"][1]
    assert user.post(f"{path}/messages", json={"body": "Thanks."}).status_code == 201
    shown = manager.get(path).json()
    assert shown["state"] == "open"
    assert [(one["author"], one["of_staff"]) for one in shown["messages"]] == [
        ("user", False),
        ("manager", True),
        ("user", False),
    ]


def test_engineers_answer_and_whoever_only_looks_does_not(user: Person, engineer: Person, hire: Hire) -> None:
    path = f"/api/v1/support-requests/{_open(user)['id']}"
    assert engineer.post(f"{path}/messages", json={"body": "It is the cable."}).status_code == 201
    assert user.get(path).json()["state"] == "answered"
    refused = hire("looker", "management").post(f"{path}/messages", json={"body": "Hurry."})
    assert refused.status_code == 403, refused.text


def test_a_request_is_altered_with_its_etag_and_closed_for_good(user: Person) -> None:
    made = _open(user)
    path = f"/api/v1/support-requests/{made['id']}"
    etag = user.get(path).headers["ETag"]
    assert user.send("PATCH", path, json={"state": "solved"}).status_code == 428
    solved = user.send("PATCH", path, json={"state": "solved"}, headers={"If-Match": etag})
    assert solved.json()["state"] == "solved"
    assert user.get(path, headers={"If-None-Match": solved.headers["ETag"]}).status_code == 304
    assert user.send("PATCH", path, json={"state": "closed"}, headers={"If-Match": etag}).status_code == 412
    assert user.post(f"{path}/messages", json={"body": "It is back."}).status_code == 201
    assert user.get(path).json()["state"] == "open"
    assert user.send("PATCH", path, json={"state": "closed"}, headers={"If-Match": "*"}).status_code == 200
    refused = user.post(f"{path}/messages", json={"body": "Again?"})
    assert (refused.status_code, refused.json()["code"]) == (409, "HST-182")


def test_a_request_is_about_a_thing_of_the_administration(
    database: Database, tenants: dict[str, UUID], user: Person, manager: Person
) -> None:
    own, other = _server(database, tenants, "ixelles", "web1"), _server(database, tenants, "uccle", "web1")
    made = _open(user, resource={"type": "server", "id": str(own)})
    assert made["resource"] == {"type": "server", "id": str(own), "name": "web1"}
    assert [one["id"] for one in manager.get(f"/api/v1/support-requests?resource={own}").json()["items"]] == [
        made["id"]
    ]
    said = []
    for absent in (str(other), str(uuid4())):
        asked = {"subject": "x", "body": "x", "resource": {"type": "server", "id": absent}}
        answer = user.post("/api/v1/support-requests", json=asked)
        assert answer.status_code == 404
        said.append({**answer.json(), "request_id": "", "detail": answer.json()["detail"].replace(absent, "<it>")})
        said[-1]["errors"] = str(said[-1]["errors"]).replace(absent, "<it>")
    assert said[0] == said[1]
    unknown = {"subject": "x", "body": "x", "resource": {"type": "secret", "id": str(own)}}
    assert user.post("/api/v1/support-requests", json=unknown).json()["code"] == "HST-183"


def test_staff_sees_every_request_and_an_administration_its_own(
    user: Person, neighbour: Person, manager: Person
) -> None:
    mine, theirs = _open(user), _open(neighbour)
    seen = {one["id"]: one["tenant"] for one in manager.get("/api/v1/support-requests").json()["items"]}
    assert (seen[mine["id"]], seen[theirs["id"]]) == ("ixelles", "uccle")
    only = manager.get("/api/v1/support-requests?tenant=uccle").json()["items"]
    assert {one["tenant"] for one in only} == {"uccle"}
    assert mine["id"] not in {one["id"] for one in neighbour.get("/api/v1/support-requests").json()["items"]}
    assert neighbour.get("/api/v1/support-requests?tenant=ixelles").json()["items"] == []
    assert neighbour.get(f"/api/v1/support-requests/{mine['id']}").status_code == 404
    first = manager.get("/api/v1/support-requests?limit=1")
    second = manager.get(first.headers["Link"].split(">")[0][1:])
    assert first.json()["items"][0]["id"] > second.json()["items"][0]["id"]


def test_the_journal_knows_that_something_was_said_and_not_what(
    database: Database, user: Person, manager: Person
) -> None:
    _open(user, subject="canary-subject-4242")
    Sequencer(database, None).drain()
    with database.transaction("owner", SYSTEM) as tx:
        kept = tx.execute(
            text("select string_agg(j.body::text, '') || coalesce((select string_agg(coalesce(pre::text, '')"
                 " || coalesce(post::text, ''), '') from change_log), '') from journal j")
        ).scalar_one()  # fmt: skip
    assert "support.opened" in {one["action"] for one in manager.get("/api/v1/audit").json()["items"]}
    assert "zebra-canary" not in kept
    assert "canary-subject" not in kept


def _notice(**more: object) -> dict[str, object]:
    begins = datetime.now(UTC) + timedelta(days=3)
    return {
        "title_fr": "Remplacement", "title_nl": "Vervanging", "title_en": "Replacement", "impact": "interrupted",
        "begins": begins.isoformat(), "ends": (begins + timedelta(hours=2)).isoformat(), **more,
    }  # fmt: skip


def _move(manager: Person, notice: dict[str, Any], **fields: object) -> dict[str, Any]:
    answer = manager.send(
        "PATCH", f"/api/v1/maintenance/{notice['id']}", json=fields, headers={"If-Match": f'"{notice["version"]}"'}
    )
    assert answer.status_code == 200, answer.text
    moved: dict[str, Any] = answer.json()
    return moved


def test_a_notice_tells_each_tenant_of_its_own_resources_once_it_is_scheduled(
    database: Database,
    settings: Settings,
    tenants: dict[str, UUID],
    agent: Person,
    neighbour: Person,
    manager: Person,
) -> None:
    _speaks(database, agent, "fr")
    ours = _server(database, tenants, "ixelles", "on-a", host="compute-a")
    theirs = _server(database, tenants, "uccle", "also-on-a", host="compute-a")
    _server(database, tenants, "uccle", "on-b", host="compute-b")
    made = manager.post("/api/v1/maintenance", json=_notice(touches=[{"type": "server", "host": "compute-a"}]))
    assert made.status_code == 201, made.text
    notice = made.json()
    assert {one["id"] for one in notice["resources"]} == {str(ours), str(theirs)}
    path = f"/api/v1/maintenance/{notice['id']}"
    assert agent.get(path).status_code == 404
    assert agent.get("/api/v1/maintenance").json()["items"] == []
    notice = _move(manager, notice, state="scheduled")
    assert [one["name"] for one in agent.get(path).json()["resources"]] == ["on-a"]
    assert agent.get(path).json()["touches"] is None
    told = _told(database, settings)
    assert told["agent"][0] == "[Irisplane] Maintenance prévue : Remplacement"
    assert "service interrompu" in told["agent"][1]
    assert "on-a" in told["agent"][1]
    assert "also-on-a" not in told["agent"][1]
    assert "also-on-a" in told["neighbour"][1]
    late = _server(database, tenants, "ixelles", "late", host="compute-a")
    assert maintenance.announce_due(database) == 1
    assert str(late) in {one["id"] for one in agent.get(path).json()["resources"]}
    assert list(_told(database, settings)) == ["agent"]
    assert maintenance.announce_due(database) == 0
    notice = _move(manager, manager.get(path).json(), state="in-progress")
    notice = _move(manager, notice, state="done")
    refused = manager.send("PATCH", path, json={"state": "scheduled"}, headers={"If-Match": "*"})
    assert refused.json()["code"] == "HST-185"


def test_only_the_region_announces_maintenance(agent: Person, manager: Person) -> None:
    asked = _notice(touches=[{"type": "server", "tenant": "ixelles"}])
    assert agent.post("/api/v1/maintenance", json=asked).status_code == 403
    for touches in (
        [],
        [{"type": "server"}],
        [{"type": "project", "host": "a"}],
        [{"type": "nothing", "ids": [str(uuid4())]}],
    ):
        assert manager.post("/api/v1/maintenance", json={**asked, "touches": touches}).status_code == 422
    back = {**asked, "ends": asked["begins"]}
    assert manager.post("/api/v1/maintenance", json=back).json()["errors"][0]["pointer"] == "/ends"
