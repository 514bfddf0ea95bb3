"""The map: its tables equal the API, which equals SQL; states, filters, one site; what it asks for and weighs."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from sqlalchemy import text

from api.app import create_app
from core.bootstrap import ensure
from core.db import Database
from core.identity import Principal, create_principal, grant, principal_in
from core.settings import get_settings
from core.tokens import issue
from network.drivers.snmp import Community, SnmpTarget
from network.incidents.seeing import LinkSight, Sight
from network.incidents.watching import settle
from network.polling.asking import Asked
from network.polling.looking import Look
from network.polling.polled import keep
from network.polling.tables import Interface
from tests.api.chromium import chromium
from tests.api.serving import serve
from tests.dashboards.browsing import Browser
from tests.dashboards.driving import asked, complaints, looked_at, patient, width
from tests.documented import watched
from tests.network.conftest import SCOPE, keys, routers

__all__ = ["keys", "routers"]

OPEN_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "brussels" / "communes_cc0_coarse.geojson"
"""Real outlines, drawn where they lie beside this clone; otherwise ours."""
OUTLINES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"nis_code": code, "name_fr": f"Commune {code}", "name_nl": f"Gemeente {code}"},
            "geometry": {"type": "Polygon", "coordinates": [[[x, y], [x + 0.03, y], [x + 0.03, y + 0.03], [x, y]]]},
        }
        for code, x, y in (
            ("21004", 4.33, 50.83),
            ("21009", 4.36, 50.82),
            ("21001", 4.28, 50.81),
            ("21015", 4.37, 50.86),
        )
    ],
}
GIGABIT = 1_000_000_000
NO_MORE = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def tokens(database: Database, keys: Path) -> dict[str, str]:
    """The first people of a region, with their tokens."""
    return {handle: str(profile["token"]) for handle, profile in ensure(database).items()}


@pytest.fixture(scope="module")
def engineer(database: Database, tokens: dict[str, str]) -> Principal:
    """Who enters the routers."""
    with database.transaction("api", SCOPE) as tx:
        return principal_in(tx, "engineer", "paradigm")


@pytest.fixture(scope="module")
def app(database: Database, routers: dict[str, UUID], tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    file = tmp_path_factory.mktemp("operator") / "communes.geojson"
    file.write_text(json.dumps(OUTLINES) if not OPEN_DATA.is_file() else OPEN_DATA.read_text("utf-8"))
    return watched(create_app(database, get_settings().model_copy(update={"outlines_file": file})))


@pytest.fixture
def browser(app: FastAPI, tokens: dict[str, str]) -> Browser:
    made = Browser(app)
    assert made.sign_in(tokens["engineer"]).status == 200
    made.speak("en")
    return made


@pytest.fixture
def seen(database: Database, routers: dict[str, UUID]) -> Iterator[Any]:
    """What the standing look found: ``seen("cr91", reachable=True, ago="1 minute")``."""

    def write(name: str, *, reachable: bool, ago: str = "0", drifted: bool = False) -> None:
        with database.transaction("owner", SCOPE) as tx:
            tx.execute(
                text(
                    "insert into device_state (device_id, tenant_id, reachable, seen_at, tried_at, drifted_since)"
                    " select id, tenant_id, :reachable, now(), now() - cast(:ago as interval),"
                    " case when :drifted then now() end from device where name = :name"
                    " on conflict (device_id) do update set reachable = excluded.reachable,"
                    " tried_at = excluded.tried_at, drifted_since = excluded.drifted_since"
                ),
                {"name": name, "reachable": reachable, "ago": ago, "drifted": drifted},
            )

    yield write
    with database.transaction("owner", SCOPE) as tx:
        tx.execute(text("delete from device_state"))


@pytest.fixture
def polled(database: Database, routers: dict[str, UUID]) -> Iterator[Any]:
    """What a device told over SNMP of its end of the link: ``polled("cr91", out=400e6)``, in bit/s."""
    ports = {"cr91": "to-ac91", "ac91": "to-cr91"}

    def write(name: str, *, into: float = 0, out: float = 0, speed: int | None = GIGABIT, ago: float = 0) -> None:
        with database.transaction("owner", SCOPE) as tx:
            tenant = tx.execute(text("select tenant_id from device where name = :name"), {"name": name}).scalar_one()
            as_whom = Community("x")
            whom = [Asked(routers[name], tenant, SnmpTarget(name, "192.0.2.1", as_whom), as_whom)]
            now = time.time() - ago
            for at, seconds in ((now - 30, 0), (now, 30)):
                port = Interface(
                    1, ports[name], status="up", speed=speed,
                    in_octets=round(into / 8 * seconds), out_octets=round(out / 8 * seconds),
                )  # fmt: skip
                keep(tx, whom, [Look(name, at, uptime=round(100 * (at - now + 1000)), interfaces=(port,))])

    yield write
    with database.transaction("owner", SCOPE) as tx:
        tx.execute(text("delete from device_polled"))


@pytest.fixture
def sighted(database: Database, routers: dict[str, UUID]) -> Iterator[Any]:
    """What the watch saw of the link between the routers: ``sighted("up", "down")``, one look after another."""

    def write(*states: Sight) -> None:
        for state in states:
            with database.transaction("worker", SCOPE) as tx:
                settle(tx, [LinkSight("cr91-ac91", state, (), ("ac91", "cr91"))], set())

    yield write
    with database.transaction("owner", SCOPE) as tx:
        tx.execute(text("delete from incident"))
        tx.execute(text("delete from link_state"))
        tx.execute(text("delete from link_watch"))


def _features(browser: Browser, **asked_for: str) -> dict[str, Any]:
    answer = browser.client.get("/api/v1/network/map", params=asked_for, headers=NO_MORE)
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["features"]}


def _csv(browser: Browser, **asked_for: str) -> dict[str, dict[str, str]]:
    answer = browser.client.get("/map.csv", params=asked_for)
    assert answer.headers["content-type"].startswith("text/csv")
    return {f"{one['layer']}:{one['name']}": one for one in csv.DictReader(io.StringIO(answer.text))}


def test_the_table_the_csv_and_the_api_say_what_the_database_holds(
    browser: Browser, database: Database, seen: Any
) -> None:
    seen("cr91", reachable=True)
    seen("ac91", reachable=False)
    features, rows, page = _features(browser), _csv(browser), browser.open("/map")
    with database.transaction("owner", SCOPE) as tx:
        sites = tx.execute(
            text(
                "select s.code, s.name_fr, s.lon, s.lat, (select count(*) from device d where d.site_id = s.id) as held"
                " from site s"
            )
        ).all()
    assert len(sites) == 93
    assert features.keys() == rows.keys() == {*(f"site:{one.code}" for one in sites), "link:cr91-ac91"}
    for one in sites:
        drawn = features[f"site:{one.code}"]
        assert drawn["geometry"]["coordinates"] == [float(one.lon), float(one.lat)]
        assert drawn["properties"]["devices"] == int(rows[f"site:{one.code}"]["devices"]) == one.held
        assert one.name_fr in page.text
    for key, drawn in features.items():
        for name, value in drawn["properties"].items():
            written = rows[key]["name" if name == "code" else name]
            assert written == ("" if value is None else str(value)), (key, name)
    assert "without devices 91" in page.text
    assert "data centre Bruxelles 1" in page.text
    assert "down 1 up 1" in page.text


@pytest.mark.parametrize(
    ("core", "access", "link"),
    [
        ({"reachable": True}, {"reachable": True}, "up"),
        ({"reachable": True}, {"reachable": True, "drifted": True}, "drift"),
        ({"reachable": True}, {"reachable": True, "ago": "3 minutes"}, "unknown"),
        ({"reachable": True, "drifted": True}, {"reachable": True, "ago": "3 minutes"}, "unknown"),
        ({"reachable": False}, {"reachable": True, "ago": "3 minutes"}, "down"),
        ({"reachable": False, "drifted": True}, {"reachable": True}, "down"),
        (None, {"reachable": True}, "unknown"),
    ],
)
def test_a_link_is_as_the_worse_of_its_ends_and_what_is_not_known_is_never_up(
    browser: Browser, seen: Any, core: dict[str, Any] | None, access: dict[str, Any], link: str
) -> None:
    if core is not None:
        seen("cr91", **core)
    seen("ac91", **access)
    assert _features(browser)["link:cr91-ac91"]["properties"]["state"] == link


@pytest.mark.parametrize(
    ("sights", "link"),
    [
        (("down",), "planned"),
        (("up",), "up"),
        (("up", "down"), "down"),
        (("up", "unknown"), "unknown"),
        (("up", "down", "up"), "up"),
    ],
)
def test_a_link_is_as_the_watch_saw_it_even_where_both_ends_answer(
    browser: Browser, seen: Any, sighted: Any, database: Database, sights: tuple[Sight, ...], link: str
) -> None:
    seen("cr91", reachable=True)
    seen("ac91", reachable=True)
    sighted(*sights)
    assert _features(browser)["link:cr91-ac91"]["properties"]["state"] == link
    with database.transaction("owner", SCOPE) as tx:
        tx.execute(text("update link_watch set looked_at = now() - interval '2 minutes'"))
    assert _features(browser)["link:cr91-ac91"]["properties"]["state"] == "up", "nobody watches: as its ends are"


@pytest.mark.parametrize(
    ("core", "access", "load", "bits"),
    [
        ({"out": 100e6}, {"into": 100e6}, "low", 100_000_000),
        ({"out": 100e6}, {"into": 600e6}, "middle", 600_000_000),
        ({"into": 900e6}, None, "high", 900_000_000),
        ({"out": 100e6}, {"into": 90e6, "speed": 100_000_000}, "high", 100_000_000),
        ({"out": 100e6, "speed": None}, None, "unknown", 100_000_000),
        ({"out": 100e6, "ago": 180}, {"into": 100e6, "ago": 180}, "unknown", None),
        (None, None, "unknown", None),
    ],
)
def test_what_a_link_carries_is_the_busier_way_of_what_its_slower_end_can_and_never_a_guess(
    browser: Browser, seen: Any, polled: Any, core: dict[str, Any] | None, access: dict[str, Any] | None, load: str,
    bits: int | None,
) -> None:  # fmt: skip
    for name, told in (("cr91", core), ("ac91", access)):
        seen(name, reachable=True)
        if told is not None:
            polled(name, **told)
    link = _features(browser)["link:cr91-ac91"]["properties"]
    assert link["load"] == load
    assert link["bits_per_second"] == (None if bits is None else pytest.approx(bits, rel=0.001))
    assert _csv(browser)["link:cr91-ac91"]["load"] == load
    assert ("link:cr91-ac91" in _features(browser, load="high")) is (load == "high")
    page = browser.open("/map?by=load")
    assert ("load not known" in page.text) is (load == "unknown")
    assert [one for one in page.links if f"load={load}" in one], "the legend leads to what is like that"


def test_a_link_that_is_cut_carries_nothing_whatever_was_told_before(
    browser: Browser, seen: Any, polled: Any, sighted: Any
) -> None:
    for name in ("cr91", "ac91"):
        seen(name, reachable=True)
        polled(name, into=1e6)
    sighted("up", "down")
    assert _features(browser)["link:cr91-ac91"]["properties"]["load"] == "down"
    assert browser.client.get("/map?load=green").status_code == 422


def test_filters_stand_in_the_address_and_mean_the_same_everywhere(browser: Browser, seen: Any) -> None:
    seen("cr91", reachable=True)
    of_brussels = _features(browser, commune="21004")
    assert of_brussels.keys() == _csv(browser, commune="21004").keys()
    assert {one["properties"].get("commune", "21004") for one in of_brussels.values()} == {"21004"}
    assert "link:cr91-ac91" in of_brussels
    assert _features(browser, state="up").keys() == _csv(browser, state="up").keys() == {"site:DC-ARTS"}
    page = browser.open("/map?state=up")
    assert "data-site" in page.attributes
    assert [one for one in page.links if "site=DC-ARTS" in one]
    assert not [one for one in page.links if "TH-21004" in one]
    assert "No site is like that." in browser.open("/map?state=drift").text
    assert browser.client.get("/map?state=green").status_code == 422
    assert browser.client.get("/map?commune=Ixelles").status_code == 422


def test_one_site_has_its_devices_and_links_and_one_that_is_not_there_says_so(browser: Browser) -> None:
    page = browser.open("/map?site=TH-21004")
    assert "/devices/ac91" in page.links
    assert "cr91-ac91" in page.text
    part = browser.client.get("/map?site=TH-21004", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert 'id="chosen"' in part.text
    assert 'id="standing"' in part.text
    assert browser.open("/map?site=NOWHERE").status == 404
    assert "/map?site=TH-21004" in browser.open("/devices/ac91").links
    assert "/map?site=DC-ARTS" in browser.open("/search?q=kunstlaan").links


def test_an_administration_sees_no_map_and_a_role_in_another_tenant_only_what_is_its_own(
    app: FastAPI, database: Database, routers: dict[str, UUID]
) -> None:
    tokens = {}
    with database.transaction("owner", SCOPE) as tx:
        tenant = tx.execute(text("select id from tenant where code = 'commune-21009'")).scalar_one()
        for role in ("agency-user", "engineer"):
            who = create_principal(tx, handle=f"map-{role}", kind="person", display_name=role)
            grant(tx, principal_id=who, tenant_id=tenant, role=role, granted_by=None)
            tokens[role] = issue(tx, principal_id=who, tenant_id=tenant, name="test").token.reveal()
    agency, other = Browser(app), Browser(app)
    assert "/map" not in agency.sign_in(tokens["agency-user"]).links
    for place in ("/map", "/map.csv", "/api/v1/network/map", "/api/v1/network/map/communes"):
        assert agency.client.get(place).status_code == 403
    other.sign_in(tokens["engineer"])
    assert _features(other).keys() == _csv(other).keys() == {"site:TH-21009"}, "its own town hall"
    page = other.open("/map")
    assert page.status == 200
    assert "DC-ARTS" not in page.answer.text
    assert other.open("/map?site=DC-ARTS").status == 404


def test_the_page_with_the_map_weighs_less_than_a_megabyte(browser: Browser) -> None:
    page = browser.open("/map")
    loaded = {address for tag, address in page.addresses if tag in {"link", "script"}}
    worker = page.answer.text.split('data-worker="')[1].split('"')[0]
    weight = len(page.answer.content)
    for address in (*loaded, worker, "/api/v1/network/map", "/api/v1/network/map/communes"):
        with browser.client.stream("GET", address, headers={"Accept-Encoding": "gzip", **NO_MORE}) as answer:
            assert answer.status_code == 200, address
            assert answer.headers["content-encoding"] == "gzip" or "iris.svg" in address, address
            weight += sum(len(part) for part in answer.iter_raw())
        if address.split("?")[0].endswith(".mjs"):
            assert answer.headers["content-type"].startswith("text/javascript")
    assert weight < 1_000_000


@pytest.mark.slow
def test_the_map_is_drawn_reads_by_keyboard_and_asks_nobody_else(
    app: FastAPI, tokens: dict[str, str], tmp_path: Path, shots: Path, seen: Any, polled: Any
) -> None:
    seen("cr91", reachable=True)
    seen("ac91", reachable=False)
    with serve(app) as url, chromium(tmp_path) as page:
        page.get(f"{url}/sign-in")
        page.find_element(By.NAME, "token").send_keys(tokens["engineer"], Keys.ENTER)
        patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "nav [aria-current]"))
        page.get(f"{url}/map")
        ready = (By.CSS_SELECTOR, "#map[data-ready]")
        patient(page).until(lambda driver: driver.find_elements(*ready), "not drawn")
        looked_at(page, shots, "map")
        seen("ac91", reachable=True)
        polled("cr91", out=870e6)
        page.get(f"{url}/map?by=load")
        patient(page).until(lambda driver: driver.find_elements(*ready), "not drawn")
        assert "80 %" in page.find_element(By.CSS_SELECTOR, ".legend").text
        looked_at(page, shots, "map-by-load")
        seen("ac91", reachable=False)
        page.get(f"{url}/map")
        patient(page).until(lambda driver: driver.find_elements(*ready), "not drawn")
        width(page, 360)
        assert page.find_element(By.ID, "map").size["width"] > 300, "as wide as the phone"
        width(page, 1200)
        page.find_element(By.CSS_SELECTOR, "a[data-site=TH-21004]").send_keys(Keys.ENTER)
        patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#chosen a[href='/devices/ac91']"))
        patient(page).until(lambda driver: driver.current_url == f"{url}/map?site=TH-21004", "not said")
        looked_at(page, shots, "map-site")
        page.get(f"{url}/map?site=TH-21004")  # which stands in the middle then
        patient(page).until(lambda driver: driver.find_elements(*ready), "not drawn")
        canvas = page.find_element(By.CSS_SELECTOR, "#map canvas")
        page.execute_script("history.replaceState(null, '', '/map')")
        ActionChains(page).move_to_element(canvas).perform()
        bubble = (By.CSS_SELECTOR, ".maplibregl-popup")
        patient(page).until(lambda driver: "Hôtel de Ville" in driver.find_element(*bubble).text, "not named")
        ActionChains(page).click(canvas).perform()
        patient(page).until(lambda driver: driver.current_url == f"{url}/map?site=TH-21004", "not chosen")
        assert asked(page) == {url.removeprefix("http://")}
        assert complaints(page) == []
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        page.get(f"{url}/map?site=TH-21004")
        assert not page.find_element(By.ID, "map").is_displayed()
        assert page.find_element(By.LINK_TEXT, "ac91").is_displayed()


@pytest.mark.slow
def test_a_browser_without_webgl_is_told_so_and_reads_the_tables_which_are_brought_up_to_date(
    app: FastAPI, tokens: dict[str, str], tmp_path: Path, shots: Path, seen: Any
) -> None:
    seen("cr91", reachable=True)
    seen("ac91", reachable=False)
    with serve(app) as url, chromium(tmp_path, flags=("--disable-3d-apis",)) as page:
        page.get(f"{url}/sign-in")
        page.find_element(By.NAME, "token").send_keys(tokens["engineer"], Keys.ENTER)
        patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "nav [aria-current]"))
        page.get(f"{url}/map")
        patient(page).until(lambda driver: driver.find_element(By.ID, "no-map").is_displayed(), "not told why")
        assert not page.find_element(By.ID, "map").is_displayed()
        assert not page.find_element(By.ID, "map-away").is_displayed()
        row = "//tr[.//a[@data-site='TH-21004']]//*[contains(@class, 'badge')]"
        before = page.find_element(By.XPATH, row).text
        looked_at(page, shots, "map-without-webgl")
        width(page, 360)
        assert page.find_element(By.ID, "no-map").size["width"] > 300, "as wide as the phone"
        width(page, 1200)
        page.execute_script("window.same = true")
        seen("ac91", reachable=True)
        seen("cr91", reachable=True)
        wait = patient(page, 180)  # it looks every half minute
        wait.until(lambda driver: driver.find_element(By.XPATH, row).text != before, "the tables stayed as they were")
        assert page.execute_script("return window.same"), "the page itself was not loaded again"
        page.find_element(By.CSS_SELECTOR, "a[data-site=TH-21004]").send_keys(Keys.ENTER)
        patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#chosen a[href='/devices/ac91']"))


@pytest.mark.slow
def test_a_map_whose_data_cannot_be_had_is_told_so_and_not_blamed_on_the_browser(
    app: FastAPI, tokens: dict[str, str], tmp_path: Path
) -> None:
    with serve(app) as url, chromium(tmp_path) as page:
        page.get(f"{url}/sign-in")
        page.find_element(By.NAME, "token").send_keys(tokens["engineer"], Keys.ENTER)
        patient(page).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "nav [aria-current]"))
        page.execute_cdp_cmd("Network.enable", {})
        page.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/api/v1/network/map*"]})
        page.get(f"{url}/map")
        patient(page).until(lambda driver: driver.find_element(By.ID, "map-away").is_displayed(), "not told")
        assert not page.find_element(By.ID, "no-map").is_displayed()
        assert not page.find_element(By.ID, "map").is_displayed()
        assert page.find_element(By.CSS_SELECTOR, "a[data-site=TH-21004]").is_displayed()
