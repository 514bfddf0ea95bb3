"""Volumes that are copied by themselves: due times across the clock's changes, catching up once, keeping the newest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import bootstrap
from datacenter.hosting.pricing import REGION_TIME
from datacenter.hosting.volumes.schedules import give_up_surplus, latest_due, take_due
from tests.api.people import Person
from tests.datacenter.ordering import Hosting, Worker

SCHEDULES, SNAPSHOTS, VOLUMES = "/api/v1/backup-schedules", "/api/v1/snapshots", "/api/v1/volumes"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "weekday", "hour", "now", "due"),
    [
        ("day", None, 2, "2026-11-30T00:59", "2026-11-29T01:00"),
        ("day", None, 2, "2026-11-30T01:00", "2026-11-30T01:00"),
        ("day", None, 2, "2026-07-01T12:00", "2026-07-01T00:00"),
        ("day", None, 0, "2026-06-30T22:30", "2026-06-30T22:00"),
        ("day", None, 2, "2026-03-29T12:00", "2026-03-29T01:00"),  # the hour that is skipped: an hour later
        ("day", None, 2, "2026-10-25T12:00", "2026-10-25T00:00"),  # the hour that comes twice: the first time
        ("week", 1, 3, "2026-11-30T01:59", "2026-11-23T02:00"),
        ("week", 1, 3, "2026-11-30T02:00", "2026-11-30T02:00"),
        ("week", 7, 23, "2026-11-30T12:00", "2026-11-29T22:00"),
    ],
)
def test_a_copy_is_due_by_the_clock_in_brussels(every: str, weekday: int | None, hour: int, now: str, due: str) -> None:
    assert latest_due(every, weekday, hour, _at(now)) == _at(due)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests may want both cores
@given(
    st.integers(0, 50_000).map(lambda hours: _at("2025-01-01T00:30") + timedelta(hours=hours)),
    st.integers(0, 23),
    st.one_of(st.none(), st.integers(1, 7)),
)
def test_a_due_time_lies_behind_and_the_next_one_ahead(now: datetime, hour: int, weekday: int | None) -> None:
    every, step = ("day", 1) if weekday is None else ("week", 7)
    due = latest_due(every, weekday, hour, now)
    assert due <= now < due + timedelta(days=step, hours=1)
    assert latest_due(every, weekday, hour, due) == due
    local = due.astimezone(REGION_TIME)
    assert weekday is None or local.isoweekday() == weekday


@pytest.fixture(scope="module")
def volume(hosting: Hosting, ada: Person, worker: Worker) -> str:
    """A volume, and the account under which Irisplane acts by itself."""
    bootstrap.ensure(hosting.database)
    made = ada.post(VOLUMES, json={"name": f"kept {uuid4().hex[:6]}", "size_gib": 1})
    hosting.done(made)
    return str(made.json()["resource"]["id"])


def _schedule(person: Person, volume: str, **more: Any) -> str:
    body = {"volume": volume, "name": f"nightly {uuid4().hex[:6]}", "hour": 2, "keep": 2, **more}
    made = person.post(SCHEDULES, json=body)
    assert made.status_code == 201, made.text
    (found,) = [one for one in person.get(SCHEDULES).json()["items"] if one["name"] == body["name"]]
    return str(found["id"])


def _ended(hosting: Hosting, kind: str) -> list[Any]:
    """Every order of a kind, once all have ended."""
    rows = hosting.sql("select id from change where kind = :kind order by id", kind=kind)
    return [hosting.ended(row.id) for row in rows]


def test_copies_are_taken_when_due_and_the_newest_are_kept(
    hosting: Hosting, ada: Person, uma: Person, volume: str
) -> None:
    schedule = _schedule(ada, volume)
    path = f"{SCHEDULES}/{schedule}"
    shown = ada.get(path).json()
    assert (shown["every"], shown["hour"], shown["keep"], shown["method"]) == ("day", 2, 2, "snapshot")
    assert datetime.fromisoformat(shown["next_due"]) > datetime.now(UTC)
    assert uma.get(path).status_code == 404

    assert take_due(hosting.database) == 0  # what was due before it stood is not caught up
    today = latest_due("day", None, 2, datetime.now(UTC))
    for day in range(1, 5):
        # two days at a time pass for one copy: what was missed is caught up once
        later = today + timedelta(days=2 * day, minutes=5)
        assert take_due(hosting.database, later) == 1
        assert take_due(hosting.database, later) == 0
        orders = _ended(hosting, "hosting.volume.snapshot")
        assert {order.state for order in orders} == {"succeeded"}
        hosting.sql(
            "update volume_snapshot set created_at = now() + make_interval(days => :day) where order_id = :order",
            day=day, order=orders[-1].id,
        )  # fmt: skip
    assert orders[-1].tenant_id == hosting.tenants["ixelles"]
    copies = ada.get(SNAPSHOTS, params={"volume": volume}).json()["items"]
    assert [one["schedule_id"] for one in copies] == [schedule] * 4
    assert ada.get(path).json()["copies"] == 4

    # the newest is broken: two older good ones are kept beside it, never fewer
    hosting.sql("update volume_snapshot set status = 'error' where id = :id", id=copies[3]["id"])
    assert give_up_surplus(hosting.database) == 1
    assert give_up_surplus(hosting.database) == 0  # ordered already
    _ended(hosting, "hosting.snapshot.delete")
    left = ada.get(SNAPSHOTS, params={"volume": volume}).json()["items"]
    assert [one["id"] for one in left] == [copies[1]["id"], copies[2]["id"], copies[3]["id"]]
    hosting.sql(
        "update volume_snapshot set status = 'error' where id = any(:ids)", ids=[copies[1]["id"], copies[2]["id"]]
    )
    assert give_up_surplus(hosting.database) == 0  # nothing good is newer
    hosting.sql("update volume_snapshot set status = 'available' where id = :id", id=copies[2]["id"])
    assert give_up_surplus(hosting.database) == 1
    _ended(hosting, "hosting.snapshot.delete")

    # paused, then ended: what there is stays
    version = {"If-Match": f'"{ada.get(path).json()["version"]}"'}
    assert ada.send("PATCH", path, json={"active": False}, headers=version).status_code == 201
    assert take_due(hosting.database, today + timedelta(days=30)) == 0
    assert ada.get(path).json()["next_due"] is None
    assert ada.send("DELETE", path, headers={"If-Match": "*"}).status_code == 201
    left = ada.get(SNAPSHOTS, params={"volume": volume}).json()["items"]
    assert [(one["id"], one["schedule_id"]) for one in left] == [(copies[2]["id"], None), (copies[3]["id"], None)]


def test_a_copy_that_finds_no_room_says_so_and_is_tried_at_its_next_time(
    hosting: Hosting, ada: Person, volume: str
) -> None:
    path = f"{SCHEDULES}/{_schedule(ada, volume, hour=4)}"
    held = hosting.used("snapshots")
    hosting.grant("ixelles", snapshots=held)
    later = latest_due("day", None, 4, datetime.now(UTC)) + timedelta(days=1, minutes=1)
    assert take_due(hosting.database, later) == 0
    shown = ada.get(path).json()
    assert "snapshots" in shown["fault"]
    assert datetime.fromisoformat(shown["last_due"]) == later - timedelta(minutes=1)
    events = hosting.sql("select body from journal where action = 'backup-schedule.failed'")
    assert [event.body["why"] for event in events] == [shown["fault"]]
    hosting.grant("ixelles", snapshots=held + 5)
    assert take_due(hosting.database, later) == 0
    assert take_due(hosting.database, later + timedelta(days=1)) == 1
    _ended(hosting, "hosting.volume.snapshot")
    assert ada.get(path).json()["fault"] == ""
    assert ada.send("DELETE", path, headers={"If-Match": "*"}).status_code == 201


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"hour": 24}, "/hour"),
        ({"hour": -1}, "/hour"),
        ({"keep": 0}, "/keep"),
        ({"every": "month"}, "/every"),
        ({"every": "week"}, "/weekday"),
        ({"weekday": 3}, "/weekday"),
        ({"every": "week", "weekday": 8}, "/weekday"),
        ({"method": "backup"}, "/method"),
        ({"name": "a\u202eb"}, "/name"),
        ({"volume": str(uuid4())}, "/volume"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(ada: Person, volume: str, more: dict[str, Any], pointer: str) -> None:
    said = ada.post(SCHEDULES, json={"volume": volume, "name": "never", "hour": 2, **more})
    assert said.status_code == (404 if "volume" in more else 422), said.text
    assert said.json()["errors"][0]["pointer"] == pointer
