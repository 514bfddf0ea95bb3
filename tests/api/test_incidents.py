"""Incidents over the API: alerts of a real Alertmanager, what staff may do, and what an administration sees."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Hire, Person
from tests.api.serving import serve

_PATH = "/api/v1/incidents"


def _alert(name: str, *, status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status, "labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} fires."},
        "startsAt": "2026-11-30T12:00:00Z", "fingerprint": f"{name}-{labels}"[:60],
    }  # fmt: skip


def _told(who: Person, *alerts: dict[str, Any]) -> Any:
    return who.post(f"{_PATH}:alerts", json={"version": "4", "receiver": "irisplane", "alerts": list(alerts)})


def _open(who: Person) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in who.get(_PATH).json()["items"]}


def test_an_alert_is_an_incident_that_is_taken_in_hand_and_closed_when_resolved(engineer: Person) -> None:
    answer = _told(engineer, _alert("Fan", device="cr77"))
    assert answer.json() == {"opened": 1, "joined": 0, "closed": 0}
    number = _open(engineer)["Fan cr77"]["number"]
    taken = engineer.post(f"{_PATH}/{number}:acknowledge", json={"said": "on my way"}).json()
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", engineer.handle)
    again = engineer.post(f"{_PATH}/{number}:acknowledge", json={})
    assert again.status_code == 409
    noted = engineer.post(f"{_PATH}/{number}:note", json={"said": "a fan is on its way"}).json()
    assert noted["story"][-1]["said"] == "a fan is on its way"
    assert _told(engineer, _alert("Fan", status="resolved", device="cr77")).json()["closed"] == 1
    assert "Fan cr77" not in _open(engineer)
    closed = engineer.get(_PATH, params={"which": "closed"}).json()["items"]
    assert number in {one["number"] for one in closed}


def test_pages_follow_each_other(engineer: Person) -> None:
    _told(engineer, *(_alert("Page", device=f"d{n}") for n in range(5)))
    seen, cursor = [], None
    while True:
        page = engineer.get(_PATH, params={"limit": 2, "which": "all", **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["number"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 5


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"alerts": [{"status": "maybe", "labels": {}, "fingerprint": "x"}]}, 422),
        ({"alerts": [{"status": "firing", "labels": {}}]}, 422),
        ({"version": "3", "alerts": []}, 422),
        ({}, 422),
        ({"version": "4", "alerts": []}, 200),
    ],
)
def test_what_is_no_alert_is_refused_by_name(engineer: Person, body: dict[str, Any], status: int) -> None:
    assert engineer.post(f"{_PATH}:alerts", json=body).status_code == status


def test_a_silence_is_laid_and_lifted(engineer: Person, database: Database) -> None:
    with database.transaction("owner", SYSTEM) as tx:
        code = tx.execute(text("select code from site limit 1")).scalar()
    if code is None:
        site = {"code": "TH-SILENT", "kind": "town-hall", "name_fr": "x", "name_nl": "x"}
        edit = {"operations": [{"action": "create", "type": "site", "values": [site]}]}
        change = {"kind": "inventory.edit", "intent": edit, "reason": "a test"}
        assert engineer.post("/api/v1/changes", json=change).status_code == 201
        code = "TH-SILENT"
    body = {
        "kind": "site",
        "name": code,
        "begins": "2026-01-01T00:00:00Z",
        "ends": "2031-01-01T00:00:00Z",
        "reason": "x",
    }
    made = engineer.post("/api/v1/incident-silences", json=body)
    assert made.status_code == 201, made.text
    listed = engineer.get("/api/v1/incident-silences").json()["items"]
    assert {one["id"]: one["by"] for one in listed}[made.json()["id"]] == engineer.handle
    assert engineer.send("DELETE", f"/api/v1/incident-silences/{made.json()['id']}").status_code == 204
    assert engineer.send("DELETE", f"/api/v1/incident-silences/{made.json()['id']}").status_code == 404
    backwards = {**body, "begins": body["ends"], "ends": body["begins"]}
    assert engineer.post("/api/v1/incident-silences", json=backwards).status_code == 422
    assert engineer.post("/api/v1/incident-silences", json={**body, "name": "NOWHERE"}).status_code == 404


def test_who_may_only_read_alters_nothing_and_nobody_tells_without_a_token(
    hire: Hire, client: TestClient, agent: Person
) -> None:
    auditor = hire("incident-auditor", "auditor")
    assert auditor.get(_PATH).status_code == 200
    assert _told(auditor, _alert("Fan")).status_code == 403
    assert agent.get(_PATH).status_code == 403
    assert client.post(f"{_PATH}:alerts", json={"alerts": []}).status_code == 401


def test_an_administration_sees_that_it_is_touched_and_nothing_of_what_broke(
    engineer: Person, agent: Person, hire: Hire, database: Database
) -> None:
    _told(engineer, _alert("Cut", device="cr78"))
    number = _open(engineer)["Cut cr78"]["number"]
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "insert into incident_notice (incident_id, tenant_id, number, state)"
                " select i.id, t.id, i.number, 'down' from incident i, tenant t"
                " where i.number = :number and t.code = 'ixelles'"
            ),
            {"number": number},
        )
    mine = agent.get("/api/v1/incident-notices").json()["items"]
    assert [(one["number"], one["state"], one["over"]) for one in mine] == [(number, "down", None)]
    other = hire("incident-uccle", "agency-user", tenant="uccle")
    assert other.get("/api/v1/incident-notices").json()["items"] == []


@pytest.fixture
def alertmanager(app: FastAPI, engineer: Person, tmp_path: Path) -> Iterator[str]:
    """A real Alertmanager that tells us, with a token; its address."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("Alertmanager is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serve(app) as ours:
        (tmp_path / "token").write_text(engineer.token)
        config = {
            "route": {"receiver": "irisplane", "group_wait": "1s", "group_interval": "1s", "group_by": ["..."]},
            "receivers": [
                {
                    "name": "irisplane",
                    "webhook_configs": [
                        {
                            "url": f"{ours}{_PATH}:alerts",
                            "http_config": {"authorization": {"credentials_file": str(tmp_path / "token")}},
                        }
                    ],
                }
            ],
        }
        (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [program, f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            _await(lambda: _ready(port), "Alertmanager is ready")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def _ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _await(question: Any, what: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)


def test_a_real_alertmanager_tells_us_and_tells_when_it_is_over(alertmanager: str, engineer: Person) -> None:
    def send(**more: str) -> None:
        alert = {"labels": {"alertname": "Real", "device": "cr79"}, "annotations": {"summary": "It is real."}, **more}
        request = Request(  # noqa: S310 - our own, on loopback
            f"{alertmanager}/api/v2/alerts", json.dumps([alert]).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
            assert answer.status == 200

    send()
    _await(lambda: "Real cr79" in _open(engineer), "the alert is an incident")
    number = _open(engineer)["Real cr79"]["number"]
    send(endsAt="2026-01-01T00:00:00Z")
    _await(lambda: engineer.get(f"{_PATH}/{number}").json()["state"] == "closed", "resolved, it is closed")
