"""Configuration contexts by page: their effect is read before anything is saved, and nobody's text is lost."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from api.app import create_app
from core.bootstrap import ensure
from core.db import Database
from core.errors import InvalidInput
from core.settings import get_settings
from inventory import queries
from inventory.context_text import data_of, text_of
from tests.dashboards.browsing import Browser
from tests.network.conftest import SCOPE, engineer, keys, routers

__all__ = ["engineer", "keys", "routers"]


@pytest.fixture(scope="module")
def tokens(database: Database, keys: Path) -> dict[str, str]:
    """The first people of a region, with their tokens."""
    return {handle: str(profile["token"]) for handle, profile in ensure(database).items()}


@pytest.fixture(scope="module")
def app(database: Database, tokens: dict[str, str], routers: dict[str, UUID]) -> FastAPI:
    return create_app(database, get_settings())


def _of(app: FastAPI, token: str) -> Browser:
    made = Browser(app)
    assert made.sign_in(token).status == 200
    made.speak("en")
    return made


@pytest.fixture
def browser(app: FastAPI, tokens: dict[str, str]) -> Browser:
    return _of(app, tokens["lead"])


def _saved(database: Database, name: str) -> dict[str, object]:
    with database.transaction("api", SCOPE) as tx:
        found: dict[str, object] = json.loads(queries.one_object(tx, "config_context", name)[0])
    return found


def _added(browser: Browser, data: str, **where: str) -> str:
    """A context, saved by page after its effect was read."""
    name = f"c-{uuid4().hex[:8]}"
    typed = {"name": name, "data": data, "reason": "for the test", **(where or {"scope": "role", "role": "access"})}
    effect = browser.send(browser.open("/contexts:new").form("/contexts:new"), action="preview", **typed)
    assert effect.status == 200, effect.text
    saved = browser.send(effect.form("/contexts:new"), action="save")
    assert saved.status == 200, saved.text
    return name


def test_the_effect_is_read_on_every_device_before_anything_is_saved(browser: Browser, database: Database) -> None:
    name = _added(browser, "ospf: {dead: 5}", scope="device", device="ac91")
    page = browser.open(f"/contexts/{name}")
    assert "/devices/ac91" in page.links
    assert "/devices/cr91" not in page.links
    form = page.form(f"/contexts/{name}")
    assert form.fields["data"].split() == ["ospf:", "dead:", "5"]
    effect = browser.send(form, action="preview", data="ospf: {dead: 6}", reason="slower")
    assert "1 device is altered" in effect.text
    assert "<mark>6</mark>" in effect.answer.text
    assert _saved(database, name)["data"] == {"ospf": {"dead": 5}}, "nothing is saved yet"
    done = browser.send(effect.form(f"/contexts/{name}"), action="save")
    assert "Edit the inventory" in done.text
    assert _saved(database, name)["data"] == {"ospf": {"dead": 6}}
    undo = next(form for form in done.forms if form.action.endswith("/undo"))
    assert browser.send(undo).status == 200
    assert _saved(database, name)["data"] == {"ospf": {"dead": 5}}, "saving is a change, and it is taken back"
    assert f"/contexts/{name}" in browser.open("/contexts").links


def test_saving_without_having_read_this_effect_shows_it_instead(browser: Browser, database: Database) -> None:
    name = _added(browser, "banner: one")
    form = browser.open(f"/contexts/{name}").form(f"/contexts/{name}")
    unread = browser.send(form, action="save", data="banner: two", reason="at once")
    assert unread.status == 409
    assert "Nothing was saved" in unread.text
    assert _saved(database, name)["data"] == {"banner": "one"}
    other = browser.send(unread.form(f"/contexts/{name}"), action="save", data="banner: three")
    assert other.status == 409
    assert browser.send(other.form(f"/contexts/{name}"), action="save", reason=" ").status == 422
    browser.send(other.form(f"/contexts/{name}"), action="save")
    assert _saved(database, name)["data"] == {"banner": "three"}


def test_a_stale_form_loses_nothing_and_shows_what_the_other_one_saved(browser: Browser, database: Database) -> None:
    name = _added(browser, "banner: one\nntp:\n  servers: [192.0.2.1]")
    mine = browser.open(f"/contexts/{name}").form(f"/contexts/{name}")
    theirs = browser.open(f"/contexts/{name}").form(f"/contexts/{name}")
    read = browser.send(theirs, action="preview", data="banner: theirs", reason="mine is better")
    browser.send(read.form(f"/contexts/{name}"), action="save")
    typed = "banner: mine, typed for half an hour"
    stale = browser.send(mine, action="preview", data=typed, reason="a long explanation")
    assert stale.status == 409
    assert "Somebody else saved this context" in stale.text
    assert "Saved now" in stale.text
    assert "theirs" in stale.text
    form = stale.form(f"/contexts/{name}")
    assert (form.fields["data"].strip(), form.fields["reason"]) == (typed, "a long explanation")
    assert _saved(database, name)["data"] == {"banner": "theirs"}
    again = browser.send(form, action="preview")
    browser.send(again.form(f"/contexts/{name}"), action="save")
    assert _saved(database, name)["data"] == {"banner": "mine, typed for half an hour"}


def test_a_value_that_no_device_could_take_is_told_by_the_devices_name(browser: Browser, database: Database) -> None:
    name = _added(browser, "banner: one", scope="device", device="cr91")
    form = browser.open(f"/contexts/{name}").form(f"/contexts/{name}")
    wrong = browser.send(form, action="preview", data="ospf: {spf_timers: 5}", reason="x")
    assert wrong.status == 422
    assert "No intent can be computed for cr91" in wrong.text
    assert wrong.form(f"/contexts/{name}").fields["data"].strip() == "ospf: {spf_timers: 5}"
    assert _saved(database, name)["data"] == {"banner": "one"}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"data": "a: [1"}, "line 1"),
        ({"data": "- a"}, "names and values"),
        ({"data": "a: &x [1]\nb: *x"}, "aliases"),
        ({"data": "a: 2026-01-01"}, "quotes"),
        ({"weight": "heavy"}, "whole number"),
        ({"name": ""}, "needs a name"),
        ({"scope": "site", "site": ""}, "Which site"),
        ({"scope": "site", "site": "NOWHERE"}, "NOWHERE"),
        ({"data": "+a: 1"}, "list"),
    ],
)
def test_what_cannot_be_taken_comes_back_with_its_field_named(
    browser: Browser, typed: dict[str, str], words: str
) -> None:
    form = browser.open("/contexts:new").form("/contexts:new")
    given = {"name": "c-wrong", "scope": "region", "data": "a: 1", "reason": "x", **typed}
    page = browser.send(form, action="preview", **given)
    assert page.status in {404, 422}, page.text
    assert words in page.text
    assert "aria-invalid" in page.attributes
    kept = page.form("/contexts:new").fields
    assert {name: kept[name].strip() for name in typed} == typed


def test_what_devices_lose_is_read_before_a_context_is_deleted_and_taking_it_back_restores_it(
    browser: Browser, database: Database
) -> None:
    name = _added(browser, "ospf: {dead: 7}", scope="device", device="ac91", weight="5000")
    address = f"/contexts/{name}/delete"
    assert address in browser.open(f"/contexts/{name}").links
    page = browser.open(address)
    assert "1 device is altered" in page.text
    assert "dead-interval" in page.text
    form = page.form(address)
    unexplained = browser.send(form, reason=" ")
    assert unexplained.status == 422
    assert "without knowing why" in unexplained.text
    assert _saved(database, name)["data"] == {"ospf": {"dead": 7}}, "nothing is deleted yet"
    done = browser.send(form, reason="not needed any more")
    assert browser.send(form, reason="not needed any more").answer.url == done.answer.url, "pressed twice"
    assert browser.open(f"/contexts/{name}").status == 404
    assert browser.open(address).status == 404
    undo = next(form for form in done.forms if form.action.endswith("/undo"))
    assert browser.send(undo).status == 200
    assert _saved(database, name)["data"] == {"ospf": {"dead": 7}}


def test_a_context_that_somebody_altered_meanwhile_is_not_deleted_unread(browser: Browser, database: Database) -> None:
    name = _added(browser, "banner: one")
    address = f"/contexts/{name}/delete"
    mine = browser.open(address).form(address)
    edit = browser.open(f"/contexts/{name}").form(f"/contexts/{name}")
    read = browser.send(edit, action="preview", data="banner: theirs", reason="better")
    browser.send(read.form(f"/contexts/{name}"), action="save")
    stale = browser.send(mine, reason="a long explanation")
    assert stale.status == 409
    assert "Nothing was deleted" in stale.text
    assert "theirs" in stale.text
    again = stale.form(address)
    assert again.fields["reason"].strip() == "a long explanation"
    assert _saved(database, name)["data"] == {"banner": "theirs"}
    assert browser.send(again).status == 200
    assert browser.open(f"/contexts/{name}").status == 404


def test_who_may_only_read_sees_no_form(app: FastAPI, tokens: dict[str, str], browser: Browser) -> None:
    name = _added(browser, "banner: one")
    auditor = _of(app, tokens["auditor"])
    page = auditor.open(f"/contexts/{name}")
    assert page.status == 200, page.text
    assert "banner: one" in page.text
    assert [form for form in page.forms if form.method == "post" and form.action != "/language"] == []
    assert auditor.open("/contexts:new").status == 403
    assert auditor.open("/contexts/nothing-here").status == 404
    assert f"/contexts/{name}/delete" not in page.links
    assert auditor.open(f"/contexts/{name}/delete").status == 403


def test_data_are_read_as_they_are_written() -> None:
    for data in ({"a": {"b": [1, "x: y", None]}, "banner": "one\ntwo\n", "+ntp": ["192.0.2.1"], "no": "yes"}, {}):
        assert data_of(text_of(data) or "{}") == data
    assert data_of('{"1": true}') == {"1": True}
    with pytest.raises(InvalidInput):
        data_of("a: .nan")
