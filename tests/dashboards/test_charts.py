"""Charts: drawn from the table beside them, read by keyboard, the same as the CSV; without scripts the table alone."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from sqlalchemy import text

from core.db import Database
from tests.api.chromium import chromium
from tests.api.people import SYSTEM, Person
from tests.api.serving import serve
from tests.dashboards.conftest import Visiting
from tests.dashboards.driving import asked, complaints, enter, looked_at, patient, scheme


@pytest.fixture
def ended(database: Database, engineer: Person) -> None:
    """A change that went through yesterday, one that failed today."""
    made = []
    for number, state in enumerate(("succeeded", "failed")):
        body = {"kind": "network.example", "intent": {"names": [f"bxl-chart-{number}"]}, "reason": "for the chart"}
        made.append((engineer.post("/api/v1/changes", json=body).json()["id"], state, number))
    with database.transaction("owner", SYSTEM) as tx:
        for change, state, number in made:
            tx.execute(
                text(
                    "update change set state = :state, waiting_for = '{}',"
                    " finished_at = now() - make_interval(days => 1 - :number) where id = :id"
                ),
                {"state": state, "number": number, "id": change},
            )


@pytest.mark.usefixtures("ended")
def test_days_are_counted_alike_in_the_table_the_csv_and_the_database(
    visiting: Visiting, lead: Person, database: Database
) -> None:
    browser = visiting(lead)
    answer = browser.client.get("/changes-by-day.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="changes-by-day.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 30
    page = browser.open("/").answer.text
    with database.transaction("owner", SYSTEM) as tx:
        for row in rows:
            assert f'<time datetime="{row["day"]}">' in page
            for state in ("succeeded", "failed", "rolled_back", "unknown"):
                held = tx.execute(
                    text(
                        "select count(*) from change where state = :state"
                        " and cast(finished_at at time zone 'Europe/Brussels' as date) = cast(:day as date)"
                    ),
                    {"state": state, "day": row["day"]},
                ).scalar_one()
                assert int(row[state]) == held, (row["day"], state)
    assert sum(int(row["succeeded"]) for row in rows) >= 1
    assert sum(int(row["failed"]) for row in rows) >= 1


def test_what_a_spreadsheet_would_take_for_a_formula_stays_text() -> None:
    from dashboards.csv_files import csv_answer

    body = bytes(csv_answer("x", ("name", "value"), [('=HYPERLINK("e")', -3), ("@a", None)]).body).decode()
    assert list(csv.reader(io.StringIO(body))) == [["name", "value"], ['\'=HYPERLINK("e")', "-3"], ["'@a", ""]]


@pytest.mark.slow
@pytest.mark.usefixtures("ended")
def test_a_chart_is_drawn_from_its_table_and_read_by_keyboard(
    app: FastAPI, lead: Person, tmp_path: Path, shots: Path
) -> None:
    with serve(app) as url, chromium(tmp_path) as page:
        enter(page, url, lead.post("/enter").json()["path"])
        page.get(f"{url}/design")
        plot = page.find_element(By.CSS_SELECTOR, ".chart .plot")
        patient(page).until(lambda _: plot.find_elements(By.TAG_NAME, "canvas"), "not drawn")
        assert plot.get_attribute("role") == "slider"
        rows = page.find_elements(By.CSS_SELECTOR, ".chart tbody tr")
        assert int(plot.get_attribute("aria-valuemax") or 0) == len(rows) - 1
        for keys, row in (
            ("", rows[-1]),
            (Keys.ARROW_LEFT, rows[-2]),
            (Keys.HOME, rows[0]),
            (Keys.ARROW_RIGHT, rows[1]),
        ):
            plot.send_keys(keys)
            said = plot.get_attribute("aria-valuetext") or ""
            cells = row.find_elements(By.TAG_NAME, "td")
            head = row.find_element(By.TAG_NAME, "th").get_attribute("textContent")
            assert said.startswith(f"{head}:")
            assert all((cell.get_attribute("textContent") or "?") in said for cell in cells), said
        looked_at(page, shots, "design")
        _picture(page, shots, "chart-design")
        _follows_the_scheme(page)
        page.get(url)
        patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, ".chart canvas"), "not drawn")
        looked_at(page, shots, "home-charts")
        _picture(page, shots, "chart-home")
        assert asked(page) == {url.removeprefix("http://")}
        assert complaints(page) == []
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        page.get(f"{url}/design")
        assert page.find_elements(By.CSS_SELECTOR, ".chart table")[0].is_displayed()
        assert not page.find_element(By.CSS_SELECTOR, ".chart .plot").is_displayed()


_DRAWN = """
    const canvas = document.querySelector('.chart canvas');
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const all = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    const drawn = new Set();
    for (let at = 0; at < all.length; at += 4)
      if (all[at + 3] === 255) drawn.add(`${all[at]},${all[at + 1]},${all[at + 2]}`);
    const written = getComputedStyle(document.documentElement).getPropertyValue('--line-1').trim();
    const line = [1, 3, 5].map((at) => parseInt(written.slice(at, at + 2), 16)).join();
    const dot = getComputedStyle(document.querySelector('.chart .u-cursor-pt')).backgroundColor;
    return [line, [...drawn], dot.match(/\\d+/g).slice(0, 3).join()];"""


def _follows_the_scheme(page: WebDriver) -> None:
    """Lines, dots and the dot that is read are drawn anew when somebody's desk goes dark while the page is open."""
    left = ""
    for which in ("light", "dark", "light"):
        scheme(page, which)

        def redrawn(driver: WebDriver, gone: str = left) -> str:
            line, drawn, dot = driver.execute_script(_DRAWN)
            return line if line in drawn and gone not in drawn and dot == line else ""

        left = patient(page).until(redrawn, f"not in the colours of {which}")


def _picture(page: WebDriver, shots: Path, name: str) -> None:
    for which in ("light", "dark"):
        scheme(page, which)
        page.find_element(By.CSS_SELECTOR, ".chart").screenshot(str(shots / f"{name}-{which}.png"))
    scheme(page, "light")
