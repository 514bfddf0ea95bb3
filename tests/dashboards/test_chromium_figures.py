"""Figures in a real Chromium: light and dark, phones and zoom; axe finds nothing, and nobody else is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from core.db import Database
from tests.api.people import Hire, Person
from tests.api.serving import serve
from tests.dashboards.driving import asked, complaints, enter, looked_at, patient, press, seen
from tests.dashboards.month import a_month

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]


@pytest.fixture(scope="module")
def url(app: FastAPI, engineer: Person, manager: Person, database: Database) -> Iterator[str]:
    a_month(engineer, manager, database)
    with serve(app) as address:
        yield address


def test_management_reads_figures_each_with_its_past_and_its_source(
    page: WebDriver, url: str, hire: Hire, shots: Path
) -> None:
    board = hire("board", "management")
    enter(page, url, board.post("/enter").json()["path"])
    seen(page, "Granted and used")
    looked_at(page, shots, "figures-month")
    press(page, 'a[href="/figures/servers"]')
    seen(page, "Where does this come from?")
    looked_at(page, shots, "figure-servers")
    page.get(f"{url}/figures/changes-succeeded")
    looked_at(page, shots, "figure-changes")
    page.get(f"{url}/capacity")
    looked_at(page, shots, "capacity")
    page.get(f"{url}/status?language=fr")
    seen(page, "Est-ce que tout fonctionne ?")
    looked_at(page, shots, "status")
    assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []


_TAKEN = """
    const done = arguments[arguments.length - 1];
    fetch(arguments[0]).then(async (answer) => {
      const body = new Uint8Array(await answer.arrayBuffer());
      done([answer.status, answer.headers.get("content-type"), new TextDecoder("latin1").decode(body.slice(0, 5)),
            answer.headers.get("content-disposition")]);
    });"""


def test_management_reads_capacity_and_takes_the_page_for_the_board_in_three_languages_by_keyboard(
    page: WebDriver, url: str, hire: Hire
) -> None:
    board = hire("keyboard", "management")
    enter(page, url, board.post("/enter").json()["path"])
    for language, words in (("fr", "Capacité"), ("nl", "Capaciteit"), ("en", "Capacity")):
        page.find_element(By.CSS_SELECTOR, f'button[value="{language}"]').send_keys(Keys.ENTER)
        seen(page, words)
        page.find_element(By.CSS_SELECTOR, 'a[href="/figures/servers"]').send_keys(Keys.ENTER)
        plot = patient(page).until(lambda driver: driver.find_element(By.CSS_SELECTOR, ".plot[role=slider]"))
        newest = plot.get_attribute("aria-valuetext")
        plot.send_keys(Keys.HOME)
        assert plot.get_attribute("aria-valuetext") != newest, "the past is read by keys"
        page.find_element(By.CSS_SELECTOR, 'a[href="/figures"]').send_keys(Keys.ENTER)
        seen(page, words)
        link = patient(page).until(lambda driver: driver.find_element(By.CSS_SELECTOR, 'a[href="/figures/board.pdf"]'))
        taken = page.execute_async_script(_TAKEN, link.get_attribute("href"))
        assert taken[:3] == [200, "application/pdf", "%PDF-"], language
        assert f"-{language}.pdf" in taken[3]
    assert complaints(page) == []
