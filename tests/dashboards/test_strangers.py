"""Another administration's things do not exist: at every address there is, in every field that names one."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from core.db import Database
from tests.api.people import Hire, Person
from tests.dashboards import standing
from tests.dashboards.addresses import NOBODYS, addresses, filled_in
from tests.dashboards.browsing import Browser, Page
from tests.dashboards.conftest import Visiting

pytestmark = pytest.mark.usefixtures("offered")

MARK = "zq93"
_STAFFS = ("/services/{service}/test", "/services/{service}/remove")
"""Done by the region's people alone, whoever has the thing."""


@pytest.fixture(scope="module")
def theirs(agent: Person, database: Database, hire: Hire) -> dict[str, str]:
    """One of everything that an administration can have, by the place it stands under; each says ``MARK``."""
    hire("zq93-colleague", "agency-user", tenant="ixelles")
    server = standing.server(database, MARK)
    volume = standing.volume(database, MARK, description=MARK)
    about = {"resource": {"type": "server", "id": server}, "subject": MARK, "body": MARK}
    quota = {"resource": "servers", "granted": 77, "project": "main", "reason": MARK}
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl4"
    key = {"name": MARK, "public_key": line}
    agent.post("/api/v1/ssh-keys", json=key)
    return {
        "servers": server,
        "volumes": volume,
        "snapshots": standing.snapshot(database, volume, MARK),
        "networks": standing.network(database, MARK, "10.93.0.0/24"),
        "addresses": standing.public_address(database, "203.0.113.93", description=MARK),
        "security-groups": standing.group(database, MARK, description=MARK),
        "support": agent.post("/api/v1/support-requests", json=about).json()["id"],
        "changes": agent.post("/api/v1/quotas", json=quota).json()["id"],
        "services": standing.service(database, f"sv-{MARK}", 10093),
        "keys": agent.get("/api/v1/ssh-keys").json()["items"][0]["id"],
        "tokens": agent.post("/api/v1/tokens", json={"name": MARK, "scopes": ["hosting:read"]}).json()["id"],
        "invitations": agent.post("/api/v1/invitations", json={"email": f"{MARK}@ixelles.example"}).json()["id"],
        "members": "zq93-colleague",
        "service-accounts": agent.post(
            "/api/v1/principals",
            json={"handle": MARK, "kind": "service", "display_name": MARK, "role": "agency-user"},
        ).json()["handle"],
    }  # fmt: skip


@pytest.fixture
def stranger(visiting: Visiting, hire: Hire, request: pytest.FixtureRequest) -> Browser:
    return visiting(hire(f"s-{abs(hash(request.node.name)) % 10**8}", "agency-admin", tenant="uccle"))


def _said(page: Page, *ids: str) -> str:
    """What a page says, without what was asked for and its own request's id."""
    said = page.text
    for one in (*ids, page.answer.headers["x-request-id"]):
        said = said.replace(one, "…")
    return said


def test_every_address_of_another_administrations_thing_says_what_it_says_of_nothing(
    app: FastAPI, stranger: Browser, theirs: dict[str, str]
) -> None:
    csrf = stranger.open("/").form("/language").fields
    typed = {
        **csrf, "reason": "x", "version": "1", "role": "agency-user", "body": "x", "state": "closed",
        "plan_hash": "0" * 64, "verb": "stop",
    }  # fmt: skip
    tried = set()
    for method, path in addresses(app, "GET", "POST", pages=True):
        place = path.split("/")[1]
        if "{" not in path or place not in theirs:
            continue
        verbs = ("start", "stop", "delete", "unprotect") if "{verb}" in path else ("",)
        for verb in verbs:
            address, nothing = (filled_in(path, {place: one, "verb": verb}) for one in (theirs[place], NOBODYS))
            answers = [
                stranger.client.get(one) if method == "GET" else stranger.client.post(one, data=typed)
                for one in (address, nothing)
            ]
            found, of_nothing = (Page(answer) for answer in answers)
            expected = 403 if path in _STAFFS else 404
            assert found.status == of_nothing.status == expected, (method, address, found.text[:400])
            assert _said(found, theirs[place], NOBODYS) == _said(of_nothing, theirs[place], NOBODYS), address
            tried.add(place)
    assert tried == theirs.keys(), "every place was tried"


def test_nothing_of_another_administration_stands_on_any_page_or_in_any_choice(
    app: FastAPI, stranger: Browser, theirs: dict[str, str], visiting: Visiting, agent: Person
) -> None:
    own = visiting(agent)
    shown = 0
    for _method, path in addresses(app, "GET", pages=True):
        if "{" in path:
            continue
        for address in (path, f"{path}?q={MARK}", f"{path}?state=waiting", f"{path}?status=active"):
            answer = stranger.client.get(address)
            said = answer.text.replace(f'value="{MARK}"', "").replace(f"q={MARK}", "")
            assert MARK not in said, address
            assert not [one for one in theirs.values() if one in answer.text], address
        shown += MARK in own.client.get(path).text
    assert shown >= 6, "their own pages show it"


@pytest.mark.parametrize(
    ("address", "field", "place", "more"),
    [
        ("/servers/new", "project", "project", {"name": "mine", "plan": "small", "image": "debian"}),
        ("/volumes/new", "project", "project", {"name": "mine", "size_gib": "1"}),
        ("/networks/new", "project", "project", {"name": "mine"}),
        ("/addresses/new", "project", "project", {}),
        ("/security-groups/new", "project", "project", {"name": "mine"}),
        ("/quota", "project", "project", {"resource": "servers", "granted": "5", "reason": "x"}),
        ("/support/new", "about", "server", {"subject": "x", "body": "x"}),
        ("/tokens", "principal", "service-accounts", {"name": "x"}),
        ("volumes/attach", "server", "servers", {}),
        ("addresses/assign", "server", "servers", {}),
        ("volumes/restore", "snapshot", "snapshots", {}),
    ],
)
def test_no_field_takes_another_administrations_thing(
    stranger: Browser, theirs: dict[str, str], agent: Person, database: Database, address: str, field: str, place: str,
    more: dict[str, str],
) -> None:  # fmt: skip
    if not address.startswith("/"):
        kind, deed = address.split("/")
        own = (
            standing.volume(database, f"own-{deed}", tenant="uccle")
            if kind == "volumes"
            else standing.public_address(database, "203.0.113.94", tenant="uccle")
        )
        address = f"/{kind}/{own}/{deed}"
    value = {
        "project": agent.get("/api/v1/projects").json()["items"][0]["id"],
        "server": f"server:{theirs['servers']}",
    }.get(place) or theirs[place]
    form = stranger.open(address).form(address)
    for action in ("preview", "order"):
        page = stranger.send(form, **{**more, field: value, "action": action})
        assert page.status in {403, 404, 409, 422}, (action, page.text[:600])
        assert MARK not in page.text.replace(value, "…"), "nothing is told of it"
