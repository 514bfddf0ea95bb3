"""People sign in with a real OpenID Connect provider, stay signed in, and are out when they should be."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx2
import pytest
from sqlalchemy import text

from core.db import Database
from core.identity import grant
from core.settings import load
from tests.api.oidc_lab import World, cookies_of
from tests.api.people import SYSTEM, Hire

pytestmark = pytest.mark.slow


def me(client: httpx2.Client) -> dict[str, object]:
    answer = client.get("/api/v1/me")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def scalar(database: Database, statement: str, **values: object) -> object:
    with database.transaction("owner", SYSTEM) as tx:
        return tx.execute(text(statement), values).scalar()


# ------------------------------------------------------------------------------------------------------- signing in


def test_a_person_signs_in_and_is_who_the_provider_says(world: World, database: Database) -> None:
    client, page = world.sign_in("anna")
    assert (page.status_code, page.url.path) == (200, "/signed-in")
    assert "Anna Claes (ixelles.anna)" in page.text
    found = me(client)
    assert (found["handle"], found["tenant"], found["roles"]) == ("ixelles.anna", "ixelles", ["agency-admin"])
    external = scalar(database, "select external_id from principal where handle = 'ixelles.anna'")
    assert external == f"{world.provider.issuer}|b3d8e2c0"


def test_staff_of_the_region_comes_in_as_staff(world: World) -> None:
    client, _ = world.sign_in("hugo")
    found = me(client)
    assert (found["tenant"], found["staff"], found["roles"]) == ("region", True, ["engineer"])


def test_a_later_sign_in_follows_the_claims_and_leaves_alone_what_people_granted(
    world: World, database: Database
) -> None:
    first, _ = world.sign_in("bram")
    assert me(first)["roles"] == ["agency-user"]
    with database.transaction("owner", SYSTEM) as tx:
        who = tx.execute(text("select id from principal where handle = 'ixelles.bram'")).scalar_one()
        tenant = tx.execute(text("select id from tenant where code = 'uccle'")).scalar_one()
        grant(tx, principal_id=who, tenant_id=tenant, role="agency-user", granted_by=None)
    world.provider.alter("bram", groups=["agency-admins"], name="Bram D.")
    second, page = world.sign_in("bram")
    assert "Bram D." in page.text
    assert me(second)["roles"] == ["agency-admin"]
    with database.transaction("owner", SYSTEM) as tx:
        held = tx.execute(
            text(
                "select t.code, m.role, m.source from membership m join tenant t on t.id = m.tenant_id"
                " where m.principal_id = :who and m.held @> now() order by t.code"
            ),
            {"who": who},
        ).all()
    assert [tuple(row) for row in held] == [("ixelles", "agency-admin", "claims"), ("uccle", "agency-user", "granted")]
    world.provider.alter("bram", groups=["agency-users"], name="Bram De Smet")


def test_an_unknown_administration_is_refused_by_name_and_no_account_is_made(world: World, database: Database) -> None:
    client, page = world.sign_in("nora")
    assert page.status_code == 403
    assert "&#39;99999&#39;" in page.text
    assert "CORE-140" in page.text
    assert client.get("/api/v1/me").status_code == 401
    assert scalar(database, "select count(*) from principal where display_name = 'Nora Haddad'") == 0


def test_groups_that_give_nothing_are_refused_by_name(world: World) -> None:
    _, page = world.sign_in("otto")
    assert page.status_code == 403
    assert "chess-club" in page.text


def test_who_lost_their_groups_loses_their_roles_though_they_are_refused(world: World, database: Database) -> None:
    world.provider.alter("otto", groups=["agency-users"])
    client, _ = world.sign_in("otto")
    assert me(client)["roles"] == ["agency-user"]
    world.provider.alter("otto", groups=["chess-club"])
    _, page = world.sign_in("otto")
    assert page.status_code == 403
    time.sleep(2.1)
    assert client.get("/api/v1/me").status_code == 401


def test_a_group_gives_no_role_of_the_regions_staff_in_an_agency(world: World) -> None:
    world.provider.alter("otto", groups=["irisplane-engineers"])
    _, page = world.sign_in("otto")
    assert page.status_code == 403
    assert "held in the region only" in page.text
    world.provider.alter("otto", groups=["chess-club"])


def test_a_closed_account_does_not_come_back(world: World, database: Database) -> None:
    world.sign_in("marie")
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update principal set active = false where handle = 'marie'"))
    _, page = world.sign_in("marie")
    assert (page.status_code, "closed" in page.text) == (403, True)
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update principal set active = true where handle = 'marie'"))


def test_a_handle_that_is_taken_gets_a_number(world: World, hire: Hire) -> None:
    hire("ixelles.ken", "agency-user", tenant="ixelles")
    world.provider.alter("nora", login="ken", tenant="21009")
    client, _ = world.sign_in("ken")
    assert me(client)["handle"] == "ixelles.ken-2"
    world.provider.alter("ken", login="nora", tenant="99999")


# ---------------------------------------------------------------------------------------------- what is not believed


def callback_of(world: World, client: httpx2.Client, login: str) -> str:
    """The address with which the provider sends the browser back, not yet visited."""
    form = world.at_provider(client)
    client.follow_redirects = False
    answer = client.post(str(form.url), data={"login": login, "password": "lab"})
    while not answer.headers["location"].startswith(f"{world.url}/sign-in/lab/callback"):
        answer = client.get(str(answer.url.join(answer.headers["location"])))
    return str(answer.headers["location"])


def altered(address: str, **changes: str) -> str:
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query)), **changes}
    return urlunsplit(parts._replace(query=urlencode(query)))


@pytest.mark.parametrize("change", [{"state": "x" * 43}, {"iss": "http://127.0.0.1:1"}, {"code": "made-up"}])
def test_an_answer_that_was_altered_opens_nothing(world: World, change: dict[str, str]) -> None:
    client = world.browser()
    answer = client.get(altered(callback_of(world, client, "anna"), **change))
    assert (answer.status_code, "CORE-141" in answer.text) == (401, True), answer.text
    assert client.get("/api/v1/me").status_code == 401


def test_an_answer_brought_by_another_browser_opens_nothing(world: World) -> None:
    """Who sends somebody else their own answer cannot sign them in under another name."""
    attacker, victim = world.browser(), world.browser()
    address = callback_of(world, attacker, "anna")
    assert victim.get(address).status_code == 401
    world.at_provider(victim)
    assert victim.get(address).status_code == 401
    assert victim.get("/api/v1/me").status_code == 401


def test_an_answer_is_good_once(world: World) -> None:
    client = world.browser()
    address = callback_of(world, client, "anna")
    before = dict(client.cookies)
    assert client.get(address).status_code == 303
    replay = world.browser()
    replay.cookies.update(before)
    replay.follow_redirects = False
    assert replay.get(address).status_code == 401


def test_an_answer_that_comes_late_opens_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.browser()
    address = callback_of(world, client, "anna")
    now = time.time()
    monkeypatch.setattr("api.browser.time.time", lambda: now + 601)
    answer = client.get(address)
    assert (answer.status_code, "ten minutes" in answer.text) == (401, True)


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "evil",
     "/sign-in/lab", "http:/evil.example", "/%0d%0aLocation:x\r\nx"],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(world: World, wanted: str) -> None:
    _, page = world.sign_in("anna", f"?{urlencode({'next': wanted})}")
    assert str(page.url) == f"{world.url}/signed-in"


def test_one_comes_back_to_where_one_was(world: World) -> None:
    _, page = world.sign_in("anna", f"?{urlencode({'next': '/docs?x=1'})}")
    assert str(page.url) == f"{world.url}/docs?x=1"


def test_an_unknown_provider_is_a_page_that_says_so(world: World) -> None:
    page = world.browser().get("/sign-in/elsewhere")
    assert (page.status_code, "elsewhere" in page.text) == (404, True)


# ------------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize(("language", "word"), [("fr", "Se connecter"), ("nl", "Aanmelden"), ("en", "Sign in")])
def test_pages_speak_the_languages_of_the_region(world: World, language: str, word: str) -> None:
    page = world.browser(**{"Accept-Language": f"{language}-BE,en;q=0.2"}).get("/sign-in")
    assert f'<html lang="{language}">' in page.text
    assert f"<h1>{word}</h1>" in page.text
    assert f'<html lang="{language}">' in world.browser().get(f"/sign-in?lang={language}").text


def test_pages_bring_no_script_and_no_style_of_their_own(world: World) -> None:
    client, signed_in = world.sign_in("anna")
    for page in (client.get("/sign-in"), signed_in, client.get("/sign-in/elsewhere")):
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", page.text)
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"


def test_what_people_are_called_is_text_and_nothing_else(world: World) -> None:
    world.provider.alter("anna", name="<script>alert(1)</script>")
    _, page = world.sign_in("anna")
    assert "<script" not in page.text
    world.provider.alter("anna", name="Anna Claes")


def test_cookies_are_this_hosts_alone_where_there_is_tls(world: World) -> None:
    client = world.browser()
    client.follow_redirects = False
    plain = cookies_of(client.get("/sign-in/lab"))["irisplane-test-sign-in"]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(plain.split("; "))
    before = world.app.state.settings
    world.app.state.settings = before.model_copy(update={"public_url": "https://irisplane.example"})
    try:
        strict = cookies_of(client.get("/sign-in/lab"))["__Host-irisplane-sign-in"]
    finally:
        world.app.state.settings = before
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(strict.split("; "))
    assert "Domain" not in strict


def test_beginning_again_and_again_is_limited(database: Database, world: World) -> None:
    from api.limits import Limits

    before = world.app.state.limits
    world.app.state.limits = Limits(world.settings.model_copy(update={"rate_limit_sign_in": "2/60"}))
    client = world.browser()
    client.follow_redirects = False
    try:
        answers = [client.get("/sign-in/lab") for _ in range(3)]
    finally:
        world.app.state.limits = before
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "<h1>" in answers[-1].text


# ------------------------------------------------------------------------------------------------------- sessions


def test_a_session_alters_something_only_with_its_csrf_token(world: World) -> None:
    client, _ = world.sign_in("anna")
    asked = {"name": "by browser", "scopes": ["inventory:read"]}
    key = {"Idempotency-Key": "csrf-1"}
    refused = client.post("/api/v1/tokens", json=asked, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (403, "API-121")
    other, _ = world.sign_in("bram")
    assert client.post("/api/v1/tokens", json=asked, headers=key | world.csrf(other)).status_code == 403
    assert client.post("/api/v1/tokens", json=asked, headers=key | world.csrf(client)).status_code == 201


def test_signing_out_ends_the_session_and_the_cookie(world: World) -> None:
    client, page = world.sign_in("anna")
    kept = dict(client.cookies)
    assert client.post("/sign-out", data={"csrf_token": "no"}).status_code == 403
    csrf = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', page.text)
    assert csrf is not None
    done = client.post("/sign-out", data={"csrf_token": csrf[1]})
    assert (done.status_code, done.url.path, 'id="signed-out"' in done.text) == (200, "/sign-in", True)
    assert "irisplane-test-session" not in client.cookies
    thief = world.browser()
    thief.cookies.update(kept)
    assert thief.get("/api/v1/me").status_code == 401


def test_one_sees_and_ends_ones_own_sessions_and_no_others(world: World) -> None:
    first, _ = world.sign_in("anna")
    second, _ = world.sign_in("anna")
    other, _ = world.sign_in("bram")
    mine = second.get("/api/v1/sessions").json()["items"]
    current = [one["id"] for one in mine if one["current"]]
    assert len(current) == 1
    theirs = other.get("/api/v1/session").json()["id"]
    assert theirs not in {one["id"] for one in mine}
    assert second.delete(f"/api/v1/sessions/{theirs}", headers=world.csrf(second)).status_code == 404
    target = first.get("/api/v1/session").json()["id"]
    assert second.delete(f"/api/v1/sessions/{target}", headers=world.csrf(second)).status_code == 204
    assert first.get("/api/v1/me").status_code == 401
    assert second.get("/api/v1/me").status_code == 200


def test_signing_in_anew_leaves_no_session_behind(world: World, database: Database) -> None:
    client, _ = world.sign_in("anna")
    before = client.get("/api/v1/session").json()["id"]
    old = client.cookies["irisplane-test-session"]
    client.get("/sign-in/lab")  # the provider still knows them: no form
    assert client.get("/api/v1/session").json()["id"] != before
    assert client.cookies["irisplane-test-session"] != old
    assert scalar(database, "select ended_at is not null from session where id = :id", id=before)


@pytest.mark.parametrize("clock", ["seen_at = now() - interval '61 minutes'", "expires_at = now() - interval '1 s'"])
def test_a_session_ends_when_idle_and_in_any_case(world: World, database: Database, clock: str) -> None:
    client, _ = world.sign_in("anna")
    session = client.get("/api/v1/session").json()["id"]
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text(f"update session set {clock} where id = :id"), {"id": session})
    time.sleep(2.1)
    assert client.get("/api/v1/me").status_code == 401
    page = client.get("/signed-in")
    assert page.url.path == "/sign-in"


def test_use_moves_the_idle_end_once_a_minute(world: World, database: Database) -> None:
    client, _ = world.sign_in("anna")
    session = client.get("/api/v1/session").json()["id"]
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update session set seen_at = now() - interval '30 minutes' where id = :id"), {"id": session})
    time.sleep(2.1)
    assert client.get("/api/v1/me").status_code == 200
    age = scalar(database, "select now() - seen_at from session where id = :id", id=session)
    assert isinstance(age, timedelta)
    assert age < timedelta(seconds=30)


def test_a_session_acts_in_another_tenant_only_with_a_role_there(world: World, database: Database) -> None:
    client, _ = world.sign_in("bram")
    headers = world.csrf(client)
    assert client.post("/api/v1/session:move", json={"tenant": "region"}, headers=headers).status_code == 404
    assert client.post("/api/v1/session:move", json={"tenant": "uccle"}, headers=headers).status_code == 200
    assert me(client)["tenant"] == "uccle"


def test_the_database_knows_no_cookie(world: World, database: Database) -> None:
    client, _ = world.sign_in("anna")
    cookie = client.cookies["irisplane-test-session"]
    for table in ("session", "journal", "change_log"):
        assert (
            scalar(database, f"select count(*) from {table} t where strpos(t::text, :cookie) > 0", cookie=cookie) == 0
        )


def test_signing_out_at_the_provider_ends_the_session_here(world: World) -> None:
    client, _ = world.sign_in("anna")
    page = client.get(f"{world.provider.issuer}/session/end", params={"client_id": "irisplane"})
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', page.text)
    assert xsrf is not None, page.text
    client.post(f"{world.provider.issuer}/session/end/confirm", data={"xsrf": xsrf[1], "logout": "yes"})
    until = time.monotonic() + 60
    while client.get("/api/v1/me").status_code == 200 and time.monotonic() < until:
        time.sleep(0.2)
    assert client.get("/api/v1/me").status_code == 401


def test_a_made_up_sign_out_ends_nothing(world: World) -> None:
    client, _ = world.sign_in("anna")
    stranger = world.browser()
    for token in ("", "a.b.c", world.provider.access_token()):
        assert stranger.post("/sign-in/lab/signed-out", data={"logout_token": token}).status_code == 401
    assert client.get("/api/v1/me").status_code == 200


# ------------------------------------------------------------------------------------------------------- settings


def test_no_provider_is_no_error(client: object, app: object) -> None:
    from fastapi.testclient import TestClient

    assert isinstance(client, TestClient)
    page = client.get("/sign-in")
    assert (page.status_code, 'id="no-provider"' in page.text) == (200, True)


def test_the_file_of_providers_stands_with_the_state() -> None:
    made = load({"IRISPLANE_INSTANCE": "test", "IRISPLANE_STATE_DIR": "/nowhere"})
    assert str(made.oidc_file) == "/nowhere/oidc.yaml"
