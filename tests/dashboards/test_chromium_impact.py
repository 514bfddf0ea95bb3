"""What breaks if it is cut, in a real Chromium: asked by code and by polygon; every list as the API has it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from benchmarks.plants import write
from core.db import Database
from tests.api.people import Person
from tests.api.serving import serve
from tests.dashboards.conftest import Visiting
from tests.dashboards.driving import asked, complaints, enter, looked_at, seen
from tests.network.impact.test_impact import RING, SYSTEM

pytestmark = pytest.mark.slow

SQUARE = (
    '{"type": "Polygon", "coordinates": [[[4.3024, 50.7999], [4.3026, 50.7999], [4.3026, 50.8001], [4.3024, 50.7999]]]}'
)


@pytest.fixture(scope="module")
def url(app: FastAPI, engineer: Person, database: Database) -> Iterator[str]:
    with database.transaction("owner", SYSTEM) as tx:
        write(tx, RING)
    with serve(app) as address:
        yield address


def test_an_engineer_asks_what_breaks_by_code_and_by_polygon(
    page: WebDriver, url: str, engineer: Person, shots: Path
) -> None:
    enter(page, url, engineer.post("/enter").json()["path"])
    page.get(f"{url}/impact")
    seen(page, "Nothing is altered by asking.")
    codes = page.find_element(By.ID, "codes")
    codes.send_keys("C0 C2", Keys.ENTER)
    seen(page, "Circuits down")
    looked_at(page, shots, "impact-cables")
    api = engineer.post("/api/v1/fibre/impact", json={"of": [{"kind": "cable", "key": key} for key in ("C0", "C2")]})
    told = page.find_element(By.TAG_NAME, "main").text
    for layer in ("circuits", "devices", "sites"):
        for one in api.json()[layer]:
            assert one.get("code", one.get("name")) in told
    page.get(f"{url}/impact?{urlencode({'polygon': SQUARE})}")
    seen(page, "D3")
    looked_at(page, shots, "impact-polygon")
    assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []
    page.get(f"{url}/impact?{urlencode({'codes': 'C9'})}")
    seen(page, "no cable")
    looked_at(page, shots, "impact-refused")


def test_the_file_holds_every_line_of_the_answer(url: str, engineer: Person, visiting: Visiting) -> None:
    api = engineer.post("/api/v1/fibre/impact", json={"of": [{"kind": "duct", "key": "D2"}]}).json()
    text = visiting(engineer).client.get("/impact.csv?kind=duct&codes=D2").text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    counted = {layer: sum(row["layer"] == layer for row in rows) for layer in ("circuits", "links", "devices", "sites")}
    assert counted == {layer: len(api[layer]) for layer in counted}
    assert {row["name"] for row in rows if row["layer"] == "circuits"} == {one["code"] for one in api["circuits"]}


def test_an_administration_does_not_see_the_plant(agent: Person, visiting: Visiting, url: str) -> None:
    assert visiting(agent).client.get("/impact").status_code == 403
