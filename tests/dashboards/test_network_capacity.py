"""What the network can carry: the page says what the API says, from a real Prometheus; away, nothing is made up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from core.settings import Settings
from dashboards.formats import Formats
from tests.api.people import Person
from tests.api.serving import serve
from tests.dashboards.browsing import Browser
from tests.dashboards.conftest import Visiting
from tests.dashboards.driving import asked, complaints, enter, follow, into, looked_at, patient, seen, speak
from tests.dashboards.furnishing import Furnished
from tests.inventory.conftest import create
from tests.network.polling.fed import fed

_DAYS = 60
FILLS, SILENT = "cr91-ac91", "spare-91"


@pytest.fixture(scope="module")
def wired(engineer: Person, furnished: Furnished) -> None:
    """Between the two routers a second link, of which Prometheus knows nothing."""
    ports = [{"device": device, "name": "spare"} for device in ("ac91", "cr91")]
    spare = {"name": SILENT, "a": "cr91:spare", "b": "ac91:spare"}
    operations = [create("interface", *ports), create("link", spare)]
    body = {"kind": "inventory.edit", "intent": {"operations": operations}, "reason": "a second link"}
    made = engineer.post("/api/v1/changes", json=body)
    assert made.status_code == 201, made.text


@pytest.fixture(scope="module")
def known(wired: None, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[datetime]:
    """The midnight up to which Prometheus has figures: ten megabits more a day, of a gigabit."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    of, nobodys = f'link="{FILLS}"', 'link="of-nobody"'
    noons = [midnight - timedelta(days=_DAYS - day, hours=-12) for day in range(_DAYS)]
    samples = [
        "# TYPE irisplane:link_bits_per_second gauge",
        *(_sample("irisplane:link_bits_per_second", of, 100e6 + 10e6 * day, noon) for day, noon in enumerate(noons)),
        _sample("irisplane:link_bits_per_second", nobodys, 1.0, noons[-1]),
        "# TYPE irisplane:link_capacity_bits gauge",
        *(_sample("irisplane:link_capacity_bits", of, 1e9, midnight - timedelta(minutes=ago)) for ago in (3, 2, 1)),
    ]
    with fed(tmp_path_factory.mktemp("fed"), samples) as url, pytest.MonkeyPatch.context() as patched:
        asked_there = settings.model_copy(update={"prometheus_url": url})
        patched.setattr("network.polling.history.get_settings", lambda: asked_there)
        yield midnight


def _sample(name: str, of: str, value: float, at: datetime) -> str:
    return f"{name}{{{of}}} {value:.0f} {int(at.timestamp())}"


def _rows(browser: Browser) -> list[dict[str, str]]:
    answer = browser.client.get("/capacity/network.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_page_and_the_file_say_what_the_api_says_and_a_link_of_which_nothing_is_known_says_so(
    visiting: Visiting, engineer: Person, known: datetime
) -> None:
    api = engineer.get("/api/v1/network/capacity?kind=link").json()
    assert [one["name"] for one in api["items"]] == [FILLS]
    told = api["items"][0]
    assert told["full_on"] == str(known.date() + timedelta(days=31))
    browser = visiting(engineer)
    rows = _rows(browser)
    assert [row["link"] for row in rows] == [FILLS, SILENT], "and none of nobody's"
    assert rows[0]["full_on"] == told["full_on"]
    assert float(rows[0]["share"]) == pytest.approx(told["share"])
    assert {rows[1][name] for name in ("now_bits_per_second", "busy_bits_per_second", "share", "full_on")} == {""}
    page = browser.open("/capacity/network")
    for words in (Formats("en").bits(told["busy"]), Formats("en").share(told["share"]), "not known"):
        assert words in page.text
    assert "/capacity/network" in browser.open("/figures").links
    one = browser.open(f"/capacity/network/{FILLS}")
    days = browser.client.get(f"/capacity/network/{FILLS}/days.csv").text
    assert len(days.splitlines()) == 1 + len(told["past"])
    assert Formats("en").bits(told["past"][-1]["value"]) in one.text
    assert "Nothing is known of what it carried." in browser.open(f"/capacity/network/{SILENT}").text
    assert browser.open("/capacity/network/of-nobody").status == 404


@pytest.mark.usefixtures("wired")
def test_while_prometheus_is_away_nothing_is_shown_as_known(
    visiting: Visiting, engineer: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = settings.model_copy(update={"prometheus_url": "http://127.0.0.1:9"})
    monkeypatch.setattr("network.polling.history.get_settings", lambda: nowhere)
    browser = visiting(engineer, "fr")
    page = browser.open("/capacity/network")
    assert page.status == 200
    assert "Ce que portent les liaisons n'est pas connu" in page.text
    assert "http://127.0.0.1:9" in page.text
    assert {row["outlook"] for row in _rows(browser)} == {"too-little-history"}
    assert {row["busy_bits_per_second"] for row in _rows(browser)} == {""}


def test_an_administration_does_not_see_what_the_network_can_carry(visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)
    for place in ("/capacity/network", "/capacity/network.csv", f"/capacity/network/{FILLS}"):
        assert browser.client.get(place).status_code == 403


@pytest.mark.slow
def test_an_engineer_walks_to_the_link_that_is_full_first(
    page: WebDriver, app: FastAPI, engineer: Person, known: datetime, shots: Path
) -> None:
    with serve(app) as url:
        enter(page, url, engineer.post("/enter").json()["path"])
        follow(page, 'nav a[href="/map"]')
        into(page)
        follow(page, 'a[href="/capacity/network"]', most=8)
        seen(page, "What the network can carry")
        looked_at(page, shots, "network-capacity")
        into(page)
        follow(page, f'table a[href="/capacity/network/{FILLS}"]', most=10)
        patient(page).until(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, "figure.chart[data-drawn]"), "no chart"
        )
        looked_at(page, shots, "link-capacity")
        for language in ("fr", "nl"):
            speak(page, language)
            page.get(f"{url}/capacity/network")
            looked_at(page, shots, f"network-capacity-{language}")
        assert asked(page) == {url.removeprefix("http://")}
        assert complaints(page) == []
