"""In a real Chromium: what an administration planted runs on no page of anybody."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver

from core.db import Database
from tests.api.people import Hire, Person
from tests.dashboards.addresses import addresses, filled_in
from tests.dashboards.conftest import Visiting
from tests.dashboards.driving import complaints, enter
from tests.dashboards.planting import PAYLOADS, everything_of, plant

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]

_LOOK = """
const odd = [];
for (const one of document.querySelectorAll('*')) {
  for (const attribute of one.attributes) {
    if (attribute.name.startsWith('on') && attribute.name !== 'on') odd.push(one.tagName + ' ' + attribute.name);
    if (/^\\s*javascript:/i.test(attribute.value) && ['href', 'src', 'action', 'formaction'].includes(attribute.name))
      odd.push(one.tagName + ' ' + attribute.name + '=' + attribute.value);
  }
  if (one.tagName === 'SCRIPT' && !new URL(one.src, location).pathname.startsWith('/static/')) odd.push('script');
}
return {ran: window.ran === undefined ? null : window.ran, odd, said: document.body.innerText,
        fields: [...document.querySelectorAll('input,textarea')].map((one) => one.value)};
"""
_PAGES_OF_NOBODY = ("/openapi.json", "/docs", "/problems", "/sign-in", "/enter", "/metrics", "/health", "/api")


def _link(person: Person) -> str:
    return str(person.post("/enter").json()["path"])


def test_nothing_that_was_planted_runs_on_any_page_of_anybody(
    page: WebDriver, url: str, app: FastAPI, visiting: Visiting, agent: Person, manager: Person, hire: Hire,
    database: Database,
) -> None:  # fmt: skip
    ids = everything_of(agent, database)
    places = [
        filled_in(path, ids)
        for _, path in addresses(app, "GET", pages=True)
        if not path.startswith(_PAGES_OF_NOBODY) and not path.endswith((".csv", ".pdf"))
    ]
    for payload in PAYLOADS:
        assert plant(visiting(agent), places, payload).taken
    shown = dict.fromkeys(PAYLOADS, 0)
    for person in (agent, manager, hire("cp-board", "management")):
        page.delete_all_cookies()
        enter(page, url, _link(person))
        complaints(page)
        for place in places:
            page.get(url + place)
            seen = page.execute_script(_LOOK)
            assert seen["ran"] is None, (person.handle, place)
            assert seen["odd"] == [], (person.handle, place)
            said = seen["said"] + "\n".join(seen["fields"])
            for payload in PAYLOADS:
                shown[payload] += payload in said
        policy = [one for one in complaints(page) if "Content Security Policy" in one or "Refused" in one]
        assert policy == [], "nothing was even tried"
    assert min(shown.values()) >= 4, shown
