"""Incidents by page: the board, one with its story, what people do about it, and what an administration sees of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database
from network.incidents.last_look import FRESH_SECONDS
from network.incidents.seeing import LinkSight, Sight
from network.incidents.watching import settle
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.browsing import Page
from tests.dashboards.conftest import Visiting
from tests.dashboards.furnishing import Furnished

pytestmark = pytest.mark.usefixtures("furnished")


def _look(database: Database, state: Sight) -> None:
    """One look of the watch at the only link."""
    with database.transaction("worker", SYSTEM) as tx:
        settle(tx, [LinkSight("cr91-ac91", state, (), ("ac91", "cr91"))], set())


def _sql(database: Database, statement: str, **values: Any) -> Any:
    with database.transaction("owner", SYSTEM) as tx:
        return tx.execute(text(statement), values).scalar()


@pytest.fixture
def number(furnished: Furnished) -> str:
    return furnished.region["incidents"]


@pytest.fixture
def well(database: Database) -> Iterator[None]:
    """The link stands meanwhile, and nothing was before."""
    _look(database, "up")
    yield
    _look(database, "down")


def test_the_board_names_what_broke_whom_it_touches_and_what_is_down(
    visiting: Visiting, engineer: Person, number: str
) -> None:
    page = visiting(engineer).open("/incidents")
    assert f"/incidents/{number}" in page.links
    for words in ("cable C-ARTS-1 or C-HALL-1", "something is down", "cr91-ac91", "nobody has it yet", "ac91"):
        assert words in page.text, words
    assert "All is well" not in page.text
    assert "câble C-ARTS-1 ou C-HALL-1" in visiting(engineer, "fr").open("/incidents").text
    assert "kabel C-ARTS-1 of C-HALL-1" in visiting(engineer, "nl").open("/incidents").text


def test_what_is_asked_for_stands_in_the_address_and_in_the_file(
    visiting: Visiting, engineer: Person, number: str
) -> None:
    browser = visiting(engineer)
    link = f"/incidents/{number}"
    for asked, found in (
        ("which=open", True), ("severity=down", True), ("q=C-ARTS", True), ("q=cr91-AC91", True),
        ("which=closed", False), ("severity=protected", False), ("q=nowhere", False),
    ):  # fmt: skip
        assert (link in browser.open(f"/incidents?{asked}").links) is found, asked
        rows = list(csv.DictReader(io.StringIO(browser.client.get(f"/incidents.csv?{asked}").text)))
        assert (number in {row["number"] for row in rows}) is found, asked
    (row,) = csv.DictReader(io.StringIO(browser.client.get("/incidents.csv?which=open").text))
    told = engineer.get(f"/api/v1/incidents/{number}").json()
    for name in ("name", "kind", "state", "severity", "opened_at"):
        assert row[name] == told[name]
    assert browser.open("/incidents?which=maybe").status == 422


def test_an_incident_leads_to_its_cable_and_tells_its_story_and_impact(
    visiting: Visiting, engineer: Person, number: str
) -> None:
    page = visiting(engineer).open(f"/incidents/{number}")
    told = engineer.get(f"/api/v1/incidents/{number}").json()
    assert {"/plant/cables/C-ARTS-1", f"/incidents/{number}/impact.csv", "/devices/ac91"} <= set(page.links)
    for line in told["story"]:
        assert line["said"].removesuffix(".") in page.text
    for one in told["impact"]["sites"]:
        assert one["code"] in page.text
    rows = list(csv.DictReader(io.StringIO(visiting(engineer).client.get(f"/incidents/{number}/impact.csv").text)))
    devices = {row["name"]: row["state"] for row in rows if row["layer"] == "devices"}
    assert devices == {one["name"]: one["state"] for one in told["impact"]["devices"]}
    assert devices["ac91"] == "down"
    french = visiting(engineer, "fr").open(f"/incidents/{number}").text
    assert "câble C-ARTS-1 ou C-HALL-1 : la liaison cr91-ac91 est tombée." in french
    assert "ac91:to-cr91 ne voit pas de lumière" in french
    assert visiting(engineer).open("/incidents/987654").status == 404


def test_the_parts_that_alter_come_alone_and_name_their_events(
    visiting: Visiting, engineer: Person, number: str
) -> None:
    browser = visiting(engineer)
    for place, part in (("/incidents", "board"), (f"/incidents/{number}", "live")):
        whole = browser.open(place)
        assert 'data-events="/api/v1/events?action=incident."' in whole.answer.text
        alone = Page(browser.client.get(place, headers={"HX-Request": "true"}))
        assert "<html" not in alone.answer.text
        assert part in alone.ids
        assert not [form for form in alone.forms if form.method == "post"], "what is typed stays"


def test_somebody_takes_it_in_hand_once_and_says_what_is_done(
    visiting: Visiting, engineer: Person, lead: Person, number: str, database: Database
) -> None:
    browser = visiting(engineer)
    page = browser.open(f"/incidents/{number}")
    form = page.form(f"/incidents/{number}/note")
    nothing = browser.send(form, said="")
    assert nothing.status == 422
    assert "This cannot be left empty." in nothing.text
    done = browser.send(form, to=f"/incidents/{number}/acknowledge", said="on my way")
    assert "on my way" in done.text
    assert engineer.handle in done.text
    again = visiting(lead, "fr").send(form, to=f"/incidents/{number}/acknowledge", csrf_token="x")
    assert again.status == 403
    second = visiting(lead, "fr")
    own = second.open(f"/incidents/{number}").form(f"/incidents/{number}/note")
    late = second.send(own, to=f"/incidents/{number}/acknowledge", said="moi aussi")
    assert late.status == 409
    assert "Quelqu'un s'est déjà chargé" in late.text
    assert own.fields.keys() <= late.form(f"/incidents/{number}/note").fields.keys()
    assert late.form(f"/incidents/{number}/note").fields["said"] == "moi aussi"
    for _twice in range(2):
        second.send(own, said="spliced <b>now</b>")
    said = [line["said"] for line in engineer.get(f"/api/v1/incidents/{number}").json()["story"]]
    assert said.count("spliced <b>now</b>") == 1
    assert "<b>now</b>" not in second.open(f"/incidents/{number}").answer.text
    _sql(database, "update incident set state = 'open', acknowledged_at = null, acknowledged_by = null returning 1")


def test_something_is_expected_to_be_down_until_it_is_ended(visiting: Visiting, engineer: Person, number: str) -> None:
    browser = visiting(engineer)
    offered = "/incidents:silence?kind=link&name=cr91-ac91"
    assert offered in browser.open(f"/incidents/{number}").links
    form = browser.open(offered).form("/incidents:silence")
    assert (form.fields["kind"], form.fields["name"]) == ("link", "cr91-ac91")
    for typed, words in (
        ({"ends": ""}, "left empty"), ({"ends": "soon"}, "is no time"), ({"ends": "2020-01-01T00:00"}, "ends after"),
        ({"name": "nowhere"}, "There is no link"), ({"reason": ""}, "left empty"),
    ):  # fmt: skip
        wrong = browser.send(form, **{"ends": "2036-02-01T04:00", "reason": "splicing", **typed})
        assert wrong.status in {404, 422}, typed
        assert words in wrong.text, typed
    done = browser.send(form, ends="2036-02-01T04:00", reason="splicing at night")
    assert "splicing at night" in done.text
    laid = [one for one in engineer.get("/api/v1/incident-silences").json()["items"] if one["name"] == "cr91-ac91"]
    assert [one["ends"] for one in laid] == ["2036-02-01T03:00:00+00:00"], "of the region's time"
    end = f"/incidents:silence/{laid[0]['id']}/end"
    for _twice in range(2):
        ended = browser.send(done.form(end))
        assert ended.status == 200
    assert "splicing at night" not in ended.text


def test_who_only_reads_finds_no_form(visiting: Visiting, hire: Hire, number: str) -> None:
    browser = visiting(hire("only-reads", "auditor"))
    for place in ("/incidents", f"/incidents/{number}"):
        page = browser.open(place)
        assert page.status == 200
        assert {form.action for form in page.forms if form.method == "post"} == {"/language"}
    assert browser.open("/incidents:silence").status == 403


@pytest.mark.usefixtures("well")
def test_nothing_is_well_that_was_not_looked_at_a_moment_ago(
    visiting: Visiting, engineer: Person, database: Database
) -> None:
    browser = visiting(engineer)
    for place in ("/incidents", "/"):
        _look(database, "up")
        assert "All is well" in browser.open(place).text
        assert engineer.get("/api/v1/incident-watch").json()["sees"] == "everything"
        _look(database, "unknown")
        page = browser.open(place)
        assert "All is well" not in page.text
        assert "Of 1 link nobody can say" in page.text or "Nobody knows whether all is well" in page.text
        _look(database, "up")
        _sql(
            database, "update link_watch set looked_at = looked_at - make_interval(secs => :old) returning 1",
            old=FRESH_SECONDS + 5,
        )  # fmt: skip
        page = browser.open(place)
        assert "Nobody knows whether all is well" in page.text
        assert "badge good" not in page.answer.text.split("<main", 1)[1].split("</section>", 1)[0]
        assert engineer.get("/api/v1/incident-watch").json()["sees"] == "nothing"
    _sql(database, "delete from link_watch returning 1")
    assert "Links were not looked at yet." in browser.open("/incidents").text
    assert engineer.get("/api/v1/incident-watch").json() == {
        "looked_at": None, "up": None, "down": None, "unknown": None, "planned": None, "sees": "nothing",
    }  # fmt: skip


def test_an_engineer_begins_with_what_is_open(visiting: Visiting, engineer: Person, number: str) -> None:
    home = visiting(engineer).open("/")
    assert {f"/incidents/{number}", "/incidents"} <= set(home.links)


def test_an_administration_sees_that_it_is_touched_and_not_where_it_broke(
    visiting: Visiting, agent: Person, hire: Hire, number: str, database: Database
) -> None:
    _sql(
        database,
        "insert into incident_notice (incident_id, tenant_id, number, state) select i.id, t.id, i.number, 'degraded'"
        " from incident i, tenant t where i.number = :number and t.code = 'ixelles'"
        " on conflict (incident_id, tenant_id) do update set state = 'degraded', over_at = null returning 1",
        number=int(number),
    )
    browser = visiting(agent, "nl")
    for place in ("/", "/incidents"):
        page = browser.open(place)
        assert f"nr. {number}" in page.text
        assert "in dienst, zonder tweede weg" in page.text
        assert "C-ARTS-1" not in page.text
        assert "cr91" not in page.text
    assert browser.open(f"/incidents/{number}").status == 403
    (row,) = csv.DictReader(io.StringIO(browser.client.get("/incidents.csv").text))
    assert (row["number"], row["state"], row["over"]) == (number, "degraded", "")
    stranger = visiting(hire("untouched", "agency-user", tenant="uccle"), "nl")
    assert f"nr. {number}" not in stranger.open("/").text
    assert "Geen incident trof u deze maand." in stranger.open("/incidents").text
