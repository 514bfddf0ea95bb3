"""`irisplane member`: the people of one's own administration: invite, list, change, remove."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.client import connect

__all__ = ["app"]

app = App(name="member", help="The people of an administration: invite, list, change, remove.")

Reason = Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why.")]
Tenant = Annotated[str | None, Parameter(help="Another administration; the region's staff only.")]
Role = Literal["agency-user", "agency-admin"]


@app.command(name="list")
def list_members(*, tenant: Tenant = None) -> None:
    """Who holds a role, and where it comes from: granted by people, or from the claims of the identity provider."""
    with connect() as client:
        found = client.items("/api/v1/members", tenant=tenant)
    rows: list[dict[str, Any]] = [
        {
            **one,
            "roles": _roles(one["roles"]),
            "since": output.local_time(one["since"]),
            "seen": output.local_time(one["last_seen_at"]),
        }
        for one in found
    ]
    columns = {"handle": "handle", "kind": "kind", "display_name": "name", "email": "mail", "roles": "roles",
               "since": "since", "seen": "last seen"}  # fmt: skip
    output.give(found, lambda: output.table(rows, columns))


@app.command
def invite(
    email: str,
    *,
    role: Role = "agency-user",
    locale: Literal["fr", "nl", "en"] = "fr",
    tenant: Tenant = None,
    reason: Reason = None,
) -> None:
    """Invite somebody by mail. The link is shown once as well, for where there is no mail.

    Args:
        locale: language of the mail.
    """
    body = {"email": email, "role": role, "locale": locale}
    path = "/api/v1/invitations" + (f"?tenant={quote(tenant, safe='')}" if tenant else "")
    with connect() as client:
        made = client.post(path, body, reason=reason)

    def shown() -> None:
        print(made["link"])
        output.notice(f"{email} is invited as {role}, until {output.local_time(made['expires_at'])}; a mail goes out.")
        output.notice("The link works once and is shown once.")

    output.give(made, shown)


@app.command
def invitations(*, tenant: Tenant = None) -> None:
    """Invitations, newest first, and what became of them."""
    with connect() as client:
        found = client.items("/api/v1/invitations", tenant=tenant)
    rows = [{**one, "until": output.local_time(one["expires_at"])} for one in found]
    columns = {"email": "mail", "role": "role", "state": "state", "until": "until", "invited_by": "invited by",
               "accepted_by": "accepted by", "id": "id"}  # fmt: skip
    output.give(found, lambda: output.table(rows, columns))


@app.command
def withdraw(invitation: str, *, reason: Reason = None) -> None:
    """Take an invitation back."""
    with connect() as client:
        client.request("DELETE", f"/api/v1/invitations/{quote(invitation, safe='')}", reason=reason)
    output.give({"withdrawn": invitation}, lambda: output.say("Withdrawn."))


@app.command
def role(handle: str, role: Role, *, tenant: Tenant = None, reason: Reason = None) -> None:
    """Let a member hold this role, and no other of those that people grant."""
    path = f"/api/v1/members/{quote(handle, safe='')}/role"
    with connect() as client:
        made = client.request("PUT", path, query={"tenant": tenant}, body={"role": role}, reason=reason).json()
    output.give(made, lambda: output.say(f"{handle} holds: {_roles(made['roles'])}."))


@app.command
def remove(handle: str, *, tenant: Tenant = None, reason: Reason = None) -> None:
    """Take somebody out at once: roles, tokens and sessions. Claims alone do not bring them back."""
    path = f"/api/v1/members/{quote(handle, safe='')}"
    with connect() as client:
        client.request("DELETE", path, query={"tenant": tenant}, reason=reason)
    output.give({"removed": handle}, lambda: output.say(f"{handle} is out."))


def _roles(held: dict[str, list[str]]) -> str:
    return ", ".join(f"{role} ({' and '.join(sources)})" for role, sources in held.items())
