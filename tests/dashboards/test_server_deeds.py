"""What can be ordered of a server by page: only what is allowed now, with its offer first; and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from core.db import Database
from dashboards.server_deeds import DEEDS
from datacenter.hosting.pricing import REGION_TIME
from tests.api.people import SYSTEM, Person
from tests.dashboards import standing
from tests.dashboards.browsing import Browser, Page
from tests.dashboards.conftest import Visiting

pytestmark = pytest.mark.usefixtures("offered")


@pytest.fixture
def browser(visiting: Visiting, agent: Person) -> Browser:
    return visiting(agent)


def _buttons(page: Page, server: str) -> set[str]:
    return {form.action.rsplit("/", 1)[1] for form in page.forms if form.action.startswith(f"/servers/{server}/")}


def _deeds(page: Page, server: str) -> set[str]:
    return {link.rsplit("/", 1)[1] for link in page.links if link.startswith(f"/servers/{server}/")} & DEEDS.keys()


@pytest.mark.parametrize(
    ("status", "buttons", "deeds"),
    [
        ("active", {"reboot", "stop", "protect", "delete"}, {"resize", "rename", "snapshot", "attach-volume"}),
        ("stopped", {"start", "protect", "delete"}, {"resize", "rebuild", "delete-now"}),
        ("resized", {"confirm-resize", "revert-resize", "protect", "delete"}, {"rename"}),
        ("kept", {"restore"}, {"delete-now"}),
        ("vanished", {"protect", "delete"}, {"delete-now"}),
    ],
)
def test_only_what_is_allowed_now_is_offered(
    browser: Browser, database: Database, status: str, buttons: set[str], deeds: set[str]
) -> None:
    server = standing.server(database, f"now-{status}", status=status)
    page = browser.open(f"/servers/{server}")
    assert _buttons(page, server) == buttons
    assert deeds <= _deeds(page, server)
    if status in {"kept", "vanished"}:
        assert deeds == _deeds(page, server)
    for deed in sorted(_deeds(page, server)):
        form = browser.open(f"/servers/{server}/{deed}")
        assert form.status == 200, (deed, form.text)


def test_what_an_order_alters_is_read_in_the_persons_language(
    visiting: Visiting, agent: Person, database: Database
) -> None:
    server = standing.server(database, "lost", status="stopped")
    for language, lost in (("fr", "avec tout ce qui est sur son disque"), ("nl", "met alles op zijn schijf")):
        page = visiting(agent, language).open(f"/servers/{server}/delete-now")
        assert lost in page.text
        assert "everything on its disk" not in page.text


def test_another_size_shows_the_difference_in_price_and_is_ordered_once(
    browser: Browser, agent: Person, database: Database
) -> None:
    server = standing.server(database, "grows")
    address = f"/servers/{server}/resize"
    offer = browser.send(browser.open(address).form(address), plan="medium", action="preview")
    assert offer.status == 200, offer.text
    assert "vCPU" in offer.text, "the difference"
    form = offer.form(address)
    first, second = browser.send(form, action="order"), browser.send(form, action="order")
    assert first.answer.url == second.answer.url
    assert "Resize a server" in first.text
    plan = agent.get(f"/api/v1/changes/{first.answer.url.path.rsplit('/', 1)[1]}").json()["plan"]
    assert plan["intent"] == {"server": server, "plan": "medium"}
    cents = int(plan["cost"]["price"]["month_micro_eur"]) / 1_000_000
    assert f"€{cents:.2f}" in offer.text
    page = browser.open(f"/servers/{server}")
    assert _buttons(page, server) == set(), "one thing at a time"
    assert "Follow it" in page.text


def test_groups_tags_and_notes_are_read_as_the_server_has_them_and_set_as_a_whole(
    browser: Browser, agent: Person, database: Database
) -> None:
    server = standing.server(database, "marked")
    standing.group(database, "mailers")
    groups = f"/servers/{server}/set-security-groups"
    form = browser.open(groups).form(groups)
    assert form.fields["security_groups"] == "base"
    offer = browser.send(form, security_groups="mailers", action="preview")
    done = browser.send(offer.form(groups), action="order")
    change = agent.get(f"/api/v1/changes/{done.answer.url.path.rsplit('/', 1)[1]}").json()
    assert change["plan"]["intent"] == {"server": server, "security_groups": ["mailers"]}
    other = standing.server(database, "noted")
    mark = f"/servers/{other}/mark"
    wrong = browser.send(browser.open(mark).form(mark), tags="web", metadata="no note", action="preview")
    assert wrong.status == 422
    assert wrong.form(mark).fields["metadata"].strip() == "no note"
    offer = browser.send(wrong.form(mark), metadata="owner: letters: and more", action="preview")
    done = browser.send(offer.form(mark), action="order")
    change = agent.get(f"/api/v1/changes/{done.answer.url.path.rsplit('/', 1)[1]}").json()
    assert change["plan"]["intent"] == {"server": other, "tags": ["web"], "metadata": {"owner": "letters: and more"}}


def test_what_a_server_costs_this_month_is_what_the_months_lines_say(
    browser: Browser, agent: Person, database: Database
) -> None:
    server = standing.server(database, "metered")
    today = datetime.now(UTC).astimezone(REGION_TIME).date()
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text("""
                with m as (
                    insert into meter (source, resource, cloud_id, cloud_project, resource_id, name, tenant_id,
                                       project_id, component, flavor)
                    select 'nova', 'server', s.cloud_id, '', s.id, s.name, s.tenant_id, s.project_id, 'server', ''
                      from server s where s.id = :server returning id, tenant_id)
                insert into charge (booked, day, meter_id, tenant_id, quarter_micro_eur, quantity, seconds)
                select month_begin(:day), :day, m.id, m.tenant_id, 2500, 960, 864000 from m"""),
            {"server": server, "day": today},
        )
    lines = agent.get(f"/api/v1/showback/{today:%Y-%m}").json()["items"]
    told = sum(int(one["amount_micro_eur"]) for one in lines if one["resource"]["id"] == server)
    assert told == 2_400_000
    page = browser.open(f"/servers/{server}")
    assert f"€{told / 1_000_000:.2f}" in page.text
    assert "10 days" in page.text
    assert f"/api/v1/usage?resource={server}" in page.links


def test_the_console_can_be_looked_at_again(browser: Browser, database: Database) -> None:
    server = standing.server(database, "writes")
    part = browser.open(f"/servers/{server}/console", **{"HX-Request": "true"})
    assert f'hx-get="/servers/{server}/console"' in part.answer.text
