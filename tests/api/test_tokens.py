"""Who may come in, and as whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM, Hire, Person


def _me(client: TestClient, authorization: str) -> int:
    return client.get("/api/v1/me", headers={"Authorization": authorization}).status_code


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic abc", "Bearer irp_x", "Bearer " + "a" * 5000]
)
def test_what_is_no_token_opens_nothing(client: TestClient, authorization: str) -> None:
    assert _me(client, authorization) == 401


def test_a_token_tells_who_one_is(engineer: Person) -> None:
    answer = engineer.get("/api/v1/me").json()
    assert (answer["handle"], answer["tenant"], answer["roles"]) == ("engineer", "region", ["engineer"])
    assert "change:submit" in answer["scopes"]


def test_a_token_is_shown_once_and_only_its_digest_stays(database: Database, engineer: Person) -> None:
    first = engineer.post("/api/v1/tokens", json={"name": "desk"}, key="tok-1")
    assert first.status_code == 422  # an engineer's token lacks scopes, so '*' would give more than it has
    asked = {"name": "desk", "scopes": ["network:read"]}
    first = engineer.post("/api/v1/tokens", json=asked, key="tok-2")
    assert first.status_code == 201
    token = first.json()["token"]
    again = engineer.post("/api/v1/tokens", json=asked, key="tok-2")
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert "token" not in again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert token not in engineer.get("/api/v1/tokens").text
    with database.transaction("owner", SYSTEM) as tx:
        dump = tx.execute(text("select string_agg(i::text, '') from idempotency i")).scalar_one()
    assert token.rpartition("_")[2] not in dump


def test_a_token_gives_no_more_than_its_scopes(hire: Hire) -> None:
    narrow = hire("narrow", "engineer", scopes=("inventory:read",))
    assert narrow.get("/api/v1/tenants").status_code == 200
    answer = narrow.get("/api/v1/secrets")
    assert (answer.status_code, answer.json()["fields"]["scope"]) == (403, "secret:read")


def test_a_revoked_token_is_refused_at_once(engineer: Person, client: TestClient) -> None:
    made = engineer.post("/api/v1/tokens", json={"name": "short", "scopes": ["network:read"]}).json()
    assert _me(client, f"Bearer {made['token']}") == 200
    assert engineer.send("DELETE", f"/api/v1/tokens/{made['id']}").status_code == 204
    assert _me(client, f"Bearer {made['token']}") == 401


def test_an_expired_token_is_refused(engineer: Person, client: TestClient, database: Database) -> None:
    made = engineer.post("/api/v1/tokens", json={"name": "old", "scopes": ["network:read"]}).json()
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update api_token set expires_at = now() - interval '1 s' where id = :id"), {"id": made["id"]})
    assert _me(client, f"Bearer {made['token']}") == 401
    late = {"name": "late", "scopes": ["network:read"], "expires_at": str(datetime.now(UTC) - timedelta(days=1))}
    assert engineer.post("/api/v1/tokens", json=late).json()["errors"][0]["pointer"] == "/expires_at"


def test_nobody_revokes_or_sees_another_tenants_token(hire: Hire, engineer: Person, agent: Person) -> None:
    user = hire("user-ixelles", "agency-user", tenant="ixelles")
    other = hire("user-uccle", "agency-user", tenant="uccle")
    made = other.post("/api/v1/tokens", json={"name": "mine", "scopes": ["inventory:read"]}).json()
    for person in (user, agent):
        assert person.send("DELETE", f"/api/v1/tokens/{made['id']}").status_code == 404
        assert made["id"] not in person.get("/api/v1/tokens").text


def test_nobody_makes_a_token_in_anothers_name(engineer: Person, lead: Person) -> None:
    asked = {"name": "x", "scopes": ["network:read"], "principal": "engineer"}
    assert lead.post("/api/v1/tokens", json=asked).status_code == 403


def test_nobody_acts_as_the_system(manager: Person, database: Database) -> None:
    """Its standing orders need no approval, so a token in its name would be a way around the second pair of eyes."""
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text("insert into principal (kind, handle, display_name) values ('service', 'irisplane', 'Irisplane')")
        )
    asked = {"name": "x", "scopes": ["change:submit"], "principal": "irisplane"}
    assert manager.post("/api/v1/tokens", json=asked).status_code == 403


# ------------------------------------------------------------------------------------------------- idempotency


def test_creating_needs_a_key(engineer: Person) -> None:
    answer = engineer.send("POST", "/api/v1/tokens", json={"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (428, "API-110")


def test_a_key_with_another_body_is_refused(engineer: Person) -> None:
    asked = {"name": "a", "scopes": ["network:read"]}
    assert engineer.post("/api/v1/tokens", json=asked, key="same").status_code == 201
    answer = engineer.post("/api/v1/tokens", json={**asked, "name": "b"}, key="same")
    assert (answer.status_code, answer.json()["code"]) == (422, "API-111")


def test_a_key_belongs_to_one_person(engineer: Person, lead: Person) -> None:
    asked = {"name": "a", "scopes": ["network:read"]}
    first = engineer.post("/api/v1/tokens", json=asked, key="shared").json()
    second = lead.post("/api/v1/tokens", json=asked, key="shared").json()
    assert first["id"] != second["id"]


def test_a_request_that_is_still_being_answered_is_409(database: Database, engineer: Person) -> None:
    with database.transaction("api", SYSTEM) as tx:
        tx.execute(text("select pg_advisory_xact_lock(hashtextextended(:lock, 7))"), {"lock": f"{engineer.id}/busy"})
        answer = engineer.post("/api/v1/tokens", json={"name": "a", "scopes": ["network:read"]}, key="busy")
    assert (answer.status_code, answer.json()["code"]) == (409, "API-112")
    assert (
        engineer.post("/api/v1/tokens", json={"name": "a", "scopes": ["network:read"]}, key="busy").status_code == 201
    )


def test_a_refused_request_leaves_its_key_free(engineer: Person) -> None:
    assert engineer.post("/api/v1/tokens", json={"name": "a", "scopes": ["no:pe"]}, key="retry").status_code == 422
    assert (
        engineer.post("/api/v1/tokens", json={"name": "a", "scopes": ["network:read"]}, key="retry").status_code == 201
    )


# --------------------------------------------------------------------------------------------------- people


def test_roles_are_given_by_others_and_by_whom_policy_says(manager: Person, lead: Person) -> None:
    own = manager.post("/api/v1/memberships", json={"principal": "manager", "role": "network-lead"})
    assert own.status_code == 403
    assert lead.post("/api/v1/memberships", json={"principal": "manager", "role": "engineer"}).status_code == 403
    assert manager.post("/api/v1/memberships", json={"principal": "lead", "role": "engineer"}).status_code == 201
    assert lead.send("DELETE", "/api/v1/memberships/region/manager/platform-manager").status_code == 403
    assert manager.send("DELETE", "/api/v1/memberships/region/lead/engineer").status_code == 204
    assert lead.send("POST", "/api/v1/principals/manager:deactivate").status_code == 403


def test_a_role_ends_at_a_time_with_its_zone(manager: Person) -> None:
    asked = {"principal": "lead", "role": "engineer"}
    refused = manager.post("/api/v1/memberships", json={**asked, "until": "2099-01-31T12:00:00"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/until"
    assert manager.post("/api/v1/memberships", json={**asked, "until": "2099-01-31T12:00:00Z"}).status_code == 201
    assert manager.send("DELETE", "/api/v1/memberships/region/lead/engineer").status_code == 204


def test_an_agency_keeps_its_own_people_and_sees_no_others(
    agent: Person, manager: Person, tenants: dict[str, UUID]
) -> None:
    zoe = {"handle": "zoe", "display_name": "Zoé"}
    assert agent.post("/api/v1/principals", json=zoe).status_code == 422
    assert agent.post("/api/v1/principals", json={**zoe, "role": "network-lead"}).status_code == 403
    assert agent.post("/api/v1/principals", json={**zoe, "role": "agency-user"}).status_code == 201
    asked = {"principal": "ixelles.zoe", "tenant": "ixelles", "role": "agency-admin"}
    assert agent.post("/api/v1/memberships", json=asked).status_code == 201
    assert agent.post("/api/v1/memberships", json={**asked, "role": "platform-manager"}).status_code == 403
    assert agent.post("/api/v1/memberships", json={**asked, "tenant": "uccle"}).status_code in {403, 404, 409}
    assert "manager" not in [person["handle"] for person in agent.get("/api/v1/principals").json()["items"]]
    assert [tenant["code"] for tenant in agent.get("/api/v1/tenants").json()["items"]] == ["ixelles"]
    assert agent.get("/api/v1/tenants/uccle").status_code == 404
    assert len(manager.get("/api/v1/tenants").json()["items"]) >= 3


def test_a_closed_account_is_closed_at_once(hire: Hire, manager: Person, client: TestClient) -> None:
    gone = hire("gone", "engineer")
    assert gone.get("/api/v1/me").status_code == 200
    assert manager.send("POST", "/api/v1/principals/gone:deactivate").status_code == 204
    assert gone.get("/api/v1/me").status_code == 401


def test_a_tenant_is_altered_only_as_it_was_read(manager: Person, app: FastAPI) -> None:
    asked = {
        "code": "jette",
        "kind": "commune",
        "name_fr": "Jette",
        "name_nl": "Jette",
        "name_en": "Jette",
        "nis_code": "21010",
    }
    made = manager.post("/api/v1/tenants", json=asked)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    path = made.headers["location"]
    assert manager.send("PATCH", path, json={"name_en": "J"}).status_code == 428
    assert manager.send("PATCH", path, json={"name_en": "J"}, headers={"If-Match": '"7"'}).status_code == 412
    altered = manager.send("PATCH", path, json={"name_en": "J"}, headers={"If-Match": '"1"'})
    assert (altered.status_code, altered.headers["etag"], altered.json()["name_en"]) == (200, '"2"', "J")
    assert manager.post("/api/v1/tenants", json=asked).status_code == 409


# ------------------------------------------------------------------------------------------------- webhooks


def test_a_webhooks_secret_is_shown_once(agent: Person, engineer: Person) -> None:
    asked = {"url": "https://93.184.215.14/hook", "actions": ["change."]}
    made = agent.post("/api/v1/webhooks", json=asked, key="hook")
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    again = agent.post("/api/v1/webhooks", json=asked, key="hook")
    assert (again.json()["id"], "secret" in again.json()) == (made.json()["id"], False)
    assert secret not in agent.get("/api/v1/webhooks").text
    path = made.headers["location"]
    assert agent.get(f"{path}/deliveries?dead=true").json()["items"] == []
    assert agent.send("POST", f"{path}:redeliver").json() == {"deliveries": 0}
    for refused in ("http://example.org/x", "file:///etc/passwd", "https://me:word@example.org/", "https://"):
        assert agent.post("/api/v1/webhooks", json={"url": refused}).json()["code"] == "ORC-140"
    assert agent.send("DELETE", path).status_code == 204
    assert agent.get(f"{path}/deliveries").status_code == 404


# -------------------------------------------------------------------------------------------------- secrets


def test_a_secret_goes_in_and_never_comes_out(engineer: Person, agent: Person) -> None:
    canary = "c4nary-of-the-secret-test"
    assert engineer.send("PUT", "/api/v1/secrets/device/cr01/irisplane", json={"value": canary}).json()["version"] == 1
    assert engineer.send("PUT", "/api/v1/secrets/device/cr01/irisplane", json={"value": canary}).json()["version"] == 2
    listed = engineer.get("/api/v1/secrets?prefix=device/")
    assert [one["name"] for one in listed.json()["items"]] == ["device/cr01/irisplane"]
    assert canary not in listed.text
    for body in ({"value": canary, "more": 1}, {"valeu": canary}, {"value": ""}):
        refused = engineer.send("PUT", "/api/v1/secrets/x", json=body)
        assert refused.status_code == 422
        assert canary not in refused.text
    assert agent.get("/api/v1/secrets").status_code == 403
    assert engineer.send("DELETE", "/api/v1/secrets/device/cr01/irisplane").status_code == 204
    assert engineer.send("DELETE", "/api/v1/secrets/device/cr01/irisplane").status_code == 404


# ------------------------------------------------------------------------------------------------- calendar


def test_freezes_and_deputies_are_dated(engineer: Person, lead: Person, agent: Person) -> None:
    freeze = {"kind": "freeze", "name": "elections", "begins": "2030-06-01T00:00:00Z", "ends": "2030-06-03T00:00:00Z"}
    made = lead.post("/api/v1/calendar", json=freeze)
    assert made.status_code == 201, made.text
    assert lead.post("/api/v1/calendar", json={**freeze, "ends": "2030-05-01T00:00:00Z"}).status_code == 422
    assert lead.post("/api/v1/calendar", json={**freeze, "selector": {"colour": "red"}}).status_code == 422
    assert agent.post("/api/v1/calendar", json=freeze).status_code == 403
    assert [entry["name"] for entry in engineer.get("/api/v1/calendar").json()["items"]] == ["elections"]
    assert lead.send("DELETE", made.headers["location"]).status_code == 204

    away = {"deputy": "engineer", "begins": "2030-01-01T00:00:00Z", "ends": "2030-02-01T00:00:00Z"}
    named = lead.post("/api/v1/deputies", json=away)
    assert named.status_code == 201, named.text
    assert lead.post("/api/v1/deputies", json=away).status_code == 409
    assert engineer.post("/api/v1/deputies", json={**away, "absent": "lead"}).status_code == 403
    assert engineer.send("DELETE", named.headers["location"]).status_code == 403
    assert lead.send("DELETE", named.headers["location"]).status_code == 204
