"""An agency and management in a browser before a real cloud, once in each language.

A server is ordered, followed, read on its console and given back; capacity is read, and the page for the board taken
along. What the pages say is looked up in the cloud.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from dashboards.formats import Formats
from dashboards.languages import LANGUAGES
from tests.api.chromium import chromium
from tests.clouds import CloudForTests
from tests.dashboards.driving import asked, complaints, enter, looked_at, press, seen, shows, speak, text_of
from tests.hosting_story.conftest import Agency, eventually, in_the_cloud
from tests.region.conftest import Region

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WebDriver]:
    with chromium(tmp_path) as made:
        yield made


@pytest.fixture
def url(hosting: Region) -> str:
    return f"http://127.0.0.1:{hosting.instance.api_port}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_server_is_ordered_followed_read_and_given_back(
    page: WebDriver, url: str, agency: Agency, key: str, story_cloud: CloudForTests, shots: Path, language: str
) -> None:
    name = f"paged-{language}"
    enter(page, url, agency.api("POST", "/enter").json()["path"])
    speak(page, language)
    looked_at(page, shots, f"story-home-{language}")

    page.get(f"{url}/servers/new")
    page.find_element(By.ID, "name").send_keys(name)
    page.find_element(By.CSS_SELECTOR, "input[name=plan][value=nano]").send_keys(Keys.SPACE)
    page.find_element(By.CSS_SELECTOR, f"#key_name option[value={key}]").click()
    press(page, "#preview")
    eventually(lambda: page.find_elements(By.ID, "order"))
    looked_at(page, shots, f"story-offer-{language}")
    press(page, "#order")
    shows(page, "succeeded", language)
    looked_at(page, shots, f"story-ordered-{language}")
    press(page, "#live a[href^='/servers/']")
    shows(page, "active", language)
    server = page.current_url.rsplit("/", 1)[1]
    (there,) = in_the_cloud(story_cloud, server)
    assert (there.name, there.status) == (name, "ACTIVE")
    addresses = {one["addr"] for network in there.addresses.values() for one in network}
    assert addresses
    for address in addresses:
        seen(page, address)

    def console() -> Any:
        page.get(f"{url}/servers/{server}/console")
        return "kernel" in text_of(page, "main") if story_cloud.mode == "qemu" else text_of(page, "main")

    eventually(console, seconds=180, every=2)
    looked_at(page, shots, f"story-console-{language}")

    page.get(f"{url}/servers/{server}")
    press(page, f"form[action='/servers/{server}/delete'] button")
    eventually(lambda: status(agency, server) in {"kept", "gone"}, seconds=180)
    page.get(f"{url}/servers/{server}")
    shows(page, status(agency, server), language)
    looked_at(page, shots, f"story-given-back-{language}")
    assert [one.status for one in in_the_cloud(story_cloud, server)] in ([], ["SHUTOFF"])
    assert asked(page) == {url.removeprefix("http://")}
    assert [one for one in complaints(page) if "favicon" not in one] == []


def test_management_reads_what_the_machines_hold_and_takes_the_page_for_the_board(
    page: WebDriver, url: str, hosting: Region, story_cloud: CloudForTests, shots: Path
) -> None:
    placement: Any = story_cloud.admin.placement
    usable = [
        int((stock.total - stock.reserved) * stock.allocation_ratio)
        for provider in placement.resource_providers()
        for stock in placement.resource_provider_inventories(provider)
        if stock.resource_class == "VCPU"
    ]
    eventually(lambda: hosting.api("GET", "/api/v1/capacity", who="board").json()["items"], seconds=120)
    enter(page, url, hosting.api("POST", "/enter", who="board").json()["path"])
    for language, title in (("fr", "La région en"), ("nl", "Het gewest in"), ("en", "The region in")):
        speak(page, language)
        page.get(f"{url}/figures")
        looked_at(page, shots, f"story-figures-{language}")
        press(page, 'a[href="/capacity"]')
        for processors in usable:
            seen(page, f"/ {Formats(language).number(processors)}")
        looked_at(page, shots, f"story-capacity-{language}")
        page.get(f"{url}/figures")
        link = page.find_element(By.CSS_SELECTOR, 'a[href="/figures/board.pdf"]').get_attribute("href")
        sheet = b64decode(page.execute_async_script(_TAKEN, link))
        (shots / f"story-board-{language}.pdf").write_bytes(sheet)
        assert title in " ".join(PdfReader(BytesIO(sheet)).pages[0].extract_text().split())
    assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []


_TAKEN = """
    const done = arguments[arguments.length - 1];
    fetch(arguments[0]).then((answer) => answer.blob()).then((body) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result.split(",")[1]);
      reader.readAsDataURL(body);
    });"""
"""A file that a link leads to, as the browser gets it."""


def status(agency: Agency, server: str) -> str:
    """What the API says of it."""
    return str(agency.api("GET", f"/api/v1/servers/{server}").json()["status"])
