"""What pages show, to whom, in which language; and that they ask nothing of anybody else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from urllib.parse import urlsplit

import pytest
from babel.messages.pofile import read_po

from tests.api.people import Hire, Person
from tests.dashboards.browsing import Browser, Page
from tests.dashboards.conftest import Visiting

REGION = (
    "/",
    "/figures",
    "/figures/servers",
    "/figures/changes-succeeded",
    "/figures/month",
    "/capacity",
    "/capacity/network",
    "/changes",
    "/drift",
    "/devices",
    "/contexts",
    "/audit",
    "/contexts:new",
    "/map",
    "/impact",
    "/incidents",
    "/incidents?which=all&severity=down&q=zz",
    "/incidents:silence",
    "/services",
    "/services:new",
    "/servers",
    "/servers/new",
    "/keys",
    "/quota",
    "/holdings",
    "/support",
    "/support/new",
    "/volumes/new",
    "/networks/new",
    "/addresses/new",
    "/security-groups/new",
    "/members",
    "/tokens",
    "/design",
)
AGENCY = (
    "/",
    "/changes",
    "/incidents",
    "/services",
    "/servers",
    "/servers/new",
    "/keys",
    "/quota",
    "/holdings",
    "/support",
    "/support/new",
    "/volumes/new",
    "/networks/new",
    "/addresses/new",
    "/security-groups/new",
    "/members",
    "/tokens",
    "/design",
)
_TITLES = {"en": "Changes", "fr": "Changements", "nl": "Wijzigingen"}


def _sound(page: Page) -> None:
    """No address of another host, no inline script or style, every id once, a language, one title of the first rank."""
    for tag, address in page.addresses:
        parts = urlsplit(address)
        assert (parts.netloc, parts.scheme) == ("", ""), f"<{tag}> leads to {address}"
    assert not page.attributes & {"style", "onclick", "onload", "onerror", "onsubmit"}
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style", page.answer.text)
    assert len(page.ids) == len(set(page.ids)), sorted(page.ids)
    assert page.answer.text.count("<h1") == 1
    policy = page.answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def _english(language: str) -> list[str]:
    """English texts of the pages, long enough to be no word of another language."""
    if language == "en":
        return []
    with (files("dashboards") / "translations" / f"{language}.po").open("rb") as source:
        known = read_po(source, locale=language)
    singular = [message.id if isinstance(message.id, str) else message.id[0] for message in known if message.id]
    return [words for words in singular if len(words) > 14 and "%" not in words]


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
@pytest.mark.usefixtures("offered")
def test_every_page_reads_in_every_language_without_scripts_and_asks_nobody_else(
    language: str, visiting: Visiting, manager: Person, agent: Person
) -> None:
    for person, places in ((manager, REGION), (agent, AGENCY)):
        browser = visiting(person, language)
        for place in places:
            page = browser.open(place)
            assert page.status == 200, (place, page.text[:400])
            assert page.language == language
            assert _TITLES[language] in page.text
            assert [words for words in _english(language) if words in page.text] == [], place
            _sound(page)


def test_the_language_is_the_profiles_until_another_is_chosen(visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)  # whose profile says English
    assert browser.open("/", **{"Accept-Language": "nl"}).language == "en"
    browser.speak("fr")
    page = browser.open("/", **{"Accept-Language": "nl"})
    assert page.language == "fr"
    assert "0,00 €" in page.text.replace("\xa0", " ")
    assert browser.send(page.form("/language"), language="xx").status == 422


def test_a_role_sees_its_own_places_and_the_others_are_refused_in_words(visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)
    home = browser.open("/")
    assert "/devices" not in home.links
    assert "What we have" in home.text
    refused = browser.open("/devices")
    assert refused.status == 403
    assert "network:read" in refused.text
    assert "CORE-103" in refused.text
    _sound(refused)


def test_who_may_not_order_is_offered_nothing_to_order(visiting: Visiting, hire: Hire) -> None:
    board = visiting(hire("board", "management"))
    assert "/servers/new" not in board.open("/servers").links
    assert board.open("/servers/new").status == 403


def test_an_address_that_is_none_is_a_page_with_the_way_out(visiting: Visiting, lead: Person) -> None:
    browser = visiting(lead)
    for place in ("/nothing-here", "/servers/not-an-id", "/changes/0198a000-0000-7000-8000-000000000000"):
        page = browser.open(place)
        assert page.status == 404, place
        assert "CORE-104" in page.text or "ORC-" in page.text
        assert "/changes" in page.links, "the frame stays"
        _sound(page)
    assert browser.client.get("/api/v1/nothing", headers={"Accept": "text/html"}).headers["content-type"] == (
        "application/problem+json"
    )


def test_pages_stand_in_no_description_of_the_api(lead: Person) -> None:
    paths = lead.client.get("/openapi.json").json()["paths"]
    assert not [path for path in paths if not path.startswith(("/api/", "/health", "/metrics"))]


def test_files_are_kept_for_good_as_long_as_they_are_the_same(visiting: Visiting, lead: Person) -> None:
    browser = visiting(lead)
    for address in _files(browser, "/"):
        answer = browser.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert browser.client.get("/static/web/irisplane.css").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("place", ["/", "/design", "/figures", "/changes", "/devices"])
def test_the_first_load_of_a_page_without_a_map_weighs_less_than_300_kb(
    visiting: Visiting, lead: Person, place: str
) -> None:
    browser = visiting(lead)
    weight = len(browser.client.get(place).content) + sum(_sent(browser, file) for file in _files(browser, place))
    assert weight < 300_000


def test_files_come_compressed_where_the_browser_takes_it_and_whole_where_not(visiting: Visiting, lead: Person) -> None:
    browser = visiting(lead)
    place = "/static/web/vendor/uplot.iife.min.js"
    packed = browser.client.get(place, headers={"Accept-Encoding": "br, gzip;q=0.8"})
    plain = browser.client.get(place, headers={"Accept-Encoding": "gzip;q=0, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert {one.headers["vary"] for one in (packed, plain)} == {"Accept-Encoding"}
    since = {"If-Modified-Since": packed.headers["last-modified"], "Accept-Encoding": "gzip"}
    assert browser.client.get(place, headers=since).status_code == 304
    assert browser.client.get(place + ".missing").status_code == 404


def test_every_vendored_file_is_the_one_whose_hash_is_recorded() -> None:
    folder = files("dashboards") / "static" / "vendor"
    known = json.loads((folder / "vendored.json").read_text("utf-8"))
    present = {one.name for one in folder.iterdir() if not one.name.endswith((".txt", ".json"))}
    licences = [one.name.removesuffix(".LICENSE.txt") for one in folder.iterdir() if one.name.endswith(".txt")]
    assert known.keys() == present
    for name, one in known.items():
        digest = base64.b64encode(hashlib.sha384((folder / name).read_bytes()).digest()).decode()
        assert one["integrity"] == f"sha384-{digest}", name
        assert one["licence"], name
        assert [one for one in licences if name.startswith(one)], name


def _files(browser: Browser, place: str) -> list[str]:
    """What a page loads."""
    return [address for tag, address in browser.open(place).addresses if tag in {"link", "script"}]


def _sent(browser: Browser, address: str) -> int:
    """Bytes on the wire."""
    with browser.client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200, address
        return sum(len(part) for part in answer.iter_raw())
