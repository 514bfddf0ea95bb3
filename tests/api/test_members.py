"""An agency-admin invites, lists and removes members of the own administration, and touches no other."""

from __future__ import annotations

import time
from threading import Thread

import httpx2
import pytest
from sqlalchemy import text

from core.db import Database
from tests.api.oidc_lab import World
from tests.api.people import SYSTEM, Hire, Person

ASKED = {"email": "eva@ixelles.example", "role": "agency-user", "locale": "fr"}


@pytest.fixture(scope="module")
def other(hire: Hire) -> Person:
    return hire("other-admin", "agency-admin", tenant="uccle")


def test_members_are_the_own_administrations(agent: Person, other: Person, engineer: Person, manager: Person) -> None:
    mine = agent.get("/api/v1/members").json()["items"]
    assert [one["handle"] for one in mine] == ["agent"]
    assert mine[0]["roles"] == {"agency-admin": ["granted"]}
    assert mine[0]["last_seen_at"]
    assert agent.get("/api/v1/members?tenant=uccle").status_code == 404
    assert agent.get("/api/v1/members?tenant=nowhere").status_code == 404
    shown = manager.get("/api/v1/members?tenant=uccle").json()["items"]
    assert [one["handle"] for one in shown] == ["other-admin"]


def test_an_invitation_is_a_mail_and_its_token_is_shown_once(agent: Person, database: Database) -> None:
    made = agent.post("/api/v1/invitations", json=ASKED, key="inv-1")
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    again = agent.post("/api/v1/invitations", json=ASKED, key="inv-1").json()
    assert ("token" in again, "link" in again, again["id"]) == (False, False, made.json()["id"])
    with database.transaction("owner", SYSTEM) as tx:
        mail = tx.execute(
            text("select subject, body from notice where invitation_id = :id"), {"id": made.json()["id"]}
        ).one()
        elsewhere = tx.execute(
            text(
                "select (select count(*) from journal j where strpos(j::text, :token) > 0)"
                " + (select count(*) from change_log l where strpos(l::text, :token) > 0)"
                " + (select count(*) from idempotency i where strpos(i::text, :token) > 0)"
            ),
            {"token": token},
        ).scalar_one()
    assert "invite" in mail.subject
    assert f"/sign-in?invitation={token}" in mail.body
    assert elsewhere == 0
    listed = agent.get("/api/v1/invitations")
    assert token not in listed.text
    assert [(one["email"], one["state"]) for one in listed.json()["items"]] == [("eva@ixelles.example", "open")]
    assert agent.post("/api/v1/invitations", json=ASKED).status_code == 409


def test_an_invitation_is_taken_up_once(agent: Person, hire: Hire) -> None:
    token = agent.post("/api/v1/invitations", json={**ASKED, "email": "fay@ixelles.example"}).json()["token"]
    guest = hire("fay", "agency-user", tenant="uccle")
    late = hire("late", "agency-user", tenant="uccle")
    done = guest.send("POST", f"/api/v1/invitations/{token}:accept")
    assert (done.status_code, done.json()) == (200, {"tenant": "ixelles", "role": "agency-user"})
    assert late.send("POST", f"/api/v1/invitations/{token}:accept").status_code == 404
    members = agent.get("/api/v1/members").json()["items"]
    assert [one["handle"] for one in members] == ["agent", "fay"]
    accepted = [one for one in agent.get("/api/v1/invitations").json()["items"] if one["state"] == "accepted"]
    assert [one["accepted_by"] for one in accepted] == ["fay"]


def test_an_invitation_that_was_withdrawn_or_is_over_opens_nothing(
    agent: Person, other: Person, hire: Hire, database: Database
) -> None:
    guest = hire("guest", "agency-user", tenant="uccle")
    first = agent.post("/api/v1/invitations", json={**ASKED, "email": "gil@ixelles.example"}).json()
    assert other.send("DELETE", f"/api/v1/invitations/{first['id']}").status_code == 404
    assert agent.send("DELETE", f"/api/v1/invitations/{first['id']}").status_code == 204
    assert agent.send("DELETE", f"/api/v1/invitations/{first['id']}").status_code == 404
    second = agent.post("/api/v1/invitations", json={**ASKED, "email": "gil@ixelles.example"}).json()
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text("update invitation set expires_at = now() - interval '1 s' where id = :id"), {"id": second["id"]}
        )
    answers = [
        guest.send("POST", f"/api/v1/invitations/{token}:accept")
        for token in (first["token"], second["token"], "irpi_" + "x" * 43, "x")
    ]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
        (404, "This invitation is not valid: used, withdrawn, expired or unknown.")
    }
    third = agent.post("/api/v1/invitations", json={**ASKED, "email": "gil@ixelles.example"})
    assert third.status_code == 201  # one that is over stands in nobody's way


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [({"email": "no address"}, "/email"), ({"role": "engineer"}, "/role"), ({"locale": "de"}, "/locale")],
)
def test_a_wrong_invitation_names_the_field(agent: Person, wrong: dict[str, str], pointer: str) -> None:
    answer = agent.post("/api/v1/invitations", json={**ASKED, **wrong})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_an_agencys_user_invites_and_removes_nobody(hire: Hire) -> None:
    user = hire("plain", "agency-user", tenant="ixelles")
    assert user.post("/api/v1/invitations", json=ASKED).status_code == 403
    assert user.send("DELETE", "/api/v1/members/agent").status_code == 403
    assert user.get("/api/v1/members").status_code == 403


def test_a_member_who_was_removed_is_out_at_once(agent: Person, hire: Hire, database: Database) -> None:
    gone = hire("gone-member", "agency-user", tenant="ixelles")
    assert gone.get("/api/v1/me").status_code == 200
    assert agent.send("DELETE", "/api/v1/members/gone-member").status_code == 204
    assert gone.get("/api/v1/me").status_code == 401
    assert agent.send("DELETE", "/api/v1/members/gone-member").status_code == 404
    with database.transaction("owner", SYSTEM) as tx:
        told = tx.execute(text("select body from journal where action = 'member.removed'")).scalars().all()
    assert {"roles": ["agency-user"]} in told


def test_nobody_touches_another_administrations_members(agent: Person, other: Person, manager: Person) -> None:
    assert agent.send("DELETE", "/api/v1/members/other-admin").status_code == 404
    assert agent.send("DELETE", "/api/v1/members/other-admin?tenant=uccle").status_code == 404
    assert agent.send("PUT", "/api/v1/members/other-admin/role", json={"role": "agency-user"}).status_code == 404
    assert other.get("/api/v1/me").status_code == 200


def test_nobody_ends_the_own_membership(agent: Person) -> None:
    assert agent.send("DELETE", "/api/v1/members/agent").status_code == 403
    assert agent.send("PUT", "/api/v1/members/agent/role", json={"role": "agency-user"}).status_code == 403


def test_the_last_administrator_stays_unless_a_platform_manager_says_otherwise(
    hire: Hire, manager: Person, lead: Person, database: Database, tenants: object
) -> None:
    first = hire("first-admin", "agency-admin", tenant="uccle")
    others = [one["handle"] for one in manager.get("/api/v1/members?tenant=uccle").json()["items"]]
    for handle in set(others) - {"first-admin"}:
        assert first.send("DELETE", f"/api/v1/members/{handle}").status_code == 204
    second = hire("second-admin", "agency-admin", tenant="uccle")
    assert second.send("PUT", "/api/v1/members/first-admin/role", json={"role": "agency-user"}).status_code == 200
    helper = hire("a-lead", "network-lead")
    # nobody else is agency-admin there now
    closing = helper.send("POST", "/api/v1/principals/second-admin:deactivate")
    assert (closing.status_code, closing.json()["code"]) == (409, "CORE-143")
    assert second.get("/api/v1/me").status_code == 200
    assert manager.send("DELETE", "/api/v1/members/second-admin?tenant=uccle").status_code == 204
    assert second.get("/api/v1/me").status_code == 401


def test_two_administrators_cannot_remove_each_other_at_once(hire: Hire, database: Database, manager: Person) -> None:
    pair = [hire(f"twin-{n}", "agency-admin", tenant="uccle") for n in (1, 2)]
    answers: list[int] = []
    threads = [
        Thread(
            target=lambda who=who, whom=whom: answers.append(
                who.send("DELETE", f"/api/v1/members/{whom.handle}").status_code
            )
        )
        for who, whom in (pair, reversed(pair))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = [one["handle"] for one in manager.get("/api/v1/members?tenant=uccle").json()["items"]]
    admins = [handle for handle in left if handle.startswith("twin")]
    assert len(admins) == 1
    assert sorted(answers) in ([204, 401], [204, 409])


def test_a_members_role_is_changed(agent: Person, hire: Hire) -> None:
    member = hire("climber", "agency-user", tenant="ixelles")
    assert agent.send("PUT", "/api/v1/members/climber/role", json={"role": "agency-admin"}).status_code == 200
    assert member.get("/api/v1/me").json()["roles"] == ["agency-admin"]
    assert agent.send("PUT", "/api/v1/members/climber/role", json={"role": "agency-user"}).status_code == 200
    assert member.get("/api/v1/me").json()["roles"] == ["agency-user"]
    assert agent.send("PUT", "/api/v1/members/nobody/role", json={"role": "agency-user"}).status_code == 404


def test_an_agency_keeps_its_own_service_accounts(agent: Person, hire: Hire) -> None:
    other = hire("neighbour", "agency-admin", tenant="uccle")
    hire("colleague", "agency-user", tenant="ixelles")
    asked = {"handle": "bot", "kind": "service", "display_name": "Bot", "role": "agency-user"}
    added = agent.post("/api/v1/principals", json=asked)
    assert (added.status_code, added.json()["handle"]) == (201, "ixelles.bot")
    assert other.post("/api/v1/principals", json=asked).json()["handle"] == "uccle.bot"
    made = agent.post("/api/v1/tokens", json={"name": "ci", "scopes": ["inventory:read"], "principal": "ixelles.bot"})
    assert made.status_code == 201, made.text
    bot = Person(agent.id, "ixelles.bot", made.json()["token"], agent.client)
    assert bot.get("/api/v1/me").json()["kind"] == "service"
    assert bot.send("POST", "/api/v1/invitations/irpi_x:accept").status_code == 403
    assert other.send("POST", "/api/v1/principals/ixelles.bot:deactivate").status_code == 404
    assert agent.send("POST", "/api/v1/principals/colleague:deactivate").status_code == 403  # a person, not a service
    assert agent.send("POST", "/api/v1/principals/ixelles.bot:deactivate").status_code == 204
    assert bot.get("/api/v1/me").status_code == 401


# --------------------------------------------------------------------------------------- with an identity provider


@pytest.mark.slow
def test_who_was_invited_becomes_a_member_by_signing_in(world: World) -> None:
    anna, _ = world.sign_in("anna")
    made = anna.post(
        "/api/v1/invitations",
        json={**ASKED, "email": "nora@elsewhere.example"},
        headers={"Idempotency-Key": "nora", **world.csrf(anna)},
    ).json()
    assert made["link"] == f"{world.url}/sign-in?invitation={made['token']}"
    browser = world.browser()
    page = browser.get(made["link"])
    assert 'id="invited"' in page.text
    nora, page = world.sign_in("nora", f"?invitation={made['token']}")
    assert page.url.path == "/signed-in"
    assert nora.get("/api/v1/me").json()["tenant"] == "ixelles"
    _, page = world.sign_in("nora")  # the role was granted: later her claims alone are not asked
    assert page.url.path == "/signed-in", page.text
    _, page = world.sign_in("nora", f"?invitation={made['token']}")
    assert page.status_code == 404


@pytest.mark.slow
def test_a_removed_member_is_out_of_session_token_and_stream_and_no_claim_brings_them_back(world: World) -> None:
    anna, _ = world.sign_in("anna")
    bram, _ = world.sign_in("bram")
    headers = world.csrf(bram) | {"Idempotency-Key": "bram-token"}
    token = bram.post("/api/v1/tokens", json={"name": "t", "scopes": ["inventory:read"]}, headers=headers).json()[
        "token"
    ]
    by_token = {"Authorization": f"Bearer {token}"}
    assert httpx2.get(f"{world.url}/api/v1/me", headers=by_token, trust_env=False).status_code == 200
    ended: list[float] = []

    def listen() -> None:
        with bram.stream("GET", "/api/v1/events", timeout=90) as stream:
            for _ in stream.iter_lines():
                pass
        ended.append(time.monotonic())

    listener = Thread(target=listen)
    listener.start()
    time.sleep(1)
    removed = time.monotonic()
    assert anna.delete("/api/v1/members/ixelles.bram", headers=world.csrf(anna)).status_code == 204
    assert bram.get("/api/v1/me").status_code == 401
    assert httpx2.get(f"{world.url}/api/v1/me", headers=by_token, trust_env=False).status_code == 401
    _, page = world.sign_in("bram")
    assert (page.status_code, "you were removed" in page.text) == (403, True)
    listener.join(60)
    assert ended, "the stream still goes on a minute later"
    assert ended[0] - removed < 60
    made = anna.post(
        "/api/v1/invitations",
        json={**ASKED, "email": "bram@ixelles.example"},
        headers={"Idempotency-Key": "back", **world.csrf(anna)},
    ).json()
    _, page = world.sign_in("bram", f"?invitation={made['token']}")
    assert page.url.path == "/signed-in", page.text
