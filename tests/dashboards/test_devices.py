"""Devices: the fleet by selector, one with what it runs and should, any two versions compared; no secret anywhere."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from markupsafe import escape
from sqlalchemy import text

from api.app import create_app
from core.bootstrap import ensure
from core.db import Database
from core.identity import Principal, principal_in
from core.keyring import KeyFile
from core.settings import get_settings
from network import store
from network.queries import intended_text
from tests.api.chromium import chromium
from tests.api.serving import serve
from tests.dashboards.browsing import Browser
from tests.dashboards.driving import enter, looked_at
from tests.dashboards.telling import Told
from tests.network.conftest import SCOPE, keys, routers

__all__ = ["keys", "routers"]

SECRET = "zeer-geheim-1"
_CHANGE = text("""
    insert into change (tenant_id, kind, title, state, reason, requested_by, plan_hash, plan, expires_at)
    select t.id, 'network.config', 'Push', :state, 'for the test', p.id, repeat('0', 64),
           jsonb_build_object('targets', jsonb_build_array(jsonb_build_object('id', cast(:target as text)))),
           now() + interval '1 day' from tenant t, principal p where t.code = 'paradigm' and p.handle = 'engineer'
    returning id""")
_PLACED = text("""
    with r as (insert into rack (tenant_id, site_id, name)
               select s.tenant_id, s.id, 'R7' from site s join device d on d.site_id = s.id where d.id = :device
               returning id, tenant_id, units),
         p as (insert into rack_placement (tenant_id, rack_id, rack_units, device_id, units, face)
               select d.tenant_id, r.id, r.units, d.id, '[10,12)', 'front' from r, device d where d.id = :device),
         i as (update interface set enabled = false, mtu = 9000 where device_id = :device and name like 'to-%')
    update device set software_version = '10.4.1', serial = 'BXL-0091' where id = :device""")


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
def kept(database: Database, keys: Path, routers: dict[str, UUID]) -> None:
    """``ac91`` has run its intent, and runs a line more now."""
    device = routers["ac91"]
    with database.transaction("worker", SCOPE) as tx:
        tenant = tx.execute(text("select tenant_id from device where id = :id"), {"id": device}).scalar_one()
        wanted = intended_text(tx, device)
        for body in (wanted, f"{wanted}ip route 198.51.100.0/24 blackhole\n! password {SECRET}\n"):
            for source in ("backup", "adopted"):  # the same text twice is one version, however often it was kept
                store.keep(
                    tx, KeyFile(keys), device_id=device, tenant_id=tenant, platform="frr", configuration=body,
                    source=source,
                )  # fmt: skip
        tx.execute(_PLACED, {"device": device})
        tx.execute(
            text(
                "insert into device_state (device_id, tenant_id, reachable, seen_at, fingerprint)"
                " values (:device, :tenant, true, now(), :digest)"
            ),
            {"device": device, "tenant": tenant, "digest": store.digest_of(body)},
        )


@pytest.fixture(scope="module")
def app(database: Database, tokens: dict[str, str], routers: dict[str, UUID]) -> FastAPI:
    return create_app(database, get_settings())


@pytest.fixture
def browser(app: FastAPI, tokens: dict[str, str]) -> Browser:
    made = Browser(app)
    assert made.sign_in(tokens["lead"]).status == 200
    made.speak("en")
    return made


def test_the_fleet_is_narrowed_by_selector_and_by_name(browser: Browser) -> None:
    page = browser.open("/devices")
    assert {"/devices/ac91", "/devices/cr91"} <= set(page.links)
    assert "unknown" in page.text, "nobody has looked yet, and that is not shown as good"
    core = browser.open("/devices?select=role%3Dcore")
    assert "/devices/cr91" in core.links
    assert "/devices/ac91" not in core.links
    assert core.forms[1].fields == {"q": "", "select": "role=core"}
    assert "/devices/cr91" not in browser.open("/devices?q=AC9").links
    wrong = browser.open("/devices?select=colour%3Dred")
    assert wrong.status == 200
    assert "INV-" in wrong.text
    assert wrong.forms[1].fields["select"] == "colour=red"
    assert browser.open("/devices/nobody").status == 404
    assert "reachable 0" in browser.open("/").text


@pytest.mark.usefixtures("kept")
def test_a_device_shows_what_a_push_would_alter_and_any_two_versions(browser: Browser) -> None:
    page = browser.open("/devices/ac91")
    assert page.status == 200
    assert "From what was read last to what is intended" in page.text
    assert "<del>ip route 198.51.100.0/24 blackhole" in page.answer.text
    assert "10.255.0.92/32" in page.text
    assert "cr91" in page.text, "the far end of its link"
    assert SECRET not in page.answer.text
    back = browser.open("/devices/ac91?a=@1&b=@0")
    assert "From @1 to @0" in back.text
    assert "<ins>ip route 198.51.100.0/24 blackhole" in back.answer.text
    same = browser.open("/devices/ac91?a=@1&b=intended")
    assert "the same" in same.text
    assert browser.open("/devices/ac91?a=@9&b=@0").status == 404


@pytest.mark.usefixtures("kept")
def test_a_device_says_what_it_is_where_it_stands_and_what_its_interfaces_lead_to(browser: Browser) -> None:
    told = Told(browser.open("/devices/ac91").answer.text)
    assert told.pairs["Software"] == "10.4.1"
    assert told.pairs["Model"].startswith("FRRouting/FRR")
    assert "BXL-0091" in told.pairs["Model"]
    assert told.pairs["Rack"] == "R7 unit 10-11, front"
    assert "not enrolled" in told.pairs["Address"]
    own, to = told.row("loopback"), told.row("physical · MTU 9000")  # names stand in code, which is not told
    assert (own[1], own[3], to[1]) == ("switched on", "–", "switched off")
    assert to[3] == "cr91 unknown to-ac91", "nobody has looked at the far end, and that is told"
    table = browser.client.get("/devices/ac91/interfaces.csv")
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(table.text))}
    assert rows["lo"]["addresses"] == "10.255.0.92/32"
    assert (rows["to-cr91"]["enabled"], rows["to-cr91"]["far_device"]) == ("False", "cr91")
    assert rows["to-cr91"]["far_state"] == "unknown"


@pytest.mark.usefixtures("kept")
def test_the_whole_intent_stands_on_the_page_as_the_api_gives_it(
    browser: Browser, app: FastAPI, tokens: dict[str, str]
) -> None:
    page = browser.open("/devices/ac91")
    asked = {"Authorization": f"Bearer {tokens['lead']}"}
    with TestClient(app) as client:
        for version, heading in (("intended", "Intended configuration"), ("@0", "What it runs")):
            body = client.get(f"/api/v1/network/devices/ac91/config?version={version}", headers=asked).text
            assert body.count("\n") > 10
            assert SECRET not in body
            assert f'aria-label="{heading}">{escape(body)}</pre>' in page.answer.text
    assert "Read from it, and still what it runs." in page.text


@pytest.mark.usefixtures("kept")
def test_a_version_is_called_the_same_on_the_page_in_the_api_and_where_it_is_read(
    browser: Browser, app: FastAPI, tokens: dict[str, str]
) -> None:
    page = browser.open("/devices/ac91")
    asked = {"Authorization": f"Bearer {tokens['lead']}"}
    with TestClient(app) as client:
        known = client.get("/api/v1/network/devices/ac91/versions", headers=asked).json()["items"]
        assert [one["version"] for one in known] == ["@0", "@0", "@1", "@1"]
        assert [one["runs"] for one in known] == [True, True, False, False]
    assert [link for link in page.links if link.startswith("?a=")] == ["?a=@1&b=@0#compare"]
    table = browser.client.get("/devices/ac91/versions.csv").text.splitlines()
    assert [row.split(",")[0] for row in table] == ["version", "'@0", "'@0", "'@1", "'@1"]


def test_what_touched_a_device_is_told_newest_first_and_further(
    browser: Browser, app: FastAPI, tokens: dict[str, str], database: Database, routers: dict[str, UUID]
) -> None:
    asked = {"Authorization": f"Bearer {tokens['engineer']}", "Idempotency-Key": "x"}
    made = []
    with TestClient(app) as client:
        for number in range(17):
            edit = {
                "action": "update",
                "type": "interface",
                "items": [{"ref": "cr91:lo", "set": {"mtu": 1500 + number}}],
            }
            body = {"kind": "inventory.edit", "intent": {"operations": [edit]}, "reason": f"number {number}"}
            answer = client.post("/api/v1/changes", json=body, headers={**asked, "Idempotency-Key": f"e{number}"})
            assert answer.status_code in {200, 201, 202}, answer.text
            made.append(answer.json()["id"])
        known = client.get("/api/v1/network/devices/cr91/changes?limit=10", headers=asked).json()
        assert [one["id"] for one in known["items"]] == made[:6:-1]
        rest = client.get(
            "/api/v1/network/devices/cr91/changes", params={"cursor": known["next"]}, headers=asked
        ).json()
        assert [one["id"] for one in rest["items"]][:7] == made[6::-1]
        other = client.get("/api/v1/network/devices/ac91/changes", headers=asked).json()["items"]
        assert not {one["id"] for one in other} & set(made), "edits of another device did not touch it"
        assert other, "the change that brought it in did"
    page = browser.open("/devices/cr91")
    shown = [link for link in page.links if link.startswith("/changes/")]
    assert shown == [f"/changes/{one}" for one in made[:1:-1]]
    further = browser.open("/devices/cr91" + next(link for link in page.links if "cursor=" in link))
    assert [link for link in further.links if link.startswith("/changes/")][:2] == [
        f"/changes/{one}" for one in made[1::-1]
    ]
    assert browser.client.get("/devices/cr91/changes.csv").text.splitlines()[1].startswith(made[-1])


def test_a_run_and_a_plan_that_waits_touch_their_devices(
    browser: Browser, database: Database, routers: dict[str, UUID]
) -> None:
    with database.transaction("owner", SCOPE) as tx:
        ran, waits = (
            tx.execute(_CHANGE, {"state": state, "target": f"device:{routers['ac91']}"}).scalar_one()
            for state in ("succeeded", "waiting")
        )
        tx.execute(
            text(
                "insert into change_step (change_id, tenant_id, ordinal, batch, target_id, target_name)"
                " select id, tenant_id, 0, 0, :target, 'ac91' from change where id = :change"
            ),
            {"change": ran, "target": f"device:{routers['ac91']}"},
        )
    links = browser.open("/devices/ac91").links
    assert links.index(f"/changes/{waits}") < links.index(f"/changes/{ran}")
    assert f"/changes/{ran}" not in browser.open("/devices/cr91").links


def test_a_device_that_was_never_read_says_how_it_will_be(browser: Browser) -> None:
    page = browser.open("/devices/cr91")
    assert page.status == 200
    assert "No configuration is kept yet." in page.text
    assert "/push?select=name%3Dcr91" in page.links


def test_a_push_that_cannot_be_planned_keeps_what_was_typed_and_says_why(browser: Browser, app: FastAPI) -> None:
    page = browser.open("/push?select=name%3Dac91")
    form = page.form("/push")
    assert (form.fields["select"], form.fields["canary"], form.fields["share"]) == ("name=ac91", "1", "25")
    refused = browser.send(form, reason="for the test", action="preview")
    assert refused.status >= 400, "nobody can log in to it"
    assert "NET-" in refused.text
    assert refused.form("/push").fields["reason"] == "for the test"
    for wrong, named in (
        ({"select": "colour=red"}, "INV-"),
        ({"select": ""}, "No routers"),
        ({"canary": "x"}, "whole"),
    ):
        answer = browser.send(form, action="preview", **wrong)
        assert answer.status in {404, 422}, answer.text
        assert named in answer.text
        assert {name: answer.form("/push").fields[name] for name in wrong} == wrong


def test_drift_is_shown_alike_together_with_what_is_done_about_it(
    browser: Browser, database: Database, routers: dict[str, UUID]
) -> None:
    assert "No device runs something else than intended." in browser.open("/drift").text
    with database.transaction("owner", SCOPE) as tx:
        tx.execute(
            text(
                "insert into device_state (device_id, tenant_id, drifted_since, drift_diff)"
                " select id, tenant_id, now(), '+ip route 198.51.100.0/24 blackhole' from device where id = any(:ids)"
                " on conflict (device_id) do update set drifted_since = now(), drift_diff = excluded.drift_diff"
            ),
            {"ids": [routers["ac91"], routers["cr91"]]},
        )
    page = browser.open("/drift")
    assert "2 alike: ac91, cr91" in page.text
    assert {"/push?select=name%3Dac91", "/devices/cr91"} <= set(page.links)
    assert "cr91" not in browser.open("/drift?select=role%3Daccess").text
    assert "/drift" in browser.open("/").links


@pytest.mark.slow
@pytest.mark.usefixtures("kept")
def test_a_device_is_sound_in_a_real_browser(app: FastAPI, tokens: dict[str, str], tmp_path: Path, shots: Path) -> None:
    with serve(app) as url, chromium(tmp_path) as page:
        bearer = {"Authorization": f"Bearer {tokens['lead']}"}
        enter(page, url, httpx2.post(f"{url}/enter", headers=bearer, trust_env=False).json()["path"])
        page.get(f"{url}/devices/ac91")
        looked_at(page, shots, "device")
        page.execute_script("for (const one of document.querySelectorAll('main details')) one.open = true")
        page.execute_script("document.getElementById('running').scrollIntoView()")
        looked_at(page, shots, "device-configurations")
        page.execute_script("document.getElementById('interfaces').scrollIntoView()")
        page.save_screenshot(str(shots / "device-interfaces.png"))
        page.get(f"{url}/devices")
        looked_at(page, shots, "fleet")
