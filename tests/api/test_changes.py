"""A change over REST: previewed, submitted once, decided on by another, told as a story, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from core.db import Database
from core.scope import EVERY_TENANT, Scope
from core.settings import Settings
from tests.api.example_kind import only_example
from tests.api.people import SYSTEM, Hire, Person


@pytest.fixture(autouse=True, scope="module")
def kinds() -> Iterator[None]:
    with only_example():
        yield


_SAME_COMMIT = text("select c.xmin = i.xmin from change c, idempotency i where c.id = :id and i.key = :key")

ASKED = {"kind": "network.example", "intent": {"names": ["ac01", "ac02"]}, "reason": "to see"}


def test_a_preview_writes_nothing(engineer: Person, database: Database) -> None:
    answer = engineer.send("POST", "/api/v1/changes:preview", json=ASKED)
    assert answer.status_code == 200, answer.text
    plan = answer.json()["plan"]
    assert [target["name"] for target in plan["targets"]] == ["ac01", "ac02"]
    assert plan["approvals"][0]["rule"] == "network-needs-a-lead"
    assert len(answer.json()["hash"]) == 64
    assert engineer.get("/api/v1/changes").json()["items"] == []


def test_submit_approve_and_the_story(engineer: Person, lead: Person, agent: Person) -> None:
    made = engineer.post("/api/v1/changes", json=ASKED)
    assert made.status_code == 202, made.text
    path = made.headers["location"]
    assert made.json()["waiting_for"] == ["network-lead"]
    yes = {"plan_hash": made.json()["plan_hash"], "reason": "looks right"}
    assert engineer.send("POST", f"{path}:approve", json=yes).json()["code"] == "ORC-110"
    old = {**yes, "plan_hash": "0" * 64}
    assert lead.send("POST", f"{path}:approve", json=old).json()["code"] == "ORC-114"
    assert lead.send("POST", f"{path}:approve", json={**yes, "reason": " "}).json()["code"] == "ORC-102"
    waiting = lead.get("/api/v1/changes/waiting").json()["items"]
    assert path.endswith(waiting[0]["id"])
    agreed = lead.send("POST", f"{path}:approve", json=yes)
    assert (agreed.status_code, agreed.json()["state"]) == (200, "approved"), agreed.text
    assert (made.headers["retry-after"], agreed.headers["retry-after"]) == ("30", "2")  # people decide, a worker runs

    detail = engineer.get(path)
    assert detail.headers["retry-after"] == "2"
    assert detail.headers["etag"] == agreed.headers["etag"]
    assert [one["decided_by"] for one in detail.json()["approvals"]] == ["lead"]
    told = [entry["action"] for entry in engineer.get(f"{path}/story").json()["items"]]
    assert told == ["change.submitted", "change.approved"]
    assert engineer.get(f"{path}/steps").json()["items"] == []
    assert engineer.get(f"{path}/plan").json()["targets"][0]["diff"].startswith("+ line")
    for part in ("", "/story", "/steps", "/plan"):
        assert agent.get(path + part).status_code == 404
    assert agent.get("/api/v1/changes").json()["items"] == []
    stopped = engineer.send("POST", f"{path}:cancel", json={"reason": "not today"})
    assert stopped.json()["state"] == "cancelled"
    assert "retry-after" not in {**stopped.headers, **engineer.get(path).headers}
    assert engineer.send("POST", f"{path}:cancel", json={"reason": "again"}).json()["code"] == "ORC-115"


def test_a_rejection_ends_it(engineer: Person, lead: Person) -> None:
    made = engineer.post("/api/v1/changes", json=ASKED)
    no = lead.send("POST", f"{made.headers['location']}:reject", json={"reason": "no"})
    assert (no.status_code, no.json()["state"]) == (200, "rejected")


def test_a_plan_with_nothing_to_do_is_done(engineer: Person) -> None:
    made = engineer.post("/api/v1/changes", json={**ASKED, "intent": {"names": []}})
    assert (made.status_code, made.json()["state"], made.json()["outcome"]) == (
        201,
        "succeeded",
        {"nothing_to_do": True},
    )


def test_an_unknown_kind_and_a_bad_intent_are_told(engineer: Person) -> None:
    answer = engineer.post("/api/v1/changes", json={**ASKED, "kind": "network.exmaple"})
    assert (answer.status_code, answer.json()["code"]) == (422, "ORC-101")
    answer = engineer.post("/api/v1/changes", json={**ASKED, "intent": {"names": 3}})
    assert (answer.json()["code"], answer.json()["errors"][0]["pointer"]) == ("ORC-103", "/intent/names")
    assert engineer.post("/api/v1/changes", json={**ASKED, "reason": ""}).json()["code"] == "ORC-102"


def test_an_agency_may_not_touch_the_network(agent: Person) -> None:
    assert agent.post("/api/v1/changes", json=ASKED).status_code == 403


def test_the_same_key_submits_once(engineer: Person) -> None:
    first = engineer.post("/api/v1/changes", json=ASKED, key="push-1")
    again = engineer.post("/api/v1/changes", json=ASKED, key="push-1")
    assert first.json()["id"] == again.json()["id"]
    assert (again.status_code, again.headers["location"]) == (202, first.headers["location"])


def test_a_change_and_the_answer_kept_for_its_key_are_one_commit(engineer: Person, database: Database) -> None:
    made = engineer.post("/api/v1/changes", json=ASKED, key="whole-1")
    with database.transaction("owner", SYSTEM) as tx:
        same = tx.execute(_SAME_COMMIT, {"id": made.json()["id"], "key": "whole-1"}).scalar_one()
    assert same, "a crash between two commits would leave a change whose key answers nothing"


def test_a_refused_submission_leaves_its_key_free(engineer: Person) -> None:
    assert engineer.post("/api/v1/changes", json={**ASKED, "reason": ""}, key="free-1").status_code == 422
    assert engineer.post("/api/v1/changes", json=ASKED, key="free-1").status_code == 202


def test_more_submit_at_once_than_there_are_connections(
    database: Database, settings: Settings, engineer: Person
) -> None:
    narrow = Database(database.dsn, pool_size=1)
    try:
        crowd = replace(engineer, client=TestClient(create_app(narrow, settings), raise_server_exceptions=False))
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: crowd.post("/api/v1/changes", json=ASKED), range(16)))
    finally:
        narrow.close()
    assert [answer.status_code for answer in answers] == [202] * 16, [answer.text for answer in answers]


def test_lists_go_on_by_cursor_and_refuse_a_made_up_one(engineer: Person) -> None:
    for number in range(3):
        engineer.post("/api/v1/changes", json={**ASKED, "reason": f"page {number}"})
    seen: list[str] = []
    address: str | None = "/api/v1/changes?limit=2&state=waiting"
    while address:
        answer = engineer.get(address)
        seen += [item["id"] for item in answer.json()["items"]]
        address = answer.links["next"]["url"] if "next" in answer.links else None
    assert len(seen) == len(set(seen)) >= 4
    assert seen == sorted(seen, reverse=True)
    for cursor in ("x", "e30", "WzFd", "WyJ4Il0", "%00", "W10"):
        answer = engineer.get(f"/api/v1/changes?cursor={cursor}")
        assert answer.status_code == 400, answer.text
    assert engineer.get("/api/v1/changes?state=nonsense").status_code == 422
    assert engineer.get("/api/v1/changes?limit=0").json()["errors"][0]["parameter"] == "limit"


def test_an_unknown_change_is_not_found(engineer: Person) -> None:
    missing = uuid4()
    for path in (f"/api/v1/changes/{missing}", f"/api/v1/changes/{missing}/story", f"/api/v1/changes/{missing}/steps",
                 f"/api/v1/changes/{missing}/events", "/api/v1/changes/17"):  # fmt: skip
        assert engineer.get(path).status_code == 404
    assert engineer.send("POST", f"/api/v1/changes/{missing}:cancel", json={"reason": "x"}).status_code == 404


def test_a_deputy_decides_for_who_is_away(engineer: Person, lead: Person, hire: Hire) -> None:
    deputy = hire("deputy", "engineer")
    made = engineer.post("/api/v1/changes", json={**ASKED, "reason": "by deputy"})
    yes = {"plan_hash": made.json()["plan_hash"], "reason": "for lead", "on_behalf_of": "lead"}
    path = made.headers["location"]
    assert deputy.send("POST", f"{path}:approve", json=yes).status_code == 403
    away = {"deputy": "deputy", "begins": "2020-01-01T00:00:00Z", "ends": "2099-01-01T00:00:00Z"}
    assert lead.post("/api/v1/deputies", json=away).status_code == 201
    answer = deputy.send("POST", f"{path}:approve", json=yes)
    assert answer.status_code == 200, answer.text


def test_status_counts_what_is_under_way(engineer: Person) -> None:
    assert engineer.get("/api/v1/status").json()["changes"]["waiting"] >= 1


def test_the_journal_lists_verifies_and_exports(
    engineer: Person, agent: Person, database: Database, client: TestClient, tenants: dict[str, UUID]
) -> None:
    from core.journal.sequencer import Sequencer

    Sequencer(database, None).drain()
    page = engineer.get("/api/v1/audit?action=change.&limit=2")
    assert [entry["action"].partition(".")[0] for entry in page.json()["items"]] == ["change", "change"]
    older = engineer.get(page.links["next"]["url"]).json()["items"]
    assert older[0]["seq"] < page.json()["items"][-1]["seq"]
    by = engineer.get("/api/v1/audit?actor=lead&action=change.approved").json()["items"]
    assert by
    assert by[0]["reason"]
    rows = engineer.get("/api/v1/audit?kind=log&action=membership.insert").json()["items"]
    one = engineer.get(f"/api/v1/audit/{rows[0]['seq']}").json()
    assert one["rows"][0]["after"]["role"]
    assert engineer.get("/api/v1/audit/99999999").status_code == 404
    report = engineer.get("/api/v1/audit/verify").json()
    assert (report["intact"], report["findings"]) == (True, [])
    exported = engineer.get("/api/v1/audit/export").text.splitlines()
    assert len(exported) == report["entries"] + 1
    assert agent.get("/api/v1/audit/verify").status_code == 403
    assert agent.get("/api/v1/audit/export").status_code == 403
    assert all(entry["tenant"] == "ixelles" for entry in agent.get("/api/v1/audit").json()["items"])
    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        tx.execute(
            text("update journal set reason = 'forged' where id = (select journal_id from journal_chain where seq = 3)")
        )
    report = engineer.get("/api/v1/audit/verify").json()
    assert (report["intact"], report["findings"][0]["seq"]) == (False, 3)
