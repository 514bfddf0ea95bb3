"""`/api/v1/figures`: every number is what SQL says of the same things; what was kept is given, and never invented."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from core.db import Database
from orchestrator.chores import CHORES
from orchestrator.figures import note, today_here
from orchestrator.registry import resolve
from tests.api.example_kind import only_example
from tests.api.people import SYSTEM, Hire, Person


@pytest.fixture(scope="module", autouse=True)
def region(manager: Person, engineer: Person) -> Any:
    """The region that comes with Irisplane, and a kind without anything behind it."""
    with only_example(beside=True):
        made = engineer.post("/api/v1/region:import?builtin=brussels", headers={"X-Reason": "a region to count"})
        assert made.status_code == 201, made.text
        yield


@pytest.fixture
def board(hire: Hire) -> Person:
    return hire(f"board-{uuid4().hex[:6]}", "management")


def figures(person: Person) -> dict[str, dict[str, Any]]:
    answer = person.get("/api/v1/figures")
    assert answer.status_code == 200, answer.text
    return {one["code"]: one for one in answer.json()["items"]}


SQL = {
    "devices": "select count(*) from device where status <> 'retired'",
    "addresses": "select count(*) from address where coalesce(upper(held), 'infinity') > now()",
    "servers": "select count(*) from server where gone_at is null",
    "storage_gib": "select coalesce(sum(counted_gib), 0) from volume where gone_at is null",
    "floating_ips": "select count(*) from floating_ip where gone_at is null",
    "changes-waiting": "select count(*) from change where state = 'waiting'",
    "changes-ended": "select count(*) from change where finished_at is not null"
    " and state in ('succeeded', 'failed', 'rolled_back', 'unknown')",
    "changes-succeeded": "select avg((state = 'succeeded')::integer) from change where finished_at is not null"
    " and state in ('succeeded', 'failed', 'rolled_back', 'unknown')",
    "orders-ended": "select count(*) from change where kind like 'hosting.%' and state = 'succeeded'",
}
"""Counted another way than the figures are."""


def test_every_number_is_what_sql_counts(board: Person, database: Database) -> None:
    found = figures(board)
    with database.transaction("owner", SYSTEM) as tx:
        for code, statement in SQL.items():
            assert found[code]["value"] == pytest.approx(float(tx.execute(text(statement)).scalar_one())), code
        pools = tx.execute(text("select count(*) from prefix where kind = 'pool'")).scalar_one()
        rows = tx.execute(
            text("select resource, sum(granted)::bigint as granted from quota where project_id is null group by 1")
        )
        granted = {row.resource: row.granted for row in rows}
    assert sum(code.startswith("pool.") for code in found) == pools > 0
    assert {code: found[code]["capacity"] for code in granted} == granted


def test_a_pool_is_taken_by_what_is_assigned_in_it(board: Person, engineer: Person) -> None:
    vrf = engineer.post("/api/v1/vrfs", json={"name": "figures"})
    assert vrf.status_code == 201, vrf.text
    for cidr, kind in (("10.250.0.0/16", "pool"), ("10.250.0.0/18", "assigned"), ("10.250.64.0/24", "assigned")):
        made = engineer.post("/api/v1/prefixes", json={"vrf": "figures", "cidr": cidr, "kind": kind})
        assert made.status_code == 201, made.text
    [pool] = [one for one in figures(board).values() if one["subject"].startswith("10.250.0.0/16")]
    assert pool["value"] == pytest.approx(1 / 4 + 1 / 256)
    assert (pool["unit"], pool["capacity"]) == ("share", 1)


def test_a_day_is_kept_once_and_its_last_value_stays(board: Person, engineer: Person, database: Database) -> None:
    assert resolve("orchestrator.figures:note") is note
    assert "orchestrator.figures:note" in CHORES, "the leader keeps them"
    assert note(database) > 10
    assert note(database) > 10
    with database.transaction("owner", SYSTEM) as tx:
        kept = tx.execute(text("select code, count(*) as n, max(day) as day from figure_day group by code")).all()
    assert {row.n for row in kept} == {1}
    assert {row.day for row in kept} == {today_here()}
    codes = {row.code for row in kept}
    told = figures(board)
    assert codes == {code for code, one in told.items() if one["value"] is not None}


def test_nothing_is_told_of_days_that_were_not_kept_and_a_date_waits_for_enough_of_them(
    board: Person, database: Database
) -> None:
    [pool] = [one for one in figures(board).values() if one["subject"].startswith("10.250.0.0/16")]
    assert [day["value"] for day in pool["past"]] == [pool["value"]]
    assert pool["course"]["outlook"] == "too-little-history"
    assert pool["course"]["full_on"] is None
    today, daily = today_here(), pool["value"] / 40
    with database.transaction("owner", SYSTEM) as tx:
        for ago in range(1, 31):  # as the leader would have, a month long: a fortieth of it more each day
            day = {"day": today - timedelta(days=ago), "code": pool["code"], "value": pool["value"] - daily * ago}
            tx.execute(text("insert into figure_day (day, code, value, capacity) values (:day, :code, :value, 1)"), day)
    [after] = board.get("/api/v1/figures", params={"figure": pool["code"]}).json()["items"]
    assert after["value"] == pool["value"]
    assert [day["day"] for day in after["past"]] == [str(today - timedelta(days=30 - n)) for n in range(31)]
    assert (after["course"]["outlook"], after["course"]["days"]) == ("dated", 30)
    assert after["course"]["full_on"] == str(today + timedelta(days=round((1 - pool["value"]) / daily)))


def test_days_come_as_csv(board: Person) -> None:
    answer = board.get("/api/v1/figures?figure=servers&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    [one] = board.get("/api/v1/figures?figure=servers").json()["items"]
    assert [(row["day"], float(row["value"])) for row in rows] == [(day["day"], day["value"]) for day in one["past"]]
    assert board.get("/api/v1/figures?figure=nothing").status_code == 404
    assert board.get("/api/v1/figures?figure=No%20Code").status_code == 422


def test_an_administration_reads_no_figures_of_the_region(agent: Person, database: Database, hire: Hire) -> None:
    assert agent.get("/api/v1/figures").status_code == 403
    # a role of the region's staff that is held in an administration sees that administration
    inside = hire("inside", "management", tenant="ixelles")
    found = figures(inside)
    assert found["devices"]["value"] == 0
    assert len(found["servers"]["past"]) <= 1, "what was kept is the region's"
