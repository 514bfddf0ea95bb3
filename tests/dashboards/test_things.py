"""Volumes, networks, addresses and security groups by page: the offer first, then the order, once; and stale forms."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Person
from tests.dashboards import standing
from tests.dashboards.browsing import Browser, Page
from tests.dashboards.conftest import Visiting

pytestmark = pytest.mark.usefixtures("offered")


@pytest.fixture
def browser(visiting: Visiting, agent: Person) -> Browser:
    return visiting(agent)


def _orders(database: Database, kind: str) -> int:
    with database.transaction("owner", SYSTEM) as tx:
        return int(tx.execute(text("select count(*) from change where kind = :kind"), {"kind": kind}).scalar_one())


def _described(browser: Browser, address: str, **typed: str) -> Page:
    return browser.send(browser.open(address).form(address), action="preview", **typed)


def test_a_volume_is_offered_at_the_apis_price_and_ordered_once(
    browser: Browser, agent: Person, database: Database
) -> None:
    page = _described(browser, "/volumes/new", name="archive", size_gib="3", description="old letters")
    told = agent.post("/api/v1/volumes:preview", json={"name": "archive", "size_gib": 3}).json()
    cents = int(told["price"]["month_micro_eur"]) / 1_000_000
    assert f"€{cents:.2f}" in page.text
    assert f"{told['quota_after']['storage_gib']['left']} GiB" in page.text
    assert _orders(database, "hosting.volume.create") == 0, "nothing is ordered by looking"
    form = page.form("/volumes/new")
    first, second = browser.send(form, action="order"), browser.send(form, action="order")
    assert first.status == second.status == 200
    assert first.answer.url == second.answer.url
    assert _orders(database, "hosting.volume.create") == 1
    made = agent.get("/api/v1/volumes?name=archive").json()["items"][0]
    assert (made["size_gib"], made["description"]) == (3, "old letters")
    assert f"/volumes/{made['id']}" in browser.open("/holdings").links
    shown = browser.open(f"/volumes/{made['id']}")
    assert "old letters" in shown.text
    assert 'hx-trigger="every 2s"' in shown.answer.text, "its order is followed"


@pytest.mark.parametrize(
    ("address", "typed", "field"),
    [
        ("/volumes/new", {"name": "v", "size_gib": "many"}, "size_gib"),
        ("/volumes/new", {"name": "", "size_gib": "1"}, "name"),
        ("/networks/new", {"name": "back", "cidr": "10.300.0.0/24"}, "cidr"),
        ("/security-groups/new", {"name": "web", "protocol": "tcp", "port_min": "80", "remote": "office"}, "remote"),
    ],
)
def test_what_cannot_be_taken_comes_back_with_what_was_typed(
    browser: Browser, address: str, typed: dict[str, str], field: str
) -> None:
    page = _described(browser, address, reason="kept words", **typed)
    assert page.status in {404, 409, 422}, page.text
    form = page.form(address)
    assert {name: form.fields[name] for name in typed} == typed
    assert form.fields["reason"] == "kept words"
    assert 'id="wrong"' in page.answer.text, field


def test_a_volume_comes_to_a_server_and_goes_again(browser: Browser, agent: Person, database: Database) -> None:
    server, volume = standing.server(database, "disks-1"), standing.volume(database, "disk-1")
    page = browser.open(f"/volumes/{volume}")
    deeds = ("attach", "extend", "snapshot", "rename", "delete")
    assert {f"/volumes/{volume}/{name}" for name in deeds} <= set(page.links)
    assert f"/volumes/{volume}/detach" not in page.links
    offer = _described(browser, f"/volumes/{volume}/attach", server=server)
    done = browser.send(offer.form(f"/volumes/{volume}/attach"), action="order")
    assert "Attach a volume to a server" in done.text
    change = agent.get(f"/api/v1/changes/{done.answer.url.path.rsplit('/', 1)[1]}").json()
    assert change["plan"]["intent"] == {"volume": volume, "server": server}
    held = standing.volume(database, "disk-2", server=server)
    assert f"/volumes/{held}/detach" in browser.open(f"/volumes/{held}").links
    away = browser.open(f"/volumes/{held}/detach")
    assert ("action", "order") in away.form(f"/volumes/{held}/detach").buttons, "the offer stands"
    assert "Detach a volume" in browser.send(away.form(f"/volumes/{held}/detach"), action="order").text


def test_a_form_about_something_that_was_altered_meanwhile_orders_nothing(browser: Browser, database: Database) -> None:
    volume = standing.volume(database, "moving")
    address = f"/volumes/{volume}/delete"
    form = browser.open(address).form(address)
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update volume set description = 'in use after all' where id = :id"), {"id": volume})
    before = _orders(database, "hosting.volume.delete")
    late = browser.send(form, action="order", reason="not needed")
    assert late.status == 412
    assert "another one than you saw" in late.text
    assert late.form(address).fields["reason"] == "not needed"
    assert _orders(database, "hosting.volume.delete") == before
    again = browser.send(late.form(address), action="preview")
    assert "There is no way back." in again.text
    assert browser.send(again.form(address), action="order").status == 200
    assert _orders(database, "hosting.volume.delete") == before + 1


def test_a_network_shows_the_range_it_would_get_before_it_is_made(browser: Browser, agent: Person) -> None:
    page = _described(browser, "/networks/new", name="backends", routed="yes")
    told = agent.post("/api/v1/networks:preview", json={"name": "backends"}).json()
    for line in told["plan"]["targets"][0]["diff"].splitlines():
        assert line.removeprefix("+ ") in page.text
    done = browser.send(page.form("/networks/new"), action="order")
    assert "Create a private network backends" in done.text
    assert agent.get("/api/v1/networks?name=backends").json()["items"][0]["routed"] is True


def test_an_address_is_led_to_a_server_and_given_back(browser: Browser, agent: Person, database: Database) -> None:
    server = standing.server(database, "shop-9")
    address = standing.public_address(database, "203.0.113.77")
    assert f"/addresses/{address}/release" not in browser.open(f"/addresses/{address}").links
    offer = _described(browser, f"/addresses/{address}/assign", server=server)
    done = browser.send(offer.form(f"/addresses/{address}/assign"), action="order")
    assert "Lead a public address to a server" in done.text
    led = standing.public_address(database, "203.0.113.78", server=server)
    for deed in ("release", "delete"):
        page = browser.open(f"/addresses/{led}/{deed}")
        assert ("action", "order") in page.form(f"/addresses/{led}/{deed}").buttons
    new = _described(browser, "/addresses/new", description="for the shop")
    told = agent.post("/api/v1/floating-addresses:preview", json={}).json()
    assert f"€{int(told['price']['month_micro_eur']) / 1_000_000:.2f}" in new.text


def test_rules_of_a_group_come_and_go_one_by_one_with_their_difference(
    browser: Browser, agent: Person, database: Database
) -> None:
    made = _described(
        browser, "/security-groups/new", name="web", protocol="tcp", port_min="80", port_max="443", remote=""
    )
    browser.send(made.form("/security-groups/new"), action="order")
    new = agent.get("/api/v1/security-groups?name=web").json()["items"][0]
    assert [(rule["port_min"], rule["port_max"]) for rule in new["rules"]] == [(80, 443)]
    group = standing.group(database, "office")
    allow = f"/security-groups/{group}/allow"
    offer = _described(browser, allow, protocol="tcp", port_min="22", remote="192.0.2.0/24")
    assert "192.0.2.0/24" in offer.text
    assert "+" in "".join(target["diff"] for target in agent.post(
        f"/api/v1/security-groups/{group}/rules:preview",
        json={"rules": [{"protocol": "tcp", "port_min": 22, "remote": "192.0.2.0/24"}]},
    ).json()["plan"]["targets"])  # fmt: skip
    done = browser.send(offer.form(allow), action="order")
    change = agent.get(f"/api/v1/changes/{done.answer.url.path.rsplit('/', 1)[1]}").json()
    assert change["plan"]["intent"]["allow"][0]["remote"] == "192.0.2.0/24"
    assert f"/security-groups/{group}/deny" not in browser.open(f"/security-groups/{group}").links, "it has no rule yet"
    deny = f"/security-groups/{new['id']}/deny"
    chosen = browser.open(deny).form(deny)
    forged = browser.send(chosen, rule="{", action="order")
    assert forged.status == 422
