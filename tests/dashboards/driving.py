"""A person in front of a real Chromium: comes in, presses, reads, looks at pages in every light and width."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from dashboards.languages import catalogue
from dashboards.terms import TERMS
from tests.dashboards.axe import violations

__all__ = [
    "asked",
    "complaints",
    "enter",
    "held",
    "looked_at",
    "patient",
    "press",
    "scheme",
    "seen",
    "shows",
    "speak",
    "text_of",
    "too_wide",
    "width",
]


def patient(page: WebDriver, seconds: float = 60) -> WebDriverWait[WebDriver]:
    """Look at a page that may give way to the next: the driver has many words for that, and all are waited out."""
    return WebDriverWait(page, seconds, ignored_exceptions=[WebDriverException])


def enter(page: WebDriver, url: str, path: str) -> None:
    """By the link that the command line makes."""
    page.get(url + path)
    press(page, "#go")
    patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "nav [aria-current]"))


def seen(page: WebDriver, words: str) -> None:
    """Wait until something can be read on a page that is whole, so that the next look finds what stands below it."""
    script = "return document.readyState === 'complete' ? document.body.innerText : ''"
    patient(page).until(lambda driver: words in driver.execute_script(script), words)


def press(page: WebDriver, selector: str) -> None:
    """Click what a selector finds, again if the page put another in its place meanwhile."""
    not_clicked = [StaleElementReferenceException, ElementClickInterceptedException]

    def clicked(driver: WebDriver) -> bool:
        driver.find_element(By.CSS_SELECTOR, selector).click()
        return True

    WebDriverWait(page, 60, ignored_exceptions=not_clicked).until(clicked, selector)


def speak(page: WebDriver, language: str) -> None:
    """Choose a language at the foot of the page, which comes anew, whatever it was in before."""
    page.execute_script("window.before = true")
    press(page, f"button[value={language}]")
    script = "return !window.before && document.readyState === 'complete' && document.documentElement.lang"
    patient(page).until(lambda driver: driver.execute_script(script) == language, language)


def text_of(page: WebDriver, selector: str) -> str:
    """What is read there just now; nothing where the page has no such thing."""
    script = "return (document.querySelector(arguments[0]) || {innerText: ''}).innerText"
    return str(page.execute_script(script, selector)).strip()


def shows(page: WebDriver, state: str, language: str, seconds: float = 180) -> None:
    """Wait until what the page is of is in a state, without loading the page again."""
    word = catalogue(language).gettext(TERMS[state])
    patient(page, seconds).until(lambda driver: text_of(driver, "#live .heading .badge") == word, word)


def scheme(page: WebDriver, which: str) -> None:
    """Light or dark, for somebody who asked for little motion: a colour on its way is no colour of ours."""
    wanted = {"prefers-color-scheme": which, "prefers-reduced-motion": "reduce"}
    features = {"features": [{"name": name, "value": value} for name, value in wanted.items()]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", features)


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


_HOLD = """
    if (window.held === undefined)
      for (const name of ['htmx:before:request', 'htmx:before:swap'])
        document.addEventListener(name, (event) => { if (window.held) event.preventDefault(); });
    window.held = arguments[0];
    return document.readyState === 'complete' && !document.querySelector('figure.chart:not([data-drawn])');"""


@contextmanager
def held(page: WebDriver) -> Iterator[None]:
    """The page is there and stays as it is meanwhile: axe would miss a label that gave way to its successor."""
    patient(page).until(lambda driver: driver.execute_script(_HOLD, "held"), "never complete")
    try:
        yield
    finally:
        page.execute_script(_HOLD, "")


def too_wide(page: WebDriver, pixels: int) -> list[str]:
    """What reaches beyond the right edge at a width, outermost first; nothing where nothing scrolls sideways."""
    width(page, pixels)
    return [str(one) for one in page.execute_script(_BEYOND)]


_BEYOND = """
    const beyond = document.documentElement.scrollWidth - innerWidth;
    if (beyond <= 0) return [];
    const reaching = [...document.body.querySelectorAll('*')].filter(
      (one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll, nav, .unseen, .skip'));
    return [`${beyond} wider`, ...reaching.slice(0, 3).map((one) => one.outerHTML.slice(0, 200))];"""


def looked_at(page: WebDriver, shots: Path, name: str) -> None:
    """No violation in light and dark; nothing to scroll sideways on a phone or at 200 %; pictures of each."""
    with held(page):
        for which in ("light", "dark"):
            scheme(page, which)
            assert violations(page) == [], f"{name}, {which}"
            page.save_screenshot(str(shots / f"{name}-{which}.png"))
        scheme(page, "light")
        for pixels in (640, 360):
            beyond = too_wide(page, pixels)
            page.save_screenshot(str(shots / f"{name}-{pixels}.png"))
            assert beyond == [], f"{name} at {pixels}"
        width(page, 1200)
