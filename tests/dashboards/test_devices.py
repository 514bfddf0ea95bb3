"""Devices: the fleet by selector, one with what it runs and should, any two versions compared; no secret anywhere."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from selenium.webdriver.common.by import By
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
from tests.dashboards.driving import looked_at
from tests.network.conftest import SCOPE, keys, routers

__all__ = ["keys", "routers"]

SECRET = "zeer-geheim-1"


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
            store.keep(
                tx, KeyFile(keys), device_id=device, tenant_id=tenant, platform="frr", configuration=body,
                source="backup",
            )  # fmt: skip


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
        page.get(url + httpx2.post(f"{url}/enter", headers=bearer, trust_env=False).json()["path"])
        page.find_element(By.ID, "go").click()
        page.get(f"{url}/devices/ac91")
        looked_at(page, shots, "device")
        page.get(f"{url}/devices")
        looked_at(page, shots, "fleet")
