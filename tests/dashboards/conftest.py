"""The pages in process, over a database of their own, with people to look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver

from core.db import Database
from core.settings import Settings
from tests.api.chromium import chromium
from tests.api.example_kind import only_example
from tests.api.people import Person, agent, app, client, engineer, hire, lead, manager, settings, tenants
from tests.api.serving import serve
from tests.dashboards.browsing import Browser
from tests.dashboards.furnishing import Furnished, furnish

__all__ = ["agent", "app", "client", "engineer", "hire", "lead", "manager", "settings", "tenants"]

Visiting = Callable[..., Browser]
CATALOGUE = Path(__file__).resolve().parents[2] / "datacenter" / "hosting" / "catalogue" / "lab.yaml"


@pytest.fixture(scope="module", autouse=True)
def an_example() -> Iterator[None]:
    """A kind with targets and nothing behind them, beside those installed."""
    with only_example(beside=True):
        yield


@pytest.fixture
def visiting(app: FastAPI) -> Visiting:
    """Somebody's browser, signed in: ``visiting(engineer)``."""

    def visit(person: Person, language: str = "en") -> Browser:
        browser = Browser(app, language)
        assert browser.sign_in(person.token).status == 200
        if language != "en":
            browser.speak(language)
        return browser

    return visit


@pytest.fixture(scope="module")
def offered(manager: Person) -> None:
    """The lab's catalogue can be ordered from."""
    content = CATALOGUE.read_bytes()
    answer = manager.post("/api/v1/catalogue:import", content=content, headers={"Content-Type": "application/yaml"})
    assert answer.status_code in {200, 201, 202}, answer.text


@pytest.fixture(scope="module")
def furnished(
    agent: Person, engineer: Person, manager: Person, database: Database, settings: Settings, offered: None
) -> Furnished:
    """Every page has something to show."""
    return furnish(agent, engineer, manager, database, settings)


@pytest.fixture(scope="module")
def url(app: FastAPI) -> Iterator[str]:
    """Where the pages are served, for a real browser."""
    with serve(app) as address:
        yield address


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WebDriver]:
    """A real browser with an empty profile."""
    with chromium(tmp_path) as made:
        made.execute_cdp_cmd("Network.enable", {})
        yield made
