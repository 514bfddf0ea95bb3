"""An administration's pages in a real Chromium: sound in light and dark and on a phone, and a journey by keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from core.db import Database
from tests.api.people import Person
from tests.dashboards import standing
from tests.dashboards.driving import asked, complaints, enter, follow, into, looked_at, seen, write

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]


def _link(person: Person) -> str:
    return str(person.post("/enter").json()["path"])


def test_a_volume_is_ordered_by_keyboard_and_every_page_of_an_administration_is_sound(
    page: WebDriver, url: str, agent: Person, shots: Path, database: Database
) -> None:
    server = standing.server(database, "web-1")
    volume = standing.volume(database, "letters", server=server, description="what people wrote to us")
    standing.snapshot(database, volume, "before-the-move")
    group, network = standing.group(database, "web"), standing.network(database, "backends", "10.20.0.0/24")
    address = standing.public_address(database, "203.0.113.9", server=server, description="the shop")
    enter(page, url, _link(agent))
    page.get(f"{url}/volumes/new")
    into(page)
    write(page, "#name", "archive")
    follow(page, "#preview")
    seen(page, "a month of 730 hours")
    looked_at(page, shots, "volume-offer")
    follow(page, "#order", most=1)
    seen(page, "Create a volume archive")
    places = (
        "members", "tokens", "holdings", f"volumes/{volume}", f"volumes/{volume}/detach", f"volumes/{volume}/rename",
        f"security-groups/{group}", f"security-groups/{group}/allow", f"networks/{network}", f"addresses/{address}",
        "networks/new", f"servers/{server}", f"servers/{server}/resize", f"servers/{server}/set-security-groups",
    )  # fmt: skip
    for place in places:
        page.get(f"{url}/{place}")
        looked_at(page, shots, "agency-" + "-".join(part for part in place.split("/") if len(part) < 20))
        assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []
