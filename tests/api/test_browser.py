"""Sign-in as a person meets it: a real Chromium, the real provider, the real pages under their strict policy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.api.chromium import chromium
from tests.api.oidc_lab import World

pytestmark = pytest.mark.slow


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WebDriver]:
    with chromium(tmp_path) as made:
        yield made


def _patient(page: WebDriver) -> WebDriverWait[WebDriver]:
    """Look at a page that may give way to the next while one looks."""
    return WebDriverWait(page, 60, ignored_exceptions=[WebDriverException])


def at(page: WebDriver, part: str) -> None:
    """Wait until the browser is where it should be."""
    WebDriverWait(page, 60).until(lambda driver: part in driver.current_url, f"not at {part}: {page.current_url}")


def text_of(page: WebDriver, name: str) -> str:
    return str(_patient(page).until(lambda driver: driver.find_element(By.ID, name).text or " ")).strip()


def log_in(page: WebDriver, login: str) -> None:
    text_of(page, "login")
    page.find_element(By.ID, "login").send_keys(login)
    page.find_element(By.ID, "password").send_keys("lab")
    page.find_element(By.ID, "go").click()


def sign_in(page: WebDriver, world: World, login: str) -> None:
    page.get(f"{world.url}/sign-in")
    page.find_element(By.ID, "with-lab").click()
    log_in(page, login)


def complaints(page: WebDriver) -> list[str]:
    """What the browser's console holds against the page: a policy that blocked something, a script that failed."""
    entries = page.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium leaves it untyped
    return [entry["message"] for entry in entries if "favicon" not in entry["message"]]


def test_a_person_signs_in_sees_who_they_are_and_signs_out(page: WebDriver, world: World) -> None:
    sign_in(page, world, "anna")
    at(page, "/signed-in")
    assert text_of(page, "who") == "You are signed in as Anna Claes (ixelles.anna)."
    assert text_of(page, "roles") == "agency-admin"
    cookie = page.get_cookie("irisplane-test-session")
    assert cookie is not None
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert page.execute_script("return document.cookie") == ""
    assert complaints(page) == []
    page.find_element(By.ID, "sign-out").click()
    at(page, "said=signed-out")
    assert text_of(page, "signed-out") == "You are signed out."
    page.find_element(By.ID, "out-of-lab").click()
    at(page, "/session/end")
    page.find_element(By.NAME, "logout").click()
    at(page, f"{world.url}/sign-in")
    page.find_element(By.ID, "with-lab").click()
    text_of(page, "go")  # the provider asks again who it is
    page.get(f"{world.url}/signed-in")
    at(page, "/sign-in?next=")
    assert complaints(page) == []


@pytest.mark.parametrize(("language", "heading"), [("fr", "Se connecter"), ("nl", "Aanmelden")])
def test_pages_speak_the_browsers_language(tmp_path: Path, world: World, language: str, heading: str) -> None:
    with chromium(tmp_path, language) as page:
        page.get(f"{world.url}/sign-in")
        assert page.find_element(By.TAG_NAME, "h1").text == heading
        page.find_element(By.LINK_TEXT, "English").click()
        _patient(page).until(lambda driver: driver.find_element(By.TAG_NAME, "h1").text == "Sign in", "not English")


def test_an_answer_with_another_state_is_refused(page: WebDriver, world: World) -> None:
    sign_in(page, world, "anna")
    at(page, "/signed-in")
    page.get(f"{world.url}/sign-in/lab/callback?code=stolen&state=made-up&iss={world.provider.issuer}")
    assert "did not begin a sign-in" in text_of(page, "detail")
    page.get(f"{world.url}/sign-in")
    page.delete_all_cookies()
    page.find_element(By.ID, "with-lab").click()
    text_of(page, "go")
    page.get(f"{world.url}/sign-in/lab/callback?code=stolen&state=made-up&iss={world.provider.issuer}")
    assert "does not belong to the sign-in" in text_of(page, "detail")
    assert page.get_cookie("irisplane-test-session") is None


def test_who_has_no_place_here_reads_why(page: WebDriver, world: World) -> None:
    sign_in(page, world, "nora")
    assert "'99999', which is no administration here" in text_of(page, "detail")


def test_a_removed_member_is_out_of_the_browser_within_a_minute(page: WebDriver, world: World, tmp_path: Path) -> None:
    sign_in(page, world, "bram")
    at(page, "/signed-in")
    anna, _ = world.sign_in("anna")
    removed = time.monotonic()
    assert anna.delete("/api/v1/members/ixelles.bram", headers=world.csrf(anna)).status_code == 204
    page.refresh()
    at(page, "/sign-in?next=")
    assert time.monotonic() - removed < 60
    page.get(f"{world.url}/sign-in/lab")  # the provider still knows him; Irisplane does not let him in
    assert "you were removed" in text_of(page, "detail")
