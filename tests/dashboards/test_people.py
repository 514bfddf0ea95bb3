"""Members, invitations, tokens and service accounts by page: the API's own rules, and secrets that are shown once."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from tests.api.people import Hire, Person
from tests.dashboards.conftest import Visiting


@pytest.fixture(scope="module")
def colleague(hire: Hire) -> Person:
    return hire("colleague", "agency-user", tenant="ixelles")


def _roles(person: Person, handle: str) -> set[str]:
    return {
        role
        for one in person.get("/api/v1/members").json()["items"]
        if one["handle"] == handle
        for role in one["roles"]
    }


def test_somebody_is_invited_once_and_the_link_is_shown_once(visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)
    form = browser.open("/members").form("/members")
    wrong = browser.send(form, email="nobody", role="agency-admin")
    assert wrong.status == 422
    assert wrong.form("/members").fields["email"] == "nobody"
    assert wrong.form("/members").fields["role"] == "agency-admin"
    sent = browser.send(wrong.form("/members"), email="anna@ixelles.example", locale="nl")
    assert sent.status == 200
    assert "irpi_" in sent.text
    assert sent.form("/members").fields["email"] == "", "the form is ready for the next one"
    again = browser.send(wrong.form("/members"), email="anna@ixelles.example", locale="nl")
    assert again.status == 200
    assert "irpi_" not in again.text, "a button pressed twice invites once, and shows no link again"
    listed = agent.get("/api/v1/invitations").json()["items"]
    assert [(one["email"], one["role"], one["state"]) for one in listed] == [
        ("anna@ixelles.example", "agency-admin", "open")
    ]
    taken = browser.send(browser.open("/members").form("/members"), email="anna@ixelles.example", role="agency-admin")
    assert taken.status == 409
    gone = browser.send(taken.form(f"/invitations/{listed[0]['id']}/withdraw"))
    assert "withdrawn" in gone.text
    assert agent.get("/api/v1/invitations").json()["items"][0]["state"] == "withdrawn"


def test_a_member_gets_another_role_and_is_removed(visiting: Visiting, agent: Person, hire: Hire) -> None:
    person = hire("passing", "agency-user", tenant="ixelles")
    browser, own = visiting(agent), visiting(person)
    raised = browser.send(browser.open("/members").form("/members/passing/role"))
    assert _roles(agent, "passing") == {"agency-admin"}
    assert "Make a member : passing" in raised.text
    lowered = browser.send(raised.form("/members/passing/role"))
    assert _roles(agent, "passing") == {"agency-user"}
    removed = browser.send(lowered.form("/members/passing/remove"))
    assert "/members/passing/remove" not in {one.action for one in removed.forms}
    assert _roles(agent, "passing") == set()
    assert own.client.get("/", follow_redirects=False).headers["location"].startswith("/sign-in"), (
        "their session is over"
    )


def test_nobody_alters_themselves_and_a_member_only_looks_nowhere(
    visiting: Visiting, agent: Person, colleague: Person
) -> None:
    admin, member = visiting(agent), visiting(colleague)
    page = admin.open("/members")
    assert "/members/agent/role" not in {one.action for one in page.forms}
    fields = page.form("/members/colleague/role").fields
    for action in ("/members/agent/role", "/members/agent/remove"):
        assert admin.client.post(action, data=fields).status_code == 403
    assert member.open("/members").status == 403
    csrf = member.open("/").form("/language").fields
    tried = {
        "/members": {"email": "x@y.example"}, "/members/agent/role": {"role": "agency-user"},
        "/members/agent/remove": {}, "/service-accounts": {"handle": "x", "display_name": "x", "role": "agency-admin"},
        "/service-accounts/agent/close": {},
    }  # fmt: skip
    for action, typed in tried.items():
        assert member.client.post(action, data={**csrf, **typed}).status_code == 403, action
    assert _roles(agent, "agent") == {"agency-admin"}


def test_a_token_is_shown_once_holds_what_was_chosen_and_is_revoked(visiting: Visiting, colleague: Person) -> None:
    browser = visiting(colleague)
    form = browser.open("/tokens").form("/tokens")
    late = browser.send(form, name="far", ends="2099-01-01")
    assert late.status == 422
    assert (late.form("/tokens").fields["name"], late.form("/tokens").fields["ends"]) == ("far", "2099-01-01")
    assert browser.send(form, name="far", ends="tomorrow").status == 422
    assert browser.send(form, name="far", scope="identity:write").status in {403, 422}, (
        "nobody gives more than they hold"
    )
    made = browser.send(form, name="for the script", scope="hosting:read")
    assert made.status == 200
    text = re.search(r"irp_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", made.text)
    assert text, made.text
    program = Person(colleague.id, colleague.handle, text[0], colleague.client)
    assert program.get("/api/v1/servers").status_code == 200
    assert program.get("/api/v1/changes").status_code == 403
    again = browser.send(form, name="for the script", scope="hosting:read")
    assert text[0] not in again.answer.text
    assert "was made already" in again.text
    listed = browser.open("/tokens")
    assert text[0] not in listed.answer.text
    assert "for the script" in listed.text
    token = next(one for one in colleague.get("/api/v1/tokens").json()["items"] if one["name"] == "for the script")
    browser.send(listed.form(f"/tokens/{token['id']}/revoke"))
    assert program.get("/api/v1/servers").status_code == 401


def test_nobody_revokes_anothers_token(
    visiting: Visiting, agent: Person, colleague: Person, hire: Hire, tenants: dict[str, UUID]
) -> None:
    own = agent.get("/api/v1/tokens").json()["items"]
    mine = next(one["id"] for one in own if one["holder"] == "agent")
    for person in (colleague, hire("prowler", "agency-admin", tenant="uccle")):
        browser = visiting(person)
        csrf = browser.open("/").form("/language").fields
        assert browser.client.post(f"/tokens/{mine}/revoke", data=csrf).status_code == 404
        assert mine not in browser.open("/tokens").answer.text
    assert agent.get("/api/v1/me").status_code == 200


def test_a_service_account_gets_a_token_of_its_own_and_is_closed(visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)
    form = browser.open("/tokens").form("/service-accounts")
    unnamed = browser.send(form, handle="deployer", display_name=" ")
    assert unnamed.status == 422
    assert unnamed.form("/service-accounts").fields["handle"] == "deployer"
    added = browser.send(form, handle="deployer", display_name="Deploys the site", role="agency-user")
    assert added.status == 200
    assert "Deploys the site" in added.text
    made = browser.send(added.form("/tokens"), name="pipeline", principal="ixelles.deployer")
    text = re.search(r"irp_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", made.text)
    assert text, made.text
    program = Person(agent.id, "ixelles.deployer", text[0], agent.client)
    assert program.get("/api/v1/me").json()["handle"] == "ixelles.deployer"
    browser.send(browser.open("/tokens").form("/service-accounts/ixelles.deployer/close"))
    assert program.get("/api/v1/me").status_code == 401
