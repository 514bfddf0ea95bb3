"""In a real Chromium: a page of another site shows none of ours, and its forms do nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Person
from tests.dashboards.addresses import addresses, filled_in
from tests.dashboards.driving import enter, seen

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]


def _link(person: Person) -> str:
    return str(person.post("/enter").json()["path"])


def test_a_page_of_another_site_shows_none_of_ours_and_its_forms_do_nothing(
    page: WebDriver, url: str, app: FastAPI, agent: Person, database: Database
) -> None:
    enter(page, url, _link(agent))
    forms = [filled_in(path) for _, path in addresses(app, "POST", pages=True)]
    before = _altered(database)
    with _another_site(url) as evil:
        page.get(f"{evil}/frame")  # the same host on another port: cookies travel, so it is the pages that must refuse
        frames = page.execute_script("return window.frames.length")
        assert frames == 1
        page.switch_to.frame(0)
        assert "What we have" not in page.page_source
        page.switch_to.default_content()
        sent = page.execute_async_script(
            """
            const [url, forms, done] = arguments;
            Promise.all(forms.map((path) => fetch(url + path, {
              method: 'POST', mode: 'no-cors', credentials: 'include',
              body: new URLSearchParams({reason: 'forged', name: 'forged', language: 'fr', action: 'order'}),
            }).then((one) => one.type, () => 'kept from me'))).then(done);
            """,
            url,
            forms,
        )
        assert len(sent) == len(forms)
        assert set(sent) <= {"opaque", "kept from me"}, "they arrived, and nothing can be read of the answers"
        page.get(f"{evil}/form")
        page.find_element("id", "go").click()
        seen(page, "another site")
    assert _altered(database) == before
    page.get(url)
    assert page.find_element("tag name", "html").get_attribute("lang") == "en", "the session and its language stand"


def _altered(database: Database) -> tuple[int, ...]:
    with database.transaction("owner", SYSTEM) as tx:
        return tuple(
            tx.execute(
                text(
                    "select (select count(*) from change), (select count(*) from api_token where revoked_at is null),"
                    " (select count(*) from membership where held @> now()), (select count(*) from support_message)"
                )
            ).one()
        )


@contextmanager
def _another_site(url: str) -> Iterator[str]:
    """Pages that frame ours and send forms to them."""
    pages = {
        "/frame": f'<!doctype html><title>x</title><iframe src="{url}/"></iframe>',
        "/form": f'<!doctype html><title>x</title><form method="post" action="{url}/language">'
        '<input name="language" value="fr"><button id="go">go</button></form>',
    }

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Nothing is to be said of it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
