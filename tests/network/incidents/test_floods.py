"""A flood of notifications is one incident with its rate and its senders, and over when it is quiet."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from network.incidents import queries
from network.incidents.floods import MANY, QUIET_SECONDS, Course, Unread, settle

SYSTEM = Scope(EVERY_TENANT, None, "test", "a flood of a test")


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    with database.transaction("owner", SYSTEM) as made:
        made.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en) select 'region', 'region', 'R', 'R', 'R'"
                " where not exists (select from tenant where kind = 'region')"
            )
        )
        yield made
        made.rollback()


def story(tx: Connection) -> tuple[str, list[str]]:
    """The state of the only incident, and what its story says."""
    (one,) = json.loads(queries.incidents_json(tx, "all", 50))
    found = json.loads(queries.incident_json(tx, one["number"]))
    assert (found["kind"], found["name"]) == ("alert", "flood of notifications")
    return found["state"], [line["said"] for line in found["story"]]


def test_ten_thousand_of_one_device_are_one_incident_that_says_how_fast_and_whose(tx: Connection) -> None:
    course = Course()
    settle(tx, course, Unread(), 998.0)
    for second in range(0, 8, 2):
        settle(tx, course, Unread({"ac01": 2400}, lost=100), 1000.0 + second)
    assert story(tx) == ("open", [
        "2500 notifications were not read within 2 s, 1250 a second.", "They came from ac01 (2400).",
        "100 were lost before they could be counted by sender.", "Links are looked at all the same.",
    ])  # fmt: skip
    settle(tx, course, Unread(), 1006.0 + QUIET_SECONDS + 1)
    state, said = story(tx)
    assert (state, said[-1]) == ("closed", "Notifications are read again; 10000 were not.")


def test_many_senders_and_strangers_are_told_in_short(tx: Connection) -> None:
    settle(tx, Course(), Unread({f"ac{n:02}": 400 + n for n in range(1, 6)}, strangers=7), 0.0)
    assert story(tx)[1][1:3] == [
        "They came from ac05 (405), ac04 (404), ac03 (403) and 2 more.", "7 came from addresses of no device.",
    ]  # fmt: skip


def test_what_a_large_cut_rings_is_no_flood(tx: Connection) -> None:
    course = Course()
    for second in range(90):
        settle(tx, course, Unread({"ac01": (MANY - 1) // 61}), float(second))
    assert json.loads(queries.incidents_json(tx, "all", 50)) == []


def test_who_sends_is_told_as_soon_as_it_is_known_and_once(tx: Connection) -> None:
    course = Course()
    settle(tx, course, Unread(lost=3000), 0.0)
    for second in range(1, 9):
        settle(tx, course, Unread({"ac01": 900}), float(second))
    assert [one for one in story(tx)[1] if "came from" in one] == ["They came from ac01 (900)."]


def test_one_that_goes_on_gets_a_line_a_minute_and_not_one_a_look(tx: Connection) -> None:
    course = Course()
    for second in range(0, 180, 2):
        settle(tx, course, Unread({"ac01": 500}), float(second))
    state, said = story(tx)
    assert state == "open"
    assert len([one for one in said if "a second." in one]) == 3
    assert said[-2].startswith("15"), "those of the last minute"


def test_one_that_a_worker_before_left_open_is_closed_when_it_is_quiet(tx: Connection) -> None:
    settle(tx, Course(), Unread({"ac01": 5000}), 0.0)
    after = Course()
    settle(tx, after, Unread(), 100.0)
    assert story(tx)[0] == "open", "this one has not listened for long"
    settle(tx, after, Unread(), 100.0 + QUIET_SECONDS)
    assert (story(tx)[0], story(tx)[1][-1]) == ("closed", "Notifications are read again.")
