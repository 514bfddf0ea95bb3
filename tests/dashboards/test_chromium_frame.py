"""The frame of the pages in a real Chromium: in every language its places stand on one line of a desk's screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from dashboards.languages import LANGUAGES
from tests.api.people import Hire, Person
from tests.dashboards.driving import enter, speak, width

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]

_MIDDLES = """
    return [...document.querySelectorAll('header.top > *, header.top nav li')].map((one) => {
      const place = one.getBoundingClientRect();
      return Math.round((place.top + place.bottom) / 2);
    });"""


@pytest.fixture
def everywhere(hire: Hire) -> Person:
    """Who may see every place."""
    return hire("everywhere", "network-lead", "platform-manager", "auditor")


def test_the_places_stand_on_one_line_in_every_language(
    page: WebDriver, url: str, everywhere: Person, shots: Path
) -> None:
    enter(page, url, str(everywhere.post("/enter").json()["path"]))
    page.get(f"{url}/servers")
    for language in LANGUAGES:
        speak(page, language)
        for pixels in (1200, 1024):
            width(page, pixels)
            page.save_screenshot(str(shots / f"frame-{language}-{pixels}.png"))
            middles = page.execute_script(_MIDDLES)
            assert len(middles) > 8, "brand, places, search, who"
            assert max(middles) - min(middles) <= 10, f"{language} at {pixels}: more than one line"
            assert page.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
