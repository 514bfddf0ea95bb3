"""On paper, from a real Chromium: what is read is there, what is pressed is not, and nothing is cut."""

from __future__ import annotations

import base64
import io
import unicodedata
from pathlib import Path

import pytest
from pypdf import PdfReader
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.api.people import Person
from tests.dashboards.driving import enter, held, press, scheme, seen
from tests.dashboards.furnishing import Furnished

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]

_PRESSED = "nav a, main button, main .button, footer button, .find label, main .filters label"
_READ = "h1, h2, main .crumbs a, tbody th, tbody td, main summary, .facts dt, .sides del, .sides ins"
_WORDS = """
    return [...document.querySelectorAll(arguments[0])]
      .filter((one) => !one.querySelector('form, button') && !one.closest('.card:has(form)'))
      .map((one) => one.textContent.trim()).filter(Boolean);"""
_SHEET_MM = (210, 297)


def test_what_is_read_is_printed_and_what_is_pressed_is_not(
    page: WebDriver, url: str, lead: Person, furnished: Furnished, shots: Path
) -> None:
    enter(page, url, str(lead.post("/enter").json()["path"]))
    change, context = furnished.region["changes"], furnished.region["contexts"]
    for name, path in (
        ("plan", f"/changes/{change}?differences=all"), ("figures", "/figures"), ("figure", "/figures/servers"),
        ("devices", "/devices"), ("device", "/devices/ac91"), ("context", f"/contexts/{context}"),
    ):  # fmt: skip
        page.get(url + path)
        if name == "context":
            press(page, "#preview")
            seen(page, "Save it")
        with held(page):
            scheme(page, "dark")  # the paper is white all the same
            printed = _printed(page)
            read, pressed = (set(page.execute_script(_WORDS, which)) for which in (_READ, _PRESSED))
        (shots / f"paper-{name}.pdf").write_bytes(printed)
        sheets = PdfReader(io.BytesIO(printed)).pages
        assert {tuple(round(float(side) / 72 * 25.4) for side in sheet.mediabox[2:]) for sheet in sheets} == {_SHEET_MM}
        lines = [line.strip() for sheet in sheets for line in sheet.extract_text().splitlines()]
        said = _close("".join(lines))
        assert [words for words in read if _close(words) not in said] == [], name
        assert {*lines} & (pressed - read) == set(), name


def test_a_long_plan_says_on_paper_what_is_not_on_it(page: WebDriver, url: str, engineer: Person, lead: Person) -> None:
    names = [f"own-{number:03}" for number in range(9)]
    body = {"kind": "network.example", "intent": {"names": names}, "reason": "new descriptions"}
    change = engineer.post("/api/v1/changes", json=body).json()["id"]
    enter(page, url, str(lead.post("/enter").json()["path"]))
    page.get(f"{url}/changes/{change}")
    with held(page):
        said = _close("".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(_printed(page))).pages))
        printed = len(page.find_elements(By.CSS_SELECTOR, ".sides"))
    assert 0 < printed < len(names)
    assert _close(f"{printed} of {len(names)} differences are printed here") in said
    assert f"/changes/{change}?differences=all" in said


def _printed(page: WebDriver) -> bytes:
    made = page.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
    return base64.b64decode(made["data"])


def _close(words: str) -> str:
    """Without white space and ligatures: where a line breaks, and how letters are set, is the paper's affair."""
    return "".join(unicodedata.normalize("NFKC", words).split()).replace("\N{MINUS SIGN}", "").replace("+", "")
