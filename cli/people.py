"""`irisplane tenant | person | token`: administrations, who may do what in them, and with which tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import moment
from cli.client import connect
from cli.errors import WrongUse

__all__ = ["person", "tenant", "token"]

tenant = App(name="tenant", help="Administrations.")
person = App(name="person", help="People, services, their roles and deputies.")
token = App(name="token", help="Tokens of the API.")

Reason = Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why.")]
Kind = Literal["commune", "cpas", "agency", "police", "fire", "school-board", "other"]


# ---------------------------------------------------------------------------------------------------------- tenants
@tenant.command(name="list")
def list_tenants() -> None:
    """The administrations you may see."""
    with connect() as client:
        found = client.items("/api/v1/tenants")
    columns = {
        "code": "tenant",
        "kind": "kind",
        "name_fr": "nom",
        "name_nl": "naam",
        "nis_code": "NIS",
        "active": "active",
    }
    output.give(found, lambda: output.table(found, columns))


@tenant.command(name="show")
def show_tenant(code: str) -> None:
    """One administration."""
    with connect() as client:
        found = client.get(f"/api/v1/tenants/{quote(code, safe='')}")
    output.give(found, lambda: output.facts(found.items()))


@tenant.command(name="add")
def add_tenant(
    code: str,
    *,
    kind: Kind,
    name_fr: str,
    name_nl: str,
    name_en: str,
    nis_code: str | None = None,
    reason: Reason = None,
) -> None:
    """Add an administration."""
    body = {
        "code": code,
        "kind": kind,
        "name_fr": name_fr,
        "name_nl": name_nl,
        "name_en": name_en,
        "nis_code": nis_code,
    }
    with connect() as client:
        made = client.post("/api/v1/tenants", body, reason=reason)
    output.give(made, lambda: output.say(f"{made['code']} added."))


@tenant.command(name="edit")
def edit_tenant(
    code: str,
    *,
    name_fr: str | None = None,
    name_nl: str | None = None,
    name_en: str | None = None,
    active: bool | None = None,
    reason: Reason = None,
) -> None:
    """Alter an administration's names, or close it with --no-active."""
    given = {"name_fr": name_fr, "name_nl": name_nl, "name_en": name_en, "active": active}
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise WrongUse("Nothing to alter was given.")
    path = f"/api/v1/tenants/{quote(code, safe='')}"
    with connect() as client:
        tag = client.request("GET", path).headers["etag"]
        made = client.request("PATCH", path, body=body, match=tag, reason=reason).json()
    output.give(made, lambda: output.say(f"{code} altered."))


# ----------------------------------------------------------------------------------------------------------- people
@person.command(name="list")
def list_people() -> None:
    """People and services you may see, with the roles they hold now."""
    with connect() as client:
        found = client.items("/api/v1/principals")
    rows = [
        {**one, "roles": "; ".join(f"{code}: {', '.join(roles)}" for code, roles in one["roles"].items())}
        for one in found
    ]
    columns = {"handle": "handle", "kind": "kind", "display_name": "name", "roles": "roles", "active": "active"}
    output.give(found, lambda: output.table(rows, columns))


@person.command(name="add")
def add_person(
    handle: str,
    *,
    name: str,
    email: str | None = None,
    role: str | None = None,
    service: Annotated[bool, Parameter(negative="")] = False,
    issuer: str | None = None,
    client_id: str | None = None,
    locale: Literal["fr", "nl", "en"] = "en",
    reason: Reason = None,
) -> None:
    """Add a person, or a service account with --service.

    Args:
        role: a first role in your own tenant.
        issuer: with --client-id: the identity provider whose access tokens stand for the service.
        client_id: the service as that provider knows it.
    """
    if (issuer is None) != (client_id is None):
        raise WrongUse("--issuer and --client-id belong together.")
    body: dict[str, Any] = {"handle": handle, "display_name": name, "email": email, "role": role, "locale": locale,
            "kind": "service" if service else "person"}  # fmt: skip
    if issuer is not None:
        body["client"] = {"issuer": issuer, "client_id": client_id}
    with connect() as client:
        made = client.post("/api/v1/principals", body, reason=reason)
    output.give(made, lambda: output.say(f"{made['handle']} added."))


@person.command(name="close")
def close_person(handle: str, *, reason: Reason = None) -> None:
    """Close an account at once: its tokens open nothing any more."""
    with connect() as client:
        client.request("POST", f"/api/v1/principals/{quote(handle, safe='')}:deactivate", reason=reason)
    output.give({"closed": handle}, lambda: output.say(f"{handle} is closed."))


@person.command
def grant(
    handle: str, role: str, *, tenant: str | None = None, until: str | None = None, reason: Reason = None
) -> None:
    """Give a role, for good or until a time."""
    body = {"principal": handle, "role": role, "tenant": tenant, "until": moment(until)}
    with connect() as client:
        made = client.post("/api/v1/memberships", body, reason=reason)
    output.give(made, lambda: output.say(f"{handle} is {role} now."))


@person.command
def revoke(handle: str, role: str, *, tenant: str, reason: Reason = None) -> None:
    """Take a role away."""
    parts = "/".join(quote(part, safe="") for part in (tenant, handle, role))
    with connect() as client:
        client.request("DELETE", f"/api/v1/memberships/{parts}", reason=reason)
    output.give({"revoked": role}, lambda: output.say(f"{handle} is no {role} any more."))


@person.command
def deputy(
    deputy: str,
    *,
    from_: Annotated[str, Parameter(name="--from")],
    until: str,
    absent: str | None = None,
    reason: Reason = None,
) -> None:
    """Name who decides in your place for a time.

    Args:
        absent: who is away; yourself when absent.
    """
    body = {"deputy": deputy, "absent": absent, "begins": moment(from_), "ends": moment(until)}
    with connect() as client:
        made = client.post("/api/v1/deputies", body, reason=reason)
    output.give(
        made, lambda: output.say(f"{deputy} decides for {made['absent']} until {output.local_time(made['ends'])}.")
    )


@person.command
def deputies() -> None:
    """Who stands in for whom, now and later."""
    with connect() as client:
        found = client.items("/api/v1/deputies")
    rows = [
        {**one, "begins": output.local_time(one["begins"]), "ends": output.local_time(one["ends"])} for one in found
    ]
    columns = {"absent": "absent", "deputy": "deputy", "begins": "from", "ends": "until", "id": "id"}
    output.give(found, lambda: output.table(rows, columns))


# ----------------------------------------------------------------------------------------------------------- tokens
@token.command(name="list")
def list_tokens(*, all_: Annotated[bool, Parameter(name="--all", negative="")] = False) -> None:
    """Tokens, newest first; never their secret.

    Args:
        all_: revoked ones too.
    """
    with connect() as client:
        found = [one for one in client.items("/api/v1/tokens") if all_ or not one["revoked_at"]]
    rows: list[dict[str, Any]] = [
        {**one, "expires": output.local_time(one["expires_at"]), "used": output.local_time(one["last_used_at"])}
        for one in found
    ]
    columns = {
        "id": "id",
        "holder": "holder",
        "name": "name",
        "scopes": "scopes",
        "expires": "expires",
        "used": "last used",
    }
    columns |= {"revoked_at": "revoked"} if all_ else {}
    output.give(found, lambda: output.table(rows, columns))


@token.command(name="create")
def create_token(
    name: str,
    *,
    scope: Annotated[list[str] | None, Parameter(negative="")] = None,
    expires: str | None = None,
    holder: str | None = None,
    tenant: str | None = None,
    reason: Reason = None,
) -> None:
    """Make a token. It is shown once.

    Args:
        name: what it is for.
        scope: network:read, change:* …; everything your own token may when absent.
        expires: 2027-01-31; 90 days from now when absent.
        holder: a service account; yourself when absent.
        tenant: the holder's tenant; your own when absent.
    """
    with connect() as client:
        scopes = scope or client.get("/api/v1/me")["scopes"]
        body = {"name": name, "scopes": scopes, "expires_at": moment(expires), "principal": holder, "tenant": tenant}
        made = client.post("/api/v1/tokens", body, reason=reason)

    def shown() -> None:
        print(made["token"])
        output.notice(f"Shown once. It expires at {output.local_time(made['expires_at'])}; id {made['id']}.")

    output.give(made, shown)


@token.command(name="revoke")
def revoke_token(token_id: str, *, reason: Reason = None) -> None:
    """End a token at once."""
    with connect() as client:
        client.request("DELETE", f"/api/v1/tokens/{quote(token_id, safe='')}", reason=reason)
    output.give({"revoked": token_id}, lambda: output.say("Revoked."))


@token.command
def whoami() -> None:
    """Who you are for the API, and what your token may be used for."""
    with connect() as client:
        found = client.get("/api/v1/me")
    output.give(
        found,
        lambda: output.facts(
            [
                ("handle", found["handle"]),
                ("tenant", found["tenant"]),
                ("roles", ", ".join(found["roles"])),
                ("scopes", ", ".join(found["scopes"])),
            ]
        ),
    )
