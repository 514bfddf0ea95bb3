"""An agency and management in a browser before a real cloud, once in each language, without a mouse.

A server is ordered, followed, read on its console and given back; capacity is read, and the page for the board taken
along. What the pages say is looked up in the cloud. Against a region that runs already: ``make journeys``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
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
from tests.dashboards.driving import (
    asked,
    complaints,
    enter,
    follow,
    into,
    keys,
    looked_at,
    seen,
    shows,
    speak,
    stands_at,
    tab_to,
    text_of,
    write,
)
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


def chosen(page: WebDriver, name: str, value: str) -> None:
    """Walk to a group of radio buttons, and with the arrows to the one of a value."""
    tab_to(page, f"input[name={name}]")
    here = "return document.activeElement.name + '=' + document.activeElement.value"
    for _arrow in page.find_elements(By.NAME, name):
        if page.execute_script(here) == f"{name}={value}":
            return
        keys(page, Keys.ARROW_DOWN)
    raise AssertionError(f"{value} is not among what {name} offers")


def offer_asked_for(page: WebDriver, name: str, key: str) -> None:
    """From the first page to the offer of the smallest server there is."""
    into(page)
    follow(page, "a[href='/servers/new']")
    into(page)
    write(page, "#name", name)
    chosen(page, "plan", "nano")
    write(page, "#key_name", key)  # the list goes to what is typed
    assert page.execute_script("return document.activeElement.value") == key
    follow(page, "#preview")
    stands_at(page, "h2#offer")


def console_read(page: WebDriver, real: bool) -> None:
    """On the server's page, again and again until the machine has written how it booted, or the cloud that none did."""
    tab_to(page, "#console-text")
    keys(page, Keys.ENTER)
    stands_at(page, "pre#console-text, p#console-text")
    tab_to(page, "#console-again", most=1)

    def told() -> bool:
        keys(page, Keys.ENTER)
        return ("kernel" if real else "nothing boots") in text_of(page, "#console-output pre")

    eventually(told, seconds=180, every=2)
    assert page.switch_to.active_element.get_attribute("id") == "console-again", (
        "the focus stays where Enter is pressed"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_server_is_ordered_followed_read_and_given_back(
    page: WebDriver, url: str, agency: Agency, key: str, story_cloud: CloudForTests, shots: Path, language: str
) -> None:
    name = f"paged-{language}-{os.urandom(2).hex()}"  # one that was given back keeps its name for some days
    enter(page, url, agency.api("POST", "/enter").json()["path"])
    speak(page, language)
    looked_at(page, shots, f"story-home-{language}")

    offer_asked_for(page, name, key)
    looked_at(page, shots, f"story-offer-{language}")
    follow(page, "#order")
    shows(page, "succeeded", language)
    looked_at(page, shots, f"story-ordered-{language}")
    into(page)
    follow(page, "#live a[href^='/servers/']")
    shows(page, "active", language)
    server = page.current_url.rsplit("/", 1)[1]
    (there,) = in_the_cloud(story_cloud, server)
    assert (there.name, there.status) == (name, "ACTIVE")
    addresses = {one["addr"] for network in there.addresses.values() for one in network}
    assert addresses
    for address in addresses:
        seen(page, address)

    into(page)
    console_read(page, story_cloud.mode == "qemu")
    looked_at(page, shots, f"story-console-{language}")

    page.refresh()
    into(page)
    follow(page, f"form[action='/servers/{server}/delete'] button")
    eventually(lambda: status(agency, server) in {"kept", "gone"}, seconds=180)
    page.get(f"{url}/servers/{server}")
    shows(page, status(agency, server), language)
    looked_at(page, shots, f"story-given-back-{language}")
    assert [one.status for one in in_the_cloud(story_cloud, server)] in ([], ["SHUTOFF"])
    assert asked(page) == {url.removeprefix("http://")}
    assert [one for one in complaints(page) if "favicon" not in one] == []
    agency.run("server", "delete", server, "--now", "--yes")  # a region that stays is not filled, quotas neither


def test_management_reads_what_the_machines_hold_and_takes_the_page_for_the_board(
    page: WebDriver, url: str, hosting: Region, story_cloud: CloudForTests, tmp_path: Path, shots: Path
) -> None:
    placement: Any = story_cloud.admin.placement
    usable = [
        int((stock.total - stock.reserved) * stock.allocation_ratio)
        for provider in placement.resource_providers()
        for stock in placement.resource_provider_inventories(provider)
        if stock.resource_class == "VCPU"
    ]
    assert usable
    eventually(lambda: hosting.api("GET", "/api/v1/capacity", who="board").json()["items"], seconds=300)
    enter(page, url, hosting.api("POST", "/enter", who="board").json()["path"])
    for language, title in (("fr", "La région en"), ("nl", "Het gewest in"), ("en", "The region in")):
        speak(page, language)
        looked_at(page, shots, f"story-figures-{language}")
        into(page)
        follow(page, 'a[href="/capacity"]')
        for processors in usable:
            seen(page, f"/ {Formats(language).number(processors)}")
        looked_at(page, shots, f"story-capacity-{language}")
        into(page)
        follow(page, 'a[href="/figures"]', most=3)
        into(page)
        sheet = taken(page, 'a[href="/figures/board.pdf"]', tmp_path / "downloads", f"*-{language}.pdf")
        (shots / f"story-board-{language}.pdf").write_bytes(sheet.read_bytes())
        assert title in " ".join(PdfReader(sheet).pages[0].extract_text().split())
    assert asked(page) == {url.removeprefix("http://")}
    assert complaints(page) == []


def taken(page: WebDriver, selector: str, folder: Path, name: str) -> Path:
    """The file that a link gives, once it is whole."""
    tab_to(page, selector, most=3)
    keys(page, Keys.ENTER)
    eventually(lambda: list(folder.glob(name)) and not list(folder.glob("*.crdownload")))
    (found,) = folder.glob(name)
    return found


def status(agency: Agency, server: str) -> str:
    """What the API says of it."""
    return str(agency.api("GET", f"/api/v1/servers/{server}").json()["status"])
