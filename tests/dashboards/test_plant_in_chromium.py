"""The fibre plant in a real Chromium: from the map to a splice plan by keyboard, every page sound on its way."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.api.people import Person
from tests.dashboards.driving import asked, complaints, enter, follow, into, looked_at, patient, seen

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("furnished")]


def test_an_engineer_walks_from_the_map_to_where_a_strand_is_spliced(
    page: WebDriver, url: str, engineer: Person, shots: Path
) -> None:
    enter(page, url, str(engineer.post("/enter").json()["path"]))
    follow(page, 'nav a[href="/map"]')
    into(page)
    follow(page, 'a[href="/plant"]', most=3)
    patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#map[data-ready]"), "no map is drawn")
    looked_at(page, shots, "plant")
    into(page)
    follow(page, 'a[href="/plant/cables/C-ARTS-1"]')
    looked_at(page, shots, "plant-cable")
    into(page)
    follow(page, 'a[href="/plant/cables/C-ARTS-1/strands/1"]')
    seen(page, "X-ARTS-HALL")
    looked_at(page, shots, "plant-strand")
    into(page)
    follow(page, 'a[href="/plant/closures/K-RIVOLI"]')
    looked_at(page, shots, "plant-closure")
    assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []
