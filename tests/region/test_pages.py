"""An engineer's morning in a browser against a whole region: drift is seen, repaired, approved by another, taken back.

The engineer reads French, the lead Dutch; what stands on the routers is read on the routers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.api.chromium import chromium
from tests.dashboards.driving import asked, complaints, enter, looked_at, press, seen, shows, speak
from tests.region.conftest import Region, eventually

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(900)]

ROUTER = "ac03"
LINE = "ip route 203.0.113.0/24 blackhole"


@pytest.fixture
def url(region: Region) -> str:
    return f"http://127.0.0.1:{region.instance.api_port}"


@pytest.fixture
def french(region: Region, url: str, tmp_path: Path) -> Iterator[WebDriver]:
    """The engineer's browser."""
    with chromium(tmp_path / "engineer") as page:
        yield sat_down(page, region, url, "engineer", "fr")


@pytest.fixture
def dutch(region: Region, url: str, tmp_path: Path) -> Iterator[WebDriver]:
    """The lead's browser."""
    with chromium(tmp_path / "lead") as page:
        yield sat_down(page, region, url, "lead", "nl")


def sat_down(page: WebDriver, region: Region, url: str, who: str, language: str) -> WebDriver:
    enter(page, url, region.api("POST", "/enter", who=who).json()["path"])
    speak(page, language)
    return page


def approved(page: WebDriver, url: str, change: str, why: str) -> None:
    """Found on the first page, read, agreed to."""
    page.get(url)
    press(page, f'a[href="/changes/{change}"]')
    page.find_element(By.ID, "reason").send_keys(why)
    press(page, "#approve")
    shows(page, "succeeded", "nl")


def taken_back(page: WebDriver, change: str, why: str) -> str:
    """The change that takes another one back, once it has succeeded."""
    page.get(page.current_url.rsplit("/", 1)[0] + f"/{change}")
    page.find_element(By.ID, "undo-reason").send_keys(why)
    press(page, "#undo")
    eventually(lambda: not page.current_url.endswith(change))
    shows(page, "succeeded", "fr")
    return page.current_url.rsplit("/", 1)[1]


def test_drift_is_repaired_by_page_approved_by_another_and_taken_back(
    region: Region, url: str, french: WebDriver, dutch: WebDriver, shots: Path
) -> None:
    before = region.running(ROUTER)
    region.typed(ROUTER, LINE)
    eventually(lambda: ROUTER in [one["device"] for one in region.ask("config", "drift")])
    french.get(f"{url}/drift")
    seen(french, LINE)
    looked_at(french, shots, "journey-drift")

    french.get(f"{url}/push")
    french.find_element(By.ID, "select").send_keys(f"name={ROUTER}")
    french.find_element(By.ID, "reason").send_keys("personne ne l'a demandé")
    press(french, "#preview")
    seen(french, LINE)
    looked_at(french, shots, "journey-push")
    press(french, "#push")
    shows(french, "waiting", "fr")
    looked_at(french, shots, "journey-waits")
    assert LINE in region.running(ROUTER)
    change = french.current_url.rsplit("/", 1)[1]
    assert not french.find_elements(By.ID, "approve"), "who asks does not approve"

    approved(dutch, url, change, "gelezen")
    looked_at(dutch, shots, "journey-approved")
    shows(french, "succeeded", "fr")
    looked_at(french, shots, "journey-succeeded")
    assert region.running(ROUTER) == before

    undo = taken_back(french, change, "elle était voulue")  # what a lead agreed to may go back at once
    looked_at(french, shots, "journey-undone")
    assert region.change(undo)["undo_of"] == change
    assert LINE in region.running(ROUTER)
    taken_back(french, undo, "finalement non")
    assert region.running(ROUTER) == before
    for page in (french, dutch):
        assert asked(page) == {url.removeprefix("http://")}
        assert complaints(page) == []
