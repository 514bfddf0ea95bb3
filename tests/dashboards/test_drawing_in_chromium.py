"""An area of works in a real Chromium: drawn by mouse, finger or keyboard, or written; it leads to who is hit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import shapely
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from benchmarks.plants import write
from core.db import Database
from tests.api.people import Person
from tests.api.serving import serve
from tests.dashboards.conftest import Visiting
from tests.dashboards.driving import (
    asked,
    complaints,
    enter,
    follow,
    keys,
    looked_at,
    patient,
    press,
    seen,
    speak,
    stands_at,
    tab_to,
    text_of,
    width,
)
from tests.network.impact.test_impact import RING, SYSTEM

pytestmark = pytest.mark.slow

AROUND_N3 = ((90, -60), (200, -60), (200, 60), (90, 60))
"""Pixels from the middle of the map as it opens; only D3 and where it ends lie there."""


@pytest.fixture(scope="module")
def url(app: FastAPI, engineer: Person, database: Database) -> Iterator[str]:
    with database.transaction("owner", SYSTEM) as tx:
        write(tx, RING)
    with serve(app) as address:
        yield address


def _drawn(page: WebDriver) -> None:
    ready = (By.CSS_SELECTOR, "#map[data-ready]")
    patient(page, 180).until(lambda driver: driver.find_elements(*ready), "no map is drawn")


def _moved(page: WebDriver) -> str:
    """How often the map stood still again."""
    return str(page.find_element(By.ID, "map").get_attribute("data-moved"))


def _moves_on(page: WebDriver, before: str) -> None:
    patient(page, 180).until(lambda driver: _moved(driver) != before, "the map does not move")


def _corners(page: WebDriver, count: int) -> None:
    patient(page, 180).until(
        lambda driver: driver.find_element(By.ID, "draw").get_attribute("data-corners") == str(count),
        f"{count} corners",
    )


def _answer(page: WebDriver, engineer: Person) -> dict[str, Any]:
    """The page says what the API says of the area in its address."""
    patient(page, 180).until(lambda driver: "polygon=" in driver.current_url, "it leads nowhere")
    seen(page, "Circuits down")
    polygon = json.loads(parse_qs(urlsplit(page.current_url).query)["polygon"][0])
    api: dict[str, Any] = engineer.post("/api/v1/fibre/impact", json={"polygon": polygon}).json()
    told = page.find_element(By.TAG_NAME, "main").text
    for layer in ("circuits", "devices", "sites"):
        for one in api[layer]:
            assert one.get("code", one.get("name")) in told
    return {**api, "polygon": polygon}


def test_an_area_drawn_with_the_mouse_leads_to_who_is_hit_and_is_shown_there(
    page: WebDriver, url: str, engineer: Person, shots: Path
) -> None:
    enter(page, url, engineer.post("/enter").json()["path"])
    page.get(f"{url}/plant")
    _drawn(page)
    press(page, "[data-draw=begin]")
    canvas = page.find_element(By.CSS_SELECTOR, "#map canvas")
    for number, (x, y) in enumerate((*AROUND_N3, (0, 100)), 1):
        ActionChains(page).move_to_element_with_offset(canvas, x, y).click().perform()
        _corners(page, number)
        assert page.find_element(By.CSS_SELECTOR, "[data-draw=finish]").is_enabled() is (number >= 3)
    looked_at(page, shots, "drawing")
    press(page, "[data-draw=undo]")
    _corners(page, 4)
    press(page, "[data-draw=finish]")
    api = _answer(page, engineer)
    assert api["lost"]["ducts"] == ["D3"]
    assert len(api["polygon"]["coordinates"][0]) == 5
    _drawn(page)
    looked_at(page, shots, "drawn")
    press(page, "[data-draw=begin]")
    press(page, "[data-draw=cancel]")
    assert "Nothing is drawn." in text_of(page, "#draw-told")
    assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []


def test_an_area_is_drawn_by_keyboard_alone(page: WebDriver, url: str, engineer: Person, shots: Path) -> None:
    enter(page, url, engineer.post("/enter").json()["path"])
    speak(page, "nl")
    page.get(f"{url}/plant")
    _drawn(page)
    tab_to(page, "[data-draw=begin]")
    keys(page, Keys.ENTER)
    stands_at(page, "#map canvas")
    keys(page, " ")
    _corners(page, 1)
    keys(page, Keys.BACKSPACE)
    _corners(page, 0)
    keys(page, Keys.ESCAPE)
    stands_at(page, "[data-draw=begin]")
    keys(page, Keys.ENTER)
    stands_at(page, "#map canvas")
    for number, key in enumerate((Keys.ARROW_UP, Keys.ARROW_RIGHT, Keys.ARROW_DOWN), 1):
        before = _moved(page)
        keys(page, key)
        _moves_on(page, before)
        keys(page, " ")
        _corners(page, number)
    looked_at(page, shots, "drawing-by-keyboard")
    stands_at(page, "#map canvas")
    keys(page, Keys.ENTER)
    patient(page, 180).until(lambda driver: "/impact?polygon=" in driver.current_url, "it leads nowhere")
    ring = json.loads(parse_qs(urlsplit(page.current_url).query)["polygon"][0])["coordinates"][0]
    assert len({tuple(corner) for corner in ring}) == 3
    assert shapely.Polygon(ring).is_valid


def test_an_area_is_drawn_with_a_finger_on_a_phone(page: WebDriver, url: str, engineer: Person, shots: Path) -> None:
    enter(page, url, engineer.post("/enter").json()["path"])
    width(page, 360)
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.get(f"{url}/plant")
    _drawn(page)
    page.execute_script("document.querySelector('#draw').scrollIntoView({block: 'start', behavior: 'instant'})")
    press(page, "[data-draw=begin]")
    canvas = page.find_element(By.CSS_SELECTOR, "#map canvas")
    for number, (x, y) in enumerate(((90, -60), (155, -60), (155, 60)), 1):
        touch = PointerInput("touch", "finger")  # type: ignore[no-untyped-call]  # selenium's
        finger = ActionBuilder(page, mouse=touch)
        finger.pointer_action.move_to(canvas, x, y).pointer_down().pointer_up()  # type: ignore[no-untyped-call]
        finger.perform()
        _corners(page, number)
    page.save_screenshot(str(shots / "drawing-on-a-phone.png"))
    press(page, "[data-draw=finish]")
    assert _answer(page, engineer)["lost"]["ducts"] == ["D3"]


def test_without_scripts_an_area_around_a_place_is_asked_by_a_form(
    page: WebDriver, url: str, engineer: Person, shots: Path
) -> None:
    enter(page, url, engineer.post("/enter").json()["path"])
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    page.get(f"{url}/plant")
    assert not page.find_element(By.ID, "draw").is_displayed()
    page.find_element(By.CSS_SELECTOR, "details.area summary").click()
    page.find_element(By.ID, "around").send_keys("N3")
    page.find_element(By.ID, "radius").clear()
    page.find_element(By.ID, "radius").send_keys("20", Keys.ENTER)
    patient(page, 180).until(lambda driver: "/impact?polygon=" in driver.current_url, "it leads nowhere")
    assert "D3" in page.find_element(By.TAG_NAME, "main").text


def test_what_is_wrong_with_an_area_is_told_at_its_field(
    page: WebDriver, url: str, engineer: Person, visiting: Visiting, shots: Path
) -> None:
    enter(page, url, engineer.post("/enter").json()["path"])
    speak(page, "fr")
    page.get(f"{url}/impact?around=N3&radius=far")
    stands_at(page, "#radius")
    assert "« far »" in text_of(page, "main .notice.bad")
    looked_at(page, shots, "area-refused")
    browser = visiting(engineer)
    for query, told in (
        ("around=N99", "There is no place 'N99'"),
        ("around=N3&radius=0", "from 1 to 5000"),
        ("polygon=4.3+50.8", "at least three corners"),
        ("polygon=4.30+50.79%0A4.31+50.81%0A4.31+50.79%0A4.30+50.81", "crosses itself"),
    ):
        found = browser.open(f"/impact?{query}")
        assert found.status == 422
        assert told in found.text
    assert browser.open("/impact?polygon=4.3024+50.7999%0A4.3026+50.7999%0A4.3026+50.8001").status == 200
    follow(page, 'a[href="/plant"]')
