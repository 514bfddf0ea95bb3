"""The pages in a real Chromium: journeys, light and dark, phones and zoom, by keyboard, and nothing asked of others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from selenium.common.exceptions import ElementClickInterceptedException, StaleElementReferenceException
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import text

from core.db import Database
from tests.api.chromium import chromium
from tests.api.people import SYSTEM, Person
from tests.api.serving import serve
from tests.dashboards.axe import violations

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]


@pytest.fixture(scope="module")
def url(app: FastAPI) -> Iterator[str]:
    with serve(app) as address:
        yield address


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WebDriver]:
    with chromium(tmp_path) as made:
        made.execute_cdp_cmd("Network.enable", {})
        yield made


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where pictures go: ``IRISPLANE_TEST_SHOTS`` for people who look at them."""
    folder = Path(os.environ.get("IRISPLANE_TEST_SHOTS") or tmp_path / "shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def enter(page: WebDriver, url: str, person: Person) -> None:
    """By the link that the command line makes."""
    page.get(url + person.post("/enter").json()["path"])
    press(page, "#go")
    WebDriverWait(page, 60).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "nav [aria-current]"))


def seen(page: WebDriver, words: str) -> None:
    """Wait until something can be read."""
    wait = WebDriverWait(
        page, 20, ignored_exceptions=[StaleElementReferenceException]
    )  # a page may give way to the next
    wait.until(lambda driver: words in driver.find_element(By.TAG_NAME, "body").text, words)


def press(page: WebDriver, selector: str) -> None:
    """Click what a selector finds, again if the page put another in its place meanwhile."""
    wait = WebDriverWait(
        page, 60, ignored_exceptions=[StaleElementReferenceException, ElementClickInterceptedException]
    )

    def clicked(driver: WebDriver) -> bool:
        driver.find_element(By.CSS_SELECTOR, selector).click()
        return True

    wait.until(clicked, selector)


def scheme(page: WebDriver, which: str) -> None:
    feature = {"features": [{"name": "prefers-color-scheme", "value": which}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)


def width(page: WebDriver, pixels: int, height: int = 900) -> None:
    size = {"width": pixels, "height": height, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def complaints(page: WebDriver) -> list[str]:
    """What the browser's console holds against the pages so far."""
    return [entry["message"] for entry in page.get_log("browser")]  # type: ignore[no-untyped-call]  # as above


def asked(page: WebDriver) -> set[str]:
    """The hosts that the page as it stands asked for anything."""
    script = "return performance.getEntriesByType('resource').map((one) => new URL(one.name).host)"
    return set(page.execute_script(script))


def looked_at(page: WebDriver, shots: Path, name: str) -> None:
    """No violation in light and dark; nothing to scroll sideways on a phone or at 200 %; pictures of each."""
    for which in ("light", "dark"):
        scheme(page, which)
        assert violations(page) == [], f"{name}, {which}"
        page.save_screenshot(str(shots / f"{name}-{which}.png"))
    scheme(page, "light")
    for pixels in (640, 360):
        width(page, pixels)
        overflow = page.execute_script("return document.documentElement.scrollWidth - innerWidth")
        page.save_screenshot(str(shots / f"{name}-{pixels}.png"))
        assert overflow <= 0, f"{name} is {overflow} wider than {pixels}"
    width(page, 1200)


def test_an_agency_orders_a_server_by_keyboard_and_follows_it_live(
    page: WebDriver, url: str, agent: Person, shots: Path, database: Database
) -> None:
    enter(page, url, agent)
    looked_at(page, shots, "agency")
    for place in ("quota", "keys"):
        page.get(f"{url}/{place}")
        looked_at(page, shots, f"agency-{place}")
    page.get(url)
    page.find_element(By.LINK_TEXT, "Order a server").send_keys(Keys.ENTER)
    seen(page, "The offer")
    name = page.find_element(By.ID, "name")
    name.send_keys("Bad Name", Keys.ENTER)
    WebDriverWait(page, 60).until(lambda driver: driver.find_elements(By.ID, "wrong"))
    looked_at(page, shots, "order-refused")
    name = page.find_element(By.ID, "name")
    assert name.get_attribute("value") == "Bad Name"
    name.clear()
    name.send_keys("web-1", Keys.ENTER)
    seen(page, "Order it for")
    looked_at(page, shots, "order-offer")
    page.find_element(By.ID, "order").send_keys(Keys.ENTER)
    seen(page, "Create a server web-1")
    looked_at(page, shots, "order-follow")
    change = page.current_url.rsplit("/", 1)[1]
    with database.transaction("owner", SYSTEM) as tx:  # as a worker would
        tx.execute(text("update change set state = 'running', waiting_for = '{}' where id = :id"), {"id": change})
    badge, wait = (
        (By.CSS_SELECTOR, "#live .heading .badge"),
        WebDriverWait(page, 60, ignored_exceptions=[StaleElementReferenceException]),
    )
    wait.until(lambda driver: driver.find_element(*badge).text == "running", "not live")
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update change set state = 'failed', finished_at = now() where id = :id"), {"id": change})
    wait.until(lambda driver: driver.find_element(*badge).text == "failed", "not live")
    assert asked(page) == {url.removeprefix("http://")}
    assert [one for one in complaints(page) if "422" not in one and "409" not in one] == []


def test_a_lead_approves_in_dutch(page: WebDriver, url: str, engineer: Person, lead: Person, shots: Path) -> None:
    body = {"kind": "network.example", "intent": {"names": ["bxl-a1", "bxl-a2"]}, "reason": "for the test"}
    change = engineer.post("/api/v1/changes", json=body).json()["id"]
    enter(page, url, lead)
    press(page, "button[value=nl]")
    seen(page, "Wacht op u")
    looked_at(page, shots, "region")
    press(page, f'a[href="/changes/{change}"]')
    seen(page, "Het plan")
    looked_at(page, shots, "change")
    reason = page.find_element(By.ID, "reason")
    reason.send_keys("gelezen en goed")
    press(page, "#approve")
    seen(page, "goedgekeurd")
    assert lead.get(f"/api/v1/changes/{change}").json()["approvals"][0]["reason"] == "gelezen en goed"
    for place in ("figures", "changes", "devices", "servers", "keys", "holdings", "design"):
        page.get(f"{url}/{place}")
        looked_at(page, shots, place)
        assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []


def test_the_entrance_is_sound_and_the_first_key_leads_to_the_content(
    page: WebDriver, url: str, lead: Person, shots: Path
) -> None:
    page.get(f"{url}/sign-in")
    looked_at(page, shots, "sign-in")
    page.get(url + lead.post("/enter").json()["path"])
    looked_at(page, shots, "enter")
    press(page, "#go")
    seen(page, "Today")
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    first = page.switch_to.active_element
    assert first.text == "Skip to the content"
    first.send_keys(Keys.ENTER)
    assert page.switch_to.active_element.get_attribute("id") == "main"
    page.find_element(By.TAG_NAME, "body").send_keys("/")
    page.switch_to.active_element.send_keys("bxl", Keys.ENTER)
    seen(page, "Nothing is named like that.")
    looked_at(page, shots, "search")
    page.get(f"{url}/signed-in")
    looked_at(page, shots, "signed-in")


def test_a_server_that_is_away_is_told_and_what_was_typed_stays(
    page: WebDriver, app: FastAPI, engineer: Person, lead: Person
) -> None:
    body = {"kind": "network.example", "intent": {"names": ["bxl-away"]}, "reason": "for the test"}
    change = engineer.post("/api/v1/changes", json=body).json()["id"]
    with serve(app) as address:
        enter(page, address, lead)
        page.get(f"{address}/changes/{change}")
        page.find_element(By.ID, "reason").send_keys("a long text")
    WebDriverWait(page, 60).until(lambda driver: driver.find_element(By.ID, "away").is_displayed(), "not told")
    assert page.find_element(By.ID, "reason").get_attribute("value") == "a long text"
