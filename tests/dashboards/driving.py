"""A person in front of a real Chromium: comes in, types, reads, looks at pages in every light and width.

``tab_to``, ``follow``, ``write`` and those that call them press keys and nothing else, and hold that a sighted person
sees at every stop where they are. ``press`` is for those who have a mouse.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from dashboards.languages import catalogue
from dashboards.terms import TERMS
from tests.dashboards.axe import violations

__all__ = [
    "asked",
    "complaints",
    "enter",
    "follow",
    "held",
    "into",
    "keys",
    "looked_at",
    "patient",
    "press",
    "scheme",
    "seen",
    "shows",
    "speak",
    "stands_at",
    "tab_to",
    "text_of",
    "too_wide",
    "width",
    "write",
]


def patient(page: WebDriver, seconds: float = 60) -> WebDriverWait[WebDriver]:
    """Look at a page that may give way to the next: the driver has many words for that, and all are waited out."""
    return WebDriverWait(page, seconds, ignored_exceptions=[WebDriverException])


def enter(page: WebDriver, url: str, path: str) -> None:
    """By the link that the command line makes."""
    page.get(url + path)
    follow(page, "#go")
    patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "nav [aria-current]"))


def keys(page: WebDriver, *pressed: str) -> None:
    """Press keys, wherever the focus is."""
    ActionChains(page).send_keys(*pressed).perform()


def into(page: WebDriver) -> None:
    """From the beginning of a page past its frame, by the first thing that Tab finds."""
    tab_to(page, ".skip", most=1)
    keys(page, Keys.ENTER)
    stands_at(page, "main")


def tab_to(page: WebDriver, selector: str, *, most: int = 40, back: bool = False) -> None:
    """Press Tab until what a selector finds has the focus.

    Args:
        most: so many stops are bearable on the way.
        back: with Shift, towards the beginning of the page.
    """
    patient(page).until(lambda driver: driver.execute_script("return document.readyState") == "complete", selector)
    passed: list[str] = []
    for _stop in range(most):
        if back:
            ActionChains(page).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
        else:
            keys(page, Keys.TAB)
        try:
            stop = patient(page, 20).until(lambda driver: _stop_of(driver, selector))
        except TimeoutException:
            raise AssertionError(f"nobody sees that the focus is there: {_focus(page, selector)}") from None
        if stop["there"]:
            return
        passed.append(stop["name"])
    raise AssertionError(f"{selector} is not among {most} stops: {passed}")


def follow(page: WebDriver, selector: str, *, most: int = 40) -> None:
    """Walk to a link or a button and press Enter; the next page is there afterwards."""
    tab_to(page, selector, most=most)
    page.execute_script("window.before = true")
    keys(page, Keys.ENTER)
    script = "return !window.before && document.readyState === 'complete'"
    patient(page).until(lambda driver: driver.execute_script(script), f"{selector} leads nowhere")


def stands_at(page: WebDriver, selector: str) -> None:
    """Wait until what a selector finds has the focus, without any key: a page puts it there once it is drawn."""
    patient(page).until(lambda driver: _focus(driver, selector)["there"], f"the focus is not at {selector}")


def write(page: WebDriver, selector: str, words: str, *, most: int = 40) -> None:
    """Walk to a field and type into it."""
    tab_to(page, selector, most=most)
    keys(page, words)


def _stop_of(page: WebDriver, selector: str) -> dict[str, Any] | Literal[False]:
    """Where the focus is, once a sighted person sees it there; past the last stop of a page it is nowhere."""
    found = _focus(page, selector)
    return found if found["seen"] or not found["name"] else False


def _focus(page: WebDriver, selector: str) -> dict[str, Any]:
    found: dict[str, Any] = page.execute_script(_FOCUSED, selector)
    return found


_FOCUSED = """
    const one = document.activeElement;
    if (!one || one === document.body) return {name: '', there: false, seen: false};
    const style = getComputedStyle(one);
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && one.matches(':focus-visible');
    const open = [...one.getClientRects()].some((box) => {
      const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
      const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
      const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      return right > left && bottom > top && one.contains(above);
    });
    return {name: one.outerHTML.slice(0, 100), there: one.matches(arguments[0]), seen: ring && open};"""
"""Whether what has the focus is what is looked for; whether its ring is drawn, in sight, with nothing above it."""


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
    follow(page, f"button[value={language}]", most=150)
    assert page.execute_script("return document.documentElement.lang") == language


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
    """The hosts that the page as it stands asked for anything; a blob of its own has none."""
    script = "return performance.getEntriesByType('resource').map((one) => new URL(one.name).host).filter(Boolean)"
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
