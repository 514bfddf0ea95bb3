"""`/members`: an administration's people: invite somebody, give them a role, remove them."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends
from fastapi.responses import RedirectResponse, Response

from api import members as api
from api.problems import status_of
from core.errors import IrisplaneError
from core.invitations import list_invitations
from core.members import list_members
from dashboards.forms import filled
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting

__all__ = ["router"]

router = pages()

Looking = Annotated[Visit, Depends(visiting("identity:read"))]
Acting = Annotated[Visit, Depends(visiting("identity:read", "identity:write"))]


@router.get("/members")
def members(visit: Looking) -> Response:
    """Who holds which role, who was invited, and the form for one more."""
    return _shown(visit)


@router.post("/members")
def invite(visit: Acting) -> Response:
    """Send an invitation; its link stands on this answer and nowhere again."""
    form = visit.form
    try:
        asked = filled(
            api.InvitationIn, {name: form.text(name) for name in ("email", "role", "locale") if name in form}
        )
        sent = json.loads(bytes(api.send(asked, visit.creation()).body))
    except IrisplaneError as error:
        return _shown(visit, error)
    return _shown(visit, sent=sent)


@router.post("/members/{handle}/role")
def role(visit: Acting, handle: str) -> Response:
    """Let a member hold another role."""
    asked = filled(api.RoleIn, {"role": visit.form.text("role")})
    api.member_role(handle, asked, visit.request, visit.caller)
    return RedirectResponse("/members", status_code=303)


@router.post("/members/{handle}/remove")
def remove(visit: Acting, handle: str) -> Response:
    """End every role, token and session of a member here."""
    api.remove(handle, visit.request, visit.caller)
    return RedirectResponse("/members", status_code=303)


@router.post("/invitations/{invitation_id}/withdraw")
def withdraw(visit: Acting, invitation_id: UUID) -> Response:
    """Its link opens nothing any more."""
    api.take_back(invitation_id, visit.caller)
    return RedirectResponse("/members", status_code=303)


def _shown(visit: Visit, error: IrisplaneError | None = None, sent: dict[str, Any] | None = None) -> Response:
    who = visit.principal
    with visit.transaction() as tx:
        people = list_members(tx, who.tenant_id)
        invitations = list_invitations(tx, who.tenant_id)[:50]
    return show(
        visit, "members", _("People"), status=200 if error is None else status_of(type(error)), people=people,
        invitations=invitations, error=error, field=(error.pointer or "").strip("/") if error else "", sent=sent,
        typed={} if sent else visit.form, key=uuid4().hex if sent else visit.form.key,
        may_invite=visit.may("identity:write"),
    )  # fmt: skip
