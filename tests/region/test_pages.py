"""An engineer's morning in a browser, without a mouse: drift is seen, repaired, approved by another, taken back.

Engineer and lead read different languages, each of the two roles once every one; what stands on the routers is read on
the routers. Against a region that runs already: ``make journeys``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.api.chromium import chromium
from tests.dashboards.driving import (
    asked,
    complaints,
    enter,
    follow,
    into,
    looked_at,
    seen,
    shows,
    speak,
    stands_at,
    write,
)
from tests.region.conftest import Region, eventually

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(900)]

ROUTER = "ac03"
LINE = "ip route 203.0.113.0/24 blackhole"
WHY = {"fr": "personne ne l'a demandé", "nl": "niemand heeft het gevraagd", "en": "nobody asked for it"}
READ = {"fr": "lu", "nl": "gelezen", "en": "read"}
BACK = {"fr": "elle était voulue", "nl": "het was gewild", "en": "it was wanted"}


@pytest.fixture
def url(region: Region) -> str:
    return f"http://127.0.0.1:{region.instance.api_port}"


@contextmanager
def sat_down(region: Region, url: str, who: str, language: str, folder: Path) -> Iterator[WebDriver]:
    """Somebody's browser, signed in."""
    with chromium(folder / who) as page:
        enter(page, url, region.api("POST", "/enter", who=who).json()["path"])
        speak(page, language)
        yield page


def change_in(page: WebDriver) -> str:
    """The change that a page is of."""
    return page.current_url.rsplit("/", 1)[1].removesuffix("#main")


def drift_found(page: WebDriver) -> None:
    """From the first page to what devices run against their intent."""
    into(page)
    follow(page, 'dd a[href="/drift"]')
    seen(page, LINE)


def push_asked_for(page: WebDriver, why: str, shots: Path, name: str) -> str:
    """From the drift to a change that waits: every line is read before anything is asked for."""
    into(page)
    follow(page, 'a[href^="/push?select="]')
    assert page.find_element(By.ID, "select").get_attribute("value") == f"name={ROUTER}"
    into(page)
    write(page, "#reason", why)
    follow(page, "#preview")
    seen(page, LINE)
    stands_at(page, "h2")
    looked_at(page, shots, name)
    follow(page, "#push", most=10)
    return change_in(page)


def approved(page: WebDriver, change: str, why: str) -> None:
    """Found on the first page, read, agreed to."""
    page.refresh()
    into(page)
    follow(page, f'a[href="/changes/{change}"]')
    into(page)
    write(page, "#reason", why)
    follow(page, "#approve", most=1)


def taken_back(page: WebDriver, why: str) -> str:
    """The change that takes back the one that the page is of."""
    into(page)
    write(page, "#undo-reason", why)
    follow(page, "#undo", most=1)
    return change_in(page)


@pytest.mark.parametrize(("engineers", "leads"), [("fr", "nl"), ("nl", "en"), ("en", "fr")])
def test_drift_is_repaired_by_page_approved_by_another_and_taken_back(
    region: Region, url: str, tmp_path: Path, shots: Path, engineers: str, leads: str
) -> None:
    before = region.running(ROUTER)
    region.typed(ROUTER, LINE)
    eventually(lambda: LINE in str(region.ask("config", "drift")))
    with (
        sat_down(region, url, "engineer", engineers, tmp_path) as engineer,
        sat_down(region, url, "lead", leads, tmp_path) as lead,
    ):
        drift_found(engineer)
        looked_at(engineer, shots, f"journey-drift-{engineers}")
        change = push_asked_for(engineer, WHY[engineers], shots, f"journey-push-{engineers}")
        shows(engineer, "waiting", engineers)
        looked_at(engineer, shots, f"journey-waits-{engineers}")
        assert LINE in region.running(ROUTER)
        assert not engineer.find_elements(By.ID, "approve"), "who asks does not approve"

        approved(lead, change, READ[leads])
        shows(lead, "succeeded", leads)
        looked_at(lead, shots, f"journey-approved-{leads}")
        shows(engineer, "succeeded", engineers)
        looked_at(engineer, shots, f"journey-succeeded-{engineers}")
        assert region.running(ROUTER) == before

        undo = taken_back(engineer, BACK[engineers])  # what a lead agreed to may go back at once
        shows(engineer, "succeeded", engineers)
        looked_at(engineer, shots, f"journey-undone-{engineers}")
        assert region.change(undo)["undo_of"] == change
        assert LINE in region.running(ROUTER)
        taken_back(engineer, WHY[engineers])
        shows(engineer, "succeeded", engineers)
        assert region.running(ROUTER) == before
        for page in (engineer, lead):
            assert asked(page) == {url.removeprefix("http://")}
            assert complaints(page) == []
