"""Changes: the plan with equal differences together, decisions with a reason, taking back; without scripts."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.conftest import Visiting


def _submit(person: Person, *names: str, reason: str = "renew the fibre") -> str:
    body = {"kind": "network.example", "intent": {"names": list(names) or [f"r-{uuid4().hex[:6]}"]}, "reason": reason}
    answer = person.post("/api/v1/changes", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_a_lead_reads_the_plan_and_approves_it_with_a_reason(
    visiting: Visiting, engineer: Person, lead: Person
) -> None:
    change = _submit(engineer, "bxl-a1", "bxl-a2", "bxl-a3")
    browser = visiting(lead)
    home = browser.open("/")
    assert f"/changes/{change}" in home.links
    page = browser.open(f"/changes/{change}")
    assert "3 alike: bxl-a1, bxl-a2, bxl-a3" in page.text
    assert page.answer.text.count("<ins> line of all</ins>") == 1, "equal differences stand once"
    form = page.form(f"/changes/{change}/approve")
    silent = browser.send(form, reason=" ")
    assert silent.status == 422
    assert "Say why" in silent.text
    assert lead.get(f"/api/v1/changes/{change}").json()["state"] == "waiting"
    done = browser.send(form, reason="read it twice")
    assert done.status == 200
    assert "approved" in done.text
    assert "read it twice" in done.text
    assert lead.get(f"/api/v1/changes/{change}").json()["approvals"][0]["reason"] == "read it twice"


def test_who_asked_is_not_offered_to_approve_and_cannot(visiting: Visiting, lead: Person) -> None:
    change = _submit(lead, "bxl-own")
    browser = visiting(lead)
    page = browser.open(f"/changes/{change}")
    assert f"/changes/{change}/approve" not in {form.action for form in page.forms}
    hidden = page.form(f"/changes/{change}/cancel")
    plan_hash = lead.get(f"/api/v1/changes/{change}").json()["plan_hash"]
    tried = browser.send(hidden, to=f"/changes/{change}/approve", plan_hash=plan_hash, reason="mine")
    assert tried.status in {403, 409}
    assert lead.get(f"/api/v1/changes/{change}").json()["state"] == "waiting"


def test_a_plan_of_another_hash_is_not_approved(visiting: Visiting, engineer: Person, lead: Person) -> None:
    change = _submit(engineer)
    browser = visiting(lead)
    form = browser.open(f"/changes/{change}").form(f"/changes/{change}/approve")
    assert browser.send(form, plan_hash="0" * 64, reason="not what I read").status == 409
    assert lead.get(f"/api/v1/changes/{change}").json()["state"] == "waiting"


def test_a_request_is_rejected_or_taken_back(visiting: Visiting, engineer: Person, lead: Person) -> None:
    rejected, cancelled = _submit(engineer), _submit(engineer)
    browser = visiting(lead)
    form = browser.open(f"/changes/{rejected}").form(f"/changes/{rejected}/approve")
    assert "rejected" in browser.send(form, to=f"/changes/{rejected}/reject", reason="not in May").text
    own = visiting(engineer)
    stop = own.open(f"/changes/{cancelled}").form(f"/changes/{cancelled}/cancel")
    assert "cancelled" in own.send(stop, reason="changed my mind").text


def test_the_board_filters_by_what_stands_in_the_address(
    visiting: Visiting, engineer: Person, lead: Person, hire: Hire
) -> None:
    mine, other = _submit(engineer), _submit(hire("second", "engineer"))
    browser = visiting(lead)
    found = browser.open("/changes?state=waiting&by=engineer")
    assert f"/changes/{mine}" in found.links
    assert f"/changes/{other}" not in found.links
    assert found.forms[1].fields == {"state": "waiting", "kind": "", "by": "engineer"}
    assert browser.open("/changes?by=nobody").status == 404
    none = browser.open("/changes?kind=hosting.zone.edit&state=failed")
    assert "No change is like that." in none.text


def test_the_live_part_comes_alone_and_asks_again_until_it_has_ended(
    visiting: Visiting, engineer: Person, lead: Person, database: Database
) -> None:
    change = _submit(engineer)
    browser = visiting(lead)
    part = browser.open(f"/changes/{change}", **{"HX-Request": "true"})
    assert part.answer.text.lstrip().startswith('<div id="live"')
    assert "<html" not in part.answer.text
    assert f'data-events="/api/v1/changes/{change}/events"' in part.answer.text
    assert 'data-every="10"' in part.answer.text, "where no stream can be had"
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text("update change set state = 'failed', finished_at = now(), waiting_for = '{}' where id = :id"),
            {"id": change},
        )
    ended = browser.open(f"/changes/{change}", **{"HX-Request": "true"})
    assert "hx-trigger" not in ended.answer.text
    assert ended.answer.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("count", [400])
def test_a_plan_of_hundreds_of_devices_is_one_group(
    visiting: Visiting, engineer: Person, lead: Person, count: int
) -> None:
    change = _submit(engineer, *(f"bxl-{number:03}" for number in range(count)))
    page = visiting(lead).open(f"/changes/{change}")
    assert f"{count} alike" in page.text
    assert page.answer.text.count('class="sides plain"') == 1
    assert len(page.answer.content) < 100_000


def test_a_plan_of_hundreds_of_differences_brings_each_when_it_is_asked_for(
    visiting: Visiting, engineer: Person, lead: Person
) -> None:
    change = _submit(engineer, *(f"own-{number:03}" for number in range(400)))
    browser = visiting(lead)
    page = browser.open(f"/changes/{change}")
    assert page.answer.text.count('<details class="group"') == 400
    assert page.answer.text.count('class="sides plain"') == 6
    assert ">port" in page.answer.text.replace("<mark> ", "<mark>"), "the word that came is marked"
    later = f"/changes/{change}/differences/277"
    assert later in page.links, "without scripts it is a page"
    assert later in {address for _tag, address in page.addresses}
    alone = browser.open(later)
    assert "own-276" in alone.text
    assert {f"/changes/{change}/differences/{number}" for number in (276, 278)} <= set(alone.links)
    part = browser.open(later, **{"HX-Request": "true"})
    assert "<html" not in part.answer.text
    assert part.answer.text.count('class="sides plain"') == 1
    assert browser.open(f"/changes/{change}/differences/401").status == 404
    found = browser.open(f"/changes/{change}?device=OWN-27")
    assert found.answer.text.count('<details class="group"') == 10
    assert "No device of this plan is called so." in browser.open(f"/changes/{change}?device=nobody").text
    paper = browser.open(f"/changes/{change}?differences=all")
    assert paper.answer.text.count('class="sides plain"') == 400


def test_the_story_tells_what_the_journal_holds(visiting: Visiting, engineer: Person, lead: Person) -> None:
    change = _submit(engineer, reason="a story")
    browser = visiting(lead)
    page = browser.open(f"/changes/{change}/story")
    assert page.status == 200
    told = lead.get(f"/api/v1/changes/{change}/story").json()["items"]
    assert page.answer.text.count('<th scope="row"') == len(told) > 0
    assert "asked for" in page.text
    assert "a story" in page.text
    part = browser.open(f"/changes/{change}/story", **{"HX-Request": "true"})
    assert "<html" not in part.answer.text
