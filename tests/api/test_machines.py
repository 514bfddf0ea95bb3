"""Machines come with an access token of the identity provider, and are out when they should be."""

from __future__ import annotations

import base64
import json
import time

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from core.sign_in.errors import ProviderUnavailable
from core.sign_in.provider import Provider
from tests.api.oidc_lab import World
from tests.api.people import Hire

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def machine(world: World, hire: Hire) -> None:
    """A service account for the provider's client ``machine``."""
    boss = hire("boss", "platform-manager")
    account = {
        "handle": "backup-bot", "kind": "service", "display_name": "Backups", "role": "engineer",
        "client": {"issuer": "lab", "client_id": "machine"},
    }  # fmt: skip
    answer = httpx2.post(
        f"{world.url}/api/v1/principals",
        json=account,
        headers={"Authorization": f"Bearer {boss.token}", "Idempotency-Key": "bot"},
        trust_env=False,
    )
    assert answer.status_code == 201, answer.text
    world.notes["boss"] = boss.token


def ask(world: World, token: str, path: str = "/api/v1/me") -> httpx2.Response:
    return httpx2.get(f"{world.url}{path}", headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def parts(token: str) -> tuple[dict[str, object], dict[str, object]]:
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


def test_a_machine_is_the_service_account_of_its_client(world: World) -> None:
    found = ask(world, world.provider.access_token(scope="network:read change:read")).json()
    assert (found["handle"], found["kind"], found["tenant"]) == ("backup-bot", "service", "region")
    assert found["scopes"] == ["change:read", "network:read"]


def test_a_machine_gets_no_more_than_its_roles_and_no_more_than_its_token(world: World) -> None:
    token = world.provider.access_token(scope="network:read identity:write platform:write")
    assert ask(world, token).json()["scopes"] == ["network:read"]  # an engineer may not write identities
    assert ask(world, token, "/api/v1/changes").status_code == 403
    assert ask(world, world.provider.access_token()).json()["scopes"] == []


def test_a_client_that_nobody_knows_here_is_nobody(world: World) -> None:
    assert ask(world, world.provider.access_token("stranger", scope="network:read")).status_code == 401


def test_a_token_for_another_resource_opens_nothing(world: World) -> None:
    token = world.provider.access_token(scope="network:read", resource=f"{world.provider.issuer}/another-resource")
    assert ask(world, token).status_code == 401


def test_a_persons_token_is_no_machines(world: World) -> None:
    """An ID token is signed by the same key; it is still no access token of a machine."""
    client = world.browser()
    provider: Provider = world.app.state.door.provider("lab")
    begun = provider.begin(f"{world.url}/sign-in/lab/callback")
    form = client.get(begun.url)
    client.follow_redirects = False
    answer = client.post(str(form.url), data={"login": "anna", "password": "lab"})
    while "callback" not in answer.headers["location"]:
        answer = client.get(answer.headers["location"])
    code = httpx2.URL(answer.headers["location"]).params["code"]
    tokens = httpx2.post(
        f"{world.provider.issuer}/token",
        data={"grant_type": "authorization_code", "code": code, "code_verifier": begun.verifier,
              "redirect_uri": f"{world.url}/sign-in/lab/callback"},
        auth=("irisplane", world.provider.clients.secret),
        trust_env=False,
    ).json()  # fmt: skip
    assert parts(tokens["id_token"])[1]["sub"] == "b3d8e2c0"
    assert ask(world, tokens["id_token"]).status_code == 401


def test_what_somebody_else_signed_opens_nothing(world: World) -> None:
    token = world.provider.access_token(scope="network:read")
    header, claims = parts(token)
    forger = RSAKey.generate_key(2048)
    public = httpx2.get(f"{world.provider.issuer}/jwks", trust_env=False).json()["keys"][0]
    shared = OctKey.import_key(json.dumps(public))
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({**header, "alg": "none"}, claims)
    )
    forged = [
        jwt.encode({**header}, {**claims}, forger),
        jwt.encode({**header, "alg": "HS256"}, {**claims}, shared),
        f"{unsigned}.",
        token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB"),
        jwt.encode({**header}, {**claims, "iss": "https://elsewhere.example"}, forger),
        "..", "a.b.c", "eyJ.eyJ.x" * 10,
    ]  # fmt: skip
    for presented in forged:
        assert ask(world, presented).status_code == 401, presented


def test_new_keys_are_met_without_a_restart(world: World) -> None:
    assert ask(world, world.provider.access_token(scope="network:read")).status_code == 200
    before = world.provider.access_token(scope="change:read")
    world.provider.rotate_keys()
    provider: Provider = world.app.state.door.provider("lab")
    provider._keys_at -= 11  # keys are asked for anew every ten seconds at most
    after = world.provider.access_token(scope="network:read")
    assert parts(before)[0]["kid"] != parts(after)[0]["kid"]
    assert ask(world, after).status_code == 200
    assert ask(world, before).status_code == 200


def test_unknown_keys_make_no_traffic(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    provider: Provider = world.app.state.door.provider("lab")
    header, claims = parts(world.provider.access_token(scope="network:read"))
    asked: list[str] = []
    fetch = provider._fetch

    def counted(address: str, headers: dict[str, str] | None = None) -> dict[str, object]:
        asked.append(address)
        return fetch(address, headers)

    monkeypatch.setattr(provider, "_fetch", counted)
    for number in range(10):
        forger = RSAKey.generate_key(2048)
        assert ask(world, jwt.encode({**header, "kid": str(number)}, claims, forger)).status_code == 401
    assert len(asked) <= 1


def test_a_token_that_is_over_opens_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = world.provider.access_token(scope="network:read")
    now = time.time()
    monkeypatch.setattr("joserfc._rfc7519.claims.time.time", lambda: now + 700)
    assert ask(world, token).status_code == 401


def test_a_service_account_that_was_closed_is_out(world: World) -> None:
    token = world.provider.access_token(scope="network:read")
    assert ask(world, token).status_code == 200
    boss = {"Authorization": f"Bearer {world.notes['boss']}"}
    closed = httpx2.post(f"{world.url}/api/v1/principals/backup-bot:deactivate", headers=boss, trust_env=False)
    assert closed.status_code == 204, closed.text
    assert ask(world, token).status_code == 401


def test_a_client_stands_for_one_account_and_only_a_services(world: World) -> None:
    boss = {"Authorization": f"Bearer {world.notes['boss']}"}
    account = {
        "handle": "second-bot",
        "kind": "service",
        "display_name": "x",
        "client": {"issuer": "lab", "client_id": "machine"},
    }

    def add(key: str, **changes: object) -> httpx2.Response:
        body = {**account, **changes}
        return httpx2.post(
            f"{world.url}/api/v1/principals", json=body, headers={**boss, "Idempotency-Key": key}, trust_env=False
        )

    assert add("c-0").status_code == 201  # the first was closed
    assert add("c-1", handle="third-bot").status_code == 409
    assert add("c-2", kind="person").json()["errors"][0]["pointer"] == "/client"
    unknown = add("c-3", client={"issuer": "elsewhere", "client_id": "x"})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/client/issuer")


def test_an_agency_claims_no_client_of_a_provider_that_speaks_for_others(world: World, hire: Hire) -> None:
    """A neighbour's client would otherwise order into the wrong administration."""
    admin = hire("claimer", "agency-admin", tenant="uccle")
    account = {
        "handle": "uccle-bot", "kind": "service", "display_name": "x", "role": "agency-user",
        "client": {"issuer": "lab", "client_id": "stranger"},
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {admin.token}", "Idempotency-Key": "claim"}
    answer = httpx2.post(f"{world.url}/api/v1/principals", json=account, headers=headers, trust_env=False)
    assert (answer.status_code, "speaks for other" in answer.json()["detail"]) == (403, True)


def test_a_provider_that_is_away_is_said_so_and_nobody_waits_twice(world: World) -> None:
    token = world.provider.access_token(scope="network:read")
    issuer = world.app.state.door.provider("lab").issuer.model_copy(update={"issuer": "http://127.0.0.1:9"})
    away = Provider(issuer, lambda: None)
    with pytest.raises(ProviderUnavailable, match="does not give"):
        away.verify_machine(token)
    with pytest.raises(ProviderUnavailable, match="a moment ago"):
        away.verify_machine(token)
