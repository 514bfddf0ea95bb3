"""Services over the API: an administration sees its own and nobody else's, and orders, tests and removes none."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Hire, Person

_PATH = "/api/v1/network/services"
_MAKE = text("""
    insert into service (tenant_id, code, kind, protection, table_number, tunnel_number)
    values (:tenant, :code, :kind, 'none', :table, :tunnel)""")


@pytest.fixture(scope="module")
def others(hire: Hire) -> Person:
    """Of another administration, that may do there what can be done."""
    return hire("services-uccle", "agency-admin", tenant="uccle")


@pytest.fixture(scope="module", autouse=True)
def made(database: Database, tenants: dict[str, UUID], others: Person) -> None:
    """One service of each."""
    with database.transaction("owner", SYSTEM) as tx:
        ixelles, uccle = tenants["ixelles"], tenants["uccle"]
        tx.execute(_MAKE, {"tenant": ixelles, "code": "sv-ixelles", "kind": "l3vpn", "table": 1201, "tunnel": 10201})
        tx.execute(_MAKE, {"tenant": uccle, "code": "sv-uccle", "kind": "e-line", "table": None, "tunnel": 10202})


def _codes(who: Person, **asked: Any) -> list[str]:
    answer = who.get(_PATH, params=asked)
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["items"]]


def test_an_administration_sees_its_own_services_and_nobody_elses(
    agent: Person, others: Person, engineer: Person
) -> None:
    assert _codes(agent) == ["sv-ixelles"]
    assert _codes(others) == ["sv-uccle"]
    assert _codes(agent, q="sv-") == ["sv-ixelles"]
    assert _codes(agent, tenant="uccle") == []
    assert _codes(engineer) == ["sv-ixelles", "sv-uccle"]
    own = agent.get(f"{_PATH}/sv-ixelles").json()
    assert (own["tenant"], own["table_number"], own["ends"]) == ("ixelles", 1201, [])


def test_another_administrations_service_is_like_none(agent: Person) -> None:
    theirs, nobodys = agent.get(f"{_PATH}/sv-uccle"), agent.get(f"{_PATH}/sv-nobody")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json()["detail"].replace("uccle", "…") == nobodys.json()["detail"].replace("nobody", "…")


def test_lists_are_narrowed_by_letters_kind_and_whose_they_are(engineer: Person) -> None:
    assert _codes(engineer, kind="e-line") == ["sv-uccle"]
    assert _codes(engineer, tenant="ixelles") == ["sv-ixelles"]
    assert _codes(engineer, q="UCC") == ["sv-uccle"]
    assert _codes(engineer, q="nowhere") == []
    assert engineer.get(_PATH, params={"kind": "carrier-pigeon"}).status_code == 422


def test_an_administration_sends_no_packets_through_the_regions_routers(agent: Person, engineer: Person) -> None:
    assert agent.post(f"{_PATH}/sv-ixelles:test").status_code == 403
    refused = engineer.post(f"{_PATH}/sv-uccle:test")
    assert "E-Line" in refused.json()["detail"]
    assert 400 <= refused.status_code < 500


def _asked(site: str) -> dict[str, Any]:
    intent = {"name": "counters", "kind": "internet", "ends": [{"site": site, "address": "203.0.113.1/29"}]}
    return {"kind": "service.request", "intent": intent, "reason": "the counters need it"}


def test_an_administration_asks_for_services_at_its_own_sites_and_learns_of_no_others(
    agent: Person, others: Person, engineer: Person
) -> None:
    site = {"code": "RQ-IXELLES", "kind": "other", "name_fr": "Q", "name_nl": "Q", "lon": 4.37, "lat": 50.83}
    made = engineer.post("/api/v1/sites", json={**site, "tenant": "ixelles"})
    assert made.status_code == 201, made.text
    own = agent.post("/api/v1/changes:preview", json=_asked("RQ-IXELLES"))
    assert 400 <= own.status_code < 500
    assert own.json()["detail"].startswith("The network has no free port at RQ-IXELLES")
    assert "/intent/ends/0/site" in own.text
    theirs = others.post("/api/v1/changes:preview", json=_asked("RQ-IXELLES"))
    nobodys = others.post("/api/v1/changes:preview", json=_asked("RQ-NOBODY"))
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json()["detail"].replace("IXELLES", "…") == nobodys.json()["detail"].replace("NOBODY", "…")
    region = engineer.post("/api/v1/changes:preview", json=_asked("RQ-IXELLES"))
    assert region.json()["detail"].startswith("The region does not ask itself")
    order = {"kind": "network.service.order", "intent": {}, "reason": "past the region"}
    assert agent.post("/api/v1/changes:preview", json=order).status_code == 403
