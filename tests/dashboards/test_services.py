"""Network services by page: who sees which, ends and ways, packets, and the designer that reads the plan first."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.db import Database
from dashboards.sentences import said
from network.services.ways import Way
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.conftest import Visiting

pytestmark = pytest.mark.usefixtures("furnished")

_CODE = "guichets-ixelles"
_ENDS = {"place-0": "ac91:port2", "address-0": "10.92.1.1/24", "place-1": "cr91:port2", "address-1": "10.92.2.1/24"}


def test_an_engineer_sees_every_service_with_its_state_its_ends_and_its_ways(
    visiting: Visiting, engineer: Person
) -> None:
    browser = visiting(engineer)
    assert "/services" in browser.open("/devices").links
    page = browser.open("/services")
    assert {f"/services/{_CODE}", "/services:new"} <= set(page.links)
    assert "ixelles" in page.text
    one = browser.open(f"/services/{_CODE}")
    for words in ("VRF V1091", "10091", "10.91.1.1/24", "10.91.1.10", "cr91-ac91", "no second way", "200 Mbit/s"):
        assert words in one.text, words
    assert {"/devices/ac91", "/map?site=TH-21004", f"/services/{_CODE}/remove"} <= set(one.links)
    assert "/plant/cables/C-ARTS-1/strands/1" in one.links
    told = engineer.get("/api/v1/incidents").json()["items"]
    assert f"/incidents/{told[0]['number']}" in one.links, "the link between its ends is down"
    assert browser.open("/services/nobodys").status == 404


def test_what_is_asked_for_stands_in_the_address_and_in_the_file(visiting: Visiting, engineer: Person) -> None:
    browser = visiting(engineer)
    for asked, found in (
        ("q=GUICHETS", True), ("q=th-21004", True), ("q=ac91", True), ("kind=l3vpn", True), ("tenant=ixelles", True),
        ("q=nowhere", False), ("kind=e-line", False), ("tenant=uccle", False),
    ):  # fmt: skip
        assert (f"/services/{_CODE}" in browser.open(f"/services?{asked}").links) is found, asked
        rows = list(csv.DictReader(io.StringIO(browser.client.get(f"/services.csv?{asked}").text)))
        assert ([row["code"] for row in rows] == [_CODE]) is found, asked
    (row,) = csv.DictReader(io.StringIO(browser.client.get("/services.csv").text))
    assert (row["table_number"], row["ends"]) == ("1091", "ac91:port1 cr91:port1")


def test_an_administration_sees_its_own_and_orders_tests_and_removes_nothing(
    visiting: Visiting, agent: Person, hire: Hire
) -> None:
    browser = visiting(agent, "nl")
    assert "/services" in browser.open("/holdings").links
    page = browser.open(f"/services/{_CODE}")
    for words in ("10.91.1.1/24", "TH-21004", "Tunnel"):
        assert words in page.text
    assert "cr91-ac91" not in page.text, "over which links it goes is the region's"
    assert not [form for form in page.forms if "services" in form.action]
    assert not [link for link in page.links if link.startswith(("/devices", "/map", "/services:new", "/changes/"))]
    for place in ("/services:new", f"/services/{_CODE}/remove"):
        assert browser.open(place).status == 403
    csrf = page.form("/language").fields["csrf_token"]
    assert browser.client.post(f"/services/{_CODE}/test", data={"csrf_token": csrf}).status_code == 403
    stranger = visiting(hire("no-service", "agency-admin", tenant="uccle"))
    assert _CODE not in stranger.open("/services").text
    theirs, nobodys = stranger.open(f"/services/{_CODE}"), stranger.open("/services/nobodys")
    assert theirs.status == nobodys.status == 404
    assert _CODE not in stranger.client.get("/services.csv").text


def test_internet_access_shows_its_exit_and_who_may_be_told_of_it(
    visiting: Visiting, engineer: Person, agent: Person, database: Database
) -> None:
    browser = visiting(engineer)
    ends = (
        "insert into service_end (service_id, tenant_id, device_id, interface_id, address, exit, public)"
        " select s.id, s.tenant_id, d.id, i.id, cast(v.address as inet), v.exit, not v.exit from service s,"
        " (values ('ac91', '203.0.113.1/29', false), ('cr91', null, true)) v(name, address, exit)"
        " join device d on d.name = v.name join interface i on i.device_id = d.id and i.name = 'port2'"
        " where s.code = 'way-out'"
    )
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "insert into service (tenant_id, code, kind, protection, table_number, tunnel_number)"
                " select id, 'way-out', 'internet', 'none', 1092, 10092 from tenant where code = 'ixelles'"
            )
        )
        tx.execute(text(ends))
    try:
        assert "/services/way-out" in browser.open("/services?kind=internet").links
        page = browser.open("/services/way-out")
        for words in ("internet access", "203.0.113.1/29", "exit to the internet", "ac91 – cr91"):
            assert words in page.text, words
        assert "/services/way-out/test" in [form.action for form in page.forms]
        said_so = engineer.get("/api/v1/network/services/way-out").json()["ends"]
        assert [(end["device"], end["exit"]) for end in said_so] == [("ac91", False), ("cr91", True)]
        assert "internettoegang" in visiting(agent, "nl").open("/services/way-out").text
    finally:
        with database.transaction("owner", SYSTEM) as tx:
            tx.execute(text("delete from service where code = 'way-out'"))


def test_an_administration_reads_of_works_that_concern_its_service_and_asks_about_it(
    visiting: Visiting, engineer: Person, agent: Person, hire: Hire
) -> None:
    begins, ends = datetime.now(UTC) + timedelta(days=3), datetime.now(UTC) + timedelta(days=3, hours=4)
    body = {"of": [{"kind": "cable", "key": "C-ARTS-1"}], "begins": begins.isoformat(), "ends": ends.isoformat()}
    made = engineer.post("/api/v1/fibre/works", json=body)
    assert made.status_code == 201, made.text
    assert ("service", _CODE) in {(one["type"], one["name"]) for one in made.json()["resources"]}
    browser = visiting(agent)
    assert "Works on the fibre network" not in browser.open("/services").text, "nobody is told of a draft"
    told = engineer.send(
        "PATCH", f"/api/v1/maintenance/{made.json()['id']}", json={"state": "scheduled"},
        headers={"If-Match": made.headers["etag"]},
    )  # fmt: skip
    assert told.status_code == 200, told.text
    for place in ("/", "/services", f"/services/{_CODE}", "/incidents", "/support"):
        page = browser.open(place)
        assert "Works on the fibre network: C-ARTS-1" in page.text, place
        assert f"/services/{_CODE}" in page.links, place
    about = next(link for link in browser.open(f"/services/{_CODE}").links if "about=service" in link)
    assert _CODE in browser.open(about).text
    asked = browser.send(browser.open(about).form("/support/new"), subject="Les travaux", body="À quelle heure ?")
    assert f"/services/{_CODE}" in asked.links
    stranger = visiting(hire("no-works", "agency-admin", tenant="uccle"))
    for place in ("/", "/services", "/incidents", "/support"):
        assert "Works on the fibre network" not in stranger.open(place).text, place
    assert stranger.client.get(about).status_code == 404


def test_routers_that_do_not_answer_are_not_known_to_pass_packets(visiting: Visiting, engineer: Person) -> None:
    browser = visiting(engineer)
    tested = browser.send(browser.open(f"/services/{_CODE}").form(f"/services/{_CODE}/test"))
    assert "What packets did just now" in tested.text
    assert "packets pass" not in tested.text
    assert tested.text.count("not known") == 2
    told = engineer.post(f"/api/v1/network/services/{_CODE}:test").json()["items"]
    assert [(one["device"], one["status"]) for one in told] == [("ac91", "unknown"), ("cr91", "unknown")]


def test_the_designer_points_at_what_cannot_be_taken_and_keeps_what_was_typed(
    visiting: Visiting, engineer: Person
) -> None:
    browser = visiting(engineer)
    form = browser.open("/services:new").form("/services:new")
    good = {"code": "archives", "tenant": "ixelles", "reason": "for the test", **_ENDS}
    for wrong, words in (
        ({"code": ""}, "left empty"), ({"code": "NO"}, "match pattern"), ({"place-1": "ac91"}, "no port of a device"),
        ({"address-1": "10.92.2.1"}, "with its length"), ({"address-1": "10.92.1.9/24"}, "overlap"),
        ({"probe-0": "10.1.1.1"}, "is not in"), ({"place-1": "ac91:port2"}, "is named twice"),
        ({"place-1": "", "address-1": ""}, "two ends at least"), ({"bandwidth_mbps": "fast"}, "valid integer"),
        ({"place-0": "nobody:port1"}, "There is no device"), ({"place-0": "ac91:port9"}, "has no port"),
        ({"place-0": "ac91:port1"}, f"carries the service '{_CODE}'"), ({"place-0": "ac91:to-cr91"}, "end of the link"),
        ({"code": _CODE}, "already"), ({"protection": "protected"}, "share a"),
    ):  # fmt: skip
        answer = browser.send(form, action="preview", **{**good, **wrong})
        assert 400 <= answer.status < 500, (wrong, answer.text[:300])
        assert words in answer.text, (wrong, answer.text)
        kept = answer.form("/services:new").fields
        assert {name: kept[name] for name in wrong} == wrong
        assert kept["reason"] == "for the test"
        assert ("action", "order") not in answer.form("/services:new").buttons, "there is no plan to say yes to"
    field = browser.send(form, action="preview", **{**good, "address-1": "10.92.2.1"})
    assert 'id="address-1" name="address-1"' in field.answer.text
    wrong_one = field.answer.text.split('id="address-1"')[1].split(">")[0]
    assert 'aria-invalid="true"' in wrong_one


def test_another_end_keeps_what_was_typed(visiting: Visiting, engineer: Person) -> None:
    browser = visiting(engineer, "fr")
    form = browser.open("/services:new").form("/services:new")
    assert "place-2" not in form.fields
    more = browser.send(form, action="more", code="archives", **_ENDS).form("/services:new")
    assert {name: more.fields[name] for name in _ENDS} == _ENDS
    assert (more.fields["place-2"], more.fields["code"]) == ("", "archives")
    assert "ac91:port2" in browser.open("/services:new").answer.text, "free ports are offered"
    assert "ac91:port1" not in browser.open("/services:new").answer.text.split("<datalist")[1].split("</datalist")[0]


def test_a_plan_that_cannot_be_made_orders_and_removes_nothing(visiting: Visiting, engineer: Person) -> None:
    browser = visiting(engineer)
    before = len(engineer.get("/api/v1/changes?limit=1000").json()["items"])
    form = browser.open("/services:new").form("/services:new")
    good = {"code": "archives", "tenant": "ixelles", "reason": "for the test", **_ENDS}
    refused = browser.send(form, action="order", **good)
    assert 400 <= refused.status < 600
    assert "NET-" in refused.text
    leaving = browser.open(f"/services/{_CODE}/remove").form(f"/services/{_CODE}/remove")
    gone = browser.send(leaving, action="remove", reason="nobody uses it")
    assert "NET-" in gone.text or "The plan is another one than you saw" in gone.text
    assert len(engineer.get("/api/v1/changes?limit=1000").json()["items"]) == before
    assert browser.open(f"/services/{_CODE}").status == 200


@pytest.mark.parametrize("language", ["fr", "nl"])
@pytest.mark.parametrize(
    "note",
    [
        str(Way("ac91", "cr91", ("cr91-ac91", "x-y"), ("ac91", "cr91"))),
        str(Way("ac91", "cr91", ("cr91-ac91",), ("ac91", "cr91"), ("a-b", "c-d"))),
        str(Way("ac91", "cr91", ("cr91-ac91",), ("ac91", "cr91"), ("a-b", "c-d"), ("C-1/2", "C-2/2"))),
        (
            "takes the table number 1000 (VRF V1000, route target 64512:1000, distinguisher LOOPBACK:1000)"
            " and the tunnel number 10000 (VNI)"
        ),
        "gives back the tunnel number 10000 and the table number 1000",
    ],
)
def test_what_a_plan_tells_of_ways_and_numbers_is_said_in_every_language(note: str, language: str) -> None:
    assert said(note, language)[1] == language
