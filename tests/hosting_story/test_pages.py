"""An agency in a browser before a real cloud: a server is ordered, followed, read on its console, given back.

Once in each language; what the pages say is looked up in the cloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

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

    eventually(console, seconds=120, every=2)
    looked_at(page, shots, f"story-console-{language}")

    page.get(f"{url}/servers/{server}")
    press(page, f"form[action='/servers/{server}/delete'] button")
    eventually(lambda: status(agency, server) in {"kept", "gone"}, seconds=120)
    page.get(f"{url}/servers/{server}")
    shows(page, status(agency, server), language)
    looked_at(page, shots, f"story-given-back-{language}")
    assert [one.status for one in in_the_cloud(story_cloud, server)] in ([], ["SHUTOFF"])
    assert asked(page) == {url.removeprefix("http://")}
    assert [one for one in complaints(page) if "favicon" not in one] == []


def status(agency: Agency, server: str) -> str:
    """What the API says of it."""
    return str(agency.api("GET", f"/api/v1/servers/{server}").json()["status"])
