"""`/status` tells everybody what works, and nobody anything of an administration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from core.db import Database
from tests.api.people import SYSTEM, Person
from tests.dashboards.browsing import Page, read

_TITLES = {"en": "Does it work?", "fr": "Est-ce que tout fonctionne ?", "nl": "Werkt alles?"}


@pytest.fixture
def visitor(app: FastAPI) -> TestClient:
    """Somebody without a session, when nothing was looked up lately."""
    app.state.public_status = None
    del app.state.public_status
    return TestClient(app, headers={"Accept": "text/html", "Accept-Language": "en"})


@pytest.fixture
def region(database: Database, tenants: dict[str, Any]) -> Iterator[None]:
    """Two zones, one worker; three devices that answer."""
    with database.transaction("owner", SYSTEM) as tx:
        values = {"region": tenants["region"]}
        tx.execute(text("insert into executor_lease (executor, host, pid, version) values ('w', 'h', 1, '1')"))
        tx.execute(
            text(
                "insert into zone (tenant_id, code, availability_zone, present) values (:region, 'north', 'n', true),"
                " (:region, 'south', 's', true)"
            ),
            values,
        )
    yield
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("delete from executor_lease"))
        tx.execute(text("delete from zone"))
        tx.execute(text("delete from maintenance"))


def _open(visitor: TestClient, language: str = "en") -> Page:
    return read(visitor.get("/status", params={"language": language}))


def _notice(manager: Person, title: str, touches: list[dict[str, Any]], **more: Any) -> str:
    begins = datetime.now(UTC) + timedelta(days=2)
    body = {
        "title_fr": title, "title_nl": title, "title_en": title, "impact": "interrupted",
        "begins": begins.isoformat(), "ends": (begins + timedelta(hours=2)).isoformat(), "touches": touches, **more,
    }  # fmt: skip
    made = manager.post("/api/v1/maintenance", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _move(manager: Person, notice: str, state: str) -> None:
    headers = {"Authorization": f"Bearer {manager.token}", "If-Match": "*"}
    moved = manager.client.patch(f"/api/v1/maintenance/{notice}", json={"state": state}, headers=headers)
    assert moved.status_code == 200, moved.text


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
def test_everybody_reads_it_in_their_language_and_it_may_be_kept(
    language: str, visitor: TestClient, region: None
) -> None:
    page = _open(visitor, language)
    assert (page.status, page.language) == (200, language)
    assert _TITLES[language] in page.text
    assert page.answer.headers["cache-control"].startswith("public, max-age=")
    assert page.answer.headers["vary"] == "Accept-Language"
    assert "set-cookie" not in page.answer.headers
    by_browser = read(visitor.get("/status", headers={"Accept-Language": f"{language}-BE"}))
    assert by_browser.language == language


def test_a_worker_that_is_gone_and_a_zone_that_is_away_are_told(
    visitor: TestClient, region: None, app: FastAPI, database: Database
) -> None:
    assert "Everything works." in _open(visitor).text
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update executor_lease set lost_at = now()"))
        tx.execute(text("update zone set present = false where code = 'north'"))
    del app.state.public_status
    page = _open(visitor)
    assert "Everything works." not in page.text
    assert page.text.count("works with limits") == 2


def test_maintenance_is_told_by_its_time_and_zone_and_never_by_what_people_wrote_or_whom_it_names(
    visitor: TestClient, region: None, manager: Person, app: FastAPI
) -> None:
    shown = _notice(manager, "Disks of Ixelles", [{"type": "server", "zone": "north"}])
    private = _notice(manager, "Only for them", [{"type": "server", "tenant": "ixelles"}], impact="degraded")
    for notice in (shown, private):
        _move(manager, notice, "scheduled")
    page = _open(visitor)
    assert "It will be interrupted." in page.text
    assert "(north)" in page.text
    for words in ("Disks", "xelles", "Only for them", "It may be slower"):
        assert words not in page.answer.text
    _move(manager, shown, "in-progress")
    del app.state.public_status
    page = _open(visitor)
    assert "under maintenance" in page.text
    _move(manager, shown, "done")
    del app.state.public_status
    assert "None is announced." in _open(visitor).text


def test_a_thousand_visitors_ask_the_database_once(visitor: TestClient, database: Database) -> None:
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    engine = database.open_engines()["api"]
    event.listen(engine, "before_cursor_execute", note)
    try:
        for _ in range(50):
            assert _open(visitor).status == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([statement for statement in asked if "executor_lease" in statement]) == 1


def test_a_visitor_who_asks_too_often_is_told_to_wait(app: FastAPI, visitor: TestClient) -> None:
    assert "ratelimit" in visitor.get("/status").headers
