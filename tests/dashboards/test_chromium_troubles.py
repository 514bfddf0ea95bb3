"""Something goes wrong in front of a person: the server dies or is slow, the session is over, the form is stale."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Person
from tests.api.serving import serve
from tests.dashboards import standing
from tests.dashboards.between import Between
from tests.dashboards.driving import enter, patient, press, seen

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offered")]

LONG = "Since Monday the letters of our citizens arrive late.\nWe looked at everything that we could think of."


@dataclass
class Slow(Between):
    """The application, which takes its time over what a form brings."""

    seconds: float = 0.0

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[Any]],
    ) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


def _link(person: Person) -> str:
    return str(person.post("/enter").json()["path"])


def _shown(page: WebDriver, name: str) -> bool:
    return page.find_element(By.ID, name).is_displayed()


def _describe(page: WebDriver, address: str, subject: str) -> None:
    page.get(f"{address}/support/new")
    page.find_element(By.ID, "subject").send_keys(subject)
    page.find_element(By.ID, "body").send_keys(LONG)


def _asked(person: Person, subject: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.get(f"/api/v1/support-requests?q={subject}").json()["items"]
    return found


def test_what_was_typed_outlives_a_server_that_died_and_is_sent_when_it_is_back(
    page: WebDriver, app: FastAPI, agent: Person
) -> None:
    with serve(app) as address:
        port = int(address.rsplit(":", 1)[1])
        enter(page, address, _link(agent))
        _describe(page, address, "dead-server")
    press(page, "#ask")
    patient(page).until(lambda driver: _shown(driver, "away"), "not told")
    assert page.find_element(By.ID, "body").get_attribute("value") == LONG
    assert page.find_element(By.ID, "subject").get_attribute("value") == "dead-server"
    with serve(app, port):
        press(page, "#ask")
        seen(page, "Your answer")
        assert LONG.split("\n")[1] in page.find_element(By.TAG_NAME, "main").text
    assert len(_asked(agent, "dead-server")) == 1


def test_a_slow_server_is_told_and_pressing_twice_asks_once(page: WebDriver, app: FastAPI, agent: Person) -> None:
    slow = Slow(app)
    with serve(slow) as address:  # type: ignore[arg-type]  # any ASGI application is served alike
        enter(page, address, _link(agent))
        _describe(page, address, "slow-server")
        slow.seconds = 4
        # the driver waits for what a click loads, so the page itself notes what it showed meanwhile
        page.execute_script(
            "const notice = document.getElementById('slow'), ask = document.getElementById('ask');"
            "new MutationObserver(() => { if (!notice.hidden && notice.offsetHeight) sessionStorage.told ="
            " JSON.stringify([notice.innerText, document.getElementById('body').value]); })"
            ".observe(notice, {attributes: true});"
            "ask.click(); ask.click();"
        )
        seen(page, "Your answer")
        said, kept = json.loads(page.execute_script("return sessionStorage.told || '[null, null]'"))
        assert said is not None, "not told"
        assert "It takes longer than usual." in said
        assert kept == LONG
        slow.seconds = 0
    assert len(_asked(agent, "slow-server")) == 1


def test_a_session_that_ended_keeps_what_was_typed_until_somebody_signed_in_again(
    page: WebDriver, app: FastAPI, agent: Person, database: Database
) -> None:
    with serve(app) as address:
        enter(page, address, _link(agent))
        _describe(page, address, "over")
        with database.transaction("owner", SYSTEM) as tx:
            tx.execute(text("update session set ended_at = now() where ended_at is null"))
        app.state.remembered.clear()  # as after two seconds
        press(page, "#ask")
        seen(page, "Your session is over")
        assert _asked(agent, "over") == []
        first = page.current_window_handle
        page.switch_to.new_window("tab")
        enter(page, address, _link(agent))
        page.switch_to.window(first)
        press(page, "#again")
        seen(page, "Send it once more")
        assert LONG.split("\n")[1] in page.find_element(By.TAG_NAME, "main").text
        assert _asked(agent, "over") == [], "nothing before it is looked at"
        press(page, "#again")
        seen(page, "Your answer")
    assert len(_asked(agent, "over")) == 1


def test_a_form_about_something_that_was_altered_meanwhile_says_so_and_keeps_its_words(
    page: WebDriver, app: FastAPI, agent: Person, database: Database
) -> None:
    volume = standing.volume(database, "altered")
    with serve(app) as address:
        enter(page, address, _link(agent))
        page.get(f"{address}/volumes/{volume}/rename")
        name = page.find_element(By.ID, "name")
        name.clear()
        name.send_keys("better-name")
        page.find_element(By.ID, "reason").send_keys("people ask for it by this name")
        press(page, "#preview")
        seen(page, "nobody: it begins at once")
        with database.transaction("owner", SYSTEM) as tx:
            tx.execute(text("update volume set description = 'somebody was here' where id = :id"), {"id": volume})
        press(page, "#order")
        seen(page, "It is another one than you saw.")
        assert page.find_element(By.ID, "name").get_attribute("value") == "better-name"
        assert page.find_element(By.ID, "reason").get_attribute("value") == "people ask for it by this name"
        press(page, "#preview")
        seen(page, "nobody: it begins at once")
        press(page, "#order")
        seen(page, "Rename a volume")
