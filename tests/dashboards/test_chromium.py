"""The pages in a real Chromium: journeys, light and dark, phones and zoom, by keyboard, and nothing asked of others."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Person
from tests.api.serving import serve
from tests.dashboards.driving import asked, complaints, enter, looked_at, patient, press, seen, shows, speak

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]


def link(person: Person) -> str:
    """The address that signs a person in, once."""
    return str(person.post("/enter").json()["path"])


def test_an_agency_orders_a_server_by_keyboard_and_follows_it_live(
    page: WebDriver, url: str, agent: Person, shots: Path, database: Database
) -> None:
    enter(page, url, link(agent))
    looked_at(page, shots, "agency")
    for place in ("quota", "keys"):
        page.get(f"{url}/{place}")
        looked_at(page, shots, f"agency-{place}")
    page.get(url)
    page.find_element(By.LINK_TEXT, "Order a server").send_keys(Keys.ENTER)
    seen(page, "The offer")
    name = page.find_element(By.ID, "name")
    name.send_keys("Bad Name", Keys.ENTER)
    patient(page).until(lambda driver: driver.find_elements(By.ID, "wrong"))
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
    shows(page, "running", "en")
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update change set state = 'failed', finished_at = now() where id = :id"), {"id": change})
    shows(page, "failed", "en")
    assert asked(page) == {url.removeprefix("http://")}
    assert [one for one in complaints(page) if "422" not in one and "409" not in one] == []


def test_a_lead_approves_in_dutch(page: WebDriver, url: str, engineer: Person, lead: Person, shots: Path) -> None:
    body = {"kind": "network.example", "intent": {"names": ["bxl-a1", "bxl-a2"]}, "reason": "for the test"}
    change = engineer.post("/api/v1/changes", json=body).json()["id"]
    enter(page, url, link(lead))
    speak(page, "nl")
    seen(page, "Wacht op u")
    looked_at(page, shots, "region")
    press(page, f'a[href="/changes/{change}"]')
    seen(page, "Het plan")
    looked_at(page, shots, "change")
    reason = page.find_element(By.ID, "reason")
    reason.send_keys("gelezen en goed")
    press(page, "#approve")
    shows(page, "approved", "nl")
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
        enter(page, address, link(lead))
        page.get(f"{address}/changes/{change}")
        page.find_element(By.ID, "reason").send_keys("a long text")
    patient(page).until(lambda driver: driver.find_element(By.ID, "away").is_displayed(), "not told")
    assert page.find_element(By.ID, "reason").get_attribute("value") == "a long text"
