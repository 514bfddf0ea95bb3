"""Server-sent events: in order, from where one was, one's own tenant's only, ended with the token."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI

from api import events
from core.db import Database
from core.journal.record import record
from core.journal.sequencer import Sequencer
from tests.api.people import SYSTEM, Hire, Person
from tests.api.serving import serve


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serve(app) as url:
        yield url


@pytest.fixture(scope="module")
def sequencer(database: Database) -> Sequencer:
    return Sequencer(database, None)


def _happen(database: Database, sequencer: Sequencer, action: str, tenant: UUID | None = None) -> None:
    with database.transaction("owner", SYSTEM) as tx:
        record(tx, "event", action, "test", "1", body={"n": 1}, tenant_id=tenant)
    sequencer.drain()


def _listen(
    address: str, person: Person, count: int, *, headers: dict[str, str] | None = None, path: str = "/api/v1/events"
) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    sent = {"Authorization": f"Bearer {person.token}", **(headers or {})}
    with httpx2.Client(timeout=60) as client, client.stream("GET", address + path, headers=sent) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        current: dict[str, Any] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name in {"id", "event"}:
                current[name] = value
            elif name == "data":
                current["data"] = json.loads(value)
            elif not line and "data" in current:
                out.append(current)
                current = {}
                if len(out) == count:
                    break
    return out


def test_a_client_goes_on_where_it_was(
    address: str, engineer: Person, database: Database, sequencer: Sequencer
) -> None:
    for number in range(3):
        _happen(database, sequencer, f"test.{number}")
    first = _listen(address, engineer, 1, path="/api/v1/events?after=0&action=test.")
    assert first[0]["event"] == "test.0"
    rest = _listen(address, engineer, 2, headers={"Last-Event-ID": first[0]["id"]}, path="/api/v1/events?action=test.")
    assert [one["event"] for one in rest] == ["test.1", "test.2"]
    assert rest[0]["data"]["body"] == {"n": 1}


def test_what_happens_arrives_as_it_happens(
    address: str, engineer: Person, database: Database, sequencer: Sequencer
) -> None:
    heard: list[dict[str, Any]] = []
    listening = threading.Thread(
        target=lambda: heard.extend(_listen(address, engineer, 1, path="/api/v1/events?action=live."))
    )
    listening.start()
    until = time.monotonic() + 60
    while listening.is_alive() and time.monotonic() < until:
        _happen(database, sequencer, "live.now")
        listening.join(0.1)
    assert heard[0]["event"] == "live.now"


def test_an_agency_hears_its_own_only(
    address: str, agent: Person, database: Database, sequencer: Sequencer, tenants: dict[str, UUID]
) -> None:
    _happen(database, sequencer, "secret.of-uccle", tenants["uccle"])
    _happen(database, sequencer, "secret.of-the-region")
    _happen(database, sequencer, "mine.of-ixelles", tenants["ixelles"])
    assert _listen(address, agent, 1, path="/api/v1/events?after=0")[0]["event"] == "mine.of-ixelles"


def test_a_made_up_position_is_refused(address: str, engineer: Person) -> None:
    for bad in ("x", "-1", "9" * 30):
        headers = {"Authorization": f"Bearer {engineer.token}", "Last-Event-ID": bad}
        assert httpx2.get(f"{address}/api/v1/events", headers=headers).status_code == 422


def _until_the_end(address: str, token: str) -> tuple[threading.Event, threading.Event]:
    """Listen in a thread; gives what is set when the stream has begun, and when it has ended."""
    begun, ended = threading.Event(), threading.Event()

    def listen() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with (
            httpx2.Client(timeout=60) as client,
            client.stream("GET", f"{address}/api/v1/events", headers=headers) as got,
        ):
            for _ in got.iter_lines():
                begun.set()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    return begun, ended


def _ends(ended: threading.Event, database: Database, sequencer: Sequencer) -> bool:
    until = time.monotonic() + 60
    while not ended.wait(0.1) and time.monotonic() < until:
        _happen(database, sequencer, "after.the-end")
    return ended.is_set()


def test_a_revoked_token_ends_the_stream(
    address: str, engineer: Person, database: Database, sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_ASK_AGAIN", 0.0)
    made = engineer.post("/api/v1/tokens", json={"name": "short", "scopes": ["change:read", "token:write"]}).json()
    begun, ended = _until_the_end(address, made["token"])
    assert begun.wait(60)
    assert engineer.send("DELETE", f"/api/v1/tokens/{made['id']}").status_code == 204
    assert _ends(ended, database, sequencer)


def test_a_role_that_is_taken_away_ends_the_stream(
    address: str,
    hire: Hire,
    manager: Person,
    database: Database,
    sequencer: Sequencer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The token still opens the door, but no longer to what every tenant does."""
    monkeypatch.setattr(events, "_ASK_AGAIN", 0.0)
    leaver = hire("leaver", "engineer", "agency-user")
    begun, ended = _until_the_end(address, leaver.token)
    assert begun.wait(60)
    assert manager.send("DELETE", "/api/v1/memberships/region/leaver/engineer").status_code == 204
    assert leaver.get("/api/v1/me").json()["staff"] is False
    assert _ends(ended, database, sequencer)
