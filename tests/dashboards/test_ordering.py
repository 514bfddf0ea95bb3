"""An agency orders a server without scripts: describes it, reads the offer, commits, follows, gives it back."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.browsing import Browser, Form, Page
from tests.dashboards.conftest import Visiting

pytestmark = pytest.mark.usefixtures("offered")


def _described(browser: Browser, name: str, **more: str) -> Page:
    form = browser.open("/servers/new").form("/servers/new")
    return browser.send(form, name=name, plan="small", action="preview", **more)


def _servers(database: Database) -> list[str]:
    with database.transaction("owner", SYSTEM) as tx:
        return list(tx.execute(text("select name from server where gone_at is null order by name")).scalars())


def _changes(database: Database) -> int:
    with database.transaction("owner", SYSTEM) as tx:
        return int(tx.execute(text("select count(*) from change where kind = 'hosting.server.create'")).scalar_one())


def test_the_offer_says_price_place_quota_and_approvals_and_orders_nothing(
    visiting: Visiting, agent: Person, database: Database
) -> None:
    page = _described(visiting(agent), "shop-1", floating_address="yes")
    assert page.status == 200
    told = agent.post(
        "/api/v1/servers:preview", json={"name": "shop-1", "plan": "small", "image": "debian", "floating_address": True}
    ).json()
    cents = int(told["price"]["month_micro_eur"]) / 1_000_000
    assert f"€{cents:.2f}" in page.text, "the API's price"
    for resource, left in told["quota_after"].items():
        if resource != "ram_mib":
            assert str(left["left"]) in page.text
    form = page.form("/servers/new")
    assert (form.fields["name"], form.fields["plan"], form.fields["floating_address"]) == ("shop-1", "small", "yes")
    assert ("action", "order") in form.buttons
    assert "shop-1" not in _servers(database)


def test_what_was_offered_is_ordered_once_however_often_the_button_is_pressed(
    visiting: Visiting, agent: Person, database: Database
) -> None:
    browser = visiting(agent)
    form = _described(browser, "shop-2", reason="for the shop").form("/servers/new")
    before = _changes(database)
    first, second = browser.send(form, action="order"), browser.send(form, action="order")
    assert first.status == second.status == 200
    assert first.answer.url == second.answer.url
    assert _changes(database) == before + 1
    assert _servers(database).count("shop-2") == 1
    assert "Create a server shop-2" in first.text
    assert "for the shop" in first.text
    assert 'http-equiv="refresh"' in first.answer.text, "without scripts the page looks again by itself"
    assert f'data-events="/api/v1{first.answer.url.path}/events"' in first.answer.text


def test_an_offer_that_has_become_another_is_shown_again_and_nothing_is_ordered(
    visiting: Visiting, agent: Person, database: Database
) -> None:
    browser = visiting(agent)
    form = _described(browser, "shop-3").form("/servers/new")
    page = browser.send(form, action="order", plan="medium")
    assert page.status == 409
    assert "another one than you saw" in page.text
    assert "shop-3" not in _servers(database)
    again = browser.send(page.form("/servers/new"), action="order")
    assert "Create a server shop-3" in again.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": "No Spaces"}, "name"), ({"name": "shop-4", "plan": "giant"}, "plan"), ({"name": ""}, "name")],
)
def test_a_refused_form_keeps_what_was_typed_and_names_the_field(
    visiting: Visiting, agent: Person, typed: dict[str, str], field: str
) -> None:
    browser = visiting(agent)
    empty = browser.open("/servers/new").form("/servers/new")
    page = browser.send(empty, action="order", reason="kept words", **typed)
    assert page.status in {404, 422}
    form = page.form("/servers/new")
    assert form.fields["reason"] == "kept words"
    assert form.fields["name"] == typed["name"]
    assert 'id="wrong"' in page.answer.text
    assert field in {"name", "plan"}


def test_a_server_shows_its_facts_its_changes_and_what_can_be_asked_of_it(
    visiting: Visiting, agent: Person, database: Database
) -> None:
    server = _standing(database, "shop-5")
    browser = visiting(agent)
    page = browser.open(f"/servers/{server}")
    assert page.status == 200
    assert "10.9.0.5" in page.text
    assert "active" in page.text
    api = agent.get(f"/api/v1/servers/{server}").json()
    assert str(api["disk_gib"]) in page.text
    verbs = {form.action.rsplit("/", 1)[1] for form in page.forms if form.action.startswith(f"/servers/{server}/")}
    assert verbs == {"reboot", "stop", "protect", "delete"}
    assert f"/servers/{server}/resize" in page.links
    console = browser.open(f"/servers/{server}/console")
    assert console.status == 200
    assert "HST-" in console.text or "CORE-" in console.text, "no cloud here: it says so"


def test_a_server_that_somebody_changed_meanwhile_is_not_given_back(
    visiting: Visiting, agent: Person, database: Database
) -> None:
    server = _standing(database, "shop-6")
    browser = visiting(agent)
    form: Form = browser.open(f"/servers/{server}").form(f"/servers/{server}/delete")
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update server set version = version + 1 where id = :id"), {"id": server})
    page = browser.send(form)
    assert page.status == 412
    assert "CORE-112" in page.text
    given = browser.send(browser.open(f"/servers/{server}").form(f"/servers/{server}/delete"))
    assert "Give a server back" in given.text
    assert given.answer.url.path == f"/servers/{server}"


def _standing(database: Database, name: str) -> str:
    """A server that the cloud is said to have."""
    with database.transaction("owner", SYSTEM) as tx:
        return str(
            tx.execute(
                text(
                    "insert into server (tenant_id, project_id, name, status, cloud_id, vcpus, ram_mib, disk_gib,"
                    " image, addresses)"
                    " select t.id, p.id, :name, 'active', gen_random_uuid()::text, 1, 512, 7, 'debian',"
                    """ '[{"address": "10.9.0.5", "network": "private", "kind": "fixed"}]'"""
                    " from tenant t join project p on p.tenant_id = t.id and p.code = 'main' where t.code = 'ixelles'"
                    " returning id"
                ),
                {"name": name},
            ).scalar_one()
        )


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl4 ann@desk"


def test_a_key_is_brought_in_chosen_for_a_server_and_forgotten(visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)
    empty = browser.open("/keys")
    assert "There is no SSH key yet." in empty.text
    private = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----"
    refused = browser.send(empty.form("/keys"), name="ann", public_key=private)
    assert refused.status == 422
    assert refused.form("/keys").fields["name"] == "ann"
    assert "c2VjcmV0" not in refused.answer.text
    there = browser.send(refused.form("/keys"), public_key=KEY)
    assert there.status == 200
    assert "SHA256:" in there.text
    assert 'value="ann"' in browser.open("/servers/new").answer.text
    taken = browser.send(there.form("/keys"), name="ann", public_key=KEY)
    assert taken.status == 409
    key = agent.get("/api/v1/ssh-keys").json()["items"][0]["id"]
    gone = browser.send(browser.open("/keys").form(f"/keys/{key}/forget"))
    assert "Forget an SSH key ann" in gone.text or "Forget an SSH key" in gone.text
    assert agent.get("/api/v1/ssh-keys").json()["items"] == []


def test_more_is_asked_for_with_a_reason_and_the_region_decides(
    visiting: Visiting, agent: Person, manager: Person
) -> None:
    browser = visiting(agent)
    form = browser.open("/quota?resource=ram_mib").form("/quota")
    assert form.fields["resource"] == "ram_mib"
    for wrong in ({"granted": "many", "reason": "x"}, {"granted": "64", "reason": ""}):
        page = browser.send(form, **wrong)
        assert page.status == 422
        assert page.form("/quota").fields["granted"] == wrong["granted"]
    asked = browser.send(form, granted="64", reason="for the archive")
    assert asked.status == 200
    assert "Alter a quota" in asked.text
    change = asked.answer.url.path.rsplit("/", 1)[1]
    told = manager.get(f"/api/v1/changes/{change}").json()
    assert (told["state"], told["waiting_for"], told["reason"]) == ("waiting", ["platform-manager"], "for the archive")
    assert told["plan"]["intent"]["resources"] == {"ram_mib": 65536}
    assert visiting(manager).open("/quota").status == 200
    refused = visiting(manager).send(visiting(manager).open("/quota").form("/quota"), granted="64", reason="x")
    assert refused.status == 403


def test_what_the_region_will_work_on_stands_on_the_home_of_whom_it_concerns(
    visiting: Visiting, agent: Person, hire: Hire, manager: Person, database: Database
) -> None:
    server = _standing(database, "shop-7")
    notice = {
        "title_fr": "Travaux", "title_nl": "Werken", "title_en": "Work on host 7", "impact": "interrupted",
        "begins": "2031-01-01T00:00:00Z", "ends": "2031-01-02T00:00:00Z",
        "touches": [{"type": "server", "ids": [server]}],
    }  # fmt: skip
    made = manager.post("/api/v1/maintenance", json=notice)
    assert made.status_code == 201, made.text
    browser = visiting(agent)
    assert "Work on host 7" not in browser.open("/").text, "a draft is nobody's business yet"
    moved = manager.send(
        "PATCH", f"/api/v1/maintenance/{made.json()['id']}", json={"state": "scheduled"}, headers={"If-Match": "*"}
    )
    assert moved.status_code == 200, moved.text
    told = browser.open("/").text
    assert "Work on host 7" in told
    assert "It concerns: shop-7" in told
    assert "Work on host 7" not in visiting(hire("neighbour", "agency-user", tenant="uccle")).open("/").text


def test_one_box_finds_by_a_part_of_the_name_or_by_number(
    visiting: Visiting, agent: Person, hire: Hire, database: Database
) -> None:
    server = _standing(database, "shop-8")
    browser = visiting(agent)
    assert f"/servers/{server}" in browser.open("/search?q=OP-8").links
    assert browser.open(f"/search?q={server}").answer.url.path == f"/servers/{server}"
    assert "Nothing is named like that." in browser.open("/search?q=zzz").text
    stranger = visiting(hire("seeker", "agency-user", tenant="uccle"))
    assert stranger.open(f"/search?q={server}").answer.url.path == "/search"
    assert f"/servers/{server}" not in stranger.open("/search?q=shop-8").links
