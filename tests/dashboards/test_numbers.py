"""Every number on the pages of management and of administrations is the API's, and the API's is SQL's."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database
from dashboards.figures import LABELS, SCALES
from dashboards.formats import Formats
from dashboards.languages import LANGUAGES, catalogue
from dashboards.terms import RESOURCES, STATES
from datacenter.hosting.capacity import UNITS
from orchestrator.figures import today_here
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.conftest import Visiting
from tests.dashboards.month import a_month
from tests.dashboards.telling import Told, explained, plain

pytestmark = pytest.mark.usefixtures("offered", "lived")
_OF_IXELLES = "join tenant t on t.id = x.tenant_id where t.code = 'ixelles'"


@pytest.fixture(scope="module")
def lived(engineer: Person, manager: Person, database: Database) -> None:
    """A region that has a month behind it."""
    a_month(engineer, manager, database)


@pytest.fixture(scope="module")
def board(hire: Hire) -> Person:
    return hire("board", "management")


def _get(person: Person, address: str) -> Any:
    answer = person.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _sql(database: Database, statement: str, **values: Any) -> Any:
    with database.transaction("owner", SYSTEM) as tx:
        return tx.execute(text(statement), values).scalar_one()


def _month() -> str:
    return f"{today_here():%Y-%m}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_of_the_figures_is_the_apis(language: str, board: Person, visiting: Visiting) -> None:
    told = Told(visiting(board, language).open("/figures").answer.text)
    formats, words = Formats(language), catalogue(language)
    items = _get(board, "/api/v1/figures")["items"]
    for one in items:
        value = formats.measure(one["value"], one["unit"])
        if one["capacity"] and one["unit"] != "share":
            value = f"{value} / {formats.measure(one['capacity'], one['unit'])}"
        row = told.row(plain(f"{words.gettext(LABELS[one['name']])} {one['subject']}"))
        assert row[1] == plain(value), one["code"]
    of = {one["code"]: one for one in items}
    month = _get(board, f"/api/v1/showback/{_month()}")
    head = list(told.pairs.values())
    assert head[0].startswith(plain(formats.share(of["changes-succeeded"]["value"])))
    assert head[1] == plain(formats.number(of["changes-waiting"]["value"]))
    assert head[2] == formats.lasting(of["server-time"]["value"])
    assert head[3].startswith(plain(formats.euro(month["amount_micro_eur"])))
    devices = _get(board, "/api/v1/network/devices")
    assert head[4].split()[0] == formats.number(sum(one["reachable"] for one in devices))
    assert head[4].split()[-1] == formats.number(len(devices))
    for one in month["by_tenant"]:
        assert told.row(one["tenant"])[1] == plain(formats.euro(one["amount_micro_eur"]))
    for state in ("succeeded", "failed", "rolled_back", "rejected"):
        count = len(_get(board, f"/api/v1/changes?state={state}&limit=1000")["items"])
        assert plain(f"{words.gettext(STATES[state])} {formats.number(count)}") in told.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figures_own_page_tells_its_past_as_the_api_does(
    language: str, board: Person, visiting: Visiting
) -> None:
    browser, formats = visiting(board, language), Formats(language)
    answer = _get(board, "/api/v1/figures")
    for one in answer["items"]:
        told = Told(browser.open(f"/figures/{one['code']}").answer.text)
        assert next(iter(told.pairs.values())) == plain(formats.measure(one["value"], one["unit"])), one["code"]
        scale = SCALES[one["unit"]].by
        assert told.data == pytest.approx([day["value"] / scale for day in one["past"]]), one["code"]
        shown = [cells[1] for cells in told.rows if len(cells) == 2][-len(one["past"]) :] if one["past"] else []
        assert shown == [plain(formats.measure(day["value"], one["unit"])) for day in one["past"]]
        rest = [answer["days"], answer["least_days"], one, (one["value"] or 0) / (one["capacity"] or 1)]
        assert explained(told.text, rest, language) == [], one["code"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_machines_hold_is_the_apis_and_that_is_what_sql_sums(
    language: str, board: Person, visiting: Visiting, database: Database
) -> None:
    browser, formats = visiting(board, language), Formats(language)
    told = Told(browser.open("/capacity").answer.text)
    items = _get(board, "/api/v1/capacity")["items"]
    assert {one["kind"] for one in items} == {"host", "pool", "network"}
    for one in items:
        cells = " ".join(told.row(plain(f"{one['name']} {one['zone']}")))
        for row in one["resources"]:
            unit = UNITS[row["resource"]]
            for amount in (row["used"], *([row["usable"]] if row["usable"] else [])):
                assert plain(formats.measure(amount, unit)) in cells, (one["name"], row)
    figures = {one["code"]: one for one in _get(board, "/api/v1/figures")["items"]}
    for resource in ("vcpus", "ram_mib", "disk_gib", "floating_ips"):
        of = [one for code, one in figures.items() if code.startswith(f"cloud-{resource}.")]
        where = f"from cloud_capacity where taking and resource = '{resource}'"
        assert sum(one["value"] for one in of) == _sql(database, f"select sum(used) {where}")
        assert sum(one["capacity"] for one in of) == _sql(database, f"select sum(usable) {where}")
    assert figures["cloud-storage_gib"]["capacity"] is None, "a pool without a bound leaves all without one"
    lines = browser.client.get("/capacity.csv").text.splitlines()
    assert len(lines) - 1 == _sql(database, "select count(*) from cloud_capacity")


def test_what_the_api_tells_of_money_and_quotas_is_what_sql_sums(
    board: Person, agent: Person, database: Database
) -> None:
    month = today_here().replace(day=1)
    everybody = _sql(database, "select sum(amount_micro_eur) from charge where booked = :month", month=month)
    assert everybody > 0
    told = _get(board, f"/api/v1/showback/{_month()}")
    assert int(told["amount_micro_eur"]) == everybody
    [figure] = _get(board, "/api/v1/figures?figure=month")["items"]
    assert figure["value"] == everybody
    assert len(figure["past"]) >= 3
    booked = "select sum(amount_micro_eur) from charge where booked = cast(:day as date)"
    assert [day["value"] for day in figure["past"]] == [
        _sql(database, booked, day=day["day"]) for day in figure["past"]
    ]
    own = f"select sum(amount_micro_eur) from charge x {_OF_IXELLES} and booked = :month"
    assert int(_get(agent, f"/api/v1/showback/{_month()}")["amount_micro_eur"]) == _sql(database, own, month=month)
    counted = {"servers": "server", "volumes": "volume", "networks": "cloud_network", "floating_ips": "floating_ip"}
    quotas = {one["resource"]: one for one in _get(agent, "/api/v1/quotas")["items"] if one["project"] is None}
    for resource, table in counted.items():
        rows = f"select count(*) from {table} x {_OF_IXELLES} and gone_at is null"
        assert quotas[resource]["used"] == _sql(database, rows) > 0, resource
    size = f"select sum(size_gib) from volume x {_OF_IXELLES} and gone_at is null"
    assert quotas["storage_gib"]["used"] == _sql(database, size)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_on_the_page_of_a_thing_is_the_apis(language: str, agent: Person, visiting: Visiting) -> None:
    made = agent.post("/api/v1/support-requests", json={"subject": "No disk", "body": "It is 3 GiB, not 30."})
    assert made.status_code == 201, made.text
    browser, walked = visiting(agent, language), 0
    nouns = ("quotas", "catalogue", "maintenance", "projects", "servers", f"showback/{_month()}")
    everything = [_get(agent, f"/api/v1/{noun}") for noun in nouns]
    for place, noun in (("servers", "servers"), ("volumes", "volumes"), ("networks", "networks"),
                        ("addresses", "floating-addresses"), ("security-groups", "security-groups"),
                        ("snapshots", "snapshots"), ("support", "support-requests")):  # fmt: skip
        for one in _get(agent, f"/api/v1/{noun}")["items"]:
            told = Told(browser.open(f"/{place}/{one['id']}").answer.text)
            detail = _get(agent, f"/api/v1/{noun}/{one['id']}")
            assert explained(told.text, [one, detail, *everything], language) == [], (place, told.text)
            walked += 1
    assert walked > 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_an_administrations_pages_is_the_apis(language: str, agent: Person, visiting: Visiting) -> None:
    browser, formats, words = visiting(agent, language), Formats(language), catalogue(language)
    quotas = _get(agent, "/api/v1/quotas")
    limit = _get(agent, "/api/v1/spend-limit")
    month = _get(agent, f"/api/v1/showback/{_month()}")
    lists = [
        _get(agent, f"/api/v1/{noun}")
        for noun in ("servers", "volumes", "floating-addresses", "networks", "security-groups", "orders", "projects",
                     "maintenance", "catalogue")
    ]  # fmt: skip
    hours = int(limit["month_quarters"]) // 4
    for place in ("/", "/holdings", "/servers", "/quota"):
        page = browser.open(place)
        told = Told(page.answer.text)
        assert explained(told.text, [quotas, limit, month, hours, *lists], language) == [], place
        if place in {"/", "/quota"}:
            for one in quotas["items"]:
                unit = {"ram_mib": "mib", "storage_gib": "gib"}.get(one["resource"], "count")
                name = words.gettext(RESOURCES[one["resource"]])
                if one["project"]:
                    name += " " + words.gettext("in the project %(name)s") % {"name": one["project"]}
                used, granted, left = (formats.measure(one[key], unit) for key in ("used", "granted", "left"))
                assert told.row(name)[1:] == [plain(f"{used} / {granted}"), plain(left)]
    home = list(Told(browser.open("/").answer.text).pairs.values())
    assert home[0].startswith(plain(formats.euro(month["amount_micro_eur"])))
    assert home[1].startswith(plain(formats.euro(limit["stands_micro_eur"])))
    volumes = Told(browser.open("/holdings").answer.text)
    for one in lists[1]["items"]:
        cells = volumes.row(plain(f"{one['name']} {one['description'] or one['project']}"))
        assert cells[2] == plain(f"{formats.number(one['size_gib'])} GiB")
        assert cells[4] == plain(formats.euro(one["month_micro_eur"]))
