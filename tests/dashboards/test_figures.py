"""What management sees is what the API and SQL say."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import text

from core.db import Database
from dashboards.figures import LABELS, SOURCES
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.conftest import Visiting


def _ended(database: Database, engineer: Person, state: str) -> None:
    body = {"kind": "network.example", "intent": {"names": [f"r-{uuid4().hex[:6]}"]}, "reason": "a figure"}
    change = engineer.post("/api/v1/changes", json=body).json()["id"]
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "update change set state = :state, waiting_for = '{}', started_at = requested_at,"
                " finished_at = requested_at + interval '90 seconds' where id = :id"
            ),
            {"state": state, "id": change},
        )


def test_managements_home_counts_what_went_through_and_not_what_people_stopped(
    visiting: Visiting, hire: Hire, engineer: Person, database: Database
) -> None:
    for state in ("succeeded", "succeeded", "succeeded", "failed", "rejected", "cancelled"):
        _ended(database, engineer, state)
    board = hire("board", "management")
    page = visiting(board).open("/")
    assert page.status == 200
    assert "75% of 4 in 30 days" in page.text
    states = {one["state"] for one in board.get("/api/v1/changes?limit=1000").json()["items"]}
    for state in states & {"succeeded", "failed", "rejected", "cancelled"}:
        count = len(board.get(f"/api/v1/changes?state={state}&limit=1000").json()["items"])
        assert f"/changes?state={state}" in page.links
        assert str(count) in page.text


def test_what_is_granted_and_used_is_the_sum_of_the_quotas(visiting: Visiting, hire: Hire, agent: Person) -> None:
    auditor = hire("auditor", "auditor")
    rows = auditor.get("/api/v1/quotas?limit=1000").json()["items"]
    servers = [one for one in rows if one["resource"] == "servers" and one["project"] is None]
    granted, used = sum(one["granted"] for one in servers), sum(one["used"] for one in servers)
    page = visiting(auditor).open("/figures")
    assert f"{used} / {granted}" in page.text
    assert visiting(agent).open("/figures").status == 403


def test_every_figure_of_the_api_has_a_word_a_source_and_a_page(visiting: Visiting, hire: Hire) -> None:
    reader = hire("reader", "management")
    browser = visiting(reader)
    listed = browser.open("/figures")
    items = reader.get("/api/v1/figures").json()["items"]
    assert len(items) > 15
    for one in items:
        assert f"/figures/{one['code']}" in listed.links
        page = browser.open(f"/figures/{one['code']}")
        assert page.status == 200
        assert "Where does this come from?" in page.text
        assert f"/api/v1/figures?figure={one['code']}" in page.links
        sources = [link for link in page.links if link.startswith(SOURCES[one["name"]].href or "/api/v1/showback/")]
        assert browser.client.get(sources[0]).status_code == 200, sources[0]
    assert {one["name"] for one in items} <= LABELS.keys() == SOURCES.keys()
    assert browser.open("/figures/nothing").status == 404
