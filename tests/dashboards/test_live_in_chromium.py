"""What runs is followed in a real Chromium: by the server's events, and by looking again where there are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from sqlalchemy import text

from core.db import Database
from core.journal.record import record
from core.journal.sequencer import Sequencer
from tests.api.people import SYSTEM, Person
from tests.api.serving import serve
from tests.dashboards.between import Between
from tests.dashboards.driving import complaints, enter, looked_at, patient, shows, text_of

pytestmark = [pytest.mark.slow]

_HIDE = """
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => arguments[0] === 'hidden'});
    document.dispatchEvent(new Event('visibilitychange'));"""

_HUNDREDS = text("""
    insert into change_step (change_id, tenant_id, ordinal, batch, target_id, target_name, state, record, error,
                             started_at, finished_at)
    select c.id, c.tenant_id, n, n / 20, 'device:r' || n, 'ac-' || lpad(n::text, 3, '0'),
           case when n = 77 then 'failed' when n / 20 < 8 then 'confirmed' when n / 20 = 8 then 'verifying'
                else 'pending' end,
           jsonb_build_object('notes', jsonb_build_object('apply', 'commit taken, 60 s on the timer')),
           case when n = 77 then jsonb_build_object('code', 'NET-012', 'message', 'ac-077 hung up.') end,
           case when n / 20 <= 8 then now() - interval '1 minute' end, case when n / 20 < 8 then now() end
      from change c, generate_series(0, 399) n where c.id = :change""")


@dataclass
class Wire(Between):
    """The application, with what came over the wire counted, and streams cut where ``deaf``."""

    deaf: bool = False
    began: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[Any]],
    ) -> None:
        path = scope.get("path", "")
        self.began[path] += 1
        if self.deaf and path.endswith("/events"):
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        self.open[path] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.open[path] -= 1


@pytest.fixture
def wire(app: FastAPI) -> Wire:
    return Wire(app)


@pytest.fixture
def served(wire: Wire) -> Iterator[str]:
    with serve(wire) as address:  # type: ignore[arg-type]  # any ASGI application is served alike
        yield address


@pytest.fixture
def change(engineer: Person, database: Database) -> str:
    """One that waits, with all that happened to it in the chain."""
    body = {"kind": "network.example", "intent": {"names": ["bxl-live"]}, "reason": "to be followed"}
    made = engineer.post("/api/v1/changes", json=body).json()["id"]
    Sequencer(database, None).drain()
    return str(made)


def _becomes(database: Database, change: str, state: str) -> None:
    """As a worker would write it, and the journal's sequencer after it."""
    with database.transaction("owner", replace(SYSTEM, change_id=UUID(change))) as tx:
        tenant = tx.execute(
            text("update change set state = :state, waiting_for = '{}' where id = :id returning tenant_id"),
            {"id": change, "state": state},
        ).scalar_one()
        record(tx, "event", f"change.{state}", "change", change, tenant_id=tenant)
    Sequencer(database, None).drain()


def _streams(page: WebDriver, wire: Wire, change: str, count: int) -> None:
    """Wait until so many streams of it are open."""
    path = f"/api/v1/changes/{change}/events"
    patient(page).until(lambda _driver: wire.open[path] == count, f"not {count} streams")


def test_a_change_is_followed_by_its_events_and_what_is_typed_stays(
    page: WebDriver, wire: Wire, served: str, change: str, lead: Person, database: Database
) -> None:
    enter(page, served, lead.post("/enter").json()["path"])
    page.get(f"{served}/changes/{change}")
    page.find_element(By.ID, "reason").send_keys("half a sentence")
    _streams(page, wire, change, 1)
    for state in ("running", "rolling_back"):
        page.execute_script(
            "document.querySelector('[data-events]').dataset.every = 100000"
        )  # it never looks by itself
        _becomes(database, change, state)
        shows(page, state, "en")
    assert page.find_element(By.ID, "reason").get_attribute("value") == "half a sentence"
    _becomes(database, change, "failed")
    shows(page, "failed", "en")
    _streams(page, wire, change, 0)
    assert page.find_elements(By.CSS_SELECTOR, "[data-events]") == [], "it has ended: there is no more to follow"
    assert complaints(page) == []


def test_a_burst_of_events_is_one_look_or_two(
    page: WebDriver, wire: Wire, served: str, change: str, lead: Person, database: Database
) -> None:
    enter(page, served, lead.post("/enter").json()["path"])
    page.get(f"{served}/changes/{change}")
    _streams(page, wire, change, 1)
    with database.transaction("owner", replace(SYSTEM, change_id=UUID(change))) as tx:
        tenant = tx.execute(
            text("update change set state = 'running', waiting_for = '{}' where id = :id returning tenant_id"),
            {"id": change},
        ).scalar_one()
        for number in range(400):
            record(tx, "event", "step.applied", "change", change, body={"target": f"r{number}"}, tenant_id=tenant)
    Sequencer(database, None).drain()
    shows(page, "running", "en")
    # one more event, seen on the page: everything before it has been looked at by then
    _becomes(database, change, "rolling_back")
    shows(page, "rolling_back", "en")
    assert wire.began[f"/changes/{change}"] < 40, "400 events are not 400 looks"


def test_without_a_stream_the_page_looks_by_itself_and_finds_the_stream_again(
    page: WebDriver, wire: Wire, served: str, change: str, lead: Person, database: Database
) -> None:
    wire.deaf = True
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update change set state = 'running', waiting_for = '{}' where id = :id"), {"id": change})
    enter(page, served, lead.post("/enter").json()["path"])
    page.get(f"{served}/changes/{change}")
    shows(page, "running", "en")
    _becomes(database, change, "rolling_back")
    shows(page, "rolling_back", "en")
    wire.deaf = False
    _streams(page, wire, change, 1)
    _becomes(database, change, "running")
    shows(page, "running", "en")


def test_a_server_that_was_away_is_told_and_followed_again(
    page: WebDriver, app: FastAPI, change: str, lead: Person, database: Database
) -> None:
    first = Wire(app)
    with serve(first) as address:  # type: ignore[arg-type]  # as above
        port = int(address.rsplit(":", 1)[1])
        enter(page, address, lead.post("/enter").json()["path"])
        with database.transaction("owner", SYSTEM) as tx:
            tx.execute(text("update change set state = 'running', waiting_for = '{}' where id = :id"), {"id": change})
        page.get(f"{address}/changes/{change}")
        _streams(page, first, change, 1)
    patient(page).until(lambda driver: driver.find_element(By.ID, "away").is_displayed(), "not told")
    _becomes(database, change, "rolling_back")
    again = Wire(app)
    with serve(again, port):  # type: ignore[arg-type]  # as above
        shows(page, "rolling_back", "en")
        _streams(page, again, change, 1)
        patient(page).until_not(lambda driver: driver.find_element(By.ID, "away").is_displayed(), "still told")
        _becomes(database, change, "running")
        shows(page, "running", "en")


def test_a_page_that_nobody_looks_at_asks_for_nothing_until_somebody_does(
    page: WebDriver, wire: Wire, served: str, change: str, lead: Person, database: Database
) -> None:
    enter(page, served, lead.post("/enter").json()["path"])
    page.get(f"{served}/changes/{change}")
    _streams(page, wire, change, 1)
    page.execute_script(_HIDE, "hidden")
    _streams(page, wire, change, 0)
    asked = wire.began[f"/changes/{change}"]
    _becomes(database, change, "running")
    assert text_of(page, "#live .heading .badge") == "waiting"
    assert wire.began[f"/changes/{change}"] == asked
    page.execute_script(_HIDE, "visible")
    shows(page, "running", "en")
    _streams(page, wire, change, 1)


def test_a_session_that_is_over_ends_the_stream_and_says_so(
    page: WebDriver, wire: Wire, app: FastAPI, served: str, change: str, lead: Person, database: Database
) -> None:
    enter(page, served, lead.post("/enter").json()["path"])
    page.get(f"{served}/changes/{change}")
    _streams(page, wire, change, 1)
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update session set ended_at = now() where ended_at is null"))
    app.state.remembered.clear()  # as after two seconds
    _becomes(database, change, "running")
    patient(page).until(lambda driver: "/sign-in" in driver.page_source, "not told where to sign in")
    _streams(page, wire, change, 0)


def test_a_run_of_hundreds_is_sound_to_look_at(
    page: WebDriver, served: str, change: str, lead: Person, database: Database, shots: Path
) -> None:
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text("update change set state = 'running', waiting_for = '{}', batch = 8 where id = :id"), {"id": change}
        )
        tx.execute(_HUNDREDS, {"change": change})
    enter(page, served, lead.post("/enter").json()["path"])
    page.get(f"{served}/changes/{change}")
    looked_at(page, shots, "run-of-hundreds")
    page.get(f"{served}/changes/{change}/steps?first=9&last=10")
    looked_at(page, shots, "steps")
    assert complaints(page) == []
