"""No page of another site does anything here or shows us in a frame: at every address there is, from the routes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.addresses import addresses, filled_in
from tests.dashboards.browsing import Browser
from tests.dashboards.conftest import Visiting

BEFORE_A_SESSION = {
    "/sign-in/token": "begins a session; another site's form is refused, see test_sign_in_by_token",
    "/enter/{code}": "the same",
    "/enter": "asks for a token of the API, which no browser sends by itself",
    "/sign-in/{name}/signed-out": "an identity provider tells us; what it sends is signed",
    "/sign-out": "with its own check, tried below",
}
"""Addresses that no session's token can guard, and why."""
ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://example.org"},
    {"Origin": "http://testserver.example.org"},
)  # fmt: skip


@pytest.fixture
def forms(app: FastAPI) -> list[str]:
    """Every address that a form can be sent to."""
    found = [path for _, path in addresses(app, "POST", "PUT", "PATCH", "DELETE", pages=True)]
    assert len(found) > 50
    assert set(found) >= BEFORE_A_SESSION.keys()
    return [path for path in found if path not in BEFORE_A_SESSION]


@pytest.fixture
def unaltered(database: Database) -> Iterator[None]:
    """Nothing is ordered, made or removed meanwhile."""
    before = _everything(database)
    yield
    assert _everything(database) == before


def _everything(database: Database) -> tuple[int, ...]:
    with database.transaction("owner", SYSTEM) as tx:
        return tuple(
            tx.execute(
                text(
                    "select (select count(*) from change), (select count(*) from api_token where revoked_at is null),"
                    " (select count(*) from membership), (select count(*) from invitation),"
                    " (select count(*) from support_request), (select count(*) from support_message),"
                    " (select count(*) from session where ended_at is null)"
                )
            ).one()
        )


def test_no_form_does_anything_without_its_sessions_token(
    visiting: Visiting, forms: list[str], manager: Person, agent: Person, hire: Hire, database: Database
) -> None:
    others = visiting(hire("next-door", "agency-admin", tenant="ixelles")).open("/").form("/language")
    browsers = [visiting(manager), visiting(agent)]
    before = _everything(database)
    for browser in browsers:
        for path in forms:
            for token in (
                {},
                {"csrf_token": ""},
                {"csrf_token": "0" * 64},
                {"csrf_token": others.fields["csrf_token"]},
            ):
                answer = browser.client.post(filled_in(path), data={**token, "reason": "forged"})
                assert answer.status_code == 403, (path, token, answer.text[:300])
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert _everything(database) == before


def test_no_form_of_another_site_does_anything_even_with_the_token(
    visiting: Visiting, forms: list[str], agent: Person, database: Database
) -> None:
    browser = visiting(agent)
    csrf = browser.open("/").form("/language").fields["csrf_token"]
    before = _everything(database)
    for path in forms:
        for headers in ELSEWHERE:
            answer = browser.client.post(filled_in(path), data={"csrf_token": csrf}, headers=headers)
            assert answer.status_code == 403, (path, headers, answer.text[:300])
    assert _everything(database) == before


@pytest.mark.usefixtures("unaltered")
def test_without_a_session_a_form_keeps_what_was_typed_and_does_nothing(app: FastAPI, forms: list[str]) -> None:
    browser = Browser(app)
    for path in forms:
        answer = browser.client.post(filled_in(path), data={"reason": "a long text"})
        assert answer.status_code == 401, (path, answer.text[:300])
        assert 'value="a long text"' in answer.text, path


def test_a_session_alone_alters_nothing_by_the_api(
    app: FastAPI, visiting: Visiting, agent: Person, database: Database
) -> None:
    browser = visiting(agent)
    before = _everything(database)
    tried = list(addresses(app, "POST", "PUT", "PATCH", "DELETE", pages=False))
    assert len(tried) > 80
    for method, path in tried:
        for kind in ("application/x-www-form-urlencoded", "text/plain"):  # what a form of another site can send
            headers = {"Content-Type": kind, "If-Match": "*", "Idempotency-Key": "forged"}
            answer = browser.client.request(method, filled_in(path), content=b"", headers=headers)
            assert answer.status_code in {401, 403}, (method, path, answer.status_code, answer.text[:300])
    assert _everything(database) == before


def test_signing_out_needs_the_sessions_token(visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)
    for token in ({}, {"csrf_token": "0" * 64}):
        assert browser.client.post("/sign-out", data=token).status_code == 403
    assert browser.open("/").status == 200


def test_nothing_is_shown_in_a_frame_of_another_page(app: FastAPI, visiting: Visiting, manager: Person) -> None:
    browser = visiting(manager)
    looked = 0
    for pages in (True, False):
        for _method, path in addresses(app, "GET", pages=pages):
            if "events" in path:
                continue  # a stream does not end
            answer = browser.client.get(filled_in(path), follow_redirects=False)
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
            assert answer.headers["cross-origin-resource-policy"] == "same-origin", path
            looked += 1
    assert looked > 150
