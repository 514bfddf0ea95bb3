"""Incidents and services in a real Chromium: followed as they alter while a form is typed into, and sound."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from core.db import Database
from core.journal.sequencer import Sequencer
from tests.api.people import Person
from tests.dashboards.driving import asked, complaints, enter, looked_at, press, seen, speak, stands_at
from tests.dashboards.furnishing import Furnished

pytestmark = pytest.mark.slow


def test_an_incident_is_followed_and_what_is_typed_meanwhile_stays(
    page: WebDriver, url: str, engineer: Person, furnished: Furnished, database: Database, shots: Path
) -> None:
    number = furnished.region["incidents"]
    enter(page, url, engineer.post("/enter").json()["path"])
    page.get(f"{url}/incidents")
    seen(page, "cable C-ARTS-1 or C-HALL-1")
    looked_at(page, shots, "incidents")
    page.get(f"{url}/incidents/{number}")
    page.find_element(By.ID, "said").send_keys("half a sentence")
    told = engineer.post(f"/api/v1/incidents/{number}:note", json={"said": "the crew has arrived"})
    assert told.status_code == 200
    Sequencer(database, None).drain()  # no worker runs: unnumbered, nothing is told, and the page looks after 50 s
    seen(page, "the crew has arrived")
    assert page.find_element(By.ID, "said").get_attribute("value") == "half a sentence"
    looked_at(page, shots, "incident")
    press(page, "#acknowledge")
    seen(page, "in hand")
    speak(page, "nl")
    page.get(f"{url}/incidents:silence?kind=link&name=cr91-ac91")
    looked_at(page, shots, "silence")
    assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []


def test_a_service_is_designed_and_what_is_wrong_has_the_focus(
    page: WebDriver, url: str, engineer: Person, furnished: Furnished, shots: Path
) -> None:
    enter(page, url, engineer.post("/enter").json()["path"])
    for place, name in (("/services", "services"), (f"/services/{furnished.region['services']}", "service")):
        page.get(url + place)
        looked_at(page, shots, name)
    page.get(f"{url}/services:new")
    page.find_element(By.ID, "code").send_keys("archives")
    page.find_element(By.ID, "place-0").send_keys("ac91:port2")
    page.find_element(By.ID, "address-0").send_keys("10.92.1.1")
    press(page, "#preview")
    seen(page, "write the gateway's address with its length")
    stands_at(page, "#address-0")
    looked_at(page, shots, "service-design")
    assert [one for one in complaints(page) if "422" not in one] == [], "the refusal itself is told by the browser"
