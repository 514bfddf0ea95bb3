"""What an administration types stays text: on every answer to every form, and on every page that anybody opens then."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI

from core.db import Database
from tests.api.people import Hire, Person
from tests.dashboards.addresses import addresses, filled_in
from tests.dashboards.browsing import Page
from tests.dashboards.conftest import Visiting
from tests.dashboards.planting import PAYLOADS, everything_of, plant

pytestmark = pytest.mark.usefixtures("offered")

_MARKUP = re.compile(
    r"<script(?![^>]*\bsrc=\"/static/)|<svg onload|<img src=x|(href|src|action)=[\"']?javascript:", re.IGNORECASE
)


def _only_text(page: Page) -> None:
    """Nothing that was typed became an element, an attribute or an address."""
    where = f"{page.answer.request.method} {page.answer.url}"
    assert page.status < 500, where
    found = _MARKUP.search(page.answer.text)
    assert found is None, (where, page.answer.text[max(0, found.start() - 200) : found.end() + 100])
    assert not {name for name in page.attributes if name.startswith("on")}, where
    assert "planted" not in page.attributes, where
    assert not [one for _tag, one in page.addresses if one.strip().lower().startswith("javascript:")], where
    assert "49$" not in page.text, where


def test_what_is_typed_into_any_field_stays_text_for_everybody(
    app: FastAPI, visiting: Visiting, agent: Person, manager: Person, hire: Hire, database: Database
) -> None:
    ids = everything_of(agent, database)
    places = [filled_in(path, ids) for _, path in addresses(app, "GET", pages=True)]
    places = [one for one in places if not one.endswith((".csv", ".pdf"))]
    browser, fields, taken = visiting(agent), set(), 0
    for payload in PAYLOADS:
        done = plant(browser, places, payload)
        fields |= done.fields
        taken += done.taken
        for page in done.answers:
            _only_text(page)
    assert len(fields) > 40, sorted(fields)
    assert taken > 30, "much of it was stored"
    shown = dict.fromkeys(PAYLOADS, 0)
    board, lead = hire("planted-board", "management"), hire("planted-lead", "network-lead", "engineer")
    for person in (agent, manager, lead, board):
        looking = visiting(person)
        for place in places:
            answer = looking.client.get(place)
            if not answer.headers["content-type"].startswith("text/html"):
                continue
            page = Page(answer)
            _only_text(page)
            for payload in PAYLOADS:
                shown[payload] += payload in page.text
    assert min(shown.values()) >= 4, shown
