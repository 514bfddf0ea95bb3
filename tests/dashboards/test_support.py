"""Support requests by page: asked about a thing, answered by the region, solved; and what is typed stays."""

from __future__ import annotations

from core.db import Database
from tests.api.people import Hire, Person
from tests.dashboards import standing
from tests.dashboards.conftest import Visiting


def test_a_question_about_a_server_is_asked_answered_and_solved(
    visiting: Visiting, agent: Person, manager: Person, database: Database
) -> None:
    server = standing.server(database, "slow-1")
    browser, region = visiting(agent), visiting(manager)
    assert f"/support/new?about=server:{server}" in browser.open(f"/servers/{server}").links
    page = browser.open(f"/support/new?about=server:{server}")
    assert "What it is about: slow-1" in page.text
    form = page.form("/support/new")
    empty = browser.send(form, subject="", body="since Monday")
    assert empty.status == 422
    assert empty.form("/support/new").fields["body"] == "since Monday"
    assert "What it is about: slow-1" in empty.text
    asked = browser.send(empty.form("/support/new"), subject="It is slow")
    again = browser.send(empty.form("/support/new"), subject="It is slow")
    assert asked.answer.url == again.answer.url, "a button pressed twice asks once"
    request = asked.answer.url.path.rsplit("/", 1)[1]
    assert agent.get(f"/api/v1/support-requests/{request}").json()["resource"]["id"] == server
    assert f"/support/{request}" in region.open("/support?state=open").links
    told = region.send(
        region.open(f"/support/{request}").form(f"/support/{request}/say"), body="A disk was full.\nMended."
    )
    assert "answered" in told.text
    seen = browser.open(f"/support/{request}")
    assert "A disk was full. Mended." in seen.text
    assert "the region" in seen.text
    stale = seen.form(f"/support/{request}/state")
    solved = browser.send(stale, state="solved")
    assert "solved" in solved.text
    late = browser.send(stale, state="closed")
    assert late.status == 412, "somebody altered it since"
    closed = browser.send(solved.form(f"/support/{request}/state"), state="closed")
    assert f"/support/{request}/say" not in {one.action for one in closed.forms}
    refused = browser.send(seen.form(f"/support/{request}/say"), body="one more thing")
    assert refused.status == 409


def test_an_empty_answer_is_refused_and_a_stranger_sees_nothing(
    visiting: Visiting, agent: Person, hire: Hire, database: Database
) -> None:
    browser = visiting(agent)
    asked = browser.send(browser.open("/support/new").form("/support/new"), subject="qz77", body="words")
    path = asked.answer.url.path
    assert browser.send(asked.form(f"{path}/say"), body=" ").status == 422
    stranger = visiting(hire("curious", "agency-admin", tenant="uccle"))
    csrf = stranger.open("/").form("/language").fields
    assert "qz77" not in stranger.open("/support").text
    assert stranger.open(path).status == 404
    assert stranger.client.post(f"{path}/say", data={**csrf, "body": "x"}).status_code == 404
    assert stranger.client.post(f"{path}/state", data={**csrf, "state": "closed"}).status_code == 404
    server = standing.server(database, "theirs")
    assert stranger.open(f"/support/new?about=server:{server}").status == 404
    assert browser.open("/support/new?about=server:nonsense").status == 422
    assert browser.open("/support/new?about=secret:0198a000-0000-7000-8000-000000000000").status in {404, 422}
