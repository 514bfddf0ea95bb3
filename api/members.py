"""`/api/v1/members` and `/api/v1/invitations`: an administration's own people, kept by its agency-admins."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from api.answers import json_value
from api.dependencies import Caller, forget_tokens, require, settings_of
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of
from api.shapes.identity import Accepted, InvitationSent, MemberRoles
from core.errors import Denied, NotFound
from core.identity import principal_by_handle, tenant_by_code
from core.invitations import Invitation, accept, invite, list_invitations, withdraw
from core.members import Member, keep_an_administrator, list_members, remove_member, set_role
from core.scope import EVERY_TENANT, Scope
from orchestrator.invitation_mail import link, send_invitation

__all__ = ["router"]

router = APIRouter(tags=["members"])

Tenant = Annotated[
    str | None, Query(max_length=63, description="Code of the tenant; your own when absent. Others': the region only.")
]
Reader = Annotated[Caller, Depends(require("identity:read"))]
Writer = Annotated[Caller, Depends(require("identity:write"))]


class InvitationIn(BaseModel):
    """Whom to invite, as what."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=254)
    role: Literal["agency-user", "agency-admin"] = "agency-user"
    locale: Literal["fr", "nl", "en"] = Field(default="fr", description="Language of the mail.")


class RoleIn(BaseModel):
    """The role that a member holds from now on."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["agency-user", "agency-admin"]


# ---------------------------------------------------------------------------------------------------------- members
@router.get("/api/v1/members", summary="Members of a tenant", responses=answers(page_of(Member)))
def members(caller: Reader, tenant: Tenant = None) -> Response:
    """Who holds a role there now, and whether people granted it or the claims of an identity provider give it."""
    with caller.transaction() as tx:
        found = list_members(tx, _tenant(tx, caller, tenant))
    return json_value({"items": [asdict(one) for one in found], "next": None})


@router.put("/api/v1/members/{handle}/role", summary="Let a member hold a role", responses=answers(MemberRoles))
def member_role(handle: str, body: RoleIn, request: Request, caller: Writer, tenant: Tenant = None) -> Response:
    """The member then holds exactly this one of the roles that people grant, beside those from claims."""
    with caller.transaction() as tx:
        tenant_id, member = _other_member(tx, caller, tenant, handle)
        if body.role != "agency-admin":
            _leave_an_administrator(tx, caller, tenant_id, member)
        set_role(tx, tenant_id=tenant_id, principal_id=member, role=body.role, granted_by=caller.principal.id)
        roles = next(one.roles for one in list_members(tx, tenant_id) if one.handle == handle)
    forget_tokens(request)
    return json_value({"handle": handle, "roles": roles})


@router.delete("/api/v1/members/{handle}", status_code=204, summary="Remove a member")
def remove(handle: str, request: Request, caller: Writer, tenant: Tenant = None) -> Response:
    """End every role, token and session in the tenant at once. Claims alone do not bring the member back."""
    with caller.transaction() as tx:
        tenant_id, member = _other_member(tx, caller, tenant, handle)
        _leave_an_administrator(tx, caller, tenant_id, member)
        remove_member(tx, tenant_id=tenant_id, principal_id=member, removed_by=caller.principal.id)
    forget_tokens(request)
    return Response(status_code=204)


# ------------------------------------------------------------------------------------------------------- invitations
@router.get("/api/v1/invitations", summary="Invitations of a tenant", responses=answers(page_of(Invitation)))
def invitations(caller: Reader, tenant: Tenant = None) -> Response:
    """Newest first, with what became of each; never the token."""
    with caller.transaction() as tx:
        found = list_invitations(tx, _tenant(tx, caller, tenant))
    return json_value({"items": [asdict(one) for one in found], "next": None})


@router.post("/api/v1/invitations", status_code=201, summary="Invite somebody", responses=answers(InvitationSent, 201))
def send(
    body: InvitationIn, creation: Annotated[Creation, Depends(creating("identity:write"))], tenant: Tenant = None
) -> Response:
    """A mail goes to the address, with a link that works once. The link is shown here, and nowhere again."""
    caller = creation.caller
    settings = settings_of(caller.request)

    def effect(tx: Connection) -> Answer:
        tenant_id = _tenant(tx, caller, tenant)
        caller.must_write("membership", tenant=tenant_id)
        made = invite(
            tx,
            tenant_id=tenant_id,
            email=body.email,
            role=body.role,
            locale=body.locale,
            invited_by=caller.principal.id,
            life=timedelta(days=settings.invitation_days),
        )
        send_invitation(
            tx,
            made,
            invited_by=caller.principal.id,
            tenant_id=tenant_id,
            role=body.role,
            locale=body.locale,
            url=settings.url,
        )
        shown = {"id": str(made.id), "email": body.email, "role": body.role, "expires_at": made.expires_at.isoformat()}
        whole = {**shown, "token": made.token.reveal(), "link": link(settings.url, made)}
        location = {"Location": f"/api/v1/invitations/{made.id}"}
        return Answer(201, json.dumps(whole), location, kept=json.dumps(shown))

    return creation.in_one_transaction(effect)


@router.delete("/api/v1/invitations/{invitation_id}", status_code=204, summary="Withdraw an invitation")
def take_back(invitation_id: UUID, caller: Writer) -> Response:
    """Its link opens nothing any more."""
    caller.must_write("membership")
    with caller.transaction() as tx:
        withdraw(tx, invitation_id)
    return Response(status_code=204)


@router.post("/api/v1/invitations/{token}:accept", summary="Accept an invitation", responses=answers(Accepted))
def take_up(token: str, request: Request, caller: Annotated[Caller, Depends(require())]) -> Response:
    """Become a member of the tenant that invites, as who is signed in now. A token works once."""
    if caller.principal.kind != "person":
        raise Denied("Invitations are for people.", hint="A service account gets its role from 'POST /memberships'.")
    # the address holds the token: it must not become the reason that the journal keeps
    scope = Scope(EVERY_TENANT, caller.principal.id, caller.request_id, "accept an invitation")
    with caller.database.transaction("api", scope) as tx:
        tenant, role = accept(tx, token, principal_id=caller.principal.id)
    forget_tokens(request)
    return json_value({"tenant": tenant, "role": role})


# ------------------------------------------------------------------------------------------------------------ inside
def _tenant(tx: Connection, caller: Caller, code: str | None) -> UUID:
    """The tenant that is meant; another's does not exist for an agency."""
    if code is None or code == caller.principal.tenant_code:
        return caller.principal.tenant_id
    if not caller.principal.staff:
        raise NotFound(f"There is no tenant {code!r}.", code=code)
    return tenant_by_code(tx, code)


def _other_member(tx: Connection, caller: Caller, code: str | None, handle: str) -> tuple[UUID, UUID]:
    tenant_id = _tenant(tx, caller, code)
    caller.must_write("membership", tenant=tenant_id)
    member = principal_by_handle(tx, handle)
    if member == caller.principal.id:
        raise Denied("Nobody alters or ends the own membership.", hint="Ask a colleague.")
    return tenant_id, member


def _leave_an_administrator(tx: Connection, caller: Caller, tenant_id: UUID, member: UUID) -> None:
    if not (caller.principal.staff and "platform-manager" in caller.principal.roles):
        keep_an_administrator(tx, tenant_id, member)
