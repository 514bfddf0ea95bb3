"""Every page there is, in a real Chromium: axe finds nothing, light or dark; nothing scrolls sideways on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.api.people import Person
from tests.dashboards.addresses import addresses, filled_in
from tests.dashboards.axe import violations
from tests.dashboards.driving import (
    asked,
    complaints,
    enter,
    held,
    looked_at,
    patient,
    press,
    scheme,
    speak,
    too_wide,
    width,
)
from tests.dashboards.furnishing import Furnished

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]

_NO_PAGES = ("/openapi.json", "/metrics", "/health", "/enter", "/sign-out", "/docs")
"""``/docs`` is Swagger UI as its makers wrote it; the description itself is no page."""
_DARK = ("color-contrast", "link-in-text-block")
"""What the other scheme alters."""
_EDGES = """
    const here = document.querySelector('.top nav [aria-current]').getBoundingClientRect();
    return [here.left, here.right];"""
_MADE_OF = """
    return [performance.getEntriesByType('navigation')[0].responseStatus,
      [...new Set([...document.querySelectorAll('main *')].map((one) => [one.parentElement.tagName, one.tagName,
      one.className, ...one.getAttributeNames()].join(' ')))].sort().join('\\n')];"""


@pytest.mark.timeout(3600)  # some two hundred pages: a minute, or a quarter of an hour beside a whole run
def test_every_page_is_sound_for_everybody_who_opens_it(
    page: WebDriver, url: str, app: FastAPI, agent: Person, lead: Person, manager: Person, furnished: Furnished,
    shots: Path,
) -> None:  # fmt: skip
    """Axe looks once at what a page is made of, whatever stands in it; its width is looked at for everybody."""
    found: dict[str, list[str]] = {}
    looked: set[tuple[str, str]] = set()
    every = _places(app)

    def walk(person: Person, ids: Mapping[str, str], language: str, places: Iterable[str]) -> list[str]:
        """The places that are refused."""
        refused = []
        page.delete_all_cookies()
        enter(page, url, _link(person))
        speak(page, language)
        for path in places:
            width(page, 1200)
            page.get(url + filled_in(path, ids))
            where = f"{person.handle} {path}"
            with held(page):
                status, made_of = page.execute_script(_MADE_OF)
                if status == 403:
                    refused.append(path)
                piece = (path if status == 200 else "", made_of)
                if piece not in looked:
                    looked.add(piece)
                    found.update(_broken(page, where))
                found[f"{where}, 360 px"] = too_wide(page, 360)
                name = re.sub(r"\W+", "-", path).strip("-") or "home"
                page.save_screenshot(str(shots / f"every-{person.handle}-{name}.png"))
            found[f"{where}, asked"] = sorted(asked(page) - {url.removeprefix("http://"), ""})  # a blob has no host
        return refused

    walk(agent, furnished.agency, "fr", every)
    walk(manager, furnished.region, "fr", walk(lead, furnished.region, "nl", every))
    assert {where: what for where, what in found.items() if what} == {}
    assert len({path for path, _made_of in looked}) > 70
    assert [one for one in complaints(page) if "Security Policy" in one or "Uncaught" in one] == []


def test_offers_and_effects_are_sound_before_anything_is_ordered_or_saved(
    page: WebDriver, url: str, agent: Person, lead: Person, furnished: Furnished, shots: Path
) -> None:
    enter(page, url, _link(agent))
    speak(page, "fr")
    for place in (f"addresses/{furnished.agency['addresses']}/assign", f"volumes/{furnished.agency['volumes']}/extend"):
        page.get(f"{url}/{place}")
        if place.endswith("extend"):
            page.find_element(By.ID, "size_gib").clear()
            page.find_element(By.ID, "size_gib").send_keys("9")
        press(page, "#preview")
        patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#order"), "no offer")
        looked_at(page, shots, f"offer-{place.rsplit('/', 1)[1]}")
    page.delete_all_cookies()
    enter(page, url, _link(lead))
    speak(page, "nl")
    width(page, 360)
    page.get(f"{url}/contexts/{furnished.region['contexts']}")
    edges = page.execute_script(_EDGES)
    assert 0 <= edges[0] < edges[1] <= 360, "the place where one is stands on the screen, however many there are"
    page.find_element(By.ID, "data").send_keys("\nospf: {dead: 9}")
    press(page, "#preview")
    patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#altered ~ .group .sides"), "no effect")
    looked_at(page, shots, "context-effect")


def _broken(page: WebDriver, where: str) -> dict[str, list[str]]:
    scheme(page, "light")
    light = violations(page)
    scheme(page, "dark")
    return {f"{where}, light": light, f"{where}, dark": violations(page, *_DARK)}


def _link(person: Person) -> str:
    return str(person.post("/enter").json()["path"])


def _places(app: FastAPI) -> list[str]:
    every = dict.fromkeys(path for _, path in addresses(app, "GET", pages=True))
    return [path for path in every if not path.startswith(_NO_PAGES) and not path.endswith((".csv", ".pdf"))]
