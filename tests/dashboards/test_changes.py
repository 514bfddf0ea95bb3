"""Changes: the plan with equal differences together, decisions with a reason, taking back; without scripts."""

from __future__ import annotations

import csv
import io
from uuid import uuid4

import pytest
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.conftest import Visiting
from tests.dashboards.telling import Told


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


_STEPS = text("""
    insert into change_step (change_id, tenant_id, ordinal, batch, target_id, target_name, state, error, started_at)
    select c.id, c.tenant_id, n, n / :size, 'device:r' || n, 'r' || lpad(n::text, 3, '0'),
           case when n = any(:failed) then 'failed' when n / :size < :batch then 'confirmed'
                when n / :size = :batch then 'applying' else 'pending' end,
           case when n = any(:failed) then jsonb_build_object(
               'code', 'NET-001', 'title', 'Gone', 'message', 'hung up: r' || n, 'hint', 'Look at it.') end,
           now()
      from change c, generate_series(0, :many - 1) n where c.id = :change""")


def _runs(database: Database, change: str, many: int, size: int, batch: int, failed: list[int]) -> None:
    """A run in one of its batches, as the worker would have written it."""
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text("update change set state = 'running', waiting_for = '{}', batch = :batch where id = :id"),
            {"id": change, "batch": batch},
        )
        tx.execute(_STEPS, {"change": change, "many": many, "size": size, "batch": batch, "failed": failed})


def test_a_run_of_hundreds_is_told_by_batches_and_only_what_matters_one_by_one(
    visiting: Visiting, engineer: Person, lead: Person, database: Database
) -> None:
    change = _submit(engineer)
    _runs(database, change, many=400, size=20, batch=8, failed=[7, 77])
    part = visiting(lead).open(f"/changes/{change}", **{"HX-Request": "true"})
    assert part.answer.text.lstrip().startswith('<div id="live"')
    told = Told(f"<main>{part.answer.text}</main>")
    assert told.row("1 – 8")[1:] == ["158 of 160", "failed 2 confirmed 158"]
    assert told.row("9")[1:] == ["0 of 20", "being applied 20"]
    assert told.row("10 – 20")[1:] == ["0 of 220", "to come 220"]
    shown = {cells[0] for cells in told.rows if cells and cells[0].startswith("r")}
    assert shown == {"r007", "r077", *(f"r{number}" for number in range(160, 180))}
    assert "NET-001 hung up: r77" in told.row("r077")[4]
    assert {f"/changes/{change}/steps", f"/changes/{change}/steps?first=9&last=9"} <= set(part.links)
    assert len(part.answer.content) < 25_000, "it is sent again and again"


def test_a_run_of_few_is_told_step_by_step(
    visiting: Visiting, engineer: Person, lead: Person, database: Database
) -> None:
    change = _submit(engineer)
    _runs(database, change, many=5, size=5, batch=0, failed=[])
    page = visiting(lead).open(f"/changes/{change}")
    assert [cells[0] for cells in Told(page.answer.text).rows if cells and cells[0].startswith("r")] == [
        f"r00{number}" for number in range(5)
    ]
    assert f"/changes/{change}/steps" not in page.links, "there is no more than stands here"


def test_steps_are_found_by_batch_and_state_page_by_page_as_the_api_has_them(
    visiting: Visiting, engineer: Person, lead: Person, agent: Person, database: Database
) -> None:
    change = _submit(engineer)
    _runs(database, change, many=230, size=20, batch=8, failed=[7])
    browser = visiting(lead)
    address = f"/changes/{change}/steps"

    def names(query: str) -> list[str]:
        told = Told(browser.open(address + query).answer.text)
        return [cells[0] for cells in told.rows if cells and cells[0].startswith("r")]

    page = browser.open(address)
    assert names("") == [f"r{number:03}" for number in range(100)]
    further = next(link for link in page.links if "cursor=" in link)
    assert names(further) == [f"r{number:03}" for number in range(100, 200)]
    assert names("?first=2&last=3") == [f"r{number:03}" for number in range(20, 60)]
    assert names("?first=&last=&state=failed") == ["r007"]
    assert "No step is like that." in browser.open(f"{address}?first=99").text
    assert browser.open(f"{address}?state=nonsense").status == 422
    assert browser.open(f"{address}?cursor=nonsense").status >= 400
    known = lead.get(f"/api/v1/changes/{change}/steps").json()["items"]
    rows = list(csv.DictReader(io.StringIO(browser.client.get(f"{address}.csv").text)))
    assert [(row["target"], row["state"], int(row["batch"])) for row in rows] == [
        (one["target"], one["state"], one["batch"] + 1) for one in known
    ]
    assert (rows[7]["code"], rows[7]["told"]) == ("NET-001", "hung up: r7")
    assert visiting(agent).open(address).status == 404, "it is not theirs"
    waits = _submit(engineer)
    assert "Nothing has run yet." in browser.open(f"/changes/{waits}/steps").text
