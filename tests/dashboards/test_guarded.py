"""Sessions that end, forms of others, other tenants, and markup planted wherever an agency can write."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.browsing import Browser, Page
from tests.dashboards.conftest import Visiting

EVIL = """"><script>alert('x')</script><img src=x onerror=alert(1)>{{7*7}}"""
MARK = "zq81"


def _asked(person: Person, reason: str = "more room", granted: int = 50) -> str:
    body = {"resource": "servers", "granted": granted, "project": "main", "reason": reason}
    answer = person.post("/api/v1/quotas", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


# ----------------------------------------------------------------------------------------------------------- sessions
def test_a_form_whose_session_is_over_keeps_what_was_typed_and_is_sent_again(
    app: FastAPI, visiting: Visiting, agent: Person
) -> None:
    browser = visiting(agent)
    change = _asked(agent, granted=51)
    form = browser.open(f"/changes/{change}").form(f"/changes/{change}/cancel")
    _end_sessions(browser)
    over = browser.send(form, reason="a long explanation")
    assert over.status == 401
    assert "nothing you typed is lost" in over.text
    kept = over.form(f"/changes/{change}/cancel")
    assert kept.fields == {"reason": "a long explanation"}
    assert agent.get(f"/api/v1/changes/{change}").json()["state"] == "waiting"
    browser.sign_in(agent.token)
    once_more = browser.send(kept)
    assert once_more.status == 403
    assert "a long explanation" in once_more.text
    assert agent.get(f"/api/v1/changes/{change}").json()["state"] == "waiting", "nothing before it is looked at"
    done = browser.send(once_more.form(f"/changes/{change}/cancel"))
    assert done.status == 200
    assert agent.get(f"/api/v1/changes/{change}").json()["state"] == "cancelled"


def test_a_part_that_asks_again_says_that_the_session_is_over(app: FastAPI, visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)
    change = _asked(agent, granted=52)
    _end_sessions(browser)
    part = browser.open(f"/changes/{change}", **{"HX-Request": "true"})
    assert part.status == 401
    assert "Your session is over." in part.text
    assert "<html" not in part.answer.text


# --------------------------------------------------------------------------------------------------------------- CSRF
def test_no_form_does_anything_without_the_sessions_own_token(
    app: FastAPI, visiting: Visiting, agent: Person, hire: Hire
) -> None:
    browser, change = visiting(agent), _asked(agent, granted=53)
    form = browser.open(f"/changes/{change}").form(f"/changes/{change}/cancel")
    others = visiting(hire("colleague", "agency-admin", tenant="ixelles")).open("/").form("/language")
    for token in ("", "0" * 64, others.fields["csrf_token"]):
        page = browser.send(form, csrf_token=token, reason="forged")
        assert page.status == 403
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://e.org"}):
        answer = browser.client.post(form.action, data={**form.fields, "reason": "forged"}, headers=headers)
        assert answer.status_code == 403
        assert "another site" in Page(answer).text
        assert not [one for one in Page(answer).forms if one.action == form.action], "and it is not offered again"
    assert agent.get(f"/api/v1/changes/{change}").json()["state"] == "waiting"


def test_a_token_of_the_api_opens_no_page(app: FastAPI, agent: Person) -> None:
    answer = Browser(app).client.get("/", headers={"Authorization": f"Bearer {agent.token}"}, follow_redirects=False)
    assert answer.headers["location"].startswith("/sign-in")


def test_what_is_no_form_is_refused(visiting: Visiting, agent: Person) -> None:
    client = visiting(agent).client
    assert client.post("/language", json={"language": "fr"}).status_code == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"language=%ff%fe", b"language=a%00b", b"&".join(b"a=1" for _ in range(500)), "é=1".encode()):
        assert client.post("/language", content=body, headers=form).status_code == 400, body[:20]


# ------------------------------------------------------------------------------------------------------------ tenants
def test_nothing_of_another_administration_is_on_any_page(
    visiting: Visiting, hire: Hire, agent: Person, database: Database, tenants: dict[str, UUID]
) -> None:
    server = _planted(database, tenants["ixelles"], MARK)
    change = _asked(agent, reason=f"because of {MARK}", granted=54)
    own = visiting(agent)
    assert MARK in own.open("/servers").text
    assert MARK in own.open("/holdings").text
    stranger = visiting(hire("stranger", "agency-admin", tenant="uccle"))
    places = (
        "/",
        "/servers",
        f"/servers?q={MARK}",
        f"/search?q={MARK}",
        "/servers?status=active",
        "/holdings",
        "/changes",
        "/keys",
        "/servers/new",
    )
    for place in places:
        page = stranger.open(place)
        assert page.status == 200
        shown = page.answer.text.replace(f'value="{MARK}"', "")
        assert MARK not in shown, place
        assert server not in shown
        assert change not in shown
    nothing = "0198a000-0000-7000-8000-000000000000"
    for theirs, nobodys in (
        (f"/servers/{server}", f"/servers/{nothing}"),
        (f"/servers/{server}/console", f"/servers/{nothing}/console"),
        (f"/changes/{change}", f"/changes/{nothing}"),
        (f"/changes/{change}/story", f"/changes/{nothing}/story"),
    ):
        assert _told(stranger.open(theirs), server, change) == _told(stranger.open(nobodys), nothing, nothing)
        assert stranger.open(theirs).status == 404
    csrf = stranger.open("/").form("/language").fields
    for action, more in (
        (f"/servers/{server}/delete", {"version": "1"}), (f"/servers/{server}/stop", {}),
        (f"/changes/{change}/cancel", {"reason": "x"}), (f"/changes/{change}/undo", {}),
        (f"/changes/{change}/approve", {"reason": "x", "plan_hash": "0" * 64}),
        (f"/changes/{change}/reject", {"reason": "x"}),
    ):  # fmt: skip
        answer = stranger.client.post(action, data={**csrf, **more})
        assert answer.status_code == 404, (action, Page(answer).text)
    assert agent.get(f"/api/v1/servers/{server}").json()["status"] == "active"
    assert agent.get(f"/api/v1/changes/{change}").json()["state"] == "waiting"


def _told(page: Page, *ids: str) -> str:
    """What a page says, without the ids that were asked for and its own request's."""
    said = page.text
    for one in (*ids, page.answer.headers["x-request-id"]):
        said = said.replace(one, "…")
    return said


# ------------------------------------------------------------------------------------------------------------- markup
@pytest.mark.usefixtures("offered")
def test_markup_that_an_agency_plants_stays_text_everywhere(
    visiting: Visiting, hire: Hire, lead: Person, manager: Person, agent: Person, database: Database,
    tenants: dict[str, UUID],
) -> None:  # fmt: skip
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update principal set display_name = :evil where id = :id"), {"evil": EVIL, "id": agent.id})
        tx.execute(text("update tenant set name_en = :evil where id = :id"), {"evil": EVIL, "id": tenants["ixelles"]})
    server = _planted(database, tenants["ixelles"], "evil", EVIL)
    change = _asked(agent, reason=EVIL, granted=55)
    places = ("/", "/changes", f"/changes/{change}", "/servers", f"/servers/{server}", "/holdings", "/servers/new")
    seen = 0
    for browser in (visiting(agent), visiting(manager)):
        typed = (f"/servers?q={'%22%3E%3Cscript%3E'}", "/changes?by=%3Cscript%3E", "/devices?q=%3Cscript%3E&select=%3C")
        for place in (*places, *typed):
            page = browser.open(place)
            assert "<script>" not in page.answer.text, place
            assert "<img src=x" not in page.answer.text, place
            assert not page.attributes & {"onerror", "onload"}, place
            assert "49" not in page.answer.text or EVIL not in page.text or "{{7*7}}" in page.text
            seen += EVIL in page.text
    assert seen >= 8, "it is shown, as text"
    refused = visiting(agent)
    form = refused.open("/servers/new").form("/servers/new")
    page = refused.send(form, name=EVIL, reason=EVIL, action="preview")
    assert "<script>" not in page.answer.text
    assert page.form("/servers/new").fields["name"] == EVIL


def _planted(database: Database, tenant: UUID, name: str, evil: str = "") -> str:
    """A server, a volume, a network and an address, with every text that somebody may choose."""
    with database.transaction("owner", SYSTEM) as tx:
        project = tx.execute(
            text("select id from project where tenant_id = :tenant and code = 'main'"), {"tenant": tenant}
        ).scalar_one()
        values = {"tenant": tenant, "project": project, "name": name, "evil": evil or name}
        values["meta"] = json.dumps({"note": values["evil"]})
        values["addresses"] = json.dumps([{"address": "10.9.0.6", "network": values["evil"], "kind": "fixed"}])
        server = tx.execute(
            text(
                "insert into server (tenant_id, project_id, name, status, fault, cloud_id, vcpus, ram_mib, disk_gib,"
                " image, metadata, addresses) values (:tenant, :project, :name, 'active', :evil,"
                " gen_random_uuid()::text, 1, 512, 1, :evil, cast(:meta as jsonb), cast(:addresses as jsonb))"
                " returning id"
            ),
            values,
        ).scalar_one()
        tx.execute(
            text(
                "insert into volume (tenant_id, project_id, name, description, size_gib)"
                " values (:tenant, :project, :name, :evil, 1)"
            ),
            values,
        )
        tx.execute(
            text(
                "insert into floating_ip (tenant_id, project_id, description, server_id, address)"
                " values (:tenant, :project, :evil, :server, cast(:public as inet))"
            ),
            {**values, "server": server, "public": f"203.0.113.{len(values['evil']) % 250}"},
        )
    return str(server)


def _end_sessions(browser: Browser) -> None:
    """As the server does after a while, or whoever closes the account."""
    csrf = browser.client.get("/api/v1/session").json()
    ended = browser.client.delete(f"/api/v1/sessions/{csrf['id']}", headers={"X-CSRF-Token": csrf["csrf_token"]})
    assert ended.status_code == 204
