"""Showback and usage over the API: each administration its own lines, the staff all of them, the sums the same."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from core.db import Database
from core.settings import Settings
from datacenter.hosting.metering.held import Held
from datacenter.hosting.pricing import month_of
from tests.api.people import SYSTEM, Person
from tests.api.people import hire as hiring
from tests.datacenter.metering.conftest import ADDRESS, SMALL, SMALL_OFF, VOLUME, Meters, at
from tests.documented import watched

MONTH = "/api/v1/showback/2026-06"
NAMES = ("=1+1", "@SUM(A1)", "+32 2", "-x", "plain, with a comma", 'quote " and\nline')


@pytest.fixture(scope="module")
def app(kept: Meters, settings: Settings) -> FastAPI:
    return watched(create_app(kept.database, settings))


@pytest.fixture(scope="module")
def people(kept: Meters, app: FastAPI) -> dict[str, Person]:
    """Somebody of each administration and of the region."""
    region = kept.platform.tenant_id
    client = TestClient(app, raise_server_exceptions=False)
    hire = hiring.__wrapped__(kept.database, client, {**kept.tenants, "region": region})  # type: ignore[attr-defined]  # pytest keeps the function
    return {
        "ixelles": hire("lea", "agency-user", tenant="ixelles"),
        "uccle": hire("jan", "agency-user", tenant="uccle"),
        "staff": hire("mia", "management"),
        "manager": hire("max", "platform-manager"),
    }


@pytest.fixture(scope="module", autouse=True)
def june(kept: Meters) -> None:
    """Some usage of everybody and of nobody."""
    off = ((at(12), None),)
    servers = [
        *(kept.server(at(10), at(14), name=name, off=off) for name in NAMES),
        kept.server(at(10), at(11), tenant="uccle", name="theirs"),
        kept.server(at(10), at(12), tenant="nobody", name="whose"),
    ]
    kept.store(servers, at(8), at(16))
    kept.store([Held("volume", "vol", "cloud-ixelles", "data", at(10), at(11), quantity=10)], at(8), at(16), "cinder")
    kept.store([Held("floating-ip", "ip", "cloud-uccle", "198.51.100.7", at(10), at(11))], at(8), at(16), "neutron")
    kept.mark(month_of(2026, 6)[1])


def _lines(person: Person, query: str = "") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The head, and every line across its pages."""
    answer = person.get(f"{MONTH}?limit=3{query}")
    assert answer.status_code == 200, answer.text
    head = answer.json()
    lines = head.pop("items")
    following = head.pop("next")
    while following:
        body = person.get(f"{MONTH}?limit=3&cursor={following}{query}").json()
        lines += body["items"]
        following = body["next"]
    return head, lines


def test_each_line_is_quantity_times_price_and_says_its_source(people: dict[str, Person]) -> None:
    head, lines = _lines(people["ixelles"])
    assert {line["tenant"] for line in lines} == {"ixelles"}
    assert len(lines) == 2 * len(NAMES) + 1
    for line in lines:
        assert int(line["amount_micro_eur"]) == int(line["quantity"]) * int(line["unit_micro_eur"])
        assert line["source"] in {"nova", "cinder"}
    assert head["amount_micro_eur"] == str(sum(int(line["amount_micro_eur"]) for line in lines))
    assert int(head["amount_micro_eur"]) == len(NAMES) * 8 * (SMALL + SMALL_OFF) + 4 * 10 * VOLUME
    assert (head["quarters"], head["closed"], head["complete"], head["gaps"]) == (2880, False, True, [])


def test_the_sum_of_all_and_of_nobody_is_the_whole(people: dict[str, Person]) -> None:
    whole, lines = _lines(people["staff"])
    parts = {name: _lines(people[name])[0] for name in ("ixelles", "uccle")}
    by_tenant = {one["tenant"]: int(one["amount_micro_eur"]) for one in whole["by_tenant"]}
    assert by_tenant == {
        **{name: int(part["amount_micro_eur"]) for name, part in parts.items()},
        "unassigned": 8 * SMALL,
    }
    assert int(whole["amount_micro_eur"]) == sum(by_tenant.values())
    assert int(whole["server_quarters"]) == sum(
        int(line["quantity"]) for line in lines if line["resource"]["type"] == "server"
    )
    assert parts["uccle"]["amount_micro_eur"] == str(4 * SMALL + 4 * ADDRESS)


def test_an_administration_sees_nothing_of_another(people: dict[str, Person]) -> None:
    head, lines = _lines(people["ixelles"], "&tenant=uccle")
    assert lines == []
    assert [one["tenant"] for one in head["by_tenant"]] == ["ixelles"]
    for form in ("?format=csv", "?format=csv&tenant=uccle"):
        assert "theirs" not in people["ixelles"].get(MONTH + form).text
    assert (
        "theirs" not in people["ixelles"].get("/api/v1/usage?from=2026-06-01T00:00:00Z&until=2026-07-01T00:00:00Z").text
    )


def test_csv_is_the_same_and_no_cell_is_a_formula(people: dict[str, Person]) -> None:
    _, lines = _lines(people["ixelles"])
    for answer in (
        people["ixelles"].get(f"{MONTH}?format=csv"),
        people["ixelles"].get(MONTH, headers={"Accept": "text/csv"}),
    ):
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert [row["amount_micro_eur"] for row in rows] == [line["amount_micro_eur"] for line in lines]
        assert all(not row["name"].startswith(("=", "+", "-", "@")) for row in rows)
        assert {row["name"].removeprefix("'") for row in rows if row["type"] == "server"} == set(NAMES)
        assert rows[0]["amount_eur"] == f"{int(rows[0]['amount_micro_eur']) / 1e6:.6f}"


def test_usage_is_told_by_the_quarter_hour_and_by_the_day(people: dict[str, Person]) -> None:
    asked = "/api/v1/usage?from=2026-06-02T00:00:00Z&until=2026-06-03T00:00:00Z&limit=50"
    quarters: list[dict[str, Any]] = []
    cursor = ""
    while True:
        body = people["uccle"].get(f"{asked}&grain=quarter{cursor}").json()
        quarters += body["items"]
        if not body["next"]:
            break
        cursor = f"&cursor={body['next']}"
    days = people["uccle"].get(asked).json()["items"]
    assert sorted({one["resource"]["name"] for one in quarters}) == ["198.51.100.7", "theirs"]
    assert sum(int(one["quantity"]) for one in quarters) == sum(int(one["quantity"]) for one in days) == 8
    assert {one["seconds"] for one in quarters} == {"900"}
    long = people["uccle"].get("/api/v1/usage?from=2026-01-01T00:00:00Z&until=2026-07-01T00:00:00Z&grain=quarter")
    assert (long.status_code, long.json()["code"]) == (422, "HST-168")
    turned = people["uccle"].get("/api/v1/usage?from=2026-07-01T00:00:00Z&until=2026-06-01T00:00:00Z")
    assert turned.status_code == 422
    for edge in ("until=9999-12-31T23:59:59-14:00", "from=0001-01-01T00:00:00%2B14:00", "until=0001-01-01T00:00:00Z"):
        assert people["uccle"].get(f"/api/v1/usage?{edge}").status_code == 422


@pytest.mark.parametrize("month", ["2026-13", "2026-6", "june", "2026-06-01", "1999-01"])
def test_a_month_is_written_in_one_way(people: dict[str, Person], month: str) -> None:
    answer = people["ixelles"].get(f"/api/v1/showback/{month}")
    assert (answer.status_code, answer.json()["code"]) == (422, "HST-167")


def test_only_the_staff_compares_with_nova(people: dict[str, Person]) -> None:
    assert people["ixelles"].get("/api/v1/usage:compare").status_code == 403
    nothing = people["staff"].get("/api/v1/usage:compare?from=2026-07-02T00:00:00Z&until=2026-07-03T00:00:00Z").json()
    assert (nothing["servers"], nothing["agrees"]) == (0, True), "after the mark there is nothing to ask Nova about"


def test_a_closed_month_says_so_with_its_digest(people: dict[str, Person], kept: Meters) -> None:
    asked = {"kind": "hosting.month.close", "intent": {"month": "2026-06"}, "reason": "the month is over"}
    answer = people["manager"].post("/api/v1/changes", json=asked)
    assert (answer.status_code, answer.json()["state"]) == (201, "succeeded"), answer.text
    for who in ("ixelles", "staff"):
        head, _ = _lines(people[who])
        assert head["closed"] is True
        assert head["sha256"] == answer_digest(kept.database)
    fix = {"tenant": "uccle", "corrects": "2026-06", "amount_micro_eur": -SMALL, "reason": "=cmd()"}
    made = people["manager"].post(
        "/api/v1/changes", json={"kind": "hosting.charge.correct", "intent": fix, "reason": "a complaint"}
    )
    assert made.json()["state"] == "succeeded", made.text
    open_month = kept.sql("select to_char(booked, 'YYYY-MM') as month from correction")[0].month
    (line,) = people["uccle"].get(f"/api/v1/showback/{open_month}").json()["items"]
    assert (line["corrects"], line["amount_micro_eur"], line["source"]) == ("2026-06", str(-SMALL), "correction")
    assert people["ixelles"].get(f"/api/v1/showback/{open_month}").json()["items"] == []
    (row,) = csv.DictReader(io.StringIO(people["uccle"].get(f"/api/v1/showback/{open_month}?format=csv").text))
    assert (row["reason"], row["amount_micro_eur"], row["amount_eur"]) == ("'=cmd()", "-2400", "-0.002400")


def answer_digest(database: Database) -> str:
    """What the database says the digest of June is."""
    from sqlalchemy import text

    with database.transaction("platform", SYSTEM) as tx:
        return str(tx.execute(text("select sha256 from month_digest('2026-06-01')")).scalar_one())
