"""What engineers read in a real Chromium: hundreds of differences by keyboard, in every light and width."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.api.people import Person
from tests.dashboards.driving import asked, complaints, enter, keys, looked_at, patient, seen, tab_to

pytestmark = [pytest.mark.slow]


def test_a_lead_walks_from_difference_to_difference_by_keyboard(
    page: WebDriver, url: str, engineer: Person, lead: Person, shots: Path
) -> None:
    names = [f"own-{number:03}" for number in range(9)]
    body = {"kind": "network.example", "intent": {"names": ["bxl-a1", "bxl-a2", *names]}, "reason": "new descriptions"}
    change = engineer.post("/api/v1/changes", json=body).json()["id"]
    enter(page, url, lead.post("/enter").json()["path"])
    page.get(f"{url}/changes/{change}")
    page.execute_script("document.getElementById('plan').scrollIntoView()")
    looked_at(page, shots, "differences")
    assert len(page.find_elements(By.CSS_SELECTOR, ".sides")) == 6
    for _press in range(8):
        ActionChains(page).key_down(Keys.ALT).send_keys(Keys.ARROW_DOWN).key_up(Keys.ALT).perform()
    standing = page.switch_to.active_element
    assert "own-006" in standing.text
    patient(page).until(
        lambda driver: driver.find_elements(By.CSS_SELECTOR, "#difference-8[open] .sides"), "not fetched when opened"
    )
    ActionChains(page).key_down(Keys.ALT).send_keys(Keys.ARROW_UP).key_up(Keys.ALT).perform()
    assert "own-005" in page.switch_to.active_element.text
    tab_to(page, ".walk [data-walk=on]", back=True)
    keys(page, Keys.ENTER)
    assert "own-006" in page.switch_to.active_element.text
    tab_to(page, "#device", back=True)
    keys(page, "own-008", Keys.ENTER)
    shown = "return [...document.querySelectorAll('.group .names')].map((one) => one.innerText)"
    patient(page).until(lambda driver: driver.execute_script(shown) == ["own-008"], "not filtered")
    seen(page, "1 difference")
    looked_at(page, shots, "difference-found")
    page.get(f"{url}/changes/{change}/differences/3")
    looked_at(page, shots, "difference")
    page.get(f"{url}/design")
    page.execute_script("document.querySelector('.group').scrollIntoView()")
    looked_at(page, shots, "design-differences")
    assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []
