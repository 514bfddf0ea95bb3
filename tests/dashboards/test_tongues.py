"""No English on a French or Dutch page: on every page there is, for everybody, and on every answer to every form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, text

from core.db import Database
from core.journal.record import record
from core.journal.sequencer import Sequencer
from core.scope import EVERY_TENANT, Scope
from dashboards.languages import catalogue
from network.incidents.seeing import LinkSight
from network.incidents.store import say
from network.incidents.watching import settle
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards import standing
from tests.dashboards.addresses import addresses, filled_in
from tests.dashboards.conftest import Visiting
from tests.dashboards.month import a_month
from tests.dashboards.planting import everything_of, plant
from tests.dashboards.tongues import Found, english_on
from tests.dashboards.written import acts

pytestmark = pytest.mark.usefixtures("offered")

LANGUAGES = ("fr", "nl")
WHY = "kialo"
"""A reason in no language of these pages: what people write is theirs."""
OWN = frozenset({"public"})
"""What people called things that are shown, where a text of the pages is the same."""
ASKED = ("", "?q=zq&since=zz&days=zz", "?select=zz%3Dzz&kind=log&cursor=zz", "?state=failed&kind=zz&site=zz")
_NOTES: tuple[tuple[str, dict[str, str], dict[str, str] | None], ...] = (
    ("confirmed", {"confirm": "Confirmed and saved on the router."}, None),
    (
        "confirmed",
        {"verify": "ac02: reachable, text exact, 4 of 5 expectations met; was so before: ping 10.0.0.3: no"},
        None,
    ),
    ("verified", {"prepare": "The router accepts it: 7 lines to enter."}, None),
    ("undone", {"undo": "Found as it was before: its own timer took it back."}, None),
    ("failed", {}, {"code": "NET-001", "message": "ac05 (10.0.0.5:22) cannot be reached: no answer in time."}),
    ("unknown", {}, {"code": "NET-002", "message": "ac06 said nothing for 9 s (commit)."}),
)  # fmt: skip
_STEP = text("""
    insert into change_step (change_id, tenant_id, ordinal, batch, target_id, target_name, state, record, error)
    select c.id, c.tenant_id, :ordinal, 0, 'device:' || :ordinal, :name, :state, cast(:record as jsonb),
           cast(:error as jsonb) from change c where c.id = :change""")
_ENDED = text("""
    update change set state = 'failed', waiting_for = '{}', started_at = requested_at, finished_at = now(),
           outcome = outcome || jsonb_build_object('summary',
           'Apply failed on ac05: ac05 said nothing for 9 s (commit). 4 targets are as before'),
           plan = jsonb_set(plan, '{impact,notes}', '["ac02 carries its own traffic only, meanwhile"]')
     where id = :change""")
_DEVICES = {
    "operations": [
        {"action": "create", "type": "device", "values": [
            {"name": name, "role": "access", "device_type": "FRRouting/FRR", "site": "TH-21004", "status": "active",
             "interfaces": [{"name": "lo", "kind": "loopback"}, {"name": "to-ac01"}]} for name in ("ac01", "ac02")]},
        {"action": "create", "type": "link", "values": [{"name": "pair", "a": "ac01:to-ac01", "b": "ac02:to-ac01"}]},
    ],
}  # fmt: skip
_SILENT = text("""
    insert into device_state (device_id, tenant_id, reachable, seen_at, error, drifted_since, drift_diff, pushed)
    select id, tenant_id, false, now(), jsonb_build_object('code', 'NET-001', 'message',
           name || ' (192.0.2.9:22) cannot be reached: no answer in time.'), now(), '+ x', 'x' from device
     order by name limit 5""")
_FAULTY = text("""
    update server set status = 'error', fault = 'The network has no free address left.'
     where name = 'web-1' returning id""")
_OTHERWISE = text("""
    update volume set findings = '[{"what": "size_gib", "here": 5, "cloud": 6}, {"what": "server", "here": null,
           "cloud": "x"}]' where name = 'data'""")


@pytest.fixture(scope="module")
def ids(agent: Person, engineer: Person, manager: Person, database: Database) -> dict[str, str]:
    """A region that has lived, with one of everything that can be looked at, by the place it stands under."""
    a_month(engineer, manager, database)
    with database.transaction("owner", SYSTEM) as tx:  # the month has used them up
        tx.execute(text("update quota set granted = granted + 20 where resource = 'floating_ips'"))
    known = everything_of(agent, database)
    body = {"kind": "network.example", "intent": {"names": ["ac01", "ac02"]}, "reason": WHY}
    change = str(engineer.post("/api/v1/changes", json=body).json()["id"])
    made = manager.post("/api/v1/changes", json={"kind": "inventory.edit", "intent": _DEVICES, "reason": WHY})
    assert made.status_code == 201, made.text
    with database.transaction("owner", SYSTEM) as tx:
        for number, (state, notes, error) in enumerate(_NOTES):
            step = {"ordinal": number, "name": f"ac0{number}", "state": state, "change": change}
            tx.execute(_STEP, {**step, "record": json.dumps({"notes": notes}), "error": json.dumps(error)})
        tx.execute(_ENDED, {"change": change})
        tx.execute(_SILENT)
        server = tx.execute(_FAULTY).scalar_one()
        tx.execute(_OTHERWISE)
        device = tx.execute(text("select name from device order by name limit 1")).scalar_one()
        incident = _fallen(tx)
    _happened(database, change)
    return {
        **known,
        "changes": change,
        "servers": str(server),
        "name": device,
        "seq": "1",
        "number": "1",
        "code": "servers",
        "incidents": str(incident),
        "services": standing.service(database, "zq-kialo", 10094),
    }


def _fallen(tx: Connection) -> int:
    """A link that fell, stood again and fell, as the watch tells it, and how an alert and a cut cable are told."""
    ends = ("ac01", "ac02")
    for state, seen in (("up", ()), ("down", ("ac01:to-ac01 is shut",)), ("up", ()), ("down", ())):
        settle(tx, [LinkSight("pair", "up" if state == "up" else "down", seen, ends)], set())
    found = tx.execute(text("select id, number from incident")).one()
    for said in (
        "cable C-1 or C-2: links pair, own and 3 more down.", "duct D-1 or D-2 or D-3 or 4 more: link pair down.",
        "ac01:to-ac01 sees no light; ac02 lost its OSPF neighbour 10.0.0.1 on to-ac01.", "links pair, own up again.",
        "What is down together is explained by strand C-1/2.", "Told: ixelles, uccle.", "It is part of incident 7.",
    ):  # fmt: skip
        say(tx, found.id, "evidence", said)
    return int(found.number)


def _happened(database: Database, change: str) -> None:
    """One of each act that the journal can hold."""
    with database.transaction("owner", Scope(EVERY_TENANT, None, "test", WHY, UUID(change))) as tx:
        for action in sorted({one.text for one in acts() if "7" not in one.text}):
            subject = action.partition(".")[0]
            record(tx, "event" if subject == "change" else "audit", action, subject, change)
        body = {"target": "ac05", "phase": "verify", "status": "failed", "note": "ac05 does not run the planned text"}
        record(tx, "event", "change.step", "change", change, body=body)
    Sequencer(database, None).drain()


def _places(app: FastAPI, ids: dict[str, str]) -> Iterator[str]:
    for _method, path in addresses(app, "GET", pages=True):
        if not path.endswith((".csv", ".pdf")) and path != "/docs":  # the interface of programs is described in English
            yield filled_in(path, ids)
            if "{" in path:
                yield filled_in(path)


def _told(found: Mapping[Found, str]) -> str:
    return "\n".join(f"{where}: {one.how}: {one.text}" for one, where in sorted(found.items()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_says_anything_in_english(
    language: str, app: FastAPI, visiting: Visiting, ids: dict[str, str], agent: Person, lead: Person, hire: Hire
) -> None:
    people = (
        agent, lead, hire(f"{language}-manager", "platform-manager"), hire(f"{language}-board", "management"),
        hire(f"{language}-auditor", "auditor"), hire(f"{language}-keeper", "agency-admin", tenant="ixelles"),
    )  # fmt: skip
    found: dict[Found, str] = {}
    pages = 0
    for person in people:
        browser = visiting(person, language)
        for place in sorted(set(_places(app, ids))):
            for asked in ASKED if person is lead and place.count("/") == 1 else ("",):
                answer = browser.client.get(place + asked, headers={"Accept-Language": language})
                if not answer.headers.get("content-type", "").startswith("text/html"):
                    continue
                assert answer.status_code < 500, place
                pages += 1
                for one in english_on(answer.text, language, OWN):
                    found.setdefault(one, f"{person.handle} {place}{asked}")
    assert pages > 200
    story = visiting(lead, language).open(f"/changes/{ids['changes']}/story").text
    assert catalogue(language).gettext("an approval was given") in story, "the acts are there to be read"
    assert not found, _told(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_answer_to_a_form_says_anything_in_english(
    language: str, app: FastAPI, visiting: Visiting, ids: dict[str, str], agent: Person, lead: Person
) -> None:
    found: dict[Found, str] = {}
    answers = 0
    for person, payload in ((agent, "zq"), (agent, "-1"), (lead, "zq")):
        browser = visiting(person, language)
        places = sorted(set(_places(app, ids)))
        done = plant(browser, places, payload)
        answers += len(done.answers)
        for page in done.answers:
            where = f"{person.handle} {page.answer.request.method} {page.answer.url.path}"
            for one in english_on(page.answer.text, language, OWN):
                found.setdefault(one, where)
    assert answers > 100
    assert not found, _told(found)


@pytest.mark.parametrize(
    ("planted", "how"),
    [
        ('<p lang="en">Rien</p>', "text that says it is English"),
        ('<div lang="en"><p><b>Rien</b></p></div>', "text that says it is English"),
        ("<p>Servers</p>", "text of the catalogue, not translated"),
        ('<a aria-label="Servers">x</a>', "aria-label of the catalogue, not translated"),
        ('<input placeholder="Search">', "placeholder of the catalogue, not translated"),
        ("<p>This is what nobody gave to the catalogue.</p>", "text that reads English"),
        ('<img alt="A map with every site">', "alt that reads English"),
        ('<section lang="fr"><p lang="en">x</p></section>', "text that says it is English"),
    ],
)
def test_english_is_found_wherever_it_is_planted(planted: str, how: str) -> None:
    assert [one.how for one in english_on(f"<html lang='fr'><br><img><main>{planted}</main></html>", "fr")] == [how]


@pytest.mark.parametrize(
    "allowed",
    [
        '<span class="machine" lang="en">Unknown command, and what not</span>',
        "<code>This is what it has</code>",
        '<pre class="config">this is what it has and not more</pre>',
        "<p>Serveurs, for web-1</p>",
        '<div lang="en"><p lang="fr">Rien</p></div>',
        "<p>Volumes</p>",
    ],
)
def test_what_a_machine_wrote_and_what_is_french_are_left_alone(allowed: str) -> None:
    assert english_on(f"<html lang='fr'>{allowed}</html>", "fr") == set()
