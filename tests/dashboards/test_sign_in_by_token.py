"""A browser signs in with a person's token: pasted, or by a link that is good once."""

from __future__ import annotations

from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from core.db import Database
from core.settings import Settings
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.browsing import Browser, read
from tests.documented import watched


def _link(person: Person) -> str:
    answer = person.post("/enter")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"])


def test_a_pasted_token_opens_the_pages_and_the_cookie_is_no_scripts_business(app: FastAPI, engineer: Person) -> None:
    browser = Browser(app)
    answer = browser.client.post("/sign-in/token", data={"token": f" {engineer.token} "}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert engineer.token not in answer.text + str(answer.headers)
    assert "Today" in browser.open("/").text


def test_the_form_leads_back_to_where_somebody_wanted_to_go_and_nowhere_else(app: FastAPI, engineer: Person) -> None:
    browser = Browser(app)
    sent = browser.client.get("/changes?state=failed", follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=%2Fchanges%3Fstate%3Dfailed")
    form = browser.open(sent.headers["location"]).form("/sign-in/token")
    arrived = browser.client.post(form.action, data={**form.fields, "token": engineer.token}, follow_redirects=False)
    assert arrived.headers["location"] == "/changes?state=failed"
    elsewhere = browser.client.post(
        form.action, data={"token": engineer.token, "next": "//example.org/"}, follow_redirects=False
    )
    assert elsewhere.headers["location"] == "/"


def test_a_token_of_a_part_a_services_and_a_wrong_one_begin_nothing(app: FastAPI, hire: Hire, engineer: Person) -> None:
    narrow = hire("narrow", "engineer", scopes=("change:read",))
    made = engineer.client.post("/sign-in/token", data={"token": narrow.token}, follow_redirects=False)
    assert made.status_code == 403
    assert "only a part" in read(made).text
    wrong = Browser(app).client.post("/sign-in/token", data={"token": "irp_nonsense"})
    assert wrong.status_code == 401
    assert "set-cookie" not in {name.lower() for name in wrong.headers}


def test_a_link_signs_in_once_and_looking_at_it_uses_nothing_up(app: FastAPI, engineer: Person) -> None:
    path = _link(engineer)
    browser, late = Browser(app), Browser(app)
    for _ in range(2):
        page = browser.open(path)
        assert "You will be signed in as engineer (engineer)." in page.text
    entered = browser.client.post(path)
    assert entered.status_code == 200
    assert "Today" in read(entered).text
    again = late.client.post(path)
    assert (again.status_code, "used already" in read(again).text) == (401, True)
    assert late.open(path).status == 401


def test_a_link_is_over_after_two_minutes(app: FastAPI, engineer: Person, database: Database) -> None:
    path = _link(engineer)
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text("update session set expires_at = now() - interval '1 second' where idle = interval '2 minutes'")
        )
    assert Browser(app).client.post(path).status_code == 401


def test_the_code_of_a_link_is_no_cookie(app: FastAPI, engineer: Person) -> None:
    code = _link(engineer).rsplit("/", 1)[1]
    browser = Browser(app)
    browser.client.cookies.set("irisplane-test-session", code)
    assert browser.client.get("/api/v1/me").status_code == 401


def test_revoking_a_token_ends_the_browsers_that_it_let_in(app: FastAPI, hire: Hire) -> None:
    person = hire("leaver", "engineer")
    browser = Browser(app)
    browser.sign_in(person.token)
    offered = _link(person)
    token_id = person.get("/api/v1/tokens").json()["items"][0]["id"]
    assert browser.open("/").status == 200
    assert person.send("DELETE", f"/api/v1/tokens/{token_id}").status_code == 204
    assert browser.client.get("/", follow_redirects=False).headers["location"].startswith("/sign-in")
    assert Browser(app).client.post(offered).status_code == 401


def test_a_session_of_a_token_stays_in_the_tokens_tenant(app: FastAPI, hire: Hire, database: Database) -> None:
    person = hire("twofold", "agency-user", tenant="ixelles")
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "insert into membership (tenant_id, principal_id, role) select id, :who, 'agency-user' from tenant"
                " where code = 'uccle'"
            ),
            {"who": person.id},
        )
    browser = Browser(app)
    browser.sign_in(person.token)
    csrf = browser.client.get("/api/v1/session").json()["csrf_token"]
    moved = browser.client.post("/api/v1/session:move", json={"tenant": "uccle"}, headers={"X-CSRF-Token": csrf})
    assert moved.status_code == 404


def test_another_sites_form_signs_nobody_in(app: FastAPI, engineer: Person) -> None:
    path = _link(engineer)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://example.org"}):
        client = Browser(app).client
        assert client.post("/sign-in/token", data={"token": engineer.token}, headers=headers).status_code == 403
        assert client.post(path, headers=headers).status_code == 403
        assert not client.cookies


def test_where_the_providers_alone_decide_no_token_signs_a_browser_in(
    database: Database, settings: Settings, engineer: Person
) -> None:
    strict = watched(create_app(database, settings.model_copy(update={"sign_in_by_token": False})))
    browser = Browser(strict)
    assert "/sign-in/token" not in browser.client.get("/sign-in").text
    assert browser.client.post("/sign-in/token", data={"token": engineer.token}).status_code == 404
    bearer = {"Authorization": f"Bearer {engineer.token}"}
    assert browser.client.post("/enter", headers=bearer).status_code == 404
